/* agent/import/resend_find: which batch a restored broker is sent next, and when there is none to send. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/import/data_set.h"
#include "agent/import/resend_find.h"
#include "agent/import/resend_given.h"
#include "agent/records/batch_row.h"
#include "pki/digest.h"
#include "proto/msg/batch.h"

#include "pki/view/view.h"

enum { BATCHES = 5 };

/* Of each purpose epoch 1 is retired and epoch 7 active. */
enum epoch_state view_epoch_state(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    (void)v;
    (void)purpose;
    return epoch == 7 ? EPOCH_ACTIVE : epoch == 1 ? EPOCH_RETIRED : EPOCH_COMPROMISED;
}

static struct import_store s;
static struct digest digests[BATCHES + 1]; /* by sequence */

static struct name named(const char *text)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(text), &n), ERR_OK);
    return n;
}

/* A row as it is once the batch is in effect. */
static void put(uint32_t no, const struct batch_header *h, enum batch_state state)
{
    CLEANUP(buf_free) struct buf header = buf_new(1 << 12);
    static const uint8_t signature[70] = {0x30};
    assert_int_equal(batch_header_encode(h, &header), ERR_OK);
    const struct batch_row row = {.state = state,
                                  .kind = h->kind,
                                  .data_set = 1,
                                  .record_count = h->record_count,
                                  .chunks = 1,
                                  .header = buf_bytes(&header),
                                  .signature = BYTES_OF_ARRAY(signature)};
    assert_int_equal(batch_row_put(s.store, s.txn, no, &row), ERR_OK);
    assert_int_equal(store_put_number(s.store, s.txn, "batches", no), ERR_OK);
    if (state == BATCH_APPLIED || state == BATCH_VOID)
        assert_int_equal(digest_sha256(&(struct bytes){header.ptr, header.len}, 1, &digests[h->sequence]), ERR_OK);
}

static struct batch_header header_of(const char *purpose, uint64_t sequence)
{
    struct batch_header h = {.deployment = named("demo"),
                             .purpose = named(purpose),
                             .epoch = 1,
                             .suite = SUITE_HK1,
                             .sequence = sequence,
                             .kind = BATCH_ADD,
                             .record_count = 1,
                             .token_count = 1,
                             .mode = IMPORT_MODE_DELTA,
                             .issued_at_s = 1790000000};
    assert_int_equal(agency_id_parse(bytes_str("00000099000000005000"), &h.agency), ERR_OK);
    h.norm_versions[IDENT_BSN] = 1;
    h.batch_id.b[0] = (uint8_t)sequence;
    if (sequence > 1)
        h.previous_digest = digests[sequence - 1];
    return h;
}

/* Five batches of a chain with numbers 2, 4, 6, … between those of another; one that was refused has the number that the
 * last one got. */
static int setup(void **state)
{
    (void)state;
    import_store_open(&s);
    import_store_begin(&s);
    for (uint32_t i = 1; i <= BATCHES; i++) {
        struct batch_header h = header_of("andere", 1);
        put(2 * i - 1, &h, BATCH_PREPARED);
        h = header_of("riec-casus", i);
        put(2 * i, &h, i == 2 ? BATCH_VOID : BATCH_APPLIED);
    }
    struct batch_header refused = header_of("riec-casus", BATCHES);
    put(2 * BATCHES + 1, &refused, BATCH_REFUSED);
    const struct chain_head head = {BATCHES, digests[BATCHES]};
    const struct chain_id id = {named("riec-casus"), 1};
    assert_int_equal(chain_head_put(s.store, s.txn, &id, &head), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    import_store_commit(&s);
    import_store_close(&s);
    return 0;
}

static enum err find(uint64_t sequence, const struct digest *digest, struct resend_batch *out)
{
    CLEANUP(buf_free) struct buf body = buf_new(1 << 16);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1 << 16);
    struct errmsg why = {""};
    struct batch_message m;
    struct hello_chain end = {.purpose = named("riec-casus"), .epoch = 1, .sequence = sequence};
    if (digest != NULL)
        end.digest = *digest;
    const enum err bad = resend_find(s.store, s.txn, &end, out, &body, &why);
    if (bad == ERR_OK)
        assert_int_equal(batch_message_decode(buf_bytes(&body), a, &m, &why), ERR_OK);
    else if (bad != ERR_NOT_FOUND)
        assert_true(why.text[0] != '\0');
    return bad;
}

static void each_batch_behind_the_brokers_last_is_found_in_turn(void **state)
{
    (void)state;
    struct resend_batch b;
    assert_int_equal(find(0, NULL, &b), ERR_OK);
    assert_int_equal(b.no, 2);
    for (uint32_t i = 1; i < BATCHES; i++) {
        assert_int_equal(find(i, &digests[i], &b), ERR_OK);
        assert_int_equal(b.no, 2 * (i + 1));
        assert_true(digest_equal(&b.digest, &digests[i + 1]));
    }
    assert_int_equal(find(BATCHES, &digests[BATCHES], &b), ERR_NOT_FOUND);
}

