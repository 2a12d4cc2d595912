package deadletter

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever key and headers a message has, its source reads back alike.
func TestSource_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t).Source
		got, cut, err := DecodeSource(EncodeSource(want, ""))
		require.NoError(t, err)
		require.Empty(t, cut)
		require.Equal(t, want, got)

		got, cut, err = DecodeSource(EncodeSource(want, hash(want.Key)))
		require.NoError(t, err)
		require.Equal(t, hash(want.Key), cut)
		want.Key = nil
		require.Equal(t, want, got)
	})
}

func TestDecodeSource_RefusesWithoutQuoting(t *testing.T) {
	for name, raw := range map[string]string{
		"not JSON":         `secret`,
		"a wrong type":     `{"topic":"t","partition":"secret"}`,
		"no base64":        `{"topic":"t","key_base64":"secret*"}`,
		"key and its hash": `{"topic":"t","key":"secret","key_sha256":"00"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := DecodeSource([]byte(raw))
			var refused *DecodeError
			require.ErrorAs(t, err, &refused)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}
