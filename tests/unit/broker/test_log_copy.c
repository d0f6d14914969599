/* broker/log_copy: what a checkpoint covers can be read from the auditors' copy alone, by the
 * agencies of auditors alone, and goes with its day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/log_copy.h"
#include "broker/publisher.h"
#include "broker/store/log_copies.h"
#include "pki/body_copy_seal.h"
#include "pki/seal.h"
#include "proto/host/file.h"
#include "proto/host/writer.h"
#include "tests/support/disk.h"
#include "tests/unit/broker/bench.h"
#include "tests/unit/pki/ca_fixture.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define DAY_S INT64_C(86400)
#define DAYS 30
#define STEP 11 /* calls */

static struct bench bench;
static struct fix_pki pki;
static struct fix_party alfa, bravo;
static struct cert *signing;
static char copy_dir[256];

static void make_auditor(size_t i, enum bench_member of)
{
    struct roster_officer *o = &bench.view.officers[i];
    o->agency = bench.view.members[of].id;
    o->functions = UINT32_C(1) << FUNCTION_AUDITOR;
    memset(o->cert.fingerprint.b, 0x70 + (int)i, sizeof o->cert.fingerprint.b);
}

static void make_certs(void)
{
    struct errmsg why = {""};
    const struct ca_request r = fix_request(CERT_SIGNING, '1', "broker");
    const struct ca_issuer issuer = {pki.issuer.cert, pki.issuer.key};
    alfa = fix_leaf(&pki, CERT_SEALING, '2');
    bravo = fix_leaf(&pki, CERT_SEALING, '3');
    OK(ca_issue(&r, &issuer, bench.view.keys[BENCH_BROKER], &signing, &why));
    bench.view.members[BENCH_BROKER].signing.der = cert_der(signing);
    bench.view.members[BENCH_ALFA].sealing.der = cert_der(alfa.cert);
    bench.view.members[BENCH_BRAVO].sealing.der = cert_der(bravo.cert);
}

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    fix_new(&pki);
    make_certs();
    bench.view.roster.officers = bench.view.officers;
    bench.view.roster.officer_count = 1;
    make_auditor(0, BENCH_ALFA);
    snprintf(copy_dir, sizeof copy_dir, "%s", host_tmp_path(&bench.tmp, "copy"));
    bench.config.log_copy = copy_dir;
    bench.config.log_retention_ms = (uint64_t)(DAYS * DAY_S * 1000);
    bench_restart(&bench);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    fix_party_free(&alfa);
    fix_party_free(&bravo);
    cert_free(signing);
    fix_free(&pki);
    return 0;
}

static enum err add_job(struct kv_txn *txn, void *arg)
{
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_CLOSED};
    return audit_append(bench.broker.audit, txn, &what, &bench.view.members[BENCH_ALFA].id, NULL,
                        bench.now_ms / 1000, arg);
}

static void add(size_t n)
{
    struct digest entry;
    for (size_t i = 0; i < n; i++)
        OK(writer_run(bench.broker.writer, add_job, &entry));
}

/* What one agency reads, from the files alone. */
struct reading {
    const struct fix_party *by;
    size_t segments; /* that it opens */
    size_t closed;   /* that it does not */
    size_t records;  /* of what it opens */
    size_t bodies;   /* each entry once */
    struct digest entries[256];
};

static void take_body(struct reading *r, struct aead *aead, const struct body_copy_record *record)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    OK(body_copy_open(aead, record, &body));
    r->records++;
    for (size_t i = 0; i < r->bodies; i++)
        if (digest_equal(&r->entries[i], &record->entry))
            return;
    assert_true(r->bodies < ARRAY_LEN(r->entries));
    r->entries[r->bodies++] = record->entry;
}

static void read_segment(struct reading *r, const char *name, struct bytes key)
{
    char file[64];
    CLEANUP(buf_free) struct buf segment = buf_new((size_t)64 << 20);
    CLEANUP(cleanup_secret_free) struct secret *secret = secret_new(key);
    CLEANUP(cleanup_aead_free) struct aead *aead = NULL;
    struct body_copy_record record;
    snprintf(file, sizeof file, "copy/%s.seg", name);
    OK(aead_new(secret, BODY_COPY_KEY_VERSION, &aead));
    OK(file_read(host_tmp_path(&bench.tmp, file), FILE_ANY, &segment, NULL));
    struct bytes rest = buf_bytes(&segment);
    enum err e = ERR_OK;
    while ((e = body_copy_next(&rest, &record)) == ERR_OK)
        take_body(r, aead, &record);
    assert_int_equal(e, ERR_NOT_FOUND);
}

