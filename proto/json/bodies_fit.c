#include "proto/json/bodies_fit.h"

#include "proto/log/entry.h"

static bool is_word(const struct name *wanted, const char *has)
{
    return wanted->s[0] == '\0' || bytes_is(name_bytes(wanted), has);
}

static bool fits_words(const struct bodies_filter *f, const struct audit_body *b)
{
    if (f->since_s != 0 && b->ts < f->since_s)
        return false;
    if (f->until_s != 0 && b->ts >= f->until_s)
        return false;
    if (f->agency.oin[0] != '\0' && !agency_id_equal(&f->agency, &b->actor) &&
        !agency_id_equal(&f->agency, &b->peer))
        return false;
    return is_word(&f->rule, b->rule.s) && is_word(&f->event, audit_event_id(b->event)) &&
           is_word(&f->decision, audit_decision_id(b->decision));
}

enum err bodies_fit(sha256_fn sha, const struct bodies_filter *f, const struct audit_body *b,
                    bool *fits)
{
    struct digest d;
    *fits = fits_words(f, b);
    if (!*fits || !f->has_officer)
        return ERR_OK;
    const enum err e = entry_ref(sha, BYTES_OF_ARRAY(f->salt.b), "officer", b->staff, &d);
    *fits = e == ERR_OK && digest_equal(&d, &f->officer);
    return e;
}

/* A name, and a digest of it under a salt. */
struct named {
    const char *kind; /* as of entry_ref */
    struct bytes name;
    bool is_said;
    bool has_digest;
    const struct digest *digest;
};

static enum err is_named(sha256_fn sha, const struct salt *salt, const struct named *n, bool *is)
{
    struct digest d;
    *is = true;
    if (!n->is_said)
        return ERR_OK;
    const enum err e = entry_ref(sha, BYTES_OF_ARRAY(salt->b), n->kind, n->name, &d);
    *is = e == ERR_OK && n->has_digest && digest_equal(&d, n->digest);
    return e;
}

static enum err are_named(sha256_fn sha, const struct salt *salt, const struct named *n, size_t count, bool *are)
{
    enum err e = ERR_OK;
    *are = true;
    for (size_t i = 0; e == ERR_OK && *are && i < count; i++)
        e = is_named(sha, salt, &n[i], are);
    return e;
}

enum err bodies_sought_check(sha256_fn sha, const struct bodies_filter *f, const struct bodies_sought *s)
{
    const struct named names[] = {
        {"officer", name_bytes(&s->officer), s->officer.s[0] != '\0', f->has_officer, &f->officer},
        {"request", digest_bytes(&s->request), s->has_request, f->has_request, &f->request},
        {"case", BYTES_OF_ARRAY(s->dossier.b), s->has_case, f->has_case, &f->dossier},
    };
    bool are = false;
    const enum err e = are_named(sha, &f->salt, names, ARRAY_LEN(names), &are);
    return e == ERR_OK && !are ? ERR_MISMATCH : e;
}

enum err bodies_fit_sought(sha256_fn sha, const struct bodies_sought *s, const struct audit_body *b, bool *fits)
{
    const struct named names[] = {
        {"request", digest_bytes(&s->request), s->has_request, b->has_request_ref, &b->request_ref},
        {"case", BYTES_OF_ARRAY(s->dossier.b), s->has_case, b->has_case_ref, &b->case_ref},
    };
    return are_named(sha, &b->salt, names, ARRAY_LEN(names), fits);
}
