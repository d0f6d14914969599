/* Buffers for what must not stay in memory behind their use; for pki/ only. A buffer that grows leaves
 * copies behind: reserve its room first where the content is a key. */
#ifndef SLUIS_PKI_WIPE_BUF_H
#define SLUIS_PKI_WIPE_BUF_H

#include "pki/secret.h"
#include "proto/base/buf.h"

/* Wipes the content and frees; for use with CLEANUP. */
static inline void wipe_buf(struct buf *b)
{
    secret_wipe(b->ptr, b->len);
    buf_free(b);
}

#endif
