/* Contribution to a broker as an agency does it, and as one does it wrongly: what is accepted
 * answers look-ups, what is refused leaves nothing, and what must not be written is nowhere on the
 * disk. usage: contribute_probe DEPLOYMENT SCRATCH */
#include <sys/stat.h>

#include "broker/index/index.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "broker/keys.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/kv.h"
#include "proto/log/merkle.h"
#include "proto/msg/batch.h"
#include "proto/msg/leaf.h"
#include "tests/support/broker_rig.h"

#define RECORDS_MAX 400u
#define CHUNKS 3u

static const struct turn_handler *const handlers[] = {&batch_chunk_handler, &batch_handler};
static const struct broker_part *const broker_parts[] = {&contribute_part};

/* One record with two identifiers; the agency's secrets are kept to look for them on the disk. */
struct sample {
    struct handle handle;
    struct digest field_root;
    struct batch_token tokens[2];
};

struct probe {
    struct rig r;
    struct rig_params params;
    uint64_t sequence;
    struct digest last;
    struct name rule;
    struct rule_set rules;
    struct name category;
    uint32_t expires_day;
    struct import_id import;
    enum import_mode mode;
    struct sample all[4096]; /* every one ever sent */
    size_t all_count;
};

/* A batch as made; a test may spoil it before it goes. */
struct made {
    struct batch_header h;
    struct sample s[RECORDS_MAX];
    size_t count;
    struct buf header;
    struct signature signature;
    struct message_id message;
};

static struct made *make(struct probe *p, enum batch_kind kind, const struct sample *from,
                         size_t count)
{
    struct made *m = calloc(1, sizeof *m);
    MUST(m != NULL && count <= RECORDS_MAX);
    m->count = count;
    m->h = (struct batch_header){.deployment = p->r.config->deployment,
                                 .agency = p->r.agency,
                                 .epoch = 1,
                                 .suite = SUITE_HK1,
                                 .policy_digest = *view_policy_digest(p->r.b.view),
                                 .sequence = p->sequence + 1,
                                 .previous_digest = p->last,
                                 .kind = kind,
                                 .record_count = (uint32_t)count,
                                 .token_count = (uint32_t)(2 * count),
                                 .import_id = p->import,
                                 .mode = p->mode,
                                 .issued_at_s = clock_now_s(&p->r.clock)};
    MUST(name_parse(bytes_str("riec-casus"), &m->h.purpose) == ERR_OK);
    MUST(random_fill(m->h.batch_id.b, 16) == ERR_OK && random_fill(m->message.b, 16) == ERR_OK);
    m->h.norm_versions[IDENT_BSN] = 1;
    m->h.norm_versions[IDENT_KVK] = 1;
    for (size_t i = 0; i < count; i++) {
        if (from != NULL) {
            m->s[i] = from[i];
            continue;
        }
        MUST(random_fill(&m->s[i], sizeof m->s[i]) == ERR_OK);
        m->s[i].tokens[0].type = IDENT_KVK;
        m->s[i].tokens[1].type = IDENT_BSN;
        p->all[p->all_count++] = m->s[i];
    }
    return m;
}

static struct digest root_of(const struct probe *p, const struct made *m)
{
    struct digest leaves[RECORDS_MAX];
    struct digest root;
    for (size_t i = 0; i < m->count; i++) {
        const struct sample *s = &m->s[i];
        struct digest t[2];
        struct record_leaf_parts parts = {.handle = s->handle,
                                          .rules = &p->rules,
                                          .category = p->category,
                                          .expires_day = p->expires_day,
                                          .field_root = s->field_root};
        for (size_t k = 0; k < 2; k++)
            MUST(leaf_token(digest_sha256, &s->tokens[k].salt, s->tokens[k].type,
                            &s->tokens[k].inner, &t[k]) == ERR_OK);
        MUST(merkle_root(digest_sha256, t, 2, &parts.token_root) == ERR_OK);
        MUST(leaf_record(digest_sha256, &parts, &leaves[i]) == ERR_OK);
    }
    MUST(merkle_root(digest_sha256, leaves, m->count, &root) == ERR_OK);
    return root;
}

