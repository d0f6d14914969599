/* broker/log_copy_bodies, copy_strays: an old log follows in slices, what does not open keeps no other out, what waits for
 * a key is copied once it is there, and what a restored store does not know is told. */
#include "tests/unit/broker/copy_bench.h"

#include <string.h>
#include <unistd.h>

#include "broker/keys.h"
#include "broker/log_copy.h"
#include "broker/publisher.h"
#include "broker/store/log_copies.h"
#include "broker/vaults.h"
#include "pki/body_copy_seal.h"
#include "proto/host/file.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"

struct many {
    size_t count;
};

static enum err add_many_job(struct kv_txn *txn, void *arg)
{
    const struct many *m = arg;
    struct digest entry;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < m->count; i++)
        e = copy_bench_add_job(txn, &entry);
    return e;
}

static uint64_t copied(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_copied c;
    OK(kv_read_begin(copy.bench.broker.kv, &txn));
    OK(log_get_copied(copy.bench.broker.store, txn, &c));
    return c.size;
}

static void an_old_log_is_copied_in_slices(void **state)
{
    (void)state;
    struct many many = {9000};
    copy.bench.config.log_copy = NULL;
    bench_restart(&copy.bench);
    OK(writer_run(copy.bench.broker.writer, add_many_job, &many));
    while (bench_pending(&copy.bench) > 0)
        bench_publish(&copy.bench);
    const uint64_t size = publisher_size(copy.bench.broker.publisher);
    copy.bench.config.log_copy = copy.side.dir;
    bench_restart(&copy.bench);
    copy_bench_add(1);
    bench_publish(&copy.bench);
    assert_true(publisher_size(copy.bench.broker.publisher) > size);
    assert_in_range(copied(), 8192, size - 1);
    bench_publish(&copy.bench);
    assert_int_equal(copied(), publisher_size(copy.bench.broker.publisher));
}

static enum err damage_job(struct kv_txn *txn, void *arg)
{
    const struct digest *entry = arg;
    return kv_put(txn, copy.bench.broker.store->log.bodies, digest_bytes(entry), bytes_str("not what was sealed"));
}

static void a_damaged_body_keeps_no_other_out_of_the_copy(void **state)
{
    (void)state;
    struct digest entry;
    copy_bench_add(3);
    OK(writer_run(copy.bench.broker.writer, copy_bench_add_job, &entry));
    OK(writer_run(copy.bench.broker.writer, damage_job, &entry));
    bench_publish(&copy.bench);
    assert_int_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 1 + 3);
    assert_string_not_equal(copy.bench.broker.unreadable.text, "");
}

/* ---- what waits for a key ---- */

/* The broker has its first storage key, or a second one too, and seals under the newest. */
static void load_versions(uint32_t newest)
{
    static const uint8_t second[STORAGE_KEY_BYTES] = {2};
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *keys = NULL;
    OK(storage_keys_copy(copy.bench.broker.keys->storage, &keys));
    if (newest > 1)
        OK(storage_keys_add(keys, newest, secret_new(BYTES_OF_ARRAY(second))));
    OK(vaults_set(copy.bench.broker.vaults, keys, newest));
}

static bool alarms_say(const char *words)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    OK(log_copy_alarms(copy.bench.broker.log_copy, list));
    OK(doc_write(list, &text));
    return strstr(buf_text(&text), words) != NULL;
}

static size_t missed(struct copy_missed *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(copy.bench.broker.kv, &txn));
    OK(log_get_missed(copy.bench.broker.store, txn, out));
    return out->count;
}

/* It is left out, told, and copied once the version is there; the others at once. */
static void a_body_whose_key_is_away_waits_for_it(void **state)
{
    (void)state;
    struct copy_missed list;
    load_versions(2);
    copy_bench_add(4);
    load_versions(1);
    copy_bench_add(2);
    bench_publish(&copy.bench);
    assert_int_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    assert_int_equal(copy_bench_read(&copy.side.alfa).bodies, 1 + 2);
    assert_true(missed(&list) > 0);
    assert_true(alarms_say("version 2 of the storage key is not there"));
    bench_restart(&copy.bench); /* without it still */
    bench_publish(&copy.bench);
    assert_true(missed(&list) > 0);
    assert_true(alarms_say("lacks the bodies"));
    load_versions(2);
    bench_publish(&copy.bench);
    const struct copy_reading r = copy_bench_read(&copy.side.alfa);
    assert_int_equal(r.bodies, 1 + 4 + 2);
    assert_int_equal(r.records, r.bodies);
    assert_int_equal(missed(&list), 0);
    assert_false(alarms_say("lacks"));
}

