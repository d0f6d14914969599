"""What the people of a running deployment do: import, ask, decide, read. Each call returns what the program said
and fails when it did not do what it should, so that a demonstration can tell the story and a test can rest on it.
"""
import json
import os

import harness
from harness import Failed, wait_until

CASEWORK = "riec.casus.verstrekking"
HIT_NO_HIT = "riec.casus.hitnohit"
ON_BEHALF_OF = "00000099000000006000"
IMPORTERS = {"riec": "r.visser", "liec": "l.vos", "belastingdienst": "b.smit", "uwv": "u.jansen"}
NECESSITY = {
    "both": "Op het adres aan de Kade wordt wisselend geld geteld; de vraag is of de huurder schulden of inkomen heeft.",
    "uwv_only": "De tweede huurder tekende het contract van de loods; zonder werkgever is de herkomst van de huur vraag.",
    "nobody": "De derde naam op het contract komt in geen enkel register voor dat het team zelf mag zien.",
}


class Story:
    """The staff of a harness.System at work; truth is what population.py wrote about the exports. asker: who asks and
    reads where no staff is named."""

    asker = "r.visser"

    def __init__(self, system):
        self.system, self.made = system, system.made
        with open(self.made.path("truth.json"), encoding="utf-8") as f:
            self.truth = json.load(f)

    # ---- records ----

    def import_file(self, agency, name="export.csv", extra=()):
        """One import by the agency's own staff; the report as JSON."""
        folder = self.made.path(agency, "import")
        return self.system.sluis(IMPORTERS[agency], "import", os.path.join(folder, name), "--mapping",
                                 os.path.join(folder, "mapping.yaml"), "--json", *extra).must().json

    def import_all(self):
        return {agency: self.import_file(agency) for agency in self.system.agencies}

    # ---- asking ----

    def open_case(self, title="Panden aan de Kade", state="work_up_1", staff=None):
        return self.system.sluis(staff or self.asker, "case", "open", title, "--state", state, "--json").must().json["case"]

    def subject(self, name):
        """A question about one of the named subjects of the population."""
        who = self.truth["subjects"][name]
        return {"label": name, "identifiers": [{"type": "bsn", "value": who["bsn"]}],
                "necessity": NECESSITY.get(name, NECESSITY["both"]),
                "proportionality": "Een vraag over deze persoon weegt op tegen een onderzoek in het pand.",
                "subsidiarity": "Openbare bronnen zijn geraadpleegd en gaven geen antwoord.",
                "concrete_signal": "Melding van de gemeente van 3 november over het pand.",
                "control": {"name": who["naam"], "birth_date": who["geboortedatum"]}}

    def ask(self, rule, case, subjects, deadline, *more, staff=None, sign=True):
        """`sluis request`; the Answer, whatever it is."""
        return self.system.sluis(staff or self.asker, "request", "--rule", rule, "--case", case, "--subjects", "-", "--deadline",
                                 deadline, "--on-behalf-of", ON_BEHALF_OF, *more,
                                 stdin=json.dumps(subjects), sign=sign)

    def ask_accepted(self, rule, case, subjects, deadline, *more):
        """A request that every holder's broker accepted; its id."""
        answer = self.ask(rule, case, subjects, deadline, "--json", *more).must().json
        states = {h["state"] for h in answer["holders"]}
        if states != {"accepted"}:
            raise Failed("the answers are %s" % states)
        return answer["request"]

    # ---- deciding ----

    def inbox(self, staff, *more):
        return self.system.sluis(staff, "inbox", "--json", *more).must().json["items"]

    def wait_inbox(self, staff, rule, count, deadline_s=60):
        """Until so many items of a rule are open."""
        def enough():
            items = [i for i in self.inbox(staff) if i["rule"] == rule]
            return items if len(items) >= count else None
        items = wait_until(enough, deadline_s, 0.2, "%d items in the inbox of %s" % (count, staff))
        if len(items) != count:
            raise Failed("%s has %d items, not %d" % (staff, len(items), count))
        return items

    def item_about(self, staff, items, name):
        """The open item among these whose necessity text is that of the named subject."""
        for item in items:
            shown = self.system.sluis(staff, "show", str(item["item"]), "--json").must().json
            if shown.get("necessity") == NECESSITY[name]:
                return shown
        raise Failed("no item is about %s" % name)

    def consent(self, staff, item, *fields):
        args = [x for f in fields for x in ("--field", f)]
        return self.system.sluis(staff, "consent", str(item), *args, sign=True)

    def refuse(self, staff, item, code):
        return self.system.sluis(staff, "refuse", str(item), "--code", code, sign=True)

    def known(self, staff, item):
        return self.system.sluis(staff, "known", str(item), sign=True)

    # ---- reading ----

    def results(self, request, staff=None):
        return self.system.sluis(staff or self.asker, "results", request, "--json").must().json

    def rows(self, request, staff=None):
        """(label, holder's name): row."""
        return {(r["label"], self.agency(r["holder"])): r for r in self.results(request, staff)["rows"]}

    def agency(self, oin):
        return next(a for a, about in self.truth["agencies"].items() if about["oin"] == oin)

    def wait_rows(self, request, wanted, deadline_s=60):
        """Until the rows named have these states: {(label, agency): status}."""
        def all_there():
            rows = self.rows(request)
            return rows if all(rows[k]["status"] == v for k, v in wanted.items()) else None
        try:
            return wait_until(all_there, deadline_s, 0.2, "results %s" % request)
        except Failed as e:
            raise Failed("%s: wanted %s, have %s" % (e, wanted, {k: r["status"] for k, r in
                                                                 self.rows(request).items()})) from None

    def wait_closed(self, request, deadline_s=120):
        return wait_until(lambda: self.results(request)["closed"], deadline_s, 0.3, "closing of %s" % request)

    # ---- the log ----

    def log_args(self):
        return ["--log", self.made.path("tiles"), "--audit-policy", self.made.path("audit-policy")]

    def bodies(self, staff="r.mulder"):
        """Every body that this member of staff may read: [{index, body}]."""
        return self.parsed(self.list_bodies(staff).must())

    def list_bodies(self, staff):
        return self.system.audit(staff, "list", *self.log_args(), "--limit", "1000000", "--json")

    @staticmethod
    def parsed(answer):
        return [json.loads(line) for line in answer.out.splitlines()]

    def wait_event(self, count_of, deadline_s=60, staff="r.mulder"):
        """Until the published log has these events: {event: at least}. Exit 69 is not yet: the agent of this member of
        staff fetches what changed at the broker."""
        def there():
            answer = self.list_bodies(staff)
            if answer.code == 69:
                return None
            bodies = self.parsed(answer.must())
            have = [b["body"]["event"] for b in bodies]
            return bodies if all(have.count(e) >= n for e, n in count_of.items()) else None
        return wait_until(there, deadline_s, 0.5, "events %s" % count_of)

    def verify(self):
        """The published log, by the tool."""
        return self.system.tool("sluis-audit", "verify", *self.log_args(), "--quiet")


# The decisions of the demonstration, in one call, for tests that need a finished exchange.
def whole_exchange(story, deadline="40s"):
    """Three subjects asked of two holders; released, released under four eyes, refused. The request's id."""
    case = story.open_case()
    request = story.ask_accepted(CASEWORK, case, [story.subject(n) for n in ("both", "uwv_only", "nobody")], deadline)
    tax = story.wait_inbox("b.smit", CASEWORK, 1)
    story.consent("b.smit", tax[0]["item"], "openstaande_schuld", "invorderingsfase").must()
    uwv = story.wait_inbox("u.jansen", CASEWORK, 2)
    item = story.item_about("u.jansen", uwv, "both")["item"]
    story.consent("u.jansen", item, "soort_uitkering", "ingangsdatum").must()
    story.consent("u.peters", item, "soort_uitkering", "ingangsdatum").must()
    other = story.item_about("u.peters", uwv, "uwv_only")["item"]
    story.refuse("u.peters", other, "lopend_onderzoek").must()
    story.wait_rows(request, {("both", "belastingdienst"): "released", ("both", "uwv"): "released"})
    return request
