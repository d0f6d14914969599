#include "broker/staging.h"

#include <stdlib.h>

#include "broker/index/entry.h"
#include "pki/digest.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

#define COMBINATIONS_MAX 1024u
#define RECORD_TOKENS_MAX 255u

static enum err fail(struct staging_fault *fault, enum refusal_code code, const char *detail)
{
    *fault = (struct staging_fault){code, detail};
    return ERR_OK;
}

void staged_chunk_free(struct staged_chunk *c)
{
    if (c == NULL)
        return;
    free(c->leaves);
    free(c->days);
    free(c->packed);
    free(c->admissions);
    free(c);
}

static struct staged_chunk *chunk_new(size_t records, size_t tokens)
{
    CLEANUP(cleanup_staged_chunk_free) struct staged_chunk *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->record_count = records;
    c->token_count = tokens;
    c->leaves = calloc(records, sizeof *c->leaves);
    c->days = calloc(records, sizeof *c->days);
    c->packed = calloc(tokens, ENTRY_BYTES);
    c->admissions = calloc(STAGING_ADMISSIONS_MAX, sizeof *c->admissions);
    bool whole = c->leaves != NULL && c->days != NULL && c->packed != NULL && c->admissions != NULL;
    return whole ? take(c) : NULL;
}

static enum err token_root(const struct batch_token *tokens, size_t count, struct digest *out)
{
    UNINIT struct digest digests[RECORD_TOKENS_MAX];
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = leaf_token(digest_sha256, &tokens[i].salt, tokens[i].type, &tokens[i].inner,
                       &digests[i]);
    return e == ERR_OK ? merkle_root(digest_sha256, digests, count, out) : e;
}

static enum err record_leaf(const struct batch_chunk *c, const struct batch_record *r,
                            struct digest *out)
{
    struct record_leaf_parts parts = {.handle = r->handle,
                                      .rules = &c->rule_sets[r->rule_set],
                                      .category = c->categories[r->category],
                                      .expires_day = r->expires_day,
                                      .field_root = r->field_root};
    enum err e = token_root(&c->tokens[r->first_token], r->token_count, &parts.token_root);
    return e == ERR_OK ? leaf_record(digest_sha256, &parts, out) : e;
}

/* What of a record is the same in each of its entries. */
struct common {
    const struct batch_record *record;
    uint16_t category;
    bool tombstone;
};

static enum err record_entries(const struct staged_chunk_input *in, const struct common *same,
                               struct staged_chunk *out)
{
    const struct batch_record *r = same->record;
    enum err e = ERR_OK;
    for (size_t i = r->first_token; e == ERR_OK && i < (size_t)r->first_token + r->token_count;
         i++) {
        const struct batch_token *t = &in->chunk->tokens[i];
        struct entry entry = {.type = t->type,
                              .handle = r->handle,
                              .tombstone = same->tombstone,
                              .category = same->category,
                              .expires_day = r->expires_day};
        e = broker_half_token(in->half, t->type, &t->inner, &entry.token);
        if (e == ERR_OK)
            entry_put(&entry, out->packed + i * ENTRY_BYTES);
    }
    return e;
}

/* The numbers of the chunk's categories. A withdrawal needs none, so that it outlives a category.
 */
static bool category_numbers(const struct staged_chunk_input *in,
                             uint16_t out[static BATCH_SETS_MAX])
{
    for (size_t i = 0; i < in->chunk->category_count; i++) {
        const struct category *c = policy_category(in->policy, &in->chunk->categories[i]);
        if (c == NULL && in->header->kind == BATCH_ADD)
            return false;
        out[i] = c != NULL ? (uint16_t)c->number : 0;
    }
    return true;
}

static enum err make_records(const struct staged_chunk_input *in, const uint16_t *numbers,
                             struct staged_chunk *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < in->chunk->record_count; i++) {
        const struct batch_record *r = &in->chunk->records[i];
        const struct common same = {r, numbers[r->category], in->header->kind == BATCH_WITHDRAW};
        out->days[i] = r->expires_day;
        e = record_leaf(in->chunk, r, &out->leaves[i]);
        if (e == ERR_OK)
            e = record_entries(in, &same, out);
    }
    return e;
}

static void widen(struct admission *a, const struct admission *more)
{
    if (a->records == 0 || more->first_day < a->first_day)
        a->first_day = more->first_day;
    if (a->records == 0 || more->last_day > a->last_day)
        a->last_day = more->last_day;
    a->records += more->records;
    for (int t = 1; t < IDENT_TYPE_COUNT; t++)
        a->types[t] += more->types[t];
}

