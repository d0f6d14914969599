/* broker/turn: the checks in their order, refusals, repeats and conflicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/health.h"
#include "broker/store/known.h"
#include "proto/host/kv_write.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

/* A request here is one byte: 'x' takes effect, 'p' is refused in prepare, 'a' in apply, 'e' fails as
 * a machine does, 'h' is held, 'r' repeats an earlier effect. */
struct probe {
    unsigned prepared;
    unsigned applied;
    unsigned recorded;
    unsigned done;
    struct turn *held;
};
static struct probe probe;

static enum err probe_prepare(struct turn *t, struct errmsg *why)
{
    (void)why;
    probe.prepared++;
    t->audit.event = AUDIT_EVENT_REQUEST_ACCEPTED;
    switch (t->envelope.body.ptr[0]) {
    case 'p':
        return turn_refuse(t, REFUSED_MALFORMED, "body: no");
    case 'h':
        probe.held = t;
        return ERR_AGAIN;
    case 'r':
        return turn_repeat(t, bytes_str("first promise"), bytes_str("its signature"));
    default:
        return ERR_OK;
    }
}

static enum err probe_apply(struct turn *t, struct kv_txn *txn)
{
    (void)txn;
    probe.applied++;
    switch (t->envelope.body.ptr[0]) {
    case 'a':
        return turn_refuse(t, REFUSED_LIMIT, "limit: reached");
    case 'e':
        return ERR_IO;
    default:
        return ERR_OK;
    }
}

static enum err probe_record(struct turn *t, struct kv_txn *txn)
{
    (void)txn;
    assert_true(t->promise.len > 0 && t->promise_signature.len > 0);
    probe.recorded++;
    return ERR_OK;
}

static void probe_done(struct turn *t, enum err result)
{
    (void)t;
    (void)result;
    probe.done++;
}

static enum err repair_prepare(struct turn *t, struct errmsg *why)
{
    (void)why;
    t->reply_kind = MSG_HELLO_REPLY;
    t->reply_body = t->envelope.body;
    return ERR_OK;
}

static const struct turn_handler request = {
    .kind = MSG_REQUEST,
    .prepare = probe_prepare,
    .apply = probe_apply,
    .record = probe_record,
    .done = probe_done,
};
static const struct turn_handler hello = {
    .kind = MSG_HELLO, .prepare = repair_prepare, .in_repair = true};
static const struct turn_handler quiet = {
    .kind = MSG_MAIL_ACK, .prepare = probe_prepare, .apply = probe_apply, .recorded = TURN_QUIET};
static const struct turn_handler *const handlers[] = {&request, &hello, &quiet};

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    probe = (struct probe){0};
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

static struct bench_message a_request(const char *body)
{
    return bench_message(&bench, BENCH_ALFA, MSG_REQUEST, bytes_str(body));
}

/* The code of the last answer; REFUSED_NONE for another kind of answer. */
static enum refusal_code last_code(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct envelope e;
    struct refused r = {0};
    struct errmsg why = {""};
    bench_answer(&bench, a, &e);
    if (e.kind == MSG_REFUSED)
        assert_int_equal(refused_decode(e.body, a, &r, &why), ERR_OK);
    return r.code;
}

/* Each fault of a message, in the order in which docs/protocol.md looks for them. */
enum fault_kind {
    NO_FRAME,
    NOT_ON_ROSTER,
    BAD_SIGNATURE,
    OTHER_KEY,
    OTHER_DEPLOYMENT,
    OTHER_RECIPIENT,
    OTHER_SENDER,
    EXPIRED,
    ROSTER_BEHIND,
    POLICY_BEHIND,
    BROKER_BEHIND,
    NO_HELLO,
    OTHER_CONNECTION,
    IN_REPAIR,
    GATE_IS_CLOSED,
    BODY,
    FAULTS,
};

