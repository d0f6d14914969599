/* token: a one-time enrolment token for one party in one role. */
#include "pki/cli/pki/declared.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/grant_table.h"
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "proto/base/when.h"

#define DAY_S INT64_C(86400)
#define DAYS_DEFAULT 7
#define DAYS_MAX 30

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
    enum err e = ERR_OK;
    if (w->o->days > DAYS_MAX)
        return errmsg_set(&w->why, ERR_CONFIG, "--days: a token lives at most %d days", DAYS_MAX);
    if ((g->role == TOKEN_OFFICER) != (w->o->functions.count > 0))
        return errmsg_set(&w->why, ERR_CONFIG,
                          "--function: the token of an officer, and no other, names functions");
    if ((g->role == TOKEN_AGENCY) != (w->o->purposes.count > 0))
        return errmsg_set(&w->why, ERR_CONFIG,
                          "--purpose: the token of an agency, and no other, names purposes");
    if (g->role == TOKEN_OFFICER)
        e = declared_officer(w, &g->officer);
    else
        e = declared_member(w, g->role == TOKEN_BROKER ? MEMBER_BROKER : MEMBER_AGENCY, &g->member);
    if (g->role == TOKEN_BROKER && w->o->origin != NULL)
        g->log_origin = bytes_str(w->o->origin);
    return e;
}

static enum err read_grant(struct work *w, struct token_grant *g)
{
    if (w->o->lost && !w->o->replace)
        return errmsg_set(&w->why, ERR_CONFIG, "--lost says what became of the keys that --replace replaces");
    enum err e = work_oin(w, "oin", w->o->oin, &g->oin);
    if (e == ERR_OK)
        e = read_role(w, &g->role);
    return e == ERR_OK ? read_limits(w, g) : e;
}

static enum err report(struct work *w, const struct token_grant *g, const struct roster *present)
{
    char until[WHEN_TEXT_SIZE];
    struct grant_table t = {.w = w};
    const struct enrol_request r = {.subject = g->role == TOKEN_OFFICER ? ENROL_OFFICER : ENROL_MEMBER,
                                    .member = g->member,
                                    .officer = g->officer,
                                    .log_origin = g->log_origin};
    when_text(g->ends_at, until);
    enum err e = grant_table_fill(&t, &r, present);
    if (e != ERR_OK)
        return e;
    if (g->may_replace)
        grant_table_replaced(&t, g->is_lost);
    if (w->o->json) {
        struct json_writer j = json_writer_of(&w->out);
        json_put_object(&j, NULL);
        json_put_str(&j, "oin", g->oin.oin);
        json_put_str(&j, "role", token_role_id(g->role));
        json_put_str(&j, "until", until);
        json_put_str(&j, "token_file", w->o->out);
        json_put_bool(&j, "replace", g->may_replace);
        json_put_bool(&j, "lost", g->is_lost);
        grant_table_json(&t, &j);
        json_put_end(&j);
        buf_put_str(&w->out, "\n");
        return json_writer_done(&j);
    }
    grant_table_text(&t);
    buf_printf(&w->out, "one-time token for %s as %s until %s in %s: hand it over outside this channel\n", g->oin.oin,
               token_role_id(g->role), until, w->o->out);
    if (t.is_listed && !g->may_replace)
        buf_put_str(&w->out, "on the roster already: a request with this token is refused; --replace makes one that "
                             "replaces\n");
    if (t.is_listed && g->may_replace && !g->is_lost)
        buf_put_str(&w->out, "--lost as well, only where nobody else can have those keys, keeps what they signed\n");
    return buf_err(&w->out);
}

enum err verb_token(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"oin", w->o->oin},
                                      {"role", w->o->role},
                                      {"out", w->o->out},
                                      {NULL, NULL}};
    int64_t days = w->o->days > 0 ? (int64_t)w->o->days : DAYS_DEFAULT;
    struct token_grant g = {.ends_at = w->now_s + days * DAY_S, .may_replace = w->o->replace,
                            .is_lost = w->o->lost};
    struct roster present;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_grant(w, &g);
    if (e == ERR_OK)
        e = draft_load(w, &present);
    if (e == ERR_OK)
        e = token_new(w, &g, w->o->out);
    return e == ERR_OK ? report(w, &g, &present) : e;
}
