/* broker/log_copy: what a checkpoint covers can be read from the auditors' copy alone, by the
 * agencies of auditors alone, and goes with its day. */
#include "tests/unit/broker/copy_bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/audit.h"
#include "broker/log_copy.h"
#include "broker/publisher.h"
#include "broker/store/log_copies.h"
#include "pki/filler.h"
#include "pki/logbook/logbook.h"
#include "proto/host/file.h"
#include "proto/host/writer.h"
#include "tests/support/disk.h"

#define STEP 11 /* calls */

static void an_auditors_agency_reads_all_without_the_store(void **state)
{
    (void)state;
    copy_bench_add(5);
    bench_publish(&copy.bench);
    copy_bench_add(3);
    bench_publish(&copy.bench);
    const struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.bodies, 9); /* with the log's first entry */
    assert_int_equal(r.closed, 0);
    const struct copy_reading other = copy_bench_read(&copy.side.bravo);
    assert_int_equal(other.bodies, 0);
    assert_int_equal(other.segments, 0);
    assert_int_equal(other.closed, r.segments);
}

/* The checkpoint that everybody reads. */
static struct bytes shown(struct buf *out)
{
    OK(file_read(host_tmp_path(&copy.bench.tmp, "tiles/checkpoint"), FILE_ANY, out, NULL));
    return buf_bytes(out);
}

static void nothing_is_shown_that_is_not_in_the_copy(void **state)
{
    (void)state;
    char aside[256];
    CLEANUP(buf_free) struct buf before = buf_new(4096);
    CLEANUP(buf_free) struct buf after = buf_new(4096);
    bench_publish(&copy.bench);
    const struct bytes was = shown(&before);
    const uint64_t size = publisher_size(copy.bench.broker.publisher);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&copy.bench.tmp, "aside"));
    assert_int_equal(rename(copy.side.dir, aside), 0);
    copy_bench_add(1);
    bench_publish(&copy.bench);
    assert_int_equal(publisher_size(copy.bench.broker.publisher), size);
    assert_true(bytes_equal(shown(&after), was));
    assert_int_not_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(rename(aside, copy.side.dir), 0);
    bench_publish(&copy.bench);
    assert_true(publisher_size(copy.bench.broker.publisher) > size);
    assert_int_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 2);
}

/* The segment whose bodies end on a day. */
static enum err find_day(void *arg, const char *file)
{
    struct body_copy_name *out = arg;
    struct body_copy_name name;
    uint32_t day = 0;
    if (body_copy_filler_parse(file, &name) == ERR_OK)
        return ERR_OK;
    OK(body_copy_name_parse(file, &name, &day));
    if (day != BODY_COPY_FOR_GOOD)
        *out = name;
    return ERR_OK;
}

/* A file of the segment that ends by the day. */
static void segment_path(const char *ending, char out[static 256])
{
    char file[64];
    struct body_copy_name name = {""};
    OK(file_list(copy.side.dir, find_day, &name));
    assert_true(name.s[0] != '\0');
    snprintf(file, sizeof file, "copy/%s.%s", name.s, ending);
    snprintf(out, 256, "%s", host_tmp_path(&copy.bench.tmp, file));
}

/* However often it was tried: each body is there, once. */
static void a_disk_that_failed_long_goes_on(void **state)
{
    (void)state;
    char path[256];
    char aside[256];
    copy_bench_add(2);
    bench_publish(&copy.bench);
    segment_path("seg", path);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&copy.bench.tmp, "aside"));
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* nothing can be appended to it */
    copy_bench_add(200);
    for (size_t i = 0; i < 20; i++)
        bench_publish(&copy.bench);
    assert_int_not_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    bench_publish(&copy.bench);
    assert_int_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    const struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.bodies, 1 + 2 + 200);
    assert_int_equal(r.records, r.bodies);
}

static void the_copy_follows_the_auditors(void **state)
{
    (void)state;
    copy_bench_add(4);
    bench_publish(&copy.bench);
    copy_bench_auditor(1, BENCH_BRAVO);
    copy_bench_add(2);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 7);
    assert_int_equal(copy_bench_read(&copy.side.bravo).bodies, 7); /* those of before too */
    copy.bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    copy_bench_add(1);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.bravo).bodies, 8);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 0);
}

