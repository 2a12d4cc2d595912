package main

import (
	"errors"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

func topicRows() []checkRow {
	source := func(settings ...string) func(*checkRig) {
		return func(r *checkRig) {
			r.topic("payloads", 3, settings...)
			r.topic("payloads.dlq", 3, "max.message.bytes=20000000")
		}
	}
	companion := func(name string, partitions int, settings ...string) func(*checkRig) {
		return func(r *checkRig) {
			r.topic("payloads", 3)
			r.topic("payloads.dlq", 3, enough)
			r.topic(name, partitions, settings...)
		}
	}
	letters := map[string]string{"SLUICE_DEAD_LETTER_TOPIC": "letters"}
	results := map[string]string{"SLUICE_RESULTS_TOPIC": "results"}
	return []checkRow{
		{name: "missing", check: checkSource, result: resultFail, arrange: func(*checkRig) {}, found: "payloads does not exist", do: "sluice topics ensure"},
		{name: "unseen", check: checkSource, result: resultFail, kafka: secured(allBut(denyTopic("payloads", kmsg.ACLOperationDescribe))...),
			found: `user "worker" may not see topic "payloads"`, do: "--operation Describe --topic payloads"},
		{name: "unread", check: checkSource, result: resultFail, kafka: secured(allBut(denyTopic("payloads", kmsg.ACLOperationRead))...),
			found: `user "worker" may not read topic "payloads"`, do: "--operation Read --topic payloads"},
		{name: "settings untold", check: checkSource, result: resultWarn, kafka: secured(allBut(denyTopic("payloads", kmsg.ACLOperationDescribeConfigs))...),
			found: "its settings are not told", do: "--operation DescribeConfigs"},
		{name: "short retention", check: checkSource, result: resultWarn, arrange: source("retention.ms=3600000"),
			found: "payloads keeps messages for 1 h:", do: "retention.ms to at least 86400000"},
		{name: "shorter than held", check: checkSource, result: resultWarn, arrange: source("retention.ms=172800000"),
			env: map[string]string{"SLUICE_GIVE_UP_AFTER": "72h"}, found: "keeps messages for 2 days", do: "259200000 (3 days; SLUICE_GIVE_UP_AFTER is 3 days)"},
		{name: "compacted", check: checkSource, result: resultWarn, arrange: source("cleanup.policy=compact"), found: "older ones may be gone", do: "cleanup.policy"},
		{name: "larger than the schema's", check: checkSource, result: resultWarn, arrange: source("max.message.bytes=10000000"),
			found: "takes messages of up to 10,000,000 bytes; those above 1MiB", do: "SLUICE_SCHEMA_MAX_BYTES"},
		{name: "missing and not to be created", check: checkDeadLetters, result: resultFail, arrange: func(r *checkRig) { r.topic("payloads", 3) },
			env: map[string]string{"SLUICE_CREATE_TOPICS": "false"}, found: "SLUICE_CREATE_TOPICS is false", do: "sluice topics ensure"},
		{name: "missing and may not be created", check: checkDeadLetters, result: resultWarn, arrange: func(r *checkRig) { r.topic("payloads", 3) },
			kafka: secured(allBut(rule(kmsg.ACLResourceTypeCluster, "kafka-cluster", kmsg.ACLOperationCreate, false))...),
			found: "user worker may not create topics", do: "SLUICE_DEAD_LETTER_TOPIC"},
		{name: "not written", check: checkDeadLetters, result: resultFail, kafka: secured(allBut(denyTopic("payloads.dlq", kmsg.ACLOperationWrite))...),
			found: `may not write to topic "payloads.dlq"`, do: "--operation Write --topic payloads.dlq"},
		{name: "compacted", check: checkDeadLetters, result: resultFail, env: letters, arrange: companion("letters", 3, enough, "cleanup.policy=compact"),
			found: "letters is compacted (cleanup.policy=compact)", do: "--alter --topic letters --add-config cleanup.policy=delete"},
		{name: "compacted and deleted", check: checkDeadLetters, result: resultFail, env: letters, arrange: companion("letters", 3, enough, "cleanup.policy=compact,delete"),
			found: "letters is compacted", do: "SLUICE_DEAD_LETTER_TOPIC"},
		{name: "too few replicas", check: checkDeadLetters, result: resultFail, env: letters, arrange: companion("letters", 3, enough, "min.insync.replicas=2"),
			found: "wants 2 replicas in sync (min.insync.replicas) and has 1", do: "min.insync.replicas=1"},
		{name: "other partitions", check: checkDeadLetters, result: resultWarn, env: letters, arrange: companion("letters", 1, enough),
			found: "letters has 1 partition, and payloads has 3"},
		{name: "too small", check: checkDeadLetters, result: resultWarn, env: letters, arrange: companion("letters", 3),
			found: "needs 1,660,261", do: "max.message.bytes=1660261"},
		{name: "gone soon", check: checkDeadLetters, result: resultWarn, env: letters, arrange: companion("letters", 3, enough, "retention.ms=60000"),
			found: "keeps records for 1m0s only", do: "retention.ms=604800000"},
		{name: "compacted", check: checkResults, result: resultFail, env: results, arrange: companion("results", 3, enough, "cleanup.policy=compact"),
			found: "results is compacted", do: "SLUICE_RESULTS_TOPIC"},
		{name: "in order", check: checkResults, result: resultOK, env: results, arrange: companion("results", 3, enough), found: "results: 3 partitions, 1 replica,"},
	}
}

func groupRows() []checkRow {
	with := func(then func(*checkRig)) func(*checkRig) {
		return func(r *checkRig) {
			r.topics()
			then(r)
		}
	}
	// The fake has no topic for offsets, and is asked less where there is none.
	offsets := with(func(r *checkRig) { r.topic(offsetsTopic, 1) })
	return []checkRow{
		{name: "not allowed", check: checkGroup, result: resultFail, arrange: offsets, kafka: secured(allBut(denyGroup(kmsg.ACLOperationRead))...),
			found: "user worker may not use group sluice", do: "User:worker --operation Read --group sluice"},
		{name: "not seen", check: checkGroup, result: resultFail, arrange: offsets, kafka: secured(allBut(denyGroup(kmsg.ACLOperationAll))...),
			found: "may not use group sluice", do: "SLUICE_GROUP"},
		{name: "of something else too", check: checkGroup, result: resultWarn, arrange: with(func(r *checkRig) {
			r.topic("orders", 1)
			r.join("sluice", "orders")
		}), found: "members that read something else: orders;", do: "SLUICE_GROUP"},
		{name: "behind retention", check: checkGroup, result: resultWarn, arrange: with(func(r *checkRig) {
			r.produce(5)
			r.commit("sluice", 0, 1)
			r.fake.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
				r.fake.KeepControl()
				return logsFrom(req.(*kmsg.ListOffsetsRequest), 3, 5), nil, true
			})
		}), found: "removed 2 messages of payloads", do: "retention.ms"},
		{name: "no answer", check: checkGroup, result: resultFail, arrange: with(func(r *checkRig) {
			r.join("sluice", "payloads")
			r.refuseGroups()
		}), found: `read the offsets of group "sluice"`, do: "coordinates"},
		{name: "at work", check: checkGroup, result: resultOK, arrange: with(func(r *checkRig) {
			r.produce(5)
			r.commit("sluice", 0, 2)
		}), found: "sluice: 0 members; 1 of 3 partitions committed, 3 messages behind in them; may be joined"},
		{name: "new", check: checkGroup, result: resultOK, arrange: with(func(r *checkRig) { r.produce(2); r.topic(offsetsTopic, 1) }),
			found: "sluice does not exist yet; the worker begins at the earliest message (SLUICE_START), of 2; may be joined"},
		{name: "of an old broker", check: checkSource, result: resultOK, kafka: append(secured(allowAll()...), kfake.MaxVersions(kversion.V2_2_0())),
			found: "whether it may be read is not told by this broker"},
	}
}

