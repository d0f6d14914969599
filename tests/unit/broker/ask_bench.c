#include "tests/unit/broker/ask_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/index/catalogue.h"
#include "broker/index/chain.h"
#include "broker/index/fresh.h"
#include "broker/index/short.h"
#include "broker/keys.h"
#include "broker/mailboxes.h"
#include "broker/vaults.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/when.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"
#include "tests/unit/policy/policy_text.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define HOLDER_OIN "00000099000000005000"

static const struct turn_handler *const handlers[] = {&request_handler, &settle_handler};

struct name ask_name(const char *text)
{
    struct name n;
    OK(name_parse(bytes_str(text), &n));
    return n;
}

static void fill(void *out, size_t size, const char *what, uint32_t n)
{
    struct digest d;
    const struct bytes parts[] = {bytes_str(what), bytes_of(&n, sizeof n)};
    OK(digest_sha256(parts, 2, &d));
    memcpy(out, d.b, size);
}

static void load_policy(struct ask_bench *b)
{
    static struct policy_text text;
    struct errmsg why = {""};
    policy_text_read(&text);
    OK(policy_file_load(bytes_of(text.text, text.len), "demonstration.yaml", &b->policy, &why));
    b->edited = *policy_file_policy(b->policy);
    b->rules = calloc(b->edited.rules_count, sizeof *b->rules);
    assert_non_null(b->rules);
    memcpy(b->rules, b->edited.rules, b->edited.rules_count * sizeof *b->rules);
    b->edited.rules = b->rules;
    b->bench.view.policy = b->edited;
}

static void add_officer(struct view *v, enum ask_officer o, enum bench_member of,
                        const char *person, enum officer_function f)
{
    struct roster_officer *officer = &v->officers[o];
    officer->agency = v->members[of].id;
    officer->person = ask_name(person);
    officer->functions = 1u << (unsigned)f;
    fill(&officer->cert.fingerprint, 32, "officer", (uint32_t)o);
    OK(key_generate(KEY_TYPE_P256, &v->officer_keys[o]));
}

static void fill_view(struct ask_bench *b)
{
    static struct name purposes[1];
    struct view *v = &b->bench.view;
    purposes[0] = ask_name(ASK_PURPOSE);
    OK(agency_id_parse(bytes_str(HOLDER_OIN), &v->members[BENCH_BRAVO].id));
    for (size_t i = BENCH_ALFA; i <= BENCH_BRAVO; i++) {
        v->members[i].regime = REGIME_AVG;
        v->members[i].purposes = (struct name_list){purposes, 1};
        v->members[i].sealing.der = bytes_str("der");
        fill(&v->members[i].sealing.fingerprint, 32, "sealing", (uint32_t)i);
    }
    add_officer(v, ASK_WORKER, BENCH_ALFA, "p-visser", FUNCTION_CASE_WORKER);
    add_officer(v, ASK_JANSEN, BENCH_BRAVO, "p-jansen", FUNCTION_RELEASE_OFFICER);
    add_officer(v, ASK_PETERS, BENCH_BRAVO, "p-peters", FUNCTION_RELEASE_OFFICER);
    add_officer(v, ASK_JANSEN_TOO, BENCH_BRAVO, "p-jansen", FUNCTION_RELEASE_OFFICER);
    struct deal *d = &v->deals[0];
    d->purpose = ask_name(ASK_PURPOSE);
    d->epoch = 1;
    d->issued_at = BENCH_NOW_S - 86400;
    d->suite = SUITE_HK1;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++)
        d->norms[t] = 1;
    v->deal_count = 1;
}

/* The broker has its half of this epoch, the next that it gets; another one for the test. */
static struct broker_half *add_half(struct ask_bench *b, uint32_t epoch)
{
    struct broker_keys *k = b->bench.broker.keys;
    const struct name purpose = ask_name(ASK_PURPOSE);
    struct secret *key = secret_random(BROKER_HALF_KEY_BYTES);
    struct broker_half *half = NULL;
    struct broker_epoch *e = &k->epochs[epoch - 1];
    e->purpose = purpose;
    e->epoch = epoch;
    OK(broker_half_new(key, &purpose, epoch, &e->for_loop));
    OK(broker_half_new(key, &purpose, epoch, &e->for_store));
    OK(broker_half_new(key, &purpose, epoch, &half));
    OK(broker_half_held_key(half, &e->held));
    k->epoch_count = epoch;
    secret_free(key);
    return half;
}

