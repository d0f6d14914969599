/* status: each key, whose it is, what is in use, when it ends and what to do next; of the whole deployment in a
 * registrar's folder, of its own in a party's, and what running daemons say. */
#include "pki/cli/pki/status_table.h"
#include "pki/cli/pki/verbs.h"

static enum err add_folder(struct status_table *t)
{
    char draft[WORK_PATH_MAX];
    enum err e = work_path(t->w, draft, "roster.draft", "");
    if (e != ERR_OK)
        return e;
    return file_exists(draft) ? status_register(t) : status_party(t);
}

enum err verb_status(struct work *w, int *grade)
{
    struct status_table t = {.w = w};
    const struct opts *o = w->o;
    enum err e = ERR_OK;
    if (o->dir == NULL && o->broker_socket == NULL && o->agent_socket == NULL)
        return errmsg_set(&w->why, ERR_CONFIG, "status needs --dir, --broker-socket or --agent-socket");
    if (o->dir != NULL)
        e = add_folder(&t);
    if (e == ERR_OK && o->dir != NULL && o->roster != NULL)
        e = status_roster(&t, o->roster, "the registrar: sluis-pki roster sign --dir DIR --out roster.signed");
    if (e == ERR_OK && o->broker_socket != NULL)
        e = status_service(&t, o->broker_socket);
    if (e == ERR_OK && o->agent_socket != NULL)
        e = status_service(&t, o->agent_socket);
    if (e == ERR_OK)
        *grade = status_grade(&t);
    return e == ERR_OK ? status_show(&t) : e;
}
