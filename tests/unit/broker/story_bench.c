#include "tests/unit/broker/story_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/index/chain.h"
#include "broker/index/index.h"
#include "broker/contribute.h"
#include "broker/publisher.h"
#include "broker/store/store.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/base/when.h"
#include "proto/json/audit_body.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"
#include "proto/msg/reply.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define RULE "index.uwv"
#define CATEGORY "uitkering"

static const struct turn_handler *const handlers[] = {&batch_handler, &batch_chunk_handler, &request_handler,
                                                      &settle_handler};

static void count_answer(void *arg)
{
    struct story *s = arg;
    s->answers++;
    if (s->on_answer != NULL)
        s->on_answer(s->answers);
}

void story_open(struct story *s)
{
    const struct ask_bench_with with = {handlers, ARRAY_LEN(handlers), &contribute_part};
    memset(s, 0, sizeof *s);
    ask_bench_open_with(&s->ab, &with);
    struct view *v = &s->ab.bench.view;
    s->ab.bench.on_answer = count_answer;
    s->ab.bench.on_answer_arg = s;
    v->members[BENCH_BRAVO].population = v->members[BENCH_BRAVO].churn = 1000;
    s->holder.id = v->members[BENCH_BRAVO].id;
    v->deals[0].participants = &s->holder;
    v->deals[0].participant_count = 1;
}

void story_close(struct story *s)
{
    ask_bench_close(&s->ab);
}

void story_stop(struct story *s)
{
    ask_bench_stop(&s->ab);
    s->ab.bench.broker.closed = 0;
}

void story_start(struct story *s)
{
    ask_bench_start(&s->ab);
}

/* ---- messages ---- */

static void forget_answers(struct story *s)
{
    struct bench *b = &s->ab.bench;
    for (size_t i = 0; i < b->answer_count; i++)
        buf_free(&b->answers[i].frame);
    b->answer_count = 0;
}

static void send_body(struct story *s, enum bench_member from, enum msg_kind kind, struct bytes body)
{
    struct bench_message m = bench_message(&s->ab.bench, from, kind, body);
    m.envelope.sent_at_s = s->ab.bench.now_ms / 1000;
    m.envelope.expires_at_s = m.envelope.sent_at_s + 3600;
    bench_send(&s->ab.bench, &m);
}

static void note_promise(struct story *s, const struct digest *entry)
{
    assert_in_range(s->promise_count, 0, STORY_PROMISES_MAX - 1);
    s->promised_in[s->promise_count] = s->answers;
    s->promised[s->promise_count++] = *entry;
}

/* Whether the last message was accepted; its promise is kept. */
static bool was_accepted(struct story *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    struct envelope e;
    struct accepted reply;
    struct promise promise;
    if (s->ab.bench.answer_count == 0)
        return false;
    bench_answer(&s->ab.bench, a, &e);
    struct refused no = {.code = REFUSED_NONE};
    if (e.kind == MSG_REFUSED)
        OK(refused_decode(e.body, a, &no, NULL));
    s->refused = no.code;
    if (e.kind != MSG_ACCEPTED)
        return false;
    OK(accepted_decode(e.body, a, &reply, NULL));
    OK(promise_decode(reply.promise, a, &promise, NULL));
    note_promise(s, &promise.entry);
    return true;
}

/* ---- contribute ---- */

/* A batch of one record with one token, in one chunk. */
struct batch {
    struct name rule;
    struct name category;
    struct rule_set rules;
    struct batch_token token;
    struct batch_record record;
    struct batch_header header;
};

static void fill_batch(struct story *s, struct story_run *r, struct batch *b)
{
    const struct view *v = &s->ab.bench.view;
    b->rule = ask_name(RULE);
    b->category = ask_name(CATEGORY);
    b->rules = (struct rule_set){&b->rule, 1};
    b->token = (struct batch_token){.type = IDENT_BSN, .inner = ask_inner(IDENT_BSN, ASK_BSN)};
    b->record = (struct batch_record){.handle = r->record.handle, .token_count = 1, .expires_day = r->record.expires_day};
    struct record_leaf_parts leaf = {.handle = r->record.handle,
                                     .rules = &b->rules,
                                     .category = b->category,
                                     .expires_day = r->record.expires_day};
    struct digest token;
    OK(leaf_token(digest_sha256, &b->token.salt, IDENT_BSN, &b->token.inner, &token));
    OK(merkle_root(digest_sha256, &token, 1, &leaf.token_root));
    OK(leaf_record(digest_sha256, &leaf, &r->record.leaf));
    b->header = (struct batch_header){.deployment = s->ab.bench.config.deployment,
                                      .agency = v->members[BENCH_BRAVO].id,
                                      .purpose = ask_name(ASK_PURPOSE),
                                      .epoch = 1,
                                      .suite = SUITE_HK1,
                                      .policy_digest = digest_equal(&s->named, &(struct digest){{0}}) ? v->policy_digest : s->named,
                                      .kind = BATCH_ADD,
                                      .record_count = 1,
                                      .token_count = 1,
                                      .batch_id = r->record.batch,
                                      .mode = IMPORT_MODE_DELTA,
                                      .issued_at_s = s->ab.bench.now_ms / 1000 - s->ago_s};
    b->header.norm_versions[IDENT_BSN] = 1;
    memcpy(b->header.import_id.b, r->record.batch.b, sizeof b->header.import_id.b);
    OK(merkle_root(digest_sha256, &r->record.leaf, 1, &b->header.root));
}

