package worker

import "flag"

// Carried reads a commit's metadata as the next owner of the partition would: ended tells, asked in ascending
// order, whether the message at an offset has ended.
func Carried(metadata string, position int64) (ended func(offset int64) bool, err error) {
	c, err := decodeCarry(metadata, position)
	return c.ended, err
}

// Update makes the tests write what they compare with: golden files and docs/answers.md.
var Update = flag.Bool("update", false, "rewrite the golden files and docs/answers.md")
