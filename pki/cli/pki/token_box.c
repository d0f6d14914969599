/* The registrar's box of open tokens: DIR/tokens, under DIR/keys/tokens.key. */
#include "pki/cli/pki/token.h"

#include <stdio.h>
#include <string.h>

#include "pki/cli/pki/journal.h"
#include "pki/hkdf.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/text.h"

#define TOKEN_BYTES 32
#define TOKEN_FILE_BYTES (2 * TOKEN_BYTES + 1)
#define TOKENS_MAX 1000 /* open at one time for one party */
#define RECORD_MAX_BYTES 16384
#define BOX_VERSION 1
#define BOX_NAME_MAX 64

enum err token_make_key(struct work *w)
{
    struct work_key k = {"tokens", KEYFILE_STORAGE, NULL, 0};
    struct secret *s CLEANUP(cleanup_secret_free) = secret_random(AEAD_KEY_BYTES);
    return s == NULL ? ERR_NOMEM : work_save_secret(w, &k, s);
}

static enum err open_box(struct work *w, struct aead **out)
{
    struct secret *s CLEANUP(cleanup_secret_free) = NULL;
    struct work_key k = {"tokens", KEYFILE_STORAGE, NULL, 0};
    enum err e = work_load_secret(w, &k, &s);
    return e != ERR_OK ? e : aead_new(s, BOX_VERSION, out);
}

/* Whom a token may replace, in its record. */
enum {
    REPLACES_NOBODY = 0,
    REPLACES_STOLEN = 1, /* or nobody knows */
    REPLACES_LOST = 2,
};

/* join(oin, role, end, whom it replaces, member, officer, MAC key, and where it is bound the digest of its request), sealed
 * to the name of its file. What the role has not is empty. */
struct sealing {
    struct buf *out;
};

static enum err put_key(void *arg, struct bytes view)
{
    struct sealing *s = arg;
    join_part(s->out, view);
    return buf_err(s->out);
}

static void put_names(struct buf *out, struct name_list l)
{
    join_u32(out, (uint32_t)l.count);
    for (size_t i = 0; i < l.count; i++)
        join_part(out, name_bytes(&l.v[i]));
}

static void put_member(struct buf *out, const struct token_grant *g)
{
    const struct roster_member *m = &g->member;
    join_part(out, m->name);
    join_part(out, agency_id_bytes(&m->host));
    join_u32(out, (uint32_t)m->controller_count);
    for (size_t i = 0; i < m->controller_count; i++)
        join_part(out, agency_id_bytes(&m->controllers[i]));
    join_u32(out, (uint32_t)m->regime);
    put_names(out, m->classes);
    put_names(out, m->purposes);
    join_u64(out, m->population);
    join_u64(out, m->churn);
    join_part(out, m->endpoint);
    join_part(out, g->log_origin);
}

static void put_officer(struct buf *out, const struct roster_officer *o)
{
    join_part(out, name_bytes(&o->staff));
    join_part(out, name_bytes(&o->person));
    join_u32(out, o->functions);
}

static enum err put_record(const struct token_open *t, struct buf *out)
{
    const struct token_grant *g = &t->grant;
    struct sealing s = {out};
    join_part(out, agency_id_bytes(&g->oin));
    join_u32(out, (uint32_t)g->role);
    join_u64(out, (uint64_t)g->ends_at);
    join_u32(out, !g->may_replace ? REPLACES_NOBODY : g->is_lost ? REPLACES_LOST : REPLACES_STOLEN);
    if (g->role == TOKEN_OFFICER)
        put_officer(out, &g->officer);
    else
        put_member(out, g);
    const enum err e = secret_lend(t->mac_key, put_key, &s);
    if (e == ERR_OK && t->is_bound)
        join_part(out, digest_bytes(&t->bound));
    return e == ERR_OK ? buf_err(out) : e;
}

static uint64_t part_u(struct cursor *c, size_t bytes)
{
    struct cursor p = cursor_of(cursor_part(c, 8));
    uint64_t v = bytes == 8 ? cursor_u64(&p) : cursor_u32(&p);
    cursor_fail(c, cursor_done(&p));
    return v;
}

