"""People at work on a deployment whose daemons may end at any moment: sources that are imported again and again, a
case worker who asks, officers who decide. Each keeps what was acknowledged; who gets no answer asks again, or
looks whether it happened. Used by tests/system/crash.

Stable persons are asked about and their records never change; the others come, change and go.
"""
import json
import random
import threading
import time

import harness
import population

STABLE, CHURN = 60, 120  # persons
WITHDRAWN_MOST = 1       # of a full import: below the two per cent that would make it ask
BEHALF = "00000099000000006000"
RULE = "riec.casus.verstrekking"
LONG_S, QUICK_S = 600, 15  # deadlines
DECIDE_MARGIN_S = 120     # a decision is made while this much is left
AWAY, LATER = 69, 75      # exit codes: the agent went away; try again
CHANGED = "look again"    # what was shown is not what stands there now; a person looks again
TOO_LATE = "deadline: it has passed"  # a question that waited for the broker longer than it was open
OLD_POLICY = "policy_digest: not the policy in force"  # a question or batch that met a new version on its way
ANOTHER_POLICY = ("another policy came in force while the import was under way; import again", OLD_POLICY)
AGAIN_S = 0.5


class Stopped(Exception):
    """The test ends."""


class Ground:
    """What everyone stands on: the system, what was agreed on, the first failure."""

    def __init__(self, system, seed):
        self.system, self.seed = system, seed
        self.ended = threading.Event()
        self.failures = []
        self.lock = threading.Lock()
        numbers = [str(n) for n in range(999900000, 999905000) if population.elfproef(str(n))]
        self.people = random.Random(seed).sample(numbers, STABLE + CHURN)

    def fail(self, what):
        with self.lock:
            self.failures.append(what)
        self.ended.set()

    def pause(self, seconds=AGAIN_S):
        if self.ended.wait(seconds):
            raise Stopped()

    def sluis(self, staff, *args, unless=(), **kw):
        """An answer with exit 0, or None where the agent went away, asks for patience, or says one of `unless`."""
        answer = self.system.sluis(staff, *args, "--json", **kw)
        if answer.code in (AWAY, LATER) or any(text in answer.err for text in unless):
            return None
        return answer.must().json

    def ask(self, staff, *args):
        """A question without effect, until it is answered."""
        while True:
            answer = self.sluis(staff, *args)
            if answer is not None:
                return answer
            self.pause()

    def last(self, staff, *args):
        """The same after the end."""
        return harness.wait_until(lambda: self.sluis(staff, *args), 60, AGAIN_S, " ".join(args))


class Worker(threading.Thread):
    """Repeats step() until the end; what it raises is a failure of the test."""

    def __init__(self, ground, name, pace_s):
        super().__init__(name=name)
        self.ground, self.pace_s = ground, pace_s
        self.rng = random.Random("%d/%s" % (ground.seed, name))

    def run(self):
        try:
            while True:
                self.step()
                self.ground.pause(self.pace_s)
        except Stopped:
            pass
        except Exception as e:  # the main thread reports it
            self.ground.fail("%s: %s: %s" % (self.name, type(e).__name__, e))


# ---- sources ----

