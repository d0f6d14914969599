#include "pki/cli/audit/annual.h"

#include <string.h>

#include "proto/policy/condition.h"

/* Which log tells an item. */
enum told_by { BY_NEITHER = 0, BY_BROKER = 1, BY_OWN = 2, BY_BOTH = 3 };

static const struct item {
    struct annual_words words;
    enum told_by by;
    bool is_for_some; /* not every reader of that log sees the entries that tell it */
    bool is_sum;      /* of numbers that entries tell; else of entries */
} items[ANNUAL_COUNT] = {
    [ANNUAL_ASKED] = {{"asked", "vragen aan een bronhouder", "questions to a holder"}, BY_BOTH, false, false},
    [ANNUAL_REFUSED] = {{"refused", "geweigerd door de regels", "refused by the policy"}, BY_BOTH, false, false},
    [ANNUAL_LIMITED] = {{"limited", "waarvan om een grens aan het aantal", "of those for a limit on numbers"}, BY_BOTH, false, false},
    [ANNUAL_HITS] = {{"hits", "treffers", "hits"}, BY_BOTH, true, true},
    [ANNUAL_HITS_HIDDEN] = {{"hits_hidden", "treffers boven de grens, aan niemand getoond", "hits above the limit, shown to nobody"}, BY_BROKER, true, true},
    [ANNUAL_RELEASED] = {{"released", "verstrekkingen", "releases"}, BY_BOTH, false, false},
    [ANNUAL_CONFIRMED] = {{"confirmed", "bevestigingen dat iets bekend is", "confirmations that something is known"}, BY_BOTH, true, false},
    [ANNUAL_DECLINED] = {{"declined", "weigeringen van een bronhouder", "refusals by a holder"}, BY_BOTH, true, false},
    [ANNUAL_CLOSED] = {{"closed", "gesloten vragen", "questions that closed"}, BY_BOTH, false, false},
    [ANNUAL_NOTHING] = {{"nothing", "waarvan zonder enig antwoord van de bronhouder", "of those without any answer by the holder"}, BY_OWN, false, false},
    [ANNUAL_DECIDED_LATE] = {{"decided_late", "verplichte beslissingen na de termijn", "decisions that had to be taken, after their term"}, BY_OWN, false, false},
    [ANNUAL_NEVER_DECIDED] = {{"never_decided", "verplichte beslissingen die uitbleven", "decisions that had to be taken, and were not"}, BY_OWN, false, true},
    [ANNUAL_EXTENDED] = {{"extended", "verlengingen van de bewaartermijn", "extensions of a retention term"}, BY_OWN, false, false},
    [ANNUAL_PROTECTED] = {{"protected", "keren dat een afgeschermd persoon is geraakt", "times that a protected person was met"}, BY_OWN, false, true},
    [ANNUAL_RIGHTS_ASKED] = {{"rights_asked", "voorgestelde zoekvragen voor een verzoek van een betrokkene", "searches proposed for a request by a data subject"}, BY_OWN, false, false},
    [ANNUAL_RIGHTS] = {{"rights", "zoekvragen die een tweede persoon bevestigde en die beantwoord zijn", "searches that a second person confirmed and that were answered"}, BY_OWN, false, false},
    [ANNUAL_RIGHTS_LATE] = {{"rights_late", "waarvan na de termijn", "of those after the term"}, BY_OWN, false, false},
    [ANNUAL_RESTRICTED] = {{"restricted", "beperkte registraties", "records that were restricted"}, BY_NEITHER, false, false},
    [ANNUAL_FEEDBACK] = {{"feedback", "terugmeldingen", "feedback"}, BY_NEITHER, false, false},
    [ANNUAL_CORRECTED] = {{"corrected", "doorgegeven correcties", "corrections that went on"}, BY_NEITHER, false, false},
};

static const struct annual_words states[ANNUAL_STATE_COUNT] = {
    [ANNUAL_COUNTED] = {"counted", "geteld", "counted"},
    [ANNUAL_PARTIAL] = {"partial", "voor zover zichtbaar voor deze lezer", "as far as visible to this reader"},
    [ANNUAL_KEPT_BACK] = {"kept_back", "achtergehouden", "kept back"},
    [ANNUAL_OTHER_LOG] = {"other_log", "staat in het andere logboek", "stands in the other log"},
    [ANNUAL_NOT_VISIBLE] = {"not_visible", "niet zichtbaar voor deze lezer", "not visible to this reader"},
    [ANNUAL_NOT_CARRIED_OUT] = {"not_carried_out", "voert deze versie niet uit", "not carried out by this version"},
};