static void seal(struct probe *p, struct made *m)
{
    static const struct digest zero;
    if (digest_equal(&m->h.root, &zero))
        m->h.root = root_of(p, m);
    m->header = buf_new(8192);
    MUST(batch_header_encode(&m->h, &m->header) == ERR_OK);
    MUST(sign_document(SIGN_BATCH, p->r.signing, buf_bytes(&m->header), &m->signature) == ERR_OK);
}

static void send_batch(struct probe *p, const struct made *m)
{
    const struct batch_message b = {.header = buf_bytes(&m->header),
                                    .signature = signature_bytes(&m->signature),
                                    .chunks = m->count > 0 ? CHUNKS : 0};
    struct buf body CLEANUP(buf_free) = buf_new(65536);
    struct buf frame CLEANUP(buf_free) = buf_new(FRAME_MAX_BYTES);
    MUST(batch_message_encode(&b, &body) == ERR_OK);
    rig_frame(&p->r, MSG_BATCH, buf_bytes(&body), &m->message, &frame);
    rig_expect(&p->r, &m->message);
    rig_give(&p->r, buf_bytes(&frame));
}

static struct message_id send_chunk(struct probe *p, const struct made *m, uint32_t index)
{
    struct message_id id;
    MUST(random_fill(id.b, sizeof id.b) == ERR_OK);
    static struct batch_record records[RECORDS_MAX];
    static struct batch_token tokens[2 * RECORDS_MAX];
    size_t per = m->count / CHUNKS;
    size_t first = index * per;
    size_t n = index == CHUNKS - 1 ? m->count - first : per;
    for (size_t i = 0; i < n; i++) {
        const struct sample *s = &m->s[first + i];
        records[i] = (struct batch_record){.handle = s->handle,
                                           .token_count = 2,
                                           .expires_day = p->expires_day,
                                           .field_root = s->field_root,
                                           .first_token = (uint32_t)(2 * i)};
        tokens[2 * i] = s->tokens[0];
        tokens[2 * i + 1] = s->tokens[1];
    }
    const struct batch_chunk c = {.batch_id = m->h.batch_id,
                                  .index = index,
                                  .rule_sets = &p->rules,
                                  .rule_set_count = 1,
                                  .categories = &p->category,
                                  .category_count = 1,
                                  .records = records,
                                  .record_count = n,
                                  .tokens = tokens,
                                  .token_count = 2 * n};
    struct buf body CLEANUP(buf_free) = buf_new(FRAME_MAX_BYTES);
    struct buf frame CLEANUP(buf_free) = buf_new(FRAME_MAX_BYTES);
    MUST(batch_chunk_encode(&c, &body) == ERR_OK);
    rig_frame(&p->r, MSG_BATCH_CHUNK, buf_bytes(&body), &id, &frame);
    rig_give(&p->r, buf_bytes(&frame));
    return id;
}

/* The refusal's code, or REFUSED_NONE for accepted. */
static enum refusal_code answer(struct probe *p, struct refused *out)
{
    struct refused r = {.code = REFUSED_NONE};
    struct accepted a;
    rig_await(&p->r);
    if (p->r.answer.kind == MSG_ACCEPTED)
        MUST(accepted_decode(p->r.answer.body, p->r.arena, &a, NULL) == ERR_OK);
    else
        MUST(refused_decode(p->r.answer.body, p->r.arena, &r, NULL) == ERR_OK);
    if (out != NULL)
        *out = r;
    return r.code;
}

static void accepted_is_last(struct probe *p, const struct made *m)
{
    struct bytes header = buf_bytes(&m->header);
    p->sequence = m->h.sequence;
    MUST(digest_sha256(&header, 1, &p->last) == ERR_OK);
}

static void done_with(struct made *m)
{
    buf_free(&m->header);
    free(m);
}

/* Sends batch and chunks, in another order than theirs. */
static enum refusal_code send_all(struct probe *p, const struct made *m, struct refused *out)
{
    send_batch(p, m);
    for (uint32_t i = 0; m->count > 0 && !p->r.answered && i < CHUNKS; i++)
        send_chunk(p, m, (i + 1) % CHUNKS);
    enum refusal_code code = answer(p, out);
    if (code == REFUSED_NONE && m->h.sequence == p->sequence + 1)
        accepted_is_last(p, m);
    return code;
}

