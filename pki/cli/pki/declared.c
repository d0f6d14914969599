#include "pki/cli/pki/declared.h"

#include <stdlib.h>

static int compare_oins(const void *a, const void *b)
{
    return bytes_cmp(agency_id_bytes(a), agency_id_bytes(b));
}

static enum err read_controllers(struct work *w, struct roster_member *m)
{
    const struct opts_list *list = &w->o->controllers;
    struct agency_id *v = arena_array(w->arena, list->count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++) {
        enum err e = work_oin(w, "controller", list->v[i], &v[i]);
        if (e != ERR_OK)
            return e;
    }
    if (list->count > 1)
        qsort(v, list->count, sizeof *v, compare_oins);
    m->controllers = v;
    m->controller_count = list->count;
    return ERR_OK;
}

/* What a member of this kind cannot be without. */
static enum err check_given(struct work *w, enum member_kind kind)
{
    const struct work_need agency[] = {{"oin", w->o->oin}, {"name", w->o->name}, {"regime", w->o->regime}, {NULL, NULL}};
    const struct work_need broker[] = {
        {"oin", w->o->oin}, {"name", w->o->name}, {"endpoint", w->o->endpoint}, {"origin", w->o->origin}, {NULL, NULL}};
    enum err e = work_needs(w, kind == MEMBER_BROKER ? broker : agency);
    if (e == ERR_OK && kind == MEMBER_AGENCY && w->o->controllers.count == 0)
        e = errmsg_set(&w->why, ERR_CONFIG, "%s needs --controller; see --help", w->o->verb);
    return e;
}

enum err declared_member(struct work *w, enum member_kind kind, struct roster_member *m)
{
    enum err e = check_given(w, kind);
    if (e != ERR_OK)
        return e;
    *m = (struct roster_member){.kind = kind,
                                .name = bytes_str(w->o->name),
                                .population = w->o->population,
                                .churn = w->o->churn};
    e = work_oin(w, "oin", w->o->oin, &m->id);
    if (e == ERR_OK)
        e = work_oin(w, "host", w->o->host != NULL ? w->o->host : w->o->oin, &m->host);
    if (e == ERR_OK)
        e = read_controllers(w, m);
    if (e == ERR_OK)
        e = work_names(w, "class", &w->o->classes, &m->classes);
    if (e == ERR_OK)
        e = work_names(w, "purpose", &w->o->purposes, &m->purposes);
    if (e == ERR_OK && w->o->regime != NULL &&
        regime_parse(bytes_str(w->o->regime), &m->regime) != ERR_OK)
        e = errmsg_set(&w->why, ERR_CONFIG, "--regime %s: must be avg, wpg or wjsg", w->o->regime);
    if (w->o->endpoint != NULL)
        m->endpoint = bytes_str(w->o->endpoint);
    return e;
}

enum err declared_officer(struct work *w, struct roster_officer *out)
{
    const struct work_need needs[] = {
        {"oin", w->o->oin}, {"officer", w->o->officer}, {"person", w->o->person}, {NULL, NULL}};
    *out = (struct roster_officer){.functions = 0};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &out->agency);
    if (e == ERR_OK)
        e = work_name(w, "officer", w->o->officer, &out->staff);
    if (e == ERR_OK)
        e = work_name(w, "person", w->o->person, &out->person);
    for (size_t i = 0; e == ERR_OK && i < w->o->functions.count; i++) {
        enum officer_function f = FUNCTION_NONE;
        if (officer_function_parse(bytes_str(w->o->functions.v[i]), &f) != ERR_OK)
            e = errmsg_set(&w->why, ERR_CONFIG, "--function %s: unknown", w->o->functions.v[i]);
        out->functions |= UINT32_C(1) << f;
    }
    return e;
}
