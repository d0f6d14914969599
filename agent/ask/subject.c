#include "agent/ask/subject.h"

#include "pki/random.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/policy/minor.h"

#define PART_TEXT_MAX IDENT_PART_MAX
#define CONTROL_NAME_MAX 512
#define COVER_BYTES 32

/* Where in the input something is wrong; numbers count from 1, as people do. */
struct place {
    size_t subject;
    struct arena *arena;
    struct errmsg *why;
};

static enum err refused(const struct place *p, size_t identifier, enum ident_type type,
                        const struct ident_report *report, enum err e)
{
    return errmsg_set(p->why, e, "subject %zu, identifier %zu (%s): %s", p->subject, identifier,
                      ident_type_id(type), ident_reason_id(report->reason));
}

/* {"parts": {"postcode": "…", …}} in the order of the type. */
static enum err read_parts(const struct doc *parts, struct raw_ident *raw, struct errmsg *why)
{
    struct ident_parts limits = ident_parts(raw->type);
    void *iter = NULL;
    const char *key = NULL;
    const struct doc *value = NULL;
    size_t known = 0;
    for (size_t i = 0; i < limits.max; i++) {
        enum err bad =
            doc_get_text(parts, ident_part_name(raw->type, i), PART_TEXT_MAX, &raw->part[i], why);
        if (bad == ERR_OK)
            known++;
        else if (bad != ERR_NOT_FOUND)
            return bad;
    }
    size_t given = 0;
    while (doc_next(parts, &iter, &key, &value))
        given++;
    if (given != known)
        return errmsg_set(why, ERR_UNKNOWN, "a part that %s has not", ident_type_id(raw->type));
    raw->count = limits.max;
    return ERR_OK;
}

static enum err read_raw(const struct doc *d, struct raw_ident *raw, struct errmsg *why)
{
    struct bytes type;
    const struct doc *parts = NULL;
    enum err bad = doc_get_text(d, "type", NAME_MAX_BYTES, &type, why);
    if (bad != ERR_OK)
        return bad;
    if (ident_type_parse(type, &raw->type) != ERR_OK)
        return errmsg_set(why, ERR_UNKNOWN, "no such type of identifier");
    if (doc_has(d, "value") == doc_has(d, "parts"))
        return errmsg_set(why, ERR_INVALID, "needs 'value' or 'parts', and not both");
    if (doc_has(d, "parts")) {
        bad = doc_get_object(d, "parts", &parts, why);
        return bad == ERR_OK ? read_parts(parts, raw, why) : bad;
    }
    raw->count = 1;
    return doc_get_text(d, "value", PART_TEXT_MAX, &raw->part[0], why);
}

static enum err read_identifiers(const struct doc *d, const struct place *p, struct subject *s)
{
    const struct doc *array = NULL;
    enum err bad = doc_get_array(d, "identifiers", &array, p->why);
    size_t count = bad == ERR_OK ? doc_count(array) : 0;
    if (bad != ERR_OK || count == 0 || count > REQUEST_IDENTIFIERS_MAX)
        return errmsg_set(p->why, bad != ERR_OK ? bad : ERR_RANGE,
                          "subject %zu: needs 'identifiers', 1 to %u", p->subject,
                          REQUEST_IDENTIFIERS_MAX);
    s->identifiers = arena_array(p->arena, count, sizeof *s->identifiers);
    if (s->identifiers == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct raw_ident raw = {0};
        struct ident_report report = {0};
        if ((bad = read_raw(doc_at(array, i), &raw, p->why)) != ERR_OK)
            return errmsg_wrap(p->why, bad, "subject %zu, identifier %zu", p->subject, i + 1);
        if ((bad = ident_normalise(&raw, &s->identifiers[i], &report)) != ERR_OK)
            return refused(p, i + 1, raw.type, &report, bad);
        for (size_t k = 0; k < i; k++)
            if (ident_equal(&s->identifiers[i], &s->identifiers[k]))
                return errmsg_set(p->why, ERR_DUPLICATE, "subject %zu: identifier %zu stands twice",
                                  p->subject, i + 1);
    }
    s->identifier_count = count;
    return ERR_OK;
}

/* An optional text, copied. Line ends are for people who paste: they become spaces, since the wire
 * has no control characters. */
static enum err read_text(const struct doc *d, const struct place *p, const char *key, size_t max,
                          struct bytes *out)
{
    struct bytes view;
    if (!doc_has(d, key))
        return ERR_OK;
    enum err bad = doc_get_text(d, key, max, &view, p->why);
    if (bad != ERR_OK)
        return errmsg_wrap(p->why, bad, "subject %zu", p->subject);
    char *copy = arena_text(p->arena, view);
    if (copy == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < view.len; i++) {
        if (copy[i] == '\n' || copy[i] == '\r' || copy[i] == '\t')
            copy[i] = ' ';
        if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
            return errmsg_set(p->why, ERR_INVALID, "subject %zu: control characters in '%s'",
                              p->subject, key);
    }
    *out = bytes_of(copy, view.len);
    return ERR_OK;
}

