/* broker/renewal: what an agency asks the registrar lies in the registrar's mailbox, once; and what a registrar
 * may say here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "broker/mailboxes.h"
#include "broker/store/renewals.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_write.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define MOST_WAITING 64
#define STEPS_MAX 80

static const struct turn_handler *const handlers[] = {&hello_handler, &fetch_handler, &mail_ack_handler,
                                                      &bodies_handler, &renewal_handler};
static struct bench bench;
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    arena = arena_new((size_t)32 << 20);
    for (enum bench_member m = BENCH_ALFA; m <= BENCH_REGISTRAR; m++)
        bench_session(&bench, m, SESSION_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

/* The last answer; REFUSED_NONE and its promise, or the code of a refusal. */
static enum refusal_code answered(struct bytes *promise)
{
    struct envelope e;
    struct refused r = {0};
    struct accepted a = {0};
    bench_answer(&bench, arena, &e);
    if (e.kind == MSG_ACCEPTED)
        OK(accepted_decode(e.body, arena, &a, NULL));
    else
        OK(refused_decode(e.body, arena, &r, NULL));
    if (promise != NULL)
        *promise = a.promise;
    return r.code;
}

static void forget_answers(void)
{
    for (size_t i = 0; i < bench.answer_count; i++)
        buf_free(&bench.answers[i].frame);
    bench.answer_count = 0;
}

static void send(enum bench_member from, enum msg_kind kind, struct bytes body)
{
    forget_answers();
    const struct bench_message m = bench_message(&bench, from, kind, body);
    bench_send(&bench, &m);
}

static enum refusal_code ask(enum bench_member from, enum bench_member to, struct bytes renewal,
                             struct bytes *promise)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 20);
    const struct renewal_ask r = {bench.view.members[to].id, renewal};
    OK(renewal_ask_encode(&r, &body));
    send(from, MSG_RENEWAL, buf_bytes(&body));
    return answered(promise);
}

static struct mail mail_of_registrar(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct mailbox_from from = {.to = &bench.view.members[BENCH_REGISTRAR].id};
    struct mail m = {0};
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(mailbox_collect(bench.broker.mailboxes, txn, &from, arena, &m));
    return m;
}

static void acknowledge(uint64_t up_to)
{
    CLEANUP(buf_free) struct buf body = buf_new(64);
    OK(mail_ack_encode(&(struct mail_ack){up_to}, &body));
    send(BENCH_REGISTRAR, MSG_MAIL_ACK, buf_bytes(&body));
}

static void a_renewal_lies_in_the_mailbox_as_it_came(void **state)
{
    (void)state;
    const size_t logged = bench_pending(&bench);
    struct bytes promise = {NULL, 0};
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("signed by alfa"), &promise), REFUSED_NONE);
    assert_true(promise.len > 0);
    assert_int_equal(bench_pending(&bench), logged + 1);
    const struct mail m = mail_of_registrar();
    assert_int_equal(m.item_count, 1);
    assert_int_equal(m.items[0].kind, MAIL_RENEWAL);
    assert_true(bytes_is(m.items[0].content, "signed by alfa"));
}

/* In a new envelope, after the registrar has it, and after a restart: the first promise, and nothing happens. */
static void the_same_renewal_takes_effect_once(void **state)
{
    (void)state;
    struct bytes first = {NULL, 0};
    struct bytes again = {NULL, 0};
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("r"), &first), REFUSED_NONE);
    acknowledge(1);
    const size_t logged = bench_pending(&bench);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("r"), &again), REFUSED_NONE);
        assert_true(bytes_equal(first, again));
        forget_answers();
        bench_restart(&bench);
        bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    }
    assert_int_equal(bench_pending(&bench), logged);
    assert_int_equal(mail_of_registrar().item_count, 0);
    /* What another agency signed is another's, whatever it says. */
    bench_session(&bench, BENCH_BRAVO, SESSION_OPEN);
    assert_int_equal(ask(BENCH_BRAVO, BENCH_REGISTRAR, bytes_str("r"), &again), REFUSED_NONE);
    assert_false(bytes_equal(first, again));
    assert_int_equal(mail_of_registrar().item_count, 1);
}

static void one_sender_cannot_fill_the_mailbox(void **state)
{
    (void)state;
    char text[16];
    for (int i = 0; i < MOST_WAITING; i++) {
        snprintf(text, sizeof text, "r%d", i);
        assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str(text), NULL), REFUSED_NONE);
    }
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("one more"), NULL), REFUSED_LIMIT);
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("r0"), NULL), REFUSED_NONE); /* is there */
    assert_int_equal(ask(BENCH_BRAVO, BENCH_REGISTRAR, bytes_str("bravo's"), NULL), REFUSED_NONE);
    acknowledge(1);
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("one more, later"), NULL), REFUSED_NONE);
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("and one"), NULL), REFUSED_LIMIT);
}

static void a_full_mailbox_is_a_refusal(void **state)
{
    (void)state;
    static uint8_t big[RENEWAL_ASK_MAX_BYTES];
    enum refusal_code code = REFUSED_NONE;
    size_t taken = 0;
    for (; code == REFUSED_NONE && taken < MOST_WAITING; taken++) {
        big[0] = (uint8_t)taken;
        code = ask(BENCH_ALFA, BENCH_REGISTRAR, BYTES_OF_ARRAY(big), NULL);
    }
    assert_int_equal(code, REFUSED_LIMIT);
    assert_in_range(taken, 2, 17); /* 1 MiB on this bench */
}

