/* Invariant 3: no effect without its audit entry, in the same transaction, before the reply. Every call
 * on the store of a message, of a slot and of retention fails once, one after the other; each time
 * nothing may have changed, and the next attempt finds the work where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/epochs.h"
#include "broker/mailboxes.h"
#include "broker/store/mail.h"
#include "broker/store/store.h"
#include "pki/digest.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_write.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/ask_bench.h"

#define STEPS_MAX 2000u

static struct ask_bench ab;
static struct ask_question q;
static bool is_taken;

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    ask_question(&ab, &q);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ask_bench_close(&ab);
    return 0;
}

/* All that the broker keeps of messages, as one digest: a changed, added or missing row shows. */
static struct digest all_rows(void)
{
    const struct store *s = ab.bench.broker.store;
    const struct kv_table tables[] = {
        s->meta,        s->known,       s->known_until, s->mail,       s->mail_state,
        s->log.pending, s->log.bodies,  s->log.keys,    s->log.rows,   s->asks,
        s->ask_answers, s->ask_queue,   s->held,        s->matches,    s->settlements,
        s->limit_keys,  s->limit_members, s->limit_counts,
    };
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest sum = {{0}};
    assert_int_equal(kv_read_begin(ab.bench.broker.kv, &txn), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        struct bytes row[3];
        assert_int_equal(kv_iter_new(txn, tables[i], bytes_of(NULL, 0), &it), ERR_OK);
        while (kv_iter_next(it, &row[1], &row[2]) == ERR_OK) {
            const struct digest before = sum;
            row[0] = digest_bytes(&before);
            assert_int_equal(digest_sha256(row, 3, &sum), ERR_OK);
        }
    }
    return sum;
}

/* Something that the broker does, and whether it took effect. */
struct action {
    void (*act)(const struct action *a);
    bool (*took_effect)(const struct action *a);
    struct bytes body;
    struct digest id;
    enum ask_state until;
};

/* Lets each store call of a fail in turn; the log gains one entry when none did. */
static void fails_at_every_step(const struct action *a)
{
    const struct digest before = all_rows();
    const size_t logged = bench_pending(&ab.bench);
    unsigned step = 1;
    for (; step < STEPS_MAX; step++) {
        kv_fault_set(ab.bench.broker.kv, step, ERR_IO);
        a->act(a);
        const bool was_reached = kv_fault_calls(ab.bench.broker.kv) >= step;
        kv_fault_set(ab.bench.broker.kv, 0, ERR_OK);
        const bool took_effect = a->took_effect(a);
        if (!was_reached) {
            assert_true(took_effect);
            break;
        }
        const struct digest now = all_rows();
        if (took_effect || !digest_equal(&now, &before))
            fail_msg("store call %u failed, and there was an effect", step);
        assert_int_equal(bench_pending(&ab.bench), logged);
    }
    assert_in_range(step, 5, STEPS_MAX - 1);
    assert_int_equal(bench_pending(&ab.bench), logged + 1);
}

static void send_body(enum bench_member from, enum msg_kind kind, struct bytes body)
{
    for (size_t i = 0; i < ab.bench.answer_count; i++)
        buf_free(&ab.bench.answers[i].frame);
    ab.bench.answer_count = 0;
    struct bench_message m = bench_message(&ab.bench, from, kind, body);
    bench_send(&ab.bench, &m);
}

static void send_request(const struct action *a)
{
    send_body(BENCH_ALFA, MSG_REQUEST, a->body);
}

static void send_settle(const struct action *a)
{
    send_body(BENCH_BRAVO, MSG_SETTLE, a->body);
}

/* An answer is told only of what is there. */
static bool is_answered(const struct action *a)
{
    (void)a;
    return ab.bench.answer_count == 1;
}

/* One job of a slot, as the store thread runs it. */
static enum err slot_job(struct kv_txn *txn, void *arg)
{
    const struct action *a = *(const struct action **)arg;
    struct matcher *m = ab.bench.broker.matcher;
    const int64_t now_s = ab.bench.now_ms / 1000;
    if (a->until == ASK_MATCHED)
        return matcher_match(m, txn, &ab.bench.view, &a->id, now_s);
    if (a->until == ASK_CLOSED)
        return matcher_close(m, txn, &a->id, now_s);
    return matcher_forget(m, txn, &ab.bench.view, now_s, 100);
}

static void run_job(const struct action *a)
{
    const enum err e = writer_run(ab.bench.broker.writer, slot_job, &a);
    assert_true(e == ERR_OK || e == ERR_IO);
}

static bool has_state(const struct action *a)
{
    return ask_row(&ab, &a->id).state == a->until;
}

static void a_request_is_all_or_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    const struct digest id = ask_question_encode(&ab, &q, &body);
    const struct action a = {send_request, is_answered, .body = buf_bytes(&body)};
    fails_at_every_step(&a);
    assert_int_equal(ask_row(&ab, &id).state, ASK_WAITING);
}

