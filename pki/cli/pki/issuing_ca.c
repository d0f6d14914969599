#include "pki/cli/pki/issuing_ca.h"

#include "pki/cli/pki/version.h"

void issuing_set_free(struct issuing_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        cert_free(s->v[i].cert);
}

static bool lists(const struct roster *r, const struct digest *fingerprint)
{
    for (size_t i = 0; i < r->issuer_count; i++) {
        if (digest_equal(&r->issuers[i].fingerprint, fingerprint))
            return true;
    }
    return false;
}

enum err issuing_set_load(struct work *w, const struct roster *r, struct issuing_set *out)
{
    for (unsigned n = 1; n <= VERSION_MAX && out->count < r->issuer_count; n++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        enum err e = version_load_cert(w, ISSUING_CERT, n, CERT_ISSUER, &c);
        if (e == ERR_NOT_FOUND)
            continue;
        if (e != ERR_OK)
            return e;
        if (!lists(r, cert_fingerprint(c)))
            continue;
        out->v[out->count++] = (struct issuing_ca){n, take(c), version_has_key(w, ISSUING_KEY, n)};
    }
    w->why = (struct errmsg){""};
    return ERR_OK;
}

const struct issuing_ca *issuing_set_current(const struct issuing_set *s)
{
    for (size_t i = s->count; i > 0; i--) {
        if (s->v[i - 1].has_key)
            return &s->v[i - 1];
    }
    return NULL;
}

const struct issuing_ca *issuing_set_version(const struct issuing_set *s, unsigned version)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->v[i].version == version)
            return &s->v[i];
    }
    return NULL;
}

const struct issuing_ca *issuing_set_of(const struct issuing_set *s, const struct cert *root,
                                        const struct cert *c)
{
    for (size_t i = 0; i < s->count; i++) {
        struct cert *const one[] = {s->v[i].cert};
        struct cert_anchors anchors = {root, one, 1};
        if (cert_check_chain(c, &anchors, NULL) == ERR_OK)
            return &s->v[i];
    }
    return NULL;
}

static bool has(const struct issuing_set *s, const struct digest *fingerprint)
{
    for (size_t i = 0; i < s->count; i++) {
        if (digest_equal(cert_fingerprint(s->v[i].cert), fingerprint))
            return true;
    }
    return false;
}

/* The lowest version above every one that was ever used here. */
static unsigned next_free(struct work *w)
{
    char path[WORK_PATH_MAX];
    unsigned n = VERSION_MAX;
    while (n > 0 && !version_has_key(w, ISSUING_KEY, n) &&
           !(work_path(w, path, version_id_of(ISSUING_CERT, n).s, ".pem") == ERR_OK &&
             file_exists(path)))
        n--;
    return n + 1;
}

enum err issuing_keep_listed(struct work *w, const struct roster *r)
{
    struct issuing_set s CLEANUP(issuing_set_free) = {.count = 0};
    enum err e = issuing_set_load(w, r, &s);
    for (size_t i = 0; e == ERR_OK && i < r->issuer_count; i++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        if (has(&s, &r->issuers[i].fingerprint))
            continue;
        e = cert_parse(r->issuers[i].der, CERT_ISSUER, &c, &w->why);
        if (e == ERR_OK)
            e = work_save_cert(w, version_id_of(ISSUING_CERT, next_free(w)).s, c);
    }
    return e;
}