/* YYYY-MM-DD of a day that exists. */
static bool is_date(struct bytes text)
{
    uint64_t year;
    uint64_t month;
    uint64_t day;
    return text.len == 10 && text.ptr[4] == '-' && text.ptr[7] == '-' &&
           text_get_u64(bytes_of(text.ptr, 4), 9999, &year) == ERR_OK &&
           text_get_u64(bytes_of(text.ptr + 5 + (text.ptr[5] == '0'), 2 - (text.ptr[5] == '0')), 12,
                        &month) == ERR_OK &&
           text_get_u64(bytes_of(text.ptr + 8 + (text.ptr[8] == '0'), 2 - (text.ptr[8] == '0')), 31,
                        &day) == ERR_OK &&
           when_date_exists((int)year, (int)month, (int)day);
}

static enum err read_control(const struct doc *d, const struct place *p, struct subject *s)
{
    const struct doc *control = NULL;
    if (!doc_has(d, "control"))
        return ERR_OK;
    enum err bad = doc_get_object(d, "control", &control, p->why);
    if (bad != ERR_OK)
        return errmsg_wrap(p->why, bad, "subject %zu", p->subject);
    bad = read_text(control, p, "name", CONTROL_NAME_MAX, &s->control_name);
    if (bad == ERR_OK)
        bad = read_text(control, p, "birth_date", 10, &s->control_birth_date);
    if (bad == ERR_OK && s->control_birth_date.len > 0 && !is_date(s->control_birth_date))
        return errmsg_set(p->why, ERR_INVALID, "subject %zu: birth_date must be YYYY-MM-DD",
                          p->subject);
    return bad;
}

/* An optional id of the rule. */
static enum err read_id(const struct doc *d, const struct place *p, const char *key,
                        struct name *out)
{
    struct bytes view;
    if (!doc_has(d, key))
        return ERR_OK;
    enum err bad = doc_get_text(d, key, NAME_MAX_BYTES, &view, p->why);
    if (bad == ERR_OK)
        bad = name_parse(view, out);
    return bad == ERR_OK
               ? ERR_OK
               : errmsg_set(p->why, bad, "subject %zu: '%s' is no id of a rule", p->subject, key);
}

static enum err read_subject(const struct doc *d, const struct place *p, struct subject *s)
{
    const struct {
        const char *key;
        struct bytes *to;
    } texts[] = {{"necessity", &s->necessity},
                 {"proportionality", &s->proportionality},
                 {"subsidiarity", &s->subsidiarity},
                 {"concrete_signal", &s->concrete_signal}};
    if (!doc_is_object(d))
        return errmsg_set(p->why, ERR_INVALID, "subject %zu: not an object", p->subject);
    enum err bad = read_identifiers(d, p, s);
    if (bad == ERR_OK)
        bad = read_text(d, p, "label", SUBJECT_LABEL_MAX, &s->label);
    for (size_t i = 0; i < ARRAY_LEN(texts) && bad == ERR_OK; i++)
        bad = read_text(d, p, texts[i].key, NECESSITY_MAX_BYTES, texts[i].to);
    if (bad == ERR_OK)
        bad = read_id(d, p, "aim", &s->aim);
    if (bad == ERR_OK)
        bad = read_id(d, p, "phenomenon", &s->phenomenon);
    return bad == ERR_OK ? read_control(d, p, s) : bad;
}

enum err subjects_read(const struct doc *array, struct arena *a, struct subject_list *out,
                       struct errmsg *why)
{
    struct subject_list list = {.count = doc_count(array)};
    if (list.count == 0 || list.count > REQUEST_GROUPS_MAX)
        return errmsg_set(why, ERR_RANGE, "a request has 1 to %u subjects", REQUEST_GROUPS_MAX);
    list.v = arena_array(a, list.count, sizeof *list.v);
    if (list.v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < list.count; i++) {
        const struct place p = {i + 1, a, why};
        enum err bad = read_subject(doc_at(array, i), &p, &list.v[i]);
        if (bad != ERR_OK)
            return bad;
        list.identifier_count += list.v[i].identifier_count;
    }
    if (list.identifier_count > REQUEST_IDENTIFIERS_MAX)
        return errmsg_set(why, ERR_TOO_LARGE, "a request has at most %u identifiers",
                          REQUEST_IDENTIFIERS_MAX);
    *out = list;
    return ERR_OK;
}

/* Characters of UTF-8, as people count them. */
static int64_t characters(struct bytes text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += (text.ptr[i] & 0xc0) != 0x80;
    return n;
}

/* No exact identifier, and not two weak ones of different types. */
static bool is_weak(const struct subject *s, const struct rule *rule)
{
    bool two_types = false;
    for (size_t i = 0; i < s->identifier_count; i++) {
        enum ident_type type = s->identifiers[i].type;
        const struct rule_identifier *id = rule == NULL ? NULL : rule_identifier(rule, type);
        if (id != NULL && id->strength == STRENGTH_EXACT)
            return false;
        two_types |= type != s->identifiers[0].type;
    }
    return !two_types;
}

static bool has_control(const struct subject *s)
{
    return s->control_name.len > 0 || s->control_birth_date.len > 0;
}

