/* broker/index/keeper: what runs in the background loses nothing, also when it is killed at its
 * worst moments, and takes out what has expired. Built with SLUIS_CRASH_POINTS. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/broker/index/store.h"

#include "broker/index/keeper.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define BATCHES 40u
#define RECORDS 500u /* in a batch */
#define DAY_S 86400
#define START_S (INT64_C(20000) * DAY_S)
#define EXPIRES_DAY 20010u

struct tended {
    struct store_fixture f;
    struct loop *loop;
    struct writer *w;
    struct keeper *k;
    struct clock clock;
    int64_t now_s;
    uint64_t expired;
    enum err expired_answer;
    /* the batch under way */
    uint32_t batch;
    uint8_t packed[RECORDS * ENTRY_BYTES];
    struct fresh fresh;
    struct keeper_write write;
    uint16_t agency; /* not 0: into the import's list */
    bool done;
    int acks;
};

static int64_t wall_ms(void *arg)
{
    const struct tended *t = arg;
    return t->now_s * 1000;
}

static enum err note_expired(void *arg, struct kv_txn *txn, const struct list_id *list,
                             uint64_t count, int64_t now_s)
{
    struct tended *t = arg;
    (void)txn;
    if (list->agency != 0 || now_s != t->now_s)
        return ERR_STATE;
    if (t->expired_answer == ERR_OK)
        t->expired += count;
    return t->expired_answer;
}

static void start(struct tended *t)
{
    store_open(&t->f);
    assert_int_equal(loop_new(&t->loop), ERR_OK);
    const struct writer_params wp = {.kv = t->f.kv, .loop = t->loop};
    assert_int_equal(writer_new(&wp, &t->w), ERR_OK);
    t->clock = (struct clock){wall_ms, t};
    const struct keeper_params kp = {.index = t->f.ix,
                                     .writer = t->w,
                                     .loop = t->loop,
                                     .clock = &t->clock,
                                     .expired = note_expired,
                                     .arg = t};
    assert_int_equal(keeper_new(&kp, &t->k), ERR_OK);
}

static void stop(struct tended *t)
{
    writer_free(t->w);
    keeper_free(t->k);
    loop_free(t->loop);
    store_close(&t->f);
}

static struct tended *make(void)
{
    struct tended *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->now_s = START_S;
    host_tmp_make(&t->f.tmp);
    snprintf(t->f.dir, sizeof t->f.dir, "%s", host_tmp_path(&t->f.tmp, "s"));
    return t;
}

static void destroy(struct tended *t)
{
    host_tmp_remove(&t->f.tmp);
    free(t);
}

static void settle(struct tended *t)
{
    keeper_kick(t->k);
    for (int i = 0; i < 20000 && !keeper_is_idle(t->k); i++)
        assert_int_equal(loop_turn(t->loop, 1), ERR_OK);
    assert_true(keeper_is_idle(t->k));
}

static struct list_id list_of(uint16_t agency)
{
    return (struct list_id){.purpose = name_of("riec-casus"), .epoch = 1, .agency = agency};
}

static void make_entries(struct tended *t, uint32_t batch)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct entry e = {
            .type = IDENT_BSN, .category = 1, .expires_day = EXPIRES_DAY + (i % 2) * 100};
        fill16(e.token.b, batch * RECORDS + i);
        fill16(e.handle.b, 7000000 + batch * RECORDS + i);
        entry_put(&e, t->packed + (size_t)i * ENTRY_BYTES);
    }
    entry_sort(t->packed, RECORDS);
    t->fresh = (struct fresh){.agency = agency_of(1), .packed = t->packed, .count = RECORDS};
    fill16(t->fresh.batch.b, 9000000 + batch);
}

static enum err list_job(struct kv_txn *txn, void *arg)
{
    struct tended *t = arg;
    struct list_id list = list_of(t->agency);
    return list_add(t->f.ix, txn, &list, &t->fresh.row);
}

