package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/worker"
)

// hostileMark begins every mark: no log, metric or status may hold it. What follows is the number of the
// message, and whether it is hostile or the good one after it.
const hostileMark = "Zq7Wv"

var hostileMarks = regexp.MustCompile(hostileMark + `[0-9]{4}[hg]`)

// hostileRig is the real worker on a real topic, with the fake API behind it.
type hostileRig struct {
	*kafkatest.Broker
	api    *genesystest.Server
	sender hostileSender
	topic  string
	env    map[string]string

	mu       sync.Mutex
	executed map[string][]execution // by mark
}

// execution is one run of the action.
type execution struct {
	seq     int64
	at      time.Time
	payload []byte
}

// hostileLimit is the size of the largest batch that the rig's topics take.
const hostileLimit = 16 << 20

func newHostileRig(t *testing.T, b *kafkatest.Broker, partitions int) *hostileRig {
	t.Helper()
	r := &hostileRig{
		Broker: b, executed: map[string][]execution{}, topic: fmt.Sprintf("hostile-%d", rand.Uint32()),
		sender: hostileSender{brokers: b.Config().Brokers, clients: map[way]*kgo.Client{}},
	}
	config := map[string]string{"max.message.bytes": fmt.Sprint(hostileLimit)}
	if b.Fake == nil {
		// Kafka 4 refuses timestamps an hour ahead; topics of older clusters do not.
		config["message.timestamp.after.max.ms"] = "9223372036854775807"
	}
	b.CreateTopic(t, r.topic, partitions, config)
	r.api = genesystest.New(genesystest.Options{Keep: -1, OnExecute: r.note})
	t.Cleanup(r.api.Close)
	r.env = map[string]string{
		"SLUICE_KAFKA_BROKERS": strings.Join(r.sender.brokers, ","), "SLUICE_TOPIC": r.topic, "SLUICE_GROUP": r.topic,
		"SLUICE_RESULTS_TOPIC": r.topic + ".results",
		"SLUICE_ADMIN_ADDR":    "127.0.0.1:0", "SLUICE_LOG_LEVEL": "debug", "SLUICE_LOG_FORMAT": "json",
		"GENESYS_BASE_URL": r.api.Start(b.Listen(t, "127.0.0.1:0")), "GENESYS_CLIENT_ID": "id",
		"GENESYS_CLIENT_SECRET": "secret", "GENESYS_DATA_ACTION_ID": "action",
	}
	return r
}

// note keeps what was executed; the fake calls it one at a time.
func (r *hostileRig) note(e genesystest.Execution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	mark := string(hostileMarks.Find(e.Payload))
	r.executed[mark] = append(r.executed[mark], execution{e.Seq, e.At, append([]byte(nil), e.Payload...)})
}

// message is one message that was sent.
type message struct {
	kind   hostile
	mark   string
	record *kgo.Record
	isGood bool
}

// send sends each kind, in a shuffled order that the seed repeats, and after each a good message with its key.
func (r *hostileRig) send(t *testing.T, kinds []hostile, partitions int, seed uint64) (sent []message) {
	t.Helper()
	for i, n := range rand.New(rand.NewPCG(seed, 0)).Perm(len(kinds)) {
		kind := kinds[n]
		m := message{kind: kind, mark: fmt.Sprintf("%s%04dh", hostileMark, i)}
		m.record = &kgo.Record{
			Topic: r.topic, Partition: int32(i % partitions), Key: []byte("key-" + m.mark),
			Headers: []kgo.RecordHeader{{Key: "mark", Value: []byte(m.mark)}},
		}
		if kind.value != nil {
			m.record.Value = kind.value(m.mark)
		}
		if kind.shape != nil {
			kind.shape(m.record)
		}
		if !r.sender.send(t, kind.way, m.record) {
			continue
		}
		sent = append(sent, m)

		after := message{kind: hostile{name: "the good message after: " + kind.name}, mark: m.mark[:len(m.mark)-1] + "g", isGood: true}
		after.record = &kgo.Record{Topic: r.topic, Partition: m.record.Partition, Key: m.record.Key, Value: good(after.mark)}
		r.sender.send(t, plainly, after.record)
		sent = append(sent, after)
	}
	return sent
}

