/* What a running daemon says at its control socket: the roster in force, its epochs, its gate and its alarms. */
#include "pki/cli/pki/service_call.h"
#include "pki/cli/pki/status_table.h"
#include "proto/base/when.h"
#include "proto/json/doc.h"

#define WORD_MAX 64
#define LINE_MAX 600

/* A member's text in the arena; "-" where there is none. */
static const char *text_in(struct work *w, const struct doc *d, const char *key, size_t max)
{
    struct bytes text = {NULL, 0};
    if (doc_get_text(d, key, max, &text, NULL) != ERR_OK || text.len == 0)
        return "-";
    return arena_text(w->arena, text);
}

/* A member's time; 0 where there is none. */
static int64_t time_in(const struct doc *d, const char *key)
{
    struct bytes text;
    int64_t at_s = 0;
    if (doc_get_text(d, key, WHEN_TEXT_SIZE, &text, NULL) != ERR_OK || when_parse(text, &at_s) != ERR_OK)
        return 0;
    return at_s;
}

static int64_t int_in(const struct doc *d, const char *key)
{
    int64_t v = 0;
    return doc_get_int(d, key, 0, INT64_MAX, &v, NULL) == ERR_OK ? v : 0;
}

/* ---- roster and gate ---- */

static enum err add_roster(struct status_table *t, const char *who, int64_t serial, int64_t until_s)
{
    struct work *w = t->w;
    const bool is_over = w->now_s >= until_s;
    const bool is_soon = w->now_s >= until_s - TRUST_WARN_S;
    const struct status_row row = {.kind = "roster",
                                   .who = who,
                                   .version = status_text(w, "serial %lld", (long long)serial),
                                   .state = is_over ? "over" : "in force",
                                   .until_s = until_s,
                                   .grade = is_over ? 2 : is_soon ? 1 : 0,
                                   .next = is_soon ? "the registrar signs a new one: sluis-pki roster sign" : ""};
    return status_add(t, &row);
}

static enum err add_gate(struct status_table *t, const struct doc *d, const char *who)
{
    const char *gate = text_in(t->w, d, "gate", WORD_MAX);
    if (bytes_is(bytes_str(gate), "open") || bytes_is(bytes_str(gate), "-"))
        return ERR_OK;
    const struct status_row row = {.kind = "gate", .who = who, .version = "-", .state = gate, .grade = 2,
                                   .next = "nothing is served; see the log of the broker"};
    return status_add(t, &row);
}

/* ---- epochs ---- */

/* One of an agent's dealt_to, or of a broker's contributors. */
static enum err take_holder(struct work *w, const struct doc *d, const char **out)
{
    struct bytes oin = {NULL, 0};
    const enum err e = doc_has(d, "agency") ? doc_get_text(d, "agency", OIN_CHARS, &oin, &w->why)
                                            : doc_text_of(d, OIN_CHARS, &oin);
    *out = arena_text(w->arena, oin);
    return e == ERR_OK && *out == NULL ? ERR_NOMEM : e;
}

static enum err take_holders(struct work *w, const struct doc *d, struct status_row *row)
{
    const struct doc *list = NULL;
    if (doc_get_array(d, doc_has(d, "dealt_to") ? "dealt_to" : "contributors", &list, NULL) != ERR_OK ||
        doc_count(list) == 0)
        return ERR_OK;
    const char **oins = arena_array(w->arena, doc_count(list), sizeof *oins);
    enum err e = oins == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < doc_count(list); i++)
        e = take_holder(w, doc_at(list, i), &oins[i]);
    row->dealt_to = oins;
    row->dealt_to_count = e == ERR_OK ? doc_count(list) : 0;
    return e;
}

/* A broker's has an end and what to do next; an agent's says whether its key is there and the right one. */
static enum err add_epoch(struct status_table *t, const struct doc *d, const char *who)
{
    struct work *w = t->w;
    const char *state = text_in(w, d, "state", WORD_MAX);
    const char *next = text_in(w, d, "next", LINE_MAX);
    const bool is_active = bytes_is(bytes_str(state), "active");
    bool has_key = true;
    bool matches = true;
    const struct ending life = {.start_s = time_in(d, "dealt"), .end_s = time_in(d, "ends")};
    if (doc_has(d, "key") && doc_get_bool(d, "key", &has_key, &w->why) != ERR_OK)
        return ERR_INVALID;
    if (doc_has(d, "kcv_matches") && doc_get_bool(d, "kcv_matches", &matches, &w->why) != ERR_OK)
        return ERR_INVALID;
    struct status_row row = {.kind = "epoch",
                             .who = status_text(w, "%s at %s", text_in(w, d, "purpose", NAME_MAX_BYTES), who),
                             .version = status_text(w, "epoch %lld", (long long)int_in(d, "epoch")),
                             .state = state,
                             .until_s = life.end_s,
                             .next = bytes_is(bytes_str(next), "-") ? "" : next};
    if (is_active && life.end_s != 0)
        row.grade = ending_grade(&life, w->now_s);
    if (bytes_is(bytes_str(state), "suspended") || (is_active && (!has_key || !matches))) {
        row.grade = 2;
        row.next = row.next[0] != '\0' ? row.next : "sluis-pki epoch accept: the dealt key is not in this folder";
    }
    const enum err e = take_holders(w, d, &row);
    return e == ERR_OK ? status_add(t, &row) : e;
}

