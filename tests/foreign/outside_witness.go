// A witness with nothing of Sluis: the packages note and tlog of golang.org/x/mod/sumdb judge, and only the forms of a
// request, an answer and a cosignature are written here, from the C2SP documents tlog-witness and tlog-cosignature.
//
//	outside_witness key NAME KEY-FILE
//	outside_witness answer KEY-FILE STATE-FILE LOG-KEY REQUEST RESPONSE
//
// The first makes a key and prints its verifier key. The second stands where a program for HTTP would: it reads what is
// posted to add-checkpoint, writes the body of the answer, and prints its number. Exit status 1 where it cannot work.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const maxProof = 63

// ---- the key: its name, and its seed in base64 ----

type signer struct {
	name string
	key  ed25519.PrivateKey
}

func makeKey(name, path string) error {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(name+"\n"+base64.StdEncoding.EncodeToString(seed)+"\n"), 0o600); err != nil {
		return err
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	fmt.Println(vkey(name, cosignatureKind, public))
	return nil
}

func readKey(path string) (signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return signer{}, err
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 3 {
		return signer{}, errors.New(path + ": not a key file")
	}
	seed, err := base64.StdEncoding.DecodeString(lines[1])
	if err != nil || len(seed) != ed25519.SeedSize {
		return signer{}, errors.New(path + ": not a key file")
	}
	return signer{lines[0], ed25519.NewKeyFromSeed(seed)}, nil
}

// line is the signature line over a checkpoint's text, of now.
func (s signer) line(text string) string {
	at := uint64(time.Now().Unix())
	public := s.key.Public().(ed25519.PublicKey)
	sig := keyID(s.name, cosignatureKind, public)
	sig = binary.BigEndian.AppendUint64(sig, at)
	sig = append(sig, ed25519.Sign(s.key, cosigned([]byte(text), at))...)
	return "\u2014 " + s.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// ---- the newest head that it cosigned ----

func readState(path string) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return tlog.Tree{}, nil
	}
	if err != nil {
		return tlog.Tree{}, err
	}
	_, tree, err := parseHead("state\n" + string(text) + "\n")
	return tree, err
}

// keepState is on disk before the answer is.
func keepState(path string, tree tlog.Tree) error {
	f, err := os.CreateTemp(filepath.Dir(path), "state")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d\n%s\n", tree.N, tree.Hash)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// ---- a request ----

type request struct {
	old        int64
	proof      tlog.TreeProof
	checkpoint string
}

func parseRequest(data string) (request, error) {
	head, checkpoint, found := strings.Cut(data, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || !strings.HasPrefix(lines[0], "old ") || len(lines) > 1+maxProof {
		return request{}, errors.New("not a request")
	}
	old, err := parseSize(strings.TrimPrefix(lines[0], "old "))
	if err != nil {
		return request{}, err
	}
	r := request{old: old, checkpoint: checkpoint}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return request{}, err
		}
		r.proof = append(r.proof, hash)
	}
	return r, nil
}

// grows says whether the head has the one of before as its beginning.
func (r request) grows(from, to tlog.Tree) bool {
	if from.N == 0 || from.N == to.N {
		return len(r.proof) == 0
	}
	return tlog.CheckTree(r.proof, to.N, to.Hash, from.N, from.Hash) == nil
}

// judge gives the number of the answer, and of 200 the head and its text.
func judge(data string, log note.Verifier, state tlog.Tree) (int, tlog.Tree, string) {
	r, err := parseRequest(data)
	if err != nil {
		return 400, tlog.Tree{}, ""
	}
	origin, head, err := parseHead(r.checkpoint)
	if err != nil || r.old > head.N {
		return 400, tlog.Tree{}, ""
	}
	if origin != log.Name() {
		return 404, tlog.Tree{}, ""
	}
	opened, err := note.Open([]byte(r.checkpoint), note.VerifierList(log))
	if err != nil {
		return 403, tlog.Tree{}, ""
	}
	if r.old != state.N || r.old == head.N && head.Hash != state.Hash {
		return 409, tlog.Tree{}, ""
	}
	if !r.grows(state, head) {
		return 422, tlog.Tree{}, ""
	}
	return 200, head, opened.Text
}

func answer(args []string) error {
	key, err := readKey(args[0])
	if err != nil {
		return err
	}
	state, err := readState(args[1])
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(args[2])
	if err != nil {
		return err
	}
	data, err := os.ReadFile(args[3])
	if err != nil {
		return err
	}
	number, head, text := judge(string(data), log, state)
	body := ""
	switch number {
	case 200:
		if err := keepState(args[1], head); err != nil {
			return err
		}
		body = key.line(text)
	case 409:
		body = fmt.Sprintf("%d\n", state.N)
	}
	fmt.Println(number)
	return os.WriteFile(args[4], []byte(body), 0o644)
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "key":
		return makeKey(args[1], args[2])
	case len(args) == 6 && args[0] == "answer":
		return answer(args[1:])
	}
	return errors.New("usage: outside_witness key NAME KEY-FILE | answer KEY-FILE STATE-FILE LOG-KEY REQUEST RESPONSE")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "outside_witness:", err)
		os.Exit(1)
	}
}
