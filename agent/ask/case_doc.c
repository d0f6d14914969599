#include "agent/ask/case_doc.h"

/* Appends the object that b builds. */
static void append(struct doc *list, struct doc *d, const struct doc_build *b, enum err *bad)
{
    enum err e = b->err;
    if (e == ERR_OK && list != NULL)
        e = doc_append(list, d);
    else
        doc_free(d);
    if (*bad == ERR_OK)
        *bad = e;
}

static struct doc *history_doc(const struct case_row *k, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; i < k->move_count; i++) {
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        doc_put_str(&b, "state", case_state_id(k->moves[i].state));
        doc_put_text(&b, "staff", name_bytes(&k->moves[i].staff));
        doc_put_time(&b, "at", k->moves[i].at_s);
        append(list, d, &b, bad);
    }
    return list;
}

static struct doc *checks_doc(const struct case_row *k, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; i < k->check_count; i++) {
        const struct case_checked *c = &k->checks[i];
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        doc_put_str(&b, "check", case_check_id(c->check));
        doc_put_text(&b, "staff", name_bytes(&c->staff));
        doc_put_time(&b, "at", c->at_s);
        doc_put_text(&b, "by", c->by);
        doc_put_text(&b, "reason", c->reason);
        append(list, d, &b, bad);
    }
    return list;
}

static struct doc *names_doc(const struct name *v, uint32_t count, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (uint32_t i = 0; list != NULL && *bad == ERR_OK && i < count; i++)
        *bad = doc_append(list, doc_new_text(name_bytes(&v[i])));
    return list;
}

/* Where it can go, and who may bring it there. */
static struct doc *next_doc(const struct case_row *k, const struct policy *p, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (uint32_t i = 0; i < p->case_moves_count; i++) {
        const struct policy_move *m = &p->case_moves[i];
        if (m->from != case_row_state(k))
            continue;
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        doc_put_str(&b, "state", case_state_id(m->to));
        doc_put_doc(&b, "functions", names_doc(m->functions, m->functions_count, bad));
        doc_put_doc(&b, "checks", names_doc(m->checks, m->checks_count, bad));
        append(list, d, &b, bad);
    }
    return list;
}

static struct doc *rules_doc(const struct case_row *k, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && *bad == ERR_OK && i < k->use_count; i++)
        *bad = doc_append(list, doc_new_text(name_bytes(&k->uses[i].rule)));
    return list;
}

static void put_head(struct doc_build *b, const struct case_row *k)
{
    doc_put_hex(b, "case", BYTES_OF_ARRAY(k->id.b));
    doc_put_text(b, "title", k->title);
    doc_put_str(b, "state", case_state_id(case_row_state(k)));
    doc_put_time(b, "since", k->moves[k->move_count - 1].at_s);
    doc_put_time(b, "opened", k->moves[0].at_s);
    doc_put_text(b, "staff", name_bytes(&k->moves[0].staff));
}

static struct doc *done(struct doc *d, struct doc_build *b, enum err bad)
{
    if (bad == ERR_OK && doc_build_done(b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

struct doc *case_row_doc(const struct case_row *k)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    put_head(&b, k);
    return done(d, &b, ERR_OK);
}

struct doc *case_doc(const struct case_row *k, const struct policy *p)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    enum err bad = ERR_OK;
    put_head(&b, k);
    if (k->intervention.s[0] != '\0')
        doc_put_text(&b, "intervention", name_bytes(&k->intervention));
    if (k->result.s[0] != '\0')
        doc_put_text(&b, "result", name_bytes(&k->result));
    if (case_destroy_at_s(k, p) != INT64_MAX)
        doc_put_time(&b, "destroy_at", case_destroy_at_s(k, p));
    doc_put_doc(&b, "history", history_doc(k, &bad));
    doc_put_doc(&b, "checks", checks_doc(k, &bad));
    doc_put_doc(&b, "rules", rules_doc(k, &bad));
    doc_put_doc(&b, "next", next_doc(k, p, &bad));
    return done(d, &b, bad);
}
