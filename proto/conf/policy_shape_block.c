/* The blocks of a rule that only some processes have, and those that any rule that asks may have.
 */
#include "proto/conf/policy_shape.h"
#include "proto/policy/process.h"

static enum err fail_at(const struct shape *s, const char *key, enum err e, const char *text)
{
    return shape_fail(s, (struct place){.key = key}, e, text);
}

static enum err shape_ground(const struct shape *s, const struct citation *c, const char *key)
{
    return c == NULL ? ERR_OK : shape_citation(s, c, (struct place){.key = key});
}

/* Ids, each once. */
static enum err shape_ids(const struct shape *s, const struct name *list, uint32_t count,
                          const char *key)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct place at = {key, i, NULL};
        enum err e = shape_name(s, &list[i], at);
        for (uint32_t k = 0; e == ERR_OK && k < i; k++) {
            if (name_equal(&list[k], &list[i]))
                e = shape_fail(s, at, ERR_DUPLICATE, "this stands twice");
        }
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err shape_aims(const struct shape *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->aims_count; i++) {
        if (strcmp(r->aims[i].s, "enforcement") != 0 && strcmp(r->aims[i].s, "protective") != 0)
            return shape_fail(s, (struct place){"aims", i, NULL}, ERR_UNKNOWN,
                              "an aim is enforcement or protective");
    }
    enum err e = shape_ids(s, r->aims, r->aims_count, "aims");
    if (e == ERR_OK)
        e = shape_ids(s, r->phenomena, r->phenomena_count, "phenomena");
    return e == ERR_OK ? shape_ids(s, r->areas, r->areas_count, "areas") : e;
}

/* Which block goes with which process. */
static enum err shape_belonging(const struct shape *s, const struct rule *r)
{
    const enum process p = r->process;
    if ((r->export != NULL) != (p == PROCESS_EXPORT))
        return fail_at(s, "export", ERR_INVALID, "exactly a rule of process export has this block");
    if ((r->joint != NULL) != (p == PROCESS_JOINT_TARGET))
        return fail_at(s, "joint", ERR_INVALID,
                       "exactly a rule of process joint_target has this block");
    if ((r->areas_count > 0) != (p == PROCESS_AREA_PROJECT))
        return fail_at(s, "areas", ERR_INVALID,
                       "exactly a rule of process area_project lists its areas");
    if (r->aggregate != NULL && !process_may_count(p))
        return fail_at(s, "aggregate", ERR_INVALID, "nothing is counted under this process");
    if (r->aggregate == NULL && process_must_count(p))
        return fail_at(s, "aggregate", ERR_NOT_FOUND, "this process only counts");
    if (!process_asks(p) && r->aims_count + r->phenomena_count > 0)
        return fail_at(s, "aims", ERR_INVALID, "a rule of process index asks about nothing");
    if (!process_asks(p) && r->closing != NULL)
        return fail_at(s, "closing", ERR_INVALID, "a rule of process index has no case to close");
    if (r->closing != NULL && r->closing->required &&
        (r->closing->interventions_count == 0 || r->closing->results_count == 0))
        return fail_at(s, "closing", ERR_NOT_FOUND, "what is required has its codes");
    return ERR_OK;
}

static enum err shape_use(const struct shape *s, const struct rule *r)
{
    const struct question_use *u = r->question_use;
    const struct minors_terms *m = r->minors;
    if (u != NULL && u->own_task != (u->ground != NULL))
        return fail_at(s, "question_use", ERR_INVALID,
                       "the own task needs a ground, and only the own task has one");
    if (m != NULL && m->excluded == (m->ground != NULL))
        return fail_at(s, "minors", ERR_INVALID,
                       "minors are excluded, or there is a ground to ask about them");
    enum err e = u != NULL ? shape_ground(s, u->ground, "question_use.ground") : ERR_OK;
    if (e == ERR_OK && m != NULL)
        e = shape_ground(s, m->ground, "minors.ground");
    return e;
}