// logsFrom answers that every log asked for begins and ends there.
func logsFrom(req *kmsg.ListOffsetsRequest, first, last int64) kmsg.Response {
	res := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, t := range req.Topics {
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			partition := kmsg.NewListOffsetsResponseTopicPartition()
			partition.Partition, partition.Offset = p.Partition, last
			if p.Timestamp == -2 {
				partition.Offset = first
			}
			topic.Partitions = append(topic.Partitions, partition)
		}
		res.Topics = append(res.Topics, topic)
	}
	return res
}

func actionRows() []checkRow {
	only := func(path genesystest.Path, a genesystest.Answer) genesystest.Options {
		return genesystest.Options{Behaviour: genesystest.Always(path, a)}
	}
	status := func(path genesystest.Path, status int) genesystest.Options {
		return only(path, genesystest.Answer{Status: status})
	}
	everywhere := func(status int) genesystest.Options {
		return genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path == genesystest.PathToken {
				return genesystest.Answer{}
			}
			return genesystest.Answer{Status: status}
		}}
	}
	html := genesystest.Answer{Body: []byte("<html>"), ContentType: "text/html"}
	published := map[string]string{"GENESYS_API": "integrations", "GENESYS_INPUT": "flat"}
	with := func(name, value string) map[string]string {
		env := maps.Clone(published)
		env[name] = value
		return env
	}
	told := func(a genesystest.Action) genesystest.Options { return genesystest.Options{Action: a} }
	const history, action = genesystest.PathHistory, genesystest.PathAction
	return []checkRow{
		{name: "no history", check: checkAction, result: resultWarn, api: everywhere(404), found: "HTTP 404: no such action, or a gateway that lists no", do: "GENESYS_DATA_ACTION_ID"},
		{name: "no GET", check: checkAction, result: resultWarn, api: everywhere(405), found: "HTTP 405: no such action", do: "first message"},
		{name: "history forbidden", check: checkAction, result: resultWarn, api: status(history, 403), found: "may not list invocations", do: "403"},
		{name: "history of another style", check: checkAction, result: resultFail, api: status(history, 404),
			found: "in the style processes, and knows it in the style integrations", do: "set GENESYS_API=integrations"},
		{name: "token refused", check: checkAction, result: resultFail, api: everywhere(401), found: "does not take the token", do: "region"},
		{name: "web page", check: checkAction, result: resultWarn, api: only(history, html), found: "a web page, perhaps", do: "GENESYS_BASE_URL"},
		{name: "failing", check: checkAction, result: resultWarn, api: everywhere(503), found: "HTTP 503: the API fails for now", do: "try again later"},
		{name: "silent", check: checkAction, result: resultFail, api: only(history, genesystest.Answer{Reset: true}),
			found: "/api/v2/processes/data-actions/action-1/invocations cannot be reached", do: "GENESYS_BASE_URL"},
		{name: "not there", check: checkAction, result: resultFail, env: published, api: everywhere(404),
			found: "HTTP 404: there is no such action here", do: "GENESYS_DATA_ACTION_ID"},
		{name: "of another style", check: checkAction, result: resultFail, env: published, api: status(action, 404),
			found: "in the style integrations, and knows it in the style processes", do: "set GENESYS_API=processes"},
		{name: "not to be looked at", check: checkAction, result: resultWarn, env: published, api: status(action, 403),
			found: "may not look at actions", do: "integrations:action:view"},
		{name: "limited", check: checkAction, result: resultWarn, env: published, api: status(action, 429), found: "the limit of requests is used up", do: "OAuth client"},
		{name: "page instead", check: checkAction, result: resultWarn, env: published, api: only(action, html), found: "a web page, perhaps", do: "GENESYS_API"},
		{name: "longer than the time-out", check: checkAction, result: resultWarn, env: with("GENESYS_TIMEOUT", "64s"),
			found: "runs for 60 s at most, and GENESYS_TIMEOUT is 1m4s", do: "set GENESYS_TIMEOUT to 1m5s"},
		{name: "described", check: checkAction, result: resultOK, env: published, found: `action-1 is "Fake action" of category "sluice", version 1, runs for 60 s at most;`},
		{name: "agrees", check: checkContract, result: resultOK, env: published, found: "the schema agrees with it"},
		{name: "drift", check: checkContract, result: resultWarn, env: published, api: told(genesystest.Action{InputSchema: []byte(`{"required":["queue"]}`)}),
			found: "refuses what the schema accepts, in 1 way:", do: "sluice schema diff"},
		{name: "stricter", check: checkContract, result: resultOK, env: published, api: told(genesystest.Action{InputSchema: []byte(`{"properties":{"priority":{"type":"number"}}}`)}),
			found: "the schema is stricter in "},
		{name: "none", check: checkContract, result: resultWarn, env: published, api: told(genesystest.Action{InputSchema: []byte(`null`)}),
			found: "does not tell the contract", do: "published"},
		{name: "unreadable", check: checkContract, result: resultWarn, env: published, api: told(genesystest.Action{InputSchema: []byte(`[1]`)}),
			found: "cannot be read", do: "Genesys Cloud admin"},
		{name: "in order", check: checkLimits, result: resultOK, env: published, found: "allows 50 actions at a time and 2,500 a minute, those of live calls included, and 300 requests a minute for a token; set are 10 at a time and 300 a minute"},
		{name: "lower ones", check: checkLimits, result: resultWarn, env: published, api: told(genesystest.Action{Limits: map[string]int{genesystest.LimitConcurrent: 15}}),
			found: "SLUICE_CONCURRENCY is 10, and the organisation runs 15 actions at a time", do: "use 3 or less"},
		{name: "too many at once", check: checkLimits, result: resultWarn, env: with("SLUICE_CONCURRENCY", "51"),
			found: "SLUICE_CONCURRENCY is 51, and the organisation runs 50 actions at a time", do: "use 10 or less"},
		{name: "too fast", check: checkLimits, result: resultWarn, env: with("GENESYS_RATE", "301"), found: "GENESYS_RATE is 301, and the organisation allows 300", do: "use 300 or less"},
		{name: "no rate", check: checkLimits, result: resultWarn, env: with("GENESYS_RATE", "none"), found: "GENESYS_RATE is none", do: "use 300 or less"},
		{name: "not told", check: checkLimits, result: resultWarn, env: published, api: status(genesystest.PathLimits, 403), found: "limits cannot be read", do: "Genesys Cloud's own"},
		{name: "flat", check: checkMapping, result: resultOK, env: published, found: "flat: 7 properties that the schema names; the called service cannot recognise a repeat"},
		{name: "as it is", check: checkMapping, result: resultOK, found: "the payload as it is; the called service cannot recognise a repeat"},
	}
}

