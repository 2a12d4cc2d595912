package results

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// shortKey is the size in bytes up to which a key is kept however small the topic: its hash is not smaller.
const shortKey = 32

// steps make a record smaller, each one further than the last, and report whether there was something to cut.
// They change nothing that the record shares with its caller, but for its Cut, which is theirs.
var steps = []struct {
	part Part
	cut  func(*Record) bool
}{
	{PartData, cutData},
	{PartHeaders, cutHeaders},
	{PartKey, cutKey},
}

// fit cuts as little of a record as it takes to be a batch of at most limit bytes. Where even the smallest
// form is larger, it returns that.
func fit(r Record, limit int) kafka.Form {
	if len(r.Data) <= limit { // no form of it is smaller
		if whole := form(r); whole.Size <= limit {
			return whole
		}
	}
	r.Cut = &Cut{}
	for _, step := range steps {
		if !step.cut(&r) {
			continue
		}
		r.Cut.Parts = append(r.Cut.Parts, step.part)
		if f := form(r); f.Size <= limit {
			return f
		}
	}
	if len(r.Cut.Parts) == 0 {
		r.Cut = nil
	}
	return form(r)
}

func form(r Record) kafka.Form {
	m := r.KafkaMessage()
	f := kafka.Form{Message: m, Size: kafka.BatchSize(m)}
	if r.Cut != nil {
		for _, part := range r.Cut.Parts {
			f.Cut = append(f.Cut, string(part))
		}
	}
	return f
}

func cutData(r *Record) bool {
	if len(r.Data) == 0 {
		return false
	}
	r.Cut.DataSize, r.Cut.DataSHA256 = len(r.Data), hash(r.Data)
	r.Data = nil
	return true
}

func cutHeaders(r *Record) bool {
	had := len(r.Source.Headers) > 0
	r.Source.Headers = nil
	return had
}

func cutKey(r *Record) bool {
	if len(r.Source.Key) <= shortKey {
		return false
	}
	r.Cut.KeySHA256 = hash(r.Source.Key)
	r.Source.Key = nil
	return true
}

// hash returns the SHA-256 of b in hex.
func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
