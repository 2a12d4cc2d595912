package chaos_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// fate is how a message must end. It is a function of the seed and the message's number.
type fate int

const (
	good    fate = iota // executed
	invalid             // dead-lettered as VALIDATION_FAILED
	refused             // dead-lettered as GENESYS_API_400
	poison              // answered 500 for ever: dead-lettered once the judge has seen others served
)

// keys is how many keys there are; a few get most of the messages.
const keys = 500

// stuckKey is a key in the middle of the field.
const stuckKey = "key-100"

// traffic is what the messages of a seed are.
type traffic struct {
	seed uint64
	tail atomic.Int64 // from this number on all are good; 0: not yet known
}

func (t *traffic) fate(n int) fate {
	tail := int(t.tail.Load())
	switch roll := t.roll(n, 1); {
	case tail > 0 && n >= tail:
		return good
	case n%*flagPoison == *flagPoison/2: // each keeps its key waiting for a quarter of a minute
		return poison
	case roll < 0.02:
		return invalid
	case roll < 0.03:
		return refused
	default:
		return good
	}
}

// key skews: the square of a uniform number, so that the first of the keys are hot.
func (t *traffic) key(n int) string {
	roll := t.roll(n, 2)
	return "key-" + strconv.Itoa(int(roll*roll*keys))
}

func (t *traffic) roll(n int, salt uint64) float64 {
	x := t.seed ^ salt<<56 ^ uint64(n) //nolint:gosec // any bits will do
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// header carries the message's number to where its payload cannot be read.
const header = "n"

func (t *traffic) message(n int) kafkago.Message {
	priority := "3"
	if t.fate(n) == invalid {
		priority = `"three"`
	}
	return kafkago.Message{
		Key: []byte(t.key(n)),
		Value: fmt.Appendf(nil, `{"contact":{"external_id":"%s","channel":"chat","timestamp":"2026-01-01T00:00:00Z"},"priority":%s,"callback_url":"https://example.com/%d"}`,
			t.id(n), priority, n),
		Headers: []kafkago.Header{{Key: header, Value: strconv.AppendInt(nil, int64(n), 10)}},
	}
}

func (t *traffic) id(n int) string { return fmt.Sprintf("m-%d", n) }

// number is the inverse of id; ok is false for what is none of ours.
func number(id string) (n int, ok bool) {
	digits, ok := strings.CutPrefix(id, "m-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// behaviour is what the API does with messages while nothing is wrong with itself.
func (t *traffic) behaviour(latency time.Duration) genesystest.Behaviour {
	return func(c genesystest.Call) genesystest.Answer {
		if c.Path != genesystest.PathInvoke {
			return genesystest.Answer{}
		}
		a := genesystest.Answer{Delay: latency}
		if n, ok := number(c.ID); ok {
			switch t.fate(n) {
			case refused:
				a.Status = http.StatusBadRequest
			case poison:
				a.Status = http.StatusInternalServerError
			case good, invalid:
			}
		}
		return a
	}
}
