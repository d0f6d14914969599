#!/usr/bin/python3
"""Makes a synthetic population and the messy exports of four agencies, with their mapping files and the truth.

usage: population.py OUT [--seed N]           OUT/<agency>/import/{export.csv,mapping.yaml}, OUT/truth.json
       population.py OUT --scale ROWS [--seed N]   OUT/bench/{export.csv,changed.csv,mapping.yaml}: ROWS distinct
                                                   records, and the same with one in a hundred changed

Nobody in it exists (docs/synthetic-identifiers.md): BSNs of the test range 9999xxxxx, births before 1850, a bank
that does not exist, plates with vowels. The same seed gives the same bytes. Categories, fields and rules are
those of docs/policies/demonstration.yaml.

truth.json has, for each agency and record key, what the record must become: category, identifiers (type and
canonical value, spelled here by rules of this file's own, not by the product's code) and fields. "subjects"
names a few people for a demonstration.
"""
import argparse
import json
import os
import random
import unicodedata

import scale

BANK = "TEST"
AGENCIES = {
    "riec": "00000099000000002000",
    "liec": "00000099000000003000",
    "belastingdienst": "00000099000000004000",
    "uwv": "00000099000000005000",
}
SURNAMES = ["Jansen", "de Vries", "van den Berg", "Bakker", "Visser", "Smit", "Meijer", "de Boer", "Mulder", "Bos",
            "Vos", "Peters", "Hendriks", "van Leeuwen", "Dekker", "Brouwer", "de Wit", "Dijkstra", "Smits",
            "van der Meer", "Müller", "Kaya", "Yılmaz", "Öztürk", "Çelik", "Lefèvre", "Groß", "Sørensen", "Åkesson",
            "Brontë", "Noël", "van 't Hof", "ter Horst", "d'Angelo", "Jansen-Bakker", "Coenraads", "Schipper",
            "Kuipers", "Postma", "Hoekstra", "Veenstra", "El Idrissi", "Timmermans", "Verhoeven", "Willems"]
FIRST = ["Anna", "Bram", "Carla", "Daan", "Eva", "Fleur", "Gijs", "Hanna", "Ivo", "Jasmijn", "Kees", "Lotte", "Marie",
         "Noor", "Olaf", "Pien", "Ruben", "Sofie", "Thijs", "Ursula", "Vera", "Willem", "Youssef", "Zoë", "Émile"]
PREFIXES = ["van den ", "van der ", "van 't ", "van ", "de ", "ter ", "El "]
SUBJECTS = 4  # the first rows of an export are named people and stay right
ICAO = {"ß": "SS", "ø": "OE", "Ø": "OE", "å": "AA", "Å": "AA", "ı": "I"}
LETTERS = "BDFGHJKLNPRSTVXZ"
VOWELS = "AEU"  # no series of plates uses them


# ---- canonical spellings ----

def elfproef(number):
    """True for nine digits that satisfy 9a+8b+...+2h-1i = 0 (mod 11)."""
    d = [int(c) for c in number]
    return sum(w * x for w, x in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), d)) % 11 == 0 and any(d)


def iban(account):
    """NL IBAN of ten digits under the fictitious bank."""
    rest = "".join(str(int(c, 36)) for c in BANK + account + "NL00")
    return "NL%02d%s%s" % (98 - int(rest) % 97, BANK, account)


def name_key(surname, first, born):
    for prefix in PREFIXES:
        if surname.startswith(prefix):
            surname = surname[len(prefix):]
            break

    def plain(text):
        text = "".join(ICAO.get(c, c) for c in text)
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        return "".join(c for c in text.upper() if "A" <= c <= "Z")
    return "%s/%s/%s" % (plain(surname), plain(first)[0], born.replace("-", ""))


class Person:
    """Somebody who does not exist, with canonical values."""

    def __init__(self, rng, bsn):
        self.bsn = bsn
        self.surname = rng.choice(SURNAMES)
        self.first = rng.choice(FIRST)
        self.born = "%04d-%02d-%02d" % (rng.randint(1801, 1849), rng.randint(1, 12), rng.randint(1, 28))
        self.phone = "+31600" + "%06d" % rng.randrange(10 ** 6)
        self.iban = iban("%010d" % rng.randrange(10 ** 10))
        self.plate = plate(rng) if rng.random() < 0.4 else None
        self.postcode = postcode(rng)
        self.house = str(rng.randint(1, 300))
        self.letter = rng.choice(["", "", "", "A", "B"])
        self.email = "%s.%s@voorbeeld.example" % (name_key("X", self.first, "").split("/")[1].lower(), bsn)

    @property
    def address(self):
        return "%s/%s/%s/" % (self.postcode, self.house, self.letter)

    @property
    def naam(self):
        return name_key(self.surname, self.first, self.born)


