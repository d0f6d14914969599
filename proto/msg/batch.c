#include "proto/msg/batch.h"

#include "proto/msg/batch.pb-c.h"
#include "proto/msg/check.h"

#define HEADER_MAX_BYTES 4096
#define CHUNK_MAX_BYTES ((size_t)4 << 20)
#define ENCODE_ARENA_BYTES ((size_t)24 << 20)

static enum err norms_out(struct arena *a, const uint32_t *versions, Sluis__BatchHeader *m)
{
    m->norm_versions = arena_array(a, IDENT_TYPE_COUNT, sizeof *m->norm_versions);
    Sluis__BatchNorm *items = arena_array(a, IDENT_TYPE_COUNT, sizeof *items);
    if (m->norm_versions == NULL || items == NULL)
        return ERR_NOMEM;
    for (int t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (versions[t] == 0)
            continue;
        sluis__batch_norm__init(&items[t]);
        items[t].type = msg_text(ident_type_id((enum ident_type)t));
        items[t].version = versions[t];
        m->norm_versions[m->n_norm_versions++] = &items[t];
    }
    return ERR_OK;
}

/* In the order in which norms_out writes them: one header has one spelling. */
static void norms_in(struct check *c, const Sluis__BatchHeader *m, uint32_t *versions)
{
    enum ident_type last = IDENT_NONE;
    for (size_t i = 0; c->err == ERR_OK && i < m->n_norm_versions; i++) {
        enum ident_type t = IDENT_NONE;
        if (ident_type_parse(bytes_str(m->norm_versions[i]->type), &t) != ERR_OK) {
            check_fail(c, ERR_UNKNOWN, "norm_versions type", "an identifier type");
            return;
        }
        if (t <= last)
            check_fail(c, ERR_DUPLICATE, "norm_versions", "each type once, in the order of their numbers");
        last = t;
        check_u64(c, "norm version", m->norm_versions[i]->version, 1, UINT32_MAX);
        versions[t] = m->norm_versions[i]->version;
    }
}

