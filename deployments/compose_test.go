package deployments_test

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/config"
)

// ours are the services that run our image, with what each needs of the configuration.
var ours = map[string]config.Need{
	"topics":  config.ForTopics,
	"genesys": config.ForAdmin,
	"worker":  config.ForRun,
	"seed":    config.ForProduce,
}

var once = []string{"topics", "seed"}

func TestCompose_HasItsServices(t *testing.T) {
	assert.ElementsMatch(t, []string{"kafka", "topics", "genesys", "worker", "seed"}, compose(t).ServiceNames())
}

// A person's own GENESYS_BASE_URL must not send samples to a real API.
func TestCompose_TakesNothingFromTheEnvironment(t *testing.T) {
	assert.NotContains(t, read(t, "docker-compose.yml"), "$")
	for name, s := range compose(t).Services {
		assert.Empty(t, s.EnvFiles, name)
		for variable, value := range s.Environment {
			assert.NotNil(t, value, "%s: %s is passed on from outside", name, variable)
		}
	}
}

func TestCompose_CommandsExist(t *testing.T) {
	project := compose(t)
	want := map[string]string{
		"topics":  "topics ensure --wait",
		"genesys": "mock genesys --addr 0.0.0.0:8090 --admin-addr 127.0.0.1:8080",
		"worker":  "run",
		"seed":    "produce /samples/payloads.ndjson --key /contact/external_id",
	}
	for name := range ours {
		command := project.Services[name].Command
		assert.Equal(t, want[name], strings.Join(command, " "))
		assertCommandExists(t, command)
	}
}

func TestCompose_VariablesAreSettings(t *testing.T) {
	project := compose(t)
	for name, need := range ours {
		cfg := config.Load(config.Options{Dir: t.TempDir(), Environ: variables(project.Services[name])})
		require.NoError(t, cfg.Require(need), name)
		assert.Empty(t, cfg.Warnings(), name)
		for variable := range project.Services[name].Environment {
			known := slices.ContainsFunc(config.Keys(), func(k config.Key) bool { return k.Variable == variable })
			assert.True(t, known, "%s: %s is no setting", name, variable)
		}
	}
}

func TestCompose_WorkerIsSetUpForTrying(t *testing.T) {
	worker := compose(t).Services["worker"]
	cfg := config.Load(config.Options{Dir: t.TempDir(), Environ: variables(worker)})
	assert.Equal(t, 2*time.Minute, cfg.Worker.GiveUpAfter)
	require.NotNil(t, worker.StopGracePeriod)
	assert.Greater(t, time.Duration(*worker.StopGracePeriod), cfg.Worker.Drain+5*time.Second, "killed before it has drained and left")
	assert.Equal(t, types.RestartPolicyUnlessStopped, worker.Restart)
}

func TestCompose_OneImageIsBuiltOnce(t *testing.T) {
	project := compose(t)
	var builders []string
	for name := range ours {
		s := project.Services[name]
		assert.Equal(t, project.Services["worker"].Image, s.Image, name)
		assert.Equal(t, types.PullPolicyNever, s.PullPolicy, name)
		if s.Build != nil {
			builders = append(builders, name)
			assert.Equal(t, project.WorkingDir, s.Build.Context)
			assert.Equal(t, "deployments/Dockerfile", s.Build.Dockerfile)
		}
	}
	// `docker compose run worker` has to build what it needs, and topics is what everybody waits for.
	assert.Equal(t, []string{"topics"}, builders)
}

