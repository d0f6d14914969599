/* A broker with a log of many entries, and narrowed readings of it held against every body; for tests of searching. */
#ifndef SLUIS_TEST_SEARCH_STAGE_H
#define SLUIS_TEST_SEARCH_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/digest.h"
#include "pki/logbook/log_named.h"
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

/* Of every page: the names behind the digests of its filter, and when it ends. */
static struct bodies_sought sought;
static int64_t until_ns;

static inline int setup(void **state)
{
    struct errmsg why = {""};
    (void)state;
    bench_open(&bench, NULL, 0);
    arena = arena_new((size_t)512 << 20);
    sought = (struct bodies_sought){.has_case = false};
    until_ns = 0;
    bench.config.log_retention_ms = (uint64_t)(30 * DAY_S * 1000);
    OK(log_retention_part.start(&bench.broker, &why));
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    bench_settle(&bench);
    log_retention_part.stop(&bench.broker);
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

static inline struct name name_of(const char *text)
{
    struct name n = {""};
    if (text[0] != '\0')
        OK(name_parse(bytes_str(text), &n));
    return n;
}

static const char *const rules[] = {"", "riec.casus", "lsi.signaal"};
static const enum audit_event events[] = {AUDIT_EVENT_REQUEST_ACCEPTED, AUDIT_EVENT_REQUEST_REFUSED,
                                          AUDIT_EVENT_REQUEST_CLOSED};

static const char *const officers[] = {"", "00000000000000a1", "00000000000000a2", "00000000000000a3"};

static inline struct digest header_of(size_t i)
{
    return (struct digest){{0x40, (uint8_t)(i / 8 % 40)}};
}

static inline struct case_id case_of(size_t i)
{
    return (struct case_id){{0x60, (uint8_t)(i % 9)}};
}

/* Whose entry it is, of which request and case; some are of none. */
static inline void name_one(struct turn_audit *what, size_t i)
{
    what->staff = name_of(officers[i % ARRAY_LEN(officers)]);
    if (i % 5 != 4)
        what->request = header_of(i);
    if (i % 7 != 6)
        what->case_id = case_of(i);
}

static inline enum err add_one(struct kv_txn *txn, size_t i)
{
    static struct decision decision;
    decision.permit = i % 5 != 0;
    struct turn_audit what = {
        .event = events[i % 3],
        .rule = name_of(rules[i / 3 % 3]),
        .peer = bench.view.members[i % 2 == 0 ? BENCH_ALFA : BENCH_BRAVO].id,
        .decision = i % 4 == 0 ? NULL : &decision};
    name_one(&what, i);
    struct digest entry;
    const enum bench_member actor = i / 7 % 2 == 0 ? BENCH_ALFA : BENCH_REGISTRAR;
    return audit_append(bench.broker.audit, txn, &what, &bench.view.members[actor].id, NULL,
                        BENCH_NOW_S + (int64_t)i * HOUR_S / 4, &entry);
}

static inline enum err add_job(struct kv_txn *txn, void *arg)
{
    const size_t from = *(const size_t *)arg;
    enum err e = ERR_OK;
    for (size_t i = from; e == ERR_OK && i < from + BLOCK; i++)
        e = add_one(txn, i);
    return e;
}

/* Entries over some days, block by block. */
static inline void fill(size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i += BLOCK) {
        bench.now_ms = (BENCH_NOW_S + (int64_t)(i + BLOCK) * HOUR_S / 4) * 1000;
        OK(writer_run(bench.broker.writer, add_job, &i));
        bench_publish(&bench);
    }
}

static inline struct bodies_reply page(const struct bodies_filter *f, uint64_t from, uint32_t max,
                                bool is_auditor)
{
    const struct bodies_read r = {.is_auditor = is_auditor,
                                  .agency = bench.view.members[BENCH_ALFA].id,
                                  .from = from,
                                  .max_rows = max,
                                  .max_bytes = (size_t)4 << 20,
                                  .narrow = f,
                                  .sought = &sought,
                                  .until_ns = until_ns};
    struct bodies_reply reply;
    OK(bodies_answer(&bench.broker, &r, arena, &reply));
    return reply;
}

struct listed {
    uint64_t v[2 * ENTRIES];
    size_t count;
};

/* Every page of a narrowed reading. */
static inline struct listed narrowed(const struct bodies_filter *f, uint32_t max)
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

static inline void read_all(void)
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
static inline struct listed plain(const struct bodies_filter *f)
{
    struct listed l = {.count = 0};
    for (size_t i = 0; i < known.count; i++) {
        bool fits = false;
        OK(bodies_fit(digest_sha256, f, &bodies[i], &fits));
        if (fits)
            OK(bodies_fit_sought(digest_sha256, &sought, &bodies[i], &fits));
        if (fits)
            l.v[l.count++] = known.v[i];
    }
    return l;
}

static inline void agree(const struct bodies_filter *f, size_t *fitting)
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
static inline void all_filters_agree(void)
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

/* Seeks what is named; NULL: nothing. */
static inline void seek_only(const char *officer, const struct digest *request, const struct case_id *dossier, struct bodies_filter *f)
{
    sought = (struct bodies_sought){.officer = name_of(officer), .has_request = request != NULL, .has_case = dossier != NULL};
    f->has_officer = officer[0] != '\0';
    f->has_request = request != NULL;
    f->has_case = dossier != NULL;
    if (request != NULL)
        sought.request = *request;
    if (dossier != NULL)
        sought.dossier = *dossier;
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f->salt.b), "officer", bytes_str(officer), &f->officer));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f->salt.b), "request", digest_bytes(&sought.request), &f->request));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f->salt.b), "case", BYTES_OF_ARRAY(sought.dossier.b), &f->dossier));
    OK(bodies_sought_check(digest_sha256, f, &sought));
}

/* Each name present or not, alone and with words. */
static inline void all_names_agree(void)
{
    size_t fitting = 0;
    arena_reset(arena);
    sought = (struct bodies_sought){.has_case = false};
    read_all();
    for (size_t i = 1; i < 2 * 2 * 2 * 3; i++) {
        struct bodies_filter f = {.salt = {{9}}, .rule = name_of(rules[i / 8 % 3])};
        const struct digest header = header_of(84);
        const struct case_id dossier = case_of(3);
        seek_only(i % 2 == 1 ? officers[1] : "", i / 2 % 2 == 1 ? &header : NULL, i / 4 % 2 == 1 ? &dossier : NULL, &f);
        agree(&f, &fitting);
    }
    struct bodies_filter nobody = {.salt = {{9}}};
    seek_only("00000000000000b1", NULL, NULL, &nobody);
    const size_t before = fitting;
    agree(&nobody, &fitting);
    assert_true(fitting == before && fitting > ENTRIES / 4);
    sought = (struct bodies_sought){.has_case = false};
}

static inline size_t rows_in(struct kv_table table)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats stats;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(kv_table_stats(txn, table, &stats));
    return (size_t)stats.entries;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
