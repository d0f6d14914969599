#include "broker/copy_readers.h"

#include "pki/digest.h"
#include "pki/seal.h"
#include "proto/base/join.h"

void copy_readers_clear(struct copy_readers *r)
{
    for (size_t i = 0; i < r->count; i++)
        cert_free(r->v[i]);
    cert_free(r->signer);
    *r = (struct copy_readers){.count = 0};
}

static bool has_auditor(const struct view *v, const struct agency_id *agency, int64_t now_s)
{
    const struct roster *r = view_roster(v);
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        if (agency_id_equal(&o->agency, agency) && roster_officer_has(o, FUNCTION_AUDITOR) &&
            view_officer(v, &o->cert.fingerprint, agency, now_s) != NULL)
            return true;
    }
    return false;
}

/* The members stand in ascending order on the roster, so that the same ones give the same digest.
 */
static enum err digest_of(struct copy_readers *r)
{
    CLEANUP(buf_free) struct buf b = buf_new((COPY_READERS_MAX + 1) * 64);
    if (r->signer != NULL)
        join_part(&b, digest_bytes(cert_fingerprint(r->signer)));
    for (size_t i = 0; i < r->count; i++)
        join_part(&b, digest_bytes(cert_fingerprint(r->v[i])));
    const struct bytes part = buf_bytes(&b);
    const enum err e = buf_err(&b);
    return e == ERR_OK ? digest_sha256(&part, 1, &r->digest) : e;
}

enum err copy_readers_of(const struct view *v, int64_t now_s, struct copy_readers *out)
{
    const struct roster *r = view_roster(v);
    const struct roster_member *broker = roster_broker(r);
    *out = (struct copy_readers){.count = 0};
    if (broker != NULL &&
        cert_parse(broker->signing.der, CERT_SIGNING, &out->signer, NULL) != ERR_OK)
        out->signer = NULL;
    for (size_t i = 0; i < r->member_count && out->count < COPY_READERS_MAX; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->kind == MEMBER_AGENCY && has_auditor(v, &m->id, now_s) &&
            cert_parse(m->sealing.der, CERT_SEALING, &out->v[out->count], NULL) == ERR_OK)
            out->count++;
    }
    return digest_of(out);
}

struct putting {
    const struct copy_envelope *envelope;
    struct buf *out;
};

static enum err put_content(void *arg, struct bytes key)
{
    const struct putting *p = arg;
    const struct config_broker *c = p->envelope->config;
    const struct body_copy_content content = {name_bytes(&c->deployment), bytes_str(c->origin),
                                              bytes_str(p->envelope->name->s), key};
    body_copy_content_put(p->out, &content);
    return buf_err(p->out);
}

enum err copy_readers_seal(const struct copy_readers *r, const struct copy_envelope *e,
                           struct buf *out)
{
    uint8_t room[BODY_COPY_CONTENT_MAX];
    struct buf content = buf_fixed(room, sizeof room);
    struct putting p = {e, &content};
    const struct seal_params params = {.signer_key = e->by,
                                       .signer = r->signer,
                                       .recipients = (const struct cert *const *)r->v,
                                       .recipient_count = r->count};
    enum err bad = secret_lend(e->key, put_content, &p);
    if (bad == ERR_OK)
        bad = seal(&params, buf_bytes(&content), out);
    secret_wipe(room, sizeof room);
    return bad;
}
