/* Notes, heads under a policy, fillers and bodies. */
#include "tests/unit/pki/test_core.h"

#include <stdio.h>
#include <stdlib.h>

#include "pki/body.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/note.h"
#include "proto/base/label.h"
#include "proto/base/text.h"
#include "tests/support/storage_ring.h"

#define assert_ok(e) assert_string_equal(err_text(e), err_text(ERR_OK))
#define assert_err(e, want) assert_string_equal(err_text(e), err_text(want))

#define ORIGIN "broker.example/sluis-2026"
#define TEXT ORIGIN "\n16\nYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=\n"

struct world {
    struct key *log;
    struct key *old;
    struct key *witness[3];
    struct audit_policy *policy;
};

static struct key *ed25519(void)
{
    struct key *k = NULL;
    assert_ok(key_generate(KEY_TYPE_ED25519, &k));
    return k;
}

static struct note_signer signer_of(const char *name, const struct key *k)
{
    return (struct note_signer){bytes_str(name), k};
}

static void put_vkey(struct buf *b, const char *name, const struct key *k, enum vkey_type type)
{
    struct vkey v;
    struct note_signer s = signer_of(name, k);
    assert_ok(note_vkey(&s, type, &v));
    vkey_write(&v, b);
}

static const char *const witness_names[] = {"w.example/one", "w.example/two", "w.example/three"};

/* Log key, three witnesses, two of them needed. */
static struct audit_policy *policy_of(const struct world *w, const char *tail)
{
    struct buf b = buf_new(16384);
    struct errmsg why = {0};
    struct audit_policy *p = NULL;
    buf_put_str(&b, "# who is believed\nlog ");
    put_vkey(&b, ORIGIN, w->log, VKEY_ED25519);
    buf_put_str(&b, " https://broker.example/\n\n");
    for (size_t i = 0; i < 3; i++) {
        buf_printf(&b, "witness w%zu ", i);
        put_vkey(&b, witness_names[i], w->witness[i], VKEY_COSIGNATURE_V1);
        buf_put_str(&b, "\n");
    }
    buf_put_str(&b, tail);
    assert_ok(audit_policy_parse(digest_sha256, buf_bytes(&b), &p, &why));
    buf_free(&b);
    return p;
}

static int setup(void **state)
{
    assert_int_equal(setup_secret_heap(state), 0);
    struct world *w = calloc(1, sizeof *w);
    w->log = ed25519();
    w->old = ed25519();
    for (size_t i = 0; i < 3; i++)
        w->witness[i] = ed25519();
    w->policy = policy_of(w, "group two 2 w0 w1 w2\nquorum two\n");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    key_free(w->log);
    key_free(w->old);
    for (size_t i = 0; i < 3; i++)
        key_free(w->witness[i]);
    audit_policy_free(w->policy);
    free(w);
    return 0;
}

static enum err judge_under(const struct audit_policy *p, struct bytes note, struct head *h)
{
    struct errmsg why;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(NOTE_ARENA_BYTES);
    return head_verify(p, note, a, h, &why);
}

static void put_cosigned(const struct world *w, unsigned witnesses, struct buf *b)
{
    struct note_signer log = signer_of(ORIGIN, w->log);
    assert_ok(note_sign(&log, 1, bytes_str(TEXT), b));
    for (unsigned i = 0; i < 3; i++) {
        struct note_signer s = signer_of(witness_names[i], w->witness[i]);
        if ((witnesses >> i & 1) != 0)
            assert_ok(note_cosign(&s, bytes_str(TEXT), 1000 + i, b));
    }
}

static void the_quorum_decides(void **state)
{
    const struct world *w = *state;
    for (unsigned set = 0; set < 8; set++) {
        struct buf b CLEANUP(buf_free) = buf_new(16384);
        struct head h;
        put_cosigned(w, set, &b);
        enum err e = judge_under(w->policy, buf_bytes(&b), &h);
        assert_err(e, __builtin_popcount(set) >= 2 ? ERR_OK : ERR_LIMIT);
        if (e == ERR_OK) {
            assert_int_equal(h.checkpoint.size, 16);
            assert_int_equal(h.cosigned[2], set >> 2 & 1);
            assert_int_equal(h.cosigned_at[2], h.cosigned[2] ? 1002 : 0);
        }
    }
}

