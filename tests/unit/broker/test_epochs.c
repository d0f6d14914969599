/* broker/epochs and broker/epoch_end: what the state and the age of an epoch permit, and what goes with one
 * that is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/epochs.h"
#include "broker/epochs_doc.h"
#include "broker/index/index.h"
#include "broker/index/internal.h"
#include "broker/index/catalogue.h"
#include "broker/index/chain.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "broker/keys.h"
#include "broker/store/meta.h"
#include "pki/digest.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/json/doc.h"
#include "tests/unit/broker/ask_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct ask_bench ab;
static struct ask_question q;
static struct broker_half *second; /* of epoch 2 */

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    second = ask_bench_second(&ab);
    ask_question(&ab, &q);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_settle(&ab.bench); /* as a daemon that stops: the writer has drained */
    if (ab.bench.broker.epoch_end != NULL)
        epoch_end_part.stop(&ab.bench.broker);
    broker_half_free(second);
    ask_bench_close(&ab);
    return 0;
}

/* What the custodian says now, as the acceptance of a view does it. */
static void say(enum epoch_state first, enum epoch_state next)
{
    ab.bench.view.epoch_states[0] = first;
    ab.bench.view.epoch_states[1] = next;
    epochs_stop_keys(ab.bench.broker.keys, &ab.bench.view);
}

/* The same as the custodian's document, for who reads that. Its jobs may outlive the test that said it. */
static void put_word(enum epoch_state first)
{
    static struct epoch_entry entries[2];
    static struct epoch_states said;
    entries[0] = (struct epoch_entry){1, first, 1, {{first == EPOCH_DESTROYED}}};
    entries[1] = (struct epoch_entry){2, EPOCH_ACTIVE, 1, {{0}}};
    said = (struct epoch_states){
        .purpose = ask_name(ASK_PURPOSE), .serial = 1, .epochs = entries, .epoch_count = 2};
    ab.bench.view.states[0].states = &said;
    ab.bench.view.state_count = 1;
}

static enum refusal_code ask_in(uint32_t epoch, struct errmsg *detail)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    q.header.epoch = epoch;
    (void)ask_question_encode(&ab, &q, &body);
    return ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), detail);
}

static void is_refused(uint32_t epoch, enum refusal_code code, const char *says)
{
    struct errmsg detail = {""};
    const enum refusal_code got = ask_in(epoch, &detail);
    if (got != code || strstr(detail.text, says) == NULL)
        fail_msg("refused with %d: %s, want %d: %s", got, detail.text, code, says);
}

static void only_an_active_epoch_is_asked(void **state)
{
    (void)state;
    say(EPOCH_RETIRED, EPOCH_ACTIVE);
    is_refused(1, REFUSED_KEY, "epoch 1 of riec-casus is retired; contribute to and ask in epoch 2");
    say(EPOCH_ACTIVE, EPOCH_DEALT);
    is_refused(2, REFUSED_KEY, "epoch 2 of riec-casus is dealt; contribute to and ask in epoch 1");
    say(EPOCH_COMPROMISED, EPOCH_DEALT);
    is_refused(1, REFUSED_KEY, "is compromised, and no other is active; its custodian has to deal");
    say(EPOCH_DESTROYED, EPOCH_ACTIVE);
    is_refused(1, REFUSED_KEY, "is destroyed; contribute to and ask in epoch 2");
    ab.bench.view.suspended = "a gap";
    is_refused(2, REFUSED_SUSPENDED, "is suspended");
    ab.bench.view.suspended = NULL;
    say(EPOCH_ACTIVE, EPOCH_ACTIVE);
    assert_int_equal(ask_in(1, NULL), REFUSED_NONE);
    assert_int_equal(ask_in(2, NULL), REFUSED_NONE);
}

