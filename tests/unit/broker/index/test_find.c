/* The index beside a naive model: random batches, withdrawals, full imports, merges at any moment,
 * expiry, restarts. Whatever happened in the background, a look-up says what the model says. */
#include "tests/unit/broker/index/store.h"

#define AGENCIES 3u
#define TOKENS 40u
#define TYPES 3u
#define MODEL_MAX 120000u
#define HITS_MAX 4096u
#define STEPS 900u

struct known {
    uint32_t token;
    uint32_t agency;
    uint32_t handle;
    enum ident_type type;
    bool tombstone;
    bool pending;
    uint16_t category;
    uint32_t expires_day;
    uint32_t batch;
};

struct world {
    struct store_fixture f;
    uint64_t rng;
    struct known *published; /* in the order in which they took effect */
    size_t published_count;
    struct known *pending[AGENCIES];
    size_t pending_count[AGENCIES];
    uint32_t today;
    uint32_t next_handle;
    uint32_t next_batch;
    struct merge merge;
    bool merging;
    uint64_t merges;
    uint64_t look_ups;
    uint64_t hits;
};

static const struct name *purpose(void)
{
    static struct name n = {"riec-casus"};
    return &n;
}

static void to_entry(const struct known *k, uint8_t packed[static ENTRY_BYTES])
{
    struct entry e = {.type = k->type,
                      .tombstone = k->tombstone,
                      .category = k->category,
                      .expires_day = k->expires_day};
    fill16(e.token.b, k->token);
    fill16(e.handle.b, k->handle + 500000);
    entry_put(&e, packed);
}

/* What is added mostly has a fresh handle; sometimes one that exists or was withdrawn comes again.
 */
static struct known random_known(struct world *w, uint32_t agency, uint32_t batch)
{
    struct known k = {.token = below(&w->rng, TOKENS),
                      .agency = agency,
                      .handle = w->next_handle++,
                      .type = (enum ident_type)(1 + below(&w->rng, TYPES)),
                      .category = (uint16_t)(1 + below(&w->rng, 5)),
                      .expires_day = w->today + below(&w->rng, 30),
                      .batch = batch};
    if (w->published_count == 0 || below(&w->rng, 3) != 0)
        return k;
    const struct known *old = &w->published[below(&w->rng, (uint32_t)w->published_count)];
    k.token = old->token;
    k.type = old->type;
    k.handle = old->handle;
    k.tombstone = below(&w->rng, 4) != 0;
    return k;
}

static bool same_key(const struct known *a, const struct known *b)
{
    return a->token == b->token && a->type == b->type && a->agency == b->agency &&
           a->handle == b->handle;
}

static size_t make_batch(struct world *w, uint32_t agency, struct known *out, size_t want)
{
    size_t n = 0;
    for (size_t i = 0; i < want; i++) {
        struct known k = random_known(w, agency, w->next_batch);
        bool twice = false;
        for (size_t j = 0; j < n && !twice; j++)
            twice = same_key(&k, &out[j]);
        if (!twice)
            out[n++] = k;
    }
    return n;
}

static void remember(struct world *w, const struct known *v, size_t n, bool pending)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t a = v[i].agency;
        if (pending)
            w->pending[a][w->pending_count[a]++] = v[i];
        else
            w->published[w->published_count++] = v[i];
        assert_true(w->published_count < MODEL_MAX && w->pending_count[a] < MODEL_MAX);
    }
}

static struct batch_id batch_of(uint32_t n)
{
    struct batch_id id;
    fill16(id.b, n + 9000000);
    return id;
}