static enum err read_one(void *arg, const char *file)
{
    struct reading *r = arg;
    char path[160];
    CLEANUP(buf_free) struct buf envelope = buf_new((size_t)64 << 10);
    CLEANUP(buf_free) struct buf plain = buf_new(SEAL_MAX_CONTENT);
    struct body_copy_content content;
    struct body_copy_name name;
    uint32_t day = 0;
    OK(body_copy_name_parse(file, &name, &day));
    if (strcmp(file + strlen(name.s), ".key") != 0)
        return ERR_OK;
    snprintf(path, sizeof path, "copy/%s", file);
    OK(file_read(host_tmp_path(&bench.tmp, path), FILE_PRIVATE, &envelope, NULL));
    const struct seal_open_params p = {r->by->key, r->by->cert, signing};
    if (seal_open(&p, buf_bytes(&envelope), &plain, NULL) != ERR_OK) {
        r->closed++;
        return ERR_OK;
    }
    OK(body_copy_content_parse(buf_bytes(&plain), &content));
    assert_true(bytes_is(content.name, name.s) && bytes_is(content.origin, bench.config.origin));
    r->segments++;
    read_segment(r, name.s, content.key);
    return ERR_OK;
}

static struct reading read_by(const struct fix_party *by)
{
    struct reading r = {.by = by};
    OK(file_list(copy_dir, read_one, &r));
    return r;
}

static void an_auditors_agency_reads_all_without_the_store(void **state)
{
    (void)state;
    add(5);
    bench_publish(&bench);
    add(3);
    bench_publish(&bench);
    const struct reading r = read_by(&alfa);
    assert_int_equal(r.bodies, 9); /* with the log's first entry */
    assert_int_equal(r.closed, 0);
    const struct reading other = read_by(&bravo);
    assert_int_equal(other.bodies, 0);
    assert_int_equal(other.segments, 0);
    assert_int_equal(other.closed, r.segments);
}

/* The checkpoint that everybody reads. */
static struct bytes shown(struct buf *out)
{
    OK(file_read(host_tmp_path(&bench.tmp, "tiles/checkpoint"), FILE_ANY, out, NULL));
    return buf_bytes(out);
}

static void nothing_is_shown_that_is_not_in_the_copy(void **state)
{
    (void)state;
    char aside[256];
    CLEANUP(buf_free) struct buf before = buf_new(4096);
    CLEANUP(buf_free) struct buf after = buf_new(4096);
    bench_publish(&bench);
    const struct bytes was = shown(&before);
    const uint64_t size = publisher_size(bench.broker.publisher);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&bench.tmp, "aside"));
    assert_int_equal(rename(copy_dir, aside), 0);
    add(1);
    bench_publish(&bench);
    assert_int_equal(publisher_size(bench.broker.publisher), size);
    assert_true(bytes_equal(shown(&after), was));
    assert_int_not_equal(bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(rename(aside, copy_dir), 0);
    bench_publish(&bench);
    assert_true(publisher_size(bench.broker.publisher) > size);
    assert_int_equal(bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(read_by(&alfa).bodies, 2);
}

/* The segment whose bodies end on a day. */
static enum err find_day(void *arg, const char *file)
{
    struct body_copy_name *out = arg;
    struct body_copy_name name;
    uint32_t day = 0;
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
    OK(file_list(copy_dir, find_day, &name));
    assert_true(name.s[0] != '\0');
    snprintf(file, sizeof file, "copy/%s.%s", name.s, ending);
    snprintf(out, 256, "%s", host_tmp_path(&bench.tmp, file));
}

/* However often it was tried: each body is there, once. */
static void a_disk_that_failed_long_goes_on(void **state)
{
    (void)state;
    char path[256];
    char aside[256];
    add(2);
    bench_publish(&bench);
    segment_path("seg", path);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&bench.tmp, "aside"));
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* nothing can be appended to it */
    add(200);
    for (size_t i = 0; i < 20; i++)
        bench_publish(&bench);
    assert_int_not_equal(bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    bench_publish(&bench);
    assert_int_equal(bench.broker.closed & (1u << GATE_LOG), 0);
    const struct reading r = read_by(&alfa);
    assert_int_equal(r.bodies, 1 + 2 + 200);
    assert_int_equal(r.records, r.bodies);
}