static void every_flipped_byte_is_found(void **state)
{
    const struct world *w = *state;
    struct buf b CLEANUP(buf_free) = buf_new(16384);
    struct head h;
    put_cosigned(w, 3, &b);
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] ^= 0x04;
        if (judge_under(w->policy, buf_bytes(&b), &h) == ERR_OK)
            fail_msg("a flip at byte %zu was not found", i);
        b.ptr[i] ^= 0x04;
    }
    for (size_t n = 0; n < b.len; n++)
        assert_int_not_equal(judge_under(w->policy, bytes_of(b.ptr, n), &h), ERR_OK);
    assert_ok(judge_under(w->policy, buf_bytes(&b), &h));
}

/* Unknown lines stand before, between and behind, with the log's own name even. */
static void unknown_lines_are_ignored(void **state)
{
    const struct world *w = *state;
    struct audit_policy *p CLEANUP(cleanup_audit_policy_free) = policy_of(w, "quorum none\n");
    struct buf b CLEANUP(buf_free) = buf_new(16384);
    struct head h;
    const struct note_signer signers[] = {
        signer_of("other.example/log", w->old),
        signer_of(ORIGIN, w->old),
        signer_of(ORIGIN, w->log),
    };
    assert_ok(note_sign(signers, 3, bytes_str(TEXT), &b));
    buf_put_str(&b, "\xe2\x80\x94 grease.example AAAAAAAA\n");
    assert_ok(judge_under(p, buf_bytes(&b), &h));
    assert_int_equal(h.log_signatures, 1);
    assert_int_equal(h.lines, 4);
}

static void a_known_key_that_fails_rejects(void **state)
{
    const struct world *w = *state;
    struct audit_policy *p CLEANUP(cleanup_audit_policy_free) = policy_of(w, "quorum none\n");
    struct buf b CLEANUP(buf_free) = buf_new(16384);
    struct head h;
    struct note_signer log = signer_of(ORIGIN, w->log);
    assert_ok(note_sign(&log, 1, bytes_str(TEXT), &b));
    struct vkey v;
    assert_ok(note_vkey(&log, VKEY_ED25519, &v));
    struct note_sig bad = {.name = bytes_str(ORIGIN), .sig = bytes_str("no signature at all")};
    memcpy(bad.key_id, v.id, sizeof bad.key_id);
    assert_ok(judge_under(p, buf_bytes(&b), &h));
    note_put_sig(&b, &bad);
    assert_err(judge_under(p, buf_bytes(&b), &h), ERR_SIGNATURE);
}

static void another_origin_is_refused(void **state)
{
    const struct world *w = *state;
    struct audit_policy *p CLEANUP(cleanup_audit_policy_free) = policy_of(w, "quorum none\n");
    struct buf b CLEANUP(buf_free) = buf_new(16384);
    struct head h;
    struct note_signer log = signer_of(ORIGIN, w->log);
    assert_ok(note_sign(&log, 1,
                        bytes_str("other.example/log\n16\n"
                                  "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=\n"),
                        &b));
    assert_err(judge_under(p, buf_bytes(&b), &h), ERR_MISMATCH);
    buf_reset(&b);
    struct note_signer old = signer_of(ORIGIN, w->old);
    assert_ok(note_sign(&old, 1, bytes_str(TEXT), &b));
    assert_err(judge_under(p, buf_bytes(&b), &h), ERR_SIGNATURE);
}

