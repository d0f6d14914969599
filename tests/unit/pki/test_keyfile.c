#include "tests/unit/pki/test_core.h"

#include <stdio.h>

#include "pki/keyfile.h"
#include "pki/share.h"
#include "pki/secret_internal.h"

#define PASSPHRASE "vier woorden die niemand raadt" /* of tests/vectors/keyfile.py */

static struct name name_of(const char *s)
{
    struct name n = {0};
    if (s[0] != '\0')
        assert_int_equal(name_parse(bytes_str(s), &n), ERR_OK);
    return n;
}

static struct keyfile header_of(enum keyfile_kind kind)
{
    const bool has_purpose = keyfile_has_purpose(kind);
    return (struct keyfile){
        .kind = kind,
        .cost = KEYFILE_COST_LEAST,
        .created_s = 1764000000,
        .id = name_of("some.key"),
        .purpose = name_of(has_purpose ? "ondermijning" : ""),
        .epoch = has_purpose ? 3 : 0,
    };
}

static struct buf sealed_purpose_key(const struct secret *passphrase)
{
    struct secret *CLEANUP(cleanup_secret_free) payload = secret_random(32);
    struct keyfile h = header_of(KEYFILE_PURPOSE);
    struct buf b = buf_new(KEYFILE_MAX_BYTES);
    assert_int_equal(keyfile_seal(&h, passphrase, payload, &b), ERR_OK);
    return b;
}

static void same_header(const struct keyfile *a, const struct keyfile *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->cost.log2_n, b->cost.log2_n);
    assert_int_equal(a->cost.r, b->cost.r);
    assert_int_equal(a->cost.p, b->cost.p);
    assert_int_equal(a->created_s, b->created_s);
    assert_true(name_equal(&a->id, &b->id));
    assert_true(name_equal(&a->purpose, &b->purpose));
    assert_int_equal(a->epoch, b->epoch);
}

static void every_kind_survives_a_round_trip(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str(PASSPHRASE));
    for (int kind = 1; kind < KEYFILE_KIND_COUNT; kind++) {
        struct keyfile h = header_of((enum keyfile_kind)kind);
        struct keyfile peeked;
        struct keyfile opened;
        struct buf CLEANUP(buf_free) file = buf_new(KEYFILE_MAX_BYTES);
        struct secret *CLEANUP(cleanup_secret_free) back = NULL;
        struct secret *CLEANUP(cleanup_secret_free) payload =
            secret_random(kind == KEYFILE_P256    ? KEY_PRIVATE_MAX_BYTES
                          : kind == KEYFILE_SHARE ? SHARE_BYTES
                                                  : 32);
        assert_int_equal(keyfile_seal(&h, pass, payload, &file), ERR_OK);
        assert_int_equal(keyfile_peek(buf_bytes(&file), &peeked), ERR_OK);
        same_header(&h, &peeked);
        assert_int_equal(keyfile_open(buf_bytes(&file), pass, &opened, &back), ERR_OK);
        same_header(&h, &opened);
        assert_true(secret_equal(payload, back));
        assert_string_not_equal(keyfile_kind_id((enum keyfile_kind)kind), "?");
    }
    assert_string_equal(keyfile_kind_id(KEYFILE_NONE), "?");
    assert_string_equal(keyfile_kind_id(KEYFILE_KIND_COUNT), "?");
}

static void asymmetric_keys_survive_a_round_trip(void **state)
{
    (void)state;
    static const enum key_type types[] = {KEY_TYPE_P256, KEY_TYPE_ED25519, KEY_TYPE_X25519};
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str(PASSPHRASE));
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct keyfile h = header_of(KEYFILE_NONE);
        struct key *CLEANUP(cleanup_key_free) k = NULL;
        struct key *CLEANUP(cleanup_key_free) back = NULL;
        struct key *none = NULL;
        struct buf CLEANUP(buf_free) file = buf_new(KEYFILE_MAX_BYTES);
        assert_int_equal(key_generate(types[i], &k), ERR_OK);
        assert_int_equal(keyfile_seal_key(&h, pass, k, &file), ERR_OK);
        assert_int_equal(keyfile_open_key(buf_bytes(&file), pass, types[i], &back), ERR_OK);
        assert_true(key_same_public(k, back));
        assert_true(key_has_private(back));
        enum key_type other = types[(i + 1) % ARRAY_LEN(types)];
        assert_int_equal(keyfile_open_key(buf_bytes(&file), pass, other, &none), ERR_MISMATCH);
        assert_int_equal(keyfile_open_key(buf_bytes(&file), pass, KEY_TYPE_NONE, &none),
                         ERR_MISMATCH);
        assert_null(none);
    }
}

