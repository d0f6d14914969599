/* agent/evidence: each log of the broker's has a place of its own, so that what one of them did keeps nothing of another out; and how
 * it is told. argv[1]: a deployment. */
#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/witness/witness.h"
#include "proto/base/join.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "tests/support/grown_log.h"
#include "tests/unit/agent/core/own_stage.h"

#define OLD "sluis.example/broker"
#define NEW "sluis.example/second"

static const char *deployment;
static struct grown_log grown;
/* Without the functions of the roster, which are not the matter here. */
static const struct verb verbs[] = {{"tell", 0, witness_verb}, {NULL, 0, NULL}};
static const struct agent_part test_part = {.name = "test", .verbs = verbs};
static const struct agent_part *const parts[] = {&core_part, &witness_part, &test_part, NULL};

static int set_up(void **state)
{
    OK(grown_log_fill(&grown));
    return own_stage_set_up(state, deployment, parts);
}

/* ---- what contradicts what ---- */

struct found {
    struct stage *stage;
    struct buf shown;
    struct buf own;
};

static void found_free(struct found *f)
{
    buf_free(&f->shown);
    buf_free(&f->own);
}

/* Two heads of that size of that log. */
static struct found found_of(struct stage *s, const char *origin, uint64_t size)
{
    struct found f = {s, buf_new(GROWN_BYTES), buf_new(GROWN_BYTES)};
    const struct grown_head shown = {size, 1, s->fake.log, origin};
    const struct grown_head own = {size, 0, s->fake.log, origin};
    OK(grown_log_checkpoint(&grown, &shown, &f.shown));
    OK(grown_log_checkpoint(&grown, &own, &f.own));
    return f;
}

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct found *f = arg;
    const struct evidence e = {buf_bytes(&f->shown), buf_bytes(&f->own)};
    bool is_new = false;
    return evidence_keep(f->stage->agent->store, txn, &e, &is_new);
}

static void keep(struct stage *s, const char *origin, uint64_t size)
{
    CLEANUP(found_free) struct found f = found_of(s, origin, size);
    OK(writer_run(s->agent->writer, keep_job, &f));
}

static bool is_kept(struct stage *s, const char *origin, uint64_t size)
{
    CLEANUP(found_free) struct found f = found_of(s, origin, size);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(EVIDENCE_ARENA_BYTES);
    struct evidence e;
    return stage_evidence_of(s, origin, a, &e) && bytes_equal(e.own, buf_bytes(&f.own)) &&
           bytes_equal(evidence_head(e.shown), buf_bytes(&f.shown));
}

static enum err follow_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    return log_origin_put(s->agent->store, txn, bytes_str(NEW));
}

/* ---- how it is told ---- */

static bool answers(struct stage *s, const char *frame, const char *with)
{
    struct talk t = {.frame = frame};
    talk(s, &t);
    return strstr(t.answer, with) != NULL;
}

static bool is_alarm(struct stage *s, const char *line)
{
    return answers(s, "{\"verb\":\"status\",\"args\":{}}", line);
}

#define FOLLOWED_SAID "\"the broker's audit log contradicted itself"
#define OLD_SAID "\"the broker's audit log of before, " OLD ", contradicted itself"
#define NEW_SAID "\"the broker's audit log of before, " NEW ", contradicted itself"

/* ---- the tests ---- */

static void each_log_has_its_own(void **state)
{
    struct stage *s = *state;
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"evidence\":true}}", "there is none"));
    keep(s, NEW, 25);
    keep(s, OLD, 26);
    keep(s, NEW, 27); /* the first stays */
    keep(s, OLD, 28);
    for (size_t i = 0; i < 2; i++) {
        assert_true(is_kept(s, NEW, 25));
        assert_true(is_kept(s, OLD, 26));
        stage_restart(s);
    }
    assert_true(s->agent->witness->is_fork);
    assert_true(is_alarm(s, FOLLOWED_SAID));
    assert_true(is_alarm(s, NEW_SAID));
    assert_false(is_alarm(s, OLD_SAID));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"evidence\":true}}", "\"ok\":{\"origin\":\"" OLD "\",\"shown\":\"" OLD "\\n26\\n"));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"evidence\":true}}", "\"logs\":[\"" OLD "\",\"" NEW "\"]"));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"evidence\":true,\"origin\":\"" NEW "\"}}", "\"own_head\":\"" NEW "\\n25\\n"));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"evidence\":true,\"origin\":\"other\"}}", "there is none of that log"));
}

static bool new_is_kept(struct stage *s)
{
    return is_kept(s, NEW, 29);
}

