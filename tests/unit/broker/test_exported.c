/* broker/exported, pki/logbook/bodies_facts: what bodies are read for, and what is taken out of the log, stands
 * in the log, and nothing that a reader could have made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/publisher.h"
#include "broker/store/store.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/text.h"
#include "proto/log/entry.h"
#include "proto/msg/bodies.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define BODIES_MAX 64u
#define RULE "riec.casus"
#define STRANGE "111222333"

static const struct turn_handler *const handlers[] = {&bodies_handler, &exported_handler};
static struct bench bench;
static struct arena *arena;
static struct rule rule;
static uint32_t rule_order[1];

static struct name name_of(const char *text)
{
    struct name n;
    OK(name_parse(bytes_str(text), &n));
    return n;
}

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    arena = arena_new((size_t)32 << 20);
    rule = (struct rule){.id = name_of(RULE)};
    bench.view.policy.rules = &rule;
    bench.view.policy.rules_count = 1;
    bench.view.policy.rule_order = rule_order;
    for (size_t i = 0; i < 2; i++) {
        struct roster_officer *o = &bench.view.officers[i];
        o->agency = bench.view.members[BENCH_ALFA].id;
        o->functions = UINT32_C(1) << (i == 0 ? FUNCTION_AUDITOR : FUNCTION_CASE_WORKER);
        memset(o->cert.fingerprint.b, 0x70 + (int)i, sizeof o->cert.fingerprint.b);
        OK(key_generate(KEY_TYPE_P256, &bench.view.officer_keys[i]));
    }
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

static const struct bodies_filter nothing = {.salt = {{9}}};

static struct bodies_query query(const struct bodies_filter *f)
{
    return (struct bodies_query){.deployment = bench.config.deployment,
                                 .reader = bench.view.members[BENCH_ALFA].id,
                                 .staff = name_of("0123456789abcdef"),
                                 .function = name_of("auditor"),
                                 .from_index = 5,
                                 .max_rows = 10,
                                 .issued_at_s = BENCH_NOW_S,
                                 .purpose = BODIES_FOR_SAMPLE,
                                 .filter = *f};
}

static struct bodies_exported exported(const struct bodies_filter *f)
{
    return (struct bodies_exported){.deployment = bench.config.deployment,
                                    .reader = bench.view.members[BENCH_ALFA].id,
                                    .staff = name_of("0123456789abcdef"),
                                    .function = name_of("auditor"),
                                    .format = BODIES_JSONL,
                                    .rows = 12,
                                    .sha256 = {{0xab, 0xcd}},
                                    .issued_at_s = BENCH_NOW_S,
                                    .filter = *f};
}

/* Signed by an officer and sent as a message of this kind; what came of it. */
struct sending {
    enum msg_kind message;
    enum sign_kind kind;
    size_t officer;
    struct bytes document;
};

static enum refusal_code send(const struct sending *s)
{
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    struct signature signature;
    struct envelope e;
    struct refused r = {0};
    OK(sign_document(s->kind, bench.view.officer_keys[s->officer], s->document, &signature));
    const struct bodies b = {s->document, signature_bytes(&signature),
                             bench.view.officers[s->officer].cert.fingerprint};
    OK(bodies_encode(&b, &body));
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, s->message, buf_bytes(&body));
    bench_send(&bench, &m);
    bench_answer(&bench, arena, &e);
    if (e.kind == MSG_REFUSED)
        OK(refused_decode(e.body, arena, &r, NULL));
    return r.code;
}

static enum refusal_code read_for(const struct bodies_query *q)
{
    CLEANUP(buf_free) struct buf document = buf_new(4096);
    OK(bodies_query_encode(q, &document));
    const struct sending s = {MSG_BODIES, SIGN_BODIES, 0, buf_bytes(&document)};
    return send(&s);
}

static enum refusal_code tell(const struct bodies_exported *x, enum sign_kind kind, size_t officer)
{
    CLEANUP(buf_free) struct buf document = buf_new(4096);
    OK(bodies_exported_encode(x, &document));
    const struct sending s = {MSG_EXPORTED, kind, officer, buf_bytes(&document)};
    return send(&s);
}

/* The bodies that wait for the log with this event, one behind the other. */
static void bodies_of(const char *event, struct buf *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf wanted = buf_new(128);
    struct digest entries[BODIES_MAX];
    size_t n = 0;
    buf_printf(&wanted, "\"event\":\"%s\"", event);
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_pending(&bench.broker.store->log, txn, entries, BODIES_MAX, &n));
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
        OK(audit_open_body(bench.broker.audit, txn, &entries[i], &body));
        if (memmem(body.ptr, body.len, wanted.ptr, wanted.len) != NULL)
            buf_put(out, buf_bytes(&body));
    }
}

