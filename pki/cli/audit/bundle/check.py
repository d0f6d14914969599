#!/usr/bin/python3
"""Checks the bundle in whose folder it lies, with the standard library alone: each digest of the manifest, each body
against its entry, each entry against the root of the checkpoint. Not checked: signatures; see the README."""
import base64
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LEAF = b"sluis/leaf/1"


def read(name):
    with open(os.path.join(HERE, name), "rb") as f:
        return f.read()


def must(good, what):
    if not good:
        sys.exit("FAIL " + what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaf, index, size, path):
    """The root to which a path leads (RFC 9162, 2.1.3.2); None where its length does not fit."""
    last = size - 1
    for node in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            leaf = sha(b"\1", node, leaf)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            leaf = sha(b"\1", leaf, node)
        index, last = index >> 1, last >> 1
    return leaf if last == 0 else None


def check_manifest():
    named = {"MANIFEST.sha256", "MANIFEST.sha256.p7s"}
    for line in read("MANIFEST.sha256").decode().splitlines():
        digest, name = line.split("  ", 1)
        named.add(name)
        must(hashlib.sha256(read(name)).hexdigest() == digest, name + " is not what the manifest says")
    found = {os.path.relpath(os.path.join(folder, name), HERE) for folder, _, names in os.walk(HERE) for name in names}
    must(found == named, "files that the manifest does not name: %s" % sorted(found - named))


def check_row(row, checkpoint):
    body, entry = base64.b64decode(row["body"]), bytes.fromhex(row["entry"])
    must(sha(*(part for piece in (LEAF, body) for part in (len(piece).to_bytes(4, "big"), piece))) == entry,
         "row %d: the body is another" % row["index"])
    proof = read("proofs/%012d.tlog-proof" % row["index"])
    head, note = proof.split(b"\n\n", 1)
    lines = head.decode().split("\n")
    must(note == checkpoint and lines[0] == "c2sp.org/tlog-proof@v1" and "index %d" % row["index"] in lines,
         "row %d: the proof is about another place" % row["index"])
    _, size, root = checkpoint.decode().split("\n")[:3]
    path = [base64.b64decode(line) for line in lines[1:] if " " not in line]
    must(root_of(sha(b"\0", entry), row["index"], int(size), path) == base64.b64decode(root),
         "row %d: not in the log of this checkpoint" % row["index"])


def main():
    check_manifest()
    rows = [json.loads(line) for line in read("rows.jsonl").splitlines()]
    must(len(rows) == json.loads(read("bundle.json"))["rows"] == len(os.listdir(os.path.join(HERE, "proofs"))),
         "rows, proofs and what bundle.json counts")
    checkpoint = read("checkpoint")
    for row in rows:
        check_row(row, checkpoint)
    print("%d rows stand in the log; the manifest holds. Not checked: signatures" % len(rows))


if __name__ == "__main__":
    main()
