package config

import (
	"fmt"
	"io"
	"strings"
)

// originColumn is where the origins begin, if the value leaves room.
const originColumn = 52

// Print writes the effective configuration as a sluice.yaml, with the origin of each value behind it.
// Secrets are masked. The error is that of w.
func (c *Config) Print(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# default < sluice.yaml < .env < environment < flag\n")
	var groups []string
	for i := range table {
		r := &table[i]
		segments := strings.Split(r.path, ".")
		last := len(segments) - 1
		for depth, name := range segments[:last] {
			if depth < len(groups) && groups[depth] == name {
				continue
			}
			groups = groups[:min(depth, len(groups))]
			groups = append(groups, name)
			fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", depth), name)
		}
		groups = groups[:last]
		line := strings.Repeat("  ", last) + segments[last] + ": " + encode(r.field(c))
		fmt.Fprintf(&b, "%-*s # %s\n", originColumn, line, c.origins[r.path])
	}
	_, err := io.WriteString(w, b.String())
	return err
}
