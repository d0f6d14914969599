/* The agent as a witness of the broker's log: what it cosigns is kept before it leaves, a log that contradicts itself is
 * kept as evidence, and nothing is released while no quorum watches. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/evidence.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "agent/witness/witness.h"
#include "pki/keyfile.h"
#include "proto/host/file.h"
#include "proto/host/writer.h"
#include "proto/msg/cosign.h"
#include "tests/support/grown_log.h"
#include "tests/unit/agent/core/own_stage.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define ORIGIN "sluis.example/broker"
#define WAIT_MS 60000
#define HOUR INT64_C(3600)

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &witness_part, NULL};
static struct grown_log grown;
static char policy_path[300];
static size_t answered; /* letters of kind cosign */

static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    snprintf(policy_path, sizeof policy_path, "%s/riec/audit-policy", deployment);
    stage.audit_policy = policy_path;
    OK(grown_log_fill(&grown));
    answered = 0;
    stage_open(&stage, deployment, parts);
    stage_until_open(&stage);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

/* ---- the broker's side ---- */

static bool has_asked(struct stage *s)
{
    return fake_count(&s->fake, MSG_COSIGN) > answered;
}

/* What the agent brings with its next question. */
static struct cosign next_question(struct stage *s)
{
    struct cosign c;
    assert_true(stage_until(s, has_asked, WAIT_MS));
    answered = fake_count(&s->fake, MSG_COSIGN);
    const struct letter *l = fake_letter(&s->fake, MSG_COSIGN, answered - 1);
    OK(cosign_decode(l->envelope.body, l->arena, &c, NULL));
    return c;
}

static void answer(struct stage *s, struct bytes request, struct bytes cosigned)
{
    const struct letter *l = fake_letter(&s->fake, MSG_COSIGN, answered - 1);
    const struct cosign_reply r = {request, cosigned};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 18);
    OK(cosign_reply_encode(&r, &body));
    fake_send(&s->fake, MSG_COSIGN_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
}

struct growth {
    uint64_t from, to;
    size_t history;
};

static struct grown_head head_of(struct stage *s, uint64_t size, size_t history)
{
    return (struct grown_head){size, history, s->fake.log, ORIGIN};
}

static void ask_to_cosign(struct stage *s, struct growth g)
{
    const struct grown_head head = head_of(s, g.to, g.history);
    CLEANUP(buf_free) struct buf request = buf_new(GROWN_BYTES);
    OK(grown_log_request(&grown, &(struct grown_step){g.from, false}, &head, &request));
    answer(s, buf_bytes(&request), bytes_str(""));
}

/* The log grows, and the agent comes back with its line over the new head. */
static struct cosign cosigned(struct stage *s, struct growth g)
{
    (void)next_question(s);
    ask_to_cosign(s, g);
    struct cosign c = next_question(s);
    assert_int_equal(c.size, g.to);
    return c;
}

/* ---- other witnesses ---- */

static struct key *bd_key(void)
{
    char path[300];
    struct key *key = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    struct secret *pass = secret_new(bytes_str("pass of bd"));
    snprintf(path, sizeof path, "%s/bd/keys/witness.key", deployment);
    OK(file_read(path, FILE_ANY, &file, NULL));
    OK(keyfile_open_key(buf_bytes(&file), pass, KEY_TYPE_ED25519, &key));
    secret_free(pass);
    return key;
}

/* A checkpoint with the agent's own lines and, where at_s is not 0, those of the other witness of the policy. */
static void put_checkpoint(const struct grown_head *head, struct bytes lines, int64_t at_s, struct buf *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    OK(grown_log_checkpoint(&grown, head, out));
    OK(note_parse(buf_bytes(out), a, &note, NULL));
    if (at_s != 0) {
        struct key *key = bd_key();
        const struct note_signer bd = {bytes_str("demo/witness/00000099000000004000"), key};
        OK(note_cosign(&bd, note.text, (uint64_t)at_s, out));
        key_free(key);
    }
    buf_put(out, lines);
    OK(buf_err(out));
}

static void show_checkpoint(struct stage *s, const struct grown_head *head, struct bytes lines, int64_t at_s)
{
    CLEANUP(buf_free) struct buf note = buf_new(GROWN_BYTES);
    put_checkpoint(head, lines, at_s, &note);
    (void)next_question(s);
    answer(s, bytes_str(""), buf_bytes(&note));
}

/* The lines outlive the letters that they came in. */
static void keep_lines(const struct cosign *c, struct buf *out)
{
    buf_reset(out);
    buf_put(out, c->lines);
}