func TestCompose_OursRunWithoutPrivileges(t *testing.T) {
	project := compose(t)
	for name := range ours {
		s := project.Services[name]
		assert.Equal(t, "65532:65532", s.User, name)
		assert.True(t, s.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Empty(t, s.CapAdd, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		assert.False(t, s.Privileged, name)
		for _, v := range s.Volumes {
			assert.True(t, v.ReadOnly, "%s: %s", name, v.Target)
		}
	}
}

func TestCompose_StartsInOrder(t *testing.T) {
	project := compose(t)
	const healthy, completed = types.ServiceConditionHealthy, types.ServiceConditionCompletedSuccessfully
	want := map[string]map[string]string{
		"kafka":   {},
		"topics":  {"kafka": healthy},
		"genesys": {},
		"worker":  {"topics": completed, "genesys": healthy},
		"seed":    {"topics": completed},
	}
	for name, s := range project.Services {
		got := map[string]string{}
		for on, d := range s.DependsOn {
			got[on] = d.Condition
		}
		assert.Equal(t, want[name], got, name)
		isOnce := slices.Contains(once, name)
		assert.Equal(t, isOnce, s.Restart == types.RestartPolicyNo, "%s: restart", name)
		require.NotNil(t, s.HealthCheck, name)
		assert.Equal(t, isOnce, s.HealthCheck.Disable, "%s: health check", name)
	}
}

func TestCompose_HealthChecks(t *testing.T) {
	project := compose(t)
	assert.Equal(t, types.HealthCheckTest{"CMD", "/opt/kafka/bin/kafka-topics.sh", "--bootstrap-server", "kafka:19092", "--list"},
		project.Services["kafka"].HealthCheck.Test)
	for name, want := range map[string][]string{"genesys": {"health"}, "worker": {"health", "--ready"}} {
		check := project.Services[name].HealthCheck
		assert.Equal(t, append(types.HealthCheckTest{"CMD", "/sluice"}, want...), check.Test, name)
		assert.Greater(t, time.Duration(*check.Timeout), 5*time.Second, "%s: `sluice health` answers within 5s, and then says why", name)
		assertCommandExists(t, want)
	}
}

func TestCompose_PortsFit(t *testing.T) {
	project := compose(t)
	worker, genesys := project.Services["worker"], project.Services["genesys"]

	assert.Equal(t, "8080", published(t, worker, portOf(t, *worker.Environment["SLUICE_ADMIN_ADDR"])))
	addr := genesys.Command[slices.Index(genesys.Command, "--addr")+1]
	assert.Equal(t, "8090", published(t, genesys, portOf(t, addr)))
	base, err := url.Parse(*worker.Environment["GENESYS_BASE_URL"])
	require.NoError(t, err)
	assert.Equal(t, net.JoinHostPort("genesys", strconv.Itoa(int(portOf(t, addr)))), base.Host)

	seen := map[string]string{}
	for name, s := range project.Services {
		for _, p := range s.Ports {
			assert.Equal(t, "127.0.0.1", p.HostIP, "%s: nothing here asks for a password", name)
			assert.Empty(t, seen[p.Published], "%s: port %s", name, p.Published)
			seen[p.Published] = name
		}
	}
}

// What is created beforehand is what the worker writes to, results included.
func TestCompose_TopicsAreThoseOfTheWorker(t *testing.T) {
	project := compose(t)
	topics := func(service string) config.Kafka {
		k := config.Load(config.Options{Dir: t.TempDir(), Environ: variables(project.Services[service])}).Kafka
		return config.Kafka{Topic: k.Topic, DeadLetterTopic: k.DeadLetterTopic, ResultsTopic: k.ResultsTopic}
	}
	assert.Equal(t, config.Kafka{Topic: "payloads", DeadLetterTopic: "payloads.dlq", ResultsTopic: "payloads.results"}, topics("worker"))
	assert.Equal(t, topics("worker"), topics("topics"))
	for _, topic := range []string{"payloads", "payloads.dlq", "payloads.results", "payloads.dlq.state"} {
		assert.Contains(t, page(t), "`"+topic+"`")
	}
}

// The version that people try is the one that the integration suite runs on.
func TestCompose_KafkaIsTheTestedVersion(t *testing.T) {
	pinned := regexp.MustCompile(`<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)<`).FindStringSubmatch(read(t, ".ci", "kafka", "pom.xml"))
	require.Len(t, pinned, 2)
	assert.Equal(t, "apache/kafka:"+pinned[1], compose(t).Services["kafka"].Image)
}

func TestCompose_KafkaIsReachableFromBothSides(t *testing.T) {
	project := compose(t)
	kafka := project.Services["kafka"]
	env := func(name string) string {
		require.NotNil(t, kafka.Environment[name], name)
		return *kafka.Environment[name]
	}
	listeners, advertised := endpoints(t, env("KAFKA_LISTENERS")), endpoints(t, env("KAFKA_ADVERTISED_LISTENERS"))

	assert.Equal(t, map[string]string{"HOST": "localhost:9092", "CONTAINERS": "kafka:19092"}, advertised)
	assert.Equal(t, "9092", published(t, kafka, portOf(t, listeners["HOST"])))
	assert.Equal(t, portOf(t, advertised["CONTAINERS"]), portOf(t, listeners["CONTAINERS"]))
	for _, name := range []string{"topics", "worker", "seed"} {
		assert.Equal(t, advertised["CONTAINERS"], *project.Services[name].Environment["SLUICE_KAFKA_BROKERS"], name)
	}

	// KRaft, one node: it is the only voter, at its own controller listener, which nobody else needs.
	controller := env("KAFKA_CONTROLLER_LISTENER_NAMES")
	assert.Equal(t, env("KAFKA_NODE_ID")+"@"+listeners[controller], env("KAFKA_CONTROLLER_QUORUM_VOTERS"))
	assert.NotContains(t, advertised, controller)
	assert.Contains(t, advertised, env("KAFKA_INTER_BROKER_LISTENER_NAME"))
	for name := range listeners {
		assert.Contains(t, strings.Split(env("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"), ","), name+":PLAINTEXT")
	}
}

// endpoints reads NAME://host:port,…
func endpoints(t *testing.T, list string) map[string]string {
	t.Helper()
	byName := map[string]string{}
	for item := range strings.SplitSeq(list, ",") {
		name, addr, ok := strings.Cut(item, "://")
		require.True(t, ok, item)
		byName[name] = addr
	}
	return byName
}

func portOf(t *testing.T, addr string) uint32 {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	port, err := strconv.ParseUint(text, 10, 16)
	require.NoError(t, err)
	return uint32(port)
}

// published returns the host's port for one of the container's.
func published(t *testing.T, s types.ServiceConfig, target uint32) string {
	t.Helper()
	i := slices.IndexFunc(s.Ports, func(p types.ServicePortConfig) bool { return p.Target == target })
	require.GreaterOrEqual(t, i, 0, "%s: port %d is not published", s.Name, target)
	return s.Ports[i].Published
}