static void spoil(struct bench_message *m, enum fault_kind f)
{
    switch (f) {
    case NO_FRAME:
    case FAULTS:
        break;
    case NOT_ON_ROSTER:
        bench.view.struck_off[BENCH_ALFA] = true;
        break;
    case BAD_SIGNATURE:
        m->bad_signature = true;
        break;
    case OTHER_KEY:
        m->signer = BENCH_BRAVO;
        break;
    case OTHER_DEPLOYMENT:
        m->envelope.deployment.s[0] = 'x';
        break;
    case OTHER_RECIPIENT:
        m->envelope.recipient = bench.view.members[BENCH_BRAVO].id;
        break;
    case OTHER_SENDER:
        m->envelope.sender = bench.view.members[BENCH_BRAVO].id;
        break;
    case EXPIRED:
        m->envelope.sent_at_s = BENCH_NOW_S - 10;
        m->envelope.expires_at_s = BENCH_NOW_S;
        break;
    case ROSTER_BEHIND:
        m->envelope.roster_serial = 6;
        break;
    case POLICY_BEHIND:
        m->envelope.policy_serial = 2;
        break;
    case BROKER_BEHIND:
        m->envelope.roster_serial = 8;
        break;
    case NO_HELLO:
        sessions_end(bench.broker.sessions, &bench.view.members[BENCH_ALFA].id);
        break;
    case OTHER_CONNECTION:
        m->route.link.b[4] = 1;
        break;
    case IN_REPAIR:
        bench_session(&bench, BENCH_ALFA, SESSION_REPAIR);
        break;
    case GATE_IS_CLOSED:
        broker_close_gate(&bench.broker, GATE_ROSTER);
        break;
    case BODY:
        m->envelope.body = bytes_str("p");
        break;
    }
}

static const struct {
    enum fault_kind fault;
    bool is_silent;
    enum refusal_code code;
    bool ends_session;
    bool is_stored; /* the id is known afterwards */
} refusals[] = {
    {NOT_ON_ROSTER, true, REFUSED_NONE, false, false},
    {BAD_SIGNATURE, true, REFUSED_NONE, false, false},
    {OTHER_KEY, true, REFUSED_NONE, false, false},
    {OTHER_DEPLOYMENT, true, REFUSED_NONE, true, false},
    {OTHER_RECIPIENT, true, REFUSED_NONE, true, false},
    {OTHER_SENDER, true, REFUSED_NONE, true, false},
    {EXPIRED, false, REFUSED_EXPIRED, false, false},
    {ROSTER_BEHIND, false, REFUSED_BEHIND, false, false},
    {POLICY_BEHIND, false, REFUSED_BEHIND, false, false},
    {BROKER_BEHIND, false, REFUSED_CLOSED, false, false},
    {NO_HELLO, false, REFUSED_STATE, false, false},
    {OTHER_CONNECTION, false, REFUSED_STATE, false, false},
    {IN_REPAIR, false, REFUSED_STATE, false, false},
    {GATE_IS_CLOSED, false, REFUSED_CLOSED, false, false},
    {BODY, false, REFUSED_MALFORMED, false, true},
};

static bool is_known(const struct bench_message *m)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct known k;
    assert_int_equal(kv_read_begin(bench.broker.kv, &txn), ERR_OK);
    enum err e = known_find(bench.broker.store, txn, &m->envelope.sender, &m->envelope.id, &k);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    return e == ERR_OK;
}

static void check_refusal(size_t i, const struct bench_message *m)
{
    const bool has_session =
        session_of(bench.broker.sessions, &bench.view.members[BENCH_ALFA].id)->state !=
        SESSION_NONE;
    assert_int_equal(bench.answer_count, refusals[i].is_silent ? 0 : 1);
    if (!refusals[i].is_silent)
        assert_int_equal(last_code(), refusals[i].code);
    if (refusals[i].ends_session)
        assert_false(has_session);
    assert_int_equal(is_known(m), refusals[i].is_stored);
    assert_int_equal(probe.applied, 0);
    assert_int_equal(turns_pending(bench.broker.turns), 0);
}

static void each_fault_is_refused_as_the_protocol_says(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct bench_message m = a_request("x");
        spoil(&m, refusals[i].fault);
        bench_send(&bench, &m);
        check_refusal(i, &m);
        /* Refused and proven: one entry. Not proven: none, so that strangers cannot fill the log. */
        const bool is_proven = refusals[i].fault > OTHER_KEY;
        assert_int_equal(bench_pending(&bench), is_proven ? 2 : 1); /* one is log.started */
        (void)teardown(state);
        (void)setup(state);
    }
}

