/* Comparing single values: numbers, flags, lists as sets, terms. */
#include "proto/policy/diff_internal.h"
#include "proto/policy/term.h"

bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static uint32_t number_at(const void *of, size_t at)
{
    return *(const uint32_t *)(const void *)((const char *)of + at);
}

void diff_numbers(struct diff *d, const void *was, const void *is, const struct number *table,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct number *n = &table[i];
        uint32_t a = number_at(was, n->at);
        uint32_t b = number_at(is, n->at);
        if (a == b)
            continue;
        struct mark m = {.effect = b > a ? n->grows : opposite_of(n->grows), .key = n->key};
        diff_begin(d);
        buf_printf(&d->nl, "%s: was %u, wordt %u", n->nl, a, b);
        buf_printf(&d->en, "%s: was %u, becomes %u", n->en, a, b);
        diff_tell(d, m);
    }
}

void diff_flag(struct diff *d, bool was, bool is, const struct flag *f)
{
    if (was == is)
        return;
    struct mark m = {.effect = is ? f->appears : opposite_of(f->appears), .key = f->key};
    tell_plain(d, m, f->nl[is ? 1 : 0], f->en[is ? 1 : 0]);
}

/* Puts "for X: " before a sentence about one holder. */
static void put_holder(struct diff *d, const struct duo *holder)
{
    if (holder == NULL)
        return;
    buf_printf(&d->nl, "%s: ", duo_name(holder));
    buf_printf(&d->en, "%s: ", duo_name(holder));
}

static void tell_name(struct diff *d, const struct list *l, const struct name *n, enum when only,
                      const struct duo *holder)
{
    int there = only == IS ? 1 : 0;
    diff_begin(d);
    put_holder(d, holder);
    buf_printf(&d->nl, "%s %s: %s", l->nl, n->s, l->nl_verb[there]);
    buf_printf(&d->en, "%s %s: %s", l->en, n->s, l->en_verb[there]);
    diff_tell(d, (struct mark){.effect = there ? l->appears : opposite_of(l->appears),
                               .key = l->key,
                               .holder = holder});
}

void diff_names(struct diff *d, const struct list *l, struct names was, struct names is,
                const struct duo *holder)
{
    for (uint32_t i = 0; i < is.count; i++) {
        if (!names_have(was, &is.v[i]))
            tell_name(d, l, &is.v[i], IS, holder);
    }
    for (uint32_t i = 0; i < was.count; i++) {
        if (!names_have(is, &was.v[i]))
            tell_name(d, l, &was.v[i], WAS, holder);
    }
}

void diff_open_names(struct diff *d, const struct list *l, struct names was, struct names is)
{
    if ((was.count == 0) == (is.count == 0)) {
        diff_names(d, l, was, is, NULL);
        return;
    }
    struct mark m = {.effect = is.count == 0 ? EFFECT_MORE : EFFECT_LESS, .key = l->key};
    struct names left = is.count == 0 ? was : is;
    diff_begin(d);
    buf_printf(&d->nl,
               is.count == 0 ? "%s: niet langer beperkt tot"
                             : "%s: nu te vermelden, en beperkt tot",
               l->nl);
    buf_printf(&d->en,
               is.count == 0 ? "%s: no longer limited to" : "%s: now to be stated, and limited to",
               l->en);
    for (uint32_t i = 0; i < left.count; i++) {
        buf_printf(&d->nl, " %s", left.v[i].s);
        buf_printf(&d->en, " %s", left.v[i].s);
    }
    diff_tell(d, m);
}

/* ---- terms ---- */

/* No stretch of so many days has more holidays on working days: Good Friday to Easter Monday; to
 * King's Day; to Whit Monday; a year from Easter to Easter. */
static uint32_t holidays_most(uint32_t days)
{
    if (days <= 4)
        return 2;
    if (days <= 12)
        return 3;
    return days <= 60 ? 6 : 12 * (days / 365 + 1);
}

/* As many working days as a term can last together with the days in it that are not worked. */
static uint32_t stretched(uint32_t working_days, uint32_t closed)
{
    uint32_t all = working_days + closed;
    for (;;) {
        uint32_t more = working_days + closed + holidays_most(all / 5 * 7 + 7);
        if (more <= all)
            return all;
        all = more;
    }
}

/* How many closed days of a are none of b. */
static uint32_t closed_only_in(const struct policy *a, const struct policy *b)
{
    uint32_t n = 0;
    uint32_t k = 0;
    for (uint32_t i = 0; i < a->closed_days_count; i++) {
        while (k < b->closed_days_count && b->closed_days[k].day < a->closed_days[i].day)
            k++;
        n += k == b->closed_days_count || b->closed_days[k].day != a->closed_days[i].day;
    }
    return n;
}

/* Each day that is not worked puts the end off by one working day at most. */
bool term_outlasts(const struct policy *a, const struct term *x, const struct policy *b,
                   const struct term *y)
{
    if (x->working_days > 0 && y->working_days > 0)
        return x->working_days + closed_only_in(a, b) > y->working_days;
    if (x->working_days == 0)
        return term_may_exceed(x, y);
    struct term longest = {.working_days = stretched(x->working_days, a->closed_days_count)};
    return term_may_exceed(&longest, y);
}

static void tell_terms(struct diff *d, const struct terms *t, enum effect e)
{
    bool days = t->v[WAS]->working_days > 0 && t->v[WAS]->working_days == t->v[IS]->working_days;
    diff_begin(d);
    put_holder(d, t->holder);
    buf_printf(&d->nl, "%s: was ", t->nl);
    term_text(t->v[WAS], true, &d->nl);
    buf_put_str(&d->nl, ", wordt ");
    term_text(t->v[IS], true, &d->nl);
    buf_put_str(&d->nl, days ? ", met andere gesloten dagen" : "");
    buf_printf(&d->en, "%s: was ", t->en);
    term_text(t->v[WAS], false, &d->en);
    buf_put_str(&d->en, ", becomes ");
    term_text(t->v[IS], false, &d->en);
    buf_put_str(&d->en, days ? ", with other closed days" : "");
    diff_tell(d, (struct mark){.effect = e, .key = t->key, .holder = t->holder});
}

/* A term in other units may be longer at one time and shorter at another: then it is both. */
void diff_terms(struct diff *d, const struct terms *t)
{
    const struct policy *was = d->side[WAS].policy;
    const struct policy *is = d->side[IS].policy;
    if (term_outlasts(is, t->v[IS], was, t->v[WAS]))
        tell_terms(d, t, t->grows);
    if (term_outlasts(was, t->v[WAS], is, t->v[IS]))
        tell_terms(d, t, opposite_of(t->grows));
}
