/* Several settlements of one consent, in whatever order a broker brings them: what verifies stands.
 */
#include "tests/unit/agent/hold/trip.h"

#include "agent/ask/ask.h"
#include "agent/ask/lost.h"
#include "agent/ask/standing_row.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

static struct trip trip;

static int set_up(void **state)
{
    (void)state;
    trip_new(&trip);
    trip_become_requester(&trip);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trip_free(&trip);
    return 0;
}

enum coming { DAMAGED, TRUE_ONE };

/* The same consents, with the release as it is or with one bit of it changed. */
static void bring(enum coming what)
{
    CLEANUP(buf_free) struct buf content = buf_new(FRAME_MAX_BYTES);
    struct settled s = trip.settled;
    buf_reset(&trip.changed);
    buf_put(&trip.changed, s.release);
    trip.changed.ptr[s.release.len / 2] ^= what == DAMAGED;
    s.release = buf_bytes(&trip.changed);
    assert_int_equal(settled_encode(&s, &content), ERR_OK);
    assert_false(world_deliver(&trip.w, &ask_settled_owner, buf_bytes(&content)));
}

/* The one result that stands for the question. */
static struct result only_result(struct arena *a)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store *store = trip.w.agent.store;
    struct result first;
    struct result more;
    assert_int_equal(kv_read_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(result_iter(store, txn, &trip.v.header_digest, &it), ERR_OK);
    assert_int_equal(result_next(store, it, a, &first), ERR_OK);
    assert_int_equal(result_next(store, it, a, &more), ERR_NOT_FOUND);
    return first;
}

static void expect(enum result_kind kind)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    const struct result r = only_result(a);
    assert_int_equal(r.kind, kind);
    assert_int_equal(r.content.len > 0, kind == RESULT_RELEASED);
    assert_int_equal(r.reason.len > 0, kind == RESULT_REJECTED || kind == RESULT_WAITS);
}

/* Else whoever carries a release could spoil it for good by sending a damaged one first. */
static void the_true_release_takes_the_place_of_a_damaged_one(void **state)
{
    (void)state;
    bring(DAMAGED);
    expect(RESULT_REJECTED);
    bring(DAMAGED);
    expect(RESULT_REJECTED);
    bring(TRUE_ONE);
    expect(RESULT_RELEASED);
    assert_int_equal(world_number(&trip.w, MAIL_REFUSED), 2);
}

static void a_damaged_release_never_takes_the_place_of_the_true_one(void **state)
{
    (void)state;
    bring(TRUE_ONE);
    expect(RESULT_RELEASED);
    bring(DAMAGED);
    expect(RESULT_RELEASED);
    assert_int_equal(world_number(&trip.w, MAIL_REFUSED), 1);
}

/* A broker that was restored does not know that it has delivered it: the same again is nothing new.
 */
static void a_release_that_comes_again_stands_as_it_came(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    bring(TRUE_ONE);
    const int64_t came_s = only_result(a).received_s;
    const size_t told = world_log.count;
    trip.w.now_s += 100;
    bring(TRUE_ONE);
    expect(RESULT_RELEASED);
    assert_int_equal(only_result(a).received_s, came_s);
    assert_int_equal(world_log.count, told);
}

/* What was on its way when its epoch was compromised is no release any more; retired, it is one. */
static void a_release_under_a_compromised_epoch_is_none(void **state)
{
    (void)state;
    world_say_epochs(&trip.w, "ca");
    bring(TRUE_ONE);
    expect(RESULT_REJECTED);
}

