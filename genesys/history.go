package genesys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

var (
	// ErrNoHistory means that the API style keeps none: the answer to an invocation is all there is.
	ErrNoHistory = errors.New("this API style keeps no history of invocations")
	// ErrPageRepeated means that the API named a next page which it had named before: its pages have no end.
	ErrPageRepeated = errors.New("the API named a next page that was read already, so its pages have no end")
	// ErrMorePages means that HistoryQuery.MaxPages were read and there are more.
	ErrMorePages = errors.New("there are more pages than were to be read")
)

const (
	// defaultPageSize is a size that lists of Genesys' published API take.
	defaultPageSize = 100
	// maxPage is how much of a page is read: far more than any page of invocations has.
	maxPage = 16 << 20
	// maxPageName is how long the name of a page may be: it goes into a URL, and all of them are remembered.
	maxPageName = 4 << 10
)

// HistoryQuery says how much of the history is read. The zero value reads all of it.
type HistoryQuery struct {
	PageSize int // invocations a page; if zero, 100
	MaxPages int // pages that are read before ErrMorePages; if zero, any number
	// OnPage, if not nil, is told of each page once it has come: how many there were, and how many
	// invocations were on them.
	OnPage func(pages, invocations int)
}

// History reads the invocations of the action so far, page by page as the caller goes on, in the API's order.
// Of what was read it keeps only the page at hand and the names of the pages.
//
// An error ends it, and comes with the zero Invocation: an [*Error] of [OpHistory] or [OpToken], ErrNoHistory,
// ErrPageRepeated or ErrMorePages. Every page has Config.Timeout; the whole has as long as ctx. Pages wait for
// [Client.Reserve], and a 429 is waited out.
func (c *Client) History(ctx context.Context, q HistoryQuery) iter.Seq2[Invocation, error] {
	return func(yield func(Invocation, error) bool) {
		if !c.style.history {
			yield(Invocation{}, ErrNoHistory)
			return
		}
		if q.PageSize == 0 {
			q.PageSize = defaultPageSize
		}
		total, next, seen := 0, "", map[string]bool{}
		for n := 1; ; n++ {
			p, err := c.patientPage(ctx, q.PageSize, next)
			if err != nil {
				yield(Invocation{}, fmt.Errorf("page %d: %w", n, err))
				return
			}
			total += len(p.Entities)
			if q.OnPage != nil {
				q.OnPage(n, total)
			}
			for _, raw := range p.Entities {
				if !yield(newInvocation(raw), nil) {
					return
				}
			}
			seen[next] = true
			next, _ = p.next()
			switch {
			case next == "":
				return
			case seen[next]:
				yield(Invocation{}, fmt.Errorf("page %d: %w", n, ErrPageRepeated))
				return
			case n == q.MaxPages:
				yield(Invocation{}, ErrMorePages)
				return
			}
		}
	}
}

// page is one page of the history.
type page struct {
	Entities []json.RawMessage `json:"entities"`
	NextPage json.RawMessage   `json:"nextPage"` // a string, or a number; null, empty or absent on the last page
}

// next returns what to ask for the next page with, or "" where there is none. It says whether it could tell.
func (p page) next() (name string, ok bool) {
	switch {
	case len(p.NextPage) > maxPageName:
		return "", false
	case len(p.NextPage) == 0, string(p.NextPage) == "null":
		return "", true
	case json.Unmarshal(p.NextPage, &name) == nil:
		return name, true
	case json.Unmarshal(p.NextPage, new(float64)) == nil:
		return string(p.NextPage), true
	}
	return "", false
}

// patientPage reads a page when it is its turn, again where the API answers 429.
func (c *Client) patientPage(ctx context.Context, size int, next string) (page, error) {
	for {
		for wait := c.Reserve(); wait > 0; wait = c.Reserve() {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return page{}, &Error{Kind: KindCanceled, Op: OpHistory, Err: context.Cause(ctx)}
			}
		}
		p, err := authorized(ctx, c.tokens, func(tok *token) (page, *Error) { return c.page(ctx, tok, size, next) })
		if err == nil {
			return p, nil
		}
		if err.Kind != KindRateLimited {
			return page{}, err
		}
	}
}

// page asks for one page.
func (c *Client) page(ctx context.Context, tok *token, size int, next string) (page, *Error) {
	within, cancel := context.WithTimeoutCause(ctx, c.timeout, c.timedOut)
	defer cancel()
	var w wire
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if next != "" {
		query.Set("nextPage", next)
	}
	r, err := http.NewRequestWithContext(w.watch(within), http.MethodGet, c.URL()+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return page{}, &Error{Kind: KindInput, Op: OpHistory, Err: errors.New("the page's URL cannot be built")}
	}
	r.Header = tok.header
	res, err := w.roundTrip(c.transport, r)
	if err != nil {
		return page{}, interrupted(ctx, within, OpHistory, c.timedOut, w.sent(), err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		a := readAnswer(res, c.style.requestID, tok)
		c.note(tok, a.status, &a)
		failed := a.failure()
		failed.Op = OpHistory
		return page{}, failed
	}
	c.note(tok, res.StatusCode, &answer{})
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return page{}, interrupted(ctx, within, OpHistory, c.timedOut, true, err)
	}
	body = tok.maskedIn(body)
	p, reason := parsePage(body, isJSON(res.Header.Get("Content-Type")))
	if reason != nil {
		return page{}, &Error{
			Kind: KindUnreadable, Op: OpHistory, Status: res.StatusCode, Err: reason,
			RequestID: headerID(res.Header, c.style.requestID),
		}
	}
	return p, nil
}

var (
	errNotAPage    = errors.New("the answer is not a page of invocations: check that the base URL leads to an API that lists them")
	errNoNextPage  = errors.New("the page names the next one in a way that is not known, so what follows it cannot be read")
	errPageTooLong = fmt.Errorf("the page has more than %d MiB: ask for fewer invocations a page", maxPage>>20)
)

// parsePage reads a page's body, or says what is wrong with it. A page without entities is none, but they may
// be null.
func parsePage(body []byte, isJSON bool) (page, error) {
	if len(body) > maxPage {
		return page{}, errPageTooLong
	}
	var has struct {
		Entities json.RawMessage `json:"entities"`
	}
	var p page
	if !isJSON || json.Unmarshal(body, &has) != nil || has.Entities == nil || json.Unmarshal(body, &p) != nil {
		return page{}, errNotAPage
	}
	if _, ok := p.next(); !ok {
		return page{}, errNoNextPage
	}
	return p, nil
}
