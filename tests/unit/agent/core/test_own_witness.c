/* The agency's own log and the broker as its witness: what the broker cosigns is the checkpoint, a broker that is away or
 * no witness stops nothing, and a head that it knows and the log does not contain stops the log. argv[1]: a deployment. */
#include "agent/keys_internal.h"
#include "agent/log/own_keys.h"
#include "agent/own_log.h"
#include "tests/unit/agent/core/witness_stage.h"

#define HOUR INT64_C(3600)

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &log_part, NULL};

static int set_up(void **state)
{
    return witness_stage_open(state, deployment, parts);
}

/* ---- the tests ---- */

static void the_checkpoint_is_the_head_that_the_broker_cosigned(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    assert_true(status_says(s, "\"witness\":\"cosigned\""));
    const uint64_t second = publish_and_offer(s);
    assert_true(second > first);
    assert_true(is_cosigned(s)); /* still the first: the second waits for its line */
    assert_int_equal(judge(s), WITNESS_COSIGN); /* with a proof from the first */
    until_cosigned(s, second);
}

/* After a start nothing is known of what the broker has: it says so, and the proof begins there. */
static void a_conflict_is_solved_by_the_head_that_the_broker_names(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    assert_true(stage_until(s, may_offer, WAIT_MS));
    const uint64_t second = publish_and_offer(s);
    assert_true(has_offer(s) || stage_until(s, has_offer, WAIT_MS));
    answered++; /* and is lost */
    stage_restart(s);
    stage_until_open(s);
    assert_int_equal(known.size, first);
    assert_int_equal(judge(s), WITNESS_CONFLICT); /* old 0 */
    assert_int_equal(judge(s), WITNESS_COSIGN);   /* old first, and a proof */
    until_cosigned(s, second);
    assert_false(is_refused(s));
}

/* An old copy would sign another head of a size that is known: the broker is asked before. */
static void after_a_start_the_broker_is_asked_before_a_head_is_signed(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    stage_restart(s);
    assert_int_equal(publish(s), first);
    stage_until_open(s);
    assert_int_equal(publish(s), first);
    assert_int_equal(judge(s), WITNESS_CONFLICT);
    assert_true(stage_until(s, has_offer, WAIT_MS));
    const uint64_t second = publish(s);
    assert_true(second > first);
    stage_restart(s); /* and not for good */
    s->config->own_log_interval_ms = 50;
    of(s)->well_ms -= 59000;
    assert_int_equal(publish(s), second);
    of(s)->well_ms -= 1000;
    assert_true(publish(s) > second);
}

static bool is_late(struct stage *s)
{
    return witnessed_is_late(of(s));
}

static void a_broker_that_does_not_answer_stops_nothing(void **state)
{
    struct stage *s = *state;
    struct agency_head h;
    const uint64_t first = begin(s);
    s->config->own_log_interval_ms = 50; /* what is waited for goes by it */
    const uint64_t second = publish_and_offer(s);
    const struct letter *late = next_offer(s, &h);
    assert_true(stage_until(s, is_late, WAIT_MS));
    assert_int_equal(shown(s).size, first);
    const uint64_t third = publish(s);
    assert_true(third > second);
    assert_int_equal(shown(s).size, third);
    assert_int_equal(shown(s).lines, 0);
    assert_true(status_says(s, "\"witness\":\"not cosigned\"") && status_says(s, "not_cosigned_since"));
    assert_false(has_alarm(s, "for 4 hours"));
    s->shift_s = 4 * HOUR + 10;
    assert_true(has_alarm(s, "for 4 hours"));
    s->shift_s = 0;
    answered--; /* the answer to the second comes late: it is smaller than what is shown */
    (void)late;
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS));
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    assert_int_equal(shown(s).size, third);
    const uint64_t fourth = publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    until_cosigned(s, fourth);
}

