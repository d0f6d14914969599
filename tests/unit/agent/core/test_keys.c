/* The key folder is read again while the agent runs: what is new is added, and nothing that is loaded
 * changes or moves. */
#include "tests/unit/pki/test_core.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "agent/keys.h"
#include "pki/agency_half.h"
#include "pki/keyfile.h"
#include "pki/storage_keys.h"
#include "tests/support/vanish.h"
#include "tests/unit/host/host_tmp.h"

static const struct name riec = {"riec-casus"};

struct folder {
    struct host_tmp tmp;
    struct conf_service service;
    char keys[128];
    char passphrase[128];
};

static void write_file(const char *path, struct bytes data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data.ptr, data.len), (ssize_t)data.len);
    close(fd);
}

static void seal_file(struct folder *f, const char *name, const struct keyfile *header,
                      const struct secret *payload, const struct key *key)
{
    char path[256];
    CLEANUP(buf_free) struct buf out = buf_new(KEYFILE_MAX_BYTES);
    CLEANUP(cleanup_secret_free) struct secret *pass = secret_new(bytes_str("a passphrase"));
    snprintf(path, sizeof path, "%s/%s", f->keys, name);
    assert_int_equal(key != NULL ? keyfile_seal_key(header, pass, key, &out)
                                 : keyfile_seal(header, pass, payload, &out),
                     ERR_OK);
    write_file(path, buf_bytes(&out));
}

static void put_pair(struct folder *f, const char *word, enum key_type type)
{
    char name[64];
    struct keyfile h = {.cost = KEYFILE_COST_LEAST, .created_s = 1};
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    snprintf(h.id.s, sizeof h.id.s, "agency.%s", word);
    snprintf(name, sizeof name, "%s.key", word);
    assert_int_equal(key_generate(type, &key), ERR_OK);
    seal_file(f, name, &h, NULL, key);
}

static void put_purpose(struct folder *f, const char *file, uint32_t epoch, uint8_t fill)
{
    uint8_t raw[AGENCY_HALF_KEY_BYTES];
    memset(raw, fill, sizeof raw);
    CLEANUP(cleanup_secret_free) struct secret *k = secret_new(bytes_of(raw, sizeof raw));
    const struct keyfile h = {.kind = KEYFILE_PURPOSE,
                              .cost = KEYFILE_COST_LEAST,
                              .created_s = 1,
                              .id = {"purpose"},
                              .purpose = riec,
                              .epoch = epoch};
    seal_file(f, file, &h, k, NULL);
}

