/* renew: a party or a person makes new keys beside those of now, as keys/USE.next.key, and asks for their
 * certificates with a renewal that the key of now signs. Asking again asks for the same keys. With --take:
 * verb_renew_take.c. */
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/verbs.h"
#include "pki/renewal.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

#include <stdio.h>
#include <string.h>

#define FORMER_HEX_BYTES 8

const struct renewing_key renewing_keys[RENEWING_KEYS] = {
    {"signing", CERT_SIGNING, KEY_TYPE_P256},
    {"sealing", CERT_SEALING, KEY_TYPE_P256},
    {"transport", CERT_TRANSPORT, KEY_TYPE_X25519},
    {"officer", CERT_OFFICER, KEY_TYPE_P256},
};

enum err renewing_next(const struct renewing_key *k, char id[static RENEWING_ID_MAX])
{
    int n = snprintf(id, RENEWING_ID_MAX, "%s.next", k->id);
    return n > 0 && n < RENEWING_ID_MAX ? ERR_OK : ERR_TOO_LARGE;
}

void renewing_former(const struct digest *fingerprint, char id[static RENEWING_ID_MAX])
{
    char hex[2 * FORMER_HEX_BYTES + 1] = "";
    struct buf b = buf_fixed(hex, sizeof hex - 1);
    text_put_hex(&b, bytes_of(fingerprint->b, FORMER_HEX_BYTES));
    snprintf(id, RENEWING_ID_MAX, RENEWING_FORMER "%s", hex);
}

enum err renewing_signer(struct work *w, const char **id, struct cert **out)
{
    const bool is_officer = renewing_has(w, "officer", "", ".pem");
    *id = is_officer ? "officer" : "signing";
    return work_load_cert(w, *id, is_officer ? CERT_OFFICER : CERT_SIGNING, out);
}

static bool is_chosen(struct work *w, const struct renewing_key *k)
{
    const char *asked = w->o->key;
    if (!renewing_has(w, k->id, "", ".pem"))
        return false;
    /* The broker's transport key changes with a second endpoint. */
    if (k->use == CERT_TRANSPORT && renewing_is_broker(w))
        return false;
    return asked == NULL || strcmp(asked, "all") == 0 || strcmp(asked, k->id) == 0;
}

/* What is made; keys are owned. */
struct making {
    struct key *next[RENEWING_KEYS]; /* in the order of renewing_keys; NULL: not renewed */
    size_t count;
    struct cert *cert; /* of who signs */
    struct key *signer;
};

static void free_making(struct making *m)
{
    for (size_t i = 0; i < RENEWING_KEYS; i++)
        key_free(m->next[i]);
    cert_free(m->cert);
    key_free(m->signer);
}

/* A waiting key that is in use already: an interrupted --take left it. */
static enum err drop_taken(struct work *w, const struct renewing_key *k, const char *id,
                           struct key **next)
{
    char path[WORK_PATH_MAX];
    struct key *now CLEANUP(cleanup_key_free) = NULL;
    enum err e = work_load_key(w, k->id, k->type, &now);
    if (e != ERR_OK || !key_same_public(now, *next))
        return e;
    key_free(take(*next));
    e = work_key_path(w, id, path);
    return e != ERR_OK ? e : file_erase(path, &w->why);
}

static enum err make_or_load(struct work *w, const struct renewing_key *k, struct key **out)
{
    char id[RENEWING_ID_MAX];
    enum err e = renewing_next(k, id);
    if (e == ERR_OK && renewing_has(w, id, "keys/", ".key")) {
        e = work_load_key(w, id, k->type, out);
        if (e == ERR_OK)
            e = drop_taken(w, k, id, out);
    }
    return e != ERR_OK || *out != NULL ? e : work_new_key_as(w, id, k->id, k->type, out);
}

static enum err say_plan(struct work *w, const struct renewing_key *k)
{
    char id[RENEWING_ID_MAX];
    char when[WHEN_TEXT_SIZE];
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = renewing_next(k, id);
    if (e == ERR_OK)
        e = work_load_cert(w, k->id, k->use, &c);
    if (e != ERR_OK)
        return e;
    when_text(cert_not_after(c), when);
    buf_printf(&w->out, "%-10s until %s; %s keys/%s.key\n", k->id, when,
               renewing_has(w, id, "keys/", ".key") ? "asks again for" : "makes", id);
    return buf_err(&w->out);
}

