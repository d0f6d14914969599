#include "proto/conf/policy_shape.h"

#include <stdio.h>

#include "proto/base/buf.h"
#include "proto/base/when.h"
#include "proto/policy/law.h"

static void put_place(struct buf *out, const struct shape *s, struct place at)
{
    buf_put_str(out, s->prefix);
    const char *dot = s->prefix[0] != '\0' ? "." : "";
    if (at.list != NULL)
        buf_printf(out, "%s%s[%u]", dot, at.list, at.i);
    if (at.key != NULL)
        buf_printf(out, "%s%s", at.list != NULL ? "." : dot, at.key);
}

enum err shape_fail(const struct shape *s, struct place at, enum err e, const char *text)
{
    char storage[200];
    struct buf path = buf_fixed(storage, sizeof storage - 1);
    put_place(&path, s, at);
    storage[path.len] = '\0';
    return errmsg_set(s->why, e, "%s:%u: %s: %s", yaml_tree_name(s->tree),
                      yaml_tree_line(s->tree, storage), storage, text);
}

enum err shape_name(const struct shape *s, const struct name *n, struct place at)
{
    struct name copy;
    if (name_parse(bytes_str(n->s), &copy) == ERR_OK)
        return ERR_OK;
    return shape_fail(s, at, ERR_INVALID,
                      "an id is a-z, 0-9, '.', '_', '-', and starts with a-z, 0-9");
}

enum err shape_optional_name(const struct shape *s, const struct name *n, struct place at)
{
    return n->s[0] == '\0' ? ERR_OK : shape_name(s, n, at);
}

enum err shape_oin(const struct shape *s, const struct agency_id *oin, struct place at)
{
    struct agency_id copy;
    if (agency_id_parse(bytes_str(oin->oin), &copy) != ERR_OK)
        return shape_fail(s, at, ERR_INVALID, "an OIN has 20 digits or capitals");
    if (s->policy->demonstration && strncmp(oin->oin, "00000099", 8) != 0)
        return shape_fail(s, at, ERR_INVALID, "in demonstration mode an OIN starts with 00000099");
    return ERR_OK;
}

/* A selector in the form of an OIN names a party of the file; others are classes. */
static enum err shape_selector(const struct shape *s, const struct selector *sel, struct place at)
{
    struct agency_id oin;
    if (agency_id_parse(bytes_str(sel->s.s), &oin) != ERR_OK)
        return shape_name(s, &sel->s, at);
    if (policy_party(s->policy, &oin) == NULL)
        return shape_fail(s, at, ERR_UNKNOWN, "no party has this OIN");
    return ERR_OK;
}

enum err shape_functions(const struct shape *s, const struct name *list, uint32_t count,
                         struct place at)
{
    for (uint32_t i = 0; i < count; i++) {
        enum officer_function f = FUNCTION_NONE;
        if (officer_function_parse(name_bytes(&list[i]), &f) != ERR_OK)
            return shape_fail(s, at, ERR_UNKNOWN, "no function has this name");
        if (f == FUNCTION_COMPLIANCE_OFFICER)
            return shape_fail(s, at, ERR_INVALID, "a compliance_officer neither asks nor decides");
    }
    return ERR_OK;
}

enum err shape_selectors(const struct shape *s, const struct selector *list, uint32_t count,
                         const char *key)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < count; i++)
        e = shape_selector(s, &list[i], (struct place){key, i, NULL});
    return e;
}

enum err shape_period(const struct shape *s, struct period *p)
{
    return shape_period_at(s, p, (struct place){.key = "valid"});
}

enum err shape_period_at(const struct shape *s, struct period *p, struct place at)
{
    if (when_parse(bytes_str(p->from), &p->from_s) != ERR_OK ||
        when_parse(bytes_str(p->until), &p->until_s) != ERR_OK)
        return shape_fail(s, at, ERR_INVALID, "a time is YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ");
    if (p->from_s >= p->until_s)
        return shape_fail(s, at, ERR_RANGE, "it ends before it begins");
    return ERR_OK;
}

static enum err shape_verification(const struct shape *s, const struct citation *c, struct place at)
{
    int64_t when = 0;
    bool dated = c->verified_on[0] != '\0';
    if (citation_is_verified(c)) {
        if (!dated || when_parse(bytes_str(c->verified_on), &when) != ERR_OK)
            return shape_fail(s, at, ERR_INVALID,
                              "who verified it also says on which day: verified_on");
        return ERR_OK;
    }
    if (dated)
        return shape_fail(s, at, ERR_INVALID, "nobody verified it, so there is no verified_on");
    if (!s->policy->demonstration)
        return shape_fail(s, at, ERR_INVALID,
                          "a citation that nobody verified loads in demonstration mode only");
    return ERR_OK;
}