static int64_t now_s(const struct stage *s)
{
    return clock_now_s(clock_system()) + s->shift_s;
}

/* ---- the tests ---- */

static void what_grew_is_cosigned_and_kept_before_it_leaves(void **state)
{
    struct stage *s = *state;
    const struct cosign first = next_question(s);
    assert_int_equal(first.size, 0);
    assert_int_equal(first.lines.len, 0);
    ask_to_cosign(s, (struct growth){0, 32, 0});
    CLEANUP(buf_free) struct buf lines = buf_new(4096);
    const struct cosign c = next_question(s);
    assert_int_equal(c.size, 32);
    assert_true(c.lines.len > 0);
    keep_lines(&c, &lines);
    stage_restart(s);
    const struct cosign again = next_question(s);
    assert_int_equal(again.size, 32);
    assert_memory_equal(again.lines.ptr, lines.ptr, lines.len);
    ask_to_cosign(s, (struct growth){32, 50, 0});
    assert_int_equal(next_question(s).size, 50);
}

static bool is_forked(struct stage *s)
{
    return s->agent->witness->is_fork;
}

static enum err take_proof_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    const struct grown_head head = head_of(s, 48, 1);
    CLEANUP(buf_free) struct buf note = buf_new(GROWN_BYTES);
    OK(grown_log_checkpoint(&grown, &head, &note));
    return receipts_put_head(s->agent->receipts, txn, head.size, buf_bytes(&note));
}

/* What it cosigned last, whatever else it was shown. */
static void expect_own_head(struct stage *s, const struct grown_head *head)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * (size_t)GROWN_BYTES);
    CLEANUP(buf_free) struct buf note = buf_new(GROWN_BYTES);
    struct evidence kept;
    OK(grown_log_checkpoint(&grown, head, &note));
    assert_true(stage_evidence(s, a, &kept));
    assert_true(bytes_equal(kept.own, buf_bytes(&note)));
}

/* Before that a proof came under a newer head of the other history: two heads of one history prove nothing. */
static void another_history_is_kept_as_evidence(void **state)
{
    struct stage *s = *state;
    const struct grown_head own = head_of(s, 32, 0);
    (void)cosigned(s, (struct growth){0, 32, 0});
    OK(writer_run(s->agent->writer, take_proof_job, s));
    ask_to_cosign(s, (struct growth){32, 64, 1});
    assert_true(stage_until(s, is_forked, WAIT_MS));
    assert_int_equal(next_question(s).size, 32); /* and is not cosigned */
    stage_restart(s);
    assert_true(is_forked(s));
    expect_own_head(s, &own);
}

/* A broker whose store is an old copy asks from a smaller size: no cosignature, and no fork yet. */
static void an_old_copy_is_not_cosigned(void **state)
{
    struct stage *s = *state;
    (void)cosigned(s, (struct growth){0, 32, 0});
    ask_to_cosign(s, (struct growth){16, 20, 0});
    assert_int_equal(next_question(s).size, 32);
    assert_false(is_forked(s));
}

static int64_t quorum_before;

static bool has_moved(struct stage *s)
{
    return s->agent->witness->quorum_s > quorum_before;
}

/* From now on the agent believes the other witness alone. */
static void believe_other(struct stage *s)
{
    static const char quorum[] = "quorum both\n";
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    OK(file_read(policy_path, FILE_ANY, &text, NULL));
    assert_memory_equal(text.ptr + text.len - (sizeof quorum - 1), quorum, sizeof quorum - 1);
    text.len -= sizeof quorum - 1;
    buf_put_str(&text, "quorum bd\n");
    snprintf(policy_path, sizeof policy_path, "%s/riec/audit-policy-other", deployment);
    OK(file_write(policy_path, buf_bytes(&text), 0600, NULL));
    (void)next_question(s); /* it has no other under way while this one waits */
    stage_restart(s);
}

/* The broker shows this witness one log and the others another. */
static void another_head_that_others_cosigned_is_a_fork(void **state)
{
    struct stage *s = *state;
    believe_other(s);
    stage_until_open(s);
    quorum_before = s->agent->witness->quorum_s;
    s->shift_s = s->fake.shift_s = HOUR;
    const struct grown_head other = head_of(s, 32, 1);
    (void)cosigned(s, (struct growth){0, 32, 0});
    answer(s, bytes_str(""), bytes_str(""));
    show_checkpoint(s, &other, bytes_str(""), now_s(s));
    assert_true(stage_until(s, is_forked, WAIT_MS));
    assert_false(has_moved(s));
    stage_restart(s);
    assert_true(is_forked(s));
    const struct grown_head own = head_of(s, 32, 0);
    expect_own_head(s, &own);
}