static enum refusal_code contribute(struct probe *p, enum batch_kind kind,
                                    const struct sample *from, size_t count)
{
    struct made *m = make(p, kind, from, count);
    seal(p, m);
    enum refusal_code code = send_all(p, m, NULL);
    done_with(m);
    return code;
}

/* How many of these records are live under both of their tokens. */
static size_t live(struct probe *p, const struct sample *s, size_t count)
{
    struct kv_txn *txn CLEANUP(cleanup_kv_read_end) = NULL;
    MUST(kv_read_begin(p->r.b.kv, &txn) == ERR_OK);
    struct index_query q = {
        .epoch = 1, .holder = p->r.agency, .today = (uint32_t)when_day(clock_now_s(&p->r.clock))};
    MUST(name_parse(bytes_str("riec-casus"), &q.purpose) == ERR_OK);
    struct broker_half *half = broker_half_of(&p->r.b, &q.purpose, 1, false);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned both = 0;
        for (size_t k = 0; k < 2; k++) {
            struct token t;
            struct index_hit hit;
            size_t hits = 0;
            MUST(broker_half_token(half, s[i].tokens[k].type, &s[i].tokens[k].inner, &t) == ERR_OK);
            MUST(index_find(p->r.b.index, txn, &q, s[i].tokens[k].type, &t, &hit, 1, &hits) ==
                 ERR_OK);
            both += hits == 1 && memcmp(hit.handle.b, s[i].handle.b, 16) == 0;
        }
        MUST(both == 0 || both == 2);
        n += both / 2;
    }
    return n;
}

static void fresh_import(struct probe *p, enum import_mode mode)
{
    p->mode = mode;
    MUST(random_fill(p->import.b, 16) == ERR_OK);
}

static void test_a_batch_answers_once_it_is_accepted(struct probe *p)
{
    struct made *m = make(p, BATCH_ADD, NULL, 100);
    seal(p, m);
    MUST(live(p, m->s, 100) == 0);
    MUST(send_all(p, m, NULL) == REFUSED_NONE);
    MUST(live(p, m->s, 100) == 100);
    /* the same bytes, and the same batch in another envelope */
    send_batch(p, m);
    MUST(answer(p, NULL) == REFUSED_NONE);
    MUST(random_fill(m->message.b, 16) == ERR_OK);
    send_batch(p, m);
    MUST(answer(p, NULL) == REFUSED_NONE);
    MUST(live(p, m->s, 100) == 100);
    /* the same id with other content */
    struct made *other = make(p, BATCH_ADD, NULL, 9);
    other->h.batch_id = m->h.batch_id;
    seal(p, other);
    send_batch(p, other);
    MUST(answer(p, NULL) == REFUSED_CONFLICT);
    done_with(other);
    done_with(m);
}

static void test_a_withdrawal_takes_away_what_it_names(struct probe *p)
{
    struct made *m = make(p, BATCH_ADD, NULL, 30);
    seal(p, m);
    MUST(send_all(p, m, NULL) == REFUSED_NONE);
    MUST(contribute(p, BATCH_WITHDRAW, m->s, 12) == REFUSED_NONE);
    MUST(live(p, m->s, 12) == 0);
    MUST(live(p, m->s + 12, 18) == 18);
    done_with(m);
}

static void test_a_full_import_is_seen_at_its_end(struct probe *p)
{
    struct made *a = make(p, BATCH_ADD, NULL, 30);
    fresh_import(p, IMPORT_MODE_FULL);
    a->h.mode = p->mode;
    a->h.import_id = p->import;
    seal(p, a);
    MUST(send_all(p, a, NULL) == REFUSED_NONE);
    MUST(contribute(p, BATCH_WITHDRAW, a->s, 10) == REFUSED_NONE);
    MUST(live(p, a->s, 30) == 0);
    MUST(contribute(p, BATCH_END, NULL, 0) == REFUSED_NONE);
    MUST(live(p, a->s, 10) == 0);
    MUST(live(p, a->s + 10, 20) == 20);
    /* one that never ends goes when another begins */
    struct made *b = make(p, BATCH_ADD, NULL, 9);
    fresh_import(p, IMPORT_MODE_FULL);
    b->h.import_id = p->import;
    seal(p, b);
    MUST(send_all(p, b, NULL) == REFUSED_NONE);
    fresh_import(p, IMPORT_MODE_FULL);
    MUST(contribute(p, BATCH_END, NULL, 0) == REFUSED_NONE);
    MUST(live(p, b->s, 9) == 0);
    fresh_import(p, IMPORT_MODE_DELTA);
    done_with(a);
    done_with(b);
}

