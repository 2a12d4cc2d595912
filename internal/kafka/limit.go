package kafka

import (
	"context"
	"sync"
	"time"
)

const (
	// limitAge is how long a topic's limit is believed before it is asked for again.
	limitAge = time.Minute
	// limitTimeout bounds the question: a write can do without the answer.
	limitTimeout = 3 * time.Second
	// defaultLimit is max.message.bytes of a broker that was not told otherwise: what is tried first where a
	// broker refuses a record and does not say how large it may be.
	defaultLimit = 1<<20 + 12
	// unlimited is the limit where none is known.
	unlimited = 1<<31 - 1
)

// limit knows how large a batch the topic takes. It only saves round trips: brokers may not tell, and settings
// change, so what a broker says to a write counts more. It is safe for concurrent use.
type limit struct {
	cluster *Cluster
	topic   string
	most    int // the configured bound; unlimited if none

	mu     sync.Mutex
	bytes  int           // the topic's, as it was last told; unlimited where it is not known
	asked  time.Time     // when it was last asked for
	asking chan struct{} // closed when the question under way is answered; nil if there is none
	asks   sync.WaitGroup
}

// get returns the limit in bytes, asking the broker if the last answer is older than age.
func (l *limit) get(ctx context.Context, age time.Duration) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked.IsZero() || time.Since(l.asked) >= age {
		if l.asking == nil {
			l.asking = make(chan struct{})
			l.asks.Go(l.ask)
		}
		answered := l.asking
		l.mu.Unlock()
		select {
		case <-answered:
		case <-ctx.Done():
		}
		l.mu.Lock()
	}
	return min(l.bytes, l.most)
}

// known returns the limit without asking; the default where it is not known.
func (l *limit) known() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes == unlimited {
		return min(defaultLimit, l.most)
	}
	return min(l.bytes, l.most)
}

// ask asks the broker. It has no caller's context, since many callers may wait for the answer.
func (l *limit) ask() {
	ctx, cancel := context.WithTimeout(context.Background(), limitTimeout)
	defer cancel()
	n, err := l.cluster.MaxMessageBytes(ctx, l.topic)
	if err != nil || n <= 0 { // not allowed to ask, or out of reach: the write itself will tell
		n = unlimited
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes, l.asked = n, time.Now()
	close(l.asking)
	l.asking = nil
}

// below returns the limit to try after a broker refused a batch of size bytes: the topic's if that explains
// the refusal, else the default, else half.
func (l *limit) below(ctx context.Context, size int) int {
	if n := l.get(ctx, time.Second); n < size {
		return n
	}
	if defaultLimit < size {
		return defaultLimit
	}
	return size / 2
}
