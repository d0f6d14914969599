/* A backup of keys: any two keepers open it, one opens nothing, and without the wrapping key of an
 * epoch its keys stay shut. */
#include "pki/aead.h"
#include "pki/backup.h"
#include "pki/secret_internal.h"
#include "pki/share.h"
#include "tests/unit/pki/test_core.h"

#define CREATED INT64_C(1770000000)

static struct secret *secret_of(uint8_t with)
{
    uint8_t b[SHARE_SECRET_BYTES];
    memset(b, with, sizeof b);
    struct secret *s = secret_new(BYTES_OF_ARRAY(b));
    assert_non_null(s);
    return s;
}

static void any_two_shares_give_the_secret(void **state)
{
    (void)state;
    struct secret *shares[SHARE_COUNT];
    struct secret *CLEANUP(cleanup_secret_free) secret = secret_random(SHARE_SECRET_BYTES);
    assert_int_equal(share_split(secret, shares), ERR_OK);
    for (unsigned i = 0; i < SHARE_COUNT; i++)
        for (unsigned j = 0; j < SHARE_COUNT; j++) {
            struct secret *CLEANUP(cleanup_secret_free) got = NULL;
            const enum err e = share_join(shares[i], i, shares[j], j, &got);
            assert_int_equal(e, i == j ? ERR_INVALID : ERR_OK);
            assert_true(i == j || secret_equal(got, secret));
        }
    for (unsigned i = 0; i < SHARE_COUNT; i++)
        secret_free(shares[i]);
}

static void shares_of_two_secrets_do_not_join(void **state)
{
    (void)state;
    struct secret *mine[SHARE_COUNT];
    struct secret *other[SHARE_COUNT];
    struct secret *got = NULL;
    struct secret *CLEANUP(cleanup_secret_free) one = secret_of(1);
    struct secret *CLEANUP(cleanup_secret_free) longer = secret_random(SHARE_SECRET_BYTES + 1);
    assert_int_equal(share_split(longer, mine), ERR_INVALID);
    assert_int_equal(share_split(one, mine), ERR_OK);
    assert_int_equal(share_split(one, other), ERR_OK);
    assert_int_equal(share_join(mine[0], 0, other[1], 1, &got), ERR_MISMATCH);
    assert_int_equal(share_join(mine[0], 0, mine[1], 2, &got), ERR_MISMATCH); /* a wrong number */
    assert_int_equal(share_join(mine[0], 0, one, 1, &got), ERR_INVALID);
    assert_int_equal(share_join(mine[0], 0, mine[1], SHARE_COUNT, &got), ERR_INVALID);
    assert_null(got);
    for (unsigned i = 0; i < SHARE_COUNT; i++) {
        secret_free(mine[i]);
        secret_free(other[i]);
    }
}

static bool stands_in(const struct secret *needle, const struct secret *hay)
{
    const struct bytes n = secret_bytes(needle);
    const struct bytes h = secret_bytes(hay);
    return memmem(h.ptr, h.len, n.ptr, n.len) != NULL;
}

/* Neither the secret nor all that makes it lies in one share. */
static void one_share_is_not_the_secret(void **state)
{
    (void)state;
    struct secret *shares[SHARE_COUNT];
    struct secret *CLEANUP(cleanup_secret_free) secret = secret_random(SHARE_SECRET_BYTES);
    assert_int_equal(share_split(secret, shares), ERR_OK);
    for (unsigned i = 0; i < SHARE_COUNT; i++) {
        uint8_t both[SHARE_SECRET_BYTES];
        const uint8_t *p = secret_bytes(shares[i]).ptr;
        for (size_t k = 0; k < sizeof both; k++)
            both[k] = p[k] ^ p[SHARE_SECRET_BYTES + k];
        assert_false(stands_in(secret, shares[i]));
        assert_memory_not_equal(both, secret_bytes(secret).ptr, sizeof both);
        secret_free(shares[i]);
    }
}

/* ---- the file ---- */

struct made {
    struct secret *key, *wrapping, *storage, *half;
    struct backup_wrapping wrap; /* of wrapping */
    struct buf file;
    struct arena *arena;
    struct backup b;
};

