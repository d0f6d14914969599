/* mailbox: a register that has none yet gets one: keys and certificates of the registrar as a member. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/mailbox.h"
#include "pki/cli/pki/verbs.h"

/* The registrar's entry. */
static enum err find_me(struct work *w, const struct roster *r, struct roster_member *out)
{
    for (size_t i = 0; i < r->member_count; i++) {
        if (r->members[i].kind != MEMBER_REGISTRAR)
            continue;
        *out = r->members[i];
        return ERR_OK;
    }
    return errmsg_set(&w->why, ERR_NOT_FOUND, "%s/roster.draft: names no registrar", w->o->dir);
}

static enum err make(struct work *w, struct roster *r, struct roster_member *me)
{
    struct issuing by CLEANUP(issuing_free) = {NULL};
    struct mailbox box CLEANUP(mailbox_clear) = {NULL};
    enum err e = issuing_open(w, &by);
    if (e == ERR_OK)
        e = mailbox_make(w, &by, me, &box);
    if (e == ERR_OK)
        e = mailbox_list(&box, me);
    if (e == ERR_OK)
        e = draft_put_member(w, r, me);
    if (e == ERR_OK)
        e = draft_act(w, r, "mailbox made of", me->id.oin);
    return e != ERR_OK ? e : draft_save(w, r);
}

enum err verb_mailbox(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct roster r;
    struct roster_member me;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_load(w, &r);
    if (e == ERR_OK)
        e = find_me(w, &r, &me);
    if (e == ERR_OK && me.transport.der.len > 0)
        e = errmsg_set(&w->why, ERR_EXISTS, "%s: the registrar has a mailbox already", w->o->dir);
    if (e == ERR_OK && !w->o->dry_run)
        e = make(w, &r, &me);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out,
               w->o->json ? "{\"mailbox\":\"%s\",\"made\":%s}\n"
                          : "mailbox of registrar %s: keys/signing.key, keys/transport.key%s\n",
               me.id.oin, w->o->json ? (w->o->dry_run ? "false" : "true")
                          : w->o->dry_run ? " would be made" : "; sign the next roster");
    return buf_err(&w->out);
}
