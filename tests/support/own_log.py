"""The own logs of the agencies of a deployment, checked from their published files by programs that share no code."""
import collections
import hashlib
import json
import os
import subprocess
import time

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCK = 16  # entries of a block at least


def policy_file(made, agency, witnessed=False):
    """The audit policy by which a reader knows the log of this agency; witnessed: the broker must have cosigned it."""
    path = made.path("own-audit-policy-" + agency + ("-witnessed" if witnessed else ""))
    line = made.run("sluis-pki", "log", "--dir", agency, "--passphrase-file", made.passphrase(agency)).strip()
    with open(made.path("broker-witness"), encoding="utf-8") as f:
        quorum = f.read() + "quorum broker\n" if witnessed else "quorum none\n"
    with open(path, "w", encoding="utf-8") as f:
        f.write("log %s\n%s" % (line, quorum))
    return path


def checkers(made):
    """Command lines that end with 0 where a folder and an audit policy, which follow, hold."""
    own = [os.path.join(made.bin, "sluis-audit"), "verify", "--log"]
    found = [lambda d, p: [*own, d, "--audit-policy", p],
             lambda d, p: ["/usr/bin/python3", os.path.join(HERE, "tlog_check.py"), d, p]]
    foreign = os.path.join(made.bin, "tlog_check")
    return found + ([lambda d, p: [foreign, d, p]] if os.path.exists(foreign) else [])


def size_of(folder):
    with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as f:
        return int(f.read().split("\n")[1])


