#!/usr/bin/python3
"""Known answers of suite hk1, made from docs/tokens.md with nothing but hmac and hashlib, so that the
C code is held against a second reading of the text.

    hk1.py           prints the vectors
    hk1.py --check   exits with 1 where hk1.json beside it differs
"""
import hashlib
import hmac
import json
import pathlib
import sys


def u32(v):
    return v.to_bytes(4, "big")


def join(*parts):
    return b"".join(u32(len(p)) + p for p in parts)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key, info, length=32):
    """RFC 5869 section 2.3."""
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = mac(key, block + info + bytes([i]))
        out += block
        i += 1
    return out[:length]


def case(k, b, purpose, epoch, ident_type, norm_version, value):
    p, e, t = purpose.encode(), u32(epoch), ident_type.encode()
    subkey = expand(k, join(b"sluis/hk1/type", p, e, t))
    inner = mac(subkey, join(u32(norm_version), value.encode()))
    token = mac(b, join(b"sluis/hk1/index", t, inner))[:16]
    return {
        "k": k.hex(), "b": b.hex(), "purpose": purpose, "epoch": epoch, "type": ident_type,
        "norm_version": norm_version, "value": value, "suite": "hk1",
        "subkey": subkey.hex(), "inner": inner.hex(), "token": token.hex(),
        "kcv": expand(k, join(b"sluis/hk1/kcv", p, e, b"hk1"))[:8].hex(),
        "held": expand(b, join(b"sluis/hk1/held", p, e)).hex(),
    }


def dim(k, purpose, epoch, dimension, value):
    key = expand(k, join(b"sluis/hk1/dim", purpose.encode(), u32(epoch), dimension.encode()))
    return {"k": k.hex(), "purpose": purpose, "epoch": epoch, "dimension": dimension, "value": value,
            "code": mac(key, value.encode())[:8].hex()}


def vectors():
    k1 = bytes(range(32))
    k2 = hashlib.sha256(b"a second purpose key of the tests").digest()
    b1 = bytes(range(255, 223, -1))
    b2 = hashlib.sha256(b"a second broker half of the tests").digest()
    cases = [
        case(k1, b1, "ondermijning", 1, "bsn", 1, "999990019"),
        case(k1, b1, "ondermijning", 1, "rsin", 1, "999990019"),
        case(k1, b1, "ondermijning", 2, "bsn", 1, "999990019"),
        case(k1, b1, "ondermijning", 1, "bsn", 2, "999990019"),
        case(k1, b1, "zorgfraude", 1, "bsn", 1, "999990019"),
        case(k2, b1, "ondermijning", 1, "bsn", 1, "999990019"),
        case(k1, b2, "ondermijning", 1, "bsn", 1, "999990019"),
        case(k1, b1, "ondermijning", 1, "bsn", 1, "999990020"),
        case(k2, b2, "fenomeen-wonen.2", 4294967295, "iban", 7, "NL91ABNA0417164300"),
        case(k2, b2, "a", 0, "naam_geboortedatum", 3, "jansen/j\u00e9/1970-01-01"),
        case(k1, b2, "x" * 64, 65536, "email", 1, "y" * 255),
    ]
    types = ["kvk", "vestiging", "kenteken", "telefoon", "bag", "postcode_huisnr", "reisdocument",
             "btw", "lei", "container", "imei"]
    cases += [case(k2, b1, "ondermijning", 3, t, 1, "0") for t in types]
    dims = [
        dim(k1, "fenomeen", 1, "wijk", "0363AD"),
        dim(k1, "fenomeen", 1, "wijk", ""),
        dim(k1, "fenomeen", 1, "jaar", "2026"),
        dim(k2, "fenomeen", 2, "wijk", "0363AD"),
    ]
    return {"note": "made by hk1.py; all identifiers are synthetic", "cases": cases, "dims": dims}


def main():
    text = json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"
    if sys.argv[1:] == ["--check"]:
        stored = pathlib.Path(__file__).with_suffix(".json").read_text()
        if stored != text:
            sys.exit("hk1.json differs from what hk1.py makes")
        print(f"{len(vectors()['cases'])} cases agree")
        return
    sys.stdout.write(text)


main()
