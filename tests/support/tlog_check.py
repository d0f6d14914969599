#!/usr/bin/python3
"""Checks a published log with nothing of Sluis: standard library, and python3-cryptography for Ed25519.

    tlog_check.py TILES-FOLDER AUDIT-POLICY [--old CHECKPOINT]
    tlog_check.py --proof PROOF-FILE AUDIT-POLICY ENTRY-HEX

Written from the C2SP documents (signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, tlog-policy) and RFC 6962 only, so that
it shares no mistake with the C code. Exit status 0 where all holds, 1 where something does not."""
import base64
import hashlib
import os
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Bad(Exception):
    pass


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tree_hash(leaves):
    """MTH over leaf hashes, pairs level by level; an odd last one moves up."""
    if not leaves:
        return sha(b"")
    while len(leaves) > 1:
        up = [sha(b"\x01", leaves[i], leaves[i + 1]) for i in range(0, len(leaves) - 1, 2)]
        if len(leaves) % 2:
            up.append(leaves[-1])
        leaves = up
    return leaves[0]


def read_policy(path):
    """The Ed25519 log keys: (name, key id) -> public key. Quorums other than none are not for this program."""
    keys = {}
    for line in open(path, encoding="utf-8"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log":
            name, hex_id, b64 = words[1].split("+", 2)
            raw = base64.b64decode(b64, validate=True)
            if raw[0] != 1 or sha(name.encode(), b"\n", raw)[:4].hex() != hex_id:
                raise Bad("a log key of the policy is not well-formed")
            keys[name, bytes.fromhex(hex_id)] = raw[1:]
        elif words != ["quorum", "none"]:
            raise Bad("this program knows policies without witnesses only")
    return keys


def open_note(data, keys):
    """(origin, size, root) of a checkpoint that a log key of the policy signed."""
    note = data.decode("utf-8")
    if not note.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Bad("the note is not well-formed")
    text, lines = note.rsplit("\n\n", 1)
    text += "\n"
    good = False
    for line in lines[:-1].split("\n"):
        dash, name, b64 = line.split(" ")
        raw = base64.b64decode(b64, validate=True)
        if dash != "\u2014" or len(raw) < 5:
            raise Bad("a signature line is not well-formed")
        key = keys.get((name, raw[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], text.encode("utf-8"))
        except InvalidSignature:
            raise Bad("the log's signature does not verify") from None
        good = True
    origin, size, root, *rest = text.split("\n")
    if not good or origin not in {name for name, _ in keys}:
        raise Bad("no log key of the policy signed a checkpoint of its own log")
    if str(int(size)) != size or rest != [""]:
        raise Bad("the checkpoint is not well-formed")
    return origin, int(size), base64.b64decode(root, validate=True)


def path_root(leaf, index, size, path):
    """RFC 6962 2.1.1, from the leaf up: the left neighbour where the node is a right child or the last of a row."""
    last = size - 1
    if not 0 <= index <= last:
        raise Bad("an index outside the log")
    for node in path:
        if last == 0:
            raise Bad("too long a path")
        if index % 2 or index == last:
            leaf = sha(b"\x01", node, leaf)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            leaf = sha(b"\x01", leaf, node)
        index, last = index // 2, last // 2
    if last:
        raise Bad("too short a path")
    return leaf


def check_proof(path, policy, entry):
    """The index at which the entry stands in the log of the proof's own checkpoint."""
    with open(path, "rb") as f:
        head, note = f.read().split(b"\n\n", 1)
    lines = head.decode("ascii").split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Bad("not a proof file")
    if lines[0].startswith("extra "):
        if base64.b64decode(lines.pop(0)[6:], validate=True) != entry:
            raise Bad("the proof is about another entry")
    word, index = lines.pop(0).split(" ")
    if word != "index" or str(int(index)) != index:
        raise Bad("no index")
    _, size, root = open_note(note, read_policy(policy))
    hashes = [base64.b64decode(line, validate=True) for line in lines]
    if path_root(sha(b"\x00", entry), int(index), size, hashes) != root:
        raise Bad("the path does not lead to the root")
    return int(index)


def tile_name(index):
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.insert(0, "x%03d" % (index % 1000))
    return "/".join(groups)


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def first_entries(data, width):
    at = 0
    for _ in range(width):
        at += 2 + int.from_bytes(data[at:at + 2], "big")
    return data[:at]


def read_tile(folder, level, index, width):
    """A partial tile that is gone is the beginning of the full one."""
    path = os.path.join(folder, "tile", level, tile_name(index))
    if width == 256:
        return read_file(path)
    try:
        return read_file(path + ".p/%d" % width)
    except FileNotFoundError:
        full = read_file(path)
        return first_entries(full, width) if level == "entries" else full[:width * 32]


def widths(count):
    for first in range(0, count, 256):
        yield first // 256, min(256, count - first)


def read_entries(folder, size):
    entries = []
    for index, width in widths(size):
        data = read_tile(folder, "entries", index, width)
        for _ in range(width):
            n = int.from_bytes(data[:2], "big")
            if len(data) < 2 + n or n != 32:
                raise Bad("entry bundle %d: an entry is not 32 bytes" % index)
            entries.append(data[2:2 + n])
            data = data[2 + n:]
        if data:
            raise Bad("entry bundle %d: surplus bytes" % index)
    return entries


def check_hash_tiles(folder, leaves):
    """Every hash tile against the entries; returns how many."""
    level, hashes, seen = 0, leaves, 0
    while hashes:
        for index, width in widths(len(hashes)):
            want = b"".join(hashes[index * 256:index * 256 + width])
            if read_tile(folder, str(level), index, width) != want:
                raise Bad("hash tile %d at level %d is not what the entries give" % (index, level))
            seen += 1
        hashes = [tree_hash(hashes[i:i + 256]) for i in range(0, len(hashes) // 256 * 256, 256)]
        level += 1
    return seen


def check(folder, policy, old):
    keys = read_policy(policy)
    with open(os.path.join(folder, "checkpoint"), "rb") as f:
        origin, size, root = open_note(f.read(), keys)
    entries = read_entries(folder, size)
    leaves = [sha(b"\x00", e) for e in entries]
    if tree_hash(leaves) != root:
        raise Bad("the entries do not give the root of the checkpoint")
    tiles = check_hash_tiles(folder, leaves)
    if old is not None:
        with open(old, "rb") as f:
            old_origin, old_size, old_root = open_note(f.read(), keys)
        if old_origin != origin or old_size > size or tree_hash(leaves[:old_size]) != old_root:
            raise Bad("the earlier checkpoint is not a prefix: the log was forked or cut")
    print("%s: %d entries, %d hash tiles, root %s" % (origin, size, tiles, root.hex()))


def main(args):
    old = None
    if len(args) == 4 and args[0] == "--proof":
        try:
            check_proof(args[1], args[2], bytes.fromhex(args[3]))
        except (Bad, OSError, ValueError, IndexError) as e:
            print("does not verify: %s" % e, file=sys.stderr)
            return 1
        return 0
    if len(args) == 4 and args[2] == "--old":
        old = args[3]
        args = args[:2]
    if len(args) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        check(args[0], args[1], old)
    except (Bad, OSError, ValueError) as e:
        print("does not verify: %s" % e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
