/* epoch activate, retire, compromise: the custodian says the next state of an epoch. */
#include "pki/cli/pki/epoch_plan.h"
#include "pki/cli/pki/verbs.h"
#include "proto/base/when.h"

static void put_number(struct work *w, const struct roster_member *m)
{
    if (m != NULL)
        buf_printf(&w->out, w->o->json ? "%llu" : "%llu registered",
                   (unsigned long long)m->population);
    else
        buf_put_str(&w->out, w->o->json ? "null" : "no longer in the roster");
}

static void expose_participants(struct work *w, const struct epoch_plan *p, const struct deal *d)
{
    for (size_t i = 0; i < d->participant_count; i++) {
        const struct agency_id *id = &d->participants[i].id;
        buf_printf(&w->out, w->o->json ? "%s{\"oin\":\"%s\",\"registered\":" : "%s    %s  ",
                   w->o->json && i > 0 ? "," : "", id->oin);
        put_number(w, roster_member_of(trust_roster(p->trust), id));
        buf_put_str(&w->out, w->o->json ? "}" : "\n");
    }
}

/* Whose records stood under the key, how many by the roster, and for how long. */
static enum err expose(struct work *w, const struct epoch_plan *p)
{
    char from[WHEN_TEXT_SIZE];
    char until[WHEN_TEXT_SIZE];
    const struct deal *d = epoch_book_deal(&p->book, p->change.epoch);
    if (d == NULL)
        return ERR_NOT_FOUND;
    when_text(d->issued_at, from);
    when_text(w->now_s, until);
    buf_printf(&w->out,
               w->o->json ? ",\"exposure\":{\"from\":\"%s\",\"until\":\"%s\",\"participants\":["
                          : "exposed: records contributed from %s until %s by\n",
               from, until);
    expose_participants(w, p, d);
    buf_put_str(&w->out, w->o->json ? "]}"
                                    : "  (numbers as the roster registers them; the broker's status has "
                                      "the exact ones)\n");
    return buf_err(&w->out);
}

static enum err say(struct work *w, enum epoch_state state)
{
    struct epoch_plan p CLEANUP(epoch_plan_free) = {.trust = NULL, .change = {.state = state}};
    enum err e = epoch_plan_make(w, &p);
    if (e == ERR_OK)
        e = epoch_plan_show(w, &p);
    if (e == ERR_OK && state == EPOCH_COMPROMISED)
        e = expose(w, &p);
    if (e == ERR_OK)
        e = epoch_plan_issue(w, &p);
    if (w->o->json)
        buf_put_str(&w->out, "}\n");
    return e == ERR_OK ? buf_err(&w->out) : e;
}

enum err verb_epoch_activate(struct work *w)
{
    return say(w, EPOCH_ACTIVE);
}

enum err verb_epoch_retire(struct work *w)
{
    return say(w, EPOCH_RETIRED);
}

enum err verb_epoch_compromise(struct work *w)
{
    return say(w, EPOCH_COMPROMISED);
}