#define JUDGED(value)                                                                              \
    {                                                                                              \
        (value), PROVENANCE_JUDGED                                                                 \
    }

/* One aim and one phenomenon for the whole request; where subjects differ, none is known. */
static struct fact_name common_id(const struct subject_list *list, size_t member)
{
    const struct name *first = (const void *)((const char *)&list->v[0] + member);
    for (size_t i = 0; i < list->count; i++) {
        const struct name *n = (const void *)((const char *)&list->v[i] + member);
        if (n->s[0] == '\0' || !name_equal(n, first))
            return (struct fact_name){.by = PROVENANCE_UNKNOWN};
    }
    return (struct fact_name)JUDGED(*first);
}

/* What only some rules ask: what for, what about, and whether one of them is a minor. */
static void scope_facts(const struct subject_list *list, int64_t now_s, struct facts *f)
{
    f->aim = common_id(list, offsetof(struct subject, aim));
    f->phenomenon = common_id(list, offsetof(struct subject, phenomenon));
    f->minor = minor_of(list->v[0].control_birth_date, now_s);
    for (size_t i = 1; i < list->count; i++)
        f->minor = minor_of_all(f->minor, minor_of(list->v[i].control_birth_date, now_s));
}

void subjects_facts(const struct subject_list *list, const struct rule *rule, int64_t now_s,
                    struct facts *f)
{
    int64_t shortest = INT64_MAX;
    bool proportionality = true;
    bool subsidiarity = true;
    bool signal = true;
    size_t control = 0;
    int64_t weak = 0;
    f->identifiers.by = PROVENANCE_JUDGED;
    f->norm_versions.by = PROVENANCE_JUDGED;
    for (size_t i = 0; i < list->count; i++) {
        const struct subject *s = &list->v[i];
        int64_t n = characters(s->necessity);
        shortest = n < shortest ? n : shortest;
        proportionality &= s->proportionality.len > 0;
        subsidiarity &= s->subsidiarity.len > 0;
        signal &= s->concrete_signal.len > 0;
        control += has_control(s);
        weak += is_weak(s, rule);
        for (size_t k = 0; k < s->identifier_count; k++) {
            enum ident_type type = s->identifiers[k].type;
            if (facts_add_identifiers(f, type, 1, ident_norm_version(type)) != ERR_OK)
                f->identifiers.by = PROVENANCE_UNKNOWN;
        }
    }
    bool forbidden = rule != NULL && rule->case_terms != NULL &&
                     rule->case_terms->control_data == CONTROL_FORBIDDEN;
    f->necessity_chars = (struct fact_int)JUDGED(shortest);
    f->proportionality = (struct fact_bool)JUDGED(proportionality);
    f->subsidiarity = (struct fact_bool)JUDGED(subsidiarity);
    f->concrete_signal = (struct fact_bool)JUDGED(signal);
    f->control_data = (struct fact_bool)JUDGED(forbidden ? control > 0 : control == list->count);
    f->weak_alone = (struct fact_int)JUDGED(weak);
    scope_facts(list, now_s, f);
}

/* One byte of a character in the place of another: of one of two, three or four bytes only the last varies. */
static uint8_t cover_byte(struct bytes text, size_t i, uint8_t random)
{
    static const uint8_t first[4][4] = {{0}, {0xc3}, {0xe1, 0xba}, {0xf0, 0x9f, 0x98}};
    size_t start = i;
    while (start > 0 && (text.ptr[start] & 0xc0) == 0x80)
        start--;
    const uint8_t lead = text.ptr[start];
    const size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (more == 0)
        return (uint8_t)('a' + (random & 15));
    return i - start < more ? first[more][i - start] : (uint8_t)(0xa0 | (random & 15));
}

/* Random letters, as many and of as many bytes: a sealed part is text, and how long it is a fact. */
static enum err cover_text(struct bytes *text, struct arena *a)
{
    uint8_t *mem = arena_alloc(a, text->len);
    if (mem == NULL)
        return ERR_NOMEM;
    enum err bad = random_fill(mem, text->len);
    for (size_t i = 0; i < text->len; i++)
        mem[i] = cover_byte(*text, i, mem[i]);
    *text = bytes_of(mem, text->len);
    return bad;
}

/* Random bytes under the keyed hash are a random inner, to the holders of the key as well. */
static enum err cover_ident(struct norm_ident *id)
{
    enum ident_type type = id->type;
    ident_wipe(id);
    id->type = type;
    id->len = COVER_BYTES;
    return random_fill(id->value, COVER_BYTES);
}

enum err subject_cover(struct subject *s, struct arena *a)
{
    struct bytes *texts[] = {&s->necessity,       &s->proportionality, &s->subsidiarity,
                             &s->concrete_signal, &s->control_name,    &s->control_birth_date};
    enum err bad = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(texts) && bad == ERR_OK; i++)
        bad = cover_text(texts[i], a);
    for (size_t i = 0; i < s->identifier_count && bad == ERR_OK; i++)
        bad = cover_ident(&s->identifiers[i]);
    return bad;
}