static const struct keyfile storage_header = {
    .kind = KEYFILE_STORAGE, .created_s = 5, .id = {"storage"}};
static const struct keyfile half_header = {.kind = KEYFILE_BROKER_HALF,
                                           .created_s = 6,
                                           .id = {"half-riec-1"},
                                           .purpose = {"riec"},
                                           .epoch = 1};

static void make(struct made *m)
{
    struct backup_writer w;
    *m = (struct made){.key = secret_of(7),
                       .wrapping = secret_of(8),
                       .storage = secret_of(9),
                       .half = secret_of(10),
                       .file = buf_new(1 << 20),
                       .arena = arena_new(4 << 20)};
    assert_int_equal(backup_begin(&w, m->key, CREATED, &m->file), ERR_OK);
    assert_int_equal(backup_put_key(&w, &storage_header, m->storage, NULL), ERR_OK);
    m->wrap = (struct backup_wrapping){m->wrapping, {"wrapping-01"}};
    assert_int_equal(backup_put_key(&w, &half_header, m->half, &m->wrap), ERR_OK);
    assert_int_equal(backup_put_file(&w, bytes_str("deals/riec-1.deal"), bytes_str("a statement")),
                     ERR_OK);
    assert_int_equal(backup_end(&w), ERR_OK);
    assert_int_equal(backup_read(buf_bytes(&m->file), m->arena, &m->b), ERR_OK);
}

static void made_free(struct made *m)
{
    secret_free(m->key);
    secret_free(m->wrapping);
    secret_free(m->storage);
    secret_free(m->half);
    buf_free(&m->file);
    arena_free(m->arena);
}

static void what_was_put_comes_back(void **state)
{
    (void)state;
    struct made m;
    make(&m);
    CLEANUP(buf_free) struct buf file = buf_new(1 << 16);
    struct secret *CLEANUP(cleanup_secret_free) storage = NULL;
    struct secret *CLEANUP(cleanup_secret_free) half = NULL;
    assert_int_equal(m.b.count, 3);
    assert_int_equal(m.b.created_s, CREATED);
    assert_int_equal(backup_check(&m.b, m.key), ERR_OK);
    assert_int_equal(backup_open_key(&m.b, 0, m.key, NULL, &storage), ERR_OK);
    assert_true(secret_equal(storage, m.storage));
    struct name needs;
    assert_int_equal(backup_wrapping_id(&m.b, 1, m.key, &needs), ERR_OK);
    assert_true(name_equal(&needs, &m.wrap.id));
    assert_int_equal(backup_open_key(&m.b, 1, m.key, &m.wrap, &half), ERR_OK);
    assert_true(secret_equal(half, m.half));
    assert_true(name_equal(&m.b.entries[1].header.id, &half_header.id));
    assert_true(name_equal(&m.b.entries[1].header.purpose, &half_header.purpose));
    assert_int_equal(m.b.entries[1].header.epoch, 1);
    assert_int_equal(backup_open_file(&m.b, 2, m.key, &file), ERR_OK);
    assert_true(bytes_is(buf_bytes(&file), "a statement"));
    assert_true(bytes_is(m.b.entries[2].name, "deals/riec-1.deal"));
    made_free(&m);
}