static void says(struct bytes text, const char *name, const char *value)
{
    CLEANUP(buf_free) struct buf part = buf_new(512);
    buf_printf(&part, "\"%s\":%s", name, value);
    if (memmem(text.ptr, text.len, part.ptr, part.len) == NULL)
        fail_msg("no %s in %.*s", buf_text(&part), (int)text.len, (const char *)text.ptr);
}

static bool has(struct bytes text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void a_reading_says_what_it_was_for(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 20);
    struct bodies_filter f = nothing;
    f.since_s = 1790000000;
    f.until_s = 1790000060;
    f.agency = bench.view.members[BENCH_BRAVO].id;
    f.rule = name_of(RULE);
    f.event = name_of("request.refused");
    f.decision = name_of("deny");
    f.has_case = true;
    memset(f.dossier.b, 0x5c, sizeof f.dossier.b);
    const struct bodies_query q = query(&f);
    assert_int_equal(read_for(&q), REFUSED_NONE);
    bodies_of("bodies.read", &all);
    const struct bytes text = buf_bytes(&all);
    says(text, "purpose", "\"sample\"");
    says(text, "from", "5");
    says(text, "filter_since", "1790000000");
    says(text, "filter_until", "1790000060");
    says(text, "filter_rule", "\"" RULE "\"");
    says(text, "filter_event", "\"request.refused\"");
    says(text, "filter_decision", "\"deny\"");
    says(text, "filter_case",
         "\"5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c\"");
    says(text, "filter_salt", "\"09000000000000000000000000000000\"");
    assert_true(has(text, f.agency.oin));
    assert_false(has(text, "filter_officer") || has(text, "filter_request"));
}

/* A rule or an agency that nobody knows could be a number of somebody. */
static void a_word_of_the_reader_is_a_digest(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf hex = buf_new(128);
    struct bodies_filter f = nothing;
    struct digest d;
    f.rule = name_of(STRANGE);
    memcpy(f.agency.oin, STRANGE "00000000000", OIN_CHARS);
    const struct bodies_query q = query(&f);
    assert_int_equal(read_for(&q), REFUSED_NONE);
    bodies_of("bodies.read", &all);
    assert_false(has(buf_bytes(&all), STRANGE));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f.salt.b), "rule", bytes_str(STRANGE), &d));
    buf_put_u8(&hex, '"');
    text_put_hex(&hex, digest_bytes(&d));
    buf_put_u8(&hex, '"');
    says(buf_bytes(&all), "filter_rule_digest", buf_text(&hex));
    assert_true(has(buf_bytes(&all), "filter_agency_digest"));
    f = nothing;
    f.event = name_of(STRANGE);
    const struct bodies_query event = query(&f);
    assert_int_equal(read_for(&event), REFUSED_MALFORMED);
    f = nothing;
    f.decision = name_of(STRANGE);
    const struct bodies_query decision = query(&f);
    assert_int_equal(read_for(&decision), REFUSED_MALFORMED);
    buf_reset(&all);
    bodies_of("message.refused", &all);
    assert_false(has(buf_bytes(&all), STRANGE));
}

static void an_export_is_an_entry_with_its_digest(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 20);
    struct bodies_filter f = nothing;
    f.event = name_of("request.closed");
    const struct bodies_exported x = exported(&f);
    assert_int_equal(tell(&x, SIGN_EXPORT, 0), REFUSED_NONE);
    bodies_of("bodies.exported", &all);
    const struct bytes text = buf_bytes(&all);
    says(text, "format", "\"jsonl\"");
    says(text, "rows", "12");
    says(text, "sha256", "\"abcd000000000000000000000000000000000000000000000000000000000000\"");
    says(text, "filter_event", "\"request.closed\"");
    assert_true(has(text, "\"staff\":\"0123456789abcdef\""));
}

static void what_no_auditor_signed_as_an_export_is_none(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf document = buf_new(4096);
    const struct bodies_exported x = exported(&nothing);
    struct bodies_exported other = x;
    other.reader = bench.view.members[BENCH_BRAVO].id;
    struct bodies_exported old = x;
    old.issued_at_s -= 301;
    struct bodies_exported of_its_own = x;
    of_its_own.format = BODIES_LDV; /* a view that only an agency's own log has */
    const struct bodies_query q = query(&nothing);
    OK(bodies_query_encode(&q, &document));
    const struct sending as_export = {MSG_EXPORTED, SIGN_BODIES, 0, buf_bytes(&document)};
    assert_int_equal(tell(&x, SIGN_BODIES, 0), REFUSED_SIGNATURE);
    assert_int_equal(tell(&x, SIGN_EXPORT, 1), REFUSED_SENDER);
    assert_int_equal(tell(&other, SIGN_EXPORT, 0), REFUSED_SENDER);
    assert_int_equal(tell(&old, SIGN_EXPORT, 0), REFUSED_EXPIRED);
    assert_int_equal(send(&as_export), REFUSED_MALFORMED);
    assert_int_equal(tell(&of_its_own, SIGN_EXPORT, 0), REFUSED_MALFORMED);
    bodies_of("bodies.exported", &all);
    assert_int_equal(all.len, 0);
}