/* Rows: what is wanted; columns: dealt, active, retired, compromised, destroyed. */
static void each_state_permits_what_it_permits(void **state)
{
    (void)state;
    static const struct {
        enum epoch_use use;
        const char *may;
    } rows[] = {
        {EPOCH_USE_ADD, ".x..."},      {EPOCH_USE_END, ".x..."}, {EPOCH_USE_WITHDRAW, ".xx.."},
        {EPOCH_USE_ASK, ".x..."}, {EPOCH_USE_SETTLE, ".xx.."},
    };
    const struct name purpose = ask_name(ASK_PURPOSE);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (unsigned s = EPOCH_DEALT; s < EPOCH_STATE_COUNT; s++) {
            struct turn t = {.broker = &ab.bench.broker,
                             .view = &ab.bench.view,
                             .arena = a,
                             .now_s = ab.bench.now_ms / 1000};
            const struct epochs_ask ask = {&purpose, 1, rows[i].use};
            say((enum epoch_state)s, EPOCH_ACTIVE);
            epochs_check(&t, &ask);
            if ((t.refusal.code == REFUSED_NONE) != (rows[i].may[s - EPOCH_DEALT] == 'x'))
                fail_msg("use %d, %s", rows[i].use, epoch_state_id((enum epoch_state)s));
            assert_true(t.refusal.code == REFUSED_NONE || t.refusal.code == REFUSED_KEY);
        }
    }
}

static void an_epoch_that_is_too_old_takes_nothing_new(void **state)
{
    (void)state;
    struct deal *d = &ab.bench.view.deals[0];
    const struct purpose *p = policy_purpose(view_policy(&ab.bench.view), &d->purpose);
    d->issued_at = ab.bench.now_ms / 1000 - (int64_t)p->epoch_days * 86400;
    is_refused(1, REFUSED_KEY, "older than the policy lets an epoch of this purpose live; contribute to "
                               "and ask in epoch 2");
    d->issued_at++;
    assert_int_equal(ask_in(1, NULL), REFUSED_NONE);
    assert_int_equal(epochs_end_s(&ab.bench.view, &d->purpose, 1), ab.bench.now_ms / 1000 + 1);
}

/* The record of epoch 1 is found in epoch 1 and in no other, though what the agencies sent is the same. */
static void two_epochs_never_meet(void **state)
{
    (void)state;
    const struct ask_value bsn = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &bsn, 1);
    ask_record_add(&ab, &r);
    q.header.epoch = 2;
    struct digest other = ask_accepted(&ab, &q);
    q.header.epoch = 1;
    struct digest same = ask_accepted(&ab, &q); /* the same request, asked in both */
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &other).state, ASK_MATCHED);
    assert_int_equal(ask_row(&ab, &other).hits, 0);
    assert_int_equal(ask_row(&ab, &same).hits, 1);
}

/* Under the rule's limits as they are: each of them lets one of its kind through and no second one. */
static void a_request_in_two_epochs_counts_once(void **state)
{
    (void)state;
    struct rule *rule = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    rule->limits.requests_per_day_agency = 1;
    rule->limits.requests_per_day_officer = 1;
    rule->limits.unique_per_case = 1;
    rule->limits.unique_per_period = 1;
    assert_int_equal(ask_in(1, NULL), REFUSED_NONE);
    assert_int_equal(ask_in(2, NULL), REFUSED_NONE);
    ask_question(&ab, &q); /* another request about the same */
    assert_int_equal(ask_in(1, NULL), REFUSED_POLICY);
    assert_int_equal(ask_in(2, NULL), REFUSED_POLICY);
}

struct hit {
    struct ask_record record;
    struct digest id;
};

static struct hit one_hit(void)
{
    const struct ask_value bsn = {IDENT_BSN, ASK_BSN};
    struct hit h = {.record = ask_record(&ab, &bsn, 1)};
    ask_record_add(&ab, &h.record);
    h.id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &h.id).hits, 1);
    return h;
}

static enum refusal_code settle(const struct hit *h, struct errmsg *detail)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct ask_settle s;
    const struct ask_hit hit = {&q, &h->id, &h->record, 0};
    ask_settle(&ab, &hit, CONSENT_RELEASE, &s);
    ask_settle_encode(&ab, &s, &body);
    return ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), detail);
}

static size_t notices(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    return ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, a, NULL);
}

