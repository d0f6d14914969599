"""Who carries what the broker asks an outside witness, and what that answers, between the two: as files, with the program of
tests/foreign in the place of one for HTTP and a server behind it."""
import base64
import os
import subprocess

from harness import Failed, wait_until

NAME = "witness.example/outside"


class Carrier:
    def __init__(self, system):
        self.system = system
        self.made = system.made
        with open(self.made.path("audit-policy"), encoding="utf-8") as f:
            self.log_key = next(line.split()[1] for line in f if line.startswith("log "))

    def file(self, name):
        return self.made.path(name)

    def watch(self):
        return self.system.broker_status()["witnesses"]

    def run(self, *args):
        return subprocess.run([os.path.join(self.made.bin, "outside_witness"), *args], stdout=subprocess.PIPE, check=True,
                              text=True).stdout.strip()

    def put(self, name, text):
        with open(self.file(name), "w", encoding="utf-8") as f:
            f.write(text)

    def get(self, name):
        with open(self.file(name), encoding="utf-8") as f:
            return f.read()

    # ---- what is typed at the broker's host ----

    def command(self, verb, *args, code=0):
        """What it prints; where it is to fail, what it says."""
        done = self.system.tool("sluis-pki", "witness", verb, "--broker-socket", self.made.path("broker/run/control.sock"),
                                "--name", "outside", "--request", self.file("asked"), *args)
        if done.code != code:
            raise Failed("witness %s %s: %s" % (verb, " ".join(args), (done.code, done.out, done.err)))
        return done.out.strip() if code == 0 else done.err

    def is_asked(self, old):
        """Whether there is something to ask; in the file."""
        done = self.system.tool("sluis-pki", "witness", "ask", "--broker-socket", self.made.path("broker/run/control.sock"), "--name",
                                "outside", "--old", str(old), "--request", self.file("asked"))
        if done.code not in (0, 75):
            raise Failed("witness ask: %s" % ((done.code, done.out, done.err),))
        return done.code == 0

    def post(self):
        """The number of the answer, as curl would print it."""
        return self.run("answer", self.file("outside.key"), self.file("outside.state"), self.log_key, self.file("asked"), self.file("answer"))

    def take(self, number, code=0):
        return self.command("take", "--response", self.file("answer"), "--code", number, code=code)

    # ---- the deployment ----

    def wait_minutes(self):
        """A head of the broker waits so long that somebody can carry it, however slow this machine is."""
        text = self.get("broker/broker.yaml")
        self.put("broker/broker.yaml", text.replace("  publish_interval:", "  witness_intervals: 1200\n  publish_interval:"))

    def with_outsider(self, policy):
        """The quorum needs the outside witness beside that of the agencies."""
        if not os.path.exists(self.file("outside.vkey")):
            self.put("outside.vkey", self.run("key", NAME, self.file("outside.key")))
        return policy.replace("quorum agencies\n", "witness outside %s\ngroup both all agencies outside\nquorum both\n" %
                              self.get("outside.vkey"))

    def agencies_cosign(self):
        """The size of the head that all agencies have cosigned and the outside witness has not."""
        wait_until(lambda: self.is_asked(0), 60, 0.1, "the outside witness is asked")
        wait_until(lambda: sum(w["cosigned"] for w in self.watch()["witnesses"]) == len(self.system.agencies), 60, 0.1,
                   "every agency cosigns that head")
        return self.watch()["asked_size"]

    # ---- the story ----

    def loses_an_answer(self, asked):
        """It cosigned and the answer was lost; the line that it gives when it is asked from where it is by then."""
        if self.post() != "200" or self.post() != "409":
            raise Failed("an outside witness cosigns once, and then says its size: %s" % self.get("answer"))
        if self.take("409") != str(asked):
            raise Failed("from a 409 comes where to begin: %s" % self.get("answer"))
        if not self.is_asked(asked) or self.post() != "200":
            raise Failed("who cosigned and was not heard is asked for the same head")
        return self.get("answer")

    def takes(self, line):
        self.put("answer", line)
        return self.take("200")

    def goes_on(self, known):
        """The next head, from the one that it has: its size."""
        wait_until(lambda: self.is_asked(known), 60, 0.2, "the next head is asked about")
        return int(self.take(self.post()))

    def forges(self, line):
        """What is no line of the outside witness over that head is refused, and named."""
        at = len(line) - 9
        changed = line[:at] + ("A" if line[at] != "A" else "B") + line[at + 1:]
        cases = [(changed, "200", "the cosignature of witness outside does not verify"),
                 (line.replace(NAME, "witness.example/other"), "200", "no line is by the key"), ("200 OK\n", "200", ""),
                 (line, "409", "409 without a size"), ("99999999\n", "409", "or another history"),
                 (line, "422", "422 of witness outside: the proof does not show"), (line, "404", "404 of witness outside")]
        for body, number, named in cases:
            self.put("answer", body)
            said = self.take(number, code=65)
            if named not in said:
                raise Failed("an answer %s that is none: %s" % (number, said))

    def spoils_requests(self):
        """The numbers of the outside witness for another log, another key, a wrong proof, no request."""
        known = int(self.get("outside.state").split("\n")[0])
        wait_until(lambda: self.is_asked(known), 60, 0.2, "the next head is asked about")
        good = self.get("asked")
        head, checkpoint = good.split("\n\n", 1)
        lines = head.split("\n")
        lines[1] = base64.b64encode(bytes(32)).decode()
        numbers = []
        for bad in (good.replace(checkpoint.split("\n")[0], "other.example/log"), good.replace("\n\n\u2014 ", "\n\n\u2014 x"),
                    "\n".join(lines) + "\n\n" + checkpoint, good[len("old "):]):
            self.put("asked", bad)
            numbers.append(self.post())
        return numbers