/* How many there are of a list; a list that is too long ends the reading. */
static size_t part_count(struct cursor *c)
{
    const uint64_t count = part_u(c, 4);
    if (count > OPTS_LIST_MAX)
        cursor_fail(c, ERR_RANGE);
    return c->err == ERR_OK ? (size_t)count : 0;
}

/* A text that outlives the record, which is wiped. */
static struct bytes part_text(struct work *w, struct cursor *c)
{
    const struct bytes text = cursor_part(c, ROSTER_MAX_TEXT);
    if (text.len == 0)
        return bytes_of(NULL, 0);
    const struct bytes kept = arena_copy(w->arena, text);
    if (kept.ptr == NULL)
        cursor_fail(c, ERR_NOMEM);
    return kept;
}

static void part_oin(struct cursor *c, struct agency_id *out)
{
    cursor_fail(c, agency_id_parse(cursor_part(c, OIN_CHARS), out));
}

static void part_name(struct cursor *c, struct name *out)
{
    cursor_fail(c, name_parse(cursor_part(c, NAME_MAX_BYTES), out));
}

static struct name_list part_names(struct work *w, struct cursor *c)
{
    const size_t count = part_count(c);
    struct name *v = arena_array(w->arena, count, sizeof *v);
    if (v == NULL)
        cursor_fail(c, ERR_NOMEM);
    for (size_t i = 0; v != NULL && i < count; i++)
        part_name(c, &v[i]);
    return (struct name_list){v, v == NULL ? 0 : count};
}

static void get_controllers(struct work *w, struct cursor *c, struct roster_member *m)
{
    const size_t count = part_count(c);
    struct agency_id *v = arena_array(w->arena, count, sizeof *v);
    if (v == NULL)
        cursor_fail(c, ERR_NOMEM);
    for (size_t i = 0; v != NULL && i < count; i++)
        part_oin(c, &v[i]);
    m->controllers = v;
    m->controller_count = v == NULL ? 0 : count;
}

static void get_member(struct work *w, struct cursor *c, struct token_grant *g)
{
    struct roster_member *m = &g->member;
    m->id = g->oin;
    m->kind = g->role == TOKEN_BROKER ? MEMBER_BROKER : MEMBER_AGENCY;
    m->name = part_text(w, c);
    part_oin(c, &m->host);
    get_controllers(w, c, m);
    m->regime = (enum regime)part_u(c, 4);
    m->classes = part_names(w, c);
    m->purposes = part_names(w, c);
    m->population = part_u(c, 8);
    m->churn = part_u(c, 8);
    m->endpoint = part_text(w, c);
    g->log_origin = part_text(w, c);
}

static void get_officer(struct cursor *c, struct token_grant *g)
{
    g->officer.agency = g->oin;
    part_name(c, &g->officer.staff);
    part_name(c, &g->officer.person);
    g->officer.functions = (uint32_t)part_u(c, 4);
}

static enum err get_grant(struct work *w, struct cursor *c, struct token_grant *g)
{
    part_oin(c, &g->oin);
    const uint64_t role = part_u(c, 4);
    g->ends_at = (int64_t)part_u(c, 8);
    const uint64_t replaces = part_u(c, 4);
    g->may_replace = replaces != REPLACES_NOBODY;
    g->is_lost = replaces == REPLACES_LOST;
    if (role == TOKEN_NONE || role >= TOKEN_ROLE_COUNT || replaces > REPLACES_LOST)
        cursor_fail(c, ERR_RANGE);
    if (c->err != ERR_OK)
        return c->err;
    g->role = (enum token_role)role;
    if (g->role == TOKEN_OFFICER)
        get_officer(c, g);
    else
        get_member(w, c, g);
    return c->err;
}