static void two_files_of_one_key_share_no_salt_nonce_or_ciphertext(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str(PASSPHRASE));
    struct secret *CLEANUP(cleanup_secret_free) payload = secret_random(32);
    struct keyfile h = header_of(KEYFILE_STORAGE);
    struct buf CLEANUP(buf_free) a = buf_new(KEYFILE_MAX_BYTES);
    struct buf CLEANUP(buf_free) b = buf_new(KEYFILE_MAX_BYTES);
    assert_int_equal(keyfile_seal(&h, pass, payload, &a), ERR_OK);
    assert_int_equal(keyfile_seal(&h, pass, payload, &b), ERR_OK);
    assert_int_equal(a.len, b.len);
    size_t random_from = a.len - 48 - 4 - 12 - 32;
    assert_memory_equal(a.ptr, b.ptr, random_from);
    assert_memory_not_equal(a.ptr + random_from, b.ptr + random_from, 32);
    assert_memory_not_equal(a.ptr + random_from + 32, b.ptr + random_from + 32, 12);
    assert_memory_not_equal(a.ptr + random_from + 48, b.ptr + random_from + 48, 48);
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str("geheim"));
    struct buf CLEANUP(buf_free) file = sealed_purpose_key(pass);
    static const char *const wrong[] = {"Geheim", "geheim ", "geheim\n", "g"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct secret *CLEANUP(cleanup_secret_free) other = secret_new(bytes_str(wrong[i]));
        struct keyfile h = {.epoch = 77};
        struct secret *none = NULL;
        assert_int_equal(keyfile_open(buf_bytes(&file), other, &h, &none), ERR_SIGNATURE);
        assert_null(none);
        assert_int_equal(h.epoch, 77);
    }
}

/* Wherever a byte is changed the file does not open. Behind the names every third byte is enough: each
 * try costs a run of scrypt. */
static void every_changed_field_is_refused(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str("geheim"));
    struct buf CLEANUP(buf_free) f = sealed_purpose_key(pass);
    struct secret *none = NULL;
    for (size_t i = 0; i < f.len; i += i < 60 ? 1 : 3) {
        f.ptr[i] ^= 1;
        assert_int_not_equal(keyfile_open(buf_bytes(&f), pass, NULL, &none), ERR_OK);
        assert_null(none);
        f.ptr[i] ^= 1;
    }
    struct secret *CLEANUP(cleanup_secret_free) back = NULL;
    assert_int_equal(keyfile_open(buf_bytes(&f), pass, NULL, &back), ERR_OK);
}

static void a_truncated_or_longer_file_is_refused_without_work(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str("geheim"));
    struct buf CLEANUP(buf_free) f = sealed_purpose_key(pass);
    struct secret *none = NULL;
    struct keyfile h;
    for (size_t n = 0; n < f.len; n++) {
        enum err e = keyfile_open(bytes_of(f.ptr, n), pass, NULL, &none);
        assert_int_equal(e, ERR_TRUNCATED);
        assert_int_equal(keyfile_peek(bytes_of(f.ptr, n), &h), e);
    }
    static uint8_t big[KEYFILE_MAX_BYTES + 1];
    memcpy(big, f.ptr, f.len);
    assert_int_equal(keyfile_open(bytes_of(big, f.len + 1), pass, NULL, &none), ERR_INVALID);
    assert_int_equal(keyfile_open(BYTES_OF_ARRAY(big), pass, NULL, &none), ERR_TOO_LARGE);
    assert_null(none);
}

