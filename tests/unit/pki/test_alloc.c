/* Every allocation that the library or this layer makes on the ordinary heap can fail: each operation is
 * run with its 1st, 2nd, … allocation refused until it runs through. It reports an error or succeeds,
 * never crashes, never leaks (the sanitizer sees to it) and writes its result on success only. */
#include "tests/unit/pki/test_core.h"

#include <stdlib.h>

#include "pki/aead.h"
#include "pki/agency_half.h"
#include "pki/broker_half.h"
#include "pki/digest.h"
#include "pki/hkdf.h"
#include "pki/keyfile.h"
#include "pki/mac.h"
#include "pki/ossl.h"
#include "pki/random.h"
#include "pki/sign.h"

#define NEVER SIZE_MAX
#define MOST_STEPS 5000

/* The library's allocator is one for the process, so its counter is too. */
static size_t allocations_left = NEVER;

static bool refuse_now(void)
{
    if (allocations_left == NEVER)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

static void *counted_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse_now() ? NULL : malloc(n);
}

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse_now() ? NULL : realloc(p, n);
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* Made once, with memory: what the operations below work on. */
struct fixture {
    struct secret *k;
    struct name purpose;
    struct key *p256;
    struct key *ed25519;
    struct signature sig;
    uint8_t ed_sig[SIGN_ED25519_BYTES];
    uint8_t spki[KEY_SPKI_MAX_BYTES];
    size_t spki_len;
    uint8_t file[KEYFILE_MAX_BYTES];
    size_t file_len;
};

typedef enum err (*operation)(struct fixture *f);

static enum err op_mac(struct fixture *f)
{
    struct mac *CLEANUP(cleanup_mac_free) m = NULL;
    enum err e = mac_new(f->k, &m);
    assert_true((e == ERR_OK) == (m != NULL));
    return e;
}

static enum err op_subkey(struct fixture *f)
{
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    enum err e = hkdf_subkey(f->k, bytes_str("use"), &s);
    assert_true((e == ERR_OK) == (s != NULL));
    return e;
}

static enum err op_digest(struct fixture *f)
{
    (void)f;
    struct digest_ctx *CLEANUP(cleanup_digest_ctx_free) ctx = digest_ctx_new();
    return ctx == NULL ? ERR_NOMEM : digest_begin(ctx);
}

static enum err op_pool(struct fixture *f)
{
    (void)f;
    uint8_t b[16];
    struct random_pool *CLEANUP(cleanup_random_pool_free) pool = random_pool_new();
    return pool == NULL ? ERR_NOMEM : random_pool_take(pool, b, sizeof b);
}

static enum err op_aead(struct fixture *f)
{
    struct aead *CLEANUP(cleanup_aead_free) a = NULL;
    enum err e = aead_new(f->k, 1, &a);
    if (e != ERR_OK) {
        assert_null(a);
        return e;
    }
    uint8_t sealed_room[64];
    uint8_t opened_room[8];
    struct buf sealed = buf_fixed(sealed_room, sizeof sealed_room);
    struct buf opened = buf_fixed(opened_room, sizeof opened_room);
    e = aead_seal(a, bytes_str("a"), bytes_str("v"), &sealed);
    if (e == ERR_OK)
        e = aead_open(a, bytes_str("a"), buf_bytes(&sealed), &opened);
    return e;
}

static enum err op_generate(struct fixture *f)
{
    (void)f;
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    enum err e = key_generate(KEY_TYPE_P256, &k);
    assert_true((e == ERR_OK) == (k != NULL));
    return e;
}

static enum err op_private(struct fixture *f)
{
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    enum err e = key_private(f->p256, &s);
    if (e == ERR_OK)
        e = key_from_private(KEY_TYPE_P256, s, &k);
    assert_true((e == ERR_OK) == (k != NULL));
    return e;
}

static enum err op_spki(struct fixture *f)
{
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    enum err e = key_from_spki(bytes_of(f->spki, f->spki_len), &k);
    assert_true((e == ERR_OK) == (k != NULL));
    return e;
}

static enum err op_put_spki(struct fixture *f)
{
    uint8_t room[KEY_SPKI_MAX_BYTES];
    struct buf b = buf_fixed(room, sizeof room);
    return key_put_spki(f->p256, &b);
}

static enum err op_sign(struct fixture *f)
{
    struct signature s = {.len = 0};
    enum err e = sign_document(SIGN_ACT, f->p256, bytes_str("d"), &s);
    assert_true((e == ERR_OK) == (s.len > 0));
    return e;
}

