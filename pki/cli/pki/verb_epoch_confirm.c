/* epoch confirm: an officer confirms to whom a key will be dealt, before it is made. The list comes from the roster
 * and the policy that the officer's own folder verifies; 'epoch new' makes the same one and compares. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/epoch_policy.h"
#include "pki/cli/pki/two_officers.h"
#include "pki/cli/pki/verbs.h"

struct confirming {
    struct trust *trust;
    struct epoch_policy policy;
    struct deal deal;
};

static void free_confirming(struct confirming *c)
{
    trust_free(c->trust);
    epoch_policy_free(&c->policy);
}

/* A name in a list has no rival: every participant, by what this officer verifies. */
static enum err make_list(struct work *w, struct confirming *c)
{
    enum err e = draft_trust(w, w->o->roster, &c->trust);
    if (e == ERR_OK)
        e = trust_check_time(c->trust, w->now_s, &w->why);
    if (e == ERR_OK)
        e = work_name(w, "purpose", w->o->purposes.v[0], &c->deal.purpose);
    if (e != ERR_OK)
        return e;
    c->deal.deployment = trust_roster(c->trust)->deployment;
    c->deal.epoch = (uint32_t)w->o->epoch;
    e = epoch_policy_read(w, &c->deal.deployment, &c->deal.purpose, &c->policy);
    return e == ERR_OK ? epoch_policy_list(w, &c->policy, c->trust, &c->deal) : e;
}

static enum err show(struct work *w, const struct confirming *c)
{
    const char *const dry = w->o->dry_run ? " (dry run: nothing is signed)" : "";
    if (w->o->json)
        buf_printf(&w->out, "{\"purpose\":\"%s\",\"epoch\":%u,\"dry_run\":%s,", c->deal.purpose.s,
                   (unsigned)c->deal.epoch, w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out, "purpose %s, epoch %u: compare with each participant by voice%s\n",
                   c->deal.purpose.s, (unsigned)c->deal.epoch, dry);
    enum err e = epoch_policy_show_list(w, &c->deal);
    buf_put_str(&w->out, w->o->json ? "}\n" : "");
    return e == ERR_OK ? buf_err(&w->out) : e;
}

enum err verb_epoch_confirm(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"purpose", w->o->purposes.v[0]},
                                      {"roster", w->o->roster},
                                      {"out", w->o->dry_run ? "" : w->o->out},
                                      {NULL, NULL}};
    struct confirming c CLEANUP(free_confirming) = {.trust = NULL};
    struct buf list CLEANUP(buf_free) = buf_new(DEAL_MAX_BYTES);
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && w->o->epoch == 0)
        e = errmsg_set(&w->why, ERR_CONFIG, "--epoch is needed, a number above 0");
    if (e == ERR_OK)
        e = make_list(w, &c);
    if (e == ERR_OK)
        e = show(w, &c);
    if (e == ERR_OK)
        e = epoch_policy_put_list(&c.deal, &list);
    if (e != ERR_OK || w->o->dry_run)
        return e;
    return two_officers_sign(w, SIGN_PARTICIPANTS, buf_bytes(&list));
}
