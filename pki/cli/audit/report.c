#include "pki/cli/audit/report.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/when.h"

#define PER_MILLE 1000u

enum share_column { RECORDS, POPULATION, SHARE, SEQUENCE }; /* the last one is not shown */
enum exchange_column { ASKED, DENIED, RELEASED, CONFIRMED, DECLINED, CLOSED };

const struct report_form report_forms[REPORT_TABLE_COUNT] = {
    [REPORT_EXCHANGE] = {{"exchange", "Vragen en antwoorden", "Questions and answers"},
                         {{"requester", "verzoeker", "requester"}, {"holder", "bronhouder", "holder"}, {"rule", "verstrekkingsregel", "rule"}},
                         {{"accepted", "aangenomen", "accepted"},
                          {"denied", "geweigerd door de regels", "refused by the policy"},
                          {"released", "verstrekt", "released"},
                          {"confirmed", "als bekend bevestigd", "confirmed as known"},
                          {"declined", "geweigerd door de bronhouder", "refused by the holder"},
                          {"closed", "gesloten", "closed"}}},
    [REPORT_MONTHS] = {{"months", "Per maand", "By month"},
                       {{"month", "maand", "month"}},
                       {{"accepted", "aangenomen", "accepted"},
                        {"denied", "geweigerd door de regels", "refused by the policy"},
                        {"released", "verstrekt", "released"}}},
    [REPORT_GROUNDS] = {{"grounds", "Waarom geweigerd", "Why refused"},
                        {{"event", "gebeurtenis", "event"}, {"ground", "grond of voorwaarde", "ground or condition"}},
                        {{"number", "aantal", "number"}}},
    [REPORT_SHARES] = {{"shares", "Aandeel van de bevolking in elke index, na de laatste levering",
                        "Share of the population in each index, after the last batch"},
                       {{"holder", "bronhouder", "holder"}, {"purpose", "sleuteldomein", "purpose"}, {"epoch", "sleutelperiode", "epoch"}},
                       {{"records", "registraties", "records"},
                        {"population", "opgegeven bevolking", "registered population"},
                        {"per_mille", "per duizend", "per thousand"}},
                       .has_no_total = true},
    [REPORT_EVENTS] = {{"events", "Alle gebeurtenissen", "All events"},
                       {{"event", "gebeurtenis", "event"}},
                       {{"number", "aantal", "number"}}},
};

static const unsigned columns_of[REPORT_TABLE_COUNT] = {6, 3, 1, 3, 1};

void report_begin(struct report *r)
{
    for (unsigned i = 0; i < REPORT_TABLE_COUNT; i++)
        r->tables[i] = (struct tally){.columns = columns_of[i], .is_grouped = i == REPORT_GROUNDS};
    r->entries = 0;
}

/* The column of the exchange; false: the event belongs to none. */
static bool column_of(enum audit_event event, unsigned *out)
{
    static const struct {
        enum audit_event event;
        enum exchange_column column;
    } columns[] = {
        {AUDIT_EVENT_REQUEST_ACCEPTED, ASKED},
        {AUDIT_EVENT_REQUEST_REFUSED, DENIED},
        {AUDIT_EVENT_RELEASE_FORWARDED, RELEASED},
        {AUDIT_EVENT_CONFIRMATION_FORWARDED, CONFIRMED},
        {AUDIT_EVENT_DECISION_REFUSAL, DECLINED},
        {AUDIT_EVENT_REQUEST_CLOSED, CLOSED},
    };
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        if (columns[i].event == event) {
            *out = columns[i].column;
            return true;
        }
    }
    return false;
}

/* A holder's decision is the holder's message; everything else is the requester's. */
static bool is_of_holder(unsigned column)
{
    return column == RELEASED || column == CONFIRMED || column == DECLINED;
}

static enum err count_exchange(struct report *r, const struct audit_body *b, unsigned column)
{
    const char *requester = is_of_holder(column) ? b->peer.oin : b->actor.oin;
    const char *holder = is_of_holder(column) ? b->actor.oin : b->peer.oin;
    char key[TALLY_KEY_MAX];
    const int n = snprintf(key, sizeof key, "%s\t%s\t%s", requester, holder, b->rule.s);
    if (n < 0 || (size_t)n >= sizeof key)
        return ERR_TOO_LARGE;
    return tally_add(&r->tables[REPORT_EXCHANGE], key, column, 1);
}

static enum err count_month(struct report *r, const struct audit_body *b, unsigned column)
{
    char at[WHEN_TEXT_SIZE];
    when_text(b->ts, at);
    at[sizeof "2026-11" - 1] = '\0';
    return column <= RELEASED ? tally_add(&r->tables[REPORT_MONTHS], at, column, 1) : ERR_OK;
}

static enum err count_grounds(struct report *r, const struct audit_body *b)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < b->reasons_count; i++) {
        char key[TALLY_KEY_MAX];
        const int n = snprintf(key, sizeof key, "%s\t%.*s", audit_event_id(b->event), (int)b->reasons[i].len,
                               (const char *)b->reasons[i].ptr);
        e = n < 0 || (size_t)n >= sizeof key ? ERR_TOO_LARGE : tally_add(&r->tables[REPORT_GROUNDS], key, 0, 1);
    }
    return e;
}

