#include "agent/ask/standing_show.h"

#include "agent/agent.h"
#include "agent/ask/ask.h"
#include "agent/ask/run.h"
#include "proto/base/log.h"

#define ROW_ARENA_BYTES ((size_t)1 << 16)
#define DAY_S INT64_C(86400)

bool standing_show_to(const struct call *c, const struct standing_row *k)
{
    const struct roster_officer *o = call_officer(c);
    const struct rule *r = policy_rule(view_policy(call_agent(c)->view), &k->rule);
    if (o == NULL)
        return false;
    for (uint32_t i = 0; r != NULL && i < r->functions_count; i++)
        if (roster_officer_is(o, &r->functions[i]))
            return true;
    return roster_officer_has(o, FUNCTION_PRIVACY_OFFICER);
}

enum standing_due standing_show_due(const struct agent *a, const struct standing_row *k)
{
    uint32_t epochs[VIEW_ACTIVE_MAX];
    const size_t count = run_epochs(a, &k->purpose, epochs, NULL);
    return standing_due_now(k, epochs, count, agent_now_s(a));
}

struct tally {
    size_t kept;
    size_t due;
    size_t by_epoch;
    size_t late;
    size_t unread; /* whosever they are */
};

/* Since when it is due: by its days, or since the custodian made the epoch active that it has not gone in. */
static int64_t due_since_s(const struct agent *a, const struct standing_row *k, enum standing_due due)
{
    uint32_t epochs[VIEW_ACTIVE_MAX];
    if (due == STANDING_TERM)
        return standing_next_s(k);
    const size_t count = run_epochs(a, &k->purpose, epochs, NULL);
    const uint32_t epoch = standing_new_epoch(k, epochs, count);
    const int64_t waited_s = standing_epoch_s(k, epoch, epochs, count);
    if (due == STANDING_EPOCH && waited_s > 0)
        return waited_s;
    const struct epoch_states *said = view_epoch_states(a->view, &k->purpose);
    const struct epoch_entry *e = said != NULL ? epoch_states_of(said, epoch) : NULL;
    return e != NULL && e->since_s > k->asked_s ? e->since_s : k->asked_s;
}

static void add(const struct agent *a, const struct standing_row *k, struct tally *t)
{
    const enum standing_due due = standing_show_due(a, k);
    t->kept++;
    if (due == STANDING_NOT_DUE)
        return;
    t->due++;
    t->by_epoch += due == STANDING_EPOCH;
    t->late += due_since_s(a, k, due) + STANDING_LATE_DAYS * DAY_S < agent_now_s(a);
}

/* c: whose they have to be to see; NULL: all. */
static enum err count(const struct agent *a, const struct call *c, struct tally *out)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ROW_ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct tally t = {.kept = 0};
    struct standing_row k;
    enum err bad = arena != NULL ? kv_read_begin(a->kv, &txn) : ERR_NOMEM;
    struct standing_walk walk = {.store = a->store, .txn = txn};
    while (bad == ERR_OK && (bad = standing_row_next(&walk, arena, &k)) == ERR_OK)
        if (c == NULL || standing_show_to(c, &k))
            add(a, &k, &t);
    if (bad != ERR_NOT_FOUND)
        return bad;
    *out = t;
    out->unread = walk.unread + (ask_of(a) != NULL ? ask_of(a)->standing_unread : 0);
    return ERR_OK;
}

enum err standing_show_status(const struct call *c, struct doc *whole)
{
    struct tally t;
    enum err bad = count(call_agent(c), c, &t);
    if (bad != ERR_OK || t.kept == 0)
        return bad;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "kept", (int64_t)t.kept);
    doc_put_int(&b, "due", (int64_t)t.due);
    doc_put_int(&b, "by_epoch", (int64_t)t.by_epoch);
    bad = doc_build_done(&b);
    struct doc_build w = doc_build_of(whole);
    if (bad == ERR_OK)
        doc_put_doc(&w, "standing", d);
    else
        doc_free(d);
    return bad == ERR_OK ? doc_build_done(&w) : bad;
}

static enum err add_unread(size_t count, struct doc *lines)
{
    char room[128];
    struct buf line = buf_fixed(room, sizeof room);
    buf_printf(&line, "standing requests: %zu cannot be read, and are not asked, covered or ended", count);
    const enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

enum err standing_show_alarms(const struct call *c, struct doc *lines)
{
    struct tally t;
    char room[128];
    struct buf line = buf_fixed(room, sizeof room);
    enum err bad = count(call_agent(c), c, &t);
    if (bad == ERR_OK && t.unread > 0)
        bad = add_unread(t.unread, lines);
    if (bad != ERR_OK || t.late == 0)
        return bad;
    buf_printf(&line, "standing requests: %zu have been due for more than %d days (sluis standing)", t.late,
               STANDING_LATE_DAYS);
    bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

void standing_show_notice(const struct agent *a, size_t *known)
{
    struct tally t;
    if (count(a, NULL, &t) != ERR_OK || t.by_epoch == *known)
        return;
    *known = t.by_epoch;
    log_notice("standing.due by_epoch=%zu kept=%zu", t.by_epoch, t.kept);
}
