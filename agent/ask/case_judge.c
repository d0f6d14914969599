#include "agent/ask/case_judge.h"

#include "proto/policy/case_rules.h"

#define WORDS_MAX 512

static bool has_one_of(const struct roster_officer *officer, const struct name *functions,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (roster_officer_is(officer, &functions[i]))
            return true;
    return false;
}

static void put_word(struct buf *out, const char *word)
{
    buf_printf(out, "%s%s", out->len > 0 ? ", " : "", word);
}

static enum err no_such_move(const struct policy *p, enum case_state from, enum case_state to,
                             struct errmsg *why)
{
    CLEANUP(buf_free) struct buf to_words = buf_new(WORDS_MAX);
    for (uint32_t i = 0; i < p->case_moves_count; i++)
        if (p->case_moves[i].from == from)
            put_word(&to_words, case_state_id(p->case_moves[i].to));
    const char *words = to_words.len > 0 ? buf_text(&to_words) : "nothing";
    if (from == CASE_NONE)
        return errmsg_set(why, ERR_STATE,
                          "by the policy no case is opened in state %s; it can be opened in: %s",
                          case_state_id(to), words);
    return errmsg_set(why, ERR_STATE,
                      "by the policy a case in state %s does not move to %s; it can move to: %s",
                      case_state_id(from), case_state_id(to), words);
}

static enum err not_for_you(const struct policy_move *m, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf functions = buf_new(WORDS_MAX);
    for (uint32_t i = 0; i < m->functions_count; i++)
        put_word(&functions, m->functions[i].s);
    return errmsg_set(why, ERR_PERMISSION, "bringing a case to %s is for %s", case_state_id(m->to),
                      buf_text(&functions));
}

static enum err check_recorded(const struct policy_move *m, const struct case_row *k,
                               struct errmsg *why)
{
    CLEANUP(buf_free) struct buf missing = buf_new(WORDS_MAX);
    for (uint32_t i = 0; i < m->checks_count; i++) {
        enum case_check check = CHECK_NONE;
        if (case_check_parse(name_bytes(&m->checks[i]), &check) != ERR_OK || k == NULL ||
            !case_has_check(k, check))
            put_word(&missing, m->checks[i].s);
    }
    if (missing.len == 0)
        return ERR_OK;
    return errmsg_set(why, ERR_STATE, "before it moves to %s, record %s (sluis case check)",
                      case_state_id(m->to), buf_text(&missing));
}

enum err case_may_move(const struct policy *p, const struct case_row *k, enum case_state to,
                       const struct roster_officer *officer, struct errmsg *why)
{
    enum case_state from = k != NULL ? case_row_state(k) : CASE_NONE;
    if (from == to)
        return errmsg_set(why, ERR_STATE, "the case is in state %s already", case_state_id(to));
    const struct policy_move *m = policy_move_of(p, from, to);
    if (m == NULL)
        return no_such_move(p, from, to, why);
    if (!has_one_of(officer, m->functions, m->functions_count))
        return not_for_you(m, why);
    return check_recorded(m, k, why);
}

/* The codes of one kind that a rule has. */
struct codes {
    const struct name *v;
    uint32_t count;
};

static struct codes codes_of(const struct closing_terms *c, bool results)
{
    return results ? (struct codes){c->results, c->results_count}
                   : (struct codes){c->interventions, c->interventions_count};
}

void case_rules_of(const struct view *view, const struct case_row *k, struct case_rules *out)
{
    out->count = 0;
    for (size_t i = 0; i < k->use_count; i++) {
        const struct policy *p = view_known_policy(view, &k->uses[i].policy);
        const struct rule *r =
            policy_rule(p != NULL ? p : view_policy(view), &k->uses[i].rule);
        if (r != NULL)
            out->v[out->count++] = r;
    }
}

static enum err check_code(const struct case_rules *rules, bool results, const struct name *code,
                           struct errmsg *why)
{
    const char *what = results ? "result" : "intervention";
    const char *wanted_by = NULL;
    CLEANUP(buf_free) struct buf known = buf_new(4 * WORDS_MAX);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *r = rules->v[i];
        if (r->closing == NULL)
            continue;
        const struct codes c = codes_of(r->closing, results);
        if (name_is_in(c.v, c.count, code))
            return ERR_OK;
        if (r->closing->required)
            wanted_by = r->id.s;
        for (uint32_t n = 0; n < c.count; n++)
            put_word(&known, c.v[n].s);
    }
    if (code->s[0] == '\0')
        return wanted_by == NULL ? ERR_OK
                                 : errmsg_set(why, ERR_NOT_FOUND,
                                              "the case asked under %s, so that closing it needs "
                                              "--%s: one of %s",
                                              wanted_by, what, buf_text(&known));
    return errmsg_set(why, ERR_UNKNOWN, "no rule of this case has the %s %s; they have: %s", what,
                      code->s, known.len > 0 ? buf_text(&known) : "none");
}

enum err case_may_close(const struct case_rules *rules, const struct name *intervention,
                        const struct name *result, struct errmsg *why)
{
    enum err bad = check_code(rules, false, intervention, why);
    return bad == ERR_OK ? check_code(rules, true, result, why) : bad;
}

bool case_concerns(const struct policy *p, const struct roster_officer *officer)
{
    for (uint32_t i = 0; i < p->case_moves_count; i++)
        if (has_one_of(officer, p->case_moves[i].functions, p->case_moves[i].functions_count))
            return true;
    return false;
}
