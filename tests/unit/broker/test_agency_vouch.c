/* An agency lost the key of its own log: a security officer's word brings the next one, for one head, once; no other word
 * does, and what contradicts the log is evidence as before (decision 0419). */
#include "tests/support/key_fact.h"
#include "tests/unit/broker/agency_bench.h"

#include <string.h>

#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/host/kv_fault.h"
#include "proto/msg/log_vouch.h"
#include "proto/msg/signed.h"

#define ARENA_BYTES ((size_t)2 << 20)
#define STAFF "0123456789abcdef"
#define STEPS 60u

enum { SECURITY, WORKER, OTHER_AGENCYS, OFFICERS };

static int set_up(void **state)
{
    static const enum officer_function functions[OFFICERS] = {
        FUNCTION_SECURITY_OFFICER, FUNCTION_CASE_WORKER, FUNCTION_SECURITY_OFFICER};
    (void)agency_bench_open(state);
    for (size_t i = 0; i < OFFICERS; i++) {
        struct roster_officer *o = &bench.view.officers[i];
        o->agency = bench.view.members[i == OTHER_AGENCYS ? BENCH_BRAVO : BENCH_ALFA].id;
        o->functions = UINT32_C(1) << functions[i];
        memset(o->cert.fingerprint.b, 0x70 + (int)i, sizeof o->cert.fingerprint.b);
        OK(key_generate(KEY_TYPE_P256, &bench.view.officer_keys[i]));
    }
    return 0;
}

/* ---- an officer's word ---- */

/* What differs from: the security officer says now that log_key is lost and next_key goes on behind the head of 32. */
struct saying {
    size_t officer;
    const struct key *key;
    const struct key *lost[AGENCY_HEAD_MAX_KEYS];
    uint64_t size;
    size_t history;
    uint64_t more; /* entries than that head has */
    int64_t later_s;
    const char *agency;
    const char *deployment;
    enum sign_kind kind;
    size_t damaged; /* which byte of the document, from 1; 0: none */
};