#define FOUR_HOURS "for 4 hours no quorum of witnesses"
#define STOPPED "nothing is released: for 72 hours"

/* By `sluis status`. */
static bool is_told(struct stage *s, const char *alarm)
{
    struct talk t = {.frame = "{\"verb\":\"status\",\"args\":{}}"};
    talk(s, &t);
    assert_non_null(strstr(t.answer, "\"alarms\":"));
    return strstr(t.answer, alarm) != NULL;
}

static bool stops(struct stage *s)
{
    return atomic_load(&s->agent->witness->stops_releases);
}

static bool goes_on(struct stage *s)
{
    return !stops(s);
}

static void without_a_quorum_releases_stop_and_go_on_by_themselves(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf lines = buf_new(4096);
    OK(witness_check_release(s->agent, &why));
    assert_false(is_told(s, FOUR_HOURS) || is_told(s, STOPPED) || stops(s));
    s->shift_s = s->fake.shift_s = 4 * HOUR + 1;
    assert_int_equal(witness_quorum_age(s->agent->witness), QUORUM_LATE);
    assert_true(is_told(s, FOUR_HOURS) && !is_told(s, STOPPED));
    OK(witness_check_release(s->agent, &why));
    s->shift_s = s->fake.shift_s = 72 * HOUR + 1;
    assert_true(is_told(s, STOPPED) && !is_told(s, FOUR_HOURS));
    assert_true(stage_until(s, stops, WAIT_MS)); /* what waits to be sent does not leave */
    assert_int_equal(witness_check_release(s->agent, &why), ERR_STATE);
    assert_true(why.text[0] != '\0');
    buf_put_str(&s->agent->witness->file, "nonsense\n"); /* a policy that cannot be made any more opens nothing */
    assert_int_equal(witness_check_release(s->agent, &why), ERR_STATE);
    s->agent->witness->file.len -= sizeof "nonsense\n" - 1;
    quorum_before = s->agent->witness->quorum_s;
    const struct cosign c = cosigned(s, (struct growth){0, 32, 0});
    keep_lines(&c, &lines);
    answer(s, bytes_str(""), bytes_str(""));
    const struct grown_head head = head_of(s, 32, 0);
    show_checkpoint(s, &head, buf_bytes(&lines), 0); /* below the quorum */
    (void)next_question(s);
    answer(s, bytes_str(""), bytes_str(""));
    assert_false(has_moved(s));
    show_checkpoint(s, &head, buf_bytes(&lines), now_s(s) - 73 * HOUR); /* stale */
    (void)next_question(s);
    answer(s, bytes_str(""), bytes_str(""));
    assert_int_equal(witness_check_release(s->agent, &why), ERR_STATE);
    show_checkpoint(s, &head, buf_bytes(&lines), now_s(s));
    assert_true(stage_until(s, has_moved, WAIT_MS));
    OK(witness_check_release(s->agent, &why));
    assert_true(stage_until(s, goes_on, WAIT_MS));
    assert_false(is_told(s, FOUR_HOURS) || is_told(s, STOPPED));
}

/* A head that this witness never judged moves nothing, whoever cosigned it. */
static void an_unseen_head_counts_for_nothing(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf lines = buf_new(4096);
    s->shift_s = s->fake.shift_s = 5 * HOUR;
    const struct cosign c = cosigned(s, (struct growth){0, 32, 0});
    keep_lines(&c, &lines);
    s->agent->witness->seen_count = 0; /* as if it was long ago */
    answer(s, bytes_str(""), bytes_str(""));
    const struct grown_head head = head_of(s, 32, 0);
    show_checkpoint(s, &head, buf_bytes(&lines), now_s(s));
    (void)next_question(s); /* it has read the one before */
    assert_int_equal(witness_quorum_age(s->agent->witness), QUORUM_LATE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(what_grew_is_cosigned_and_kept_before_it_leaves),
        CASE(another_history_is_kept_as_evidence),
        CASE(an_old_copy_is_not_cosigned),
        CASE(another_head_that_others_cosigned_is_a_fork),
        CASE(without_a_quorum_releases_stop_and_go_on_by_themselves),
        CASE(an_unseen_head_counts_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