static void an_epochs_keys_need_its_wrapping_key(void **state)
{
    (void)state;
    struct made m;
    struct backup_writer w;
    struct secret *got = NULL;
    make(&m);
    assert_int_equal(backup_open_key(&m.b, 1, m.key, NULL, &got), ERR_STATE);
    const struct backup_wrapping wrong_key = {m.key, m.wrap.id};
    const struct backup_wrapping other_id = {m.wrapping, {"wrapping-02"}};
    struct name needs;
    assert_int_equal(backup_open_key(&m.b, 1, m.key, &wrong_key, &got), ERR_SIGNATURE);
    assert_int_equal(backup_open_key(&m.b, 1, m.key, &other_id, &got), ERR_MISMATCH);
    assert_int_equal(backup_open_key(&m.b, 1, m.storage, &m.wrap, &got), ERR_SIGNATURE);
    assert_int_equal(backup_wrapping_id(&m.b, 1, m.storage, &needs), ERR_SIGNATURE);
    assert_int_equal(backup_wrapping_id(&m.b, 0, m.key, &needs), ERR_INVALID);
    assert_int_equal(backup_wrapping_id(&m.b, 2, m.key, &needs), ERR_INVALID);
    assert_int_equal(backup_open_key(&m.b, 2, m.key, NULL, &got), ERR_INVALID);
    assert_int_equal(backup_open_file(&m.b, 0, m.key, &m.file), ERR_INVALID);
    assert_null(got);
    const struct keyfile wrapping = {
        .kind = KEYFILE_WRAPPING, .id = {"wrap-riec-1"}, .purpose = {"riec"}, .epoch = 1};
    assert_int_equal(backup_begin(&w, m.key, CREATED, &m.file), ERR_OK);
    assert_int_equal(backup_put_key(&w, &half_header, m.half, NULL), ERR_STATE);
    assert_int_equal(backup_put_key(&w, &storage_header, m.storage, &m.wrap), ERR_STATE);
    assert_int_equal(backup_put_key(&w, &wrapping, m.wrapping, NULL), ERR_STATE);
    const struct backup_wrapping by_half = {m.half, m.wrap.id};
    assert_int_equal(backup_put_key(&w, &wrapping, m.wrapping, &by_half), ERR_STATE);
    made_free(&m);
}

/* Everything that opens in a copy. */
static size_t opens(const struct backup *b, const struct made *m)
{
    size_t n = 0;
    CLEANUP(buf_free) struct buf file = buf_new(1 << 16);
    for (size_t i = 0; i < b->count; i++) {
        struct secret *CLEANUP(cleanup_secret_free) s = NULL;
        const bool is_half = b->entries[i].header.kind == KEYFILE_BROKER_HALF;
        n += b->entries[i].kind == BACKUP_FILE
                 ? backup_open_file(b, i, m->key, &file) == ERR_OK
                 : backup_open_key(b, i, m->key, is_half ? &m->wrap : NULL, &s) == ERR_OK;
    }
    return n + (backup_check(b, m->key) == ERR_OK);
}

static void each_changed_byte_shows(void **state)
{
    (void)state;
    struct made m;
    make(&m);
    assert_int_equal(opens(&m.b, &m), 4);
    for (size_t i = 0; i < m.file.len; i++) {
        struct arena *CLEANUP(cleanup_arena_free) a = arena_new(4 << 20);
        struct backup b;
        m.file.ptr[i] ^= 0x20;
        if (backup_read(buf_bytes(&m.file), a, &b) == ERR_OK && opens(&b, &m) == 4)
            fail_msg("byte %zu", i);
        m.file.ptr[i] ^= 0x20;
    }
    for (size_t n = 0; n < m.file.len; n++) {
        struct arena *CLEANUP(cleanup_arena_free) a = arena_new(4 << 20);
        struct backup b;
        assert_int_not_equal(backup_read(bytes_of(m.file.ptr, n), a, &b), ERR_OK);
    }
    made_free(&m);
}

/* An entry that is left out, or that changes places with another, takes the end with it. */
static void an_entry_that_is_gone_shows(void **state)
{
    (void)state;
    struct made m;
    make(&m);
    struct backup b = m.b;
    b.count = 2;
    assert_int_equal(backup_check(&b, m.key), ERR_SIGNATURE);
    struct backup_entry swapped[3] = {m.b.entries[1], m.b.entries[0], m.b.entries[2]};
    b = m.b;
    b.entries = swapped;
    assert_int_equal(opens(&b, &m), 2);
    made_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_shares_give_the_secret),
        cmocka_unit_test(shares_of_two_secrets_do_not_join),
        cmocka_unit_test(one_share_is_not_the_secret),
        cmocka_unit_test(what_was_put_comes_back),
        cmocka_unit_test(an_epochs_keys_need_its_wrapping_key),
        cmocka_unit_test(each_changed_byte_shows),
        cmocka_unit_test(an_entry_that_is_gone_shows),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
