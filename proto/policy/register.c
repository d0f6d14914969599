/* The register: its head, the tables of the policy, and a card for each rule. */
#include "proto/policy/register_internal.h"

#define LINE_MAX_BYTES ((size_t)4 << 20)

/* ---- the head ---- */

struct tally {
    unsigned all;
    unsigned unverified;
};

static void count(struct tally *t, const struct citation *c)
{
    t->all++;
    t->unverified += citation_is_verified(c) ? 0 : 1;
}

static void count_rule(struct tally *t, const struct rule *r)
{
    const struct citation *grounds[RULE_GROUNDS_MAX];
    for (uint32_t i = 0; i < r->basis_count; i++)
        count(t, &r->basis[i]);
    for (uint32_t i = 0; i < r->gates_count; i++) {
        count(t, &r->gates[i].cite);
        for (uint32_t k = 0; k < r->gates[i].with_count; k++)
            count(t, &r->gates[i].with[k]);
    }
    for (uint32_t i = 0, n = rule_grounds(r, grounds); i < n; i++)
        count(t, grounds[i]);
}

/* only: the rule that is shown alone, or NULL. */
static void put_warnings(struct walk *w, const struct rule *only)
{
    struct tally t = {0, 0};
    for (uint32_t i = 0; i < w->p->rules_count; i++) {
        if (only == NULL || only == &w->p->rules[i])
            count_rule(&t, &w->p->rules[i]);
    }
    if (w->p->demonstration) {
        buf_put_str(&w->line, SAY(w,
                                  "Demonstratie: de partijen zijn verzonnen. Dit beleid geldt niet "
                                  "voor echte gegevens.",
                                  "Demonstration: the parties are invented. This policy is not for "
                                  "real data."));
        walk_notice(w);
    }
    if (t.unverified > 0) {
        buf_printf(&w->line,
                   SAY(w, "Door niemand geverifieerd: %u van de %u verwijzingen naar een wet.",
                       "Verified by nobody: %u of %u citations of a law."),
                   t.unverified, t.all);
        walk_notice(w);
    }
}

static void put_signers(struct walk *w)
{
    const char *const heads[] = {SAY(w, "Ondertekenaar", "Signer"), SAY(w, "Als", "As"),
                                 SAY(w, "Organisatie", "Organisation")};
    page_heading(w->page, 2, "signers",
                 SAY(w, "Wie dit beleid moeten ondertekenen", "Who must sign this policy"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < w->p->signers_count; i++) {
        const struct policy_signer *s = &w->p->signers[i];
        const bool owner = strcmp(s->function.s, "policy_owner") == 0;
        walk_cell_text(w, s->id.s);
        walk_cell_text(w, owner ? SAY(w, "beleidseigenaar", "policy owner")
                                : SAY(w, "jurist", "legal reviewer (jurist)"));
        walk_cell_text(w, s->organisation);
    }
}

static void put_advice(struct walk *w)
{
    const char *const heads[] = {SAY(w, "Van", "By"), SAY(w, "Kenmerk", "Reference"), "SHA-256"};
    page_heading(w->page, 2, "advice", SAY(w, "Advies over dit beleid", "Advice on this policy"));
    if (w->p->advice_count == 0) {
        buf_put_str(&w->line,
                    SAY(w, "Het beleid noemt geen advies.", "The policy names no advice."));
        walk_paragraph(w);
        return;
    }
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < w->p->advice_count; i++) {
        const struct advice *a = &w->p->advice[i];
        const bool officer = strcmp(a->body.s, "fg") == 0;
        walk_cell_text(
            w, officer ? SAY(w, "functionaris gegevensbescherming", "data-protection officer")
                       : SAY(w, "rechtmatigheidsadviescommissie", "lawfulness committee"));
        walk_cell_text(w, a->reference);
        walk_cell_text(w, a->digest);
    }
}

static void put_facts(struct walk *w)
{
    walk_pair_text(w, SAY(w, "Omgeving", "Deployment"), w->p->deployment.s);
    buf_printf(&w->line, "%llu", (unsigned long long)w->p->serial);
    walk_pair(w, SAY(w, "Volgnummer", "Serial"));
    walk_period(w, &w->p->valid);
    walk_pair(w, SAY(w, "Geldig", "Valid"));
    if (w->p->closed_days_count == 0)
        return;
    for (uint32_t i = 0; i < w->p->closed_days_count; i++)
        buf_printf(&w->line, "%s%s", i > 0 ? ", " : "", w->p->closed_days[i].date);
    walk_pair(w, SAY(w, "Geen werkdagen, naast weekeinden en feestdagen",
                     "No working days, beside weekends and public holidays"));
}

