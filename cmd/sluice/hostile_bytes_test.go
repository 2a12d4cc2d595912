package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"unicode/utf16"

	"github.com/twmb/franz-go/pkg/kgo"
)

func hostileBytes() []hostile {
	return []hostile{
		{name: "null value (a tombstone), with a key", end: invalid("null", "")},
		{name: "null value (a tombstone), without a key", shape: keyed(nil), end: invalid("null", "")},
		{name: "empty value", value: literal(""), end: invalid("empty", "")},
		{name: "white space alone", value: literal(" \t\r\n"), end: invalid("empty", "")},
		{name: "one NUL byte", value: literal("\x00"), end: invalid("syntax", "")},
		{name: "UTF-8 with a byte-order mark", value: around("\ufeff", good, ""), end: invalid("byteOrderMark", "")},
		{name: "a byte-order mark after a space", value: around(" \ufeff", good, ""), end: invalid("syntax", "")},
		{name: "UTF-16 LE with a byte-order mark", value: inUTF16(binary.LittleEndian, "\ufeff"), end: invalid("byteOrderMark", "")},
		{name: "UTF-16 BE with a byte-order mark", value: inUTF16(binary.BigEndian, "\ufeff"), end: invalid("byteOrderMark", "")},
		{name: "UTF-16 LE without one", value: inUTF16(binary.LittleEndian, ""), end: invalid("syntax", "")},
		{name: "UTF-16 BE without one", value: inUTF16(binary.BigEndian, ""), end: invalid("syntax", "")},
		{name: "UTF-32 LE with a byte-order mark", value: inUTF32(binary.LittleEndian), end: invalid("byteOrderMark", "")},
		{name: "UTF-32 BE with a byte-order mark", value: inUTF32(binary.BigEndian), end: invalid("utf8", "")},
		{name: "Latin-1: é as one byte", value: with("extra", "\"caf\xe9\""), end: invalid("utf8", "")},
		{name: "invalid UTF-8 in a key", value: with("ex\xfftra", "1"), end: invalid("utf8", "")},
		{name: "overlong UTF-8: / in two bytes", value: with("extra", "\"\xc0\xaf\""), end: invalid("utf8", "")},
		{name: "overlong UTF-8: NUL in two bytes", value: with("extra", "\"\xc0\x80\""), end: invalid("utf8", "")},
		{name: "CESU-8: a surrogate in three bytes", value: with("extra", "\"\xed\xa0\x80\""), end: invalid("utf8", "")},
		{name: "UTF-8 beyond U+10FFFF", value: with("extra", "\"\xf4\x90\x80\x80\""), end: invalid("utf8", "")},
		{name: "UTF-8 cut in the middle of a character", value: around("", good, "\xf0\x9f\x98"), end: invalid("utf8", "")},
		{name: "U+FFFD, as broken converters leave it", value: with("extra", "\"\ufffd\""), end: delivered},
		{name: "a noncharacter, U+FFFF", value: with("extra", "\"\uffff\""), end: delivered},
		{name: "escape of a high surrogate alone", value: with("external_id", `"MARK\ud83d"`), end: invalid("surrogate", "/contact/external_id")},
		{name: "escape of a low surrogate alone", value: with("extra", `"\ude00"`), end: invalid("surrogate", "/extra")},
		{name: "surrogate escapes in the wrong order", value: with("extra", `"\ude00\ud83d"`), end: invalid("surrogate", "/extra")},
		{name: "lone surrogate in a key", value: with(`ex\ud800tra`, "1"), end: invalid("surrogate", "")},
		{name: "surrogate escapes, both halves", value: with("extra", `"\ud83d\uDE00"`), end: delivered},
		{name: "NUL as an escape", value: with("extra", `"a\u0000b"`), end: delivered},
		{name: "NUL as a byte inside a string", value: with("extra", "\"a\x00b\""), end: invalid("syntax", "/extra")},
		{name: "line break inside a string", value: with("extra", "\"a\nb\""), end: invalid("syntax", "/extra")},
		{name: "tab inside a string", value: with("extra", "\"a\tb\""), end: invalid("syntax", "/extra")},
		{name: "ANSI colours as raw bytes", value: with("extra", "\"\x1b[31mred\x1b[0m\""), end: invalid("syntax", "/extra")},
		{name: "DEL and C1 controls inside a string", value: with("extra", "\"\x7f\u0085\u009b31m\""), end: delivered},
		{name: "U+2028 inside a string", value: with("extra", "\"a\u2028b\""), end: delivered},
		{name: "no-break spaces between tokens", value: swapped(good, ":", ":\u00a0"), end: invalid("syntax", "/contact")},
	}
}

