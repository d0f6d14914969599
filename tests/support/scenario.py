"""One flow of docs/policies, with the few parties of it that a scenario needs.

What a policy file says is read from it: names, regimes and classes of the parties, who asks, which seats the consent of
a holder needs, which categories and identifiers a holder loads. A Flow names the file, the purpose and the parties;
Deployed makes the deployment; Walk does what its staff do. Decision asks `sluis-policy explain` where nothing is
carried out. Nobody in it exists (docs/synthetic-identifiers.md).
"""
import argparse
import collections
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import yaml

import deploy
import harness
import population
import story
from harness import Failed

POLICIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/policies")
POPULATION = 100000  # as the roster says; a rule bounds the share of it that is loaded
LOADED = 12  # records of people whom nobody asks about
STATES = ["signal", "exploration", "work_up_1", "work_up_2", "work_up_3", "case"]
NAME_PARTS = ["geslachtsnaam", "voornaam", "geboortedatum"]
NECESSITY = ("Het pand aan de Kade wordt contant betaald en de huurder heeft volgens de melding geen inkomen; alleen met dit "
             "gegeven is te zien of er een verklaring voor is.")
WEIGHED = {"proportionality": "Een vraag over deze persoon weegt op tegen een onderzoek in het pand.",
           "subsidiarity": "Openbare bronnen zijn geraadpleegd en gaven geen antwoord.",
           "concrete_signal": "Melding van een toezichthouder van 3 november over dit pand."}


def check(what, holds):
    if not holds:
        raise Failed("not so: " + what)
    print("   ok: " + what, flush=True)


def people(seed, count, taken=()):
    """People who do not exist, each with BSN, bank account, name and date of birth, and none with a BSN that is taken."""
    rng = random.Random(seed)
    bsns = [b for b in ("%09d" % n for n in range(999900000, 999901000)) if population.elfproef(b) and b not in taken]
    return [population.Person(rng, bsn) for bsn in rng.sample(bsns, count)]


class Flow:
    """A policy file, and who of its parties takes part in one purpose: {short name: OIN}, the custodian among them.
    edit changes the text of the file. controller: the OIN of the body of which all of them are parts."""

    def __init__(self, file, purpose, parties, edit=lambda text: text, controller=None):
        self.file, self.purpose, self.edit, self.controller = file, purpose, edit, controller
        with open(os.path.join(POLICIES, file), encoding="utf-8") as f:
            self.policy = yaml.safe_load(edit(f.read()))
        of = {p["oin"]: p for p in self.policy["parties"]}
        self.parties = {key: of[oin] for key, oin in parties.items()}
        custodian = next(p["custodian"] for p in self.policy["purposes"] if p["id"] == purpose)
        self.custodian = next(key for key, p in self.parties.items() if p["oin"] == custodian)
        self.rules = [r for r in self.policy["rules"] if r.get("purpose") == purpose and r["status"] == "adopted"]

    def rule(self, rule_id):
        return next(r for r in self.rules if r["id"] == rule_id)

    def is_one_of(self, key, names):
        party = self.parties[key]
        return party["oin"] in names or bool(set(party["classes"]) & set(names))

    def index_rule(self, key):
        """The rule under which this party loads, or None."""
        return next((r for r in self.rules if r["process"] == "index" and self.is_one_of(key, r["holders"])), None)

    def consents(self, key):
        return [c for r in self.rules for c in r.get("consent", []) if self.is_one_of(key, [c["holder"]])]

    def asks(self, key):
        return any(self.is_one_of(key, r.get("requesters", [])) for r in self.rules)

    def staff(self, key):
        """(staff id, person, functions) of everybody whom the rules want at this party."""
        consents, seats = self.consents(key), []
        if self.asks(key) or not consents:
            seats.append(("vrager", ["case_worker"]))
        if consents:
            seats.append(("een", consents[0]["functions"] + ["mandated_officer"]))  # a small house: one signs the adoption
        if any(c["kind"] == "four_eyes" for c in consents):
            seats.append(("twee", consents[0]["functions"]))
        if any(c["kind"] == "prosecutor" for c in consents):
            seats.append(("ovj", ["prosecutor"]))
        return [("%s.%s" % (key, seat), "p-%s-%s" % (key, seat), functions) for seat, functions in seats]

    def compartments(self, key):
        names = sorted({c["compartment"] for c in self.consents(key) if "compartment" in c})
        deciders = [staff for staff, _, _ in self.staff(key)]
        return {name: deciders for name in names}

    def checks(self, before, state):
        """What is recorded in a case before it moves."""
        moves = self.policy.get("case_moves", [])
        return next((m.get("checks", []) for m in moves if (m["from"], m["to"]) == (before, state)), [])

    def types_asked(self, rule_id, key):
        return [i["type"] for i in self.rule(rule_id)["identifiers"] if self.is_one_of(key, i["parties"])]


