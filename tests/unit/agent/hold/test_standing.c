/* What was released and has not left when its rule is withdrawn. */
#include "tests/unit/agent/hold/world.h"

#include "agent/hold/standing.h"
#include "agent/hold/sweep.h"
#include "agent/outbox_rows.h"
#include "agent/witness/witness.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define RELEASE(who)                                                                               \
    world_decide(w, 1, &(const struct decision_of){                                                \
                           .officer = (who), .decision = CONSENT_RELEASE, .fields = {"werkgever"}})

static void begin(struct world *w)
{
    struct question q;
    world_new(w);
    question_new(w, &q);
    q.sealed.control_name = bytes_str("Pieter Jansen");
    question_make(w, &q);
    assert_false(world_deliver(w, &hold_hit_owner, buf_bytes(&q.content)));
    question_free(&q);
}

static enum item_state state_of(struct world *w)
{
    struct hold_item item;
    world_item(w, 1, &item);
    return item.state;
}

static struct store *of_outbox;

enum err outbox_drop(struct outbox *o, struct kv_txn *txn, struct outbox_id id)
{
    (void)o;
    return outbox_rows_remove(of_outbox, txn, id);
}

/* How far it came: into no frame yet; into one; or into one that another was to take the place of. */
enum way { NEVER, IN_FRAME, IN_OLD_FRAME, WAYS };

static enum err put_row(struct world *w, enum way way)
{
    struct kv_txn *txn = NULL;
    struct outbox_head head = {.kind = MSG_SETTLE, .tag_len = 8, .tag = {[7] = 1}, /* of item 1 */
                               .has_frame = way == IN_FRAME,
                               .old_count = way == IN_OLD_FRAME};
    of_outbox = w->agent.store;
    assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
    enum err e = outbox_rows_add(w->agent.store, txn, &head, buf_bytes(&w->sent[0]));
    return e == ERR_OK ? kv_write_commit(txn) : e;
}

/* The writer runs what is queued, and the loop hears of it. */
static void look(struct world *w, void (*begin_look)(struct agent *a), unsigned fails_at)
{
    struct loop *loop = NULL;
    struct writer *writer = NULL;
    assert_int_equal(loop_new(&loop), ERR_OK);
    const struct writer_params p = {.kv = w->agent.kv, .loop = loop};
    assert_int_equal(writer_new(&p, &writer), ERR_OK);
    w->agent.writer = writer;
    kv_fault_set(w->agent.kv, fails_at, ERR_IO);
    begin_look(&w->agent);
    writer_free(writer);
    kv_fault_set(w->agent.kv, 0, ERR_OK);
    loop_free(loop);
    w->agent.writer = NULL;
    assert_false(w->hold.standing.is_under_way);
}

/* A release in the outbox when its rule is withdrawn, on a machine whose store fails once at every place in
 * turn: the next look stops it. */
static void a_look_that_failed_is_repeated_until_it_stops_the_release(void **state)
{
    (void)state;
    unsigned last = 0;
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        struct world world;
        struct world *w = &world;
        begin(w);
        assert_int_equal(RELEASE(O_UWV_A), ERR_OK);
        assert_int_equal(RELEASE(O_UWV_B), ERR_OK);
        assert_int_equal(state_of(w), ITEM_SENT);
        assert_int_equal(put_row(w, NEVER), ERR_OK);
        world_withdraw_adoption(w);
        look(w, standing_look, nth);
        failed = w->hold.standing.has_failed;
        assert_int_equal(w->hold.standing.is_due, failed);
        assert_int_equal(state_of(w), failed ? ITEM_SENT : ITEM_FAILED);
        look(w, standing_again, 0);
        assert_false(w->hold.standing.has_failed);
        assert_false(w->hold.standing.is_due);
        assert_int_equal(state_of(w), ITEM_FAILED);
        world_free(w);
        last = nth;
    }
    assert_true(last > 5);
}

static bool is_in_outbox(struct world *w)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct outbox_head head;
    assert_int_equal(kv_read_begin(w->agent.kv, &txn), ERR_OK);
    return outbox_rows_after(w->agent.store, txn, (struct outbox_id){0}, &head) == ERR_OK;
}

static void bring_in_second_epoch(struct world *w)
{
    struct question q;
    world_turn_record(w, 2);
    question_new(w, &q);
    q.header.epoch = 2;
    q.seed = 14;
    question_make(w, &q);
    assert_false(world_deliver(w, &hold_hit_owner, buf_bytes(&q.content)));
    question_free(&q);
}

/* A release that waits when its epoch is compromised: never sent, the question stands in the other epoch that
 * found the record; sent perhaps, it is not released twice. */
