/* proto/conf/mapping: what a mapping file says, and what it may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/conf/mapping.h"

#define HEAD                                                                                       \
    "schema: 1\nsource: {format: csv, delimiter: ';', encoding: iso-8859-1}\nrecord_key: nr\n"
#define CATEGORY "category: {constant: casus}\n"
#define IDENTIFIERS "identifiers:\n- {type: bsn, column: BSN, required: true}\n"
#define FIELDS "fields:\n- {name: soort, column: S, kind: text, category: casus}\n"
#define RULES "rules: [index.riec]\n"

static const char good[] =
    "schema: 1\n"
    "source:\n"
    "  format: csv\n"
    "  delimiter: tab\n"
    "  encoding: windows-1252\n"
    "  decimal: ','\n"
    "  final_newline_optional: true\n"
    "  trailer: {marker: TOTAAL, count_column: 2}\n"
    "null_tokens: ['NULL', onbekend]\n"
    "record_key: Dossier nr\n"
    "category:\n"
    "  column: Soort\n"
    "  values: [{from: A, category: uitkering}, {from: B, category: dienstverband}]\n"
    "identifiers:\n"
    "- {type: bsn, column: BSN, required: true}\n"
    "- type: postcode_huisnr\n"
    "  parts: [{part: postcode, column: PC}, {part: huisnummer, column: Nr}]\n"
    "fields:\n"
    "- {name: ingangsdatum, column: Ingang, kind: date, dates: [yyyymmdd, dd-mm-yyyy], category: "
    "c}\n"
    "- {name: soort, column: Soort, kind: text, category: c, required: true}\n" RULES;

static void a_good_mapping_loads(void **state)
{
    (void)state;
    struct errmsg why = {.text = ""};
    CLEANUP(cleanup_mapping_free) struct mapping *m = NULL;
    if (mapping_load(bytes_str(good), "m.yaml", &m, &why) != ERR_OK)
        fail_msg("%s", why.text);
    assert_int_equal(m->source.delimiter, '\t');
    assert_int_equal(m->source.decimal, ',');
    assert_true(m->source.final_newline_optional);
    assert_string_equal(mapping_encoding_id(m->source.encoding), "windows-1252");
    assert_string_equal(m->source.trailer->marker, "TOTAAL");
    assert_string_equal(m->null_tokens[1], "onbekend");
    assert_string_equal(m->record_key, "Dossier nr");
    assert_string_equal(m->category.values[1].category.s, "dienstverband");
    assert_int_equal(m->identifiers[0].type, IDENT_BSN);
    assert_true(m->identifiers[0].required);
    assert_string_equal(m->identifiers[1].parts[1].part.s, "huisnummer");
    assert_false(m->identifiers[1].required);
    assert_int_equal(m->fields[0].dates[1], MAPPING_DATE_DASHES);
    assert_int_equal(m->fields[1].kind, MAPPING_TEXT);
    assert_string_equal(m->rules[0].s, "index.riec");
}

static void defaults_are_plain(void **state)
{
    (void)state;
    struct errmsg why = {.text = ""};
    CLEANUP(cleanup_mapping_free) struct mapping *m = NULL;
    assert_int_equal(mapping_load(bytes_str(HEAD CATEGORY IDENTIFIERS FIELDS RULES), "m", &m, &why),
                     ERR_OK);
    assert_int_equal(m->source.decimal, '.');
    assert_null(m->source.trailer);
    assert_int_equal(m->null_tokens_count, 0);
    assert_string_equal(m->category.constant.s, "casus");
}

struct bad_case {
    const char *text;
    const char *has;
};

static void bad_mappings_are_refused(void **state)
{
    (void)state;
    static const struct bad_case cases[] = {
        {"", "empty"},
        {HEAD CATEGORY IDENTIFIERS FIELDS, "the key 'rules' is missing"},
        {HEAD CATEGORY IDENTIFIERS FIELDS RULES "extra: 1\n", "m:10:1: 'extra': unknown key"},
        {"schema: 2\nsource: {format: csv, delimiter: ';', encoding: utf-8}\nrecord_key: "
         "a\n" CATEGORY IDENTIFIERS FIELDS RULES,
         "m:1: schema: this program reads schema 1"},
        {"schema: 1\nsource: {format: xml, delimiter: ';', encoding: utf-8}\nrecord_key: "
         "a\n" CATEGORY IDENTIFIERS FIELDS RULES,
         "unknown value 'xml'"},
        {"schema: 1\nsource: {format: csv, delimiter: x, encoding: utf-8}\nrecord_key: a\n" CATEGORY
             IDENTIFIERS FIELDS RULES,
         "unknown value 'x'"},
        {"schema: 1\nsource: {format: csv, delimiter: ';', encoding: utf-16}\nrecord_key: "
         "a\n" CATEGORY IDENTIFIERS FIELDS RULES,
         "unknown value 'utf-16'"},
        {"schema: 1\nsource: {format: csv, encoding: utf-8}\nrecord_key: a\n" CATEGORY IDENTIFIERS FIELDS
             RULES,
         "CSV needs one"},
        {"schema: 1\nsource: {format: jsonl, delimiter: ';', encoding: utf-8}\nrecord_key: "
         "a\n" CATEGORY IDENTIFIERS FIELDS RULES,
         "JSON Lines have none"},
        {"schema: 1\nsource: {format: jsonl, encoding: iso-8859-1}\nrecord_key: a\n" CATEGORY IDENTIFIERS
             FIELDS RULES,
         "JSON Lines are utf-8"},
        {"schema: 1\nsource: {format: jsonl, encoding: utf-8, trailer: {marker: T, count_column: "
         "2}}\nrecord_key: a\n" CATEGORY IDENTIFIERS FIELDS RULES,
         "source.trailer: JSON Lines have none"},
        {HEAD "category: {}\n" IDENTIFIERS FIELDS RULES, "m:4: category: give a constant"},
        {HEAD "category: {constant: a, column: b}\n" IDENTIFIERS FIELDS RULES, "give a constant"},
        {HEAD "category: {column: b}\n" IDENTIFIERS FIELDS RULES, "give a constant, or a column"},
        {HEAD "category: {constant: A}\n" IDENTIFIERS FIELDS RULES,
         "category.constant: not a name"},
        {HEAD "category: {column: b, values: [{from: x, category: a}, {from: x, category: "
              "b}]}\n" IDENTIFIERS FIELDS RULES,
         "category.values[1]: this value stands twice"},
        {HEAD CATEGORY "identifiers: []\n" FIELDS RULES, "too few items"},
        {HEAD CATEGORY "identifiers: [{type: bsn}]\n" FIELDS RULES, "either a column or parts"},
        {HEAD CATEGORY "identifiers: [{type: naam, column: a}]\n" FIELDS RULES,
         "unknown value 'naam'"},
        {HEAD CATEGORY
         "identifiers:\n- type: postcode_huisnr\n  parts: [{part: a, column: b}, {part: a, "
         "column: c}]\n" FIELDS RULES,
         "m:6: identifiers[0]: a part stands twice"},
        {HEAD CATEGORY IDENTIFIERS
         "fields: [{name: a, column: b, kind: date, category: c}]\n" RULES,
         "fields[0]: dates belong to kind date"},
        {HEAD CATEGORY IDENTIFIERS
         "fields: [{name: a, column: b, kind: text, category: c, dates: [yyyymmdd]}]\n" RULES,
         "fields[0]: dates belong to kind date"},
        {HEAD CATEGORY IDENTIFIERS FIELDS
         "- {name: soort, column: T, kind: text, category: c}\n" RULES,
         "fields[1]: this name stands twice"},
        {HEAD CATEGORY IDENTIFIERS FIELDS "rules: [a, a]\n", "rules[1]: this rule stands twice"},
        {HEAD CATEGORY IDENTIFIERS FIELDS "rules: [A]\n", "rules[0]: not a name"},
        {HEAD CATEGORY IDENTIFIERS FIELDS
         "rules: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
         "too long"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mapping *m = NULL;
        struct errmsg why = {.text = ""};
        enum err e = mapping_load(bytes_str(cases[i].text), "m", &m, &why);
        if (e != ERR_CONFIG || strstr(why.text, cases[i].has) == NULL)
            fail_msg("case %zu: %d '%s', expected '%s'", i, e, why.text, cases[i].has);
        assert_null(m);
    }
}

static void every_type_has_its_name(void **state)
{
    (void)state;
    for (int t = IDENT_BSN; t < IDENT_TYPE_COUNT; t++) {
        char text[512];
        snprintf(text, sizeof text, "%s%sidentifiers: [{type: %s, column: a}]\n%s%s", HEAD,
                 CATEGORY, ident_type_id((enum ident_type)t), FIELDS, RULES);
        struct mapping *m = NULL;
        struct errmsg why = {.text = ""};
        if (mapping_load(bytes_str(text), "m", &m, &why) != ERR_OK)
            fail_msg("%s", why.text);
        assert_int_equal(m->identifiers[0].type, t);
        mapping_free(m);
    }
}

static void every_cut_is_taken_or_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct mapping *m = NULL;
        struct errmsg why = {.text = ""};
        if (mapping_load(bytes_of(good, n), "m", &m, &why) != ERR_OK)
            assert_true(m == NULL && why.text[0] != '\0');
        mapping_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_mapping_loads),          cmocka_unit_test(defaults_are_plain),
        cmocka_unit_test(bad_mappings_are_refused),      cmocka_unit_test(every_type_has_its_name),
        cmocka_unit_test(every_cut_is_taken_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
