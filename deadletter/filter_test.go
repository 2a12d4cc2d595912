package deadletter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReader_Filter(t *testing.T) {
	base := sample(CodeActionFailed).FailedAt
	for name, tt := range map[string]struct {
		filter Filter
		want   []string
	}{
		"all":            {Filter{}, []string{"payloads/3/0", "payloads/3/1", "payloads/3/2", "payloads/3/3"}},
		"code":           {Filter{Codes: []Code{CodeActionFailed}}, []string{"payloads/3/0"}},
		"codes":          {Filter{Codes: []Code{CodeActionFailed, CodeNetworkError}}, []string{"payloads/3/0", "payloads/3/3"}},
		"class":          {Filter{Classes: []Class{ClassContract}}, []string{"payloads/3/1"}},
		"fingerprint":    {Filter{Fingerprints: []string{sample(CodeCircuitOpen).Fingerprint()}}, []string{"payloads/3/2"}},
		"id":             {Filter{IDs: []string{"payloads/3/2", "payloads/3/9"}}, []string{"payloads/3/2"}},
		"since":          {Filter{Since: base.Add(2 * time.Minute)}, []string{"payloads/3/2", "payloads/3/3"}},
		"until":          {Filter{Until: base.Add(2 * time.Minute)}, []string{"payloads/3/0", "payloads/3/1"}},
		"all hold":       {Filter{Codes: []Code{CodeActionFailed}, Since: base.Add(time.Minute)}, nil},
		"none as new":    {Filter{Since: base.AddDate(100, 0, 0)}, nil},
		"at most two":    {Filter{Limit: 2}, []string{"payloads/3/0", "payloads/3/1"}},
		"before it all":  {Filter{Until: base}, nil},
		"unknown header": {Filter{Codes: []Code{"OTHER"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			onShelf(t, func(t *testing.T, s *shelf) {
				all := []Record{failed(0, CodeActionFailed, 0), failed(1, CodeValidationFailed, 1), failed(2, CodeCircuitOpen, 2), failed(3, CodeNetworkError, 3)}
				for i, r := range all {
					m := r.KafkaMessage()
					m.Time = r.FailedAt
					if i%2 == 1 { // the record itself answers where headers do not
						m.Headers = nil
					}
					s.broker.Produce(t, topic, m)
				}
				require.Equal(t, tt.want, ids(t, s.Scan(t.Context(), tt.filter)))
			})
		})
	}
}

// Headers decide before a record is parsed: what they exclude need not even be a record.
func TestReader_FilterByHeadersFirst(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		m := failed(1, CodeActionFailed, 0).KafkaMessage()
		m.Value = []byte("garbage")
		s.broker.Produce(t, topic, m)
		require.Empty(t, ids(t, s.Scan(t.Context(), Filter{Codes: []Code{CodeCircuitOpen}})))
	})
}

// fine is a record with something of everything that filters look into.
func fine() Record {
	r := failed(1, CodeValidationFailed, 0)
	r.Violations = []Violation{{Path: "/tags/11", Keyword: "maxItems"}, {Path: "/contact/channel", Keyword: "enum"}}
	r.Payload = []byte(`{ "contact": {"channel":"fax","a/b":null}, "priority":3.0, "vip":true,
		"tags":["x",{"n":7}], "quoted":"\"3\"", "0":"zero" }`)
	return r
}

