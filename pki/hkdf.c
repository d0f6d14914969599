#include "pki/hkdf.h"

#include "pki/mac.h"
#include "pki/secret_internal.h"

enum err hkdf_expand(const struct secret *key, struct bytes info, uint8_t *out, size_t n)
{
    if (secret_len(key) < HKDF_KEY_BYTES)
        return ERR_INVALID;
    if (n == 0 || n > HKDF_MAX_BYTES)
        return ERR_RANGE;
    struct mac *CLEANUP(cleanup_mac_free) m = NULL;
    enum err e = mac_new(key, &m);
    uint8_t t[MAC_BYTES]; /* T(i) of the RFC */
    size_t t_len = 0;     /* T(0) is empty */
    uint8_t i = 0;
    for (size_t done = 0; done < n && e == ERR_OK;) {
        i++;
        struct bytes parts[] = {bytes_of(t, t_len), info, bytes_of(&i, 1)};
        e = mac_compute(m, parts, ARRAY_LEN(parts), t);
        t_len = sizeof t;
        size_t step = n - done < sizeof t ? n - done : sizeof t;
        if (e == ERR_OK)
            memcpy(out + done, t, step);
        done += step;
    }
    secret_wipe(t, sizeof t);
    if (e != ERR_OK)
        secret_wipe(out, n);
    return e;
}

enum err hkdf_subkey(const struct secret *key, struct bytes info, struct secret **out)
{
    struct secret *CLEANUP(cleanup_secret_free) s = secret_zeroed(HKDF_KEY_BYTES);
    if (s == NULL)
        return ERR_NOMEM;
    enum err e = hkdf_expand(key, info, secret_data(s), HKDF_KEY_BYTES);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}
