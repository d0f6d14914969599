#!/usr/bin/python3
"""Recomputes the check digits of the vectors, knowing nothing of the C code.

Every row of bsn, rsin, iban, btw, lei, container, imei and reisdocument is judged again from the
published rule; a row whose verdict the arithmetic contradicts is an error. Canonical values of all
types must have the shape that docs/identifiers.md promises.
"""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

SHAPES = {
    "bsn": r"\d{9}",
    "rsin": r"\d{9}",
    "kvk": r"\d{8}",
    "vestiging": r"\d{12}",
    "iban": r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}",
    "kenteken": r"[0-9A-Z]{3,6}|[A-Z]{2}:[0-9A-ZÄÖÜ]{2,12}",
    "telefoon": r"\+[1-9]\d{6,14}",
    "email": r"[!-~]+@[a-z0-9.-]+\.[a-z0-9-]+",
    "bag": r"\d{4}20\d{10}",
    "postcode_huisnr": r"[1-9]\d{3}(?!S[ADS])[A-Z]{2}/[1-9]\d{0,4}/[A-Z]?/[0-9A-Z]{0,4}",
    "naam_geboortedatum": r"[A-Z]{1,200}/[A-Z]/\d{8}",
    "reisdocument": r"[A-Z]{3}/[PIACV]/[0-9A-Z]{4,20}",
    "btw": r"NL\d{9}B\d{2}",
    "lei": r"[0-9A-Z]{18}\d{2}",
    "container": r"[A-Z]{3}[UJZ]\d{7}",
    "imei": r"\d{14}",
}


def eleven(digits):
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * int(d) for w, d in zip(weights, digits)) % 11 == 0


def spelled(text):
    return int("".join(str(int(c, 36)) for c in text))


def two_digits(text):
    return 2 <= int(text) <= 98


def iban(text):
    return two_digits(text[2:4]) and spelled(text[4:] + text[:4]) % 97 == 1


def lei(text):
    return two_digits(text[18:]) and spelled(text) % 97 == 1


def btw(text):
    new = two_digits(text[12:]) and spelled(text) % 97 == 1
    return new or eleven(text[2:11])


def luhn(text):
    total = 0
    for place, digit in enumerate(reversed(text)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0


def container(text):
    values, value = {}, 10
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        if value % 11 == 0:
            value += 1
        values[letter] = value
        value += 1
    total = sum(values.get(c, 0) * 2**i if c.isalpha() else int(c) * 2**i
                for i, c in enumerate(text[:10]))
    return total % 11 % 10 == int(text[10])


def mrz(text):
    return sum((7, 3, 1)[i % 3] * int(c, 36) for i, c in enumerate(text)) % 10


def compact(text):
    for c in " .-/\u2013\u2014\u00a0\u200b\ufeff\t\r\n":
        text = text.replace(c, "")
    return text.upper()


def full_width(text):
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)


def unescape(text):
    raw = re.sub(rb"\\(x[0-9a-f]{2}|\\)",
                 lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]),
                 text.encode())
    return raw.decode("utf-8", "replace")


def number_of(kind, parts):
    """The text whose check the row is about, without separators and with zeros put back."""
    text = compact(full_width(parts[0]))
    if kind in ("bsn", "rsin") and len(text) == 8:
        text = "0" + text
    if kind == "btw" and re.fullmatch(r"\d{9}B\d{2}", text):
        text = "NL" + text
    return text


CHECKS = {
    "bsn": (r"\d{9}", eleven),
    "rsin": (r"\d{9}", eleven),
    "iban": (r"[A-Z]{2}\d{2}[0-9A-Z]+", iban),
    "btw": (r"NL\d{9}B(?!00)\d{2}", btw),
    "lei": (r"[0-9A-Z]{18}\d{2}", lei),
    "container": (r"[A-Z]{3}[UJZ]\d{7}", container),
    "imei": (r"\d{15}", luhn),
}


def judge_number(kind, verdict, expected, parts):
    pattern, check = CHECKS[kind]
    text = number_of(kind, parts)
    if not re.fullmatch(pattern, text, re.ASCII):
        return None if verdict == "bad" or kind == "imei" else "accepted out of shape"
    passes = check(text)
    if verdict == "ok":
        canonical = text[:14] if kind == "imei" else text
        if not passes:
            return "accepted, but the check digit is wrong"
        return None if canonical == expected else f"canonical would be {canonical}"
    if expected == "check_failed" and passes:
        return "refused, but the check digit is right"
    return None


def judge_document(verdict, expected, parts):
    """The check digit of a travel document: a column of its own, or behind the number."""
    if len(parts) < 3:
        return None
    number = compact(parts[2])
    digit = parts[3] if len(parts) == 4 else ""
    if re.fullmatch(r"[0-9A-Z]{9}\d", number.replace("<", "0")) and (
            "<" in number or compact(parts[0]) in ("NLD", "NL")):
        number, digit = number[:-1], number[-1]
    number = number.replace("<", "")
    if not re.fullmatch(r"[0-9A-Z]+", number) or not re.fullmatch(r"\d", digit):
        return "check_failed without a digit" if expected == "check_failed" else None
    passes = mrz(number) == int(digit)
    if verdict == "ok" and not passes:
        return "accepted, but the check digit is wrong"
    if expected == "check_failed" and passes:
        return "refused, but the check digit is right"
    return None


def judge(kind, verdict, expected, parts):
    if verdict == "ok" and not re.fullmatch(SHAPES[kind], expected, re.ASCII):
        return "canonical value out of shape"
    if kind in CHECKS:
        return judge_number(kind, verdict, expected, parts)
    if kind == "reisdocument":
        return judge_document(verdict, expected, parts)
    return None


def rows(kind):
    text = (FOLDER / f"{kind}.tsv").read_bytes().decode("utf-8")
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith("#"):
            verdict, expected, _, *parts = line.split("\t")
            yield number, verdict, unescape(expected), [unescape(p) for p in parts]


def main():
    wrong = judged = 0
    for kind in SHAPES:
        verdicts = set()
        for number, verdict, expected, parts in rows(kind):
            judged += 1
            verdicts.add(verdict)
            fault = judge(kind, verdict, expected, parts)
            if fault:
                wrong += 1
                print(f"{kind}.tsv:{number}: {fault}", file=sys.stderr)
        if verdicts != {"ok", "bad"}:
            wrong += 1
            print(f"{kind}.tsv: needs both ok and bad rows", file=sys.stderr)
    print(f"{judged} rows judged, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
