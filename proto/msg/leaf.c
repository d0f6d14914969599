#include "proto/msg/leaf.h"

#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/msg/batch.h"

#define RECORD_LEAF_MAX_BYTES (512 + BATCH_RULES_MAX * (4 + NAME_MAX_BYTES))

static enum err hash_buf(sha256_fn sha256, const struct buf *b, struct digest *out)
{
    enum err e = buf_err(b);
    if (e != ERR_OK)
        return e;
    struct bytes content = buf_bytes(b);
    return sha256(&content, 1, out);
}

enum err leaf_field(sha256_fn sha256, const struct salt *salt, const struct name *name,
                    struct bytes value, struct digest *out)
{
    UNINIT uint8_t head[256];
    struct buf b = buf_fixed(head, sizeof head);
    join_str(&b, LABEL_FIELD);
    join_part(&b, BYTES_OF_ARRAY(salt->b));
    join_part(&b, name_bytes(name));
    if (value.len > UINT32_MAX)
        return ERR_TOO_LARGE;
    buf_put_u32(&b, (uint32_t)value.len);
    enum err e = buf_err(&b);
    if (e != ERR_OK)
        return e;
    const struct bytes parts[] = {buf_bytes(&b), value};
    return sha256(parts, ARRAY_LEN(parts), out);
}

enum err leaf_token(sha256_fn sha256, const struct salt *salt, enum ident_type type,
                    const struct inner *inner, struct digest *out)
{
    UNINIT uint8_t storage[192];
    struct buf b = buf_fixed(storage, sizeof storage);
    join_str(&b, LABEL_TOKEN);
    join_part(&b, BYTES_OF_ARRAY(salt->b));
    join_str(&b, ident_type_id(type));
    join_part(&b, BYTES_OF_ARRAY(inner->b));
    enum err e = hash_buf(sha256, &b, out);
    explicit_bzero(storage, sizeof storage);
    return e;
}

enum err leaf_record(sha256_fn sha256, const struct record_leaf_parts *parts, struct digest *out)
{
    UNINIT uint8_t storage[RECORD_LEAF_MAX_BYTES];
    UNINIT struct bytes rules[BATCH_RULES_MAX];
    if (parts->rules->count > BATCH_RULES_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < parts->rules->count; i++)
        rules[i] = name_bytes(&parts->rules->rules[i]);
    struct buf b = buf_fixed(storage, sizeof storage);
    join_str(&b, LABEL_RECORD);
    join_part(&b, BYTES_OF_ARRAY(parts->handle.b));
    join_list(&b, rules, parts->rules->count);
    join_part(&b, name_bytes(&parts->category));
    join_u32(&b, parts->expires_day);
    join_list(&b, NULL, 0); /* dims */
    join_part(&b, digest_bytes(&parts->field_root));
    join_part(&b, digest_bytes(&parts->token_root));
    return hash_buf(sha256, &b, out);
}

enum err leaf_subject(sha256_fn sha256, const struct subject_leaf_parts *parts, struct digest *out)
{
    uint8_t storage[256];
    struct buf b = buf_fixed(storage, sizeof storage);
    join_str(&b, LABEL_SUBJECT);
    join_part(&b, BYTES_OF_ARRAY(parts->salt.b));
    join_u32(&b, parts->group);
    join_str(&b, ident_type_id(parts->type));
    join_part(&b, BYTES_OF_ARRAY(parts->inner.b));
    join_part(&b, digest_bytes(&parts->sealed_digest));
    enum err e = hash_buf(sha256, &b, out);
    explicit_bzero(storage, sizeof storage);
    return e;
}
