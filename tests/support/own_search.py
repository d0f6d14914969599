"""What touched a subject: two persons of an agency search its own log for the subject's own request. And what the digests of
an entry of that log hide, for an auditor."""
import datetime
import hashlib
import json
import struct

import own_log
from harness import Failed

DENIED, STATE, BAD = 77, 75, 65  # exit codes
REFERENCE = "AVG-2026-0017"
TERM_DAYS, LATE_DAYS = 28, 29  # for an answer; one that comes too late
SEARCHES = {"riec": 6, "belastingdienst": 20, "uwv": 20}  # in a day
STAFF = {"riec": [("r.bos", "p-rbos", ["privacy_officer"]), ("r.wacht", "p-rwacht", ["security_officer"])],
         "belastingdienst": [("b.bos", "p-bbos", ["privacy_officer"]), ("b.mulder", "p-bmulder", ["auditor"])],
         "uwv": [("u.prins", "p-uprins", ["privacy_officer"]), ("u.bos", "p-ubos", ["privacy_officer"]),
                 ("u.mulder", "p-umulder", ["auditor"])]}


def configure(made):
    """Another limit than the default one, for agencies of a copied deployment."""
    for agency, most in SEARCHES.items():
        path = made.path(agency, "agent.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert text.count("own_log:\n") == 1
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("own_log:\n", "own_log:\n  searches_per_day: %d\n" % most))


def day(ago):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=ago)).strftime("%Y-%m-%d")


class Searcher:
    """The privacy officers of an agency at work."""

    def __init__(self, system, truth):
        self.system, self.truth = system, truth

    def subject(self, name):
        return json.dumps({"identifiers": [{"type": "bsn", "value": self.truth["subjects"][name]["bsn"]}]})

    def ask(self, staff, name, reference=REFERENCE, ground="avg15", received=None):
        return self.system.sluis(staff, "own-log", "ask", "--ground", ground, "--reference", reference, "--received",
                                 received or day(0), "--subject", "-", "--json", stdin=self.subject(name))

    def confirm(self, staff, search, name, *more):
        return self.system.sluis(staff, "own-log", "confirm", search, "--subject", "-", *more, stdin=self.subject(name))

    def show(self, staff, search, *more):
        return self.system.sluis(staff, "own-log", "show", search, *more)

    def both(self, first, second, name, received=None):
        """Proposed and confirmed: the answer, and the letter as it is printed."""
        search = self.ask(first, name, received=received).must().json["search"]
        found = self.confirm(second, search, name, "--json").must().json
        if (found["state"], found["asked_by"], found["confirmed_by"], found["reference"]) != \
                ("confirmed", first, second, REFERENCE):
            raise Failed("the search is %s" % {k: found[k] for k in found if k not in ("rows", "data_sets")})
        if not found["complete_since"].startswith("20"):
            raise Failed("it does not say since when it is complete: %s" % found)
        letter = self.show(first, search, "--letter", "nl").must().out
        if letter.strip() != found["letter_nl"].strip():
            raise Failed("the letter is printed as %r and told as %r" % (letter, found["letter_nl"]))
        return found, letter


def refused(answer, code, text):
    if text not in answer.must(code).err:
        raise Failed("own-log says %r, not '%s'" % (answer.err, text))


def rules_of_searching(searcher):
    """Who may search, and what comes to nothing. Uses two searches."""
    refused(searcher.ask("r.visser", "both"), DENIED, "")
    refused(searcher.ask("r.mulder", "both"), DENIED, "")
    refused(searcher.ask("r.prins", "both", ground="wpg25"), BAD, "processes under the avg")
    refused(searcher.ask("r.prins", "both", reference="A999990019"), BAD, "without a person's number")
    for wrong in (day(-2), day(733), "2026-02-30", "02-11-2026", "2026-1-1", day(1) + "T00:00:00Z"):
        refused(searcher.ask("r.prins", "both", received=wrong), BAD, "received")
    first = searcher.ask("r.prins", "both").must().json
    if "rows" in first or "letter_nl" in first or first["state"] != "proposed":
        raise Failed("one person alone is told %s" % first)
    search = first["search"]
    refused(searcher.show("r.prins", search), STATE, "nobody has confirmed it")
    refused(searcher.confirm("r.prins", search, "both"), DENIED, "another person than r.prins")
    refused(searcher.confirm("r.visser", search, "both"), DENIED, "")
    refused(searcher.confirm("r.bos", search, "nobody"), BAD, "another subject than r.prins")
    refused(searcher.confirm("r.bos", search, "both"), STATE, "came to nothing already")
    refused(searcher.show("r.bos", search), STATE, "")


def events(found, role):
    """{(event, outcome, agency): count} of the rows, which are all of this role."""
    counts = {}
    for row in found["rows"]:
        if row["role"] != role or len(row["entry"]) != 64:
            raise Failed("a row is %s" % row)
        key = (row["event"], row.get("outcome", ""), row.get("agency_name", ""))
        counts[key] = counts.get(key, 0) + 1
    return counts


