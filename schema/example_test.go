package schema_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/sluice-kafka/sluice/schema"
)

func Example() {
	v, err := schema.Compile(schema.Default(), schema.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	payload, err := v.Validate([]byte(`{
  "contact": {"external_id": "c-1", "channel": "chat", "timestamp": "2026-01-31T12:00:00Z"},
  "priority": 3, "callback_url": "https://example.com"
}`))
	fmt.Println(string(payload), err)

	_, err = v.Validate([]byte(`{"contact": {"external_id": "c-1", "channel": "sms"}, "priority": 3.0}`))
	if e := new(schema.Error); errors.As(err, &e) {
		for _, violation := range e.Violations {
			fmt.Println(violation.Path, violation.Message)
		}
	}
	// Output:
	// {
	//   "contact": {"external_id": "c-1", "channel": "chat", "timestamp": "2026-01-31T12:00:00Z"},
	//   "priority": 3, "callback_url": "https://example.com","tags":[]
	// } <nil>
	// /callback_url is required
	// /contact/channel must be one of chat, voice, email, web
	// /contact/timestamp is required
	// /priority must be written as an integer, without a decimal point or an exponent
}
