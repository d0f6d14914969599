/* From a key that is due to a renewal in the outbox: keys and request on a worker, the letter and the note that it was
 * asked in one transaction. */
#include "agent/renew/renew.h"

#include <stdlib.h>
#include <string.h>

#include "agent/keys.h"
#include "agent/renew/next_key.h"
#include "agent/store/store.h"
#include "pki/renewal.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/msg/mail.h"

#define TRY_AGAIN_S 600

/* One request in the making. */
struct making {
    struct renewing *renewing;
    bool uses[RENEWAL_USE_COUNT]; /* which keys */
    struct key *keys[RENEWAL_USE_COUNT];
    struct renewal_making renewal;
    char name[CERT_NAME_MAX_BYTES + 1];
    struct agency_id registrar;
    struct buf wire;
    struct errmsg why;
};

static void making_free(struct making *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < RENEWAL_USE_COUNT; i++)
        key_free(m->keys[i]);
    buf_free(&m->wire);
    free(m);
}
DEFINE_CLEANUP(struct making, making_free)

/* ---- on a worker ---- */

static enum err make_request(void *arg)
{
    struct making *m = arg;
    const struct conf_service *service = &m->renewing->agent->config->service;
    CLEANUP(cleanup_secret_free) struct secret *passphrase = NULL;
    enum err bad = agent_keys_passphrase(service, &passphrase, &m->why);
    const struct next_key_place place = {service, passphrase, m->renewal.now_s};
    for (size_t i = 0; bad == ERR_OK && i < RENEWAL_USE_COUNT; i++) {
        if (!m->uses[i])
            continue;
        bad = next_key_get(&place, (enum renewal_use)i, &m->keys[i], &m->why);
        crash_point("renew.key_made");
    }
    m->renewal.signing = m->keys[RENEWAL_SIGNING];
    m->renewal.sealing = m->keys[RENEWAL_SEALING];
    m->renewal.transport = m->keys[RENEWAL_TRANSPORT];
    return bad == ERR_OK ? renewal_make(&m->renewal, &m->wire, &m->why) : bad;
}

/* ---- on the loop and the store thread ---- */

static void give_up(struct renewing *r, enum err bad, const struct errmsg *why)
{
    r->is_making = false;
    r->next_try_s = agent_now_s(r->agent) + TRY_AGAIN_S;
    log_err("renewal.not_asked error=\"%s\" next_try_s=%d", why->text[0] != '\0' ? why->text : err_text(bad),
            TRY_AGAIN_S);
}

enum err renew_post(struct agent *a, struct kv_txn *txn, const struct renew_letter *l)
{
    struct outbox_id id;
    CLEANUP(buf_free) struct buf body = buf_new(RENEWAL_ASK_MAX_BYTES + 64);
    const struct renewal_ask ask = {l->registrar, l->renewal};
    enum err bad = renewal_ask_encode(&ask, &body);
    return bad == ERR_OK ? outbox_put(a->outbox, txn, MSG_RENEWAL, buf_bytes(&body), l->tag, &id) : bad;
}

static enum err post_job(struct kv_txn *txn, void *arg)
{
    struct making *m = arg;
    struct agent *a = m->renewing->agent;
    const struct renew_letter l = {m->registrar, buf_bytes(&m->wire), bytes_str(RENEW_TAG_AGENCY)};
    enum err bad = renew_post(a, txn, &l);
    if (bad == ERR_OK)
        bad = renew_note_asked(a, txn, m->renewal.now_s);
    crash_point("renew.before_commit");
    return bad;
}

static void posted(enum err result, void *arg)
{
    CLEANUP(cleanup_making_free) struct making *m = arg;
    struct renewing *r = m->renewing;
    if (result == ERR_OK)
        result = renew_read(r);
    if (result != ERR_OK) {
        give_up(r, result, &m->why);
        return;
    }
    r->is_making = false;
    log_notice("renewal.asked keys=%zu registrar=%s", r->asking, m->registrar.oin);
}

static void made(enum err result, void *arg)
{
    CLEANUP(cleanup_making_free) struct making *m = arg;
    struct renewing *r = m->renewing;
    if (result == ERR_OK)
        result = writer_submit(r->agent->writer, WRITER_INTERACTIVE, post_job, posted, m);
    if (result == ERR_OK)
        m = NULL;
    else
        give_up(r, result, &m->why);
}

/* Every key of which two thirds are over, not only the one whose moment has come. */
static size_t choose_keys(const struct renewing *r, int64_t now_s, struct making *m)
{
    size_t n = 0;
    for (size_t i = 0; i < RENEWAL_MAX_ITEMS; i++) {
        const struct renew_key *k = &r->keys[i];
        m->uses[k->use] = k->is_listed && k->term.from_s <= now_s;
        n += m->uses[k->use];
    }
    return n;
}

static enum err start_making(struct renewing *r)
{
    const struct agent *a = r->agent;
    const struct roster *roster = view_roster(a->view);
    const struct roster_member *me = roster_member_of(roster, &a->config->oin);
    CLEANUP(cleanup_making_free) struct making *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->renewing = r;
    m->wire = buf_new(RENEWAL_WIRE_MAX_BYTES);
    m->registrar = roster_registrar(roster)->id;
    memcpy(m->name, r->name, sizeof m->name);
    m->renewal = (struct renewal_making){.deployment = a->config->deployment,
                                         .oin = a->config->oin,
                                         .name = m->name,
                                         .now_s = agent_now_s(a),
                                         .signer = a->signing,
                                         .signer_fingerprint = me->signing.fingerprint};
    r->asking = choose_keys(r, m->renewal.now_s, m);
    enum err bad = worker_submit(a->workers, make_request, made, m);
    if (bad == ERR_OK)
        m = NULL;
    return bad;
}

void renew_ask(struct renewing *r)
{
    struct errmsg why = {""};
    r->is_making = true;
    enum err bad = start_making(r);
    if (bad != ERR_OK)
        give_up(r, bad, &why);
}
