#include "agent/own_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/store.h"
#include "pki/logbook/logbook.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"
#include "proto/log/note.h"
#include "proto/policy/policy.h"

#define ENTRY_ARENA_BYTES ((size_t)1 << 20)
#define VALUES_ARENA_BYTES ((size_t)64 << 10)
#define DAY_S INT64_C(86400)

struct own_log {
    struct logbook *book;
    struct touch_index *index;
    struct arena *arena; /* store thread: one entry at a time */
    char origin[NOTE_MAX_NAME + 1];
};

/* ---- an entry with its effect ---- */

static void put_act(const struct own_entry *e, struct audit_body *b)
{
    b->event = e->event;
    b->rule_version = e->rule_version;
    b->key_version = e->key_version;
    b->reasons = e->reasons;
    b->reasons_count = e->reasons_count;
    b->has_count = e->count != 0;
    b->count = e->count;
    b->has_policy_digest = e->policy != NULL;
    if (e->peer != NULL)
        b->peer = *e->peer;
    if (e->rule != NULL)
        b->rule = *e->rule;
    if (e->policy != NULL)
        b->policy_digest = *e->policy;
}

static enum err fill_body(const struct agent *a, const struct own_entry *e, struct arena *arena,
                          struct audit_body *b)
{
    const struct logbook_facts facts = {e->judged, e->facts, e->facts_count};
    put_act(e, b);
    enum err bad = logbook_put_facts(&facts, arena, b);
    if (bad == ERR_OK && e->decision != NULL)
        bad = audit_body_set_decision(b, e->decision, arena);
    if (bad != ERR_OK || e->staff == NULL)
        return bad;
    struct name *pseudonym = arena_alloc(arena, sizeof *pseudonym);
    bad = pseudonym != NULL ? agent_pseudonym(a, e->staff, b->ts, pseudonym) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    b->actor = a->config->oin;
    b->staff = name_bytes(pseudonym);
    return ERR_OK;
}

/* The same act in the index, under the entry that tells it. */
static enum err index_entry(const struct agent *a, struct kv_txn *txn, const struct own_entry *e, int64_t at_s,
                            const struct digest *entry)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < e->touched_count; i++) {
        const struct own_touch *to = &e->touched[i];
        struct touch t = {
            .thread = to->thread, .group = to->group, .event = e->event, .at_s = at_s, .entry = *entry};
        if (e->peer != NULL)
            t.peer = *e->peer;
        if (to->outcome != NULL)
            snprintf(t.outcome, sizeof t.outcome, "%s", to->outcome);
        bad = touch_add(a->own_log->index, txn, &t);
    }
    return bad;
}

static enum err append(const struct agent *a, struct kv_txn *txn, const struct own_entry *e, struct digest *entry)
{
    struct own_log *l = a->own_log;
    arena_reset(l->arena);
    struct audit_body *b = arena_alloc(l->arena, sizeof *b);
    if (b == NULL)
        return ERR_NOMEM;
    b->ts = agent_now_s(a);
    enum err bad = fill_body(a, e, l->arena, b);
    if (bad != ERR_OK)
        return bad;
    const struct logbook_new_entry n = {.body = b, .request = e->request, .case_id = e->case_id};
    bad = logbook_append(l->book, txn, &n, entry);
    if (bad == ERR_OK)
        bad = index_entry(a, txn, e, b->ts, entry);
    crash_point("own_log.appended");
    return bad;
}

enum err own_log_append(const struct agent *a, struct kv_txn *txn, const struct own_entry *e)
{
    struct digest entry;
    return append(a, txn, e, &entry);
}

struct touch_index *own_log_index(const struct own_log *l)
{
    return l->index;
}

enum err own_log_marks(const struct agent *a, const struct norm_ident *ids, size_t count, uint32_t group,
                       struct touch_named *out)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < count; i++) {
        out[i].group = group;
        out[i].type = ids[i].type;
        bad = touch_mark(a->own_log->index, &ids[i], &out[i].mark);
    }
    return bad;
}

enum err own_log_begin_touch(const struct agent *a, struct kv_txn *txn, const struct touch_start *start)
{
    return touch_begin(a->own_log->index, txn, start);
}

/* For how many days something of a question may be kept: its entries, and what came of it with what
 * two persons may add. */
static int64_t kept_days(const struct retention *r)
{
    const uint32_t data = r->release > r->hit ? r->release : r->hit;
    const int64_t longest = (int64_t)data + r->extension;
    return longest > r->log ? longest : r->log;
}

struct touch_terms own_log_terms(const struct rule *r, const struct digest *policy, int64_t now_s, int64_t ends_s)
{
    const int64_t from_s = ends_s > now_s ? ends_s : now_s;
    return (struct touch_terms){
        .rule = r->id,
        .rule_version = r->version,
        .policy = *policy,
        .is_deferred = r->subject == NULL || r->subject->inform != INFORM_INFORM,
        .review_days = r->subject != NULL ? r->subject->review_days : 0,
        .began_s = now_s,
        .ends_s = from_s + kept_days(&r->retention) * DAY_S,
    };
}

struct saying {
    struct agent *agent;
    enum audit_event event;
};

static enum err say_job(struct kv_txn *txn, void *arg)
{
    const struct saying *s = arg;
    const struct own_entry e = {.event = s->event};
    return own_log_append(s->agent, txn, &e);
}

enum err own_log_say(struct agent *a, enum audit_event event)
{
    struct saying s = {a, event};
    return writer_run(a->writer, say_job, &s);
}

