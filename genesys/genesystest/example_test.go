package genesystest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func Example() {
	api := genesystest.New(genesystest.Options{
		Behaviour: genesystest.Script(genesystest.PathInvoke, genesystest.Answer{Status: 503}),
	})
	defer api.Close()
	srv := httptest.NewServer(api)
	defer srv.Close()

	post := func(path, contentType, token, body string) *http.Response {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, srv.URL+path, strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		return res
	}

	res := post("/api/v2/oauth/token", "application/x-www-form-urlencoded", "",
		"grant_type=client_credentials&client_id=any&client_secret=any&scope=dataaction:execute")
	defer res.Body.Close()
	var token struct {
		Value string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil {
		panic(err)
	}
	for range 2 {
		res := post("/api/v2/processes/data-actions/my-action/invocations", "application/json", token.Value,
			`{"contact":{"external_id":"c-1"}}`)
		fmt.Println(res.Status)
		_ = res.Body.Close()
	}
	for _, e := range api.Executions() {
		fmt.Println("executed", e.Seq, e.ID)
	}
	// Output:
	// 503 Service Unavailable
	// 202 Accepted
	// executed 1 c-1
}

// A storm of 503s and 429s over slow answers, as another program would switch it on: PUT this to /_faults.
func ExampleServer_SetFault() {
	api := genesystest.New(genesystest.Options{Seed: 1})
	defer api.Close()
	api.SetFault(
		genesystest.Fault{Latency: genesystest.Latency{P50: genesystest.Duration(80 * time.Millisecond), P99: genesystest.Duration(2 * time.Second)}},
		genesystest.Fault{Status: 503, Rate: 0.3, For: genesystest.Duration(10 * time.Second), Every: genesystest.Duration(time.Minute)},
		genesystest.Fault{Status: 429, RetryAfter: 2, Rate: 0.05, Paths: genesystest.PathInvoke},
	)
	asJSON, err := json.Marshal(api.Faults())
	if err != nil {
		panic(err)
	}
	fmt.Println(string(asJSON))
	// Output:
	// [{"latency":{"p50":"80ms","p99":"2s"}},{"status":503,"rate":0.3,"for":"10s","every":"1m0s"},{"status":429,"retry_after":2,"paths":"invoke","rate":0.05}]
}
