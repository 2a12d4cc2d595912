package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// customers is how many keys there are.
const customers = 400

// HeaderEvent is the header with the event's id, which even a payload that cannot be read comes with.
const HeaderEvent = "event-id"

// payload is a message of the default schema.
type payload struct {
	Contact     contact  `json:"contact"`
	Priority    int      `json:"priority"`
	Tags        []string `json:"tags,omitempty"`
	CallbackURL string   `json:"callback_url"`
}

type contact struct {
	ExternalID string   `json:"external_id"`
	Channel    string   `json:"channel"`
	Timestamp  string   `json:"timestamp"`
	Metadata   metadata `json:"metadata"`
}

type metadata struct {
	EventID  string `json:"event_id"`
	Event    string `json:"event"`
	Order    string `json:"order,omitempty"`
	Language string `json:"language"`
}

// Message returns a message as it is produced. Everything in it follows from the seed and its number.
func (t *Traffic) Message(n int64) kafkago.Message {
	dice := rand.New(rand.NewPCG(t.hash(saltPayload, n), t.seed)) //nolint:gosec // sample data
	value, err := json.Marshal(t.payload(n, dice))
	if err != nil {
		panic(err) // cannot be: strings and numbers
	}
	if t.Fate(n) == FateInvalid {
		value = spoil(value, dice)
	}
	return kafkago.Message{
		Key: []byte(customer(t.Customer(n))), Value: value, WriterData: n,
		Headers: []kafkago.Header{{Key: HeaderEvent, Value: []byte(eventID(n))}},
	}
}

// Customer returns whose message it is, from 0; it decides the key. Poison messages that follow one another
// are of different customers, or each would wait for the one before.
func (t *Traffic) Customer(n int64) int {
	if t.Fate(n) == FatePoison {
		return int((t.hash(saltCustomer, -1) + uint64(n/poisonEvery)) % customers) //nolint:gosec // not negative
	}
	return int(t.hash(saltCustomer, n) % customers) //nolint:gosec // below customers
}

// epoch is when the sample events happened, give or take the seed: not now, so that payloads are repeatable.
var epoch = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

var (
	channels  = []string{"chat", "voice", "email", "web"}
	events    = []string{"order.delayed", "order.delivered", "payment.failed", "appointment.due", "callback.requested", "contract.expiring"}
	tags      = []string{"vip", "order", "billing", "retention", "b2b", "app", "follow-up"}
	languages = []string{"de", "en", "es", "fr", "pt"}
)

func (t *Traffic) payload(n int64, dice *rand.Rand) payload {
	at := epoch.Add(time.Duration(t.seed%(365*24)) * time.Hour).Add(time.Duration(n) * 137 * time.Millisecond) //nolint:gosec // below a year
	p := payload{
		Contact: contact{
			ExternalID: customer(t.Customer(n)), Channel: pick(dice, channels), Timestamp: at.Format(time.RFC3339Nano),
			Metadata: metadata{EventID: eventID(n), Event: pick(dice, events), Language: pick(dice, languages)},
		},
		Priority:    1 + dice.IntN(5),
		CallbackURL: "https://crm.example.com/callbacks/" + eventID(n),
	}
	if strings.HasPrefix(p.Contact.Metadata.Event, "order.") {
		p.Contact.Metadata.Order = fmt.Sprintf("A-%06d", dice.IntN(1_000_000))
	}
	for range dice.IntN(4) {
		p.Tags = append(p.Tags, pick(dice, tags))
	}
	return p
}

func pick(dice *rand.Rand, from []string) string { return from[dice.IntN(len(from))] }

// mistakes are what producers get wrong; each makes a payload invalid.
var mistakes = []func(p map[string]any, c map[string]any){
	func(_, c map[string]any) { delete(c, "external_id") },
	func(_, c map[string]any) { c["channel"] = "fax" },
	func(_, c map[string]any) { c["timestamp"] = strings.TrimSuffix(c["timestamp"].(string), "Z") }, //nolint:forcetypeassert // as payload writes it
	func(p, _ map[string]any) { p["priority"] = "high" },
	func(p, _ map[string]any) { p["priority"] = 9 },
	func(p, _ map[string]any) { p["tags"] = strings.Split("a b c d e f g h i j k", " ") },
	func(p, _ map[string]any) { p["callback_url"] = "crm.example.com/callbacks" },
	func(p, _ map[string]any) { delete(p, "callback_url"); delete(p, "priority") },
}

// spoil makes a valid payload invalid: cut off in one case of many, else with one of the mistakes.
func spoil(value []byte, dice *rand.Rand) []byte {
	kind := dice.IntN(len(mistakes) + 1)
	if kind == len(mistakes) {
		return value[:len(value)*2/3]
	}
	var p map[string]any
	if err := json.Unmarshal(value, &p); err != nil {
		panic(err) // cannot be: it was marshalled just now
	}
	mistakes[kind](p, p["contact"].(map[string]any)) //nolint:forcetypeassert // as payload writes it
	value, err := json.Marshal(p)
	if err != nil {
		panic(err) // cannot be, as above
	}
	return value
}

func customer(i int) string { return fmt.Sprintf("customer-%04d", i) }

const eventPrefix = "evt-"

func eventID(n int64) string { return fmt.Sprintf(eventPrefix+"%08d", n) }

// number returns the number in an event's id, or false where it is not one of ours.
func number(id string) (int64, bool) {
	digits, ok := strings.CutPrefix(id, eventPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0
}

// payloadID returns the event's id in a payload; the fake knows messages by it.
func payloadID(value []byte) string {
	var p payload
	if json.Unmarshal(value, &p) != nil {
		return ""
	}
	return p.Contact.Metadata.EventID
}
