package deadletter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReader_Filter(t *testing.T) {
	base := sample(CodeActionFailed).FailedAt
	for name, tt := range map[string]struct {
		filter Filter
		want   []string
	}{
		"all":            {Filter{}, []string{"payloads/3/0", "payloads/3/1", "payloads/3/2", "payloads/3/3"}},
		"code":           {Filter{Codes: []Code{CodeActionFailed}}, []string{"payloads/3/0"}},
		"codes":          {Filter{Codes: []Code{CodeActionFailed, CodeNetworkError}}, []string{"payloads/3/0", "payloads/3/3"}},
		"class":          {Filter{Classes: []Class{ClassContract}}, []string{"payloads/3/1"}},
		"fingerprint":    {Filter{Fingerprints: []string{sample(CodeCircuitOpen).Fingerprint()}}, []string{"payloads/3/2"}},
		"id":             {Filter{IDs: []string{"payloads/3/2", "payloads/3/9"}}, []string{"payloads/3/2"}},
		"since":          {Filter{Since: base.Add(2 * time.Minute)}, []string{"payloads/3/2", "payloads/3/3"}},
		"until":          {Filter{Until: base.Add(2 * time.Minute)}, []string{"payloads/3/0", "payloads/3/1"}},
		"all hold":       {Filter{Codes: []Code{CodeActionFailed}, Since: base.Add(time.Minute)}, nil},
		"none as new":    {Filter{Since: base.AddDate(100, 0, 0)}, nil},
		"at most two":    {Filter{Limit: 2}, []string{"payloads/3/0", "payloads/3/1"}},
		"before it all":  {Filter{Until: base}, nil},
		"unknown header": {Filter{Codes: []Code{"OTHER"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			onShelf(t, func(t *testing.T, s *shelf) {
				all := []Record{failed(0, CodeActionFailed, 0), failed(1, CodeValidationFailed, 1), failed(2, CodeCircuitOpen, 2), failed(3, CodeNetworkError, 3)}
				for i, r := range all {
					m := r.KafkaMessage()
					m.Time = r.FailedAt
					if i%2 == 1 { // the record itself answers where headers do not
						m.Headers = nil
					}
					s.broker.Produce(t, topic, m)
				}
				require.Equal(t, tt.want, ids(t, s.Scan(t.Context(), tt.filter)))
			})
		})
	}
}

// Headers decide before a record is parsed: what they exclude need not even be a record.
func TestReader_FilterByHeadersFirst(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		m := failed(1, CodeActionFailed, 0).KafkaMessage()
		m.Value = []byte("garbage")
		s.broker.Produce(t, topic, m)
		require.Empty(t, ids(t, s.Scan(t.Context(), Filter{Codes: []Code{CodeCircuitOpen}})))
	})
}
