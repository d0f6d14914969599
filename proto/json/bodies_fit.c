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
