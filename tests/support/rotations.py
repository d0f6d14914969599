"""Rotations of the keys of a running deployment, each a function that does what its operators do and waits until it is
through. A function yields between two acts: there a daemon may be killed. ROTATIONS, at the end, is one round of
them; used by tests/system/rotation.
"""
import concurrent.futures
import json
import os
import shutil
import signal
import struct
import threading
import time

import custody
import deploy
import log_rotations
import next_policy
from harness import Failed, wait_until

PURPOSE = deploy.PURPOSE
ALL = ("broker", "riec", "liec", "belastingdienst", "uwv")
RENEWING = ("r.visser", "b.smit")  # people who renew their keys here
PINNING = (*RENEWING, "r.bakker")  # people who read a roster here: those, and who confirms whom a key is dealt to


class Operators:
    """Those who run the parties, and what they count: serials, epochs, officers."""

    def __init__(self, workday, rng):
        self.workday, self.system, self.made, self.rng = workday, workday.system, workday.made, rng
        self.custody = custody.Custody(self.system)
        self.custody.reload = self.reload
        self.policies = next_policy.Versions(self.made)
        self.locks = {who: threading.Lock() for who in ALL}
        self.epoch = 1           # in use
        self.takes_part = list(ALL[1:])
        self.roster_key = 1      # version that signs
        self.policy = 1          # serial in force
        self.folder = "trust"    # of that version
        self.adoptions = dict.fromkeys(ALL[1:], 1)  # serial of each holder's last one
        self.officer = "u.peters"
        self.witness, self.witnesses = log_rotations.WITNESS, 2  # its name in the audit policy, and the number of its next key
        self.signer = deploy.SIGNERS[1][0]  # the jurist's key that signs

    # ---- daemons, which somebody else may be killing ----

    def reload(self, who="broker"):
        with self.locks[who]:
            self.system[who].process.send_signal(signal.SIGHUP)

    def restart(self, who):
        with self.locks[who]:
            self.system[who].stop()
            self.system[who].start()

    def kill(self, who):
        with self.locks[who]:
            self.system[who].process.send_signal(signal.SIGKILL)
            self.system[who].process.wait()
            self.system[who].start()

    def status(self, agency):
        """What the agent says, or nothing while it is away."""
        answer = self.system.anyone(agency, "status", "--json")
        return answer.json if answer.is_told else None

    def wait_agents(self, what, holds, of=None):
        """Until holds(status) of each agent, with its session open."""
        for agency in of or self.system.agencies:
            def is_so(a=agency):
                status = self.status(a)
                return status and status["session"]["state"] == "open" and holds(status)
            try:
                wait_until(is_so, 60, 0.2, "%s: %s" % (agency, what))
            except Failed as e:
                raise Failed("%s\n%s" % (e, self.status(agency))) from None

    def broker_says(self, what, holds):
        def is_so():
            try:
                return holds(self.system.broker_status())
            except (OSError, struct.error, ValueError):  # it may die in the middle of its answer
                return False
        wait_until(is_so, 60, 0.1, "the broker: " + what)

    # ---- what several rotations do ----

    def pki(self, *args, who="registrar"):
        return self.made.run("sluis-pki", *args, "--passphrase-file", self.made.passphrase(who))

    def install_roster(self):
        """The one that the registrar just signed, at the broker."""
        shutil.copy(self.made.path("trust/roster.signed"), self.made.path("broker/roster.new"))
        os.rename(self.made.path("broker/roster.new"), self.made.path("broker/roster.signed"))
        self.reload()

    def wait_roster(self):
        serial = json.loads(self.made.run("sluis-pki", "roster", "show", "--dir", "riec", "--roster", "trust/roster.signed",
                                          "--json"))["serial"]
        self.wait_agents("has roster %d" % serial, lambda s: s["roster"]["serial"] == serial)

    def wait_epochs(self, states):
        """Until the broker and every agent believe these states."""
        self.broker_says("has epochs %s" % states, lambda s: {e["epoch"]: e["state"] for e in s["epochs"]} == states)
        served = {n: state for n, state in states.items() if state != "destroyed"}
        self.wait_agents("has epochs %s" % states,
                         lambda s: {p["epoch"]: p["state"] for p in s["purposes"] if p["state"] != "destroyed"} == served,
                         self.takes_part)


