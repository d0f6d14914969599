"""New versions of the policy of a running deployment: written, signed by both, adopted, installed at a party."""
import datetime
import os
import re
import shutil
import signal

import deploy

FIRST = "valid: {from: 2025-03-01, until: 2035-03-01}\n"


def with_limits(text, **limits):
    """A policy's text with other limits, where it has them."""
    for key, value in limits.items():
        text, n = re.subn(r"(\b%s: )\d+" % key, r"\g<1>%d" % value, text)
        assert n > 0, "the policy has no %s" % key
    return text


def many_questions(text):
    """The policy where one officer asks as much as a machine can."""
    return with_limits(text, requests_per_day_agency=100000, requests_per_day_officer=100000, unique_per_period=100000)


def moment(at_s):
    return datetime.datetime.fromtimestamp(at_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Versions:
    """Versions of the policy of a deployment beside the one that it was made with."""

    def __init__(self, made):
        self.made = made

    def officer(self, agency):
        return next(s for s, _, functions in self.made.staff[agency] if "mandated_officer" in functions)

    def write(self, name, serial, from_s=None, edit=lambda text: text):
        """A folder trust/NAME with policy.yaml and signatures. from_s: the moment that it names; else that of the first."""
        made, folder = self.made, os.path.join("trust", name)
        with open(made.path("trust/policy.yaml"), encoding="utf-8") as f:
            text = f.read()
        assert text.count("\nserial: 1\n") == 1 and FIRST in text
        text = text.replace("\nserial: 1\n", "\nserial: %d\n" % serial)
        if from_s is not None:
            text = text.replace(FIRST, "valid: {from: %s, until: 2035-03-01}\n" % moment(from_s), 1)
        made.write(os.path.join(folder, "policy.yaml"), edit(text), 0o644)
        os.makedirs(made.path(folder, "signatures"))
        for signer, by in made.signer_folders.items():
            made.run("sluis-policy", "sign", os.path.join(folder, "policy.yaml"), "--key",
                     by + "/keys/signer.key", "--certificate", by + "/signer.pem",
                     "--passphrase-file", made.passphrase(os.path.basename(by)), "--output",
                     os.path.join(folder, "signatures", signer + ".p7s"))
        os.makedirs(made.path(folder, "adoptions"))
        return folder

    def adopt(self, folder, agency, serial, *more):
        """A statement of the holder's mandated officer about that version; its path."""
        made, staff = self.made, self.officer(agency)
        path = os.path.join(folder, "adoptions", "%s-%d.adoption" % (agency, serial))
        made.adopt(staff, os.path.join(folder, "policy.yaml"), serial, path, *more)
        return made.path(path)

    def adopt_all(self, folder, serial):
        for agency in self.made.agencies:
            self.adopt(folder, agency, serial)

    def install(self, folder, who):
        """Puts policy and signatures in the place of a party's own, and adds the adoptions."""
        source = self.made.path(folder)
        for old in os.listdir(self.made.path(who, "policy/signatures")):
            os.unlink(self.made.path(who, "policy/signatures", old))
        shutil.copy(os.path.join(source, "policy.yaml"), self.made.path(who, "policy.yaml"))
        for name in ("signatures", "adoptions"):
            for file in os.listdir(os.path.join(source, name)):
                shutil.copy(os.path.join(source, name, file), self.made.path(who, "policy", name, file))


def reload(daemon):
    daemon.process.send_signal(signal.SIGHUP)