static void of_two_faults_the_earlier_one_is_told(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        for (size_t j = i + 1; j < ARRAY_LEN(refusals); j += 3) {
            struct bench_message m = a_request("x");
            spoil(&m, refusals[j].fault);
            spoil(&m, refusals[i].fault);
            if (refusals[i].fault == OTHER_KEY && refusals[j].fault == OTHER_SENDER)
                continue; /* together they are a message of that other agency */
            bench_send(&bench, &m);
            assert_int_equal(bench.answer_count, refusals[i].is_silent ? 0 : 1);
            if (!refusals[i].is_silent)
                assert_int_equal(last_code(), refusals[i].code);
            (void)teardown(state);
            (void)setup(state);
        }
    }
}

static void what_is_no_frame_is_silence(void **state)
{
    (void)state;
    static uint8_t large[FRAME_MAX_BYTES + 1];
    const struct bytes bad[] = {bytes_str(""), bytes_str("hello"), BYTES_OF_ARRAY(large)};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        bench_send_raw(&bench, BENCH_ALFA, bad[i]);
    assert_int_equal(bench.answer_count, 0);
    assert_int_equal(turns_silent(bench.broker.turns), ARRAY_LEN(bad));
    assert_int_equal(bench_pending(&bench), 1);
}

static void an_effect_is_promised_and_repeated_with_the_same_bytes(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct bench_message m = a_request("x");
    struct envelope first;
    struct envelope again;
    struct accepted r;
    struct promise p;
    struct errmsg why = {""};
    bench_send(&bench, &m);
    bench_answer(&bench, a, &first);
    assert_int_equal(first.kind, MSG_ACCEPTED);
    assert_true(first.is_reply);
    assert_memory_equal(first.in_reply_to.b, m.envelope.id.b, sizeof m.envelope.id.b);
    assert_int_equal(accepted_decode(first.body, a, &r, &why), ERR_OK);
    assert_int_equal(promise_decode(r.promise, a, &p, &why), ERR_OK);
    assert_int_equal(p.committed_at_s, BENCH_NOW_S);
    assert_int_equal(p.merge_by_s, BENCH_NOW_S + 10);
    assert_memory_equal(p.message_id.b, m.envelope.id.b, sizeof m.envelope.id.b);
    /* The same bytes, long expired, behind, and without a session. */
    bench.now_ms += INT64_C(5000) * 1000;
    bench.view.roster.serial = 9;
    sessions_end(bench.broker.sessions, &m.envelope.sender);
    CLEANUP(buf_free) struct buf keep = buf_new(FRAME_MAX_BYTES);
    struct known k;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(bench.broker.kv, &txn), ERR_OK);
    assert_int_equal(
        known_find(bench.broker.store, txn, &m.envelope.sender, &m.envelope.id, &k), ERR_OK);
    assert_int_equal(k.reply_kind, MSG_ACCEPTED);
    bench_send(&bench, &m);
    bench_answer(&bench, a, &again);
    assert_true(bytes_equal(first.body, again.body));
    assert_int_equal(probe.applied, 1);
    assert_int_equal(probe.recorded, 1);
    assert_int_equal(probe.done, 1);
    assert_int_equal(bench_pending(&bench), 2);
}

static void the_same_id_with_other_bytes_is_a_conflict(void **state)
{
    (void)state;
    struct bench_message m = a_request("x");
    bench_send(&bench, &m);
    m.envelope.body = bytes_str("xx");
    bench_send(&bench, &m);
    assert_int_equal(last_code(), REFUSED_CONFLICT);
    assert_int_equal(probe.applied, 1);
    assert_int_equal(bench_pending(&bench), 3); /* the conflict has an entry of its own */
    m.envelope.body = bytes_str("x");
    bench_send(&bench, &m); /* the first content keeps its reply */
    assert_int_equal(last_code(), REFUSED_NONE);
    assert_int_equal(probe.applied, 1);
}

