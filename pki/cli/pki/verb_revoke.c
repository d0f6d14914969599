/* revoke: a member with its people, a person, or the line of renewals of one key. It takes effect with the next
 * roster, which --sign signs at once. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/verbs.h"
#include "proto/base/text.h"

#include <stdio.h>

/* ---- what is revoked ---- */

struct lineage {
    struct work *w;
    struct roster *roster;
    struct digest asked;
    struct digest first; /* of its line */
    bool is_found;       /* the journal has named it */
    struct agency_id oin;
    size_t count;
};

static enum err find_first(void *arg, const struct journal_line *l)
{
    struct lineage *k = arg;
    if (l->act == JOURNAL_ISSUED && l->fingerprint != NULL && l->lineage != NULL && digest_equal(l->fingerprint, &k->asked)) {
        k->first = *l->lineage;
        k->is_found = true;
        k->oin = l->oin;
    }
    return ERR_OK;
}

static enum err revoke_one(void *arg, const struct journal_line *l)
{
    struct lineage *k = arg;
    if (l->act != JOURNAL_ISSUED || l->lineage == NULL || !digest_equal(l->lineage, &k->first))
        return ERR_OK;
    k->count++;
    return draft_revoke(k->w, k->roster, l->fingerprint);
}

/* Every certificate of the line, also those that are over. A member whose line is revoked stays on the roster,
 * and nothing that it signs counts until it enrols again with a token. */
static enum err revoke_lineage(struct work *w, struct roster *r)
{
    struct lineage k = {.w = w, .roster = r};
    const char *text = w->o->lineage;
    if (strncmp(text, "sha256:", 7) == 0)
        text += 7;
    if (text_get_hex(bytes_str(text), k.asked.b, sizeof k.asked.b) != ERR_OK)
        return errmsg_set(&w->why, ERR_CONFIG, "--lineage: not sha256: and 64 hex digits");
    enum err e = journal_each(w, find_first, &k);
    if (e == ERR_OK && !k.is_found)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "--lineage: no certificate of this register");
    if (e == ERR_OK)
        e = journal_each(w, revoke_one, &k);
    return e != ERR_OK ? e : draft_act(w, r, "revoked a line of keys of", k.oin.oin);
}

static enum err revoke_party(struct work *w, struct roster *r)
{
    struct agency_id id;
    struct name staff;
    char whom[OIN_CHARS + NAME_MAX_BYTES + 2];
    enum err e = work_oin(w, "oin", w->o->oin, &id);
    if (e != ERR_OK)
        return e;
    if (w->o->officer == NULL) {
        e = draft_remove_member(w, r, &id);
        return e != ERR_OK ? e : draft_act(w, r, "revoked member", id.oin);
    }
    e = work_name(w, "officer", w->o->officer, &staff);
    if (e == ERR_OK)
        e = draft_remove_officer(w, r, &id, &staff);
    snprintf(whom, sizeof whom, "%s %s", id.oin, w->o->officer);
    return e != ERR_OK ? e : draft_act(w, r, "revoked officer", whom);
}

static enum err report(struct work *w, const struct roster *before, const struct roster *r)
{
    size_t n = r->revoked_count - before->revoked_count;
    if (w->o->json)
        buf_printf(&w->out, "{\"revoked\":%zu,\"dry_run\":%s}\n", n, w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out, "%s%zu certificates%s\n", w->o->dry_run ? "would revoke " : "revoked ", n,
                   w->o->sign || w->o->dry_run ? ""
                                               : "; takes effect with: sluis-pki roster sign");
    return buf_err(&w->out);
}

static enum err take_effect(struct work *w, const struct roster *before, struct roster *r)
{
    enum err e = issue_note_revoked(w, before, r);
    if (e == ERR_OK)
        e = draft_save(w, r);
    if (e == ERR_OK && w->o->sign)
        e = verb_roster_sign(w);
    if (e == ERR_OK && w->o->crl != NULL)
        e = verb_crl(w);
    return e;
}

enum err verb_revoke(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct roster before;
    struct roster r;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && (w->o->lineage != NULL) == (w->o->oin != NULL))
        e = errmsg_set(&w->why, ERR_CONFIG, "revoke needs --oin (and --officer), or --lineage");
    if (e == ERR_OK && w->o->sign && w->o->out == NULL)
        e = errmsg_set(&w->why, ERR_CONFIG, "--sign needs --out, where the roster goes");
    if (e == ERR_OK)
        e = draft_load(w, &r);
    before = r;
    if (e == ERR_OK)
        e = w->o->lineage != NULL ? revoke_lineage(w, &r) : revoke_party(w, &r);
    if (e == ERR_OK)
        e = report(w, &before, &r);
    return e != ERR_OK || w->o->dry_run ? e : take_effect(w, &before, &r);
}
