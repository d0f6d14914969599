/* The tables of the file. What follows from them for who may do what, each rule says itself; here
 * stands what was changed, so that the cause is found. Serial and validity are the reader's
 * heading. */
#include "proto/policy/diff_internal.h"

#define CHANGED(k) ((struct mark){.effect = EFFECT_CHANGED, .key = (k)})
#define KEYS_MAX 200

/* A row of a table: where, what it is called, which one. */
struct row {
    const char *key;
    const char *nl;
    const char *en;
    const char *id;
};

static void tell_presence(struct diff *d, const struct row *r, enum when only)
{
    bool there = only == IS;
    diff_begin(d);
    buf_printf(&d->nl, "%s %s: %s", r->nl, r->id, there ? "toegevoegd" : "verwijderd");
    buf_printf(&d->en, "%s %s: %s", r->en, r->id, there ? "added" : "removed");
    diff_tell(d, CHANGED(r->key));
}

/* keys: the words of the file that differ. */
static void tell_keys(struct diff *d, const struct row *r, struct buf *keys)
{
    if (keys->len == 0)
        return;
    diff_begin(d);
    buf_printf(&d->nl, "%s %s: anders is %s", r->nl, r->id, buf_text(keys));
    buf_printf(&d->en, "%s %s: what differs is %s", r->en, r->id, buf_text(keys));
    diff_tell(d, CHANGED(r->key));
}

static void add_key(struct buf *keys, bool differs, const char *key)
{
    if (differs)
        buf_printf(keys, "%s%s", keys->len > 0 ? ", " : "", key);
}

static bool same_bilingual(const struct bilingual *a, const struct bilingual *b)
{
    return same_text(a->nl, b->nl) && same_text(a->en, b->en);
}

static bool same_names(struct names a, struct names b)
{
    for (uint32_t i = 0; i < a.count; i++) {
        if (!names_have(b, &a.v[i]))
            return false;
    }
    for (uint32_t i = 0; i < b.count; i++) {
        if (!names_have(a, &b.v[i]))
            return false;
    }
    return true;
}

/* ---- parties ---- */

static bool has_oin(const struct party *p, const struct agency_id *oin)
{
    for (uint32_t i = 0; i < p->on_behalf_of_count; i++) {
        if (agency_id_equal(&p->on_behalf_of[i], oin))
            return true;
    }
    return false;
}

static bool same_principals(const struct party *a, const struct party *b)
{
    for (uint32_t i = 0; i < a->on_behalf_of_count; i++) {
        if (!has_oin(b, &a->on_behalf_of[i]))
            return false;
    }
    for (uint32_t i = 0; i < b->on_behalf_of_count; i++) {
        if (!has_oin(a, &b->on_behalf_of[i]))
            return false;
    }
    return true;
}

static void compare_party(struct diff *d, const struct row *r, const struct party *a,
                          const struct party *b)
{
    char storage[KEYS_MAX];
    struct buf keys = buf_fixed(storage, sizeof storage);
    add_key(&keys, !same_text(a->name, b->name), "name");
    add_key(&keys,
            !same_names((struct names){a->classes, a->classes_count},
                        (struct names){b->classes, b->classes_count}),
            "classes");
    add_key(&keys, a->regime != b->regime, "regime");
    add_key(&keys, !name_equal(&a->sector_law, &b->sector_law), "sector_law");
    add_key(&keys, !name_equal(&a->region, &b->region), "region");
    add_key(&keys, a->valid.from_s != b->valid.from_s || a->valid.until_s != b->valid.until_s,
            "valid");
    add_key(&keys, a->is_private != b->is_private, "private");
    add_key(&keys, a->retention_cap_days != b->retention_cap_days, "retention_cap_days");
    add_key(&keys, !same_principals(a, b), "on_behalf_of");
    tell_keys(d, r, &keys);
}

static void compare_parties(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        const struct duo *p = &d->parties[i];
        struct row r = {"parties", "partij", "party", duo_name(p)};
        if (p->in[WAS] == NULL || p->in[IS] == NULL)
            tell_presence(d, &r, p->in[IS] != NULL ? IS : WAS);
        else
            compare_party(d, &r, p->in[WAS], p->in[IS]);
    }
}

/* ---- purposes, categories, laws ---- */

/* Participants as the parties that they are. */
static bool same_participants(const struct diff *d, const struct purpose *a,
                              const struct purpose *b)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        const struct party *was = d->parties[i].in[WAS];
        const struct party *is = d->parties[i].in[IS];
        if ((was != NULL && selectors_match(a->participants, a->participants_count, was)) !=
            (is != NULL && selectors_match(b->participants, b->participants_count, is)))
            return false;
    }
    return true;
}

static void compare_purpose(struct diff *d, const struct row *r, const struct purpose *a,
                            const struct purpose *b)
{
    char storage[KEYS_MAX];
    struct buf keys = buf_fixed(storage, sizeof storage);
    add_key(&keys, !same_bilingual(&a->text, &b->text), "text");
    add_key(&keys, a->epoch_days != b->epoch_days, "epoch_days");
    add_key(&keys, a->departure_days != b->departure_days, "departure_days");
    add_key(&keys, !same_participants(d, a, b), "participants");
    add_key(&keys, !agency_id_equal(&a->custodian, &b->custodian), "custodian");
    add_key(&keys,
            !same_names((struct names){a->partnerships, a->partnerships_count},
                        (struct names){b->partnerships, b->partnerships_count}),
            "partnerships");
    tell_keys(d, r, &keys);
}

