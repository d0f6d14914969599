/* agent/successor: a log that ended is left for the one that the roster names once every head that this agency verified is in
 * it; what is not stays, with its evidence, and nothing of the next log is cosigned. argv[1]: a deployment; another argument: the cases that the short set leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "agent/successor/successor.h"
#include "agent/witness/witness.h"
#include "pki/digest.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/msg/cosign.h"
#include "tests/support/grown_log.h"
#include "tests/unit/agent/core/fake_broker.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define OLD "sluis.example/broker"
#define NEW "sluis.example/second"
#define WAIT_MS 60000
#define QUIET_MS 800

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &witness_part, &successor_part, NULL};
static struct grown_log grown;
static char policy_path[300];
static size_t answered; /* letters of kind cosign that were looked at */

/* What the roster says from now on. */
static char old_text[VKEY_MAX_TEXT], new_text[VKEY_MAX_TEXT];
static struct bytes keys[1];
static struct buf last_note;
static struct roster_former_origin former;

static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    snprintf(policy_path, sizeof policy_path, "%s/riec/audit-policy", deployment);
    stage.audit_policy = policy_path;
    OK(grown_log_fill(&grown));
    last_note = buf_new(GROWN_BYTES);
    answered = 0;
    stage_open(&stage, deployment, parts);
    stage_until_open(&stage);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    buf_free(&last_note);
    return 0;
}

/* ---- the broker's side ---- */

static bool has_letter(struct stage *s)
{
    return fake_count(&s->fake, MSG_COSIGN) > answered;
}

static struct cosign next_letter(struct stage *s)
{
    struct cosign c;
    assert_true(stage_until(s, has_letter, WAIT_MS));
    const struct letter *l = fake_letter(&s->fake, MSG_COSIGN, answered++);
    OK(cosign_decode(l->envelope.body, l->arena, &c, NULL));
    return c;
}

static void answer(struct stage *s, struct bytes request)
{
    const struct letter *l = fake_letter(&s->fake, MSG_COSIGN, answered - 1);
    const struct cosign_reply r = {request, bytes_str("")};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 18);
    OK(cosign_reply_encode(&r, &body));
    fake_send(&s->fake, MSG_COSIGN_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
}

struct growth {
    uint64_t from, to;
    size_t history;
    const char *origin;
};

static void answer_growth(struct stage *s, struct growth g)
{
    const struct grown_head head = {g.to, g.history, s->fake.log, g.origin};
    CLEANUP(buf_free) struct buf request = buf_new(GROWN_BYTES);
    OK(grown_log_request(&grown, &(struct grown_step){g.from, false}, &head, &request));
    answer(s, buf_bytes(&request));
}

/* The agent cosigns a head of that log, beginning at 0. */
static void cosigns(struct stage *s, uint64_t size, const char *origin)
{
    struct cosign c = next_letter(s);
    assert_int_equal(c.former.len, 0);
    assert_int_equal(c.size, 0);
    answer_growth(s, (struct growth){0, size, 0, origin});
    while ((c = next_letter(s)).size == 0)
        answer(s, bytes_str(""));
    assert_int_equal(c.size, size);
    answer(s, bytes_str(""));
}

/* It asks how a head of the old log grew to the last one. */
static struct cosign former_letter(struct stage *s)
{
    struct cosign c = next_letter(s);
    assert_true(bytes_is(c.former, OLD));
    assert_int_equal(c.lines.len, 0);
    return c;
}

/* ---- the roster ---- */

static struct bytes vkey_text(const struct stage *s, const char *name, char room[static VKEY_MAX_TEXT])
{
    struct vkey v;
    struct buf text = buf_fixed(room, VKEY_MAX_TEXT);
    const struct note_signer signer = {bytes_str(name), s->fake.log};
    OK(note_vkey(&signer, VKEY_ED25519, &v));
    vkey_write(&v, &text);
    return buf_bytes(&text);
}

static struct roster *roster_of(struct stage *s)
{
    return (struct roster *)(uintptr_t)view_roster(s->agent->view);
}

