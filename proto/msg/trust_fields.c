#include "proto/msg/trust_fields.h"

#include "proto/msg/unpack.h"

static const char *const kind_ids[] = {"?", "agency", "broker", "registrar"};

const char *member_kind_id(enum member_kind k)
{
    return (size_t)k < ARRAY_LEN(kind_ids) ? kind_ids[k] : "?";
}

enum err member_kind_parse(struct bytes text, enum member_kind *out)
{
    for (unsigned i = 1; i < ARRAY_LEN(kind_ids); i++) {
        if (bytes_is(text, kind_ids[i])) {
            *out = (enum member_kind)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

enum err trust_get_cert(const struct trust_reader *r, ProtobufCBinaryData d, const char *field,
                        struct roster_cert *out)
{
    struct roster_cert c = {{NULL, 0}, {{0}}};
    if (d.len == 0) {
        *out = c;
        return ERR_OK;
    }
    enum err e = msg_get_bytes(d, ROSTER_MAX_CERT_BYTES, field, &c.der, r->why);
    if (e == ERR_OK)
        e = r->sha256(&c.der, 1, &c.fingerprint);
    if (e == ERR_OK)
        *out = c;
    return e;
}

static enum err get_former(const struct trust_reader *r, const Sluis__Trust__Former *m,
                           struct roster_former *out)
{
    struct roster_former got = {.replaced_at = m->replaced_at, .until = m->until};
    enum err e = trust_get_cert(r, m->certificate, "former", &got.cert);
    if (e == ERR_OK)
        *out = got;
    return e;
}

static enum err get_formers(const struct trust_reader *r, Sluis__Trust__Former *const *m,
                            size_t count, size_t max, struct former_list *out)
{
    if (count > max)
        return errmsg_set(r->why, ERR_TOO_LARGE, "former: %zu entries, at most %zu", count, max);
    struct roster_former *v = arena_array(r->arena, count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        enum err e = get_former(r, m[i], &v[i]);
        if (e != ERR_OK)
            return e;
    }
    *out = (struct former_list){v, count};
    return ERR_OK;
}

static enum err get_controllers(const struct trust_reader *r, const Sluis__Trust__Member *m,
                                struct roster_member *out)
{
    if (m->n_controllers > ROSTER_MAX_LIST)
        return errmsg_set(r->why, ERR_TOO_LARGE, "controllers: more than %d", ROSTER_MAX_LIST);
    struct agency_id *v = arena_array(r->arena, m->n_controllers, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_controllers; i++) {
        enum err e = msg_get_oin(m->controllers[i], &v[i], "controllers", r->why);
        if (e != ERR_OK)
            return e;
        if (i > 0 && bytes_cmp(agency_id_bytes(&v[i - 1]), agency_id_bytes(&v[i])) >= 0)
            return errmsg_set(r->why, ERR_DUPLICATE, "controllers: entries must ascend");
    }
    out->controllers = v;
    out->controller_count = m->n_controllers;
    return ERR_OK;
}

static enum err get_identity(const struct trust_reader *r, const Sluis__Trust__Member *m,
                             struct roster_member *out)
{
    enum err e = msg_get_oin(m->oin, &out->id, "oin", r->why);
    if (e == ERR_OK)
        e = msg_get_text(m->name, 1, ROSTER_MAX_TEXT, "name", &out->name, r->why);
    if (e == ERR_OK)
        e = msg_get_oin(m->host, &out->host, "host", r->why);
    if (e == ERR_OK)
        e = get_controllers(r, m, out);
    if (e == ERR_OK)
        e = msg_get_text(m->endpoint, 0, ROSTER_MAX_TEXT, "endpoint", &out->endpoint, r->why);
    if (e != ERR_OK)
        return e;
    if (member_kind_parse(bytes_str(m->kind), &out->kind) != ERR_OK)
        return errmsg_set(r->why, ERR_UNKNOWN, "kind: unknown");
    if (m->regime[0] != '\0' && regime_parse(bytes_str(m->regime), &out->regime) != ERR_OK)
        return errmsg_set(r->why, ERR_UNKNOWN, "regime: unknown");
    return ERR_OK;
}

static enum err get_lists(const struct trust_reader *r, const Sluis__Trust__Member *m,
                          struct roster_member *out)
{
    struct msg_names_in classes = {m->classes, m->n_classes, ROSTER_MAX_LIST, "classes"};
    struct msg_names_in purposes = {m->purposes, m->n_purposes, ROSTER_MAX_LIST, "purposes"};
    enum err e = msg_get_names(classes, r->arena, &out->classes, r->why);
    return e != ERR_OK ? e : msg_get_names(purposes, r->arena, &out->purposes, r->why);
}

static enum err get_keys(const struct trust_reader *r, const Sluis__Trust__Member *m,
                         struct roster_member *out)
{
    enum err e = trust_get_cert(r, m->signing, "signing", &out->signing);
    if (e == ERR_OK)
        e = trust_get_cert(r, m->sealing, "sealing", &out->sealing);
    if (e == ERR_OK)
        e = trust_get_cert(r, m->transport, "transport", &out->transport);
    if (e == ERR_OK && m->curve.len > 0)
        e = msg_get_fixed(m->curve, out->curve.b, sizeof out->curve.b, "curve", r->why);
    return e;
}

static enum err get_next(const struct trust_reader *r, const Sluis__Trust__Member *m,
                         struct roster_next *out)
{
    enum err e =
        msg_get_text(m->next_endpoint, 0, ROSTER_MAX_TEXT, "next_endpoint", &out->endpoint, r->why);
    if (e == ERR_OK)
        e = trust_get_cert(r, m->next_transport, "next_transport", &out->transport);
    if (e == ERR_OK && m->next_curve.len > 0)
        e = msg_get_fixed(m->next_curve, out->curve.b, sizeof out->curve.b, "next_curve", r->why);
    return e;
}

enum err trust_get_member(const struct trust_reader *r, const Sluis__Trust__Member *m,
                          struct roster_member *out)
{
    struct roster_member got = {.population = m->population, .churn = m->churn};
    enum err e = get_identity(r, m, &got);
    if (e == ERR_OK)
        e = get_lists(r, m, &got);
    if (e == ERR_OK)
        e = get_keys(r, m, &got);
    if (e == ERR_OK)
        e = get_formers(r, m->former, m->n_former, ROSTER_MAX_FORMER, &got.former);
    if (e == ERR_OK)
        e = get_next(r, m, &got.next);
    if (e == ERR_OK)
        *out = got;
    return e;
}

static enum err get_functions(const struct trust_reader *r, const Sluis__Trust__Officer *m,
                              uint32_t *out)
{
    uint32_t bits = 0;
    int last = 0;
    for (size_t i = 0; i < m->n_functions; i++) {
        enum officer_function f = FUNCTION_NONE;
        if (officer_function_parse(bytes_str(m->functions[i]), &f) != ERR_OK)
            return errmsg_set(r->why, ERR_UNKNOWN, "functions: unknown");
        if ((int)f <= last)
            return errmsg_set(r->why, ERR_DUPLICATE, "functions: entries must ascend");
        last = (int)f;
        bits |= UINT32_C(1) << f;
    }
    *out = bits;
    return ERR_OK;
}

enum err trust_get_officer(const struct trust_reader *r, const Sluis__Trust__Officer *m,
                           struct roster_officer *out)
{
    struct roster_officer got = {.functions = 0};
    enum err e = msg_get_oin(m->agency, &got.agency, "agency", r->why);
    if (e == ERR_OK)
        e = msg_get_name(m->staff, &got.staff, "staff", r->why);
    if (e == ERR_OK)
        e = msg_get_name(m->person, &got.person, "person", r->why);
    if (e == ERR_OK)
        e = get_functions(r, m, &got.functions);
    if (e == ERR_OK)
        e = trust_get_cert(r, m->certificate, "certificate", &got.cert);
    if (e == ERR_OK)
        e = get_formers(r, m->former, m->n_former, ROSTER_MAX_OFFICER_FORMER, &got.former);
    if (e == ERR_OK)
        *out = got;
    return e;
}

char *trust_put_text(struct arena *a, struct bytes text)
{
    return arena_text(a, text);
}

char **trust_put_names(struct name_list list, struct arena *a)
{
    char **v = arena_array(a, list.count, sizeof *v);
    for (size_t i = 0; v != NULL && i < list.count; i++)
        v[i] = msg_text(list.v[i].s);
    return v;
}

static Sluis__Trust__Former **put_formers(const struct former_list *list, struct arena *a)
{
    Sluis__Trust__Former *m = arena_array(a, list->count, sizeof *m);
    Sluis__Trust__Former **v = arena_array(a, list->count, sizeof *v);
    if (m == NULL || v == NULL)
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        sluis__trust__former__init(&m[i]);
        m[i].certificate = msg_data(list->v[i].cert.der);
        m[i].replaced_at = list->v[i].replaced_at;
        m[i].until = list->v[i].until;
        v[i] = &m[i];
    }
    return v;
}

enum err trust_put_member(const struct roster_member *m, struct arena *a,
                          Sluis__Trust__Member *out)
{
    sluis__trust__member__init(out);
    char **controllers = arena_array(a, m->controller_count, sizeof *controllers);
    for (size_t i = 0; controllers != NULL && i < m->controller_count; i++)
        controllers[i] = msg_text(m->controllers[i].oin);
    out->oin = msg_text(m->id.oin);
    out->kind = msg_text(member_kind_id(m->kind));
    out->name = trust_put_text(a, m->name);
    out->host = msg_text(m->host.oin);
    out->controllers = controllers;
    out->n_controllers = m->controller_count;
    out->regime = msg_text(m->regime == REGIME_NONE ? "" : regime_id(m->regime));
    out->classes = trust_put_names(m->classes, a);
    out->n_classes = m->classes.count;
    out->purposes = trust_put_names(m->purposes, a);
    out->n_purposes = m->purposes.count;
    out->population = m->population;
    out->churn = m->churn;
    out->signing = msg_data(m->signing.der);
    out->sealing = msg_data(m->sealing.der);
    out->transport = msg_data(m->transport.der);
    if (m->transport.der.len > 0)
        out->curve = msg_data(BYTES_OF_ARRAY(m->curve.b));
    out->endpoint = trust_put_text(a, m->endpoint);
    out->former = put_formers(&m->former, a);
    out->n_former = m->former.count;
    out->next_endpoint = trust_put_text(a, m->next.endpoint);
    out->next_transport = msg_data(m->next.transport.der);
    if (roster_has_next(m))
        out->next_curve = msg_data(BYTES_OF_ARRAY(m->next.curve.b));
    bool full = controllers == NULL || out->name == NULL || out->classes == NULL ||
                out->purposes == NULL || out->endpoint == NULL || out->former == NULL ||
                out->next_endpoint == NULL;
    return full ? ERR_NOMEM : ERR_OK;
}

enum err trust_put_officer(const struct roster_officer *o, struct arena *a,
                           Sluis__Trust__Officer *out)
{
    sluis__trust__officer__init(out);
    char **functions = arena_array(a, 32, sizeof *functions);
    if (functions == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (unsigned f = 1; f < 32; f++) {
        if ((o->functions & UINT32_C(1) << f) != 0)
            functions[n++] = msg_text(officer_function_id((enum officer_function)f));
    }
    out->agency = msg_text(o->agency.oin);
    out->staff = msg_text(o->staff.s);
    out->person = msg_text(o->person.s);
    out->functions = functions;
    out->n_functions = n;
    out->certificate = msg_data(o->cert.der);
    out->former = put_formers(&o->former, a);
    out->n_former = o->former.count;
    return out->former == NULL ? ERR_NOMEM : ERR_OK;
}