/* How many rows have a body with this event, for an auditor or for another officer at ALFA. */
static size_t read_rows(const char *event, bool is_auditor)
{
    CLEANUP(buf_free) struct buf wanted = buf_new(128);
    const struct bodies_read r = {.is_auditor = is_auditor,
                                  .agency = bench.view.members[BENCH_ALFA].id,
                                  .max_rows = BODIES_ROWS_MAX,
                                  .max_bytes = (size_t)1 << 20};
    struct bodies_reply reply;
    size_t n = 0;
    buf_printf(&wanted, "\"event\":\"%s\"", event);
    OK(bodies_answer(&bench.broker, &r, arena, &reply));
    for (size_t i = 0; i < reply.row_count; i++)
        n += has(reply.rows[i].body, buf_text(&wanted));
    return n;
}

/* Filter and count of what an auditor reads would tell its agency of hits. */
static void what_an_auditor_reads_auditors_alone_know(void **state)
{
    (void)state;
    struct bodies_filter f = nothing;
    f.event = name_of("request.matched");
    const struct bodies_query q = query(&f);
    const struct bodies_exported x = exported(&f);
    assert_int_equal(read_for(&q), REFUSED_NONE);
    assert_int_equal(tell(&x, SIGN_EXPORT, 0), REFUSED_NONE);
    bench.view.officers[0].functions = UINT32_C(1) << FUNCTION_PRIVACY_OFFICER;
    assert_int_equal(read_for(&q), REFUSED_NONE);
    publisher_tick(bench.broker.publisher);
    bench_settle(&bench);
    assert_int_equal(read_rows("bodies.read", true), 2);
    assert_int_equal(read_rows("bodies.exported", true), 1);
    assert_int_equal(read_rows("bodies.read", false), 1); /* its own */
    assert_int_equal(read_rows("bodies.exported", false), 0);
}

/* Preparing this message with so much memory; the code of its refusal. */
static enum err prepare_in(const struct sending *s, size_t arena_bytes, enum refusal_code *code)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(arena_bytes);
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    struct errmsg why = {""};
    struct signature signature;
    OK(sign_document(s->kind, bench.view.officer_keys[s->officer], s->document, &signature));
    const struct bodies b = {s->document, signature_bytes(&signature),
                             bench.view.officers[s->officer].cert.fingerprint};
    OK(bodies_encode(&b, &body));
    struct turn t = {.broker = &bench.broker,
                     .view = &bench.view,
                     .arena = a,
                     .sender = &bench.view.members[BENCH_ALFA],
                     .envelope = {.body = buf_bytes(&body)},
                     .now_s = BENCH_NOW_S};
    const struct turn_handler *h = s->message == MSG_BODIES ? &bodies_handler : &exported_handler;
    assert_non_null(a);
    const enum err e = h->prepare(&t, &why);
    *code = t.refusal.code;
    return e;
}

/* A broker without memory has judged nothing: no refusal is stored that a repetition would meet. */
static void without_memory_nothing_is_refused(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf reading = buf_new(4096);
    CLEANUP(buf_free) struct buf export = buf_new(4096);
    const struct bodies_query q = query(&nothing);
    const struct bodies_exported x = exported(&nothing);
    OK(bodies_query_encode(&q, &reading));
    OK(bodies_exported_encode(&x, &export));
    const struct sending messages[] = {{MSG_BODIES, SIGN_BODIES, 0, buf_bytes(&reading)},
                                       {MSG_EXPORTED, SIGN_EXPORT, 0, buf_bytes(&export)}};
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        enum refusal_code code = REFUSED_NONE;
        enum err e = ERR_NOMEM;
        size_t tries = 0;
        for (; e == ERR_NOMEM && code == REFUSED_NONE; tries++)
            e = prepare_in(&messages[i], 16 + 256 * tries, &code);
        assert_int_equal(code, REFUSED_NONE);
        assert_int_equal(e, ERR_OK);
        assert_true(tries > 2);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_reading_says_what_it_was_for),
        T(a_word_of_the_reader_is_a_digest),
        T(an_export_is_an_entry_with_its_digest),
        T(what_no_auditor_signed_as_an_export_is_none),
        T(what_an_auditor_reads_auditors_alone_know),
        T(without_memory_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
