/* Invariant 3 for what readers take out of the log: each call on the store of a reading, of an export and of handing out the
 * filler key fails once, for a message and at the control socket alike. No body, no key and no receipt is given without its
 * entry, no entry stands for what was not given, and the next attempt goes well. And the filler key itself: a log begins
 * with the key and the entry that commits to it, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/control.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/logbook/logbook.h"
#include "pki/sign.h"
#include "proto/base/text.h"
#include "proto/host/control.h"
#include "proto/host/kv_fault.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"
#include "proto/log/audit_event.h"
#include "proto/msg/bodies.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define STEPS_MAX 500u
#define PENDING_MAX 64u
#define REPLY_BYTES ((size_t)1 << 20)
#define FILTER "\"filter\":{\"salt\":\"09090909090909090909090909090909\"}"

static const struct turn_handler *const handlers[] = {&bodies_handler, &exported_handler};
static struct bench bench;
static struct arena *arena;
static struct broker_control *control;
static struct control_client *client;
static struct conf_staff staff;
static char socket_path[160];

static struct name name_of(const char *text)
{
    struct name n;
    OK(name_parse(bytes_str(text), &n));
    return n;
}

/* ---- an auditor at an agency ---- */

static enum msg_kind send_signed(enum msg_kind message, enum sign_kind kind, struct bytes document)
{
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    struct signature signature;
    struct envelope e;
    OK(sign_document(kind, bench.view.officer_keys[0], document, &signature));
    const struct bodies b = {document, signature_bytes(&signature), bench.view.officers[0].cert.fingerprint};
    OK(bodies_encode(&b, &body));
    for (size_t i = 0; i < bench.answer_count; i++)
        buf_free(&bench.answers[i].frame);
    bench.answer_count = 0;
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, message, buf_bytes(&body));
    bench_send(&bench, &m);
    if (bench.answer_count == 0)
        return MSG_NONE;
    bench_answer(&bench, arena, &e);
    return e.kind;
}

static bool read_by_message(void)
{
    CLEANUP(buf_free) struct buf document = buf_new(4096);
    const struct bodies_query q = {.deployment = bench.config.deployment,
                                   .reader = bench.view.members[BENCH_ALFA].id,
                                   .staff = name_of("0123456789abcdef"),
                                   .function = name_of("auditor"),
                                   .max_rows = 10,
                                   .issued_at_s = BENCH_NOW_S,
                                   .purpose = BODIES_FOR_LIST,
                                   .filter = {.salt = {{9}}}};
    OK(bodies_query_encode(&q, &document));
    return send_signed(MSG_BODIES, SIGN_BODIES, buf_bytes(&document)) == MSG_BODIES_REPLY;
}

static bool export_by_message(void)
{
    CLEANUP(buf_free) struct buf document = buf_new(4096);
    const struct bodies_exported x = {.deployment = bench.config.deployment,
                                      .reader = bench.view.members[BENCH_ALFA].id,
                                      .staff = name_of("0123456789abcdef"),
                                      .function = name_of("auditor"),
                                      .format = BODIES_JSONL,
                                      .rows = 12,
                                      .issued_at_s = BENCH_NOW_S,
                                      .filter = {.salt = {{9}}}};
    OK(bodies_exported_encode(&x, &document));
    return send_signed(MSG_EXPORTED, SIGN_EXPORT, buf_bytes(&document)) == MSG_ACCEPTED;
}

/* ---- an auditor at the broker's host ---- */

/* True: it was answered with what was asked. Where it was not, nothing of it is in the answer. */
static bool ask_control(const char *json, const char *wanted)
{
    CLEANUP(buf_free) struct buf answer = buf_new(REPLY_BYTES);
    CLEANUP(cleanup_doc_free) struct doc *d = NULL;
    enum err e = control_client_send(client, bytes_str(json));
    for (unsigned i = 0; e == ERR_OK || (e == ERR_EXPIRED && i < 1000); i++) {
        OK(loop_turn(bench.broker.loop, 5));
        bench_settle(&bench);
        e = control_client_recv(client, 0, &answer);
        if (e == ERR_OK)
            break;
    }
    OK(e);
    OK(doc_parse(buf_bytes(&answer), REPLY_BYTES, &d, NULL));
    const bool is_given = memmem(answer.ptr, answer.len, wanted, strlen(wanted)) != NULL;
    assert_true(doc_has(d, "ok") != doc_has(d, "error"));
    assert_true(is_given == doc_has(d, "ok"));
    return is_given;
}

