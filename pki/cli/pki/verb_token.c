/* token: a one-time enrolment token for one party in one role. */
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "proto/base/when.h"

#define DAY_S INT64_C(86400)
#define DAYS_DEFAULT 7
#define DAYS_MAX 30

static enum err read_functions(struct work *w, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < w->o->functions.count; i++) {
        enum officer_function f = FUNCTION_NONE;
        if (officer_function_parse(bytes_str(w->o->functions.v[i]), &f) != ERR_OK)
            return errmsg_set(&w->why, ERR_CONFIG, "--function %s: unknown", w->o->functions.v[i]);
        *out |= UINT32_C(1) << f;
    }
    return ERR_OK;
}

static enum err read_role(struct work *w, enum token_role *out)
{
    for (enum token_role r = TOKEN_AGENCY; r < TOKEN_ROLE_COUNT; r++) {
        if (strcmp(w->o->role, token_role_id(r)) == 0) {
            *out = r;
            return ERR_OK;
        }
    }
    return errmsg_set(&w->why, ERR_CONFIG, "--role %s: must be agency, broker or officer", w->o->role);
}

/* A token names what it allows: nothing is allowed by leaving it out. */
static enum err read_limits(struct work *w, struct token_grant *g)
{
    enum err e = read_functions(w, &g->functions);
    if (e == ERR_OK)
        e = work_names(w, "purpose", &w->o->purposes, &g->purposes);
    if (e == ERR_OK && (g->role == TOKEN_OFFICER) != (g->functions != 0))
        e = errmsg_set(&w->why, ERR_CONFIG,
                       "--function: the token of an officer, and no other, names functions");
    if (e == ERR_OK && (g->role == TOKEN_AGENCY) != (g->purposes.count > 0))
        e = errmsg_set(&w->why, ERR_CONFIG,
                       "--purpose: the token of an agency, and no other, names purposes");
    if (e == ERR_OK && w->o->days > DAYS_MAX)
        e = errmsg_set(&w->why, ERR_CONFIG, "--days: a token lives at most %d days", DAYS_MAX);
    return e;
}

enum err verb_token(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"oin", w->o->oin},
                                      {"role", w->o->role},
                                      {"out", w->o->out},
                                      {NULL, NULL}};
    char until[WHEN_TEXT_SIZE];
    int64_t days = w->o->days > 0 ? (int64_t)w->o->days : DAYS_DEFAULT;
    struct token_grant g = {.ends_at = w->now_s + days * DAY_S};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &g.oin);
    if (e == ERR_OK)
        e = read_role(w, &g.role);
    if (e == ERR_OK)
        e = read_limits(w, &g);
    if (e == ERR_OK)
        e = token_new(w, &g, w->o->out);
    if (e != ERR_OK)
        return e;
    when_text(g.ends_at, until);
    buf_printf(&w->out,
               w->o->json ? "{\"oin\":\"%s\",\"role\":\"%s\",\"until\":\"%s\",\"token_file\":\"%s\"}\n"
                          : "one-time token for %s as %s until %s in %s: hand it over outside this "
                            "channel\n",
               g.oin.oin, token_role_id(g.role), until, w->o->out);
    return buf_err(&w->out);
}