/* The digest to which this log commits. */
static enum err get_commitment(struct kv_txn *txn, void *arg)
{
    CLEANUP(cleanup_secret_free) struct secret *filler = NULL;
    const enum err e = logbook_get_filler(audit_logbook(copy.bench.broker.audit), txn, &filler);
    return e == ERR_OK ? filler_commitment(filler, arg) : e;
}

/* It goes with the auditors, as the bodies do. */
static void the_auditors_have_the_filler_key_and_nobody_else(void **state)
{
    (void)state;
    struct digest commitment;
    bench_publish(&copy.bench);
    OK(writer_run(copy.bench.broker.writer, get_commitment, &commitment));
    struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.fillers, 1);
    assert_true(digest_equal(&r.filler_commitment, &commitment));
    assert_int_equal(copy_bench_read(&copy.side.bravo).fillers, 0);
    copy_bench_auditor(1, BENCH_BRAVO);
    copy.bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    copy_bench_add(1);
    bench_publish(&copy.bench);
    r = copy_bench_read(&copy.side.bravo);
    assert_int_equal(r.fillers, 1);
    assert_true(digest_equal(&r.filler_commitment, &commitment));
    assert_int_equal(copy_bench_read(&copy.side.alfa).fillers, 0);
}

static void without_an_auditor_it_waits_for_one(void **state)
{
    (void)state;
    copy.bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    copy_bench_add(4);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies + copy_bench_read(&copy.side.alfa).closed, 0);
    copy.bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_AUDITOR;
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 5);
}

static size_t kept_keys(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats stats;
    OK(kv_read_begin(copy.bench.broker.kv, &txn));
    OK(kv_table_stats(txn, copy.bench.broker.store->log_copies, &stats));
    return (size_t)stats.entries;
}

static void bodies_go_with_their_day(void **state)
{
    (void)state;
    copy_bench_add(4);
    bench_publish(&copy.bench);
    const size_t keys = kept_keys();
    assert_int_equal(keys, 2);
    copy.bench.now_ms = (BENCH_NOW_S / DAY_S + DAYS) * DAY_S * 1000;
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 5);
    broker_close_gate(&copy.bench.broker, GATE_ROSTER);
    copy.bench.now_ms += DAY_S * 1000;
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 5); /* behind a closed gate no clock is believed */
    broker_clear_gate(&copy.bench.broker, GATE_ROSTER);
    bench_publish(&copy.bench);
    const struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.bodies, 1); /* the log's first entry */
    assert_int_equal(kept_keys(), 1);
}

static void bodies_go_where_nobody_reads_them(void **state)
{
    (void)state;
    copy_bench_add(4);
    bench_publish(&copy.bench);
    copy.bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    copy.bench.now_ms = (BENCH_NOW_S / DAY_S + DAYS + 1) * DAY_S * 1000;
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 1); /* the log's first entry */
    assert_int_equal(kept_keys(), 1);
}

/* Neither where the round in which its files went failed. */
static void a_key_that_went_is_not_written_anew(void **state)
{
    (void)state;
    char path[256];
    char aside[256];
    copy_bench_add(1);
    bench_publish(&copy.bench);
    const int64_t last_ms = (BENCH_NOW_S / DAY_S + DAYS) * DAY_S * 1000;
    copy.bench.now_ms = last_ms;
    copy_bench_add(1);
    bench_publish(&copy.bench);
    assert_int_equal(kept_keys(), 3);
    segment_path("seg", path);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&copy.bench.tmp, "aside"));
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    copy_bench_add(1);
    copy.bench.now_ms = last_ms + DAY_S * 1000;
    bench_publish(&copy.bench);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(kept_keys(), 3);
    copy_bench_auditor(1, BENCH_BRAVO);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.bravo).bodies, 1 + 2);
    assert_int_equal(copy_bench_read(&copy.side.bravo).segments, 2 + 1);
    copy.bench.now_ms += 60 * 1000;
    bench_publish(&copy.bench);
    assert_int_equal(kept_keys(), copy_bench_read(&copy.side.alfa).segments);
}

