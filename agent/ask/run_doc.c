/* What the caller of `request` hears: the dry run and the answer. */
#include "agent/ask/run.h"
#include "agent/ask/standing_run.h"

enum err run_judge(struct ask_run *r, struct decision *all)
{
    all->permit = true;
    for (size_t i = 0; i < r->holder_count; i++) {
        ask_judge(&r->question, &r->holders[i].oin, r->holders[i].decision);
        if (i == 0)
            *all = *r->holders[i].decision;
        else
            ask_merge(all, r->holders[i].decision);
    }
    return r->holder_count > 0 ? ERR_OK : ERR_INVALID;
}

static struct doc *names_doc(struct name_list list)
{
    struct doc *d = doc_new_array();
    enum err bad = d != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < list.count && bad == ERR_OK; i++)
        bad = doc_append(d, doc_new_text(name_bytes(&list.v[i])));
    if (bad == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static void put_holder(const struct ask_run *r, const struct run_holder *h, struct doc_build *b)
{
    const struct roster_member *m = roster_member_of(view_roster(r->view), &h->oin);
    doc_put_str(b, "holder", h->oin.oin);
    if (m != NULL)
        doc_put_text(b, "name", m->name);
}

static struct doc *conditions_doc(const struct ask_run *r, const struct decision *d)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (uint32_t i = 0; i < d->failures_count && bad == ERR_OK; i++)
        bad = doc_append(list, condition_doc(view_policy(r->view), &d->failures[i]));
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static struct doc *dry_holders(const struct ask_run *r)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < r->holder_count && bad == ERR_OK; i++) {
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        put_holder(r, &r->holders[i], &b);
        doc_put_bool(&b, "permit", r->holders[i].decision->permit);
        doc_put_doc(&b, "fields", names_doc(r->holders[i].fields));
        doc_put_doc(&b, "conditions", conditions_doc(r, r->holders[i].decision));
        bad = b.err;
        enum err e = doc_append(list, d);
        bad = bad == ERR_OK ? e : bad;
    }
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static struct doc *limits_doc(const struct ask_run *r)
{
    const struct limits *l = &r->question.rule->limits;
    const struct counts *n = &r->question.counts;
    const struct {
        const char *limit;
        int64_t used;
        uint32_t most;
    } rows[] = {
        {"identifiers_per_request", (int64_t)r->subjects.identifier_count,
         l->identifiers_per_request},
        {"requests_per_day_agency", n->requests_today_agency, l->requests_per_day_agency},
        {"requests_per_day_officer", n->requests_today_officer, l->requests_per_day_officer},
        {"unique_per_case", n->unique_in_case, l->unique_per_case},
        {"unique_per_period", n->unique_in_period, l->unique_per_period},
    };
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < ARRAY_LEN(rows) && bad == ERR_OK; i++) {
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        doc_put_str(&b, "limit", rows[i].limit);
        doc_put_int(&b, "with_this", rows[i].used);
        doc_put_int(&b, "most", rows[i].most);
        doc_put_int(&b, "left", rows[i].used < rows[i].most ? rows[i].most - rows[i].used : 0);
        bad = b.err;
        enum err e = doc_append(list, d);
        bad = bad == ERR_OK ? e : bad;
    }
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

struct doc *run_dry_doc(const struct ask_run *r)
{
    bool permit = true;
    for (size_t i = 0; i < r->holder_count; i++)
        permit = permit && r->holders[i].decision->permit;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_bool(&b, "dry_run", true);
    doc_put_bool(&b, "permit", permit);
    doc_put_str(&b, "rule", r->question.rule->id.s);
    doc_put_str(&b, "outcome", outcome_id(r->question.rule->outcome->kind));
    doc_put_time(&b, "closes", r->question.deadline_s);
    doc_put_doc(&b, "holders", dry_holders(r));
    doc_put_doc(&b, "limits", limits_doc(r));
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* One line for a holder, in however many epochs it is asked. */
static void put_answer(const struct ask_run *r, size_t holder, struct doc_build *b)
{
    const struct run_letter *v = &r->letters[holder * r->epoch_count];
    enum ask_state state = v[0].state;
    for (size_t i = 1; i < r->epoch_count; i++)
        state = ask_state_of_both(state, v[i].state);
    doc_put_str(b, "state", state == ASK_OPEN ? "accepted" : ask_state_id(state));
    if (state == ASK_REFUSED && v[0].refusal.len > 0)
        doc_put_text(b, "detail", v[0].refusal);
}

static struct doc *answer_holders(const struct ask_run *r)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < r->holder_count && bad == ERR_OK; i++) {
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        put_holder(r, &r->holders[i], &b);
        put_answer(r, i, &b);
        bad = b.err;
        enum err e = doc_append(list, d);
        bad = bad == ERR_OK ? e : bad;
    }
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

struct doc *run_doc(const struct ask_run *r)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_hex(&b, "request", BYTES_OF_ARRAY(r->id.b));
    doc_put_hex(&b, "case", BYTES_OF_ARRAY(r->dossier.id.b));
    doc_put_str(&b, "rule", r->question.rule->id.s);
    doc_put_time(&b, "closes", r->question.deadline_s);
    doc_put_doc(&b, "holders", answer_holders(r));
    standing_run_doc(r, &b);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}