def must_have(counts, wanted, what):
    missing = {k: v for k, v in wanted.items() if counts.get(k, 0) < v}
    if missing:
        raise Failed("%s has not %s, but %s" % (what, missing, counts))


TAX, UWV, RIEC = "Belastingdienst Demo", "UWV Demo", "RIEC Demo"


def at_the_requester(searcher):
    """All that its officers could see of the question about this subject, and no more; one who is protected looks like
    everybody. Returns the search of the first."""
    received, last = day(LATE_DAYS), day(LATE_DAYS - TERM_DAYS)
    found, letter = searcher.both("r.prins", "r.bos", "both", received)
    if (found["received"], found["answer_by"]) != (received, last):
        raise Failed("what came in %s and is to be answered by %s is said to be of %s, by %s" % (
            received, last, found["received"], found["answer_by"]))
    counts = events(found, "requester")
    must_have(counts, {("request.sent", "", TAX): 1, ("request.sent", "", UWV): 1, ("request.accepted", "", TAX): 1,
                       ("request.refused", "", TAX): 1, ("release.received", "released", TAX): 1, ("release.received", "released", UWV): 1,
                       ("request.closed", "", UWV): 1, ("results.shown", "", ""): 1}, "the requester's answer")
    if found["data_sets"] or {r["tell"] for r in found["rows"]} != {"now"} or found["is_cut"]:
        raise Failed("the requester's answer is %s" % found)
    for line in ("wij vroegen %s naar gegevens over u." % TAX, "wij ontvingen gegevens over u van %s." % UWV,
                 "Aanspreekpunt: loket gegevens"):
        if line not in letter:
            raise Failed("the letter does not say '%s': %s" % (line, letter))
    refused(searcher.show("r.prins", found["search"], "--letter", "nl", "--part", "2"), BAD, "has no part 2")
    if searcher.show("r.prins", found["search"], "--letter", "nl", "--part", "1").must().out != letter:
        raise Failed("the first part of a letter of one is another text")
    protected, _ = searcher.both("r.prins", "r.bos", "nobody", day(TERM_DAYS - 1))
    must_have(events(protected, "requester"), {("request.sent", "", TAX): 1, ("request.accepted", "", UWV): 1},
              "the answer about somebody protected")
    nothing, silent = searcher.both("r.bos", "r.prins", "uwv_only")
    if nothing["rows"] or nothing["data_sets"] or "wij vroegen" in silent:
        raise Failed("about somebody of whom nothing is known it says %s" % nothing)
    return found["search"]


def terms(system, staff):
    """Of each answer the log says how many days it took, and which one was late."""
    told = [(b["facts"]["late"], b["facts"]["days"] >= LATE_DAYS) for b in own_log.read(system, staff).values()
            if b["event"] == "search.confirmed"]
    if sorted(told) != [(False, False), (False, False), (True, True)]:
        raise Failed("of the answers the log says %s" % told)


def at_the_holders(searcher):
    """What met a record; behind a compartment nothing, and then the letter is that of somebody unknown."""
    found, letter = searcher.both("b.prins", "b.bos", "both")
    must_have(events(found, "holder"), {("item.raised", "", RIEC): 1, ("decision.signed", "release", RIEC): 1,
                                        ("consent.accepted", "release", RIEC): 1}, "the holder's answer")
    sets = found["data_sets"]
    if len(sets) != 1 or sets[0]["records"] < 1 or sets[0]["rules"] != ["index.belastingdienst"]:
        raise Failed("the data sets that hold the subject are %s" % sets)
    for line in ("%s vroeg ons naar gegevens over u." % RIEC, "wij verstrekten gegevens over u aan %s." % RIEC):
        if line not in letter:
            raise Failed("the letter does not say '%s': %s" % (line, letter))
    hidden, silent = searcher.both("u.prins", "u.bos", "both")
    _, nothing = searcher.both("u.prins", "u.bos", "nobody")
    if hidden["rows"] or not hidden["data_sets"] or silent != nothing:
        raise Failed("outside the compartment: %s, %r, %r" % (hidden["rows"], silent, nothing))


def later(searcher, search):
    """What was destroyed with its case still tells that it was; and a day has its limit."""
    again = searcher.show("r.bos", search, "--json").must().json
    must_have(events(again, "requester"), {("release.received", "released", TAX): 1}, "the answer after the case is destroyed")
    for _ in range(SEARCHES["riec"] - 4):
        searcher.ask("r.bos", "both").must()
    refused(searcher.ask("r.prins", "both"), STATE, "own_log.searches_per_day")


def open_entry(system, staff, index):
    agency = system.agency_of[staff]
    return system.tool("sluis-audit", "open", str(index), "--own", "--bodies", system.made.path(agency, "run/control.sock"),
                       "--json", staff=staff)


def entry_of(system, staff, index):
    """The entry's hash, from the exact bytes of its body."""
    shown = system.tool("sluis-audit", "show", str(index), "--own", "--bodies",
                        system.made.path(system.agency_of[staff], "run/control.sock"), staff=staff).must().out
    parts = [b"sluis/leaf/1", shown.rstrip("\n").encode()]
    return hashlib.sha256(b"".join(struct.pack(">I", len(p)) + p for p in parts)).hexdigest()