Record = collections.namedtuple("Record", "person category fields")


class Deployed(deploy.Deployment):
    """The parties of a flow. records: {holder: [Record]}; each of them gets a dozen more about other people."""

    def __init__(self, bin_dir, root, flow, records, seed=1):
        self.flow, self.records = flow, records
        self.name, self.policy_file, self.purpose = flow.policy["deployment"], flow.file, flow.purpose
        self.custodian = flow.custodian
        self.agencies_known = {key: {"oin": p["oin"], "name": p["name"], "classes": p["classes"], "regime": p["regime"],
                                     "controller": flow.controller or p["oin"], "population": POPULATION}
                               for key, p in flow.parties.items()}
        self.staff_known = {key: flow.staff(key) for key in flow.parties}
        super().__init__(bin_dir, root, seed, fast=True, policy=flow.edit)

    def agent_lines(self, agency):
        compartments = self.flow.compartments(agency)
        return ["compartments:"] * bool(compartments) + ["  %s: [%s]" % (name, ", ".join(staff))
                                                         for name, staff in compartments.items()]

    def exports(self):
        others = people(self.seed + 1000, LOADED, {r.person.bsn for held in self.records.values() for r in held})
        for key in self.agencies:
            os.makedirs(self.path(key, "import"))
            mine = self.records.get(key, [])
            if mine:
                filler = [Record(p, mine[0].category, mine[0].fields) for p in others]
                Source(self.flow, key, mine + filler).write(self.path(key, "import"))


class Source:
    """An export of one holder, and its mapping: the identifiers that its index rule takes, as far as people have them."""

    def __init__(self, flow, key, records):
        self.rule, self.records = flow.index_rule(key), records
        taken = [i["type"] for i in self.rule["identifiers"]]
        self.types = [t for t in ("bsn", "iban") if t in taken]
        self.has_names = "naam_geboortedatum" in taken
        self.fields = {name: (value, r.category) for r in records for name, value in r.fields.items()}

    def row(self, number, record):
        p = record.person
        cells = ["R-%04d" % number, record.category] + [getattr(p, t) for t in self.types]
        cells += [p.surname, p.first, p.born] * self.has_names
        return cells + [record.fields.get(name, "") for name in self.fields]

    def mapping(self):
        lines = ["schema: 1", "source: {format: csv, delimiter: ';', encoding: utf-8}", "record_key: nummer", "category:",
                 "  column: soort", "  values:"]
        lines += ["    - {from: %s, category: %s}" % (c, c) for c in self.rule["index"]["categories"]]
        lines += ["identifiers:"] + ["  - {type: %s, column: %s}" % (t, t) for t in self.types]
        if self.has_names:
            lines += ["  - type: naam_geboortedatum", "    parts:"]
            lines += ["      - {part: %s, column: %s}" % (part, part) for part in NAME_PARTS]
        lines.append("fields:")
        for name, (value, category) in self.fields.items():
            kind = "kind: date, dates: [yyyy-mm-dd]" if is_date(value) else "kind: text"
            lines.append("  - {name: %s, column: %s, %s, category: %s}" % (name, name, kind, category))
        return "\n".join(lines + ["rules: [%s]" % self.rule["id"]]) + "\n"

    def write(self, folder):
        columns = ["nummer", "soort"] + self.types + NAME_PARTS * self.has_names + list(self.fields)
        rows = [columns] + [self.row(n, r) for n, r in enumerate(self.records)]
        with open(os.path.join(folder, "export.csv"), "w", encoding="utf-8") as f:
            f.write("".join(";".join(cells) + "\n" for cells in rows))
        with open(os.path.join(folder, "mapping.yaml"), "w", encoding="utf-8") as f:
            f.write(self.mapping())


