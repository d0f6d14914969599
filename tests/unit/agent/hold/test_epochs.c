/* One question in two epochs is one question to the holder, and what the state of an epoch permits. */
#include "tests/unit/agent/hold/world.h"

#include "agent/hold/epoch.h"
#include "agent/store/store.h"
#include "proto/host/kv_write.h"

#define OFFICER ((struct decision_of){O_UWV_A, CONSENT_RELEASE, "", {"soort_uitkering", NULL}})

/* The same request, to the record of the world in its epoch. */
static void make_notice(struct world *w, struct question *q)
{
    question_new(w, q);
    q->header.epoch = w->record.epoch;
    q->seed = (uint8_t)(7 * w->record.epoch);
    question_make(w, q);
}

/* False: it was dropped. */
static bool notice(struct world *w)
{
    struct question q;
    make_notice(w, &q);
    bool dropped = world_deliver(w, &hold_hit_owner, buf_bytes(&q.content));
    question_free(&q);
    return !dropped;
}

static void begin(struct world *w, const char *states)
{
    world_new(w);
    world_say_epochs(w, states);
}

/* How many entries say that a question came about an item. */
static size_t raised_entries(void)
{
    size_t n = 0;
    for (size_t i = 0; i < world_log.count; i++)
        n += world_log.entries[i].event == AUDIT_EVENT_ITEM_RAISED;
    return n;
}

/* It stands in the newer one, whichever came first; that each question came is an entry. */
static void a_record_in_two_epochs_is_one_item(void **state)
{
    (void)state;
    for (uint32_t first = 1; first <= 2; first++) {
        struct world w;
        struct hold_item item;
        struct question q[2];
        begin(&w, "aa");
        if (first == 2)
            world_turn_record(&w, 2);
        for (uint32_t i = 0; i < 2; i++) {
            make_notice(&w, &q[i]);
            assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q[i].content)));
            assert_int_equal(world_items(&w), 1);
            world_turn_record(&w, 3 - w.record.epoch);
        }
        /* both once more: as if they had come once */
        for (uint32_t i = 0; i < 2; i++) {
            assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q[i].content)));
            question_free(&q[i]);
            world_turn_record(&w, 3 - w.record.epoch);
        }
        assert_int_equal(world_items(&w), 1);
        assert_int_equal(raised_entries(), 2);
        assert_int_equal(world_logged_number(AUDIT_EVENT_ITEM_RAISED, "folded"), 1);
        world_item(&w, 1, &item);
        assert_int_equal(item.folded, 1);
        assert_int_equal(item.state, ITEM_OPEN);
        if (first == 1)
            world_turn_record(&w, 2);
        assert_memory_equal(item.handle.b, w.record.handle.b, sizeof item.handle.b);
        /* and can be decided there */
        const struct decision_of other = {O_UWV_B, CONSENT_RELEASE, "", {"soort_uitkering", NULL}};
        assert_int_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
        assert_int_equal(world_decide(&w, 1, &other), ERR_OK);
        assert_int_equal(w.sent_count, 1);
        world_free(&w);
    }
}

/* Two rows of the source may say the same: they are two records in each epoch. */
static void two_records_that_say_the_same_are_two_items(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "aa");
    assert_true(notice(&w)); /* A in 1 */
    world_turn_record(&w, 2);
    assert_true(notice(&w)); /* A in 2 */
    w.record.handle.b[0] ^= 1;
    assert_true(notice(&w)); /* B in 2 */
    assert_int_equal(world_items(&w), 2);
    world_turn_record(&w, 1);
    assert_true(notice(&w)); /* B in 1 */
    assert_int_equal(world_items(&w), 2);
    world_free(&w);
}

/* The same where one epoch brings both before the other brings any. */
static void two_such_records_of_one_epoch_are_two_items(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "aa");
    for (uint32_t epoch = 1; epoch <= 2; epoch++) {
        if (epoch == 2)
            world_turn_record(&w, 2);
        assert_true(notice(&w));
        w.record.handle.b[0] ^= 1;
        assert_true(notice(&w));
        assert_int_equal(world_items(&w), 2);
    }
    world_free(&w);
}

static void another_subject_or_content_is_an_item_of_its_own(void **state)
{
    (void)state;
    struct world w;
    struct question q;
    begin(&w, "aa");
    assert_true(notice(&w));
    world_turn_record(&w, 2);
    question_new(&w, &q);
    q.header.epoch = 2;
    q.group = q.leaf_group = q.sealed.group = 1;
    question_make(&w, &q);
    assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    question_free(&q);
    assert_int_equal(world_items(&w), 2);
    w.fields[1].value = bytes_str("WIA");
    w.record.handle.b[0] ^= 2;
    assert_true(notice(&w));
    assert_int_equal(world_items(&w), 3);
    world_free(&w);
}

