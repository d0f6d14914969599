#include "pki/filler.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "pki/mac.h"
#include "pki/secret_internal.h"

struct filler {
    struct mac *mac;
};

enum err filler_new(const struct secret *key, struct filler **out)
{
    if (secret_len(key) != FILLER_KEY_BYTES)
        return ERR_INVALID;
    struct filler *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    enum err e = mac_new(key, &f->mac);
    if (e == ERR_OK)
        *out = f;
    else
        free(f);
    return e;
}

void filler_free(struct filler *f)
{
    if (f == NULL)
        return;
    mac_free(f->mac);
    free(f);
}

enum err filler_at(struct filler *f, uint64_t index, struct digest *out)
{
    uint8_t text[64];
    struct buf b = buf_fixed(text, sizeof text);
    entry_filler_message(index, &b);
    const struct bytes part = buf_bytes(&b);
    enum err e = buf_err(&b);
    return e == ERR_OK ? mac_compute(f->mac, &part, 1, out->b) : e;
}

static enum err read_filler(void *ctx, uint64_t index, struct digest *out)
{
    return filler_at(ctx, index, out);
}

struct filler_source filler_source_of(struct filler *f)
{
    return (struct filler_source){read_filler, f};
}

enum err filler_commitment(const struct secret *key, struct digest *out)
{
    const struct bytes part = secret_bytes(key);
    return digest_sha256(&part, 1, out);
}