# ---- rosters, people, policy ----

def daily_roster(ops):
    ops.made.sign_roster()
    yield
    ops.install_roster()
    yield
    ops.wait_roster()


def enrol_officer(ops, agency, staff):
    """One more release officer, with a user of the machine."""
    made = ops.made
    made.uids[staff] = max(made.uids.values()) + 1 if os.geteuid() == 0 else os.geteuid()
    folder = os.path.join("people", staff)
    made.enrol(staff, made.agencies[agency]["oin"], ["enrol"], folder, "--officer", staff, "--person", "p-" + staff,
               "--function", "release_officer")
    made.hand_out_key(staff)
    ops.system.agency_of[staff] = agency
    with open(made.path(agency, "agent.yaml"), "r+", encoding="utf-8") as f:
        text = f.read()
        f.seek(0)
        f.write(text.replace("staff:\n", "staff:\n  - {uid: %d, staff: %s}\n" % (made.uids[staff], staff)))


def an_officer(ops):
    """A new officer takes the place of another, who is revoked once nothing waits for a signature of hers."""
    old, ops.officer = ops.officer, "u.officer%d" % (ops.epoch + ops.policy)
    enrol_officer(ops, "uwv", ops.officer)
    ops.made.sign_roster()
    ops.install_roster()
    yield
    ops.restart("uwv")
    ops.wait_roster()
    at_uwv = ops.workday.officers[1]
    at_uwv.replace(old, ops.officer)
    wait_until(lambda: not ops.workday.unsettled(at_uwv), 60, 0.2, "what the old officer signed is settled")
    ops.pki("revoke", "--dir", "registrar", "--oin", ops.made.agencies["uwv"]["oin"], "--officer", old, "--sign", "--out",
            "trust/roster.signed")
    yield
    ops.install_roster()
    ops.wait_roster()
    if ops.system.sluis(old, "inbox", "--json").code != 77:
        raise Failed("%s was revoked and is answered" % old)


def adopt(ops, holder):
    """The next statement of a holder, whose serials have no gap."""
    ops.adoptions[holder] += 1
    return ops.policies.adopt(ops.folder, holder, ops.adoptions[holder])


def a_policy(ops):
    """The next version, adopted by every holder before its moment."""
    ops.policy += 1
    ops.folder = ops.policies.write("policy-%d" % ops.policy, ops.policy, from_s=time.time() + 4)
    for holder in ops.adoptions:
        adopt(ops, holder)
    yield
    ops.policies.install(ops.folder, "broker")
    ops.reload()
    yield
    ops.wait_agents("has policy %d" % ops.policy, lambda s: s["policy"]["serial"] == ops.policy)


def pin_signers(ops, *names):
    """These certificates, beside the owner's, are all that everybody believes about the policy."""
    pins = [name + ".pem" for name in (deploy.SIGNERS[0][0], *names)]
    for who in ALL:
        configure_pins(ops, who, "signers", pins)
    read_configuration(ops)


def answered(ops):
    """Until whatever was asked by now, and what was being asked, has its answers."""
    asked, most = ops.workday.asker.asked, ops.workday.asker.most
    before = len(asked)
    wait_until(lambda: len(asked) > before + 1 or len(asked) >= most, 60, 0.2, "two more questions")
    ops.workday.wait_answered(list(asked))


def a_signer(ops):
    """The jurist's next key is pinned by everybody beside the one before and signs the next version; when what was asked under
    older ones is answered, the one before is pinned no more."""
    signer, oin = deploy.SIGNERS[1]
    folder = os.path.join("people", "%s-%d" % (signer, ops.policy + 1))
    ops.made.run("sluis-pki", "signer", "--dir", folder, "--oin", oin, "--name", signer, "--passphrase-file",
                 ops.made.passphrase(os.path.basename(folder)))
    old, ops.signer = ops.signer, os.path.basename(folder)
    for who in ALL:
        shutil.copy(ops.made.path(folder, "signer.pem"), ops.made.path(who, ops.signer + ".pem"))
    pin_signers(ops, old, ops.signer)
    yield
    ops.made.signer_folders[signer] = folder
    yield from a_policy(ops)
    answered(ops)
    pin_signers(ops, ops.signer)
    yield
    ops.wait_agents("has policy %d" % ops.policy, lambda s: s["policy"]["serial"] == ops.policy)


