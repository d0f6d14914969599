/* broker/bodies_search, store/log_index: a narrowed reading gives the bodies that fit, each once
 * and in order, whatever the lists have got so far; and only to who reads all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/store/log_index.h"
#include "pki/digest.h"
#include "pki/logbook/log_retention.h"
#include "proto/host/writer.h"
#include "proto/json/bodies_fit.h"
#include "proto/log/entry.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define ENTRIES 400u
#define BLOCK 100u
#define HOUR_S INT64_C(3600)
#define DAY_S (24 * HOUR_S)

static struct bench bench;
static struct arena *arena;

static int setup(void **state)
{
    struct errmsg why = {""};
    (void)state;
    bench_open(&bench, NULL, 0);
    arena = arena_new((size_t)512 << 20);
    bench.config.log_retention_ms = (uint64_t)(30 * DAY_S * 1000);
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

static struct name name_of(const char *text)
{
    struct name n = {""};
    if (text[0] != '\0')
        OK(name_parse(bytes_str(text), &n));
    return n;
}

static const char *const rules[] = {"", "riec.casus", "lsi.signaal"};
static const enum audit_event events[] = {AUDIT_EVENT_REQUEST_ACCEPTED, AUDIT_EVENT_REQUEST_REFUSED,
                                          AUDIT_EVENT_REQUEST_CLOSED};

static enum err add_one(struct kv_txn *txn, size_t i)
{
    static struct decision decision;
    decision.permit = i % 5 != 0;
    const struct turn_audit what = {
        .event = events[i % 3],
        .rule = name_of(rules[i / 3 % 3]),
        .peer = bench.view.members[i % 2 == 0 ? BENCH_ALFA : BENCH_BRAVO].id,
        .decision = i % 4 == 0 ? NULL : &decision};
    struct digest entry;
    const enum bench_member actor = i / 7 % 2 == 0 ? BENCH_ALFA : BENCH_REGISTRAR;
    return audit_append(bench.broker.audit, txn, &what, &bench.view.members[actor].id, NULL,
                        BENCH_NOW_S + (int64_t)i * HOUR_S / 4, &entry);
}

static enum err add_job(struct kv_txn *txn, void *arg)
{
    const size_t from = *(const size_t *)arg;
    enum err e = ERR_OK;
    for (size_t i = from; e == ERR_OK && i < from + BLOCK; i++)
        e = add_one(txn, i);
    return e;
}

/* Entries over some days, block by block. */
static void fill(size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i += BLOCK) {
        bench.now_ms = (BENCH_NOW_S + (int64_t)(i + BLOCK) * HOUR_S / 4) * 1000;
        OK(writer_run(bench.broker.writer, add_job, &i));
        bench_publish(&bench);
    }
}

static struct bodies_reply page(const struct bodies_filter *f, uint64_t from, uint32_t max,
                                bool is_auditor)
{
    const struct bodies_read r = {.is_auditor = is_auditor,
                                  .agency = bench.view.members[BENCH_ALFA].id,
                                  .from = from,
                                  .max_rows = max,
                                  .max_bytes = (size_t)4 << 20,
                                  .narrow = f};
    struct bodies_reply reply;
    OK(bodies_answer(&bench.broker, &r, arena, &reply));
    return reply;
}

struct listed {
    uint64_t v[2 * ENTRIES];
    size_t count;
};

/* Every page of a narrowed reading. */
static struct listed narrowed(const struct bodies_filter *f, uint32_t max)
{
    struct listed l = {.count = 0};
    uint64_t from = 0;
    do {
        const struct bodies_reply r = page(f, from, max, true);
        assert_true(r.row_count <= max);
        for (size_t i = 0; i < r.row_count; i++) {
            assert_true(l.count < ARRAY_LEN(l.v) && r.rows[i].body.len > 0);
            l.v[l.count++] = r.rows[i].index;
        }
        assert_true(r.next_index == 0 || r.next_index > from);
        from = r.next_index;
    } while (from != 0);
    return l;
}

/* Every body that there is, parsed once. */
static struct audit_body bodies[2 * ENTRIES];
static struct listed known;

static void read_all(void)
{
    uint64_t from = 0;
    known.count = 0;
    do {
        const struct bodies_reply r = page(NULL, from, BODIES_ROWS_MAX, true);
        for (size_t i = 0; i < r.row_count; i++) {
            if (r.rows[i].body.len == 0)
                continue;
            assert_true(known.count < ARRAY_LEN(bodies));
            OK(audit_body_parse(r.rows[i].body, arena, &bodies[known.count], NULL));
            known.v[known.count++] = r.rows[i].index;
        }
        from = r.next_index;
    } while (from != 0);
}

/* The same without any list. */
static struct listed plain(const struct bodies_filter *f)
{
    struct listed l = {.count = 0};
    for (size_t i = 0; i < known.count; i++) {
        bool fits = false;
        OK(bodies_fit(digest_sha256, f, &bodies[i], &fits));
        if (fits)
            l.v[l.count++] = known.v[i];
    }
    return l;
}