struct broker_half *ask_bench_second(struct ask_bench *b)
{
    struct view *v = &b->bench.view;
    v->deals[1] = v->deals[0];
    v->deals[1].epoch = 2;
    v->deal_count = 2;
    return add_half(b, 2);
}

/* What stands on the open store. */
static void start_parts(struct ask_bench *b)
{
    struct broker *k = &b->bench.broker;
    struct errmsg why = {""};
    OK(b->index != NULL ? b->index->start(k, &why) : index_new(k->kv, &k->index, &why));
    const struct matcher_params p = {.broker = k, .distinct = k->vaults->distinct};
    OK(matcher_new(&p, &k->matcher));
    bench_session(&b->bench, BENCH_ALFA, SESSION_OPEN);
    bench_session(&b->bench, BENCH_BRAVO, SESSION_OPEN);
}

static void stop_parts(struct ask_bench *b)
{
    struct broker *k = &b->bench.broker;
    bench_settle(&b->bench);
    matcher_free(k->matcher);
    if (b->index != NULL)
        b->index->stop(k);
    else
        index_free(k->index);
}

void ask_bench_open_with(struct ask_bench *b, const struct ask_bench_with *with)
{
    memset(b, 0, sizeof *b);
    b->index = with->index;
    bench_open(&b->bench, with->handlers, with->handler_count);
    load_policy(b);
    fill_view(b);
    b->half = add_half(b, 1);
    b->bench.config.match_slot_ms = 1000;
    start_parts(b);
}

void ask_bench_open(struct ask_bench *b)
{
    const struct ask_bench_with plain = {handlers, ARRAY_LEN(handlers), NULL};
    ask_bench_open_with(b, &plain);
}

void ask_bench_stop(struct ask_bench *b)
{
    stop_parts(b);
    bench_stop(&b->bench);
}

void ask_bench_start(struct ask_bench *b)
{
    bench_start(&b->bench);
    start_parts(b);
}

void ask_bench_close(struct ask_bench *b)
{
    stop_parts(b);
    broker_half_free(b->half);
    bench_close(&b->bench);
    policy_file_free(b->policy);
    free(b->rules);
}

struct rule *ask_bench_rule(struct ask_bench *b, const char *id)
{
    for (uint32_t i = 0; i < b->edited.rules_count; i++)
        if (strcmp(b->rules[i].id.s, id) == 0)
            return &b->rules[i];
    fail_msg("no rule %s", id);
    return NULL;
}

struct inner ask_inner(enum ident_type type, uint32_t value)
{
    struct inner in;
    fill(&in, sizeof in, "inner", (uint32_t)type * 100000u + value);
    return in;
}

struct ask_record ask_record(struct ask_bench *b, const struct ask_value *values, size_t count)
{
    struct ask_record r = {.count = count};
    b->ids++;
    fill(&r.handle, sizeof r.handle, "handle", b->ids);
    fill(&r.leaf, sizeof r.leaf, "leaf", b->ids);
    fill(&r.batch, sizeof r.batch, "batch", b->ids);
    r.expires_day = (uint32_t)when_day(BENCH_NOW_S) + 100;
    memcpy(r.values, values, count * sizeof *values);
    return r;
}

