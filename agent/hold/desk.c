#include "agent/hold/desk.h"

#include "agent/agent.h"
#include "agent/hold/compare.h"
#include "proto/base/when.h"
#include "proto/policy/authority.h"
#include "proto/policy/term.h"

static enum err find_terms(struct desk *d)
{
    enum err bad = question_find_policy(d->view, &d->text, &d->fallen);
    d->stands = d->text.policy != NULL;
    d->policy = d->stands ? d->text.policy : view_policy(d->view);
    const struct party *self = policy_party(d->policy, &d->text.header.holder);
    d->rule = policy_rule(d->policy, &d->text.header.rule);
    if (d->rule != NULL && self != NULL)
        d->terms = rule_consent(d->rule, self);
    return bad;
}

/* A record that is gone or not alive any more is none. */
static enum err find_record(struct desk *d, struct kv_txn *txn)
{
    enum err bad = records_by_handle(d->agent->records, txn, &d->item.handle, d->arena, &d->record);
    d->has_record = bad == ERR_OK && !d->record.withdrawn && !d->record.is_protected &&
                    (int64_t)d->record.expires_day > when_day(d->now_s);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err desk_absent(uint64_t number, struct errmsg *why)
{
    return errmsg_set(why, ERR_NOT_FOUND, "there is no item %llu that you may see",
                      (unsigned long long)number);
}

enum err desk_read(struct agent *agent, struct kv_txn *txn, uint64_t number, struct arena *a,
                   struct desk *out, struct errmsg *why)
{
    struct desk d = {.agent = agent, .view = agent->view, .arena = a,
                     .now_s = agent_now_s(agent)};
    d.decision = arena_alloc(a, sizeof *d.decision);
    if (d.decision == NULL)
        return ERR_NOMEM;
    enum err bad = item_get(agent->store, txn, number, a, &d.item);
    if (bad == ERR_NOT_FOUND)
        return desk_absent(number, why);
    if (bad == ERR_OK)
        bad = question_open(&d.item, a, &d.text, why);
    if (bad == ERR_OK)
        bad = find_terms(&d);
    if (bad != ERR_OK)
        return bad;
    if (!d.item.emptied) {
        bad = find_record(&d, txn);
        question_judge(d.view, &d.item, &d.text, d.now_s, d.decision);
    }
    if (d.terms != NULL) {
        d.four_eyes = authority_needs_two(d.terms, CONSENT_RELEASE) || compare_differs(&d.item);
        d.decide_by_s = term_of_decision(d.policy, d.terms, d.item.arrived_s,
                                         d.text.header.deadline_s);
        d.is_late = d.item.state == ITEM_OPEN && d.now_s > d.decide_by_s;
        d.is_overdue = d.is_late && d.terms->duty == DUTY_SHALL;
    }
    if (bad == ERR_OK)
        *out = d;
    return bad;
}

enum err desk_open(struct agent *agent, uint64_t number, struct arena *a, struct desk *out,
                   struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(agent->kv, &txn);
    return bad == ERR_OK ? desk_read(agent, txn, number, a, out, why) : bad;
}

/* The first of the functions that the officer has; NULL: none. */
static const struct name *function_of(const struct name *v, uint32_t count,
                                      const struct roster_officer *officer)
{
    for (uint32_t i = 0; i < count; i++)
        if (roster_officer_is(officer, &v[i]))
            return &v[i];
    return NULL;
}

const char *desk_seat_id(enum desk_seat s)
{
    switch (s) {
    case SEAT_OFFICER: return "officer";
    case SEAT_PROSECUTOR: return "prosecutor";
    case SEAT_DEPUTY: return "deputy";
    case SEAT_NONE: break;
    }
    return "?";
}

static bool is_listed(const struct desk *d, const struct name *compartment,
                      const struct roster_officer *officer)
{
    const struct conf_groups *all = &d->agent->config->compartments;
    for (size_t i = 0; i < all->count; i++) {
        if (!name_equal(&all->items[i].id, compartment))
            continue;
        for (size_t k = 0; k < all->items[i].staff_count; k++)
            if (name_equal(&all->items[i].staff[k], &officer->staff))
                return true;
    }
    return false;
}

/* The compartment of the rule when the item came, and that of the rule now: neither opens the other. */
static bool is_admitted(const struct desk *d, const struct roster_officer *officer)
{
    if (d->item.compartment.s[0] != '\0' && !is_listed(d, &d->item.compartment, officer))
        return false;
    return d->terms == NULL || d->terms->compartment.s[0] == '\0' ||
           is_listed(d, &d->terms->compartment, officer);
}

static bool has_signed(const struct desk *d, const struct roster_officer *officer)
{
    for (size_t i = 0; i < d->item.consent_count; i++)
        if (digest_equal(&d->item.consents[i].fingerprint, &officer->cert.fingerprint) ||
            roster_former_of(&officer->former, &d->item.consents[i].fingerprint) != NULL)
            return true;
    return false;
}

static bool prosecutes(const struct desk *d, const struct roster_officer *officer)
{
    return d->terms->kind == CONSENT_KIND_PROSECUTOR &&
           roster_officer_has(officer, FUNCTION_PROSECUTOR);
}

enum desk_seat desk_seat(const struct desk *d, const struct roster_officer *officer)
{
    if (!is_admitted(d, officer))
        return SEAT_NONE;
    if (d->terms == NULL)
        return roster_officer_has(officer, FUNCTION_RELEASE_OFFICER) ? SEAT_OFFICER : SEAT_NONE;
    if (function_of(d->terms->functions, d->terms->functions_count, officer) != NULL)
        return SEAT_OFFICER;
    if (prosecutes(d, officer))
        return SEAT_PROSECUTOR;
    bool deputises = function_of(d->terms->deputies, d->terms->deputies_count, officer) != NULL;
    return deputises && (d->is_late || has_signed(d, officer)) ? SEAT_DEPUTY : SEAT_NONE;
}

/* The function of the first signature, where another has to stand beside it. */
static bool first_function(const struct desk *d, enum consent_decision decision, struct name *out)
{
    struct consent c;
    if (!authority_needs_two(d->terms, decision) || !desk_first_stands(d) ||
        consent_decode(d->item.consents[0].consent, d->arena, &c, NULL) != ERR_OK)
        return false;
    *out = c.function;
    return true;
}

enum err desk_function(const struct desk *d, const struct roster_officer *officer,
                       enum consent_decision decision, struct name *out, struct errmsg *why)
{
    struct name prosecutor;
    struct name first;
    if (d->terms == NULL || !is_admitted(d, officer) ||
        name_parse(bytes_str(officer_function_id(FUNCTION_PROSECUTOR)), &prosecutor) != ERR_OK)
        return errmsg_set(why, ERR_PERMISSION, "this item is not yours to decide");
    const struct name *own = function_of(d->terms->functions, d->terms->functions_count, officer);
    if (own == NULL && d->is_late)
        own = function_of(d->terms->deputies, d->terms->deputies_count, officer);
    const struct name *may[2] = {own, prosecutes(d, officer) ? &prosecutor : NULL};
    bool beside = first_function(d, decision, &first);
    for (size_t i = 0; i < ARRAY_LEN(may); i++) {
        if (may[i] == NULL || (beside && !authority_pairs(d->terms, &first, may[i])))
            continue;
        *out = *may[i];
        return ERR_OK;
    }
    if (may[0] == NULL && may[1] == NULL)
        return errmsg_set(why, ERR_PERMISSION, "the rule names no function of yours for this");
    return errmsg_set(why, ERR_PERMISSION, "%s has signed; what is missing is the signature of %s",
                      first.s, authority_is_prosecutor(&first) ? "an officer" : "the prosecutor");
}

enum err desk_check_field(const struct desk *d, const struct name *field, struct errmsg *why)
{
    const struct obligations *o = &d->decision->obligations;
    bool allowed = false;
    for (uint32_t i = 0; i < o->fields_count; i++)
        allowed |= name_equal(&o->fields[i], field);
    for (size_t i = 0; allowed && d->has_record && i < d->record.field_count; i++) {
        const struct record_field *f = &d->record.fields[i];
        if (!name_equal(&f->name, field))
            continue;
        return question_is_masked(d->rule, f)
                   ? ERR_OK
                   : errmsg_set(why, ERR_MISMATCH,
                                "field %s was loaded before its rule masked it: import it again",
                                field->s);
    }
    return errmsg_set(why, ERR_NOT_FOUND,
                      "field %s is not asked for, not allowed, or not in the record", field->s);
}

/* The first signature, where its officer and what it is sealed to still count. */
static bool read_first(const struct desk *d, struct consent *out)
{
    const struct request_header *h = &d->text.header;
    if (d->item.consent_count == 0 ||
        consent_decode(d->item.consents[0].consent, d->arena, out, NULL) != ERR_OK)
        return false;
    const struct roster_officer *o = view_officer(d->view, &d->item.consents[0].fingerprint,
                                                  &h->holder, out->signed_at_s);
    const struct view_sealed to = {&h->requester, &out->requester_sealing, h->issued_at_s, d->now_s};
    return o != NULL && roster_officer_is(o, &out->function) &&
           view_sealing_cert(d->view, &to).len > 0;
}

bool desk_first_stands(const struct desk *d)
{
    struct consent first;
    return read_first(d, &first);
}

const struct digest *desk_sealing(const struct desk *d)
{
    struct consent first;
    const struct roster_member *m = view_member(d->view, &d->text.header.requester, d->now_s);
    if (m == NULL || m->sealing.der.len == 0)
        return NULL;
    if (read_first(d, &first)) { /* the second signature is over the same words */
        struct digest *same = arena_alloc(d->arena, sizeof *same);
        if (same != NULL)
            *same = first.requester_sealing;
        return same;
    }
    return roster_is_revoked(view_roster(d->view), &m->sealing.fingerprint)
               ? NULL
               : &m->sealing.fingerprint;
}
