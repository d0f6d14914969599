/* The text forms: notes, checkpoints, verifier keys, proof files, audit policies, events. */
#include "tests/unit/log/test_log.h"

#include "proto/log/audit_event.h"
#include "proto/log/audit_policy.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"
#include "proto/log/proof_file.h"
#include "proto/log/vkey.h"

#define DASH "\xe2\x80\x94 "
#define TEXT "example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define LINE DASH "example.org/log AAAAAAAA\n"

static const struct {
    const char *text;
    enum err want;
} notes[] = {
    {"a\n\n" LINE, ERR_OK},
    {"a\n\nb\n\n" LINE LINE, ERR_OK},
    {TEXT "\n" LINE, ERR_OK},
    {"", ERR_INVALID},
    {"a\n", ERR_INVALID},
    {"a\n\n", ERR_INVALID},
    {"\n\n" LINE, ERR_OK}, /* a text of one empty line */
    {"\n" LINE, ERR_INVALID},
    {"a\n" LINE, ERR_INVALID},
    {"a\n\n" DASH "example.org/log AAAAAAAA", ERR_INVALID},
    {"a\n\n" LINE "x\n", ERR_INVALID},
    {"a\n\n- example.org/log AAAAAAAA\n", ERR_INVALID},
    {"a\n\n" DASH "example.org/log AAAAAA==\n", ERR_INVALID}, /* four bytes: no signature */
    {"a\n\n" DASH "example.org/log AAAAAAA\n", ERR_INVALID},
    {"a\n\n" DASH "example.org/log  AAAAAAAA\n", ERR_INVALID},
    {"a\n\n" DASH "example.org/log AAAAAAAA \n", ERR_INVALID},
    {"a\n\n" DASH " AAAAAAAA\n", ERR_INVALID},
    {"a\n\n" DASH "a+b AAAAAAAA\n", ERR_INVALID},
    {"a\n\n" DASH "a\xc2\xa0"
     "b AAAAAAAA\n",
     ERR_INVALID},
    {"a\n\n" DASH "a\xe2\x80\x83"
     "b AAAAAAAA\n",
     ERR_INVALID},
    {"a\tb\n\n" LINE, ERR_INVALID},
    {"a\r\n\n" LINE, ERR_INVALID},
    {"\xff\n\n" LINE, ERR_INVALID},
};

static void notes_are_split_strictly(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        struct note n;
        enum err e = note_parse(bytes_str(notes[i].text), a, &n, NULL);
        if (e != notes[i].want)
            fail_msg("note %zu: %s", i, err_text(e));
    }
    struct buf many CLEANUP(buf_free) = buf_new(NOTE_MAX_BYTES);
    struct note n;
    buf_put_str(&many, "a\n\n");
    for (unsigned i = 0; i < NOTE_MAX_SIGS; i++)
        buf_put_str(&many, LINE);
    assert_ok(note_parse(buf_bytes(&many), a, &n, NULL));
    assert_int_equal(n.count, NOTE_MAX_SIGS);
    buf_put_str(&many, LINE);
    assert_err(note_parse(buf_bytes(&many), a, &n, NULL), ERR_TOO_LARGE);
}

static void a_note_written_is_a_note_read(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct buf b CLEANUP(buf_free) = buf_new(NOTE_MAX_BYTES);
    struct note n;
    const struct note_sig sig = {bytes_str("example.org/log"), {1, 2, 3, 4}, bytes_str("sig")};
    buf_put_str(&b, TEXT "\n");
    note_put_sig(&b, &sig);
    assert_ok(buf_err(&b));
    assert_ok(note_parse(buf_bytes(&b), a, &n, NULL));
    assert_true(bytes_is(n.text, TEXT));
    assert_true(bytes_is(n.sigs[0].sig, "sig"));
    assert_int_equal(n.sigs[0].key_id[3], 4);
}