static void the_copy_follows_the_auditors(void **state)
{
    (void)state;
    add(4);
    bench_publish(&bench);
    bench.view.roster.officer_count = 2;
    make_auditor(1, BENCH_BRAVO);
    add(2);
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 7);
    assert_int_equal(read_by(&bravo).bodies, 7); /* those of before too */
    bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    add(1);
    bench_publish(&bench);
    assert_int_equal(read_by(&bravo).bodies, 8);
    assert_int_equal(read_by(&alfa).bodies, 0);
}

static void without_an_auditor_it_waits_for_one(void **state)
{
    (void)state;
    bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    add(4);
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies + read_by(&alfa).closed, 0);
    bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_AUDITOR;
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 5);
}

static size_t kept_keys(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats stats;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(kv_table_stats(txn, bench.broker.store->log_copies, &stats));
    return (size_t)stats.entries;
}

static void bodies_go_with_their_day(void **state)
{
    (void)state;
    add(4);
    bench_publish(&bench);
    const size_t keys = kept_keys();
    assert_int_equal(keys, 2);
    bench.now_ms = (BENCH_NOW_S / DAY_S + DAYS) * DAY_S * 1000;
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 5);
    broker_close_gate(&bench.broker, GATE_ROSTER);
    bench.now_ms += DAY_S * 1000;
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 5); /* behind a closed gate no clock is believed */
    broker_clear_gate(&bench.broker, GATE_ROSTER);
    bench_publish(&bench);
    const struct reading r = read_by(&alfa);
    assert_int_equal(r.bodies, 1); /* the log's first entry */
    assert_int_equal(kept_keys(), 1);
}

static void bodies_go_where_nobody_reads_them(void **state)
{
    (void)state;
    add(4);
    bench_publish(&bench);
    bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    bench.now_ms = (BENCH_NOW_S / DAY_S + DAYS + 1) * DAY_S * 1000;
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 1); /* the log's first entry */
    assert_int_equal(kept_keys(), 1);
}

/* Neither where the round in which its files went failed. */
static void a_key_that_went_is_not_written_anew(void **state)
{
    (void)state;
    char path[256];
    char aside[256];
    add(1);
    bench_publish(&bench);
    const int64_t last_ms = (BENCH_NOW_S / DAY_S + DAYS) * DAY_S * 1000;
    bench.now_ms = last_ms;
    add(1);
    bench_publish(&bench);
    assert_int_equal(kept_keys(), 3);
    segment_path("seg", path);
    snprintf(aside, sizeof aside, "%s", host_tmp_path(&bench.tmp, "aside"));
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    add(1);
    bench.now_ms = last_ms + DAY_S * 1000;
    bench_publish(&bench);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(kept_keys(), 3);
    bench.view.roster.officer_count = 2;
    make_auditor(1, BENCH_BRAVO);
    bench_publish(&bench);
    assert_int_equal(read_by(&bravo).bodies, 1 + 2);
    assert_int_equal(read_by(&bravo).segments, 2 + 1);
    bench.now_ms += 60 * 1000;
    bench_publish(&bench);
    assert_int_equal(kept_keys(), read_by(&alfa).segments);
}

static void a_restart_goes_on(void **state)
{
    (void)state;
    add(4);
    bench_publish(&bench);
    OK(file_create(host_tmp_path(&bench.tmp, "copy/20000-0123456789abcdef.key.tmp-a1B2c3"), bytes_str("half"), 0600, NULL));
    bench_restart(&bench);
    assert_false(file_exists(host_tmp_path(&bench.tmp, "copy/20000-0123456789abcdef.key.tmp-a1B2c3")));
    add(4);
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 9);
    bench.view.roster.officer_count = 2;
    make_auditor(1, BENCH_BRAVO);
    bench_publish(&bench);
    assert_int_equal(read_by(&bravo).bodies, 9);
}