/* One spoiled batch: refused with this code, and the next good one continues the chain. */
static void refused(struct probe *p, struct made *m, enum refusal_code want)
{
    struct refused why = {.code = REFUSED_NONE};
    seal(p, m);
    enum refusal_code got = send_all(p, m, &why);
    if (got != want)
        fprintf(stderr, "%s, not %s: %.*s\n", refusal_code_id(got), refusal_code_id(want),
                (int)why.detail.len, (const char *)why.detail.ptr);
    MUST(got == want);
    MUST(live(p, m->s, m->count) == 0);
    done_with(m);
}

static void test_what_is_wrong_is_refused_by_name(struct probe *p)
{
    struct made *m = make(p, BATCH_ADD, NULL, 9);
    m->h.sequence++;
    refused(p, m, REFUSED_CHAIN);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.previous_digest.b[0] ^= 1;
    refused(p, m, REFUSED_CHAIN);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.root.b[5] = 1;
    refused(p, m, REFUSED_ROOT);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.record_count--;
    m->h.token_count--;
    refused(p, m, REFUSED_MALFORMED);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.epoch = 2;
    refused(p, m, REFUSED_KEY);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.norm_versions[IDENT_BSN] = 2;
    refused(p, m, REFUSED_KEY);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.policy_digest.b[0] ^= 1;
    refused(p, m, REFUSED_POLICY);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.issued_at_s += 3600;
    refused(p, m, REFUSED_MALFORMED);
    m = make(p, BATCH_ADD, NULL, 9);
    m->h.agency = p->r.config->oin;
    refused(p, m, REFUSED_SENDER);
    m = make(p, BATCH_ADD, NULL, 9);
    m->s[8].tokens[1] = m->s[8].tokens[0];
    refused(p, m, REFUSED_MALFORMED);
    MUST(contribute(p, BATCH_ADD, NULL, 9) == REFUSED_NONE);
}

static void test_a_signature_of_someone_else_is_refused(struct probe *p)
{
    struct made *m = make(p, BATCH_ADD, NULL, 9);
    seal(p, m);
    m->signature.b[m->signature.len - 1] ^= 1;
    MUST(send_all(p, m, NULL) == REFUSED_SIGNATURE);
    done_with(m);
}

/* The name of the first condition. */
static void denied(struct probe *p, const char *want)
{
    struct made *m = make(p, BATCH_ADD, NULL, 9);
    struct refused r;
    seal(p, m);
    MUST(send_all(p, m, &r) == REFUSED_POLICY);
    bool found = false;
    for (size_t i = 0; i < r.condition_count; i++)
        found = found || bytes_is(r.conditions[i].code, want);
    MUST(found);
    MUST(live(p, m->s, 9) == 0);
    done_with(m);
}

static void test_the_policy_decides_as_broker(struct probe *p)
{
    const struct name rule = p->rule;
    const struct name category = p->category;
    const uint32_t day = p->expires_day;
    MUST(name_parse(bytes_str("casus"), &p->category) == ERR_OK);
    denied(p, "category");
    p->category = category;
    MUST(name_parse(bytes_str("index.uwv"), &p->rule) == ERR_OK);
    denied(p, "holder");
    MUST(name_parse(bytes_str("index.none"), &p->rule) == ERR_OK);
    denied(p, "rule_known");
    p->rule = rule;
    p->expires_day = day + 400;
    denied(p, "age");
    p->expires_day = (uint32_t)when_day(clock_now_s(&p->r.clock));
    denied(p, "age");
    p->expires_day = day;
    MUST(contribute(p, BATCH_ADD, NULL, 9) == REFUSED_NONE);
}