static void a_restart_goes_on(void **state)
{
    (void)state;
    copy_bench_add(4);
    bench_publish(&copy.bench);
    OK(file_create(host_tmp_path(&copy.bench.tmp, "copy/20000-0123456789abcdef.key.tmp-a1B2c3"), bytes_str("half"), 0600, NULL));
    bench_restart(&copy.bench);
    assert_false(file_exists(host_tmp_path(&copy.bench.tmp, "copy/20000-0123456789abcdef.key.tmp-a1B2c3")));
    copy_bench_add(4);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 9);
    copy_bench_auditor(1, BENCH_BRAVO);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.bravo).bodies, 9);
}

/* What a stop left unpublished the next start publishes. The round after that takes nothing of it back. */
static void what_the_start_publishes_stays(void **state)
{
    (void)state;
    char aside[256];
    copy_bench_add(1);
    bench_publish(&copy.bench);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&copy.bench.tmp, "aside"));
    assert_int_equal(rename(copy.side.dir, aside), 0);
    copy_bench_add(3);
    bench_publish(&copy.bench); /* a head that is signed, and not shown */
    assert_int_equal(rename(aside, copy.side.dir), 0);
    bench_restart(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 1 + 1 + 3);
    copy_bench_add(1);
    bench_publish(&copy.bench);
    const struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.bodies, 1 + 1 + 3 + 1);
    assert_int_equal(r.records, r.bodies);
    assert_int_equal(r.segments, kept_keys());
}

/* More days than segments are open at a time: each key reaches the store all the same. */
static void many_days_are_many_segments(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 40; day++) {
        copy.bench.now_ms = (BENCH_NOW_S + day * DAY_S) * 1000;
        copy_bench_add(1);
    }
    copy.bench.now_ms = BENCH_NOW_S * 1000;
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 1 + 40);
    assert_int_equal(copy_bench_read(&copy.side.alfa).segments, kept_keys());
    assert_int_equal(kept_keys(), 1 + 40);
    copy_bench_auditor(1, BENCH_BRAVO);
    bench_publish(&copy.bench);
    assert_int_equal(copy_bench_read(&copy.side.bravo).bodies, 1 + 40);
}

static enum err count_file(void *arg, const char *file)
{
    (void)file;
    ++*(size_t *)arg;
    return ERR_OK;
}

/* At one call after another, and none of the rounds between is committed. */
static void a_disk_that_fails_again_and_again_gathers_nothing(void **state)
{
    (void)state;
    unsigned nth = 1;
    size_t files = 0;
    copy_bench_add(2);
    bench_publish(&copy.bench);
    for (int64_t day = 0; day < 20; day++) { /* more than segments are open at a time */
        copy.bench.now_ms = (BENCH_NOW_S + day * DAY_S) * 1000;
        copy_bench_add(1);
    }
    copy.bench.now_ms = BENCH_NOW_S * 1000;
    disk_watch(copy.side.dir, NULL);
    for (;; nth += STEP) {
        disk_fail(nth, DISK_REFUSES);
        bench_publish(&copy.bench);
        if (disk_calls() < nth)
            break;
        assert_int_not_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    }
    disk_fail(0, DISK_REFUSES);
    disk_watch(NULL, NULL);
    assert_in_range(nth, 80, 1000);
    const struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.bodies, 1 + 2 + 20);
    assert_int_equal(r.records, r.bodies);
    assert_int_equal(r.segments, kept_keys());
    OK(file_list(copy.side.dir, count_file, &files));
    assert_int_equal(r.fillers, 1);
    assert_int_equal(files, 2 * r.segments + r.fillers);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, copy_bench_set_up, copy_bench_tear_down)
    const struct CMUnitTest tests[] = {
        T(an_auditors_agency_reads_all_without_the_store),
        T(nothing_is_shown_that_is_not_in_the_copy),
        T(a_disk_that_failed_long_goes_on),
        T(the_copy_follows_the_auditors),
        T(the_auditors_have_the_filler_key_and_nobody_else),
        T(without_an_auditor_it_waits_for_one),
        T(bodies_go_with_their_day),
        T(bodies_go_where_nobody_reads_them),
        T(a_key_that_went_is_not_written_anew),
        T(a_restart_goes_on),
        T(what_the_start_publishes_stays),
        T(many_days_are_many_segments),
        T(a_disk_that_fails_again_and_again_gathers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
