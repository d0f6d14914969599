// What C2SP tlog-cosignature adds to the package note: keys of type 0x04, whose signature begins with its time.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const cosignatureKind = 4

// cosigner is a note.Verifier of a witness.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(c.key, cosigned(text, binary.BigEndian.Uint64(sig)), sig[8:])
}

func cosigned(text []byte, at uint64) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", at)), text...)
}

func keyID(name string, kind byte, public []byte) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"+string([]byte{kind})), public...))
	return sum[:4]
}

func vkey(name string, kind byte, public []byte) string {
	return name + "+" + hex.EncodeToString(keyID(name, kind, public)) + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{kind}, public...))
}

// newCosigner takes the verifier key of a witness.
func newCosigner(key string) (cosigner, error) {
	words := strings.SplitN(key, "+", 3)
	if len(words) != 3 {
		return cosigner{}, errors.New("not a verifier key")
	}
	raw, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != cosignatureKind {
		return cosigner{}, errors.New("not the key of a witness")
	}
	id := keyID(words[0], cosignatureKind, raw[1:])
	if hex.EncodeToString(id) != words[1] {
		return cosigner{}, errors.New("a key that its id does not fit")
	}
	return cosigner{words[0], binary.BigEndian.Uint32(id), raw[1:]}, nil
}
