/* When the rows of an epoch go: of a retired one after the last deadline that could be open, of a compromised
 * one at once, and of no other; and what stays until another epoch has it. Clock, states and policy are the
 * test's. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/agent.h"
#include "agent/import/data_set.h"
#include "agent/import/forget.h"
#include "agent/import/importer.h"
#include "agent/own_log.h"
#include "agent/records/batch_row.h"
#include "agent/records/live.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define NOW INT64_C(1770000000)
#define DEADLINE_S 600
#define SLACK_S 300
#define LIVE_ROWS 1300u /* more than two slices */

static struct {
    int64_t now_s;
    enum epoch_state state; /* of epoch 1; epoch 2 is active, or nobody is */
    bool is_used;
    bool is_none_active;
    bool has_left;
} here;

int64_t agent_now_s(const struct agent *a)
{
    (void)a;
    return here.now_s;
}

enum epoch_state view_epoch_state(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    (void)v;
    (void)purpose;
    return epoch == 1 ? here.state : EPOCH_ACTIVE;
}

const struct policy *view_policy(const struct view *v)
{
    static struct rule rules[2];
    static const struct policy policy = {.rules = rules, .rules_count = 2};
    (void)v;
    for (uint32_t i = 0; i < 2; i++) {
        rules[i].process = PROCESS_CASE_RELEASE;
        rules[i].limits.deadline_max.seconds = i == 0 ? DEADLINE_S : 60;
        rules[i].purpose = (struct name){"p"};
    }
    return &policy;
}

enum err own_log_append(const struct agent *a, struct kv_txn *txn, const struct own_entry *e)
{
    (void)a;
    (void)txn;
    (void)e;
    return ERR_OK;
}

bool importer_uses(const struct importer *im, uint32_t data_set)
{
    (void)im;
    (void)data_set;
    return here.is_used;
}

size_t agent_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX])
{
    (void)a;
    (void)purpose;
    out[0] = 2;
    return here.is_none_active ? 0 : 1;
}

const struct roster_member *agent_member(const struct agent *a)
{
    static const struct name purposes[] = {{"p"}};
    static struct roster_member own;
    (void)a;
    own.purposes = (struct name_list){purposes, here.has_left ? 0 : 1};
    return &own;
}

struct forgetting {
    struct import_store s;
    struct agent agent;
    struct loop *loop;
    struct forget *forget;
};

static struct data_set_id id_of(uint32_t epoch)
{
    return (struct data_set_id){{"a"}, {"p"}, epoch};
}

