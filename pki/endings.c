#include "pki/endings.h"

#include "pki/digest.h"
#include "proto/base/buf.h"

#define DAY_S INT64_C(86400)

static const char *const ids[ENDING_KIND_COUNT] = {
    [ENDING_ROOT] = "root",
    [ENDING_ISSUER] = "issuing",
    [ENDING_ROSTER_KEY] = "roster_key",
    [ENDING_SIGNING] = "signing",
    [ENDING_SEALING] = "sealing",
    [ENDING_TRANSPORT] = "transport",
    [ENDING_OFFICER] = "officer",
    [ENDING_EPOCH] = "epoch",
};

const char *ending_kind_id(enum ending_kind k)
{
    return k > ENDING_NONE && k < ENDING_KIND_COUNT ? ids[k] : "?";
}

struct ending ending_of_cert(enum ending_kind kind, const struct cert *c)
{
    return (struct ending){.kind = kind,
                           .oin = *cert_oin(c),
                           .id = *cert_fingerprint(c),
                           .start_s = cert_not_before(c),
                           .end_s = cert_not_after(c) + 1};
}

static enum err tell(const struct trust *t, const struct ending *e, ending_fn fn, void *arg)
{
    return roster_is_revoked(trust_roster(t), &e->id) ? ERR_OK : fn(arg, e);
}

static enum err of_anchors(const struct trust *t, ending_fn fn, void *arg)
{
    const struct cert *c;
    struct ending e = ending_of_cert(ENDING_ROOT, trust_root_cert(t));
    enum err err = tell(t, &e, fn, arg);
    for (size_t i = 0; err == ERR_OK && (c = trust_issuer_cert(t, i)) != NULL; i++) {
        e = ending_of_cert(ENDING_ISSUER, c);
        err = tell(t, &e, fn, arg);
    }
    return err;
}

static enum err of_member(const struct trust *t, const struct roster_member *m, ending_fn fn, void *arg)
{
    static const struct {
        enum cert_use use;
        enum ending_kind kind;
    } parts[] = {{CERT_SIGNING, ENDING_SIGNING},
                 {CERT_SEALING, ENDING_SEALING},
                 {CERT_TRANSPORT, ENDING_TRANSPORT}};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < ARRAY_LEN(parts); i++) {
        const struct cert *c = trust_listed_cert(t, &m->id, parts[i].use);
        if (c == NULL)
            continue;
        const struct ending e = ending_of_cert(parts[i].kind, c);
        err = tell(t, &e, fn, arg);
    }
    return err;
}

enum err endings_of_roster(const struct trust *t, ending_fn fn, void *arg)
{
    const struct roster *r = trust_roster(t);
    enum err err = of_anchors(t, fn, arg);
    for (size_t i = 0; err == ERR_OK && i < r->member_count; i++)
        err = of_member(t, &r->members[i], fn, arg);
    for (size_t i = 0; err == ERR_OK && i < r->officer_count; i++) {
        struct ending e = ending_of_cert(ENDING_OFFICER, trust_listed_officer(t, &r->officers[i]));
        e.staff = r->officers[i].staff;
        err = tell(t, &e, fn, arg);
    }
    return err;
}

static bool is_within(const struct ending *e, int64_t now_s, int days)
{
    return e->end_s - now_s <= days * DAY_S && e->end_s - e->start_s > days * DAY_S;
}

int ending_warning_days(const struct ending *e, int64_t now_s)
{
    if (now_s >= e->end_s)
        return 0;
    if (is_within(e, now_s, ENDING_CLOSE_DAYS))
        return ENDING_CLOSE_DAYS;
    return is_within(e, now_s, ENDING_SOON_DAYS) ? ENDING_SOON_DAYS : 0;
}

int ending_grade(const struct ending *e, int64_t now_s)
{
    if (now_s >= e->end_s)
        return 2;
    const int days = ending_warning_days(e, now_s);
    return days == 0 ? 0 : days == ENDING_CLOSE_DAYS ? 2 : 1;
}

enum err ending_digest(const struct ending *e, struct digest *out)
{
    uint8_t room[sizeof(int64_t)];
    struct buf end = buf_fixed(room, sizeof room);
    buf_put_u64(&end, (uint64_t)e->end_s);
    const struct bytes parts[] = {bytes_str(ending_kind_id(e->kind)), digest_bytes(&e->id),
                                  buf_bytes(&end)};
    return digest_sha256(parts, ARRAY_LEN(parts), out);
}
