/* roster leave: an agency is of a purpose no more. It keeps its keys of that purpose's epochs, so they end. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/verbs.h"

#include <stdio.h>

static enum err report(struct work *w, const struct agency_id *id, const struct name *purpose)
{
    if (w->o->json)
        buf_printf(&w->out, "{\"oin\":\"%s\",\"purpose\":\"%s\",\"dry_run\":%s}\n", id->oin, purpose->s,
                   w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out,
                   "%s%s leaves purpose %s; takes effect with: sluis-pki roster sign\n"
                   "next: its custodian deals a new epoch without it (epoch new, activate), within the term\n",
                   w->o->dry_run ? "dry run: " : "", id->oin, purpose->s);
    return buf_err(&w->out);
}

enum err verb_leave(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"oin", w->o->oin}, {NULL, NULL}};
    struct roster r;
    struct agency_id id;
    struct name purpose;
    char whom[OIN_CHARS + NAME_MAX_BYTES + 16];
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && w->o->purposes.count != 1)
        e = errmsg_set(&w->why, ERR_CONFIG, "roster leave needs --purpose, once");
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &id);
    if (e == ERR_OK)
        e = work_name(w, "purpose", w->o->purposes.v[0], &purpose);
    if (e == ERR_OK)
        e = draft_load(w, &r);
    if (e == ERR_OK)
        e = draft_leave(w, &r, &id, &purpose);
    snprintf(whom, sizeof whom, "%s %s", id.oin, purpose.s);
    if (e == ERR_OK)
        e = draft_act(w, &r, "left a purpose:", whom);
    if (e == ERR_OK && !w->o->dry_run)
        e = draft_save(w, &r);
    return e != ERR_OK ? e : report(w, &id, &purpose);
}
