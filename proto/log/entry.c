#include "proto/log/entry.h"

#include "proto/base/join.h"
#include "proto/base/label.h"

/* Length prefixes of a join, for hashing without a copy of the parts. */
struct prefix {
    uint8_t b[4];
};

static struct prefix prefix_of(size_t n)
{
    struct prefix p;
    struct buf b = buf_fixed(p.b, sizeof p.b);
    buf_put_u32(&b, (uint32_t)n);
    return p;
}

enum err entry_hash(sha256_fn sha, struct bytes body, struct digest *out)
{
    if (body.len > ENTRY_BODY_MAX)
        return ERR_TOO_LARGE;
    const struct bytes label = bytes_str(LABEL_LEAF);
    const struct prefix before_label = prefix_of(label.len);
    const struct prefix before_body = prefix_of(body.len);
    const struct bytes parts[] = {BYTES_OF_ARRAY(before_label.b), label,
                                  BYTES_OF_ARRAY(before_body.b), body};
    return sha(parts, ARRAY_LEN(parts), out);
}

void entry_filler_message(uint64_t index, struct buf *out)
{
    join_str(out, LABEL_FILLER);
    join_u64(out, index);
}

enum err entry_ref(sha256_fn sha, struct bytes salt, const char *kind, struct bytes id,
                   struct digest *out)
{
    uint8_t text[512];
    struct buf b = buf_fixed(text, sizeof text);
    join_str(&b, LABEL_AUDIT_REF);
    join_part(&b, salt);
    join_str(&b, kind);
    join_part(&b, id);
    if (buf_err(&b) != ERR_OK)
        return buf_err(&b);
    const struct bytes parts[] = {buf_bytes(&b)};
    return sha(parts, ARRAY_LEN(parts), out);
}