static void put_head(struct walk *w, const struct rule *only)
{
    buf_printf(&w->line, SAY(w, "Register van het beleid %s", "Register of the policy %s"),
               w->p->deployment.s);
    page_title(w->page, buf_text(&w->line));
    buf_reset(&w->line);
    put_warnings(w, only);
    buf_put_str(
        &w->line,
        SAY(w,
            "Dit register zegt in woorden wat het beleidsbestand zegt: wie wie naar wat mag "
            "vragen, en op welke grond. Het beleid legt een rechtsgrond vast en dwingt die af; "
            "het schept er geen. Wat geen regel toestaat, mag niet.",
            "This register says in words what the policy file says: who may ask whom about "
            "what, and on which ground. The policy records and enforces a legal basis; it "
            "does not create one. What no rule permits is denied."));
    walk_paragraph(w);
    put_facts(w);
}

/* ---- the tables ---- */

static void put_secrecy(struct walk *w, const struct party *party)
{
    const struct law *law = policy_law(w->p, &party->sector_law);
    if (party->sector_law.s[0] == '\0')
        buf_put_str(&w->line, SAY(w, "geen", "none"));
    else
        buf_put_str(&w->line, law != NULL ? law->title : party->sector_law.s);
    walk_cell(w);
}

/* What only some parties have; one sentence each. */
static void put_particulars(struct walk *w, const struct party *party)
{
    if (party->is_private)
        buf_put_str(&w->line, SAY(w, "Geen overheidsorganisatie. ", "No public body. "));
    if (party->region.s[0] != '\0')
        buf_printf(&w->line, SAY(w, "Regio: %s. ", "Region: %s. "), party->region.s);
    if (party->valid.until_s != 0) {
        buf_put_str(&w->line, SAY(w, "Doet mee ", "Takes part "));
        walk_period(w, &party->valid);
        buf_put_str(&w->line, ". ");
    }
    if (party->retention_cap_days != 0) {
        buf_put_str(&w->line, SAY(w, "Bewaart zelf hoogstens ", "Keeps for itself at most "));
        walk_days(w, party->retention_cap_days);
        buf_put_str(&w->line, ". ");
    }
    if (w->line.len == 0)
        buf_put_str(&w->line, "-");
    walk_cell(w);
}

