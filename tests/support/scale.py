"""One large source for measuring, of companies that do not exist; for population.py."""
import os
import random

MAPPING = """# A source for measuring: two strong identifiers and eight fields a row.
schema: 1
source: {format: csv, delimiter: ',', encoding: utf-8}
record_key: nr
category: {constant: onderneming}
identifiers:
  - {type: iban, column: iban}
  - {type: lei, column: lei}
fields:
  - {name: openstaande_schuld, column: schuld, kind: number, category: belastingschuld}
  - {name: invorderingsfase, column: fase, kind: text, category: belastingschuld}
  - {name: laatste_aanslag, column: aanslag, kind: date, dates: [yyyymmdd], category: belastingschuld}
  - {name: naam, column: naam, kind: text, category: onderneming}
  - {name: plaats, column: plaats, kind: text, category: onderneming}
  - {name: rechtsvorm, column: rechtsvorm, kind: text, category: onderneming}
  - {name: werkzaam, column: werkzaam, kind: number, category: onderneming}
  - {name: actief, column: actief, kind: bool, category: onderneming}
rules: [%(rule)s]
"""
TOWNS = ["Jans", "Vries", "Berg", "Bakker", "Vissers", "Smits", "Meijer", "Boer", "Mulder", "Bosch", "Vossen", "Peters",
         "Hendriks", "Leeuw", "Dekker", "Brouwer", "Witte", "Dijk", "Smeden", "Meer", "Horst", "Hoek", "Veen", "Kuiper",
         "Schip", "Post", "Timmer", "Verf", "Willems"]


def iban(n):
    """NL IBAN of an account under a bank that does not exist: T=29, E=14, S=28, T=29, N=23, L=21."""
    return "NL%02dTEST%010d" % (98 - int("29142829%010d232100" % n) % 97, n)


def lei(n):
    """LEI under a prefix that no issuer has."""
    return "999900%012d%02d" % (n, 98 - int("999900%012d00" % n) % 97)


def account(seed, i):
    """Number of row i. 7919 and 10**10 have no common factor: none comes twice."""
    return (random.Random(seed).randrange(10 ** 9) + i * 7919) % 10 ** 10


def row(n, i, changed):
    town = TOWNS[i % 29]
    return ("N%09d,%s,%s,%d.%02d,fase %d,2026%02d%02d,%s Handel %d,%sdorp,%s,%d,%s\n"
            % (i, iban(n), lei(n), n % 90000 + 100, i % 100, i % 97 + changed, i % 12 + 1,
               i % 28 + 1, town, n % 100000, town, ("bv", "vof", "stichting")[i % 3], i % 250, "jn"[i % 2]))


def make(folder, rows, seed, rule):
    """Writes mapping.yaml, export.csv and changed.csv: the same with another field in every hundredth row."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "mapping.yaml"), "w", encoding="utf-8") as f:
        f.write(MAPPING % {"rule": rule})
    n = account(seed, 0)
    header = "nr,iban,lei,schuld,fase,aanslag,naam,plaats,rechtsvorm,werkzaam,actief\n"
    with open(os.path.join(folder, "export.csv"), "w", encoding="utf-8", buffering=1 << 20) as first, \
            open(os.path.join(folder, "changed.csv"), "w", encoding="utf-8", buffering=1 << 20) as second:
        for f in (first, second):
            f.write(header)
        for i in range(rows):
            text = row(n, i, 0)
            first.write(text)
            second.write(text if i % 100 != 0 else row(n, i, 1))
            n = (n + 7919) % 10 ** 10