func hostileFormats() []hostile {
	return []hostile{
		{name: "gzip", value: packed(func(b *bytes.Buffer, mark string) {
			w := gzip.NewWriter(b)
			w.Name = mark
			_, _ = w.Write(good(mark))
			_ = w.Close()
		}), end: invalid("utf8", "")},
		{name: "zlib", value: packed(func(b *bytes.Buffer, mark string) {
			w := zlib.NewWriter(b)
			_, _ = w.Write(good(mark))
			_ = w.Close()
		}), end: invalid("utf8", "")},
		{name: "text that only looks like gzip", value: around("\x1f\x08\x00", good, ""), end: invalid("syntax", "")},
		{name: "zstd", value: literal("\x28\xb5\x2f\xfd\x04\x00MARK"), end: invalid("utf8", "")},
		{name: "protobuf", value: literal("\x0a\x0aMARK\x10\x03\x1a\x01a"), end: invalid("syntax", "")},
		{name: "Avro object container", value: literal("Obj\x01\x04\x14avro.codec\x08nullMARK"), end: invalid("syntax", "")},
		{name: "Avro in Confluent's wire format", value: literal("\x00\x00\x00\x00\x07\x14MARK\x06"), end: invalid("syntax", "")},
		{name: "JSON in Confluent's wire format", value: around("\x00\x00\x00\x00\x07", good, ""), end: invalid("syntax", "")},
		{name: "MessagePack", value: literal("\x81\xa7contact\xaaMARK"), end: invalid("utf8", "")},
		{name: "CBOR", value: literal("\xa1\x67contact\x6aMARK"), end: invalid("utf8", "")},
		{name: "BSON", value: literal("\x1e\x00\x00\x00\x02id\x00\x0b\x00\x00\x00MARK\x00\x00"), end: invalid("syntax", "")},
		{name: "serialized Java", value: literal("\xac\xed\x00\x05t\x00\x0aMARK"), end: invalid("utf8", "")},
		{name: "a Python pickle", value: literal("\x80\x04\x95MARK."), end: invalid("utf8", "")},
		{name: "XML", value: literal(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>MARK&x;</a>`), end: invalid("syntax", "")},
		{name: "HTML", value: literal("<!doctype html><title>502 Bad Gateway</title>MARK"), end: invalid("syntax", "")},
		{name: "YAML", value: literal("contact:\n  external_id: MARK\npriority: 3\n"), end: invalid("syntax", "")},
		{name: "CSV", value: literal("external_id,priority\nMARK,3\n"), end: invalid("syntax", "")},
		{name: "a form", value: literal("external_id=MARK&priority=3"), end: invalid("syntax", "")},
		{name: "PDF", value: literal("%PDF-1.7\n%\xe2\xe3\xcf\xd3\nMARK"), end: invalid("utf8", "")},
		{name: "PNG", value: literal("\x89PNG\r\n\x1a\nMARK"), end: invalid("utf8", "")},
		{name: "a server-sent event", value: around("data: ", good, "\n\n"), end: invalid("syntax", "")},
		{name: "base64 of a good payload", value: func(mark string) []byte {
			return []byte(base64.StdEncoding.EncodeToString(good(mark)))
		}, end: invalid("syntax", "")},
		{name: "a good payload as a JSON string", value: func(mark string) []byte {
			return []byte(`"` + strings.ReplaceAll(string(good(mark)), `"`, `\"`) + `"`)
		}, end: invalid("type", "")},
		{name: "a CloudEvent around a good payload", value: around(`{"specversion":"1.0","type":"t","data":`, good, "}"), end: invalid("required", "/callback_url")},
		{name: "a Debezium change around one", value: around(`{"payload":{"before":null,"op":"c","after":`, good, "}}"), end: invalid("required", "/callback_url")},
		{name: "a dead letter", value: literal(`{"schema_version":1,"id":"payloads/0/1","status":"error","code":"X","payload":{"text":"MARK"}}`), end: invalid("required", "/callback_url")},
		{name: "4 KiB of random bytes", value: random(4<<10, 1), end: invalid("utf8", "")},
		{name: "512 KiB of random bytes", value: random(512<<10, 2), end: invalid("utf8", "")},
	}
}

func inUTF16(order binary.AppendByteOrder, before string) maker {
	return func(mark string) []byte {
		var out []byte
		for _, unit := range utf16.Encode([]rune(before + string(good(mark)))) {
			out = order.AppendUint16(out, unit)
		}
		return out
	}
}

func inUTF32(order binary.AppendByteOrder) maker {
	return func(mark string) []byte {
		var out []byte
		for _, r := range "\ufeff" + string(good(mark)) {
			out = order.AppendUint32(out, uint32(r))
		}
		return out
	}
}

func packed(write func(b *bytes.Buffer, mark string)) maker {
	return func(mark string) []byte {
		var b bytes.Buffer
		write(&b, mark)
		return b.Bytes()
	}
}

// random makes n bytes that are the same in every run, and the mark.
func random(n int, seed uint64) maker {
	return func(mark string) []byte {
		r := rand.New(rand.NewPCG(seed, 0))
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return append(b, mark...)
	}
}

// keyed gives the record another key.
func keyed(key []byte) func(*kgo.Record) { return func(r *kgo.Record) { r.Key = key } }