static void put_parties(struct walk *w)
{
    const char *const heads[] = {SAY(w, "Partij", "Party"),
                                 "OIN",
                                 SAY(w, "Klassen", "Classes"),
                                 SAY(w, "Verwerkt onder", "Processes under"),
                                 SAY(w, "Geheimhouding volgens", "Secrecy under"),
                                 SAY(w, "Vraagt namens", "Asks on behalf of"),
                                 SAY(w, "Bijzonderheden", "Particulars")};
    page_heading(w->page, 2, "parties", SAY(w, "Wie meedoet", "Who takes part"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < w->p->parties_count; i++) {
        const struct party *party = &w->p->parties[i];
        walk_cell_text(w, party->name);
        walk_cell_text(w, party->oin.oin);
        walk_names(w, party->classes, party->classes_count);
        walk_cell(w);
        walk_cell_text(w, say_regime(party->regime, w->lang));
        put_secrecy(w, party);
        for (uint32_t k = 0; k < party->on_behalf_of_count; k++) {
            const struct party *other = policy_party(w->p, &party->on_behalf_of[k]);
            buf_put_str(&w->line, k > 0 ? ", " : "");
            buf_put_str(&w->line, other != NULL ? other->name : party->on_behalf_of[k].oin);
        }
        if (party->on_behalf_of_count == 0)
            buf_put_str(&w->line, SAY(w, "zichzelf", "itself"));
        walk_cell(w);
        put_particulars(w, party);
    }
}

static void put_purpose(struct walk *w, const struct purpose *u)
{
    char anchor[NAME_MAX_BYTES + 16];
    struct buf id = buf_fixed(anchor, sizeof anchor);
    buf_printf(&id, "purpose-%s", u->id.s);
    page_heading(w->page, 3, buf_text(&id), u->id.s);
    walk_bilingual(w, &u->text);
    walk_paragraph(w);
    walk_selectors(w, u->participants, u->participants_count);
    walk_pair(w, SAY(w, "Deelnemers", "Participants"));
    walk_party(w, &u->custodian);
    walk_pair(w, SAY(w, "Beheerder van de sleutel", "Custodian of the key"));
    walk_days(w, u->epoch_days);
    walk_pair(w, SAY(w, "Nieuwe sleutel na", "New key after"));
    walk_days(w, u->departure_days > 0 ? u->departure_days : PURPOSE_DEPARTURE_DAYS);
    walk_pair(w, SAY(w, "Nieuwe sleutel na vertrek van een deelnemer, binnen",
                     "New key after a participant left, within"));
    for (uint32_t i = 0; i < u->partnerships_count; i++) {
        enum partnership v = PARTNERSHIP_NONE;
        if (partnership_parse(bytes_str(u->partnerships[i].s), &v) != ERR_OK)
            v = PARTNERSHIP_NONE;
        buf_printf(&w->line, "%s%s", i > 0 ? ", " : "", say_partnership(v, w->lang));
    }
    if (u->partnerships_count == 0)
        buf_put_str(&w->line, SAY(w, "elk", "every one"));
    walk_pair(w, SAY(w, "Samenwerkingsverbanden", "Partnerships"));
}

static void put_purposes(struct walk *w)
{
    page_heading(w->page, 2, "purposes", SAY(w, "Doelen", "Purposes"));
    for (uint32_t i = 0; i < w->p->purposes_count; i++)
        put_purpose(w, &w->p->purposes[i]);
}

static void put_categories(struct walk *w)
{
    const char *const heads[] = {SAY(w, "Soort", "Kind"), SAY(w, "Omschrijving", "Description"),
                                 SAY(w, "Nummer", "Number")};
    page_heading(w->page, 2, "categories", SAY(w, "Soorten registraties", "Kinds of records"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < w->p->categories_count; i++) {
        const struct category *c = &w->p->categories[i];
        walk_cell_text(w, c->id.s);
        walk_bilingual(w, &c->text);
        walk_cell(w);
        buf_printf(&w->line, "%u", c->number);
        walk_cell(w);
    }
}

static void put_moves(struct walk *w)
{
    const char *const heads[] = {SAY(w, "Van", "From"), SAY(w, "Naar", "To"), SAY(w, "Door", "By"),
                                 SAY(w, "Na", "After")};
    if (w->p->case_moves_count == 0)
        return;
    page_heading(w->page, 2, "cases", SAY(w, "Wie een casus verder brengt", "Who moves a case"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < w->p->case_moves_count; i++) {
        const struct policy_move *m = &w->p->case_moves[i];
        walk_cell_text(w, m->from == CASE_NONE ? SAY(w, "nieuw", "new")
                                               : say_case_state(m->from, w->lang));
        walk_cell_text(w, say_case_state(m->to, w->lang));
        walk_functions(w, m->functions, m->functions_count);
        walk_cell(w);
        walk_checks(w, m->checks, m->checks_count);
        walk_cell(w);
    }
    buf_put_str(&w->line,
                SAY(w, "Wat hier niet staat, mag niemand.", "What is not listed, nobody may."));
    walk_paragraph(w);
}

static void put_laws(struct walk *w)
{
    const char *const heads[] = {
        SAY(w, "Wet of regeling", "Law or instrument"), SAY(w, "Vindplaats", "Source"),
        SAY(w, "In dit bestand", "In this file"), SAY(w, "Legt geheimhouding op", "Lays a secrecy"),
        SAY(w, "Grond op zichzelf", "Ground by itself")};
    page_heading(w->page, 2, "laws", SAY(w, "Wetten en regelingen", "Laws and instruments"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < w->p->laws_count; i++) {
        const struct law *law = &w->p->laws[i];
        walk_cell_text(w, law->title);
        walk_cell_text(w, law->source);
        walk_cell_text(w, law->id.s);
        walk_yes_no(w, law->secrecy);
        walk_cell(w);
        walk_yes_no(w, !law->non_binding);
        walk_cell(w);
    }
}

/* ---- the rules ---- */

static void put_rule(struct walk *w, const struct rule *r)
{
    char anchor[NAME_MAX_BYTES + 16];
    struct buf id = buf_fixed(anchor, sizeof anchor);
    buf_printf(&id, "rule-%s", r->id.s);
    buf_printf(&w->line, "%s: %s", r->id.s, say_process(r->process, w->lang));
    page_heading(w->page, 3, buf_text(&id), buf_text(&w->line));
    buf_reset(&w->line);
    register_scope(w, r);
    register_who(w, r);
    register_law(w, r);
    register_texts(w, r);
    register_travels(w, r);
    register_learns(w, r);
    register_case(w, r);
    register_consent(w, r);
    register_limits(w, r);
    register_retention(w, r);
    register_refusals(w, r);
    register_after(w, r);
}

static void put_all(struct walk *w)
{
    put_signers(w);
    put_advice(w);
    put_parties(w);
    put_purposes(w);
    put_categories(w);
    put_laws(w);
    put_moves(w);
    page_heading(w->page, 2, "rules", SAY(w, "Regels", "Rules"));
    for (uint32_t i = 0; i < w->p->rules_count; i++)
        put_rule(w, &w->p->rules[i]);
}

static enum err walk(struct buf *out, const struct policy *p, const struct rule *only,
                     const struct page_style *style)
{
    CLEANUP(cleanup_page_free) struct page *page = page_new(out, style);
    if (page == NULL)
        return ERR_NOMEM;
    struct walk w = {
        .page = page, .p = p, .lang = style->language, .line = buf_new(LINE_MAX_BYTES)};
    put_head(&w, only);
    if (only == NULL) {
        put_all(&w);
    } else {
        page_heading(page, 2, "rules", SAY(&w, "Regel", "Rule"));
        put_rule(&w, only);
    }
    page_end(page);
    buf_free(&w.line);
    return w.failed != ERR_OK ? w.failed : buf_err(out);
}

enum err register_policy(struct buf *out, const struct policy *p, const struct page_style *style)
{
    return walk(out, p, NULL, style);
}

enum err register_rule(struct buf *out, const struct policy *p, const struct rule *r,
                       const struct page_style *style)
{
    return walk(out, p, r, style);
}
