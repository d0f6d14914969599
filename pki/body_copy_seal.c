#include "pki/body_copy_seal.h"

#include "pki/digest.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define PLACE_BYTES 128u

static void put_place(struct buf *out, uint64_t index, const struct digest *entry)
{
    join_str(out, LABEL_BODY_COPY);
    join_u64(out, index);
    join_part(out, digest_bytes(entry));
}

enum err body_copy_seal(struct aead *a, uint64_t index, const struct digest *entry,
                        struct bytes body, struct buf *out)
{
    uint8_t room[PLACE_BYTES];
    struct buf place = buf_fixed(room, sizeof room);
    CLEANUP(buf_free) struct buf sealed = buf_new(BODY_COPY_SEALED_MAX);
    put_place(&place, index, entry);
    enum err e = body.len <= ENTRY_BODY_MAX ? buf_err(&place) : ERR_TOO_LARGE;
    if (e == ERR_OK)
        e = aead_seal(a, buf_bytes(&place), body, &sealed);
    if (e != ERR_OK)
        return e;
    body_copy_put(out, &(struct body_copy_record){index, *entry, buf_bytes(&sealed)});
    return buf_err(out);
}

enum err body_copy_open(struct aead *a, const struct body_copy_record *r, struct buf *out)
{
    uint8_t room[PLACE_BYTES];
    struct buf place = buf_fixed(room, sizeof room);
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    struct digest d;
    put_place(&place, r->index, &r->entry);
    enum err e = buf_err(&place);
    if (e == ERR_OK)
        e = aead_open(a, buf_bytes(&place), r->sealed, &body);
    if (e == ERR_OK)
        e = entry_hash(digest_sha256, buf_bytes(&body), &d);
    if (e == ERR_OK && !digest_equal(&d, &r->entry))
        e = ERR_MISMATCH;
    if (e != ERR_OK)
        return e;
    buf_put(out, buf_bytes(&body));
    return buf_err(out);
}
