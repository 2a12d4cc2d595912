package demo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"
)

// told are the worker's log lines that a Board tells in its own words, from events.
var told = []string{
	"dead letter",
	"the API does not serve: messages are held, nothing is dead-lettered for it",
}

// Untold returns a core that drops what a Board tells anyway.
func Untold(core zapcore.Core) zapcore.Core { return untold{core} }

type untold struct{ zapcore.Core }

// With implements zapcore.Core.
func (u untold) With(fields []zapcore.Field) zapcore.Core { return untold{u.Core.With(fields)} }

// Check implements zapcore.Core.
func (u untold) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if slices.Contains(told, e.Message) {
		return ce
	}
	return u.Core.Check(e, ce)
}

// LogCore returns a core that notes log lines of WARN and above on the board.
func (b *Board) LogCore() zapcore.Core {
	return Untold(noteCore{LevelEnabler: zapcore.WarnLevel, board: b})
}

// noteCore writes log lines as notes.
type noteCore struct {
	zapcore.LevelEnabler
	board  *Board
	fields []zapcore.Field
}

// With implements zapcore.Core.
func (c noteCore) With(fields []zapcore.Field) zapcore.Core {
	c.fields = append(slices.Clip(c.fields), fields...)
	return c
}

// Check implements zapcore.Core.
func (c noteCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core.
func (c noteCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, f := range append(slices.Clip(c.fields), fields...) {
		f.AddTo(values)
	}
	text := e.Message
	for _, key := range slices.Sorted(maps.Keys(values.Fields)) {
		text += fmt.Sprintf(" %s=%v", key, values.Fields[key])
	}
	mood := MoodPlain
	if e.Level >= zapcore.ErrorLevel {
		mood = MoodBad
	}
	c.board.Note(mood, strings.ToLower(e.Level.String())+": "+text)
	return nil
}

// Sync implements zapcore.Core.
func (noteCore) Sync() error { return nil }
