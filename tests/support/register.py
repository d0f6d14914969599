"""A registrar and its parties as folders, and what they do with sluis-pki: no daemon runs. Used by
tests/system/registrar_keys and tests/system/module_keys.
"""
import json
import os
import subprocess

import harness
from harness import Failed

REGISTRAR, RIEC, UWV = "00000099000000000100", "00000099000000002000", "00000099000000003000"


def step(what):
    print("ok   " + what, flush=True)


def need(condition, what, detail=""):
    if not condition:
        raise Failed("%s: %s" % (what, detail))
    step(what)


def about(who, oin):
    """What an agency asks for, and its token allows."""
    return ("--oin", oin, "--name", "Agency " + who, "--controller", oin, "--regime", "avg", "--class", who, "--purpose",
            "riec", "--population", "10", "--churn", "1")


class Register:
    """A registrar and its parties as folders; key files are cheap to open."""

    def __init__(self, bin_dir, root):
        self.bin, self.root = bin_dir, root
        for who in ("reg", "riec", "uwv"):
            with open(self.path(who + ".pass"), "w", encoding="utf-8") as f:
                os.fchmod(f.fileno(), 0o600)
                f.write("pass of " + who)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def pki(self, folder, *args):
        done = subprocess.run([os.path.join(self.bin, "cheap_pki"), *args, "--dir", folder, "--passphrase-file",
                               folder.split("-")[0] + ".pass"],
                              cwd=self.root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if harness.SANITIZER.search(done.stderr.encode()):
            raise Failed(done.stderr)
        return done

    def must(self, folder, *args):
        done = self.pki(folder, *args)
        if done.returncode != 0:
            raise Failed("%s %s: %s" % (folder, " ".join(args), done.stderr))
        return done.stdout

    def refused(self, what, code, text, folder, *args):
        done = self.pki(folder, *args)
        need(done.returncode == code and text in done.stderr, what, "%d %s" % (done.returncode, done.stderr))

    def open(self):
        self.must("reg", "init", "--deployment", "demo", "--oin", REGISTRAR, "--name", "Registrar")

    def enrol(self, who, oin, *pin):
        self.must("reg", "token", "--role", "agency", *about(who, oin), "--out", who + ".token")
        self.must(who, "enrol", "--deployment", "demo", *about(who, oin), "--token-file", who + ".token", "--request",
                  who + ".req")
        self.must("reg", "approve", "--request", who + ".req", "--answer", who + ".ans", *pin)
        self.must(who, "accept", "--answer", who + ".ans")

    def sign(self):
        self.must("reg", "roster", "sign", "--out", "roster.signed")

    def party_pins(self, party):
        """The roster keys that a party pins."""
        return json.loads(self.must(party, "rotate", "--key", "roster", "--status", "--json"))["pins"]

    def status(self, key):
        return json.loads(self.must("reg", "rotate", "--key", key, "--status", "--json"))