static void a_release_that_never_left_its_epoch_is_asked_in_the_other(void **state)
{
    (void)state;
    for (enum way way = NEVER; way < WAYS; way++) {
        const bool was_sent = way != NEVER;
        struct world world;
        struct world *w = &world;
        begin(w);
        world_say_epochs(w, "aa");
        assert_int_equal(RELEASE(O_UWV_A), ERR_OK);
        assert_int_equal(RELEASE(O_UWV_B), ERR_OK);
        assert_int_equal(put_row(w, way), ERR_OK);
        bring_in_second_epoch(w);
        assert_int_equal(state_of(w), ITEM_SENT);
        world_say_epochs(w, "ca");
        look(w, standing_look, 0);
        assert_false(w->hold.standing.has_failed);
        assert_false(is_in_outbox(w));
        assert_int_equal(state_of(w), was_sent ? ITEM_FAILED : ITEM_OPEN);
        assert_string_equal(world_stopped_for(), was_sent ? "may_have_left" : "epoch_ended");
        if (!was_sent) {
            assert_int_equal(RELEASE(O_UWV_A), ERR_OK);
            assert_int_equal(RELEASE(O_UWV_B), ERR_OK);
            assert_int_equal(w->sent_count, 2);
        }
        world_free(w);
    }
}

enum outage { SUSPENDED, NO_STATEMENT, UNWATCHED, OUTAGES };

static struct witness watch; /* of the log */

static void break_off(struct world *w, enum outage what)
{
    const struct view_files files = *view_files(w->view);
    struct view_files less = files;
    less.deal_count = 0;
    if (what == SUSPENDED)
        world_suspend_purpose(w);
    else if (what == NO_STATEMENT)
        world_change_view(w, &less);
    else
        world_change_view(w, &files);
    w->agent.witness = &watch;
    watch.stops_releases = what == UNWATCHED;
}

/* A release that waits when nobody can tell here whether its epoch is served, or nobody watches the log: nothing leaves, and nothing is lost. Sent
 * perhaps, it stays as it is, for the broker to judge. */
static void a_release_waits_until_it_may_leave(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * OUTAGES; i++) {
        const bool has_frame = i % 2 == 1;
        struct world world;
        struct world *w = &world;
        begin(w);
        world_say_epochs(w, "aa");
        struct view *served = view_ref(w->view);
        assert_int_equal(RELEASE(O_UWV_A), ERR_OK);
        assert_int_equal(RELEASE(O_UWV_B), ERR_OK);
        assert_int_equal(put_row(w, has_frame ? IN_FRAME : NEVER), ERR_OK);
        break_off(w, (enum outage)(i / 2));
        look(w, standing_look, 0);
        assert_false(w->hold.standing.has_failed);
        assert_int_equal(is_in_outbox(w), has_frame);
        assert_int_equal(state_of(w), has_frame ? ITEM_SENT : ITEM_DECIDED);
        w->now_s += 10;
        look(w, hold_sweep, 0);
        assert_int_equal(state_of(w), has_frame ? ITEM_SENT : ITEM_DECIDED);
        assert_int_equal(w->sent_count, 1);
        view_free(w->older);
        w->older = w->view;
        w->view = w->agent.view = served;
        watch.stops_releases = false;
        w->now_s += 10;
        look(w, hold_sweep, 0);
        assert_int_equal(state_of(w), ITEM_SENT);
        assert_int_equal(w->sent_count, has_frame ? 1 : 2);
        world_free(w);
    }
}

/* A release that both officers signed and that waits in the outbox, never sent. */
static void begin_unsent(struct world *w)
{
    begin(w);
    assert_int_equal(RELEASE(O_UWV_A), ERR_OK);
    assert_int_equal(RELEASE(O_UWV_B), ERR_OK);
    assert_int_equal(put_row(w, NEVER), ERR_OK);
}

/* The hours of the watch pass without anything else that would let somebody look. */
static void a_release_is_taken_back_when_the_watch_ends(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin_unsent(w);
    watch.stops_releases = false;
    w->agent.witness = &watch;
    look(w, standing_again, 0);
    assert_int_equal(state_of(w), ITEM_SENT);
    watch.stops_releases = true;
    look(w, standing_again, 0);
    assert_int_equal(state_of(w), ITEM_DECIDED);
    assert_false(is_in_outbox(w));
    world_free(w);
}

static void begin_part(struct agent *a)
{
    assert_int_equal(standing_begin(a), ERR_OK);
}

/* The rule was withdrawn while the agent was down: nothing leaves before somebody looked. */
static void what_stands_no_more_at_a_start_does_not_leave(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin_unsent(w);
    world_withdraw_adoption(w);
    look(w, begin_part, 0);
    assert_false(is_in_outbox(w));
    assert_int_equal(state_of(w), ITEM_FAILED);
    assert_string_equal(world_stopped_for(), "stands_no_more");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_that_failed_is_repeated_until_it_stops_the_release),
        cmocka_unit_test(a_release_that_never_left_its_epoch_is_asked_in_the_other),
        cmocka_unit_test(a_release_waits_until_it_may_leave),
        cmocka_unit_test(a_release_is_taken_back_when_the_watch_ends),
        cmocka_unit_test(what_stands_no_more_at_a_start_does_not_leave),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
