// Signed notes of every kind, good and bad, and what the package note of golang.org/x/mod/sumdb says of each.
//
//	note_vectors make          writes tests/vectors/signed_notes.json
//	note_vectors check FILE    fails where that package says something else than the file
//
// The keys are those that this package's own tests publish; what the column "sluis" says is checked by
// tests/unit/pki/test_note_vectors.c. Where the two columns differ the file says why.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const peterSecret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
const peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
const enochKey = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
const dash = "\u2014 "

type vector struct {
	About string   `json:"about"`
	Note  []byte   `json:"note"`
	Known []string `json:"known"`
	Sluis string   `json:"sluis"`
	Go    string   `json:"go"`
	Why   string   `json:"why,omitempty"` // they differ
}

type file struct {
	Keys  map[string]string `json:"keys"`
	Notes []vector          `json:"notes"`
}

// ---- keys ----

func seed() ed25519.PrivateKey {
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(peterSecret, "+", 5)[4])
	must(err)
	return ed25519.NewKeyFromSeed(raw[1:])
}

func public() []byte { return seed().Public().(ed25519.PublicKey) }

const witnessName = "witness.example/one"

func keys() map[string]string {
	return map[string]string{"peter": peterKey, "enoch": enochKey, "witness": vkey(witnessName, 4, public())}
}

func verifierOf(key string) note.Verifier {
	if v, err := note.NewVerifier(key); err == nil {
		return v
	}
	c, err := newCosigner(key)
	must(err)
	return c
}

// ---- what the package says ----

func verdict(v vector, keys map[string]string) string {
	var known []note.Verifier
	for _, name := range v.Known {
		known = append(known, verifierOf(keys[name]))
	}
	_, err := note.Open(v.Note, note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case err == nil:
		return "verified"
	case errors.As(err, &unverified):
		return "unknown"
	case errors.As(err, &invalid):
		return "bad"
	}
	return "malformed"
}

// ---- the notes ----

func line(name string, id, sig []byte) string {
	return dash + name + " " + base64.StdEncoding.EncodeToString(append(append([]byte{}, id...), sig...)) + "\n"
}

func peterSig(text string) []byte { return ed25519.Sign(seed(), []byte(text)) }
func peterID() []byte             { return keyID("PeterNeumann", 1, public()) }
func peter(text string) string    { return line("PeterNeumann", peterID(), peterSig(text)) }
func stranger(n int) string {
	return line(fmt.Sprintf("stranger.example/%d", n), []byte{1, 2, 3, byte(n)}, bytes.Repeat([]byte{byte(n)}, 64))
}

func witness(text string, at uint64) string {
	sig := binary.BigEndian.AppendUint64(nil, at)
	sig = append(sig, ed25519.Sign(seed(), cosigned([]byte(text), at))...)
	return line(witnessName, keyID(witnessName, 4, public()), sig)
}

const text = "example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

func strangers(n int) string {
	s := ""
	for i := 0; i < n; i++ {
		s += stranger(i)
	}
	return s
}