static void a_broker_that_is_no_witness_stops_nothing(void **state)
{
    struct stage *s = *state;
    struct agency_head h;
    (void)begin(s);
    (void)publish_and_offer(s);
    const struct letter *l = next_offer(s, &h);
    send_reply(s, l, &(struct agency_head_reply){.status = AGENCY_HEAD_NO_WITNESS});
    assert_true(stage_until(s, is_answered, WAIT_MS));
    assert_true(status_says(s, "\"witness\":\"no witness\""));
    const uint64_t third = publish(s);
    assert_int_equal(shown(s).size, third);
    assert_int_equal(shown(s).lines, 0);
}

static void a_line_that_does_not_verify_is_not_shown(void **state)
{
    struct stage *s = *state;
    struct key *other = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &other));
    const uint64_t first = begin(s);
    (void)publish_and_offer(s);
    assert_int_equal(judge_with(s, other), WITNESS_COSIGN);
    assert_true(stage_until(s, is_refused, WAIT_MS));
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    wanted = first;
    assert_true(is_cosigned(s));
    assert_true(has_alarm(s, "refuses"));
    key_free(other);
}

/* A reader would look for the log's own key behind a line of that name, or for a witness that it does not know. */
static void a_line_of_another_name_than_the_brokers_is_not_shown(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    const char *const names[] = {own_log_origin(s->agent->own_log), "demo/witness/00000099000000001001"};
    const struct witness_state before = known;
    for (size_t i = 0; i < 2; i++) {
        of(s)->is_refused = false;
        known = before; /* the broker forgets what it gave no good line for */
        (void)publish_and_offer(s);
        witness_name = names[i];
        assert_int_equal(judge(s), WITNESS_COSIGN);
        assert_true(stage_until(s, is_answered, WAIT_MS));
        assert_true(stage_until(s, is_quiet, WAIT_MS));
        assert_true(is_refused(s));
        witness_name = WITNESS;
        wanted = first;
        assert_true(is_cosigned(s));
    }
}

/* A copy from before the first line may be as old as any: it has a head, and nothing of the broker. */
static void a_store_without_a_line_asks_first_too(void **state)
{
    struct stage *s = *state;
    struct agency_head h;
    const uint64_t first = publish(s);
    (void)next_offer(s, &h); /* and gets no answer */
    assert_int_equal(of(s)->size, 0);
    stage_restart(s);
    stage_until_open(s);
    assert_int_equal(publish(s), first);
    answer(s, AGENCY_HEAD_NO_WITNESS, (struct bytes){NULL, 0});
    assert_true(publish(s) > first);
}

/* Only what tells which head the broker knows ends that it is asked first; any other answer is asked for again. */
static void an_answer_that_tells_nothing_is_none(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    static const uint32_t statuses[] = {AGENCY_HEAD_TOO_MANY, WITNESS_UNSIGNED, WITNESS_MALFORMED};
    stage_restart(s);
    stage_until_open(s);
    for (size_t i = 0; i < 3; i++) {
        answer(s, statuses[i], (struct bytes){NULL, 0});
        assert_int_equal(publish(s), first);
        assert_true(stage_until(s, may_offer, WAIT_MS));
        assert_int_equal(publish(s), first); /* and offers again */
    }
    answer(s, WITNESS_CONFLICT, bytes_str("no head at all"));
    assert_int_equal(publish(s), first);
    assert_true(stage_until(s, may_offer, WAIT_MS));
    assert_int_equal(publish(s), first);
    assert_int_equal(judge(s), WITNESS_CONFLICT); /* with the head that it knows, which is one of this log */
    assert_true(stage_until(s, has_offer, WAIT_MS));
    assert_true(publish(s) > first);
}

/* The broker knows a head under this log's key that the log does not contain: longer, or other. */
static void a_head_that_the_log_does_not_contain_stops_it(void **state)
{
    struct stage *s = *state;
    static const uint64_t beyond = 1u << 20;
    for (size_t i = 0; i < 2; i++) {
        if (i > 0) {
            (void)witness_stage_close(state);
            (void)set_up(state);
            s = *state;
        }
        const uint64_t first = begin(s);
        know_other(s, agent_keys_log(s->agent->keys), i == 0 ? beyond : first);
        assert_true(stage_until(s, may_offer, WAIT_MS));
        const uint64_t second = publish(s);
        (void)judge(s);
        assert_true(stage_until(s, is_forked, WAIT_MS));
        assert_true(stage_until(s, is_quiet, WAIT_MS));
        assert_int_equal(publish(s), second);
        assert_int_equal(shown(s).size, first);
        assert_true(has_alarm(s, "does not contain"));
        OK(own_log_say(s->agent, AUDIT_EVENT_ITEM_RAISED)); /* entries are written all the same */
        stage_restart(s);
        assert_true(is_forked(s));
        assert_int_equal(publish(s), second);
    }
}