/* Refusals are effects too: each has its entry, or is not told. */
static void a_refusal_is_all_or_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    ab.bench.view.adoption = ADOPTION_WITHDRAWN;
    const struct digest id = ask_question_encode(&ab, &q, &body);
    const struct action a = {send_request, is_answered, .body = buf_bytes(&body)};
    fails_at_every_step(&a);
    assert_int_equal(ask_row(&ab, &id).state, ASK_NONE);
}

static void a_match_is_all_or_nothing(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &r);
    const struct digest id = ask_accepted(&ab, &q);
    const struct action a = {run_job, has_state, .id = id, .until = ASK_MATCHED};
    fails_at_every_step(&a);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
}

static void a_settlement_is_all_or_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &v, 1);
    struct ask_settle settle;
    ask_record_add(&ab, &r);
    const struct digest id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    const struct ask_hit hit = {&q, &id, &r, 0};
    ask_settle(&ab, &hit, CONSENT_RELEASE, &settle);
    ask_settle_encode(&ab, &settle, &body);
    const struct action a = {send_settle, is_answered, .body = buf_bytes(&body)};
    fails_at_every_step(&a);
    assert_int_equal(ask_row(&ab, &id).released, 1);
}

static void a_close_is_all_or_nothing(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &r);
    const struct digest id = ask_accepted(&ab, &q);
    const struct action a = {run_job, has_state, .id = id, .until = ASK_CLOSED};
    ask_slot(&ab);
    ask_pass_s(&ab, 60);
    fails_at_every_step(&a);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
}

static void forgetting_is_all_or_nothing(void **state)
{
    (void)state;
    const struct digest id = ask_accepted(&ab, &q);
    const struct action a = {run_job, has_state, .id = id, .until = ASK_NONE};
    ask_slot(&ab);
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    ask_pass_s(&ab, 7 * 86400); /* no_hit: 7 days; the counters' blocks of a day go with it */
    fails_at_every_step(&a);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->ask_queue), 0);
}

static enum err raise_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct mail_raise r = {&ab.bench.view.members[BENCH_ALFA].id, 40};
    uint64_t dropped = 0;
    return mailbox_raise(ab.bench.broker.mailboxes, txn, &r, &dropped);
}

static void raise_alfa(const struct action *a)
{
    (void)a;
    const enum err e = writer_run(ab.bench.broker.writer, raise_job, NULL);
    assert_true(e == ERR_OK || e == ERR_IO);
}

/* The custodian's word, taken in a transaction of its own. */
static void take_word(const struct action *a)
{
    (void)a;
    static const struct view_marks none;
    struct kv_txn *txn = NULL;
    enum err e = kv_write_begin(ab.bench.broker.kv, &txn);
    if (e == ERR_OK)
        e = epochs_accept(&ab.bench.broker, txn, &ab.bench.view, &none);
    if (e == ERR_OK)
        e = kv_write_commit(txn);
    else
        kv_write_abort(txn);
    is_taken = e == ERR_OK;
}

static bool has_taken(const struct action *a)
{
    (void)a;
    return is_taken;
}

static void a_word_on_an_epoch_is_all_or_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf document = buf_new(1 << 16);
    struct epoch_entry entry = {1, EPOCH_ACTIVE, 1, {{0}}};
    struct epoch_states s = {.deployment = {"demo"},
                             .purpose = ask_name(ASK_PURPOSE),
                             .serial = 1,
                             .issued_at = 9,
                             .custodian = ab.bench.view.members[BENCH_ALFA].id,
                             .epochs = &entry,
                             .epoch_count = 1};
    struct view_states *out = &ab.bench.view.states[0];
    assert_int_equal(epoch_states_encode(&s, &document, NULL), ERR_OK);
    *out = (struct view_states){.states = &s, .document = buf_bytes(&document)};
    assert_int_equal(digest_sha256(&out->document, 1, &out->digest), ERR_OK);
    ab.bench.view.state_count = 1;
    const struct action a = {take_word, has_taken, .until = ASK_NONE};
    is_taken = false;
    fails_at_every_step(&a);
}

static bool is_raised(const struct action *a)
{
    (void)a;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t last = 0;
    assert_int_equal(kv_read_begin(ab.bench.broker.kv, &txn), ERR_OK);
    assert_int_equal(mailbox_last(ab.bench.broker.mailboxes, txn,
                                  &ab.bench.view.members[BENCH_ALFA].id, &last),
                     ERR_OK);
    return last == 40;
}

static void a_raised_mailbox_is_all_or_nothing(void **state)
{
    (void)state;
    const struct action a = {raise_alfa, is_raised, .until = ASK_NONE};
    fails_at_every_step(&a);
    const size_t logged = bench_pending(&ab.bench);
    raise_alfa(&a); /* it is there already: nothing happens */
    assert_int_equal(bench_pending(&ab.bench), logged);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_all_or_nothing),
        TEST(a_refusal_is_all_or_nothing),
        TEST(a_match_is_all_or_nothing),
        TEST(a_settlement_is_all_or_nothing),
        TEST(a_close_is_all_or_nothing),
        TEST(forgetting_is_all_or_nothing),
        TEST(a_raised_mailbox_is_all_or_nothing),
        TEST(a_word_on_an_epoch_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
