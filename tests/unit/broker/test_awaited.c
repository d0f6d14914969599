/* broker/awaited: a store that lacks batches of an agency knows it from its hello, lets nothing of it answer, and takes
 * them again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/awaited.h"
#include "broker/index/chain.h"
#include "broker/index/index.h"
#include "broker/index/short.h"
#include "broker/reconcile.h"
#include "broker/store/meta.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"
#include "tests/unit/broker/story_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct story story;
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    story_open(&story);
    arena = arena_new((size_t)16 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    story_close(&story);
    return 0;
}

static struct broker *broker(void)
{
    return &story.ab.bench.broker;
}

static const struct agency_id *holder(void)
{
    return &story.ab.bench.view.members[BENCH_BRAVO].id;
}

/* The holder's chain as the store has it. */
static struct chain chain_here(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct chain_id id = {.purpose = ask_name(ASK_PURPOSE), .epoch = 1};
    struct chain c = {0};
    OK(kv_read_begin(broker()->kv, &txn));
    if (short_agency(broker()->index, txn, holder(), &id.agency) == ERR_OK)
        OK(chain_get(broker()->index, txn, &id, &c));
    return c;
}

static struct hello_chain said(uint64_t sequence)
{
    const struct chain c = chain_here();
    struct hello_chain s = {.purpose = ask_name(ASK_PURPOSE), .epoch = 1, .sequence = sequence};
    if (sequence == c.sequence)
        s.digest = c.last;
    return s;
}

static enum err note_job(struct kv_txn *txn, void *arg)
{
    return awaited_note(broker(), txn, arg);
}

/* What its hello does; whether it was news. */
static bool hear(const struct hello_chain *chains, size_t count)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct awaited_said s = {&story.ab.bench.view, holder(), chains, count};
    bool is_news = false;
    OK(kv_read_begin(broker()->kv, &txn));
    OK(awaited_is_news(broker(), txn, &s, &is_news));
    OK(writer_run(broker()->writer, note_job, &s));
    return is_news;
}

static bool hear_one(struct hello_chain s)
{
    return hear(&s, 1);
}

static struct awaited_list lacking(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct awaited_list list;
    OK(kv_read_begin(broker()->kv, &txn));
    OK(awaited_lacking(broker(), txn, holder(), arena, &list));
    return list;
}

static size_t shown(void)
{
    CLEANUP(cleanup_doc_free) struct doc *d = awaited_doc(broker());
    assert_non_null(d);
    return doc_count(d);
}

static struct digest ask(struct ask_question *q)
{
    ask_question(&story.ab, q);
    return ask_accepted(&story.ab, q);
}

static enum ask_state after_slot(const struct digest *id)
{
    ask_slot(&story.ab);
    return ask_row(&story.ab, id).state;
}

static void what_an_agency_says_is_held_against_the_store(void **state)
{
    (void)state;
    assert_true(story_contribute(&story));
    assert_false(hear_one(said(1)));
    assert_false(hear(NULL, 0));
    assert_int_equal(lacking().count, 0);
    assert_true(hear_one(said(3)));
    assert_false(hear_one(said(3)));
    const struct awaited_list l = lacking();
    assert_int_equal(l.count, 1);
    assert_int_equal(l.v[0].sequence, 1);
    const struct chain here = chain_here();
    assert_true(digest_equal(&l.v[0].digest, &here.last));
    assert_int_equal(here.awaited, 3);
    assert_int_equal(shown(), 1);
}

static void another_batch_of_the_last_number_is_one_too_many(void **state)
{
    (void)state;
    assert_true(story_contribute(&story));
    struct hello_chain other = said(1);
    other.digest.b[0] ^= 1;
    assert_true(hear_one(other));
    assert_int_equal(lacking().count, 1);
    assert_int_equal(chain_here().awaited, 2);
}

/* Its agent was put back to a store of before, or has a program of before. */
static void who_says_less_than_it_said_before_is_awaited_as_far_as_then(void **state)
{
    (void)state;
    assert_true(story_contribute(&story));
    assert_true(story_contribute(&story));
    assert_true(hear_one(said(5)));
    assert_false(hear_one(said(2)));
    assert_false(hear_one(said(1)));
    assert_false(hear_one(said(4)));
    assert_false(hear(NULL, 0));
    assert_int_equal(chain_here().awaited, 5);
    assert_true(hear_one(said(6)));
    assert_int_equal(chain_here().awaited, 6);
    for (int i = 3; i <= 6; i++)
        assert_true(story_contribute(&story));
    assert_int_equal(shown(), 0);
}