static void agree(const struct bodies_filter *f, size_t *fitting)
{
    static const uint32_t pages[] = {1000, 7};
    const struct listed wanted = plain(f);
    *fitting += wanted.count;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        const struct listed l = narrowed(f, pages[i]);
        assert_int_equal(l.count, wanted.count);
        assert_memory_equal(l.v, wanted.v, wanted.count * sizeof *l.v);
    }
}

/* Each element present or not, and periods that begin and end in the middle. */
static void all_filters_agree(void)
{
    static const char *const decisions[] = {"", "permit", "deny"};
    static const char *const names[] = {"", "request.refused", "log.started"};
    size_t fitting = 0;
    arena_reset(arena);
    read_all();
    for (size_t i = 0; i < 3 * 3 * 3 * 3; i++) {
        struct bodies_filter f = {.rule = name_of(rules[i % 3]),
                                  .event = name_of(names[i / 3 % 3]),
                                  .decision = name_of(decisions[i / 9 % 3])};
        if (i / 27 == 1)
            f.agency = bench.view.members[BENCH_BRAVO].id;
        if (i / 27 == 2) {
            f.since_s = BENCH_NOW_S + 30 * HOUR_S;
            f.until_s = BENCH_NOW_S + 70 * HOUR_S;
        }
        agree(&f, &fitting);
    }
    assert_true(fitting > ENTRIES);
}

static void what_fits_is_found_wherever_the_lists_are(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    all_filters_agree();
    log_retention_part.stop(&bench.broker); /* and what comes now stands on no list */
    fill(ENTRIES, BLOCK);
    all_filters_agree();
    struct errmsg why = {""};
    OK(log_retention_part.start(&bench.broker, &why));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    all_filters_agree();
}

static size_t places(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats stats;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(kv_table_stats(txn, bench.broker.store->log_index, &stats));
    return (size_t)stats.entries;
}

/* Changes a byte of the stored body of an entry. */
static enum err damage_job(struct kv_txn *txn, void *arg)
{
    const struct digest *entry = arg;
    const struct log_tables *t = &bench.broker.store->log;
    CLEANUP(buf_free) struct buf changed = buf_new(ENTRY_BODY_MAX + 64);
    struct bytes sealed;
    enum err e = kv_get(txn, t->bodies, digest_bytes(entry), &sealed);
    if (e != ERR_OK)
        return e;
    buf_put(&changed, sealed);
    changed.ptr[changed.len / 2] ^= 1;
    return kv_put(txn, t->bodies, digest_bytes(entry), buf_bytes(&changed));
}

static size_t unreadable_in(const struct bodies_reply *r, uint64_t index)
{
    size_t n = 0;
    for (size_t i = 0; i < r->row_count; i++) {
        n += r->rows[i].is_unreadable;
        assert_true(!r->rows[i].is_unreadable || (r->rows[i].index == index && r->rows[i].body.len == 0));
    }
    return n;
}

static size_t bodies_in(const struct bodies_reply *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->row_count; i++)
        n += r->rows[i].body.len > 0;
    return n;
}

/* An answer is made on the loop: it opens so many, and the next goes on behind them. */
static void an_answer_opens_a_bounded_number(void **state)
{
    (void)state;
    size_t bodies_seen = 0;
    size_t pages = 0;
    fill(0, ENTRIES);
    for (uint64_t from = 0; pages == 0 || from != 0; pages++) {
        const struct bodies_reply r = page(NULL, from, 1000, true);
        assert_in_range(bodies_in(&r), 1, BODIES_OPENED_MAX);
        assert_int_equal(r.rows[0].index, from);
        bodies_seen += bodies_in(&r);
        from = r.next_index;
    }
    assert_int_equal(pages, 2);
    assert_true(bodies_seen >= ENTRIES);
}

static void a_damaged_body_keeps_no_other_from_being_read(void **state)
{
    (void)state;
    const struct bodies_filter f = {.event = name_of("request.refused")};
    fill(0, BLOCK);
    const struct bodies_reply before = page(NULL, 0, 1000, true);
    const struct bodies_reply fit = page(&f, 0, 1000, true);
    assert_string_equal(bench.broker.unreadable.text, "");
    assert_true(fit.row_count > 10);
    struct body_row gone = fit.rows[3];
    OK(writer_run(bench.broker.writer, damage_job, &gone.entry));
    const struct bodies_reply after = page(NULL, 0, 1000, true);
    assert_int_equal(after.row_count, before.row_count);
    assert_int_equal(unreadable_in(&after, gone.index), 1);
    assert_int_equal(bodies_in(&after), bodies_in(&before) - 1);
    assert_true(strstr(bench.broker.unreadable.text, "does not open") != NULL);
    const struct bodies_reply narrow = page(&f, 0, 1000, true);
    assert_int_equal(narrow.row_count, fit.row_count); /* nobody knows whether it fits */
    assert_int_equal(unreadable_in(&narrow, gone.index), 1);
    for (size_t i = 0; i < before.row_count; i++) /* who may not read it is not told either */
        if (before.rows[i].body.len > 0 && before.rows[i].index != gone.index)
            OK(writer_run(bench.broker.writer, damage_job, (void *)(uintptr_t)&before.rows[i].entry));
    bench.view.members[BENCH_ALFA].id.oin[0] ^= 1;
    const struct bodies_reply other = page(NULL, 0, 1000, false);
    bench.view.members[BENCH_ALFA].id.oin[0] ^= 1;
    assert_int_equal(other.row_count, before.row_count);
    for (size_t i = 0; i < other.row_count; i++)
        assert_false(other.rows[i].is_unreadable);
}