static bool read_at_control(void)
{
    return ask_control("{\"verb\":\"bodies\",\"args\":{\"purpose\":\"list\"," FILTER "}}", "log.started");
}

static bool export_at_control(void)
{
    return ask_control("{\"verb\":\"exported\",\"args\":{\"format\":\"csv\",\"rows\":2,\"sha256\":"
                       "\"abababababababababababababababababababababababababababababababab\"," FILTER "}}",
                       "\"ok\"");
}

static bool take_filler_key(void)
{
    return ask_control("{\"verb\":\"filler_key\"}", "\"filler_key\"");
}

/* ---- each call fails once ---- */

static int setup(void **state)
{
    (void)state;
    struct roster_officer *o = &bench.view.officers[0];
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    arena = arena_new((size_t)64 << 20);
    o->agency = bench.view.members[BENCH_ALFA].id;
    o->staff = name_of("w.auditor");
    o->functions = UINT32_C(1) << FUNCTION_AUDITOR;
    memset(o->cert.fingerprint.b, 0x70, sizeof o->cert.fingerprint.b);
    OK(key_generate(KEY_TYPE_P256, &bench.view.officer_keys[0]));
    bench.view.roster.officers = bench.view.officers;
    bench.view.roster.officer_count = 1;
    staff = (struct conf_staff){.uid = getuid(), .staff = o->staff};
    bench.config.service.staff = (struct conf_staff_list){&staff, 1};
    snprintf(socket_path, sizeof socket_path, "%s", host_tmp_path(&bench.tmp, "control"));
    bench.config.service.control = socket_path;
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    OK(broker_control_new(&bench.broker, &control, NULL));
    OK(control_client_new(bench.config.service.control, &client, NULL));
    bench_publish(&bench);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    control_client_free(client);
    broker_control_free(control);
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

/* How many entries wait that say this. */
static size_t entries_of(enum audit_event event)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest entries[PENDING_MAX];
    char wanted[64];
    size_t count = 0;
    size_t n = 0;
    snprintf(wanted, sizeof wanted, "\"event\":\"%s\"", audit_event_id(event));
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_pending(&bench.broker.store->log, txn, entries, PENDING_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
        OK(audit_open_body(bench.broker.audit, txn, &entries[i], &body));
        n += memmem(body.ptr, body.len, wanted, strlen(wanted)) != NULL;
    }
    return n;
}

static void every_call_fails_once(bool (*ask)(void), enum audit_event event)
{
    unsigned nth = 1;
    for (; nth < STEPS_MAX; nth++) {
        arena_reset(arena);
        kv_fault_set(bench.broker.kv, nth, ERR_IO);
        const bool was_given = ask();
        const bool was_reached = kv_fault_calls(bench.broker.kv) >= nth;
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        if (entries_of(event) != was_given || bench_pending(&bench) != was_given)
            fail_msg("store call %u failed: %s, and of %zu entries %zu say %s", nth, was_given ? "it was given" : "it was not given",
                     bench_pending(&bench), entries_of(event), audit_event_id(event));
        if (!was_reached) {
            assert_true(was_given);
            break;
        }
        if (was_given)
            fail_msg("store call %u failed, and it was given", nth);
    }
    assert_in_range(nth, 5, STEPS_MAX - 1);
    print_message("%u store calls, each failed once\n", nth - 1);
}

static void a_message_that_reads_is_answered_after_its_entry(void **state)
{
    (void)state;
    every_call_fails_once(read_by_message, AUDIT_EVENT_BODIES_READ);
}

static void a_message_that_tells_of_an_export_is_answered_after_its_entry(void **state)
{
    (void)state;
    every_call_fails_once(export_by_message, AUDIT_EVENT_BODIES_EXPORTED);
}

static void bodies_are_shown_after_their_entry(void **state)
{
    (void)state;
    every_call_fails_once(read_at_control, AUDIT_EVENT_BODIES_READ);
}

