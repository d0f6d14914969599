#include "pki/cli/pki/grant_table.h"

#define TEXT_MAX_BYTES ((size_t)16 << 10)

/* ---- fields as text ---- */

static struct bytes kept(struct grant_table *t, struct buf *text)
{
    return text->len == 0 ? bytes_of(NULL, 0) : arena_copy(t->w->arena, buf_bytes(text));
}

static struct bytes of_number(struct grant_table *t, uint64_t v)
{
    struct buf text CLEANUP(buf_free) = buf_new(TEXT_MAX_BYTES);
    buf_printf(&text, "%llu", (unsigned long long)v);
    return kept(t, &text);
}

static struct bytes of_names(struct grant_table *t, struct name_list l)
{
    struct buf text CLEANUP(buf_free) = buf_new(TEXT_MAX_BYTES);
    for (size_t i = 0; i < l.count; i++)
        buf_printf(&text, "%s%s", i > 0 ? " " : "", l.v[i].s);
    return kept(t, &text);
}

static struct bytes of_controllers(struct grant_table *t, const struct roster_member *m)
{
    struct buf text CLEANUP(buf_free) = buf_new(TEXT_MAX_BYTES);
    for (size_t i = 0; i < m->controller_count; i++)
        buf_printf(&text, "%s%s", i > 0 ? " " : "", m->controllers[i].oin);
    return kept(t, &text);
}

static struct bytes of_functions(struct grant_table *t, uint32_t functions)
{
    struct buf text CLEANUP(buf_free) = buf_new(TEXT_MAX_BYTES);
    for (unsigned f = 1; f < FUNCTION_COUNT; f++)
        if ((functions & UINT32_C(1) << f) != 0)
            buf_printf(&text, "%s%s", text.len > 0 ? " " : "", officer_function_id((enum officer_function)f));
    return kept(t, &text);
}

static struct bytes of_regime(enum regime r)
{
    return r == REGIME_NONE ? bytes_of(NULL, 0) : bytes_str(regime_id(r));
}

/* ---- rows ---- */

/* A field that both have not is no row. */
static void add(struct grant_table *t, const char *field, struct bytes granted, struct bytes now)
{
    if ((granted.len > 0 || now.len > 0) && t->count < GRANT_ROWS_MAX)
        t->rows[t->count++] = (struct grant_row){field, granted, now};
}

static void add_broker(struct grant_table *t, const struct enrol_request *r, const struct roster *now)
{
    const struct bytes none = {NULL, 0};
    add(t, "endpoint", r->member.endpoint, t->is_listed ? roster_member_of(now, &r->member.id)->endpoint : none);
    add(t, "origin", r->log_origin, t->is_listed ? now->log_origin : none);
    if (r->log_key.len > 0) /* made there: a token cannot name it */
        add(t, "log_key", r->log_key, t->is_listed ? now->log_key : none);
}

static void fill_member(struct grant_table *t, const struct enrol_request *r, const struct roster *now)
{
    static const struct roster_member nobody;
    const struct roster_member *m = &r->member;
    const struct roster_member *listed = roster_member_of(now, &m->id);
    t->is_listed = listed != NULL;
    const struct roster_member *old = listed != NULL ? listed : &nobody;
    add(t, "party", bytes_str(m->id.oin), bytes_str(old->id.oin));
    add(t, "kind", bytes_str(member_kind_id(m->kind)),
        listed != NULL ? bytes_str(member_kind_id(old->kind)) : bytes_of(NULL, 0));
    add(t, "name", m->name, old->name);
    add(t, "host", bytes_str(m->host.oin), bytes_str(old->host.oin));
    add(t, "controllers", of_controllers(t, m), of_controllers(t, old));
    add(t, "regime", of_regime(m->regime), of_regime(old->regime));
    add(t, "classes", of_names(t, m->classes), of_names(t, old->classes));
    add(t, "purposes", of_names(t, m->purposes), of_names(t, old->purposes));
    if (m->kind == MEMBER_BROKER) {
        add_broker(t, r, now);
        return;
    }
    add(t, "population", of_number(t, m->population), listed != NULL ? of_number(t, old->population) : bytes_of(NULL, 0));
    add(t, "churn", of_number(t, m->churn), listed != NULL ? of_number(t, old->churn) : bytes_of(NULL, 0));
}

