package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPace_FollowsTheRate(t *testing.T) {
	p := newPace(Options{Rate: 200}, 0)
	began := time.Now()
	assert.Zero(t, p.due(began, 0, 0))
	assert.Equal(t, int64(200), p.due(began.Add(time.Second), 0, 0))
	assert.Equal(t, int64(100), p.due(began.Add(1500*time.Millisecond), 200, 200))
}

func TestPace_WaitsForAWorkerThatIsBehindAndDoesNotMakeUpForIt(t *testing.T) {
	p := newPace(Options{Rate: 200}, 0)
	now := time.Now()
	p.due(now, 0, 0)
	assert.Zero(t, p.due(now.Add(time.Hour), backlog, 0))
	assert.Zero(t, p.due(now.Add(time.Hour), backlog, 1))
	assert.Equal(t, int64(20), p.due(now.Add(time.Hour+100*time.Millisecond), backlog, backlog))
}

func TestPace_UnlimitedIsBoundedByTheBacklog(t *testing.T) {
	p := newPace(Options{Messages: 1_000_000}, 200)
	assert.Equal(t, int64(backlog), p.due(time.Now(), 0, 0))
	assert.Equal(t, int64(50), p.due(time.Now(), backlog, 50))
}

func TestPace_EndsSlowlyWhileAnythingIsUnfinished(t *testing.T) {
	p := newPace(Options{Messages: 1_000}, 200)
	now := time.Now()
	assert.Equal(t, int64(800), p.due(now, 0, 0))
	assert.Zero(t, p.due(now, 800, 700), "the ending begins")
	assert.Equal(t, int64(endingRate), p.due(now.Add(time.Second), 800, 700))
	assert.Equal(t, int64(200-endingRate), p.due(now.Add(time.Second), 800+endingRate, 800+endingRate), "all before has ended: no reason to wait")
}

func TestPace_EndsAtOnceWhereNothingIsUnfinished(t *testing.T) {
	p := newPace(Options{Messages: 1_000}, 200)
	assert.Equal(t, int64(200), p.due(time.Now(), 800, 800))
	assert.Zero(t, p.due(time.Now(), 1_000, 900))
}