/* That the log ended at that size. */
static void name_end(struct stage *s, uint64_t size, size_t history)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    struct checkpoint c;
    const struct grown_head head = {size, history, s->fake.log, OLD};
    buf_reset(&last_note);
    OK(grown_log_checkpoint(&grown, &head, &last_note));
    OK(note_parse(buf_bytes(&last_note), a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    keys[0] = vkey_text(s, OLD, old_text);
    former = (struct roster_former_origin){bytes_str(OLD), keys, 1, size, c.root, buf_bytes(&last_note)};
}

/* And another goes on. */
static void name_successor(struct stage *s, uint64_t size, size_t history)
{
    struct roster *r = roster_of(s);
    name_end(s, size, history);
    assert_true(bytes_is(r->log_origin, OLD));
    r->log_origin = bytes_str(NEW);
    r->log_key = vkey_text(s, NEW, new_text);
    r->former_origins = &former;
    r->former_origin_count = 1;
}

static void take_roster(struct stage *s)
{
    successor_part.on_view(s->agent);
}

static void restart_under(struct stage *s, uint64_t size, size_t history)
{
    stage_restart(s);
    name_successor(s, size, history);
    take_roster(s);
}

/* ---- looking ---- */

static bool follows(struct stage *s, const char *origin)
{
    return bytes_is(log_origin_followed(s->agent), origin);
}

static bool follows_new(struct stage *s)
{
    return follows(s, NEW);
}

static bool is_troubled(struct stage *s)
{
    return s->agent->successor->trouble.text[0] != '\0';
}

static bool is_forked(struct stage *s)
{
    return s->agent->witness->is_fork;
}

static void begins_at_zero(struct stage *s)
{
    struct receipts_info i;
    receipts_info(s->agent->receipts, &i);
    assert_false(i.has_head);
    assert_int_equal(receipts_checkpoint(s->agent->receipts).len, 0);
    assert_int_equal(s->agent->witness->row.state.size, 0);
}

/* By a security officer. */
static void told(struct stage *s)
{
    s->agent->successor->is_told = true;
    assert_int_equal(name_parse(bytes_str("ict-1"), &s->agent->successor->staff), ERR_OK);
}

static void stays_with_evidence(struct stage *s, uint64_t last, size_t history)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct evidence kept;
    assert_true(stage_until(s, is_forked, WAIT_MS));
    assert_true(is_troubled(s));
    assert_true(follows(s, OLD));
    stage_turn(s, QUIET_MS);
    assert_true(stage_evidence(s, a, &kept));
    assert_true(kept.own.len > 0);
    assert_true(kept.shown.len > 0);
    restart_under(s, last, history);
    assert_true(is_forked(s));
    assert_true(follows(s, OLD));
}

/* ---- the tests ---- */

static void a_head_that_is_the_last_one_is_left(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 32, 0);
    take_roster(s);
    assert_true(stage_until(s, follows_new, WAIT_MS));
    begins_at_zero(s);
    assert_false(is_troubled(s));
    restart_under(s, 32, 0);
    assert_true(follows_new(s));
    begins_at_zero(s);
    assert_false(is_forked(s));
}

static void the_next_log_is_cosigned_from_its_beginning(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 32, 0);
    take_roster(s);
    assert_true(stage_until(s, follows_new, WAIT_MS));
    struct cosign c = next_letter(s);
    while (c.size != 0) { /* one that was on its way */
        answer(s, bytes_str(""));
        c = next_letter(s);
    }
    answer_growth(s, (struct growth){0, 20, 1, NEW}); /* another tree: nothing is held against the one before */
    while ((c = next_letter(s)).size == 0)
        answer(s, bytes_str(""));
    assert_int_equal(c.size, 20);
    assert_false(is_forked(s));
    restart_under(s, 32, 0);
    assert_int_equal(s->agent->witness->row.state.size, 20);
}

/* The second in which it went over: what it made later is of the next log alone. */
static void was_left_just_now(struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    int64_t left_s = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(log_origin_left_s(s->agent->store, txn, bytes_str(OLD), &left_s));
    assert_in_range(left_s, agent_now_s(s->agent) - 60, agent_now_s(s->agent));
}

/* What stays of the log that was left: its last head, and those that this agency had of it. */
static void keeps_of_before(struct stage *s, uint64_t size)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    CLEANUP(buf_free) struct buf own = buf_new(GROWN_BYTES);
    struct log_left left[LOGS_LEFT_MAX];
    size_t count = 0;
    const struct grown_head head = {size, 0, s->fake.log, OLD};
    OK(grown_log_checkpoint(&grown, &head, &own));
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(log_origin_left(s->agent->store, txn, a, left, &count));
    assert_int_equal(count, 1);
    assert_true(bytes_is(left[0].origin, OLD));
    assert_true(left[0].left_s > 0);
    assert_true(bytes_equal(left[0].last, buf_bytes(&last_note)));
    assert_true(bytes_equal(left[0].cosigned, buf_bytes(&own)));
    assert_true(bytes_equal(left[0].proved, buf_bytes(&own)));
    assert_int_equal(left[0].mirrored.len, 0);
}

