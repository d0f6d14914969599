#!/usr/bin/python3
"""What the import makes of each messy export equals the truth that the population's maker wrote down itself.

usage: compare_population.py POPULATION-SCRIPT SOURCE-DUMP
"""
import json
import os
import re
import subprocess
import sys
import tempfile


def read_dump(text):
    records = {}
    for line in text.splitlines():
        key, category, *rest = line.split("\t")
        identifiers = sorted(r.split("=", 1) for r in rest if re.match("[a-z_]+=", r))
        fields = dict(r.split(":", 1) for r in rest if re.match("[a-z_]+:", r))
        records[key] = {"category": category, "identifiers": identifiers, "fields": fields}
    return records


def compare(folder, dump, agency, truth):
    at = os.path.join(folder, agency, "import")
    rejects = os.path.join(folder, agency + ".rejects")
    run = subprocess.run([dump, at + "/mapping.yaml", at + "/export.csv", rejects], capture_output=True, check=True)
    found = read_dump(run.stdout.decode())
    wanted = truth["records"]
    for key in sorted(set(found) | set(wanted)):
        if found.get(key) != wanted.get(key):
            sys.exit("%s %s:\nfound  %s\nwanted %s" % (agency, key, found.get(key), wanted.get(key)))
    said = run.stderr.decode().split()
    if [said[1], said[3], said[5]] != [str(truth["rows"]), str(truth["accepted"]), "0"]:
        sys.exit("%s: counts are %s, wanted %s rows, %s accepted" % (agency, said, truth["rows"], truth["accepted"]))
    with open(rejects, encoding="utf-8", newline="") as f:
        report = f.read()
    if report.count(",row\r\n") != truth["rejected"]:
        sys.exit("%s: %d rows rejected, wanted %d" % (agency, report.count(",row\r\n"), truth["rejected"]))
    values = {value for r in wanted.values() for kind, value in r["identifiers"] if kind in ("bsn", "iban", "email")}
    if values & set(re.findall(r"[^,\"\r\n]+", report)):
        sys.exit("%s: a value stands in the reject report" % agency)
    return len(found)


def main():
    population, dump = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([population, folder, "--seed", "7"], check=True)
        with open(folder + "/truth.json", encoding="utf-8") as f:
            truth = json.load(f)
        if truth["people"] < 8000:
            sys.exit("only %d people" % truth["people"])
        for agency, part in truth["agencies"].items():
            print(agency, compare(folder, dump, agency, part), "records equal")


main()