def an_adoption(ops):
    """A holder says once more what it adopted."""
    path = adopt(ops, "uwv")
    with open(path, "rb") as f:
        wanted = f.read()
    yield
    shutil.copy(path, ops.made.path("broker/policy/adoptions"))
    ops.reload()

    def has_it(agency):
        folder = ops.made.path(agency, "policy/adoptions")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                if f.read() == wanted:
                    return True
        return False
    for agency in ops.system.agencies:
        wait_until(lambda a=agency: has_it(a), 60, 0.2, "the adoption at " + agency)


# ---- the registrar's own keys ----

def an_issuing_ca(ops):
    """A new issuing CA under the root; it issues from now on, and the roster lists both."""
    ops.pki("rotate", "--dir", "registrar", "--key", "issuing", "--root-passphrase-file", ops.made.passphrase("registrar"))
    ops.made.sign_roster()
    yield
    ops.install_roster()
    ops.wait_roster()


def configure_pins(ops, who, option, names):
    """Which keys a daemon pins: the roster's, or those of who signs the policy."""
    path = os.path.join(who, "broker.yaml" if who == "broker" else "agent.yaml")
    with open(ops.made.path(path), encoding="utf-8") as f:
        lines = ["%s%s: [%s]\n" % (x[:x.index(option)], option, ", ".join(names)) if x.lstrip().startswith(option + ":") else x
                 for x in f]
    with open(ops.made.path(path), "w", encoding="utf-8") as f:
        f.writelines(lines)


def roster_key_files(*versions):
    return ["roster-key.pem" if v == 1 else "roster-key-%d.pem" % v for v in versions]