enum err shape_citation(const struct shape *s, const struct citation *c, struct place at)
{
    const struct law *law = policy_law(s->policy, &c->law);
    if (law == NULL)
        return shape_fail(s, at, ERR_UNKNOWN, "the table 'laws' has no such law");
    const char *refused = law_refused(law, c);
    if (refused != NULL)
        return shape_fail(s, at, ERR_INVALID, refused);
    enum err e = shape_name(s, &c->verified_by, at);
    return e == ERR_OK ? shape_verification(s, c, at) : e;
}

/* ---- the tables of the file ---- */

static enum err shape_signers(const struct shape *s)
{
    const struct policy *p = s->policy;
    bool owner = false;
    bool jurist = false;
    for (uint32_t i = 0; i < p->signers_count; i++) {
        const struct policy_signer *one = &p->signers[i];
        struct place at = {"signers", i, NULL};
        enum err e = shape_name(s, &one->id, at);
        if (e != ERR_OK)
            return e;
        bool is_owner = strcmp(one->function.s, "policy_owner") == 0;
        bool is_jurist = strcmp(one->function.s, "jurist") == 0;
        if (!is_owner && !is_jurist)
            return shape_fail(s, at, ERR_UNKNOWN, "a signer is policy_owner or jurist");
        owner = owner || is_owner;
        jurist = jurist || is_jurist;
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(p->signers[k].organisation, one->organisation) == 0 ||
                name_equal(&p->signers[k].id, &one->id))
                return shape_fail(s, at, ERR_DUPLICATE, "signers are of different organisations");
        }
    }
    if (!owner || !jurist)
        return shape_fail(s, (struct place){.key = "signers"}, ERR_NOT_FOUND,
                          "a policy owner and a jurist sign");
    return ERR_OK;
}

static enum err shape_laws(const struct shape *s)
{
    const struct policy *p = s->policy;
    for (uint32_t i = 0; i < p->laws_count; i++) {
        const struct law *law = &p->laws[i];
        struct place at = {"laws", i, NULL};
        enum err e = shape_name(s, &law->id, at);
        if (e != ERR_OK)
            return e;
        if (policy_law(p, &law->id) != law)
            return shape_fail(s, at, ERR_DUPLICATE, "this law stands twice");
        const struct known_law *known = law_known(law->source);
        if (known != NULL && known->secrecy != law->secrecy)
            return shape_fail(s, at, ERR_MISMATCH,
                              known->secrecy ? "this law lays a secrecy: secrecy is true"
                                             : "this law lays no secrecy: secrecy is false");
    }
    return ERR_OK;
}

static enum err shape_principals(const struct shape *s, const struct party *party, struct place at)
{
    for (uint32_t i = 0; i < party->on_behalf_of_count; i++) {
        const struct party *other = policy_party(s->policy, &party->on_behalf_of[i]);
        if (other == NULL || other == party || other->on_behalf_of_count > 0)
            return shape_fail(s, at, ERR_UNKNOWN,
                              "on_behalf_of names other parties, with legal personality");
    }
    return ERR_OK;
}

static enum err shape_party(const struct shape *s, struct party *party, struct place at)
{
    enum err e = shape_oin(s, &party->oin, at);
    for (uint32_t i = 0; e == ERR_OK && i < party->classes_count; i++) {
        struct agency_id oin;
        e = shape_name(s, &party->classes[i], at);
        if (e == ERR_OK && agency_id_parse(bytes_str(party->classes[i].s), &oin) == ERR_OK)
            e = shape_fail(s, at, ERR_INVALID, "a class does not look like an OIN");
    }
    if (e == ERR_OK)
        e = shape_optional_name(s, &party->region, at);
    if (e == ERR_OK && party->valid.from[0] != '\0')
        e = shape_period_at(s, &party->valid, at);
    const struct law *law = policy_law(s->policy, &party->sector_law);
    if (e == ERR_OK && party->sector_law.s[0] != '\0' && (law == NULL || !law->secrecy))
        e = shape_fail(s, at, ERR_UNKNOWN, "sector_law is a law of this file that lays a secrecy");
    return e == ERR_OK ? shape_principals(s, party, at) : e;
}