/* Adds to the admission of the same rule and category, or puts a new one; false: there are too
 * many. */
static bool admit(struct admission *list, size_t *count, const struct admission *more)
{
    size_t i = 0;
    while (i < *count && !(name_equal(&list[i].rule, &more->rule) &&
                           name_equal(&list[i].category, &more->category)))
        i++;
    if (i == STAGING_ADMISSIONS_MAX)
        return false;
    if (i == *count) {
        list[i] = (struct admission){.rule = more->rule, .category = more->category};
        ++*count;
    }
    widen(&list[i], more);
    return true;
}

/* Records of one rule set and category together. */
struct combination {
    uint8_t rule_set;
    uint8_t category;
    struct admission sum; /* without rule and category */
};

struct combinations {
    uint16_t place[BATCH_SETS_MAX][BATCH_SETS_MAX]; /* from 1; 0: none yet */
    struct combination v[COMBINATIONS_MAX];
    size_t count;
};

static bool combine(struct combinations *all, const struct batch_chunk *c,
                    const struct batch_record *r)
{
    uint16_t *place = &all->place[r->rule_set][r->category];
    if (*place == 0) {
        if (all->count == COMBINATIONS_MAX)
            return false;
        all->v[all->count++] = (struct combination){r->rule_set, r->category, {.records = 0}};
        *place = (uint16_t)all->count;
    }
    struct admission one = {.records = 1, .first_day = r->expires_day, .last_day = r->expires_day};
    for (size_t i = 0; i < r->token_count; i++)
        one.types[c->tokens[r->first_token + i].type]++;
    widen(&all->v[*place - 1].sum, &one);
    return true;
}

static bool expand(const struct combinations *all, const struct batch_chunk *c,
                   struct staged_chunk *out)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct combination *from = &all->v[i];
        struct admission a = from->sum;
        a.category = c->categories[from->category];
        for (size_t r = 0; r < c->rule_sets[from->rule_set].count; r++) {
            a.rule = c->rule_sets[from->rule_set].rules[r];
            if (!admit(out->admissions, &out->admission_count, &a))
                return false;
        }
    }
    return true;
}

