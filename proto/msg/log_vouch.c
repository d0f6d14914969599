#include "proto/msg/log_vouch.h"

#include "proto/msg/agency_head.pb-c.h"
#include "proto/msg/check.h"

enum err log_vouch_encode(const struct log_vouch *v, struct buf *out)
{
    Sluis__LogVouch m = SLUIS__LOG_VOUCH__INIT;
    ProtobufCBinaryData lost[AGENCY_HEAD_MAX_KEYS];
    char key[AGENCY_HEAD_MAX_KEY_BYTES + 1];
    struct buf text = buf_fixed(key, sizeof key - 1);
    buf_put(&text, v->key);
    if (buf_err(&text) != ERR_OK)
        return ERR_TOO_LARGE;
    key[text.len] = '\0';
    if (v->lost_count > AGENCY_HEAD_MAX_KEYS)
        return ERR_LIMIT;
    for (size_t i = 0; i < v->lost_count; i++)
        lost[i] = msg_data(digest_bytes(&v->lost[i]));
    m.deployment = msg_text(v->deployment.s);
    m.agency = msg_text(v->agency.oin);
    m.staff = msg_text(v->staff.s);
    m.lost = lost;
    m.n_lost = v->lost_count;
    m.key = key;
    m.size = v->size;
    m.root = msg_data(digest_bytes(&v->root));
    m.issued_at_s = v->issued_at_s;
    return msg_pack(&m.base, out);
}

static void lost_in(struct check *c, const Sluis__LogVouch *m, struct log_vouch *v)
{
    check_count(c, "lost", m->n_lost, 1, AGENCY_HEAD_MAX_KEYS);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_lost; i++) {
        CHECK_FIXED(c, "lost", m->lost[i], v->lost[i]);
        if (c->err == ERR_OK && i > 0 && bytes_cmp(digest_bytes(&v->lost[i - 1]), digest_bytes(&v->lost[i])) >= 0)
            check_fail(c, ERR_DUPLICATE, "lost", "ascending digests");
    }
}

enum err log_vouch_decode(struct bytes data, struct arena *a, struct log_vouch *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__log_vouch__descriptor, data, LOG_VOUCH_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__LogVouch *m = raw;
    struct check c = check_new("log vouch", a, why);
    struct log_vouch v = {.lost_count = m->n_lost, .size = m->size, .issued_at_s = m->issued_at_s};
    check_name(&c, "deployment", m->deployment, &v.deployment);
    check_oin(&c, "agency", m->agency, &v.agency);
    check_name(&c, "staff", m->staff, &v.staff);
    lost_in(&c, m, &v);
    check_text(&c, "key", m->key, (struct check_limits){1, AGENCY_HEAD_MAX_KEY_BYTES}, &v.key);
    check_u64(&c, "size", m->size, 1, INT64_MAX);
    CHECK_FIXED(&c, "root", m->root, v.root);
    check_time(&c, "issued_at_s", m->issued_at_s);
    if ((e = check_done(&c)) == ERR_OK)
        *out = v;
    return e;
}