/* The key of now and its certificate belong together, or the folder is not up to date. */
static enum err load_signer(struct work *w, struct making *m)
{
    const char *id = NULL;
    enum err e = renewing_signer(w, &id, &m->cert);
    if (e == ERR_OK)
        e = work_load_key(w, id, KEY_TYPE_P256, &m->signer);
    if (e == ERR_OK && !key_same_public(m->signer, cert_key(m->cert)))
        e = errmsg_set(&w->why, ERR_MISMATCH,
                       "%s/%s.pem is not of the key of now; renew --take --roster FILE first", w->o->dir,
                       id);
    if (e == ERR_OK && cert_check_time(m->cert, w->now_s, NULL) != ERR_OK)
        e = errmsg_set(&w->why, ERR_EXPIRED,
                       "the certificate that would sign is over: %s",
                       renewing_has(w, "roster", "", ".draft") ? "sluis-pki mailbox --replace"
                                                               : "enrol again, with a token of the registrar");
    return e;
}

static enum err choose(struct work *w, struct making *m)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < RENEWING_KEYS; i++) {
        if (!is_chosen(w, &renewing_keys[i]))
            continue;
        m->count++;
        e = w->o->dry_run ? say_plan(w, &renewing_keys[i])
                          : make_or_load(w, &renewing_keys[i], &m->next[i]);
    }
    if (e == ERR_OK && m->count == 0)
        e = errmsg_set(&w->why, ERR_CONFIG,
                       "--key: signing, sealing, transport, officer or all, as %s has them", w->o->dir);
    return e;
}

static enum err write_request(struct work *w, const struct making *m)
{
    struct buf wire CLEANUP(buf_free) = buf_new(RENEWAL_WIRE_MAX_BYTES);
    struct name staff;
    struct renewal_making r = {
        .oin = *cert_oin(m->cert),
        .name = cert_name(m->cert),
        .now_s = w->now_s,
        .signing = m->next[0],
        .sealing = m->next[1],
        .transport = m->next[2],
        .officer = m->next[3],
        .signer = m->signer,
        .signer_fingerprint = *cert_fingerprint(m->cert),
    };
    enum err e = work_deployment(w, &r.deployment);
    if (e == ERR_OK && cert_use_of(m->cert) == CERT_OFFICER) {
        e = name_parse(bytes_str(cert_name(m->cert)), &staff);
        r.staff = &staff;
    }
    if (e == ERR_OK)
        e = renewal_make(&r, &wire, &w->why);
    return e != ERR_OK ? e : file_write(w->o->request, buf_bytes(&wire), 0644, &w->why);
}

static enum err ask(struct work *w)
{
    const struct work_need needs[] = {{"request", w->o->request}, {NULL, NULL}};
    struct making m CLEANUP(free_making) = {.count = 0};
    enum err e = w->o->dry_run ? ERR_OK : work_needs(w, needs);
    if (e == ERR_OK)
        e = choose(w, &m);
    if (e != ERR_OK || w->o->dry_run)
        return e;
    e = load_signer(w, &m);
    if (e == ERR_OK)
        e = write_request(w, &m);
    if (e == ERR_OK)
        buf_printf(&w->out,
                   w->o->json ? "{\"request\":\"%s\",\"keys\":%zu}\n"
                              : "%s asks for %zu certificates; send it to the registrar. Once a roster "
                                "lists them: renew --take\n",
                   w->o->request, m.count);
    return e != ERR_OK ? e : buf_err(&w->out);
}

enum err verb_renew(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    enum err e = work_needs(w, needs);
    if (e != ERR_OK || !w->o->take)
        return e != ERR_OK ? e : ask(w);
    /* The former key answers parties that are behind: it goes when the overlap is over. */
    if (renewing_is_broker(w))
        return errmsg_set(&w->why, ERR_STATE, "%s: the folder of a broker: rotate --key signing --switch --roster FILE",
                          w->o->dir);
    return renewing_take(w);
}