static void of_an_agency_that_the_copy_does_not_know_all_is_awaited(void **state)
{
    (void)state;
    const struct hello_chain chains[] = {said(2), {.purpose = ask_name("andere"), .epoch = 1, .sequence = 4},
                                         {.purpose = ask_name(ASK_PURPOSE), .epoch = 9, .sequence = 4}};
    assert_true(hear(chains, ARRAY_LEN(chains)));
    assert_false(hear(chains, ARRAY_LEN(chains)));
    assert_int_equal(lacking().count, 1); /* where it takes part in nothing, nothing is awaited */
    assert_int_equal(lacking().v[0].sequence, 0);
    assert_true(story_contribute(&story));
    assert_int_equal(lacking().v[0].sequence, 1);
    assert_true(story_contribute(&story));
    assert_int_equal(lacking().count, 0);
}

static void a_question_waits_until_all_batches_are_there(void **state)
{
    (void)state;
    struct ask_question q;
    assert_true(story_contribute(&story));
    assert_true(hear_one(said(3)));
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_true(story_contribute(&story));
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_int_equal(ask_mail(&story.ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 0);
    assert_true(story_contribute(&story));
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_int_equal(ask_row(&story.ab, &id).hits, 3);
    assert_int_equal(shown(), 0);
}

static enum refusal_code settle(const struct ask_question *q, const struct digest *id)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct ask_settle s;
    const struct ask_hit hit = {q, id, &story.runs[0].record, 0};
    ask_settle(&story.ab, &hit, CONSENT_RELEASE, &s);
    ask_settle_encode(&story.ab, &s, &body);
    return ask_send(&story.ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), NULL);
}

static void a_release_waits_too(void **state)
{
    (void)state;
    struct ask_question q;
    assert_true(story_contribute(&story));
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_true(hear_one(said(2)));
    assert_int_equal(settle(&q, &id), REFUSED_SUSPENDED);
    assert_true(story_contribute(&story));
    assert_int_equal(settle(&q, &id), REFUSED_NONE);
}

static void a_batch_behind_the_gap_waits_for_those_before_it(void **state)
{
    (void)state;
    assert_true(hear_one(said(1)));
    story.gap = 1;
    assert_false(story_contribute(&story));
    assert_int_equal(story.refused, REFUSED_SUSPENDED);
    story.gap = 0;
    assert_true(story_contribute_again(&story));
    story.gap = 2;
    assert_false(story_contribute(&story)); /* nothing is awaited any more: it is wrong */
    assert_int_equal(story.refused, REFUSED_CHAIN);
}

static enum err reopened_job(struct kv_txn *txn, void *arg)
{
    return meta_put_reopened(broker()->store, txn, *(const int64_t *)arg);
}

/* As when a restored store has opened, so many days ago. */
static void reopen(int64_t days_ago)
{
    int64_t at_s = story.ab.bench.now_ms / 1000 - days_ago * 86400;
    OK(writer_run(broker()->writer, reopened_job, &at_s));
}

/* Nobody has his batches judged by another day because he says that the broker lacks them. */
static void without_a_restore_nothing_is_sent_again(void **state)
{
    (void)state;
    story.ago_s = INT64_C(40) * 86400;
    assert_true(hear_one(said(1)));
    assert_false(story_contribute(&story));
    assert_int_equal(story.refused, REFUSED_POLICY);
    reopen(32);
    assert_false(story_contribute_again(&story));
    assert_int_equal(story.refused, REFUSED_POLICY);
    reopen(31);
    assert_true(story_contribute_again(&story));
}

static void what_is_sent_again_is_judged_as_of_its_day(void **state)
{
    (void)state;
    struct view *v = &story.ab.bench.view;
    reopen(0);
    v->older = &v->policy;
    v->older_digest.b[0] = 0x77;
    story.named = v->older_digest;
    story.ago_s = INT64_C(40) * 86400; /* its record has come to its end since */
    assert_false(story_contribute(&story));
    assert_int_equal(story.refused, REFUSED_POLICY);
    assert_true(hear_one(said(1)));
    assert_true(story_contribute_again(&story));
    assert_false(story_contribute(&story)); /* a new one is not */
    assert_int_equal(story.refused, REFUSED_POLICY);
    assert_true(hear_one(said(2)));
    story.named.b[1] = 0x77; /* a policy that nobody knows */
    assert_false(story_contribute_again(&story));
    assert_int_equal(story.refused, REFUSED_POLICY);
}

static void an_old_record_alone_is_refused_unless_it_is_awaited(void **state)
{
    (void)state;
    reopen(0);
    story.ago_s = INT64_C(40) * 86400;
    assert_false(story_contribute(&story));
    assert_int_equal(story.refused, REFUSED_POLICY);
    assert_true(hear_one(said(1)));
    assert_true(story_contribute_again(&story));
}

