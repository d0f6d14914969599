#include "pki/digest.h"

#include "pki/sha256_internal.h"

enum err digest_sha256(const struct bytes *parts, size_t count, struct digest *out)
{
    return sha256_of(NULL, parts, count, out->b);
}
