package term

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
)

// CanAsk reports whether a person is there to answer a question: both what they type and where it is asked are a
// terminal.
func (s Streams) CanAsk() bool {
	f, ok := s.In.(*os.File)
	return ok && isTerminal(f) && s.ErrIsTerminal
}

// Ask asks a question that is answered by typing yes, and reports whether it was. Anything else is no, and so are
// the end of the input and of ctx.
func (s Streams) Ask(ctx context.Context, question string) bool {
	fmt.Fprintf(s.Err, "%s Type yes to go on: ", question)
	typed := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(s.In).ReadString('\n') // what was typed before an end counts
		typed <- answer
	}()
	select {
	case answer := <-typed:
		return strings.EqualFold(strings.TrimSpace(answer), "yes")
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return false
	}
}