def is_date(text):
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Walk(story.Story):
    """What the staff of a flow do; asker is the party that asks where none is named."""

    def __init__(self, system, flow, asker, built):
        self.system, self.made, self.flow, self.built = system, system.made, flow, built
        self.asker = asker + ".vrager"
        self.impersonated = set()  # with whose keys somebody else spoke

    def agency(self, oin):
        return next(key for key, p in self.flow.parties.items() if p["oin"] == oin)

    def load(self):
        for key, records in self.made.records.items():
            folder = self.made.path(key, "import")
            report = self.system.sluis(key + ".een", "import", os.path.join(folder, "export.csv"), "--mapping",
                                       os.path.join(folder, "mapping.yaml"), "--json").must().json
            added = sum(p["added"] for p in report["purposes"])
            check("%s loads its %d records, and none is rejected" % (key, added), added == len(records) + LOADED)

    # ---- asking ----

    def open_case_at(self, state, staff=None):
        """A case, with the recorded checks and the moves that bring it to this state."""
        staff = staff or self.asker
        case = self.open_case("Panden aan de Kade", STATES[0], staff)
        for before, wanted in zip(STATES, STATES[1:STATES.index(state) + 1]):
            for check_id in self.flow.checks(before, wanted):
                self.record(case, check_id, staff).must()
            self.move(case, wanted, staff).must()
        return case

    def record(self, case, check_id, staff=None):
        return self.system.sluis(staff or self.asker, "case", "check", case, check_id, "--by", "weegploeg Noord",
                                 "--reason-file", "-", stdin="Besproken op 3 november; het pand valt onder de taak.")

    def move(self, case, state, staff=None):
        return self.system.sluis(staff or self.asker, "case", "move", case, state)

    def about(self, rule, person, **changes):
        """A question about a person, with every identifier that may be used and what the rule wants to be told."""
        types = self.flow.types_asked(rule, self.asker.split(".")[0])
        identifiers = [{"type": t, "value": getattr(person, t)} for t in ("bsn", "iban") if t in types]
        if "naam_geboortedatum" in types:
            values = dict(zip(NAME_PARTS, (person.surname, person.first, person.born)))
            identifiers.append({"type": "naam_geboortedatum", "parts": values})
        subject = {"label": "huurder", "identifiers": identifiers, "necessity": NECESSITY, **WEIGHED,
                   "control": {"name": "%s %s" % (person.first, person.surname), "birth_date": person.born}}
        subject.update(changes)
        return {key: value for key, value in subject.items() if value is not None}

    def ask_of(self, rule, case, subject, holders, *more, staff=None, sign=True):
        """`sluis request` to these holders; the Answer, whatever it is."""
        staff = staff or self.asker
        behalf = self.flow.parties[staff.split(".")[0]].get("on_behalf_of", [])
        args = [x for h in holders for x in ("--holder", self.flow.parties[h]["oin"])]
        args += [x for oin in behalf[:1] for x in ("--on-behalf-of", oin)]
        return self.system.sluis(staff, "request", "--rule", rule, "--case", case, "--subjects", "-", *args, *more,
                                 stdin=json.dumps([subject]), sign=sign)

    def ask_permitted(self, rule, case, subject, holders, *more):
        """Dry run, then the question; its id. Every holder's broker accepts it."""
        dry = self.ask_of(rule, case, subject, holders, "--dry-run", "--json", *more, sign=False).must().json
        check("%s: the dry run permits it, and no holder sees anything of it" % rule,
              dry["permit"] and all(h["permit"] and not h["conditions"] for h in dry["holders"]))
        answer = self.ask_of(rule, case, subject, holders, "--json", *more).must().json
        states = {self.agency(h["holder"]): h["state"] for h in answer["holders"]}
        check("%s: accepted for %s, and no hit is told" % (rule, " and ".join(holders)),
              states == {h: "accepted" for h in holders})
        return answer["request"]

    def ask_refused(self, rule, case, subject, holders, wanted, *more, staff=None):
        """The requester's own agent refuses: in a dry run and in earnest, with exactly the conditions wanted, each as
        {id: (sentence, what its citation begins with)}. Nothing is sent."""
        dry = self.ask_of(rule, case, subject, holders, "--dry-run", "--json", *more, staff=staff, sign=False).must(77).json
        for holder in dry["holders"]:
            check_reasons("dry run of %s" % rule, holder["conditions"], wanted)
        answer = self.ask_of(rule, case, subject, holders, "--json", *more, staff=staff).must(77).json
        check_reasons(rule, answer["error"]["conditions"], wanted)
        told = self.ask_of(rule, case, subject, holders, *more, staff=staff).must(77)
        print("".join("     | %s\n" % line for line in (told.out + told.err).splitlines()), end="")
        check("%s: the case worker reads each reason in Dutch, with its citation" % rule,
              all(nl in told.out + told.err and cites in told.out + told.err for nl, cites in wanted.values()))

    def ask_unjudged(self, rule, state, subject, holder, field):
        """The same question with the keys of the asker's party and by none of its agents, which judge: the broker, which
        does not see what is sealed, accepts it."""
        party = self.asker.split(".")[0]
        self.impersonated.add(party)
        self.system[party].stop()
        done = subprocess.run([os.path.join(self.built, "wire_subject"), self.made.path(party, "agent.yaml"),
                               self.flow.parties[holder]["oin"], rule, state, self.asker,
                               self.made.path("people", self.asker, "keys/officer.key"),
                               self.made.path("people", self.asker, "passphrase"), field,
                               self.flow.parties[party]["on_behalf_of"][0]], input=json.dumps([subject]),
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0 or done.stdout != "accepted\n":
            raise Failed("wire_subject: exit %d\n%s%s" % (done.returncode, done.stdout, done.stderr))
        self.system[party].start()
        self.system.wait_open(party)

    # ---- deciding ----

    def wait_dropped(self, holder, condition):
        """Until the agent of a holder says that its own judgement of a hit failed, for this condition first."""
        text = "the policy does not permit it: %s" % condition
        harness.wait_until(lambda: text in self.system[holder].tail(200), 60, 0.2, "%s says %s" % (holder, text))
        check("the agent of %s says: %s" % (holder, text), True)

    def only_item(self, staff, rule):
        """The one open item of a rule, as its officer sees it."""
        item = self.wait_inbox(staff, rule, 1)[0]["item"]
        return self.system.sluis(staff, "show", str(item), "--json").must().json

    def row(self, request, holder, status, staff=None):
        """The row of the only subject at a holder, once it has this status."""
        def there():
            rows = [r for r in self.results(request, staff)["rows"] if self.agency(r["holder"]) == holder]
            return next((r for r in rows if r["status"] == status), None)
        return harness.wait_until(there, 60, 0.2, "%s of %s" % (status, holder))


def check_reasons(what, conditions, wanted):
    """Exactly these conditions failed; each with its sentence in Dutch and a citation that begins as wanted, "" where
    what fails is that there is none."""
    have = {c["code"]: c for c in conditions}
    if set(have) != set(wanted):
        raise Failed("%s: fails for %s, not for %s" % (what, sorted(have), sorted(wanted)))
    for code, (sentence, cites) in wanted.items():
        if have[code]["nl"] != sentence or not have[code].get("citation", "").startswith(cites):
            raise Failed("%s: %s says %s" % (what, code, have[code]))
    check("%s is refused: %s" % (what, "; ".join("%s (%s)" % (nl, cites or "no citation") for nl, cites
                                               in wanted.values())), True)


# ---- decisions alone ----

class Decision:
    """`sluis-policy explain` of a file, from the facts of one of its fixtures."""

    def __init__(self, bin_dir, file):
        self.bin, self.path = os.path.abspath(bin_dir), os.path.join(POLICIES, file)
        with open(self.path, encoding="utf-8") as f:
            self.fixtures = {x["id"]: x["facts"] for x in yaml.safe_load(f)["fixtures"]}

    def facts(self, fixture, without=(), **changes):
        facts = {k: v for k, v in dict(self.fixtures[fixture], **changes).items() if k not in without}
        return {k: v.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(v, datetime.datetime) else v for k, v in facts.items()}

    def explain(self, rule, role, facts):
        """The decision as data, and in words."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as f:
            json.dump(facts, f)
        try:
            said = [subprocess.run([os.path.join(self.bin, "sluis-policy"), "explain", self.path, rule, "--role", role,
                                    "--facts", f.name, *more], stdin=subprocess.DEVNULL, capture_output=True, text=True)
                    for more in (["--json"], [])]
        finally:
            os.unlink(f.name)
        for done in said:
            if done.returncode != 0:
                raise Failed("explain %s: exit %d\n%s%s" % (rule, done.returncode, done.stdout, done.stderr))
        print("".join("     | %s\n" % line for line in said[1].stdout.splitlines()), end="")
        return json.loads(said[0].stdout), said[1].stdout

    def permits(self, rule, role, facts, fields=(), says=()):
        """Permitted, with exactly these fields, and these lines among what it lays on the parties."""
        data, words = self.explain(rule, role, facts)
        check("%s permits %s" % (role, rule), data["permit"] and not data["failures"])
        check("%s: the fields are %s" % (role, ", ".join(fields) or "none"), sorted(data["fields"]) == sorted(fields))
        for line in says:
            check("%s: %s" % (role, line), line in words)
        return data

    def denies(self, rule, role, facts, wanted):
        """Denied for exactly these conditions: {id: (sentence, what its citation begins with)}."""
        data, words = self.explain(rule, role, facts)
        have = {f["condition"]: f for f in data["failures"]}
        if data["permit"] or set(have) != set(wanted):
            raise Failed("%s at the %s: fails for %s, not for %s" % (rule, role, sorted(have), sorted(wanted)))
        for code, (sentence, cites) in wanted.items():
            line = next(x for x in words.splitlines() if x.strip().startswith(code + ":"))
            check("%s denies %s: %s (%s)" % (role, rule, sentence, cites),
                  have[code]["nl"] == sentence and sentence in line and "; " + cites in line)
        return data


# ---- running ----

def decide(file, *parts):
    """The command line of a scenario of decisions: usage: NAME BIN. Each part gets the Decision."""
    try:
        decisions = Decision(sys.argv[1], file)
        for part in parts:
            part(decisions)
    except Failed as e:
        sys.exit("failed: %s" % e)


def run(flow, records, asker, walk):
    """The command line of a scenario: usage: NAME BIN. walk(Walk) is what happens once everything runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    args = parser.parse_args()
    seed = int(os.environ.get("SLUIS_TEST_SEED", "1"))
    print("seed %d" % seed, flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sluis-scenario-") as work:
        os.chmod(work, 0o755)
        made = Deployed(args.bin, os.path.join(work, "made"), flow, records(seed), seed)
        made.keep_programs()  # the checkout may be where the staff's user ids cannot reach
        made.make()
        print("   (deployed in %.1f s)" % (time.monotonic() - started), flush=True)
        system = harness.System(made, list(flow.parties))
        try:
            system.start()
            walker = Walk(system, flow, asker, os.path.abspath(args.bin))
            walker.load()
            walk(walker)
            system.stop()
            system.check_logs(walker.impersonated)
        except Failed as e:
            sys.exit("failed: %s" % e)
        finally:
            system.kill()
    print("   (%.1f s in all)" % (time.monotonic() - started))