static enum err get_record(struct work *w, struct bytes plain, struct token_open *out)
{
    struct cursor c = cursor_of(plain);
    enum err e = get_grant(w, &c, &out->grant);
    if (e != ERR_OK)
        return e;
    struct bytes key = cursor_part(&c, HKDF_KEY_BYTES);
    out->is_bound = c.left > 0;
    if (out->is_bound) {
        struct cursor bound = cursor_of(cursor_part(&c, sizeof out->bound.b));
        cursor_copy(&bound, out->bound.b, sizeof out->bound.b);
        cursor_fail(&c, cursor_done(&bound));
    }
    e = cursor_done(&c);
    if (e == ERR_OK && key.len != HKDF_KEY_BYTES)
        e = ERR_RANGE;
    if (e != ERR_OK)
        return e;
    out->mac_key = secret_new(key);
    return out->mac_key != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err open_record(struct work *w, struct aead *box, const char *name,
                            struct token_open *out)
{
    struct buf plain CLEANUP(buf_free) = buf_new(RECORD_MAX_BYTES);
    struct buf sealed CLEANUP(buf_free) = buf_new(RECORD_MAX_BYTES + AEAD_OVERHEAD_BYTES);
    char in[NAME_MAX_BYTES + 16];
    snprintf(in, sizeof in, "tokens/%s", name);
    enum err e = work_path(w, out->path, in, "");
    if (e == ERR_OK)
        e = file_read(out->path, FILE_PRIVATE, &sealed, &w->why);
    if (e == ERR_OK)
        e = aead_open(box, bytes_str(name), buf_bytes(&sealed), &plain);
    if (e == ERR_OK)
        e = get_record(w, buf_bytes(&plain), out);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s: not a token record of this registrar",
                                        out->path);
}

/* A token whose time is over is erased wherever it is met, but by a dry run. */
static enum err drop_ended(struct work *w, const struct token_open *t)
{
    struct journal_line l = {.act = JOURNAL_TOKEN_ENDED,
                             .oin = t->grant.oin,
                             .what = token_role_id(t->grant.role),
                             .until = t->grant.ends_at,
                             .detail = "not used in its time"};
    if (w->o->dry_run)
        return ERR_OK;
    enum err e = file_remove(t->path, &w->why);
    return e != ERR_OK ? e : journal_add(w, &l);
}

/* What a command that was killed left half written has a longer name. */
static bool is_record(const char *name)
{
    static const char end[] = ".token";
    const size_t n = strlen(name);
    return n >= sizeof end && strcmp(name + n - (sizeof end - 1), end) == 0;
}

struct walk {
    struct work *w;
    struct aead *box;
    token_fn fn;
    void *arg;
};

static enum err visit(void *arg, const char *name)
{
    struct walk *k = arg;
    struct token_open t CLEANUP(token_open_free) = {.mac_key = NULL};
    if (!is_record(name))
        return ERR_OK;
    enum err e = open_record(k->w, k->box, name, &t);
    if (e == ERR_OK && k->w->now_s >= t.grant.ends_at)
        return drop_ended(k->w, &t);
    return e != ERR_OK ? e : k->fn(k->arg, &t);
}

enum err token_each(struct work *w, token_fn fn, void *arg)
{
    char path[WORK_PATH_MAX];
    struct aead *box CLEANUP(cleanup_aead_free) = NULL;
    enum err e = work_path(w, path, "tokens", "");
    if (e == ERR_OK)
        e = open_box(w, &box);
    struct walk k = {w, box, fn, arg};
    return e != ERR_OK ? e : file_list(path, visit, &k);
}

static enum err pass_over(void *arg, const struct token_open *t)
{
    (void)arg;
    (void)t;
    return ERR_OK;
}

enum err token_sweep(struct work *w)
{
    return token_each(w, pass_over, NULL);
}

struct search {
    const struct sheltered *s;
    struct token_open *out;
    bool found;
};

static enum err try_one(void *arg, const struct token_open *t)
{
    struct search *s = arg;
    if (s->found || token_check(t->mac_key, TOKEN_REQUEST, s->s) != ERR_OK)
        return ERR_OK;
    *s->out = *t;
    s->out->mac_key = secret_copy(t->mac_key);
    s->found = true;
    return s->out->mac_key != NULL ? ERR_OK : ERR_NOMEM;
}

enum err token_find(struct work *w, const struct sheltered *s, struct token_open *out)
{
    struct search k = {s, out, false};
    enum err e = token_each(w, try_one, &k);
    if (e == ERR_OK && !k.found)
        e = errmsg_set(&w->why, ERR_SIGNATURE,
                       "request: no open token made its MAC; make one with: sluis-pki token");
    return e;
}