/* ---- counting ---- */

static const struct audit_fact *fact_of(const struct audit_body *b, const char *name)
{
    for (size_t i = 0; i < b->facts_count; i++)
        if (bytes_is(b->facts[i].name, name))
            return &b->facts[i];
    return NULL;
}

/* A number or a boolean; 0 where there is none, or it is below. */
static uint64_t number_of(const struct audit_body *b, const char *name)
{
    const struct audit_fact *f = fact_of(b, name);
    const bool is_number = f != NULL && (f->kind == FACT_VALUE_INT || f->kind == FACT_VALUE_BOOL);
    return is_number && f->number > 0 ? (uint64_t)f->number : 0;
}

static bool says(const struct audit_body *b, const char *name, const char *word)
{
    const struct audit_fact *f = fact_of(b, name);
    return f != NULL && f->kind == FACT_VALUE_TEXT && bytes_is(f->text, word);
}

static void add(struct annual *a, const struct audit_body *b, enum annual_item i, uint64_t n)
{
    a->from[i] = b->event;
    a->n[i] += n;
    a->is_seen[i] = true;
}

bool annual_is_limit(struct bytes code)
{
    static const enum condition limits[] = {CONDITION_LIMIT_REQUEST, CONDITION_LIMIT_AGENCY, CONDITION_LIMIT_OFFICER,
                                            CONDITION_LIMIT_CASE,    CONDITION_LIMIT_PERIOD};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (bytes_is(code, condition_id(limits[i])))
            return true;
    return false;
}

static void count_refusal(struct annual *a, const struct audit_body *b)
{
    bool is_limit = false;
    for (size_t i = 0; i < b->reasons_count; i++)
        is_limit = is_limit || annual_is_limit(b->reasons[i]);
    add(a, b, ANNUAL_REFUSED, 1);
    add(a, b, ANNUAL_LIMITED, is_limit);
}

/* A decision counts once, with the signature that made it complete. */
static void count_decision(struct annual *a, const struct audit_body *b)
{
    if (number_of(b, "complete") == 0)
        return;
    add(a, b, ANNUAL_DECLINED, says(b, "decision", "refuse"));
    add(a, b, ANNUAL_DECIDED_LATE, number_of(b, "overdue"));
}

static void count_result(struct annual *a, const struct audit_body *b)
{
    add(a, b, ANNUAL_RELEASED, says(b, "result", "released"));
    add(a, b, ANNUAL_CONFIRMED, says(b, "result", "known"));
}

static void count_search(struct annual *a, const struct audit_body *b)
{
    add(a, b, ANNUAL_RIGHTS, 1);
    add(a, b, ANNUAL_RIGHTS_LATE, number_of(b, "late"));
}

static void count_match(struct annual *a, const struct audit_body *b)
{
    add(a, b, ANNUAL_HITS, number_of(b, "hits"));
    add(a, b, ANNUAL_HITS_HIDDEN, number_of(b, "hits_hidden"));
}

/* What is told in the same way by both logs, or by the broker's. */
static void count_exchange(struct annual *a, const struct audit_body *b)
{
    if (b->event == AUDIT_EVENT_REQUEST_REFUSED)
        count_refusal(a, b);
    else if (b->event == AUDIT_EVENT_REQUEST_ACCEPTED && !a->is_own)
        add(a, b, ANNUAL_ASKED, 1);
    else if (b->event == AUDIT_EVENT_REQUEST_MATCHED)
        count_match(a, b);
    else if (b->event == AUDIT_EVENT_RELEASE_FORWARDED)
        add(a, b, ANNUAL_RELEASED, 1);
    else if (b->event == AUDIT_EVENT_CONFIRMATION_FORWARDED)
        add(a, b, ANNUAL_CONFIRMED, 1);
    else if (b->event == AUDIT_EVENT_DECISION_REFUSAL)
        add(a, b, ANNUAL_DECLINED, 1);
    else if (b->event == AUDIT_EVENT_REQUEST_CLOSED)
        add(a, b, ANNUAL_CLOSED, 1);
}

