#include "proto/msg/deal.h"

#include "proto/msg/trust.pb-c.h"
#include "proto/msg/unpack.h"

static enum err check_deal(const struct deal *d, struct errmsg *why)
{
    if (d->epoch == 0)
        return errmsg_set(why, ERR_RANGE, "epoch: must be above 0");
    if (d->issued_at <= 0)
        return errmsg_set(why, ERR_RANGE, "issued_at: must be above 0");
    size_t types = 0;
    for (size_t t = 0; t < IDENT_TYPE_COUNT; t++)
        types += d->norms[t] > 0;
    if (types == 0 || d->norms[IDENT_NONE] > 0)
        return errmsg_set(why, ERR_INVALID, "norms: no type of identifier");
    if (d->participant_count < 2 || d->participant_count > DEAL_MAX_PARTICIPANTS)
        return errmsg_set(why, ERR_RANGE, "participants: %zu, must be 2 to %d",
                          d->participant_count, DEAL_MAX_PARTICIPANTS);
    for (size_t i = 1; i < d->participant_count; i++) {
        const struct deal_participant *p = &d->participants[i];
        if (bytes_cmp(agency_id_bytes(&p[-1].id), agency_id_bytes(&p->id)) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "participants: entries must ascend");
    }
    if (deal_participant_of(d, &d->custodian) == NULL)
        return errmsg_set(why, ERR_INVALID, "custodian: takes no part in the purpose");
    return ERR_OK;
}

static enum err get_norms(const Sluis__Trust__Deal *m, struct deal *out, struct errmsg *why)
{
    const char *last = "";
    for (size_t i = 0; i < m->n_norms; i++) {
        const Sluis__Trust__NormVersion *n = m->norms[i];
        enum ident_type type = IDENT_NONE;
        if (ident_type_parse(bytes_str(n->type), &type) != ERR_OK)
            return errmsg_set(why, ERR_UNKNOWN, "norms: unknown type");
        if (bytes_cmp(bytes_str(last), bytes_str(n->type)) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "norms: entries must ascend");
        if (n->version == 0)
            return errmsg_set(why, ERR_RANGE, "norms: version must be above 0");
        out->norms[type] = n->version;
        last = n->type;
    }
    return ERR_OK;
}

static enum err get_participants(const Sluis__Trust__Deal *m, struct arena *a, struct deal *out,
                                 struct errmsg *why)
{
    if (m->n_participants > DEAL_MAX_PARTICIPANTS)
        return errmsg_set(why, ERR_TOO_LARGE, "participants: more than %d", DEAL_MAX_PARTICIPANTS);
    struct deal_participant *v = arena_array(a, m->n_participants, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_participants; i++) {
        const Sluis__Trust__Participant *p = m->participants[i];
        enum err e = msg_get_oin(p->oin, &v[i].id, "participants", why);
        if (e == ERR_OK)
            e = msg_get_fixed(p->sealing, v[i].sealing.b, sizeof v[i].sealing.b, "sealing", why);
        if (e != ERR_OK)
            return e;
    }
    out->participants = v;
    out->participant_count = m->n_participants;
    return ERR_OK;
}

enum err deal_decode(struct bytes document, struct arena *a, struct deal *out, struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__deal__descriptor, document, DEAL_MAX_BYTES, a, &unpacked,
                            why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Deal *m = unpacked;
    struct deal d = {.epoch = m->epoch, .issued_at = m->issued_at};
    if ((e = msg_get_name(m->deployment, &d.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_name(m->purpose, &d.purpose, "purpose", why)) != ERR_OK ||
        (e = msg_get_fixed(m->kcv, d.kcv.b, sizeof d.kcv.b, "kcv", why)) != ERR_OK ||
        (e = msg_get_oin(m->custodian, &d.custodian, "custodian", why)) != ERR_OK ||
        (e = get_norms(m, &d, why)) != ERR_OK || (e = get_participants(m, a, &d, why)) != ERR_OK)
        return e;
    if (suite_parse(bytes_str(m->suite), &d.suite) != ERR_OK)
        return errmsg_set(why, ERR_UNKNOWN, "suite: unknown");
    e = check_deal(&d, why);
    if (e == ERR_OK)
        *out = d;
    return e;
}

/* The used types in ascending order of their ids, which is not that of their numbers. */
static size_t put_norms(const struct deal *d, Sluis__Trust__NormVersion *v)
{
    size_t n = 0;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (d->norms[t] == 0)
            continue;
        const char *id = ident_type_id((enum ident_type)t);
        size_t at = n++;
        for (; at > 0 && bytes_cmp(bytes_str(v[at - 1].type), bytes_str(id)) > 0; at--)
            v[at] = v[at - 1];
        sluis__trust__norm_version__init(&v[at]);
        v[at].type = msg_text(id);
        v[at].version = d->norms[t];
    }
    return n;
}

static enum err put_participants(const struct deal *d, struct arena *a, Sluis__Trust__Deal *out)
{
    Sluis__Trust__Participant *v = arena_array(a, d->participant_count, sizeof *v);
    out->participants = arena_array(a, d->participant_count, sizeof *out->participants);
    out->n_participants = d->participant_count;
    if (v == NULL || out->participants == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < d->participant_count; i++) {
        sluis__trust__participant__init(&v[i]);
        v[i].oin = msg_text(d->participants[i].id.oin);
        v[i].sealing = msg_data(digest_bytes(&d->participants[i].sealing));
        out->participants[i] = &v[i];
    }
    return ERR_OK;
}

enum err deal_encode(const struct deal *d, struct buf *out, struct errmsg *why)
{
    enum err e = check_deal(d, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(DEAL_MAX_BYTES * 2);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__NormVersion norms[IDENT_TYPE_COUNT];
    Sluis__Trust__NormVersion *norm_list[IDENT_TYPE_COUNT];
    Sluis__Trust__Deal m = SLUIS__TRUST__DEAL__INIT;
    m.deployment = msg_text(d->deployment.s);
    m.purpose = msg_text(d->purpose.s);
    m.epoch = d->epoch;
    m.suite = msg_text(suite_id(d->suite));
    m.kcv = msg_data(BYTES_OF_ARRAY(d->kcv.b));
    m.n_norms = put_norms(d, norms);
    m.norms = norm_list;
    for (size_t i = 0; i < m.n_norms; i++)
        norm_list[i] = &norms[i];
    m.custodian = msg_text(d->custodian.oin);
    m.issued_at = d->issued_at;
    e = put_participants(d, a, &m);
    return e != ERR_OK ? e : msg_pack(&m.base, out);
}

const struct deal_participant *deal_participant_of(const struct deal *d, const struct agency_id *id)
{
    for (size_t i = 0; i < d->participant_count; i++) {
        if (agency_id_equal(&d->participants[i].id, id))
            return &d->participants[i];
    }
    return NULL;
}
