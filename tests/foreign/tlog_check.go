// Checks a published log with nothing of Sluis: the packages note and tlog of golang.org/x/mod/sumdb, as the Go project
// wrote them. They know the signed note and the tree; only where a tile lies and how a bundle of entries
// is cut is written here, from the C2SP document tlog-tiles.
//
//	tlog_check TILES-FOLDER AUDIT-POLICY [--old CHECKPOINT]
//
// Every entry is proven included, and the old head, where one is given, to be a beginning. Exit status 1 where something
// does not hold.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8
const width = 1 << height

// folder reads tiles as tlog-tiles lays them out: no height in the path, "entries" for data.
type folder string

func (f folder) path(t tlog.Tile) string {
	p := strings.Replace(t.Path(), "tile/"+strconv.Itoa(height)+"/", "tile/", 1)
	return filepath.Join(string(f), strings.Replace(p, "tile/data/", "tile/entries/", 1))
}

func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		d, err := os.ReadFile(f.path(t))
		if errors.Is(err, os.ErrNotExist) && t.W < width {
			d, err = f.readBeginning(t)
		}
		if err != nil {
			return nil, err
		}
		data[i] = d
	}
	return data, nil
}

// readBeginning takes a partial tile that is gone out of the full one.
func (f folder) readBeginning(t tlog.Tile) ([]byte, error) {
	full := t
	full.W = width
	data, err := os.ReadFile(f.path(full))
	if err != nil || t.L >= 0 && len(data) != width*tlog.HashSize {
		return nil, fmt.Errorf("%s: no full tile (%v)", f.path(full), err)
	}
	if t.L >= 0 {
		return data[:t.W*tlog.HashSize], nil
	}
	entries, err := readBundle(data)
	if err != nil || len(entries) < t.W {
		return nil, fmt.Errorf("%s: cut off (%v)", f.path(full), err)
	}
	n := 0
	for _, entry := range entries[:t.W] {
		n += 2 + len(entry)
	}
	return data[:n], nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

// readKeys takes the log keys of an audit policy file.
func readKeys(path string) ([]note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys []note.Verifier
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "log" {
			continue
		}
		key, err := note.NewVerifier(words[1])
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New(path + ": no log key")
	}
	return keys, nil
}

// openHead verifies a checkpoint and takes its tree.
func openHead(path string, keys []note.Verifier) (tlog.Tree, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%s: %w", path, err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != opened.Sigs[0].Name {
		return tlog.Tree{}, errors.New(path + ": not a checkpoint of its own log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errors.New(path + ": size")
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// readBundle cuts a bundle into its entries: each a big-endian uint16 length and so many bytes.
func readBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("a bundle of entries is cut off")
		}
		n := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:n])
		data = data[n:]
	}
	return entries, nil
}

// checkBundle proves each entry of the n-th bundle to be in the tree at its place.
func checkBundle(f folder, tree tlog.Tree, hashes tlog.HashReader, n int64) error {
	w := tree.N - n*width
	if w > width {
		w = width
	}
	data, err := f.ReadTiles([]tlog.Tile{{H: height, L: -1, N: n, W: int(w)}})
	if err != nil {
		return err
	}
	entries, err := readBundle(data[0])
	if err != nil || int64(len(entries)) != w {
		return fmt.Errorf("bundle %d: %d entries, not %d (%v)", n, len(entries), w, err)
	}
	for i, entry := range entries {
		id := n*width + int64(i)
		proof, err := tlog.ProveRecord(tree.N, id, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, id, tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", id, err)
		}
	}
	return nil
}

func checkOld(path string, keys []note.Verifier, tree tlog.Tree, hashes tlog.HashReader) error {
	old, err := openHead(path, keys)
	if err != nil {
		return err
	}
	if old.N > tree.N {
		return errors.New("the old head is larger than the log")
	}
	if old.N == tree.N || old.N == 0 {
		if old.N == tree.N && old.Hash != tree.Hash {
			return errors.New("two heads of one size")
		}
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func check(args []string) (int64, error) {
	if len(args) != 2 && !(len(args) == 4 && args[2] == "--old") {
		return 0, errors.New("usage: tlog_check TILES-FOLDER AUDIT-POLICY [--old CHECKPOINT]")
	}
	keys, err := readKeys(args[1])
	if err != nil {
		return 0, err
	}
	tree, err := openHead(filepath.Join(args[0], "checkpoint"), keys)
	if err != nil {
		return 0, err
	}
	f := folder(args[0])
	hashes := tlog.TileHashReader(tree, f)
	for n := int64(0); n*width < tree.N; n++ {
		if err := checkBundle(f, tree, hashes, n); err != nil {
			return 0, err
		}
	}
	if len(args) == 4 {
		return tree.N, checkOld(args[3], keys, tree, hashes)
	}
	return tree.N, nil
}

func main() {
	size, err := check(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "tlog_check:", err)
		os.Exit(1)
	}
	fmt.Printf("%d entries, each proven\n", size)
}
