/* One version of the policy and its two signatures. */
#include "pki/view/view_internal.h"

#include "pki/cms_detached.h"
#include "pki/digest.h"

enum err view_pin_of(struct bytes certificate_pem, struct digest *out, struct errmsg *why)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse_pem(certificate_pem, CERT_PINNED, &c, why);
    return e != ERR_OK ? e : key_fingerprint(cert_key(c), out);
}

static bool is_pinned(const struct view_pins *pins, const struct cert *signer)
{
    struct digest print;
    if (key_fingerprint(cert_key(signer), &print) != ERR_OK)
        return false;
    for (size_t i = 0; i < pins->signer_count; i++) {
        if (digest_equal(&pins->signers[i], &print))
            return true;
    }
    return false;
}

/* The policy's own entry for this signer; NULL where the file does not name it. */
static const struct policy_signer *named_signer(const struct policy *p, const struct cert *signer)
{
    for (uint32_t i = 0; i < p->signers_count; i++) {
        if (strcmp(p->signers[i].id.s, cert_name(signer)) == 0)
            return &p->signers[i];
    }
    return NULL;
}

/* Who signed so far: one signer of each function, of different organisations. */
struct signed_by {
    const struct policy_signer *signer[2];
    struct agency_id oin[2];
    size_t count;
};

static void note_signer(struct signed_by *by, const struct policy_signer *s,
                        const struct agency_id *oin)
{
    for (size_t i = 0; i < by->count; i++) {
        if (name_equal(&by->signer[i]->function, &s->function) ||
            agency_id_equal(&by->oin[i], oin))
            return;
    }
    if (by->count < ARRAY_LEN(by->signer)) {
        by->signer[by->count] = s;
        by->oin[by->count++] = *oin;
    }
}

/* Counts one signature; one by somebody who is not pinned counts nothing, one that fails refuses. */
static enum err take_signature(const struct view_pins *pins, struct policy_version *p,
                               struct bytes der, struct signed_by *by, struct errmsg *why)
{
    struct cert *signer CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cms_detached_signer(der, CERT_PINNED, &signer, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "policy signature");
    if (!is_pinned(pins, signer)) {
        p->is_unpinned = true;
        return ERR_OK;
    }
    e = cms_detached_verify(p->file.policy, der, signer, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "policy signature of %s", cert_name(signer));
    const struct policy_signer *s = named_signer(version_policy(p), signer);
    if (s != NULL)
        note_signer(by, s, cert_oin(signer));
    return ERR_OK;
}

static enum err check_signatures(const struct view_pins *pins, struct policy_version *p,
                                 struct errmsg *why)
{
    struct signed_by by = {0};
    for (size_t i = 0; i < p->file.signature_count; i++) {
        enum err e = take_signature(pins, p, p->file.signatures[i], &by, why);
        if (e != ERR_OK)
            return e;
    }
    if (by.count < 2)
        return errmsg_set(why, ERR_SIGNATURE,
                          "policy: signed by %zu of the 2 pinned signers (policy owner and jurist, "
                          "of two organisations) that it needs",
                          by.count);
    return ERR_OK;
}

enum err view_read_version(const struct view_pins *pins, const struct view_version *file,
                           struct policy_version *out, struct errmsg *why)
{
    out->file = *file;
    enum err e = policy_file_load(file->policy, "policy", &out->loaded, why);
    if (e == ERR_OK)
        e = digest_sha256(&file->policy, 1, &out->digest);
    if (e != ERR_OK)
        return e;
    const struct policy *p = version_policy(out);
    if (!name_equal(&p->deployment, &pins->deployment))
        return errmsg_set(why, ERR_MISMATCH, "policy: of deployment %s, expected %s",
                          p->deployment.s, pins->deployment.s);
    if (p->demonstration && !pins->demonstration)
        return errmsg_set(why, ERR_CONFIG,
                          "policy: a demonstration policy, and this configuration is for service");
    return check_signatures(pins, out, why);
}

enum err view_verify_policy(const struct view_pins *pins, const struct view_version *version,
                            struct policy_file **out, struct errmsg *why)
{
    struct policy_version p = {.loaded = NULL};
    enum err e = view_read_version(pins, version, &p, why);
    if (e == ERR_OK)
        *out = p.loaded;
    else
        policy_file_free(p.loaded);
    return e;
}
