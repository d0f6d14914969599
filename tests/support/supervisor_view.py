"""What a requester's compliance officer sees of each of its requests with `sluis-audit`, in every form: of the broker's log, of this
agency's mirror of it, and of the agency's own log. Standard library only."""
import base64
import json
import os
import re

import harness
import officers_view
import own_log

END = "request.closed"  # the entry that is shown and explained where not every one is
CLOSELY = ("miss", "refused")  # what is looked at closely in a broker's log that is short
HIDDEN = r"(onzichtbaar|reader|\"hidden\")(:? *)\d+"  # how many bodies of the whole log this reader may not see, by a report


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Supervisor:
    """view: an officers_view.Officers, whose requests have ended and stand in both logs. holder: whom they all asked."""

    def __init__(self, view, holder):
        self.view, self.system, self.made, self.staff = view, view.system, view.system.made, view.supervisor
        self.holder = holder
        self.logs = {"": [self.made.path("riec/mirror"), self.made.path("audit-policy")],
                     "--own": [self.made.path("riec/own-log"), own_log.policy_file(self.made, "riec")]}
        os.chmod(self.logs["--own"][1], 0o644)

    def audit(self, *args):
        return self.system.audit(self.staff, *args)

    def look(self, closely):
        """closely: the own log with every filter, every entry shown and explained, and taken out in every form. Then the broker's log
        is long, and read once: for every verb it would be read as a whole."""
        for own in ([], ["--own"]):
            self.view.verify(self.staff, *self.logs["".join(own)], *own)
            rows = officers_view.bodies_in(self.view.watch(self.staff, own))
            self.view.tell_each(" ".join(["the compliance officer's watch", *own]), rows)
        for asked in self.view.thorough():
            self.look_at(asked, ["--own"], closely)
            if not closely:
                self.look_at(asked, [], asked.label in CLOSELY)

    @staticmethod
    def by(asked, own):
        """The filter that finds the most of it: in an own log it is its acceptance and its end that do not name the case."""
        return ("--header", asked.header) if own else ("--case", asked.case)

    def look_at(self, asked, own, closely):
        told = self.lists(asked, own, closely)
        told.update(self.reports(asked, own, ("text", "html", "json") if closely else ("text", "html")))
        told.update(self.entries(asked, own, closely))
        told["export bundle"] = self.bundle(asked, own)
        for form in ("csv", "jsonl", "adl") if closely else ("csv",):
            told["export " + form] = self.taken(asked, own, form)
        for name, text in told.items():
            asked.said[" ".join(["the compliance officer's", name, *own])] = text

    def lists(self, asked, own, closely):
        """For people and for programs."""
        told = {}
        for by, value in (("--case", asked.case), ("--header", asked.header)) if closely else (self.by(asked, own),):
            for name, args in (("list, table", ["list"]), ("list, JSON", ["list", "--json"])):
                done = self.audit(*args, by, value, "--limit", "1000", *own).must()
                told["%s %s" % (name, by)] = officers_view.even_lines(done.out + done.err, asked.at)
        if closely:
            lines = self.audit("sample", "--n", "1000", "--seed", "x", *self.by(asked, own), "--json", *own).must().out
            told["sample"] = officers_view.even_lines(lines, asked.at)
        return told

    def reports(self, asked, own, forms):
        """Of what has the holder as the other party, which looking has not."""
        told = {}
        for form in forms:
            done = self.audit("report", *self.by(asked, own), "--agency", self.holder, "--format", form, "--least", "1", *own)
            told["report " + form] = re.sub(HIDDEN, r"\1\2N", done.must().out)
        return told

    def entries(self, asked, own, closely):
        told = {}
        for index, body in asked.own if own else asked.rows:
            if body["event"] != officers_view.OF_LOOKING and (closely or body["event"] == END):
                for verb in ("show", "explain"):
                    done = self.audit(verb, str(index), *own).must()
                    told[verb + " " + body["event"]] = done.out + done.err
        return told

    # ---- taken out ----

    def path(self, asked, form, own):
        return self.made.path("taken", "-".join([asked.request, "supervisor", form, *own]))

    def taken(self, asked, own, form):
        path = self.path(asked, form, own)
        said = self.audit("export", *self.by(asked, own), "--format", form, "--output", path, "--json", *own).must().json
        if said["rows"] == 0:
            raise harness.Failed("an export says nothing of a request")
        return officers_view.even_lines(text_of(path), asked.at)

    def bundle(self, asked, own):
        """Its files but for signatures: rows with the shape of their proofs, in the order of what they say."""
        folder = self.path(asked, "bundle", own)
        log, policy = self.logs["".join(own)]
        self.audit("export", *self.by(asked, own), "--format", "bundle", "--log", log, "--audit-policy", policy, "--certificate",
                   self.made.path("people", self.staff, "officer.pem"), "--output", folder, *own).must()
        told = []
        for row in map(json.loads, text_of(os.path.join(folder, "rows.jsonl")).splitlines()):
            proof = text_of(os.path.join(folder, "proofs", "%012d.tlog-proof" % row["index"]))
            told.append("%s %s" % (base64.b64decode(row["body"]).decode(), officers_view.shape(proof).split("index")[0].strip()))
        about = json.loads(text_of(os.path.join(folder, "bundle.json")))
        names = [name for name in sorted(os.listdir(folder)) if not name.startswith(("MANIFEST", "bundle", "checkpoint", "rows", "proofs"))]
        texts = [text_of(os.path.join(folder, name)) for name in names if os.path.isfile(os.path.join(folder, name))]
        policies = os.listdir(os.path.join(folder, "policies"))
        rest = json.dumps([names, policies, texts, officers_view.without(about, {"size", "rows", "unseen"})])
        return officers_view.even_lines("\n".join(told), asked.at) + "\n" + rest
