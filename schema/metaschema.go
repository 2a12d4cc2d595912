package schema

import (
	"fmt"
	"sync"

	"github.com/xeipuuv/gojsonschema"
)

// metaschemas holds each draft's schema for schemas, compiled when first needed. The library has their texts
// built in: nothing is fetched.
var metaschemas = map[draft]func() (*rule, error){
	draft4: sync.OnceValues(func() (*rule, error) { return compileMeta(draft4) }),
	draft6: sync.OnceValues(func() (*rule, error) { return compileMeta(draft6) }),
	draft7: sync.OnceValues(func() (*rule, error) { return compileMeta(draft7) }),
}

func compileMeta(d draft) (*rule, error) {
	s, err := gojsonschema.NewSchema(gojsonschema.NewReferenceLoader(d.url()))
	if err != nil {
		return nil, fmt.Errorf("compile metaschema of %s: %w", d, err)
	}
	return &rule{schema: s}, nil
}

// lintMeta checks a schema file against its draft's metaschema: types and values of the keywords.
func (l *loader) lintMeta(doc *document) {
	meta, err := metaschemas[l.draft]()
	if err != nil {
		l.problem(doc, "", "%s", err)
		return
	}
	var r report
	r.check(meta, doc.root, "", nil)
	for _, v := range r.found {
		switch v.Keyword {
		case "anyOf", "oneOf": // the library lists what the nearest alternative misses as well
			continue
		}
		message := v.Message
		if v.Keyword == "format" && v.Expected == "regex" {
			message = "is not a regular expression that sluice can run (RE2 syntax: no look-around, no back-references)"
		}
		l.problem(doc, v.Path, "%s", message)
	}
}