static void listed(enum err result, void *arg)
{
    struct tended *t = arg;
    assert_int_equal(result, ERR_OK);
    if (t->acks > 0 && write(t->acks, &t->batch, sizeof t->batch) != (ssize_t)sizeof t->batch)
        _exit(3);
    t->done = true;
    keeper_kick(t->k);
}

static void written(enum err result, void *arg)
{
    struct tended *t = arg;
    assert_int_equal(result, ERR_OK);
    assert_int_equal(writer_submit(t->w, WRITER_INTERACTIVE, list_job, listed, t), ERR_OK);
}

static void add(struct tended *t, uint32_t batch)
{
    make_entries(t, batch);
    t->batch = batch;
    t->done = false;
    t->write = (struct keeper_write){.f = &t->fresh, .done = written, .arg = t};
    keeper_write(t->k, &t->write);
    while (!t->done)
        assert_int_equal(loop_turn(t->loop, 5), ERR_OK);
}

/* How many records of a batch are live. */
static uint32_t live(struct tended *t, uint32_t batch)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(t->f.kv, &txn), ERR_OK);
    const struct index_query q = {name_of("riec-casus"), 1, agency_of(1),
                                  (uint32_t)when_day(t->now_s)};
    uint32_t n = 0;
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct token token;
        struct handle h;
        struct index_hit hit;
        fill16(token.b, batch * RECORDS + i);
        fill16(h.b, 7000000 + batch * RECORDS + i);
        enum err e = index_live(t->f.ix, txn, &q, IDENT_BSN, &token, &h, &hit);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
        n += e == ERR_OK;
    }
    kv_read_end(txn);
    return n;
}

struct size {
    uint64_t lists;
    uint64_t runs;
    uint64_t blocks;
};

static struct size size_of(struct tended *t)
{
    struct kv_txn *txn = NULL;
    struct kv_table_stats s[4];
    assert_int_equal(kv_read_begin(t->f.kv, &txn), ERR_OK);
    assert_int_equal(kv_table_stats(txn, t->f.ix->lists, &s[0]), ERR_OK);
    assert_int_equal(kv_table_stats(txn, t->f.ix->runs, &s[1]), ERR_OK);
    assert_int_equal(kv_table_stats(txn, t->f.ix->blocks[RUN_FRESH], &s[2]), ERR_OK);
    assert_int_equal(kv_table_stats(txn, t->f.ix->blocks[RUN_MERGED], &s[3]), ERR_OK);
    kv_read_end(txn);
    return (struct size){s[0].entries, s[1].entries, s[2].entries + s[3].entries};
}

static void test_many_runs_become_few_and_leave_nothing_behind(void **state)
{
    (void)state;
    struct tended *t = make();
    start(t);
    for (uint32_t i = 0; i < BATCHES; i++)
        add(t, i);
    settle(t);
    struct size s = size_of(t);
    assert_true(s.lists < 16);
    assert_int_equal(s.runs, s.lists);
    assert_true(s.blocks <= BATCHES * RECORDS / BLOCK_ENTRIES + BATCHES + 1);
    assert_int_equal(list_total(t->f.ix), s.lists);
    for (uint32_t i = 0; i < BATCHES; i++)
        assert_int_equal(live(t, i), RECORDS);
    stop(t);
    destroy(t);
}

static void test_what_expires_is_gone_from_the_store_and_counted(void **state)
{
    (void)state;
    struct tended *t = make();
    start(t);
    add(t, 0);
    add(t, 1);
    settle(t);
    assert_int_equal(t->expired, 0);
    t->now_s = (int64_t)EXPIRES_DAY * DAY_S;
    assert_int_equal(live(t, 0), RECORDS / 2); /* at once, before the keeper looks */
    settle(t);
    assert_int_equal(t->expired, RECORDS);
    struct size s = size_of(t);
    assert_int_equal(s.lists, 1);
    assert_true(s.blocks <= RECORDS / BLOCK_ENTRIES + 1);
    assert_int_equal(live(t, 0) + live(t, 1), RECORDS);
    t->now_s += 100 * DAY_S;
    settle(t);
    s = size_of(t);
    assert_int_equal(t->expired, 2 * RECORDS);
    assert_int_equal(s.lists + s.runs + s.blocks, 0);
    stop(t);
    destroy(t);
}

