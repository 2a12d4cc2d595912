package deployments_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/schema"
)

// sample is one line of the sample payloads with what the default schema finds wrong in it.
type sample struct {
	line       int
	raw        string
	violations []schema.Violation
}

func TestSamples_AreAsManyAsThePageSays(t *testing.T) {
	counts := regexp.MustCompile(`sends (\d+) messages, of which (\d+) are valid`).FindStringSubmatch(page(t))
	require.Len(t, counts, 3)
	dead := regexp.MustCompile(`There are (\d+), the lines`).FindStringSubmatch(page(t))
	require.Len(t, dead, 2)

	all := samples(t)
	bad := invalid(all)
	assert.Equal(t, counts[1], strconv.Itoa(len(all)))
	assert.Equal(t, counts[2], strconv.Itoa(len(all)-len(bad)))
	assert.Equal(t, dead[1], strconv.Itoa(len(bad)))
}

func TestSamples_AreWrongInTheWaysThatThePageSays(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\| (\d+) \| (/\S*) \| (\S+) \|`)
	var said []string
	for _, m := range row.FindAllStringSubmatch(page(t), -1) {
		said = append(said, strings.Join(m[1:], " "))
	}
	bad := invalid(samples(t))
	require.Len(t, said, len(bad), "a row for each invalid line")
	for i, s := range bad {
		var found []string
		for _, v := range s.violations {
			found = append(found, fmt.Sprintf("%d %s %s", s.line, v.Path, v.Keyword))
		}
		assert.Contains(t, found, said[i])
	}
}

func TestSamples_ShowDifferentMistakes(t *testing.T) {
	seen := map[string]int{}
	for _, s := range invalid(samples(t)) {
		kind := s.violations[0].Path + " " + s.violations[0].Keyword
		assert.Zero(t, seen[kind], "line %d shows what line %d shows", s.line, seen[kind])
		seen[kind] = s.line
	}
}

// Whoever tries `dlq show` with the page's own ID should see something: nothing valid may land in front of it.
func TestSamples_TheIDOnThePageIsADeadLetter(t *testing.T) {
	id := regexp.MustCompile(`dlq show payloads/(\d+)/(\d+)`).FindStringSubmatch(page(t))
	require.Len(t, id, 3)
	partition, err := strconv.Atoi(id[1])
	require.NoError(t, err)
	offset, err := strconv.Atoi(id[2])
	require.NoError(t, err)

	dead := 0
	for _, s := range samples(t) {
		var payload struct {
			Contact struct {
				ExternalID string `json:"external_id"`
			} `json:"contact"`
		}
		if json.Unmarshal([]byte(s.raw), &payload) != nil || payload.Contact.ExternalID == "" {
			require.NotEmpty(t, s.violations, "line %d has no key, so that nobody knows where it goes", s.line)
			continue
		}
		key := kafkago.Message{Key: []byte(payload.Contact.ExternalID)}
		if (kafkago.Murmur2Balancer{}).Balance(key, 0, 1, 2, 3, 4, 5) != partition {
			continue
		}
		assert.NotEmpty(t, s.violations, "line %d is valid and goes to partition %d", s.line, partition)
		dead++
	}
	assert.Greater(t, dead, offset)
}

func samples(t *testing.T) []sample {
	t.Helper()
	v, err := schema.Compile(schema.Default(), schema.Options{})
	require.NoError(t, err)
	var all []sample
	for line := range strings.Lines(read(t, "deployments", "compose", "payloads.ndjson")) {
		s := sample{line: len(all) + 1, raw: strings.TrimSuffix(line, "\n")}
		if _, err := v.Validate([]byte(s.raw)); err != nil {
			var bad *schema.Error
			require.True(t, errors.As(err, &bad), "line %d: %v", s.line, err)
			s.violations = bad.Violations
		}
		all = append(all, s)
	}
	return all
}

func invalid(all []sample) (bad []sample) {
	for _, s := range all {
		if s.violations != nil {
			bad = append(bad, s)
		}
	}
	return bad
}

func page(t *testing.T) string {
	t.Helper()
	return read(t, "docs", "compose.md")
}
