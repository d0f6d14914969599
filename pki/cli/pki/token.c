#include "pki/cli/pki/token.h"

#include "pki/hkdf.h"
#include "pki/mac.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/text.h"

#define TOKEN_BYTES 32
#define TOKEN_FILE_BYTES (2 * TOKEN_BYTES + 1)

static const char *const roles[TOKEN_ROLE_COUNT] = {"?", "agency", "broker", "officer"};

const char *token_role_id(enum token_role r)
{
    return r < TOKEN_ROLE_COUNT ? roles[r] : "?";
}

void token_open_free(struct token_open *t)
{
    secret_free(t->mac_key);
    t->mac_key = NULL;
}

enum err token_mac_key(const struct secret *token, struct secret **out)
{
    char room[64];
    struct buf info = buf_fixed(room, sizeof room);
    join_str(&info, LABEL_ENROL_MAC);
    return buf_err(&info) != ERR_OK ? buf_err(&info) : hkdf_subkey(token, buf_bytes(&info), out);
}

enum err token_read(struct work *w, const char *path, struct secret **out)
{
    uint8_t raw[TOKEN_BYTES];
    char text[TOKEN_FILE_BYTES + 1];
    struct buf file = buf_fixed(text, sizeof text);
    enum err e = file_read(path, FILE_PRIVATE, &file, &w->why);
    if (e != ERR_OK)
        return e;
    size_t len = file.len > 0 && text[file.len - 1] == '\n' ? file.len - 1 : file.len;
    e = text_get_hex(bytes_of(text, len), raw, sizeof raw);
    secret_wipe(text, sizeof text);
    if (e != ERR_OK)
        return errmsg_set(&w->why, ERR_INVALID, "%s: not a token", path);
    struct secret *s CLEANUP(cleanup_secret_free) = secret_new(BYTES_OF_ARRAY(raw));
    secret_wipe(raw, sizeof raw);
    return s == NULL ? ERR_NOMEM : token_mac_key(s, out);
}

/* ---- MACs ---- */

/* The MAC is over join(label, side, document, proof), so that nobody takes the proof away on the road. */
static enum err frame(enum token_side side, const struct sheltered *s, struct buf *out)
{
    join_str(out, LABEL_ENROL_TOKEN);
    join_str(out, side == TOKEN_REQUEST ? "request" : "answer");
    join_part(out, s->document);
    join_part(out, s->proof);
    return buf_err(out);
}

enum err token_shelter(const struct secret *mac_key, enum token_side side, struct sheltered *s,
                       struct buf *out)
{
    struct buf framed CLEANUP(buf_free) = buf_new(s->document.len + s->proof.len + 256);
    struct mac *m CLEANUP(cleanup_mac_free) = NULL;
    enum err e = frame(side, s, &framed);
    if (e == ERR_OK)
        e = mac_new(mac_key, &m);
    struct bytes part = buf_bytes(&framed);
    if (e == ERR_OK)
        e = mac_compute(m, &part, 1, s->mac);
    return e != ERR_OK ? e : sheltered_encode(s, out);
}

enum err token_check(const struct secret *mac_key, enum token_side side, const struct sheltered *s)
{
    struct buf framed CLEANUP(buf_free) = buf_new(s->document.len + s->proof.len + 256);
    struct mac *m CLEANUP(cleanup_mac_free) = NULL;
    enum err e = frame(side, s, &framed);
    if (e == ERR_OK)
        e = mac_new(mac_key, &m);
    struct bytes part = buf_bytes(&framed);
    return e != ERR_OK ? e : mac_verify(m, &part, 1, BYTES_OF_ARRAY(s->mac));
}

/* ---- what a token allows ---- */

static enum token_role role_of(const struct enrol_request *r)
{
    if (r->subject == ENROL_OFFICER)
        return TOKEN_OFFICER;
    return r->member.kind == MEMBER_BROKER ? TOKEN_BROKER : TOKEN_AGENCY;
}

static bool has_name(const struct name_list *l, const struct name *n)
{
    for (size_t i = 0; i < l->count; i++) {
        if (name_equal(&l->v[i], n))
            return true;
    }
    return false;
}

static enum err check_functions(const struct token_grant *g, const struct enrol_request *r,
                                struct errmsg *why)
{
    for (unsigned f = 1; f < FUNCTION_COUNT; f++) {
        uint32_t bit = UINT32_C(1) << f;
        if ((r->officer.functions & bit) != 0 && (g->functions & bit) == 0)
            return errmsg_set(why, ERR_MISMATCH,
                              "request: asks for function %s, which its token does not allow",
                              officer_function_id((enum officer_function)f));
    }
    return ERR_OK;
}

enum err token_allows(const struct token_grant *g, const struct enrol_request *r,
                      struct errmsg *why)
{
    enum token_role role = role_of(r);
    const struct agency_id *oin = role == TOKEN_OFFICER ? &r->officer.agency : &r->member.id;
    if (!agency_id_equal(oin, &g->oin))
        return errmsg_set(why, ERR_MISMATCH, "request: of %s, made with a token of %s", oin->oin,
                          g->oin.oin);
    if (role != g->role)
        return errmsg_set(why, ERR_MISMATCH, "request: as %s, made with a token for %s",
                          token_role_id(role), token_role_id(g->role));
    if (role == TOKEN_OFFICER)
        return check_functions(g, r, why);
    for (size_t i = 0; i < r->member.purposes.count; i++) {
        if (!has_name(&g->purposes, &r->member.purposes.v[i]))
            return errmsg_set(why, ERR_MISMATCH,
                              "request: asks for purpose %s, which its token does not allow",
                              r->member.purposes.v[i].s);
    }
    return ERR_OK;
}