static enum err add_epochs(struct status_table *t, const struct doc *d, const char *key, const char *who)
{
    const struct doc *list = NULL;
    if (doc_get_array(d, key, &list, NULL) != ERR_OK)
        return ERR_OK;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < doc_count(list); i++)
        e = add_epoch(t, doc_at(list, i), who);
    return e;
}

/* ---- keys of stores and logs ---- */

static enum err add_storage(struct status_table *t, const struct doc *d, const char *who)
{
    struct work *w = t->w;
    const struct doc *of = NULL;
    if (doc_get_object(d, "storage_key", &of, NULL) != ERR_OK)
        return ERR_OK;
    const char *next = text_in(w, of, "next", LINE_MAX);
    const struct status_row row = {.kind = "storage",
                                   .who = status_text(w, "store of %s", who),
                                   .version = status_text(w, "%lld, seals %lld%%", (long long)int_in(of, "version"),
                                                          (long long)int_in(of, "percent")),
                                   .state = text_in(w, of, "state", WORD_MAX),
                                   .next = bytes_is(bytes_str(next), "-") ? "" : next};
    return status_add(t, &row);
}

/* The log of an agency: as the agency says, or as the broker that watches it. What is wrong is an alarm as well. */
static enum err add_own_log(struct status_table *t, const struct doc *of, const char *who)
{
    struct work *w = t->w;
    const struct doc *keys = NULL;
    const char *state = text_in(w, of, "state", WORD_MAX);
    const bool is_well = bytes_is(bytes_str(state), "ok") || bytes_is(bytes_str(state), "fresh");
    const size_t n = doc_get_array(of, "keys", &keys, NULL) == ERR_OK ? doc_count(keys) : 0;
    const struct status_row row = {.kind = "own log",
                                   .who = who,
                                   .version = status_text(w, "%zu key%s, %lld entries", n, n == 1 ? "" : "s",
                                                          (long long)int_in(of, "size")),
                                   .state = state,
                                   .grade = is_well ? 0 : 2,
                                   .next = is_well ? "" : "see operations.md, The agency's own log"};
    return status_add(t, &row);
}

static enum err add_agency_logs(struct status_table *t, const struct doc *d)
{
    const struct doc *of = NULL;
    const struct doc *list = NULL;
    if (doc_get_object(d, "agency_logs", &of, NULL) != ERR_OK || doc_get_array(of, "logs", &list, NULL) != ERR_OK)
        return ERR_OK;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < doc_count(list); i++)
        e = add_own_log(t, doc_at(list, i), text_in(t->w, doc_at(list, i), "agency", OIN_CHARS));
    return e;
}

static enum err add_witness(struct status_table *t, const struct doc *d)
{
    bool has_cosigned = false;
    enum err e = doc_get_bool(d, "cosigned", &has_cosigned, &t->w->why);
    const struct status_row row = {.kind = "witness",
                                   .who = text_in(t->w, d, "name", LINE_MAX),
                                   .version = "of the broker's log",
                                   .state = has_cosigned ? "cosigned" : doc_has(d, "away_until") ? "away" : "not cosigned",
                                   .next = ""};
    return e == ERR_OK ? status_add(t, &row) : e;
}

/* Whether each cosigned the head that is asked about now; a quorum that is missed for long is an alarm. */
static enum err add_witnesses(struct status_table *t, const struct doc *d)
{
    const struct doc *of = NULL;
    const struct doc *list = NULL;
    if (doc_get_object(d, "witnesses", &of, NULL) != ERR_OK || doc_get_array(of, "witnesses", &list, NULL) != ERR_OK)
        return ERR_OK;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < doc_count(list); i++)
        e = add_witness(t, doc_at(list, i));
    return e;
}