static enum err shape_export(const struct shape *s, const struct export_terms *t)
{
    enum err e = shape_ids(s, t->destinations, t->destinations_count, "export.destinations");
    if (e == ERR_OK)
        e = shape_ids(s, t->rules, t->rules_count, "export.rules");
    for (uint32_t i = 0; e == ERR_OK && i < t->rules_count; i++) {
        const struct rule *from = policy_rule(s->policy, &t->rules[i]);
        if (from == NULL)
            e = shape_fail(s, (struct place){"export.rules", i, NULL}, ERR_UNKNOWN,
                           "no rule has this id");
        else if (from->onward == NULL || from->onward->kind != ONWARD_AFTER_CONSENT)
            e = shape_fail(s, (struct place){"export.rules", i, NULL}, ERR_INVALID,
                           "that rule does not let its releases be passed on");
    }
    return e == ERR_OK ? shape_ground(s, t->assurance, "export.assurance") : e;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

static enum err shape_handling(const struct shape *s, const struct handling *h)
{
    static const char *const classes[] = {"open",          "internal", "dep_vertrouwelijk",
                                          "confidentieel", "geheim",   NULL};
    static const char *const sources[] = {"a", "b", "c", "d", "e", "f", NULL};
    static const char *const contents[] = {"1", "2", "3", "4", "5", "6", NULL};
    if (!is_one_of(h->classification.s, classes))
        return fail_at(s, "handling.classification", ERR_UNKNOWN,
                       "open, internal, dep_vertrouwelijk, confidentieel or geheim");
    if (!is_one_of(h->source.s, sources))
        return fail_at(s, "handling.source", ERR_UNKNOWN, "the source is a to f");
    if (!is_one_of(h->content.s, contents))
        return fail_at(s, "handling.content", ERR_UNKNOWN, "the content is 1 to 6");
    return shape_name(s, &h->code, (struct place){.key = "handling.code"});
}

static enum err shape_aggregate(const struct shape *s, const struct aggregate *a)
{
    if (a->k_min == 0 || a->rounding == 0 || a->budget == 0 || a->min_holders == 0)
        return fail_at(s, "aggregate", ERR_RANGE,
                       "k_min, rounding, budget and min_holders are at least 1");
    return shape_ids(s, a->dimensions, a->dimensions_count, "aggregate.dimensions");
}

static enum err shape_subject(const struct shape *s, const struct subject_terms *t)
{
    const bool defers = t->inform == INFORM_DEFER;
    if (defers != (t->ground != NULL) || defers != (t->review_days > 0))
        return fail_at(s, "subject", ERR_INVALID,
                       "deferring has a ground and review_days; informing has neither");
    return shape_ground(s, t->ground, "subject.ground");
}

enum err shape_blocks(const struct shape *s, const struct rule *r)
{
    enum err e = shape_belonging(s, r);
    if (e == ERR_OK)
        e = shape_aims(s, r);
    if (e == ERR_OK)
        e = shape_use(s, r);
    if (e == ERR_OK)
        e = shape_rule_case(s, r);
    if (e == ERR_OK && r->export != NULL)
        e = shape_export(s, r->export);
    if (e == ERR_OK && r->joint != NULL && r->joint->min_holders < 2)
        e = fail_at(s, "joint", ERR_RANGE, "min_holders is at least 2");
    if (e == ERR_OK && r->handling != NULL)
        e = shape_handling(s, r->handling);
    if (e == ERR_OK && r->aggregate != NULL)
        e = shape_aggregate(s, r->aggregate);
    if (e == ERR_OK && r->subject != NULL)
        e = shape_subject(s, r->subject);
    if (e == ERR_OK && r->feedback != NULL)
        e = shape_term(s, &r->feedback->term, (struct place){.key = "feedback.term"});
    return e;
}
