"""What the people of a requester see of each of its requests, through every verb that they have, and what lies on its own disk
and in the published folder meanwhile. Each request is one of a case of its own, so that every filter can be put to it.

The verbs must say the same of every request, but for ids, digests and times; what grows and when is for a classifier.
Standard library only.
"""
import datetime
import hashlib
import json
import os
import re
import threading
import time

import harness
import receipts

EVERY_S = 0.1
TIME = r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"
DAY_S = 86400
SETTLED_S = 4  # after it was asked the holder has done what it does before the deadline
LOOK_S = 2  # before its end nobody begins to look at an open request
OF_LOOKING = "results.shown"  # an entry of the own log that looking makes, as often as this test looks
COUNTED = "now|issued_at|deadline|requests_today_agency|requests_today_officer|unique_in_period"
GROWING = {"now", "log", "own_log", "store", "mirror", "witness", "standing"}  # of status: with time, or with every request
GROWING_LINES = ("log size", "proofs", "in our name", "own log", "not cosigned", "refused there", "cosigned as", "quorum", "watch over",
                 "log mirrored", "mirror of", "standing requests", "due for", "store")  # the same, for people
SAMPLED = 10000  # the most that one sample draws


def join(*parts):
    return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def days(midnight, at):
    return stamp(midnight) // DAY_S - at // DAY_S


def blank(text, at):
    """Without what is each request's own: ids, digests, where it stands in the log, and times, of which it leaves how many days
    they are from when it was asked; of one that is the end of a day, from that day."""
    text = re.sub(r"\b[0-9a-f]{32,64}\b", "ID", text)
    text = re.sub(r"\b(\d{4}-\d\d-\d\d)(T23:59:59Z|(?![T\d]))", lambda found: "DAY%+d" % days(found[1] + "T00:00:00Z", at), text)
    text = re.sub(TIME, lambda found: "TIME%+d" % round((stamp(found[0]) - at) / DAY_S), text)
    text = re.sub(r'("(%s)": ?\{"by": ?"\w+", ?"value": ?)\d+' % COUNTED, r"\1N", text)
    text = re.sub(r'("(sluis\.log\.)?index": ?|"timestamp": ?|"hidden": ?)\d+', r"\1N", text)
    text = re.sub(r'("(trace|span)_id": ?)"[0-9a-f]+"', r"\1ID", text)
    text = re.sub(r'("(start|end)_time": ?)\d+', r"\1N", text)
    text = re.sub(r"(?m)^index \d+$", "index N", text)
    text = re.sub(r"\b\d+ entries show", "N entries show", text)
    return re.sub(r"(?m)^ *\d+(,ID|  TIME)", r"N\1", text)


def without(value, names):
    """The JSON value without these members, at any depth."""
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value


def head_of(folder):
    """Size, lines of witnesses and time of writing of a checkpoint."""
    path = os.path.join(folder, "checkpoint")
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        return int(text.split("\n")[1]), text.count("/witness/"), os.stat(path).st_mtime
    except FileNotFoundError:
        return 0, 0, 0.0


def bytes_of(folder):
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(base, name)).st_size
            except FileNotFoundError:
                continue  # a partial tile that became full
    return total


class Disk(threading.Thread):
    """Looks at the published folder, the mirror and the own log of the requester, again and again."""

    def __init__(self, made):
        super().__init__(daemon=True)
        self.folders = {"tiles": made.path("tiles"), "mirror": made.path("riec/mirror"), "own log": made.path("riec/own-log")}
        self.rows, self.over = [], threading.Event()

    def run(self):
        while not self.over.wait(EVERY_S):
            row = {"at": time.time()}
            for name, folder in self.folders.items():
                row["size of " + name], row["lines of " + name], row["written " + name] = head_of(folder)
                row["bytes of " + name] = bytes_of(folder)
            self.rows.append(row)

    def stop(self):
        self.over.set()
        self.join()

    def at(self, when):
        """The last row before."""
        low, high = 0, len(self.rows)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.rows[middle]["at"] <= when else (low, middle)
        return self.rows[max(low - 1, 0)]

    def longest_rest(self, name, start, end):
        """The longest time in this span in which the checkpoint of a folder was not written."""
        written = sorted({r["written " + name] for r in self.rows if start <= r["at"] <= end})
        return max((b - a for a, b in zip(written, written[1:])), default=0.0)

    def features(self, spans):
        """name -> one value for each of (asked, ends)."""
        out = {}
        for what in ("size of ", "bytes of ", "lines of "):
            for name in self.folders:
                key = what + name
                out[key + " after it was asked"] = [self.at(a + 2)[key] - self.at(a)[key] for a, _ in spans]
                out[key + " until the end"] = [self.at(e)[key] - self.at(a)[key] for a, e in spans]
                out[key + " after the end"] = [self.at(e + 2.5)[key] - self.at(e)[key] for _, e in spans]
        for name in self.folders:
            out["rest of " + name + " after it was asked"] = [self.longest_rest(name, a, a + 2) for a, _ in spans]
            out["rest of " + name + " at the end"] = [self.longest_rest(name, e - 1, e + 2.5) for _, e in spans]
        return out


