/* What each use of a certificate demands, held against one certificate. */
#include "pki/cert_internal.h"

/* Below the UUID arc (ITU-T X.667), drawn at random once; of 31 bits, because common tools refuse longer
 * components. Only our own code reads it, below our own root. */
#define OUR_ARC "2.25.1408968882"
#define OID_EMAIL_PROTECTION "1.3.6.1.5.5.7.3.4" /* so that stock CMS tools accept signatures */

static const struct cert_profile profiles[CERT_USE_COUNT] = {
    [CERT_ROOT] = {"root", KEY_TYPE_P256, 1, KU_KEY_CERT_SIGN | KU_CRL_SIGN, {NULL, NULL}, true},
    [CERT_ISSUER] = {"issuer", KEY_TYPE_P256, 0, KU_KEY_CERT_SIGN | KU_CRL_SIGN, {NULL, NULL}, false},
    [CERT_SIGNING] = {"signing",
                      KEY_TYPE_P256,
                      -1,
                      KU_DIGITAL_SIGNATURE,
                      {OID_EMAIL_PROTECTION, OUR_ARC ".1"},
                      false},
    [CERT_SEALING] = {"sealing", KEY_TYPE_P256, -1, KU_KEY_AGREEMENT, {OUR_ARC ".2", NULL}, false},
    [CERT_TRANSPORT] =
        {"transport", KEY_TYPE_X25519, -1, KU_KEY_AGREEMENT, {OUR_ARC ".3", NULL}, false},
    [CERT_OFFICER] = {"officer",
                      KEY_TYPE_P256,
                      -1,
                      KU_DIGITAL_SIGNATURE,
                      {OID_EMAIL_PROTECTION, OUR_ARC ".4"},
                      false},
    [CERT_PINNED] = {"pinned",
                     KEY_TYPE_P256,
                     -1,
                     KU_DIGITAL_SIGNATURE,
                     {OID_EMAIL_PROTECTION, OUR_ARC ".5"},
                     true},
};

const struct cert_profile *cert_profile_of(enum cert_use use)
{
    return use > CERT_NONE && use < CERT_USE_COUNT ? &profiles[use] : NULL;
}

const char *cert_use_id(enum cert_use use)
{
    const struct cert_profile *p = cert_profile_of(use);
    return p != NULL ? p->id : "?";
}

static enum err refuse(struct errmsg *why, const char *what)
{
    return errmsg_set(why, ERR_CERT, "%s", what);
}

/* One attribute of a name, alone in its set, as UTF-8. */
static enum err read_entry(const X509_NAME *n, int nid, struct buf *out)
{
    int at = X509_NAME_get_index_by_NID(n, nid, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(n, nid, at) >= 0)
        return ERR_CERT;
    uint8_t *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at)));
    if (len <= 0)
        return ERR_CERT;
    struct bytes b = bytes_of(text, (size_t)len);
    if (bytes_is_utf8(b))
        buf_put(out, b);
    else
        out->err = ERR_INVALID;
    OPENSSL_free(text);
    return buf_err(out);
}

enum err cert_read_subject(const X509_NAME *n, struct cert_subject *out, struct errmsg *why)
{
    struct cert_subject s = {.name = ""};
    char oin[OIN_CHARS];
    struct buf oin_buf = buf_fixed(oin, sizeof oin);
    struct buf name_buf = buf_fixed(s.name, CERT_NAME_MAX_BYTES);
    if (X509_NAME_entry_count(n) != 2 || read_entry(n, NID_serialNumber, &oin_buf) != ERR_OK ||
        read_entry(n, NID_commonName, &name_buf) != ERR_OK ||
        agency_id_parse(buf_bytes(&oin_buf), &s.oin) != ERR_OK)
        return refuse(why, "subject: must be serialNumber (an OIN) and commonName");
    *out = s;
    return ERR_OK;
}

