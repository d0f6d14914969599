"""The own logs of the agencies of a deployment, checked from their published files by programs that share no code."""
import os
import subprocess

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCK = 16  # entries of a block at least


def policy_file(made, agency):
    """The audit policy by which a reader knows the log of this agency."""
    path = made.path("own-audit-policy-" + agency)
    line = made.run("sluis-pki", "log", "--dir", agency, "--passphrase-file", made.passphrase(agency)).strip()
    with open(path, "w", encoding="utf-8") as f:
        f.write("log %s\nquorum none\n" % line)
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


def check(made, agency):
    """The published log of an agency, with every program; its size."""
    folder, policy = made.path(agency, "own-log"), policy_file(made, agency)
    for command in checkers(made):
        args = command(folder, policy)
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
