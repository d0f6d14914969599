/* What the outbox does with a refusal because a purpose is suspended. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "agent/outbox_run.h"
#include "agent/session.h"
#include "proto/host/writer.h"
#include "tests/unit/agent/core/fake_broker.h"

static const char *deployment;

static struct {
    unsigned accepted;
    unsigned refused;
    unsigned settled;
    enum refusal_code code;
} seen;

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)a;
    (void)txn;
    (void)tag;
    (void)reply;
    (void)promise;
    seen.accepted++;
    return ERR_OK;
}

static enum err on_refused(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply)
{
    (void)a;
    (void)txn;
    (void)tag;
    seen.code = reply->code;
    seen.refused++;
    return ERR_OK;
}

static void on_done(struct agent *a, struct bytes tag, bool is_accepted)
{
    (void)a;
    (void)tag;
    (void)is_accepted;
    seen.settled++;
}

static bool waits_too; /* a batch, where its owner says so */

static bool ends_when_suspended(const struct agent *a)
{
    (void)a;
    return !waits_too;
}

static const struct outbox_owner requests = {
    .kind = MSG_REQUEST, .on_accepted = on_accepted, .on_refused = on_refused, .on_done = on_done};
static const struct outbox_owner batches = {.kind = MSG_BATCH,
                                            .on_accepted = on_accepted,
                                            .on_refused = on_refused,
                                            .on_done = on_done,
                                            .most_at_once = 1,
                                            .ends_when_suspended = ends_when_suspended};
static const struct agent_part test_part = {.name = "test", .outbox = {&requests, &batches}};
static const struct agent_part *const parts[] = {&core_part, &test_part, NULL};

static int set_up(void **state)
{
    static struct stage stage;
    memset(&seen, 0, sizeof seen);
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

struct putting {
    struct stage *stage;
    enum msg_kind kind;
};

static enum err put_job(struct kv_txn *txn, void *arg)
{
    struct putting *p = arg;
    struct outbox_id id;
    return outbox_put(p->stage->agent->outbox, txn, p->kind, bytes_str("the body"), bytes_str("tag"),
                      &id);
}

static void put(struct stage *s, enum msg_kind kind)
{
    struct putting p = {s, kind};
    assert_int_equal(writer_run(s->agent->writer, put_job, &p), ERR_OK);
}

static bool same_frame(const struct letter *a, const struct letter *b)
{
    return bytes_equal(buf_bytes(&a->frame), buf_bytes(&b->frame));
}

static bool is_answered(struct stage *s)
{
    (void)s;
    return seen.settled > 0;
}

static bool has_batch(struct stage *s)
{
    return fake_count(&s->fake, MSG_BATCH) >= 1;
}

static bool has_second_batch(struct stage *s)
{
    return fake_count(&s->fake, MSG_BATCH) >= 2;
}

#define SUSPENDED 20 /* more than go at once */

/* Refuses what came and was not refused yet, until there are so many. */
static bool refuses_all(struct stage *s)
{
    static size_t refused;
    if (fake_count(&s->fake, MSG_REQUEST) < refused)
        refused = 0;
    while (refused < fake_count(&s->fake, MSG_REQUEST))
        fake_refuse(&s->fake, fake_letter(&s->fake, MSG_REQUEST, refused++), REFUSED_SUSPENDED);
    return refused >= SUSPENDED;
}

static bool has_all_again(struct stage *s)
{
    return fake_count(&s->fake, MSG_REQUEST) >= 2 * SUSPENDED;
}

/* As a broker does whose epochs changed: it answers no message, and the session stays open. */
static void tell_of_change(struct stage *s)
{
    const struct refused r = {.code = REFUSED_BEHIND, .detail = bytes_str("epochs changed"),
                              .roster_serial = 1, .policy_serial = 1};
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    assert_int_equal(refused_encode(&r, &body), ERR_OK);
    fake_send(&s->fake, MSG_REFUSED, buf_bytes(&body), NULL, NULL);
}

/* Others go past what waits for its purpose; no hello is said over it, and nothing is repeated until the
 * broker says hello. */
static void what_is_suspended_waits_and_holds_up_nothing(void **state)
{
    struct stage *s = *state;
    struct outbox_info i;
    stage_until_open(s);
    for (int n = 0; n < SUSPENDED; n++)
        put(s, MSG_REQUEST);
    assert_true(stage_until(s, refuses_all, 10000));
    stage_turn(s, 300);
    outbox_info(s->agent->outbox, &i);
    assert_int_equal(i.suspended, SUSPENDED);
    const size_t hellos = fake_count(&s->fake, MSG_HELLO);
    stage_turn(s, 1500); /* longer than the first pauses of a repetition */
    assert_int_equal(fake_count(&s->fake, MSG_HELLO), hellos);
    assert_int_equal(fake_count(&s->fake, MSG_REQUEST), SUSPENDED);
    tell_of_change(s);
    assert_true(stage_until(s, has_all_again, 10000));
    outbox_info(s->agent->outbox, &i);
    assert_int_equal(i.suspended, 0);
    const struct letter *again = fake_letter(&s->fake, MSG_REQUEST, SUSPENDED);
    assert_false(same_frame(fake_letter(&s->fake, MSG_REQUEST, 0), again));
    fake_accept(&s->fake, again, NULL);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.accepted, 1);
    assert_int_equal(seen.refused, 0);
}

/* A batch does not wait: who sends it has others to send, of other purposes. */
static void a_batch_of_a_suspended_purpose_ends(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    put(s, MSG_BATCH);
    put(s, MSG_BATCH);
    assert_true(stage_until(s, has_batch, 30000));
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_BATCH, 0), REFUSED_SUSPENDED);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.code, REFUSED_SUSPENDED);
    assert_true(stage_until(s, has_second_batch, 30000));
}

/* While what it continues is under way it waits, as any other kind. */
static void a_batch_waits_where_its_owner_says_so(void **state)
{
    struct stage *s = *state;
    struct outbox_info i;
    waits_too = true;
    stage_until_open(s);
    put(s, MSG_BATCH);
    assert_true(stage_until(s, has_batch, 30000));
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_BATCH, 0), REFUSED_SUSPENDED);
    stage_turn(s, 300);
    outbox_info(s->agent->outbox, &i);
    assert_int_equal(i.suspended, 1);
    assert_int_equal(seen.refused, 0);
    outbox_on_served(s->agent->outbox);
    assert_true(stage_until(s, has_second_batch, 30000));
    waits_too = false;
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_BATCH, 1), REFUSED_SUSPENDED);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.code, REFUSED_SUSPENDED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(what_is_suspended_waits_and_holds_up_nothing),
        CASE(a_batch_of_a_suspended_purpose_ends),
        CASE(a_batch_waits_where_its_owner_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
