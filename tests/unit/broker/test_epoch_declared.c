/* broker/epochs and broker/epoch_end: nothing of a destroyed epoch goes before two officers have declared it, and what they
 * declared is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/epochs.h"
#include "broker/index/chain.h"
#include "broker/index/index.h"
#include "broker/index/internal.h"
#include "broker/index/tally.h"
#include "broker/keys.h"
#include "broker/store/meta.h"
#include "pki/digest.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/msg/signed.h"
#include "tests/unit/broker/ask_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct ask_bench ab;
static struct broker_half *second; /* of epoch 2 */

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    second = ask_bench_second(&ab);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_settle(&ab.bench); /* as a daemon that stops: the writer has drained */
    if (ab.bench.broker.epoch_end != NULL)
        epoch_end_part.stop(&ab.bench.broker);
    broker_half_free(second);
    ask_bench_close(&ab);
    return 0;
}

static void contribute(uint16_t agency, uint32_t epoch)
{
    struct index *ix = ab.bench.broker.index;
    const struct chain_id id = {ask_name(ASK_PURPOSE), epoch, agency};
    const struct chain c = {.sequence = 1};
    struct tally_scope scope = {id.purpose, epoch, agency, false};
    struct kv_txn *txn = NULL;
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(chain_put(ix, txn, &id, &c));
    OK(tally_records(ix, txn, &scope, 30000, 5));
    scope.pending = true;
    OK(tally_records(ix, txn, &scope, 30000, 7));
    OK(kv_write_commit(txn));
}

/* By the word of their custodian; of the second one it is kept what two officers declared. */
static void destroy_both(void)
{
    static const struct epoch_entry entries[2] = {{1, EPOCH_DESTROYED, 1, {{1}}}, {2, EPOCH_DESTROYED, 1, {{2}}}};
    static struct epoch_states said;
    struct kv_txn *txn = NULL;
    said = (struct epoch_states){
        .purpose = ask_name(ASK_PURPOSE), .serial = 1, .epochs = entries, .epoch_count = 2};
    ab.bench.view.states[0].states = &said;
    ab.bench.view.state_count = 1;
    for (size_t i = 0; i < 2; i++)
        ab.bench.view.epoch_states[i] = EPOCH_DESTROYED;
    epochs_stop_keys(ab.bench.broker.keys, &ab.bench.view);
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(meta_keep_document(ab.bench.broker.store, txn, &entries[1].declaration, bytes_str("what two officers declared")));
    OK(kv_write_commit(txn));
}

/* What its custodian says alone stops it; nothing goes that cannot come back. */
static void without_two_officers_nothing_of_an_epoch_goes(void **state)
{
    (void)state;
    struct index *ix = ab.bench.broker.index;
    struct errmsg why = {""};
    contribute(1, 1);
    contribute(1, 2);
    const size_t had = ask_table_rows(&ab, ix->chains);
    destroy_both();
    OK(epoch_end_part.start(&ab.bench.broker, &why));
    const struct broker_epoch *e = ab.bench.broker.keys->epochs;
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (e[1].held != NULL && clock_mono_ms() < end_ms) /* it comes behind the first */
        OK(loop_turn(ab.bench.broker.loop, 10));
    assert_null(e[1].held);
    assert_non_null(ab.bench.broker.keys->epochs[0].held);
    assert_non_null(ab.bench.broker.keys->epochs[0].for_store);
    assert_int_equal(ask_table_rows(&ab, ix->chains), had - 1);
}

static void put_said(struct epoch_states *s, struct view_states *out, struct buf *document)
{
    buf_reset(document);
    OK(epoch_states_encode(s, document, NULL));
    *out = (struct view_states){.states = s, .document = buf_bytes(document)};
    OK(digest_sha256(&out->document, 1, &out->digest));
}

static size_t accept(const struct view_marks *before)
{
    const size_t had = bench_pending(&ab.bench);
    struct kv_txn *txn = NULL;
    OK(kv_write_begin(ab.bench.broker.kv, &txn));
    OK(epochs_accept(&ab.bench.broker, txn, &ab.bench.view, before));
    OK(kv_write_commit(txn));
    return bench_pending(&ab.bench) - had;
}

/* The declaration by the digest that the word names, and what each officer signed by its own; also of a word that was
 * accepted before without. */
static void what_two_officers_declared_is_kept(void **state)
{
    (void)state;
    static struct view_marks marks;
    CLEANUP(buf_free) struct buf document = buf_new(1 << 16);
    CLEANUP(buf_free) struct buf wire = buf_new(1 << 16);
    struct bytes kept;
    bool is_declared = true;
    const struct bytes declaration = bytes_str("a declaration");
    const struct signed_doc one = {declaration, bytes_str("a signature"), {{1}}};
    struct epoch_entry entries[1] = {{1, EPOCH_DESTROYED, 9, {{0}}}};
    struct epoch_states s = {.deployment = {"demo"}, .purpose = ask_name(ASK_PURPOSE), .serial = 1, .issued_at = 9,
                             .custodian = ab.bench.view.members[BENCH_ALFA].id, .epochs = entries, .epoch_count = 1};
    OK(digest_sha256(&declaration, 1, &entries[0].declaration));
    OK(signed_doc_encode(&one, &wire));
    const struct bytes declared = buf_bytes(&wire);
    marks = (struct view_marks){0};
    ab.bench.view.state_count = 1;
    put_said(&s, &ab.bench.view.states[0], &document);
    assert_int_equal(accept(&marks), 1);
    marks.state_count = 1;
    marks.states[0] = (struct view_states_mark){s.purpose, 1, ab.bench.view.states[0].digest};
    for (size_t count = 0; count < 2; count++) {
        ab.bench.view.declared = &declared;
        ab.bench.view.declared_count = count;
        assert_int_equal(accept(&marks), 0);
        struct kv_txn *txn = NULL;
        struct digest of;
        OK(digest_sha256(&declared, 1, &of));
        OK(kv_write_begin(ab.bench.broker.kv, &txn));
        OK(epochs_is_declared(&ab.bench.broker, txn, &entries[0], &is_declared));
        assert_int_equal(is_declared, count);
        assert_int_equal(meta_get_document(ab.bench.broker.store, txn, &of, &kept), count ? ERR_OK : ERR_NOT_FOUND);
        OK(kv_write_commit(txn));
    }
    ab.bench.view.declared_count = 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_two_officers_nothing_of_an_epoch_goes),
        TEST(what_two_officers_declared_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