static struct digest root_of(uint64_t size, size_t history)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    CLEANUP(buf_free) struct buf head = buf_new(GROWN_BYTES);
    struct note note;
    struct checkpoint c;
    OK(grown_log_checkpoint(&grown, &(struct grown_head){size, history, log_key, ORIGIN}, &head));
    OK(note_parse(buf_bytes(&head), a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    return c.root;
}

static void put_lost(const struct key *key, struct arena *a, struct log_vouch *v)
{
    const struct bytes line = line_of(key, ORIGIN, a);
    struct digest d;
    OK(digest_sha256(&line, 1, &d));
    v->lost[v->lost_count++] = d;
    if (v->lost_count == 2 && bytes_cmp(digest_bytes(&v->lost[0]), digest_bytes(&v->lost[1])) > 0) {
        v->lost[1] = v->lost[0];
        v->lost[0] = d;
    }
}

static struct bytes word(const struct saying *s, struct arena *a)
{
    CLEANUP(buf_free) struct buf document = buf_new(LOG_VOUCH_MAX_BYTES);
    CLEANUP(buf_free) struct buf wire = buf_new(AGENCY_HEAD_MAX_VOUCH_BYTES);
    struct log_vouch v = {.deployment = bench.config.deployment,
                          .agency = bench.view.members[BENCH_ALFA].id,
                          .staff = {STAFF},
                          .key = line_of(s->key != NULL ? s->key : next_key, ORIGIN, a),
                          .size = s->size > 0 ? s->size : 32,
                          .root = root_of(s->size > 0 ? s->size : 32, s->history),
                          .issued_at_s = bench.now_ms / 1000 + s->later_s};
    v.size += s->more;
    struct signature signature;
    if (s->agency != NULL)
        OK(agency_id_parse(bytes_str(s->agency), &v.agency));
    if (s->deployment != NULL)
        OK(name_parse(bytes_str(s->deployment), &v.deployment));
    put_lost(s->lost[0] != NULL ? s->lost[0] : log_key, a, &v);
    if (s->lost[1] != NULL)
        put_lost(s->lost[1], a, &v);
    OK(log_vouch_encode(&v, &document));
    OK(sign_document(s->kind != SIGN_NONE ? s->kind : SIGN_LOG_VOUCH, bench.view.officer_keys[s->officer],
                     buf_bytes(&document), &signature));
    if (s->damaged > 0)
        document.ptr[(s->damaged - 1) % document.len] ^= 1;
    const struct signed_doc d = {
        buf_bytes(&document), signature_bytes(&signature), bench.view.officers[s->officer].cert.fingerprint};
    OK(signed_doc_encode(&d, &wire));
    return arena_copy(a, buf_bytes(&wire));
}

#define WORD(...) word(&(struct saying){__VA_ARGS__}, a)

static struct arena *words(void)
{
    struct arena *a = arena_new(ARENA_BYTES);
    assert_non_null(a);
    return a;
}

/* ---- the tests ---- */

static void a_key_for_which_a_security_officer_vouches_goes_on(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = words();
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {next_key}), WITNESS_UNSIGNED);
    assert_true(has_alarm("security officer vouches"));
    assert_false(status_says("vouched_at"));
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {next_key}, .vouch = WORD(.size = 32)), WITNESS_COSIGN);
    assert_int_equal(kept(NULL), 48);
    assert_int_equal(entries("agency-log.rekeyed", STAFF), 1);
    assert_int_equal(entries("agency-log.key", STAFF), 1);
    assert_int_equal(entries("agency-log.rekeyed", key_fact(log_key, ORIGIN).s), 1);
    assert_int_equal(entries("agency-log.key", key_fact(next_key, ORIGIN).s), 1);
    assert_int_equal(entries("agency-log.key", "\"vouch\":\"\""), 0);
    assert_int_equal(entries("agency-log.contradicted", ""), 0);
    restart();
    assert_true(knows(next_key) && !knows(log_key));
    assert_true(status_says("vouched_at") && status_says("\"vouch\":\""));
    assert_int_equal(OFFER(.from = 48, .to = 50, .signers = {log_key}), WITNESS_UNSIGNED); /* whoever has it */
    assert_int_equal(OFFER(.from = 48, .to = 50, .signers = {log_key, next_key}), WITNESS_UNSIGNED);
    assert_int_equal(OFFER(.from = 48, .to = 64, .signers = {next_key}), WITNESS_COSIGN); /* needs no word any more */
    assert_int_equal(OFFER(.from = 64, .to = 66, .signers = {next_key, third_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.key", ""), 3);
    assert_int_equal(entries("agency-log.key", STAFF), 1);
}

/* A word that does not count changes nothing: the key stays unknown, and what is kept stays. */
static void assert_refused(struct bytes vouch, const char *what)
{
    const uint32_t status = OFFER(.from = 32, .to = 48, .signers = {next_key}, .vouch = vouch);
    if (status != WITNESS_UNSIGNED || kept(NULL) != 32 || knows(next_key) || !knows(log_key) || status_says("vouched_at"))
        fail_msg("%s: %u", what, (unsigned)status);
}

static void no_other_word_counts(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = words();
    const struct key *both[] = {log_key, third_key};
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_refused(WORD(.officer = WORKER), "another function");
    assert_refused(WORD(.officer = OTHER_AGENCYS), "another agency's officer");
    assert_refused(WORD(.agency = "00000099000000003000"), "about another agency");
    assert_refused(WORD(.officer = OTHER_AGENCYS, .agency = "00000099000000003000"), "another agency's word");
    assert_refused(WORD(.deployment = "other"), "another deployment");
    assert_refused(WORD(.later_s = -LOG_VOUCH_LIFE_S - 1), "stale");
    assert_refused(WORD(.later_s = LOG_VOUCH_LIFE_S + 1), "of a time to come");
    assert_refused(WORD(.size = 16), "an older head");
    assert_refused(WORD(.size = 48), "a head that was not cosigned");
    assert_refused(WORD(.history = 1), "another head of that size");
    assert_refused(WORD(.more = 1), "another size of that head");
    assert_refused(WORD(.lost = {third_key}), "another key is lost");
    assert_refused(WORD(.lost = {both[0], both[1]}), "more keys are lost");
    assert_refused(WORD(.key = third_key), "for another key");
    for (size_t at = 1; at < LOG_VOUCH_MAX_BYTES / 2; at += 29)
        assert_refused(WORD(.damaged = at), "a signature over something else");
    assert_refused(WORD(.kind = SIGN_BODIES), "a signature of another kind");
    assert_refused(bytes_str("no word"), "unreadable");
    const struct roster_officer before = bench.view.officers[SECURITY];
    const struct bytes good = WORD(.size = 32);
    bench.view.officers[SECURITY] = (struct roster_officer){.functions = 0}; /* as where the certificate is revoked */
    assert_refused(good, "no officer any more");
    bench.view.officers[SECURITY] = before;
    assert_int_equal(entries("agency-log.rekeyed", ""), 0);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {next_key, third_key}, .vouch = good), WITNESS_UNSIGNED);
    const struct bytes stale = WORD(.size = 16);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {log_key, next_key}, .names = {next_key}, .vouch = stale),
                     WITNESS_UNSIGNED); /* though a known key signed, too */
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {next_key}, .vouch = good), WITNESS_COSIGN);
}