static void add_batch(struct world *w, bool pending)
{
    struct known made[200];
    uint32_t agency = below(&w->rng, AGENCIES);
    size_t n = make_batch(w, agency, made, 1 + below(&w->rng, 200));
    uint8_t *packed = malloc(n * ENTRY_BYTES);
    for (size_t i = 0; i < n; i++)
        to_entry(&made[i], packed + i * ENTRY_BYTES);
    entry_sort(packed, n);
    assert_false(entry_is_repeated(packed, n));
    struct fresh fresh = {.agency = agency_of(agency),
                          .batch = batch_of(w->next_batch++),
                          .packed = packed,
                          .count = n};
    while (fresh.written < fresh.count) {
        struct kv_txn *t = store_begin(&w->f);
        assert_int_equal(fresh_slice(w->f.ix, t, &fresh), ERR_OK);
        store_commit(t);
    }
    struct kv_txn *t = store_begin(&w->f);
    struct list_id list = {*purpose(), 1, pending ? fresh.agency_number : 0};
    bool accepted = below(&w->rng, 8) != 0;
    if (accepted)
        assert_int_equal(list_add(w->f.ix, t, &list, &fresh.row), ERR_OK);
    else
        assert_int_equal(fresh_discard(w->f.ix, t, &fresh), ERR_OK);
    store_commit(t);
    if (accepted)
        remember(w, made, n, pending);
    free(packed);
}

static void end_import(struct world *w, bool keep)
{
    uint32_t a = below(&w->rng, AGENCIES);
    struct agency_id id = agency_of(a);
    struct list_id list = {*purpose(), 1, 0};
    struct kv_txn *t = store_begin(&w->f);
    assert_int_equal(short_agency_make(w->f.ix, t, &id, &list.agency), ERR_OK);
    if (keep) {
        remember(w, w->pending[a], w->pending_count[a], false);
        assert_int_equal(list_publish(w->f.ix, t, &list), ERR_OK);
    } else {
        assert_int_equal(list_drop(w->f.ix, t, &list), ERR_OK);
    }
    store_commit(t);
    w->pending_count[a] = 0;
}

static void abandon(struct world *w)
{
    struct kv_txn *t = store_begin(&w->f);
    assert_int_equal(merge_abandon(w->f.ix, t, &w->merge), ERR_OK);
    store_commit(t);
    merge_clear(&w->merge);
    w->merging = false;
}

static void start_merge(struct world *w, bool sweep)
{
    struct kv_txn *t = store_begin(&w->f);
    enum err e = sweep ? merge_plan_expiry(w->f.ix, t, w->today, NULL, &w->merge)
                       : merge_plan(w->f.ix, t, w->today, &w->merge);
    store_commit(t);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    w->merging = e == ERR_OK;
}

static void merge_on(struct world *w)
{
    struct kv_txn *t = store_begin(&w->f);
    bool ends = w->merge.at_end;
    enum err e = ends ? merge_finish(w->f.ix, t, &w->merge) : merge_slice(w->f.ix, t, &w->merge, 0);
    if (e == ERR_STATE) {
        kv_write_abort(t);
        abandon(w);
        return;
    }
    assert_int_equal(e, ERR_OK);
    store_commit(t);
    if (ends) {
        merge_clear(&w->merge);
        w->merging = false;
        w->merges++;
    }
}

static void purge(struct world *w)
{
    bool more = false;
    struct kv_txn *t = store_begin(&w->f);
    assert_int_equal(run_purge(w->f.ix, t, 1 + below(&w->rng, 40), &more), ERR_OK);
    store_commit(t);
}

static void restart(struct world *w)
{
    merge_clear(&w->merge);
    w->merging = false;
    store_close(&w->f);
    store_open(&w->f);
    struct kv_txn *t = store_begin(&w->f);
    assert_int_equal(run_doom_unfinished(w->f.ix, t), ERR_OK);
    store_commit(t);
}

/* The newest entry of each handle, in the order in which they took effect; live ones only. */
static size_t model_find(const struct world *w, const struct known *q, struct known *out)
{
    size_t n = 0;
    for (size_t i = w->published_count; i-- > 0;) {
        const struct known *k = &w->published[i];
        if (k->token != q->token || k->type != q->type || k->agency != q->agency)
            continue;
        bool newer = false;
        for (size_t j = 0; j < n && !newer; j++)
            newer = out[j].handle == k->handle;
        if (!newer)
            out[n++] = *k;
    }
    size_t live = 0;
    for (size_t i = 0; i < n; i++) {
        if (!out[i].tombstone && out[i].expires_day > w->today)
            out[live++] = out[i];
    }
    return live;
}