/* ---- what the daemon sees ending ---- */

static enum err add_ending(struct status_table *t, const struct doc *d, const char *at)
{
    struct work *w = t->w;
    const char *kind = text_in(w, d, "kind", WORD_MAX);
    const char *staff = text_in(w, d, "staff", NAME_MAX_BYTES);
    const char *fingerprint = text_in(w, d, "fingerprint", 2 * sizeof(struct digest));
    const bool is_person = !bytes_is(bytes_str(staff), "-");
    const struct status_row row = {
        .kind = kind,
        .who = status_text(w, "%s%s%s", text_in(w, d, "oin", OIN_CHARS), is_person ? " " : "", is_person ? staff : ""),
        .version = status_text(w, "sha256:%.16s", fingerprint),
        .state = "ends",
        .until_s = time_in(d, "ends"),
        .grade = int_in(d, "grade") > 1 ? 2 : 1,
        .next = status_text(w, "seen by %s; its owner: sluis-pki status --dir DIR says what to do", at)};
    return bytes_is(bytes_str(kind), "epoch") ? ERR_OK : status_add(t, &row); /* an epoch has its row */
}

static enum err add_endings(struct status_table *t, const struct doc *d, const char *at)
{
    const struct doc *list = NULL;
    if (t->w->o->dir != NULL || doc_get_array(d, "endings", &list, NULL) != ERR_OK)
        return ERR_OK; /* the folder has said it */
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < doc_count(list); i++)
        e = add_ending(t, doc_at(list, i), at);
    return e;
}

/* ---- alarms ---- */

static enum err add_alarms(struct status_table *t, const struct doc *d, const char *who)
{
    const struct doc *list = NULL;
    enum err e = doc_get_array(d, "alarms", &list, &t->w->why);
    for (size_t i = 0; e == ERR_OK && i < doc_count(list); i++) {
        struct bytes line = {NULL, 0};
        e = doc_text_of(doc_at(list, i), LINE_MAX, &line);
        const struct status_row row = {.kind = "alarm", .who = who, .version = "-", .state = "stands", .grade = 2,
                                       .next = arena_text(t->w->arena, line)};
        if (e == ERR_OK)
            e = status_add(t, &row);
    }
    return e;
}

static enum err add_broker(struct status_table *t, const struct doc *d)
{
    const char *who = text_in(t->w, d, "broker", OIN_CHARS);
    enum err e = add_roster(t, who, int_in(d, "roster_serial"), time_in(d, "roster_not_after"));
    if (e == ERR_OK)
        e = add_gate(t, d, who);
    if (e == ERR_OK)
        e = add_epochs(t, d, "epochs", who);
    if (e == ERR_OK)
        e = add_storage(t, d, who);
    if (e == ERR_OK)
        e = add_witnesses(t, d);
    if (e == ERR_OK)
        e = add_agency_logs(t, d);
    if (e == ERR_OK)
        e = add_endings(t, d, who);
    return e == ERR_OK ? add_alarms(t, d, who) : e;
}

static enum err add_agent(struct status_table *t, const struct doc *d)
{
    const char *who = text_in(t->w, d, "agency", OIN_CHARS);
    const struct doc *roster = NULL;
    const struct doc *own_log = NULL;
    enum err e = doc_get_object(d, "roster", &roster, &t->w->why);
    if (e == ERR_OK)
        e = add_roster(t, who, int_in(roster, "serial"), time_in(roster, "not_after"));
    if (e == ERR_OK)
        e = add_epochs(t, d, "purposes", who);
    if (e == ERR_OK)
        e = add_storage(t, d, who);
    if (e == ERR_OK && doc_get_object(d, "own_log", &own_log, NULL) == ERR_OK)
        e = add_own_log(t, own_log, who);
    if (e == ERR_OK)
        e = add_endings(t, d, who);
    return e == ERR_OK ? add_alarms(t, d, who) : e;
}

enum err status_service(struct status_table *t, const char *socket)
{
    struct work *w = t->w;
    struct doc *answer CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *ok = NULL;
    enum err e = service_call(socket, "status", NULL, &answer, &w->why);
    if (e != ERR_OK)
        return e;
    if (doc_get_object(answer, "ok", &ok, NULL) != ERR_OK)
        return errmsg_set(&w->why, ERR_PERMISSION, "%s: the service refuses; ask as its operator", socket);
    e = doc_has(ok, "broker") && doc_has(ok, "gate") ? add_broker(t, ok) : add_agent(t, ok);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", socket);
}
