/* The broker as the witness of an agency's own log: what only grew is cosigned and kept before the line leaves; what
 * contradicts it is refused, kept and entered; another key counts only where the one of before signs it. */
#include "tests/support/key_fact.h"
#include "tests/unit/broker/agency_bench.h"

#include "broker/keys.h"
#include "pki/digest.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_write.h"

#define DAY_S INT64_C(86400)
#define STEPS 40u

/* The line verifies over that head, by the key that the answer names. */
static void check_line(const struct offer *o, const struct agency_head_reply *r, struct arena *a)
{
    struct witness_request request;
    struct note head;
    struct note lines;
    struct vkey v;
    uint64_t at_s = 0;
    OK(witness_request_parse(request_of(o, ORIGIN, a), &request));
    OK(note_parse(request.checkpoint, a, &head, NULL));
    OK(note_parse_sigs(r->lines, a, &lines, NULL));
    lines.text = head.text;
    OK(vkey_parse(digest_sha256, r->witness, &v));
    assert_string_equal(v.name, WITNESS);
    OK(note_verify_cosignature(&lines, &v, &at_s));
    assert_int_equal(at_s, bench.now_ms / 1000);
    assert_int_equal(lines.count, 1);
}

/* ---- the tests ---- */

static void what_only_grew_is_cosigned_and_kept(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 << 20);
    const struct offer first = {.to = 32};
    const struct offer more = {.from = 32, .to = 64};
    struct agency_head_reply r;
    assert_int_equal(send_offer(&first, a, &r), MSG_AGENCY_HEAD_REPLY);
    assert_int_equal(r.status, WITNESS_COSIGN);
    assert_int_equal(r.known.len, 0);
    check_line(&first, &r, a);
    assert_int_equal(kept(NULL), 32);
    restart();
    assert_int_equal(OFFER(.from = 32, .to = 32), WITNESS_COSIGN); /* its answer was lost */
    assert_int_equal(send_offer(&more, a, &r), MSG_AGENCY_HEAD_REPLY);
    assert_int_equal(r.status, WITNESS_COSIGN);
    check_line(&more, &r, a);
    assert_int_equal(kept(NULL), 64);
    assert_int_equal(entries("agency-log.key", "00000099000000002000"), 1); /* the key, once */
    assert_int_equal(entries("agency-log.contradicted", ""), 0);
    assert_true(status_says("\"size\":64") && status_says("\"state\":\"fresh\"") && status_says(WITNESS));
}

/* It is told the signed head that this witness has, and goes on from there. */
static void who_begins_elsewhere_is_told_the_head_that_is_known(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 << 20);
    CLEANUP(buf_free) struct buf known = buf_new(GROWN_BYTES);
    struct agency_head_reply r;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    static const uint64_t others[] = {0, 16, 48};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_int_equal(send_offer(&(struct offer){.from = others[i], .to = 64}, a, &r), MSG_AGENCY_HEAD_REPLY);
        assert_int_equal(r.status, WITNESS_CONFLICT);
        buf_reset(&known);
        OK(grown_log_checkpoint(&grown, &(struct grown_head){32, 0, log_key, ORIGIN}, &known));
        assert_true(bytes_equal(r.known, buf_bytes(&known)));
    }
    assert_int_equal(OFFER(.from = 32, .to = 64), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.contradicted", ""), 0);
}

static void another_history_is_refused_kept_and_entered_once(void **state)
{
    (void)state;
    struct digest before;
    struct digest after;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(kept(&before), 32);
    assert_int_equal(OFFER(.from = 32, .to = 32, .history = 1), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", "\"other\""), 1);
    assert_true(has_alarm("contradicted itself"));
    assert_true(status_says("\"state\":\"contradicted\"") && status_says("\"shown_head\""));
    assert_int_equal(OFFER(.from = 32, .to = 32, .history = 1), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", ""), 1);
    assert_int_equal(kept(&after), 32);
    assert_true(digest_equal(&before, &after));
    restart();
    assert_int_equal(OFFER(.from = 32, .to = 64), WITNESS_COSIGN); /* the one that was known goes on */
    assert_true(has_alarm("contradicted itself"));                 /* and what was shown stays shown */
}

