package config

import (
	"maps"
	"slices"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// entry is what one source says about one setting. It travels through koanf as a whole, so that the origin
// of a value follows from the same merge as the value. Its fields are exported because koanf copies values
// by reflection.
type entry struct {
	Raw      any // string, []string or map[string]string
	FromFile bool
	Origin   Origin
}

// read returns the value itself, reading the file that holds it where there is one.
func (e entry) read() (any, *flaw) {
	if !e.FromFile {
		return e.Raw, nil
	}
	path, ok := e.Raw.(string)
	if !ok {
		return nil, &flaw{"not a path", "name one file"}
	}
	return readSecret(path)
}

// layer is what one source says, by YAML path.
type layer map[string]entry

// merge lays the layers over one another, the weakest first.
func merge(layers ...layer) (layer, error) {
	k := koanf.New(".")
	for _, l := range layers {
		values := make(map[string]any, len(l))
		for path, e := range l {
			values[path] = e
		}
		if err := k.Load(confmap.Provider(values, "."), nil); err != nil {
			return nil, err
		}
	}
	merged := layer{}
	for i := range table {
		if e, ok := k.Get(table[i].path).(entry); ok {
			merged[table[i].path] = e
		}
	}
	return merged, nil
}

// put adds what a source says under a setting's own name, or under the name that reads it from a file. It
// reports a problem where the same source says both.
func (l layer) put(r *row, e entry) []Problem {
	if first, ok := l[r.path]; ok && first.FromFile != e.FromFile {
		return []Problem{{
			Where: e.Origin.where(r), Problem: "set both as a value and as a file",
			Fix: "keep one of them", path: r.path, needs: r.need(),
		}}
	}
	l[r.path] = e
	return nil
}

// names returns the names that a source may use, with the row that each sets: one a row and, for secrets,
// one more that names a file.
func names(of func(*row) string, suffix string) map[string]*row {
	all := make(map[string]*row, len(table)+2)
	for i := range table {
		r := &table[i]
		all[of(r)] = r
		if r.secret() {
			all[of(r)+suffix] = r
		}
	}
	return all
}

var (
	paths     = names(func(r *row) string { return r.path }, fileSuffix)
	variables = names(func(r *row) string { return r.env }, fileVariable)
)

// nearestOf returns the name closest to a mistyped one, or "".
func nearestOf(name string, among map[string]*row) string {
	return Nearest(name, slices.Sorted(maps.Keys(among)))
}
