package genesys

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxLife is how long a token is used at most: the longest life that Genesys gives one. What claims more is
// renewed once more often than it asks for.
const maxLife = 172_800 * time.Second

// plainLife returns a token answer with its expires_in as a whole number of seconds that x/oauth2 can read. RFC 6749 has a number
// there, but servers send strings, fractions and what no integer holds. What is no number at all is left as
// it is, and refused.
func plainLife(body []byte) []byte {
	var answer map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil {
		return body
	}
	raw, ok := answer["expires_in"]
	if !ok {
		return body
	}
	life, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil && !math.IsInf(life, 0) {
		return body
	}
	switch {
	case life > maxLife.Seconds():
		life = maxLife.Seconds()
	case life > 0 && life < 1:
		life = 1
	case life > 0:
	default: // zero, negative or NaN: as good as missing
		life = 0
	}
	answer["expires_in"] = strconv.AppendInt(nil, int64(life), 10)
	plain, err := json.Marshal(answer)
	if err != nil {
		return body // cannot be: all of it has just been read
	}
	return plain
}
