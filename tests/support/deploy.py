#!/usr/bin/python3
"""Makes a whole deployment with the product's own tools: registrar, broker, four agencies, people, roster,
signed and adopted policy, dealt purpose keys, configuration files and messy exports.

usage: deploy.py BIN DIR [--seed N] [--fast]

BIN is the folder of the programs. DIR must not exist. Everything that needs a port gets a free one; staff get
Unix user ids of their own from 20000 on when this runs as root, else the caller's (then one person for each
agency can use the socket). --fast shortens intervals for tests. DIR/deployment.json says what was made.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REGISTRAR = "00000099000000000100"
BROKER = "00000099000000001000"
PURPOSE = "riec-casus"
ORIGIN = "sluis.example/demo"
AGENCIES = {
    "riec": {"oin": "00000099000000002000", "name": "RIEC Demo", "classes": ["riec"], "population": 3000},
    "liec": {"oin": "00000099000000003000", "name": "LIEC Demo", "classes": ["liec"], "population": 3000},
    "belastingdienst": {"oin": "00000099000000004000", "name": "Belastingdienst Demo",
                        "classes": ["belastingdienst"], "population": 20000},
    "uwv": {"oin": "00000099000000005000", "name": "UWV Demo", "classes": ["uwv"], "population": 20000},
}
# staff id, person, functions
STAFF = {
    "riec": [("r.visser", "p-visser", ["case_worker"]), ("r.bakker", "p-bakker", ["mandated_officer"]),
             ("r.mulder", "p-mulder", ["auditor"])],
    "liec": [("l.vos", "p-vos", ["case_worker"]), ("l.bos", "p-bos", ["mandated_officer"]),
             ("l.kuipers", "p-kuipers", ["security_officer"])],
    "belastingdienst": [("b.smit", "p-smit", ["release_officer"]), ("b.dekker", "p-dekker", ["mandated_officer"]),
                        ("b.postma", "p-postma", ["security_officer"])],
    "uwv": [("u.jansen", "p-jansen", ["release_officer"]), ("u.peters", "p-peters", ["release_officer"]),
            ("u.jansen2", "p-jansen", ["release_officer"]), ("u.brouwer", "p-brouwer", ["mandated_officer"]),
            ("u.willems", "p-willems", ["security_officer"])],
}
PROGRAMS = ["sluis", "sluis-agent", "sluis-audit", "sluis-broker", "sluis-pki", "sluis-policy"]
SIGNERS = [("beleidseigenaar", "00000099000000007000"), ("jurist", "00000099000000008000")]
TYPES = ["bsn", "rsin", "kvk", "vestiging", "iban", "kenteken", "telefoon", "email", "bag", "postcode_huisnr",
         "naam_geboortedatum", "reisdocument", "btw", "lei", "container", "imei"]


def free_port():
    """A port that no connection of anybody gets by chance while the broker is down: below the range for those."""
    while True:
        with socket.socket() as s:
            port = random.randrange(15000, 32000)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Deployment:
    """A deployment under root, made with the programs in bin. policy: edits the text of the policy. staff: people beside
    those of staff_known, {agency: [(staff id, person, functions)]}. agencies: those of agencies_known that take part,
    with what differs in them, {agency: {key: value}}. witnesses: how many of them must cosign the log; 0: none. A class below names another policy and its parties."""

    name = "demo"
    policy_file = "demonstration.yaml"
    purpose = PURPOSE
    custodian = "riec"
    agencies_known = AGENCIES
    staff_known = STAFF

    def __init__(self, bin_dir, root, seed=1, fast=False, policy=lambda text: text, staff=None, agencies=None,
                 witnesses=0):
        self.bin = os.path.abspath(bin_dir)
        self.root = os.path.abspath(root)
        self.seed = seed
        self.fast = fast
        self.cheap_pki = os.path.join(os.path.abspath(bin_dir), "cheap_pki")
        self.has_programs = False
        self.port = free_port()
        self.policy = policy
        self.signer_folders = {s: os.path.join("people", s) for s, _ in SIGNERS}  # who signs the newest version, and where
        self.witnesses = witnesses
        known = self.agencies_known
        self.agencies = {a: dict(known[a], **differs) for a, differs in (agencies or {a: {} for a in known}).items()}
        self.staff = {agency: self.staff_known[agency] + (staff or {}).get(agency, []) for agency in self.agencies}
        self.uids, self.gids = {}, {}
        next_uid = 20000
        for number, agency in enumerate(self.staff):
            self.gids[agency] = 20000 + number if os.geteuid() == 0 else os.getegid()
        for agency in self.staff:
            for person, _, _ in self.staff[agency]:
                self.uids[person] = next_uid if os.geteuid() == 0 else os.geteuid()
                next_uid += 1

    @classmethod
    def copy(cls, bin_dir, template, root, seed=None, policy=None, staff=None):
        """A deployment like the one in template, which never ran, at a port of its own: in a second, not in twenty. What
        differs is made: exports of another seed; people beside those of the template; an edited policy."""
        made = cls(bin_dir, root, seed or 1, fast=True, policy=policy or (lambda text: text))
        with open(os.path.join(template, "deployment.json"), encoding="utf-8") as f:
            port = json.load(f)["port"]
        subprocess.run(["cp", "-a", template, made.root], check=True)
        for who, name in [("broker", "broker.yaml")] + [(a, "agent.yaml") for a in made.agencies]:
            made.edit(os.path.join(who, name), "127.0.0.1:%d'" % port, "127.0.0.1:%d'" % made.port)
        before = os.umask(0o077)
        made.differ(seed is not None, policy, staff)
        os.umask(before)
        return made

    def differ(self, has_exports, policy, staff):
        """What this deployment does not have from its template."""
        if policy:
            self.change_policy()
        if staff:
            self.add_people(staff)
        if policy or staff:
            for who in ["broker", *self.agencies]:
                self.trust_files(who)
        if has_exports:
            self.exports()
            self.open_folders()
        self.describe()

    def edit(self, path, old, new):
        with open(self.path(path), "r+", encoding="utf-8") as f:
            text = f.read().replace(old, new)
            f.seek(0)
            f.write(text)
            f.truncate()

    def change_policy(self):
        for name in ("signatures", "adoptions"):
            shutil.rmtree(self.path("trust", name))
        os.unlink(self.path("trust/policy.yaml"))
        self.sign_policy()
        self.adopt_policy()

    def add_people(self, staff):
        """More people of the agencies, on the roster and in the configuration of their agents."""
        for agency, people in staff.items():
            for name, _, _ in people:
                self.uids[name] = max(self.uids.values()) + 1 if os.geteuid() == 0 else os.geteuid()
                self.edit(os.path.join(agency, "agent.yaml"), "staff:\n",
                          "staff:\n  - {uid: %d, staff: %s}\n" % (self.uids[name], name))
            self.enrol_some(agency, people)
            self.staff[agency] = self.staff[agency] + people
            for name, _, _ in people:
                self.hand_out_key(name)
        self.sign_roster()

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def program(self, name):
        """Where it lies. For tests: the tool whose keys cost the least to open."""
        return self.cheap_pki if self.fast and name == "sluis-pki" else os.path.join(self.bin, name)

    def run(self, program, *args):
        """Runs a program of the product; its output is returned, a failure ends the whole."""
        done = subprocess.run([self.program(program), *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.root)
        if done.returncode != 0:
            sys.stderr.write("%s %s: exit %d\n%s%s" % (program, " ".join(args), done.returncode, done.stdout,
                                                       done.stderr))
            raise SystemExit(1)
        return done.stdout

    def write(self, path, text, mode=0o600):
        full = self.path(path)
        os.makedirs(os.path.dirname(full), mode=0o700, exist_ok=True)
        fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        os.fchmod(fd, mode)
        with os.fdopen(fd, "w") as f:
            f.write(text)
        return full

    def passphrase(self, who):
        """A passphrase file, made once."""
        path = os.path.join("pass", who)
        if not os.path.exists(self.path(path)):
            self.write(path, os.urandom(18).hex() + "\n")
        return self.path(path)

    # ---- keys and roster ----

    def token(self, who, oin, args, replace=False, lost=False):
        """A one-time token that allows what the request will ask for; lost: the keys that are replaced are not stolen."""
        role = "broker" if who == "broker" else "officer" if "--officer" in args else "agency"
        self.run("sluis-pki", "token", "--dir", "registrar", "--oin", oin, "--role", role, *args,
                 *(["--replace"] if replace or lost else []), *(["--lost"] if lost else []), "--out", self.path("tokens", who), "--passphrase-file",
                 self.passphrase("registrar"))
        return self.path("tokens", who)

    def enrol(self, who, oin, verb, *args):
        """One party or person: token, request, approval, acceptance."""
        token = self.token(who, oin, args[1:])
        request, answer = self.path("tokens", who + ".request"), self.path("tokens", who + ".answer")
        folder = args[0]
        self.run("sluis-pki", *verb, "--dir", folder, "--deployment", self.name, "--oin", oin, *args[1:],
                 "--token-file", token, "--passphrase-file", self.passphrase(who), "--request", request)
        self.run("sluis-pki", "approve", "--dir", "registrar", "--request", request, "--answer", answer,
                 "--passphrase-file", self.passphrase("registrar"))
        self.run("sluis-pki", "accept", "--dir", folder, "--answer", answer, "--passphrase-file",
                 self.passphrase(who))

    def registrar(self):
        os.makedirs(self.path("tokens"), mode=0o700)
        os.makedirs(self.path("people"), mode=0o755)
        self.run("sluis-pki", "init", "--dir", "registrar", "--deployment", self.name, "--oin", REGISTRAR, "--name",
                 "Registrar Demo", "--host", REGISTRAR, "--passphrase-file", self.passphrase("registrar"))

    def enrol_parties(self):
        self.enrol("broker", BROKER, ["broker-init"], "broker", "--name", "Broker Demo", "--host", BROKER,
                   "--endpoint", "tcp://127.0.0.1:%d" % self.port, "--origin", ORIGIN)
        for agency, about in self.agencies.items():
            self.enrol(agency, about["oin"], ["enrol"], agency, *self.agency_args(agency))

    def agency_args(self, agency):
        """What an agency asks for."""
        about = self.agencies[agency]
        classes = [x for c in about["classes"] for x in ("--class", c)]
        return ["--name", about["name"], "--host", about["oin"], "--controller", about.get("controller", about["oin"]),
                "--regime", about.get("regime", "avg"), *classes, "--purpose", self.purpose,
                "--population", str(about["population"]), "--churn", str(about["population"])]

    def witness_of_agencies(self):
        """The broker cosigns the agencies' own logs under a key of its own, which their readers write down."""
        line = self.run("sluis-pki", "witness", "--dir", "broker", "--passphrase-file", self.passphrase("broker"))
        self.write("broker-witness", "witness broker %s\n" % line.strip(), 0o644)

    def enrol_people(self):
        for agency, people in self.staff.items():
            self.enrol_some(agency, people)

    def enrol_some(self, agency, people):
        for staff, person, functions in people:
            args = [x for f in functions for x in ("--function", f)]
            self.enrol(staff, self.agencies[agency]["oin"], ["enrol"], os.path.join("people", staff), "--officer",
                       staff, "--person", person, *args)

    def sign_roster(self):
        self.run("sluis-pki", "roster", "sign", "--dir", "registrar", "--out", "trust/roster.signed",
                 "--passphrase-file", self.passphrase("registrar"))

    def policy_args(self, folder="trust"):
        """The options by which sluis-pki verifies the policy in a folder, as its operators give them."""
        signers = [x for s in self.signer_folders.values() for x in ("--signer", self.path(s, "signer.pem"))]
        return ["--policy", self.path(folder, "policy.yaml"), "--signatures", self.path(folder, "signatures"), *signers]

    def two_people(self):
        """Two officers who are two persons, of the custodian where it has them."""
        people = [(person, staff) for agency in [self.custodian, *self.agencies] for staff, person, _ in self.staff[agency]]
        first = people[0]
        return [first[1], next(staff for person, staff in people if person != first[0])]

    def confirm(self, epoch, roster="trust/roster.signed", folder="trust"):
        """Two officers confirm to whom the key of an epoch is dealt; what `epoch new` takes."""
        out = []
        for staff in self.two_people():
            out += ["--confirmed", self.path("confirmed-%d-%s" % (epoch, staff))]
            own = self.officer_copy(staff)
            self.run("sluis-pki", "epoch", "confirm", "--dir", own, "--purpose", self.purpose, "--epoch", str(epoch), "--roster",
                     roster, *self.policy_args(folder), "--passphrase-file", self.passphrase(staff), "--out", out[-1])
        return out

    def officer_copy(self, staff):
        """A person's folder; where it was handed out to that person's own user, a copy of it."""
        folder, copy = self.path("people", staff), self.path("copies", staff)
        if os.stat(os.path.join(folder, "keys/officer.key")).st_uid == os.geteuid():
            return folder
        shutil.rmtree(copy, ignore_errors=True)  # its keys may have been renewed
        shutil.copytree(folder, copy)
        return copy

    def deal(self):
        """The custodian of the purpose deals; each participant opens what it is dealt."""
        norms = [x for t in TYPES for x in ("--norm", t + "=1")]
        by = ["--roster", "trust/roster.signed", *self.policy_args()]
        self.run("sluis-pki", "epoch", "new", "--dir", self.custodian, "--purpose", self.purpose, "--epoch", "1", *norms,
                 *by, *self.confirm(1), "--out", "dealt", "--passphrase-file", self.passphrase(self.custodian))
        for agency, about in self.agencies.items():
            self.run("sluis-pki", "epoch", "accept", "--dir", agency, *by, "--statement", "dealt/statement.signed",
                     "--sealed", "dealt/%s.cms" % about["oin"], "--passphrase-file", self.passphrase(agency))
        self.run("sluis-pki", "epoch", "half", "--dir", "broker", *by, "--statement", "dealt/statement.signed",
                 "--passphrase-file", self.passphrase("broker"))
        os.makedirs(self.path("trust/deals"), exist_ok=True)
        shutil.copy(self.path("dealt/statement.signed"), self.path("trust/deals/%s-1.deal" % self.purpose))

    # ---- policy ----

    def sign_policy(self):
        with open(os.path.join(HERE, "../../docs/policies", self.policy_file), encoding="utf-8") as f:
            self.write("trust/policy.yaml", self.policy(f.read()), 0o644)
        self.run("sluis-policy", "check", "trust/policy.yaml")
        self.run("sluis-policy", "test", "trust/policy.yaml")
        os.makedirs(self.path("trust/signatures"))
        for signer, oin in SIGNERS:
            if not os.path.exists(self.path("people", signer)):
                self.run("sluis-pki", "signer", "--dir", os.path.join("people", signer), "--oin", oin, "--name", signer,
                         "--passphrase-file", self.passphrase(signer))
            self.run("sluis-policy", "sign", "trust/policy.yaml", "--key", "people/%s/keys/signer.key" % signer,
                     "--certificate", "people/%s/signer.pem" % signer, "--passphrase-file",
                     self.passphrase(signer), "--output", "trust/signatures/%s.p7s" % signer)

    @contextlib.contextmanager
    def own_key(self, staff):
        """An officer's key as a file of this user's: the officer's own, once handed out, opens for nobody else."""
        own = os.path.join("trust", staff + ".key")
        shutil.copy(self.path("people", staff, "keys/officer.key"), self.path(own))
        os.chmod(self.path(own), 0o600)
        yield own
        os.unlink(self.path(own))

    def adopt(self, staff, policy, serial, output, *more):
        """What a holder's officer says about a version of the policy."""
        with self.own_key(staff) as key:
            self.run("sluis-policy", "adopt", policy, "--key", key, "--certificate", "people/%s/officer.pem" % staff,
                     "--passphrase-file", self.passphrase(staff), "--serial", str(serial), "--output", output, *more)

    def adopt_policy(self):
        os.makedirs(self.path("trust/adoptions"))
        for agency, people in self.staff.items():
            staff = next((s for s, _, functions in people if "mandated_officer" in functions), None)
            if staff is None:
                continue  # no holder
            self.adopt(staff, "trust/policy.yaml", 1, "trust/adoptions/%s.adoption" % agency)

    # ---- configuration ----

    def trust_files(self, folder):
        """Each party has its own copy of what it trusts: nothing is shared but by files that it verifies."""
        for name in ("roster.signed", "policy.yaml"):
            shutil.copy(self.path("trust", name), self.path(folder, name))
        for name in ("signatures", "adoptions", "deals"):
            shutil.copytree(self.path("trust", name), self.path(folder, "policy", name), dirs_exist_ok=True)
        for signer, _ in SIGNERS:
            shutil.copy(self.path("people", signer, "signer.pem"), self.path(folder, signer + ".pem"))

    def common(self, who, staff):
        signers = ", ".join("'%s.pem'" % s for s, _ in SIGNERS)
        lines = ["deployment: %s" % self.name, "roster: roster.signed", "root_ca: root-ca.pem", "roster_key: roster-key.pem",
                 "policy:", "  file: policy.yaml", "  signatures: policy/signatures",
                 "  adoptions: policy/adoptions", "  deals: policy/deals", "  signers: [%s]" % signers,
                 "keys: keys", "unlock:", "  passphrase_file: passphrase", "store:", "  dir: store",
                 "  map_size: 16GiB", "control: run/control.sock", "demonstration: true", "staff:"]
        lines += ["  - {uid: %d, staff: %s}" % (uid, name) for uid, name in staff] or ["  []"]
        shutil.copy(self.passphrase(who), self.path(who, "passphrase"))
        os.chmod(self.path(who, "passphrase"), 0o600)
        os.makedirs(self.path(who, "run"), exist_ok=True)
        return lines

    def configure(self):
        self.trust_files("broker")
        slot = "200ms" if self.fast else "1s"
        lines = self.common("broker", [])
        lines += ["oin: '%s'" % BROKER, "origin: %s" % ORIGIN, "listen: ['tcp://127.0.0.1:%d']" % self.port,
                  "tiles: ../tiles", "timing:", "  slot_interval: " + slot, "  match_slot: " + slot,
                  "  publish_interval: " + ("500ms" if self.fast else "1s")]
        self.write("broker/broker.yaml", "\n".join(lines).replace("staff:\n  []\n", "") + "\n")
        for agency, about in self.agencies.items():
            self.trust_files(agency)
            staff = [(self.uids[s], s) for s, _, _ in self.staff[agency]]
            if os.geteuid() != 0:
                staff = staff[:1]
            lines = self.common(agency, staff)
            lines += ["oin: '%s'" % about["oin"], "broker:", "  endpoint: 'tcp://127.0.0.1:%d'" % self.port,
                      "purposes: [%s]" % self.purpose, "protected_list: true", "own_log:", "  dir: own-log",
                      "  publish_interval: " + ("500ms" if self.fast else "1s"), *self.agent_lines(agency)]
            if self.fast:
                lines += ["retry:", "  first: 200ms", "  most: 1s"]
            self.write("%s/agent.yaml" % agency, "\n".join(lines) + "\n")

    def agent_lines(self, agency):
        """What else the configuration of this agent says."""
        return []

    def hand_out_key(self, staff):
        """A person owns its key file; a passphrase file lies beside it."""
        folder = self.path("people", staff)
        shutil.copy(self.passphrase(staff), os.path.join(folder, "passphrase"))
        for base, folders, files in os.walk(folder):
            for name in folders + files:
                os.chown(os.path.join(base, name), self.uids[staff], -1)
        os.chown(folder, self.uids[staff], -1)

    def hand_out_keys(self):
        for agency in self.staff:
            for staff, _, _ in self.staff[agency]:
                self.hand_out_key(staff)
        os.chmod(self.path("people"), 0o755)

    def open_folders(self):
        """Staff reach the control socket and the exports of their own agency, and nothing else of it."""
        for agency in self.agencies:
            os.chmod(self.path(agency), 0o711)
            for name, mode in (("run", 0o750), ("import", 0o770)):
                os.chown(self.path(agency, name), -1, self.gids[agency])
                os.chmod(self.path(agency, name), mode)
            for name in os.listdir(self.path(agency, "import")):
                os.chown(self.path(agency, "import", name), -1, self.gids[agency])
                os.chmod(self.path(agency, "import", name), 0o640)

    def audit_policy(self):
        roster = json.loads(self.run("sluis-pki", "roster", "show", "--dir", self.custodian, "--roster",
                                     "trust/roster.signed", "--json"))
        self.write("audit-policy", "log %s\nquorum none\n" % roster["log_key"], 0o644)

    def arm_witnesses(self, quorum):
        """Every agency witnesses and mirrors the log; the audit policy of each party and of the auditors asks for so many of them."""
        with open(self.path("audit-policy"), encoding="utf-8") as f:
            lines = [x for x in f.read().splitlines() if x.startswith("log ")]
        for agency in self.agencies:
            line = self.run("sluis-pki", "witness", "--dir", agency, "--passphrase-file", self.passphrase(agency))
            lines.append("witness %s %s" % (agency, line.strip()))
        lines += ["group agencies %d %s" % (quorum, " ".join(self.agencies)), "quorum agencies"]
        os.unlink(self.path("audit-policy"))
        self.write("audit-policy", "\n".join(lines) + "\n", 0o644)
        for who, name in [("broker", "broker.yaml")] + [(a, "agent.yaml") for a in self.agencies]:
            self.write(os.path.join(who, "audit-policy"), "\n".join(lines) + "\n")
            with open(self.path(who, name), "a", encoding="utf-8") as f:
                f.write("audit_policy: audit-policy\n" + "mirror: mirror\n" * (who != "broker"))

    def put_audit_policy(self, change):
        """Every party and the auditors get what change makes of theirs; each file is there whole at any time."""
        with open(self.path("audit-policy"), encoding="utf-8") as f:
            text = change(f.read())
        for who in ("", "broker", *self.agencies):
            path = self.path(who, "audit-policy") if who else self.path("audit-policy")
            with open(path + ".new", "w", encoding="utf-8") as f:
                f.write(text)
            shutil.copystat(path, path + ".new")
            os.utime(path + ".new")
            os.replace(path + ".new", path)

    def exports(self):
        subprocess.run(["/usr/bin/python3", os.path.join(HERE, "population.py"), self.root, "--seed",
                        str(self.seed)], check=True)

    def describe(self):
        with open(self.path("deployment.json"), "w") as f:
            json.dump({"port": self.port, "bin": self.bin, "agencies": self.agencies, "purpose": self.purpose,
                       "origin": ORIGIN, "uids": self.uids, "gids": self.gids, "staff": self.staff, "broker": BROKER}, f, indent=1)

    def steps(self):
        """The whole, as (what, function), so that a demonstration can tell and time each."""
        return [("registrar: root, issuing CA, roster key", self.registrar),
                ("broker and four agencies enrolled", self.enrol_parties),
                ("the broker's key as a witness", self.witness_of_agencies),
                ("case workers and officers enrolled", self.enrol_people),
                ("roster signed", lambda: (os.makedirs(self.path("trust")), self.sign_roster())),
                ("policy checked, tested, signed by two organisations", self.sign_policy),
                ("purpose key confirmed by two officers, dealt by its custodian as CMS", self.deal),
                ("policy adopted by each holder", self.adopt_policy),
                ("configuration files written", lambda: (self.configure(), self.hand_out_keys(),
                                                          self.audit_policy())),
                ("witnesses of the audit log", lambda: self.witnesses and self.arm_witnesses(self.witnesses)),
                ("exports of four agencies", lambda: (self.exports(), self.open_folders()))]

    def begin(self):
        os.umask(0o077)
        os.makedirs(self.root, exist_ok=self.has_programs)
        os.chmod(self.root, 0o755)

    def keep_programs(self):
        """Copies the programs to root/bin and uses those: what was built may go."""
        os.makedirs(self.path("bin"))
        for name in PROGRAMS:
            shutil.copy(os.path.join(self.bin, name), self.path("bin", name))
        for folder in (self.root, self.path("bin")):
            os.chmod(folder, 0o755)
        self.bin = self.path("bin")
        self.has_programs = True

    def make(self, tell=lambda what, seconds: None):
        self.begin()
        for what, step in self.steps():
            start = time.monotonic()
            step()
            tell(what, time.monotonic() - start)
        self.describe()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("dir")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fast", action="store_true")
    args = parser.parse_args()
    made = Deployment(args.bin, args.dir, args.seed, args.fast)
    made.make(lambda what, seconds: print("%-55s %6.2f s" % (what, seconds), flush=True))


if __name__ == "__main__":
    main()
