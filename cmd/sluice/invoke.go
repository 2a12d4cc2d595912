package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
	"github.com/sluice-kafka/sluice/worker"
)

// invokeOptions are the flags of `invoke`.
type invokeOptions struct {
	dryRun  bool
	id, key string
	headers []string
	output  string
}

func (a *app) invokeCmd() *cobra.Command {
	var o invokeOptions
	cmd := &cobra.Command{
		Use:   "invoke FILE|-",
		Short: "Validate one payload and invoke the Data Action with it, once",
		Long: `Validate one payload and invoke the Data Action with it, once: as the worker would, but without
Kafka, retries or dead letters. FILE holds one JSON document; - is standard input.

The structured result goes to standard output: {"status":"success","data":…,"request_id":…} or
{"status":"error","code":…,"message":…,"details":…}. What it means, whether the Data Action ran, and
what to do about it are told on standard error.

This is no rehearsal: the Data Action runs. With --dry-run the payload is validated, the request is
shown, and nothing is sent, not even for a token.

Exit code 0 if the API accepted it, 1 if the payload is invalid or the API did not accept it, 2 if the
file cannot be read or holds more than one document, 4 if the credentials were refused.`,
		Example: `  sluice invoke order.json --dry-run
  sluice invoke order.json
  sluice invoke - < order.json | jq -r .data.invocationId
  sluice invoke order.json --header traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error { return a.invoke(cmd, args[0], o) },
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show the request instead of sending it")
	cmd.Flags().StringArrayVar(&o.headers, "header", nil, "`NAME=VALUE` of a header as the message would have it; traceparent is passed on, input properties may be fed from it")
	cmd.Flags().StringVar(&o.id, "id", "", "`ID` of the message, for an input property that is fed from $id (the worker's is topic/partition/offset)")
	cmd.Flags().StringVar(&o.key, "key", "", "`KEY` of the message, for one that is fed from $key")
	cmd.Flags().StringVarP(&o.output, "output", "o", formatJSON, "`format`: json, or ndjson (on one line)")
	settings(cmd, "schema.", "genesys.")
	return cmd
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("name one file, or - for standard input")
	}
	return nil
}

func (a *app) invoke(cmd *cobra.Command, name string, o invokeOptions) error {
	if o.output != formatJSON && o.output != formatNDJSON {
		return usageError("--output: use json or ndjson (got %q)", o.output)
	}
	headers, err := parseHeaders(o.headers)
	if err != nil {
		return err
	}
	cfg, err := a.load(cmd, config.ForInvoke)
	if err != nil {
		return err
	}
	validator, err := newValidator(cfg)
	if err != nil {
		return err
	}
	if err := checkInput(cfg, validator); err != nil {
		return err
	}
	client, err := newClient(cfg, nil, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	a.warnOfStyle(cfg)
	doc, err := a.oneDocument(cmd.Context(), name, int(cfg.Schema.MaxBytes))
	if err != nil {
		return err
	}
	i := &invocation{
		app: a, client: client, file: name, api: genesys.API(cfg.Genesys.API),
		out: objectWriter{out: a.streams.Out, format: outputFormat(o.output), bare: true},
	}
	checked := verdict{document: doc}
	checked.payload, err = validator.Validate(doc.raw)
	if errors.As(err, &checked.invalid) {
		checked.tellSize()
		return i.invalid(checked.invalid)
	}
	if err != nil {
		return err
	}
	request := genesys.Request{Payload: checked.payload, ID: o.id, Timestamp: time.Now(), Headers: headers}
	if cmd.Flags().Changed("key") {
		request.Key = []byte(o.key)
	}
	if o.dryRun {
		return i.preview(request)
	}
	return i.send(cmd.Context(), request)
}

// parseHeaders reads NAME=VALUE.
func parseHeaders(given []string) ([]genesys.Header, error) {
	var headers []genesys.Header
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usageError("--header: want NAME=VALUE, such as traceparent=00-… (got %q)", text)
		}
		headers = append(headers, genesys.Header{Key: name, Value: []byte(value)})
	}
	return headers, nil
}

// oneDocument reads a file that holds one document, or none, which is then an empty one.
func (a *app) oneDocument(ctx context.Context, name string, maxBytes int) (document, error) {
	shown, in := name, io.NopCloser(a.streams.In)
	if name == stdinName {
		shown = "stdin"
	} else {
		var err error
		if in, err = openFile(name); err != nil {
			return document{}, &exitError{code: exitUsage, err: err}
		}
	}
	defer in.Close() //nolint:errcheck // only read from
	documents := newDocuments(interruptible(ctx, in), name, maxBytes)
	doc, found, err := documents.next()
	if err == nil && !found {
		return document{line: 1, raw: []byte{}}, nil
	}
	var more bool
	var another document
	if err == nil {
		another, more, err = documents.next()
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return document{}, err
	case err != nil:
		return document{}, &exitError{code: exitUsage, err: &unreadableError{shown, err}}
	case more:
		return document{}, &exitError{
			code: exitUsage,
			err:  fmt.Errorf("%s holds more than one document, the second on line %d; invoke sends one", shown, another.line),
			try:  fmt.Sprintf("sluice validate %s to check them all, sluice produce %[1]s to have the worker send them", name),
		}
	}
	return doc, nil
}

// warnOfStyle says that Genesys's own hosts do not speak the style.
func (a *app) warnOfStyle(cfg *config.Config) {
	api := clientConfig(cfg, nil, nil).Resolve()
	if api.API == genesys.APIProcesses && genesys.HostedByGenesys(api.BaseURL) {
		fmt.Fprintf(a.streams.Err, "%s %s has no /processes paths: set GENESYS_BASE_URL to the gateway that speaks them, or GENESYS_API=integrations\n",
			a.streams.ErrStyle().Yellow("Warning:"), api.BaseURL)
	}
}

// invocation is one run of the command.
type invocation struct {
	*app
	client *genesys.Client
	api    genesys.API
	file   string
	out    objectWriter
}

func (i *invocation) print(v any) error {
	if err := i.out.add(v); err != nil {
		return err
	}
	return i.out.end()
}

// accepted is the success, in the shape that all commands share.
type accepted struct {
	Status    string          `json:"status"`
	Data      json.RawMessage `json:"data"` // the API's answer; null where it is empty
	RequestID string          `json:"request_id,omitempty"`
}

// send makes the attempt.
func (i *invocation) send(ctx context.Context, r genesys.Request) error {
	began := time.Now()
	var result genesys.Result
	var err error
	i.watched("waiting for the API", func(func(string)) { result, err = i.client.Attempt(ctx, r) })
	var failed *genesys.Error
	switch {
	case errors.As(err, &failed) && failed.Kind == genesys.KindCanceled:
		return i.interrupted(failed)
	case failed != nil:
		return i.failed(failed)
	case err != nil:
		return err
	}
	data := result.Data
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	if err := i.print(accepted{"success", data, result.RequestID}); err != nil {
		return err
	}
	i.tellAccepted(result, time.Since(began))
	return nil
}

// previewed is what --dry-run prints.
type previewed struct {
	Status  string          `json:"status"`
	DryRun  bool            `json:"dry_run"`
	Request requestShown    `json:"request"`
	Data    json.RawMessage `json:"data"` // the request's body
}

type requestShown struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	BodyBytes int64             `json:"body_bytes"`
}

// preview shows the request instead of sending it.
func (i *invocation) preview(r genesys.Request) error {
	request, err := i.client.Preview(r)
	var failed *genesys.Error
	if errors.As(err, &failed) {
		return i.failed(failed)
	}
	if err != nil {
		return err
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	shown := requestShown{request.Method, request.URL.String(), headersShown(request.Header), request.ContentLength}
	if err := i.print(previewed{"success", true, shown, body}); err != nil {
		return err
	}
	fmt.Fprintln(i.streams.Err, "the payload is valid; nothing was sent (--dry-run)")
	return nil
}

func headersShown(h http.Header) map[string]string {
	shown := make(map[string]string, len(h))
	for name, values := range h {
		shown[name] = strings.Join(values, ", ")
	}
	return shown
}

// invalid tells of a payload that breaks the schema.
func (i *invocation) invalid(e *schema.Error) error {
	if err := i.print(invalidPayload(e)); err != nil {
		return err
	}
	i.tell(invalidRecord(e), nil)
	return errSilent
}

// failed tells of an attempt that the API did not accept.
func (i *invocation) failed(e *genesys.Error) error {
	r := worker.Outcome(e)
	if err := i.print(r.Structured()); err != nil {
		return err
	}
	i.tell(r, e)
	if e.Kind == genesys.KindUnauthorized {
		return &exitError{code: exitCredentials, err: errSilent}
	}
	return errSilent
}
