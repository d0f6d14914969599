/* broker/log_retention: a body goes when the time of its rule, or of the configuration, is over;
 * what else stands of its entry stays, and what went is counted in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/store/store.h"
#include "pki/logbook/log_due.h"
#include "pki/logbook/log_retention.h"
#include "pki/logbook/log_rows.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define DAY_S INT64_C(86400)
#define RULE_DAYS 10
#define OTHER_DAYS 30
#define MANY 600u

static struct bench bench;
static struct arena *arena;
static struct rule rule;
static uint32_t rule_order[1];

static int setup(void **state)
{
    struct errmsg why = {""};
    (void)state;
    bench_open(&bench, NULL, 0);
    arena = arena_new((size_t)32 << 20);
    bench.config.log_retention_ms = (uint64_t)(OTHER_DAYS * DAY_S * 1000);
    OK(name_parse(bytes_str("riec.casus"), &rule.id));
    rule.retention.log = RULE_DAYS;
    bench.view.policy.rules = &rule;
    bench.view.policy.rules_count = 1;
    bench.view.policy.rule_order = rule_order;
    OK(log_retention_part.start(&bench.broker, &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_settle(&bench);
    log_retention_part.stop(&bench.broker);
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

struct adding {
    struct turn_audit what;
    struct digest entry;
};

static enum err add_job(struct kv_txn *txn, void *arg)
{
    struct adding *a = arg;
    return audit_append(bench.broker.audit, txn, &a->what, &bench.view.members[BENCH_ALFA].id, NULL,
                        bench.now_ms / 1000, &a->entry);
}

enum kind { WITH_RULE, OTHER_POLICY, WITHOUT_RULE };

static struct digest add(enum kind kind)
{
    struct adding a = {.what = {.event = AUDIT_EVENT_REQUEST_CLOSED}};
    if (kind != WITHOUT_RULE)
        a.what.rule = rule.id;
    a.what.policy = bench.view.policy_digest;
    if (kind == OTHER_POLICY)
        a.what.policy.b[0] ^= 1;
    OK(writer_run(bench.broker.writer, add_job, &a));
    return a.entry;
}

static void look_after(int64_t days)
{
    bench.now_ms = (BENCH_NOW_S + days * DAY_S) * 1000;
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
}

static bool is_there(const struct digest *entry)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
    OK(kv_read_begin(bench.broker.kv, &txn));
    const enum err e = audit_open_body(bench.broker.audit, txn, entry, &body);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    struct bytes part;
    const struct store *s = bench.broker.store;
    assert_int_equal(kv_get(txn, s->log.keys, digest_bytes(entry), &part), e);
    assert_int_equal(kv_get(txn, s->log.bodies, digest_bytes(entry), &part), e);
    return e == ERR_OK;
}

static void bodies_go_when_their_time_is_over(void **state)
{
    (void)state;
    const struct digest with = add(WITH_RULE);
    const struct digest other = add(OTHER_POLICY);
    const struct digest without = add(WITHOUT_RULE);
    bench_publish(&bench);
    look_after(0);
    look_after(RULE_DAYS - 1);
    assert_true(is_there(&with) && is_there(&other) && is_there(&without));
    look_after(RULE_DAYS);
    assert_true(!is_there(&with) && is_there(&other) && is_there(&without));
    look_after(OTHER_DAYS - 1);
    assert_true(is_there(&other) && is_there(&without));
    look_after(OTHER_DAYS);
    assert_true(!is_there(&other) && !is_there(&without));
}

/* The rows that an auditor, or another agency, is given. */
static struct bodies_reply rows(bool is_auditor, enum bench_member agency)
{
    const struct bodies_read r = {.is_auditor = is_auditor,
                                  .agency = bench.view.members[agency].id,
                                  .max_rows = BODIES_ROWS_MAX,
                                  .max_bytes = (size_t)16 << 20};
    struct bodies_reply reply;
    OK(bodies_answer(&bench.broker, &r, arena, &reply));
    return reply;
}

static size_t erased(const struct bodies_reply *r, size_t *shown)
{
    size_t n = 0;
    *shown = 0;
    for (size_t i = 0; i < r->row_count; i++) {
        n += r->rows[i].is_erased;
        *shown += r->rows[i].body.len > 0;
    }
    return n;
}

static void what_is_erased_is_told_to_whom_it_was_shown(void **state)
{
    (void)state;
    size_t shown = 0;
    (void)add(WITH_RULE);
    bench_publish(&bench);
    struct bodies_reply r = rows(true, BENCH_ALFA);
    assert_int_equal(erased(&r, &shown), 0);
    assert_int_equal(shown, 2);
    look_after(OTHER_DAYS);
    look_after(3 * OTHER_DAYS);
    r = rows(true, BENCH_ALFA);
    assert_int_equal(erased(&r, &shown), 1);
    assert_int_equal(shown, 1); /* the first entry, which commits to the filler key */
    r = rows(false, BENCH_ALFA);
    assert_int_equal(erased(&r, &shown), 1);
    r = rows(false, BENCH_BRAVO);
    assert_int_equal(erased(&r, &shown), 0);
}

