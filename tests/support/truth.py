"""What a plaintext join of the agencies' data says, from truth.json alone (population.py spells canonical values by
rules of its own). It knows what a holder contributes: what an index rule admits, and nothing else.
"""
import collections
import json
import re

import population

# what the index rules of docs/policies/demonstration.yaml admit
ADMITTED = {"riec": {"casus"}, "liec": {"signaal"}, "belastingdienst": {"belastingschuld", "onderneming"},
            "uwv": {"uitkering", "dienstverband"}}
# as the rule for casework has them: these need a second one of another type
WEAK = {"telefoon", "email", "bag", "postcode_huisnr", "naam_geboortedatum"}


class Truth:
    """records[agency][key] = {category, identifiers, fields}."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.all = json.load(f)
        self.agencies = {a: about["oin"] for a, about in self.all["agencies"].items()}
        self.records = {a: about["records"] for a, about in self.all["agencies"].items()}
        self.subjects = self.all["subjects"]

    def contributed(self, agency):
        """Keys of the records that a rule admits."""
        return [k for k, r in self.records[agency].items() if r["category"] in ADMITTED[agency]]

    def identifiers(self, agency):
        """Every (type, value) that stands in a record of the agency, kept out or not: what it could ask about."""
        return sorted({tuple(i) for r in self.records[agency].values() for i in r["identifiers"]})

    def holders_of(self, agency):
        """(type, value) -> keys of the agency's contributed records that carry it."""
        where = collections.defaultdict(set)
        for key in self.contributed(agency):
            for identifier in self.records[agency][key]["identifiers"]:
                where[tuple(identifier)].add(key)
        return where

    def bsns(self, agency):
        """Every BSN that stands in a record of the agency."""
        return {v for t, v in self.identifiers(agency) if t == "bsn"}

    def known_bsns(self, agency):
        """And those that stand in another value of its records: an address of e-mail can hold one."""
        text = json.dumps(self.records[agency], ensure_ascii=False)
        return {n for n in re.findall(r"(?<!\d)9999\d{5}(?!\d)", text) if population.elfproef(n)}

    def contributed_bsns(self, agency):
        return {v for t, v in self.holders_of(agency) if t == "bsn"}

    def asked(self, agency, groups):
        """Which of the agency's records a question about groups of identifiers meets: {(group, key)}. A strong
        identifier meets alone, weak ones where two types meet in one record."""
        met = set()
        for group, identifiers in groups.items():
            types = collections.defaultdict(set)
            for identifier in identifiers:
                for key in self.holders_of(agency).get(tuple(identifier), ()):
                    types[key].add(identifier[0])
            met |= {(group, key) for key, t in types.items() if t - WEAK or len(t) > 1}
        return met
