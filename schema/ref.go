package schema

import (
	"net/url"
	"path"
	"strconv"
	"strings"
)

// addName notes the $id of n, if it has one: a new base for the references inside, or a name for n itself.
func (l *loader) addName(n *node) {
	keyword := "$id"
	if l.draft == draft4 {
		keyword = "id"
	}
	id, ok := n.is[keyword].(string)
	if _, isRef := n.is["$ref"]; !ok || isRef {
		return
	}
	u, err := url.Parse(id)
	if err != nil {
		return // the metaschema demands a uri-reference
	}
	name := resolveURI(n.base, u)
	if _, taken := l.ids[name]; taken {
		l.problem(n.doc, n.at+"/"+keyword, "two schemas have the %s %q", keyword, id)
		return
	}
	l.ids[name] = n
	if !strings.HasPrefix(id, "#") {
		n.base, n.resource = name, n
	}
}

// link resolves the $ref of n.
func (l *loader) link(n *node) {
	text, ok := n.is["$ref"].(string)
	if !ok {
		return
	}
	target, why := l.resolve(n, text)
	if target == nil {
		l.problem(n.doc, n.at+"/$ref", "%s", why)
		target = &node{doc: n.doc, pass: true} // so that n is still known for a reference
	}
	n.ref = target
}

// resolve finds the schema that a $ref means: in this document, by the $id of another one that is loaded, or in
// a file beside. Nothing is ever fetched: a worker that cannot start because some server is down, or starts
// with another schema than yesterday's, is worse than one that says no.
func (l *loader) resolve(n *node, text string) (target *node, why string) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, "is not a URI reference"
	}
	if target := l.ids[resolveURI(n.base, u)]; target != nil {
		return target, ""
	}
	fragment := u.Fragment
	u.Fragment, u.RawFragment = "", ""
	resource := n.resource
	switch named := l.ids[resolveURI(n.base, u)]; {
	case u.String() == "":
	case named != nil:
		resource = named
	case u.Scheme != "" || u.Host != "":
		return nil, "is remote: sluice fetches nothing; put a copy beside the schema and name the file"
	default:
		if resource, why = l.besideFile(n.doc, u.Path); resource == nil {
			return nil, why
		}
	}
	return l.inside(resource, fragment)
}

// besideFile returns the root of the schema file at name, relative to doc.
func (l *loader) besideFile(doc *document, name string) (root *node, why string) {
	if l.beside == nil {
		return nil, "names a file, but this schema was not loaded from a folder"
	}
	full := path.Join(path.Dir(doc.name), name)
	if path.IsAbs(name) || full == ".." || strings.HasPrefix(full, "../") {
		return nil, "leads out of the schema's folder: put a copy into it"
	}
	if known, ok := l.docs[full]; ok {
		if root = known.nodes[""]; root == nil {
			return nil, "names a file that is refused"
		}
		return root, ""
	}
	raw, err := l.read(full)
	if err != nil {
		return nil, "the file " + name + " beside the schema cannot be read: " + fileCause(err).Error()
	}
	if root = l.addDocument(full, raw); root == nil {
		return nil, "names a file that is refused"
	}
	return root, ""
}

// inside resolves the fragment of a reference in the resource that it leads to.
func (l *loader) inside(resource *node, fragment string) (target *node, why string) {
	tokens, ok := pointerTokens(fragment)
	if !ok {
		return nil, "names a schema that is not there: no $id is \"#" + fragment + "\""
	}
	if target := resource.doc.nodes[resource.at+fragment]; target != nil {
		return target, ""
	}
	value, ok := lookup(resource.value(), tokens)
	if !ok {
		return nil, astray(resource.value(), tokens)
	}
	switch value.(type) {
	case map[string]any, bool:
		return l.addNode(resource.doc, resource.at+fragment, value, resource), ""
	}
	return nil, "points to something that is not a schema"
}

// astray says at which name the way through a document ends, and which was probably meant.
func astray(value any, tokens []string) string {
	for _, token := range tokens {
		inner, ok := lookup(value, []string{token})
		if ok {
			value = inner
			continue
		}
		text := "points to nothing: there is no " + strconv.Quote(token)
		if members, ok := value.(map[string]any); ok {
			if near := nearest(token, members); near != "" {
				text += "; did you mean " + strconv.Quote(near) + "?"
			}
		}
		return text
	}
	return "points to nothing"
}

// value is the schema as it was decoded.
func (n *node) value() any {
	if n.is == nil {
		return n.pass
	}
	return n.is
}

// lookup follows pointer tokens through a decoded document.
func lookup(value any, tokens []string) (any, bool) {
	for _, token := range tokens {
		switch v := value.(type) {
		case map[string]any:
			inner, ok := v[token]
			if !ok {
				return nil, false
			}
			value = inner
		case []any:
			i, ok := arrayIndex(token)
			if !ok || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// resolveURI is u read against base (RFC 3986 section 5).
func resolveURI(base string, u *url.URL) string {
	b, err := url.Parse(base)
	if err != nil { // an $id that the metaschema refuses
		return u.String()
	}
	return b.ResolveReference(u).String()
}