/* The epoch that comes when all is decided, or sent and settled, finds its item still. */
static void what_was_decided_is_not_asked_again(void **state)
{
    (void)state;
    for (int closed = 0; closed <= 1; closed++) {
        struct world w;
        struct hold_item item;
        const struct decision_of other = {O_UWV_B, CONSENT_RELEASE, "", {"soort_uitkering", NULL}};
        begin(&w, "aa");
        assert_true(notice(&w));
        assert_int_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
        assert_int_equal(world_decide(&w, 1, &other), ERR_OK);
        assert_int_equal(w.sent_count, 1);
        if (closed) {
            uint8_t tag[8] = {0, 0, 0, 0, 0, 0, 0, 1};
            const struct accepted reply = {.credit = 1};
            const struct promise promise = {.merge_by_s = 1};
            struct kv_txn *txn = NULL;
            assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
            assert_int_equal(hold_settle_owner.on_accepted(&w.agent, txn, bytes_of(tag, 8), &reply,
                                                           &promise),
                             ERR_OK);
            assert_int_equal(kv_write_commit(txn), ERR_OK);
            world_item(&w, 1, &item);
            assert_int_equal(item.state, ITEM_SETTLED);
            assert_true(item.emptied);
        }
        world_turn_record(&w, 2);
        assert_true(notice(&w));
        assert_int_equal(world_items(&w), 1);
        world_item(&w, 1, &item);
        assert_int_equal(item.state, closed ? ITEM_SETTLED : ITEM_SENT);
        assert_int_not_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
        assert_int_equal(w.sent_count, 1);
        world_free(&w);
    }
}