class Asked:
    """One request: its class, case, and when it was asked and ends."""

    def __init__(self, label, bsn, case, answer, at):
        self.label, self.bsn, self.case, self.request, self.at = label, bsn, case, answer["request"], at
        self.ends = stamp(answer["closes"])
        self.header, self.standing = answer["signed"][0]["digest"], answer["standing"]
        self.is_looked_at = self.is_seen_open = False
        self.said = {"request": json.dumps(without(answer, {"signed"}), sort_keys=True)}
        self.rows = []  # of the broker's log, as (index, body)
        self.own = []

    def is_about(self, body):
        """Whether an entry is about it, which only who knows the ids can tell."""
        def digest(kind, id_hex):
            return hashlib.sha256(join(b"sluis/audit-ref/1", bytes.fromhex(body["salt"]), kind, bytes.fromhex(id_hex))).hexdigest()
        return body["event"] != OF_LOOKING and (body.get("case") == digest(b"case", self.case) or
                                                body.get("request") == digest(b"request", self.header))


def order(row):
    return row[1]["event"]


def stamp(ts):
    return datetime.datetime.fromisoformat(ts.replace("Z", "+00:00")).timestamp()


def number_of(fact):
    value = fact["value"] if isinstance(fact, dict) else fact
    return value if isinstance(value, int) else None


def even_report(text):
    """A report without what this test's own looking adds to it."""
    report = json.loads(text)
    del report["entries"]
    report["events"] = [e for e in report["events"] if e["event"] != OF_LOOKING]
    return json.dumps(report)


def even_lines(text, at):
    """Rows in the order of what they say, without those of looking."""
    return "\n".join(sorted(blank(line, at) for line in text.splitlines() if OF_LOOKING not in line))


def bodies_in(lines):
    """(index, body) of each row as JSON that has one."""
    return [(row["index"], row["body"]) for row in map(json.loads, lines) if "body" in row]


def shape(text):
    """A proof file as far as it is not hashes and signatures: how many those are is a matter of its place."""
    return "\n".join(line for line in text.split("\n\n")[0].splitlines() if not re.fullmatch(r"(extra )?[A-Za-z0-9+/]{43}=", line))


