#include "agent/own_key.h"

#include "agent/keys.h"
#include "pki/cert.h"
#include "pki/sign.h"
#include "proto/base/log.h"

const struct key *agent_own_key(const struct agent *a, const struct cert *c)
{
    const struct key *now[] = {a->signing, a->sealing};
    for (size_t i = 0; i < ARRAY_LEN(now); i++)
        if (now[i] != NULL && key_same_public(now[i], cert_key(c)))
            return now[i];
    return a->keys != NULL ? agent_keys_pair(a->keys, cert_key(c)) : NULL;
}

static bool is_signed_with(const struct agent *a, const struct view *v,
                           const struct officer_signed *s, const struct digest *fingerprint)
{
    const struct key *key = view_officer_key(v, fingerprint);
    return key != NULL &&
           view_officer(v, fingerprint, &a->config->oin, agent_now_s(a)) != NULL &&
           sign_verify(s->kind, key, s->document, s->signature) == ERR_OK;
}

enum err agent_officer_signed(const struct agent *a, const struct view *v,
                              const struct officer_signed *s, struct digest *fingerprint)
{
    const struct roster_officer *o =
        roster_officer_of(view_roster(v), &a->config->oin, s->staff);
    if (o == NULL)
        return ERR_SIGNATURE;
    const struct digest *found =
        is_signed_with(a, v, s, &o->cert.fingerprint) ? &o->cert.fingerprint : NULL;
    for (size_t i = 0; found == NULL && i < o->former.count; i++)
        if (is_signed_with(a, v, s, &o->former.v[i].cert.fingerprint))
            found = &o->former.v[i].cert.fingerprint;
    if (found == NULL)
        return ERR_SIGNATURE;
    *fingerprint = *found;
    return ERR_OK;
}

/* What the roster lists for one key of this agency. */
struct listed {
    enum keys_use use;
    const char *word;
    enum cert_use cert_use;
    const struct roster_cert *cert;
};

/* Which former certificate was of the key in use: its file is named by it. NULL: none that the roster lists. */
static const struct roster_former *former_of(const struct agent *a, const struct roster_member *m)
{
    for (size_t i = 0; i < m->former.count; i++) {
        CLEANUP(cleanup_cert_free) struct cert *c = NULL;
        if (cert_parse(m->former.v[i].cert.der, CERT_SEALING, &c, NULL) == ERR_OK &&
            agent_keys_is(a->keys, KEYS_SEALING, cert_key(c)))
            return &m->former.v[i];
    }
    return NULL;
}

static enum err take_one(struct agent *a, const struct roster_member *m, const struct listed *l,
                         struct errmsg *why)
{
    CLEANUP(cleanup_cert_free) struct cert *c = NULL;
    enum err bad = cert_parse(l->cert->der, l->cert_use, &c, why);
    if (bad != ERR_OK || agent_keys_is(a->keys, l->use, cert_key(c)))
        return bad;
    const struct roster_former *f = l->use == KEYS_SEALING ? former_of(a, m) : NULL;
    const struct keys_taking t = {
        .use = l->use,
        .listed = cert_key(c),
        .keep_as = f != NULL ? &f->cert.fingerprint : NULL,
    };
    bad = agent_keys_take(a->keys, &a->config->service, &t, why);
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(why, ERR_MISMATCH,
                          "the %s key in %s is not the one that the roster names", l->word,
                          a->config->service.keys);
    if (bad == ERR_OK)
        log_notice("key.taken use=%s", l->word);
    return bad;
}

struct ended {
    const struct roster_member *member;
    int64_t now_s;
};

static bool is_ended(void *arg, const char *file)
{
    const struct ended *e = arg;
    for (size_t i = 0; i < e->member->former.count; i++) {
        const struct roster_former *f = &e->member->former.v[i];
        if (f->until >= e->now_s && agent_keys_is_former(file, &f->cert.fingerprint))
            return false;
    }
    return true;
}

enum err agent_take_keys(struct agent *a, const struct view *v, struct errmsg *why)
{
    const struct roster_member *m = roster_member_of(view_roster(v), &a->config->oin);
    enum err bad = ERR_OK;
    if (m == NULL)
        return ERR_OK;
    const struct listed all[] = {
        {KEYS_SIGNING, "signing", CERT_SIGNING, &m->signing},
        {KEYS_SEALING, "sealing", CERT_SEALING, &m->sealing},
        {KEYS_TRANSPORT, "transport", CERT_TRANSPORT, &m->transport},
    };
    for (size_t i = 0; i < ARRAY_LEN(all) && bad == ERR_OK; i++)
        bad = take_one(a, m, &all[i], why);
    a->signing = agent_keys_signing(a->keys);
    a->sealing = agent_keys_sealing(a->keys);
    const struct ended e = {m, agent_now_s(a)};
    size_t erased = 0;
    enum err kept = agent_keys_erase(&a->config->service, is_ended, (void *)(uintptr_t)&e, &erased);
    if (erased > 0 || kept != ERR_OK)
        log_notice("key.former_erased count=%zu error=\"%s\"", erased, err_text(kept));
    return bad;
}
