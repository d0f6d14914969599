/* The mapping file of one source: which column is the key, an identifier or a field, and how the
 * source spells them. docs/mapping.md is the reference. */
#ifndef SLUIS_CONF_MAPPING_H
#define SLUIS_CONF_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/enums.h"
#include "proto/base/ids.h"

#define MAPPING_SCHEMA 1
#define MAPPING_MAX_BYTES (1u << 20)
#define MAPPING_COLUMN_MAX 128u /* bytes of a column's name */
#define MAPPING_PARTS_MAX 4u

enum mapping_encoding {
    MAPPING_UTF_8 = 1,
    MAPPING_ISO_8859_1,
    MAPPING_WINDOWS_1252,
};

enum mapping_kind {
    MAPPING_TEXT = 1, /* as it stands, without white space around it */
    MAPPING_DATE,     /* becomes YYYY-MM-DD */
    MAPPING_NUMBER,   /* becomes digits with an optional minus and '.' */
    MAPPING_BOOL,     /* becomes true or false */
};

/* How a source writes a date; tried in the order of the mapping. */
enum mapping_date {
    MAPPING_DATE_ISO = 1, /* yyyy-mm-dd */
    MAPPING_DATE_COMPACT, /* yyyymmdd */
    MAPPING_DATE_DASHES,  /* dd-mm-yyyy, one digit is enough for day and month */
    MAPPING_DATE_SLASHES, /* dd/mm/yyyy, likewise */
    MAPPING_DATE_DOTS,    /* dd.mm.yyyy, likewise */
};

/* The file carries its own row count in a last row, so that a cut is seen at any place. */
struct mapping_trailer {
    char *marker; /* text of the row's first cell */
    uint32_t
        count_column; /* 1-based cell that holds the number of rows between header and trailer */
};

enum mapping_format {
    MAPPING_CSV = 1,
    MAPPING_JSONL, /* JSON Lines: one object a line, its members are the columns */
};

struct mapping_source {
    enum mapping_format format;
    char delimiter; /* of CSV: , ; | or a tab; else 0 */
    enum mapping_encoding encoding;
    char decimal;                    /* , or . */
    bool final_newline_optional;     /* else a last row without one counts as cut off */
    struct mapping_trailer *trailer; /* NULL without one */
};

/* A value of the category column and the category it stands for. */
struct mapping_value {
    char *from;
    struct name category;
};

/* Either a constant, or a column with its values. */
struct mapping_category {
    struct name constant; /* "" where a column says it */
    char *column;         /* NULL where it is constant */
    struct mapping_value *values;
    uint32_t values_count;
};

/* One part of a composed identifier. */
struct mapping_part {
    struct name part;
    char *column;
};

/* Either one column, or a column for each part. */
struct mapping_identifier {
    enum ident_type type;
    char *column; /* NULL where there are parts */
    struct mapping_part *parts;
    uint32_t parts_count;
    bool required; /* a row without an acceptable value is rejected as a whole */
};

struct mapping_field {
    struct name name;
    char *column;
    enum mapping_kind kind;
    enum mapping_date *dates; /* only of kind date, at least one */
    uint32_t dates_count;
    struct name category; /* data category of the policy */
    bool required;
};

struct mapping {
    uint32_t schema;
    struct mapping_source source;
    char **null_tokens; /* cells with these texts are empty; the empty cell always is */
    uint32_t null_tokens_count;
    char *record_key; /* column */
    struct mapping_category category;
    struct mapping_identifier *identifiers;
    uint32_t identifiers_count;
    struct mapping_field *fields;
    uint32_t fields_count;
    struct name *rules; /* ids of the index rules that the records are offered under */
    uint32_t rules_count;
};

/* Loads and checks the mapping in text; name is for messages. Release with mapping_free.
 * ERR_CONFIG with file, line and what was expected; ERR_NOMEM. Whether columns, parts and rules
 * exist is found when the mapping meets its source and its policy. */
enum err mapping_load(struct bytes text, const char *name, struct mapping **out,
                      struct errmsg *why) MUST_CHECK;
void mapping_free(struct mapping *m);
DEFINE_CLEANUP(struct mapping, mapping_free)

/* "utf-8", "iso-8859-1", "windows-1252": the names that iconv takes too. */
const char *mapping_encoding_id(enum mapping_encoding e);

#endif
