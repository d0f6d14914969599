"""The custodian of a purpose, its participants and the operators at work on the epochs of a running deployment."""
import json
import os
import shutil
import signal

import deploy

PURPOSE = deploy.PURPOSE


class Custody:
    """Each call is what somebody types, and the files that he hands over; it waits for nothing."""

    def __init__(self, system):
        self.system, self.made = system, system.made

    def pki(self, *args, who=None):
        extra = ("--passphrase-file", self.made.passphrase(who)) if who else ()
        return self.made.run("sluis-pki", *args, *extra)

    def epoch(self, verb, epoch, *args, who=None, folder=None):
        return self.pki("epoch", verb, "--dir", folder or who, "--purpose", PURPOSE, "--epoch", str(epoch), "--roster",
                        "trust/roster.signed", *args, who=who)

    def put(self, folder, path, name):
        """A file into a folder of the broker's, whole."""
        target = self.made.path("broker/policy", folder)
        os.makedirs(target, mode=0o700, exist_ok=True)
        shutil.copy(self.made.path(path), os.path.join(target, name + ".new"))
        os.rename(os.path.join(target, name + ".new"), os.path.join(target, name))

    def reload(self, who="broker"):
        self.system[who].process.send_signal(signal.SIGHUP)

    def deal(self, epoch, custodian="riec", folder="trust"):
        """A new key: confirmed by two, dealt, accepted by each, the broker's half made. folder: with the policy."""
        norms = [x for t in deploy.TYPES for x in ("--norm", t + "=1")]
        out = "dealt-%d" % epoch
        statement = out + "/statement.signed"
        by = self.made.policy_args(folder)
        self.epoch("new", epoch, *norms, *by, *self.made.confirm(epoch, folder=folder), "--out", out, who=custodian)
        by += ["--roster", "trust/roster.signed", "--statement", statement]
        for agency, about in self.made.agencies.items():
            sealed = "%s/%s.cms" % (out, about["oin"])
            if os.path.exists(self.made.path(sealed)):  # it takes part
                self.pki("epoch", "accept", "--dir", agency, *by, "--sealed", sealed, who=agency)
        self.pki("epoch", "half", "--dir", "broker", *by, who="broker")
        self.put("deals", statement, "%s-%d.deal" % (PURPOSE, epoch))
        self.reload()

    def say(self, verb, epoch, *more, custodian="riec", give=True):
        """The custodian's next word, given to the broker; what the tool said of it."""
        said = json.loads(self.epoch(verb, epoch, "--json", *more, who=custodian))
        name = "%s-%d.states" % (PURPOSE, said["serial"])
        if give:
            self.put("states", "%s/states/%s" % (custodian, name), name)
            self.reload()
        return said

    def declare(self, epoch, people):
        """These officers sign which copies are destroyed; what `say("destroy")` takes."""
        copies = self.made.path("copies-%d.txt" % epoch)
        with open(copies, "w", encoding="utf-8") as f:
            f.write("band 14 van de broker\nsnapshot van 1 november\n")
        os.chmod(copies, 0o644)
        out = []
        for person in people:
            folder = self.made.path("people", person)
            out += ["--declared", os.path.join(folder, "declared-%d" % epoch)]
            self.system.tool("sluis-pki", "epoch", "declare", "--dir", folder, "--purpose", PURPOSE, "--epoch", str(epoch),
                             "--copies", copies, "--out", out[-1], "--passphrase-file", os.path.join(folder, "passphrase"),
                             staff=person).must()
        return out

    def erase(self, who, epoch, serial):
        """A party erases its own key file on the custodian's word of that serial."""
        self.epoch("destroy", epoch, "--statement", "riec/states/%s-%d.states" % (PURPOSE, serial), folder=who)

    def states(self):
        return {e["epoch"]: e["state"] for e in self.system.broker_status()["epochs"]}