def read_configuration(ops):
    """A daemon reads it when it starts; each by its own operator, at one time."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(ops.restart, ALL))
    for staff in PINNING:
        ops.made.hand_out_key(staff)


def roster_key(ops):
    """Announced, pinned by everybody, confirmed; then the next one signs, and the old one goes."""
    def rotate(who, *more):
        return ops.pki("rotate", "--dir", os.path.join("people", who) if who in PINNING else who, "--key", "roster", *more,
                       who=who)
    old, ops.roster_key = ops.roster_key, ops.roster_key + 1
    pem, roster = "registrar/roster-key-%d.pem" % ops.roster_key, ("--roster", "trust/roster.signed")
    rotate("registrar")
    ops.made.sign_roster()
    yield
    ops.install_roster()
    ops.wait_roster()
    for who in (*ALL, *PINNING):
        rotate(who, "--pin", pem, *roster)
    for who in ALL:
        configure_pins(ops, who, "roster_key", roster_key_files(old, ops.roster_key))
    read_configuration(ops)
    yield
    for who in ALL:
        pins = json.loads(rotate(who, "--status", "--json"))["pins"]
        oin = deploy.BROKER if who == "broker" else ops.made.agencies[who]["oin"]
        rotate("registrar", "--confirm", "--oin", oin, "--fingerprint", pins[1]["fingerprint"])
    rotate("registrar", "--switch")
    ops.made.sign_roster()
    yield
    ops.install_roster()
    ops.wait_roster()
    for who in (*ALL, *PINNING):
        rotate(who, "--retire", str(old), *roster)
    for who in ALL:
        configure_pins(ops, who, "roster_key", roster_key_files(ops.roster_key))
    read_configuration(ops)
    rotate("registrar", "--retire", str(old))
    yield
    ops.wait_roster()


# ---- epochs ----

LEAVES = "liec"  # neither asks nor holds: everybody else goes on


def leave(ops):
    """The agency is of the purpose no more, and still has the key: everybody says when the epoch ends."""
    oin = ops.made.agencies[LEAVES]["oin"]
    ops.pki("roster", "leave", "--dir", "registrar", "--oin", oin, "--purpose", PURPOSE)
    ops.takes_part.remove(LEAVES)
    ops.left_in = ops.epoch
    ops.workday.alarms[LEAVES] = "does not list this agency for purpose " + PURPOSE
    ops.made.sign_roster()
    ops.install_roster()
    ops.wait_roster()
    ops.left = "%s left and holds the key of epoch %d;" % (oin, ops.epoch)
    ops.broker_says("says that the epoch ends", lambda s: any(ops.left in line for line in s["alarms"]))
    ops.wait_agents("says that the epoch ends", lambda s: any(ops.left in line for line in s["alarms"]), ops.takes_part)


def next_epoch(ops):
    """A new key of the purpose, in the first round because an agency has left it; filled beside the old one, which is
    retired then."""
    if LEAVES in ops.takes_part:
        leave(ops)
    yield
    old, ops.epoch = ops.epoch, ops.epoch + 1
    ops.custody.deal(ops.epoch, folder=ops.folder)
    if os.path.exists(ops.made.path("dealt-%d" % ops.epoch, ops.made.agencies[LEAVES]["oin"] + ".cms")):
        raise Failed("an agency that has left is dealt a key")
    yield
    for agency in ops.system.agencies:
        ops.reload(agency)
    ops.custody.say("activate", ops.epoch)
    yield
    states = {n: "destroyed" for n in range(1, old)}
    ops.wait_epochs({**states, old: "active", ops.epoch: "active"})
    wait_filled(ops, old)
    ops.custody.say("retire", old)
    yield
    ops.wait_epochs({**states, old: "retired", ops.epoch: "active"})
    ops.wait_agents("warns no more", lambda s: not any("left and holds" in line for line in s["alarms"]))


def wait_filled(ops, old):
    """Until nothing is left to copy and the broker says that the old one can be retired."""
    ops.wait_agents("has filled the epoch", lambda s: s["anew"]["state"] == "none")
    ops.broker_says("the epoch is filled",
                    lambda s: "retire this one" in next(e["next"] for e in s["epochs"] if e["epoch"] == old))


def the_end_of_an_epoch(ops):
    """What was asked under it is answered; then it is compromised, and destroyed with every key of it."""
    old = ops.epoch - 1
    ops.workday.wait_answered(set(ops.workday.asker.asked))
    ops.custody.say("compromise", old)
    yield
    states = {n: "destroyed" for n in range(1, old)}
    ops.wait_epochs({**states, old: "compromised", ops.epoch: "active"})
    said = ops.custody.say("destroy", old, *ops.custody.declare(old, ("r.bakker", "b.dekker")))
    yield
    ops.wait_epochs({**states, old: "destroyed", ops.epoch: "active"})
    for who in ALL:
        if who != "riec" and had_key(ops, who, old):
            ops.custody.erase(who, old, said["serial"])
        ops.reload(who)
    ops.broker_says("has dropped epoch %d" % old, lambda s: not has_any(s, old))


def had_key(ops, who, epoch):
    """Who left was dealt none since."""
    return who in ("broker", *ops.takes_part) or epoch <= ops.left_in


def has_any(status, epoch):
    entry = next(e for e in status["epochs"] if e["epoch"] == epoch)
    return entry["half"] or any(c["records"] for c in entry["contributors"])


# ---- keys of a party alone ----

def a_storage_key(ops):
    """Of the broker and of a holder: the store is sealed anew under the next version, and the one before is destroyed."""
    parties = ("broker", "uwv")
    rotate = lambda who, *more: ops.pki("rotate", "--dir", who, "--key", "storage", *more, who=who)  # noqa: E731
    versions = {}
    for who in parties:
        versions[who] = json.loads(rotate(who, "--json"))["version"]
    yield
    for who in parties:
        ops.reload(who)
    yield
    for who, version in versions.items():
        wait_until(lambda w=who, v=version: json.loads(rotate(w, "--status", "--json"))["in_use"] == [v], 60, 0.2,
                   "%s is under version %d of its storage key" % (who, version))
        rotate(who, "--retire", str(version - 1))
        ops.reload(who)


def renew(ops, who, folder, staff=None):
    """A request for the next keys of a folder, laid where the registrar takes it. staff: a person, who runs it."""
    asked = ops.made.path(folder, "renew.req")
    ops.system.tool("sluis-pki", "renew", "--dir", ops.made.path(folder), "--request", asked, "--passphrase-file",
                    ops.made.path(folder, "passphrase"), staff=staff).must()
    os.makedirs(ops.made.path("registrar/renewals"), mode=0o700, exist_ok=True)
    os.rename(asked, ops.made.path("registrar/renewals", who + ".req"))


def approve(ops):
    said = ops.pki("renewals", "--dir", "registrar")
    if "0 refused" not in said:
        raise Failed(said)
    ops.made.sign_roster()


def keys_of_agencies(ops):
    """Signing, sealing and transport key of who asks and of a holder; each agent takes its own when they are listed."""
    agencies = ("riec", "uwv")
    for agency in agencies:
        renew(ops, agency, agency)
    yield
    approve(ops)
    ops.install_roster()
    yield
    ops.wait_roster()
    for agency in agencies:
        wait_until(lambda a=agency: not [n for n in os.listdir(ops.made.path(a, "keys")) if ".next." in n], 60, 0.1,
                   "%s takes its new keys" % agency)
        early = ops.system.tool("sluis-pki", "epoch", "resign", "--dir", ops.made.path(agency), "--passphrase-file",
                                ops.made.passphrase(agency))
        if early.code != 65 or "is not the certificate of" not in early.err:
            raise Failed("a custodian signs with a key that its certificate does not belong to: %s" % early.err)
        ops.pki("renew", "--dir", agency, "--take", "--roster", "trust/roster.signed", who=agency)
    ops.wait_roster()


def keys_of_registrar(ops):
    """The two of its mailbox, through which agencies ask."""
    shutil.copy(ops.made.passphrase("registrar"), ops.made.path("registrar/passphrase"))
    renew(ops, "registrar", "registrar")
    yield
    approve(ops)
    ops.install_roster()
    ops.wait_roster()
    ops.pki("renew", "--dir", "registrar", "--take", "--roster", "trust/roster.signed", who="registrar")


def keys_of_people(ops):
    """Of who asks and of an officer, who go on with what they do."""
    for staff in RENEWING:
        renew(ops, staff, os.path.join("people", staff), staff=staff)
        ops.made.hand_out_key(staff)
    approve(ops)
    yield
    ops.install_roster()
    ops.wait_roster()
    for staff in RENEWING:
        folder = ops.made.path("people", staff)
        shutil.copy(ops.made.path("trust/roster.signed"), os.path.join(folder, "roster.signed"))
        ops.made.hand_out_key(staff)
        ops.system.tool("sluis-pki", "renew", "--dir", folder, "--take", "--roster", os.path.join(folder, "roster.signed"),
                        "--passphrase-file", os.path.join(folder, "passphrase"), staff=staff).must()


# ---- the table ----

class Rotation:
    """One kind: its function, how often that yields, and who may be killed in it."""

    def __init__(self, name, function, moments, victims=ALL):
        self.name, self.function, self.moments, self.victims = name, function, moments, victims


ROTATIONS = [
    Rotation("the roster of the day", daily_roster, 2),
    Rotation("an issuing CA", an_issuing_ca, 1),
    Rotation("a new key of the purpose, which an agency has left", next_epoch, 4),
    Rotation("a version of the policy", a_policy, 2),
    Rotation("the key of a policy signer", a_signer, 4),
    Rotation("an officer", an_officer, 2),
    Rotation("an adoption", an_adoption, 1),
    Rotation("a storage key", a_storage_key, 2, ("broker", "uwv")),
    Rotation("the keys of two agencies", keys_of_agencies, 2),
    Rotation("the registrar's own keys", keys_of_registrar, 1),
    Rotation("the key of the own log of two agencies", log_rotations.own_log_key, 3, ("broker", "riec", "uwv")),
    Rotation("the key of a witness", log_rotations.witness_key, 3),
    Rotation("the keys of two people", keys_of_people, 1),
    Rotation("the end of an epoch", the_end_of_an_epoch, 2),
    Rotation("the broker's log key", log_rotations.log_key, 3),
    Rotation("the broker's transport key", log_rotations.transport_key, 3),
    Rotation("the broker's signing key", log_rotations.signing_key, 2),
    Rotation("the roster key", roster_key, 4),
]