enum err batch_header_encode(const struct batch_header *h, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(HEADER_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__BatchHeader m = SLUIS__BATCH_HEADER__INIT;
    enum err e = norms_out(a, h->norm_versions, &m);
    if (e != ERR_OK)
        return e;
    m.deployment = msg_text(h->deployment.s);
    m.agency = msg_text(h->agency.oin);
    m.purpose = msg_text(h->purpose.s);
    m.epoch = h->epoch;
    m.suite = msg_text(suite_id(h->suite));
    m.policy_digest = msg_data(digest_bytes(&h->policy_digest));
    m.sequence = h->sequence;
    m.previous_digest = msg_data(digest_bytes(&h->previous_digest));
    m.kind = (Sluis__BatchKind)h->kind;
    m.record_count = h->record_count;
    m.token_count = h->token_count;
    m.root = msg_data(digest_bytes(&h->root));
    m.batch_id = msg_data(BYTES_OF_ARRAY(h->batch_id.b));
    m.import_id = msg_data(BYTES_OF_ARRAY(h->import_id.b));
    m.mode = (Sluis__ImportMode)h->mode;
    m.issued_at_s = h->issued_at_s;
    return msg_pack(&m.base, out);
}

static void check_counts(struct check *c, const struct batch_header *h)
{
    bool end = h->kind == BATCH_END;
    check_u64(c, "kind", (uint64_t)h->kind, BATCH_ADD, BATCH_END);
    check_u64(c, "mode", (uint64_t)h->mode, IMPORT_MODE_FULL, IMPORT_MODE_DELTA);
    check_u64(c, "record_count", h->record_count, end ? 0 : 1, end ? 0 : BATCH_TOKENS_MAX);
    check_u64(c, "token_count", h->token_count, h->record_count, end ? 0 : BATCH_TOKENS_MAX);
}

enum err batch_header_decode(struct bytes data, struct arena *a, struct batch_header *out,
                             struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__batch_header__descriptor, data, HEADER_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__BatchHeader *m = raw;
    struct check c = check_new("batch header", a, why);
    struct batch_header h = {.epoch = m->epoch,
                             .sequence = m->sequence,
                             .kind = (enum batch_kind)m->kind,
                             .record_count = m->record_count,
                             .token_count = m->token_count,
                             .mode = (enum import_mode)m->mode,
                             .issued_at_s = m->issued_at_s};
    check_name(&c, "deployment", m->deployment, &h.deployment);
    check_oin(&c, "agency", m->agency, &h.agency);
    check_name(&c, "purpose", m->purpose, &h.purpose);
    check_u64(&c, "epoch", m->epoch, 1, UINT32_MAX);
    check_suite(&c, "suite", m->suite, &h.suite);
    norms_in(&c, m, h.norm_versions);
    CHECK_FIXED(&c, "policy_digest", m->policy_digest, h.policy_digest);
    check_u64(&c, "sequence", m->sequence, 1, UINT64_MAX);
    CHECK_FIXED(&c, "previous_digest", m->previous_digest, h.previous_digest);
    CHECK_FIXED(&c, "root", m->root, h.root);
    CHECK_FIXED(&c, "batch_id", m->batch_id, h.batch_id);
    CHECK_FIXED(&c, "import_id", m->import_id, h.import_id);
    check_time(&c, "issued_at", m->issued_at_s);
    check_counts(&c, &h);
    if ((e = check_done(&c)) == ERR_OK)
        *out = h;
    return e;
}

enum err batch_message_encode(const struct batch_message *b, struct buf *out)
{
    Sluis__BatchMessage m = SLUIS__BATCH_MESSAGE__INIT;
    m.header = msg_data(b->header);
    m.signature = msg_data(b->signature);
    m.chunks = b->chunks;
    return msg_pack(&m.base, out);
}

enum err batch_message_decode(struct bytes data, struct arena *a, struct batch_message *out,
                              struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__batch_message__descriptor, data, 2 * HEADER_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__BatchMessage *m = raw;
    struct check c = check_new("batch", a, why);
    struct batch_message b = {.chunks = m->chunks};
    check_bytes(&c, "header", m->header, (struct check_limits){1, HEADER_MAX_BYTES}, &b.header);
    check_bytes(&c, "signature", m->signature, (struct check_limits){1, 80}, &b.signature);
    check_u64(&c, "chunks", m->chunks, 0, BATCH_CHUNKS_MAX);
    if ((e = check_done(&c)) == ERR_OK)
        *out = b;
    return e;
}

/* The columns of a chunk while it is packed; memory in the arena. */
struct columns {
    uint8_t *handles, *rule_set_of, *category_of, *expires, *field_roots, *token_counts;
    uint8_t *types, *inners, *salts;
};

static void put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool columns_alloc(struct arena *a, size_t n, size_t m, struct columns *c)
{
    c->handles = arena_array(a, n, 16);
    c->rule_set_of = arena_alloc(a, n);
    c->category_of = arena_alloc(a, n);
    c->expires = arena_array(a, n, 4);
    c->field_roots = arena_array(a, n, 32);
    c->token_counts = arena_alloc(a, n);
    c->types = arena_alloc(a, m);
    c->inners = arena_array(a, m, 32);
    c->salts = arena_array(a, m, 16);
    return c->salts != NULL && c->inners != NULL && c->types != NULL && c->token_counts != NULL &&
           c->field_roots != NULL && c->expires != NULL && c->category_of != NULL &&
           c->rule_set_of != NULL && c->handles != NULL;
}

static void columns_fill(const struct batch_chunk *from, struct columns *c)
{
    for (size_t i = 0; i < from->record_count; i++) {
        const struct batch_record *r = &from->records[i];
        memcpy(c->handles + 16 * i, r->handle.b, 16);
        c->rule_set_of[i] = r->rule_set;
        c->category_of[i] = r->category;
        put_u32(c->expires + 4 * i, r->expires_day);
        memcpy(c->field_roots + 32 * i, r->field_root.b, 32);
        c->token_counts[i] = r->token_count;
    }
    for (size_t i = 0; i < from->token_count; i++) {
        const struct batch_token *t = &from->tokens[i];
        c->types[i] = (uint8_t)t->type;
        memcpy(c->inners + 32 * i, t->inner.b, 32);
        memcpy(c->salts + 16 * i, t->salt.b, 16);
    }
}

static enum err tables_out(struct arena *a, const struct batch_chunk *from, Sluis__BatchChunk *m)
{
    m->categories = arena_array(a, from->category_count, sizeof *m->categories);
    m->rule_sets = arena_array(a, from->rule_set_count, sizeof *m->rule_sets);
    Sluis__RuleSet *sets = arena_array(a, from->rule_set_count, sizeof *sets);
    if (m->categories == NULL || m->rule_sets == NULL || sets == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < from->category_count; i++)
        m->categories[i] = msg_text(from->categories[i].s);
    for (size_t i = 0; i < from->rule_set_count; i++) {
        sluis__rule_set__init(&sets[i]);
        sets[i].n_rules = from->rule_sets[i].count;
        sets[i].rules = arena_array(a, sets[i].n_rules, sizeof *sets[i].rules);
        if (sets[i].rules == NULL)
            return ERR_NOMEM;
        for (size_t k = 0; k < sets[i].n_rules; k++)
            sets[i].rules[k] = msg_text(from->rule_sets[i].rules[k].s);
        m->rule_sets[i] = &sets[i];
    }
    m->n_categories = from->category_count;
    m->n_rule_sets = from->rule_set_count;
    return ERR_OK;
}

enum err batch_chunk_encode(const struct batch_chunk *from, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    size_t n = from->record_count;
    size_t tokens = from->token_count;
    struct columns c = {0};
    Sluis__BatchChunk m = SLUIS__BATCH_CHUNK__INIT;
    if (!columns_alloc(a, n, tokens, &c))
        return ERR_NOMEM;
    enum err e = tables_out(a, from, &m);
    if (e != ERR_OK)
        return e;
    columns_fill(from, &c);
    m.batch_id = msg_data(BYTES_OF_ARRAY(from->batch_id.b));
    m.index = from->index;
    m.handles = msg_data(bytes_of(c.handles, 16 * n));
    m.rule_set_of = msg_data(bytes_of(c.rule_set_of, n));
    m.category_of = msg_data(bytes_of(c.category_of, n));
    m.expires_days = msg_data(bytes_of(c.expires, 4 * n));
    m.field_roots = msg_data(bytes_of(c.field_roots, 32 * n));
    m.token_counts = msg_data(bytes_of(c.token_counts, n));
    m.token_types = msg_data(bytes_of(c.types, tokens));
    m.inners = msg_data(bytes_of(c.inners, 32 * tokens));
    m.token_salts = msg_data(bytes_of(c.salts, 16 * tokens));
    return msg_pack(&m.base, out);
}

static void tables_in(struct check *c, const Sluis__BatchChunk *m, struct batch_chunk *out)
{
    check_count(c, "rule_sets", m->n_rule_sets, 1, BATCH_SETS_MAX);
    check_count(c, "categories", m->n_categories, 1, BATCH_SETS_MAX);
    struct rule_set *sets = check_array(c, m->n_rule_sets, sizeof *sets);
    struct name *categories = check_array(c, m->n_categories, sizeof *categories);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_rule_sets; i++) {
        const Sluis__RuleSet *from = m->rule_sets[i];
        check_count(c, "rules", from->n_rules, 1, BATCH_RULES_MAX);
        check_names(c, (struct msg_names_in){from->rules, from->n_rules, BATCH_RULES_MAX, "rules"},
                    &sets[i].rules, &sets[i].count);
    }
    for (size_t i = 0; c->err == ERR_OK && i < m->n_categories; i++)
        check_name(c, "categories", m->categories[i], &categories[i]);
    out->rule_sets = sets;
    out->rule_set_count = m->n_rule_sets;
    out->categories = categories;
    out->category_count = m->n_categories;
}