/* Offsets of the fixed fields; see docs/keys.md. */
enum { AT_FORMAT = 8, AT_KIND = 9, AT_LOG2_N = 10, AT_R = 11, AT_P = 12, AT_CREATED = 13, AT_ID = 21 };

static void header_values_outside_the_range_are_refused(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str("geheim"));
    struct buf CLEANUP(buf_free) f = sealed_purpose_key(pass);
    static const struct {
        size_t at;
        uint8_t value;
        enum err want;
    } cases[] = {
        {0, 's', ERR_INVALID},
        {AT_FORMAT, 0, ERR_VERSION},
        {AT_FORMAT, 2, ERR_VERSION},
        {AT_KIND, 0, ERR_UNKNOWN},
        {AT_KIND, KEYFILE_KIND_COUNT, ERR_UNKNOWN},
        {AT_KIND, 255, ERR_UNKNOWN},
        {AT_KIND, KEYFILE_STORAGE, ERR_INVALID}, /* has a purpose, may have none */
        {AT_LOG2_N, 13, ERR_RANGE},
        {AT_LOG2_N, 19, ERR_RANGE},
        {AT_LOG2_N, 255, ERR_RANGE},
        {AT_R, 7, ERR_RANGE},
        {AT_R, 255, ERR_RANGE},
        {AT_P, 0, ERR_RANGE},
        {AT_P, 5, ERR_RANGE},
        {AT_CREATED, 0x80, ERR_RANGE},
        {AT_CREATED, 1, ERR_RANGE},
        {AT_ID, 1, ERR_TOO_LARGE},
        {AT_ID + 3, 65, ERR_TOO_LARGE},
        {AT_ID + 4, 'S', ERR_INVALID},
        {AT_ID + 4, 0, ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct keyfile h;
        uint8_t saved = f.ptr[cases[i].at];
        f.ptr[cases[i].at] = cases[i].value;
        assert_int_equal(keyfile_peek(buf_bytes(&f), &h), cases[i].want);
        f.ptr[cases[i].at] = saved;
    }
}

static void bad_headers_are_not_written(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str("geheim"));
    struct secret *CLEANUP(cleanup_secret_free) k = secret_random(32);
    struct secret *CLEANUP(cleanup_secret_free) odd = secret_random(33);
    struct buf CLEANUP(buf_free) out = buf_new(KEYFILE_MAX_BYTES);
    struct keyfile good = header_of(KEYFILE_PURPOSE);
    struct keyfile no_id = good;
    struct keyfile no_purpose = good;
    struct keyfile weak = good;
    struct keyfile greedy = good;
    struct keyfile early = good;
    struct keyfile no_kind = good;
    struct keyfile with_epoch = header_of(KEYFILE_STORAGE);
    no_id.id = (struct name){0};
    no_purpose.purpose = (struct name){0};
    weak.cost.log2_n = 13;
    greedy.cost.log2_n = 40;
    early.created_s = -1;
    no_kind.kind = KEYFILE_NONE;
    with_epoch.epoch = 1;
    assert_int_equal(keyfile_seal(&no_id, pass, k, &out), ERR_INVALID);
    assert_int_equal(keyfile_seal(&no_purpose, pass, k, &out), ERR_INVALID);
    assert_int_equal(keyfile_seal(&weak, pass, k, &out), ERR_RANGE);
    assert_int_equal(keyfile_seal(&greedy, pass, k, &out), ERR_RANGE);
    assert_int_equal(keyfile_seal(&early, pass, k, &out), ERR_RANGE);
    assert_int_equal(keyfile_seal(&no_kind, pass, k, &out), ERR_UNKNOWN);
    assert_int_equal(keyfile_seal(&with_epoch, pass, k, &out), ERR_INVALID);
    assert_int_equal(keyfile_seal(&good, pass, odd, &out), ERR_INVALID);
    assert_int_equal(out.len, 0);
    uint8_t room[50];
    struct buf small = buf_fixed(room, sizeof room);
    assert_int_equal(keyfile_seal(&good, pass, k, &small), ERR_TOO_LARGE);
    assert_int_equal(small.len, 0);
}