class Source(Worker):
    """One agency's export, imported again with changes; `rows` is what the agent has acknowledged."""

    def __init__(self, ground, agency, staff, persons, pace_s):
        super().__init__(ground, "import at " + agency, pace_s)
        self.agency, self.staff = agency, staff
        self.mapping = ground.system.made.path(agency, "import/mapping.yaml")
        self.stable, self.churn = persons
        self.rows = {}
        self.version, self.imports, self.repeats = 0, 0, 0

    def next_value(self):
        self.version += 1
        return self.version

    def text(self, rows):
        if self.agency == "belastingdienst":
            head = "Dossiernummer;Soort;BSN;RSIN;KvK;Rekening;Kenteken;Telefoon;Naam;Voornaam;Geboortedatum;" \
                   "Postcode;Huisnr;Letter;Schuld;Fase;Laatste aanslag\r\n"
            line = "%s;P;%s;;;;;;;;;;;;%d;beslag;2026-01-02\r\n"
        else:
            head = "klantnr,soort,bsn,naam,voorletters_voornaam,geboren,iban,tel,mail,uitkering,ingang,werkgever\n"
            line = "%s,WW,%s,,,,,,,v%d,20260102,\n"
        return head + "".join(line % ("N" + person, person, value) for person, value in sorted(rows.items()))

    def value_text(self, value):
        return "%d" % value if self.agency == "belastingdienst" else "v%d" % value

    def command(self, mode, rows):
        return self.ground.system.sluis(self.staff, "import", "-", "--mapping", self.mapping, "--" + mode, "--json",
                                        stdin=self.text(rows))

    def first(self):
        """Before anything is killed: all stable persons and half of the others."""
        rows = {p: self.next_value() for p in self.stable + self.churn[::2]}
        self.command("full", rows).must()
        self.rows = rows

    def plan(self):
        """Mode, what the file has, what is contributed afterwards."""
        held = [p for p in self.churn if p in self.rows]
        lacking = [p for p in self.churn if p not in self.rows]
        change = self.rng.sample(held, min(4, len(held))) + self.rng.sample(lacking, min(2, len(lacking)))
        change = {p: self.next_value() for p in change}
        after = {**self.rows, **change}
        if self.rng.random() < 0.5:
            return "delta", change, after
        for person in self.rng.sample(held, min(WITHDRAWN_MOST, len(held))):
            del after[person]
        return "full", after, after

    def step(self):
        mode, rows, after = self.plan()
        while True:
            answer = self.command(mode, rows)
            if answer.code == 0:
                break
            if answer.code not in (AWAY, LATER) and not any(t in answer.out for t in ANOTHER_POLICY):
                raise harness.Failed("exit %d: %s%s" % (answer.code, answer.err, answer.out))
            self.repeats += 1
            self.ground.pause()
        if answer.json["state"] != "done":
            raise harness.Failed("acknowledged in state %s" % answer.json["state"])
        self.rows = after
        self.imports += 1

    def check(self):
        """The same again changes nothing: the agent holds exactly this."""
        counts = self.command("full", self.rows).must().json["purposes"][0]
        want = {"added": 0, "replaced": 0, "withdrawn": 0, "unchanged": len(self.rows)}
        got = {k: counts[k] for k in want}
        if got != want:
            raise harness.Failed("%s: holds %s where %s was acknowledged" % (self.agency, got, want))


# ---- questions ----

class Asker(Worker):
    """A case worker: `asked` has each question by its mark, with the id under which it was acknowledged."""

    def __init__(self, ground, staff, holders, pace_s, most):
        super().__init__(ground, "requests", pace_s)
        self.staff, self.holders, self.most = staff, holders, most
        self.case = ground.last(staff, "case", "open", "Proef", "--state", "work_up_1")["case"]
        self.asked, self.adopted = {}, 0

    def subjects(self, mark, persons):
        return json.dumps([{
            "label": "%s/%s" % (mark, person), "identifiers": [{"type": "bsn", "value": person}],
            "necessity": "[%s/%s] Zonder dit antwoord kan de zaak niet verder." % (mark, person),
            "proportionality": "Het weegt op.", "subsidiarity": "Lichter kan niet.",
            "concrete_signal": "Een melding."} for person in persons])

    def known(self):
        return {q["id"] for q in self.asked.values()}

    def look(self):
        """The id of a question that was stored without an answer to its caller."""
        listed = {r["request"] for r in self.ground.ask(self.staff, "requests")["requests"]}
        new = listed - self.known()
        if len(new) > 1 or not self.known() <= listed:
            raise harness.Failed("asked %s, of which the agent lists %s" % (self.known(), listed))
        return new.pop() if new else None

    def put(self, persons, deadline_s):
        """Asks until it is there; returns its mark."""
        mark = "q%d" % len(self.asked)
        while True:
            until = time.time() + deadline_s
            answer = self.ground.sluis(self.staff, "request", "--rule", RULE, "--case", self.case, "--subjects", "-",
                                       "--on-behalf-of", BEHALF, "--deadline", "%ds" % deadline_s, sign=True,
                                       stdin=self.subjects(mark, persons), unless=(TOO_LATE, OLD_POLICY))
            request = answer["request"] if answer else self.look()
            if request:
                break
            self.ground.pause()
        self.adopted += 0 if answer else 1
        self.asked[mark] = {"id": request, "persons": persons, "until": until,
                            "accepted": {h["holder"] for h in answer["holders"] if h["state"] == "accepted"}
                            if answer else set(),
                            "headers": {d["digest"]: d["content"]["holder"] for d in answer["signed"]} if answer else {}}
        return mark

    def step(self):
        if len(self.asked) >= self.most:
            return
        persons = self.rng.sample(self.ground.people[:STABLE], 2)
        self.put(persons, QUICK_S if self.rng.random() < 0.4 else LONG_S)


