/* renew --take: new keys come in use once a roster lists them. Every step leaves a folder from which the next
 * run goes on: the former sealing key is copied first, then the new file takes the place of the old in one
 * rename, then its certificate, and last the name .next goes. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/next_key.h"
#include "pki/cli/pki/renewing.h"

#include <stdio.h>
#include <string.h>

struct taking {
    struct work *w;
    struct trust *trust;
    struct agency_id oin;
    bool is_officer;
    struct name staff;
    size_t taken;
    size_t waiting;
    size_t erased;
};

/* What the roster lists for this key of ours; NULL: nothing. */
static const struct cert *listed(const struct taking *t, enum cert_use use)
{
    const struct roster *r = trust_roster(t->trust);
    if (!t->is_officer)
        return trust_listed_cert(t->trust, &t->oin, use);
    const struct roster_officer *o = roster_officer_of(r, &t->oin, &t->staff);
    return o == NULL || use != CERT_OFFICER ? NULL : trust_listed_officer(t->trust, o);
}

/* The sealing key of now, under the fingerprint that the roster has among the former; a key that it does not
 * have there opens nothing any more. */
static enum err keep_former(struct taking *t, const struct key *now)
{
    const struct roster_member *m = roster_member_of(trust_roster(t->trust), &t->oin);
    for (size_t i = 0; m != NULL && i < m->former.count; i++) {
        char id[RENEWING_ID_MAX];
        const struct roster_former *f = &m->former.v[i];
        const struct cert *c = trust_former_cert(t->trust, f);
        if (c == NULL || cert_use_of(c) != CERT_SEALING || !key_same_public(cert_key(c), now))
            continue;
        renewing_former(&f->cert.fingerprint, id);
        return next_key_copy(t->w, "sealing", id);
    }
    return ERR_OK;
}

static enum err replace(struct taking *t, const struct renewing_key *k, const struct cert *c)
{
    struct work *w = t->w;
    char id[RENEWING_ID_MAX];
    char next[WORK_PATH_MAX];
    struct key *now CLEANUP(cleanup_key_free) = NULL;
    enum err e = renewing_next(k, id);
    if (e == ERR_OK)
        e = work_load_key(w, k->id, k->type, &now);
    if (e == ERR_OK && k->use == CERT_SEALING)
        e = keep_former(t, now);
    if (e == ERR_OK)
        e = next_key_copy(w, id, k->id);
    if (e == ERR_OK)
        e = work_save_cert(w, k->id, c);
    if (e == ERR_OK)
        e = work_key_path(w, id, next);
    return e != ERR_OK ? e : file_erase(next, &w->why);
}

static void say(struct taking *t, const struct renewing_key *k, const char *state)
{
    struct work *w = t->w;
    buf_printf(&w->out, w->o->json ? "%s{\"key\":\"%s\",\"state\":\"%s\"}" : "%s%-10s %s\n",
               w->o->json && t->taken + t->waiting > 1 ? "," : "", k->id, state);
}

/* The agent took the key by itself: the certificate beside it is still the one before. */
static enum err refresh(struct taking *t, const struct renewing_key *k, const struct cert *c)
{
    struct work *w = t->w;
    struct cert *old CLEANUP(cleanup_cert_free) = NULL;
    struct key *now CLEANUP(cleanup_key_free) = NULL;
    if (c == NULL || !renewing_has(w, k->id, "", ".pem"))
        return ERR_OK;
    enum err e = work_load_cert(w, k->id, k->use, &old);
    if (e != ERR_OK || digest_equal(cert_fingerprint(old), cert_fingerprint(c)))
        return e;
    e = work_load_key(w, k->id, k->type, &now);
    if (e != ERR_OK || !key_same_public(now, cert_key(c)))
        return e;
    t->taken++;
    say(t, k, w->o->dry_run ? "in use; its certificate would be brought up to date"
                            : "in use; its certificate is brought up to date");
    return w->o->dry_run ? ERR_OK : work_save_cert(w, k->id, c);
}