/* Who becomes an auditor reads what can be sealed to him at once, and the rest when its key is there. */
static void segments_whose_key_is_away_are_sealed_anew_later(void **state)
{
    (void)state;
    load_versions(2);
    copy_bench_add(4);
    bench_publish(&copy.bench);
    bench_restart(&copy.bench); /* new bodies go into new segments */
    load_versions(1);
    copy_bench_auditor(1, BENCH_BRAVO);
    copy_bench_add(2);
    bench_publish(&copy.bench);
    assert_int_equal(copy.bench.broker.closed & (1u << GATE_LOG), 0);
    assert_true(alarms_say("stay sealed to the auditors of before"));
    const struct copy_reading some = copy_bench_read(&copy.side.bravo);
    assert_int_equal(some.bodies, 2);
    assert_int_equal(some.closed, 2); /* of the first entry, and of the four */
    load_versions(2);
    copy_bench_add(1);
    bench_publish(&copy.bench);
    assert_false(alarms_say("stay sealed"));
    const struct copy_reading all = copy_bench_read(&copy.side.bravo);
    assert_int_equal(all.closed, 0);
    assert_int_equal(all.bodies, copy_bench_read(&copy.side.alfa).bodies);
}

/* A clock that nobody confirms keeps nothing out of the copy. */
static void behind_a_closed_gate_no_time_is_over(void **state)
{
    (void)state;
    copy.bench.config.log_copy = NULL;
    bench_restart(&copy.bench);
    copy_bench_add(3);
    bench_publish(&copy.bench);
    copy.bench.config.log_copy = copy.side.dir;
    bench_restart(&copy.bench);
    copy.bench.now_ms += (DAYS + 9) * DAY_S * 1000;
    copy.bench.broker.closed |= 1u << GATE_ROSTER;
    bench_publish(&copy.bench);
    assert_int_equal(copied(), publisher_size(copy.bench.broker.publisher));
    assert_true(copy_bench_read(&copy.side.alfa).bodies >= 3);
}

/* A slice a round, so that no round lasts long. */
static void many_that_waited_are_copied_in_slices(void **state)
{
    (void)state;
    struct many many = {9000};
    struct copy_missed list;
    load_versions(2);
    OK(writer_run(copy.bench.broker.writer, add_many_job, &many));
    load_versions(1);
    while (bench_pending(&copy.bench) > 0)
        bench_publish(&copy.bench);
    missed(&list);
    assert_true(copy_missed_entries(&list) >= 9000);
    load_versions(2);
    bench_publish(&copy.bench);
    missed(&list);
    assert_in_range(copy_missed_entries(&list), 1, 9000 - 1);
    assert_true(alarms_say("lacks the bodies"));
    bench_publish(&copy.bench);
    assert_int_equal(missed(&list), 0);
}

static enum err lose_job(struct kv_txn *txn, void *arg)
{
    return log_add_lost(&copy.bench.broker.store->log, txn, arg);
}

/* A segment that the store does not know, with one body. */
static void put_stray(const char *name, const struct digest *entry, char path[static 256])
{
    char file[64];
    CLEANUP(buf_free) struct buf segment = buf_new((size_t)1 << 16);
    CLEANUP(cleanup_secret_free) struct secret *key = secret_random(BODY_COPY_KEY_BYTES);
    CLEANUP(cleanup_aead_free) struct aead *aead = NULL;
    OK(aead_new(key, BODY_COPY_KEY_VERSION, &aead));
    OK(body_copy_seal(aead, 3, entry, bytes_str("{}"), &segment));
    snprintf(file, sizeof file, "copy/%s.seg", name);
    OK(file_create(host_tmp_path(&copy.bench.tmp, file), buf_bytes(&segment), 0600, NULL));
    snprintf(file, sizeof file, "copy/%s.key", name);
    snprintf(path, 256, "%s", host_tmp_path(&copy.bench.tmp, file));
    OK(file_create(path, bytes_str("sealed"), 0600, NULL));
}

/* What a restored store lost is told until the files are moved away; what a stop left behind is not. */
static void a_segment_that_a_restored_store_does_not_know_is_told(void **state)
{
    (void)state;
    char path[256];
    char other[256];
    struct digest known;
    struct digest lost = {{6}};
    const struct digest unknown = {{7}};
    OK(writer_run(copy.bench.broker.writer, copy_bench_add_job, &known));
    bench_publish(&copy.bench);
    put_stray("99990-0123456789abcdef", &known, other);
    bench_restart(&copy.bench);
    bench_publish(&copy.bench);
    assert_false(alarms_say("sealed anew"));
    put_stray("99990-fedcba9876543210", &unknown, path);
    bench_restart(&copy.bench);
    bench_publish(&copy.bench);
    assert_true(alarms_say("1 segments of the copy for auditors (99990-fedcba9876543210 and on)"));
    put_stray("99991-0123456789abcdef", &lost, other);
    OK(writer_run(copy.bench.broker.writer, lose_job, &lost));
    bench_restart(&copy.bench);
    bench_publish(&copy.bench);
    assert_true(alarms_say("2 segments of the copy for auditors"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(other), 0);
    copy.bench.now_ms += 60 * 1000;
    bench_publish(&copy.bench);
    assert_false(alarms_say("sealed anew"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, copy_bench_set_up, copy_bench_tear_down)
    const struct CMUnitTest tests[] = {
        T(an_old_log_is_copied_in_slices),
        T(a_damaged_body_keeps_no_other_out_of_the_copy),
        T(a_body_whose_key_is_away_waits_for_it),
        T(segments_whose_key_is_away_are_sealed_anew_later),
        T(behind_a_closed_gate_no_time_is_over),
        T(many_that_waited_are_copied_in_slices),
        T(a_segment_that_a_restored_store_does_not_know_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