/* The first number that no open token of this party has. */
static enum err free_name(struct work *w, const struct agency_id *oin,
                          char name[static BOX_NAME_MAX], char path[static WORK_PATH_MAX])
{
    char in[BOX_NAME_MAX + 16];
    for (unsigned i = 0; i < TOKENS_MAX; i++) {
        snprintf(name, BOX_NAME_MAX, "%s-%03u.token", oin->oin, i);
        snprintf(in, sizeof in, "tokens/%s", name);
        enum err e = work_path(w, path, in, "");
        if (e != ERR_OK || !file_exists(path))
            return e;
    }
    return errmsg_set(&w->why, ERR_LIMIT, "%d open tokens of %s", TOKENS_MAX, oin->oin);
}

static enum err seal_record(struct work *w, const struct token_open *t, const char *name,
                            struct buf *sealed)
{
    struct buf plain CLEANUP(buf_free) = buf_new(RECORD_MAX_BYTES);
    struct aead *box CLEANUP(cleanup_aead_free) = NULL;
    enum err e = open_box(w, &box);
    if (e == ERR_OK)
        e = buf_reserve(&plain, RECORD_MAX_BYTES) != NULL ? ERR_OK : ERR_NOMEM;
    buf_reset(&plain); /* it has its room and does not grow: a key is in it */
    if (e == ERR_OK)
        e = put_record(t, &plain);
    return e == ERR_OK ? aead_seal(box, bytes_str(name), buf_bytes(&plain), sealed) : e;
}

static enum err keep_record(struct work *w, const struct token_open *t)
{
    struct buf sealed CLEANUP(buf_free) = buf_new(RECORD_MAX_BYTES + AEAD_OVERHEAD_BYTES);
    char name[BOX_NAME_MAX];
    char path[WORK_PATH_MAX];
    enum err e = free_name(w, &t->grant.oin, name, path);
    if (e == ERR_OK)
        e = seal_record(w, t, name, &sealed);
    return e != ERR_OK ? e : file_create(path, buf_bytes(&sealed), 0600, &w->why);
}

enum err token_bind(struct work *w, struct token_open *t, const struct digest *request)
{
    struct buf sealed CLEANUP(buf_free) = buf_new(RECORD_MAX_BYTES + AEAD_OVERHEAD_BYTES);
    const char *name = strrchr(t->path, '/');
    if (t->is_bound)
        return digest_equal(&t->bound, request)
                   ? ERR_OK
                   : errmsg_set(&w->why, ERR_EXISTS,
                                "request: its token was used for another request before");
    t->is_bound = true;
    t->bound = *request;
    enum err e = name == NULL ? ERR_STATE : seal_record(w, t, name + 1, &sealed);
    return e != ERR_OK ? e : file_write(t->path, buf_bytes(&sealed), 0600, &w->why);
}

static enum err put_hex(void *out, struct bytes view)
{
    text_put_hex(out, view);
    return buf_err(out);
}

static enum err write_token(struct work *w, const struct secret *token, const char *path)
{
    char text[TOKEN_FILE_BYTES];
    struct buf file = buf_fixed(text, sizeof text);
    enum err e = secret_lend(token, put_hex, &file);
    buf_put_str(&file, "\n");
    if (e == ERR_OK)
        e = file_create(path, buf_bytes(&file), 0600, &w->why);
    secret_wipe(text, sizeof text);
    return e;
}

enum err token_new(struct work *w, const struct token_grant *g, const char *out_path)
{
    struct secret *token CLEANUP(cleanup_secret_free) = secret_random(TOKEN_BYTES);
    struct token_open t CLEANUP(token_open_free) = {.grant = *g};
    struct journal_line l = {.act = JOURNAL_TOKEN,
                             .oin = g->oin,
                             .what = token_role_id(g->role),
                             .until = g->ends_at};
    if (token == NULL)
        return ERR_NOMEM;
    enum err e = token_mac_key(token, &t.mac_key);
    if (e == ERR_OK)
        e = keep_record(w, &t);
    if (e == ERR_OK)
        e = journal_add(w, &l);
    return e != ERR_OK ? e : write_token(w, token, out_path);
}