static void check_columns(struct check *c, const Sluis__BatchChunk *m)
{
    size_t n = m->token_counts.len;
    size_t tokens = m->token_types.len;
    check_count(c, "records", n, 1, BATCH_TOKENS_MAX);
    check_count(c, "tokens", tokens, 1, BATCH_TOKENS_MAX);
    if (m->handles.len != 16 * n || m->rule_set_of.len != n || m->category_of.len != n ||
        m->expires_days.len != 4 * n || m->field_roots.len != 32 * n)
        check_fail(c, ERR_INVALID, "record columns", "one value for each record");
    if (m->inners.len != 32 * tokens || m->token_salts.len != 16 * tokens)
        check_fail(c, ERR_INVALID, "token columns", "one value for each token");
}

static void records_in(struct check *c, const Sluis__BatchChunk *m, struct batch_chunk *out)
{
    size_t n = m->token_counts.len;
    struct batch_record *records = check_array(c, n, sizeof *records);
    uint32_t first = 0;
    for (size_t i = 0; c->err == ERR_OK && i < n; i++) {
        struct batch_record *r = &records[i];
        memcpy(r->handle.b, m->handles.data + 16 * i, 16);
        memcpy(r->field_root.b, m->field_roots.data + 32 * i, 32);
        r->rule_set = m->rule_set_of.data[i];
        r->category = m->category_of.data[i];
        r->expires_day = get_u32(m->expires_days.data + 4 * i);
        r->token_count = m->token_counts.data[i];
        r->first_token = first;
        first += r->token_count;
        check_u64(c, "rule_set_of", r->rule_set, 0, m->n_rule_sets - 1);
        check_u64(c, "category_of", r->category, 0, m->n_categories - 1);
        check_u64(c, "token_counts", r->token_count, 1, UINT8_MAX);
    }
    if (c->err == ERR_OK && first != m->token_types.len)
        check_fail(c, ERR_INVALID, "token_counts", "a sum equal to the number of tokens");
    out->records = records;
    out->record_count = n;
}

