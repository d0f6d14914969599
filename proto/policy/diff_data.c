/* With which identifiers is asked, and which fields are released: for each party, as a set. */
#include "proto/policy/diff_internal.h"
#include "proto/policy/process.h"

/* ---- identifiers ---- */

/* What a party may use in one file: NULL, or the entry of the type. */
static const struct rule_identifier *usable(const struct side *s, const struct party *p,
                                            enum ident_type type)
{
    const struct rule_identifier *id = rule_identifier(s->rule, type);
    return id != NULL && selectors_match(id->parties, id->parties_count, p) ? id : NULL;
}

static bool uses(const struct diff *d, const struct duo *p, enum when w)
{
    return d->side[w].usable &&
           (d->side[w].rule->process == PROCESS_INDEX ? p->holds[w] : p->asks[w]);
}

/* True where the party may use the type in file w under a norm version that the other file lacks.
 */
static bool only_in(const struct diff *d, const struct duo *p, enum ident_type type, enum when w)
{
    enum when o = other_of(w);
    const struct rule_identifier *here = NULL;
    const struct rule_identifier *there = NULL;
    if (uses(d, p, w))
        here = usable(&d->side[w], p->in[w], type);
    if (uses(d, p, o))
        there = usable(&d->side[o], p->in[o], type);
    return here != NULL && (there == NULL || there->norm_version != here->norm_version);
}

static void compare_types(struct diff *d, const struct duo *p, enum when w)
{
    bool any = false;
    diff_begin(d);
    buf_printf(&d->nl, "%s: %s", duo_name(p),
               w == IS ? "mag nu gebruiken" : "mag niet meer gebruiken");
    buf_printf(&d->en, "%s: %s", duo_name(p), w == IS ? "may now use" : "may no longer use");
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (!only_in(d, p, (enum ident_type)t, w))
            continue;
        uint32_t norm = rule_identifier(d->side[w].rule, (enum ident_type)t)->norm_version;
        const char *id = ident_type_id((enum ident_type)t);
        buf_printf(&d->nl, "%s %s (normversie %u)", any ? "," : "", id, norm);
        buf_printf(&d->en, "%s %s (norm version %u)", any ? "," : "", id, norm);
        any = true;
    }
    struct mark m = {.effect = effect_of(w), .key = "identifiers"};
    bool loads = d->side[w].rule != NULL && d->side[w].rule->process == PROCESS_INDEX;
    m.requester = loads ? NULL : p;
    m.holder = loads ? p : NULL;
    if (any)
        diff_tell(d, m);
}

/* One that hits alone, or needs another beside it. */
static void compare_strengths(struct diff *d)
{
    for (uint32_t i = 0; i < d->side[IS].rule->identifiers_count; i++) {
        const struct rule_identifier *is = &d->side[IS].rule->identifiers[i];
        const struct rule_identifier *was = rule_identifier(d->side[WAS].rule, is->type);
        if (was == NULL || was->strength == is->strength)
            continue;
        bool exact = is->strength == STRENGTH_EXACT;
        tell(d, ((struct mark){.effect = exact ? EFFECT_MORE : EFFECT_LESS, .key = "identifiers"}),
             exact ? "%s: volstaat nu alleen" : "%s: volstaat niet meer zonder een tweede gegeven",
             exact ? "%s: now suffices alone" : "%s: no longer suffices without a second one",
             ident_type_id(is->type));
    }
}

/* ---- fields ---- */

/* How many of a holder's pairs there are in both files, and in how many of them the field is open
 * in file w alone. */
struct tally {
    uint32_t kept;
    uint32_t only;
};

static bool is_kept(const struct diff *d, uint32_t row, uint32_t column)
{
    return pair_may(d, row, column, WAS) && pair_may(d, row, column, IS);
}

static bool only_open(struct diff *d, uint32_t row, uint32_t column, const struct name *field,
                      enum when w)
{
    const struct duo *requester = row_party(d, row);
    const struct duo *holder = column_party(d, column);
    return field_open(d, w, requester, holder, field) &&
           !field_open(d, other_of(w), requester, holder, field);
}

