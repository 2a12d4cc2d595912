package genesys

import (
	"math"
	"time"
)

const (
	// settling is how much of the beginning counts for no best minute: a budget saved up is spent in it.
	settling = 30 * time.Second
	// leastMeasured is the shortest time that is taken for a minute.
	leastMeasured = 20 * time.Second
	// fallen is the part of the best minute to which we must have slowed, enough how many 429s we must have met on the way, and
	// evenly how many answers the later ones must have let pass, of those that the earlier ones did.
	fallen = 0.4
	enough = 8
	evenly = 0.7
	// tolerant is how many times the share that was found is overlooked then. A greater share than mostTolerant is no
	// matter of chance.
	tolerant     = 2
	mostTolerant = 0.15
	// calm is how many answers in a row without a 429 end a series of them.
	calm = 1500
	// bestHalfLife and shareHalfLife are how long a best minute, and a share that was found, count by half.
	bestHalfLife  = 2 * time.Hour
	shareHalfLife = 30 * time.Minute
)

// strays tells 429s that are no budget's: those of a gateway that sheds load, of a node that is ill. A budget that is used up at
// one rate serves at a lower one; strays come to the same share of requests at any, so that slowing down for them would
// never end. Where we have become slow and their share has not changed, they are strays, and as many are overlooked
// from then on.
type strays struct {
	best   float64 // requests a second, answered in the best minute since the series began
	bestAt time.Time

	met   series // 429s, and other answers
	early series // the first of them
	last  int    // met.served at the last 429

	share float64 // of answers: 429s that are overlooked; 0: none were found
	at    time.Time
	wrong int // how many times they were more than strays
}

type series struct{ refused, served int }

// tolerance returns how many 429s will be overlooked for an answer that is none, and whether that is because strays
// were found, not long ago.
func (s *strays) tolerance(now time.Time) (share float64, found bool) {
	const least = 1 / creditPer
	if s.share <= least {
		return least, false
	}
	share = least + (s.share-least)*faded(now.Sub(s.at), shareHalfLife)
	return share, share > 2*least
}

// answered counts an answer that is no 429.
func (s *strays) answered() { s.met.served++ }

// refused counts a 429.
func (s *strays) refused() {
	if s.met.served-s.last > calm {
		s.best, s.met, s.early = 0, series{}, series{}
	}
	s.last = s.met.served
	s.met.refused++
	if n := s.early.refused; s.met.refused == enough/2 || n > 0 && s.met.refused == 4*n {
		s.early = s.met
	}
}

// slowed is told of a 429 for which the rate falls, and how many requests a second were answered in the minute before; 0:
// that is not known yet. It returns the rate to go back to where such 429s are strays, else 0.
func (s *strays) slowed(now time.Time, took float64) float64 {
	if _, found := s.tolerance(now); found {
		*s = strays{wrong: s.wrong + 1} // there are more than were found
	}
	if took == 0 {
		return 0
	}
	best := s.best * faded(now.Sub(s.bestAt), bestHalfLife)
	if took >= best {
		s.best, s.bestAt, s.met, s.early, s.last = took, now, series{}, series{}, 0
		return 0
	}
	share := tolerant * float64(s.met.refused) / float64(max(1, s.met.served))
	if took > fallen*best || share > mostTolerant || s.met.refused < enough<<min(s.wrong, 6) || !s.even() {
		return 0
	}
	s.share, s.at = share, now
	return best
}

// even reports whether 429s have come to no greater share of requests of late than they did at first.
func (s *strays) even() bool {
	late := series{s.met.refused - s.early.refused, s.met.served - s.early.served}
	return late.refused >= enough/2 && float64(late.served)/float64(late.refused) >= evenly*float64(s.early.served)/float64(s.early.refused)
}

func faded(age, halfLife time.Duration) float64 {
	return math.Exp2(-age.Seconds() / halfLife.Seconds())
}
