/* broker/mailbox: order, caps, acknowledgement, encryption at rest, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/mailboxes.h"
#include "broker/store/mail.h"
#include "broker/store/store.h"
#include "proto/host/kv_write.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct bench bench;
static struct kv_txn *txn; /* the store thread's part, played by the test */

static const struct agency_id *who(enum bench_member m)
{
    return &bench.view.members[m].id;
}

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    OK(kv_write_begin(bench.broker.kv, &txn));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kv_write_abort(txn);
    bench_close(&bench);
    return 0;
}

static uint64_t put(enum bench_member to, enum mail_kind kind, const char *content)
{
    uint64_t sequence = 0;
    OK(mailbox_put(bench.broker.mailboxes, txn, who(to), kind, bytes_str(content), &sequence));
    return sequence;
}

static struct mail collect(enum bench_member of, uint64_t after, struct arena *a)
{
    struct mail m = {0};
    const struct mailbox_from from = {.to = who(of), .after = after};
    OK(mailbox_collect(bench.broker.mailboxes, txn, &from, a, &m));
    return m;
}

static void items_come_in_order_and_to_their_agency_only(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    assert_int_equal(put(BENCH_ALFA, MAIL_PROOF, "one"), 1);
    assert_int_equal(put(BENCH_BRAVO, MAIL_HIT, "theirs"), 1);
    assert_int_equal(put(BENCH_ALFA, MAIL_CLOSED, "two"), 2);
    const struct mail m = collect(BENCH_ALFA, 0, a);
    assert_int_equal(m.item_count, 2);
    assert_int_equal(m.items[0].kind, MAIL_PROOF);
    assert_true(bytes_is(m.items[0].content, "one"));
    assert_int_equal(m.items[1].sequence, 2);
    assert_true(bytes_is(m.items[1].content, "two"));
    assert_int_equal(collect(BENCH_ALFA, 1, a).item_count, 1);
}

static void acknowledged_items_are_gone_and_numbers_go_on(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    for (unsigned i = 0; i < 5; i++)
        (void)put(BENCH_ALFA, MAIL_PROOF, "x");
    OK(mailbox_ack(bench.broker.mailboxes, txn, who(BENCH_ALFA), 3));
    struct mail m = collect(BENCH_ALFA, 0, a);
    assert_int_equal(m.item_count, 2);
    assert_int_equal(m.items[0].sequence, 4);
    OK(mailbox_ack(bench.broker.mailboxes, txn, who(BENCH_ALFA), 2)); /* an old one changes nothing */
    assert_int_equal(collect(BENCH_ALFA, 0, a).item_count, 2);
    /* One for what never was is cut to what is: later items are not lost. */
    OK(mailbox_ack(bench.broker.mailboxes, txn, who(BENCH_ALFA), UINT64_MAX));
    assert_int_equal(collect(BENCH_ALFA, 0, a).item_count, 0);
    assert_int_equal(put(BENCH_ALFA, MAIL_PROOF, "next"), 6);
    m = collect(BENCH_ALFA, 0, a);
    assert_int_equal(m.item_count, 1);
}

static void a_full_mailbox_says_so_and_room_comes_back(void **state)
{
    (void)state;
    uint64_t sequence = 0;
    for (uint64_t i = 0; i < bench.config.mailbox_messages; i++)
        (void)put(BENCH_ALFA, MAIL_PROOF, "x");
    assert_int_equal(mailbox_put(bench.broker.mailboxes, txn, who(BENCH_ALFA), MAIL_PROOF,
                                 bytes_str("x"), &sequence),
                     ERR_LIMIT);
    (void)put(BENCH_BRAVO, MAIL_PROOF, "others have room");
    OK(mailbox_ack(bench.broker.mailboxes, txn, who(BENCH_ALFA), 1));
    (void)put(BENCH_ALFA, MAIL_PROOF, "x");
}

static void bytes_are_capped_too(void **state)
{
    (void)state;
    static uint8_t half[600000];
    uint64_t sequence = 0;
    const struct bytes content = BYTES_OF_ARRAY(half);
    OK(mailbox_put(bench.broker.mailboxes, txn, who(BENCH_ALFA), MAIL_SETTLED, content,
                   &sequence));
    assert_int_equal(mailbox_put(bench.broker.mailboxes, txn, who(BENCH_ALFA), MAIL_SETTLED,
                                 content, &sequence),
                     ERR_LIMIT);
    static uint8_t large[(size_t)3 << 20];
    assert_int_equal(mailbox_put(bench.broker.mailboxes, txn, who(BENCH_BRAVO), MAIL_SETTLED,
                                 BYTES_OF_ARRAY(large), &sequence),
                     ERR_TOO_LARGE);
}

static void an_item_can_be_taken_back(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    (void)put(BENCH_ALFA, MAIL_HIT, "one");
    const uint64_t two = put(BENCH_ALFA, MAIL_HIT, "two");
    OK(mailbox_withdraw(bench.broker.mailboxes, txn, who(BENCH_ALFA), two));
    assert_int_equal(mailbox_withdraw(bench.broker.mailboxes, txn, who(BENCH_ALFA), two),
                     ERR_NOT_FOUND);
    assert_int_equal(collect(BENCH_ALFA, 0, a).item_count, 1);
    assert_int_equal(put(BENCH_ALFA, MAIL_HIT, "three"), 3); /* its number is not given out again */
}

static struct bytes stored(uint64_t sequence)
{
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    struct bytes value;
    mail_place(who(BENCH_ALFA), sequence, &key);
    OK(kv_get(txn, bench.broker.store->mail, buf_bytes(&key), &value));
    return value;
}

static void items_are_encrypted_at_rest_and_bound_to_their_place(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    (void)put(BENCH_ALFA, MAIL_HIT, "necessity text");
    (void)put(BENCH_ALFA, MAIL_HIT, "another secret");
    const struct bytes one = stored(1);
    assert_null(memmem(one.ptr, one.len, "necessity", 9));
    /* The second item's bytes in the first one's place do not open. */
    CLEANUP(buf_free) struct buf copy = buf_new(4096);
    buf_put(&copy, stored(2));
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    mail_place(who(BENCH_ALFA), 1, &key);
    OK(kv_put(txn, bench.broker.store->mail, buf_bytes(&key), buf_bytes(&copy)));
    struct mail m = {0};
    const struct mailbox_from from = {.to = who(BENCH_ALFA)};
    assert_int_equal(mailbox_collect(bench.broker.mailboxes, txn, &from, a, &m), ERR_SIGNATURE);
}

static void one_mail_takes_what_fits_and_leaves_the_rest(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    static uint8_t part[10000];
    uint64_t sequence = 0;
    for (unsigned i = 0; i < 100; i++)
        OK(mailbox_put(bench.broker.mailboxes, txn, who(BENCH_ALFA), MAIL_SETTLED,
                       BYTES_OF_ARRAY(part), &sequence));
    const struct mail m = collect(BENCH_ALFA, 0, a);
    assert_int_equal(m.item_count, 100);
    OK(mail_encode(&m, &body));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(items_come_in_order_and_to_their_agency_only),
        T(acknowledged_items_are_gone_and_numbers_go_on),
        T(a_full_mailbox_says_so_and_room_comes_back),
        T(bytes_are_capped_too),
        T(an_item_can_be_taken_back),
        T(items_are_encrypted_at_rest_and_bound_to_their_place),
        T(one_mail_takes_what_fits_and_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
