/* mail: fetches what agencies asked the registrar through the broker. Each renewal lies in DIR/renewals, under the
 * SHA-256 of its bytes, before the broker hears that it may forget it. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/mail_client.h"
#include "pki/cli/pki/verbs.h"
#include "pki/digest.h"
#include "proto/base/text.h"

#include <stdio.h>

struct fetching {
    struct work *w;
    struct trust *trust;
    struct key *signing;
    struct key *transport;
    size_t fetched;
    size_t known; /* were here already */
    size_t other; /* items of another kind */
};

static void free_fetching(struct fetching *f)
{
    trust_free(f->trust);
    key_free(f->signing);
    key_free(f->transport);
}

static enum err renewal_path(struct work *w, struct bytes renewal, char path[static WORK_PATH_MAX])
{
    char name[WORK_PATH_MAX] = "renewals/";
    struct buf b = buf_fixed(name + strlen(name), sizeof name - strlen(name) - 1);
    struct digest id;
    enum err e = digest_sha256(&renewal, 1, &id);
    text_put_hex(&b, digest_bytes(&id));
    return e != ERR_OK ? e : work_path(w, path, name, ".req");
}

static enum err keep_item(void *arg, const struct mail_item *item, struct errmsg *why)
{
    struct fetching *f = arg;
    char path[WORK_PATH_MAX];
    if (item->kind != MAIL_RENEWAL) { /* proofs of its own messages */
        f->other++;
        return ERR_OK;
    }
    enum err e = renewal_path(f->w, item->content, path);
    if (e != ERR_OK)
        return errmsg_set(why, e, "renewals: %s", err_text(e));
    if (file_exists(path)) {
        f->known++;
        return ERR_OK;
    }
    e = file_write(path, item->content, 0600, why);
    f->fetched += e == ERR_OK;
    return e;
}

static enum err load_roster(struct work *w, struct fetching *f)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, "roster.signed", "");
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster != NULL ? w->o->roster : path, &f->trust);
    return e != ERR_OK ? e : trust_check_time(f->trust, w->now_s, &w->why);
}

static enum err check_key(struct work *w, const struct fetching *f, enum cert_use use, const struct key *k)
{
    const struct roster_member *me = roster_registrar(trust_roster(f->trust));
    const struct cert *c = trust_listed_cert(f->trust, &me->id, use);
    return c != NULL && key_same_public(cert_key(c), k)
               ? ERR_OK
               : errmsg_set(&w->why, ERR_MISMATCH, "%s/keys/%s.key: not the key that roster %llu names", w->o->dir,
                            cert_use_id(use), (unsigned long long)trust_roster(f->trust)->serial);
}

static enum err load_keys(struct work *w, struct fetching *f)
{
    if (roster_registrar(trust_roster(f->trust)) == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND,
                          "the roster names no registrar with a mailbox: make one with `sluis-pki mailbox`, "
                          "sign the next roster, and have it installed at the broker");
    enum err e = work_load_key(w, "signing", KEY_TYPE_P256, &f->signing);
    if (e == ERR_OK)
        e = work_load_key(w, "transport", KEY_TYPE_X25519, &f->transport);
    if (e == ERR_OK)
        e = check_key(w, f, CERT_SIGNING, f->signing);
    return e != ERR_OK ? e : check_key(w, f, CERT_TRANSPORT, f->transport);
}

/* Where the broker listens: as the roster says, or --endpoint. */
static const char *endpoint_of(struct work *w, const struct fetching *f)
{
    const struct roster_member *broker = roster_broker(trust_roster(f->trust));
    if (w->o->endpoint != NULL)
        return w->o->endpoint;
    return broker == NULL ? "" : arena_text(w->arena, broker->endpoint);
}

static enum err make_folder(struct work *w)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, "renewals", "");
    return e != ERR_OK ? e : file_make_dir(path, &w->why);
}

static enum err report(struct work *w, const struct fetching *f, const struct mail_client_result *r)
{
    const uint64_t own = trust_roster(f->trust)->serial;
    if (w->o->json) {
        buf_printf(&w->out, "{\"fetched\":%zu,\"known\":%zu,\"broker_roster\":%llu}\n", f->fetched, f->known,
                   (unsigned long long)r->roster_serial);
        return buf_err(&w->out);
    }
    buf_printf(&w->out, "%zu renewals fetched into %s/renewals", f->fetched, w->o->dir);
    if (f->known > 0)
        buf_printf(&w->out, ", %zu were there already", f->known);
    buf_put_str(&w->out, "\n");
    if (r->roster_serial < own)
        buf_printf(&w->out, "the broker is under roster %llu: its operator installs %llu\n",
                   (unsigned long long)r->roster_serial, (unsigned long long)own);
    return buf_err(&w->out);
}

enum err verb_mail(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct fetching f CLEANUP(free_fetching) = {.w = w};
    struct mail_client_result r = {0};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = load_roster(w, &f);
    if (e == ERR_OK)
        e = load_keys(w, &f);
    if (e == ERR_OK)
        e = make_folder(w);
    struct mail_client_params p = {.trust = f.trust,
                                   .signing = f.signing,
                                   .transport = f.transport,
                                   .socks5 = w->o->socks5,
                                   .keep = keep_item,
                                   .arg = &f};
    if (e == ERR_OK)
        p.endpoint = endpoint_of(w, &f);
    if (e == ERR_OK && p.endpoint == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK)
        e = mail_client_run(&p, &r, &w->why);
    if (e == ERR_OK)
        e = report(w, &f, &r);
    return e;
}
