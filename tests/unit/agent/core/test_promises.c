/* Promises that the broker's log did not keep: the own log tells each once, and counts none that it does not mark.
 * argv[1]: a deployment. */
#include <string.h>

#include "agent/promises.h"
#include "proto/host/kv_fault.h"
#include "proto/host/writer.h"
#include "proto/json/audit_body.h"
#include "tests/unit/agent/core/own_stage.h"

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, NULL};

static int set_up(void **state)
{
    return own_stage_set_up(state, deployment, parts);
}

static enum err tell_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    return promises_tell(s->agent, txn);
}

/* So many entries, and the newest of them has these words. */
static void assert_told(struct stage *s, size_t times, const char *words)
{
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_LOG_PROMISE_MISSED, &json), times);
    if (strstr(buf_text(&json), words) == NULL)
        fail_msg("%s has no %s", buf_text(&json), words);
}

#define FEW 3u
#define MANY 1500u /* more than one transaction tells */

struct missing {
    struct stage *stage;
    uint32_t count;
};

/* So many promises that are due at second 1000, and one whose proof shows a later time. */
static enum err promise_job(struct kv_txn *txn, void *arg)
{
    const struct missing *m = arg;
    struct promise p = {.merge_by_s = 1000};
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < m->count; i++) {
        memcpy(p.entry.b, &i, sizeof i);
        bad = promises_put(m->stage->agent, txn, &p);
    }
    p.committed_at_s = p.merge_by_s = 2000;
    return bad == ERR_OK ? promises_settle(m->stage->agent, txn, &p) : bad;
}

static enum err promise_again_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    struct promise p = {.merge_by_s = 1000};
    return promises_put(s->agent, txn, &p);
}

static uint64_t untold(struct stage *s, uint64_t missed)
{
    struct promises_count n;
    OK(promises_count(s->agent, &n));
    assert_int_equal(n.missed, missed);
    return n.untold;
}

/* Whatever call of the store fails: what counts as told has its entry, and no entry is of what does not. */
static void each_that_is_missed_is_told_once_and_with_its_mark(void **state)
{
    struct stage *s = *state;
    unsigned failed = 0;
    OK(writer_run(s->agent->writer, promise_job, &(struct missing){s, FEW}));
    for (unsigned step = 1; untold(s, FEW) == FEW; step++) {
        kv_fault_set(s->agent->kv, step, ERR_IO);
        failed += writer_run(s->agent->writer, tell_job, s) != ERR_OK;
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        assert_int_equal(bodies_of(s, AUDIT_EVENT_LOG_PROMISE_MISSED, NULL), untold(s, FEW) == FEW ? 0 : 1);
    }
    assert_true(failed > 2 * FEW);
    assert_told(s, 1, "\"from\":1000,\"to\":1000");
    assert_int_equal(untold(s, FEW), 0);
    OK(writer_run(s->agent->writer, promise_again_job, s)); /* an answer that is repeated */
    assert_int_equal(untold(s, FEW), 0);
}

/* A list of those that were not kept has a bound, and says so. */
static void those_that_were_missed_are_listed(void **state)
{
    struct stage *s = *state;
    static struct promise_broken rows[MANY];
    size_t count = 7;
    bool is_cut = true;
    OK(promises_broken(s->agent, rows, MANY, &count, &is_cut));
    assert_true(count == 0 && !is_cut);
    OK(writer_run(s->agent->writer, promise_job, &(struct missing){s, FEW}));
    OK(promises_broken(s->agent, rows, FEW, &count, &is_cut));
    assert_true(count == FEW && !is_cut);
    for (uint32_t i = 0; i < FEW; i++) {
        assert_memory_equal(rows[i].entry.b, &i, sizeof i);
        assert_true(rows[i].is_missed && rows[i].due_s == 1000);
    }
    OK(promises_broken(s->agent, rows, FEW - 1, &count, &is_cut));
    assert_true(count == FEW - 1 && is_cut);
}

static void very_many_that_are_missed_are_told_in_parts(void **state)
{
    struct stage *s = *state;
    OK(writer_run(s->agent->writer, promise_job, &(struct missing){s, MANY}));
    OK(writer_run(s->agent->writer, tell_job, s));
    assert_int_equal(untold(s, MANY), MANY - 1024);
    assert_told(s, 1, "\"count\":1024");
    OK(writer_run(s->agent->writer, tell_job, s));
    assert_int_equal(untold(s, MANY), 0);
    assert_told(s, 2, "\"count\":");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(each_that_is_missed_is_told_once_and_with_its_mark),
        CASE(those_that_were_missed_are_listed),
        CASE(very_many_that_are_missed_are_told_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