/* Identifiers that were added and published until now. */
static int64_t additions(struct probe *p)
{
    struct kv_txn *txn CLEANUP(cleanup_kv_read_end) = NULL;
    struct tally_scope scope = {.epoch = 1};
    int64_t n = 0;
    MUST(kv_read_begin(p->r.b.kv, &txn) == ERR_OK);
    MUST(name_parse(bytes_str("riec-casus"), &scope.purpose) == ERR_OK);
    MUST(short_agency(p->r.b.index, txn, &p->r.agency, &scope.agency) == ERR_OK);
    MUST(tally_additions(p->r.b.index, txn, &scope, 0, &n) == ERR_OK);
    return n;
}

/* What a full import brought in earlier batches counts, though nothing of it is published yet. */
static void test_a_full_import_does_not_outrun_the_limit_on_additions(struct probe *p)
{
    union {
        const struct rule *in;
        struct rule *out;
    } same = {.in = policy_rule(view_policy(p->r.b.view), &p->rule)};
    struct rule *rule = same.out;
    const uint32_t most = rule->limits.additions_per_period;
    fresh_import(p, IMPORT_MODE_FULL);
    rule->limits.additions_per_period = (uint32_t)additions(p) + 2 * 9; /* one batch of 9 records */
    MUST(contribute(p, BATCH_ADD, NULL, 9) == REFUSED_NONE);
    denied(p, "limit_additions");
    rule->limits.additions_per_period = most;
    fresh_import(p, IMPORT_MODE_FULL);
    MUST(contribute(p, BATCH_END, NULL, 0) == REFUSED_NONE);
    fresh_import(p, IMPORT_MODE_DELTA);
}

static void test_chunks_of_nothing_and_repeated_ones(struct probe *p)
{
    struct made *m = make(p, BATCH_ADD, NULL, 9);
    seal(p, m);
    struct message_id id = send_chunk(p, m, 0);
    rig_expect(&p->r, &id);
    MUST(answer(p, NULL) == REFUSED_NOT_FOUND);
    send_batch(p, m);
    send_chunk(p, m, 0);
    send_chunk(p, m, 0);
    MUST(!rig_turn(&p->r, 50));
    /* the agent restarts: the same batch in a new envelope, from its start */
    MUST(random_fill(m->message.b, 16) == ERR_OK);
    MUST(send_all(p, m, NULL) == REFUSED_NONE);
    MUST(live(p, m->s, 9) == 9);
    done_with(m);
}

static void test_batches_in_a_row_take_effect_in_order(struct probe *p)
{
    struct made *a = make(p, BATCH_ADD, NULL, 300);
    seal(p, a);
    struct bytes header = buf_bytes(&a->header);
    struct digest last = p->last;
    MUST(digest_sha256(&header, 1, &p->last) == ERR_OK);
    p->sequence++;
    struct made *b = make(p, BATCH_ADD, NULL, 3);
    seal(p, b);
    p->last = last;
    p->sequence--;
    send_batch(p, a);
    send_batch(p, b);
    for (uint32_t i = 0; i < CHUNKS; i++)
        send_chunk(p, b, i);
    for (uint32_t i = 0; i < CHUNKS; i++)
        send_chunk(p, a, i);
    MUST(answer(p, NULL) == REFUSED_NONE);
    for (int i = 0; i < 200 && live(p, b->s, 3) == 0; i++)
        rig_turn(&p->r, 10);
    MUST(live(p, a->s, 300) == 300 && live(p, b->s, 3) == 3);
    accepted_is_last(p, b);
    done_with(a);
    done_with(b);
}

static void test_a_restart_keeps_what_was_accepted(struct probe *p)
{
    struct made *m = make(p, BATCH_ADD, NULL, 30);
    fresh_import(p, IMPORT_MODE_FULL);
    m->h.mode = p->mode;
    m->h.import_id = p->import;
    seal(p, m);
    MUST(send_all(p, m, NULL) == REFUSED_NONE);
    struct made *cut = make(p, BATCH_ADD, NULL, 30);
    seal(p, cut);
    send_batch(p, cut);
    send_chunk(p, cut, 0);
    rig_close(&p->r, &p->params);
    rig_open(&p->r, &p->params);
    MUST(live(p, m->s, 30) == 0);
    MUST(contribute(p, BATCH_END, NULL, 0) == REFUSED_NONE);
    MUST(live(p, m->s, 30) == 30);
    MUST(live(p, cut->s, 30) == 0);
    fresh_import(p, IMPORT_MODE_DELTA);
    done_with(m);
    done_with(cut);
}