static void signing_twice_gives_the_same_note(void **state)
{
    const struct world *w = *state;
    struct buf a CLEANUP(buf_free) = buf_new(16384);
    struct buf b CLEANUP(buf_free) = buf_new(16384);
    put_cosigned(w, 1, &a);
    put_cosigned(w, 1, &b);
    assert_true(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
    struct note_signer log = signer_of(ORIGIN, w->log);
    assert_err(note_sign(&log, 1, bytes_str("no end"), &b), ERR_INVALID);
    assert_err(note_sign(&log, 0, bytes_str(TEXT), &b), ERR_INVALID);
    log.name = bytes_str("a b");
    assert_err(note_sign(&log, 1, bytes_str(TEXT), &b), ERR_INVALID);
}

static void fillers_follow_key_and_index(void **state)
{
    (void)state;
    uint8_t raw[FILLER_KEY_BYTES] = {7};
    struct secret *key CLEANUP(cleanup_secret_free) = secret_new(BYTES_OF_ARRAY(raw));
    struct filler *f CLEANUP(cleanup_filler_free) = NULL;
    struct digest a;
    struct digest b;
    assert_ok(filler_new(key, &f));
    assert_ok(filler_at(f, 1, &a));
    assert_ok(filler_at(f, 1, &b));
    assert_true(digest_equal(&a, &b));
    assert_ok(filler_at(f, 2, &b));
    assert_false(digest_equal(&a, &b));
    const struct bytes part = BYTES_OF_ARRAY(raw);
    assert_ok(filler_commitment(key, &a));
    assert_ok(digest_sha256(&part, 1, &b));
    assert_true(digest_equal(&a, &b));
    struct secret *small CLEANUP(cleanup_secret_free) = secret_new(bytes_of(raw, 31));
    struct filler *none = NULL;
    assert_err(filler_new(small, &none), ERR_INVALID);
}

static struct vault *vault_at(const struct storage_keys *keys, uint32_t current)
{
    struct vault *v = NULL;
    assert_ok(vault_new(keys, LABEL_STORE_RECORDS, current, &v));
    return v;
}

static void a_body_opens_only_for_its_entry(void **state)
{
    (void)state;
    struct storage_keys *first CLEANUP(cleanup_storage_keys_free) = storage_ring_of(NULL);
    struct storage_keys *both CLEANUP(cleanup_storage_keys_free) = NULL;
    struct storage_keys *last CLEANUP(cleanup_storage_keys_free) = storage_keys_new();
    assert_ok(storage_keys_copy(first, &both));
    storage_ring_add(both, 2, secret_random(STORAGE_KEY_BYTES));
    storage_ring_add(last, 2, secret_copy(storage_keys_get(both, 2)));
    struct vault *one CLEANUP(cleanup_vault_free) = vault_at(first, 1);
    struct vault *turning CLEANUP(cleanup_vault_free) = vault_at(both, 2);
    struct vault *two CLEANUP(cleanup_vault_free) = vault_at(last, 2);
    struct buf wrapped CLEANUP(buf_free) = buf_new(4096);
    struct buf sealed CLEANUP(buf_free) = buf_new(4096);
    struct buf out CLEANUP(buf_free) = buf_new(4096);
    const struct bytes body = bytes_str("{\"schema\":1}");
    struct digest entry;
    assert_ok(entry_hash(digest_sha256, body, &entry));
    assert_ok(body_seal(one, &entry, body, &wrapped, &sealed));
    assert_int_equal(wrapped.len, BODY_KEY_WRAPPED_BYTES);
    struct body_parts parts = {buf_bytes(&wrapped), buf_bytes(&sealed)};
    assert_ok(body_open(one, &entry, &parts, &out));
    assert_true(bytes_equal(buf_bytes(&out), body));
    struct digest other = entry;
    other.b[0] ^= 1;
    assert_err(body_open(one, &other, &parts, &out), ERR_SIGNATURE);
    assert_err(body_open(two, &entry, &parts, &out), ERR_VERSION);
    struct buf again CLEANUP(buf_free) = buf_new(4096);
    assert_ok(body_rewrap(turning, &entry, parts.wrapped, &again));
    parts.wrapped = buf_bytes(&again);
    buf_reset(&out);
    assert_err(body_rewrap(turning, &entry, parts.wrapped, &out), ERR_EXISTS);
    assert_ok(body_open(two, &entry, &parts, &out));
    assert_true(bytes_equal(buf_bytes(&out), body));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_int_not_equal(body_open(two, &entry, &parts, &out), ERR_OK);
        sealed.ptr[i] ^= 1;
    }
    /* A body under an entry that is not its hash does not pass, whoever sealed it. */
    buf_reset(&wrapped);
    buf_reset(&sealed);
    assert_ok(body_seal(one, &other, body, &wrapped, &sealed));
    parts = (struct body_parts){buf_bytes(&wrapped), buf_bytes(&sealed)};
    assert_err(body_open(one, &other, &parts, &out), ERR_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quorum_decides),
        cmocka_unit_test(every_flipped_byte_is_found),
        cmocka_unit_test(unknown_lines_are_ignored),
        cmocka_unit_test(a_known_key_that_fails_rejects),
        cmocka_unit_test(another_origin_is_refused),
        cmocka_unit_test(signing_twice_gives_the_same_note),
        cmocka_unit_test(fillers_follow_key_and_index),
        cmocka_unit_test(a_body_opens_only_for_its_entry),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
