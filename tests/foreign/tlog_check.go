// Checks a published log with nothing of Sluis: the packages note and tlog of golang.org/x/mod/sumdb, as the Go project
// wrote them. They know the signed note and the tree; only where a tile lies and how a bundle of entries
// is cut is written here, from the C2SP document tlog-tiles.
//
//	tlog_check TILES-FOLDER AUDIT-POLICY [--old CHECKPOINT] [--cosigned-since TIME]
//
// Every entry is proven included, and the old head, where one is given, to be a beginning. The head has the quorum that the
// audit policy asks for, since TIME (RFC 3339) where one is given. Exit status 1 where something does not hold.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

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

// openHead verifies a checkpoint and takes its tree. No line of a key that the audit policy names may fail.
func openHead(path string, p *policy) (tlog.Tree, *note.Note, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	if origin, _, _ := strings.Cut(string(data), "\n"); !p.isOrigin(origin) {
		return tlog.Tree{}, nil, errors.New(path + ": a checkpoint of another log than the policy names")
	}
	opened, err := note.Open(data, note.VerifierList(p.verifiers()...))
	if err != nil {
		return tlog.Tree{}, nil, fmt.Errorf("%s: %w", path, p.named(err))
	}
	origin, tree, err := parseHead(opened.Text)
	if err == nil && strings.Count(opened.Text, "\n") != 3 {
		err = errors.New("more lines than a checkpoint has")
	}
	if err == nil && !p.isSignedByLog(opened, origin) {
		err = errors.New("not a checkpoint that its own log signed")
	}
	if err != nil {
		return tlog.Tree{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	return tree, opened, nil
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
			return fmt.Errorf("entry %d, by the hash tiles: %w", id, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, id, tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", id, err)
		}
	}
	return nil
}

func checkOld(path string, p *policy, tree tlog.Tree, hashes tlog.HashReader) error {
	old, _, err := openHead(path, p)
	if err != nil {
		return err
	}
	if old.N > tree.N {
		return errors.New("the log lost its tail: the old head is larger")
	}
	if old.N == tree.N || old.N == 0 {
		if old.N == tree.N && old.Hash != tree.Hash {
			return errors.New("two heads of one size")
		}
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err == nil {
		err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
	}
	if err != nil {
		return fmt.Errorf("two heads: the old one is no beginning of the log: %w", err)
	}
	return nil
}

type options struct {
	tiles, policy, old string
	since              time.Time
}

func readOptions(args []string) (options, error) {
	usage := errors.New("usage: tlog_check TILES-FOLDER AUDIT-POLICY [--old CHECKPOINT] [--cosigned-since TIME]")
	if len(args) < 2 || len(args)%2 != 0 {
		return options{}, usage
	}
	o := options{tiles: args[0], policy: args[1]}
	for i := 2; i < len(args); i += 2 {
		var err error
		switch args[i] {
		case "--old":
			o.old = args[i+1]
		case "--cosigned-since":
			o.since, err = time.Parse(time.RFC3339, args[i+1])
		default:
			err = usage
		}
		if err != nil {
			return options{}, err
		}
	}
	return o, nil
}

func check(args []string) (int64, error) {
	o, err := readOptions(args)
	if err != nil {
		return 0, err
	}
	p, err := readPolicy(o.policy)
	if err != nil {
		return 0, err
	}
	tree, head, err := openHead(filepath.Join(o.tiles, "checkpoint"), p)
	if err != nil {
		return 0, err
	}
	if err := p.checkQuorum(head, o.since); err != nil {
		return 0, err
	}
	f := folder(o.tiles)
	hashes := tlog.TileHashReader(tree, f)
	for n := int64(0); n*width < tree.N; n++ {
		if err := checkBundle(f, tree, hashes, n); err != nil {
			return 0, err
		}
	}
	if o.old != "" {
		return tree.N, checkOld(o.old, p, tree, hashes)
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