static void a_smaller_head_is_shown_to_be_in_it(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 50, 0);
    take_roster(s);
    for (size_t i = 0; i < 2; i++) { /* what it cosigned, and the newest head that it has */
        assert_int_equal(former_letter(s).size, 32);
        assert_true(follows(s, OLD));
        answer_growth(s, (struct growth){32, 50, 0, OLD});
    }
    assert_true(stage_until(s, follows_new, WAIT_MS));
    begins_at_zero(s);
    was_left_just_now(s);
    keeps_of_before(s, 32);
}

static void an_answer_that_shows_nothing_is_asked_again(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 50, 0);
    take_roster(s);
    (void)former_letter(s);
    answer(s, bytes_str(""));
    assert_true(stage_until(s, is_troubled, WAIT_MS));
    (void)former_letter(s);
    answer_growth(s, (struct growth){32, 48, 0, OLD}); /* not to the last head */
    (void)former_letter(s);
    assert_true(follows(s, OLD));
    assert_false(is_forked(s));
    answer_growth(s, (struct growth){32, 50, 0, OLD});
    (void)former_letter(s);
    answer_growth(s, (struct growth){32, 50, 0, OLD});
    assert_true(stage_until(s, follows_new, WAIT_MS));
    assert_false(is_troubled(s));
}

static void a_head_of_another_history_is_evidence(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 50, 1);
    take_roster(s);
    (void)former_letter(s);
    told(s); /* while the broker is asked */
    answer_growth(s, (struct growth){32, 50, 1, OLD});
    assert_true(stage_until(s, is_forked, WAIT_MS));
    assert_false(s->agent->successor->is_told);
    stays_with_evidence(s, 50, 1);
    told(s); /* behind a restart, and under the next roster, too */
    take_roster(s);
    stage_turn(s, QUIET_MS);
    assert_true(follows(s, OLD));
    assert_true(is_troubled(s));
}

/* What was shown of one end says nothing of another. */
static void a_head_that_was_shown_is_shown_again_of_another_end(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 50, 0);
    take_roster(s);
    (void)former_letter(s);
    answer_growth(s, (struct growth){32, 50, 0, OLD});
    (void)former_letter(s); /* the first head was shown */
    name_end(s, 48, 0);
    take_roster(s);
    answer_growth(s, (struct growth){32, 50, 0, OLD}); /* it is about the end of before */
    (void)former_letter(s);
    answer_growth(s, (struct growth){32, 48, 0, OLD});
    (void)former_letter(s);
    assert_true(follows(s, OLD));
    answer_growth(s, (struct growth){32, 48, 0, OLD});
    assert_true(stage_until(s, follows_new, WAIT_MS));
}

static void another_head_of_the_last_size_is_evidence(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 32, 1);
    take_roster(s);
    stays_with_evidence(s, 32, 1);
}

/* The registrar names an end that this agency has seen passed: nobody forked, and nothing is left for it by itself. */
static void a_head_behind_the_end_is_not_left(void **state)
{
    struct stage *s = *state;
    cosigns(s, 64, OLD);
    name_successor(s, 50, 0);
    take_roster(s);
    assert_true(stage_until(s, is_troubled, WAIT_MS));
    stage_turn(s, QUIET_MS);
    assert_true(follows(s, OLD));
    assert_false(is_forked(s));
    told(s); /* of a log that was lost with its last heads */
    assert_true(stage_until(s, follows_new, WAIT_MS));
    begins_at_zero(s);
}

/* What contradicts the end is not left, whoever says so. */
static void nobody_leaves_a_contradiction(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 32, 1);
    s->agent->successor->is_told = true;
    take_roster(s);
    assert_true(stage_until(s, is_forked, WAIT_MS));
    assert_true(follows(s, OLD));
}