class Company:
    """A company that does not exist."""

    def __init__(self, rng, number, rsin):
        self.kvk = "%08d" % number
        self.rsin = rsin
        self.name = rng.choice(SURNAMES) + rng.choice([" B.V.", " Transport", " & Zn.", " Horeca", " Café"])
        self.iban = iban("%010d" % rng.randrange(10 ** 10))
        self.phone = "+31600" + "%06d" % rng.randrange(10 ** 6)
        self.plate = plate(rng)


def plate(rng):
    return "%s%s%03d%s" % (rng.choice(VOWELS), rng.choice(VOWELS), rng.randrange(1000), rng.choice(VOWELS))


def postcode(rng):
    letters = rng.choice(LETTERS) + rng.choice(LETTERS)
    return "%04d%s" % (rng.randint(9900, 9999), letters if letters != "SS" and letters != "SD" else "AB")


# ---- mess ----

def date_as(style, iso):
    y, m, d = iso.split("-")
    return {"iso": iso, "compact": y + m + d, "dashes": "%s-%s-%s" % (d, m, y),
            "slashes": "%d/%d/%s" % (int(d), int(m), y)}[style]


def group(text, sizes, sign):
    out, at = [], 0
    for n in sizes:
        out.append(text[at:at + n])
        at += n
    return sign.join(part for part in out + [text[at:]] if part)


def messy_bsn(rng, bsn):
    return rng.choice([bsn, bsn, group(bsn, [4, 2], "."), group(bsn, [4, 2], " "), " " + bsn, bsn + " "])


def messy_phone(rng, phone):
    national = "0" + phone[3:]
    return rng.choice([national[:2] + "-" + national[2:], national, "+31 6 " + phone[4:], "0031" + phone[3:],
                       "+31 (0)6 " + phone[4:], "06 - " + group(national[2:], [2, 2, 2], " ")])


def messy_iban(rng, value):
    spaced = group(value, [4, 4, 4, 4], " ")
    return rng.choice([value, spaced, spaced.lower(), value.lower()])


def messy_plate(rng, value):
    return rng.choice([value, group(value, [2, 3], "-"), group(value, [2, 3], "-").lower()])


def lost_zeros(rng, value):
    return value[1:] if value.startswith("0") and rng.random() < 0.7 else value


def wrong_digit(value):
    """A number whose check fails: the last digit is raised by one."""
    return value[:-1] + str((int(value[-1]) + 1) % 10)


# ---- exports ----

