#include "proto/msg/enrol.h"

#include "proto/msg/trust_fields.h"
#include "proto/msg/unpack.h"

/* Requests carry no certificate, so nothing here needs a hash. */
static enum err no_sha256(const struct bytes *parts, size_t count, struct digest *out)
{
    (void)parts;
    (void)count;
    (void)out;
    return ERR_INVALID;
}

static bool has_key(const struct curve_key *k)
{
    static const struct curve_key zero;
    return !bytes_equal(BYTES_OF_ARRAY(k->b), BYTES_OF_ARRAY(zero.b));
}

static enum err check_member(const struct enrol_request *r, struct errmsg *why)
{
    const struct roster_member *m = &r->member;
    bool agency = m->kind == MEMBER_AGENCY;
    if (!agency && m->kind != MEMBER_BROKER)
        return errmsg_set(why, ERR_INVALID, "kind: must be agency or broker");
    if (r->signing_csr.len == 0 || !has_key(&m->curve) || (r->sealing_csr.len > 0) != agency)
        return errmsg_set(why, ERR_INVALID, "a key of the request is missing, or one too many");
    if (m->next.endpoint.len > 0 || has_key(&m->next.curve))
        return errmsg_set(why, ERR_INVALID, "next_endpoint, next_curve: not in a request");
    if ((r->log_key.len > 0) == agency || (r->log_origin.len > 0) == agency)
        return errmsg_set(why, ERR_INVALID, "log_key, log_origin: are the broker's");
    return ERR_OK;
}

static enum err check_officer(const struct enrol_request *r, struct errmsg *why)
{
    if (r->officer.functions == 0)
        return errmsg_set(why, ERR_INVALID, "functions: none");
    if (r->signing_csr.len == 0 || r->sealing_csr.len > 0 || r->log_key.len > 0 ||
        r->log_origin.len > 0)
        return errmsg_set(why, ERR_INVALID, "an officer has one key");
    return ERR_OK;
}

static enum err check_request(const struct enrol_request *r, struct errmsg *why)
{
    if (r->created_at <= 0)
        return errmsg_set(why, ERR_RANGE, "created_at: must be above 0");
    if (r->member.former.count > 0 || r->officer.former.count > 0)
        return errmsg_set(why, ERR_INVALID, "former: who enrols has none");
    if (r->subject == ENROL_MEMBER)
        return check_member(r, why);
    if (r->subject == ENROL_OFFICER)
        return check_officer(r, why);
    return errmsg_set(why, ERR_INVALID, "must name a member or an officer");
}

/* The CURVE key of a request stands alone: its certificate is made by the registrar. */
static enum err get_subject(const struct trust_reader *r, const Sluis__Trust__EnrolRequest *m,
                            struct enrol_request *out)
{
    if ((m->member == NULL) == (m->officer == NULL))
        return errmsg_set(r->why, ERR_INVALID, "must name a member or an officer");
    if (m->member != NULL) {
        out->subject = ENROL_MEMBER;
        return trust_get_member(r, m->member, &out->member);
    }
    out->subject = ENROL_OFFICER;
    return trust_get_officer(r, m->officer, &out->officer);
}