/* What is asked under an epoch raises an item while it is active or retired, and not before or after. */
static void only_an_epoch_that_serves_raises_an_item(void **state)
{
    (void)state;
    static const struct {
        const char *states;
        bool raises; /* in epoch 2 */
    } cases[] = {{"ad", false}, {"aa", true}, {"ar", true}, {"ac", false}, {"ax", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        begin(&w, cases[i].states);
        world_turn_record(&w, 2);
        if (notice(&w) != cases[i].raises)
            fail_msg("%s", cases[i].states);
        assert_int_equal(world_items(&w), cases[i].raises);
        world_free(&w);
    }
}

/* What waits when its epoch is compromised ends at once, and with it what only a decision needs. */
static void a_compromised_epoch_ends_its_items(void **state)
{
    (void)state;
    static const struct {
        const char *states;
        bool ends;
    } cases[] = {{"ra", false}, {"ca", true}, {"xa", true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        struct hold_item item;
        struct kv_txn *txn = NULL;
        unsigned closed = 9;
        world_new(&w);
        assert_true(notice(&w));
        world_say_epochs(&w, cases[i].states);
        assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
        assert_int_equal(epoch_end_items(&w.agent, w.view, txn, &closed), ERR_OK);
        assert_int_equal(kv_write_commit(txn), ERR_OK);
        assert_int_equal(closed, cases[i].ends);
        world_item(&w, 1, &item);
        assert_int_equal(item.state, cases[i].ends ? ITEM_ENDED : ITEM_OPEN);
        assert_int_equal(item.emptied, cases[i].ends);
        world_free(&w);
    }
}

/* The custodian's next word, and what it does to the items; how many ended. */
static unsigned say(struct world *w, const char *states)
{
    struct kv_txn *txn = NULL;
    unsigned closed = 9;
    world_say_epochs(w, states);
    assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(epoch_end_items(&w->agent, w->view, txn, &closed), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return closed;
}

/* The entry of an end with its epoch says whether the agency had to decide, and did not. */
static void an_epoch_that_ends_behind_the_term_is_told(void **state)
{
    (void)state;
    static const struct policy_edit shall[] = {WORLD_SHALL, {NULL, NULL}};
    static const struct {
        const struct policy_edit *edits;
        int64_t later_s;
        int64_t overdue;
    } cases[] = {{shall, WORLD_TERM_S, 0}, {shall, WORLD_TERM_S + 1, 1}, {NULL, WORLD_TERM_S + 1, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        world_new_edited(&w, cases[i].edits);
        assert_true(notice(&w));
        w.now_s += cases[i].later_s;
        assert_int_equal(say(&w, "ca"), 1);
        assert_int_equal(world_logged_number(AUDIT_EVENT_ITEM_CLOSED, "overdue"), cases[i].overdue);
        world_free(&w);
    }
}

/* Two records of one question, the first of them damaged. */
static void begin_damaged(struct world *w)
{
    begin(w, "aa");
    assert_true(notice(w));
    w->record.handle.b[0] ^= 1;
    assert_true(notice(w));
    assert_int_equal(world_items(w), 2);
    world_damage_item(w, 1);
}

static void a_damaged_item_keeps_no_other_open(void **state)
{
    (void)state;
    struct world w;
    struct hold_item item;
    begin_damaged(&w);
    assert_int_equal(say(&w, "ca"), 1);
    world_item(&w, 2, &item);
    assert_int_equal(item.state, ITEM_ENDED);
    world_free(&w);
}

static void a_damaged_item_drops_no_notice(void **state)
{
    (void)state;
    struct world w;
    struct hold_item item;
    begin_damaged(&w);
    world_turn_record(&w, 2);
    assert_true(notice(&w));
    world_item(&w, 2, &item);
    assert_int_equal(item.folded, 1); /* found behind the damaged one */
    world_free(&w);
}

/* The custodian's word alone says so: the statement of its key is not here any more. */
static void an_epoch_ends_without_its_statement(void **state)
{
    (void)state;
    struct world w;
    struct kv_txn *txn = NULL;
    unsigned closed = 9;
    begin(&w, "aa");
    assert_true(notice(&w));
    view_free(take(w.older));
    world_say_epochs(&w, "ca");
    struct view_files files = *view_files(w.view);
    files.deals++; /* of epoch 1 */
    files.deal_count--;
    view_free(take(w.older));
    world_change_view(&w, &files);
    assert_null(view_deal(w.view, &w.purpose, 1));
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(epoch_end_items(&w.agent, w.view, txn, &closed), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_int_equal(closed, 1);
    world_free(&w);
}

static const struct decision_of second_officer = {O_UWV_B, CONSENT_RELEASE, "",
                                                  {"soort_uitkering", NULL}};

/* The item stands in the epoch of the record of the world, unsigned, and can be decided there. */
static void expect_decidable(struct world *w)
{
    struct hold_item item;
    const size_t sent = w->sent_count;
    assert_int_equal(world_items(w), 1);
    world_item(w, 1, &item);
    assert_int_equal(item.state, ITEM_OPEN);
    assert_int_equal(item.consent_count, 0);
    assert_memory_equal(item.handle.b, w->record.handle.b, sizeof item.handle.b);
    assert_int_equal(world_decide(w, 1, &OFFICER), ERR_OK);
    assert_int_equal(world_decide(w, 1, &second_officer), ERR_OK);
    assert_int_equal(w->sent_count, sent + 1);
}

/* A question that both epochs found outlives either, whichever notice came first. */
static void a_compromised_epoch_takes_nothing_from_the_other(void **state)
{
    (void)state;
    static const char *const words[] = {"ca", "ac"};
    for (uint32_t first = 1; first <= 2; first++)
        for (uint32_t ends = 1; ends <= 2; ends++) {
            struct world w;
            struct hold_item item;
            begin(&w, "aa");
            if (first == 2)
                world_turn_record(&w, 2);
            assert_true(notice(&w));
            world_turn_record(&w, 3 - first);
            assert_true(notice(&w));
            world_item(&w, 1, &item);
            const struct consent_nonce nonce = item.nonce;
            assert_int_equal(say(&w, words[ends - 1]), 0);
            if (w.record.epoch == ends)
                world_turn_record(&w, 3 - ends);
            world_item(&w, 1, &item);
            if (ends == 2)
                assert_memory_not_equal(item.nonce.b, nonce.b, sizeof nonce.b);
            assert_true(notice(&w)); /* once more: nothing is asked twice */
            assert_int_equal(item.folded, 1);
            expect_decidable(&w);
            world_free(&w);
        }
}

/* What was signed under it went no further; the other epoch is asked anew. */
static void what_was_signed_under_a_compromised_epoch_is_asked_in_the_other(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "aa");
    assert_true(notice(&w));
    assert_int_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
    world_turn_record(&w, 2);
    assert_true(notice(&w));
    assert_int_equal(say(&w, "ca"), 0);
    assert_string_equal(world_stopped_for(), "epoch_ended");
    expect_decidable(&w);
    world_free(&w);
}

static void what_was_decided_under_a_compromised_epoch_is_asked_in_the_other(void **state)
{
    (void)state;
    struct world w;
    struct hold_item item;
    begin(&w, "aa");
    assert_true(notice(&w));
    w.is_unacknowledged = true; /* so that it waits */
    assert_int_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
    assert_int_equal(world_decide(&w, 1, &second_officer), ERR_OK);
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_DECIDED);
    world_turn_record(&w, 2);
    assert_true(notice(&w));
    w.is_unacknowledged = false;
    assert_int_equal(say(&w, "ca"), 0);
    world_item(&w, 1, &item);
    assert_true(item.due_s > w.now_s + 60);
    assert_string_equal(world_stopped_for(), "epoch_ended");
    expect_decidable(&w);
    world_free(&w);
}

/* The second signature comes when the epoch has ended, and the items were not looked at yet. */
static void a_last_signature_that_comes_too_late_leaves_the_other_epoch(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "aa");
    assert_true(notice(&w));
    assert_int_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
    world_turn_record(&w, 2);
    assert_true(notice(&w));
    view_free(take(w.older));
    world_say_epochs(&w, "ca");
    world_turn_record(&w, 1);
    assert_int_equal(world_decide(&w, 1, &second_officer), ERR_OK);
    assert_int_equal(w.sent_count, 0);
    assert_string_equal(world_stopped_for(), "epoch_ended");
    world_turn_record(&w, 2);
    expect_decidable(&w);
    world_free(&w);
}

/* The notice of the epoch that serves comes when the item has ended with its own. */
static void an_item_that_ended_with_its_epoch_comes_back_with_the_other(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "aa");
    assert_true(notice(&w));
    assert_int_equal(say(&w, "ca"), 1);
    world_turn_record(&w, 2);
    assert_true(notice(&w));
    expect_decidable(&w);
    world_free(&w);
}

/* With both epochs gone there is nothing to go over to. */
static void an_item_whose_epochs_both_ended_ends(void **state)
{
    (void)state;
    struct world w;
    struct hold_item item;
    begin(&w, "aa");
    assert_true(notice(&w));
    world_turn_record(&w, 2);
    assert_true(notice(&w));
    assert_int_equal(say(&w, "cc"), 1);
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_ENDED);
    assert_true(item.emptied);
    assert_int_equal(item.twin.header.len + item.twin.matched_count, 0);
    world_free(&w);
}

