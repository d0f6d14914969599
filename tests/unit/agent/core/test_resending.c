/* agent/import/resend against a broker that the test plays: what it makes of each answer. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/import/data_set.h"
#include "agent/import/importer.h"
#include "agent/import/resend.h"
#include "agent/import/sender.h"
#include "agent/log_origin.h"
#include "agent/receipts.h"
#include "agent/records/batch_row.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "proto/base/join.h"
#include "proto/host/kv.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"
#include "proto/msg/batch.h"
#include "tests/unit/agent/core/fake_broker.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define WAIT_MS 60000
#define BATCHES 3
#define MADE_AGO_S 1000 /* when the batches were made */
#define OLD "sluis.example/broker" /* the log of every promise of the fake broker */
#define NEW "sluis.example/second"

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &import_part, NULL};

/* What the store has, and what the broker says that it has. */
static struct {
    struct stage *stage;
    struct digest digests[BATCHES + 1]; /* by sequence */
    struct hello_chain lacking;
    int64_t accepted_s; /* by the promise that is kept with each batch; 0: none is */
    bool has_records;   /* they are batches of one record, which is not in the store; else they have none to send */
} own;

static struct name named(const char *text)
{
    struct name n;
    OK(name_parse(bytes_str(text), &n));
    return n;
}

static void put_promise(struct buf *out)
{
    struct promise p = {.deployment = named("demo"),
                        .origin = bytes_str(OLD),
                        .committed_at_s = own.accepted_s,
                        .merge_by_s = own.accepted_s + 2};
    if (own.accepted_s > 0)
        OK(promise_encode(&p, out));
}

static struct batch_header header_of(uint64_t sequence)
{
    struct batch_header h = {.deployment = named("demo"),
                             .agency = own.stage->config->oin,
                             .purpose = named("riec-casus"),
                             .epoch = 1,
                             .suite = SUITE_HK1,
                             .sequence = sequence,
                             .kind = own.has_records ? BATCH_ADD : BATCH_END,
                             .record_count = own.has_records,
                             .token_count = own.has_records,
                             .mode = IMPORT_MODE_DELTA,
                             .issued_at_s = agent_now_s(own.stage->agent) - MADE_AGO_S};
    h.norm_versions[IDENT_BSN] = own.has_records;
    h.batch_id.b[0] = (uint8_t)sequence;
    h.previous_digest = own.digests[sequence - 1];
    return h;
}

static enum err put_batch(struct kv_txn *txn, uint32_t no)
{
    CLEANUP(buf_free) struct buf header = buf_new(1 << 12);
    CLEANUP(buf_free) struct buf promise = buf_new(1 << 12);
    static const uint8_t signature[70] = {0x30};
    static const uint8_t secret[32] = {7};
    struct store *s = own.stage->agent->store;
    const struct batch_header h = header_of(no);
    OK(batch_header_encode(&h, &header));
    put_promise(&promise);
    const struct bytes bytes = buf_bytes(&header);
    OK(digest_sha256(&bytes, 1, &own.digests[no]));
    const struct batch_row row = {.state = BATCH_APPLIED,
                                  .kind = h.kind,
                                  .data_set = 1,
                                  .record_count = own.has_records,
                                  .token_count = own.has_records,
                                  .chunks = own.has_records,
                                  .secret = BYTES_OF_ARRAY(secret),
                                  .header = bytes,
                                  .signature = BYTES_OF_ARRAY(signature),
                                  .promise = buf_bytes(&promise)};
    OK(batch_row_put(s, txn, no, &row));
    return store_put_number(s, txn, "batches", no);
}

static enum err put_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    for (uint32_t no = 1; no <= BATCHES; no++)
        OK(put_batch(txn, no));
    const struct chain_id id = {named("riec-casus"), 1};
    const struct chain_head head = {BATCHES, own.digests[BATCHES]};
    return chain_head_put(own.stage->agent->store, txn, &id, &head);
}