/* The batch before: the last that is in effect. */
static void continue_chain(struct story *s, struct batch_header *h)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct index_batch before;
    h->sequence = 1 + s->gap;
    if (kv_read_begin(s->ab.bench.broker.kv, &txn) != ERR_OK)
        return; /* a store that failed for good */
    for (size_t i = 0; i + 1 < s->count; i++) {
        if (index_batch(s->ab.bench.broker.index, txn, &s->runs[i].record.batch, &before) != ERR_OK)
            continue;
        h->sequence++;
        OK(digest_sha256(&before.header, 1, &h->previous_digest));
    }
}

static void send_batch(struct story *s, const struct batch *b)
{
    CLEANUP(buf_free) struct buf header = buf_new(1 << 16);
    CLEANUP(buf_free) struct buf body = buf_new(1 << 16);
    struct signature sig;
    OK(batch_header_encode(&b->header, &header));
    OK(sign_document(SIGN_BATCH, s->ab.bench.view.keys[BENCH_BRAVO], buf_bytes(&header), &sig));
    const struct batch_message m = {buf_bytes(&header), signature_bytes(&sig), 1};
    OK(batch_message_encode(&m, &body));
    send_body(s, BENCH_BRAVO, MSG_BATCH, buf_bytes(&body));
}

static void send_chunk(struct story *s, const struct batch *b)
{
    CLEANUP(buf_free) struct buf body = buf_new(1 << 16);
    const struct batch_chunk c = {.batch_id = b->header.batch_id,
                                  .rule_sets = &b->rules,
                                  .rule_set_count = 1,
                                  .categories = &b->category,
                                  .category_count = 1,
                                  .records = &b->record,
                                  .record_count = 1,
                                  .tokens = &b->token,
                                  .token_count = 1};
    OK(batch_chunk_encode(&c, &body));
    send_body(s, BENCH_BRAVO, MSG_BATCH_CHUNK, buf_bytes(&body));
}

static void make_record(struct story *s, struct story_run *r)
{
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    r->record = ask_record(&s->ab, &v, 1);
    r->record.expires_day = (uint32_t)when_day(s->ab.bench.now_ms / 1000 - s->ago_s) + 30;
}

static bool contribute(struct story *s, struct story_run *r)
{
    struct batch b = {.rule = {""}};
    fill_batch(s, r, &b);
    continue_chain(s, &b.header);
    forget_answers(s);
    send_batch(s, &b);
    if (s->ab.bench.answer_count == 0)
        send_chunk(s, &b);
    bench_settle(&s->ab.bench);
    return was_accepted(s);
}

/* ---- ask, and what follows ---- */

static bool ask(struct story *s, struct story_run *r)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    ask_question(&s->ab, &r->question);
    r->request = ask_question_encode(&s->ab, &r->question, &body);
    forget_answers(s);
    send_body(s, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body));
    return was_accepted(s);
}

static bool settle(struct story *s, struct story_run *r)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct ask_settle settle;
    const struct ask_hit hit = {&r->question, &r->request, &r->record, 0};
    ask_settle(&s->ab, &hit, CONSENT_RELEASE, &settle);
    ask_settle_encode(&s->ab, &settle, &body);
    forget_answers(s);
    send_body(s, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body));
    return was_accepted(s);
}

void story_publish(struct story *s)
{
    publisher_tick(s->ab.bench.broker.publisher);
    bench_settle(&s->ab.bench);
}

static bool is_closed(struct story *s, const struct story_run *r)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct ask row;
    return kv_read_begin(s->ab.bench.broker.kv, &txn) == ERR_OK &&
           ask_get(s->ab.bench.broker.store, txn, &r->request, &row) == ERR_OK && row.state == ASK_CLOSED;
}

