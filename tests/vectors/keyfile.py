#!/usr/bin/python3
"""Key files written from the layout in docs/keys.md by other code than the product's: hashlib's scrypt
and python3-cryptography's AES-GCM. The product must open them, byte for byte as they stand.

    keyfile.py FOLDER           writes the files
    keyfile.py --check FOLDER   exits with 1 where a file differs
"""
import hashlib
import pathlib
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PASSPHRASE = "vier woorden die niemand raadt"
SALT = bytes(range(32))
NONCE = bytes(range(100, 112))


def u32(v):
    return v.to_bytes(4, "big")


def join(*parts):
    return b"".join(u32(len(p)) + p for p in parts)


def key_file(kind, name, purpose, epoch, payload):
    head = b"SLUISKEY" + bytes([1, kind, 14, 8, 1]) + (1764000000).to_bytes(8, "big")
    head += join(name.encode(), purpose.encode()) + u32(epoch) + SALT
    key = hashlib.scrypt(PASSPHRASE.encode(), salt=SALT, n=1 << 14, r=8, p=1, dklen=32,
                         maxmem=64 << 20)
    sealed = AESGCM(key).encrypt(NONCE, payload, join(b"sluis/keyfile/1", head))
    return head + NONCE + join(sealed)


def files():
    # RFC 8032 section 7.1, test 1.
    ed25519 = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    # RFC 6979 appendix A.2.5: private scalar and public point.
    p256 = ("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
    return {
        "p256.key": key_file(1, "agency.signing", "", 0, bytes.fromhex(p256)),
        "ed25519.key": key_file(2, "broker.log", "", 0, bytes.fromhex(ed25519)),
        "purpose.key": key_file(4, "purpose", "ondermijning", 1, bytes(range(32))),
        "broker_half.key": key_file(5, "broker.half", "ondermijning", 1, bytes(range(32, 64))),
        "storage.key": key_file(6, "agent.storage", "", 0, bytes(range(64, 96))),
    }


def main():
    folder = pathlib.Path(sys.argv[-1])
    for name, content in files().items():
        if sys.argv[1] == "--check":
            if (folder / name).read_bytes() != content:
                sys.exit(f"{name} differs from what keyfile.py makes")
        else:
            (folder / name).write_bytes(content)
    print(f"{len(files())} files")


main()