func bodies() []vector {
	var all []vector
	both := func(about, verdict, note string, known ...string) {
		all = append(all, vector{about, []byte(note), known, verdict, verdict, ""})
	}
	differs := func(about, sluis, golang, why, note string, known ...string) {
		all = append(all, vector{about, []byte(note), known, sluis, golang, why})
	}
	good := text + "\n" + peter(text)
	p := peter(text)
	both("one line, of a known key", "verified", good, "peter")
	both("the same, and no key is known", "unknown", good)
	both("the same, and another key is known", "unknown", good, "enoch")
	both("a stranger's line behind it", "verified", good+stranger(1), "peter")
	both("a stranger's line before it", "verified", text+"\n"+stranger(1)+p, "peter")
	both("sixteen lines of strangers before it", "verified", text+"\n"+strangers(16)+p, "peter")
	both("101 lines", "malformed", text+"\n"+strangers(100)+p, "peter")
	both("a line of the same name and another id", "verified", text+"\n"+line("PeterNeumann", []byte{9, 9, 9, 9}, []byte("grease"))+p, "peter")
	both("nothing but that", "unknown", text+"\n"+line("PeterNeumann", []byte{9, 9, 9, 9}, peterSig(text)), "peter")
	both("a line of another name and the same id", "verified", text+"\n"+line("Somebody", peterID(), []byte("other"))+p, "peter")
	both("nothing but that", "unknown", text+"\n"+line("Somebody", peterID(), peterSig(text)), "peter")
	both("the same line twice", "verified", good+p, "peter")
	differs("a second line of the key, which fails", "bad", "verified", "Go looks at a key's first line only; signed-note: a known key that fails SHOULD reject the note",
		good+line("PeterNeumann", peterID(), peterSig("other\n")), "peter")
	both("a first line of the key, which fails", "bad", text+"\n"+line("PeterNeumann", peterID(), peterSig("other\n"))+p, "peter")
	flipped := peterSig(text)
	flipped[0] ^= 1
	both("a signature with one bit changed", "bad", text+"\n"+line("PeterNeumann", peterID(), flipped), "peter")
	both("a signature with a byte too few", "bad", text+"\n"+line("PeterNeumann", peterID(), peterSig(text)[:63]), "peter")
	both("a signature with a byte too many", "bad", text+"\n"+line("PeterNeumann", peterID(), append(peterSig(text), 0)), "peter")
	both("a signature of one byte", "bad", text+"\n"+line("PeterNeumann", peterID(), []byte{1}), "peter")
	both("a key id without a signature", "malformed", text+"\n"+line("PeterNeumann", peterID(), nil), "peter")
	both("three bytes", "malformed", text+"\n"+line("PeterNeumann", peterID()[:3], nil), "peter")
	both("the text of another note", "bad", "example.org/log\n8"+text[17:]+"\n"+p, "peter")
	both("a space more in the text", "bad", " "+good, "peter")
	for _, v := range [][2]string{
		{"empty lines in the text", "one\n\n\ntwo\n"},
		{"empty lines at the end of the text", "one\n\n\n"},
		{"a text of one empty line", "\n"},
		{"a text that looks like a signature", dash + "PeterNeumann AAAAAAAA\n"},
		{"DEL is no control character here", "a\x7fb\n"},
		{"U+0085 in the text", "a\u0085b\n"},
		{"U+FFFD that was written so", "a\ufffdb\n"},
		{"a byte order mark", "\ufeffa\n"},
		{"the highest code point", "\U0010ffff\n"},
	} {
		both(v[0], "verified", v[1]+"\n"+peter(v[1]), "peter")
	}
	both("nothing", "malformed", "", "peter")
	both("a text alone", "malformed", text, "peter")
	both("no line of a signature", "malformed", text+"\n", "peter")
	both("no empty line", "malformed", text+p, "peter")
	both("the last line has no end", "malformed", good[:len(good)-1], "peter")
	both("a line behind the signatures", "malformed", good+"more\n", "peter")
	both("an empty line behind the signatures", "malformed", good+"\n", "peter")
	both("no text", "malformed", "\n"+p, "peter")
	both("a hyphen", "malformed", text+"\n"+strings.Replace(p, "\u2014", "-", 1), "peter")
	both("an en dash", "malformed", text+"\n"+strings.Replace(p, "\u2014", "\u2013", 1), "peter")
	both("no space behind the dash", "malformed", text+"\n"+strings.Replace(p, dash, "\u2014", 1), "peter")
	both("a space before the dash", "malformed", text+"\n "+p, "peter")
	both("two spaces before the signature", "malformed", text+"\n"+strings.Replace(p, "n x", "n  x", 1), "peter")
	both("a space behind the signature", "malformed", text+"\n"+strings.Replace(p, "=\n", "= \n", 1), "peter")
	both("no signature behind the name", "malformed", text+"\n"+dash+"PeterNeumann\n", "peter")
	both("an empty name", "malformed", text+"\n"+strings.Replace(p, "PeterNeumann", "", 1), "peter")
	for _, v := range [][2]string{{"a plus", "+"}, {"U+00A0", "\u00a0"}, {"U+1680", "\u1680"}, {"U+2003", "\u2003"}, {"U+2028", "\u2028"},
		{"U+202F", "\u202f"}, {"U+205F", "\u205f"}, {"U+3000", "\u3000"}, {"U+0085", "\u0085"}} {
		both("in the name "+v[0], "malformed", text+"\n"+strings.Replace(p, "PeterN", "Peter"+v[1]+"N", 1), "peter")
	}
	both("in the name U+200B, which is no space", "verified", text+"\n"+line("a\u200bb", peterID(), []byte("x"))+p, "peter")
	both("base64 of the other alphabet", "malformed", text+"\n"+strings.Replace(p, "x08go", "x08g_", 1), "peter")
	both("base64 without its end", "malformed", text+"\n"+strings.Replace(p, "=\n", "\n", 1), "peter")
	both("base64 with an end too many", "malformed", text+"\n"+strings.Replace(p, "=\n", "==\n", 1), "peter")
	loose := []byte(p)
	loose[len(loose)-3]++
	differs("base64 with bits behind its end", "malformed", "verified", "Go decodes it; one signature then has four spellings", text+"\n"+string(loose), "peter")
	for _, v := range [][2]string{{"a tab", "a\tb\n"}, {"U+0001", "a\x01b\n"}, {"NUL", "a\x00b\n"}, {"CR LF", "a\r\n"}, {"escape", "\x1b[0m\n"}} {
		both("in the text "+v[0], "malformed", v[1]+"\n"+peter(v[1]), "peter")
	}
	for _, v := range [][2]string{{"0xff", "a\xff\n"}, {"a cut character", "a\xe2\x80\n"}, {"a long spelling", "a\xc0\xaf\n"},
		{"a surrogate", "a\xed\xa0\x80\n"}, {"above U+10FFFF", "a\xf4\x90\x80\x80\n"}} {
		both("not UTF-8: "+v[0], "malformed", v[1]+"\n"+peter(v[1]), "peter")
	}
	both("CR LF everywhere", "malformed", strings.Replace(good, "\n", "\r\n", -1), "peter")
	both("a cosignature", "verified", text+"\n"+witness(text, 1795964121), "witness")
	both("a cosignature at time 0", "verified", text+"\n"+witness(text, 0), "witness")
	both("a cosignature beside the log's line, and only the log is known", "verified", good+witness(text, 1), "peter")
	both("a cosignature whose key is not known", "unknown", text+"\n"+witness(text, 1), "peter")
	both("a cosignature over another text", "bad", text+"\n"+witness("other\n", 1), "witness")
	moved := append(binary.BigEndian.AppendUint64(nil, 2), ed25519.Sign(seed(), cosigned([]byte(text), 1))...)
	both("a cosignature whose time was moved", "bad", text+"\n"+line(witnessName, keyID(witnessName, 4, public()), moved), "witness")
	both("a plain signature by a witness", "bad", text+"\n"+line(witnessName, keyID(witnessName, 4, public()), peterSig(text)), "witness")
	both("a cosignature without its time", "bad", text+"\n"+line(witnessName, keyID(witnessName, 4, public()), ed25519.Sign(seed(), cosigned([]byte(text), 1))), "witness")
	return all
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "note_vectors:", err)
		os.Exit(1)
	}
}

func makeFile() {
	f := file{keys(), bodies()}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	out.SetEscapeHTML(false)
	must(out.Encode(f))
}

func checkFile(path string) {
	data, err := os.ReadFile(path)
	must(err)
	var f file
	must(json.Unmarshal(data, &f))
	failed := 0
	for _, v := range f.Notes {
		if got := verdict(v, f.Keys); got != v.Go {
			fmt.Printf("%s: %s, not %s\n", v.About, got, v.Go)
			failed++
		}
		if (v.Go != v.Sluis) != (v.Why != "") {
			fmt.Printf("%s: a difference without a reason, or a reason without one\n", v.About)
			failed++
		}
	}
	fmt.Printf("%d notes, %d differ\n", len(f.Notes), failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "make":
		makeFile()
	case len(os.Args) == 3 && os.Args[1] == "check":
		checkFile(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: note_vectors make | check FILE")
		os.Exit(64)
	}
}