/* Three batches were accepted, of which the broker has the first alone. */
static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    memset(&own, 0, sizeof own);
    stage_open(&stage, deployment, parts);
    own.stage = &stage;
    OK(writer_run(stage.agent->writer, put_job, NULL));
    own.lacking = (struct hello_chain){named("riec-casus"), 1, 1, own.digests[1]};
    stage.fake.lacking = &own.lacking;
    stage.fake.lacking_count = 1;
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

static size_t wanted; /* of letters with a batch */

static bool has_come(struct stage *s)
{
    return fake_count(&s->fake, MSG_BATCH) >= wanted;
}

/* The nth batch that goes again, from 0: which of the chain it is. */
static uint64_t batch_sent(struct stage *s, size_t n)
{
    struct batch_message m;
    struct batch_header h;
    wanted = n + 1;
    assert_true(stage_until(s, has_come, WAIT_MS));
    const struct letter *l = fake_letter(&s->fake, MSG_BATCH, n);
    OK(batch_message_decode(l->envelope.body, l->arena, &m, NULL));
    OK(batch_header_decode(m.header, l->arena, &h, NULL));
    return h.sequence;
}

static struct digest accept(struct stage *s, size_t n)
{
    return fake_accept_at(&s->fake, fake_letter(&s->fake, MSG_BATCH, n), NULL, clock_now_s(clock_system()));
}

static void refuse(struct stage *s, size_t n, enum refusal_code code)
{
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_BATCH, n), code);
}

static bool is_over(struct stage *s)
{
    return session_is_open(s->agent->session) && !resend_is_under_way(s->agent->resend);
}

static bool has_failed(struct stage *s)
{
    return resend_failure(s->agent->resend)[0] != '\0';
}

/* That it was given up, with words of why; status and alarm have them. */
static void assert_given_up(struct stage *s, const char *why)
{
    CLEANUP(cleanup_doc_free) struct doc *d = NULL;
    assert_true(stage_until(s, has_failed, WAIT_MS));
    if (strstr(resend_failure(s->agent->resend), why) == NULL)
        fail_msg("given up, but: %s", resend_failure(s->agent->resend));
    assert_true(is_over(s));
    d = resend_doc(s->agent->resend);
    assert_non_null(d);
    assert_true(doc_has(d, "failure"));
}

static bool has_promise(struct stage *s, const struct digest *entry)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct receipt r;
    OK(kv_read_begin(s->agent->kv, &txn));
    return receipts_get(s->agent->receipts, txn, entry, a, &r) == ERR_OK;
}

/* Says hello once more, and hears the answer. */
static void say_hello(struct stage *s)
{
    session_on_view(s->agent->session);
    stage_turn(s, 300);
}

static void what_is_lacking_goes_again_in_turn(void **state)
{
    struct stage *s = *state;
    assert_int_equal(batch_sent(s, 0), 2);
    const struct digest entry = accept(s, 0);
    assert_int_equal(batch_sent(s, 1), 3);
    assert_true(has_promise(s, &entry));
    const struct digest last = accept(s, 1);
    assert_true(stage_until(s, is_over, WAIT_MS));
    assert_true(has_promise(s, &last));
    assert_false(has_failed(s));
}

static void a_refusal_that_passes_is_no_end(void **state)
{
    struct stage *s = *state;
    assert_int_equal(batch_sent(s, 0), 2);
    refuse(s, 0, REFUSED_STATE); /* over which hello is said */
    assert_int_equal(batch_sent(s, 1), 2);
    assert_false(has_failed(s));
}

static void what_is_refused_is_given_up_and_told(void **state)
{
    struct stage *s = *state;
    assert_int_equal(batch_sent(s, 0), 2);
    refuse(s, 0, REFUSED_POLICY);
    assert_given_up(s, "batch 2 of riec-casus epoch 1: the broker refused it: policy for the test");
    say_hello(s);
    assert_int_equal(fake_count(&s->fake, MSG_BATCH), 1);
    assert_true(has_failed(s)); /* for as long as the broker lacks it */
    s->fake.lacking_count = 0;
    say_hello(s);
    assert_false(has_failed(s));
}

/* ---- beside a broker of before, which knows nothing of chains ---- */

static bool is_refused(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return strstr(i.trouble, "the broker refused hello: malformed") != NULL;
}