static void a_broker_with_other_batches_gets_none(void **state)
{
    (void)state;
    struct resend_batch b;
    struct digest other = digests[2];
    other.b[0] ^= 1;
    assert_int_equal(find(2, &other, &b), ERR_MISMATCH);
    assert_int_equal(find(BATCHES, &other, &b), ERR_MISMATCH);
    assert_int_equal(find(BATCHES + 1, &other, &b), ERR_MISMATCH);
}

static void what_is_not_here_any_more_is_said(void **state)
{
    (void)state;
    struct resend_batch b;
    uint8_t key[BATCH_KEY_BYTES];
    assert_int_equal(store_del(s.store, s.txn, STORE_BATCH, batch_key(6, key)), ERR_OK);
    assert_int_equal(find(2, &digests[2], &b), ERR_STATE);
    assert_int_equal(find(3, &digests[3], &b), ERR_OK);
}

/* In the place of a row: bytes that are none. */
static void damage(uint32_t no)
{
    uint8_t key[BATCH_KEY_BYTES];
    assert_int_equal(store_put(s.store, s.txn, STORE_BATCH, batch_key(no, key), bytes_str("x")), ERR_OK);
}

static void a_damaged_row_hides_no_batch_but_its_own(void **state)
{
    (void)state;
    struct resend_batch b;
    damage(9); /* of another chain, and passed on the way */
    damage(8);
    assert_int_equal(find(2, &digests[2], &b), ERR_OK);
    assert_int_equal(b.no, 6);
    assert_int_equal(find(3, &digests[3], &b), ERR_STATE);
    assert_int_equal(find(4, &digests[4], &b), ERR_OK);
}

static void put_altered(uint64_t sequence)
{
    struct batch_header h = header_of("riec-casus", sequence);
    h.issued_at_s++;
    put((uint32_t)(2 * sequence), &h, BATCH_APPLIED);
    assert_int_equal(store_put_number(s.store, s.txn, "batches", 2 * BATCHES + 1), ERR_OK);
}

/* By what the next one says of it, and of the last one the end of the chain. */
static void what_is_not_as_it_went_does_not_go_again(void **state)
{
    (void)state;
    struct resend_batch b;
    const struct digest third = digests[3];
    const struct digest last = digests[BATCHES];
    put_altered(3);
    assert_int_equal(find(2, &digests[2], &b), ERR_STATE);
    assert_int_equal(find(3, &third, &b), ERR_OK);
    put_altered(BATCHES);
    assert_int_equal(find(BATCHES - 1, &digests[BATCHES - 1], &b), ERR_STATE);
    assert_int_equal(find(BATCHES, &last, &b), ERR_NOT_FOUND);
}

/* Whoever says that it lacks them gets them once, and once more for each restore that it tells of. */
static void no_batch_is_sent_twice_for_one_restore(void **state)
{
    (void)state;
    struct resend_batch b;
    struct hello_chain end = {.purpose = named("riec-casus"), .epoch = 1, .sequence = 1};
    assert_int_equal(resend_note_sent(s.store, s.txn, &end), ERR_OK);
    assert_int_equal(find(0, NULL, &b), ERR_STATE);
    assert_int_equal(find(1, &digests[1], &b), ERR_STATE);
    assert_int_equal(find(2, &digests[2], &b), ERR_OK);
    assert_int_equal(store_put_number(s.store, s.txn, STORE_RESTORED_HEARD, 1790000000), ERR_OK);
    assert_int_equal(find(0, NULL, &b), ERR_OK);
    assert_int_equal(find(1, &digests[1], &b), ERR_OK);
    assert_int_equal(resend_note_sent(s.store, s.txn, &end), ERR_OK);
    assert_int_equal(find(1, &digests[1], &b), ERR_STATE);
    end.epoch = 2; /* another chain */
    end.sequence = 4;
    assert_int_equal(resend_note_sent(s.store, s.txn, &end), ERR_OK);
    assert_int_equal(find(2, &digests[2], &b), ERR_OK);
}

/* Of before withdrawals kept what they named; and with it. */
static void a_withdrawal_goes_with_what_it_named(void **state)
{
    (void)state;
    struct resend_batch b;
    uint8_t key[BATCH_KEY_BYTES];
    struct batch_header h = header_of("riec-casus", 4);
    h.kind = BATCH_WITHDRAW;
    put(8, &h, BATCH_APPLIED);
    assert_int_equal(find(3, &digests[3], &b), ERR_STATE);
    assert_int_equal(store_put(s.store, s.txn, STORE_BATCH_ITEMS, batch_key(8, key), bytes_str("x")), ERR_OK);
    assert_int_equal(find(3, &digests[3], &b), ERR_OK);
    assert_int_equal(b.no, 8);
}