func TestFilter_LooksIntoTheRecord(t *testing.T) {
	for name, tt := range map[string]struct {
		filter Filter
		want   bool
	}{
		"a violation's path":       {Filter{Paths: []string{"/contact/channel"}}, true},
		"any position":             {Filter{Paths: []string{"/tags/*"}}, true},
		"this position":            {Filter{Paths: []string{"/tags/11"}}, true},
		"another position":         {Filter{Paths: []string{"/tags/1"}}, false},
		"only positions":           {Filter{Paths: []string{"/contact/*"}}, false},
		"the path above":           {Filter{Paths: []string{"/contact"}}, false},
		"the payload as a whole":   {Filter{Paths: []string{""}}, false},
		"any of the paths":         {Filter{Paths: []string{"/x", "/contact/channel"}}, true},
		"the group":                {Filter{Groups: []string{"sluice"}}, true},
		"another group":            {Filter{Groups: []string{"other"}}, false},
		"a header":                 {Filter{Headers: []NameValue{{"binary", "\xff\x00"}}}, true},
		"an empty header":          {Filter{Headers: []NameValue{{"empty", ""}}}, true},
		"a null is not empty":      {Filter{Headers: []NameValue{{"null", ""}}}, false},
		"all headers":              {Filter{Headers: []NameValue{{"empty", ""}, {"binary", "no"}}}, false},
		"a key":                    {Filter{Keys: [][]byte{[]byte("customer-17")}}, true},
		"the beginning of a key":   {Filter{Keys: [][]byte{[]byte("customer-1")}}, false},
		"an empty key":             {Filter{Keys: [][]byte{{}}}, false},
		"a string field":           {Filter{Where: []NameValue{{"/contact/channel", "fax"}}}, true},
		"a string as JSON":         {Filter{Where: []NameValue{{"/contact/channel", `"fax"`}}}, true},
		"a number as it is sent":   {Filter{Where: []NameValue{{"/priority", "3.0"}}}, true},
		"a number sent otherwise":  {Filter{Where: []NameValue{{"/priority", "3"}}}, false},
		"a number that is quoted":  {Filter{Where: []NameValue{{"/quoted", `"3"`}}}, true},
		"a truth":                  {Filter{Where: []NameValue{{"/vip", "true"}}}, true},
		"null, and escapes":        {Filter{Where: []NameValue{{"/contact/a~1b", "null"}}}, true},
		"an item":                  {Filter{Where: []NameValue{{"/tags/0", "x"}}}, true},
		"any item":                 {Filter{Where: []NameValue{{"/tags/*/n", "7"}}}, true},
		"beyond the items":         {Filter{Where: []NameValue{{"/tags/2", "x"}}}, false},
		"an object":                {Filter{Where: []NameValue{{"/tags/1", `{"n":7}`}}}, true},
		"a member that is a digit": {Filter{Where: []NameValue{{"/0", "zero"}}}, true},
		"a missing field":          {Filter{Where: []NameValue{{"/contact/channel/x", "fax"}}}, false},
		"all fields":               {Filter{Where: []NameValue{{"/vip", "true"}, {"/priority", "4"}}}, false},
		"all kinds":                {Filter{Where: []NameValue{{"/vip", "true"}}, Paths: []string{"/x"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			onShelf(t, func(t *testing.T, s *shelf) {
				s.put(t, 0, fine())
				require.Len(t, ids(t, s.Scan(t.Context(), tt.filter)), map[bool]int{true: 1}[tt.want])
			})
		})
	}
}

// What is cut is said to be out of sight, and a key that is cut is found by its hash.
func TestFilter_WhatIsCut(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		r := fine()
		r.Source.Key = []byte("a key that is far too long for the topic it is to be written to")
		key := r.Source.Key
		s.put(t, 0, fit(r, 900).record)
		tombstone := failed(2, CodeValidationFailed, 0)
		tombstone.Payload = nil
		s.put(t, 0, tombstone)

		l, err := s.List(t.Context(), Filter{Where: []NameValue{{"/vip", "true"}}})
		require.NoError(t, err)
		require.Empty(t, l.Entries)
		require.EqualValues(t, 2, l.Scanned.Unsearched)

		l, err = s.List(t.Context(), Filter{Keys: [][]byte{key}})
		require.NoError(t, err)
		require.Len(t, l.Entries, 1)
		require.Nil(t, l.Entries[0].Source.Key)
		require.Zero(t, l.Scanned.Unsearched)
	})
}
