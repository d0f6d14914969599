/* A log of the broker's that ended, and another that goes on: what it promised and proves of before.
 * argv[1]: a deployment. */
#include "agent/log_origin.h"
#include "agent/outbox_run.h"
#include "agent/session.h"
#include "pki/note.h"
#include "proto/base/join.h"
#include "proto/host/writer.h"
#include "tests/unit/agent/core/receipts_stage.h"

#define OLD "sluis.example/broker"
#define NEW "sluis.example/second"

static struct roster_former_origin former;

/* The roster names another log; the old one ended at that size, with a root that the tests do not need. */
static void name_successor(struct stage *s, uint64_t size)
{
    static char text[VKEY_MAX_TEXT];
    static char next[VKEY_MAX_TEXT];
    static struct bytes key;
    struct roster *r = (struct roster *)(uintptr_t)view_roster(s->agent->view);
    struct buf room = buf_fixed(text, sizeof text);
    buf_put(&room, r->log_key);
    key = buf_bytes(&room);
    former = (struct roster_former_origin){bytes_str(OLD), &key, 1, size, {{1}}, bytes_str("a head")};
    const struct note_signer signer = {bytes_str(NEW), s->fake.next_log};
    struct buf second = buf_fixed(next, sizeof next);
    struct vkey v;
    assert_true(bytes_is(r->log_origin, OLD));
    assert_int_equal(note_vkey(&signer, VKEY_ED25519, &v), ERR_OK);
    vkey_write(&v, &second);
    r->log_origin = bytes_str(NEW);
    r->log_key = buf_bytes(&second);
    r->former_origins = &former;
    r->former_origin_count = 1;
}

/* What it proved before its end is proved, and no head of it counts for the next one. Behind its end it proves nothing. */
static void a_log_that_ended_proves_up_to_its_end(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    name_successor(s, 100);
    assert_true(settles(s, 1, s->fake.log));
    assert_false(seen(s).has_head);
    assert_false(seen(s).forked);
    former.size = 1; /* of another root than the head that comes */
    assert_false(settles(s, 2, s->fake.log));
    assert_false(seen(s).has_head);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct evidence kept;
    assert_true(stage_until(s, is_forked, LOOK_MS)); /* that log signed two heads of one size */
    assert_true(stage_until(s, has_evidence, LOOK_MS));
    assert_true(stage_evidence(s, a, &kept));
    assert_true(bytes_is(kept.own, "a head"));
    assert_true(kept.shown.len > 0);
}

/* Also between the roster that names another log and the moment in which this agency goes over. */
static void two_heads_of_one_size_are_found_in_a_log_that_ended(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest one = promised(s, 0);
    const struct digest other = promised(s, 0);
    fake_proof(&s->fake, 1, &one);
    assert_true(stage_until(s, has_head, LOOK_MS));
    name_successor(s, 100);
    fake_proof(&s->fake, 2, &other);
    assert_true(stage_until(s, is_forked, LOOK_MS));
    assert_true(stage_until(s, has_evidence, LOOK_MS));
}

static enum err go_over_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    CLEANUP(buf_free) struct buf row = buf_new(NOTE_MAX_BYTES);
    join_u64(&row, (uint64_t)agent_now_s(s->agent));
    join_str(&row, "the last head");
    join_str(&row, "");
    join_part(&row, receipts_checkpoint(s->agent->receipts));
    join_str(&row, "");
    const enum err bad = log_origin_put_left(s->agent->store, txn, bytes_str(OLD), buf_bytes(&row));
    return bad == ERR_OK ? log_origin_put(s->agent->store, txn, bytes_str(NEW)) : bad;
}

static void go_over(struct stage *s)
{
    name_successor(s, 100);
    assert_int_equal(writer_run(s->agent->writer, go_over_job, s), ERR_OK);
    log_origin_take(s->agent, bytes_str(NEW));
}

struct again {
    struct stage *stage;
    struct digest entry;
};

/* The same promise of another time: it is a second one that is due. */
static enum err promise_later_job(struct kv_txn *txn, void *arg)
{
    const struct again *g = arg;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct receipts *r = g->stage->agent->receipts;
    struct receipt row;
    struct promise p;
    assert_int_equal(receipts_get(r, txn, &g->entry, a, &row), ERR_OK);
    assert_int_equal(promise_decode(row.promise, a, &p, NULL), ERR_OK);
    p.merge_by_s++;
    const struct promise_bytes bytes = {row.promise, row.signature};
    return receipts_put(r, txn, &bytes, &p);
}

static bool two_due(struct stage *s)
{
    return seen(s).due == 2;
}