static void all_chains_are_gone_through(void **state)
{
    (void)state;
    struct chain_id id = {.epoch = 0};
    struct chain_id before;
    struct chain_head head;
    const struct chain_id more = {named("andere"), 7};
    assert_int_equal(chain_head_put(s.store, s.txn, &more, &(struct chain_head){3, digests[1]}), ERR_OK);
    assert_int_equal(chain_head_next(s.store, s.txn, NULL, &id, &head), ERR_OK);
    assert_string_equal(id.purpose.s, "andere");
    assert_int_equal(id.epoch, 7);
    assert_int_equal(head.sequence, 3);
    before = id;
    assert_int_equal(chain_head_next(s.store, s.txn, &before, &id, &head), ERR_OK);
    assert_string_equal(id.purpose.s, "riec-casus");
    assert_true(head.sequence == BATCHES && digest_equal(&head.digest, &digests[BATCHES]));
    before = id;
    assert_int_equal(chain_head_next(s.store, s.txn, &before, &id, &head), ERR_NOT_FOUND);
}

static void put_head(const char *purpose, uint32_t epoch)
{
    const struct chain_id id = {named(purpose), epoch};
    assert_int_equal(chain_head_put(s.store, s.txn, &id, &(struct chain_head){3, digests[1]}), ERR_OK);
}

static void of_more_chains_than_fit_those_that_answer_are_said(void **state)
{
    (void)state;
    struct hello_chain room[3];
    struct resend_ends ends = {.v = room, .max = ARRAY_LEN(room)};
    put_head("andere", 3);
    put_head("andere", 7);
    put_head("riec-casus", 7);
    assert_int_equal(resend_ends(s.store, s.txn, NULL, &ends), ERR_OK);
    assert_int_equal(ends.count, 3);
    assert_int_equal(ends.left_out, 1);
    assert_int_equal(room[0].epoch, 7);
    assert_int_equal(room[1].epoch, 7);
    assert_string_equal(room[1].purpose.s, "riec-casus");
    assert_int_equal(room[2].epoch, 1);
    assert_int_equal(room[2].sequence, BATCHES);
    assert_true(digest_equal(&room[2].digest, &digests[BATCHES]));
}

static bool is_given(const struct resend_given *g, const struct hello_chain *end, const struct resend_by *by, int64_t now_ms)
{
    return resend_given_why(g, end, by, now_ms) != NULL;
}

static void what_was_given_up_is_tried_when_it_may_be_judged_otherwise(void **state)
{
    (void)state;
    static struct resend_given g;
    const struct resend_by by = {.roster_serial = 4};
    const struct hello_chain end = {.purpose = named("riec-casus"), .epoch = 1, .sequence = 3};
    const struct errmsg why = {"it is not here any more"};
    assert_false(is_given(&g, &end, &by, 1000));
    resend_give(&g, &end, &by, 1000, &why);
    assert_string_equal(resend_given_why(&g, &end, &by, 2000)->text, why.text);
    struct hello_chain other = end;
    other.sequence = 4; /* it has moved on */
    assert_false(is_given(&g, &other, &by, 2000));
    other = end;
    other.epoch = 2;
    assert_false(is_given(&g, &other, &by, 2000));
    struct resend_by then = {.roster_serial = 5};
    assert_false(is_given(&g, &end, &then, 2000));
    then = by;
    then.policy.b[0] = 1;
    assert_false(is_given(&g, &end, &then, 2000));
    then = by;
    then.states.b[0] = 1;
    assert_false(is_given(&g, &end, &then, 2000));
    assert_false(is_given(&g, &end, &by, 1000 + RESEND_GIVEN_FOR_MS));
    resend_give(&g, &end, &by, 1000 + RESEND_GIVEN_FOR_MS, &why);
    assert_true(is_given(&g, &end, &by, 1000 + RESEND_GIVEN_FOR_MS));
    assert_int_equal(g.count, 1);
}

static void of_more_than_there_is_room_for_the_oldest_is_tried_again(void **state)
{
    (void)state;
    static struct resend_given g;
    const struct resend_by by = {.roster_serial = 4};
    const struct errmsg why = {"x"};
    struct hello_chain end = {.purpose = named("riec-casus")};
    for (end.epoch = 1; end.epoch <= HELLO_CHAINS_MAX + 1; end.epoch++)
        resend_give(&g, &end, &by, end.epoch, &why);
    end.epoch = 1;
    assert_false(is_given(&g, &end, &by, 1000));
    end.epoch = HELLO_CHAINS_MAX + 1;
    assert_true(is_given(&g, &end, &by, 1000));
    end.epoch = 2;
    assert_true(is_given(&g, &end, &by, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_batch_behind_the_brokers_last_is_found_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broker_with_other_batches_gets_none, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_here_any_more_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(a_withdrawal_goes_with_what_it_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_row_hides_no_batch_but_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_as_it_went_does_not_go_again, setup, teardown),
        cmocka_unit_test_setup_teardown(no_batch_is_sent_twice_for_one_restore, setup, teardown),
        cmocka_unit_test_setup_teardown(all_chains_are_gone_through, setup, teardown),
        cmocka_unit_test(what_was_given_up_is_tried_when_it_may_be_judged_otherwise),
        cmocka_unit_test(of_more_than_there_is_room_for_the_oldest_is_tried_again),
        cmocka_unit_test_setup_teardown(of_more_chains_than_fit_those_that_answer_are_said, setup, teardown),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