static void tokens_in(struct check *c, const Sluis__BatchChunk *m, struct batch_chunk *out)
{
    size_t n = m->token_types.len;
    struct batch_token *tokens = check_array(c, n, sizeof *tokens);
    for (size_t i = 0; c->err == ERR_OK && i < n; i++) {
        check_ident_type(c, "token_types", m->token_types.data[i], &tokens[i].type);
        memcpy(tokens[i].inner.b, m->inners.data + 32 * i, 32);
        memcpy(tokens[i].salt.b, m->token_salts.data + 16 * i, 16);
    }
    out->tokens = tokens;
    out->token_count = n;
}

enum err batch_chunk_decode(struct bytes data, struct arena *a, struct batch_chunk *out,
                            struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__batch_chunk__descriptor, data, CHUNK_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__BatchChunk *m = raw;
    struct check c = check_new("batch chunk", a, why);
    struct batch_chunk chunk = {.index = m->index};
    CHECK_FIXED(&c, "batch_id", m->batch_id, chunk.batch_id);
    check_u64(&c, "index", m->index, 0, BATCH_CHUNKS_MAX - 1);
    tables_in(&c, m, &chunk);
    check_columns(&c, m);
    records_in(&c, m, &chunk);
    tokens_in(&c, m, &chunk);
    if ((e = check_done(&c)) == ERR_OK)
        *out = chunk;
    return e;
}