static bool is_unread(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return strstr(i.trouble, "the broker's hello cannot be read") != NULL;
}

static bool has_said_hello(struct stage *s)
{
    return fake_count(&s->fake, MSG_HELLO) >= wanted;
}

/* The broker has to be the first to have the new program: it cannot read where this agency is. */
static void a_broker_of_before_refuses_what_it_cannot_read(void **state)
{
    struct stage *s = *state;
    struct hello h;
    s->fake.is_mute = true;
    wanted = 1;
    assert_true(stage_until(s, has_said_hello, WAIT_MS));
    const struct letter *l = fake_letter(&s->fake, MSG_HELLO, 0);
    OK(hello_decode(l->envelope.body, l->arena, &h, NULL));
    assert_int_equal(h.chain_count, 1);
    fake_refuse(&s->fake, l, REFUSED_MALFORMED);
    assert_true(stage_until(s, is_refused, WAIT_MS));
    s->fake.is_mute = false; /* it has the new program */
    session_on_view(s->agent->session);
    stage_until_open(s);
    assert_int_equal(batch_sent(s, 0), 2);
}

/* Nor does an agent read what only a newer broker says, and it opens once that has no more to say. */
static void what_cannot_be_read_is_waited_out(void **state)
{
    struct stage *s = *state;
    static const uint8_t newer[] = {0xa2, 0x06, 0x01, 0x78}; /* field 100 */
    s->fake.is_mute = true;
    wanted = 1;
    assert_true(stage_until(s, has_said_hello, WAIT_MS));
    fake_send(&s->fake, MSG_HELLO_REPLY, BYTES_OF_ARRAY(newer), &fake_letter(&s->fake, MSG_HELLO, 0)->envelope.id, NULL);
    assert_true(stage_until(s, is_unread, WAIT_MS));
    s->fake.is_mute = false;
    session_on_view(s->agent->session);
    stage_until_open(s);
}

/* Restored or not, it says of no chain that it lacks any. */
static void to_a_broker_that_says_nothing_nothing_goes_again(void **state)
{
    struct stage *s = *state;
    s->fake.lacking_count = 0;
    s->fake.hello_state = SESSION_RECONCILE;
    say_hello(s);
    s->fake.hello_state = SESSION_OPEN;
    session_on_view(s->agent->session);
    stage_until_open(s);
    say_hello(s);
    assert_int_equal(fake_count(&s->fake, MSG_BATCH), 0);
    assert_true(is_over(s));
    assert_false(has_failed(s));
}

/* ---- what cannot be made again ---- */

static void with_records(void)
{
    own.has_records = true;
    OK(writer_run(own.stage->agent->writer, put_job, NULL));
    own.lacking.digest = own.digests[1];
}

/* The broker waits for its chunks, and nobody for the broker. */
static void a_batch_whose_records_are_damaged_is_given_up(void **state)
{
    struct stage *s = *state;
    with_records();
    assert_int_equal(batch_sent(s, 0), 2);
    assert_given_up(s, "batch 2 of riec-casus epoch 1: it is damaged in this agency's own store");
    const struct digest entry = accept(s, 0); /* what comes now is an answer to nothing */
    say_hello(s);
    assert_false(has_promise(s, &entry));
    assert_int_equal(fake_count(&s->fake, MSG_BATCH), 1);
    assert_true(has_failed(s));
}

static enum err damage_job(struct kv_txn *txn, void *arg)
{
    struct store *s = own.stage->agent->store;
    uint8_t key[BATCH_KEY_BYTES];
    if (arg == NULL)
        return store_put(s, txn, STORE_BATCH, batch_key(2, key), bytes_str("x"));
    return store_put(s, txn, STORE_META, bytes_str(arg), bytes_str("x"));
}

static void nor_is_one_whose_row_is_damaged_announced(void **state)
{
    struct stage *s = *state;
    OK(writer_run(s->agent->writer, damage_job, NULL));
    assert_given_up(s, "batch 2 of riec-casus epoch 1: it is damaged in this agency's own store");
    assert_int_equal(fake_count(&s->fake, MSG_BATCH), 0);
}

