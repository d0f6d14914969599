"""A PKCS#11 module for tests: a SoftHSM token with P-256 keys that were made in it. Used by tests/system/ceremony and
tests/system/module_keys. Needs softhsm2, libengine-pkcs11-openssl and opensc (tests/deps installs them).
"""
import os
import subprocess

from harness import Failed

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "4081632"
NEEDED = (MODULE, "/usr/bin/softhsm2-util", "/usr/bin/pkcs11-tool", "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so")


def stock(root, *args):
    """A tool of the system's; what it said."""
    done = subprocess.run(args, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failed("%s: %s%s" % (" ".join(args), done.stdout, done.stderr))
    return done.stdout


def write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)


def make_token(root):
    """The keys "issuing" and "roster" in a token "sluis"; its PIN in root/pin, the token in root/hsm."""
    for path in NEEDED:
        if not os.path.exists(path):
            raise Failed("%s is missing; run tests/deps" % path)
    folder = os.path.join(root, "hsm")
    os.makedirs(folder)
    write(folder + ".conf", "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n" % folder)
    os.environ["SOFTHSM2_CONF"] = folder + ".conf"
    stock(root, "softhsm2-util", "--init-token", "--free", "--label", "sluis", "--pin", PIN, "--so-pin", "87654321")
    for number, label in enumerate(("issuing", "roster"), 1):
        stock(root, "pkcs11-tool", "--module", MODULE, "--token-label", "sluis", "--login", "--pin", PIN, "--keypairgen",
              "--key-type", "EC:prime256v1", "--label", label, "--id", "%02d" % number)
    write(os.path.join(root, "pin"), PIN + "\n")


def uri(label):
    return "pkcs11:token=sluis;object=%s;type=private" % label
