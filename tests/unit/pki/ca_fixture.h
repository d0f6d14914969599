/* A small public key infrastructure for tests: root, issuing CA, and whatever they issue. */
#ifndef SLUIS_TESTS_CA_FIXTURE_H
#define SLUIS_TESTS_CA_FIXTURE_H

#include "pki/ca.h"
#include "tests/unit/pki/test_core.h"

#ifndef FIX_NOW /* a test may live in another time */
#define FIX_NOW INT64_C(1700000000)
#endif
#define FIX_DAY INT64_C(86400)

struct fix_party {
    struct key *key;
    struct cert *cert;
};

struct fix_pki {
    struct fix_party root;
    struct fix_party issuer;
    struct cert *issuers[1];
    struct cert_anchors anchors;
};

static inline struct agency_id fix_oin(char last)
{
    struct agency_id id = {"00000099000000000000"};
    id.oin[OIN_CHARS - 1] = last;
    return id;
}

static inline struct ca_request fix_request(enum cert_use use, char oin, const char *name)
{
    return (struct ca_request){use, fix_oin(oin), name, FIX_NOW, FIX_NOW + 30 * FIX_DAY};
}

static inline struct fix_party fix_self(enum cert_use use, const char *name)
{
    struct fix_party p = {NULL, NULL};
    struct ca_request r = fix_request(use, '0', name);
    struct errmsg why = {""};
    assert_int_equal(key_generate(KEY_TYPE_P256, &p.key), ERR_OK);
    if (ca_self_sign(&r, p.key, &p.cert, &why) != ERR_OK)
        fail_msg("self sign: %s", why.text);
    return p;
}

static inline struct fix_party fix_issue(const struct fix_party *by, const struct ca_request *r)
{
    struct fix_party p = {NULL, NULL};
    struct ca_issuer issuer = {by->cert, by->key};
    struct errmsg why = {""};
    enum key_type type = r->use == CERT_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256;
    assert_int_equal(key_generate(type, &p.key), ERR_OK);
    if (ca_issue(r, &issuer, p.key, &p.cert, &why) != ERR_OK)
        fail_msg("issue: %s", why.text);
    return p;
}

static inline struct fix_party fix_leaf(const struct fix_pki *f, enum cert_use use, char oin)
{
    struct ca_request r = fix_request(use, oin, "leaf");
    return fix_issue(&f->issuer, &r);
}

static inline void fix_party_free(struct fix_party *p)
{
    key_free(p->key);
    cert_free(p->cert);
}

static inline void fix_new(struct fix_pki *f)
{
    struct ca_request r = fix_request(CERT_ISSUER, '0', "issuing CA");
    f->root = fix_self(CERT_ROOT, "root");
    f->issuer = fix_issue(&f->root, &r);
    f->issuers[0] = f->issuer.cert;
    f->anchors = (struct cert_anchors){f->root.cert, f->issuers, 1};
}

static inline void fix_free(struct fix_pki *f)
{
    fix_party_free(&f->issuer);
    fix_party_free(&f->root);
}

#endif