/* What the requester is told at its end: whether "nothing" means anything. */
static bool has_coverage(void)
{
    struct bytes content = {0};
    struct signed_closed s;
    struct closed c;
    struct errmsg why = {""};
    bool any = false;
    ask_pass_s(&story.ab, 60);
    ask_slot(&story.ab);
    assert_true(ask_mail(&story.ab, BENCH_ALFA, MAIL_CLOSED, arena, &content) > 0);
    OK(signed_closed_decode(content, arena, &s, &why));
    OK(closed_decode(s.closed, arena, &c, &why));
    for (int type = 1; type < IDENT_TYPE_COUNT; type++)
        any |= c.types[type];
    return any || c.category_count > 0 || c.last_full_import_s > 0;
}

static void a_question_that_was_answered_says_what_nothing_means(void **state)
{
    (void)state;
    struct ask_question q;
    assert_true(story_contribute(&story));
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_true(has_coverage());
}

static void one_that_waited_to_its_end_says_that_nothing_is_known(void **state)
{
    (void)state;
    struct ask_question q;
    assert_true(story_contribute(&story));
    assert_true(hear_one(said(3)));
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_false(has_coverage());
}

/* Nor does an agency look well covered that says it has more than it sends. */
static void so_does_one_whose_holder_came_to_be_awaited(void **state)
{
    (void)state;
    struct ask_question q;
    assert_true(story_contribute(&story));
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_true(hear_one(said(2)));
    assert_false(has_coverage());
}

static enum err all_but_job(struct kv_txn *txn, void *arg)
{
    const struct agency_id *heard = arg;
    return awaited_all_but(broker(), txn, heard, heard != NULL ? 1 : 0);
}

static void of_who_said_nothing_nothing_answers(void **state)
{
    (void)state;
    struct ask_question q;
    struct agency_id it = *holder();
    assert_true(story_contribute(&story));
    OK(writer_run(broker()->writer, all_but_job, &it));
    assert_int_equal(shown(), 0);
    OK(writer_run(broker()->writer, all_but_job, NULL));
    assert_int_equal(shown(), 1);
    assert_int_equal(lacking().count, 0); /* nobody knows what */
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    story_stop(&story);
    story_start(&story);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_true(hear_one(said(1)));
    assert_int_equal(after_slot(&id), ASK_MATCHED);
}

static enum err restored_job(struct kv_txn *txn, void *arg)
{
    return meta_set_restored(arg, txn, 0);
}

/* Its records cannot answer when it comes back, before it has said how far it was. */
static void who_is_off_the_roster_holds_nobody_up(void **state)
{
    (void)state;
    struct view *v = &story.ab.bench.view;
    assert_true(story_contribute(&story));
    OK(writer_run(broker()->writer, restored_job, broker()->store));
    OK(reconcile_start(broker()));
    v->members[BENCH_BRAVO].kind = MEMBER_REGISTRAR; /* none that is waited for */
    for (size_t i = 0; i < v->roster.member_count; i++)
        if (v->members[i].kind == MEMBER_AGENCY)
            (void)reconcile_heard(broker(), &v->members[i].id);
    bench_settle(&story.ab.bench);
    assert_true(broker_is_open(broker()));
    int64_t at_s = 0;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(broker()->kv, &txn));
    OK(meta_get_reopened(broker()->store, txn, &at_s));
    assert_int_equal(at_s, story.ab.bench.now_ms / 1000);
    kv_read_end(take(txn));
    v->members[BENCH_BRAVO].kind = MEMBER_AGENCY;
    assert_int_equal(chain_here().awaited, CHAIN_UNHEARD);
    assert_int_equal(shown(), 2); /* the chain, and whatever else it may have had */
    assert_true(hear(NULL, 0)); /* an agent of before says nothing, nor one whose store is lost */
    assert_false(hear(NULL, 0));
    assert_int_equal(shown(), 1);
    assert_int_equal(chain_here().awaited, CHAIN_UNHEARD);
    assert_true(hear_one(said(1)));
    assert_int_equal(shown(), 0);
}

/* A restored broker opens while the holder is off the roster, on which it comes back. */
static void restore_without_holder(void)
{
    struct view *v = &story.ab.bench.view;
    OK(writer_run(broker()->writer, restored_job, broker()->store));
    OK(reconcile_start(broker()));
    v->members[BENCH_BRAVO].kind = MEMBER_REGISTRAR;
    for (size_t i = 0; i < v->roster.member_count; i++)
        if (v->members[i].kind == MEMBER_AGENCY)
            (void)reconcile_heard(broker(), &v->members[i].id);
    bench_settle(&story.ab.bench);
    assert_true(broker_is_open(broker()));
    v->members[BENCH_BRAVO].kind = MEMBER_AGENCY;
}