static void count_own(struct annual *a, const struct audit_body *b)
{
    if (b->event == AUDIT_EVENT_REQUEST_SENT)
        add(a, b, ANNUAL_ASKED, 1);
    else if (b->event == AUDIT_EVENT_ITEM_RAISED)
        add(a, b, ANNUAL_HITS, 1);
    else if (b->event == AUDIT_EVENT_RELEASE_RECEIVED)
        count_result(a, b);
    else if (b->event == AUDIT_EVENT_REQUEST_CLOSED)
        add(a, b, ANNUAL_NOTHING, fact_of(b, "answers") != NULL && number_of(b, "answers") == 0);
    else if (b->event == AUDIT_EVENT_DECISION_SIGNED)
        count_decision(a, b);
    else if (b->event == AUDIT_EVENT_ITEM_CLOSED)
        add(a, b, ANNUAL_NEVER_DECIDED, number_of(b, "overdue"));
    else if (b->event == AUDIT_EVENT_REQUEST_KEPT)
        add(a, b, ANNUAL_EXTENDED, number_of(b, "confirmed"));
    else if (b->event == AUDIT_EVENT_PROTECTED_MET)
        add(a, b, ANNUAL_PROTECTED, b->count);
    else if (b->event == AUDIT_EVENT_SEARCH_ASKED)
        add(a, b, ANNUAL_RIGHTS_ASKED, 1);
    else if (b->event == AUDIT_EVENT_SEARCH_CONFIRMED)
        count_search(a, b);
}

void annual_count(struct annual *a, const struct audit_body *b)
{
    count_exchange(a, b);
    if (a->is_own)
        count_own(a, b);
}

/* ---- showing ---- */

static bool is_small(uint64_t n, const struct annual_showing *s)
{
    return n > 0 && n < s->least;
}

/* What the table of events says of the entries that tell an item; NULL: it has none. */
static const struct tally_row *row_of(const struct annual *a, const struct annual_showing *s, enum annual_item i)
{
    for (size_t k = 0; a->is_seen[i] && k < s->events->count; k++)
        if (strcmp(s->events->rows[k].key, audit_event_id(a->from[i])) == 0)
            return &s->events->rows[k];
    return NULL;
}

/* Whether the number, shown beside the table of events, would tell a small one: that of the table, or the rest of it. */
static bool tells_small(const struct annual *a, const struct annual_showing *s, enum annual_item i)
{
    const struct tally_row *row = row_of(a, s, i);
    if (is_small(a->n[i], s) || (row != NULL && row->is_kept_back[0]))
        return true;
    if (row == NULL || items[i].is_sum || a->n[i] > row->n[0])
        return false;
    const uint64_t rest = row->n[0] - a->n[i];
    const bool is_shared = i == ANNUAL_RELEASED && row == row_of(a, s, ANNUAL_CONFIRMED); /* the same entries */
    return is_small(rest, s) || (is_shared && rest >= a->n[ANNUAL_CONFIRMED] && is_small(rest - a->n[ANNUAL_CONFIRMED], s));
}

static enum annual_state state_of(const struct annual *a, const struct annual_showing *s, enum annual_item i)
{
    const bool is_hidden = items[i].is_for_some && s->is_partial;
    if (items[i].by == BY_NEITHER)
        return ANNUAL_NOT_CARRIED_OUT;
    if ((items[i].by & (a->is_own ? BY_OWN : BY_BROKER)) == 0)
        return ANNUAL_OTHER_LOG;
    if (is_hidden && !a->is_seen[i])
        return ANNUAL_NOT_VISIBLE;
    if ((i == ANNUAL_LIMITED && s->keeps_limits) || tells_small(a, s, i))
        return ANNUAL_KEPT_BACK;
    return is_hidden ? ANNUAL_PARTIAL : ANNUAL_COUNTED;
}

void annual_end(struct annual *a, const struct annual_showing *s)
{
    for (unsigned i = 0; i < ANNUAL_COUNT; i++)
        a->state[i] = state_of(a, s, (enum annual_item)i);
}

bool annual_is_shown(enum annual_state s)
{
    return s == ANNUAL_COUNTED || s == ANNUAL_PARTIAL;
}

const struct annual_words *annual_item_words(enum annual_item i)
{
    return &items[i].words;
}

const struct annual_words *annual_state_words(enum annual_state s)
{
    return &states[s];
}