enum err cert_write_subject(X509_NAME *n, const struct agency_id *oin, const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > CERT_NAME_MAX_BYTES)
        return ERR_INVALID;
    const uint8_t *o = (const uint8_t *)oin->oin;
    const uint8_t *c = (const uint8_t *)name;
    if (X509_NAME_add_entry_by_NID(n, NID_serialNumber, V_ASN1_PRINTABLESTRING, o, OIN_CHARS, -1,
                                   0) != 1 ||
        X509_NAME_add_entry_by_NID(n, NID_commonName, MBSTRING_UTF8, c, (int)len, -1, 0) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

static bool is_known_extension(int nid)
{
    return nid == NID_basic_constraints || nid == NID_key_usage || nid == NID_ext_key_usage ||
           nid == NID_subject_key_identifier || nid == NID_authority_key_identifier;
}

/* Exactly the extensions of the profile, none twice. */
static enum err check_extensions(const struct cert_profile *p, X509 *x, struct errmsg *why)
{
    int want = p->ext_usage[0] != NULL ? 5 : 4;
    unsigned seen = 0;
    for (int i = 0; i < X509_get_ext_count(x); i++) {
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_get_ext(x, i)));
        if (!is_known_extension(nid))
            return refuse(why, "extensions: one that this profile does not know");
        if (X509_get_ext_by_NID(x, nid, i) >= 0)
            return refuse(why, "extensions: one stands twice");
        seen++;
    }
    if (seen != (unsigned)want || (X509_get_extension_flags(x) & EXFLAG_INVALID) != 0)
        return refuse(why, "extensions: one is missing, too many or malformed");
    if (X509_get0_subject_key_id(x) == NULL || X509_get0_authority_key_id(x) == NULL)
        return refuse(why, "extensions: a key identifier is missing");
    return ERR_OK;
}

static bool same_oid(const ASN1_OBJECT *o, const char *text)
{
    char have[96];
    int n = OBJ_obj2txt(have, sizeof have, o, 1);
    return n > 0 && (size_t)n < sizeof have && strcmp(have, text) == 0;
}

static enum err check_ext_usage(const struct cert_profile *p, X509 *x, struct errmsg *why)
{
    int want = (p->ext_usage[0] != NULL) + (p->ext_usage[1] != NULL);
    if (want == 0)
        return ERR_OK;
    EXTENDED_KEY_USAGE *have = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    bool same = have != NULL && sk_ASN1_OBJECT_num(have) == want;
    for (int i = 0; same && i < want; i++)
        same = same_oid(sk_ASN1_OBJECT_value(have, i), p->ext_usage[i]);
    EXTENDED_KEY_USAGE_free(have);
    return same ? ERR_OK : refuse(why, "extended key usage: of another use");
}

static enum err check_constraints(const struct cert_profile *p, X509 *x, struct errmsg *why)
{
    bool ca = p->path_length >= 0;
    uint32_t flags = X509_get_extension_flags(x);
    if ((flags & EXFLAG_BCONS) == 0 || ((flags & EXFLAG_CA) != 0) != ca)
        return refuse(why, "basic constraints: CA where it must not be, or the reverse");
    if (ca && X509_get_pathlen(x) != p->path_length)
        return refuse(why, "basic constraints: wrong path length");
    if ((flags & EXFLAG_KUSAGE) == 0 || X509_get_key_usage(x) != p->key_usage)
        return refuse(why, "key usage: of another use");
    bool self_issued = (flags & EXFLAG_SI) != 0;
    if (self_issued != p->self_signed)
        return refuse(why, "issuer: self-signed where it must not be, or the reverse");
    return ERR_OK;
}

enum err cert_check_profile(const struct cert *c, struct errmsg *why)
{
    const struct cert_profile *p = cert_profile_of(cert_use_of(c));
    X509 *x = cert_x509(c);
    if (p == NULL)
        return ERR_UNKNOWN;
    if (X509_get_version(x) != X509_VERSION_3)
        return refuse(why, "version: not 3");
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    if (ASN1_STRING_length(serial) < 8 || ASN1_STRING_length(serial) > 20 ||
        ASN1_STRING_type(serial) != V_ASN1_INTEGER)
        return refuse(why, "serial number: must be positive, of 8 to 20 bytes");
    if (X509_get_signature_nid(x) != NID_ecdsa_with_SHA256)
        return refuse(why, "signature: not ECDSA with SHA-256");
    if (key_type(cert_key(c)) != p->key)
        return refuse(why, "key: of another type");
    enum err e = check_extensions(p, x, why);
    if (e == ERR_OK)
        e = check_constraints(p, x, why);
    return e != ERR_OK ? e : check_ext_usage(p, x, why);
}
