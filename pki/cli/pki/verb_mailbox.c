/* mailbox: keys and certificates of the registrar as a member, for a register that has none yet; with --replace anew, where
 * those that are listed are over or revoked, or their keys are not in this folder.
 *
 * Nothing lasts that the old keys signed or opened, so that they are revoked and erased. A command that was killed is given
 * again: until the draft lists the new certificates it finds the keys of the listed ones gone. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/mailbox.h"
#include "pki/cli/pki/verbs.h"

#include <stdio.h>

struct replacing {
    struct work *w;
    struct roster roster;
    struct roster_member me;
    const char *why; /* what is with a key of it, so that both are made anew; NULL: it has none yet */
};

/* The keys of a mailbox, and the files in which they lie. */
static const struct own_key {
    enum cert_use use;
    enum key_type type;
} own_keys[] = {{CERT_SIGNING, KEY_TYPE_P256}, {CERT_TRANSPORT, KEY_TYPE_X25519}};

static const char *const suffixes[] = {"", ".next"}; /* in use; of a renewal that is not taken yet */

/* The registrar's entry. */
static enum err find_me(struct replacing *k)
{
    for (size_t i = 0; i < k->roster.member_count; i++) {
        if (k->roster.members[i].kind != MEMBER_REGISTRAR)
            continue;
        k->me = k->roster.members[i];
        return ERR_OK;
    }
    return errmsg_set(&k->w->why, ERR_NOT_FOUND, "%s/roster.draft: names no registrar", k->w->o->dir);
}

static void id_of(const struct own_key *k, const char *suffix, char id[static NAME_MAX_BYTES])
{
    snprintf(id, NAME_MAX_BYTES, "%s%s", cert_use_id(k->use), suffix);
}

/* Whether a file of this folder is the key of c. */
static enum err has_key(struct work *w, const struct own_key *k, const struct cert *c, bool *out)
{
    enum err e = ERR_OK;
    *out = false;
    for (size_t i = 0; e == ERR_OK && !*out && i < ARRAY_LEN(suffixes); i++) {
        char id[NAME_MAX_BYTES];
        struct key *key CLEANUP(cleanup_key_free) = NULL;
        id_of(k, suffixes[i], id);
        e = work_load_key(w, id, k->type, &key);
        *out = e == ERR_OK && key_same_public(key, cert_key(c));
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    return e;
}

/* Why the key of one listed certificate serves no more; NULL in *why: it does. */
static enum err judge_one(struct replacing *r, const struct own_key *k, const char **why)
{
    struct work *w = r->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    const struct roster_cert *listed = k->use == CERT_SIGNING ? &r->me.signing : &r->me.transport;
    bool is_here = false;
    enum err e = cert_parse(listed->der, k->use, &c, &w->why);
    if (e == ERR_OK && roster_is_revoked(&r->roster, &listed->fingerprint))
        *why = "revoked";
    else if (e == ERR_OK && cert_check_time(c, w->now_s, NULL) == ERR_EXPIRED)
        *why = "over";
    if (e != ERR_OK || *why != NULL)
        return e;
    e = has_key(w, k, c, &is_here);
    if (e == ERR_OK && !is_here)
        *why = "not in this folder";
    return e;
}

/* Whether a key lies here though the draft lists no mailbox: a command was killed, or the draft is an old copy. */
static bool has_unlisted(struct work *w)
{
    for (size_t i = 0; i < ARRAY_LEN(own_keys); i++) {
        char path[WORK_PATH_MAX];
        if (work_key_path(w, cert_use_id(own_keys[i].use), path) == ERR_OK && file_exists(path))
            return true;
    }
    return false;
}

static enum err judge_listed(struct replacing *r)
{
    struct work *w = r->w;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && r->why == NULL && i < ARRAY_LEN(own_keys); i++)
        e = judge_one(r, &own_keys[i], &r->why);
    if (e != ERR_OK || r->why != NULL)
        return e;
    return errmsg_set(&w->why, ERR_EXISTS,
                      "%s: the registrar has a mailbox already; its keys change with renew, and where they may be stolen "
                      "with revoke --lineage first",
                      w->o->dir);
}

static enum err judge(struct replacing *r)
{
    struct work *w = r->w;
    enum err e = ERR_OK;
    if (r->me.transport.der.len > 0)
        e = judge_listed(r);
    else if (has_unlisted(w))
        r->why = "not listed";
    if (e != ERR_OK || r->why == NULL || w->o->replace)
        return e;
    return errmsg_set(&w->why, ERR_EXISTS, "%s: a key of the mailbox is %s; --replace makes new ones", w->o->dir, r->why);
}

static enum err erase_old(struct work *w)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(own_keys) * ARRAY_LEN(suffixes); i++) {
        char id[NAME_MAX_BYTES];
        char path[WORK_PATH_MAX];
        id_of(&own_keys[i / ARRAY_LEN(suffixes)], suffixes[i % ARRAY_LEN(suffixes)], id);
        e = work_key_path(w, id, path);
        if (e == ERR_OK && file_exists(path))
            e = file_erase(path, &w->why);
    }
    return e;
}

static enum err make(struct replacing *r)
{
    struct work *w = r->w;
    struct issuing by CLEANUP(issuing_free) = {NULL};
    struct mailbox box CLEANUP(mailbox_clear) = {NULL};
    const struct roster before = r->roster;
    enum err e = issuing_open(w, &by);
    if (e == ERR_OK)
        e = erase_old(w);
    if (e == ERR_OK)
        e = mailbox_make(w, &by, &r->me, &box);
    if (e == ERR_OK)
        e = mailbox_list(&box, &r->me);
    r->me.former = (struct former_list){NULL, 0};
    if (e == ERR_OK)
        e = draft_put_member(w, &r->roster, &r->me);
    if (e == ERR_OK)
        e = issue_note_revoked(w, &before, &r->roster);
    if (e == ERR_OK)
        e = draft_act(w, &r->roster, r->why != NULL ? "mailbox made anew of" : "mailbox made of", r->me.id.oin);
    return e != ERR_OK ? e : draft_save(w, &r->roster);
}

static enum err report(struct replacing *r)
{
    struct work *w = r->w;
    const bool is_dry = w->o->dry_run;
    if (w->o->json)
        buf_printf(&w->out, "{\"mailbox\":\"%s\",\"made\":%s,\"replaced\":%s}\n", r->me.id.oin,
                   is_dry ? "false" : "true", r->why != NULL ? "true" : "false");
    else
        buf_printf(&w->out, "mailbox of registrar %s%s%s: keys/signing.key, keys/transport.key%s\n", r->me.id.oin,
                   r->why != NULL ? ", of which a key is " : "", r->why != NULL ? r->why : "",
                   is_dry ? " would be made" : " are made; sign the next roster");
    return buf_err(&w->out);
}

enum err verb_mailbox(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct replacing r = {.w = w};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_load(w, &r.roster);
    if (e == ERR_OK)
        e = find_me(&r);
    if (e == ERR_OK)
        e = judge(&r);
    if (e == ERR_OK && !w->o->dry_run)
        e = make(&r);
    return e == ERR_OK ? report(&r) : e;
}