static const struct {
    const char *text;
    enum err want;
} checkpoints[] = {
    {TEXT, ERR_OK},
    {TEXT "more\n", ERR_OK},
    {"example.org/log\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_OK},
    {"", ERR_TRUNCATED},
    {"example.org/log\n7\n", ERR_TRUNCATED},
    {"\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_INVALID},
    {"example.org/log\n07\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_INVALID},
    {"example.org/log\n-7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_INVALID},
    {"example.org/log\n+7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_INVALID},
    {"example.org/log\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_INVALID},
    {"example.org/log\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
     ERR_RANGE},
    {"example.org/log\n7\nAAAA\n", ERR_INVALID},
    {"example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", ERR_INVALID},
    {"example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", ERR_INVALID},
    {TEXT "\n", ERR_INVALID},
    {TEXT "no end", ERR_TRUNCATED},
};

static void checkpoints_have_one_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(checkpoints); i++) {
        struct checkpoint c;
        enum err e = checkpoint_parse(bytes_str(checkpoints[i].text), &c);
        if (e != checkpoints[i].want)
            fail_msg("checkpoint %zu: %s", i, err_text(e));
        if (e != ERR_OK)
            continue;
        struct buf b CLEANUP(buf_free) = buf_new(4096);
        checkpoint_write(&c, &b);
        assert_string_equal(buf_text(&b), checkpoints[i].text);
    }
}

/* The example key of Go's x/mod/sumdb/note documentation. */
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static void verifier_keys_carry_their_own_id(void **state)
{
    (void)state;
    struct vkey k;
    struct buf b CLEANUP(buf_free) = buf_new(VKEY_MAX_TEXT);
    assert_ok(vkey_parse(digest_sha256, bytes_str(PETER), &k));
    assert_string_equal(k.name, "PeterNeumann");
    assert_int_equal(k.type, VKEY_ED25519);
    vkey_write(&k, &b);
    assert_string_equal(buf_text(&b), PETER);
    static const struct {
        const char *text;
        enum err want;
    } bad[] = {
        {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ERR_MISMATCH},
        {"PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ERR_MISMATCH},
        {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX", ERR_MISMATCH},
        {"PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ERR_INVALID},
        {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10", ERR_INVALID},
        {"PeterNeumann+c74f20a3+AQ==", ERR_INVALID},
        {"PeterNeumann+c74f20a3+", ERR_INVALID},
        {"PeterNeumann+c74f20a3", ERR_INVALID},
        {"PeterNeumann", ERR_INVALID},
        {"", ERR_INVALID},
        {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        enum err e = vkey_parse(digest_sha256, bytes_str(bad[i].text), &k);
        if (e != bad[i].want)
            fail_msg("%s: %s", bad[i].text, err_text(e));
    }
}

#define PROOF_HEAD "c2sp.org/tlog-proof@v1\n"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static const struct {
    const char *text;
    enum err want;
} proofs[] = {
    {PROOF_HEAD "index 5\n" HASH HASH "\n" TEXT "\n" LINE, ERR_OK},
    {PROOF_HEAD "extra YWJj\nindex 0\n\n" TEXT "\n" LINE, ERR_OK},
    {PROOF_HEAD "extra \nindex 0\n\n" TEXT "\n" LINE, ERR_OK},
    {"c2sp.org/tlog-proof@v2\nindex 5\n\n" TEXT, ERR_VERSION},
    {PROOF_HEAD "index 05\n\n" TEXT, ERR_INVALID},
    {PROOF_HEAD "index 5\nAAAA\n\n" TEXT, ERR_INVALID},
    {PROOF_HEAD "index 5\n" HASH, ERR_TRUNCATED},
    {PROOF_HEAD "index 5\n" HASH "\n", ERR_TRUNCATED},
    {PROOF_HEAD "index 5\nextra YWJj\n\n" TEXT, ERR_INVALID},
    {PROOF_HEAD "extra YWJj\nextra YWJj\nindex 5\n\n" TEXT, ERR_INVALID},
    {PROOF_HEAD "extra YWJ\nindex 5\n\n" TEXT, ERR_INVALID},
    {PROOF_HEAD, ERR_TRUNCATED},
    {"", ERR_TRUNCATED},
};

static void proof_files_have_one_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(proofs); i++) {
        struct buf scratch CLEANUP(buf_free) = buf_new(PROOF_FILE_MAX_BYTES);
        struct buf b CLEANUP(buf_free) = buf_new(PROOF_FILE_MAX_BYTES);
        struct proof_file p;
        enum err e = proof_file_parse(bytes_str(proofs[i].text), &scratch, &p);
        if (e != proofs[i].want)
            fail_msg("proof %zu: %s", i, err_text(e));
        if (e != ERR_OK)
            continue;
        proof_file_write(&p, &b);
        assert_string_equal(buf_text(&b), proofs[i].text);
    }
    struct buf long_one CLEANUP(buf_free) = buf_new(PROOF_FILE_MAX_BYTES);
    struct proof_file p;
    buf_put_str(&long_one, PROOF_HEAD "index 5\n");
    for (unsigned i = 0; i <= MERKLE_MAX_HASHES; i++)
        buf_put_str(&long_one, HASH);
    buf_put_str(&long_one, "\n" TEXT);
    assert_err(proof_file_parse(buf_bytes(&long_one), &long_one, &p), ERR_TOO_LARGE);
}

static void put_key(struct buf *b, const char *name, uint8_t type, uint8_t seed)
{
    struct vkey k;
    uint8_t raw[32];
    memset(raw, seed, sizeof raw);
    assert_ok(vkey_make(digest_sha256, bytes_str(name), type, BYTES_OF_ARRAY(raw), &k));
    vkey_write(&k, b);
}

/* L: a log line; A, B, C: witnesses a, b and c; the rest as it stands. */
static enum err load_policy(const char *form, struct audit_policy **out)
{
    struct errmsg why = {0};
    struct buf b CLEANUP(buf_free) = buf_new(AUDIT_POLICY_MAX_BYTES);
    for (const char *p = form; *p != '\0'; p++) {
        if (*p == 'L') {
            buf_put_str(&b, "log ");
            put_key(&b, "example.org/log", VKEY_ED25519, 1);
        } else if (*p >= 'A' && *p <= 'C') {
            buf_printf(&b, "witness %c ", *p - 'A' + 'a');
            put_key(&b, "witness.example", VKEY_COSIGNATURE_V1, (uint8_t)*p);
        } else {
            buf_put_u8(&b, (uint8_t)*p);
        }
    }
    return audit_policy_parse(digest_sha256, buf_bytes(&b), out, &why);
}

static const struct {
    const char *form;
    enum err want;
} policies[] = {
    {"L\nquorum none\n", ERR_OK},
    {"# x\n\n  L https://x/\nA\nB https://y\nquorum a\n", ERR_OK},
    {"L\nA\nB\nC\ngroup g all a b\ngroup h any g c\nquorum h\n", ERR_OK},
    {"quorum none\n", ERR_INVALID},
    {"L\n", ERR_INVALID},
    {"L\nquorum none", ERR_TRUNCATED},
    {"L\nL\nquorum none\n", ERR_DUPLICATE},
    {"L\nA\nA\nquorum none\n", ERR_DUPLICATE},
    {"L\nquorum none\nquorum none\n", ERR_DUPLICATE},
    {"L\nA\ngroup a any a\nquorum a\n", ERR_DUPLICATE},
    {"L\nA\ngroup g any a a\nquorum g\n", ERR_DUPLICATE},
    {"L\nA\ngroup g any b\nquorum g\n", ERR_UNKNOWN},
    {"L\nA\ngroup g any g\nquorum g\n", ERR_UNKNOWN},
    {"L\nquorum a\nA\n", ERR_UNKNOWN},
    {"L\nA\ngroup g 0 a\nquorum g\n", ERR_RANGE},
    {"L\nA\ngroup g 2 a\nquorum g\n", ERR_RANGE},
    {"L\nA\ngroup g all\nquorum g\n", ERR_RANGE},
    {"L\nA\ngroup g most a\nquorum g\n", ERR_INVALID},
    {"L\nA\ngroup none any a\nquorum none\n", ERR_INVALID},
    {"L x y\nquorum none\n", ERR_INVALID},
    {"L\nquorum none x\n", ERR_INVALID},
    {"L\nwitness\nquorum none\n", ERR_INVALID},
    {"L\nlog x\nquorum none\n", ERR_INVALID},
    {"L\nnonsense\nquorum none\n", ERR_UNKNOWN},
};

static void policies_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct audit_policy *p CLEANUP(cleanup_audit_policy_free) = NULL;
        enum err e = load_policy(policies[i].form, &p);
        if (e != policies[i].want)
            fail_msg("policy %zu: %s", i, err_text(e));
    }
}

static void groups_count_as_they_say(void **state)
{
    (void)state;
    struct audit_policy *p CLEANUP(cleanup_audit_policy_free) = NULL;
    assert_ok(load_policy("L\nA\nB\nC\ngroup g all a b\ngroup h any g c\nquorum h\n", &p));
    for (unsigned set = 0; set < 8; set++) {
        const bool cosigned[3] = {(set & 1) != 0, (set & 2) != 0, (set & 4) != 0};
        bool want = (cosigned[0] && cosigned[1]) || cosigned[2];
        assert_int_equal(audit_policy_quorum_met(p, cosigned), want);
    }
    assert_false(audit_policy_quorum_none(p));
}

static void every_event_has_an_id_and_two_sentences(void **state)
{
    (void)state;
    for (unsigned i = 1; i < AUDIT_EVENT_COUNT; i++) {
        enum audit_event e = (enum audit_event)i;
        enum audit_event back;
        assert_true(strlen(audit_event_id(e)) > 3);
        assert_true(strlen(audit_event_nl(e)) > 5 && strlen(audit_event_en(e)) > 5);
        assert_ok(audit_event_parse(bytes_str(audit_event_id(e)), &back));
        assert_int_equal(back, e);
    }
    enum audit_event none;
    assert_err(audit_event_parse(bytes_str("?"), &none), ERR_UNKNOWN);
    assert_string_equal(audit_event_id(AUDIT_EVENT_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_are_split_strictly),
        cmocka_unit_test(a_note_written_is_a_note_read),
        cmocka_unit_test(checkpoints_have_one_spelling),
        cmocka_unit_test(verifier_keys_carry_their_own_id),
        cmocka_unit_test(proof_files_have_one_spelling),
        cmocka_unit_test(policies_are_read_strictly),
        cmocka_unit_test(groups_count_as_they_say),
        cmocka_unit_test(every_event_has_an_id_and_two_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