def opens(system, destroyed, kept):
    """An auditor is told which question, item or case an entry is about, and nobody else is; each look is an entry first.
    destroyed, kept: (case, request) of the requester."""
    sent = [i for i, b in sorted(own_log.read(system, "r.mulder").items()) if b["event"] == "request.sent"]
    # those of one block stand in any order
    opened = [open_entry(system, "r.mulder", i).must().json["opened"] for i in sent]
    of_kept = [o for o in opened if sorted(one["is"] for one in o) == ["case", "question"]]
    gone = [[(one["is"], one["case"], one["state"]) for one in o] for o in opened if o not in of_kept]
    for found in ({one["is"]: one for one in o} for o in of_kept):
        if found["question"]["request"] != kept[1] or found["question"]["case"] != kept[0] or \
                found["case"]["case"] != kept[0] or found["question"]["state"] != "closed":
            raise Failed("the question that is left is opened as %s" % found)
    if not of_kept or not gone or any(g != [("case", destroyed[0], "destroyed")] for g in gone):
        raise Failed("questions are opened as %s" % opened)
    if open_entry(system, "r.prins", sent[-1]).code != DENIED:
        raise Failed("a privacy officer opens an entry")
    items = [i for i, b in own_log.read(system, "b.mulder").items() if b["event"] == "item.raised"]
    item = open_entry(system, "b.mulder", items[0]).must().json["opened"]
    if [(o["is"], o["request"], o["case"], o["state"]) for o in item] != [("item", destroyed[1], destroyed[0], "settled")]:
        raise Failed("an item is opened as %s" % item)
    items = [i for i, b in own_log.read(system, "u.mulder").items() if b["event"] == "item.raised"]
    if open_entry(system, "u.mulder", items[0]).must().json["opened"]:
        raise Failed("an item of a compartment is opened for who is outside it")
    own_log.published(system)
    told = {(b["facts"]["entry"], b["facts"]["own"]) for b in own_log.read(system, "r.mulder").values() if b["event"] == "body.opened"}
    if told != {(entry_of(system, "r.mulder", i), True) for i in sent}:
        raise Failed("the entries that were opened are not told: %s" % told)


LINE = ["trace_id", "span_id", "parent_span_id", "status", "name", "start_time", "end_time", "resource", "attributes"]


def export_view(system, staff, name, *more):
    agency = system.agency_of[staff]
    path = system.made.path("people", staff, name)
    answer = system.tool("sluis-audit", "export", "--own", "--format", "ldv", "--bodies",
                         system.made.path(agency, "run/control.sock"), "--output", path, "--json", *more, staff=staff)
    if answer.code != 0:
        return answer, None
    with open(path, "rb") as f:
        data = f.read()
    if answer.json["sha256"] != hashlib.sha256(data).hexdigest():
        raise Failed("the view has another digest than %s" % answer.out)
    return answer, [json.loads(line) for line in data.decode().splitlines()]


def views(system, bsns):
    """The view Logboek Dataverwerkingen: each act towards each subject, who is a pseudonym; for auditors, and told as every
    export is."""
    answer, lines = export_view(system, "r.mulder", "ldv.jsonl")
    if any([k for k in LINE if k in line] != list(line) or line["status"] not in ("Ok", "Unset", "Error") for line in lines):
        raise Failed("a line of the view is %s" % lines[0])
    subjects = {line["attributes"]["dpl.core.data_subject_id"] for line in lines}
    names = {line["name"] for line in lines}
    if len(subjects) != 2 or not {"request.sent", "release.received", "results.shown"} <= names:
        raise Failed("the view has %d subjects and %s" % (len(subjects), names))
    activities = {line["attributes"]["dpl.core.processing_activity_id"] for line in lines}
    if len(activities) != 1 or not activities.pop().startswith("https://register.example/verwerking/riec-casus#"):
        raise Failed("the processing activities are not those of the register")
    text = json.dumps(lines)
    if any(word in text for word in [*bsns, *system.made.uids]):
        raise Failed("the view names somebody")
    again, _ = export_view(system, "r.mulder", "ldv2.jsonl", "--event", "request.sent")
    if again.json["rows"] >= answer.json["rows"]:
        raise Failed("the view is not narrowed by an event")
    if export_view(system, "r.prins", "ldv.jsonl")[0].code != DENIED:
        raise Failed("a privacy officer, who can search, gets the view too")
    if export_view(system, "r.mulder", "ldv3.jsonl", "--decision", "deny")[0].code == 0:
        raise Failed("the view is narrowed by what it has nothing of")
    if export_view(system, "u.mulder", "ldv.jsonl")[1]:
        raise Failed("the view has lines of a compartment for who is outside it")
    own_log.published(system)
    told = [b["facts"] for b in own_log.read(system, "r.mulder").values() if b["event"] == "bodies.exported"]
    if answer.json["sha256"] not in [t["sha256"] for t in told if t["format"] == "ldv"]:
        raise Failed("the export of the view is not told: %s" % told)
