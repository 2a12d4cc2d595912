package config

// Key describes one setting, for documentation and for the flags of the command line.
type Key struct {
	Path     string // in sluice.yaml
	Variable string
	Flag     string // without dashes; empty for a secret, which has no place on a command line
	Default  string // as documentation says it
	Doc      string // a sentence or two
	Secret   bool   // also read from the file that Path + "_file" or Variable + "_FILE" names
}

// Keys returns every setting, in the order in which they are shown.
func Keys() []Key {
	keys := make([]Key, len(table))
	for i := range table {
		keys[i] = table[i].key()
	}
	return keys
}

func (r *row) key() Key {
	k := Key{Path: r.path, Variable: r.env, Flag: r.flag(), Default: r.shown, Doc: r.doc, Secret: r.secret()}
	if k.Default == "" {
		k.Default = r.def
	}
	if k.Default == "" {
		k.Default = "none"
	}
	if k.Secret {
		k.Flag = ""
	}
	return k
}