/* A batch of one record: the leaf is its tree. */
static void keep_batch(struct ask_bench *b, struct kv_txn *txn, const struct ask_record *r)
{
    struct batch_header h = {
        .deployment = b->bench.config.deployment,
        .agency = b->bench.view.members[BENCH_BRAVO].id,
        .purpose = ask_name(ASK_PURPOSE),
        .epoch = 1,
        .suite = SUITE_HK1,
        .sequence = 1,
        .kind = BATCH_ADD,
        .record_count = 1,
        .token_count = (uint32_t)r->count,
        .batch_id = r->batch,
        .mode = IMPORT_MODE_DELTA,
        .issued_at_s = BENCH_NOW_S,
    };
    for (size_t i = 0; i < r->count; i++)
        h.norm_versions[r->values[i].type] = 1;
    fill(&h.import_id, sizeof h.import_id, "import", 1);
    OK(merkle_root(digest_sha256, &r->leaf, 1, &h.root));
    CLEANUP(buf_free) struct buf header = buf_new(1 << 16);
    OK(batch_header_encode(&h, &header));
    const struct index_batch kept = {.header = buf_bytes(&header),
                                     .signature = bytes_str("s"),
                                     .promise = bytes_str("p"),
                                     .promise_signature = bytes_str("q")};
    OK(chain_keep_batch(b->bench.broker.index, txn, &r->batch, &kept));
}

static void write_run(struct ask_bench *b, const struct ask_record *r, bool tombstone)
{
    uint8_t packed[8 * ENTRY_BYTES];
    for (size_t i = 0; i < r->count; i++) {
        const struct inner in = ask_inner(r->values[i].type, r->values[i].value);
        struct entry e = {.type = r->values[i].type,
                          .handle = r->handle,
                          .tombstone = tombstone,
                          .category = 1,
                          .expires_day = r->expires_day};
        OK(broker_half_token(b->half, e.type, &in, &e.token));
        entry_put(&e, packed + i * ENTRY_BYTES);
    }
    entry_sort(packed, r->count);
    struct fresh f = {.agency = b->bench.view.members[BENCH_BRAVO].id,
                      .batch = r->batch,
                      .packed = packed,
                      .count = r->count};
    struct kv_txn *txn = NULL;
    const struct list_id list = {.purpose = ask_name(ASK_PURPOSE), .epoch = 1};
    OK(kv_write_begin(b->bench.broker.kv, &txn));
    while (f.written < f.count)
        OK(fresh_slice(b->bench.broker.index, txn, &f));
    OK(list_add(b->bench.broker.index, txn, &list, &f.row));
    if (!tombstone)
        keep_batch(b, txn, r);
    OK(kv_write_commit(txn));
}

void ask_record_add(struct ask_bench *b, const struct ask_record *r)
{
    write_run(b, r, false);
}

void ask_record_withdraw(struct ask_bench *b, const struct ask_record *r)
{
    write_run(b, r, true);
}

void ask_question(struct ask_bench *b, struct ask_question *q)
{
    memset(q, 0, sizeof *q);
    struct request_header *h = &q->header;
    const struct view *v = &b->bench.view;
    b->ids++;
    h->deployment = b->bench.config.deployment;
    fill(&h->request_id, sizeof h->request_id, "request", b->ids);
    h->requester = v->members[BENCH_ALFA].id;
    OK(agency_id_parse(bytes_str("00000099000000006000"), &h->on_behalf_of));
    h->holder = v->members[BENCH_BRAVO].id;
    h->rule = ask_name(ASK_RELEASE_RULE);
    h->rule_version = 1;
    h->policy_digest = v->policy_digest;
    h->roster_serial = v->roster.serial;
    fill(&h->case_id, sizeof h->case_id, "case", 1);
    h->case_worker = ask_name("0123456789abcdef");
    q->fields[0] = ask_name("ingangsdatum");
    q->fields[1] = ask_name("soort_uitkering");
    h->fields = q->fields;
    h->field_count = 2;
    h->purpose = ask_name(ASK_PURPOSE);
    h->epoch = 1;
    h->suite = SUITE_HK1;
    h->issued_at_s = b->bench.now_ms / 1000;
    h->deadline_s = h->issued_at_s + 60;
    h->case_state = ask_name("work_up_2");
    h->process = ask_name("case_release");
    q->worker = ASK_WORKER;
    q->agency = BENCH_ALFA;
    ask_question_add(q, 0, IDENT_BSN, ASK_BSN);
}

