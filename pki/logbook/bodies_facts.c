#include "pki/logbook/bodies_facts.h"

#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/log/entry.h"

#define FACTS_MAX 16u

/* The facts while they are gathered; the first failure stays. */
struct gathering {
    const struct view *view;
    struct arena *arena;
    struct audit_fact *facts;
    size_t count;
    enum err err;
};

bool bodies_filter_is_known(const struct bodies_filter *f)
{
    enum audit_event event = AUDIT_EVENT_NONE;
    const bool has_event = f->event.s[0] != '\0';
    bool is_known = f->decision.s[0] == '\0';
    for (int d = AUDIT_DECISION_PERMIT; !is_known && d < AUDIT_DECISION_COUNT; d++)
        is_known = bytes_is(name_bytes(&f->decision), audit_decision_id((enum audit_decision)d));
    return is_known && (!has_event || audit_event_parse(name_bytes(&f->event), &event) == ERR_OK);
}

static struct audit_fact *next(struct gathering *g, const char *name)
{
    if (g->err == ERR_OK && g->count == FACTS_MAX)
        g->err = ERR_LIMIT;
    if (g->err != ERR_OK)
        return NULL;
    struct audit_fact *f = &g->facts[g->count++];
    *f = (struct audit_fact){.name = bytes_str(name), .by = PROVENANCE_UNKNOWN};
    return f;
}

static void put_number(struct gathering *g, const char *name, uint64_t n)
{
    struct audit_fact *f = next(g, name);
    if (f == NULL)
        return;
    f->kind = FACT_VALUE_INT;
    f->number = (int64_t)n;
}

static void put_text(struct gathering *g, const char *name, struct bytes text)
{
    struct audit_fact *f = text.len > 0 ? next(g, name) : NULL;
    if (f == NULL)
        return;
    f->kind = FACT_VALUE_TEXT;
    f->text = arena_copy(g->arena, text);
    if (f->text.ptr == NULL)
        g->err = ERR_NOMEM;
}

static void put_hex(struct gathering *g, const char *name, struct bytes value)
{
    CLEANUP(buf_free) struct buf hex = buf_new(128);
    text_put_hex(&hex, value);
    put_text(g, name, buf_bytes(&hex));
}

static void put_ref(struct gathering *g, const char *name, bool is_there, const struct digest *d)
{
    if (is_there)
        put_hex(g, name, digest_bytes(d));
}

/* A word of the reader that nobody here knows. */
struct unknown {
    const char *fact;
    const char *kind; /* as of entry_ref */
    struct bytes word;
};

static void put_unknown(struct gathering *g, const struct unknown *u, const struct salt *salt)
{
    struct digest d;
    if (g->err == ERR_OK)
        g->err = entry_ref(digest_sha256, BYTES_OF_ARRAY(salt->b), u->kind, u->word, &d);
    if (g->err == ERR_OK)
        put_hex(g, u->fact, digest_bytes(&d));
}

static bool is_rule(const struct view *v, const struct name *rule)
{
    const struct policy *p = view_version_at(v, 0);
    for (size_t i = 0; p != NULL; p = view_version_at(v, ++i))
        if (policy_rule(p, rule) != NULL)
            return true;
    return false;
}

static void put_rule(struct gathering *g, const struct bodies_filter *f)
{
    const struct unknown unknown = {"filter_rule_digest", "rule", name_bytes(&f->rule)};
    if (f->rule.s[0] == '\0')
        return;
    if (is_rule(g->view, &f->rule))
        put_text(g, "filter_rule", unknown.word);
    else
        put_unknown(g, &unknown, &f->salt);
}

static void put_agency(struct gathering *g, const struct bodies_filter *f)
{
    const struct unknown unknown = {"filter_agency_digest", "agency", bytes_str(f->agency.oin)};
    if (f->agency.oin[0] == '\0')
        return;
    if (roster_member_of(view_roster(g->view), &f->agency) != NULL)
        put_text(g, "filter_agency", unknown.word);
    else
        put_unknown(g, &unknown, &f->salt);
}

static void put_filter(struct gathering *g, const struct bodies_filter *f)
{
    if (f->since_s != 0)
        put_number(g, "filter_since", (uint64_t)f->since_s);
    if (f->until_s != 0)
        put_number(g, "filter_until", (uint64_t)f->until_s);
    put_agency(g, f);
    put_rule(g, f);
    put_text(g, "filter_event", name_bytes(&f->event));
    put_text(g, "filter_decision", name_bytes(&f->decision));
    put_ref(g, "filter_officer", f->has_officer, &f->officer);
    put_ref(g, "filter_request", f->has_request, &f->request);
    put_ref(g, "filter_case", f->has_case, &f->dossier);
    put_hex(g, "filter_salt", BYTES_OF_ARRAY(f->salt.b));
}

static struct gathering begin(const struct view *v, struct arena *a)
{
    struct gathering g = {.view = v, .arena = a};
    g.facts = arena_array(a, FACTS_MAX, sizeof *g.facts);
    g.err = g.facts != NULL ? ERR_OK : ERR_NOMEM;
    return g;
}

static enum err end(const struct gathering *g, const struct audit_fact **out, size_t *count)
{
    if (g->err != ERR_OK)
        return g->err;
    *out = g->facts;
    *count = g->count;
    return ERR_OK;
}

enum err bodies_facts_of_query(const struct view *v, const struct bodies_query *q, struct arena *a,
                               const struct audit_fact **out, size_t *count)
{
    struct gathering g = begin(v, a);
    put_text(&g, "purpose", bytes_str(bodies_purpose_id(q->purpose)));
    put_number(&g, "from", q->from_index);
    if (q->narrow)
        put_number(&g, "narrow", 1);
    put_filter(&g, &q->filter);
    return end(&g, out, count);
}

enum err bodies_facts_of_export(const struct view *v, const struct bodies_exported *x,
                                struct arena *a, const struct audit_fact **out,
                                size_t *count)
{
    struct gathering g = begin(v, a);
    put_text(&g, "format", bytes_str(bodies_format_id(x->format)));
    put_number(&g, "rows", x->rows);
    put_hex(&g, "sha256", digest_bytes(&x->sha256));
    put_filter(&g, &x->filter);
    return end(&g, out, count);
}

enum err bodies_facts_of_filler_key(struct arena *a, const struct audit_fact **out, size_t *count)
{
    struct gathering g = begin(NULL, a);
    put_text(&g, "purpose", bytes_str(bodies_purpose_id(BODIES_FOR_VERIFY)));
    put_text(&g, "what", bytes_str("filler_key"));
    return end(&g, out, count);
}
