/* Look-ups of single record versions; agent/records.h is the interface. */
#include "agent/records.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/protected/protected_list.h"
#include "agent/records/batch_row.h"
#include "agent/records/salts.h"
#include "pki/digest.h"
#include "proto/base/label.h"
#include "proto/log/merkle.h"

struct records {
    struct store *store;
    struct protected_list *protected_list;
    pthread_mutex_t lock; /* of handles */
    struct handle_code *handles;
};

enum err records_new(struct store *s, struct protected_list *list, struct records **out)
{
    CLEANUP(cleanup_records_free) struct records *r = calloc(1, sizeof *r);
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    if (r == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&r->lock, NULL);
    r->store = s;
    r->protected_list = list;
    enum err bad = store_derive(s, LABEL_STORE_HANDLE, &key);
    if (bad == ERR_OK)
        bad = handle_code_new(key, &r->handles);
    if (bad == ERR_OK)
        *out = take(r);
    return bad;
}

void records_free(struct records *r)
{
    if (r == NULL)
        return;
    handle_code_free(r->handles);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static enum err find_place(struct records *r, const struct handle *h, struct record_place *out)
{
    pthread_mutex_lock(&r->lock);
    enum err bad = handle_to_place(r->handles, h, out);
    pthread_mutex_unlock(&r->lock);
    return bad;
}

/* The admitting rules out of their bits. */
static enum err expand_rules(const struct record_shape *shape, uint32_t bits, struct arena *a,
                             struct rule_set *out)
{
    struct name *rules = arena_array(a, shape->rules.count, sizeof *rules);
    if (rules == NULL)
        return ERR_NOMEM;
    size_t count = 0;
    for (size_t i = 0; i < shape->rules.count; i++)
        if ((bits >> i & 1) != 0)
            rules[count++] = shape->rules.v[i];
    *out = (struct rule_set){rules, count};
    return ERR_OK;
}

/* The salts of the record's fields and then its tokens, from the batch's secret. */
static enum err read_salts(const struct batch_row *row, struct salt_range range,
                           struct salt *out)
{
    CLEANUP(cleanup_secret_free) struct secret *secret = secret_new(row->secret);
    CLEANUP(cleanup_salts_free) struct salts *salts = NULL;
    if (secret == NULL)
        return ERR_NOMEM;
    enum err bad = salts_new(secret, &salts);
    return bad == ERR_OK ? salts_of(salts, range, out) : bad;
}

static enum err fill_lists(const struct batch_row *row, const struct record_content *c,
                           struct arena *a, struct record *out)
{
    const struct name_list names = row->shape.fields;
    size_t count = c->identifier_count;
    struct salt salts[RECORD_FIELDS_MAX + RECORD_IDENTIFIERS_MAX];
    struct record_field *fields = arena_array(a, names.count, sizeof *fields);
    struct record_identifier *ids = arena_array(a, count, sizeof *ids);
    if (fields == NULL || ids == NULL)
        return ERR_NOMEM;
    const struct salt_range range = {out->leaf_index, 0, names.count + count};
    enum err bad = read_salts(row, range, salts);
    if (bad != ERR_OK)
        return bad;
    for (size_t i = 0; i < names.count; i++)
        fields[i] = (struct record_field){names.v[i], c->fields[i], salts[i]};
    for (size_t i = 0; i < count; i++)
        ids[i] = (struct record_identifier){c->identifiers[i], salts[names.count + i]};
    out->fields = fields;
    out->field_count = names.count;
    out->identifiers = ids;
    out->identifier_count = count;
    return expand_rules(&row->shape, c->rules, a, &out->rules);
}

static enum err fill_status(struct records *r, struct kv_txn *txn, struct record *out)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct record_place place;
    enum err bad = find_place(r, &out->handle, &place);
    if (bad != ERR_OK)
        return bad;
    bad = store_has(r->store, txn, STORE_GONE, batch_key_at(place, key));
    out->withdrawn = bad == ERR_OK;
    for (size_t i = 0; r->protected_list != NULL && i < out->identifier_count; i++)
        out->is_protected |=
            protected_list_has(r->protected_list, txn, &out->identifiers[i].ident);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err fill_record(const struct batch_row *row, const struct record_version *v,
                            struct arena *a, struct record *out)
{
    struct record_content content;
    struct errmsg why;
    struct batch_header header;
    enum err bad = content_decode(v->content, &row->shape, a, &content);
    if (bad == ERR_OK)
        bad = batch_header_decode(row->header, a, &header, &why);
    if (bad != ERR_OK)
        return bad;
    out->purpose = header.purpose;
    out->epoch = header.epoch;
    out->batch = header.batch_id;
    out->category = row->shape.categories.v[content.category];
    out->expires_day = v->expires_day;
    return fill_lists(row, &content, a, out);
}

enum err records_by_handle(struct records *r, struct kv_txn *txn, const struct handle *handle,
                           struct arena *a, struct record *out)
{
    struct record_place place;
    struct batch_row row;
    struct record_version version;
    struct record found = {.handle = *handle};
    enum err bad = find_place(r, handle, &place);
    if (bad == ERR_OK)
        bad = batch_row_get(r->store, txn, place.batch, a, &row);
    if (bad == ERR_OK &&
        (row.kind != BATCH_ADD || place.index >= row.record_count || batch_row_is_bare(&row)))
        bad = ERR_NOT_FOUND;
    if (bad == ERR_OK)
        bad = record_version_get(r->store, txn, place, a, &version);
    if (bad != ERR_OK)
        return bad;
    found.leaf_index = place.index;
    found.place_batch = place.batch;
    bad = fill_record(&row, &version, a, &found);
    if (bad == ERR_OK)
        bad = fill_status(r, txn, &found);
    if (bad == ERR_OK)
        *out = found;
    return bad;
}

static enum err make_path(const struct digest *leaves, size_t count, size_t index, struct arena *a,
                          struct merkle_path *out)
{
    struct merkle_hashes hashes;
    if (index >= count)
        return ERR_INVALID;
    enum err bad = merkle_path_make(digest_sha256, leaves, count, index, &hashes);
    if (bad != ERR_OK)
        return bad;
    struct bytes copy = arena_copy(a, bytes_of(hashes.h, hashes.count * sizeof hashes.h[0]));
    struct digest *kept = arena_array(a, hashes.count, sizeof *kept);
    if (copy.ptr == NULL || kept == NULL)
        return ERR_NOMEM;
    memcpy(kept, copy.ptr, copy.len);
    *out = (struct merkle_path){index, count, kept, hashes.count};
    return ERR_OK;
}

enum err records_batch(struct records *r, struct kv_txn *txn, const struct record *record,
                       struct arena *a, struct record_batch *out)
{
    struct batch_row row;
    const struct digest *leaves;
    size_t count;
    enum err bad = batch_row_get(r->store, txn, record->place_batch, a, &row);
    if (bad == ERR_OK && row.state == BATCH_PREPARED)
        bad = ERR_STATE;
    if (bad == ERR_OK)
        bad = batch_leaves_get(r->store, txn, record->place_batch, a, &leaves, &count);
    if (bad != ERR_OK)
        return bad;
    struct record_batch found = {row.header, row.signature, row.promise, row.promise_signature,
                                 {0}};
    bad = make_path(leaves, count, record->leaf_index, a, &found.leaf_path);
    if (bad == ERR_OK)
        *out = found;
    return bad;
}