static struct story_run *next_run(struct story *s)
{
    assert_in_range(s->count, 0, STORIES_MAX - 1);
    struct story_run *r = &s->runs[s->count++];
    make_record(s, r);
    return r;
}

bool story_contribute(struct story *s)
{
    struct story_run *r = next_run(s);
    r->is_contributed = contribute(s, r);
    return r->is_contributed;
}

bool story_contribute_again(struct story *s)
{
    struct story_run *r = &s->runs[s->count - 1];
    r->is_contributed = contribute(s, r);
    return r->is_contributed;
}

bool story_run(struct story *s)
{
    struct story_run *r = next_run(s);
    r->is_contributed = contribute(s, r);
    r->is_asked = ask(s, r);
    ask_slot(&s->ab);
    story_publish(s);
    r->is_settled = settle(s, r);
    ask_pass_s(&s->ab, 60);
    ask_slot(&s->ab);
    story_publish(s);
    return r->is_contributed && r->is_asked && r->is_settled && is_closed(s, r);
}

/* ---- what is in the store ---- */

struct counts {
    size_t batches, asks, matches, releases, closes;
};

static void count_entry(struct story *s, struct kv_txn *txn, struct bytes key, size_t counts[static AUDIT_EVENT_COUNT])
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    struct digest entry;
    struct audit_body body;
    assert_int_equal(key.len, sizeof entry.b);
    memcpy(entry.b, key.ptr, key.len);
    OK(audit_open_body(s->ab.bench.broker.audit, txn, &entry, &json));
    OK(audit_body_parse(buf_bytes(&json), a, &body, NULL));
    counts[body.event]++;
}

static struct counts entries(struct story *s, struct kv_txn *txn)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n[AUDIT_EVENT_COUNT] = {0};
    struct bytes key;
    OK(kv_iter_new(txn, s->ab.bench.broker.store->log.rows, bytes_str(""), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK)
        count_entry(s, txn, key, n);
    return (struct counts){n[AUDIT_EVENT_BATCH_ACCEPTED], n[AUDIT_EVENT_REQUEST_ACCEPTED], n[AUDIT_EVENT_REQUEST_MATCHED],
                           n[AUDIT_EVENT_RELEASE_FORWARDED], n[AUDIT_EVENT_REQUEST_CLOSED]};
}

static struct counts effects(struct story *s, struct kv_txn *txn)
{
    struct counts c = {0};
    for (size_t i = 0; i < s->count; i++) {
        struct index_batch batch;
        const struct ask row = ask_row(&s->ab, &s->runs[i].request);
        c.batches += index_batch(s->ab.bench.broker.index, txn, &s->runs[i].record.batch, &batch) == ERR_OK;
        c.asks += row.state != ASK_NONE;
        c.matches += row.state >= ASK_MATCHED;
        c.closes += row.state == ASK_CLOSED;
        c.releases += row.released;
    }
    return c;
}

static void show(const char *what, const struct counts *c)
{
    print_message("%s: %zu batches, %zu requests, %zu matches, %zu releases, %zu closes\n", what, c->batches, c->asks,
                  c->matches, c->releases, c->closes);
}

/* What waits for the requester is what was decided and closed. */
static void check_mail(struct story *s, const struct counts *done, const char *when)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    const size_t settled = ask_mail(&s->ab, BENCH_ALFA, MAIL_SETTLED, a, NULL);
    const size_t closed = ask_mail(&s->ab, BENCH_ALFA, MAIL_CLOSED, a, NULL);
    if (settled != done->releases || closed != done->closes)
        fail_msg("%s: %zu releases and %zu closings wait for the requester, not %zu and %zu", when, settled, closed,
                 done->releases, done->closes);
}

void story_check(struct story *s, size_t answers, const char *when)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(s->ab.bench.broker.kv, &txn));
    const struct counts told = entries(s, txn);
    const struct counts done = effects(s, txn);
    if (memcmp(&told, &done, sizeof told) != 0) {
        show("entries", &told);
        show("effects", &done);
        fail_msg("%s: effects and entries differ", when);
    }
    check_mail(s, &done, when);
    for (size_t i = 0; i < s->promise_count; i++) {
        struct log_row row;
        if (s->promised_in[i] <= answers && log_get_row(&s->ab.bench.broker.store->log, txn, &s->promised[i], &row) != ERR_OK)
            fail_msg("%s: promise %zu was given, and its entry is not there", when, i + 1);
    }
}