static struct tally count_open(struct diff *d, uint32_t column, const struct name *field,
                               enum when w)
{
    struct tally t = {0, 0};
    for (uint32_t row = 0; row < d->rows_count; row++) {
        if (!row_stands(d, row) || !is_kept(d, row, column))
            continue;
        t.kept++;
        t.only += only_open(d, row, column, field, w);
    }
    return t;
}

/* Whether a holder that has a part in file w alone releases the field to anybody there. */
static bool opens_newly(struct diff *d, uint32_t column, const struct name *field, enum when w)
{
    for (uint32_t row = 0; row < d->rows_count; row++) {
        if (row_stands(d, row) && pair_may(d, row, column, w) &&
            field_open(d, w, row_party(d, row), column_party(d, column), field))
            return true;
    }
    return false;
}

static void tell_field_of_pair(struct diff *d, uint32_t row, uint32_t column,
                               const struct name *field, enum when w)
{
    struct mark m = {.effect = effect_of(w),
                     .key = "fields",
                     .requester = row_party(d, row),
                     .holder = column_party(d, column)};
    diff_begin(d);
    buf_printf(&d->nl, "%s: mag %s %s verstrekken aan %s", duo_name(m.holder),
               w == IS ? "nu" : "niet meer", field->s, duo_name(m.requester));
    buf_printf(&d->en, "%s: may %s release %s to %s", duo_name(m.holder),
               w == IS ? "now" : "no longer", field->s, duo_name(m.requester));
    diff_tell(d, m);
}

/* True where the field is gained or lost for every requester of the holder; where it is for some,
 * that is told here pair by pair. */
static bool for_everybody(struct diff *d, uint32_t column, const struct name *field, enum when w)
{
    if (!column_party(d, column)->holds[other_of(w)])
        return opens_newly(d, column, field, w);
    struct tally t = count_open(d, column, field, w);
    if (t.only == 0 || t.only == t.kept)
        return t.only > 0;
    for (uint32_t row = 0; row < d->rows_count; row++) {
        if (is_kept(d, row, column) && only_open(d, row, column, field, w))
            tell_field_of_pair(d, row, column, field, w);
    }
    return false;
}

static void compare_fields_of(struct diff *d, uint32_t column, enum when w)
{
    const struct rule *r = d->side[w].rule;
    const struct duo *holder = column_party(d, column);
    struct buf list = buf_new(1 << 16);
    for (uint32_t i = 0; i < r->fields_count; i++) {
        if (for_everybody(d, column, &r->fields[i].name, w))
            buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", r->fields[i].name.s);
    }
    if (buf_err(&list) != ERR_OK)
        d->err = buf_err(&list);
    if (list.len > 0)
        tell(d, ((struct mark){.effect = effect_of(w), .key = "fields", .holder = holder}),
             w == IS ? "%s: mag nu verstrekken: %s" : "%s: mag niet meer verstrekken: %s",
             w == IS ? "%s: may now release: %s" : "%s: may no longer release: %s",
             duo_name(holder), buf_text(&list));
    buf_free(&list);
}

/* A field that no holder releases can still decide whether a question that names it is refused. */
static void compare_named(struct diff *d, const struct name *field, enum when w)
{
    bool named = false;
    bool open = false;
    for (uint32_t row = 0; row < d->rows_count; row++) {
        for (uint32_t column = 0; column < d->columns_count; column++) {
            if (!row_stands(d, row) || !column_stands(d, column) || !is_kept(d, row, column))
                continue;
            const struct duo *requester = row_party(d, row);
            const struct duo *holder = column_party(d, column);
            named = named || (field_named(d, w, requester, holder, field) &&
                              !field_named(d, other_of(w), requester, holder, field));
            open = open || only_open(d, row, column, field, w);
        }
    }
    if (named && !open)
        tell(d, ((struct mark){.effect = effect_of(w), .key = "fields"}),
             w == IS ? "een vraag mag het veld %s nu noemen"
                     : "een vraag mag het veld %s niet meer noemen",
             w == IS ? "a question may now name the field %s"
                     : "a question may no longer name the field %s",
             field->s);
}