class Officers:
    """The people and the disk of the requester: a case worker, two privacy officers, an auditor, a compliance officer. ask(case,
    bsn, …) makes a request with `sluis`, which stands and can be asked again, and returns what came of that."""

    def __init__(self, system, people, ask):
        self.system, self.ask = system, ask
        self.worker, self.officer, self.second, self.auditor, self.supervisor = people
        self.disk = Disk(system.made)
        self.asked = []

    # ---- asking ----

    def ask_all(self, plan):
        """plan: (label, bsn)."""
        self.disk.start()
        for label, bsn in plan:
            case = self.system.sluis(self.worker, "case", "open", "Onderzoek", "--state", "work_up_1", "--json").must().json["case"]
            at = time.time()
            self.asked.append(Asked(label, bsn, case, self.ask(case, bsn).must().json, at))
            self.asked[-1].said["status --check, asked"] = self.told(self.worker, "status", "--check")  # before the next one
            self.look_at_open()
        harness.wait_until(self.look_at_open, 60, 0.1, "what the holder does")
        seen = [a.label for a in self.thorough() if a.is_seen_open]
        if 2 * len(seen) < len(self.thorough()):
            raise harness.Failed("this machine is too slow: only %s could be looked at while they were open" % seen)
        for asked in self.asked:
            harness.wait_until(lambda: self.results(asked)["closed"], 120, 0.2, "the end of a request")
            self.look_at_once(asked)

    # ---- while it is open, and as soon as it ended ----

    def look_at_open(self):
        """Looks at one of each outcome, once its time has come; whether it has for all. What was late is left out."""
        for asked in self.thorough():
            if not asked.is_looked_at and time.time() > asked.at + SETTLED_S:
                asked.is_looked_at = True
                said = self.say_open(asked) if time.time() < asked.ends - LOOK_S else {}
                if time.time() < asked.ends:
                    asked.said.update(said)
                    asked.is_seen_open = bool(said)
        return all(a.is_looked_at for a in self.thorough())

    def say_open(self, asked):
        said = {}
        for verb, args in (("results", [asked.request]), ("results --json", [asked.request, "--json"]), ("case show", [asked.case])):
            said[verb] = self.told(self.worker, verb.split()[0], *(["show"] if "case" in verb else []), *args)
        for verb, key, kind in (("requests", asked.request, "request"), ("standing", asked.case, "case")):
            rows = self.system.sluis(self.worker, verb, "--json").must().json[verb]
            said[verb] = json.dumps([r for r in rows if r[kind] == key], sort_keys=True)
        said["standing --ask"] = self.told(self.worker, "standing", "--ask", asked.standing, sign=True)
        return {name + ", open": text for name, text in said.items()}

    def look_at_once(self, asked):
        """What they are told of the agency as a whole as soon as a request has ended; by one of each outcome each of them."""
        status = self.system.sluis(self.worker, "status", "--json").must().json
        del status["session"]["mail"], status["session"]["credit"], status["broker"]["skew_s"]
        asked.said["status"] = re.sub(TIME, "TIME", json.dumps(without(status, GROWING), sort_keys=True))
        if asked not in self.thorough():
            return
        for staff in (self.worker, self.officer, self.auditor, self.supervisor):
            text = re.sub(TIME, "TIME", self.told(staff, "status"))  # of the roster and of keys, not of the request
            asked.said["status for " + staff] = "\n".join(x for x in text.splitlines() if not x.startswith(GROWING_LINES))
        asked.said["status --check"] = self.told(self.supervisor, "status", "--check")
        asked.said["who"] = self.told(self.supervisor, "who", "--month", time.strftime("%Y-%m", time.gmtime(asked.at)))
        asked.said["inbox"] = self.told(self.worker, "inbox", "--all")

    def told(self, staff, *args, **kw):
        done = self.system.sluis(staff, *args, **kw)
        return "exit %d\n%s%s" % (done.code, done.out, done.err)

    def watch_on(self):
        """Until what could come behind the last end is there."""
        harness.wait_until(lambda: time.time() > max(a.ends for a in self.asked) + 4, 60, 0.1, "some seconds")
        self.disk.stop()

    def mail(self):
        """How many items came to this agency in all."""
        return self.system.sluis(self.worker, "status", "--json").must().json["session"]["mail"]

    def results(self, asked):
        return self.system.sluis(self.worker, "results", asked.request, "--json").must().json

    # ---- reading ----

    def audit(self, *args):
        return self.system.audit(self.officer, *args)

    def read_rows(self):
        """Every entry of either log that this officer reads of each request."""
        for own in (False, True):
            out = self.audit("list", "--json", "--limit", "1000000", *(["--own"] if own else [])).must().out
            for line in map(json.loads, out.splitlines()):
                for asked in self.asked:
                    if "body" in line and asked.is_about(line["body"]):
                        (asked.own if own else asked.rows).append((line["index"], line["body"]))

    def is_told(self):
        """Whether the log tells of every end yet."""
        for asked in self.asked:
            asked.rows, asked.own = [], []
        self.read_rows()
        return all(sum(b["event"] == "request.closed" for _, b in a.rows) == 1 for a in self.asked)

    def look(self, closely):
        """What each verb says; of one request of each outcome also what can be taken out and reported: in every form, and
        with each entry shown and explained, where that is wanted."""
        thorough = self.thorough()
        harness.wait_until(self.is_told, 60, 1, "the log to tell of every end")
        rows = {r["request"]: r for r in self.system.sluis(self.worker, "requests", "--json").must().json["requests"]}
        for asked in self.asked:
            said = asked.said
            said["requests"] = json.dumps(rows[asked.request], sort_keys=True)
            for name, args in (("results", ()), ("results --json", ("--json",))):
                said[name] = self.told(self.worker, "results", asked.request, *args)
            said["case show"] = self.told(self.worker, "case", "show", asked.case, "--json")
            for name, found in (("list", asked.rows), ("list --own", asked.own)):
                said[name] = "\n".join(json.dumps(body) for _, body in sorted(found, key=order))
            if asked in thorough:
                for own in ([], ["--own"]):
                    self.take_out(asked, ("jsonl", "csv", "adl") if closely else ("jsonl",), own)
                    if closely:
                        self.show(asked, own)
        self.look_once()
        for asked in thorough:
            self.search(asked)
            self.prove(asked)
            self.receipt(asked)
            self.open(asked)
            done = self.ask(asked.case, asked.bsn, "--dry-run")
            asked.said["request --dry-run"] = "exit %d\n%s%s" % (done.code, done.out, done.err)

    def thorough(self):
        """One of each outcome."""
        return list({a.label: a for a in reversed(self.asked)}.values())


    # ---- what shows every request at once ----

    def look_once(self):
        self.standing()
        self.verify(self.officer, self.system.made.path("tiles"), self.system.made.path("audit-policy"))
        self.views()
        for own in ([], ["--own"]):
            self.tell_each(" ".join(["sample", *own]), self.sample(own))
            self.tell_each(" ".join(["watch", *own]), bodies_in(self.watch(self.officer, own)))

    def sample(self, own):
        """All that there is, event by event where it is more than one sample draws."""
        rows = bodies_in(self.audit("list", "--json", "--limit", "1000000", *own).must().out.splitlines())
        events = sorted({body["event"] for _, body in rows})
        found = []
        for only in [[]] if len(rows) < SAMPLED // 2 else [["--event", e] for e in events]:
            done = self.audit("sample", "--n", str(SAMPLED), "--seed", "x", "--json", *only, *own).must()
            found += bodies_in(done.out.splitlines())
        return found

    def tell_each(self, name, found):
        """What a verb gave of all requests, to each its own."""
        for asked in self.asked:
            own = [row for row in found if asked.is_about(row[1])]
            if not own:
                raise harness.Failed("%s says nothing of a request" % name)
            asked.said[name] = "\n".join(json.dumps(body) for _, body in sorted(own, key=order))

    def standing(self):
        rows = {r["case"]: r for r in self.system.sluis(self.worker, "standing", "--json").must().json["standing"]}
        for asked in self.asked:
            asked.said["standing"] = json.dumps(rows[asked.case], sort_keys=True)

    def verify(self, staff, log, policy, *own):
        """It counts what `list` shows, and no more."""
        def verified():
            answer = self.system.audit(staff, "verify", "--log", log, "--audit-policy", policy, "--json", *own)
            return answer.json if answer.code == 0 else None
        done = harness.wait_until(verified, 30, 0.2, "a log that verifies")
        rows = bodies_in(self.system.audit(staff, "list", "--json", "--limit", "1000000", *own).must().out.splitlines())
        shown = sum(index < done["size"] for index, _ in rows)
        if done["bodies"] != shown or done["erased"] + done["unreadable"] + done["lost"] != 0:
            raise harness.Failed("verify counts %s where list shows %d bodies" % (done, shown))

    def views(self):
        """The Logboek Dataverwerkingen: the lines of one request have one trace; requests are made one after the other."""
        path = self.system.made.path("taken", "ldv")
        self.system.audit(self.auditor, "export", "--own", "--format", "ldv", "--output", path).must()
        traces = {}
        with open(path, encoding="utf-8") as f:
            for line in map(json.loads, f):
                traces.setdefault(line["trace_id"], []).append(line)
        sent = sorted((min(x["start_time"] for x in lines), trace) for trace, lines in traces.items()
                      if any(x["name"] == "request.sent" for x in lines))
        if len(sent) != len(self.asked):
            raise harness.Failed("the view has %d requests of %d" % (len(sent), len(self.asked)))
        for asked, (_, trace) in zip(self.asked, sent):
            if sum("parent_span_id" not in x for x in traces[trace]) != 1:
                raise harness.Failed("the view has no first act of a request, or two")
            # which of those of one moment it is is a matter of the log's order
            told = [json.dumps(without(x, {"parent_span_id"}), sort_keys=True) for x in traces[trace] if x["name"] != OF_LOOKING]
            asked.said["export ldv --own"] = "\n".join(sorted(blank(x, asked.at) for x in told))

    def watch(self, staff, own):
        """The lines up to the last row of a request; then it is told to end."""
        last = max(index for asked in self.asked for index, _ in (asked.own if own else asked.rows))
        lines = []

        def read(out):
            for line in out:
                lines.append(line)
                if json.loads(line)["index"] >= last:
                    return
        done = self.system.audit_until(staff, read, "watch", "--json", "--every", "3600", *own)
        if done != 0:
            raise harness.Failed("watch ended with %d" % done)
        return lines

    # ---- of one request ----

    def search(self, asked):
        """Two privacy officers search the own log for the subject."""
        subject = json.dumps({"identifiers": [{"type": "bsn", "value": asked.bsn}]})
        done = self.system.sluis(self.officer, "own-log", "ask", "--ground", "avg15", "--reference", "AVG-2026-0017", "--received",
                                 time.strftime("%Y-%m-%d", time.gmtime(asked.at)), "--subject", "-", "--json", stdin=subject)
        asked.said["own-log ask"] = "exit %d\n%s%s" % (done.code, done.out, done.err)
        search = done.must().json["search"]
        found = self.system.sluis(self.second, "own-log", "confirm", search, "--subject", "-", "--json", stdin=subject).must().json
        if not found["rows"]:
            raise harness.Failed("a search says nothing of a request")
        found["rows"] = sorted((r for r in found["rows"] if r["event"] != OF_LOOKING), key=lambda r: r["event"])
        asked.said["own-log confirm"] = json.dumps(found, sort_keys=True)
        for staff, language in ((self.officer, "nl"), (self.second, "en")):
            asked.said["own-log show --letter " + language] = self.told(staff, "own-log", "show", search, "--letter", language)
        table = self.told(self.second, "own-log", "show", search)
        asked.said["own-log show"] = even_lines(table, asked.at)

    def prove(self, asked):
        made = self.system.made
        index = max(i for i, b in asked.rows if b["event"] == "request.closed")
        done = self.system.tool("sluis-audit", "prove", str(index), "--log", made.path("tiles"), "--audit-policy",
                                made.path("audit-policy"))
        asked.said["prove"] = "exit %d\n%s%s" % (done.code, shape(done.out), done.err)

    def receipt(self, asked):
        """What the broker promised of it, and that this was kept."""
        index = next(i for i, b in asked.rows if b["event"] == "request.accepted")
        asked.said["receipt"] = self.told(self.supervisor, "receipt", receipts.entry_at(self.system.made, index))
        if "The proof has come." not in asked.said["receipt"]:
            raise harness.Failed("of a question there is no proof: %s" % asked.said["receipt"])

    def open(self, asked):
        """What an auditor is told that an entry of either log is about."""
        for own, rows in ([], asked.rows), (["--own"], asked.own):
            index = max(i for i, b in rows if b["event"] == "request.closed")
            done = self.system.audit(self.auditor, "open", str(index), *own)
            asked.said[" ".join(["open", *own])] = "exit %d\n%s%s" % (done.code, done.out, done.err)

    def show(self, asked, own):
        for index, body in asked.own if own else asked.rows:
            for verb in ("show", "explain"):
                done = self.audit(verb, str(index), *own)
                asked.said[" ".join([verb, body["event"], *own])] = done.out + done.err

    def take_out(self, asked, forms, own):
        for form in forms:
            path = self.system.made.path("taken", "%s-%s%s" % (asked.request, form, "".join(own)))
            self.audit("export", "--case", asked.case, "--format", form, "--output", path, *own).must()
            with open(path, encoding="utf-8") as f:
                asked.said[" ".join(["export", form, *own])] = even_lines(f.read(), asked.at)
        done = self.audit("report", "--case", asked.case, "--format", "json", "--least", "1", *own)
        asked.said[" ".join(["report", *own])] = even_report(done.must().out)

    # ---- comparing ----

    def check_same(self):
        """Every verb says the same of every request."""
        verbs = sorted({v for a in self.asked for v in a.said})
        for verb in verbs:
            told = [(a.label, blank(a.said[verb], a.at)) for a in self.asked if verb in a.said]
            for label, text in told[1:]:
                if text != told[0][1]:
                    raise harness.Failed("%s differs for %s:\n%s\nand for %s:\n%s" % (verb, label, text, *told[0]))
        return verbs

    def features(self):
        out = self.disk.features([(a.at, a.ends) for a in self.asked])
        for name in ("rows", "own"):
            found = [dict((b["event"], (i, b)) for i, b in getattr(a, name)) for a in self.asked]
            for event in sorted(set.intersection(*(set(f) for f in found))):
                key = "%s of %s: " % (event, name)
                out[key + "index"] = [f[event][0] for f in found]
                out[key + "to the end"] = [max(i for i, _ in f.values()) - f[event][0] for f in found]
                out[key + "bytes"] = [len(json.dumps(f[event][1])) for f in found]
                out[key + "time"] = [stamp(f[event][1]["ts"]) - a.ends for f, a in zip(found, self.asked)]
                for fact in sorted(set.intersection(*(set(f[event][1].get("facts", {})) for f in found))):
                    values = [number_of(f[event][1]["facts"][fact]) for f in found]
                    if None not in values:
                        out[key + fact] = values
        return out