/* Nobody but this log's own key tells it that it forked. */
static void a_head_that_another_key_signed_stops_nothing(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    know_other(s, witness_key, 1u << 20);
    (void)publish_and_offer(s);
    (void)judge(s);
    assert_true(stage_until(s, is_refused, WAIT_MS));
    assert_false(is_forked(s));
    assert_true(has_alarm(s, "refuses"));
    assert_true(publish(s) > first);
}

/* ---- the key changes (decision 0415) ---- */

static bool change_is(struct stage *s, const char *text)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    CLEANUP(buf_free) struct buf json = buf_new((size_t)1 << 14);
    own_keys_put(s->agent->log_keeping, &b);
    OK(doc_build_done(&b));
    OK(doc_write(d, &json));
    doc_free(d);
    return strstr(buf_text(&json), text) != NULL;
}

static bool is_kept(struct stage *s)
{
    const struct own_log_keys *k = &s->agent->log_keeping->keys;
    return k->count == 2 && k->v[1].is_witnessed;
}

/* What the store has is what `sluis-pki` goes by. */
static bool store_says_witnessed(struct stage *s, size_t i)
{
    struct log_keeping *k = s->agent->log_keeping;
    const struct own_log_keys before = k->keys;
    OK(own_keys_read(k));
    const bool is_so = k->keys.v[i].is_witnessed;
    k->keys = before;
    return is_so;
}

static void both_keys_sign_until_the_broker_has_cosigned_the_new_one(void **state)
{
    struct stage *s = *state;
    struct agent_keys *keys = s->agent->keys;
    (void)begin(s);
    OK(key_generate(KEY_TYPE_ED25519, &keys->logs[1]));
    assert_true(change_is(s, "not entered yet"));
    log_part.on_keys(s->agent);
    assert_true(change_is(s, "waits for the broker"));
    assert_true(stage_until(s, may_offer, WAIT_MS));
    witnessed_offer(of(s)); /* the newest head is the old key's alone, and names it alone */
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_false(store_says_witnessed(s, 1));
    named = 2;
    const uint64_t both = publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_kept, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_true(store_says_witnessed(s, 0) && store_says_witnessed(s, 1));
    assert_true(change_is(s, "the old key may go"));
    assert_int_equal(shown(s).size, both);
    assert_int_equal(shown(s).lines, 2); /* beside the old key's those of the new one and of the witness */
    key_free(keys->logs[0]);
    keys->logs[0] = keys->logs[1];
    keys->logs[1] = NULL;
    log_part.on_keys(s->agent);
    assert_false(change_is(s, "key_change"));
    assert_true(store_says_witnessed(s, 0));
    named = 1;
    (void)publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN); /* by that key alone */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, witness_stage_close)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(the_checkpoint_is_the_head_that_the_broker_cosigned),
        CASE(a_conflict_is_solved_by_the_head_that_the_broker_names),
        CASE(after_a_start_the_broker_is_asked_before_a_head_is_signed),
        CASE(a_broker_that_does_not_answer_stops_nothing),
        CASE(a_broker_that_is_no_witness_stops_nothing),
        CASE(a_line_that_does_not_verify_is_not_shown),
        CASE(a_line_of_another_name_than_the_brokers_is_not_shown),
        CASE(a_store_without_a_line_asks_first_too),
        CASE(an_answer_that_tells_nothing_is_none),
        CASE(a_head_that_the_log_does_not_contain_stops_it),
        CASE(a_head_that_another_key_signed_stops_nothing),
        CASE(both_keys_sign_until_the_broker_has_cosigned_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
