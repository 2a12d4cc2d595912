package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/term"
)

func TestWatched_ShowsHowLongItTakesAndInWhatState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errs bytes.Buffer
		a := &app{streams: term.Streams{Err: &errs, ErrIsTerminal: true}}
		a.watched("waiting", func(say func(string)) {
			time.Sleep(1500 * time.Millisecond)
			say("RUNNING")
			time.Sleep(time.Second)
		})
		require.Equal(t, "\r\x1b[Kwaiting: 1s\r\x1b[Kwaiting: RUNNING, 2s\r\x1b[K", errs.String())
	})
}
