package main

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/term"
)

func TestValidate_EndsAtTheFirstSignalThoughItWaitsForInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, writer := io.Pipe()
		stop, stopNow := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		code := make(chan int)
		go func() {
			code <- run(stop, t.Context(), []string{"validate", "-"}, term.Streams{In: in, Out: &out, Err: &errs})
		}()
		_, err := io.WriteString(writer, "{}\n")
		require.NoError(t, err)
		synctest.Wait()
		stopNow()
		require.Equal(t, exitInterrupted, <-code)
		require.Empty(t, errs.String())
		require.NoError(t, writer.Close()) // lets the read that was left behind end
	})
}
