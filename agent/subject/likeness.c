#include "agent/subject/likeness.h"

bool likeness_is_personal(enum ident_type type)
{
    return type == IDENT_BSN || type == IDENT_REISDOCUMENT;
}

/* What the marks of has say, counted. */
struct compared {
    unsigned personal_same;
    unsigned personal_other; /* that the search does not name */
    unsigned type_other;     /* of those, where it names another of that type */
    unsigned bsn_other;      /* of those, BSNs: nobody has two */
    unsigned others_same;
    bool two_types; /* among others_same */
};

static bool has_mark(struct named_list l, const struct touch_named *n)
{
    for (size_t i = 0; i < l.count; i++)
        if (bytes_equal(BYTES_OF_ARRAY(l.v[i].mark.b), BYTES_OF_ARRAY(n->mark.b)))
            return true;
    return false;
}

static bool has_type(struct named_list l, enum ident_type type)
{
    for (size_t i = 0; i < l.count; i++)
        if (l.v[i].type == type)
            return true;
    return false;
}

static void compare_personal(struct named_list sought, const struct touch_named *n,
                             struct compared *c)
{
    if (has_mark(sought, n)) {
        c->personal_same++;
        return;
    }
    const bool is_other = has_type(sought, n->type);
    c->personal_other++;
    c->type_other += is_other;
    c->bsn_other += is_other && n->type == IDENT_BSN;
}

enum likeness likeness_of(struct named_list sought, struct named_list has)
{
    struct compared c = {.personal_same = 0};
    enum ident_type first = IDENT_NONE;
    for (size_t i = 0; i < has.count; i++) {
        const struct touch_named *n = &has.v[i];
        if (likeness_is_personal(n->type)) {
            compare_personal(sought, n, &c);
        } else if (has_mark(sought, n)) {
            c.two_types |= c.others_same > 0 && n->type != first;
            first = c.others_same++ == 0 ? n->type : first;
        }
    }
    if (c.personal_same > 0)
        return c.type_other > 0 ? LIKE_PERHAPS : LIKE_SUBJECT;
    if (c.others_same == 0 || c.bsn_other > 0)
        return LIKE_NOBODY;
    return c.personal_other == 0 && c.two_types ? LIKE_SUBJECT : LIKE_PERHAPS;
}
