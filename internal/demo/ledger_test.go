package demo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/demo"
)

const refused = deadletter.Code("GENESYS_API_400")

// at returns a moment; larger is later.
func at(i int) time.Time { return time.Unix(1_000, int64(i)) }

// delivered notes an execution and its result.
func delivered(l *demo.Ledger, n int64, when time.Time) {
	l.Executed(n, when)
	l.Stored(n)
}

func TestLedger_Result(t *testing.T) {
	for name, tc := range map[string]struct {
		messages  int64 // of which the even ones are one customer's and the odd ones another's
		unordered bool
		ends      func(l *demo.Ledger)
		committed int64
		want      demo.Result
	}{
		"all delivered, customers in any order": {
			messages: 4, committed: 4,
			ends: func(l *demo.Ledger) {
				delivered(l, 1, at(1))
				delivered(l, 3, at(2))
				delivered(l, 0, at(3))
				delivered(l, 2, at(4))
			},
			want: demo.Result{Produced: 4, Delivered: 4},
		},
		"a dead letter is an end in its place": {
			messages: 4, committed: 4,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				delivered(l, 2, at(3))
				delivered(l, 3, at(5))
				l.DeadLettered(1, refused, at(2)) // heard of late, as its topic is read last
			},
			want: demo.Result{Produced: 4, Delivered: 3, DeadLettered: map[deadletter.Code]int64{refused: 1}},
		},
		"lost: committed, and ended nowhere": {
			messages: 4, committed: 4,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				delivered(l, 2, at(2))
				delivered(l, 3, at(3))
			},
			want: demo.Result{Produced: 4, Delivered: 3, Lost: 1},
		},
		"in flight: not committed": {
			messages: 4, committed: 1,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				delivered(l, 2, at(2))
			},
			want: demo.Result{Produced: 4, Delivered: 2, InFlight: 2},
		},
		"lost: executed and committed without a result": {
			messages: 3, committed: 3,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				l.Executed(1, at(2))
				delivered(l, 2, at(3))
			},
			want: demo.Result{Produced: 3, Delivered: 2, Lost: 1},
		},
		"executed, and stopped before its result was written": {
			messages: 2, committed: 1,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				l.Executed(1, at(2))
			},
			want: demo.Result{Produced: 2, Delivered: 2},
		},
		"lost: a result of what was never executed": {
			messages: 1, committed: 1,
			ends: func(l *demo.Ledger) { l.Stored(0) },
			want: demo.Result{Produced: 1, Lost: 1},
		},
		"executed twice": {
			messages: 2, committed: 2,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				delivered(l, 0, at(2))
				delivered(l, 1, at(3))
				delivered(l, 0, at(4))
			},
			want: demo.Result{Produced: 2, Delivered: 2, Duplicates: 2},
		},
		"executed and dead-lettered": {
			messages: 2, committed: 2,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				delivered(l, 1, at(2))
				l.DeadLettered(1, refused, at(3))
			},
			want: demo.Result{Produced: 2, Delivered: 2, Duplicates: 1},
		},
		"executed before the one before it": {
			messages: 4, committed: 4,
			ends: func(l *demo.Ledger) {
				delivered(l, 2, at(1))
				delivered(l, 0, at(2))
				delivered(l, 1, at(3))
				delivered(l, 3, at(4))
			},
			want: demo.Result{Produced: 4, Delivered: 4, OutOfOrder: 1},
		},
		"executed before the dead letter before it": {
			messages: 3, committed: 3,
			ends: func(l *demo.Ledger) {
				delivered(l, 1, at(1))
				delivered(l, 2, at(2))
				l.DeadLettered(0, refused, at(3))
			},
			want: demo.Result{Produced: 3, Delivered: 2, OutOfOrder: 1, DeadLettered: map[deadletter.Code]int64{refused: 1}},
		},
		"without a promise of order": {
			messages: 3, committed: 3, unordered: true,
			ends: func(l *demo.Ledger) {
				delivered(l, 2, at(1))
				delivered(l, 1, at(2))
				delivered(l, 0, at(3))
			},
			want: demo.Result{Produced: 3, Delivered: 3},
		},
		"a repeat is not out of order": {
			messages: 3, committed: 3,
			ends: func(l *demo.Ledger) {
				delivered(l, 0, at(1))
				delivered(l, 2, at(2))
				delivered(l, 0, at(3))
				delivered(l, 1, at(4))
			},
			want: demo.Result{Produced: 3, Delivered: 3, Duplicates: 1},
		},
		"a message of somebody else's": {
			messages: 1, committed: 1,
			ends: func(l *demo.Ledger) {
				delivered(l, 77, at(1))
				delivered(l, 0, at(2))
			},
			want: demo.Result{Produced: 1, Delivered: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := demo.NewLedger(func(n int64) int { return int(n % 2) }, !tc.unordered)
			l.Expect(tc.messages)
			for n := range tc.messages {
				l.Produced(n, 0, n)
			}
			tc.ends(l)
			if tc.want.DeadLettered == nil {
				tc.want.DeadLettered = map[deadletter.Code]int64{}
			}
			got := l.Close(map[int]int64{0: tc.committed})
			assert.Equal(t, tc.want, got)
			if bad := got.Lost+got.OutOfOrder > 0; bad != (got.Err() != nil) {
				assert.Fail(t, "lost and out of order are errors, nothing else is", "%+v: %v", got, got.Err())
			}
		})
	}
}

func TestLedger_KeepsOnlyWhatHasNotEnded(t *testing.T) {
	l := demo.NewLedger(func(n int64) int { return int(n % 400) }, true)
	for n := range int64(100_000) {
		l.Expect(n + 1)
		l.Produced(n, 0, n)
		delivered(l, n, at(int(n)))
	}
	assert.Zero(t, l.Open())
	assert.Equal(t, map[int]int64{0: 100_000}, l.Next())
	assert.Equal(t, int64(100_000), l.Close(nil).Delivered)
}

func TestLedger_AMessageTheBrokerNeverHadIsNotProduced(t *testing.T) {
	l := demo.NewLedger(func(int64) int { return 0 }, true)
	l.Expect(2)
	l.Produced(0, 0, 0)
	delivered(l, 0, at(1))
	assert.Equal(t, int64(1), l.Close(map[int]int64{0: 1}).Produced)
}

func TestResult_Err_NamesWhatIsWrong(t *testing.T) {
	err := demo.Result{Produced: 10, Lost: 2, OutOfOrder: 1}.Err()
	if assert.Error(t, err) {
		assert.Contains(t, err.Error(), "of 10 messages 2 are lost and 1 out of order")
	}
	assert.NoError(t, errors.Join(demo.Result{Produced: 10, Duplicates: 3, InFlight: 1}.Err()))
}
