// The audit policy file, as C2SP tlog-policy says: whom a reader believes, and which quorum he asks for.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// group is met where at least so many of its members are.
type group struct {
	name    string
	least   int
	members []string
}

type policy struct {
	logs      []note.Verifier
	witnesses map[string]cosigner
	groups    []group // each behind those that it names
	quorum    string  // "none", or a name
}

func (p *policy) isDefined(name string) bool {
	_, found := p.witnesses[name]
	for _, g := range p.groups {
		found = found || g.name == name
	}
	return found
}

func (p *policy) addGroup(words []string) error {
	g := group{name: words[1], members: words[3:]}
	switch words[2] {
	case "all":
		g.least = len(g.members)
	case "any":
		g.least = 1
	default:
		n, err := strconv.Atoi(words[2])
		if err != nil || n < 1 || n > len(g.members) {
			return errors.New("how many of the group")
		}
		g.least = n
	}
	for _, m := range g.members {
		if !p.isDefined(m) {
			return errors.New("a name that is not defined before")
		}
	}
	p.groups = append(p.groups, g)
	return nil
}

func (p *policy) addLine(words []string) error {
	switch {
	case words[0] == "log" && len(words) >= 2 && len(words) <= 3:
		key, err := note.NewVerifier(words[1])
		p.logs = append(p.logs, key)
		return err
	case words[0] == "witness" && len(words) >= 3 && len(words) <= 4 && !p.isDefined(words[1]):
		key, err := newCosigner(words[2])
		p.witnesses[words[1]] = key
		return err
	case words[0] == "group" && len(words) >= 4 && !p.isDefined(words[1]):
		return p.addGroup(words)
	case words[0] == "quorum" && len(words) == 2 && p.quorum == "" && (words[1] == "none" || p.isDefined(words[1])):
		p.quorum = words[1]
		return nil
	}
	return errors.New("no line of an audit policy")
}

func readPolicy(path string) (*policy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &policy{witnesses: map[string]cosigner{}}
	for i, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := p.addLine(words); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	if len(p.logs) == 0 || p.quorum == "" {
		return nil, errors.New(path + ": no log key, or no quorum")
	}
	return p, nil
}

func (p *policy) verifiers() []note.Verifier {
	all := append([]note.Verifier{}, p.logs...)
	for _, w := range p.witnesses {
		all = append(all, w)
	}
	return all
}

// named says whose line it is that fails.
func (p *policy) named(err error) error {
	var invalid *note.InvalidSignatureError
	if !errors.As(err, &invalid) {
		return err
	}
	for name, w := range p.witnesses {
		if w.name == invalid.Name && w.id == invalid.Hash {
			return fmt.Errorf("forged: the cosignature of witness %s does not verify", name)
		}
	}
	return fmt.Errorf("the signature of log key %s does not verify", invalid.Name)
}

func (p *policy) isOrigin(origin string) bool {
	for _, log := range p.logs {
		if log.Name() == origin {
			return true
		}
	}
	return false
}

func (p *policy) isSignedByLog(opened *note.Note, origin string) bool {
	for _, sig := range opened.Sigs {
		for _, log := range p.logs {
			if sig.Name == log.Name() && sig.Hash == log.KeyHash() && origin == log.Name() {
				return true
			}
		}
	}
	return false
}

// cosignedAt gives the time of a line that has been verified.
func cosignedAt(sig note.Signature) time.Time {
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || len(raw) < 12 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0)
}

// isMet says whether those who cosigned since then make the quorum.
func (p *policy) isMet(opened *note.Note, since time.Time) bool {
	met := map[string]bool{"none": true}
	for name, w := range p.witnesses {
		for _, sig := range opened.Sigs {
			if sig.Name == w.name && sig.Hash == w.id && !cosignedAt(sig).Before(since) {
				met[name] = true
			}
		}
	}
	for _, g := range p.groups {
		count := 0
		for _, m := range g.members {
			if met[m] {
				count++
			}
		}
		met[g.name] = count >= g.least
	}
	return met[p.quorum]
}

func (p *policy) checkQuorum(opened *note.Note, since time.Time) error {
	if !p.isMet(opened, time.Time{}) {
		return errors.New("below quorum: too few witnesses cosigned the head")
	}
	if !p.isMet(opened, since) {
		return errors.New("stale: the quorum cosigned the head before " + since.Format(time.RFC3339))
	}
	return nil
}
