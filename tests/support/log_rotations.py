"""Rotations of the keys of the logs, of who watches them, and of the broker: as in rotations.py, which has the table."""
import json

import audit_policy
import deploy
from harness import wait_until

WITNESS = "uwv"


def own_log_key(ops):
    """Of who asks and of a holder: both keys sign until the broker has cosigned the new one."""
    agencies = ("riec", "uwv")
    rotate = lambda who, *more: json.loads(ops.pki("rotate", "--dir", who, "--key", "own-log", "--json", *more, who=who))  # noqa: E731
    for who in agencies:
        rotate(who)
    yield
    for who in agencies:
        ops.reload(who)
    yield
    for who in agencies:
        wait_until(lambda w=who: rotate(w, "--status")["witnessed"], 60, 0.2, "the broker cosigns the new key of the log of %s" % who)
        rotate(who, "--switch")
    yield
    for who in agencies:
        ops.reload(who)
        wait_until(lambda w=who: rotate(w, "--status")["next"] == "nothing remains", 60, 0.2,
                   "%s signs its log with the new key alone" % who)


def witness_key(ops):
    """Of one of those who watch the broker's log: either of its keys counts for a while, then the next one alone."""
    old, ops.witness = ops.witness, "%s-%d" % (WITNESS, ops.witnesses)
    ops.witnesses += 1
    rotate = ("rotate", "--dir", WITNESS, "--key", "witness")
    vkey = json.loads(ops.pki(*rotate, "--json", who=WITNESS))["vkey"]
    ops.made.put_audit_policy(lambda t: audit_policy.next_witness(t, old, ops.witness, vkey))
    ops.reload()
    yield
    ops.pki(*rotate, "--switch", who=WITNESS)
    ops.restart(WITNESS)
    yield
    ops.broker_says("has a head that the new key of a witness cosigned",
                    lambda s: any(w["name"] == ops.witness and w["cosigned"] for w in s["witnesses"]["witnesses"]))
    ops.made.put_audit_policy(lambda t: audit_policy.former_witness(t, old, ops.witness))
    ops.reload()
    yield
    ops.broker_says("knows the old key of a witness no more", lambda s: old not in {w["name"] for w in s["witnesses"]["witnesses"]})


# ---- the broker's keys ----

def ask_for_next(ops, key, *more):
    """The broker makes its next key, the registrar lists it; the next roster says so."""
    request = key + ".req"
    ops.pki("rotate", "--dir", "broker", "--key", key, "--roster", "broker/roster.signed", "--request", request, *more,
            who="broker")
    ops.pki("rotate", "--dir", "registrar", "--key", key, "--request", request)
    ops.made.sign_roster()


def end_overlap(ops, key):
    ops.pki("rotate", "--dir", "registrar", "--key", key, "--switch", "--now")
    ops.made.sign_roster()
    ops.install_roster()


def log_key(ops):
    """Both sign for a while; an auditor believes either."""
    ask_for_next(ops, "log")
    yield
    ops.install_roster()
    ops.wait_roster()
    roster = json.loads(ops.made.run("sluis-pki", "roster", "show", "--dir", "riec", "--roster", "trust/roster.signed", "--json"))
    ops.made.put_audit_policy(lambda t: audit_policy.log_keys(t, roster["log_key"], roster["next_log_key"]))
    ops.reload()
    yield
    end_overlap(ops, "log")
    yield
    ops.wait_roster()
    ops.pki("rotate", "--dir", "broker", "--key", "log", "--switch", "--roster", "broker/roster.signed", who="broker")


def signing_key(ops):
    """Who has the next roster knows the new key; who has not is answered with the former one."""
    ops.pki("rotate", "--dir", "broker", "--key", "signing", "--request", "signing.req", who="broker")
    ops.pki("rotate", "--dir", "registrar", "--key", "signing", "--request", "signing.req")
    ops.made.sign_roster()
    yield
    ops.install_roster()
    yield
    ops.wait_roster()
    ops.pki("rotate", "--dir", "broker", "--key", "signing", "--switch", "--now", "--roster", "broker/roster.signed",
            who="broker")


def transport_key(ops):
    """Everybody goes over to a second endpoint, and back to the first one under the new key."""
    ask_for_next(ops, "transport", "--endpoint", "tcp://127.0.0.1:%d" % deploy.free_port())
    yield
    ops.install_roster()
    ops.wait_roster()
    everybody = len(ops.system.agencies)

    def are_at(which):
        return lambda s: {e["of"]: e["sessions"] for e in s["endpoints"]}.get(which) == everybody
    ops.broker_says("all are at its second endpoint", are_at("next"))
    yield
    end_overlap(ops, "transport")
    yield
    ops.wait_roster()
    ops.broker_says("all are under its new transport key", lambda s: len(s["endpoints"]) == 1 and are_at("current")(s))
    ops.pki("rotate", "--dir", "broker", "--key", "transport", "--switch", "--roster", "broker/roster.signed", who="broker")