static void an_export_gets_its_name_after_its_entry(void **state)
{
    (void)state;
    every_call_fails_once(export_at_control, AUDIT_EVENT_BODIES_EXPORTED);
}

static void the_filler_key_is_given_after_its_entry(void **state)
{
    (void)state;
    every_call_fails_once(take_filler_key, AUDIT_EVENT_BODIES_READ);
}

/* ---- where the filler key comes from ---- */

/* A log that has not begun. */
struct beginning {
    struct kv *kv;
    struct store *store;
    struct loop *loop;
    struct writer *writer;
    struct audit *audit;
    struct secret *key;
};

static void beginning_open(struct beginning *b)
{
    const struct kv_params kv = {.dir = host_tmp_path(&bench.tmp, "beginning"), .map_bytes = UINT64_C(1) << 26};
    *b = (struct beginning){.kv = NULL};
    OK(kv_open(&kv, &b->kv, NULL));
    OK(store_new(b->kv, &b->store, NULL));
    OK(loop_new(&b->loop));
    const struct writer_params w = {.kv = b->kv, .loop = b->loop};
    OK(writer_new(&w, &b->writer));
    const struct audit_params p = {.store = b->store,
                                   .records = bench.broker.vaults->records,
                                   .deployment = bench.config.deployment,
                                   .origin = bench.config.origin,
                                   .publish_interval_ms = 5000};
    OK(audit_new(&p, &b->audit));
}

static void beginning_close(struct beginning *b)
{
    writer_free(b->writer);
    audit_free(b->audit);
    store_free(b->store);
    kv_free(b->kv);
    loop_free(b->loop);
    secret_free(b->key);
}

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    struct beginning *b = arg;
    const struct logbook_beginning at = {.now_s = BENCH_NOW_S};
    secret_free(b->key);
    b->key = NULL;
    return logbook_filler_key(audit_logbook(b->audit), txn, &at, &b->key);
}

/* True: there is a key in the store. The log has an entry exactly where there is one, which commits to it. */
static bool has_begun(const struct beginning *b)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_secret_free) struct secret *kept = NULL;
    CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
    CLEANUP(buf_free) struct buf hex = buf_new(64);
    struct digest entries[2];
    struct digest commitment;
    size_t count = 0;
    OK(kv_read_begin(b->kv, &txn));
    OK(log_pending(&b->store->log, txn, entries, ARRAY_LEN(entries), &count));
    const enum err e = logbook_get_filler(audit_logbook(b->audit), txn, &kept);
    assert_int_equal(e, count == 0 ? ERR_NOT_FOUND : ERR_OK);
    if (count == 0)
        return false;
    assert_int_equal(count, 1);
    OK(audit_open_body(b->audit, txn, &entries[0], &body));
    OK(filler_commitment(kept, &commitment));
    text_put_hex(&hex, digest_bytes(&commitment));
    assert_non_null(memmem(body.ptr, body.len, hex.ptr, hex.len));
    assert_true(secret_equal(kept, b->key));
    return true;
}

static void a_log_begins_with_its_filler_key_or_not_at_all(void **state)
{
    (void)state;
    struct beginning b;
    unsigned nth = 1;
    beginning_open(&b);
    for (bool is_over = false; !is_over && nth < STEPS_MAX; nth++) {
        kv_fault_set(b.kv, nth, ERR_IO);
        const enum err e = writer_run(b.writer, begin_job, &b);
        is_over = kv_fault_calls(b.kv) < nth;
        kv_fault_set(b.kv, 0, ERR_OK);
        assert_int_equal(e, is_over ? ERR_OK : ERR_IO);
        if (has_begun(&b) != is_over)
            fail_msg("store call %u of the beginning failed, and the log %s", nth, is_over ? "has not begun" : "has begun");
    }
    assert_in_range(nth, 5, STEPS_MAX - 1);
    beginning_close(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_message_that_reads_is_answered_after_its_entry),
        T(a_message_that_tells_of_an_export_is_answered_after_its_entry),
        T(bodies_are_shown_after_their_entry),
        T(an_export_gets_its_name_after_its_entry),
        T(the_filler_key_is_given_after_its_entry),
        T(a_log_begins_with_its_filler_key_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