/* More days than segments are open at a time: each key reaches the store all the same. */
static void many_days_are_many_segments(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 40; day++) {
        bench.now_ms = (BENCH_NOW_S + day * DAY_S) * 1000;
        add(1);
    }
    bench.now_ms = BENCH_NOW_S * 1000;
    bench_publish(&bench);
    assert_int_equal(read_by(&alfa).bodies, 1 + 40);
    assert_int_equal(read_by(&alfa).segments, kept_keys());
    assert_int_equal(kept_keys(), 1 + 40);
    bench.view.roster.officer_count = 2;
    make_auditor(1, BENCH_BRAVO);
    bench_publish(&bench);
    assert_int_equal(read_by(&bravo).bodies, 1 + 40);
}

struct many {
    size_t count;
};

static enum err add_many_job(struct kv_txn *txn, void *arg)
{
    const struct many *m = arg;
    struct digest entry;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < m->count; i++)
        e = add_job(txn, &entry);
    return e;
}

static uint64_t copied(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_copied c;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_get_copied(bench.broker.store, txn, &c));
    return c.size;
}

static void an_old_log_is_copied_in_slices(void **state)
{
    (void)state;
    struct many many = {9000};
    bench.config.log_copy = NULL;
    bench_restart(&bench);
    OK(writer_run(bench.broker.writer, add_many_job, &many));
    while (bench_pending(&bench) > 0)
        bench_publish(&bench);
    const uint64_t size = publisher_size(bench.broker.publisher);
    bench.config.log_copy = copy_dir;
    bench_restart(&bench);
    add(1);
    bench_publish(&bench);
    assert_true(publisher_size(bench.broker.publisher) > size);
    assert_in_range(copied(), 8192, size - 1);
    bench_publish(&bench);
    assert_int_equal(copied(), publisher_size(bench.broker.publisher));
}

static enum err damage_job(struct kv_txn *txn, void *arg)
{
    const struct digest *entry = arg;
    return kv_put(txn, bench.broker.store->log.bodies, digest_bytes(entry), bytes_str("not what was sealed"));
}

static void a_damaged_body_keeps_no_other_out_of_the_copy(void **state)
{
    (void)state;
    struct digest entry;
    add(3);
    OK(writer_run(bench.broker.writer, add_job, &entry));
    OK(writer_run(bench.broker.writer, damage_job, &entry));
    bench_publish(&bench);
    assert_int_equal(bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(read_by(&alfa).bodies, 1 + 3);
    assert_string_not_equal(bench.broker.unreadable.text, "");
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
    add(2);
    bench_publish(&bench);
    for (int64_t day = 0; day < 20; day++) { /* more than segments are open at a time */
        bench.now_ms = (BENCH_NOW_S + day * DAY_S) * 1000;
        add(1);
    }
    bench.now_ms = BENCH_NOW_S * 1000;
    disk_watch(copy_dir, NULL);
    for (;; nth += STEP) {
        disk_fail(nth, DISK_REFUSES);
        bench_publish(&bench);
        if (disk_calls() < nth)
            break;
        assert_int_not_equal(bench.broker.closed & (1u << GATE_LOG), 0);
    }
    disk_fail(0, DISK_REFUSES);
    disk_watch(NULL, NULL);
    assert_in_range(nth, 80, 1000);
    const struct reading r = read_by(&alfa);
    assert_int_equal(r.bodies, 1 + 2 + 20);
    assert_int_equal(r.records, r.bodies);
    assert_int_equal(r.segments, kept_keys());
    OK(file_list(copy_dir, count_file, &files));
    assert_int_equal(files, 2 * r.segments);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_auditors_agency_reads_all_without_the_store),
        T(nothing_is_shown_that_is_not_in_the_copy),
        T(a_disk_that_failed_long_goes_on),
        T(the_copy_follows_the_auditors),
        T(without_an_auditor_it_waits_for_one),
        T(bodies_go_with_their_day),
        T(bodies_go_where_nobody_reads_them),
        T(a_key_that_went_is_not_written_anew),
        T(a_restart_goes_on),
        T(many_days_are_many_segments),
        T(an_old_log_is_copied_in_slices),
        T(a_damaged_body_keeps_no_other_out_of_the_copy),
        T(a_disk_that_fails_again_and_again_gathers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
