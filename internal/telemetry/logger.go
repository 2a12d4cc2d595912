package telemetry

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"
)

// The formats of [NewLogger].
const (
	FormatAuto    = "auto" // console on a terminal, JSON elsewhere
	FormatJSON    = "json"
	FormatConsole = "console"
)

// NewLogger returns a logger that writes lines of level and above to w, which it makes safe for concurrent
// use. Level is debug, info, warn or error. Nothing is sampled: a line a dead letter is a promise. Colour is
// used on a terminal only, and not where NO_COLOR is set. An error names the level or format that is unknown.
func NewLogger(level, format string, w io.Writer) (*zap.Logger, error) {
	var enabled zapcore.Level
	if err := enabled.UnmarshalText([]byte(level)); err != nil || enabled > zapcore.ErrorLevel {
		return nil, fmt.Errorf("log level %q: use debug, info, warn or error", level)
	}
	encoder, err := newEncoder(format, isTerminal(w))
	if err != nil {
		return nil, err
	}
	sink := zapcore.Lock(zapcore.AddSync(w))
	return zap.New(zapcore.NewCore(encoder, sink, enabled), zap.ErrorOutput(sink)), nil
}

func newEncoder(format string, terminal bool) (zapcore.Encoder, error) {
	if format == FormatAuto {
		format = FormatJSON
		if terminal {
			format = FormatConsole
		}
	}
	c := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", MessageKey: "message", NameKey: "logger", StacktraceKey: "stack",
		LineEnding:     zapcore.DefaultLineEnding,
		EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
		EncodeLevel:    zapcore.LowercaseLevelEncoder,
		EncodeDuration: zapcore.SecondsDurationEncoder,
	}
	switch format {
	case FormatJSON:
		return zapcore.NewJSONEncoder(c), nil
	case FormatConsole:
		c.EncodeTime = clock
		c.EncodeDuration = zapcore.StringDurationEncoder
		c.EncodeLevel = zapcore.CapitalLevelEncoder
		if terminal && os.Getenv("NO_COLOR") == "" {
			c.EncodeLevel = zapcore.CapitalColorLevelEncoder
		}
		c.ConsoleSeparator = "  "
		return zapcore.NewConsoleEncoder(c), nil
	default:
		return nil, fmt.Errorf("log format %q: use auto, json or console", format)
	}
}

// clock writes the time of day: a person at a terminal knows the date.
func clock(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
	enc.AppendString(t.Format("15:04:05.000"))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