static void what_is_not_for_the_registrar_is_refused(void **state)
{
    (void)state;
    static const uint8_t big[RENEWAL_ASK_MAX_BYTES + 1] = {1};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 20);
    assert_int_equal(ask(BENCH_ALFA, BENCH_BRAVO, bytes_str("r"), NULL), REFUSED_NOT_FOUND);
    assert_int_equal(ask(BENCH_ALFA, BENCH_BROKER, bytes_str("r"), NULL), REFUSED_NOT_FOUND);
    assert_int_equal(ask(BENCH_REGISTRAR, BENCH_REGISTRAR, bytes_str("r"), NULL), REFUSED_SENDER);
    OK(renewal_ask_encode(&(struct renewal_ask){bench.view.members[BENCH_REGISTRAR].id, BYTES_OF_ARRAY(big)},
                          &body));
    send(BENCH_ALFA, MSG_RENEWAL, buf_bytes(&body));
    assert_int_equal(answered(NULL), REFUSED_MALFORMED);
    bench.view.members[BENCH_REGISTRAR].transport.der.len = 0; /* a register of before, without a mailbox */
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("r"), NULL), REFUSED_NOT_FOUND);
    assert_int_equal(mail_of_registrar().item_count, 0);
}

/* It knows no policy and holds no key: only the roster has to be the same. */
static void a_registrar_says_hello_and_takes_its_mail(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new(4096);
    struct hello h = {.versions = {WIRE_VERSION}, .version_count = 1, .now_s = BENCH_NOW_S};
    h.suites[SUITE_HK1] = true;
    for (uint64_t serial = bench.view.roster.serial - 1; serial <= bench.view.roster.serial; serial++) {
        struct envelope e;
        struct hello_reply r;
        h.roster_serial = serial;
        buf_reset(&body);
        OK(hello_encode(&h, &body));
        send(BENCH_REGISTRAR, MSG_HELLO, buf_bytes(&body));
        bench_answer(&bench, arena, &e);
        OK(hello_reply_decode(e.body, arena, &r, NULL));
        assert_int_equal(r.state, serial == bench.view.roster.serial ? SESSION_OPEN : SESSION_REPAIR);
    }
    assert_int_equal(ask(BENCH_ALFA, BENCH_REGISTRAR, bytes_str("r"), NULL), REFUSED_NONE);
    acknowledge(1);
    assert_int_equal(mail_of_registrar().item_count, 0);
    send(BENCH_REGISTRAR, MSG_BODIES, bytes_str("x")); /* and nothing else */
    assert_int_equal(answered(NULL), REFUSED_SENDER);
}

/* Each step of the store fails once: effect, entry and answer come together, or not at all. */
static void effect_and_entry_are_one(void **state)
{
    (void)state;
    const size_t logged = bench_pending(&bench);
    CLEANUP(buf_free) struct buf body = buf_new(4096);
    OK(renewal_ask_encode(&(struct renewal_ask){bench.view.members[BENCH_REGISTRAR].id, bytes_str("r")}, &body));
    unsigned step = 1;
    for (; step < STEPS_MAX; step++) {
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        send(BENCH_ALFA, MSG_RENEWAL, buf_bytes(&body));
        const bool was_reached = kv_fault_calls(bench.broker.kv) >= step;
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        bench.broker.closed = 0;
        const size_t items = mail_of_registrar().item_count;
        assert_int_equal(items, was_reached ? 0 : 1);
        assert_int_equal(bench_pending(&bench), logged + items);
        assert_int_equal(bench.answer_count, items);
        if (!was_reached)
            break;
    }
    assert_in_range(step, 5, STEPS_MAX - 1);
}

/* The row of a renewal outlives every message that may still carry it, and no longer. */
static void rows_are_forgotten(void **state)
{
    (void)state;
    struct kv_txn *txn = NULL;
    struct renewal_row row;
    struct renewal_key key = {.sender = bench.view.members[BENCH_ALFA].id, .renewal = {{1}}};
    const struct renewal_row put = {100, 7, bytes_str("p"), bytes_str("s")};
    struct renewal_count c = {&key.sender, 100 + RENEWAL_KEEP_S - 1, 7};
    size_t waiting = 9;
    OK(kv_write_begin(bench.broker.kv, &txn));
    OK(renewal_row_put(bench.broker.store, txn, &key, &put));
    assert_int_equal(renewal_row_put(bench.broker.store, txn, &key, &put), ERR_EXISTS);
    OK(renewal_rows_sweep(bench.broker.store, txn, &c, &waiting));
    assert_int_equal(waiting, 0);
    OK(renewal_row_get(bench.broker.store, txn, &key, &row));
    assert_int_equal(row.mail, 7);
    c.now_s++;
    c.acked = 6; /* the registrar has not fetched it */
    OK(renewal_rows_sweep(bench.broker.store, txn, &c, &waiting));
    assert_int_equal(waiting, 1);
    OK(renewal_row_get(bench.broker.store, txn, &key, &row));
    c.acked = 7;
    OK(renewal_rows_sweep(bench.broker.store, txn, &c, &waiting));
    assert_int_equal(renewal_row_get(bench.broker.store, txn, &key, &row), ERR_NOT_FOUND);
    kv_write_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_renewal_lies_in_the_mailbox_as_it_came, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_renewal_takes_effect_once, setup, teardown),
        cmocka_unit_test_setup_teardown(one_sender_cannot_fill_the_mailbox, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_mailbox_is_a_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_for_the_registrar_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_registrar_says_hello_and_takes_its_mail, setup, teardown),
        cmocka_unit_test_setup_teardown(effect_and_entry_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_are_forgotten, setup, teardown),
    };
    if (secret_init() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
