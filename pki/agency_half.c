#include "pki/agency_half.h"

#include "pki/hkdf.h"
#include "pki/mac.h"
#include "pki/ossl.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define INFO_MAX_BYTES 256

struct agency_half {
    struct secret *k;
    struct name purpose;
    uint32_t epoch;
    struct mac *by_type[IDENT_TYPE_COUNT]; /* K[p,e,t]; none at IDENT_NONE */
};

/* join(label, p, e, last): the info under which everything is derived from K[p,e]. */
static struct buf info_of(const struct agency_half *h, const char *label, struct bytes last,
                          uint8_t room[INFO_MAX_BYTES])
{
    struct buf info = buf_fixed(room, INFO_MAX_BYTES);
    join_str(&info, label);
    join_part(&info, name_bytes(&h->purpose));
    join_u32(&info, h->epoch);
    join_part(&info, last);
    return info;
}

/* A MAC context under the subkey that label and last name. */
static enum err subkey_mac(const struct agency_half *h, const char *label, struct bytes last,
                           struct mac **out)
{
    uint8_t room[INFO_MAX_BYTES];
    struct buf info = info_of(h, label, last, room);
    struct secret *CLEANUP(cleanup_secret_free) subkey = NULL;
    enum err e = buf_err(&info);
    if (e == ERR_OK)
        e = hkdf_subkey(h->k, buf_bytes(&info), &subkey);
    return e == ERR_OK ? mac_new(subkey, out) : e;
}

static enum err derive_types(struct agency_half *h)
{
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++) {
        struct bytes id = bytes_str(ident_type_id((enum ident_type)t));
        enum err e = subkey_mac(h, LABEL_HK1_TYPE, id, &h->by_type[t]);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

enum err agency_half_new(const struct secret *k, const struct name *purpose, uint32_t epoch,
                         struct agency_half **out)
{
    if (secret_len(k) != AGENCY_HALF_KEY_BYTES || purpose->s[0] == '\0')
        return ERR_INVALID;
    struct agency_half *CLEANUP(cleanup_agency_half_free) h = OPENSSL_zalloc(sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->purpose = *purpose;
    h->epoch = epoch;
    h->k = secret_copy(k);
    if (h->k == NULL)
        return ERR_NOMEM;
    enum err e = derive_types(h);
    if (e == ERR_OK)
        *out = take(h);
    return e;
}

enum err agency_half_copy(const struct agency_half *h, struct agency_half **out)
{
    return agency_half_new(h->k, &h->purpose, h->epoch, out);
}

void agency_half_free(struct agency_half *h)
{
    if (h == NULL)
        return;
    for (size_t t = 0; t < ARRAY_LEN(h->by_type); t++)
        mac_free(h->by_type[t]);
    secret_free(h->k);
    OPENSSL_free(h);
}

static void put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

enum err agency_half_inner(struct agency_half *h, const struct agency_half_input *in,
                           struct inner *out)
{
    if ((unsigned)in->type >= IDENT_TYPE_COUNT || in->type == IDENT_NONE)
        return ERR_UNKNOWN;
    if (in->canonical.len == 0 || in->norm_version == 0)
        return ERR_INVALID;
    if (in->canonical.len > AGENCY_HALF_VALUE_MAX)
        return ERR_TOO_LARGE;
    /* join(norm_version, canonical), spelled out: this runs for every identifier of an import. */
    uint8_t head[12];
    put_u32(head, 4);
    put_u32(head + 4, in->norm_version);
    put_u32(head + 8, (uint32_t)in->canonical.len);
    struct bytes parts[] = {BYTES_OF_ARRAY(head), in->canonical};
    return mac_compute(h->by_type[in->type], parts, ARRAY_LEN(parts), out->b);
}

enum err agency_half_batch(struct agency_half *h, const struct agency_half_input *in, size_t count,
                           struct inner *out, size_t *failed)
{
    for (size_t i = 0; i < count; i++) {
        enum err e = agency_half_inner(h, &in[i], &out[i]);
        if (e == ERR_OK)
            continue;
        secret_wipe(out, count * sizeof *out);
        if (failed != NULL)
            *failed = i;
        return e;
    }
    return ERR_OK;
}

enum err agency_half_kcv(const struct agency_half *h, enum suite suite, struct kcv *out)
{
    if (suite != SUITE_HK1)
        return ERR_UNKNOWN;
    uint8_t room[INFO_MAX_BYTES];
    struct buf info = info_of(h, LABEL_HK1_KCV, bytes_str(suite_id(suite)), room);
    enum err e = buf_err(&info);
    struct kcv v;
    if (e == ERR_OK)
        e = hkdf_expand(h->k, buf_bytes(&info), v.b, sizeof v.b);
    if (e == ERR_OK)
        *out = v;
    return e;
}

enum err agency_half_dim(const struct agency_half *h, const struct name *dimension,
                         struct bytes value, struct dim_code *out)
{
    struct mac *CLEANUP(cleanup_mac_free) m = NULL;
    enum err e = subkey_mac(h, LABEL_HK1_DIM, name_bytes(dimension), &m);
    if (e != ERR_OK)
        return e;
    uint8_t full[MAC_BYTES];
    e = mac_compute(m, &value, 1, full);
    if (e == ERR_OK)
        memcpy(out->b, full, sizeof out->b);
    return e;
}