static void nor_one_of_which_the_notes_are(void **state)
{
    struct stage *s = *state;
    static char mark[] = "resent/riec-casus/1";
    OK(writer_run(s->agent->writer, damage_job, mark));
    assert_given_up(s, "batch 2 of riec-casus epoch 1: it is damaged in this agency's own store");
    assert_int_equal(fake_count(&s->fake, MSG_BATCH), 0);
}

/* ---- what goes again beside what goes for the first time ---- */

static bool is_full; /* the link takes nothing */

enum err __real_session_send_frame(struct session *s, struct bytes frame);
enum err __wrap_session_send_frame(struct session *s, struct bytes frame);

enum err __wrap_session_send_frame(struct session *s, struct bytes frame)
{
    return is_full ? ERR_AGAIN : __real_session_send_frame(s, frame);
}

static void keep_wire(struct sender *to, uint32_t no)
{
    struct name one = named("one");
    const struct record_shape shape = {.rules = {&one, 1}, .categories = {&one, 1}};
    const struct wire_record record = {.shape = &shape, .rules = 1};
    const struct batch_token token = {.type = IDENT_BSN};
    struct wire_batch *w = NULL;
    OK(wire_batch_new(1, 1, &w));
    OK(wire_add_record(w, &record));
    OK(wire_add_token(w, &token));
    sender_keep(to, no, w);
}

static bool has_two_chunks(struct stage *s)
{
    return fake_count(&s->fake, MSG_BATCH_CHUNK) >= 2;
}

static uint8_t chunk_of(struct stage *s, size_t n)
{
    struct batch_chunk c;
    const struct letter *l = fake_letter(&s->fake, MSG_BATCH_CHUNK, n);
    OK(batch_chunk_decode(l->envelope.body, l->arena, &c, NULL));
    return c.batch_id.b[0];
}

/* The chunks of the first are not cut off by those of the second, which the broker would drop when they are late. */
static void a_batch_waits_until_the_one_before_it_is_out(void **state)
{
    struct stage *s = *state;
    struct sender *to = importer_sender(s->agent->importer);
    s->fake.lacking_count = 0;
    with_records();
    stage_until_open(s);
    keep_wire(to, 1);
    keep_wire(to, 2);
    is_full = true;
    sender_start(to, 1);
    sender_start(to, 2);
    stage_turn(s, 100);
    is_full = false;
    assert_true(stage_until(s, has_two_chunks, WAIT_MS));
    assert_int_equal(chunk_of(s, 0), 1);
    assert_int_equal(chunk_of(s, 1), 2);
}

/* Whoever ends the agent asks one job whether it still runs. */
static void a_batch_is_loaded_after_the_one_before_it(void **state)
{
    struct stage *s = *state;
    struct sender *to = importer_sender(s->agent->importer);
    s->fake.lacking_count = 0;
    with_records();
    stage_until_open(s);
    assert_int_equal(worker_pending(s->agent->workers), 0);
    sender_start(to, 1);
    sender_start(to, 2);
    assert_int_equal(worker_pending(s->agent->workers), 1);
    assert_true(sender_is_busy(to));
}

/* ---- whose promise, and in which log ---- */

static void an_answer_that_was_lost_is_kept_when_it_comes_again(void **state)
{
    struct stage *s = *state;
    assert_int_equal(batch_sent(s, 0), 2);
    refuse(s, 0, REFUSED_STATE);
    assert_int_equal(batch_sent(s, 1), 2);
    s->fake.promises = &fake_letter(&s->fake, MSG_BATCH, 0)->envelope.id;
    const struct digest entry = accept(s, 1);
    assert_int_equal(batch_sent(s, 2), 3);
    assert_true(has_promise(s, &entry));
}

static void a_promise_for_nobodys_message_is_none(void **state)
{
    struct stage *s = *state;
    static const struct message_id other = {{1, 2, 3}};
    assert_int_equal(batch_sent(s, 0), 2);
    s->fake.promises = &other;
    const struct digest entry = accept(s, 0);
    assert_given_up(s, "a message that this agency did not send");
    assert_false(has_promise(s, &entry));
}