static void test_without_its_audit_entry_nothing_is_taken_out(void **state)
{
    (void)state;
    struct tended *t = make();
    start(t);
    add(t, 0);
    settle(t);
    t->expired_answer = ERR_IO;
    t->now_s = (int64_t)(EXPIRES_DAY + 100) * DAY_S;
    settle(t);
    assert_true(size_of(t).blocks >= RECORDS / BLOCK_ENTRIES);
    assert_int_equal(size_of(t).lists, 1);
    t->expired_answer = ERR_OK;
    settle(t);
    assert_int_equal(t->expired, RECORDS);
    assert_int_equal(size_of(t).blocks, 0);
    stop(t);
    destroy(t);
}

static enum err end_job(struct kv_txn *txn, void *arg)
{
    struct tended *t = arg;
    struct list_id list = list_of(1);
    return list_publish(t->f.ix, txn, &list);
}

static void test_an_import_merges_unseen_and_appears_as_a_whole(void **state)
{
    (void)state;
    struct tended *t = make();
    start(t);
    t->agency = 1;
    for (uint32_t i = 0; i < BATCHES; i++)
        add(t, i);
    settle(t);
    assert_true(size_of(t).lists < 16);
    for (uint32_t i = 0; i < BATCHES; i++)
        assert_int_equal(live(t, i), 0);
    assert_int_equal(writer_run(t->w, end_job, t), ERR_OK);
    for (uint32_t i = 0; i < BATCHES; i++)
        assert_int_equal(live(t, i), RECORDS);
    stop(t);
    destroy(t);
}

static void run_child(struct tended *t, const char *at)
{
    if (setenv("SLUIS_CRASH_AT", at, 1) != 0)
        _exit(9);
    start(t);
    for (uint32_t i = 0; i < BATCHES; i++)
        add(t, i);
    settle(t);
    _exit(0);
}

/* Batches that were acknowledged before the child died at that place. */
static uint32_t crash(struct tended *t, const char *at)
{
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        t->acks = p[1];
        run_child(t, at);
    }
    close(p[1]);
    uint32_t acked = 0;
    uint32_t n = 0;
    while (read(p[0], &n, sizeof n) == (ssize_t)sizeof n)
        assert_int_equal(n, acked++);
    close(p[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return acked;
}

static void test_killed_anywhere_every_acknowledged_batch_is_whole(void **state)
{
    (void)state;
    /* A batch takes two commits at least, so 80 are sure. */
    const char *places[] = {"fresh_slice:1",   "fresh_slice:20",   "merge_slice:1",
                            "merge_slice:2",   "merge_finish:1",   "merge_finish:2",
                            "before_commit:9", "before_commit:60", "after_commit:41",
                            "after_commit:78"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct tended *t = make();
        uint32_t acked = crash(t, places[i]);
        start(t);
        settle(t);
        for (uint32_t b = 0; b < acked; b++)
            assert_int_equal(live(t, b), RECORDS);
        uint32_t more = acked < BATCHES ? live(t, acked) : 0;
        assert_true(more == 0 || more == RECORDS); /* committed, not yet told */
        struct size s = size_of(t);
        assert_int_equal(s.runs, s.lists);
        uint64_t records = (uint64_t)acked * RECORDS + more;
        assert_true(s.blocks >= records / BLOCK_ENTRIES);
        assert_true(s.blocks <= records / BLOCK_ENTRIES + s.lists);
        stop(t);
        destroy(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_runs_become_few_and_leave_nothing_behind),
        cmocka_unit_test(test_what_expires_is_gone_from_the_store_and_counted),
        cmocka_unit_test(test_without_its_audit_entry_nothing_is_taken_out),
        cmocka_unit_test(test_an_import_merges_unseen_and_appears_as_a_whole),
        cmocka_unit_test(test_killed_anywhere_every_acknowledged_batch_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