static void what_was_asked_goes_on_under_a_retired_epoch(void **state)
{
    (void)state;
    const struct ask_value bsn = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &bsn, 1);
    ask_record_add(&ab, &r);
    struct hit h = {.record = r, .id = ask_accepted(&ab, &q)};
    say(EPOCH_RETIRED, EPOCH_ACTIVE);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &h.id).hits, 1);
    assert_int_equal(notices(), 1);
    struct errmsg detail = {""};
    if (settle(&h, &detail) != REFUSED_NONE)
        fail_msg("%s", detail.text);
}

/* From the next message on: nothing is matched, shown or settled, before anything was cleaned up. */
static void a_compromise_stops_at_once(void **state)
{
    (void)state;
    const struct hit h = one_hit();
    ask_question(&ab, &q);
    const struct digest waiting = ask_accepted(&ab, &q);
    assert_int_equal(notices(), 1);
    say(EPOCH_COMPROMISED, EPOCH_ACTIVE);
    assert_int_equal(notices(), 0);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &waiting).hits, 0);
    struct errmsg detail = {""};
    assert_int_equal(settle(&h, &detail), REFUSED_KEY);
    assert_non_null(strstr(detail.text, "is compromised"));
}

/* Runs the part until this header is closed. */
static void run_until_closed(const struct digest *id)
{
    struct errmsg why = {""};
    if (ab.bench.broker.epoch_end == NULL)
        OK(epoch_end_part.start(&ab.bench.broker, &why));
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (ask_row(&ab, id).state != ASK_CLOSED && clock_mono_ms() < end_ms)
        OK(loop_turn(ab.bench.broker.loop, 10));
    assert_int_equal(ask_row(&ab, id).state, ASK_CLOSED);
}

static void a_compromise_closes_what_is_open_and_drops_what_is_held(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct store *s = ab.bench.broker.store;
    (void)one_hit();
    ask_question(&ab, &q);
    q.header.epoch = 2;
    const struct digest other = ask_accepted(&ab, &q);
    ask_question(&ab, &q);
    const struct digest waiting = ask_accepted(&ab, &q);
    assert_int_equal(ask_table_rows(&ab, s->held), 2);
    say(EPOCH_COMPROMISED, EPOCH_ACTIVE);
    put_word(EPOCH_COMPROMISED);
    run_until_closed(&waiting);
    bench_settle(&ab.bench);
    assert_int_equal(ask_mail(&ab, BENCH_ALFA, MAIL_CLOSED, a, NULL), 2);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_ENDED, a, NULL), 1); /* it knew of the hit */
    assert_int_equal(ask_table_rows(&ab, s->matches), 0);
    assert_int_equal(ask_table_rows(&ab, s->held), 1); /* of the other epoch, which goes on */
    assert_int_equal(ask_row(&ab, &other).state, ASK_WAITING);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &other).state, ASK_MATCHED);
}

/* Nothing is served, nothing is lost: it goes on when the custodian's word is there again. */
static void a_suspended_purpose_waits(void **state)
{
    (void)state;
    const struct hit h = one_hit();
    ask_question(&ab, &q);
    const struct digest waiting = ask_accepted(&ab, &q);
    ab.bench.view.suspended = "a gap";
    epochs_stop_keys(ab.bench.broker.keys, &ab.bench.view);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &waiting).state, ASK_WAITING);
    assert_int_equal(notices(), 0);
    assert_int_equal(settle(&h, NULL), REFUSED_SUSPENDED);
    ab.bench.view.suspended = NULL;
    epochs_stop_keys(ab.bench.broker.keys, &ab.bench.view);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &waiting).hits, 1);
    assert_int_equal(notices(), 2);
}

/* A word without a statement of the key: nothing is matched or settled, and nothing is lost. */
static void an_epoch_without_its_statement_waits(void **state)
{
    (void)state;
    const struct hit h = one_hit();
    struct errmsg detail = {""};
    ask_question(&ab, &q);
    const struct digest waiting = ask_accepted(&ab, &q);
    ab.bench.view.epoch_states[1] = EPOCH_ACTIVE;
    ab.bench.view.undealt = 1;
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &waiting).state, ASK_WAITING);
    assert_int_equal(settle(&h, &detail), REFUSED_SUSPENDED);
    assert_non_null(strstr(detail.text, "statement does not hold"));
    say(EPOCH_COMPROMISED, EPOCH_ACTIVE); /* which it needs no statement for */
    assert_int_equal(settle(&h, NULL), REFUSED_KEY);
    say(EPOCH_ACTIVE, EPOCH_ACTIVE);
    ab.bench.view.undealt = 0;
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &waiting).hits, 1);
    assert_int_equal(settle(&h, NULL), REFUSED_NONE);
}