static void close_request(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct kv_txn *txn = NULL;
    struct asked_header row;
    struct store *store = trip.w.agent.store;
    assert_int_equal(kv_write_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(asked_header_get(store, txn, &trip.v.header_digest, a, &row), ERR_OK);
    row.state = ASK_CLOSED;
    assert_int_equal(asked_header_put(store, txn, &trip.v.header_digest, &row), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

static enum ask_state put_since(int64_t since_s, enum ask_state state, int64_t copied_s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct kv_txn *txn = NULL;
    struct asked_header row;
    struct store *store = trip.w.agent.store;
    assert_int_equal(kv_write_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(asked_header_get(store, txn, &trip.v.header_digest, a, &row), ERR_OK);
    row.state = state;
    row.since_s = since_s;
    assert_int_equal(asked_header_put(store, txn, &trip.v.header_digest, &row), ERR_OK);
    assert_int_equal(ask_close_lost(&trip.w.agent, txn, copied_s), ERR_OK);
    assert_int_equal(asked_header_get(store, txn, &trip.v.header_digest, a, &row), ERR_OK);
    assert_int_equal(row.refusal.len > 0, row.state != state);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return row.state;
}

/* As one that was asked for the first time, by the request of the trip. */
static struct standing_row put_standing(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct kv_txn *txn = NULL;
    struct asked_header row;
    struct standing_row k = {.id = {{1}},
                             .label = bytes_str("wie"),
                             .every_days = 7,
                             .askings = 1,
                             .epochs = {1},
                             .epoch_count = 1};
    struct store *store = trip.w.agent.store;
    assert_int_equal(kv_write_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(asked_header_get(store, txn, &trip.v.header_digest, a, &row), ERR_OK);
    k.request = row.request;
    assert_int_equal(name_parse(bytes_str("rule"), &k.rule), ERR_OK);
    k.purpose = k.begun_by = k.asked_by = k.rule;
    assert_int_equal(standing_row_put(store, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return k;
}

static size_t standing_epochs(const struct standing_id *id)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct standing_row k;
    assert_int_equal(kv_read_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_row_get(trip.w.agent.store, txn, id, a, &k), ERR_OK);
    return k.epoch_count;
}

/* What the broker lost was not asked, also the first time, and nothing ends by it. */
static void a_standing_request_whose_question_was_lost_is_due_again(void **state)
{
    (void)state;
    const struct standing_row k = put_standing();
    assert_int_equal(put_since(5000, ASK_OPEN, 5000), ASK_OPEN);
    assert_int_equal(standing_epochs(&k.id), 1);
    assert_int_equal(put_since(50000, ASK_OPEN, 5000), ASK_CLOSED);
    assert_int_equal(standing_epochs(&k.id), 0);
}

/* Its broker was restored from a copy of before. As far as the clocks may differ nobody can tell.
 */
static void a_question_that_was_accepted_after_the_copy_is_lost(void **state)
{
    (void)state;
    const int64_t skew_s = (int64_t)(trip.w.agent.config->trust.max_clock_skew_ms / 1000);
    const size_t told = world_log.count;
    assert_int_equal(put_since(5000, ASK_OPEN, 5000), ASK_OPEN);
    assert_int_equal(put_since(5000 + skew_s, ASK_OPEN, 5000), ASK_OPEN);
    assert_int_equal(put_since(5001 + skew_s, ASK_QUEUED, 5000), ASK_QUEUED);
    assert_int_equal(put_since(5001 + skew_s, ASK_REFUSED, 5000), ASK_REFUSED);
    assert_int_equal(world_log.count, told);
    assert_int_equal(put_since(5001 + skew_s, ASK_OPEN, 5000), ASK_CLOSED);
    assert_int_equal(world_log.count, told + 1);
    assert_int_equal(world_log.entries[told].event, AUDIT_EVENT_REQUEST_CLOSED);
}

static void line_says(const char *what)
{
    CLEANUP(buf_free) struct buf line = buf_new(1024);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(ask_lost_line(&trip.w.agent, txn, &line), ERR_OK);
    buf_put_u8(&line, 0);
    if (what[0] == '\0')
        assert_int_equal(line.len, 1);
    else if (strstr((const char *)line.ptr, what) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", what, (const char *)line.ptr);
}

static uint64_t heard_s(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t at_s = 0;
    assert_int_equal(kv_read_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_get_number(trip.w.agent.store, txn, STORE_RESTORED_HEARD, &at_s), ERR_OK);
    return at_s;
}

/* Batches go again once for each such word, whether or not it closed a question. */
static void each_word_of_a_restore_is_noted(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        trip.w.now_s += 60;
        assert_int_equal(put_since(5000, ASK_OPEN, 5000), ASK_OPEN);
        assert_int_equal(heard_s(), trip.w.now_s);
    }
}

/* For a month, with what was closed by it; a copy of which it says so once more counts on. */
static void people_see_that_the_broker_was_restored(void **state)
{
    (void)state;
    struct kv_txn *txn = NULL;
    line_says("");
    assert_int_equal(put_since(50000, ASK_OPEN, 0), ASK_OPEN);
    line_says("");
    assert_int_equal(put_since(5000, ASK_OPEN, 5000), ASK_OPEN); /* nothing to complain of */
    line_says("");
    assert_int_equal(put_since(50000, ASK_OPEN, 5000), ASK_CLOSED);
    line_says("a copy of 1970-01-01T01:23:20");
    line_says("lost: 1");
    assert_int_equal(put_since(50000, ASK_OPEN, 5000), ASK_CLOSED);
    line_says("lost: 2");
    assert_int_equal(put_since(50000, ASK_OPEN, 6000), ASK_CLOSED);
    line_says("lost: 1");
    assert_int_equal(kv_write_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(ask_close_lost(&trip.w.agent, txn, 7000), ERR_OK); /* nothing is open: it hides nothing */
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    line_says("lost: 1");
    trip.w.now_s += INT64_C(32) * 86400;
    line_says("");
}

/* Whenever its answer comes: what the copy has is not closed because the answer was late. */
static void a_question_is_open_since_the_broker_accepted_it(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct kv_txn *txn = NULL;
    struct asked_header row;
    struct store *store = trip.w.agent.store;
    const struct accepted reply = {.credit = 1};
    const struct promise promise = {.committed_at_s = 4000};
    assert_int_equal(put_since(3000, ASK_QUEUED, 5000), ASK_QUEUED);
    assert_int_equal(kv_write_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(ask_request_owner.on_accepted(&trip.w.agent, txn, digest_bytes(&trip.v.header_digest), &reply, &promise),
                     ERR_OK);
    assert_int_equal(asked_header_get(store, txn, &trip.v.header_digest, a, &row), ERR_OK);
    assert_int_equal(row.state, ASK_OPEN);
    assert_int_equal(row.since_s, 4000);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

/* Loop and store thread, for what the part does by itself. */
static void start_part(void)
{
    static struct ask part;
    struct agent *a = &trip.w.agent;
    part = (struct ask){.agent = a};
    a->ask = &part;
    assert_int_equal(loop_new(&a->loop), ERR_OK);
    const struct writer_params wp = {.kv = a->kv, .loop = a->loop};
    assert_int_equal(writer_new(&wp, &a->writer), ERR_OK);
}

static void stop_part(void)
{
    struct agent *a = &trip.w.agent;
    writer_free(a->writer);
    loop_free(a->loop);
}

/* What waits is judged once more, as it is when the view changes and with the timer. */
static void judge_again(void)
{
    const int64_t end_ms = clock_mono_ms() + 10000;
    ask_retry(&trip.w.agent);
    while (ask_of(&trip.w.agent)->is_retrying && clock_mono_ms() < end_ms)
        assert_int_equal(loop_turn(trip.w.agent.loop, 10), ERR_OK);
    assert_false(ask_of(&trip.w.agent)->is_retrying);
}

/* A file of a key may be missing: the mailbox does not stand still for it, and nothing is lost. The
 * broker has forgotten the release by then, and closed the request. */
static void a_release_without_a_key_waits_for_it(void **state)
{
    (void)state;
    trip.w.has_no_key = true;
    bring(TRUE_ONE);
    expect(RESULT_WAITS);
    bring(TRUE_ONE);
    expect(RESULT_WAITS); /* as if it had come once */
    assert_int_equal(world_number(&trip.w, MAIL_REFUSED), 0);
    assert_int_equal(world_number(&trip.w, RESULTS_WAIT), 1);
    start_part();
    judge_again();
    expect(RESULT_WAITS);
    close_request();
    trip.w.has_no_key = false;
    judge_again();
    expect(RESULT_RELEASED);
    assert_int_equal(world_number(&trip.w, RESULTS_WAIT), 0);
    stop_part();
}

/* Nobody can tell the two apart yet: the damaged one does not take the place of the true one. */
static void what_waits_is_each_judged_for_itself(void **state)
{
    (void)state;
    trip.w.has_no_key = true;
    bring(DAMAGED);
    bring(TRUE_ONE);
    trip.w.has_no_key = false;
    start_part();
    judge_again();
    expect(RESULT_RELEASED);
    stop_part();
}

/* No key is not a way around the custodian's word. */
static void a_release_that_waits_ends_with_its_epoch(void **state)
{
    (void)state;
    trip.w.has_no_key = true;
    bring(TRUE_ONE);
    world_say_epochs(&trip.w, "ca");
    trip.w.has_no_key = false;
    start_part();
    judge_again();
    expect(RESULT_REJECTED);
    stop_part();
}

static void a_release_under_a_compromised_epoch_needs_no_key_to_be_none(void **state)
{
    (void)state;
    trip.w.has_no_key = true;
    world_say_epochs(&trip.w, "ca");
    bring(TRUE_ONE);
    expect(RESULT_REJECTED);
}

static void a_release_under_a_retired_epoch_is_one(void **state)
{
    (void)state;
    world_say_epochs(&trip.w, "ra");
    bring(TRUE_ONE);
    expect(RESULT_RELEASED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_true_release_takes_the_place_of_a_damaged_one),
        TEST(a_question_that_was_accepted_after_the_copy_is_lost),
        TEST(each_word_of_a_restore_is_noted),
        TEST(people_see_that_the_broker_was_restored),
        TEST(a_question_is_open_since_the_broker_accepted_it),
        TEST(a_standing_request_whose_question_was_lost_is_due_again),
        TEST(a_release_that_comes_again_stands_as_it_came),
        TEST(a_damaged_release_never_takes_the_place_of_the_true_one),
        TEST(a_release_under_a_compromised_epoch_is_none),
        TEST(a_release_without_a_key_waits_for_it),
        TEST(what_waits_is_each_judged_for_itself),
        TEST(a_release_that_waits_ends_with_its_epoch),
        TEST(a_release_under_a_compromised_epoch_needs_no_key_to_be_none),
        TEST(a_release_under_a_retired_epoch_is_one),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