/* The rows of one epoch: live entries, and a batch with its leaves, a block and a version that is gone. */
static void put_epoch(struct import_store *s, uint32_t epoch)
{
    struct data_set set;
    uint8_t key[BATCH_KEY_BYTES];
    const struct data_set_id id = id_of(epoch);
    const struct batch_row row = {.state = BATCH_APPLIED,
                                  .kind = BATCH_ADD,
                                  .data_set = epoch,
                                  .secret = bytes_str("salts"),
                                  .header = bytes_str("header"),
                                  .signature = bytes_str("signature"),
                                  .promise = bytes_str("promise")};
    const enum store_table tables[] = {STORE_BATCH_LEAVES, STORE_BATCH_ITEMS};
    assert_int_equal(data_set_make(s->store, s->txn, &id, &set), ERR_OK);
    assert_int_equal(set.no, epoch);
    for (uint32_t i = 0; i < LIVE_ROWS; i++) {
        struct live_entry e = {.place = {epoch, i}, .expires_day = 30000};
        memcpy(e.key.b, &i, sizeof i);
        assert_int_equal(live_put(s->store, s->txn, set.no, &e), ERR_OK);
    }
    assert_int_equal(batch_row_put(s->store, s->txn, epoch, &row), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        assert_int_equal(store_put(s->store, s->txn, tables[i], batch_key(epoch, key),
                                   bytes_str("x")),
                         ERR_OK);
    const struct bytes place = batch_key_at((struct record_place){epoch, 0}, key);
    assert_int_equal(store_put(s->store, s->txn, STORE_RECORD, place, bytes_str("x")), ERR_OK);
    assert_int_equal(kv_put(s->txn, store_kv_table(s->store, STORE_GONE), place, bytes_str("x")),
                     ERR_OK);
}

static void put_complete(struct forgetting *f)
{
    const struct data_set_id id = id_of(2);
    assert_int_equal(data_set_put_complete(f->s.store, f->s.txn, &id, NOW), ERR_OK);
}

/* Epoch 2 has not everything yet. */
static void make_incomplete(struct forgetting *f)
{
    const struct data_set_id id = id_of(2);
    import_store_begin(&f->s);
    assert_int_equal(data_set_forget(f->s.store, f->s.txn, &id), ERR_OK);
    import_store_commit(&f->s);
}

static void complete(struct forgetting *f)
{
    import_store_begin(&f->s);
    put_complete(f);
    import_store_commit(&f->s);
}

static void begin(struct forgetting *f, enum epoch_state state)
{
    here.now_s = NOW;
    here.state = state;
    here.is_used = here.is_none_active = here.has_left = false;
    *f = (struct forgetting){.loop = NULL};
    import_store_open(&f->s);
    import_store_begin(&f->s);
    put_epoch(&f->s, 1);
    put_epoch(&f->s, 2);
    assert_int_equal(store_put_number(f->s.store, f->s.txn, "batches", 2), ERR_OK);
    put_complete(f);
    import_store_commit(&f->s);
    assert_int_equal(loop_new(&f->loop), ERR_OK);
    f->agent.loop = f->loop;
    f->agent.store = f->s.store;
    f->agent.kv = store_kv(f->s.store);
    const struct writer_params p = {.kv = f->agent.kv, .loop = f->loop};
    assert_int_equal(writer_new(&p, &f->agent.writer), ERR_OK);
    assert_int_equal(forget_new(&f->agent, &f->forget), ERR_OK);
}

static void end(struct forgetting *f)
{
    writer_free(f->agent.writer);
    forget_free(f->forget);
    loop_free(f->loop);
    import_store_close(&f->s);
}

/* Rows of a table under a prefix. */
static size_t count(struct forgetting *f, enum store_table t, uint32_t prefix)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    uint8_t room[4];
    struct buf b = buf_fixed(room, sizeof room);
    size_t n = 0;
    buf_put_u32(&b, prefix);
    assert_int_equal(kv_read_begin(f->agent.kv, &txn), ERR_OK);
    assert_int_equal(kv_iter_new(txn, store_kv_table(f->s.store, t), buf_bytes(&b), &it), ERR_OK);
    while (kv_iter_next(it, NULL, NULL) == ERR_OK)
        n++;
    return n;
}

static size_t rows_of(struct forgetting *f, uint32_t epoch)
{
    static const enum store_table tables[] = {STORE_LIVE,         STORE_BATCH, STORE_BATCH_LEAVES,
                                              STORE_BATCH_ITEMS, STORE_RECORD, STORE_GONE};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        n += count(f, tables[i], epoch);
    return n;
}

static bool is_listed(struct forgetting *f, uint32_t epoch)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct data_set set;
    const struct data_set_id id = id_of(epoch);
    assert_int_equal(kv_read_begin(f->agent.kv, &txn), ERR_OK);
    return data_set_find(f->s.store, txn, &id, &set) == ERR_OK;
}

static bool is_noted(struct forgetting *f)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    int64_t at_s = 0;
    const struct data_set_id id = id_of(1);
    assert_int_equal(kv_read_begin(f->agent.kv, &txn), ERR_OK);
    return data_set_ended(f->s.store, txn, &id, &at_s) == ERR_OK && at_s == NOW;
}

static void turn_until(struct forgetting *f, bool (*is_so)(struct forgetting *f))
{
    for (int i = 0; i < 500 && !is_so(f); i++)
        assert_int_equal(loop_turn(f->loop, 20), ERR_OK);
    assert_true(is_so(f));
}

static bool is_forgotten(struct forgetting *f)
{
    return !is_listed(f, 1);
}

/* A look that submits nothing changes nothing. */
static void expect_kept(struct forgetting *f)
{
    const size_t before = rows_of(f, 1);
    forget_look(f->forget);
    for (int i = 0; i < 5; i++)
        assert_int_equal(loop_turn(f->loop, 1), ERR_OK);
    assert_int_equal(rows_of(f, 1), before);
    assert_true(is_listed(f, 1));
}

static void expect_gone(struct forgetting *f)
{
    const size_t other = rows_of(f, 2);
    forget_look(f->forget);
    turn_until(f, is_forgotten);
    assert_int_equal(rows_of(f, 1), 0);
    assert_int_equal(rows_of(f, 2), other);
}