/* What was decided and waits to leave does not leave once its epoch is compromised; retired, it does. */
static void nothing_leaves_under_a_compromised_epoch(void **state)
{
    (void)state;
    static const struct {
        const char *states;
        size_t sent;
        const char *stopped_for;
    } cases[] = {{"ra", 1, ""}, {"ca", 0, "stands_no_more"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        const struct decision_of other = {O_UWV_B, CONSENT_RELEASE, "", {"soort_uitkering", NULL}};
        world_new(&w);
        assert_true(notice(&w));
        assert_int_equal(world_decide(&w, 1, &OFFICER), ERR_OK);
        world_say_epochs(&w, cases[i].states);
        enum err bad = world_decide(&w, 1, &other);
        if (w.sent_count != cases[i].sent)
            fail_msg("%s: sent %zu, %s", cases[i].states, w.sent_count, err_text(bad));
        assert_string_equal(world_stopped_for(), cases[i].stopped_for);
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_in_two_epochs_is_one_item),
        cmocka_unit_test(two_records_that_say_the_same_are_two_items),
        cmocka_unit_test(two_such_records_of_one_epoch_are_two_items),
        cmocka_unit_test(another_subject_or_content_is_an_item_of_its_own),
        cmocka_unit_test(what_was_decided_is_not_asked_again),
        cmocka_unit_test(only_an_epoch_that_serves_raises_an_item),
        cmocka_unit_test(a_compromised_epoch_ends_its_items),
        cmocka_unit_test(a_compromised_epoch_takes_nothing_from_the_other),
        cmocka_unit_test(what_was_signed_under_a_compromised_epoch_is_asked_in_the_other),
        cmocka_unit_test(what_was_decided_under_a_compromised_epoch_is_asked_in_the_other),
        cmocka_unit_test(a_last_signature_that_comes_too_late_leaves_the_other_epoch),
        cmocka_unit_test(an_item_that_ended_with_its_epoch_comes_back_with_the_other),
        cmocka_unit_test(an_item_whose_epochs_both_ended_ends),
        cmocka_unit_test(a_damaged_item_keeps_no_other_open),
        cmocka_unit_test(a_damaged_item_drops_no_notice),
        cmocka_unit_test(an_epoch_ends_without_its_statement),
        cmocka_unit_test(nothing_leaves_under_a_compromised_epoch),
        cmocka_unit_test(an_epoch_that_ends_behind_the_term_is_told),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