static enum err op_verify(struct fixture *f)
{
    return sign_verify(SIGN_ACT, f->p256, bytes_str("d"), signature_bytes(&f->sig));
}

static enum err op_ed25519(struct fixture *f)
{
    uint8_t s[SIGN_ED25519_BYTES];
    enum err e = sign_ed25519(f->ed25519, bytes_str("d"), s);
    if (e == ERR_OK)
        e = sign_ed25519_verify(f->ed25519, bytes_str("d"), BYTES_OF_ARRAY(f->ed_sig));
    return e;
}

static enum err op_agency_half(struct fixture *f)
{
    struct agency_half *CLEANUP(cleanup_agency_half_free) h = NULL;
    struct kcv kcv;
    enum err e = agency_half_new(f->k, &f->purpose, 1, &h);
    assert_true((e == ERR_OK) == (h != NULL));
    return e == ERR_OK ? agency_half_kcv(h, SUITE_HK1, &kcv) : e;
}

static enum err op_broker_half(struct fixture *f)
{
    struct broker_half *CLEANUP(cleanup_broker_half_free) h = NULL;
    struct secret *CLEANUP(cleanup_secret_free) held = NULL;
    enum err e = broker_half_new(f->k, &f->purpose, 1, &h);
    assert_true((e == ERR_OK) == (h != NULL));
    return e == ERR_OK ? broker_half_held_key(h, &held) : e;
}

static enum err op_keyfile(struct fixture *f)
{
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    enum err e = keyfile_open(bytes_of(f->file, f->file_len), f->k, NULL, &s);
    assert_true((e == ERR_OK) == (s != NULL));
    return e;
}

static const struct {
    const char *name;
    operation run;
} operations[] = {
    {"mac", op_mac},           {"subkey", op_subkey},     {"digest", op_digest},
    {"pool", op_pool},         {"aead", op_aead},         {"generate", op_generate},
    {"private", op_private},   {"spki", op_spki},         {"put_spki", op_put_spki},
    {"sign", op_sign},         {"verify", op_verify},     {"ed25519", op_ed25519},
    {"agency", op_agency_half}, {"broker", op_broker_half}, {"keyfile", op_keyfile},
};

static int setup(void **state)
{
    static struct fixture f;
    struct buf spki = buf_fixed(f.spki, sizeof f.spki);
    struct buf file = buf_fixed(f.file, sizeof f.file);
    struct keyfile h = {.kind = KEYFILE_STORAGE, .cost = KEYFILE_COST_LEAST};
    if (setup_secret_heap(NULL) != 0)
        return -1;
    f.k = secret_random(32);
    if (name_parse(bytes_str("p"), &f.purpose) != ERR_OK ||
        name_parse(bytes_str("k"), &h.id) != ERR_OK ||
        key_generate(KEY_TYPE_P256, &f.p256) != ERR_OK ||
        key_generate(KEY_TYPE_ED25519, &f.ed25519) != ERR_OK ||
        sign_document(SIGN_ACT, f.p256, bytes_str("d"), &f.sig) != ERR_OK ||
        sign_ed25519(f.ed25519, bytes_str("d"), f.ed_sig) != ERR_OK ||
        key_put_spki(f.p256, &spki) != ERR_OK || keyfile_seal(&h, f.k, f.k, &file) != ERR_OK)
        return -1;
    f.spki_len = spki.len;
    f.file_len = file.len;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    secret_free(f->k);
    key_free(f->p256);
    key_free(f->ed25519);
    return 0;
}

/* Runs one operation with its n-th allocation, and all later ones, refused. */
static enum err run_with(struct fixture *f, operation run, size_t n)
{
    allocations_left = n;
    enum err e = run(f);
    allocations_left = NEVER;
    ERR_clear_error();
    return e;
}

static void each_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        assert_int_equal(run_with(f, operations[i].run, NEVER), ERR_OK);
        size_t failed = 0;
        size_t n = 0;
        while (n < MOST_STEPS && run_with(f, operations[i].run, n) != ERR_OK) {
            failed++;
            n++;
        }
        print_message("%s: %zu points of failure\n", operations[i].name, failed);
        assert_in_range(failed, 1, MOST_STEPS - 1);
        assert_int_equal(run_with(f, operations[i].run, NEVER), ERR_OK);
    }
}

int main(void)
{
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
