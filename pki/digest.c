#include "pki/digest.h"

#include "pki/sha256_internal.h"

enum err digest_sha256(const struct bytes *parts, size_t count, struct digest *out)
{
    struct sha256 s;
    struct digest d;
    enum err e = sha256_start(&s);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = sha256_absorb(&s, parts[i]);
    if (e == ERR_OK)
        e = sha256_end(&s, d.b);
    if (e == ERR_OK)
        *out = d;
    return e;
}