/* A proof is no signature: a bad one beside a good head proves nothing, and is not in the way of what does. */
static void a_proof_that_shows_nothing_is_no_other_history(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 64, .history = 1), WITNESS_INCONSISTENT);
    assert_int_equal(entries("agency-log.contradicted", "\"unproven\""), 1);
    assert_true(has_alarm("does not show that it only grew"));
    assert_false(has_alarm("contradicted itself"));
    assert_true(status_says("\"state\":\"unproven\""));
    assert_int_equal(OFFER(.from = 32, .to = 64, .history = 1), WITNESS_INCONSISTENT);
    assert_int_equal(entries("agency-log.contradicted", ""), 1);
    assert_int_equal(kept(NULL), 32);
    assert_int_equal(OFFER(.from = 32, .to = 32, .history = 1), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", "\"other\""), 1);
    assert_true(has_alarm("contradicted itself") && status_says("\"state\":\"contradicted\""));
    assert_int_equal(OFFER(.from = 32, .to = 64), WITNESS_COSIGN);
    assert_false(has_alarm("does not show that it only grew"));
    assert_true(has_alarm("contradicted itself"));
}

static void two_heads_of_one_size_are_another_history(void **state)
{
    (void)state;
    static const uint64_t froms[] = {32, 0};
    for (size_t i = 0; i < ARRAY_LEN(froms); i++) {
        if (i > 0) {
            (void)agency_bench_close(NULL);
            (void)agency_bench_open(NULL);
        }
        assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
        assert_int_equal(OFFER(.from = froms[i], .to = 32, .history = 1), WITNESS_CONFLICT);
        assert_int_equal(entries("agency-log.contradicted", "\"other\""), 1);
        assert_true(has_alarm("contradicted itself"));
    }
}

static void a_shorter_log_is_an_alarm_until_it_is_whole_again(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 0, .to = 16), WITNESS_CONFLICT);
    assert_int_equal(OFFER(.from = 8, .to = 16), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", "\"shorter\""), 1);
    assert_true(has_alarm("old copy"));
    assert_true(status_says("\"state\":\"shorter\""));
    assert_int_equal(kept(NULL), 32);
    assert_int_equal(OFFER(.from = 32, .to = 48), WITNESS_COSIGN);
    assert_false(has_alarm("old copy"));
    assert_int_equal(entries("agency-log.contradicted", ""), 1);
    assert_int_equal(OFFER(.from = 0, .to = 16), WITNESS_CONFLICT);
    assert_int_equal(entries("agency-log.contradicted", ""), 2);
}

