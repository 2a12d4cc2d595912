package schema

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/xeipuuv/gojsonschema"
)

// rule is what gojsonschema made of one schema, or of several that apply together.
type rule struct {
	schema *gojsonschema.Schema
}

// bundler writes schemas as one document for gojsonschema: only the keywords that it enforces, and each $ref as
// "#/definitions/N". So the library never resolves a name, opens a file, or dials.
type bundler struct {
	definitions map[string]any
}

// compile makes a rule of nodes, all of which apply. Their documents have passed the linter, so an error or a
// panic here is a disagreement between it and the library.
func (l *loader) compile(nodes []*node) (r *rule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("gojsonschema panicked on the schema: %v", p)
		}
	}()
	b := bundler{definitions: map[string]any{}}
	root := map[string]any{"definitions": b.definitions}
	if len(nodes) == 1 {
		root["$ref"] = b.define(nodes[0])
	} else {
		var all []any
		for _, n := range nodes {
			all = append(all, map[string]any{"$ref": b.define(n)})
		}
		root["allOf"] = all
	}
	sl := gojsonschema.NewSchemaLoader()
	sl.AutoDetect = false
	sl.Draft = map[draft]gojsonschema.Draft{
		draft4: gojsonschema.Draft4, draft6: gojsonschema.Draft6, draft7: gojsonschema.Draft7,
	}[l.draft]
	s, err := sl.Compile(gojsonschema.NewRawLoader(root))
	if err != nil {
		return nil, fmt.Errorf("gojsonschema refused the schema: %w", err)
	}
	return &rule{schema: s}, nil
}

// define returns the $ref for n, and sees to it that there is something at its end.
func (b *bundler) define(n *node) string {
	name := strconv.Itoa(n.id)
	if _, ok := b.definitions[name]; !ok {
		b.definitions[name] = nil // taken, while what is inside refers to it
		b.definitions[name] = b.write(n)
	}
	return "#/definitions/" + name
}

// write returns n as the library shall read it.
func (b *bundler) write(n *node) any {
	switch {
	case n.ref != nil:
		return map[string]any{"$ref": b.define(n.ref)}
	case n.is == nil:
		return n.pass
	}
	out := map[string]any{}
	for name, value := range n.is {
		k, known := keywords[name]
		if !known || k.annotation {
			continue
		}
		edges := n.each(name)
		switch v := value.(type) {
		case []any:
			if len(edges) > 0 {
				out[name] = b.list(edges)
				continue
			}
		case map[string]any:
			switch {
			case k.shape == shapeMap || k.shape == shapeDepends:
				out[name] = b.members(edges, v)
				continue
			case len(edges) == 1:
				out[name] = b.write(edges[0].to)
				continue
			}
		}
		out[name] = value
	}
	return out
}

func (b *bundler) list(edges []edge) (list []any) {
	for _, e := range edges {
		list = append(list, b.write(e.to))
	}
	return list
}

// members keeps what is no schema as it is: the lists of names in "dependencies".
func (b *bundler) members(edges []edge, as map[string]any) map[string]any {
	out := maps.Clone(as)
	for _, e := range edges {
		out[e.name] = b.write(e.to)
	}
	return out
}