static struct buf read_fixture(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/vectors/keyfile/%s", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    struct buf b = buf_new(KEYFILE_MAX_BYTES);
    uint8_t *p = buf_reserve(&b, KEYFILE_MAX_BYTES);
    b.len = fread(p, 1, KEYFILE_MAX_BYTES, f);
    fclose(f);
    return b;
}

static void files_written_by_other_code_open(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum keyfile_kind kind;
        const char *id;
        uint8_t first; /* of the payload */
    } cases[] = {
        {"p256.key", KEYFILE_P256, "agency.signing", 0xc9},
        {"ed25519.key", KEYFILE_ED25519, "broker.log", 0x9d},
        {"purpose.key", KEYFILE_PURPOSE, "purpose", 0},
        {"broker_half.key", KEYFILE_BROKER_HALF, "broker.half", 32},
        {"storage.key", KEYFILE_STORAGE, "agent.storage", 64},
    };
    struct secret *CLEANUP(cleanup_secret_free) pass = secret_new(bytes_str(PASSPHRASE));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf CLEANUP(buf_free) file = read_fixture(cases[i].file);
        struct secret *CLEANUP(cleanup_secret_free) payload = NULL;
        struct keyfile h;
        assert_int_equal(keyfile_open(buf_bytes(&file), pass, &h, &payload), ERR_OK);
        assert_int_equal(h.kind, cases[i].kind);
        assert_string_equal(h.id.s, cases[i].id);
        assert_int_equal(h.created_s, 1764000000);
        assert_int_equal(secret_bytes(payload).ptr[0], cases[i].first);
    }
    struct buf CLEANUP(buf_free) file = read_fixture("p256.key");
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    assert_int_equal(keyfile_open_key(buf_bytes(&file), pass, KEY_TYPE_P256, &k), ERR_OK);
}

static void a_key_that_waits_or_is_former_is_not_in_use(void **state)
{
    (void)state;
    static const char *const in_use[] = {"signing.key", "purpose-riec-1.key", "storage-2.key"};
    static const char *const others[] = {"signing.next.key", "sealing.former-0011223344556677.key",
                                         "signing.key.new", "passphrase", ".key.next"};
    for (size_t i = 0; i < ARRAY_LEN(in_use); i++)
        assert_true(keyfile_in_use(bytes_str(in_use[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(keyfile_in_use(bytes_str(others[i])));
}

/* It is the same before and after it takes its place, so that taking it is a rename. */
static void the_id_of_a_key_is_that_of_the_place_it_waits_for_or_had(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"log", "log"},
                                           {"log.next", "log"},
                                           {"sealing.former-0011223344556677", "sealing"},
                                           {"purpose-riec.next-1", "purpose-riec.next-1"},
                                           {"storage-2", "storage-2"}};
    struct name id;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(keyfile_id_of_name(bytes_str(cases[i][0]), &id), ERR_OK);
        assert_string_equal(id.s, cases[i][1]);
    }
    assert_int_not_equal(keyfile_id_of_name(bytes_str(".next"), &id), ERR_OK);
    assert_int_not_equal(keyfile_id_of_name(bytes_str("A/B"), &id), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_survives_a_round_trip),
        cmocka_unit_test(asymmetric_keys_survive_a_round_trip),
        cmocka_unit_test(two_files_of_one_key_share_no_salt_nonce_or_ciphertext),
        cmocka_unit_test(a_wrong_passphrase_opens_nothing),
        cmocka_unit_test(every_changed_field_is_refused),
        cmocka_unit_test(a_truncated_or_longer_file_is_refused_without_work),
        cmocka_unit_test(header_values_outside_the_range_are_refused),
        cmocka_unit_test(bad_headers_are_not_written),
        cmocka_unit_test(files_written_by_other_code_open),
        cmocka_unit_test(a_key_that_waits_or_is_former_is_not_in_use),
        cmocka_unit_test(the_id_of_a_key_is_that_of_the_place_it_waits_for_or_had),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
