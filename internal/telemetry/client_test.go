package telemetry_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func TestClient_SteersAWorker(t *testing.T) {
	var did []string
	admin := telemetry.NewAdmin(telemetry.AdminConfig{
		Pause:  func(context.Context) error { did = append(did, "pause"); return nil },
		Resume: func(context.Context) error { return errors.New("cannot") },
		DeadLetterHeld: func(_ context.Context, id string) error {
			if id != "payloads/3/7" {
				return telemetry.ErrNotHeld
			}
			did = append(did, id)
			return nil
		},
		Status: func() any { return map[string]int{"held": 2} },
	})
	srv := httptest.NewServer(admin.Handler())
	defer srv.Close()
	addr := srv.Listener.Addr().String()

	require.NoError(t, telemetry.Control(t.Context(), addr, telemetry.PathPause))
	require.ErrorContains(t, telemetry.Control(t.Context(), addr, telemetry.PathResume), "cannot")
	require.NoError(t, telemetry.Control(t.Context(), addr, telemetry.PathDeadLetterHeld("payloads/3/7")))
	require.ErrorIs(t, telemetry.Control(t.Context(), addr, telemetry.PathDeadLetterHeld("payloads/3/8")), telemetry.ErrNotHeld)
	require.Equal(t, []string{"pause", "payloads/3/7"}, did)

	var state struct{ Held int }
	require.NoError(t, telemetry.Status(t.Context(), addr, &state))
	require.Equal(t, 2, state.Held)
}

func TestClient_TellsWhenNobodyOrSomebodyElseAnswers(t *testing.T) {
	require.ErrorContains(t, telemetry.Status(t.Context(), "127.0.0.1:1", nil), "SLUICE_ADMIN_ADDR")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	require.ErrorContains(t, telemetry.Control(t.Context(), other.Listener.Addr().String(), telemetry.PathPause), "not as a sluice does")
}