/* What stopped for good is not merely suspended when the word that stopped it is taken away. */
static void a_word_that_is_taken_away_starts_nothing_again(void **state)
{
    (void)state;
    (void)one_hit();
    say(EPOCH_COMPROMISED, EPOCH_ACTIVE);
    ab.bench.view.suspended = "accepted before, and gone";
    epochs_stop_keys(ab.bench.broker.keys, &ab.bench.view);
    const struct name purpose = ask_name(ASK_PURPOSE);
    assert_null(broker_held_key(&ab.bench.broker, &purpose, 1));
    assert_non_null(broker_held_key(&ab.bench.broker, &purpose, 2));
    ab.bench.view.suspended = NULL;
}

/* ---- destroyed ---- */

/* A chain and a count of an agency in an epoch, so that there is something to drop. */
static void contribute(uint16_t agency, uint32_t epoch)
{
    struct index *ix = ab.bench.broker.index;
    const struct chain_id id = {ask_name(ASK_PURPOSE), epoch, agency};
    const struct chain c = {.sequence = 1};
    struct tally_scope scope = {id.purpose, epoch, agency, false};
    struct kv_txn *txn = NULL;
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(chain_put(ix, txn, &id, &c));
    OK(tally_records(ix, txn, &scope, 30000, 5));
    scope.pending = true;
    OK(tally_records(ix, txn, &scope, 30000, 7));
    OK(kv_write_commit(txn));
}

#define AGENCIES (CHAIN_AGENCIES_MAX + 3)

static void drop_once(bool commit, bool *more)
{
    const struct index_epoch of = {ask_name(ASK_PURPOSE), 1};
    struct kv_txn *txn = NULL;
    size_t dropped = 0;
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(index_drop_epoch(ab.bench.broker.index, txn, &of, &dropped, more));
    assert_true(dropped > 0);
    if (commit)
        OK(kv_write_commit(txn));
    else
        kv_write_abort(txn);
}

static void an_index_is_dropped_in_slices_and_only_its_own(void **state)
{
    (void)state;
    struct index *ix = ab.bench.broker.index;
    const struct ask_value bsn = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &bsn, 1);
    bool more = false;
    ask_record_add(&ab, &r);
    for (uint16_t i = 1; i <= AGENCIES; i++)
        contribute(i, 1);
    contribute(1, 2);
    drop_once(false, &more); /* a slice that did not reach the disk is begun again */
    assert_true(more);
    assert_int_equal(ask_table_rows(&ab, ix->chains), AGENCIES + 1);
    drop_once(true, &more);
    assert_true(more);
    assert_int_equal(ask_table_rows(&ab, ix->lists), 0);
    assert_int_equal(ask_table_rows(&ab, ix->chains), 3 + 1);
    drop_once(true, &more);
    assert_false(more);
    assert_int_equal(ask_table_rows(&ab, ix->chains), 1); /* of epoch 2 */
    assert_int_equal(ask_table_rows(&ab, ix->tallies), 2);
}

/* As the acceptance of a word keeps it that came with its declarations. */
static void keep_declaration(void)
{
    struct kv_txn *txn = NULL;
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(meta_keep_document(ab.bench.broker.store, txn, &ab.bench.view.states[0].states->epochs[0].declaration,
                          bytes_str("what two officers declared")));
    OK(kv_write_commit(txn));
}