/* How many bodies the entries that wait say were erased. */
static unsigned counted(unsigned *entries)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest waiting[64];
    size_t n = 0;
    unsigned sum = 0;
    *entries = 0;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_pending(&bench.broker.store->log, txn, waiting, ARRAY_LEN(waiting), &n));
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
        struct audit_body b;
        OK(audit_open_body(bench.broker.audit, txn, &waiting[i], &body));
        OK(audit_body_parse(buf_bytes(&body), arena, &b, NULL));
        if (b.event != AUDIT_EVENT_RETENTION_DONE)
            continue;
        assert_true(b.facts_count == 1 && bytes_is(b.facts[0].text, "log"));
        sum += (unsigned)b.count;
        ++*entries;
    }
    return sum;
}

static void what_went_is_counted_slice_by_slice(void **state)
{
    (void)state;
    unsigned entries = 0;
    for (size_t i = 0; i < MANY; i++)
        (void)add(WITH_RULE);
    bench_publish(&bench);
    look_after(0);
    look_after(RULE_DAYS);
    assert_int_equal(counted(&entries), MANY);
    assert_true(entries >= 3);
    look_after(RULE_DAYS);
    assert_int_equal(counted(&entries), MANY);
}

static void a_closed_gate_erases_nothing(void **state)
{
    (void)state;
    const struct digest with = add(WITH_RULE);
    bench_publish(&bench);
    look_after(0);
    broker_close_gate(&bench.broker, GATE_ROSTER);
    look_after(10 * OTHER_DAYS);
    assert_true(is_there(&with));
    broker_clear_gate(&bench.broker, GATE_ROSTER);
    look_after(10 * OTHER_DAYS);
    assert_false(is_there(&with));
}

/* It goes on where it stopped, and finds what came meanwhile. */
static void a_restart_goes_on(void **state)
{
    (void)state;
    struct errmsg why = {""};
    const struct digest first = add(WITH_RULE);
    bench_publish(&bench);
    look_after(0);
    log_retention_part.stop(&bench.broker);
    bench_restart(&bench);
    bench.config.log_retention_ms = (uint64_t)(OTHER_DAYS * DAY_S * 1000);
    OK(log_retention_part.start(&bench.broker, &why));
    const struct digest second = add(WITH_RULE);
    bench_publish(&bench);
    look_after(RULE_DAYS);
    assert_false(is_there(&first));
    assert_false(is_there(&second));
}

/* ---- what a row notes ---- */

#define NOTE "a note that is given back"

struct erasing {
    const struct log_tables *tables;
    unsigned seen;
};

/* Whoever takes an entry off lists writes meanwhile, which ends every view of the store: the note is none. */
static enum err unlist(void *arg, struct kv_txn *txn, uint64_t index, struct bytes note)
{
    struct erasing *e = arg;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes row;
    OK(kv_iter_new(txn, e->tables->due, bytes_str(""), &it));
    OK(kv_iter_next(it, NULL, &row));
    const bool is_view = note.ptr >= row.ptr && note.ptr < row.ptr + row.len;
    e->seen += index == 3 && bytes_is(note, NOTE) && !is_view;
    return ERR_OK;
}

static enum err note_job(struct kv_txn *txn, void *arg)
{
    struct erasing *e = arg;
    const struct digest entry = {{0xff}};
    const struct log_due_row row = {0, &entry, 3, bytes_str(NOTE)};
    const struct log_erasing how = {.now_s = 0, .max = 1, .lists = {unlist, e}};
    size_t erased = 0;
    enum err bad = log_put_due(e->tables, txn, &row);
    if (bad == ERR_OK)
        bad = log_erase_due(e->tables, txn, &how, &erased);
    return bad == ERR_OK && erased != 1 ? ERR_STATE : bad;
}

static void a_note_outlives_what_is_written_meanwhile(void **state)
{
    (void)state;
    struct erasing e = {.tables = &bench.broker.store->log};
    OK(writer_run(bench.broker.writer, note_job, &e));
    assert_int_equal(e.seen, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(bodies_go_when_their_time_is_over),
        T(what_is_erased_is_told_to_whom_it_was_shown),
        T(what_went_is_counted_slice_by_slice),
        T(a_closed_gate_erases_nothing),
        T(a_restart_goes_on),
        T(a_note_outlives_what_is_written_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
