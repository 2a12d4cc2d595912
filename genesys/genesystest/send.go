package genesystest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strconv"
)

// send puts an answer on the wire, in the way that it says.
func send(w http.ResponseWriter, a Answer, status int, body []byte) {
	size := int64(len(body) + a.Pad)
	var content io.Reader = bytes.NewReader(body)
	if a.Pad > 0 {
		content = io.MultiReader(content, io.LimitReader(blanks{}, int64(a.Pad)))
	}
	if a.Gzip {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = io.Copy(z, content) // a buffer takes all
		_ = z.Close()
		content, size = &packed, int64(packed.Len())
		w.Header()["Content-Encoding"] = []string{"gzip"}
	}
	if size > 0 && bodyAllowed(status) {
		w.Header()["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	}
	w.WriteHeader(status)
	if a.Cut {
		size /= 2
	}
	_, _ = io.CopyN(w, content, size) // the client may be gone
	if a.Cut || a.Close {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
	}
}

// blanks is white space without end.
type blanks struct{}

// Read fills p.
func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// silence ends a request that gets no answer.
func (s *Server) silence(w http.ResponseWriter, r *http.Request, a Answer) {
	if a.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	}
	conn, reader, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, which has no connection to give away
	}
	defer func() { _ = conn.Close() }()
	half, ok := conn.(interface{ CloseWrite() error })
	switch {
	case a.HalfClose && ok:
		_ = half.CloseWrite()
		s.listen(conn, reader)
	case a.Reset:
		reset(conn)
	}
}

// listen reads until the client ends its half of the connection, or the server closes.
func (s *Server) listen(conn net.Conn, r io.Reader) {
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		select {
		case <-s.closed:
			_ = conn.Close()
		case <-gone:
		}
	}()
	_, _ = io.Copy(io.Discard, r) // it ends one way or the other
}

// reset makes the end of a connection one that is not orderly.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}