static void a_destroyed_epoch_leaves_nothing_and_its_half_is_wiped(void **state)
{
    (void)state;
    struct index *ix = ab.bench.broker.index;
    const struct hit h = one_hit();
    contribute(1, 1);
    contribute(1, 2);
    say(EPOCH_DESTROYED, EPOCH_ACTIVE);
    put_word(EPOCH_DESTROYED);
    keep_declaration();
    run_until_closed(&h.id);
    const struct broker_epoch *e = &ab.bench.broker.keys->epochs[0];
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (e->held != NULL && clock_mono_ms() < end_ms)
        OK(loop_turn(ab.bench.broker.loop, 10));
    assert_null(e->held);
    assert_null(e->for_loop);
    assert_null(e->for_store);
    assert_non_null(ab.bench.broker.keys->epochs[1].held);
    assert_int_equal(ask_table_rows(&ab, ix->lists), 0);
    assert_int_equal(ask_table_rows(&ab, ix->chains), 1);
    assert_int_equal(ask_table_rows(&ab, ix->tallies), 2);
}

/* ---- what an operator reads ---- */

static const struct doc *epoch_in(const struct doc *list, size_t i, const char *state, const char *next)
{
    const struct doc *one = doc_at(list, i);
    struct bytes text;
    OK(doc_get_text(one, "state", 64, &text, NULL));
    assert_true(bytes_is(text, state));
    OK(doc_get_text(one, "next", 640, &text, NULL));
    if (memmem(text.ptr, text.len, next, strlen(next)) == NULL)
        fail_msg("next: %.*s, want %s", (int)text.len, (const char *)text.ptr, next);
    return one;
}

static void status_says_who_is_exposed_and_what_is_next(void **state)
{
    (void)state;
    static struct deal_participant both[2];
    struct view *v = &ab.bench.view;
    const struct doc *contributors = NULL;
    int64_t records = 0;
    struct kv_txn *txn = NULL;
    uint16_t bravo = 0;
    both[0].id = v->members[BENCH_ALFA].id;
    both[1].id = v->members[BENCH_BRAVO].id;
    for (size_t i = 0; i < 2; i++) {
        v->deals[i].participants = both;
        v->deals[i].participant_count = 2;
    }
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(short_agency_make(ab.bench.broker.index, txn, &both[1].id, &bravo));
    OK(kv_write_commit(txn));
    contribute(bravo, 1);
    say(EPOCH_ACTIVE, EPOCH_ACTIVE);
    CLEANUP(cleanup_doc_free) struct doc *list = epochs_doc(&ab.bench.broker);
    const struct doc *one = epoch_in(list, 0, "active", "1 agencies have records here and none in epoch 2");
    OK(doc_get_array(one, "contributors", &contributors, NULL));
    assert_int_equal(doc_count(contributors), 2);
    OK(doc_get_int(doc_at(contributors, 0), "records", 0, 100, &records, NULL));
    assert_int_equal(records, 0);
    OK(doc_get_int(doc_at(contributors, 1), "records", 0, 100, &records, NULL));
    assert_int_equal(records, 5);
    say(EPOCH_RETIRED, EPOCH_ACTIVE);
    CLEANUP(cleanup_doc_free) struct doc *early = epochs_doc(&ab.bench.broker);
    (void)epoch_in(early, 0, "retired", "too early: 1 agencies have records here and none in epoch 2");
    v->deals[1].participant_count = 1; /* bravo left: nobody waits for it */
    CLEANUP(cleanup_doc_free) struct doc *left = epochs_doc(&ab.bench.broker);
    const struct doc *retired = epoch_in(left, 0, "retired", "destroy it");
    struct bytes next;
    OK(doc_get_text(retired, "next", 640, &next, NULL));
    assert_null(memmem(next.ptr, next.len, "early", 5));
    v->deals[1].participant_count = 2;
    say(EPOCH_RETIRED, EPOCH_DEALT);
    CLEANUP(cleanup_doc_free) struct doc *none = epochs_doc(&ab.bench.broker);
    (void)epoch_in(none, 0, "retired", "activate the next one");
    say(EPOCH_ACTIVE, EPOCH_ACTIVE);
    contribute(bravo, 2);
    CLEANUP(cleanup_doc_free) struct doc *done = epochs_doc(&ab.bench.broker);
    (void)epoch_in(done, 0, "active", "retire this one");
    say(EPOCH_COMPROMISED, EPOCH_DEALT);
    CLEANUP(cleanup_doc_free) struct doc *after = epochs_doc(&ab.bench.broker);
    (void)epoch_in(after, 0, "compromised", "tell who is exposed");
    (void)epoch_in(after, 1, "dealt", "activate it when");
    v->suspended = "serial 2 is not here";
    CLEANUP(cleanup_doc_free) struct doc *gap = epochs_doc(&ab.bench.broker);
    (void)epoch_in(gap, 0, "suspended", "serial 2 is not here");
    v->suspended = NULL;
}