/* The registrar says nothing of the log before: the agency stays, and cosigns nothing of the next. */
static void where_nobody_says_how_it_ended_nothing_is_left(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    cosigns(s, 32, OLD);
    name_successor(s, 32, 0);
    roster_of(s)->former_origin_count = 0;
    take_roster(s);
    assert_true(is_troubled(s));
    stage_turn(s, QUIET_MS);
    while (has_letter(s)) { /* that was on its way */
        (void)next_letter(s);
        answer(s, bytes_str(""));
    }
    stage_turn(s, 4 * QUIET_MS);
    assert_false(has_letter(s));
    assert_true(follows(s, OLD));
    assert_false(is_forked(s));
    assert_int_equal(witness_judge_request(s->agent->witness, bytes_str("old 0\n"), NULL, NULL, &why), ERR_UNSUPPORTED);
    roster_of(s)->former_origin_count = 1;
    take_roster(s);
    assert_true(stage_until(s, follows_new, WAIT_MS));
}

static void a_last_head_that_nobody_signed_is_none(void **state)
{
    struct stage *s = *state;
    cosigns(s, 32, OLD);
    name_successor(s, 32, 0);
    last_note.ptr[last_note.len - 6] ^= 1;
    take_roster(s);
    stage_turn(s, QUIET_MS);
    assert_true(is_troubled(s));
    assert_true(follows(s, OLD));
    last_note.ptr[last_note.len - 6] ^= 1;
    former.size = 16; /* nor one of another size than the roster names */
    take_roster(s);
    stage_turn(s, QUIET_MS);
    assert_true(follows(s, OLD));
    assert_false(is_forked(s));
}

static void who_has_no_head_goes_over_at_once(void **state)
{
    struct stage *s = *state;
    name_successor(s, 50, 0);
    take_roster(s);
    assert_true(stage_until(s, follows_new, WAIT_MS));
    begins_at_zero(s);
}

/* A job that was judged before the agency went over finds the other log, and keeps nothing. */
static enum err put_origin_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    return log_origin_put(s->agent->store, txn, bytes_str(NEW));
}

static size_t judged;

static void on_judged(void *arg, const struct witness_answer *a)
{
    (void)arg;
    assert_int_equal(a->result, ERR_STATE);
    judged++;
}

static bool was_judged(struct stage *s)
{
    (void)s;
    return judged > 0;
}

static void what_was_judged_before_is_not_kept_for_the_next_log(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf request = buf_new(GROWN_BYTES);
    const struct grown_head head = {32, 0, s->fake.log, OLD};
    (void)next_letter(s);
    judged = 0;
    OK(grown_log_request(&grown, &(struct grown_step){0, false}, &head, &request));
    OK(writer_run(s->agent->writer, put_origin_job, s));
    OK(witness_judge_request(s->agent->witness, buf_bytes(&request), on_judged, s, &why));
    assert_true(stage_until(s, was_judged, WAIT_MS));
    assert_int_equal(s->agent->witness->row.state.size, 0);
}

static enum err put_left_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    const uint8_t row[28] = {[3] = 8, [11] = 1}; /* no heads */
    return log_origin_put_left(s->agent->store, txn, bytes_str(NEW), BYTES_OF_ARRAY(row));
}

static void no_log_is_followed_twice(void **state)
{
    struct stage *s = *state;
    OK(writer_run(s->agent->writer, put_left_job, s));
    name_successor(s, 32, 0);
    take_roster(s);
    assert_true(stage_until(s, is_troubled, WAIT_MS));
    assert_true(follows(s, OLD));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest few[] = {
        CASE(a_smaller_head_is_shown_to_be_in_it),
        CASE(a_head_of_another_history_is_evidence),
        CASE(where_nobody_says_how_it_ended_nothing_is_left),
        CASE(a_head_behind_the_end_is_not_left),
        CASE(no_log_is_followed_twice),
    };
    const struct CMUnitTest others[] = {
        CASE(a_head_that_is_the_last_one_is_left),
        CASE(the_next_log_is_cosigned_from_its_beginning),
        CASE(an_answer_that_shows_nothing_is_asked_again),
        CASE(a_head_that_was_shown_is_shown_again_of_another_end),
        CASE(another_head_of_the_last_size_is_evidence),
        CASE(nobody_leaves_a_contradiction),
        CASE(a_last_head_that_nobody_signed_is_none),
        CASE(who_has_no_head_goes_over_at_once),
        CASE(what_was_judged_before_is_not_kept_for_the_next_log),
    };
    if (argc > 2)
        return cmocka_run_group_tests(others, NULL, NULL);
    return cmocka_run_group_tests(few, NULL, NULL);
}