static enum err shape_purpose(struct shape *s, const struct purpose *u, uint32_t i)
{
    struct place at = {"purposes", i, NULL};
    enum err e = shape_name(s, &u->id, at);
    if (e == ERR_OK && policy_purpose(s->policy, &u->id) != u)
        e = shape_fail(s, at, ERR_DUPLICATE, "this purpose stands twice");
    if (e == ERR_OK && u->epoch_days == 0)
        e = shape_fail(s, at, ERR_RANGE, "an epoch lasts at least a day");
    if (e == ERR_OK && u->departure_days > PURPOSE_DEPARTURE_DAYS)
        e = shape_fail(s, at, ERR_RANGE, "departure_days is at most 14");
    const struct party *custodian = policy_party(s->policy, &u->custodian);
    if (e == ERR_OK &&
        (custodian == NULL || !selectors_match(u->participants, u->participants_count, custodian)))
        e = shape_fail(s, at, ERR_UNKNOWN, "the custodian is one of the participants");
    for (uint32_t k = 0; e == ERR_OK && k < u->partnerships_count; k++) {
        enum partnership word = PARTNERSHIP_NONE;
        if (partnership_parse(bytes_str(u->partnerships[k].s), &word) != ERR_OK)
            e = shape_fail(s, at, ERR_UNKNOWN, "no partnership has this name");
    }
    snprintf(s->prefix, sizeof s->prefix, "purposes[%u]", i);
    if (e == ERR_OK)
        e = shape_selectors(s, u->participants, u->participants_count, "participants");
    s->prefix[0] = '\0';
    return e;
}

static enum err shape_category(const struct shape *s, const struct category *c, uint32_t i)
{
    struct place at = {"categories", i, NULL};
    enum err e = shape_name(s, &c->id, at);
    if (e == ERR_OK && (c->number == 0 || c->number > UINT16_MAX))
        e = shape_fail(s, at, ERR_RANGE, "a category's number is 1 to 65535");
    if (e == ERR_OK && (policy_category(s->policy, &c->id) != c ||
                        policy_category_by_number(s->policy, c->number) != c))
        e = shape_fail(s, at, ERR_DUPLICATE, "this category or its number stands twice");
    return e;
}

/* Whole days, ascending, within the years that the calendar knows. */
static enum err shape_closed_days(const struct shape *s)
{
    struct policy *p = s->policy;
    for (uint32_t i = 0; i < p->closed_days_count; i++) {
        struct closed_day *c = &p->closed_days[i];
        struct place at = {"closed_days", i, NULL};
        int64_t start_s = 0;
        if (strlen(c->date) != 10 || when_parse(bytes_str(c->date), &start_s) != ERR_OK)
            return shape_fail(s, at, ERR_INVALID, "a closed day is YYYY-MM-DD");
        c->day = when_day(start_s);
        if (i > 0 && c->day <= p->closed_days[i - 1].day)
            return shape_fail(s, at, ERR_DUPLICATE, "closed days stand in ascending order");
    }
    return ERR_OK;
}

static enum err shape_advice(const struct shape *s, const struct advice *a, struct place at)
{
    if (strcmp(a->body.s, "fg") != 0 && strcmp(a->body.s, "lawfulness_committee") != 0)
        return shape_fail(s, at, ERR_UNKNOWN, "advice is by fg or lawfulness_committee");
    return strspn(a->digest, "0123456789abcdef") == 64
               ? ERR_OK
               : shape_fail(s, at, ERR_INVALID, "a digest has 64 lower-case hex digits");
}

static enum err shape_head(struct shape *s)
{
    struct policy *p = s->policy;
    if (p->schema != POLICY_SCHEMA)
        return shape_fail(s, (struct place){.key = "schema"}, ERR_VERSION,
                          "this program reads schema 1");
    if (p->serial == 0)
        return shape_fail(s, (struct place){.key = "serial"}, ERR_RANGE, "a serial is at least 1");
    enum err e = shape_name(s, &p->deployment, (struct place){.key = "deployment"});
    if (e == ERR_OK)
        e = shape_closed_days(s);
    return e == ERR_OK ? shape_period(s, &p->valid) : e;
}

enum err shape_file(struct shape *s)
{
    const struct policy *p = s->policy;
    enum err e = shape_head(s);
    if (e == ERR_OK)
        e = shape_signers(s);
    if (e == ERR_OK)
        e = shape_laws(s);
    for (uint32_t i = 0; e == ERR_OK && i < p->parties_count; i++)
        e = shape_party(s, &p->parties[i], (struct place){"parties", i, NULL});
    for (uint32_t i = 0; e == ERR_OK && i < p->purposes_count; i++)
        e = shape_purpose(s, &p->purposes[i], i);
    for (uint32_t i = 0; e == ERR_OK && i < p->categories_count; i++)
        e = shape_category(s, &p->categories[i], i);
    for (uint32_t i = 0; e == ERR_OK && i < p->advice_count; i++)
        e = shape_advice(s, &p->advice[i], (struct place){"advice", i, NULL});
    return e == ERR_OK ? shape_case_moves(s) : e;
}
