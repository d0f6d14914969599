#include "pki/trust_declared.h"

#include "pki/digest.h"

static enum err check_officer(const struct trust_reading *r, const struct trust_officer_proof *by, struct errmsg *why)
{
    const struct roster_officer *o = by->officer;
    if ((o->functions & TRUST_DECLARING_FUNCTIONS) == 0)
        return errmsg_set(why, ERR_PERMISSION, "%s of %s is neither %s nor %s", o->staff.s, o->agency.oin,
                          officer_function_id(FUNCTION_MANDATED_OFFICER),
                          officer_function_id(FUNCTION_SECURITY_OFFICER));
    return trust_check_now(r, &by->proof, why);
}

/* Of this deployment, by somebody of that purpose. */
static enum err check_content(const struct trust_reading *r, const struct trust_declaration *d, struct errmsg *why)
{
    const struct roster *roster = trust_roster(r->trust);
    if (!name_equal(&d->what.deployment, &roster->deployment))
        return errmsg_set(why, ERR_MISMATCH, "declaration of deployment %s", d->what.deployment.s);
    if (!roster_is_in_purpose(roster, &d->what.purpose, &d->by->agency))
        return errmsg_set(why, ERR_PERMISSION, "%s of %s: that agency has no part in purpose %s", d->by->staff.s,
                          d->by->agency.oin, d->what.purpose.s);
    return ERR_OK;
}

enum err trust_read_declaration(const struct trust_reading *r, struct bytes wire, struct trust_declaration *out,
                                struct errmsg *why)
{
    struct signed_doc doc;
    struct trust_officer_proof by;
    enum err e = signed_doc_decode(wire, DESTRUCTION_MAX_BYTES, r->arena, &doc, why);
    if (e == ERR_OK)
        e = trust_signing_officer(r->trust, &doc.signer, &by, why);
    if (e == ERR_OK)
        e = check_officer(r, &by, why);
    if (e != ERR_OK)
        return e;
    e = sign_verify(SIGN_DESTRUCTION, cert_key(by.cert), doc.document, doc.signature);
    if (e != ERR_OK)
        return errmsg_set(why, e, "declaration: not the signature of %s of %s", by.officer->staff.s,
                          by.officer->agency.oin);
    *out = (struct trust_declaration){.document = doc.document, .by = by.officer};
    e = destruction_decode(doc.document, r->arena, &out->what, why);
    if (e == ERR_OK)
        e = check_content(r, out, why);
    return e == ERR_OK ? digest_sha256(&out->document, 1, &out->digest) : e;
}

enum err trust_check_two(const struct trust_declaration two[static 2], struct errmsg *why)
{
    if (!bytes_equal(two[0].document, two[1].document))
        return errmsg_set(why, ERR_MISMATCH, "the two officers declared different things");
    if (name_equal(&two[0].by->person, &two[1].by->person))
        return errmsg_set(why, ERR_PERMISSION, "%s and %s are one person; two have to declare", two[0].by->staff.s,
                          two[1].by->staff.s);
    return ERR_OK;
}

/* Whether it is about this entry of a word. */
static bool is_about(const struct trust_declaration *d, const struct epoch_states *said, const struct epoch_entry *entry)
{
    return name_equal(&d->what.purpose, &said->purpose) && d->what.epoch == entry->epoch &&
           digest_equal(&d->digest, &entry->declaration);
}

static enum err check_entry(const struct trust_declaration *list, size_t count, const struct epoch_states *said,
                            const struct epoch_entry *entry, struct errmsg *why)
{
    struct trust_declaration two[2];
    size_t n = 0;
    for (size_t i = 0; i < count && n < 2; i++)
        if (is_about(&list[i], said, entry))
            two[n++] = list[i];
    if (n < 2)
        return errmsg_set(why, ERR_PERMISSION,
                          "epoch %u is destroyed by the declarations of two officers, and %zu of them came with the word",
                          (unsigned)entry->epoch, n);
    return trust_check_two(two, why);
}

enum err trust_check_declared(const struct trust_reading *r, const struct epoch_states *said,
                              const struct epoch_word *word, struct errmsg *why)
{
    struct trust_declaration list[EPOCH_WORD_DECLARED_MAX];
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < word->declared_count; i++)
        e = trust_read_declaration(r, word->declared[i], &list[i], why);
    for (size_t i = 0; e == ERR_OK && i < said->epoch_count; i++) {
        const struct epoch_entry *entry = &said->epochs[i];
        if (entry->state == EPOCH_DESTROYED && entry->since_s == said->issued_at)
            e = check_entry(list, word->declared_count, said, entry, why);
    }
    return e;
}