/* All that it ever contributed came after the copy: the store has no row of it. */
static void who_comes_back_with_what_nobody_knows_of_is_awaited(void **state)
{
    (void)state;
    struct ask_question q;
    restore_without_holder();
    assert_int_equal(shown(), 1);
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    story_stop(&story);
    story_start(&story);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_true(hear_one(said(1)));
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_true(story_contribute(&story));
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_int_equal(ask_row(&story.ab, &id).hits, 1);
    assert_int_equal(shown(), 0);
}

/* Nothing answers while it is suspended; what its holder lacks there waits until after that all the same. */
static void what_is_suspended_when_its_holder_comes_is_awaited_too(void **state)
{
    (void)state;
    struct ask_question q;
    restore_without_holder();
    const struct digest id = ask(&q);
    story.ab.bench.view.suspended = "a gap";
    assert_true(hear_one(said(1)));
    story.ab.bench.view.suspended = NULL;
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_true(story_contribute(&story));
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_int_equal(ask_row(&story.ab, &id).hits, 1);
}

static void who_comes_with_nothing_is_asked_as_any_other(void **state)
{
    (void)state;
    struct ask_question q;
    restore_without_holder();
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_true(hear(NULL, 0));
    assert_false(hear(NULL, 0));
    assert_int_equal(after_slot(&id), ASK_MATCHED);
    assert_int_equal(shown(), 0);
}

/* To its requester it looks as any question that was not answered, and as one to who has nothing. */
static void a_question_to_who_was_not_heard_ends_without_coverage(void **state)
{
    (void)state;
    struct ask_question q;
    restore_without_holder();
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
    assert_false(has_coverage());
}

/* What the copy says of who was heard is of the restore before. */
static void each_restore_asks_who_is_there_anew(void **state)
{
    (void)state;
    struct ask_question q;
    restore_without_holder();
    assert_true(hear(NULL, 0));
    restore_without_holder();
    assert_int_equal(shown(), 1);
    const struct digest id = ask(&q);
    assert_int_equal(after_slot(&id), ASK_WAITING);
}

/* One that knows less than the store may have lost what the store has lost, too. */
static void in_a_restored_broker_who_says_too_little_is_not_heard(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(story_contribute(&story));
    assert_false(hear_one(said(1)));
    OK(writer_run(broker()->writer, restored_job, broker()->store));
    OK(reconcile_start(broker()));
    assert_false(hear_one(said(2))); /* the answer to the last one was lost */
    assert_true(hear(NULL, 0));
    assert_int_equal(chain_here().awaited, CHAIN_UNHEARD);
    assert_int_equal(lacking().count, 0); /* its answer has nothing that a program of before cannot read */
    assert_true(hear_one(said(3)));
    assert_int_equal(shown(), 0);
    assert_true(hear_one(said(1)));
    assert_int_equal(chain_here().awaited, CHAIN_UNHEARD);
    assert_true(hear_one(said(4)));
    assert_false(hear(NULL, 0));
    OK(writer_run(broker()->writer, all_but_job, NULL));
    assert_int_equal(chain_here().awaited, 4); /* what it said once is not forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_an_agency_says_is_held_against_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(of_an_agency_that_the_copy_does_not_know_all_is_awaited, setup, teardown),
        cmocka_unit_test_setup_teardown(a_question_waits_until_all_batches_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_waits_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_behind_the_gap_waits_for_those_before_it, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_restore_nothing_is_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_sent_again_is_judged_as_of_its_day, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_record_alone_is_refused_unless_it_is_awaited, setup, teardown),
        cmocka_unit_test_setup_teardown(of_who_said_nothing_nothing_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_off_the_roster_holds_nobody_up, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_back_with_what_nobody_knows_of_is_awaited, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_suspended_when_its_holder_comes_is_awaited_too, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_with_nothing_is_asked_as_any_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_question_to_who_was_not_heard_ends_without_coverage, setup, teardown),
        cmocka_unit_test_setup_teardown(each_restore_asks_who_is_there_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_question_that_was_answered_says_what_nothing_means, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_waited_to_its_end_says_that_nothing_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(so_does_one_whose_holder_came_to_be_awaited, setup, teardown),
        cmocka_unit_test_setup_teardown(another_batch_of_the_last_number_is_one_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(who_says_less_than_it_said_before_is_awaited_as_far_as_then, setup, teardown),
        cmocka_unit_test_setup_teardown(in_a_restored_broker_who_says_too_little_is_not_heard, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
