#!/usr/bin/python3
"""One case, from enrolment to the verified log, by a broker and four agencies that run as processes on loopback.

usage: demo.py BIN [--keep DIR] [--seed N] [--peer PROGRAM] [--fast]

Run by tests/demo, and by the system tests with their own build. Each step shows what people type and see, checks
that it is what it should be, and says how long it took; the exit status is 0 only if every check held. --keep
leaves the deployment running in DIR, which must not exist; DIR/README says what to try. PROGRAM (default:
BIN/wire_peer) speaks the wire with LIEC's keys and does not ask LIEC's agent. --fast, for tests: keys that are cheap to
open, short slots and deadlines.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import deploy
import harness
import kept
import receipts
import story as stories
from harness import Failed, wait_until
from story import CASEWORK, HIT_NO_HIT

DEADLINE_S = 45
FAST_DEADLINE_S = 30
HIT_DEADLINE_S = 20
QUORUM = 3  # of the four agencies, which all witness the audit log
KEPT_OUT = "bezwaar"  # the category that no index rule admits
LIEC_CONDITIONS = {"requester", "excluded", "region", "identifiers", "regime"}


class Teller:
    """Prints steps, what people typed and saw, and checks; a check that fails ends the demonstration."""

    def __init__(self, root):
        self.root = root  # paths are shown from here
        self.started = time.monotonic()
        self.number = 0
        self.timings = []

    def step(self, title, function):
        self.number += 1
        print("\n\033[1m%d. %s\033[0m" % (self.number, title) if sys.stdout.isatty()
              else "\n%d. %s" % (self.number, title), flush=True)
        start = time.monotonic()
        function()
        took = time.monotonic() - start
        self.timings.append((title, took))
        print("   (%.1f s)" % took, flush=True)

    def say(self, text):
        print("   " + text, flush=True)

    def show(self, text, most=40):
        lines = [line.rstrip() for line in text.splitlines()]
        for line in lines[:most]:
            print("     | " + line)
        if len(lines) > most:
            print("     | ... %d more lines" % (len(lines) - most))
        sys.stdout.flush()

    def typed(self, staff, answer, most=40):
        """A command as its user typed it (without where the socket and the keys are), and what it said."""
        hidden = {"--socket", "--key", "--passphrase-file", "--bodies", "--log", "--audit-policy"}
        words = [os.path.basename(answer.args[0])]
        rest = iter(answer.args[1:])
        for word in rest:
            if word in hidden:
                next(rest)
            elif word != "--yes":
                word = word.removeprefix(self.root + "/")
                words.append(word if word and set(word) <= set(SAFE) else "'%s'" % word)
        print("   %s$ %s" % (staff, " ".join(words)))
        self.show(answer.out + answer.err, most)

    def check(self, what, holds):
        if not holds:
            raise Failed("not so: " + what)
        print("   ok: " + what, flush=True)


SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,"


class Demonstration:
    """The nine steps."""

    def __init__(self, bin_dir, root, seed, peer, fast=False):
        self.made = deploy.Deployment(bin_dir, root, seed, fast, witnesses=QUORUM)
        self.deadline_s = FAST_DEADLINE_S if fast else DEADLINE_S
        self.tell = Teller(self.made.root)
        self.peer = peer
        self.system = None

    def run(self):
        steps = [("The registrar enrols a broker, four agencies and their people", self.enrol),
                 ("The policy: checked, signed, adopted by each holder; the purpose key is dealt by it", self.policy),
                 ("A broker and four agents start, over TCP with CURVE", self.start),
                 ("Each agency imports its own export, through its own mapping", self.imports),
                 ("RIEC opens a case and asks two holders about three subjects", self.ask),
                 ("The holders' officers decide", self.decide),
                 ("RIEC reads its results; the rest closes without a reason", self.results),
                 ("LIEC may not ask under that rule", self.liec),
                 ("The audit log tells the whole story, and no data subject", self.audit)]
        for title, function in steps:
            self.tell.step(title, function)
        self.system.check_logs(impersonated=["liec"])
        print("\nThe whole took %.0f s:" % (time.monotonic() - self.tell.started))
        for number, (title, took) in enumerate(self.tell.timings, 1):
            print("  %d. %-76s %6.1f s" % (number, title, took))

    def close(self):
        if self.system is not None:
            self.system.kill()

    # ---- 1, 2, 3 ----

    def build(self, wanted):
        """Those steps of the deployment whose names begin as wanted."""
        for what, function in self.made.steps():
            if what.startswith(tuple(wanted)):
                start = time.monotonic()
                function()
                self.tell.say("%-62s %5.1f s" % (what, time.monotonic() - start))

    def enrol(self):
        self.made.begin()
        self.build(["registrar", "broker", "case workers", "roster"])
        listed = self.made.run("sluis-pki", "list", "--dir", "registrar")
        self.tell.show(listed, 12)
        roster = json.loads(self.made.run("sluis-pki", "roster", "show", "--dir", "riec", "--roster",
                                          "trust/roster.signed", "--json"))
        # the registrar and the broker are members too
        self.tell.check("the signed roster has the four agencies and %d of their people" % len(self.made.uids),
                        {a["oin"] for a in deploy.AGENCIES.values()} <= {m["oin"] for m in roster["members"]}
                        and len(roster["officers"]) == len(self.made.uids))

    def policy(self):
        self.build(["policy", "purpose key"])
        self.tell.show(self.made.run("sluis-policy", "check", "trust/policy.yaml"), 12)
        self.tell.show(self.made.run("sluis-policy", "test", "trust/policy.yaml"), 12)
        for signer, _ in deploy.SIGNERS:
            done = subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in",
                                   self.made.path("trust/signatures", signer + ".p7s"), "-content",
                                   self.made.path("trust/policy.yaml"), "-binary", "-CAfile",
                                   self.made.path("people", signer, "signer.pem"), "-purpose", "any", "-out",
                                   os.devnull], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.tell.check("openssl verifies the signature of the %s" % signer, done.returncode == 0)

    def start(self):
        self.build(["configuration", "witnesses", "exports"])
        self.made.describe()
        self.system = harness.System(self.made)
        self.system.start()
        self.story = stories.Story(self.system)
        answer = self.system.anyone("riec", "status").must()
        self.tell.typed("r.visser", answer)
        self.tell.check("every agent's session with the broker is open", True)

    # ---- 4 ----

    def imports(self):
        for agency, staff in stories.IMPORTERS.items():
            folder = self.made.path(agency, "import")
            answer = self.system.sluis(staff, "import", os.path.join(folder, "export.csv"), "--mapping",
                                       os.path.join(folder, "mapping.yaml")).must()
            self.tell.typed(staff, answer, 26)
            self.check_import(agency, staff)

    def check_import(self, agency, staff):
        report = self.system.sluis(staff, "import", "--status", "--json").must().json
        truth = self.story.truth["agencies"][agency]
        added = sum(p["added"] for p in report["purposes"])
        kept_out = sum(p["kept_out"] for p in report["purposes"])
        out = sum(1 for r in truth["records"].values() if r["category"] == KEPT_OUT)
        self.tell.check("%s: %d records contributed, as the plain data say" % (agency, added),
                        added == len(truth["records"]) - out)
        self.tell.check("%s: %d records kept out by the index rule and not sent" % (agency, kept_out),
                        kept_out == out)
        with open(self.made.path(agency, "import/export.csv.rejects.csv"), encoding="utf-8") as f:
            rejects = f.read()
        self.tell.show(rejects, 4)
        self.tell.check("%s: the reject report names row, column and reason, and no value of a record" % agency,
                        rejects.count("\n") > 1 and not self.found_in(rejects))

    # ---- 5 ----

    def ask(self):
        self.case = self.story.open_case()
        subjects = [self.story.subject(n) for n in ("both", "uwv_only", "nobody")]
        deadline = "%ds" % self.deadline_s
        dry = self.story.ask(CASEWORK, self.case, subjects, deadline, "--dry-run", sign=False).must()
        self.tell.typed("r.visser", dry)
        self.tell.check("the dry run permits it and sends nothing", "Nothing was sent." in dry.out
                        and not self.story.inbox("b.smit"))
        answer = self.story.ask(CASEWORK, self.case, subjects, deadline).must()
        self.tell.typed("r.visser", answer)
        listed = self.system.sluis("r.visser", "requests", "--json").must().json["requests"]
        self.request = listed[0]["request"]
        rows = self.story.rows(self.request)
        self.tell.check("the answer is `accepted` and tells of no hit",
                        answer.out.count("accepted") == 2 and {r["status"] for r in rows.values()} == {"open"})

    # ---- 6 ----

    def decide(self):
        tax = self.story.wait_inbox("b.smit", CASEWORK, 1)
        self.tell.typed("b.smit", self.system.sluis("b.smit", "inbox").must())
        self.tell.typed("b.smit", self.system.sluis("b.smit", "show", str(tax[0]["item"])).must(), 60)
        shown = self.story.item_about("b.smit", tax, "both")
        self.tell.check("the subject nobody knows, and the one only UWV knows, are not in this inbox", len(tax) == 1)
        self.tell.check("control data are equal", shown["control"] == "equal")
        done = self.story.consent("b.smit", tax[0]["item"], "openstaande_schuld", "invorderingsfase").must()
        self.tell.typed("b.smit", done)
        self.decide_uwv()

    def decide_uwv(self):
        items = self.story.wait_inbox("u.jansen", CASEWORK, 2)
        self.tell.typed("u.jansen", self.system.sluis("u.jansen", "inbox").must())
        item = self.story.item_about("u.jansen", items, "both")["item"]
        fields = ("soort_uitkering", "ingangsdatum")
        first = self.story.consent("u.jansen", item, *fields).must()
        self.tell.typed("u.jansen", first)
        self.tell.check("the first signature releases nothing", "Nothing is released" in first.out)
        same = self.story.consent("u.jansen2", item, *fields)
        self.tell.typed("u.jansen2", same)
        self.tell.check("the same person under another name is refused", same.code == 77)
        self.tell.check("RIEC still has nothing from UWV",
                        self.story.rows(self.request)[("both", "uwv")]["status"] == "open")
        second = self.story.consent("u.peters", item, *fields).must()
        self.tell.typed("u.peters", second)
        self.tell.check("a second person's signature completes it", "Decided." in second.out)
        other = self.story.item_about("u.peters", items, "uwv_only")["item"]
        self.tell.typed("u.peters", self.story.refuse("u.peters", other, "lopend_onderzoek").must())

    # ---- 7 ----

    def results(self):
        rows = self.story.wait_rows(self.request, {("both", "belastingdienst"): "released",
                                                   ("both", "uwv"): "released"})
        self.check_release(rows[("both", "belastingdienst")], "belastingdienst",
                           {"openstaande_schuld", "invorderingsfase"}, False)
        self.check_release(rows[("both", "uwv")], "uwv", {"soort_uitkering", "ingangsdatum"}, True)
        others = {k: r["status"] for k, r in rows.items() if k[0] != "both"}
        self.tell.check("a refusal looks like every other question that is open", set(others.values()) == {"open"})
        self.hit_no_hit()
        self.tell.say("waiting for the deadline of the first request")
        self.story.wait_closed(self.request, self.deadline_s + 60)
        answer = self.system.sluis("r.visser", "results", self.request).must()
        self.tell.typed("r.visser", answer, 70)
        rows = self.story.rows(self.request)
        self.tell.check("what was refused, missed or not there closes alike, without a reason",
                        {r["status"] for k, r in rows.items() if k[0] != "both"} == {"closed"}
                        and not any(r.get("ground") or r.get("date") for k, r in rows.items() if k[0] != "both"))
        coverage = self.story.results(self.request)["coverage"]
        self.tell.check("each holder's coverage is stated", all(c["last_full_import"] and c["types"]
                                                                for c in coverage))

    def check_release(self, row, agency, fields, four_eyes):
        truth = self.story.truth["agencies"][agency]["records"]
        bsn = self.story.truth["subjects"]["both"]["bsn"]
        record = next(r for r in truth.values() if ["bsn", bsn] in [list(i) for i in r["identifiers"]])
        got = {f["name"]: f["value"] for f in row["fields"]}
        self.tell.check("%s released only %s" % (agency, " and ".join(sorted(fields))), set(got) == fields)
        self.tell.check("the values are those of its own export",
                        all(record["fields"][name] == value for name, value in got.items()))
        self.tell.check("signed by its officer%s, with the proof of what was contributed" %
                        ("s" if four_eyes else ""), row["four_eyes"] is four_eyes and len(row["entry"]) == 64
                        and row["contributed"])

    def hit_no_hit(self):
        case = self.story.open_case("Bekend bij wie", "exploration")
        request = self.story.ask_accepted(HIT_NO_HIT, case, [self.story.subject("both")], "%ds" % HIT_DEADLINE_S)
        items = self.story.wait_inbox("u.jansen", HIT_NO_HIT, 1)
        self.tell.typed("u.jansen", self.story.known("u.jansen", items[0]["item"]).must())
        self.story.wait_closed(request, HIT_DEADLINE_S + 60)
        self.tell.typed("r.visser", self.system.sluis("r.visser", "results", request).must())
        rows = self.story.rows(request)
        self.tell.check("known at UWV, not known at Belastingdienst (no officer there confirmed it in time)",
                        rows[("both", "uwv")]["status"] == "known"
                        and rows[("both", "belastingdienst")]["status"] == "not_known")

    # ---- 8 ----

    def liec(self):
        case = self.story.open_case("Panden aan de Kade", "work_up_1", "l.vos")
        subjects = [self.story.subject("both")]
        refused = self.story.ask(CASEWORK, case, subjects, "60s", staff="l.vos")
        self.tell.typed("l.vos", refused)
        asked = self.story.ask(CASEWORK, case, subjects, "60s", "--json", staff="l.vos")
        codes = {c["code"] for c in json.loads(asked.out)["error"]["conditions"]}
        self.tell.check("LIEC's own agent refuses, and names all %d conditions that fail" % len(codes),
                        refused.code == 77 and LIEC_CONDITIONS <= codes)
        self.system["liec"].stop()
        self.tell.say("now a program that speaks the wire with LIEC's keys and asks no agent")
        done = subprocess.run([self.peer, self.made.path("liec/agent.yaml"), "request", "--holder",
                               deploy.AGENCIES["uwv"]["oin"], "--rule", CASEWORK, "--staff", "l.vos", "--key",
                               self.made.path("people/l.vos/keys/officer.key"), "--passphrase",
                               self.made.path("people/l.vos/passphrase")], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise Failed("the wire peer: exit %d\n%s%s" % (done.returncode, done.stdout, done.stderr))
        step = json.loads(done.stdout)[-1]
        for condition in step["conditions"]:
            self.tell.show("%s (%s)" % (condition["code"], condition["citation"]))
        self.tell.check("the broker refuses it too, by its own copy of the policy", step["answer"] == "refused"
                        and LIEC_CONDITIONS <= {c["code"] for c in step["conditions"]})
        self.system["liec"].start()
        self.system.wait_open("liec")
        self.tell.check("LIEC's agent finds in the log that somebody spoke in its name", wait_until(
            lambda: self.system.anyone("liec", "status", "--json").must().json["log"]["unsent"], 60, 0.2, "its status says so"))
        self.tell.check("and its status ends as one that has an alarm", self.system.anyone("liec", "status").code == harness.ALARM)

    # ---- 9 ----

    def audit(self):
        bodies = self.story.wait_event({"request.closed": 4, "request.refused": 1})
        self.tell.typed("r.mulder", self.system.audit("r.mulder", "list", *self.story.log_args()).must(), 60)
        events = [b["body"]["event"] for b in bodies]
        wanted = {"batch.accepted": 4, "request.accepted": 4, "request.matched": 4, "release.forwarded": 2,
                  "decision.refusal": 1, "confirmation.forwarded": 1, "request.closed": 4, "request.refused": 1}
        self.tell.check("every effect stands in it, the denial included",
                        all(events.count(e) >= n for e, n in wanted.items()))
        denied = next(b["index"] for b in bodies if b["body"]["event"] == "request.refused")
        self.tell.typed("r.mulder", self.system.audit("r.mulder", "explain", str(denied), *self.story.log_args(),
                                                      "--policy", self.made.path("riec/policy.yaml")).must(), 60)
        self.tell.check("%d bodies hold no identifier, name or field of anybody" % len(bodies),
                        not self.found_in(json.dumps(bodies)))
        verified = self.system.audit("r.mulder", "verify", *self.story.log_args(), "--quiet").must()
        self.tell.typed("r.mulder", verified)
        with open(self.made.path("tiles/checkpoint"), encoding="utf-8") as f:
            cosigned = f.read().count("\n\u2014 ") - 1
        self.tell.check("what everybody reads is a head that %d agencies cosigned (the audit policy asks for %d)"
                        % (cosigned, QUORUM), cosigned >= QUORUM)
        self.prove()
        self.flip_one_byte()

    def prove(self):
        """A proof file of the entry that vouches for a released record stands by itself."""
        entry = self.story.rows(self.request)[("both", "uwv")]["entry"]
        index = next(i for i in range(10 ** 6) if receipts.entry_at(self.made, i) == entry)
        proof = self.made.path("contributed.tlog-proof")
        self.tell.typed("anyone", self.system.tool("sluis-audit", "prove", str(index), *self.story.log_args(), "--output",
                                                   proof).must())
        checked = self.system.tool("sluis-audit", "verify", "--proof", proof, "--entry", entry, "--audit-policy",
                                   self.made.path("audit-policy")).must()
        self.tell.typed("anyone", checked)
        self.tell.check("the log proves that UWV's record was contributed before the question", True)

    def found_in(self, text):
        """Identifiers, and what names a person, that stand in the text; not inside a longer number or digest."""
        needles = set()
        for about in self.story.truth["agencies"].values():
            for record in about["records"].values():
                needles.update(value for _, value in record["identifiers"])
                needles.update(v for v in record["fields"].values() if len(v) >= 8 and not v[:4].isdigit())
        return [n for n in needles if n in text and
                re.search("(?<![0-9a-f])" + re.escape(n) + "(?![0-9a-f])", text)]

    def flip_one_byte(self):
        copy = self.made.path("tiles-copy")
        with self.system.standing_still():
            shutil.copytree(self.made.path("tiles"), copy)
        path = os.path.join(copy, "tile/entries/000")
        with open(path, "r+b") as f:
            f.seek(100)
            byte = f.read(1)
            f.seek(100)
            f.write(bytes([byte[0] ^ 1]))
        answer = self.system.tool("sluis-audit", "verify", "--log", copy, "--audit-policy",
                                  self.made.path("audit-policy"), "--quiet")
        self.tell.typed("anyone", answer)
        self.tell.check("one flipped byte in a copy is found", answer.code == 65)
        shutil.rmtree(copy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer")
    parser.add_argument("--fast", action="store_true")
    args = parser.parse_args()
    peer = args.peer or os.path.join(args.bin, "wire_peer")
    with tempfile.TemporaryDirectory(prefix="sluis-demo-") as work:
        os.chmod(work, 0o755)
        root = os.path.abspath(args.keep) if args.keep else os.path.join(work, "demo")
        demo = Demonstration(args.bin, root, args.seed, peer, args.fast)
        left_running = False
        try:
            kept.check_place(root)
            demo.made.keep_programs()  # the checkout may be where the staff's user ids cannot reach
            demo.run()
            if args.keep:
                kept.write(demo)
                left_running = True
            else:
                demo.system.stop()
        except (Failed, OSError) as e:
            print("demonstration failed: %s" % e, file=sys.stderr)
            return 1
        finally:
            if not left_running:
                demo.close()
    print("\nEvery step showed what it should.")
    if args.keep:
        print("It goes on running in %s: read README there; end it with %s/stop." % (root, root))
    return 0


if __name__ == "__main__":
    sys.exit(main())
