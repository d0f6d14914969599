"""Runs the daemons of a deploy.Deployment as processes, and `sluis` as one of its staff.

Nothing here sleeps for luck: a daemon is up when it says so to its notification socket, and what takes time is
waited for with wait_until, which ends with a failure. Standard library only.
"""
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

SANITIZER = re.compile(rb"(ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer)")
READY_S = 60
STOP_S = 45
ALARM = 2  # how `sluis status` ends where an alarm stands


def moved_clock():
    """For the programs of BUILD/moved: how far ahead this test has set the clock."""
    return {k: v for k, v in os.environ.items() if k == "SLUIS_CLOCK_AHEAD_S"}


class Failed(Exception):
    """Something was not as it should be; the text says what."""


def wait_until(condition, deadline_s=30, every_s=0.05, what="condition"):
    """Returns the first true value of condition(); Failed when deadline_s passed."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("%s: not within %s s" % (what, deadline_s))
        time.sleep(every_s)


class Answer:
    """What a program printed and how it ended."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise Failed("%s: no JSON: %r %r" % (" ".join(self.args), self.out[:400], self.err[:400])) from None

    @property
    def is_told(self):
        """Whether it answered; `sluis status` tells everything with an alarm, too."""
        return self.code == 0 or (self.code == ALARM and os.path.basename(self.args[0]) == "sluis" and self.args[1] == "status")

    def must(self, code=0):
        if self.code != code and not (code == 0 and self.is_told):
            raise Failed("%s: exit %d, not %d\n%s%s" % (" ".join(self.args), self.code, code, self.out, self.err))
        return self


