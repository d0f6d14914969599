"""What a requester's people are told when they keep what came of a request, end that it stands, close its case and destroy it.
After this nothing of it can be looked at as before. Standard library only."""
import json

from harness import Failed
from officers_view import even_lines

DONE = {"keep", "keep, confirmed", "standing --end", "case check", "case move", "case close", "case close, kept", "case destroy",
        "results, kept", "case show, kept", "case show, destroyed"}
CLOSING = ("--intervention", "geen", "--result", "onbekend")


class Ends:
    """view: an officers_view.Officers with at least two requests of each outcome, all of which were looked at."""

    def __init__(self, view):
        self.view = view

    def look(self):
        """One of each outcome is kept; another one ends."""
        kept = self.view.thorough()
        others = list({a.label: a for a in self.view.asked if a not in kept}.values())
        for asked in kept:
            self.keep(asked)
        for asked in others:
            self.end(asked)
        for asked in kept + others:
            self.look_after(asked)

    def tell(self, asked, name, staff, *args, **kw):
        """What it says; and it is done, where it can be."""
        asked.said[name] = self.view.told(staff, *args, **kw)
        if asked.said[name].startswith("exit 0\n") != (name in DONE):
            raise Failed("%s: %s" % (name, asked.said[name]))

    def keep(self, asked):
        """By two persons; then its case can be closed, and not destroyed."""
        view = self.view
        self.tell(asked, "keep", view.worker, "keep", asked.request, "--days", "1", "--reason-file", "-", "--json",
                  stdin="de zaak loopt nog")
        self.tell(asked, "keep, confirmed", view.officer, "keep", asked.request, "--days", "1", "--json")
        self.tell(asked, "keep, again", view.second, "keep", asked.request, "--days", "1", "--reason-file", "-", stdin="nog eens")
        self.tell(asked, "case close, kept", view.worker, "case", "close", asked.case, *CLOSING, "--json")
        self.tell(asked, "case destroy, kept", view.officer, "case", "destroy", asked.case)

    def end(self, asked):
        view, case = self.view, asked.case
        self.tell(asked, "standing --ask", view.worker, "standing", "--ask", asked.standing, sign=True)
        self.tell(asked, "standing --end", view.worker, "standing", "--end", asked.standing, "--json")
        self.tell(asked, "standing --end, again", view.officer, "standing", "--end", asked.standing)
        self.tell(asked, "case check", view.worker, "case", "check", case, "check_1", "--reason-file", "-", "--json", stdin="omdat")
        self.tell(asked, "case move", view.worker, "case", "move", case, "work_up_2", "--json")
        self.tell(asked, "case move, back", view.worker, "case", "move", case, "signal")
        self.tell(asked, "case close, bare", view.worker, "case", "close", case)
        self.tell(asked, "case destroy, too early", view.officer, "case", "destroy", case)
        self.tell(asked, "case close", view.worker, "case", "close", case, *CLOSING, "--json")
        self.tell(asked, "case destroy", view.officer, "case", "destroy", case, "--json")
        self.tell(asked, "keep, destroyed", view.worker, "keep", asked.request, "--days", "1", "--reason-file", "-", stdin="te laat")

    def look_after(self, asked):
        """What is left of it."""
        view = self.view
        which = "kept" if "keep" in asked.said else "destroyed"
        self.tell(asked, "results, " + which, view.worker, "results", asked.request, "--json")
        self.tell(asked, "case show, " + which, view.officer, "case", "show", asked.case, "--json")
        for verb, key, kind in (("requests", asked.request, "request"), ("standing", asked.case, "case")):
            rows = view.system.sluis(view.worker, verb, "--json").must().json[verb]
            asked.said["%s, %s" % (verb, which)] = json.dumps([r for r in rows if r[kind] == key], sort_keys=True)
        for by, value in (("--case", asked.case), ("--header", asked.header)):
            lines = view.audit("list", "--own", by, value, "--limit", "1000", "--json").must().out
            asked.said["list --own %s, %s" % (by, which)] = even_lines(lines, asked.at)