static void ids_are_scoped_to_their_sender(void **state)
{
    (void)state;
    bench_session(&bench, BENCH_BRAVO, SESSION_OPEN);
    struct bench_message m = a_request("x");
    struct bench_message other = bench_message(&bench, BENCH_BRAVO, MSG_REQUEST, bytes_str("x"));
    other.envelope.id = m.envelope.id;
    bench_send(&bench, &m);
    bench_send(&bench, &other);
    assert_int_equal(probe.applied, 2);
    assert_int_equal(last_code(), REFUSED_NONE);
}

static void a_refusal_of_the_handler_is_stored(void **state)
{
    (void)state;
    const char *bodies[] = {"p", "a"};
    const enum refusal_code codes[] = {REFUSED_MALFORMED, REFUSED_LIMIT};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct bench_message m = a_request(bodies[i]);
        bench_send(&bench, &m);
        assert_int_equal(last_code(), codes[i]);
        assert_true(is_known(&m));
        const unsigned prepared = probe.prepared;
        bench_send(&bench, &m);
        assert_int_equal(last_code(), codes[i]);
        assert_int_equal(probe.prepared, prepared); /* its stored reply, not a second judgement */
    }
    assert_int_equal(probe.recorded, 0);
}

static void a_failure_of_the_machine_is_silence_and_leaves_nothing(void **state)
{
    (void)state;
    struct bench_message m = a_request("e");
    bench_send(&bench, &m);
    assert_int_equal(bench.answer_count, 0);
    assert_false(is_known(&m));
    assert_int_equal(bench_pending(&bench), 1);
    assert_int_equal(probe.done, 1);
}

static void a_held_turn_waits_and_goes_on(void **state)
{
    (void)state;
    struct bench_message m = a_request("h");
    bench_send(&bench, &m);
    assert_int_equal(bench.answer_count, 0);
    bench_send(&bench, &m); /* the same bytes meanwhile: nothing */
    assert_int_equal(probe.prepared, 1);
    turn_continue(probe.held);
    bench_settle(&bench);
    assert_int_equal(bench.answer_count, 1);
    assert_int_equal(last_code(), REFUSED_NONE);
    assert_int_equal(probe.applied, 1);
}

static void a_held_turn_can_be_dropped(void **state)
{
    (void)state;
    struct bench_message m = a_request("h");
    bench_send(&bench, &m);
    turn_drop(probe.held);
    bench_settle(&bench);
    assert_int_equal(bench.answer_count, 0);
    assert_int_equal(turns_pending(bench.broker.turns), 0);
    assert_false(is_known(&m));
}

static void a_repeated_body_gets_the_first_promise_and_no_entry(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct bench_message m = a_request("r");
    struct envelope e;
    struct accepted r;
    struct errmsg why = {""};
    bench_send(&bench, &m);
    bench_answer(&bench, a, &e);
    assert_int_equal(accepted_decode(e.body, a, &r, &why), ERR_OK);
    assert_true(bytes_is(r.promise, "first promise"));
    assert_int_equal(bench_pending(&bench), 1);
    assert_int_equal(probe.recorded, 0);
    assert_true(is_known(&m));
}

static void a_quiet_message_takes_effect_without_a_word(void **state)
{
    (void)state;
    struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_MAIL_ACK, bytes_str("x"));
    bench_send(&bench, &m);
    assert_int_equal(probe.applied, 1);
    assert_int_equal(bench.answer_count, 0);
    assert_int_equal(bench_pending(&bench), 1);
    assert_false(is_known(&m));
}

static void repair_is_served_when_nothing_else_is(void **state)
{
    (void)state;
    struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_HELLO, bytes_str("hi"));
    m.envelope.roster_serial = 1;
    bench_session(&bench, BENCH_ALFA, SESSION_REPAIR);
    broker_close_gate(&bench.broker, GATE_RECONCILE);
    bench_send(&bench, &m);
    assert_int_equal(bench.answer_count, 1);
    assert_int_equal(last_code(), REFUSED_NONE);
}

static void a_kind_without_a_handler_is_malformed(void **state)
{
    (void)state;
    struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_MAIL, bytes_str("x"));
    bench_send(&bench, &m);
    assert_int_equal(last_code(), REFUSED_MALFORMED);
}