void ask_question_add(struct ask_question *q, uint16_t group, enum ident_type type, uint32_t value)
{
    struct request_message *m = &q->message;
    struct request_identifier *id = &q->identifiers[m->identifier_count];
    id->group = group;
    id->position = (uint16_t)m->identifier_count++;
    id->type = type;
    id->inner = ask_inner(type, value);
    fill(&id->salt, sizeof id->salt, "salt", id->position);
    q->parts[group] = bytes_str("a sealed part");
    if (m->group_count <= group)
        m->group_count = (size_t)group + 1;
}

static void make_root(struct ask_question *q)
{
    struct request_message *m = &q->message;
    struct digest leaves[64];
    size_t size = 8;
    while (size < m->identifier_count)
        size *= 2;
    m->padding_count = size - m->identifier_count;
    for (size_t i = 0; i < m->identifier_count; i++) {
        const struct request_identifier *id = &q->identifiers[i];
        struct subject_leaf_parts p = {
            .salt = id->salt, .group = id->group, .type = id->type, .inner = id->inner};
        OK(digest_sha256(&q->parts[id->group], 1, &p.sealed_digest));
        OK(leaf_subject(digest_sha256, &p, &leaves[i]));
    }
    for (size_t i = 0; i < m->padding_count; i++) {
        fill(&q->padding[i], 32, "padding", (uint32_t)i);
        leaves[m->identifier_count + i] = q->padding[i];
    }
    if (!q->keep_root)
        OK(merkle_root(digest_sha256, leaves, size, &q->header.subject_root));
}

struct digest ask_question_encode(struct ask_bench *b, struct ask_question *q, struct buf *body)
{
    CLEANUP(buf_free) struct buf header = buf_new(1 << 16);
    struct request_message *m = &q->message;
    const struct view *v = &b->bench.view;
    struct signature worker;
    struct signature agency;
    struct digest id;
    make_root(q);
    OK(request_header_encode(&q->header, &header));
    m->header = buf_bytes(&header);
    OK(sign_document(SIGN_REQUEST, v->officer_keys[q->worker], m->header, &worker));
    OK(sign_document(SIGN_REQUEST, v->keys[q->agency], m->header, &agency));
    m->worker_signature = signature_bytes(&worker);
    m->agency_signature = signature_bytes(&agency);
    m->worker_fingerprint = v->officers[q->worker].cert.fingerprint;
    m->sealed_parts = q->parts;
    m->identifiers = q->identifiers;
    m->padding = q->padding;
    OK(request_message_encode(m, body));
    OK(digest_sha256(&m->header, 1, &id));
    return id;
}

enum refusal_code ask_send(struct ask_bench *b, enum bench_member from, enum msg_kind kind,
                           struct bytes body, struct errmsg *detail)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    struct envelope e;
    struct refused r = {0};
    struct errmsg why = {""};
    for (size_t i = 0; i < b->bench.answer_count; i++)
        buf_free(&b->bench.answers[i].frame);
    b->bench.answer_count = 0;
    struct bench_message m = bench_message(&b->bench, from, kind, body);
    m.envelope.sent_at_s = b->bench.now_ms / 1000;
    m.envelope.expires_at_s = m.envelope.sent_at_s + 3600;
    bench_send(&b->bench, &m);
    bench_answer(&b->bench, a, &e);
    if (e.kind == MSG_ACCEPTED)
        return REFUSED_NONE;
    assert_int_equal(e.kind, MSG_REFUSED);
    OK(refused_decode(e.body, a, &r, &why));
    if (detail != NULL)
        snprintf(detail->text, sizeof detail->text, "%.*s", (int)r.detail.len,
                 (const char *)r.detail.ptr);
    return r.code;
}

struct digest ask_accepted(struct ask_bench *b, struct ask_question *q)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct errmsg detail = {""};
    const struct digest id = ask_question_encode(b, q, &body);
    if (ask_send(b, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), &detail) != REFUSED_NONE)
        fail_msg("refused: %s", detail.text);
    return id;
}

void ask_slot(struct ask_bench *b)
{
    matcher_slot(b->bench.broker.matcher);
    bench_settle(&b->bench);
}

void ask_pass_s(struct ask_bench *b, int64_t seconds)
{
    b->bench.now_ms += seconds * 1000;
}