static int set_up(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    const struct keyfile storage = {
        .kind = KEYFILE_STORAGE, .cost = KEYFILE_COST_LEAST, .created_s = 1, .id = {"agency.storage"}};
    CLEANUP(cleanup_secret_free) struct secret *k = secret_random(32);
    host_tmp_make(&f->tmp);
    snprintf(f->keys, sizeof f->keys, "%s/keys", f->tmp.dir);
    snprintf(f->passphrase, sizeof f->passphrase, "%s/passphrase", f->tmp.dir);
    assert_int_equal(mkdir(f->keys, 0700), 0);
    write_file(f->passphrase, bytes_str("a passphrase\n"));
    f->service = (struct conf_service){.keys = f->keys, .unlock = {.passphrase_file = f->passphrase}};
    put_pair(f, "signing", KEY_TYPE_P256);
    put_pair(f, "sealing", KEY_TYPE_P256);
    put_pair(f, "transport", KEY_TYPE_X25519);
    seal_file(f, "storage.key", &storage, k, NULL);
    put_purpose(f, "riec-1.key", 1, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *f = *state;
    host_tmp_remove(&f->tmp);
    free(f);
    return 0;
}

static struct agent_keys *load(const struct folder *f)
{
    struct agent_keys *k = NULL;
    struct errmsg why = {""};
    assert_int_equal(agent_keys_load(&f->service, &k, &why), ERR_OK);
    return k;
}

static struct inner inner_of(struct agency_half *half)
{
    struct inner out;
    const struct agency_half_input in = {IDENT_BSN, 1, bytes_str("999990019")};
    assert_int_equal(agency_half_inner(half, &in, &out), ERR_OK);
    return out;
}

static void a_file_that_goes_while_the_folder_is_read_ends_no_start(void **state)
{
    struct folder *f = *state;
    put_purpose(f, "riec-2.key", 2, 2);
    vanish_next = "/riec-1.key";
    vanish_reads = 0;
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = load(f);
    assert_null(vanish_next);
    assert_int_equal(vanish_reads, 1 + 5); /* of six files the first, in the order of their names, was gone */
    assert_null(agent_keys_find(k, &riec, 1));
    assert_non_null(agent_keys_find(k, &riec, 2));
}

static void what_is_missing_is_not_looked_for_again(void **state)
{
    struct folder *f = *state;
    struct agent_keys *k = NULL;
    struct errmsg why = {""};
    char path[256];
    snprintf(path, sizeof path, "%s/signing.key", f->keys);
    assert_int_equal(unlink(path), 0);
    vanish_reads = 0;
    assert_int_equal(agent_keys_load(&f->service, &k, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "signing"));
    assert_int_equal(vanish_reads, 4); /* each file is opened once: that takes a fifth of a second */
    snprintf(path, sizeof path, "%s/a.key", f->keys);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_not_equal(agent_keys_load(&f->service, &k, &why), ERR_OK);
    assert_null(k);
}

static void a_key_that_came_is_added_and_the_others_stay_where_they_are(void **state)
{
    struct folder *f = *state;
    size_t added = 9;
    struct errmsg why = {""};
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = load(f);
    const struct purpose_key *one = agent_keys_find(k, &riec, 1);
    struct agency_half *half = one->for_store;
    const struct inner before = inner_of(half);
    const struct key *signing = agent_keys_signing(k);
    put_purpose(f, "riec-2.key", 2, 2);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_int_equal(added, 1);
    assert_ptr_equal(agent_keys_find(k, &riec, 1), one);
    assert_ptr_equal(one->for_store, half);
    assert_ptr_equal(agent_keys_signing(k), signing);
    const struct inner after = inner_of(half);
    assert_memory_equal(before.b, after.b, sizeof before.b);
    const struct purpose_key *two = agent_keys_find(k, &riec, 2);
    assert_non_null(two);
    const struct inner other = inner_of(two->for_loop);
    assert_memory_not_equal(other.b, before.b, sizeof other.b);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_int_equal(added, 0);
    assert_int_equal(agent_keys_purposes(k), 2);
}

static void a_key_whose_file_went_stays(void **state)
{
    struct folder *f = *state;
    char path[256];
    size_t added = 9;
    struct errmsg why = {""};
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = load(f);
    snprintf(path, sizeof path, "%s/riec-1.key", f->keys);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_int_equal(added, 0);
    assert_non_null(agent_keys_find(k, &riec, 1));
}

/* One bad file, and nothing of the folder is taken. */
static void expect_kept(struct folder *f, enum err want, const char *says)
{
    size_t added = 9;
    struct errmsg why = {""};
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = load(f);
    const struct purpose_key *one = agent_keys_find(k, &riec, 1);
    const struct kcv kcv = one->kcv;
    put_purpose(f, "aaa-2.key", 2, 2);
    put_purpose(f, "zzz-3.key", 3, 3);
    if (want == ERR_CONFLICT)
        put_purpose(f, "riec-1.key", 1, 7);
    else
        write_file(host_tmp_path(&f->tmp, "keys/rubbish.key"), bytes_str("no key"));
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), want);
    assert_non_null(strstr(why.text, says));
    assert_int_equal(added, 0);
    assert_int_equal(agent_keys_purposes(k), 1);
    assert_ptr_equal(agent_keys_find(k, &riec, 1), one);
    assert_memory_equal(one->kcv.b, kcv.b, sizeof kcv.b);
    inner_of(one->for_loop);
}

static void another_key_of_a_loaded_epoch_is_refused(void **state)
{
    expect_kept(*state, ERR_CONFLICT, "riec-casus, epoch 1");
}

static void a_file_that_is_no_key_is_refused(void **state)
{
    expect_kept(*state, ERR_TRUNCATED, "rubbish.key");
}

/* Wiped, it is found no more, and its file, while it lasts, does not bring it back. */
static void a_dropped_key_stays_dropped(void **state)
{
    struct folder *f = *state;
    char path[256];
    size_t added = 9;
    struct errmsg why = {""};
    put_purpose(f, "riec-2.key", 2, 2);
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = load(f);
    size_t i = 0;
    while (agent_keys_purpose(k, i)->epoch != 1)
        i++;
    CLEANUP(cleanup_agency_half_free) struct agency_half *half = agent_keys_drop(k, i);
    assert_non_null(half);
    inner_of(half); /* whoever used it can finish */
    assert_null(agent_keys_purpose(k, i)->for_loop);
    assert_null(agent_keys_drop(k, i));
    assert_null(agent_keys_find(k, &riec, 1));
    assert_non_null(agent_keys_find(k, &riec, 2));
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_int_equal(added, 0);
    assert_null(agent_keys_find(k, &riec, 1));
    assert_non_null(strstr(agent_keys_purpose(k, i)->file, "riec-1.key"));
    snprintf(path, sizeof path, "%s/riec-1.key", f->keys);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_null(agent_keys_purpose(k, i)->file);
}

