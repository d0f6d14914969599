#include "pki/cli/pki/token.h"

#include "pki/csr.h"
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

static enum err other(struct errmsg *why, const char *what, struct bytes asks, struct bytes allows)
{
    return errmsg_set(why, ERR_MISMATCH, "request: asks for %s %.*s, and its token is for %.*s", what, (int)asks.len,
                      (const char *)asks.ptr, (int)allows.len, (const char *)allows.ptr);
}

static enum err too_many(struct errmsg *why, const char *what, uint64_t asks, uint64_t allows)
{
    return errmsg_set(why, ERR_MISMATCH, "request: asks for a %s of %llu, and its token allows %llu", what,
                      (unsigned long long)asks, (unsigned long long)allows);
}

/* The first of a list that the other has not; NULL: none. */
static const struct name *surplus(struct name_list asks, struct name_list allows)
{
    for (size_t i = 0; i < asks.count; i++)
        if (!name_list_has(allows, name_bytes(&asks.v[i])))
            return &asks.v[i];
    return NULL;
}

static enum err check_lists(const struct roster_member *g, const struct roster_member *m, struct errmsg *why)
{
    const struct name *purpose = surplus(m->purposes, g->purposes);
    const struct name *class = surplus(m->classes, g->classes);
    if (purpose != NULL || class != NULL)
        return errmsg_set(why, ERR_MISMATCH, "request: asks for %s %s, which its token does not allow",
                          purpose != NULL ? "purpose" : "class", purpose != NULL ? purpose->s : class->s);
    bool same = m->controller_count == g->controller_count;
    for (size_t i = 0; same && i < m->controller_count; i++)
        same = agency_id_equal(&m->controllers[i], &g->controllers[i]);
    return same ? ERR_OK : errmsg_set(why, ERR_MISMATCH, "request: names other controllers than its token");
}

static enum err check_member(const struct token_grant *of, const struct enrol_request *r, struct errmsg *why)
{
    const struct roster_member *g = &of->member;
    const struct roster_member *m = &r->member;
    if (!bytes_equal(m->name, g->name))
        return other(why, "name", m->name, g->name);
    if (!agency_id_equal(&m->host, &g->host))
        return other(why, "host", agency_id_bytes(&m->host), agency_id_bytes(&g->host));
    if (m->regime != g->regime)
        return other(why, "regime", bytes_str(regime_id(m->regime)), bytes_str(regime_id(g->regime)));
    if (!bytes_equal(m->endpoint, g->endpoint))
        return other(why, "endpoint", m->endpoint, g->endpoint);
    if (!bytes_equal(r->log_origin, of->log_origin))
        return other(why, "origin", r->log_origin, of->log_origin);
    if (m->population > g->population)
        return too_many(why, "population", m->population, g->population);
    if (m->churn > g->churn)
        return too_many(why, "churn", m->churn, g->churn);
    return check_lists(g, m, why);
}

static enum err check_officer(const struct roster_officer *g, const struct roster_officer *o, struct errmsg *why)
{
    if (!name_equal(&o->staff, &g->staff))
        return other(why, "staff id", name_bytes(&o->staff), name_bytes(&g->staff));
    if (!name_equal(&o->person, &g->person))
        return other(why, "person", name_bytes(&o->person), name_bytes(&g->person));
    for (unsigned f = 1; f < FUNCTION_COUNT; f++) {
        uint32_t bit = UINT32_C(1) << f;
        if ((o->functions & bit) != 0 && (g->functions & bit) == 0)
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
    return role == TOKEN_OFFICER ? check_officer(&g->officer, &r->officer, why) : check_member(g, r, why);
}

/* ---- whose place it takes ---- */

/* Whether the listed certificate of a person is of the key that r asks for. */
static enum err is_same_officer(const struct roster_officer *listed, const struct enrol_request *r, bool *out,
                                struct errmsg *why)
{
    struct key *asked CLEANUP(cleanup_key_free) = NULL;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = csr_check(r->signing_csr, &r->officer.agency, r->officer.staff.s, &asked, why);
    if (e == ERR_OK)
        e = cert_parse(listed->cert.der, CERT_OFFICER, &c, why);
    *out = e == ERR_OK && key_same_public(cert_key(c), asked);
    return e;
}

static enum err place_of_member(const struct token_open *t, const struct enrol_request *r, const struct roster *in,
                                struct errmsg *why)
{
    const struct roster_member *m = roster_member_of(in, &r->member.id);
    if (m == NULL ||
        (t->is_bound && bytes_equal(BYTES_OF_ARRAY(m->curve.b), BYTES_OF_ARRAY(r->member.curve.b))))
        return ERR_OK;
    return errmsg_set(why, ERR_EXISTS,
                      "request: %s is on the roster already; a token made with --replace lets it take that place",
                      m->id.oin);
}

static enum err place_of_officer(const struct token_open *t, const struct enrol_request *r, const struct roster *in,
                                 struct errmsg *why)
{
    const struct roster_officer *o = roster_officer_of(in, &r->officer.agency, &r->officer.staff);
    bool same = false;
    enum err e = o != NULL && t->is_bound ? is_same_officer(o, r, &same, why) : ERR_OK;
    if (e != ERR_OK || o == NULL || same)
        return e;
    return errmsg_set(why, ERR_EXISTS,
                      "request: %s of %s is on the roster already, as person %s; a token made with --replace lets it take "
                      "that place",
                      o->staff.s, o->agency.oin, o->person.s);
}

enum err token_may_take_place(const struct token_open *t, const struct enrol_request *r, const struct roster *in,
                              struct errmsg *why)
{
    if (t->grant.may_replace)
        return ERR_OK;
    return r->subject == ENROL_MEMBER ? place_of_member(t, r, in, why) : place_of_officer(t, r, in, why);
}
