#include "agent/import/anew.h"

#include "agent/agent.h"

/* Of one source and purpose, while its data sets are gone through by ascending epoch. */
struct finding {
    struct agent *agent;
    struct kv_txn *txn;
    struct data_set_id last;  /* of the older epoch at hand */
    uint32_t from_set;        /* 0: no older epoch has any */
    uint32_t hash_no;
    struct anew_job first;
    uint32_t count;
};

/* Whether anything was contributed. What expired is found out when it is copied. */
static enum err has_any(struct finding *f, uint32_t data_set, bool *out)
{
    uint8_t room[4];
    struct buf prefix = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    buf_put_u32(&prefix, data_set);
    enum err bad =
        kv_iter_new(f->txn, store_kv_table(f->agent->store, STORE_LIVE), buf_bytes(&prefix), &it);
    if (bad == ERR_OK)
        bad = kv_iter_next(it, NULL, NULL);
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* The epoch lacks what an older one has, and its digests can be compared with those. */
static enum err is_lacking(struct finding *f, const struct data_set_id *id, bool *out)
{
    struct data_set set;
    int64_t at_s = 0;
    enum err bad = data_set_complete(f->agent->store, f->txn, id, &at_s);
    *out = false;
    if (bad != ERR_NOT_FOUND)
        return bad;
    bad = data_set_find(f->agent->store, f->txn, id, &set);
    *out = bad == ERR_NOT_FOUND || (bad == ERR_OK && set.hash_no == f->hash_no);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* All epochs of a source and purpose were seen. */
static enum err end_group(struct finding *f)
{
    uint32_t epochs[VIEW_ACTIVE_MAX];
    const size_t count = f->from_set != 0 ? agent_epochs(f->agent, &f->last.purpose, epochs) : 0;
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < count; i++) {
        const struct data_set_id to = {f->last.source, f->last.purpose, epochs[i]};
        bool lacks = false;
        if (epochs[i] <= f->last.epoch)
            continue;
        bad = is_lacking(f, &to, &lacks);
        if (bad == ERR_OK && lacks && f->count++ == 0)
            f->first = (struct anew_job){to, f->from_set};
    }
    f->from_set = 0;
    return bad;
}

/* A data set that copies can be made of: of an epoch that is or was active, below the newest. */
static enum err look_at(struct finding *f, const struct data_set_id *id, const struct data_set *set)
{
    uint32_t epochs[VIEW_ACTIVE_MAX];
    const enum epoch_state state = view_epoch_state(f->agent->view, &id->purpose, id->epoch);
    const size_t count = agent_epochs(f->agent, &id->purpose, epochs);
    bool any = false;
    if (count == 0 || epochs[count - 1] <= id->epoch ||
        (state != EPOCH_ACTIVE && state != EPOCH_RETIRED))
        return ERR_OK;
    enum err bad = has_any(f, set->no, &any);
    if (bad == ERR_OK && any) {
        f->last = *id;
        f->from_set = set->no;
        f->hash_no = set->hash_no;
    }
    return bad;
}

static bool same_group(const struct data_set_id *a, const struct data_set_id *b)
{
    return name_equal(&a->source, &b->source) && name_equal(&a->purpose, &b->purpose);
}

enum err anew_find(struct agent *a, struct kv_txn *txn, struct anew_job *first, uint32_t *count)
{
    struct finding f = {.agent = a, .txn = txn};
    struct data_set_id id;
    struct data_set_id before;
    struct data_set set;
    enum err bad = data_set_next(a->store, txn, NULL, &id, &set);
    while (bad == ERR_OK) {
        if (f.from_set != 0 && !same_group(&f.last, &id))
            bad = end_group(&f);
        if (bad == ERR_OK)
            bad = look_at(&f, &id, &set);
        before = id;
        if (bad == ERR_OK)
            bad = data_set_next(a->store, txn, &before, &id, &set);
    }
    if (bad == ERR_NOT_FOUND)
        bad = end_group(&f);
    *first = f.first;
    *count = f.count;
    return bad;
}
