/* The broker's key folder is read again where a file goes meanwhile, and only then. */
#include "tests/unit/pki/test_core.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/keys.h"
#include "pki/keyfile.h"
#include "proto/host/file.h"
#include "tests/support/vanish.h"
#include "tests/unit/host/host_tmp.h"

struct folder {
    struct host_tmp tmp;
    struct conf_service service;
    char keys[128];
    char passphrase[128];
};

static void seal_file(struct folder *f, const char *name, const struct keyfile *header, const struct key *key)
{
    char path[256];
    CLEANUP(buf_free) struct buf out = buf_new(KEYFILE_MAX_BYTES);
    CLEANUP(cleanup_secret_free) struct secret *pass = secret_new(bytes_str("a passphrase"));
    CLEANUP(cleanup_secret_free) struct secret *storage = secret_random(32);
    snprintf(path, sizeof path, "%s/%s", f->keys, name);
    assert_int_equal(key != NULL ? keyfile_seal_key(header, pass, key, &out) : keyfile_seal(header, pass, storage, &out), ERR_OK);
    assert_int_equal(file_create(path, buf_bytes(&out), 0600, NULL), ERR_OK);
}

static void put_pair(struct folder *f, const char *word, enum key_type type)
{
    char name[64];
    struct keyfile h = {.cost = KEYFILE_COST_LEAST, .created_s = 1};
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    snprintf(h.id.s, sizeof h.id.s, "broker.%s", word);
    snprintf(name, sizeof name, "%s.key", word);
    assert_int_equal(key_generate(type, &key), ERR_OK);
    seal_file(f, name, &h, key);
}

static int set_up(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    const struct keyfile storage = {
        .kind = KEYFILE_STORAGE, .cost = KEYFILE_COST_LEAST, .created_s = 1, .id = {"broker.storage"}};
    host_tmp_make(&f->tmp);
    snprintf(f->keys, sizeof f->keys, "%s/keys", f->tmp.dir);
    snprintf(f->passphrase, sizeof f->passphrase, "%s/passphrase", f->tmp.dir);
    assert_int_equal(mkdir(f->keys, 0700), 0);
    assert_int_equal(file_create(f->passphrase, bytes_str("a passphrase\n"), 0600, NULL), ERR_OK);
    f->service = (struct conf_service){.keys = f->keys, .unlock = {.passphrase_file = f->passphrase}};
    put_pair(f, "log", KEY_TYPE_ED25519);
    put_pair(f, "signing", KEY_TYPE_P256);
    put_pair(f, "transport", KEY_TYPE_X25519);
    seal_file(f, "storage.key", &storage, NULL);
    *state = f;
    vanish_reads = 0;
    vanish_next = NULL;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *f = *state;
    host_tmp_remove(&f->tmp);
    free(f);
    return 0;
}

static void a_file_that_goes_while_the_folder_is_read_ends_no_start(void **state)
{
    struct folder *f = *state;
    struct errmsg why = {""};
    CLEANUP(cleanup_keys_free) struct broker_keys *k = NULL;
    put_pair(f, "signing.former", KEY_TYPE_P256);
    vanish_next = "/signing.former.key";
    assert_int_equal(keys_load(&f->service, &k, &why), ERR_OK);
    assert_null(vanish_next);
    assert_int_equal(key_ring_count(&k->signing), 1);
    put_pair(f, "signing.next", KEY_TYPE_P256);
    put_pair(f, "signing.former", KEY_TYPE_P256);
    vanish_next = "/signing.former.key";
    assert_int_equal(keys_reload(k, &f->service, &why), ERR_OK);
    assert_null(vanish_next);
    assert_int_equal(key_ring_count(&k->signing), 2);
}

static void what_is_missing_is_not_looked_for_again(void **state)
{
    struct folder *f = *state;
    struct errmsg why = {""};
    struct broker_keys *k = NULL;
    char path[256];
    snprintf(path, sizeof path, "%s/log.key", f->keys);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(keys_load(&f->service, &k, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "no log (Ed25519) key file"));
    assert_null(k);
    assert_int_equal(vanish_reads, 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_file_that_goes_while_the_folder_is_read_ends_no_start),
        T(what_is_missing_is_not_looked_for_again),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
