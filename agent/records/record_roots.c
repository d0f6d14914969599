#include "agent/records.h"
#include "pki/digest.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

static enum err digests_of(const struct record *r, const struct inner *inners,
                           struct record_roots *out)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < r->field_count; i++)
        bad = leaf_field(digest_sha256, &r->fields[i].salt, &r->fields[i].name,
                         r->fields[i].value, &out->field_digests[i]);
    for (size_t i = 0; bad == ERR_OK && i < r->identifier_count; i++)
        bad = leaf_token(digest_sha256, &r->identifiers[i].salt, r->identifiers[i].ident.type,
                         &inners[i], &out->token_digests[i]);
    return bad;
}

enum err record_roots_of(const struct record *record, const struct inner *inners, struct arena *a,
                         struct record_roots *out)
{
    struct record_roots r = {
        .field_digests = arena_array(a, record->field_count, sizeof *r.field_digests),
        .token_digests = arena_array(a, record->identifier_count, sizeof *r.token_digests),
    };
    if (r.field_digests == NULL || r.token_digests == NULL)
        return ERR_NOMEM;
    enum err bad = digests_of(record, inners, &r);
    if (bad == ERR_OK)
        bad = merkle_root(digest_sha256, r.field_digests, record->field_count, &r.field_root);
    if (bad == ERR_OK)
        bad = merkle_root(digest_sha256, r.token_digests, record->identifier_count,
                          &r.token_root);
    if (bad != ERR_OK)
        return bad;
    const struct record_leaf_parts parts = {
        .handle = record->handle,
        .rules = &record->rules,
        .category = record->category,
        .expires_day = record->expires_day,
        .field_root = r.field_root,
        .token_root = r.token_root,
    };
    bad = leaf_record(digest_sha256, &parts, &r.leaf);
    if (bad == ERR_OK)
        *out = r;
    return bad;
}