/* What is left of a value: the whole of it, some part, or only that there is one. */
static int masking_rank(enum masking m)
{
    switch (m) {
    case MASKING_NONE:
        return 2;
    case MASKING_YEAR:
    case MASKING_POSTCODE4:
    case MASKING_INITIALS:
    case MASKING_LAST4:
        return 1;
    case MASKING_PRESENT:
        break;
    }
    return 0;
}

static void tell_masking(struct diff *d, const struct rule_field *was, const struct rule_field *is,
                         enum effect e)
{
    bool a = was->masking != MASKING_NONE;
    bool b = is->masking != MASKING_NONE;
    diff_begin(d);
    buf_printf(&d->nl, "veld %s: wat ervan overblijft was %s, wordt %s", is->name.s,
               a ? masking_id(was->masking) : "alles", b ? masking_id(is->masking) : "alles");
    buf_printf(&d->en, "field %s: what is left of it was %s, becomes %s", is->name.s,
               a ? masking_id(was->masking) : "all", b ? masking_id(is->masking) : "all");
    diff_tell(d, (struct mark){.effect = e, .key = "fields"});
}

/* Data of a special or criminal kind need a ground of their own (AVG 9, 10): what was asked on the
 * ground of another kind was weighed without it. Ordinary data rest on what the rule had already.
 */
static void compare_sensitivity(struct diff *d, const struct rule_field *was,
                                const struct rule_field *is)
{
    struct mark m = {.effect = EFFECT_CHANGED,
                     .key = "fields",
                     .narrows = is->sensitivity != SENSITIVITY_ORDINARY};
    if (was->sensitivity == is->sensitivity)
        return;
    tell(d, m, "veld %s: gevoeligheid was %s, wordt %s", "field %s: sensitivity was %s, becomes %s",
         is->name.s, sensitivity_id(was->sensitivity), sensitivity_id(is->sensitivity));
}

static void compare_field(struct diff *d, const struct rule_field *was, const struct rule_field *is)
{
    int a = masking_rank(was->masking);
    int b = masking_rank(is->masking);
    if (was->masking != is->masking && b >= a)
        tell_masking(d, was, is, EFFECT_MORE);
    if (was->masking != is->masking && a >= b)
        tell_masking(d, was, is, EFFECT_LESS);
    if (!name_equal(&was->category, &is->category)) {
        tell(d, ((struct mark){.effect = EFFECT_MORE, .key = "fields"}),
             "veld %s: komt nu uit de categorie %s", "field %s: now comes from the category %s",
             is->name.s, is->category.s);
        tell(d, ((struct mark){.effect = EFFECT_LESS, .key = "fields"}),
             "veld %s: komt niet meer uit de categorie %s",
             "field %s: no longer comes from the category %s", is->name.s, was->category.s);
    }
    compare_sensitivity(d, was, is);
}

static void compare_fields(struct diff *d, enum when w)
{
    const struct rule *r = d->side[w].rule;
    for (uint32_t column = 0; column < d->columns_count; column++)
        compare_fields_of(d, column, w);
    for (uint32_t i = 0; i < r->fields_count; i++)
        compare_named(d, &r->fields[i].name, w);
}

void diff_data(struct diff *d)
{
    const struct rule *was = d->side[WAS].rule;
    const struct rule *is = d->side[IS].rule;
    for (int w = WAS; w <= IS; w++) {
        for (uint32_t i = 0; i < d->parties_count; i++)
            compare_types(d, &d->parties[i], (enum when)w);
        if (d->side[w].usable)
            compare_fields(d, (enum when)w);
    }
    if (was == NULL || is == NULL)
        return;
    compare_strengths(d);
    for (uint32_t i = 0; i < is->fields_count; i++) {
        const struct rule_field *old = rule_field(was, &is->fields[i].name);
        if (old != NULL)
            compare_field(d, old, &is->fields[i]);
    }
}
