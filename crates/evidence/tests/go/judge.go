// Judges a mirror of a log and proofs about it with golang.org/x/mod/sumdb, whose authors wrote the formats.
//
//	judge DIR VKEY
//
// DIR holds the mirror (checkpoint, tile/…) and a file "claims", a line each:
//
//	root SIZE HASH
//	inclusion INDEX SIZE HASH…
//	consistency OLD NEW HASH…
//
// Everything is computed anew from the entries. tlog.TileHashReader is not used: before x/mod 0.40 it hands out tiles that
// it did not check.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

// storage keeps every hash of the tree, computed here.
type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out[i] = s[index]
	}
	return out, nil
}

// checkpoint opens the signed note and returns size and root.
func checkpoint(dir, vkey string) (int64, tlog.Hash) {
	verifier, err := note.NewVerifier(vkey)
	must(err, "verifier key")
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	must(err, "checkpoint")
	opened, err := note.Open(text, note.VerifierList(verifier))
	must(err, "checkpoint")
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) != 3 || lines[0] != verifier.Name() {
		fail("checkpoint: not three lines of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "size")
	root, err := tlog.ParseHash(lines[2])
	must(err, "root")
	return size, root
}

// ours turns the path of a tile of height 8 into that of C2SP tlog-tiles.
func ours(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), "tile/8/")
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// entries reads every entry out of the bundles.
func entries(dir string, size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		path := ours(tlog.Tile{H: 8, L: -1, N: n, W: int(width)})
		data, err := os.ReadFile(filepath.Join(dir, path))
		must(err, path)
		for i := int64(0); i < width; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				fail("%s: entry %d is cut", path, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:end])
			data = data[end:]
		}
		if len(data) != 0 {
			fail("%s: more than %d entries", path, width)
		}
	}
	return all
}

func tiles(dir string, size int64, hashes storage) int {
	count := 0
	all := tlog.NewTiles(8, 0, size)
	for i, tile := range all {
		// The list has every partial tile on the way; of each the last one is published.
		if i+1 < len(all) && all[i+1].L == tile.L && all[i+1].N == tile.N {
			continue
		}
		count++
		expected, err := tlog.ReadTileData(tile, hashes)
		must(err, tile.Path())
		found, err := os.ReadFile(filepath.Join(dir, ours(tile)))
		must(err, ours(tile))
		if !bytes.Equal(expected, found) {
			fail("%s is not what follows from the entries", ours(tile))
		}
	}
	return count
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	must(err, text)
	return n
}

func hash(text string) tlog.Hash {
	h, err := tlog.ParseHash(text)
	must(err, text)
	return h
}

func same(line string, expected []tlog.Hash, found []string) {
	if len(expected) != len(found) {
		fail("%s: %d hashes and not %d", line, len(found), len(expected))
	}
	for i, text := range found {
		if hash(text) != expected[i] {
			fail("%s: hash %d is another", line, i)
		}
	}
}

// claim compares a root or a proof of ours with its own, and checks its own against the root.
func claim(line string, hashes storage) {
	words := strings.Fields(line)
	root := func(size int64) tlog.Hash {
		h, err := tlog.TreeHash(size, hashes)
		must(err, line)
		return h
	}
	switch words[0] {
	case "root":
		same(line, []tlog.Hash{root(number(words[1]))}, words[2:])
	case "inclusion":
		index, size := number(words[1]), number(words[2])
		proof, err := tlog.ProveRecord(size, index, hashes)
		must(err, line)
		same(line, proof, words[3:])
		leaf := hashes[tlog.StoredHashIndex(0, index)]
		must(tlog.CheckRecord(proof, size, root(size), index, leaf), line)
	case "consistency":
		old, size := number(words[1]), number(words[2])
		proof, err := tlog.ProveTree(size, old, hashes)
		must(err, line)
		same(line, proof, words[3:])
		must(tlog.CheckTree(proof, size, root(size), old, root(old)), line)
	default:
		fail("unknown claim: %s", line)
	}
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	size, root := checkpoint(dir, vkey)
	var hashes storage
	for n, entry := range entries(dir, size) {
		more, err := tlog.StoredHashes(int64(n), entry, hashes)
		must(err, "stored hashes")
		hashes = append(hashes, more...)
	}
	computed, err := tlog.TreeHash(size, hashes)
	must(err, "root")
	if computed != root {
		fail("the entries lead to another root")
	}
	count := tiles(dir, size, hashes)
	claims, err := os.ReadFile(filepath.Join(dir, "claims"))
	must(err, "claims")
	lines := strings.Split(strings.TrimSpace(string(claims)), "\n")
	for _, line := range lines {
		claim(line, hashes)
	}
	fmt.Printf("%d entries, %d tiles, %d claims\n", size, count, len(lines))
}