static enum err take_key(struct taking *t, const struct renewing_key *k)
{
    struct work *w = t->w;
    char id[RENEWING_ID_MAX];
    struct key *next CLEANUP(cleanup_key_free) = NULL;
    const struct cert *c = listed(t, k->use);
    enum err e = renewing_next(k, id);
    if (e != ERR_OK)
        return e;
    if (!renewing_has(w, id, "keys/", ".key"))
        return refresh(t, k, c);
    e = work_load_key(w, id, k->type, &next);
    if (e != ERR_OK)
        return e;
    if (c == NULL || !key_same_public(cert_key(c), next)) {
        t->waiting++;
        say(t, k, "not on this roster yet");
        return ERR_OK;
    }
    t->taken++;
    say(t, k, w->o->dry_run ? "would be taken" : "taken");
    return w->o->dry_run ? ERR_OK : replace(t, k, c);
}

/* ---- former sealing keys that are over ---- */

static bool is_listed_former(const struct taking *t, const char *file)
{
    const struct roster_member *m = roster_member_of(trust_roster(t->trust), &t->oin);
    for (size_t i = 0; m != NULL && i < m->former.count; i++) {
        char id[RENEWING_ID_MAX];
        char name[RENEWING_ID_MAX + sizeof ".key"];
        renewing_former(&m->former.v[i].cert.fingerprint, id);
        snprintf(name, sizeof name, "%s.key", id);
        if (strcmp(name, file) == 0 && m->former.v[i].until >= t->w->now_s)
            return true;
    }
    return false;
}

static enum err erase_ended(void *arg, const char *file)
{
    struct taking *t = arg;
    struct work *w = t->w;
    char name[WORK_PATH_MAX];
    char path[WORK_PATH_MAX];
    if (strncmp(file, RENEWING_FORMER, sizeof RENEWING_FORMER - 1) != 0 || is_listed_former(t, file))
        return ERR_OK;
    int n = snprintf(name, sizeof name, "keys/%s", file);
    enum err e = n > 0 && (size_t)n < sizeof name ? work_path(w, path, name, "") : ERR_TOO_LARGE;
    t->erased++;
    if (!w->o->json)
        buf_printf(&w->out, "%s %s: its time is over\n", file, w->o->dry_run ? "would be erased" : "erased");
    return e != ERR_OK || w->o->dry_run ? e : file_erase(path, &w->why);
}

static enum err erase_former(struct taking *t)
{
    char path[WORK_PATH_MAX];
    enum err e = t->is_officer ? ERR_OK : work_path(t->w, path, "keys", "");
    return e != ERR_OK || t->is_officer ? e : file_list(path, erase_ended, t);
}

static enum err open_roster(struct taking *t)
{
    struct work *w = t->w;
    const char *id = NULL;
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    enum err e = draft_trust(w, w->o->roster, &t->trust);
    if (e == ERR_OK)
        e = trust_check_time(t->trust, w->now_s, &w->why);
    if (e == ERR_OK)
        e = renewing_signer(w, &id, &own);
    if (e != ERR_OK)
        return e;
    t->oin = *cert_oin(own);
    t->is_officer = cert_use_of(own) == CERT_OFFICER;
    return t->is_officer ? name_parse(bytes_str(cert_name(own)), &t->staff) : ERR_OK;
}

static void free_taking(struct taking *t)
{
    trust_free(t->trust);
}

enum err renewing_take(struct work *w)
{
    const struct work_need needs[] = {{"roster", w->o->roster}, {NULL, NULL}};
    struct taking t CLEANUP(free_taking) = {.w = w};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = open_roster(&t);
    if (e == ERR_OK && w->o->json)
        buf_put_str(&w->out, "{\"keys\":[");
    for (size_t i = 0; e == ERR_OK && i < RENEWING_KEYS; i++)
        e = take_key(&t, &renewing_keys[i]);
    if (e == ERR_OK)
        e = erase_former(&t);
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "],\"erased\":%zu}\n", t.erased);
    else if (t.taken + t.waiting == 0)
        buf_put_str(&w->out, "no new key waits here\n");
    return buf_err(&w->out);
}