static bool is_bare(struct forgetting *f)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    int64_t at_s = 0;
    const struct data_set_id id = id_of(1);
    assert_int_equal(kv_read_begin(f->agent.kv, &txn), ERR_OK);
    return data_set_bare(f->s.store, txn, &id, &at_s) == ERR_OK;
}

/* What carries the key of the epoch is gone, and what the source said is there. */
static void expect_stripped(struct forgetting *f)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1 << 20);
    struct batch_row row;
    forget_look(f->forget);
    turn_until(f, is_bare);
    assert_int_equal(count(f, STORE_LIVE, 1), LIVE_ROWS);
    assert_int_equal(count(f, STORE_RECORD, 1), 1);
    assert_int_equal(count(f, STORE_BATCH_LEAVES, 1) + count(f, STORE_GONE, 1), 0);
    assert_int_equal(kv_read_begin(f->agent.kv, &txn), ERR_OK);
    assert_int_equal(batch_row_get(f->s.store, txn, 1, a, &row), ERR_OK);
    assert_int_equal(row.secret.len + row.header.len + row.signature.len + row.promise.len, 0);
    assert_true(batch_row_is_bare(&row));
    assert_int_equal(batch_row_get(f->s.store, txn, 2, a, &row), ERR_OK);
    assert_false(batch_row_is_bare(&row));
}

static void an_epoch_that_is_not_over_keeps_its_rows(void **state)
{
    (void)state;
    static const enum epoch_state states[] = {EPOCH_NONE, EPOCH_DEALT, EPOCH_ACTIVE};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct forgetting f;
        begin(&f, states[i]);
        here.now_s = NOW + INT64_C(400) * 86400;
        expect_kept(&f);
        end(&f);
    }
}

static void a_retired_epoch_keeps_them_until_the_last_deadline(void **state)
{
    (void)state;
    struct forgetting f;
    begin(&f, EPOCH_RETIRED);
    forget_look(f.forget);
    turn_until(&f, is_noted);
    here.now_s = NOW + DEADLINE_S + SLACK_S;
    expect_kept(&f);
    here.now_s++;
    here.is_used = true;
    expect_kept(&f);
    here.is_used = false;
    expect_gone(&f);
    end(&f);
}

static void a_compromised_or_destroyed_epoch_loses_them_at_once(void **state)
{
    (void)state;
    static const enum epoch_state states[] = {EPOCH_COMPROMISED, EPOCH_DESTROYED};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct forgetting f;
        begin(&f, states[i]);
        here.is_used = true;
        expect_kept(&f); /* while a job still reads them */
        here.is_used = false;
        expect_gone(&f);
        end(&f);
    }
}

/* The key leaked, not the records. */
static void what_the_source_said_stays_until_another_epoch_has_it(void **state)
{
    (void)state;
    static const enum epoch_state states[] = {EPOCH_COMPROMISED, EPOCH_RETIRED};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct forgetting f;
        begin(&f, states[i]);
        here.is_none_active = true;
        if (states[i] == EPOCH_RETIRED) {
            forget_look(f.forget);
            turn_until(&f, is_noted);
            here.now_s += DEADLINE_S + SLACK_S + 1;
        }
        expect_stripped(&f);
        expect_kept(&f);
        here.is_none_active = false;
        make_incomplete(&f);
        expect_kept(&f);
        complete(&f);
        expect_gone(&f);
        end(&f);
    }
}

static void nothing_stays_of_a_destroyed_epoch(void **state)
{
    (void)state;
    struct forgetting f;
    begin(&f, EPOCH_COMPROMISED);
    here.is_none_active = true;
    expect_stripped(&f);
    here.state = EPOCH_DESTROYED;
    expect_gone(&f);
    end(&f);
}

static void who_has_left_the_purpose_keeps_nothing(void **state)
{
    (void)state;
    struct forgetting f;
    begin(&f, EPOCH_COMPROMISED);
    here.is_none_active = here.has_left = true;
    expect_gone(&f);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_that_is_not_over_keeps_its_rows),
        cmocka_unit_test(a_retired_epoch_keeps_them_until_the_last_deadline),
        cmocka_unit_test(a_compromised_or_destroyed_epoch_loses_them_at_once),
        cmocka_unit_test(what_the_source_said_stays_until_another_epoch_has_it),
        cmocka_unit_test(nothing_stays_of_a_destroyed_epoch),
        cmocka_unit_test(who_has_left_the_purpose_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