class Daemon:
    """One process of the deployment, from its configuration file."""

    def __init__(self, made, who):
        self.made, self.who = made, who
        self.is_broker = who == "broker"
        program = "sluis-broker" if self.is_broker else "sluis-agent"
        config = made.path(who, "broker.yaml" if self.is_broker else "agent.yaml")
        self.command = [os.path.join(made.bin, program), "--config", config]
        self.log = made.path("logs", who + ".log")
        self.env = {}  # what this process gets besides
        self.process = None

    def launch(self):
        """Starts the process and returns at once; ready() waits."""
        os.makedirs(os.path.dirname(self.log), exist_ok=True)
        path = self.made.path("logs", self.who + ".notify")
        if os.path.exists(path):
            os.unlink(path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        self.notify.settimeout(0.1)
        # no leak check: it would trace a process that does not let itself be traced
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "NOTIFY_SOCKET": path,
               "ASAN_OPTIONS": "detect_leaks=0",
               "UBSAN_OPTIONS": "print_stacktrace=1", **moved_clock(), **self.env}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                            cwd=self.made.root, start_new_session=True)
        return self

    def ready(self, deadline_s=READY_S):
        def said_so():
            if self.process.poll() is not None:
                raise Failed("%s ended at start with exit %d:\n%s" % (self.who, self.process.returncode,
                                                                      self.tail()))
            try:
                return b"READY=1" in self.notify.recv(4096)
            except socket.timeout:
                return False
        try:
            wait_until(said_so, deadline_s, 0, "%s ready (%s)" % (self.who, self.log))
        finally:
            self.notify.close()
        return self

    def start(self):
        return self.launch().ready()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, deadline_s=STOP_S):
        """SIGTERM; the process must end with 0."""
        if not self.is_running():
            raise Failed("%s had ended before: exit %s\n%s" % (self.who, self.process and self.process.returncode,
                                                               self.tail()))
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("%s did not end within %d s of SIGTERM\n%s" % (self.who, deadline_s, self.tail())) from None
        if code != 0:
            raise Failed("%s: exit %d after SIGTERM\n%s" % (self.who, code, self.tail()))

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def has_stopped(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "T"

    def tail(self, lines=25):
        with open(self.log, "r", errors="replace") as f:
            return "".join(f.readlines()[-lines:])


class System:
    """A broker and its agents, with the staff that use them."""

    def __init__(self, made, agencies=None):
        self.made = made
        names = ["broker"] + list(agencies if agencies is not None else ["riec", "liec", "belastingdienst", "uwv"])
        self.daemons = {who: Daemon(made, who) for who in names}
        self.agencies = names[1:]
        self.agency_of = {staff: agency for agency, people in made.staff.items() for staff, _, _ in people}

    def __getitem__(self, who):
        return self.daemons[who]

    def start(self):
        """All at once; then each is waited for, and each agent's session."""
        for daemon in self.daemons.values():
            daemon.launch()
        for daemon in self.daemons.values():
            daemon.ready()
        for agency in self.agencies:
            self.wait_open(agency)

    def wait_open(self, agency, deadline_s=60):
        """Until the agent's session at the broker is open."""
        def is_open():
            answer = self.anyone(agency, "status", "--json")
            return answer.is_told and answer.json["session"]["state"] == "open"
        try:
            wait_until(is_open, deadline_s, 0.1, "session of %s" % agency)
        except Failed as e:
            raise Failed("%s\n%s\n%s\n%s" % (e, self.anyone(agency, "status").out, self[agency].tail(),
                                             self["broker"].tail())) from None

    def stop(self):
        for who in reversed(list(self.daemons)):
            if self.daemons[who].is_running():
                self.daemons[who].stop()

    @contextlib.contextmanager
    def standing_still(self):
        """Every process stands still, so that what lies on disk is one state of each store and not pages of several."""
        running = [d for d in self.daemons.values() if d.is_running()]
        try:
            for daemon in running:
                daemon.process.send_signal(signal.SIGSTOP)
            for daemon in running:
                wait_until(daemon.has_stopped, 30, 0.01, "%s stands still" % daemon.who)
            yield
        finally:
            for daemon in running:
                daemon.process.send_signal(signal.SIGCONT)

    def kill(self):
        for daemon in self.daemons.values():
            daemon.kill()

    def anyone(self, agency, *args, **kw):
        """`sluis` as the first of an agency's staff."""
        return self.sluis(self.made.staff[agency][0][0], *args, **kw)

    def sluis(self, staff, *args, sign=False, stdin=None, timeout_s=120):
        """`sluis` as a member of staff; sign: with the officer's key and no question."""
        agency = self.agency_of[staff]
        command = [os.path.join(self.made.bin, "sluis"), args[0], "--socket", self.made.path(agency, "run/control.sock"),
                   *args[1:]]
        if sign:
            command += ["--key", self.made.path("people", staff, "keys/officer.key"), "--passphrase-file",
                        self.made.path("people", staff, "passphrase"), "--yes"]
        return self.run_as(command, self.made.uids[staff], self.made.gids[agency], stdin, timeout_s)

    def tool(self, program, *args, staff=None, timeout_s=120):
        """Another program of the product, as root or as a member of staff."""
        uid, gid = (self.made.uids[staff], self.made.gids[self.agency_of[staff]]) if staff else (None, None)
        return self.run_as([self.made.program(program), *args], uid, gid, None, timeout_s)

    def audit(self, staff, verb, *args):
        """sluis-audit with what this member of staff may read through the agent."""
        return self.tool("sluis-audit", *self.audit_args(staff, verb, *args), staff=staff)

    def audit_args(self, staff, verb, *args):
        agency = self.agency_of[staff]
        return [verb, "--bodies", self.made.path(agency, "run/control.sock"), "--key",
                self.made.path("people", staff, "keys/officer.key"), "--passphrase-file",
                self.made.path("people", staff, "passphrase"), *args]

    def audit_until(self, staff, read, verb, *args):
        """sluis-audit until read(its lines) returns; then it is told to end. Its exit status."""
        command = [self.made.program("sluis-audit"), *self.audit_args(staff, verb, *args)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              **self.environment(self.made.uids[staff], self.made.gids[self.agency_of[staff]])) as program:
            read(program.stdout)
            program.terminate()
            program.communicate(timeout=60)
            return program.returncode

    @staticmethod
    def environment(uid, gid):
        kw = {"user": uid, "group": gid, "extra_groups": [gid]} if uid is not None and os.geteuid() == 0 else {}
        return {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=1",
                                    "UBSAN_OPTIONS": "print_stacktrace=1", **moved_clock()}, **kw}

    def run_as(self, command, uid, gid, stdin, timeout_s):
        done = subprocess.run(command, input=stdin if stdin is not None else "", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, errors="replace", timeout=timeout_s,
                              **System.environment(uid, gid))
        if SANITIZER.search(done.stderr.encode()):
            raise Failed("%s: %s" % (" ".join(command), done.stderr))
        return Answer(command, done.returncode, done.stdout, done.stderr)

    def broker_status(self):
        """What the broker says at its own control socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(30)
            s.connect(self.made.path("broker/run/control.sock"))
            text = b'{"verb": "status", "args": {}}'
            s.sendall(struct.pack(">I", len(text)) + text)
            with s.makefile("rb") as f:
                size = struct.unpack(">I", f.read(4))[0]
                return json.loads(f.read(size))["ok"]

    def check_logs(self, impersonated=()):
        """No sanitizer report in any log, and no agent that found messages in its name that it did not send, but of those for
        which the test spoke with their keys."""
        for daemon in self.daemons.values():
            if os.path.exists(daemon.log):
                with open(daemon.log, "rb") as f:
                    data = f.read()
                found = SANITIZER.search(data)
                if found:
                    raise Failed("%s: %s" % (daemon.log, data[found.start():found.start() + 4000].decode(
                        errors="replace")))
                if b"log.unsent" in data and daemon.who not in impersonated:
                    raise Failed("%s: the agent does not know its own messages" % daemon.log)