/* The way of a rotation: both sign for a while, then the new one alone. */
static void another_key_counts_where_the_one_of_before_signs_too(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {next_key}), WITNESS_UNSIGNED);
    assert_true(has_alarm("under another key"));
    assert_int_equal(OFFER(.from = 32, .to = 48, .names = {log_key, next_key}), WITNESS_UNSIGNED); /* it did not sign */
    assert_int_equal(OFFER(.from = 32, .to = 48, .names = {next_key}), WITNESS_UNSIGNED);
    assert_int_equal(entries("agency-log.key", ""), 1);
    assert_int_equal(kept(NULL), 32);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {log_key, next_key}), WITNESS_COSIGN);
    assert_false(has_alarm("under another key"));
    assert_int_equal(entries("agency-log.key", ""), 2);
    assert_int_equal(entries("agency-log.key", key_fact(next_key, ORIGIN).s), 1); /* the one that is new */
    assert_int_equal(OFFER(.from = 48, .to = 48, .signers = {next_key, log_key}), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 48, .to = 64, .signers = {next_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.key", ""), 2);
    assert_int_equal(OFFER(.from = 64, .to = 70), WITNESS_UNSIGNED); /* the old one is over */
    assert_int_equal(kept(NULL), 64);
}

/* Whoever stole it has nothing of it any more, whatever he signs and with whom. */
static void a_key_that_a_log_has_left_counts_no_more(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {log_key, next_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.rekeyed", ""), 0);
    assert_int_equal(OFFER(.from = 48, .to = 64, .signers = {next_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.rekeyed", "00000099000000002000"), 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(OFFER(.from = 64, .to = 66), WITNESS_UNSIGNED);
        assert_int_equal(OFFER(.from = 64, .to = 64, .history = 1), WITNESS_UNSIGNED);
        assert_true(has_alarm("under another key"));
        assert_int_equal(OFFER(.from = 64, .to = 66, .signers = {log_key, next_key}), WITNESS_UNSIGNED);
        assert_int_equal(OFFER(.from = 64, .to = 66, .signers = {next_key, log_key}), WITNESS_UNSIGNED);
        assert_int_equal(kept(NULL), 64);
        assert_true(knows(next_key) && !knows(log_key));
        restart();
    }
    assert_int_equal(entries("agency-log.contradicted", ""), 0); /* of that log nothing is proven */
    assert_int_equal(OFFER(.from = 64, .to = 66, .signers = {next_key}), WITNESS_COSIGN);
    assert_false(has_alarm("under another key"));
    assert_int_equal(OFFER(.from = 66, .to = 68, .signers = {next_key, third_key}), WITNESS_COSIGN); /* and so on */
    assert_int_equal(OFFER(.from = 68, .to = 70, .signers = {third_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.rekeyed", ""), 2);
}

/* In the overlap the old key may be a thief's: it does not end the change. */
static void the_older_key_alone_does_not_push_the_next_one_out(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 16), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 16, .to = 32, .signers = {next_key, log_key}), WITNESS_COSIGN); /* in any order */
    assert_int_equal(OFFER(.from = 32, .to = 48), WITNESS_COSIGN);
    assert_true(knows(log_key) && knows(next_key));
    assert_int_equal(OFFER(.from = 48, .to = 64, .signers = {next_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.key", ""), 2);
    assert_int_equal(OFFER(.from = 64, .to = 66), WITNESS_UNSIGNED);
}

/* As if the newest key had not signed for so long; how long it was. */
static int64_t newest_was(int64_t ago_s)
{
    const struct agency_id *alfa = &bench.view.members[BENCH_ALFA].id;
    struct kv_txn *txn = NULL;
    struct agency_log log;
    OK(kv_write_begin(bench.broker.kv, &txn));
    OK(agency_log_get(bench.broker.store, txn, alfa, &log));
    const int64_t now_s = bench.now_ms / 1000;
    const int64_t was_s = now_s - log.newest_s;
    log.newest_s = now_s - ago_s;
    OK(agency_log_put(bench.broker.store, txn, alfa, &log));
    OK(kv_write_commit(txn));
    return was_s;
}

/* Nor does it bring another in its place, to end with that one alone, while the agency's own heads name both. */
static void the_older_key_brings_no_other_while_the_newer_is_in_use(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 16), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 16, .to = 20, .signers = {log_key, next_key}), WITNESS_COSIGN);
    for (uint64_t at = 20; at < 28; at += 2) {
        assert_int_equal(newest_was(DAY_S - 1), 0);
        assert_int_equal(OFFER(.from = at, .to = at, .signers = {log_key}), WITNESS_COSIGN); /* says nothing of the newer */
        assert_int_equal(OFFER(.from = at, .to = at + 1, .signers = {log_key, third_key}), WITNESS_UNSIGNED);
        assert_int_equal(OFFER(.from = at, .to = at + 1, .signers = {third_key, log_key}), WITNESS_UNSIGNED);
        assert_int_equal(newest_was(DAY_S - 1), DAY_S - 1);
        assert_int_equal(OFFER(.from = at, .to = at + 2, .signers = {log_key, next_key}), WITNESS_COSIGN);
    }
    restart();
    assert_true(knows(log_key) && knows(next_key) && !knows(third_key));
    assert_int_equal(OFFER(.from = 28, .to = 30, .signers = {next_key, third_key}), WITNESS_COSIGN); /* the next change */
}

/* One that was made and never taken over makes room for another, and is not one that the log has left. */
static void a_change_that_was_given_up_is_begun_anew_with_another_key(void **state)
{
    (void)state;
    assert_int_equal(OFFER(.to = 16), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 16, .to = 32, .signers = {log_key, next_key}), WITNESS_COSIGN);
    (void)newest_was(DAY_S - 1);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {log_key, third_key}), WITNESS_UNSIGNED); /* it may be in use */
    (void)newest_was(DAY_S);
    assert_int_equal(OFFER(.from = 32, .to = 48, .signers = {log_key, third_key}), WITNESS_COSIGN);
    assert_true(knows(log_key) && knows(third_key) && !knows(next_key));
    assert_int_equal(OFFER(.from = 48, .to = 64, .signers = {next_key}), WITNESS_UNSIGNED);
    assert_int_equal(OFFER(.from = 48, .to = 64, .signers = {third_key}), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 64, .to = 66, .signers = {third_key, next_key}), WITNESS_COSIGN);
    assert_int_equal(entries("agency-log.rekeyed", ""), 1);
}

/* Of another agency, of the broker's own log. */
static void an_agency_has_one_log(void **state)
{
    (void)state;
    static const char *const others[] = {"demo/log/00000099000000003000", "sluis.example/test", ORIGIN "/2"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(OFFER(.to = 32, .origin = others[i]), WITNESS_UNKNOWN);
    bench_session(&bench, BENCH_BRAVO, SESSION_OPEN);
    assert_int_equal(OFFER(.to = 32, .from_member = BENCH_BRAVO), WITNESS_UNKNOWN);
    assert_int_equal(kept(NULL), 0);
}

/* A signature by which the offer is judged is that over its head, and the keys are keys of a log. */
static void what_is_no_offer_is_refused(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 << 20);
    CLEANUP(buf_free) struct buf body = buf_new(AGENCY_HEAD_MAX_REQUEST_BYTES * 2);
    struct agency_head_reply r;
    struct agency_head h = {.keys = {bytes_str("no key")}, .key_count = 1, .request = bytes_str("old 0\n\nx")};
    OK(agency_head_encode(&h, &body));
    assert_int_equal(send_body(buf_bytes(&body), BENCH_ALFA, a, &r), MSG_AGENCY_HEAD_REPLY);
    assert_int_equal(r.status, WITNESS_MALFORMED);
    h.keys[0] = line_of(log_key, ORIGIN, a);
    buf_reset(&body);
    OK(agency_head_encode(&h, &body));
    assert_int_equal(send_body(buf_bytes(&body), BENCH_ALFA, a, &r), MSG_AGENCY_HEAD_REPLY);
    assert_int_equal(r.status, WITNESS_MALFORMED);
    assert_int_equal(send_body(bytes_str("?"), BENCH_ALFA, a, &r), MSG_REFUSED);
    assert_int_equal(kept(NULL), 0);
}

