// Checks a node's log as any client of a C2SP log would: with Go's own implementation of signed
// notes and tiled trees (golang.org/x/mod/sumdb), and nothing of this project.
//
//	checker -node URL -policy FILE -token-file FILE -position N [-older FILE]
//
// Fetches /checkpoint, verifies it (log signatures with sumdb/note, cosignature/v1 by hand: note
// knows Ed25519 over the body alone), proves that the entry at N is in the tree, and that the tree
// of the older checkpoint is a prefix.  Prints one JSON object; any failure ends it with 1.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	url := flag.String("node", "", "address of the node")
	policyFile := flag.String("policy", "", "trust file")
	tokenFile := flag.String("token-file", "", "a member's token: entries are not public")
	position := flag.Int64("position", 0, "entry to prove")
	older := flag.String("older", "", "file of an earlier checkpoint")
	flag.Parse()
	result, err := check(*url, *policyFile, *tokenFile, *position, *older)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(result)
}

type result struct {
	Size         int64  `json:"size"`
	Root         string `json:"root"`
	Logs         int    `json:"logs"`
	Cosignatures int    `json:"cosignatures"`
	Leaf         string `json:"leaf"`
	OlderSize    int64  `json:"older_size"`
}

func check(url, policyFile, tokenFile string, position int64, older string) (*result, error) {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return nil, err
	}
	trust, err := parsePolicy(string(text))
	if err != nil {
		return nil, err
	}
	signed, err := get(url+"/checkpoint", "")
	if err != nil {
		return nil, err
	}
	tree, logs, cosignatures, err := trust.open(signed)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	found := &result{Size: tree.N, Root: tree.Hash.String(), Logs: logs, Cosignatures: cosignatures}
	reader := tlog.TileHashReader(tree, tiles(url))
	leaf, err := proveInclusion(url, tokenFile, tree, reader, position)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", position, err)
	}
	found.Leaf = hex.EncodeToString(leaf[:])
	if older == "" {
		return found, nil
	}
	signed, err = os.ReadFile(older)
	if err != nil {
		return nil, err
	}
	before, _, _, err := trust.open(signed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", older, err)
	}
	proof, err := tlog.ProveTree(tree.N, before.N, reader)
	if err != nil {
		return nil, fmt.Errorf("consistency with %s: %w", older, err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
		return nil, fmt.Errorf("consistency with %s: %w", older, err)
	}
	found.OlderSize = before.N
	return found, nil
}

// ---- Trust -------------------------------------------------------------------------------------

type policy struct {
	logs      note.Verifiers
	witnesses note.Verifiers
	threshold int // Of the group `validators`.
	origin    string
}

func parsePolicy(text string) (*policy, error) {
	var logs, witnesses []note.Verifier
	trust := &policy{}
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "log":
			verifier, err := note.NewVerifier(words[1])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			trust.origin = verifier.Name()
			logs = append(logs, verifier)
		case "witness":
			verifier, err := newCosigner(words[2])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			witnesses = append(witnesses, verifier)
		case "group":
			threshold, err := strconv.Atoi(words[2])
			if err != nil || words[1] != "validators" {
				return nil, fmt.Errorf("%s: no group that this program knows", line)
			}
			trust.threshold = threshold
		}
	}
	trust.logs = note.VerifierList(logs...)
	trust.witnesses = note.VerifierList(witnesses...)
	return trust, nil
}

// A verifier of cosignature/v1: key type 4, a signature is u64be time and 64 bytes.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newCosigner(text string) (*cosigner, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("malformed verifier key")
	}
	id, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	if len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, fmt.Errorf("no key of type cosignature/v1")
	}
	return &cosigner{parts[0], uint32(id), key[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }

func (c *cosigner) Verify(body, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	header := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(signature))
	return ed25519.Verify(c.key, append([]byte(header), body...), signature[8:])
}

// The tree of a checkpoint, and how many log signatures and cosignatures it carries.  note.Open
// refuses the note if one of the signatures it can check is wrong.
func (p *policy) open(signed []byte) (tlog.Tree, int, int, error) {
	opened, err := note.Open(signed, p.logs)
	if err != nil {
		return tlog.Tree{}, 0, 0, err
	}
	cosigned, err := note.Open(signed, p.witnesses)
	if err != nil {
		return tlog.Tree{}, 0, 0, err
	}
	if len(cosigned.Sigs) < p.threshold {
		return tlog.Tree{}, 0, 0, fmt.Errorf("%d cosignatures, %d are needed",
			len(cosigned.Sigs), p.threshold)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != p.origin {
		return tlog.Tree{}, 0, 0, fmt.Errorf("body %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, 0, 0, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, 0, 0, err
	}
	return tlog.Tree{N: size, Hash: root}, len(opened.Sigs), len(cosigned.Sigs), nil
}

// ---- Tiles -------------------------------------------------------------------------------------

// tiles reads hash tiles from the node with this address; TileHashReader authenticates them.
type tiles string

func (t tiles) Height() int { return tileHeight }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range wanted {
		// C2SP has one height, 8, and leaves it out of the path.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := get(string(t)+"/"+path, "")
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		read = append(read, data)
	}
	return read, nil
}

// Reads the entry from its bundle and proves that its leaf is in the tree.
func proveInclusion(url, tokenFile string, tree tlog.Tree, reader tlog.HashReader,
	position int64) (tlog.Hash, error) {
	width := int64(1) << tileHeight
	tile := tlog.Tile{H: tileHeight, L: 0, N: position / width, W: int(width)}
	if rest := tree.N - tile.N*width; rest < width {
		tile.W = int(rest)
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return tlog.Hash{}, err
	}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	bundle, err := get(url+"/"+path, strings.TrimSpace(string(token)))
	if err != nil {
		return tlog.Hash{}, err
	}
	entries, err := split(bundle)
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(entries) != tile.W {
		return tlog.Hash{}, fmt.Errorf("%s holds %d entries", path, len(entries))
	}
	leaf := tlog.RecordHash(entries[position%width])
	proof, err := tlog.ProveRecord(tree.N, position, reader)
	if err != nil {
		return tlog.Hash{}, err
	}
	return leaf, tlog.CheckRecord(proof, tree.N, tree.Hash, position, leaf)
}

// A bundle is u16be length and entry, repeated.
func split(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for rest := bytes.NewReader(bundle); rest.Len() > 0; {
		var length uint16
		if err := binary.Read(rest, binary.BigEndian, &length); err != nil {
			return nil, err
		}
		entry := make([]byte, length)
		if _, err := io.ReadFull(rest, entry); err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func get(url, token string) ([]byte, error) {
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return body, nil
}
