package genesys

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// usualWindow is the length of a window before it was seen to be another.
	usualWindow = time.Minute
	// leastWindow is the shortest that is told from what whole seconds blur.
	leastWindow = 500 * time.Millisecond
	// unspent is the part of a budget that is left alone, for what is under way when it ends: 1 of so many.
	unspent = 150
	// shareWeight is how many requests' worth the share of the window before counts in this one's.
	shareWeight = 20
	// minShare is the least share that is taken, and fairness how much of the way to one half the share goes with each window:
	// who has none would else never get one.
	minShare = 0.02
	fairness = 0.05
)

// allowance is what an answer tells of the budget it was counted in: the headers inin-ratelimit-count, -allowed and
// -reset.
type allowance struct {
	count, allowed int
	reset          time.Duration
}

// budget is the API's own count of requests, ours and those of others, in a window of time. What is left of
// it is spread evenly over what is left of the window; of that we take the share that we had of what was counted.
// All who do the same use the budget up together, and none needs to know of another.
type budget struct {
	allowed, count int       // as last told; allowed 0: nothing is known
	seq            int       // the last of our requests in count
	end            time.Time // of the window
	width          time.Duration

	share               float64 // of what is counted, ours
	firstCount, firstNo int     // where it is measured from
	before              float64 // the share in the window before
}

// told takes in what an answer to a request says. Headers tell of the time when the request came in: an action
// may take long.
func (b *budget) told(now time.Time, t ticket, said allowance, limited bool) {
	switch {
	case !limited && said.count > said.allowed:
		return // it was served all the same: these numbers bind nobody, and who obeyed them would crawl for nothing
	case said.allowed == 0:
		if b.allowed > 0 && now.Sub(b.end) > 2*b.width {
			*b = budget{} // it no longer tells
		}
		return
	case t.seq <= b.seq && b.allowed > 0:
		return // overtaken by the answer to a later one
	}
	end := t.at.Add(said.reset)
	jump := end.Sub(b.end)
	switch {
	case b.allowed == 0:
		b.width, b.before, b.share = usualWindow, 1, 1
		b.begin(t, said, end)
	case said.count < b.count/2 && jump > b.width/2, said.count < b.count && !t.at.Before(b.end), jump > 1500*time.Millisecond:
		// A count that falls, and nothing else, comes from another of the API's nodes, which counts for itself: the higher one binds.
		if jump > leastWindow {
			b.width = min(b.width, jump)
		}
		b.before = b.share + fairness*(0.5-b.share)
		b.begin(t, said, end)
	case jump < 0:
		b.end = end // told in whole seconds, rounded up: the earliest is the nearest
	}
	b.width = max(b.width, said.reset-time.Second) // a window is no shorter than what is left of it, rounded up
	b.allowed, b.count, b.seq = said.allowed, max(b.count, said.count), t.seq
	ours, all := float64(b.seq-b.firstNo), float64(b.count-b.firstCount)
	b.share = min(1, max(minShare, (ours+shareWeight*b.before)/(max(0, all)+shareWeight)))
}

func (b *budget) begin(t ticket, said allowance, end time.Time) {
	b.end, b.count, b.firstCount, b.firstNo = end, said.count, said.count, t.seq
}

// rate returns how many requests a second we may send, after so many of ours in all.
func (b *budget) rate(now time.Time, seq int) float64 {
	if b.allowed == 0 {
		return math.Inf(1)
	}
	if !now.Before(b.end) { // the next window; its first answer will tell more
		return b.steady()
	}
	left := b.spendable() - float64(b.count) - float64(seq-b.seq)/b.share
	shortest := b.width / 600 // else the last moments would have to take whatever is left
	return max(0, b.share*left/max(shortest, b.end.Sub(now)).Seconds())
}

// steady returns our share of a whole window, in requests a second.
func (b *budget) steady() float64 {
	if b.allowed == 0 {
		return math.Inf(1)
	}
	return max(floorRate, b.share*b.spendable()/b.width.Seconds())
}

// spendable is what we want to see used of a window, by all.
func (b *budget) spendable() float64 { return float64(max(1, b.allowed-(b.allowed+unspent-1)/unspent)) }

// parseAllowance reads the headers that tell of the budget: whole numbers, the reset in seconds. What is no budget of requests
// a minute or so is none.
func parseAllowance(h http.Header) allowance {
	if _, told := h["Inin-Ratelimit-Count"]; !told { // as every answer of the other style
		return allowance{}
	}
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(h.Get(name)))
		if err != nil {
			return -1
		}
		return n
	}
	count, allowed, reset := number("Inin-Ratelimit-Count"), number("Inin-Ratelimit-Allowed"), number("Inin-Ratelimit-Reset")
	if count < 0 || allowed <= 0 || reset < 0 || reset > int(MaxRetryAfter/time.Second) {
		return allowance{}
	}
	return allowance{count, allowed, time.Duration(reset) * time.Second}
}