/* Whatever call of the store fails: a line that leaves is over a head that is kept. */
static void no_line_leaves_before_its_head_is_kept(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    unsigned silent = 0;
    unsigned cosigned = 0;
    uint64_t size = 16;
    for (unsigned step = 1; step < STEPS && size < GROWN_LEAVES; step++) {
        struct agency_head_reply r;
        const uint64_t from = kept(NULL);
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        const enum msg_kind kind = send_offer(&(struct offer){.from = from, .to = size}, a, &r);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        silent += kind == MSG_NONE;
        if (kind != MSG_AGENCY_HEAD_REPLY || r.status != WITNESS_COSIGN)
            continue;
        cosigned++;
        assert_int_equal(kept(NULL), size);
        size += 2;
    }
    assert_true(silent >= 4);
    assert_true(cosigned >= 4);
    bench.broker.closed = 0;
}

static void an_agency_that_offers_too_often_waits(void **state)
{
    (void)state;
    bench.config.publish_interval_ms = 3600000;
    for (unsigned i = 0; i < AGENCY_HEADS_EACH; i++)
        assert_int_equal(OFFER(.from = i > 0 ? 32 : 0, .to = 32), WITNESS_COSIGN);
    assert_int_equal(OFFER(.from = 32, .to = 64), AGENCY_HEAD_TOO_MANY);
    assert_int_equal(kept(NULL), 32);
    bench_session(&bench, BENCH_BRAVO, SESSION_OPEN); /* which others do not pay for */
    assert_int_equal(OFFER(.to = 32, .origin = "demo/log/00000099000000003000", .from_member = BENCH_BRAVO),
                     WITNESS_COSIGN);
    bench.config.publish_interval_ms = 1;
    assert_int_equal(OFFER(.from = 32, .to = 64), WITNESS_COSIGN);
}

static void a_broker_without_the_key_is_no_witness(void **state)
{
    (void)state;
    struct key *key = bench.broker.keys->witness;
    bench.broker.keys->witness = NULL;
    assert_int_equal(OFFER(.to = 32), AGENCY_HEAD_NO_WITNESS);
    assert_int_equal(kept(NULL), 0);
    assert_true(status_says("\"is_witness\":false"));
    bench.broker.keys->witness = key;
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
}

static void a_closed_gate_cosigns_nothing(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 << 20);
    struct agency_head_reply r;
    broker_close_gate(&bench.broker, GATE_RECONCILE);
    assert_int_equal(send_offer(&(struct offer){.to = 32}, a, &r), MSG_REFUSED);
    assert_int_equal(kept(NULL), 0);
    broker_clear_gate(&bench.broker, GATE_RECONCILE);
    assert_int_equal(OFFER(.to = 32), WITNESS_COSIGN);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, agency_bench_open, agency_bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_only_grew_is_cosigned_and_kept),
        CASE(who_begins_elsewhere_is_told_the_head_that_is_known),
        CASE(another_history_is_refused_kept_and_entered_once),
        CASE(a_proof_that_shows_nothing_is_no_other_history),
        CASE(two_heads_of_one_size_are_another_history),
        CASE(a_shorter_log_is_an_alarm_until_it_is_whole_again),
        CASE(another_key_counts_where_the_one_of_before_signs_too),
        CASE(a_key_that_a_log_has_left_counts_no_more),
        CASE(the_older_key_alone_does_not_push_the_next_one_out),
        CASE(the_older_key_brings_no_other_while_the_newer_is_in_use),
        CASE(a_change_that_was_given_up_is_begun_anew_with_another_key),
        CASE(an_agency_has_one_log),
        CASE(what_is_no_offer_is_refused),
        CASE(no_line_leaves_before_its_head_is_kept),
        CASE(an_agency_that_offers_too_often_waits),
        CASE(a_broker_without_the_key_is_no_witness),
        CASE(a_closed_gate_cosigns_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