/* What the log before did is no reason to keep nothing of the one that is followed now. */
static void the_next_log_is_watched_anew(void **state)
{
    struct stage *s = *state;
    CLEANUP(found_free) struct found f = found_of(s, NEW, 29);
    const struct evidence e = {buf_bytes(&f.shown), buf_bytes(&f.own)};
    keep(s, OLD, 26);
    stage_restart(s);
    OK(writer_run(s->agent->writer, follow_job, s));
    log_origin_take(s->agent, bytes_str(NEW));
    witness_begin_anew(s->agent->witness);
    assert_false(s->agent->witness->is_fork);
    assert_true(is_alarm(s, OLD_SAID));
    assert_false(is_alarm(s, FOLLOWED_SAID));
    witness_keep_fork(s->agent->witness, &e, "another head");
    assert_true(is_alarm(s, FOLLOWED_SAID));
    assert_true(stage_until(s, new_is_kept, WAIT_MS));
    assert_true(is_kept(s, OLD, 26));
    stage_restart(s);
    assert_true(s->agent->witness->is_fork);
    assert_true(is_alarm(s, OLD_SAID));
}

/* As an older program wrote it: one place, for whichever log. */
static enum err put_old_job(struct kv_txn *txn, void *arg)
{
    const struct found *f = arg;
    struct store *s = f->stage->agent->store;
    CLEANUP(buf_free) struct buf request = buf_new(GROWN_BYTES);
    const struct witness_request r = {.old_size = 1, .checkpoint = buf_bytes(&f->shown)};
    witness_request_write(&r, &request);
    OK(buf_err(&request));
    OK(store_put(s, txn, STORE_META, bytes_str("witness_fork_own"), buf_bytes(&f->own)));
    return store_put(s, txn, STORE_META, bytes_str("witness_fork"), buf_bytes(&request));
}

static void the_place_of_before_is_read(void **state)
{
    struct stage *s = *state;
    CLEANUP(found_free) struct found f = found_of(s, OLD, 26);
    OK(writer_run(s->agent->writer, put_old_job, &f));
    stage_restart(s);
    assert_true(s->agent->witness->is_fork);
    assert_true(is_kept(s, OLD, 26));
    assert_false(is_kept(s, NEW, 26));
    keep(s, OLD, 28);
    keep(s, NEW, 29);
    assert_true(is_kept(s, OLD, 26));
    assert_true(is_kept(s, NEW, 29));
    assert_true(is_alarm(s, FOLLOWED_SAID));
    assert_true(is_alarm(s, NEW_SAID));
    OK(writer_run(s->agent->writer, follow_job, s));
    stage_restart(s);
    assert_true(is_alarm(s, OLD_SAID));
}

static enum err keep_none_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    const struct evidence e = {bytes_str("no head"), bytes_str("")};
    bool is_new = false;
    return evidence_keep(s->agent->store, txn, &e, &is_new);
}

static void what_is_no_head_is_not_kept(void **state)
{
    struct stage *s = *state;
    assert_int_equal(writer_run(s->agent->writer, keep_none_job, s), ERR_INVALID);
    assert_false(is_alarm(s, "contradicted itself"));
}

/* ---- logs that were left ---- */

static enum err leave_job(struct kv_txn *txn, void *arg)
{
    const struct found *f = arg;
    CLEANUP(buf_free) struct buf row = buf_new(2 * GROWN_BYTES);
    join_u64(&row, 1790000000);
    join_part(&row, buf_bytes(&f->shown));
    join_part(&row, buf_bytes(&f->own));
    join_part(&row, bytes_of(NULL, 0));
    join_part(&row, bytes_of(NULL, 0));
    return log_origin_put_left(f->stage->agent->store, txn, bytes_str(OLD), buf_bytes(&row));
}

static void the_heads_of_a_log_that_was_left_are_given_out(void **state)
{
    struct stage *s = *state;
    CLEANUP(found_free) struct found f = found_of(s, OLD, 26);
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"left\":true}}", "{\"ok\":{\"logs\":[]}}"));
    OK(writer_run(s->agent->writer, leave_job, &f));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"left\":true}}",
                        "{\"ok\":{\"logs\":[{\"origin\":\"" OLD "\",\"left\":\"2026-09-21T14:13:20Z\",\"size\":26,\"root\":\""));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"left\":true}}", "\"head\":\"" OLD "\\n26\\n"));
    assert_true(answers(s, "{\"verb\":\"tell\",\"args\":{\"left\":true}}", "\"proved_head\":\"\",\"mirrored_head\":\"\"}]"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(each_log_has_its_own),
        CASE(the_next_log_is_watched_anew),
        CASE(the_place_of_before_is_read),
        CASE(what_is_no_head_is_not_kept),
        CASE(the_heads_of_a_log_that_was_left_are_given_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