// hostileRun is a worker under way, and everything that it says.
type hostileRun struct {
	stop  func()
	ended chan int // the exit code
	logs  syncBuffer
	pages strings.Builder // what /status, /metrics and the probes have answered
	admin string
}

// start runs `sluice run` inside this process and waits until it serves.
func (r *hostileRig) start(t *testing.T, env ...string) *hostileRun {
	t.Helper()
	t.Chdir(t.TempDir()) // no sluice.yaml, no .env
	for name, value := range r.env {
		t.Setenv(name, value)
	}
	for i := 0; i < len(env); i += 2 {
		t.Setenv(env[i], env[i+1])
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &hostileRun{stop: cancel, ended: make(chan int, 1)}
	go func() {
		w.ended <- run(ctx, context.WithoutCancel(ctx), []string{"run"}, term.Streams{Out: &w.logs, Err: &w.logs})
	}()
	t.Cleanup(cancel)
	w.serves(t)
	return w
}

func (w *hostileRun) serves(t *testing.T) {
	t.Helper()
	address := regexp.MustCompile(`"admin":"(http://[^"]+)"`)
	hostileEventually(t, w, "serves", func() bool {
		if found := address.FindStringSubmatch(w.logs.String()); found != nil {
			w.admin = found[1]
		}
		return w.admin != ""
	})
}

// finish waits until every message has ended, looks at every page once more, and stops the worker.
func (w *hostileRun) finish(t *testing.T, sent []message) {
	t.Helper()
	w.await(t, sent)
	for _, path := range []string{"/metrics", "/readyz", "/livez"} {
		w.get(t, path)
	}
	w.leave(t)
}

// await waits until every message has ended.
func (w *hostileRun) await(t *testing.T, sent []message) {
	t.Helper()
	ends := endsOf(sent)
	hostileEventually(t, w, "ends every message", func() bool {
		var s worker.Snapshot
		require.NoError(t, json.Unmarshal([]byte(w.get(t, "/status")), &s))
		for _, p := range s.Partitions {
			if end, waited := ends[int32(p.Partition)]; waited && p.Position >= end {
				delete(ends, int32(p.Partition))
			}
		}
		return len(ends) == 0
	})
}

// endsOf returns, by partition, the offset behind the last message.
func endsOf(sent []message) map[int32]int64 {
	ends := map[int32]int64{}
	for _, m := range sent {
		ends[m.record.Partition] = max(ends[m.record.Partition], m.record.Offset+1)
	}
	return ends
}

func (w *hostileRun) leave(t *testing.T) {
	t.Helper()
	w.stop()
	select {
	case code := <-w.ended:
		require.Equal(t, exitOK, code, w.logs.String())
	case <-time.After(time.Minute):
		require.Fail(t, "sluice run does not leave", w.logs.String())
	}
}

// get returns a page of the admin server, which must be there, and keeps it.
func (w *hostileRun) get(t *testing.T, path string) string {
	t.Helper()
	page := w.page(t, path)
	w.pages.WriteString(page)
	return page
}

func (w *hostileRun) page(t *testing.T, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.admin+path, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", path, body)
	return string(body)
}

// hostileEventually waits for what the worker, which must not have ended, will come to.
func hostileEventually(t *testing.T, w *hostileRun, what string, is func() bool) {
	t.Helper()
	const patience = 2 * time.Minute
	for began := time.Now(); !is(); {
		select {
		case code := <-w.ended:
			require.Fail(t, "sluice run has ended", "with %d\n%s", code, w.logs.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > patience {
			require.Fail(t, "sluice run never "+what, w.logs.String())
		}
	}
}