class Export:
    """One agency's file: its format, its rows, and the truth about them."""

    def __init__(self, rng, fmt, columns):
        self.rng, self.fmt, self.columns = rng, fmt, columns
        self.lines, self.records, self.rejected = [], {}, 0

    def encode(self, cells):
        out = []
        for cell in cells:
            special = any(c in cell for c in (self.fmt["delimiter"], '"', "\n", "\r"))
            quote = special or (cell and self.rng.random() < self.fmt.get("quote_rate", 0))
            out.append('"%s"' % cell.replace('"', '""') if quote else cell)
        return self.fmt["delimiter"].join(out) + self.fmt["newline"]

    def add(self, key, cells, truth):
        """A row by column name. truth None: it must be rejected."""
        self.lines.append(self.encode([cells.get(c, "") for c in self.columns]))
        if truth is None:
            self.rejected += 1
        else:
            truth["identifiers"] = sorted(set(map(tuple, truth["identifiers"])))
            self.records[key] = truth

    def add_broken(self, line):
        self.lines.append(line + self.fmt["newline"])
        self.rejected += 1

    def finish(self):
        """Repeats one row in a hundred, as exports that were glued together do."""
        again = self.rng.sample(self.lines, max(1, len(self.lines) // 100))
        # A repeated row has a key that was seen, so it is rejected; a broken one stays broken.
        self.rejected += len(again)
        self.lines += again

    def write(self, folder, mapping):
        os.makedirs(folder, exist_ok=True)
        rows = list(self.lines)
        if "trailer" in self.fmt:
            rows.append(self.fmt["delimiter"].join([self.fmt["trailer"], str(len(rows))]) + self.fmt["newline"])
        text = self.fmt.get("bom", "") + self.encode(self.columns) + "".join(rows)
        with open(os.path.join(folder, "export.csv"), "wb") as f:
            f.write(text.encode(self.fmt["encoding"], errors="replace"))
        with open(os.path.join(folder, "mapping.yaml"), "w", encoding="utf-8") as f:
            f.write(mapping)

    def truth(self):
        return {"rows": len(self.lines), "accepted": len(self.records), "rejected": self.rejected,
                "records": self.records}


class Row:
    """Cells and truth of one row under way."""

    def __init__(self, category):
        self.cells, self.identifiers = {}, []
        self.truth = {"category": category, "identifiers": self.identifiers, "fields": {}}

    def ident(self, type_id, column, messy, canonical):
        self.cells[column] = messy
        self.identifiers.append((type_id, canonical))

    def field(self, name, column, raw, value):
        self.cells[column] = raw
        self.truth["fields"][name] = value


def spoil(rng, row, key, export):
    """Two rows in a hundred are wrong, each in one of several ways. True where the row was written here."""
    if rng.random() >= 0.02:
        return False
    kind = rng.randrange(4)
    bsn = [c for t, c in row.identifiers if t == "bsn"]
    if kind == 0 and bsn and len(row.identifiers) > 1:
        column = "BSN" if "BSN" in row.cells else "bsn"
        row.cells[column] = wrong_digit(bsn[0])
        row.truth["identifiers"] = [i for i in row.identifiers if i[0] != "bsn"]
        return False
    if kind == 1:
        export.add_broken(export.fmt["delimiter"].join(["stuk", "x", "y"]))
    elif kind == 2:
        export.add(key, {k: v for k, v in row.cells.items() if k != export.columns[0]}, None)
    else:
        export.add_broken('ab"c' + export.fmt["delimiter"] * (len(export.columns) - 1))
    return True


def make_belastingdienst(rng, people, companies):
    columns = ["Dossiernummer", "Soort", "BSN", "RSIN", "KvK", "Rekening", "Kenteken", "Telefoon", "Naam", "Voornaam",
               "Geboortedatum", "Postcode", "Huisnr", "Letter", "Schuld", "Fase", "Laatste aanslag"]
    e = Export(rng, {"delimiter": ";", "encoding": "iso-8859-1", "newline": "\r\n"}, columns)
    for i, (p, category) in enumerate(people):
        r = Row(category)
        key = r.cells["Dossiernummer"] = "BD-%06d" % i
        r.cells["Soort"] = {"belastingschuld": "P", "bezwaar": "BZW"}[category]
        r.ident("bsn", "BSN", p.bsn, p.bsn)
        add_person(rng, r, p, {"iban": "Rekening", "phone": "Telefoon", "plate": "Kenteken"})
        add_name(rng, r, latin(p), "Naam", "Voornaam", "Geboortedatum")
        r.cells.update({"Postcode": group(p.postcode, [4], " ").lower() if i % 3 else p.postcode, "Huisnr": p.house,
                        "Letter": p.letter.lower()})
        r.identifiers.append(("postcode_huisnr", p.address))
        add_fiscal(rng, r)
        if i < SUBJECTS or not spoil(rng, r, key, e):
            e.add(key, r.cells, r.truth)
    for i, c in enumerate(companies):
        r = Row("onderneming")
        key = r.cells["Dossiernummer"] = "BO-%06d" % i
        r.cells["Soort"] = "O"
        r.ident("kvk", "KvK", c.kvk, c.kvk)
        r.ident("rsin", "RSIN", lost_zeros(rng, c.rsin), c.rsin)
        r.ident("iban", "Rekening", messy_iban(rng, c.iban), c.iban)
        add_fiscal(rng, r)
        if i < SUBJECTS or not spoil(rng, r, key, e):
            e.add(key, r.cells, r.truth)
    e.finish()
    return e


def latin(p):
    """The person as Latin-1 can spell the name; what it cannot spell stands without its marks in the source."""
    twin = Person.__new__(Person)
    twin.__dict__.update(p.__dict__)
    for attr in ("surname", "first"):
        value = "".join({"ı": "i"}.get(c, c) for c in getattr(p, attr))
        setattr(twin, attr, value.encode("iso-8859-1", errors="ignore").decode("iso-8859-1"))
    return twin


def add_person(rng, r, p, columns):
    """Bank account, telephone and car, each missing now and then."""
    if rng.random() < 0.9:
        r.ident("iban", columns["iban"], messy_iban(rng, p.iban), p.iban)
    if rng.random() < 0.8:
        r.ident("telefoon", columns["phone"], messy_phone(rng, p.phone), p.phone)
    if "plate" in columns and p.plate:
        r.ident("kenteken", columns["plate"], messy_plate(rng, p.plate), p.plate)


def add_name(rng, r, p, surname, first, born):
    r.cells.update({surname: p.surname, first: p.first,
                    born: date_as(rng.choice(["iso", "compact", "dashes"]), p.born)})
    r.identifiers.append(("naam_geboortedatum", p.naam))


def add_fiscal(rng, r):
    day = "%04d-%02d-%02d" % (rng.randint(2021, 2026), rng.randint(1, 12), rng.randint(1, 28))
    phase = rng.choice(["aanmaning", "dwangbevel", "beslag", "betalingsregeling"])
    raw, value = rng.choice([("", ""), ("12.345,67", "12345.67"), ("250000", "250000"), ("1.000.000", "1000000"),
                             ("0987,50", "987.50")])
    r.field("openstaande_schuld", "Schuld", raw, value)
    r.field("invorderingsfase", "Fase", phase, phase)
    r.field("laatste_aanslag", "Laatste aanslag", date_as(rng.choice(["iso", "compact", "dashes"]), day), day)


def make_uwv(rng, people, companies):
    columns = ["klantnr", "soort", "bsn", "naam", "voorletters_voornaam", "geboren", "iban", "tel", "mail",
               "uitkering", "ingang", "werkgever"]
    fmt = {"delimiter": ",", "encoding": "utf-8", "newline": "\n", "bom": "\ufeff", "quote_rate": 0.2}
    e = Export(rng, fmt, columns)
    for i, (p, category) in enumerate(people):
        r = Row(category)
        key = r.cells["klantnr"] = "U%07d" % i
        r.cells["soort"] = {"uitkering": rng.choice(["WW", "WIA"]), "dienstverband": "DV"}[category]
        r.ident("bsn", "bsn", messy_bsn(rng, p.bsn), p.bsn)
        add_person(rng, r, p, {"iban": "iban", "phone": "tel"})
        add_name(rng, r, p, "naam", "voorletters_voornaam", "geboren")
        for prefix in PREFIXES:  # "Berg, van den": a quoted comma
            if p.surname.startswith(prefix) and prefix != "El " and rng.random() < 0.5:
                r.cells["naam"] = "%s, %s" % (p.surname[len(prefix):], prefix.strip())
                break
        if rng.random() < 0.5:
            r.ident("email", "mail", p.email.replace("@voorbeeld", "@Voorbeeld"), p.email)
        add_benefit(rng, r, rng.choice(companies))
        if i < SUBJECTS or not spoil(rng, r, key, e):
            e.add(key, r.cells, r.truth)
    e.finish()
    return e


def add_benefit(rng, r, employer):
    day = "%04d-%02d-%02d" % (rng.randint(2015, 2026), rng.randint(1, 12), rng.randint(1, 28))
    kind = r.cells["soort"]
    r.field("soort_uitkering", "uitkering", kind, kind)
    r.field("ingangsdatum", "ingang", date_as(rng.choice(["compact", "dashes", "slashes"]), day), day)
    employed = rng.random() < 0.6
    r.field("werkgever", "werkgever", employer.name if employed else "NULL", employer.name if employed else "")


def make_riec(rng, people, companies):
    columns = ["casusnr", "bsn", "kvk", "kenteken", "iban", "postcode", "huisnummer", "huisletter", "omschrijving",
               "datum"]
    e = Export(rng, {"delimiter": "|", "encoding": "utf-8", "newline": "\n"}, columns)
    subjects = list(people) + list(companies)
    rng.shuffle(subjects)
    for i, s in enumerate(subjects):
        r = Row("casus")
        key = r.cells["casusnr"] = "R-%05d" % i
        if isinstance(s, Person):
            r.ident("bsn", "bsn", messy_bsn(rng, s.bsn), s.bsn)
            r.cells.update({"postcode": s.postcode, "huisnummer": s.house, "huisletter": s.letter})
            r.identifiers.append(("postcode_huisnr", s.address))
        else:
            r.ident("kvk", "kvk", group(s.kvk, [2, 3], " "), s.kvk)
            r.cells["bsn"] = "onbekend"
        if s.plate:
            r.ident("kenteken", "kenteken", messy_plate(rng, s.plate), s.plate)
        if rng.random() < 0.5:
            r.ident("iban", "iban", messy_iban(rng, s.iban), s.iban)
        add_case(rng, r, "omschrijving", "datum")
        if i < SUBJECTS or not spoil(rng, r, key, e):
            e.add(key, r.cells, r.truth)
    e.finish()
    return e


def make_liec(rng, companies):
    columns = ["Nr", "KvK", "Kenteken", "Tel", "Thema", "Datum"]
    fmt = {"delimiter": "\t", "encoding": "cp1252", "newline": "\r\n", "trailer": "TOTAAL"}
    e = Export(rng, fmt, columns)
    for i, c in enumerate(companies):
        r = Row("signaal")
        key = r.cells["Nr"] = "L%04d" % i
        r.ident("kvk", "KvK", rng.choice([c.kvk, group(c.kvk, [4], ".")]), c.kvk)
        if rng.random() < 0.7:
            r.ident("kenteken", "Kenteken", messy_plate(rng, c.plate), c.plate)
        if rng.random() < 0.7:
            r.ident("telefoon", "Tel", messy_phone(rng, c.phone), c.phone)
        add_case(rng, r, "Thema", "Datum")
        if i < SUBJECTS or not spoil(rng, r, key, e):
            e.add(key, r.cells, r.truth)
    e.finish()
    return e


def add_case(rng, r, theme_column, date_column):
    day = "%04d-%02d-%02d" % (rng.randint(2022, 2026), rng.randint(1, 12), rng.randint(1, 28))
    theme = rng.choice(["hennepteelt", "mensenhandel", "horeca & vastgoed", "autoverhuur – witwassen", "façade-bedrijf"])
    r.field("thema", theme_column, theme, theme)
    r.field("datum", date_column, date_as(rng.choice(["iso", "dashes", "slashes"]), day), day)


# ---- mappings ----

MAPPINGS = {
    "belastingdienst": """# Belastingdienst: debts, companies, and objections (which no index rule admits).
schema: 1
source: {format: csv, delimiter: ';', encoding: iso-8859-1, decimal: ','}
record_key: Dossiernummer
category:
  column: Soort
  values:
    - {from: P, category: belastingschuld}
    - {from: O, category: onderneming}
    - {from: BZW, category: bezwaar}
identifiers:
  - {type: bsn, column: BSN}
  - {type: rsin, column: RSIN}
  - {type: kvk, column: KvK}
  - {type: iban, column: Rekening}
  - {type: kenteken, column: Kenteken}
  - {type: telefoon, column: Telefoon}
  - type: naam_geboortedatum
    parts:
      - {part: geslachtsnaam, column: Naam}
      - {part: voornaam, column: Voornaam}
      - {part: geboortedatum, column: Geboortedatum}
  - type: postcode_huisnr
    parts:
      - {part: postcode, column: Postcode}
      - {part: huisnummer, column: Huisnr}
      - {part: huisletter, column: Letter}
fields:
  - {name: openstaande_schuld, column: Schuld, kind: number, category: belastingschuld}
  - {name: invorderingsfase, column: Fase, kind: text, category: belastingschuld}
  - name: laatste_aanslag
    column: Laatste aanslag
    kind: date
    dates: [dd-mm-yyyy, yyyy-mm-dd, yyyymmdd]
    category: belastingschuld
rules: [%(rule)s]
""",
    "uwv": """# UWV: benefits and employments.
schema: 1
source: {format: csv, delimiter: ',', encoding: utf-8}
null_tokens: ['NULL']
record_key: klantnr
category:
  column: soort
  values:
    - {from: WW, category: uitkering}
    - {from: WIA, category: uitkering}
    - {from: DV, category: dienstverband}
identifiers:
  - {type: bsn, column: bsn}
  - {type: iban, column: iban}
  - {type: telefoon, column: tel}
  - {type: email, column: mail}
  - type: naam_geboortedatum
    parts:
      - {part: geslachtsnaam, column: naam}
      - {part: voornaam, column: voorletters_voornaam}
      - {part: geboortedatum, column: geboren}
fields:
  - {name: soort_uitkering, column: uitkering, kind: text, category: uitkering}
  - name: ingangsdatum
    column: ingang
    kind: date
    dates: [yyyymmdd, dd-mm-yyyy, dd/mm/yyyy]
    category: uitkering
  - {name: werkgever, column: werkgever, kind: text, category: dienstverband}
rules: [%(rule)s]
""",
    "riec": """# RIEC: cases.
schema: 1
source: {format: csv, delimiter: '|', encoding: utf-8}
null_tokens: [onbekend]
record_key: casusnr
category: {constant: casus}
identifiers:
  - {type: bsn, column: bsn}
  - {type: kvk, column: kvk}
  - {type: kenteken, column: kenteken}
  - {type: iban, column: iban}
  - type: postcode_huisnr
    parts:
      - {part: postcode, column: postcode}
      - {part: huisnummer, column: huisnummer}
      - {part: huisletter, column: huisletter}
fields:
  - {name: thema, column: omschrijving, kind: text, category: casus}
  - {name: datum, column: datum, kind: date, dates: [yyyy-mm-dd, dd-mm-yyyy, dd/mm/yyyy], category: casus}
rules: [%(rule)s]
""",
    "liec": """# LIEC: signals about companies.
schema: 1
source:
  format: csv
  delimiter: tab
  encoding: windows-1252
  trailer: {marker: TOTAAL, count_column: 2}
record_key: Nr
category: {constant: signaal}
identifiers:
  - {type: kvk, column: KvK}
  - {type: kenteken, column: Kenteken}
  - {type: telefoon, column: Tel}
fields:
  - {name: thema, column: Thema, kind: text, category: signaal}
  - {name: datum, column: Datum, kind: date, dates: [yyyy-mm-dd, dd-mm-yyyy, dd/mm/yyyy], category: signaal}
rules: [%(rule)s]
""",
}


def rule_of(agency):
    return "index." + agency


# ---- the whole ----

def subject(p, known):
    return {"bsn": p.bsn, "naam": "%s %s" % (p.first, p.surname), "geboortedatum": p.born, "known_at": known}


def make_all(out, seed):
    rng = random.Random(seed)
    people = [Person(rng, str(n)) for n in range(999900000, 1000000000) if elfproef(str(n))]
    rsins = ["%09d" % n for n in range(9900000, 10000000) if elfproef("%09d" % n)]
    companies = [Company(rng, n, rsins[i])
                 for i, n in enumerate(rng.sample(range(99000000, 100000000), 1500))]
    rng.shuffle(people)
    nobody = people.pop()
    both, uwv_only, tax_only, inside = people[:4]
    rest = people[4:]
    tax = [(both, "belastingschuld"), (tax_only, "belastingschuld"), (inside, "bezwaar")]
    tax += [(p, rng.choice(["belastingschuld"] * 7 + ["bezwaar"])) for p in rest[:5500]]
    uwv = [(both, "uitkering"), (uwv_only, "uitkering")]
    uwv += [(p, rng.choice(["uitkering", "uitkering", "dienstverband"])) for p in rest[4000:]]
    exports = {
        "belastingdienst": make_belastingdienst(rng, tax, companies[:900]),
        "uwv": make_uwv(rng, uwv, companies),
        "riec": make_riec(rng, rest[3800:4300], companies[700:1000]),
        "liec": make_liec(rng, companies[800:1200]),
    }
    named = {"both": subject(both, ["belastingdienst", "uwv"]), "uwv_only": subject(uwv_only, ["uwv"]),
             "belastingdienst_only": subject(tax_only, ["belastingdienst"]),
             "kept_out": subject(inside, []), "nobody": subject(nobody, [])}
    truth = {"seed": seed, "people": len(people), "companies": len(companies), "subjects": named, "agencies": {}}
    for agency, export in exports.items():
        export.write(os.path.join(out, agency, "import"), MAPPINGS[agency] % {"rule": rule_of(agency)})
        truth["agencies"][agency] = dict(export.truth(), oin=AGENCIES[agency])
    with open(os.path.join(out, "truth.json"), "w", encoding="utf-8") as f:
        json.dump(truth, f, ensure_ascii=False, indent=0, sort_keys=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=int, metavar="ROWS")
    args = parser.parse_args()
    if args.scale is not None:
        scale.make(os.path.join(args.out, "bench"), args.scale, args.seed, rule_of("belastingdienst"))
    else:
        make_all(args.out, args.seed)


if __name__ == "__main__":
    main()