static void a_full_disk_refuses_without_an_entry(void **state)
{
    (void)state;
    broker_saw(&bench.broker, ERR_NO_SPACE);
    struct bench_message m = a_request("x");
    bench_send(&bench, &m);
    assert_int_equal(last_code(), REFUSED_CLOSED);
    assert_int_equal(bench_pending(&bench), 1);
    broker_saw(&bench.broker, ERR_OK); /* something small still fitted */
    bench_send(&bench, &m);
    assert_int_equal(last_code(), REFUSED_CLOSED);
    broker_clear_gate(&bench.broker, GATE_NO_SPACE);
    bench_send(&bench, &m);
    assert_int_equal(last_code(), REFUSED_NONE);
    assert_int_equal(probe.applied, 1);
}

static void ids_are_forgotten_a_day_after_they_expire(void **state)
{
    (void)state;
    struct bench_message m = a_request("x");
    bench_send(&bench, &m);
    const int64_t keep_s = m.envelope.expires_at_s + KNOWN_KEEP_S;
    struct kv_txn *txn = NULL;
    size_t n = 9;
    writer_free(bench.broker.writer);
    bench.broker.writer = NULL;
    assert_int_equal(kv_write_begin(bench.broker.kv, &txn), ERR_OK);
    assert_int_equal(known_expire(bench.broker.store, txn, keep_s, 10, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(known_expire(bench.broker.store, txn, keep_s + 1, 10, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_false(is_known(&m));
    const struct writer_params w = {.kv = bench.broker.kv, .loop = bench.broker.loop};
    assert_int_equal(writer_new(&w, &bench.broker.writer), ERR_OK);
}

/* Invariant 8, by itself and with proof: what the broker's own minute does. */
static void forgotten_ids_are_counted_in_the_log(void **state)
{
    (void)state;
    CLEANUP(cleanup_health_free) struct health *h = NULL;
    struct bench_message m = a_request("x");
    bench_send(&bench, &m);
    assert_int_equal(health_new(&bench.broker, &h), ERR_OK);
    bench.now_ms = (m.envelope.expires_at_s + KNOWN_KEEP_S) * 1000;
    const size_t entries = bench_pending(&bench);
    health_clean(h);
    bench_settle(&bench);
    assert_true(is_known(&m));
    assert_int_equal(bench_pending(&bench), entries);
    bench.now_ms += 1000;
    health_clean(h);
    bench_settle(&bench);
    assert_false(is_known(&m));
    assert_int_equal(bench_pending(&bench), entries + 1);
}

/* Invariant 11: who was heard a moment ago, on the same open connection, is silence on the next
 * message; no roster is remembered by a session. */
static void a_peer_that_is_struck_off_is_refused_on_the_next_message(void **state)
{
    (void)state;
    struct bench_message m = a_request("x");
    bench_send(&bench, &m);
    assert_int_equal(bench.answer_count, 1);
    bench.view.struck_off[BENCH_ALFA] = true;
    struct bench_message next = a_request("x");
    bench_send(&bench, &next);
    bench_send(&bench, &m); /* nor is a stored reply repeated */
    assert_int_equal(bench.answer_count, 1);
    assert_int_equal(probe.applied, 1);
    assert_int_equal(turns_silent(bench.broker.turns), 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_fault_is_refused_as_the_protocol_says),
        T(of_two_faults_the_earlier_one_is_told),
        T(what_is_no_frame_is_silence),
        T(an_effect_is_promised_and_repeated_with_the_same_bytes),
        T(the_same_id_with_other_bytes_is_a_conflict),
        T(ids_are_scoped_to_their_sender),
        T(a_refusal_of_the_handler_is_stored),
        T(a_failure_of_the_machine_is_silence_and_leaves_nothing),
        T(a_held_turn_waits_and_goes_on),
        T(a_held_turn_can_be_dropped),
        T(a_repeated_body_gets_the_first_promise_and_no_entry),
        T(a_quiet_message_takes_effect_without_a_word),
        T(repair_is_served_when_nothing_else_is),
        T(a_kind_without_a_handler_is_malformed),
        T(a_full_disk_refuses_without_an_entry),
        T(ids_are_forgotten_a_day_after_they_expire),
        T(forgotten_ids_are_counted_in_the_log),
        T(a_peer_that_is_struck_off_is_refused_on_the_next_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
