"""A day of contributions, questions and decisions on a deployment to which something happens (workload.py has the
people), and afterwards: everything that was acknowledged is there, once, and nothing else. Used by tests/system/crash
and tests/system/rotation.
"""
import collections
import hashlib
import json
import random
import time

import deploy
import harness
import workload

EPOCHS_MOST = 2  # of a purpose that are in use at once
SAMPLE = 6  # persons in a question, fewer than hits_per_request


def expect(is_so, what):
    if not is_so:
        raise harness.Failed(what)
    print("ok   " + what, flush=True)


def request_ref(salt, header):
    """What stands in an audit body for the header of a request: docs/audit-log.md, "The body"."""
    parts = (b"sluis/audit-ref/1", bytes.fromhex(salt), b"request", bytes.fromhex(header))
    return hashlib.sha256(b"".join(len(p).to_bytes(4, "big") + p for p in parts)).hexdigest()


class Workday:
    """The deployment, its people and what they keep."""

    def __init__(self, made, ground, pace_s, questions):
        self.made, self.ground, self.system = made, ground, ground.system
        stable, churn = ground.people[:workload.STABLE], ground.people[workload.STABLE:]
        self.sources = [
            workload.Source(ground, "belastingdienst", "b.smit", (stable[:40], churn[:80]), pace_s),
            workload.Source(ground, "uwv", "u.jansen", (stable[20:50], churn[40:]), pace_s)]
        self.officers = [
            workload.Officer(ground, "belastingdienst", ["b.smit"], "openstaande_schuld", 0.5),
            workload.Officer(ground, "uwv", ["u.jansen", "u.peters"], "soort_uitkering", 0.5)]
        self.asker = workload.Asker(ground, "r.visser", [s.agency for s in self.sources], 2 * pace_s, questions)
        for officer in self.officers:
            officer.asker = self.asker
        self.alarms = {}  # agency to what its one alarm says, where it has one at the end
        self.workers = self.sources + self.officers + [self.asker]

    def holders(self):
        return zip(self.sources, self.officers)

    def begin(self):
        for source in self.sources:
            source.first()
        for worker in self.workers:
            worker.start()

    def end(self):
        self.ground.ended.set()
        for worker in self.workers:
            worker.join()
        if self.ground.failures:
            raise harness.Failed("\n".join(self.ground.failures))
        self.ground.ended.clear()

    def wait_answered(self, marks):
        """Until the officers have decided, or left alone, all that these questions found, and that is settled."""
        for source, officer in self.holders():
            harness.wait_until(lambda s=source, o=officer: not self.unanswered(s, o, marks) and not self.unsettled(o), 60, 0.2,
                               "answers to %d questions at %s" % (len(marks), source.agency))

    def unanswered(self, source, officer, marks):
        found = self.labels_found(source, marks)
        return [label for label in found if officer.items.get(label) not in officer.left | set(officer.decided)
                and not self.met_a_policy(source, label.split("/")[0])]

    def labels_found(self, source, marks):
        """What a join says that questions find, of those that do not close at once."""
        return ["%s/%s" % (m, p) for m in marks if not self.is_quick(self.asker.asked[m])
                for p in self.asker.asked[m]["persons"] if p in source.rows]

    def met_a_policy(self, source, mark):
        """Whether a question was refused, as one is that was signed before a version and came after it."""
        rows = self.results(self.asker.asked[mark])["rows"]
        return any(r["holder"] == self.made.agencies[source.agency]["oin"] and workload.OLD_POLICY in r.get("reason", "")
                   for r in rows)

    def done(self):
        """How much each kind of work has done."""
        return {"imports": sum(s.imports for s in self.sources), "questions": len(self.asker.asked),
                "decisions": sum(len(o.decided) for o in self.officers)}

    # ---- afterwards ----

    def is_quiet(self, agency):
        status = self.ground.last(self.system.made.staff[agency][0][0], "status")
        return status["outbox"]["waiting"] == 0 and status["log"]["proofs_due"] == 0

    def come_to_rest(self):
        """Everything that was under way arrives; questions that close soon close."""
        for agency in self.system.agencies:
            harness.wait_until(lambda a=agency: self.is_quiet(a), 60, 0.2, "%s is quiet" % agency)
        for officer in self.officers:
            harness.wait_until(lambda o=officer: not self.unsettled(o), 60, 0.2, "every decision at %s is settled"
                               % officer.agency)
        for mark, question in self.asker.asked.items():
            if self.is_quick(question):
                harness.wait_until(lambda q=question: self.is_closed(q), 90, 0.2, "question %s is closed" % mark)

    @staticmethod
    def is_quick(question):
        return question["until"] < time.time() + 30

    def unsettled(self, officer):
        rows = self.ground.last(officer.staff[0], "inbox", "--all")["items"]
        failed = [r for r in rows if r["state"] == "failed"]
        if failed:
            raise harness.Failed("%s: %s" % (officer.agency, failed))
        return [r for r in rows if r["item"] in officer.decided and r["state"] != "settled"]

    def is_closed(self, question):
        """Closed at every holder; one that reached the broker after its deadline is refused for that."""
        shown = self.results(question)
        late = self.refused(question)
        if late & question["accepted"]:
            raise harness.Failed("accepted, and refused afterwards: %s" % shown)
        states = {c["holder"]: c["state"] for c in shown["coverage"]}
        return all(state == "closed" or holder in late for holder, state in states.items())

    def results(self, question):
        return self.ground.last(self.asker.staff, "results", question["id"])

    def check_records(self):
        for source in self.sources:
            source.check()
            print("     %s: %d imports, %d of them asked for again" % (source.agency, source.imports, source.repeats))
        expect(True, "each agency holds exactly the records that were acknowledged")

    def check_found(self):
        """A sample of everybody is found where there is a record, with the value that was acknowledged."""
        rng = random.Random(self.ground.seed)
        persons = rng.sample(self.ground.people, 4 * SAMPLE)
        marks = {}
        for i in range(0, len(persons), SAMPLE):
            mark = self.asker.put(persons[i:i + SAMPLE], workload.LONG_S)
            marks.update({"%s/%s" % (mark, p): p for p in persons[i:i + SAMPLE]})
        for source, officer in self.holders():
            want = {m: p for m, p in marks.items() if p in source.rows}
            harness.wait_until(lambda: self.inbox_marks(officer) >= set(want), 30, 0.3,
                               "questions about %d records at %s" % (len(want), source.agency))
            extra = self.inbox_marks(officer) & set(marks) - set(want)
            if extra:
                raise harness.Failed("%s: found without a record: %s" % (source.agency, extra))
            for mark, person in want.items():
                self.check_value(source, officer, officer.items[mark], person)
            print("     %s: %d of %d persons of the sample are there" % (source.agency, len(want), len(marks)))
        expect(True, "the index answers for each record of a sample, and for no other")

    def inbox_marks(self, officer):
        for row in self.ground.last(officer.staff[0], "inbox")["items"]:
            if row["item"] not in officer.items.values():
                officer.meet(row["item"])
        return set(officer.items)

    def check_value(self, source, officer, item, person):
        shown = self.ground.last(officer.staff[0], "show", str(item))
        values = {f["name"]: f["value"] for f in shown["asked"] if "value" in f}
        want = source.value_text(source.rows[person])
        if values.get(officer.field) != want:
            raise harness.Failed("%s: the record of the sample has %s, not %s" % (source.agency, values, want))

    def check_questions(self):
        """Each question met each record once; each decision had its effect once, and no other."""
        for source, officer in self.holders():
            want = {label for label in self.labels_found(source, self.asker.asked)
                    if label in officer.items or not self.met_a_policy(source, label.split("/")[0])}
            harness.wait_until(lambda o=officer, w=want: self.inbox_marks(o) >= w, 60, 0.3,
                               "%d questions at %s" % (len(want), source.agency))
        released = 0
        for mark, question in self.asker.asked.items():
            rows = self.results(question)["rows"]
            for source, officer in self.holders():
                own = [r for r in rows if r["holder"] == deploy.AGENCIES[source.agency]["oin"]]
                for person in question["persons"]:
                    released += self.check_answer(source, officer, (mark, person), own)
        decided = sum(list(o.decided.values()).count("release") for o in self.officers)
        if released != decided:
            raise harness.Failed("%d consents, %d releases" % (decided, released))
        print("     %d questions (%d stored without an answer to the caller), %d consents, %d refusals, %d signatures "
              "stored without an answer" % (len(self.asker.asked), self.asker.adopted, decided,
                                            sum(len(o.decided) for o in self.officers) - decided,
                                            sum(o.looked_up for o in self.officers)))
        expect(released > 0, "each consent gave one release, each question its results, and no more")

    def check_answer(self, source, officer, at, rows):
        """1 where this subject was released by this holder."""
        label = "%s/%s" % at
        own = [r for r in rows if r.get("label") == label]
        item = officer.items.get(label)
        reason = own[0].get("reason", "") if own else ""
        is_late = self.is_quick(self.asker.asked[at[0]]) and workload.TOO_LATE in reason
        is_refused = is_late or workload.OLD_POLICY in reason
        if len(own) != 1 or not (is_refused or own[0]["status"] in ("released", "open", "closed")):
            raise harness.Failed("%s: %s has rows %s" % (source.agency, label, own))
        is_released = own[0]["status"] == "released"
        if is_released != (officer.decided.get(item) == "release"):
            raise harness.Failed("%s: %s was decided %s and is %s" % (source.agency, label, officer.decided.get(item),
                                                                      own[0]["status"]))
        if is_released:
            want = [{"name": officer.field, "value": source.value_text(source.rows[at[1]])}]
            if own[0]["fields"] != want:
                raise harness.Failed("%s: released %s, not %s" % (source.agency, own[0]["fields"], want))
        return 1 if is_released else 0

    def check_status(self):
        for agency in self.system.agencies:
            harness.wait_until(lambda a=agency: self.is_quiet(a), 60, 0.2, "%s is quiet" % agency)
            status = self.ground.last(self.system.made.staff[agency][0][0], "status")
            told = self.alarms.get(agency)
            is_right = len(status["alarms"]) == 1 and told in status["alarms"][0] if told else not status["alarms"]
            if status["log"]["proofs_missed"] != 0 or not is_right or status["log"]["proofs_due"] != 0:
                raise harness.Failed("%s: %s %s" % (agency, status["log"], status["alarms"]))
        expect(True, "no agent misses a proof, none has an alarm%s" % (" but " + ", ".join(self.alarms) if self.alarms else ""))

    def read_bodies(self):
        log = ["--log", self.made.path("tiles"), "--audit-policy", self.made.path("audit-policy")]
        self.system.audit("r.mulder", "verify", *log, "--quiet").must()
        lines = self.system.audit("r.mulder", "list", *log, "--limit", "1000000", "--json").must().out.splitlines()
        return [json.loads(line)["body"] for line in lines]

    def entries_of(self, bodies, event):
        """How often the event was noted of each header that was signed, by its digest; and of headers whose digest
        nobody was told, because the answer did not arrive."""
        noted = [b for b in bodies if b["event"] == event]
        count = collections.Counter()
        for digest in (d for q in self.asker.asked.values() for d in q["headers"]):
            count[digest] = sum(b["request"] == request_ref(b["salt"], digest) for b in noted)
        return count, len(noted) - sum(count.values())

    def check_requests(self, bodies):
        """Each header was accepted, matched and closed once at most, and one for each holder at least: where there are
        two epochs, one may have ended before it came. The counts, for who reads them."""
        sums = {}
        for event in ("request.accepted", "request.matched", "request.closed"):
            count, others = self.entries_of(bodies, event)
            if any(n > 1 for n in count.values()):
                raise harness.Failed("%s: twice for one question: %s" % (event, count.most_common(3)))
            if event != "request.closed":
                self.check_reached(event, count, others)
            sums[event] = sum(count.values()) + others
        return sums

    def check_reached(self, event, count, others):
        """others: entries of headers of which nobody heard, because the answer did not arrive."""
        untold = 0
        for mark, question in self.asker.asked.items():
            reached = {c["holder"] for c in self.results(question)["coverage"] if c["state"] in ("open", "closed")}
            noted = {holder for digest, holder in question["headers"].items() if count[digest]}
            if question["headers"] and reached - self.refused(question) != noted:
                raise harness.Failed("%s: %s is noted for %s, not for %s" % (event, mark, noted, reached))
            untold += 0 if question["headers"] else len(reached)
        if not untold <= others <= EPOCHS_MOST * untold:
            raise harness.Failed("%s: %d entries of %d headers" % (event, others, untold))

    def refused(self, question):
        """Holders whom a question reached too late, or after another policy."""
        return {r["holder"] for r in self.results(question)["rows"]
                if any(text in r.get("reason", "") for text in (workload.TOO_LATE, workload.OLD_POLICY))}

    def check_entries(self):
        """The auditor reads one entry for each effect that somebody saw."""
        bodies = self.read_bodies()
        sums = self.check_requests(bodies)
        events = collections.Counter(b["event"] for b in bodies)
        decisions = [d for o in self.officers for d in o.decided.values()]
        want = {"release.forwarded": decisions.count("release"), "decision.refusal": decisions.count("refuse")}
        got = {event: events[event] for event in want}
        if got != want:
            raise harness.Failed("the log has %s, people saw %s" % (got, want))
        expect(True, "the log has one entry for each of %s" % ", ".join("%d %s" % (n, e) for e, n in {**sums, **want}.items()))

    def check_log(self, olds):
        policy = ["--log", self.made.path("tiles"), "--audit-policy", self.made.path("audit-policy"), "--quiet"]
        self.system.tool("sluis-audit", "verify", *policy).must()
        for old in olds:
            self.system.tool("sluis-audit", "verify", *policy, "--old", old).must()
        expect(True, "the log verifies" + (" and contains %d heads that were seen between kills" % len(olds) if olds else ""))