static int by_handle(const void *a, const void *b)
{
    const struct known *x = a;
    const struct known *y = b;
    uint8_t hx[16];
    uint8_t hy[16];
    fill16(hx, x->handle + 500000);
    fill16(hy, y->handle + 500000);
    return memcmp(hx, hy, 16);
}

static void assert_hit(const struct index_hit *hit, const struct known *k)
{
    struct handle h;
    fill16(h.b, k->handle + 500000);
    assert_memory_equal(hit->handle.b, h.b, 16);
    assert_int_equal(hit->category, k->category);
    assert_int_equal(hit->expires_day, k->expires_day);
    struct batch_id id = batch_of(k->batch);
    assert_memory_equal(hit->batch.b, id.b, 16);
}

static void check_one(struct world *w, struct kv_txn *t, const struct known *q)
{
    static struct known want[MODEL_MAX];
    static struct index_hit got[HITS_MAX];
    struct index_query query = {*purpose(), 1, agency_of(q->agency), w->today};
    struct token token;
    fill16(token.b, q->token);
    size_t n = model_find(w, q, want);
    qsort(want, n, sizeof *want, by_handle);
    size_t max = below(&w->rng, 3) == 0 ? 1 + below(&w->rng, 5) : HITS_MAX;
    size_t count = 0;
    assert_int_equal(index_find(w->f.ix, t, &query, q->type, &token, got, max, &count), ERR_OK);
    assert_int_equal(count, n < max ? n : max);
    for (size_t i = 0; i < count; i++)
        assert_hit(&got[i], &want[i]);
    struct handle h;
    fill16(h.b, q->handle + 500000);
    struct index_hit one;
    enum err e = index_live(w->f.ix, t, &query, q->type, &token, &h, &one);
    size_t at = 0;
    while (at < n && want[at].handle != q->handle)
        at++;
    assert_int_equal(e, at < n ? ERR_OK : ERR_NOT_FOUND);
    if (at < n)
        assert_hit(&one, &want[at]);
    w->look_ups++;
    w->hits += count;
}

static void check(struct world *w, size_t times)
{
    struct kv_txn *t = NULL;
    assert_int_equal(kv_read_begin(w->f.kv, &t), ERR_OK);
    for (size_t i = 0; i < times; i++) {
        struct known q = random_known(w, below(&w->rng, AGENCIES), 0);
        check_one(w, t, &q);
    }
    kv_read_end(t);
}

static void step(struct world *w)
{
    uint32_t dice = below(&w->rng, 100);
    if (dice < 45)
        add_batch(w, dice < 15);
    else if (dice < 50)
        end_import(w, dice < 48);
    else if (dice < 52)
        w->today++;
    else if (dice < 54)
        restart(w);
    else if (dice < 60)
        purge(w);
    else if (w->merging && dice == 60)
        abandon(w);
    else if (w->merging)
        merge_on(w);
    else
        start_merge(w, dice < 65);
}

static void test_look_ups_agree_with_a_naive_model(void **state)
{
    (void)state;
    struct world w = {.rng = test_seed(), .today = 20000, .next_handle = 1, .next_batch = 1};
    w.published = malloc(MODEL_MAX * sizeof *w.published);
    for (size_t i = 0; i < AGENCIES; i++)
        w.pending[i] = malloc(MODEL_MAX * sizeof *w.pending[i]);
    store_make(&w.f);
    for (unsigned i = 0; i < STEPS; i++) {
        step(&w);
        check(&w, 3);
    }
    check(&w, 100);
    print_message("%llu merges, %llu look-ups, %llu hits, %zu entries\n",
                  (unsigned long long)w.merges, (unsigned long long)w.look_ups,
                  (unsigned long long)w.hits, w.published_count);
    assert_true(w.merges > 5 && w.hits > 1000);
    merge_clear(&w.merge);
    store_remove(&w.f);
    for (size_t i = 0; i < AGENCIES; i++)
        free(w.pending[i]);
    free(w.published);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_ups_agree_with_a_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