// What no fake shows: a cluster of which a part is down.
func TestCheck_SeesBrokersThatAreDown(t *testing.T) {
	cluster, err := kafka.New(kafka.Config{Brokers: []string{"localhost:9092"}})
	require.NoError(t, err)
	cfg := config.Load(config.Options{Environ: []string{}, Dir: t.TempDir()})
	in := topicFacts{name: "payloads", policy: "delete", maxBytes: defaultMaxBytes, keeps: -1, minISR: 2, TopicView: kafka.TopicView{
		Partitions: 3, Replicas: 3, InSync: 3, Allowed: 1<<3 | 1<<4,
	}}
	k := &clusterCheck{cfg: cfg, cluster: cluster, source: in}
	require.Equal(t, resultOK, k.findSource(in)[0].Result)
	for name, row := range map[string]struct {
		change func(*topicFacts)
		want   result
		found  string
	}{
		"no leader": {func(f *topicFacts) { f.Leaderless = 2 }, resultFail, "2 of its 3 partitions have no leader"},
		"behind":    {func(f *topicFacts) { f.InSync = 2 }, resultWarn, "only 2 of its 3 replicas in sync"},
		"failing":   {func(f *topicFacts) { f.Err = errors.New("leader unknown") }, resultFail, "leader unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			f := in
			row.change(&f)
			for _, found := range [][]finding{k.findSource(f), k.findCompanion(checkDeadLetters, "X", withRoom(f))} {
				require.Len(t, found, 1)
				require.Equal(t, row.want, found[0].Result)
				require.Contains(t, found[0].Found, row.found)
				require.NotEmpty(t, found[0].Do)
			}
		})
	}
	few := withRoom(in)
	few.InSync = 1
	found := k.findCompanion(checkDeadLetters, "X", few)
	require.Equal(t, resultFail, found[len(found)-1].Result)
	require.Contains(t, found[len(found)-1].Found, "writes are refused until there are more")
}

func withRoom(f topicFacts) topicFacts {
	f.maxBytes = 2_000_000
	return f
}
