package demo_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/schema"
)

const some = 25_000 // messages; enough for each fate, whatever the seed

func TestTraffic_InvalidIsInvalidAndAllElseIsValid(t *testing.T) {
	validator, err := schema.Compile(schema.Default(), schema.Options{})
	require.NoError(t, err)
	for _, seed := range []uint64{0, 1, 1 << 63} {
		traffic := demo.NewTraffic(seed, 0)
		mistakes := map[string]bool{}
		for n := range int64(some) {
			value := traffic.Message(n).Value
			_, err := validator.Validate(value)
			if traffic.Fate(n) != demo.FateInvalid {
				require.NoError(t, err, "seed %d, message %d: %s", seed, n, value)
				continue
			}
			var invalid *schema.Error
			require.ErrorAs(t, err, &invalid, "seed %d, message %d: %s", seed, n, value)
			for _, v := range invalid.Violations {
				mistakes[v.Path+" "+v.Keyword] = true
			}
		}
		assert.GreaterOrEqual(t, len(mistakes), 8, "seed %d: invalid in several ways: %v", seed, mistakes)
	}
}

func TestTraffic_FollowsFromTheSeed(t *testing.T) {
	one, again, other := demo.NewTraffic(7, 1_000), demo.NewTraffic(7, 1_000), demo.NewTraffic(8, 1_000)
	differ := 0
	for n := range int64(1_000) {
		m := one.Message(n)
		require.Equal(t, m, again.Message(n))
		require.Equal(t, one.Fate(n), again.Fate(n))
		if !bytes.Equal(m.Value, other.Message(n).Value) {
			differ++
		}
	}
	assert.Equal(t, 1_000, differ, "another seed makes other messages")
}

func TestTraffic_HoldsEveryFate(t *testing.T) {
	for seed := range uint64(20) {
		traffic, met := demo.NewTraffic(seed, 0), map[demo.Fate]int{}
		for n := range int64(some) {
			met[traffic.Fate(n)]++
		}
		for fate := demo.FateGood; fate <= demo.FateLostAnswer; fate++ {
			assert.Positive(t, met[fate], "seed %d: fate %d", seed, fate)
		}
		assert.InDelta(t, 0.03*some, met[demo.FateInvalid], 0.01*some)
		assert.Equal(t, (some+1_999)/2_000, met[demo.FatePoison])
	}
}

func TestTraffic_SmallRunsMeetPoisonToo(t *testing.T) {
	for seed := range uint64(50) {
		traffic, poison := demo.NewTraffic(seed, 300), 0
		for n := range int64(300) {
			if traffic.Fate(n) == demo.FatePoison {
				poison++
			}
		}
		assert.Equal(t, 1, poison, "seed %d", seed)
	}
}

func TestTraffic_EndsWithGoodMessages(t *testing.T) {
	for _, messages := range []int64{1, 3, 4, 300, 20_000} {
		traffic := demo.NewTraffic(1, messages)
		for n := messages - traffic.Ending(); n < messages; n++ {
			require.Equal(t, demo.FateGood, traffic.Fate(n), "message %d of %d", n, messages)
		}
	}
}

func TestTraffic_PoisonThatFollowsPoisonIsAnotherCustomers(t *testing.T) {
	traffic, last := demo.NewTraffic(3, 0), map[int]int64{}
	for n := range int64(400 * 2_000) {
		if traffic.Fate(n) != demo.FatePoison {
			continue
		}
		c := traffic.Customer(n)
		_, twice := last[c]
		require.False(t, twice, "message %d waits for the poison of message %d", n, last[c])
		last[c] = n
	}
}