static enum err make_admissions(const struct batch_chunk *c, struct staged_chunk *out,
                                struct staging_fault *fault)
{
    struct combinations *all = calloc(1, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    bool fits = true;
    for (size_t i = 0; fits && i < c->record_count; i++)
        fits = combine(all, c, &c->records[i]);
    fits = fits && expand(all, c, out);
    free(all);
    size_t used = out->admission_count > 0 ? out->admission_count : 1;
    struct admission *less = realloc(out->admissions, used * sizeof *less);
    if (less != NULL)
        out->admissions = less;
    return fits
               ? ERR_OK
               : fail(fault, REFUSED_LIMIT, "batch: too many combinations of rules and categories");
}

static enum err fill_chunk(const struct staged_chunk_input *in, struct staged_chunk *out,
                           struct staging_fault *fault)
{
    uint16_t numbers[BATCH_SETS_MAX] = {0};
    if (!category_numbers(in, numbers))
        return fail(fault, REFUSED_POLICY, "categories: the policy does not know one of them");
    for (size_t i = 0; i < in->chunk->token_count; i++) {
        if (in->header->norm_versions[in->chunk->tokens[i].type] == 0)
            return fail(fault, REFUSED_MALFORMED, "token_types: one without a norm version");
    }
    enum err e = make_records(in, numbers, out);
    return e == ERR_OK ? make_admissions(in->chunk, out, fault) : e;
}

enum err staged_chunk_make(const struct staged_chunk_input *in, struct staged_chunk **out,
                           struct staging_fault *fault)
{
    CLEANUP(cleanup_staged_chunk_free)
    struct staged_chunk *c = chunk_new(in->chunk->record_count, in->chunk->token_count);
    if (c == NULL)
        return ERR_NOMEM;
    *fault = (struct staging_fault){REFUSED_NONE, ""};
    enum err e = fill_chunk(in, c, fault);
    if (e == ERR_OK && fault->code == REFUSED_NONE)
        *out = take(c);
    return e;
}

void staged_batch_free(struct staged_batch *b)
{
    if (b == NULL)
        return;
    free(b->packed);
    free(b->admissions);
    free(b->days);
    free(b);
}

/* The parts of all chunks one behind the other. */
struct joined {
    struct digest *leaves;
    uint32_t *days;
    size_t records;
};

static void joined_free(struct joined *j)
{
    free(j->leaves);
    free(j->days);
}

static bool join_admissions(const struct staged_chunk *c, struct staged_batch *out)
{
    bool fits = true;
    for (size_t i = 0; fits && i < c->admission_count; i++)
        fits = admit(out->admissions, &out->admission_count, &c->admissions[i]);
    return fits;
}

/* False where the admissions do not fit. */
static bool join_chunks(struct staged_chunk *const *chunks, size_t count, struct joined *j,
                        struct staged_batch *out)
{
    bool fits = true;
    for (size_t i = 0; fits && i < count; i++) {
        const struct staged_chunk *c = chunks[i];
        memcpy(j->leaves + j->records, c->leaves, c->record_count * sizeof *j->leaves);
        memcpy(j->days + j->records, c->days, c->record_count * sizeof *j->days);
        memcpy(out->packed + out->token_count * ENTRY_BYTES, c->packed,
               c->token_count * ENTRY_BYTES);
        j->records += c->record_count;
        out->token_count += c->token_count;
        fits = join_admissions(c, out);
    }
    return fits;
}

static int day_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* False where there are too many different days. */
static bool count_days(struct joined *j, struct staged_batch *out)
{
    qsort(j->days, j->records, sizeof *j->days, day_cmp);
    for (size_t i = 0; i < j->records; i++) {
        bool same = out->day_count > 0 && out->days[out->day_count - 1].day == j->days[i];
        if (!same && out->day_count == STAGING_DAYS_MAX)
            return false;
        if (!same)
            out->days[out->day_count++] = (struct day_count){j->days[i], 0};
        out->days[out->day_count - 1].records++;
    }
    return true;
}

static bool counts_agree(const struct batch_header *h, struct staged_chunk *const *chunks,
                         size_t count)
{
    size_t records = 0;
    size_t tokens = 0;
    for (size_t i = 0; i < count; i++) {
        records += chunks[i]->record_count;
        tokens += chunks[i]->token_count;
    }
    return records == h->record_count && tokens == h->token_count && records > 0;
}

static enum err fill_batch(const struct batch_header *h, struct joined *j, struct staged_batch *out,
                           struct staging_fault *fault)
{
    struct digest root;
    enum err e = merkle_root(digest_sha256, j->leaves, j->records, &root);
    if (e != ERR_OK)
        return e;
    if (!digest_equal(&root, &h->root))
        return fail(fault, REFUSED_ROOT, "root: the records are not those that were signed");
    entry_sort(out->packed, out->token_count);
    if (entry_is_repeated(out->packed, out->token_count))
        return fail(fault, REFUSED_MALFORMED, "tokens: one record carries the same token twice");
    if (!count_days(j, out))
        return fail(fault, REFUSED_LIMIT, "expires_days: too many different days");
    return ERR_OK;
}

enum err staged_batch_make(const struct batch_header *header, struct staged_chunk *const *chunks,
                           size_t count, struct staged_batch **out, struct staging_fault *fault)
{
    *fault = (struct staging_fault){REFUSED_NONE, ""};
    if (!counts_agree(header, chunks, count))
        return fail(fault, REFUSED_MALFORMED,
                    "record_count, token_count: not what the chunks hold");
    CLEANUP(cleanup_staged_batch_free) struct staged_batch *b = calloc(1, sizeof *b);
    CLEANUP(joined_free)
    struct joined j = {.leaves = calloc(header->record_count, sizeof *j.leaves),
                       .days = calloc(header->record_count, sizeof *j.days)};
    if (b == NULL || j.leaves == NULL || j.days == NULL)
        return ERR_NOMEM;
    b->packed = calloc(header->token_count, ENTRY_BYTES);
    b->admissions = calloc(STAGING_ADMISSIONS_MAX, sizeof *b->admissions);
    b->days = calloc(STAGING_DAYS_MAX, sizeof *b->days);
    if (b->packed == NULL || b->admissions == NULL || b->days == NULL)
        return ERR_NOMEM;
    if (!join_chunks(chunks, count, &j, b))
        return fail(fault, REFUSED_LIMIT, "batch: too many combinations of rules and categories");
    enum err e = fill_batch(header, &j, b, fault);
    if (e == ERR_OK && fault->code == REFUSED_NONE)
        *out = take(b);
    return e;
}