static void compare_purposes(struct diff *d, enum when w)
{
    const struct policy *here = d->side[w].policy;
    for (uint32_t i = 0; i < here->purposes_count; i++) {
        const struct purpose *u = &here->purposes[i];
        const struct purpose *other = policy_purpose(d->side[other_of(w)].policy, &u->id);
        struct row r = {"purposes", "doel", "purpose", u->id.s};
        if (other == NULL)
            tell_presence(d, &r, w);
        else if (w == IS)
            compare_purpose(d, &r, other, u);
    }
}

static void compare_category(struct diff *d, const struct row *r, const struct category *a,
                             const struct category *b)
{
    char storage[KEYS_MAX];
    struct buf keys = buf_fixed(storage, sizeof storage);
    add_key(&keys, a->number != b->number, "number");
    add_key(&keys, !same_bilingual(&a->text, &b->text), "text");
    tell_keys(d, r, &keys);
}

static void compare_categories(struct diff *d, enum when w)
{
    const struct policy *here = d->side[w].policy;
    for (uint32_t i = 0; i < here->categories_count; i++) {
        const struct category *c = &here->categories[i];
        const struct category *other = policy_category(d->side[other_of(w)].policy, &c->id);
        struct row r = {"categories", "categorie", "category", c->id.s};
        if (other == NULL)
            tell_presence(d, &r, w);
        else if (w == IS)
            compare_category(d, &r, other, c);
    }
}

static void compare_law(struct diff *d, const struct row *r, const struct law *a,
                        const struct law *b)
{
    char storage[KEYS_MAX];
    struct buf keys = buf_fixed(storage, sizeof storage);
    add_key(&keys, !same_text(a->title, b->title), "title");
    add_key(&keys, !same_text(a->source, b->source), "source");
    add_key(&keys, a->secrecy != b->secrecy, "secrecy");
    add_key(&keys, a->non_binding != b->non_binding, "non_binding");
    tell_keys(d, r, &keys);
}

static void compare_laws(struct diff *d, enum when w)
{
    const struct policy *here = d->side[w].policy;
    for (uint32_t i = 0; i < here->laws_count; i++) {
        const struct law *law = &here->laws[i];
        const struct law *other = policy_law(d->side[other_of(w)].policy, &law->id);
        struct row r = {"laws", "wet", "law", law->id.s};
        if (other == NULL)
            tell_presence(d, &r, w);
        else if (w == IS)
            compare_law(d, &r, other, law);
    }
}

/* ---- signers, advice, days ---- */

static const struct policy_signer *signer_of(const struct policy *p, const struct policy_signer *s)
{
    for (uint32_t i = 0; i < p->signers_count; i++) {
        if (name_equal(&p->signers[i].id, &s->id) &&
            name_equal(&p->signers[i].function, &s->function) &&
            same_text(p->signers[i].organisation, s->organisation))
            return &p->signers[i];
    }
    return NULL;
}

static bool has_advice(const struct policy *p, const struct advice *a)
{
    for (uint32_t i = 0; i < p->advice_count; i++) {
        if (name_equal(&p->advice[i].body, &a->body) &&
            same_text(p->advice[i].reference, a->reference) &&
            same_text(p->advice[i].digest, a->digest))
            return true;
    }
    return false;
}

static bool has_day(const struct policy *p, int32_t day)
{
    for (uint32_t i = 0; i < p->closed_days_count; i++) {
        if (p->closed_days[i].day == day)
            return true;
    }
    return false;
}

static void compare_small(struct diff *d, enum when w)
{
    const struct policy *here = d->side[w].policy;
    const struct policy *there = d->side[other_of(w)].policy;
    for (uint32_t i = 0; i < here->signers_count; i++) {
        struct row r = {"signers", "ondertekenaar", "signer", here->signers[i].id.s};
        if (signer_of(there, &here->signers[i]) == NULL)
            tell_presence(d, &r, w);
    }
    for (uint32_t i = 0; i < here->advice_count; i++) {
        struct row r = {"advice", "advies", "advice", here->advice[i].reference};
        if (!has_advice(there, &here->advice[i]))
            tell_presence(d, &r, w);
    }
    for (uint32_t i = 0; i < here->closed_days_count; i++) {
        struct row r = {"closed_days", "gesloten dag", "closed day", here->closed_days[i].date};
        if (!has_day(there, here->closed_days[i].day))
            tell_presence(d, &r, w);
    }
}

void diff_file(struct diff *d)
{
    const struct policy *was = d->side[WAS].policy;
    const struct policy *is = d->side[IS].policy;
    if (!name_equal(&was->deployment, &is->deployment))
        tell(d, CHANGED("deployment"), "was %s, wordt %s", "was %s, becomes %s", was->deployment.s,
             is->deployment.s);
    if (was->demonstration != is->demonstration)
        tell_plain(d, CHANGED("demonstration"),
                   is->demonstration ? "is nu een demonstratie" : "is geen demonstratie meer",
                   is->demonstration ? "is now a demonstration" : "is no demonstration any more");
    compare_parties(d);
    for (int w = IS; w >= WAS; w--) {
        compare_purposes(d, (enum when)w);
        compare_categories(d, (enum when)w);
        compare_laws(d, (enum when)w);
        compare_small(d, (enum when)w);
        diff_case_moves(d, (enum when)w);
    }
}