/* ---- what is kept and noted ---- */

static void put_said(struct epoch_states *s, struct view_states *out, struct buf *document)
{
    buf_reset(document);
    OK(epoch_states_encode(s, document, NULL));
    *out = (struct view_states){.states = s, .document = buf_bytes(document)};
    OK(digest_sha256(&out->document, 1, &out->digest));
}

static size_t accept(const struct view_marks *before)
{
    const size_t had = bench_pending(&ab.bench);
    struct kv_txn *txn = NULL;
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(epochs_accept(&ab.bench.broker, txn, &ab.bench.view, before));
    OK(kv_write_commit(txn));
    return bench_pending(&ab.bench) - had;
}

static void each_change_of_state_is_noted_once(void **state)
{
    (void)state;
    static struct view_marks marks;
    CLEANUP(buf_free) struct buf document = buf_new(1 << 16);
    struct epoch_entry entries[2] = {{1, EPOCH_ACTIVE, 1, {{0}}}, {2, EPOCH_DEALT, 1, {{0}}}};
    struct epoch_states s = {.deployment = {"demo"},
                             .purpose = ask_name(ASK_PURPOSE),
                             .serial = 1,
                             .issued_at = 9,
                             .custodian = ab.bench.view.members[BENCH_ALFA].id,
                             .epochs = entries,
                             .epoch_count = 2};
    ab.bench.view.state_count = 1;
    marks = (struct view_marks){0};
    put_said(&s, &ab.bench.view.states[0], &document);
    assert_int_equal(accept(&marks), 2);
    marks.state_count = 1;
    marks.states[0] = (struct view_states_mark){s.purpose, 1, ab.bench.view.states[0].digest};
    assert_int_equal(accept(&marks), 0); /* accepted before */
    s.serial = 2;
    entries[1].state = EPOCH_ACTIVE;
    put_said(&s, &ab.bench.view.states[0], &document);
    assert_int_equal(accept(&marks), 1);
}

static void the_marks_outlive_a_restart(void **state)
{
    (void)state;
    static struct view_marks marks;
    static struct view_marks again;
    struct kv_txn *txn = NULL;
    marks = (struct view_marks){.roster_serial = 3, .state_count = 2};
    marks.states[0] = (struct view_states_mark){{"fec"}, 7, {{1}}};
    marks.states[1] = (struct view_states_mark){ask_name(ASK_PURPOSE), 9, {{2}}};
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(meta_put_marks(ab.bench.broker.store, txn, &marks));
    OK(kv_write_commit(txn));
    CLEANUP(cleanup_kv_read_end) struct kv_txn *read = NULL;
    OK(kv_read_begin(ab.bench.broker.kv, &read));
    OK(meta_get_marks(ab.bench.broker.store, read, &again));
    assert_int_equal(again.state_count, 2);
    assert_memory_equal(again.states, marks.states, 2 * sizeof marks.states[0]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(only_an_active_epoch_is_asked),
        TEST(each_state_permits_what_it_permits),
        TEST(an_epoch_that_is_too_old_takes_nothing_new),
        TEST(two_epochs_never_meet),
        TEST(a_request_in_two_epochs_counts_once),
        TEST(what_was_asked_goes_on_under_a_retired_epoch),
        TEST(a_compromise_stops_at_once),
        TEST(a_compromise_closes_what_is_open_and_drops_what_is_held),
        TEST(a_suspended_purpose_waits),
        TEST(an_epoch_without_its_statement_waits),
        TEST(a_word_that_is_taken_away_starts_nothing_again),
        TEST(an_index_is_dropped_in_slices_and_only_its_own),
        TEST(a_destroyed_epoch_leaves_nothing_and_its_half_is_wiped),
        TEST(status_says_who_is_exposed_and_what_is_next),
        TEST(each_change_of_state_is_noted_once),
        TEST(the_marks_outlive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
