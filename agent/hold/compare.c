#include "agent/hold/compare.h"

#define DATE_CHARS 8      /* YYYYMMDD, at the end of the canonical value */
#define ANY_DATE "1970-01-01" /* the comparison of names leaves the date out */
#define SPLITS_MAX 16

bool compare_differs(const struct hold_item *item)
{
    return item->control_name == COMPARED_DIFFERS || item->control_birth == COMPARED_DIFFERS;
}

/* The canonical value up to its date, or its date. */
static struct bytes name_part(const struct norm_ident *id)
{
    struct bytes v = ident_value(id);
    return bytes_of(v.ptr, v.len > DATE_CHARS ? v.len - DATE_CHARS : 0);
}

static struct bytes date_part(const struct norm_ident *id)
{
    struct bytes v = ident_value(id);
    size_t n = v.len > DATE_CHARS ? DATE_CHARS : 0;
    return bytes_of(v.ptr + (v.len - n), n);
}

/* Spells one reading of a name; false where it is no name. */
static bool spell(struct bytes family, struct bytes first, struct bytes date,
                  struct norm_ident *out)
{
    struct raw_ident raw = {.type = IDENT_NAAM_GEBOORTEDATUM, .count = 3,
                            .part = {family, first, date}};
    struct ident_report report;
    return ident_normalise(&raw, out, &report) == ERR_OK;
}

static bool record_has(const struct record *record, struct bytes (*part)(const struct norm_ident *),
                       struct bytes wanted)
{
    for (size_t i = 0; i < record->identifier_count; i++) {
        const struct norm_ident *id = &record->identifiers[i].ident;
        if (id->type == IDENT_NAAM_GEBOORTEDATUM && bytes_equal(part(id), wanted))
            return true;
    }
    return false;
}

static bool has_name(const struct record *record)
{
    for (size_t i = 0; i < record->identifier_count; i++)
        if (record->identifiers[i].ident.type == IDENT_NAAM_GEBOORTEDATUM)
            return true;
    return false;
}

/* One reading: family and first name as given. *readable is set where it is a name at all. */
static bool reads_as(const struct record *record, struct bytes family, struct bytes first,
                     bool *readable)
{
    struct norm_ident id;
    if (!spell(family, first, bytes_str(ANY_DATE), &id))
        return false;
    *readable = true;
    bool same = record_has(record, name_part, name_part(&id));
    ident_wipe(&id);
    return same;
}

/* "Jansen, Pieter". */
static bool reads_with_comma(const struct record *record, struct bytes name, bool *readable)
{
    const uint8_t *comma = memchr(name.ptr, ',', name.len);
    if (comma == NULL)
        return false;
    size_t before = (size_t)(comma - name.ptr);
    return reads_as(record, bytes_of(name.ptr, before),
                    bytes_of(comma + 1, name.len - before - 1), readable);
}

enum comparison compare_name(const struct record *record, struct bytes name)
{
    if (name.len == 0 || !has_name(record))
        return COMPARED_ABSENT;
    bool readable = false;
    bool same = reads_with_comma(record, name, &readable);
    unsigned splits = 0;
    for (size_t i = 1; !same && i + 1 < name.len && splits < SPLITS_MAX; i++) {
        if (name.ptr[i] != ' ')
            continue;
        splits++;
        same = reads_as(record, bytes_of(name.ptr + i + 1, name.len - i - 1),
                        bytes_of(name.ptr, i), &readable);
    }
    if (!readable)
        return COMPARED_ABSENT;
    return same ? COMPARED_EQUAL : COMPARED_DIFFERS;
}

enum comparison compare_birth(const struct record *record, struct bytes date)
{
    struct norm_ident id;
    if (date.len == 0 || !has_name(record) ||
        !spell(bytes_str("A"), bytes_str("A"), date, &id))
        return COMPARED_ABSENT;
    bool same = record_has(record, date_part, date_part(&id));
    ident_wipe(&id);
    return same ? COMPARED_EQUAL : COMPARED_DIFFERS;
}
