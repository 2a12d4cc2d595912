package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	yaml "go.yaml.in/yaml/v3"

	"github.com/sluice-kafka/sluice/internal/config"
)

const hunter = "hunter2-hunter2"

func TestSecret_IsMaskedHoweverItIsPrinted(t *testing.T) {
	type hidden struct{ s config.Secret }
	type open struct{ S config.Secret }
	s := config.NewSecret(hunter)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%t"} {
		text := fmt.Sprintf(verb, s)
		assert.Contains(t, text, "***", verb)
		assertHidden(t, text)
		for _, within := range []any{&s, []config.Secret{s}, open{s}, &open{s}, hidden{s}, &hidden{s}, map[string]any{"k": hidden{s}}} {
			assertHidden(t, fmt.Sprintf(verb, within))
		}
	}
	assertHidden(t, fmt.Sprint(s)+fmt.Sprintln(s)+fmt.Errorf("with %w and %v", assert.AnError, s).Error())
	assert.Equal(t, `"***"`, fmt.Sprintf("%q", s))
}

func TestSecret_IsMaskedHoweverItIsMarshalled(t *testing.T) {
	value := struct {
		S config.Secret
		P *config.Secret
	}{S: config.NewSecret(hunter)}
	value.P = &value.S

	asJSON, err := json.Marshal(value)
	require.NoError(t, err)
	assert.JSONEq(t, `{"S":"***","P":"***"}`, string(asJSON))

	asYAML, err := yaml.Marshal(value)
	require.NoError(t, err)
	assert.YAMLEq(t, "s: '***'\np: '***'", string(asYAML))
}

func TestSecret_IsMaskedInLogs(t *testing.T) {
	for name, encoder := range map[string]zapcore.Encoder{
		"json":    zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		"console": zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.DebugLevel))
			s := config.NewSecret(hunter)
			log.Info("all", zap.Any("any", s), zap.Reflect("reflect", s), zap.Stringer("stringer", s),
				zap.Any("within", struct{ S config.Secret }{s}), zap.Any("pointer", &s))
			log.Sugar().Infow("sugar", "s", s)
			assert.Contains(t, out.String(), "***")
			assertHidden(t, out.String())
		})
	}
}

func TestSecret_RevealsItsValueAndShowsWhereThereIsNone(t *testing.T) {
	assert.Equal(t, hunter, config.NewSecret(hunter).Reveal())
	var none config.Secret
	assert.Empty(t, none.Reveal())
	assert.Empty(t, none.String())
	assert.Equal(t, none, config.NewSecret(""))
}

func assertHidden(t *testing.T, text string) {
	t.Helper()
	assert.NotContains(t, text, hunter)
	assert.NotContains(t, text, fmt.Sprintf("%x", hunter))
	assert.NotContains(t, text, fmt.Sprintf("%X", hunter))
}
