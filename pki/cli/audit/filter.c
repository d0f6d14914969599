#include "pki/cli/audit/filter.h"

#include <string.h>

#include "pki/digest.h"
#include "pki/random.h"
#include "proto/base/text.h"
#include "proto/log/entry.h"

static enum err check_words(const struct options *o, struct errmsg *why)
{
    enum audit_event event = AUDIT_EVENT_NONE;
    if (o->event != NULL && audit_event_parse(bytes_str(o->event), &event) != ERR_OK)
        return errmsg_set(why, ERR_UNKNOWN, "--event: there is no event \"%s\"", o->event);
    bool is_known = o->decision == NULL;
    for (int d = AUDIT_DECISION_PERMIT; !is_known && d < AUDIT_DECISION_COUNT; d++)
        is_known = strcmp(o->decision, audit_decision_id((enum audit_decision)d)) == 0;
    return is_known ? ERR_OK : errmsg_set(why, ERR_UNKNOWN, "--decision: permit or deny");
}

enum err filter_of(const struct options *o, struct filter *out, struct errmsg *why)
{
    struct filter f = {.o = o};
    enum err e = check_words(o, why);
    if (e != ERR_OK)
        return e;
    if (o->header != NULL && text_get_hex(bytes_str(o->header), f.header.b, sizeof f.header.b) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "--header: 64 hex digits, as the inbox shows them");
    if (o->dossier != NULL &&
        text_get_hex(bytes_str(o->dossier), f.dossier.b, sizeof f.dossier.b) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "--case: 32 hex digits");
    *out = f;
    return ERR_OK;
}

bool filter_is_empty(const struct filter *f)
{
    const struct options *o = f->o;
    const char *const given[] = {o->since_text, o->until_text, o->agency, o->rule,   o->event,
                                 o->decision,   o->officer,    o->header, o->dossier};
    for (size_t i = 0; i < ARRAY_LEN(given); i++)
        if (given[i] != NULL)
            return false;
    return true;
}

static enum err say_word(const char *option, const char *text, struct name *out, struct errmsg *why)
{
    if (text == NULL || name_parse(bytes_str(text), out) == ERR_OK)
        return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "%s: \"%s\" is no id", option, text);
}

static enum err say_ref(const struct bodies_filter *f, const char *kind, struct bytes id,
                        struct digest *out)
{
    return entry_ref(digest_sha256, BYTES_OF_ARRAY(f->salt.b), kind, id, out);
}

static enum err say_refs(const struct filter *f, struct bodies_filter *out)
{
    out->has_officer = f->o->officer != NULL;
    out->has_request = f->o->header != NULL;
    out->has_case = f->o->dossier != NULL;
    enum err e = random_fill(out->salt.b, sizeof out->salt.b);
    if (e == ERR_OK && out->has_officer)
        e = say_ref(out, "officer", bytes_str(f->o->officer), &out->officer);
    if (e == ERR_OK && out->has_request)
        e = say_ref(out, "request", digest_bytes(&f->header), &out->request);
    if (e == ERR_OK && out->has_case)
        e = say_ref(out, "case", BYTES_OF_ARRAY(f->dossier.b), &out->dossier);
    return e;
}

enum err filter_said(const struct filter *f, struct bodies_filter *out, struct errmsg *why)
{
    const struct options *o = f->o;
    struct bodies_filter said = {.since_s = o->since_text != NULL && o->since > 0 ? o->since : 0,
                                 .until_s = o->until_text != NULL && o->until > 0 ? o->until : 0};
    enum err e = say_word("--rule", o->rule, &said.rule, why);
    if (e == ERR_OK)
        e = say_word("--event", o->event, &said.event, why);
    if (e == ERR_OK)
        e = say_word("--decision", o->decision, &said.decision, why);
    if (e == ERR_OK && o->agency != NULL && agency_id_parse(bytes_str(o->agency), &said.agency) != ERR_OK)
        e = errmsg_set(why, ERR_INVALID, "--agency: \"%s\" is no OIN", o->agency);
    if (e == ERR_OK)
        e = say_refs(f, &said);
    if (e == ERR_OK)
        *out = said;
    return e;
}

/* An officer who has no pseudonym's form is in no list. */
void filter_sought(const struct filter *f, struct bodies_sought *out)
{
    struct bodies_sought s = {.has_request = f->o->header != NULL, .has_case = f->o->dossier != NULL};
    if (f->o->officer != NULL && name_parse(bytes_str(f->o->officer), &s.officer) != ERR_OK)
        s.officer = (struct name){""};
    if (s.has_request)
        s.request = f->header;
    if (s.has_case)
        memcpy(s.dossier.b, f->dossier.b, sizeof s.dossier.b);
    *out = s;
}

static bool is_text(const char *wanted, const char *has)
{
    return wanted == NULL || strcmp(wanted, has) == 0;
}

static bool fits_words(const struct options *o, const struct audit_body *b)
{
    if (o->since_text != NULL && b->ts < o->since)
        return false;
    if (o->until_text != NULL && b->ts >= o->until)
        return false;
    if (o->agency != NULL && !is_text(o->agency, b->actor.oin) && !is_text(o->agency, b->peer.oin))
        return false;
    return is_text(o->rule, b->rule.s) && is_text(o->event, audit_event_id(b->event)) &&
           is_text(o->decision, audit_decision_id(b->decision)) &&
           (o->officer == NULL || bytes_is(b->staff, o->officer));
}

/* A digest of an id under the body's salt. */
struct ref {
    const char *kind;
    struct bytes id;
    bool is_there;
    const struct digest *has;
};

static enum err is_ref(const struct audit_body *b, const struct ref *ref, bool *fits)
{
    struct digest d;
    *fits = false;
    if (!ref->is_there)
        return ERR_OK;
    const enum err e =
        entry_ref(digest_sha256, BYTES_OF_ARRAY(b->salt.b), ref->kind, ref->id, &d);
    *fits = e == ERR_OK && digest_equal(&d, ref->has);
    return e;
}

enum err filter_fits(const struct filter *f, const struct audit_body *b, bool *fits)
{
    const struct ref header = {"request", digest_bytes(&f->header), b->has_request_ref,
                               &b->request_ref};
    const struct ref dossier = {"case", BYTES_OF_ARRAY(f->dossier.b), b->has_case_ref,
                                &b->case_ref};
    enum err e = ERR_OK;
    *fits = fits_words(f->o, b);
    if (*fits && f->o->header != NULL)
        e = is_ref(b, &header, fits);
    if (e == ERR_OK && *fits && f->o->dossier != NULL)
        e = is_ref(b, &dossier, fits);
    return e;
}