static void a_promise_of_another_hand_is_none(void **state)
{
    struct stage *s = *state;
    assert_int_equal(batch_sent(s, 0), 2);
    fake_accept(&s->fake, fake_letter(&s->fake, MSG_BATCH, 0), s->agent->signing);
    assert_given_up(s, "not signed by the broker");
}

static enum err go_over_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    CLEANUP(buf_free) struct buf row = buf_new(64);
    join_u64(&row, (uint64_t)(agent_now_s(s->agent) - 1));
    for (size_t i = 0; i < 4; i++)
        join_str(&row, ""); /* no heads */
    OK(log_origin_put_left(s->agent->store, txn, bytes_str(OLD), buf_bytes(&row)));
    return log_origin_put(s->agent->store, txn, bytes_str(NEW));
}

/* The roster names the next log, and this agency went over a second ago. */
static void go_over(struct stage *s)
{
    static struct roster_former_origin former;
    struct roster *r = (struct roster *)(uintptr_t)view_roster(s->agent->view);
    former = (struct roster_former_origin){.origin = bytes_str(OLD)};
    r->log_origin = bytes_str(NEW);
    r->former_origins = &former;
    r->former_origin_count = 1;
    OK(writer_run(s->agent->writer, go_over_job, s));
    log_origin_take(s->agent, bytes_str(NEW));
}

/* Whoever has the key of a log that ended signs on in it. */
static void what_leaves_now_is_in_no_log_that_was_left(void **state)
{
    struct stage *s = *state;
    go_over(s);
    assert_int_equal(batch_sent(s, 0), 2);
    const struct digest entry = accept(s, 0);
    assert_given_up(s, "of a log that had ended");
    assert_false(has_promise(s, &entry));
}

static void what_left_before_may_be_in_it(void **state)
{
    struct stage *s = *state;
    assert_int_equal(batch_sent(s, 0), 2);
    refuse(s, 0, REFUSED_STATE);
    assert_int_equal(batch_sent(s, 1), 2);
    go_over(s);
    s->fake.promises = &fake_letter(&s->fake, MSG_BATCH, 0)->envelope.id;
    const struct digest entry = accept(s, 1);
    assert_int_equal(batch_sent(s, 2), 3);
    assert_true(has_promise(s, &entry));
}

/* By the broker's own word: it cannot have been sent again before. */
static void unless_it_was_first_accepted_since(void **state)
{
    struct stage *s = *state;
    own.accepted_s = agent_now_s(s->agent) + 60;
    OK(writer_run(s->agent->writer, put_job, NULL));
    assert_int_equal(batch_sent(s, 0), 2);
    refuse(s, 0, REFUSED_STATE);
    assert_int_equal(batch_sent(s, 1), 2);
    go_over(s);
    s->fake.promises = &fake_letter(&s->fake, MSG_BATCH, 0)->envelope.id;
    const struct digest entry = accept(s, 1);
    assert_given_up(s, "of a log that had ended");
    assert_false(has_promise(s, &entry));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(what_is_lacking_goes_again_in_turn),
        CASE(a_refusal_that_passes_is_no_end),
        CASE(what_is_refused_is_given_up_and_told),
        CASE(a_broker_of_before_refuses_what_it_cannot_read),
        CASE(what_cannot_be_read_is_waited_out),
        CASE(to_a_broker_that_says_nothing_nothing_goes_again),
        CASE(a_batch_whose_records_are_damaged_is_given_up),
        CASE(nor_is_one_whose_row_is_damaged_announced),
        CASE(nor_one_of_which_the_notes_are),
        CASE(a_batch_waits_until_the_one_before_it_is_out),
        CASE(a_batch_is_loaded_after_the_one_before_it),
        CASE(an_answer_that_was_lost_is_kept_when_it_comes_again),
        CASE(a_promise_for_nobodys_message_is_none),
        CASE(a_promise_of_another_hand_is_none),
        CASE(what_leaves_now_is_in_no_log_that_was_left),
        CASE(what_left_before_may_be_in_it),
        CASE(unless_it_was_first_accepted_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