/* Not for a second head, and never for a key that the log has left. */
static void a_word_counts_once(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = words();
    const struct bytes first = WORD(.size = 32);
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {next_key}, .vouch = first), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 48, .to = 48, .signers = {next_key}, .vouch = first), WITNESS_COSIGN); /* its answer was lost */
    assert_int_equal(entries("agency-log.key", STAFF), 1);
    const struct bytes back = WORD(.size = 48, .key = log_key, .lost = {next_key});
    assert_int_equal(OFFER(.from = 48, .to = 50, .signers = {log_key}, .vouch = back), WITNESS_UNSIGNED);
    assert_int_equal(OFFER(.from = 48, .to = 48, .history = 1, .signers = {log_key}, .vouch = back), WITNESS_UNSIGNED);
    const struct bytes second = WORD(.size = 48, .key = third_key, .lost = {next_key});
    assert_int_equal(OFFER(.from = 48, .to = 50, .signers = {third_key}, .vouch = second), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 50, .to = 52, .signers = {next_key}, .vouch = first), WITNESS_UNSIGNED);
    assert_int_equal(OFFER(.from = 50, .to = 52, .signers = {third_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.rekeyed", STAFF), 2);
    assert_int_equal(entries("agency-log.contradicted", ""), 0);
}

static void what_contradicts_the_log_is_evidence_with_a_word_too(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = words();
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    const struct bytes good = WORD(.size = 32);
    assert_int_equal(OFFER(.from = 32, .to = 48, .history = 1, .signers = {next_key}, .vouch = good), WITNESS_INCONSISTENT);
    assert_int_equal(entries("agency-log.contradicted", "\"unproven\""), 1);
    assert_int_equal(OFFER(.from = 0, .to = 16, .signers = {next_key}, .vouch = good), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", "\"shorter\""), 1);
    assert_int_equal(OFFER(.from = 32, .to = 32, .history = 1, .signers = {next_key}, .vouch = good), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", "\"other\""), 1);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {third_key}, .names = {next_key}, .vouch = good), WITNESS_UNSIGNED);
    assert_true(has_alarm("contradicted itself"));
    assert_true(knows(log_key) && !knows(next_key));
    assert_int_equal(kept(NULL), 32);
}

/* During a change both may be lost: it names those that signed the head, and every known one goes. */
static void of_two_keys_those_that_signed_are_named(void **state)
{
    (void)state;
    static const bool both_sign[] = {true, false};
    for (size_t i = 0; i < ARRAY_LEN(both_sign); i++) {
        CLEANUP(cleanup_arena_free) struct arena *a = words();
        if (i > 0) {
            (void)agency_bench_close(NULL);
            (void)set_up(NULL);
        }
        assert_int_equal(OFFER(.to = 16), WITNESS_COSIGN);
        assert_int_equal(OFFER(.from = 16, .to = 32, .signers = {log_key, next_key}), WITNESS_COSIGN);
        if (!both_sign[i])
            assert_int_equal(OFFER(.from = 32, .to = 32, .signers = {log_key}), WITNESS_COSIGN);
        const struct bytes one = WORD(.key = third_key, .lost = {log_key});
        const struct bytes two = WORD(.key = third_key, .lost = {log_key, next_key});
        const struct bytes good = both_sign[i] ? two : one;
        const struct bytes bad = both_sign[i] ? one : two;
        assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {third_key}, .vouch = bad), WITNESS_UNSIGNED);
        assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {third_key}, .vouch = good), WITNESS_COSIGN);
        assert_true(knows(third_key) && !knows(log_key) && !knows(next_key));
        assert_int_equal(entries("agency-log.rekeyed", STAFF), 2);
    }
}

/* Whatever word comes with it: a key that is known, or is the first, needs none. */
static void beside_a_known_key_a_word_is_nothing(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = words();
    const struct bytes good = WORD(.size = 32);
    assert_int_equal(OFFER(.to = 32, .vouch = bytes_str("no word")), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 32, .vouch = good), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 40, .signers = {log_key, next_key}, .vouch = good), WITNESS_COSIGN);
    assert_true(knows(log_key) && knows(next_key));
    assert_int_equal(OFFER(.from = 40, .to = 48, .signers = {next_key}, .vouch = bytes_str("no word")), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log", STAFF), 0);
    assert_false(status_says("vouched_at"));
}

/* Keys, head, entries and the word are kept in one transaction, or none of them. */
static void what_a_word_changes_is_kept_whole(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)32 << 20);
    struct agency_head_reply r;
    unsigned silent = 0;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    const struct offer o = {.from = 32, .to = 48, .signers = {next_key}, .vouch = WORD(.size = 32)};
    enum msg_kind kind = MSG_NONE;
    for (unsigned step = 1; step < STEPS && kind == MSG_NONE; step++) {
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        kind = send_offer(&o, a, &r);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        bench.broker.closed = 0;
        silent += kind == MSG_NONE;
        if (kind == MSG_NONE)
            assert_true(kept(NULL) == 32 && !knows(next_key) && !status_says("vouched_at"));
    }
    assert_true(silent > 6);
    assert_int_equal(kind, MSG_AGENCY_HEAD_REPLY);
    assert_int_equal(r.status, WITNESS_COSIGN);
    assert_true(kept(NULL) == 48 && knows(next_key) && status_says("vouched_at"));
    assert_int_equal(entries("agency-log.rekeyed", STAFF), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, agency_bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_for_which_a_security_officer_vouches_goes_on),
        CASE(no_other_word_counts),
        CASE(a_word_counts_once),
        CASE(what_contradicts_the_log_is_evidence_with_a_word_too),
        CASE(of_two_keys_those_that_signed_are_named),
        CASE(beside_a_known_key_a_word_is_nothing),
        CASE(what_a_word_changes_is_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