def is_cosigned(made, agency):
    """Whether the checkpoint of an agency's log has a line of the broker; its size, or 0."""
    try:
        with open(made.path(agency, "own-log", "checkpoint"), encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        return 0
    return int(text.split("\n")[1]) if "\n\u2014 %s/witness/" % made.name in text else 0


def check(made, agency, heads=(), witnessed=False):
    """The published log of an agency, with every program; it has grown from each of these heads. witnessed: for a reader who
    asks for the broker's line, too, which tlog_check.py does not judge. Its size."""
    folder, policy = made.path(agency, "own-log"), policy_file(made, agency)
    commands = [command(folder, policy) for command in checkers(made)]
    grown = [commands[0] + ["--old", head] for head in heads]
    asked = [command(folder, policy_file(made, agency, True)) for command in checkers(made)[::2]] if witnessed else []
    for args in commands + grown + asked:
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise harness.Failed("%s: exit %d\n%s" % (" ".join(args), done.returncode, done.stdout))
    size = size_of(folder)
    if size < BLOCK or size % BLOCK != 0:
        raise harness.Failed("the own log of %s has %d entries, no blocks of %d" % (agency, size, BLOCK))
    return size


def published(system):
    """Waits until every agency's log shows what happened up to now."""
    def size(agency):
        own = system.anyone(agency, "status", "--json").must().json["own_log"]
        if own["state"] != "ok":
            raise harness.Failed("the own log of %s is %s" % (agency, own))
        return own["size"]

    for agency in system.agencies:
        before = size(agency)
        harness.wait_until(lambda a=agency, b=before: size(a) > b, 30, 0.1, "a block of the log of " + agency)


def read(system, staff, *args):
    """The bodies of the own log of this member's agency that the published log has, by index."""
    agency = system.agency_of[staff]
    answer = system.tool("sluis-audit", "list", "--own", "--bodies", system.made.path(agency, "run/control.sock"),
                         "--json", "--limit", "1000000", *args, staff=staff).must()
    return {row["index"]: row["body"] for row in map(json.loads, answer.out.splitlines())}


def holds(system, staff, wanted, markers):
    """What the log of this member's agency tells: at least so many of each event; nobody's name, and none of these texts."""
    bodies = read(system, staff)
    found = collections.Counter(b["event"] for b in bodies.values())
    short = {e: (n, found[e]) for e, n in wanted.items() if found[e] < n}
    if short:
        raise harness.Failed("the own log of %s has too few of %s; it has %s" % (system.agency_of[staff], short, found))
    text = json.dumps(bodies, ensure_ascii=False)
    seen = [m for m in [*markers, *system.made.uids] if m in text]
    if seen:
        raise harness.Failed("the own log of %s says %s" % (system.agency_of[staff], seen))
    return bodies


def names(system, staff, acts):
    """Who reads the log is told under which name each member of staff stands there: by each of these acts somebody else. That is an
    entry, too; who does not read the log is told nothing."""
    month = time.strftime("%Y-%m", time.gmtime())
    told = {n["staff"]: n["name"] for n in system.sluis(staff, "who", "--month", month, "--json").must().json["names"]}
    bodies = read(system, staff).values()
    for person, event in acts.items():
        if told[person] not in {b["actor"].get("staff") for b in bodies if b["event"] == event}:
            raise harness.Failed("%s is %s, who stands at no %s" % (person, told[person], event))
        one = system.sluis(staff, "who", "--month", month, "--staff", person, "--json").must().json["names"]
        if one != [{"staff": person, "name": told[person]}] or told[person] not in system.sluis(staff, "who", "--month", month, "--staff", person).must().out:
            raise harness.Failed("%s is %s, and then %s" % (person, told[person], one))
    if len(set(told.values())) != len(told) or system.sluis(next(iter(acts)), "who", "--month", month).code != 77:
        raise harness.Failed("two have one name, or somebody else is told: %s" % told)
    gone = system.sluis(staff, "who", "--month", "2020-01", "--staff", next(iter(acts)), "--json").must().json["names"][0]["name"]
    wrong = [system.sluis(staff, "who", "--month", m).code for m in ("2026", "2026-13", "9999-01", "2026-1")]
    if gone == told[next(iter(acts))] or wrong != [65] * 4:
        raise harness.Failed("another month has %s, no month ends with %s" % (gone, wrong))
    def noted():
        told_of = [b["facts"] for b in read(system, staff).values() if b["event"] == "staff.shown"]
        return collections.Counter((f["month"], f.get("of")) for f in told_of)
    wanted = collections.Counter({(month, None): 1, ("2020-01", gone): 1, **{(month, told[p]): 2 for p in acts}})
    harness.wait_until(lambda: noted() == wanted, 30, 0.2, "an entry of each answer: %s" % wanted)


def salted(system, staff):
    """Each body of either log that this reader sees has a salt of 128 bits, and no two the same."""
    broker = [json.loads(x)["body"] for x in system.audit(staff, "list", "--json", "--limit", "1000000").must().out.splitlines()]
    salts = [b["salt"] for b in [*read(system, staff).values(), *broker]]
    if len(salts) < 20 or len(set(salts)) != len(salts) or {len(bytes.fromhex(s)) for s in salts} != {16}:
        raise harness.Failed("the salts of %d bodies are %s" % (len(salts), sorted(salts)))


def explains(system, staff, event, words):
    """The newest entry of an event, judged again under the version of the policy that it names."""
    index = max(i for i, b in read(system, staff).items() if b["event"] == event)
    agency = system.agency_of[staff]
    answer = system.tool("sluis-audit", "explain", str(index), "--own", "--bodies",
                         system.made.path(agency, "run/control.sock"), staff=staff).must()
    both = ("niet voldaan is aan:", "what failed:") if event == "request.refused" else ("toegestaan", "permitted")
    if not all(w in answer.out for w in (words, *both)):
        raise harness.Failed("explain says %r, not '%s' in both languages" % (answer.out, words))


def refused(system, staff):
    """Who has no function that reads logs reads none."""
    agency = system.agency_of[staff]
    answer = system.tool("sluis-audit", "list", "--own", "--bodies", system.made.path(agency, "run/control.sock"), staff=staff)
    if answer.code != 77 or answer.out:
        raise harness.Failed("%s reads the own log: exit %d %r" % (staff, answer.code, answer.out))


def report(system, staff):
    """A report of the own log, and its yearly items."""
    answer = system.tool("sluis-audit", "report", "--own", "--bodies",
                         system.made.path(system.agency_of[staff], "run/control.sock"), "--json", "--least", "0", staff=staff).must()
    return answer.json, {i["item"]: i for i in answer.json["annual"]}


def reports(system, staff):
    """What a report adds up is what stands in the log, and what the log cannot tell is not nought."""
    agency = system.agency_of[staff]
    said, items = report(system, staff)
    bodies = list(read(system, staff).values())

    def facts(event, name):
        return [b["facts"][name] for b in bodies if b["event"] == event]
    wanted = {"asked": sum(b["event"] == "request.sent" for b in bodies),
              "closed": sum(b["event"] == "request.closed" for b in bodies),
              "rights": sum(b["event"] == "search.confirmed" for b in bodies),
              "rights_asked": sum(b["event"] == "search.asked" for b in bodies),
              "rights_late": facts("search.confirmed", "late").count(True),
              "nothing": facts("request.closed", "answers").count(0),
              "extended": facts("request.kept", "confirmed").count(True),
              "released": facts("release.received", "result").count("released")}
    told = {item: items[item]["number"] for item in wanted}
    if told != wanted or said["log"] != "own" or 0 in (wanted["nothing"], wanted["released"], wanted["extended"],
                                                               wanted["rights_late"]):
        raise harness.Failed("the report of %s says %s, and its log %s" % (agency, told, wanted))
    came = sum(result in ("released", "known") for result in facts("release.received", "result"))
    if wanted["closed"] != wanted["asked"] or sum(facts("request.closed", "answers")) != came:
        raise harness.Failed("%d of %d questions are closed, with answers %s, and %d answers came" % (
            wanted["closed"], wanted["asked"], facts("request.closed", "answers"), came))
    if wanted["nothing"] + sum(n > 0 for n in facts("request.closed", "answers")) != wanted["closed"]:
        raise harness.Failed("of %d closed questions not each says what came of it" % wanted["closed"])
    if items["feedback"] != {"item": "feedback", "state": "not_carried_out", "number": None}:
        raise harness.Failed("the report says of feedback %s" % items["feedback"])


def exports(system, staff):
    """An export stands in the log, with the digest of its file."""
    path = system.made.path("people", staff, "own.csv")
    agency = system.agency_of[staff]
    system.tool("sluis-audit", "export", "--own", "--bodies", system.made.path(agency, "run/control.sock"), "--output", path,
                "--event", "request.sent", staff=staff).must()
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    published(system)
    told = [b["facts"] for b in read(system, staff).values() if b["event"] == "bodies.exported"]
    if [(t["sha256"]["value"] if isinstance(t["sha256"], dict) else t["sha256"]) for t in told] != [digest]:
        raise harness.Failed("the export with digest %s is told as %s" % (digest, told))


def exports_hold_nobody(system, staff, markers):
    """What an auditor takes out of either log, in every format, has none of these texts and no name of anybody's."""
    folder = system.made.path("people", staff)
    socket = system.made.path(system.agency_of[staff], "run/control.sock")
    never = [m.encode() for m in [*markers, *system.made.uids]]
    own = ["--own", "--bodies", socket]
    for of, log in (("own", own), ("broker", None)):
        for form in ("csv", "jsonl", "adl"):
            path = os.path.join(folder, "all-%s.%s" % (of, form))
            args = ["export", "--format", form, "--output", path]
            (system.tool("sluis-audit", *args, *log, staff=staff) if log else system.audit(staff, *args)).must()
            with open(path, "rb") as f:
                text = f.read()
            if text.count(b"\n") < 3 or [m for m in never if m in text]:
                raise harness.Failed("%s: %d lines, and it has %s" % (path, text.count(b"\n"), [m for m in never if m in text]))
        for form in ("text", "json", "html"):
            args = ["report", "--format", form, "--least", "0"]
            said = (system.tool("sluis-audit", *args, *log, staff=staff) if log else system.audit(staff, *args)).must().out.encode()
            if len(said) < 200 or [m for m in never if m in said]:
                raise harness.Failed("report %s of %s: %d bytes, and it has %s" % (form, of, len(said), [m for m in never if m in said]))


def verifies(system, staff):
    """The published folder with the bodies that the agent gives: each is the one of its entry."""
    agency = system.agency_of[staff]
    policy = policy_file(system.made, agency)
    os.chmod(policy, 0o644)
    answer = system.tool("sluis-audit", "verify", "--own", "--log", system.made.path(agency, "own-log"), "--audit-policy", policy,
                         "--bodies", system.made.path(agency, "run/control.sock"), "--quiet", staff=staff).must()
    if "bodies" not in answer.out or "fillers (proved)" not in answer.out:
        raise harness.Failed("verify says nothing of bodies, or proves no fillers: %r" % answer.out)