/* The other staff ids of the person: four eyes of these are two. */
static struct bytes of_person(struct grant_table *t, const struct roster_officer *o, const struct roster *now)
{
    struct buf text CLEANUP(buf_free) = buf_new(TEXT_MAX_BYTES);
    for (size_t i = 0; i < now->officer_count && text.len < TEXT_MAX_BYTES / 2; i++) {
        const struct roster_officer *at = &now->officers[i];
        if (name_equal(&at->person, &o->person) &&
            !(agency_id_equal(&at->agency, &o->agency) && name_equal(&at->staff, &o->staff)))
            buf_printf(&text, "%s%s of %s", text.len > 0 ? ", " : "", at->staff.s, at->agency.oin);
    }
    return kept(t, &text);
}

static void fill_officer(struct grant_table *t, const struct enrol_request *r, const struct roster *now)
{
    static const struct roster_officer nobody;
    const struct roster_officer *o = &r->officer;
    const struct roster_officer *listed = roster_officer_of(now, &o->agency, &o->staff);
    t->is_listed = listed != NULL;
    const struct roster_officer *old = listed != NULL ? listed : &nobody;
    const struct bytes also = of_person(t, o, now);
    add(t, "agency", bytes_str(o->agency.oin), bytes_str(old->agency.oin));
    add(t, "staff", bytes_str(o->staff.s), bytes_str(old->staff.s));
    add(t, "person", bytes_str(o->person.s), bytes_str(old->person.s));
    add(t, "functions", of_functions(t, o->functions), of_functions(t, old->functions));
    add(t, "same_person", also, also);
}

enum err grant_table_fill(struct grant_table *t, const struct enrol_request *r, const struct roster *now)
{
    if (r->subject == ENROL_OFFICER)
        fill_officer(t, r, now);
    else
        fill_member(t, r, now);
    for (size_t i = 0; i < t->count; i++)
        if ((t->rows[i].granted.len > 0 && t->rows[i].granted.ptr == NULL) ||
            (t->rows[i].now.len > 0 && t->rows[i].now.ptr == NULL))
            return ERR_NOMEM;
    return ERR_OK;
}

void grant_table_replaced(struct grant_table *t, bool is_lost)
{
    if (!t->is_listed)
        return;
    add(t, "keys_before", bytes_str(is_lost ? "lost or over, not stolen: what they signed before now stays valid"
                                            : "may be stolen: revoked, and nothing that they signed counts any more"),
        bytes_of(NULL, 0));
}

/* ---- showing ---- */

enum change { SAME, NEW, CHANGED, GONE };

static enum change change_of(const struct grant_row *r)
{
    if (bytes_equal(r->granted, r->now))
        return SAME;
    if (r->now.len == 0)
        return NEW;
    return r->granted.len == 0 ? GONE : CHANGED;
}

void grant_table_text(const struct grant_table *t)
{
    static const char marks[] = {' ', '+', '~', '-'};
    for (size_t i = 0; i < t->count; i++) {
        const struct grant_row *r = &t->rows[i];
        const enum change c = change_of(r);
        buf_printf(&t->w->out, "%c %-12s ", marks[c], r->field);
        buf_put(&t->w->out, r->granted);
        if (c == CHANGED || c == GONE) {
            buf_put_str(&t->w->out, r->granted.len > 0 ? "   (now: " : "(now: ");
            buf_put(&t->w->out, r->now);
            buf_put_str(&t->w->out, ")");
        }
        buf_put_str(&t->w->out, "\n");
    }
}

void grant_table_json(const struct grant_table *t, struct json_writer *j)
{
    static const char *const names[] = {"same", "new", "changed", "gone"};
    json_put_bool(j, "on_roster", t->is_listed);
    json_put_array(j, "grants");
    for (size_t i = 0; i < t->count; i++) {
        const struct grant_row *r = &t->rows[i];
        json_put_object(j, NULL);
        json_put_str(j, "field", r->field);
        json_put_text(j, "granted", r->granted);
        json_put_text(j, "now", r->now);
        json_put_str(j, "change", names[change_of(r)]);
        json_put_end(j);
    }
    json_put_end(j);
}