static void remove_key(const struct folder *f, const char *file)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", f->keys, file);
    assert_int_equal(unlink(path), 0);
}

static void versions_of_the_storage_key_come_and_go(void **state)
{
    struct folder *f = *state;
    const struct keyfile second = {
        .kind = KEYFILE_STORAGE, .cost = KEYFILE_COST_LEAST, .created_s = 1, .id = {"storage-2"}};
    CLEANUP(cleanup_secret_free) struct secret *key = secret_random(32);
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = load(f);
    struct errmsg why = {""};
    size_t added = 0;
    assert_int_equal(storage_keys_newest(agent_keys_storage(k)), 1);
    seal_file(f, "storage-2.key", &second, key, NULL);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_int_equal(storage_keys_count(agent_keys_storage(k)), 2);
    assert_true(secret_equal(storage_keys_get(agent_keys_storage(k), 2), key));
    seal_file(f, "another.key", &second, key, NULL);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_DUPLICATE);
    remove_key(f, "another.key");
    remove_key(f, "storage.key");
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    assert_int_equal(storage_keys_lowest(agent_keys_storage(k)), 2);
    remove_key(f, "storage-2.key");
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_NOT_FOUND);
    assert_int_equal(storage_keys_count(agent_keys_storage(k)), 1);
}

/* A key of the own log under this file name; the caller's. */
static struct key *put_log_key(struct folder *f, const char *file, const char *id)
{
    struct keyfile h = {.cost = KEYFILE_COST_LEAST, .created_s = 1};
    struct key *key = NULL;
    snprintf(h.id.s, sizeof h.id.s, "%s", id);
    assert_int_equal(key_generate(KEY_TYPE_ED25519, &key), ERR_OK);
    seal_file(f, file, &h, NULL, key);
    return key;
}

static void expect_logs(const struct agent_keys *k, const struct key *first, const struct key *second)
{
    const struct key *logs[AGENT_LOG_KEYS_MAX];
    assert_int_equal(agent_keys_logs(k, logs), second != NULL ? 2 : 1);
    assert_true(key_same_public(logs[0], first) && agent_keys_log(k) == logs[0]);
    assert_true(second == NULL || key_same_public(logs[1], second));
}

/* The one kind of waiting key that signs beside the one in use (decision 0415). */
static void the_next_key_of_the_log_comes_and_takes_the_place_of_the_old_by_reloads(void **state)
{
    struct folder *f = *state;
    const struct keyfile h = {.cost = KEYFILE_COST_LEAST, .created_s = 1, .id = {"log"}};
    struct errmsg why = {""};
    size_t added = 0;
    CLEANUP(cleanup_key_free) struct key *old = put_log_key(f, "log.key", "agency.log");
    CLEANUP(cleanup_key_free) struct key *waits = put_log_key(f, "witness.next.key", "witness");
    CLEANUP(cleanup_key_free) struct key *wrong = put_log_key(f, "log.next.key", "witness");
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = NULL;
    assert_int_equal(agent_keys_load(&f->service, &k, &why), ERR_UNKNOWN);
    CLEANUP(cleanup_key_free) struct key *next = put_log_key(f, "log.next.key", "log");
    k = load(f);
    assert_null(agent_keys_witness(k));
    expect_logs(k, old, next);
    seal_file(f, "log.key", &h, NULL, next); /* killed before the other name went */
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    expect_logs(k, next, NULL);
    remove_key(f, "log.next.key");
    remove_key(f, "log.key"); /* a log does not lose its key while it runs */
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    expect_logs(k, next, NULL);
    CLEANUP(cleanup_key_free) struct key *third = put_log_key(f, "log.next.key", "log");
    seal_file(f, "log.key", &h, NULL, next);
    assert_int_equal(agent_keys_reload(k, &f->service, &added, &why), ERR_OK);
    expect_logs(k, next, third);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(versions_of_the_storage_key_come_and_go),
        CASE(what_is_missing_is_not_looked_for_again),
        CASE(a_file_that_goes_while_the_folder_is_read_ends_no_start),
        CASE(a_key_that_came_is_added_and_the_others_stay_where_they_are),
        CASE(a_key_whose_file_went_stays),
        CASE(another_key_of_a_loaded_epoch_is_refused),
        CASE(a_file_that_is_no_key_is_refused),
        CASE(a_dropped_key_stays_dropped),
        CASE(the_next_key_of_the_log_comes_and_takes_the_place_of_the_old_by_reloads),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