size_t ask_mail(struct ask_bench *b, enum bench_member m, enum mail_kind kind, struct arena *a,
                struct bytes *content)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct mailbox_from from = {.to = &b->bench.view.members[m].id};
    struct mail mail = {0};
    size_t n = 0;
    OK(kv_read_begin(b->bench.broker.kv, &txn));
    OK(mailbox_collect(b->bench.broker.mailboxes, txn, &from, a, &mail));
    for (size_t i = 0; i < mail.item_count; i++) {
        if (mail.items[i].kind != kind)
            continue;
        if (n++ == 0 && content != NULL)
            *content = mail.items[i].content;
    }
    return n;
}

struct ask ask_row(struct ask_bench *b, const struct digest *id)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct ask a = {0};
    OK(kv_read_begin(b->bench.broker.kv, &txn));
    enum err e = ask_get(b->bench.broker.store, txn, id, &a);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    a.header = a.worker_signature = a.agency_signature = bytes_str("");
    return a;
}

uint64_t ask_table_rows(struct ask_bench *b, struct kv_table table)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats s;
    OK(kv_read_begin(b->bench.broker.kv, &txn));
    OK(kv_table_stats(txn, table, &s));
    return s.entries;
}

void ask_settle(struct ask_bench *b, const struct ask_hit *hit, enum consent_decision decision,
                struct ask_settle *s)
{
    memset(s, 0, sizeof *s);
    const struct request_header *h = &hit->question->header;
    struct consent *c = &s->consents[0];
    c->deployment = h->deployment;
    c->decision = decision;
    c->code = bytes_str(decision == CONSENT_REFUSE ? "lopend_onderzoek" : "");
    c->header_digest = *hit->id;
    c->requester = h->requester;
    c->requester_sealing = b->bench.view.members[BENCH_ALFA].sealing.fingerprint;
    c->rule = h->rule;
    c->rule_version = h->rule_version;
    c->policy_digest = h->policy_digest;
    c->roster_serial = h->roster_serial;
    c->purpose = h->purpose;
    c->epoch = h->epoch;
    c->handle = hit->record->handle;
    c->group = hit->group;
    c->record_leaf = hit->record->leaf;
    s->fields[0] = ask_name("soort_uitkering");
    c->fields = s->fields;
    c->field_count = decision == CONSENT_RELEASE ? 1 : 0;
    c->staff = ask_name("fedcba9876543210");
    c->function = ask_name("release_officer");
    c->signed_at_s = b->bench.now_ms / 1000;
    c->not_after_s = h->deadline_s;
    fill(&c->nonce, sizeof c->nonce, "nonce", 1);
    s->consents[1] = *c;
    s->consents[1].staff = ask_name("00000000000000aa");
    s->count = decision == CONSENT_RELEASE ? 2 : 1;
    s->signers[0] = ASK_JANSEN;
    s->signers[1] = ASK_PETERS;
    s->settle.batch_id = hit->record->batch;
    s->settle.leaf_path = (struct merkle_path){.index = 0, .size = 1};
    s->settle.release = bytes_str(decision == CONSENT_RELEASE ? "sealed fields" : "");
}

void ask_settle_encode(struct ask_bench *b, struct ask_settle *s, struct buf *body)
{
    const struct view *v = &b->bench.view;
    struct buf documents[2] = {buf_new(1 << 16), buf_new(1 << 16)};
    struct signature signatures[2];
    for (size_t i = 0; i < s->count; i++) {
        s->consents[i].fields = s->fields;
        OK(consent_encode(&s->consents[i], &documents[i]));
        OK(sign_document(SIGN_CONSENT, v->officer_keys[s->signers[i]], buf_bytes(&documents[i]),
                         &signatures[i]));
        s->settle.consents[i] = (struct signed_consent){
            .consent = buf_bytes(&documents[i]),
            .signature = signature_bytes(&signatures[i]),
            .fingerprint = v->officers[s->signers[i]].cert.fingerprint,
        };
    }
    s->settle.consent_count = s->count;
    OK(settle_encode(&s->settle, body));
    buf_free(&documents[0]);
    buf_free(&documents[1]);
}