/* The broker promised it in the log that ended: that the next one has it keeps no such promise. */
static void a_promise_in_one_log_is_not_kept_by_another(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest entry = promised(s, 0);
    assert_true(stage_until(s, one_due, LOOK_MS));
    go_over(s);
    s->fake.signs = s->fake.next_log;
    s->fake.head_origin = NEW;
    fake_proof(&s->fake, 1, &entry);
    assert_true(stage_until(s, has_head, LOOK_MS)); /* it is a proof, in that log */
    assert_false(stage_until(s, none_owed, 2500));
    assert_int_equal(writer_run(s->agent->writer, promise_later_job, &(struct again){s, entry}), ERR_OK);
    assert_true(stage_until(s, two_due, LOOK_MS)); /* nor where the proof came first */
    s->fake.signs = s->fake.log;
    s->fake.head_origin = NULL;
    fake_proof(&s->fake, 2, &entry);
    assert_true(stage_until(s, one_due, LOOK_MS));
}

static bool has_bad_promise(struct stage *s)
{
    struct outbox_info i;
    outbox_info(s->agent->outbox, &i);
    return i.bad_promise;
}

/* Whoever has the key of a log that ended signs on in it. */
static void takes_only_what_was_made_before(struct stage *s, void (*end)(struct stage *s))
{
    stage_until_open(s);
    put_message(s);
    end(s);
    (void)accept_message(s, 0);
    assert_true(stage_until(s, is_settled, 10000)); /* an answer that was on its way */
    assert_false(has_bad_promise(s));
    s->shift_s = 1;
    put_message(s); /* the first one may have been sent again */
    (void)accept_message(s, 0);
    assert_true(stage_until(s, has_bad_promise, 10000));
    assert_false(is_settled(s));
}

static void a_log_that_this_agency_left_takes_only_what_was_made_before(void **state)
{
    takes_only_what_was_made_before(*state, go_over);
}

static void see_end(struct stage *s)
{
    name_successor(s, 100);
    log_origin_see(s->agent);
}

/* Also while this agency has not gone over: the roster says that it has ended, and nothing more comes into it. */
static void a_log_that_ended_takes_only_what_was_made_before(void **state)
{
    takes_only_what_was_made_before(*state, see_end);
}

/* The registrar took it back: the log goes on. */
static void a_log_that_the_roster_names_again_goes_on(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    struct roster *r = (struct roster *)(uintptr_t)view_roster(s->agent->view);
    const struct roster before = *r;
    assert_true(log_origin_ended_s(s->agent) == INT64_MAX);
    see_end(s);
    assert_in_range(log_origin_ended_s(s->agent), agent_now_s(s->agent) - 60, agent_now_s(s->agent));
    *r = before;
    roster(s, 3, "next/overlap.signed");
    assert_true(log_origin_ended_s(s->agent) == INT64_MAX);
}

static bool has_no_mail(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return i.mail_sequence == 2;
}

/* Two heads of one size, the first of which is all that this agency has of the log that it left. */
static void another_head_of_a_log_that_was_left_is_evidence(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf own = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct evidence kept;
    stage_until_open(s);
    const struct digest one = promised(s, 0);
    const struct digest other = promised(s, 0);
    fake_proof(&s->fake, 1, &one);
    assert_true(stage_until(s, has_head, LOOK_MS));
    buf_put(&own, receipts_checkpoint(s->agent->receipts));
    go_over(s);
    receipts_begin_anew(s->agent->receipts);
    fake_proof(&s->fake, 2, &one); /* the same head says nothing new */
    assert_true(stage_until(s, has_no_mail, LOOK_MS));
    assert_false(is_forked(s));
    fake_proof(&s->fake, 3, &other);
    assert_true(stage_until(s, is_forked, LOOK_MS));
    assert_true(stage_until(s, has_evidence, LOOK_MS));
    assert_true(stage_evidence(s, a, &kept));
    assert_true(bytes_equal(kept.own, buf_bytes(&own)));
    assert_true(stage_until(s, one_due, LOOK_MS)); /* and proves nothing */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, receipts_stage_open, receipts_stage_close)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    receipts_deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(a_log_that_ended_proves_up_to_its_end),
        CASE(two_heads_of_one_size_are_found_in_a_log_that_ended),
        CASE(a_promise_in_one_log_is_not_kept_by_another),
        CASE(a_log_that_this_agency_left_takes_only_what_was_made_before),
        CASE(a_log_that_ended_takes_only_what_was_made_before),
        CASE(a_log_that_the_roster_names_again_goes_on),
        CASE(another_head_of_a_log_that_was_left_is_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