static int64_t number_of(const struct audit_body *b, const char *name)
{
    for (size_t i = 0; i < b->facts_count; i++)
        if (bytes_is(b->facts[i].name, name) && b->facts[i].kind == FACT_VALUE_INT)
            return b->facts[i].number;
    return -1;
}

/* false: none, or no name. */
static bool purpose_of(const struct audit_body *b, struct name *out)
{
    for (size_t i = 0; i < b->facts_count; i++)
        if (bytes_is(b->facts[i].name, "batch_purpose") && b->facts[i].kind == FACT_VALUE_TEXT)
            return name_parse(b->facts[i].text, out) == ERR_OK;
    return false;
}

/* The last batch of a chain says what the index has of its holder. */
static enum err count_share(struct report *r, const struct audit_body *b)
{
    const int64_t records = number_of(b, "index_records");
    const int64_t population = number_of(b, "index_population");
    const int64_t sequence = number_of(b, "batch_sequence");
    struct name purpose;
    char key[TALLY_KEY_MAX];
    struct tally_row *row = NULL;
    if (records < 0 || population < 0 || sequence < 0 || !purpose_of(b, &purpose))
        return ERR_OK;
    const int n = snprintf(key, sizeof key, "%s\t%s\t%u", b->actor.oin, purpose.s, b->key_version);
    if (n < 0 || (size_t)n >= sizeof key)
        return ERR_TOO_LARGE;
    const enum err e = tally_row_of(&r->tables[REPORT_SHARES], key, &row);
    if (e != ERR_OK || (uint64_t)sequence < row->n[SEQUENCE])
        return e;
    row->n[SEQUENCE] = (uint64_t)sequence;
    row->n[RECORDS] = (uint64_t)records;
    row->n[POPULATION] = (uint64_t)population;
    return ERR_OK;
}

enum err report_count(struct report *r, const struct audit_body *b)
{
    unsigned column = 0;
    enum err e = tally_add(&r->tables[REPORT_EVENTS], audit_event_id(b->event), 0, 1);
    r->entries++;
    annual_count(&r->annual, b);
    if (e == ERR_OK)
        e = count_grounds(r, b);
    if (e == ERR_OK)
        e = count_share(r, b);
    if (e == ERR_OK && column_of(b->event, &column)) {
        e = count_exchange(r, b, column);
        if (e == ERR_OK)
            e = count_month(r, b, column);
    }
    return e;
}

/* A small number of records is kept back, and with it the share that tells it. */
static void end_shares(struct tally *t, uint64_t least)
{
    for (size_t i = 0; i < t->count; i++) {
        struct tally_row *row = &t->rows[i];
        const uint64_t of = row->n[POPULATION] > 0 ? row->n[POPULATION] : 1;
        row->n[SHARE] = row->n[RECORDS] < UINT64_MAX / PER_MILLE ? row->n[RECORDS] * PER_MILLE / of : 0;
        row->is_kept_back[RECORDS] = row->n[RECORDS] > 0 && row->n[RECORDS] < least;
        row->is_kept_back[SHARE] = row->is_kept_back[RECORDS];
    }
}

/* Whether the count of a limit, among the grounds of refused requests, is kept back. */
static bool keeps_limits(const struct tally *grounds)
{
    for (size_t i = 0; i < grounds->count; i++)
        if (grounds->rows[i].is_kept_back[0] && annual_is_limit(report_key_part(grounds->rows[i].key, 1)))
            return true;
    return false;
}

void report_end(struct report *r)
{
    for (unsigned i = 0; i < REPORT_TABLE_COUNT; i++)
        if (i != REPORT_SHARES)
            tally_keep_back(&r->tables[i], r->least);
    end_shares(&r->tables[REPORT_SHARES], r->least);
    const struct annual_showing s = {.events = &r->tables[REPORT_EVENTS],
                                     .least = r->least,
                                     .is_partial = r->hidden > 0,
                                     .keeps_limits = keeps_limits(&r->tables[REPORT_GROUNDS])};
    annual_end(&r->annual, &s);
}

void report_clear(struct report *r)
{
    for (unsigned i = 0; i < REPORT_TABLE_COUNT; i++)
        tally_clear(&r->tables[i]);
}

struct bytes report_key_part(const char *key, unsigned part)
{
    while (part-- > 0) {
        const char *tab = strchr(key, '\t');
        if (tab == NULL)
            return bytes_str("");
        key = tab + 1;
    }
    const char *end = strchr(key, '\t');
    return bytes_of((const uint8_t *)key, end != NULL ? (size_t)(end - key) : strlen(key));
}

unsigned report_key_parts(const struct report_form *f)
{
    unsigned n = 0;
    while (n < ARRAY_LEN(f->key) && f->key[n].id != NULL)
        n++;
    return n;
}
