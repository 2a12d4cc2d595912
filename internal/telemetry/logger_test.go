package telemetry_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func TestNewLogger_WritesJSONWithNanoseconds(t *testing.T) {
	for _, format := range []string{telemetry.FormatJSON, telemetry.FormatAuto} { // a buffer is no terminal
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			log, err := telemetry.NewLogger("info", format, &out)
			require.NoError(t, err)
			time.Sleep(1234567 * time.Nanosecond)
			log.Debug("not this")
			log.Warn("dead letter", zap.String(telemetry.KeyID, "payloads/3/1042"), zap.Duration(telemetry.KeyDuration, 1500*time.Millisecond))

			var line map[string]any
			require.NoError(t, json.Unmarshal(out.Bytes(), &line))
			at, err := time.Parse(time.RFC3339Nano, line["time"].(string))
			require.NoError(t, err)
			assert.Equal(t, 1234567, at.Nanosecond())
			delete(line, "time")
			assert.Equal(t, map[string]any{"level": "warn", "message": "dead letter", "id": "payloads/3/1042", "duration": 1.5}, line)
		})
	}
}

func TestNewLogger_DoesNotSample(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger("info", "json", &out)
	require.NoError(t, err)
	for range 5000 {
		log.Info("the same line")
	}
	assert.Equal(t, 5000, strings.Count(out.String(), "\n"))
}

func TestNewLogger_WritesForPeople(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger("debug", telemetry.FormatConsole, &out)
	require.NoError(t, err)
	log.Info("breaker opened", zap.String(telemetry.KeyState, "open"), zap.Duration(telemetry.KeyDuration, 1500*time.Millisecond))
	assert.Regexp(t, `^\d\d:\d\d:\d\d\.\d\d\d  INFO  breaker opened  \{"state": "open", "duration": "1.5s"\}\n$`, out.String())
}

func TestNewLogger_TreatsAFileAsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer f.Close()
	log, err := telemetry.NewLogger("info", telemetry.FormatAuto, f)
	require.NoError(t, err)
	log.Info("line")
	written, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	assert.True(t, json.Valid(written))
}

func TestNewLogger_Levels(t *testing.T) {
	for level, lines := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		var out bytes.Buffer
		log, err := telemetry.NewLogger(level, "json", &out)
		require.NoError(t, err)
		log.Debug("")
		log.Info("")
		log.Warn("")
		log.Error("")
		assert.Equal(t, lines, strings.Count(out.String(), "\n"), level)
	}
}

func TestNewLogger_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, level := range []string{"trace", "fatal", "panic"} {
		_, err := telemetry.NewLogger(level, "json", &bytes.Buffer{})
		require.EqualError(t, err, `log level "`+level+`": use debug, info, warn or error`)
	}
	_, err := telemetry.NewLogger("info", "xml", &bytes.Buffer{})
	require.EqualError(t, err, `log format "xml": use auto, json or console`)
}
