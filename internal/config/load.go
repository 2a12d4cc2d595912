package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// The files that are read where they exist.
const (
	defaultFile = "sluice.yaml"
	dotEnvFile  = ".env"
)

// Options says where [Load] looks. The zero value reads the current directory and the environment.
type Options struct {
	// File is the YAML file, which then must exist. If empty, sluice.yaml in Dir where there is one.
	File string
	// Dir holds sluice.yaml and .env. If empty, the current directory.
	Dir string
	// Environ is the environment as "NAME=value". If nil, the process's.
	Environ []string
	// Flags holds the flags that were set, by [Key.Flag].
	Flags map[string]string
}

// Load reads every source and returns the effective configuration. It does not fail: what is wrong is
// reported by [Config.Require], and a value that cannot be used leaves its default in place, so that
// [Config.Print] has something to show. Load changes nothing outside its result.
func Load(o Options) *Config {
	c := &Config{origins: map[string]Origin{}}
	env := o.Environ
	if env == nil {
		env = os.Environ()
	}
	vars := environ(env)
	merged, err := merge(
		c.fromFile(o),
		c.fromDotEnv(o.Dir, vars),
		c.fromVariables(SourceEnvironment, vars),
		c.fromFlags(o.Flags),
	)
	if err != nil { // koanf fails on its own providers only
		c.problems = append(c.problems, Problem{Where: "configuration", Problem: err.Error()})
	}
	for i := range table {
		c.set(&table[i], merged)
	}
	c.derive()
	c.check()
	return c
}

func (c *Config) fromFile(o Options) layer {
	name, optional := o.File, false
	if name == "" {
		name, optional = defaultFile, true
	}
	at := name
	if optional {
		at = filepath.Join(o.Dir, name)
	}
	data, ok := c.read(name, at, optional)
	if !ok {
		return nil
	}
	l, problems := readYAML(name, data)
	c.problems = append(c.problems, problems...)
	return l
}

func (c *Config) fromDotEnv(dir string, env map[string]string) layer {
	data, ok := c.read(dotEnvFile, filepath.Join(dir, dotEnvFile), true)
	if !ok {
		return nil
	}
	vars, problems := readDotEnv(data, env)
	c.problems = append(c.problems, problems...)
	return c.fromVariables(SourceDotEnv, vars)
}

func (c *Config) fromVariables(source Source, vars map[string]string) layer {
	l, problems, warnings := readVariables(source, vars)
	c.problems = append(c.problems, problems...)
	c.warnings = append(c.warnings, warnings...)
	return l
}

func (c *Config) fromFlags(flags map[string]string) layer {
	l := layer{}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		i := slices.IndexFunc(table, func(r row) bool { return r.flag() == name && !r.secret() })
		if i < 0 {
			c.problems = append(c.problems, Problem{Where: "--" + name, Problem: "not the flag of a setting"})
			continue
		}
		l[table[i].path] = entry{Raw: flags[name], Origin: Origin{Source: SourceFlag, Name: "--" + name}}
	}
	return l
}

// read returns the content of a file, or false where there is none to use.
func (c *Config) read(name, at string, optional bool) ([]byte, bool) {
	data, err := readBounded(at)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		c.unread = true
		c.problems = append(c.problems, Problem{
			Where: name, Problem: "cannot be read, " + err.Error(), Fix: "check the path and its permissions",
		})
		return nil, false
	}
	c.files = append(c.files, name)
	return data, true
}

func readBounded(at string) ([]byte, error) {
	f, err := os.Open(at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("larger than %v", Bytes(maxFile))
	}
	return data, err
}

// set gives a setting its default and then, where a source has one and it can be used, that value. What
// cannot be used does not get into the Config: nobody can act on it, and nothing can print it.
func (c *Config) set(r *row, merged layer) {
	if r.def != "" {
		_ = decode(r.field(c), r.def) // a test decodes every default
	}
	e, ok := merged[r.path]
	if !ok {
		return
	}
	var trial Config
	raw, fl := e.read()
	if fl == nil {
		fl = r.judge(r.field(&trial), raw)
	}
	if fl != nil {
		c.problems = append(c.problems, Problem{
			Where: e.Origin.where(r), Problem: fl.problem, Got: r.got(e), Fix: fl.fix, path: r.path, needs: r.need(),
		})
		return
	}
	_ = decode(r.field(c), raw)
	c.origins[r.path] = e.Origin
}

// judge decodes a raw value into field and says what is wrong with it, if anything.
func (r *row) judge(field, raw any) *flaw {
	if fl := decode(field, raw); fl != nil {
		return fl
	}
	if r.rule != nil {
		if fl := r.rule(field); fl != nil {
			return fl
		}
	}
	return nil
}