# ---- decisions ----

class Officer(Worker):
    """Officers of a holder. `items`: item by mark; `decided`: item to what was signed."""

    def __init__(self, ground, agency, staff, field, pace_s):
        super().__init__(ground, "decisions at " + agency, pace_s)
        self.agency, self.staff, self.field = agency, staff, field
        self.asker = None
        self.deciding = threading.Lock()  # held from the first signature under an item to the last
        self.items, self.decided, self.left, self.looked_up = {}, {}, set(), 0

    def mark_of(self, item):
        """The mark in the text of the question; None where it has just closed."""
        shown = self.ground.ask(self.staff[0], "show", str(item))
        text = shown.get("necessity", "")
        if not text.startswith("["):
            return None
        return text[1:text.index("]")]

    def meet(self, item):
        """Learns which question this item is, once; two items of one question are a failure."""
        mark = self.mark_of(item)
        if mark is None:
            return None
        if self.items.setdefault(mark, item) != item:
            raise harness.Failed("%s: %s stands in the inbox twice: items %d and %d"
                                 % (self.agency, mark, self.items[mark], item))
        return mark

    def sign(self, item, staff, args, signed_before):
        """True once this signature counts, whether its caller was told or not; False where the item went over to another
        epoch, and earlier signatures with its old one."""
        while True:
            answer = self.ground.sluis(staff, args[0], str(item), *args[1:], sign=True, unless=(CHANGED,))
            if answer is not None:
                return True
            row = self.ground.ask(staff, "show", str(item))
            if row["state"] != "open" or row["signed"] > signed_before:
                self.looked_up += 1
                return True
            if row["signed"] < signed_before:
                return False
            self.ground.pause()

    def decide(self, item):
        if self.rng.random() < 0.2:
            self.sign(item, self.staff[0], ["refuse", "--code", "niet_noodzakelijk"], 0)
            self.decided[item] = "refuse"
            return
        while not all(self.sign(item, staff, ["consent", "--field", self.field], before)
                      for before, staff in enumerate(self.staff)):
            pass
        self.decided[item] = "release"

    def step(self):
        for row in self.ground.ask(self.staff[0], "inbox")["items"]:
            item = row["item"]
            if row["state"] != "open" or item in self.left or item in self.decided:
                continue
            mark = self.meet(item)
            question = mark and self.asker.asked.get(mark.split("/")[0])
            if not question:
                continue  # it has closed, or its asker has not heard yet that it was asked
            if self.left_alone(question):
                self.left.add(item)
            else:
                with self.deciding:
                    self.decide(item)

    def replace(self, old, new):
        """From now on new signs where old did; no item has one signature of each before and after."""
        with self.deciding:
            self.staff = [new if s == old else s for s in self.staff]

    def left_alone(self, question):
        """Questions that close soon, and one in ten others, get no answer."""
        return question["until"] < time.time() + DECIDE_MARGIN_S or self.rng.random() < 0.1