static void what_is_erased_stands_on_no_list(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    assert_true(places() > 3 * ENTRIES);
    bench.now_ms += 40 * DAY_S * 1000;
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    size_t fitting = 0;
    read_all();
    const struct bodies_filter f = {.event = name_of("request.closed")};
    agree(&f, &fitting);
    assert_int_equal(fitting, 0);
    assert_int_equal(places(), 2); /* the log's first entry: its event and its hour */
}

static void who_does_not_read_all_is_given_every_row(void **state)
{
    (void)state;
    fill(0, BLOCK);
    const struct bodies_filter f = {.event = name_of("request.refused")};
    const struct bodies_reply narrow = page(&f, 0, BODIES_ROWS_MAX, false);
    const struct bodies_reply all = page(NULL, 0, BODIES_ROWS_MAX, false);
    assert_int_equal(narrow.row_count, all.row_count);
    assert_true(all.row_count == all.size);
}

/* A search ends where it opened much for little, and goes on from there. */
static void a_long_search_comes_in_parts(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    const struct bodies_filter f = {.has_officer = true};
    const struct bodies_read r = {
        .is_auditor = true, .max_rows = 100, .max_bytes = 20000, .narrow = &f};
    struct bodies_reply reply;
    OK(bodies_answer(&bench.broker, &r, arena, &reply));
    assert_int_equal(reply.row_count, 0);
    assert_true(reply.next_index > 0 && reply.next_index < reply.size);
}

#define APART 60000u

static const struct bodies_filter apart = {.event = {"request.refused"}, .decision = {"deny"}};

/* A log whose two lists alternate: what is on one is not on the other. */
static enum err apart_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    struct store *s = bench.broker.store;
    const struct log_published published = {.size = APART};
    struct log_terms both;
    enum err e = log_terms_of_filter(&apart, &both);
    assert_int_equal(both.count, 2);
    for (uint64_t i = 0; e == ERR_OK && i < APART; i++) {
        const struct log_terms one = {.v = {both.v[i % 2]}, .count = 1};
        e = log_index_put(s, txn, i, &one);
    }
    if (e == ERR_OK)
        e = log_put_published(&s->log, txn, &published);
    return e == ERR_OK ? log_put_dated(&s->log, txn, APART) : e;
}

static void lists_that_never_meet_hold_nobody_up(void **state)
{
    (void)state;
    uint64_t from = 0;
    size_t answers = 0;
    OK(writer_run(bench.broker.writer, apart_job, NULL));
    do {
        const struct bodies_reply r = page(&apart, from, BODIES_ROWS_MAX, true);
        assert_int_equal(r.row_count, 0);
        assert_true(r.next_index == 0 || (r.next_index > from && r.next_index < from + APART / 2));
        from = r.next_index;
        answers++;
    } while (from != 0);
    assert_in_range(answers, 3, 6);
}

/* Where a search with few leaps ends another goes on, and finds the same. */
static void a_search_goes_on_where_it_ended(void **state)
{
    (void)state;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_log_search_free) struct log_search *q = NULL;
    struct log_terms terms;
    const struct bodies_filter f = {.event = name_of("request.refused"), .decision = name_of("deny")};
    fill(0, ENTRIES);
    OK(log_terms_of_filter(&f, &terms));
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_search_new(bench.broker.store, txn, &terms, &q));
    size_t found = 0;
    enum err e = ERR_OK;
    uint64_t index = 0;
    for (uint64_t at = 0; e != ERR_NOT_FOUND; at = index + (e == ERR_OK)) {
        size_t leaps = LOG_TERMS_MAX;
        e = log_search_next(q, at, &leaps, &index);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND || (e == ERR_AGAIN && leaps == 0 && index > at));
        found += e == ERR_OK;
    }
    arena_reset(arena);
    assert_int_equal(found, narrowed(&f, BODIES_ROWS_MAX).count);
    assert_true(found > 0);
}

/* However many fit. */
static void an_answer_opens_few_bodies(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    const struct bodies_filter f = {.has_officer = true};
    const struct bodies_reply r = page(&f, 0, BODIES_ROWS_MAX, true);
    assert_int_equal(r.row_count, 0);
    assert_true(r.next_index > 0 && r.next_index < r.size);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_fits_is_found_wherever_the_lists_are),
        T(what_is_erased_stands_on_no_list),
        T(an_answer_opens_a_bounded_number),
        T(a_damaged_body_keeps_no_other_from_being_read),
        T(who_does_not_read_all_is_given_every_row),
        T(a_long_search_comes_in_parts),
        T(lists_that_never_meet_hold_nobody_up),
        T(a_search_goes_on_where_it_ended),
        T(an_answer_opens_few_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