/* ---- a look ---- */

/* An answer that waits for its entry, with copies of what the entry tells. */
struct showing {
    struct call *call;
    struct doc *ok;
    struct arena *arena; /* of the values */
    bool names_entry;    /* the answer says as which entry */
    struct digest digest;
    struct own_entry entry;
    struct name staff;
    struct agency_id peer;
    struct name rule;
    struct digest policy;
    struct digest request;
    struct case_id case_id;
};

static void showing_free(struct showing *s)
{
    if (s == NULL)
        return;
    doc_free(s->ok);
    arena_free(s->arena);
    free(s);
}
DEFINE_CLEANUP(struct showing, showing_free)

static enum err keep_values(struct showing *s, const struct own_entry *e)
{
    struct audit_fact *facts = arena_array(s->arena, e->facts_count, sizeof *facts);
    if (facts == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < e->facts_count; i++) {
        facts[i] = e->facts[i];
        facts[i].name = arena_copy(s->arena, e->facts[i].name);
        facts[i].text = arena_copy(s->arena, e->facts[i].text);
        if (facts[i].name.ptr == NULL || facts[i].text.len != e->facts[i].text.len)
            return ERR_NOMEM;
    }
    s->entry.facts = facts;
    struct own_touch *touched = arena_array(s->arena, e->touched_count, sizeof *touched);
    if (touched == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < e->touched_count; i++) {
        touched[i] = e->touched[i];
        if (touched[i].outcome != NULL &&
            (touched[i].outcome = arena_text(s->arena, bytes_str(touched[i].outcome))) == NULL)
            return ERR_NOMEM;
    }
    s->entry.touched = touched;
    return ERR_OK;
}

static void keep(struct showing *s, const struct own_entry *e)
{
    s->entry = *e;
    s->entry.judged = NULL;
    s->entry.decision = NULL;
    s->entry.reasons_count = 0;
#define KEEP(member)                                                                               \
    do {                                                                                           \
        if (e->member != NULL) {                                                                   \
            s->member = *e->member;                                                                \
            s->entry.member = &s->member;                                                          \
        }                                                                                          \
    } while (0)
    KEEP(staff);
    KEEP(peer);
    KEEP(rule);
    KEEP(policy);
    KEEP(request);
    KEEP(case_id);
#undef KEEP
}

static enum err show_job(struct kv_txn *txn, void *arg)
{
    struct showing *s = arg;
    return append(call_agent(s->call), txn, &s->entry, &s->digest);
}

static void logged(enum err result, void *arg)
{
    CLEANUP(cleanup_showing_free) struct showing *s = arg;
    crash_point("own_log.look_logged");
    struct doc_build b = doc_build_of(s->ok);
    if (result == ERR_OK && s->names_entry) {
        doc_put_hex(&b, "entry", digest_bytes(&s->digest));
        result = doc_build_done(&b);
    }
    if (result == ERR_OK) {
        call_ok(s->call, take(s->ok));
        return;
    }
    struct errmsg why = {""};
    errmsg_set(&why, result, "that you look at it cannot be logged, so it is not shown: %s",
               err_text(result));
    call_error(s->call, result, &why);
}

static void show(struct call *c, const struct own_entry *e, struct doc *ok, bool names_entry)
{
    CLEANUP(cleanup_showing_free) struct showing *s = calloc(1, sizeof *s);
    if (s == NULL || ok == NULL) {
        doc_free(ok);
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    s->call = c;
    s->ok = ok;
    s->names_entry = names_entry;
    s->arena = arena_new(VALUES_ARENA_BYTES);
    keep(s, e);
    enum err bad = s->arena != NULL ? keep_values(s, e) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = writer_submit(call_agent(c)->writer, WRITER_INTERACTIVE, show_job, logged, s);
    if (bad != ERR_OK)
        logged(bad, take(s));
    else
        s = NULL;
}

void own_log_show(struct call *c, const struct own_entry *e, struct doc *ok)
{
    show(c, e, ok, false);
}

void own_log_record(struct call *c, const struct own_entry *e)
{
    show(c, e, doc_new_object(), true);
}

/* ---- life ---- */

enum err own_log_new(struct agent *a, struct own_log **out, struct errmsg *why)
{
    CLEANUP(cleanup_own_log_free) struct own_log *l = calloc(1, sizeof *l);
    struct log_tables tables;
    if (l == NULL || (l->arena = arena_new(ENTRY_ARENA_BYTES)) == NULL)
        return ERR_NOMEM;
    const int n = snprintf(l->origin, sizeof l->origin, "%s/log/%s", a->config->deployment.s,
                           a->config->oin.oin);
    if (n < 0 || (size_t)n >= sizeof l->origin)
        return errmsg_set(why, ERR_TOO_LARGE, "the name of the deployment is too long for a log");
    store_log(a->store, &tables);
    const struct logbook_params p = {.tables = &tables, .records = store_vault(a->store)};
    enum err bad = logbook_new(&p, &l->book);
    if (bad == ERR_OK)
        bad = touch_index_new(a->store, &l->index);
    if (bad == ERR_OK)
        *out = take(l);
    return bad;
}

void own_log_free(struct own_log *l)
{
    if (l == NULL)
        return;
    logbook_free(l->book);
    touch_index_free(l->index);
    arena_free(l->arena);
    free(l);
}

const char *own_log_origin(const struct own_log *l)
{
    return l->origin;
}

struct logbook *own_log_book(const struct own_log *l)
{
    return l->book;
}
