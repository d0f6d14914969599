#include "agent/import/anew.h"

#include "agent/agent.h"

/* What copies can be made of. */
struct candidate {
    uint32_t no; /* of the data set; 0: none */
    uint32_t hash_no;
    uint32_t epoch;
    unsigned rank;
};

/* Of one source and purpose, while its data sets are gone through by ascending epoch. */
struct finding {
    struct agent *agent;
    struct kv_txn *txn;
    bool has_group;
    struct data_set_id group; /* its last one */
    struct candidate best[VIEW_ACTIVE_MAX]; /* for each active epoch, among the older ones */
    uint32_t epochs[VIEW_ACTIVE_MAX];
    size_t epoch_count;
    const struct data_set_id *after;
    bool is_past;  /* after was seen */
    bool is_found; /* next lies behind it */
    struct anew_job next;
    uint32_t count;
};

/* Whether anything was contributed. What expired is found out when it is copied. */
static enum err has_any(struct agent *a, struct kv_txn *txn, uint32_t data_set, bool *out)
{
    uint8_t room[4];
    struct buf prefix = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    buf_put_u32(&prefix, data_set);
    enum err bad = kv_iter_new(txn, store_kv_table(a->store, STORE_LIVE), buf_bytes(&prefix), &it);
    if (bad == ERR_OK)
        bad = kv_iter_next(it, NULL, NULL);
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err is_complete(struct agent *a, struct kv_txn *txn, const struct data_set_id *id,
                            bool *out)
{
    int64_t at_s = 0;
    enum err bad = data_set_complete(a->store, txn, id, &at_s);
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* The epoch lacks what an older one has, and its digests can be compared with those. */
static enum err is_lacking(struct agent *a, struct kv_txn *txn, const struct data_set_id *id,
                           uint32_t hash_no, bool *out)
{
    struct data_set set;
    bool all = false;
    enum err bad = is_complete(a, txn, id, &all);
    *out = false;
    if (bad != ERR_OK || all)
        return bad;
    bad = data_set_find(a->store, txn, id, &set);
    *out = bad == ERR_NOT_FOUND || (bad == ERR_OK && set.hash_no == hash_no);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static bool same_group(const struct data_set_id *a, const struct data_set_id *b)
{
    return name_equal(&a->source, &b->source) && name_equal(&a->purpose, &b->purpose);
}

static void add_job(struct finding *f, const struct anew_job *job)
{
    const struct data_set_id *after = f->after;
    if (f->count++ == 0 || (f->is_past && !f->is_found)) {
        f->next = *job;
        f->is_found = f->is_past;
    }
    if (after != NULL && same_group(&job->to, after) && job->to.epoch == after->epoch)
        f->is_past = true;
}

/* All epochs of a source and purpose were seen. */
static enum err end_group(struct finding *f)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && f->has_group && i < f->epoch_count; i++) {
        const struct data_set_id to = {f->group.source, f->group.purpose, f->epochs[i]};
        bool lacks = false;
        if (f->best[i].no == 0)
            continue;
        bad = is_lacking(f->agent, f->txn, &to, f->best[i].hash_no, &lacks);
        if (bad == ERR_OK && lacks)
            add_job(f, &(struct anew_job){to, f->best[i].no});
    }
    f->has_group = false;
    return bad;
}

/* What was complete says all of the source, up to when its epoch ended; what is active, until now. */
static unsigned rank_of(enum epoch_state state, bool all)
{
    const unsigned serves = state == EPOCH_ACTIVE ? 3 : state == EPOCH_RETIRED ? 2 : 1;
    return all ? 3 + serves : serves;
}

static void offer(struct finding *f, const struct candidate *c)
{
    for (size_t i = 0; i < f->epoch_count; i++)
        if (f->epochs[i] > c->epoch && c->rank >= f->best[i].rank)
            f->best[i] = *c;
}

/* Also of one that does not count any more, whose custodian was struck off. */
static bool is_source(enum epoch_state state)
{
    return state != EPOCH_DEALT && state != EPOCH_DESTROYED;
}

static enum err look_at(struct finding *f, const struct data_set_id *id, const struct data_set *set)
{
    const enum epoch_state state = view_epoch_state(f->agent->view, &id->purpose, id->epoch);
    bool any = false;
    bool all = false;
    if (!f->has_group) {
        memset(f->best, 0, sizeof f->best);
        f->epoch_count = agent_epochs(f->agent, &id->purpose, f->epochs);
    }
    f->has_group = true;
    f->group = *id;
    if (!is_source(state))
        return ERR_OK;
    enum err bad = has_any(f->agent, f->txn, set->no, &any);
    if (bad == ERR_OK)
        bad = is_complete(f->agent, f->txn, id, &all);
    const struct candidate c = {set->no, set->hash_no, id->epoch, rank_of(state, all)};
    if (bad == ERR_OK && any)
        offer(f, &c);
    return bad;
}

enum err anew_find(struct agent *a, struct kv_txn *txn, const struct data_set_id *after, struct anew_job *next,
                   uint32_t *count)
{
    struct finding f = {.agent = a, .txn = txn, .after = after};
    struct data_set_id id;
    struct data_set_id before;
    struct data_set set;
    enum err bad = data_set_next(a->store, txn, NULL, &id, &set);
    while (bad == ERR_OK) {
        if (f.has_group && !same_group(&f.group, &id))
            bad = end_group(&f);
        if (bad == ERR_OK)
            bad = look_at(&f, &id, &set);
        before = id;
        if (bad == ERR_OK)
            bad = data_set_next(a->store, txn, &before, &id, &set);
    }
    if (bad == ERR_NOT_FOUND)
        bad = end_group(&f);
    *next = f.next;
    *count = f.count;
    return bad;
}

/* An agency that the roster does not list for the purpose any more contributes nothing in it. */
static bool has_left(const struct agent *a, const struct name *purpose)
{
    const struct roster_member *own = agent_member(a);
    return own != NULL && !name_list_has(own->purposes, name_bytes(purpose));
}

enum err anew_needs(struct agent *a, struct kv_txn *txn, const struct data_set_id *id,
                    const struct data_set *set, bool *out)
{
    uint32_t epochs[VIEW_ACTIVE_MAX];
    const size_t count = agent_epochs(a, &id->purpose, epochs);
    enum err bad = has_any(a, txn, set->no, out);
    if (bad == ERR_OK && has_left(a, &id->purpose))
        *out = false;
    for (size_t i = 0; bad == ERR_OK && *out && i < count; i++) {
        const struct data_set_id to = {id->source, id->purpose, epochs[i]};
        if (epochs[i] > id->epoch)
            bad = is_lacking(a, txn, &to, set->hash_no, out);
        else
            *out = false; /* an older one that is active was kept up to date beside it */
    }
    return bad;
}