static void test_coverage_says_what_was_contributed(struct probe *p)
{
    struct kv_txn *txn CLEANUP(cleanup_kv_read_end) = NULL;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1u << 20);
    MUST(a != NULL && kv_read_begin(p->r.b.kv, &txn) == ERR_OK);
    struct index_query q = {.epoch = 1, .holder = p->r.agency, .today = p->expires_day - 1};
    struct index_coverage c;
    MUST(name_parse(bytes_str("riec-casus"), &q.purpose) == ERR_OK);
    MUST(index_coverage(p->r.b.index, txn, &q, a, &c) == ERR_OK);
    MUST(c.last_full_import_s > 0 && c.category_count == 1);
    MUST(name_equal(&c.categories[0], &p->category));
    for (int t = 1; t < IDENT_TYPE_COUNT; t++)
        MUST(c.types[t] == (t == IDENT_BSN || t == IDENT_KVK));
    q.today = p->expires_day;
    MUST(index_coverage(p->r.b.index, txn, &q, a, &c) == ERR_OK);
    MUST(c.category_count == 0 && !c.types[IDENT_BSN]);
}

/* Searches the whole store file for what the agency alone may know. */
static void test_no_inner_and_no_salt_is_on_the_disk(struct probe *p)
{
    char path[RIG_PATH + 16];
    snprintf(path, sizeof path, "%s/data.mdb", p->params.store);
    struct buf file CLEANUP(buf_free) = buf_new((size_t)1 << 30);
    MUST(file_read(path, FILE_ANY, &file, NULL) == ERR_OK);
    size_t handles = 0;
    for (size_t i = 0; i < p->all_count; i++) {
        const struct sample *s = &p->all[i];
        handles += memmem(file.ptr, file.len, s->handle.b, 16) != NULL;
        for (size_t k = 0; k < 2; k++) {
            MUST(memmem(file.ptr, file.len, s->tokens[k].inner.b, 32) == NULL);
            MUST(memmem(file.ptr, file.len, s->tokens[k].inner.b, 16) == NULL);
            MUST(memmem(file.ptr, file.len, s->tokens[k].salt.b, 16) == NULL);
        }
    }
    MUST(handles > p->all_count / 2); /* the search works */
}

int main(int argc, char **argv)
{
    if (argc != 3 || secret_init() == ERR_NOMEM)
        return 64;
    struct probe *p = calloc(1, sizeof *p);
    MUST(p != NULL);
    p->params = (struct rig_params){argv[1],           argv[2],
                                    "belastingdienst", "00000099000000004000",
                                    handlers,          ARRAY_LEN(handlers),
                                    broker_parts,      ARRAY_LEN(broker_parts)};
    rig_open(&p->r, &p->params);
    p->mode = IMPORT_MODE_DELTA;
    p->rules = (struct rule_set){&p->rule, 1};
    p->expires_day = (uint32_t)when_day(clock_now_s(&p->r.clock)) + 100;
    MUST(name_parse(bytes_str("index.belastingdienst"), &p->rule) == ERR_OK);
    MUST(name_parse(bytes_str("belastingschuld"), &p->category) == ERR_OK);
    const struct {
        const char *name;
        void (*run)(struct probe *p);
    } tests[] = {
#define TEST(name) {#name, name}
        TEST(test_a_batch_answers_once_it_is_accepted),
        TEST(test_a_withdrawal_takes_away_what_it_names),
        TEST(test_a_full_import_is_seen_at_its_end),
        TEST(test_what_is_wrong_is_refused_by_name),
        TEST(test_a_signature_of_someone_else_is_refused),
        TEST(test_the_policy_decides_as_broker),
        TEST(test_a_full_import_does_not_outrun_the_limit_on_additions),
        TEST(test_chunks_of_nothing_and_repeated_ones),
        TEST(test_batches_in_a_row_take_effect_in_order),
        TEST(test_a_restart_keeps_what_was_accepted),
        TEST(test_coverage_says_what_was_contributed),
        TEST(test_no_inner_and_no_salt_is_on_the_disk),
    };
    for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
        printf("%s\n", tests[i].name);
        fflush(stdout);
        tests[i].run(p);
    }
    rig_close(&p->r, &p->params);
    free(p);
    return 0;
}