static enum err get_optional(ProtobufCBinaryData d, const char *field, struct bytes *out,
                             struct errmsg *why)
{
    if (d.len > ENROL_MAX_CSR_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: too large", field);
    *out = msg_bytes(d);
    return ERR_OK;
}

enum err enrol_request_decode(struct bytes document, struct arena *a, struct enrol_request *out,
                              struct errmsg *why)
{
    struct trust_reader reader = {a, no_sha256, why};
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__enrol_request__descriptor, document, ENROL_MAX_BYTES, a,
                            &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__EnrolRequest *m = unpacked;
    struct enrol_request r = {.created_at = m->created_at};
    if ((e = msg_get_name(m->deployment, &r.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_fixed(m->nonce, r.nonce, sizeof r.nonce, "nonce", why)) != ERR_OK ||
        (e = get_subject(&reader, m, &r)) != ERR_OK ||
        (e = get_optional(m->signing_csr, "signing_csr", &r.signing_csr, why)) != ERR_OK ||
        (e = get_optional(m->sealing_csr, "sealing_csr", &r.sealing_csr, why)) != ERR_OK ||
        (e = msg_get_text(m->log_key, 0, ROSTER_MAX_TEXT, "log_key", &r.log_key, why)) != ERR_OK ||
        (e = msg_get_text(m->log_origin, 0, ROSTER_MAX_TEXT, "log_origin", &r.log_origin, why)) !=
            ERR_OK ||
        (e = check_request(&r, why)) != ERR_OK)
        return e;
    *out = r;
    return ERR_OK;
}

static enum err put_subject(const struct enrol_request *r, struct arena *a,
                            Sluis__Trust__EnrolRequest *out)
{
    if (r->subject == ENROL_MEMBER) {
        out->member = arena_alloc(a, sizeof *out->member);
        if (out->member == NULL)
            return ERR_NOMEM;
        enum err e = trust_put_member(&r->member, a, out->member);
        out->member->curve = msg_data(BYTES_OF_ARRAY(r->member.curve.b));
        return e;
    }
    out->officer = arena_alloc(a, sizeof *out->officer);
    return out->officer == NULL ? ERR_NOMEM : trust_put_officer(&r->officer, a, out->officer);
}

enum err enrol_request_encode(const struct enrol_request *r, struct buf *out, struct errmsg *why)
{
    enum err e = check_request(r, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENROL_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__EnrolRequest m = SLUIS__TRUST__ENROL_REQUEST__INIT;
    e = put_subject(r, a, &m);
    m.deployment = msg_text(r->deployment.s);
    m.created_at = r->created_at;
    m.nonce = msg_data(BYTES_OF_ARRAY(r->nonce));
    m.signing_csr = msg_data(r->signing_csr);
    m.sealing_csr = msg_data(r->sealing_csr);
    m.log_key = trust_put_text(a, r->log_key);
    m.log_origin = trust_put_text(a, r->log_origin);
    if (m.log_key == NULL || m.log_origin == NULL)
        return ERR_NOMEM;
    return e != ERR_OK ? e : msg_pack(&m.base, out);
}

static enum err check_answer(const struct enrol_answer *r, struct errmsg *why)
{
    if (r->created_at <= 0)
        return errmsg_set(why, ERR_RANGE, "created_at: must be above 0");
    if (r->root.len == 0 || r->issuer.len == 0 || r->roster_key.len == 0 || r->signing.len == 0)
        return errmsg_set(why, ERR_INVALID, "a certificate or the roster key is missing");
    return ERR_OK;
}

enum err enrol_answer_decode(struct bytes document, struct arena *a, struct enrol_answer *out,
                             struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__enrol_answer__descriptor, document, ENROL_MAX_BYTES, a,
                            &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__EnrolAnswer *m = unpacked;
    struct enrol_answer r = {.created_at = m->created_at};
    if ((e = msg_get_name(m->deployment, &r.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_fixed(m->request, r.request.b, sizeof r.request.b, "request", why)) !=
            ERR_OK ||
        (e = get_optional(m->root, "root", &r.root, why)) != ERR_OK ||
        (e = get_optional(m->issuer, "issuer", &r.issuer, why)) != ERR_OK ||
        (e = get_optional(m->roster_key, "roster_key", &r.roster_key, why)) != ERR_OK ||
        (e = get_optional(m->signing, "signing", &r.signing, why)) != ERR_OK ||
        (e = get_optional(m->sealing, "sealing", &r.sealing, why)) != ERR_OK ||
        (e = get_optional(m->transport, "transport", &r.transport, why)) != ERR_OK ||
        (e = check_answer(&r, why)) != ERR_OK)
        return e;
    *out = r;
    return ERR_OK;
}

enum err enrol_answer_encode(const struct enrol_answer *r, struct buf *out, struct errmsg *why)
{
    enum err e = check_answer(r, why);
    if (e != ERR_OK)
        return e;
    Sluis__Trust__EnrolAnswer m = SLUIS__TRUST__ENROL_ANSWER__INIT;
    m.deployment = msg_text(r->deployment.s);
    m.request = msg_data(digest_bytes(&r->request));
    m.created_at = r->created_at;
    m.root = msg_data(r->root);
    m.issuer = msg_data(r->issuer);
    m.roster_key = msg_data(r->roster_key);
    m.signing = msg_data(r->signing);
    m.sealing = msg_data(r->sealing);
    m.transport = msg_data(r->transport);
    return msg_pack(&m.base, out);
}
