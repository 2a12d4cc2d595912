package kafka_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

func TestNew_RefusesCredentialsItCannotUse(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(notPEM, []byte("no certificate"), 0o600))
	rows := map[string]struct {
		cfg  kafka.Config
		want string
	}{
		"CA missing":    {kafka.Config{TLS: kafka.TLS{Enabled: true, CA: "/no/ca.pem"}}, "(SLUICE_KAFKA_TLS_CA) cannot be read: /no/ca.pem: no such file"},
		"CA not PEM":    {kafka.Config{TLS: kafka.TLS{Enabled: true, CA: notPEM}}, "holds no PEM certificate"},
		"half a pair":   {kafka.Config{TLS: kafka.TLS{Enabled: true, Cert: notPEM}}, "both its certificate and its key"},
		"pair not PEM":  {kafka.Config{TLS: kafka.TLS{Enabled: true, Cert: notPEM, Key: notPEM}}, "cannot be used: tls: failed to find any PEM data"},
		"no mechanism":  {kafka.Config{SASL: kafka.SASL{Mechanism: "LOGIN"}}, "use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		"odd password":  {kafka.Config{SASL: kafka.SASL{Mechanism: "SCRAM-SHA-256", Username: "u", Password: "\u0007"}}, "RFC 4013"},
		"no port":       {kafka.Config{Brokers: []string{"kafka"}}, "want host:port"},
		"no broker set": {kafka.Config{Brokers: []string{}}, "SLUICE_KAFKA_BROKERS"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if row.cfg.Brokers == nil {
				row.cfg.Brokers = []string{"localhost:9092"}
			}
			_, err := kafka.New(row.cfg)
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestSASL_NeverPrintsItsPassword(t *testing.T) {
	s := kafka.SASL{Mechanism: "PLAIN", Username: "worker", Password: "hunter2-of-the-brokers"}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", s, s, s, s), s.Password)
}
