/* proto/conf/yaml and yaml_tree: what a file may look like, and where each fault is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <cyaml/cyaml.h>

#include "proto/conf/yaml.h"

enum colour { RED = 1, GREEN };
struct item {
    int32_t number;
    char *id;
};
struct top {
    uint16_t small;
    bool flag;
    enum colour colour;
    struct item *items;
    uint32_t items_count;
};

static const cyaml_strval_t colours[] = {{"red", RED}, {"green", GREEN}};
static const cyaml_schema_field_t item_fields[] = {
    CYAML_FIELD_INT("number", CYAML_FLAG_DEFAULT, struct item, number),
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct item, id, 1, 8),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t item_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct item, item_fields)};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_UINT("small", CYAML_FLAG_DEFAULT, struct top, small),
    CYAML_FIELD_BOOL("flag", CYAML_FLAG_OPTIONAL, struct top, flag),
    CYAML_FIELD_ENUM("colour", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct top, colour, colours,
                     CYAML_ARRAY_LEN(colours)),
    CYAML_FIELD_SEQUENCE("items", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct top, items,
                         &item_schema, 0, 3),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct top, top_fields)};

static struct yaml_source source_of(const char *text)
{
    return (struct yaml_source){.text = bytes_str(text), .name = "f", .max_bytes = 1 << 20};
}

struct bad_case {
    const char *text;
    enum err err;
    const char *starts; /* of the message */
};

static void bad_files_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct bad_case cases[] = {
        {"", ERR_INVALID, "f:1:1: the file is empty"},
        {"# only a comment\n", ERR_INVALID, "f:1:1: the file is empty"},
        {"small: 1\nbogus: 2\n", ERR_UNKNOWN, "f:2:1: 'bogus': unknown key"},
        {"small: 1\nsmall: 1\n", ERR_DUPLICATE, "f:2:1: key 'small' stands twice (line 1)"},
        {"flag: true\n", ERR_NOT_FOUND, "f:1:1: the key 'small' is missing here"},
        {"small: x\n", ERR_INVALID, "f:1:1: 'small': expected a whole decimal number"},
        {"small: 0x10\n", ERR_INVALID, "f:1:1: 'small': expected a whole"},
        {"small: 010\n", ERR_INVALID, "f:1:1: 'small': expected a whole"},
        {"small: -1\n", ERR_INVALID, "f:1:1: 'small': expected a whole"},
        {"small:\n", ERR_INVALID, "f:1:1: 'small': expected a whole"},
        {"small: 65536\n", ERR_RANGE, "f:1:1: 'small': the number is too large"},
        {"small: [1]\n", ERR_INVALID, "f:1:1: 'small': a list is not expected here"},
        {"small: {a: 1}\n", ERR_INVALID, "f:1:1: 'small': keys with values are not expected"},
        {"small: 1\nflag: maybe\n", ERR_INVALID, "f:2:1: 'flag': expected true or false"},
        {"small: 1\nflag: yes\n", ERR_INVALID, "f:2:1: 'flag': expected true or false"},
        {"small: 1\ncolour: blue\n", ERR_UNKNOWN,
         "f:2:1: unknown value 'blue', expected one of red, green"},
        {"small: 1\ncolour: 1\n", ERR_UNKNOWN, "f:2:1: unknown value '1'"},
        {"small: 1\nitems: 5\n", ERR_INVALID, "f:2:1: 'items': expected a list"},
        {"small: 1\nitems:\n- number: 1\n  id: ninechars\n", ERR_RANGE,
         "f:4:3: 'id': the text is too long"},
        {"small: 1\nitems:\n- number: 1\n  id: ''\n", ERR_RANGE,
         "f:4:3: 'id': the text is too short"},
        {"small: 1\nitems:\n- id: a\n", ERR_NOT_FOUND, "f:3:3: the key 'number' is missing here"},
        {"small: 1\nitems:\n- {number: 1, id: a, zz: {b: c}}\n", ERR_UNKNOWN,
         "f:3:22: 'zz': unknown key"},
        {"small: 1\nitems: [{number: 1, id: a},{number: 1, id: a},{number: 1, id: a},{}]\n",
         ERR_RANGE, "f:2:1: 'items': the list has too many items"},
        {"- 1\n", ERR_INVALID, "f:1:1: value: a list is not expected here"},
        {"text\n", ERR_INVALID, "f:1:1: value: expected keys with values"},
        {"small: &a 1\n", ERR_INVALID, "f:1:8: anchors"},
        {"small: *a\n", ERR_INVALID, "f:1:8: aliases"},
        {"small: !!int 1\n", ERR_INVALID, "f:1:8: tags"},
        {"items: !x [1]\n", ERR_INVALID, "f:1:8: tags"},
        {"%YAML 1.1\n---\nsmall: 1\n", ERR_INVALID, "f:1:1: directives"},
        {"small: 1\n---\nsmall: 2\n", ERR_INVALID, "f:2:1: more than one document"},
        {"? [a]\n: 1\n", ERR_INVALID, "f:1:3: a key must be text"},
        {"small: \"\\0\"\n", ERR_INVALID, "f:1:8: NUL or invalid UTF-8"},
        {"small: [1\n", ERR_INVALID, "f:2:1: "},
        {"small: \xff\n", ERR_INVALID, "f: not UTF-8"},
        {"<<: 1\nsmall: 1\n", ERR_UNKNOWN, "f:1:1: '<<': unknown key"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        void *out = NULL;
        struct errmsg why = {.text = ""};
        struct yaml_source src = source_of(cases[i].text);
        enum err e = yaml_load(&src, &schema, &out, NULL, &why);
        if (e != cases[i].err || strncmp(why.text, cases[i].starts, strlen(cases[i].starts)) != 0)
            fail_msg("case %zu: %d '%s', expected %d '%s'", i, e, why.text, cases[i].err,
                     cases[i].starts);
        assert_null(out);
    }
}

static const char good[] = "small: 7\n"
                           "flag: true\n"
                           "colour: green\n"
                           "items:\n"
                           "  - id: a.b\n"
                           "    number: -5\n"
                           "  - {id: c, number: 6}\n";

static void a_good_file_loads_with_places(void **state)
{
    (void)state;
    struct yaml_source src = source_of(good);
    struct errmsg why;
    void *out = NULL;
    struct yaml_tree *tree = NULL;
    assert_int_equal(yaml_load(&src, &schema, &out, &tree, &why), ERR_OK);
    const struct top *top = out;
    assert_int_equal(top->small, 7);
    assert_true(top->flag);
    assert_int_equal(top->colour, GREEN);
    assert_int_equal(top->items_count, 2);
    assert_int_equal(top->items[0].number, -5);
    assert_string_equal(top->items[1].id, "c");
    assert_int_equal(yaml_tree_line(tree, "items[a.b].number"), 6);
    assert_int_equal(yaml_tree_line(tree, "items[1].id"), 7);
    assert_int_equal(yaml_tree_line(tree, "items[c].gone[3].far"), 7);
    assert_int_equal(yaml_tree_line(tree, "nowhere"), 1);
    assert_null(yaml_tree_find(tree, "items[9]"));
    assert_null(yaml_tree_find(tree, "small[0]"));
    assert_string_equal((const char *)yaml_tree_find(tree, "items[0].id")->text.ptr, "a.b");
    yaml_tree_free(tree);
    yaml_unload(&schema, out);
}

struct inner {
    char text[4];
};
struct wide {
    int8_t one;
    int16_t two;
    int64_t eight;
    uint64_t most;
    bool flag;
    char text[5];
    struct inner in;
    struct inner *out;
    struct inner *none;
    char **words;
    uint8_t words_count;
    struct inner *empty;
    uint32_t empty_count;
    int32_t after;
};

static const cyaml_schema_field_t inner_fields[] = {
    CYAML_FIELD_STRING("text", CYAML_FLAG_DEFAULT, struct inner, text, 0), CYAML_FIELD_END};
static const cyaml_schema_value_t inner_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct inner, inner_fields)};
static const cyaml_schema_value_t word_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, 8)};
static const cyaml_schema_field_t wide_fields[] = {
    CYAML_FIELD_INT("one", CYAML_FLAG_DEFAULT, struct wide, one),
    CYAML_FIELD_INT("two", CYAML_FLAG_DEFAULT, struct wide, two),
    CYAML_FIELD_INT("eight", CYAML_FLAG_DEFAULT, struct wide, eight),
    CYAML_FIELD_UINT("most", CYAML_FLAG_DEFAULT, struct wide, most),
    CYAML_FIELD_BOOL("flag", CYAML_FLAG_DEFAULT, struct wide, flag),
    CYAML_FIELD_STRING("text", CYAML_FLAG_DEFAULT, struct wide, text, 0),
    CYAML_FIELD_MAPPING("in", CYAML_FLAG_DEFAULT, struct wide, in, inner_fields),
    CYAML_FIELD_MAPPING_PTR("out", CYAML_FLAG_POINTER, struct wide, out, inner_fields),
    CYAML_FIELD_MAPPING_PTR("none", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct wide, none,
                            inner_fields),
    CYAML_FIELD_SEQUENCE("words", CYAML_FLAG_POINTER, struct wide, words, &word_schema, 0, 9),
    CYAML_FIELD_SEQUENCE("empty", CYAML_FLAG_POINTER, struct wide, empty, &inner_schema, 0, 9),
    CYAML_FIELD_IGNORE("ignored", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_INT("after", CYAML_FLAG_DEFAULT, struct wide, after),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t wide_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct wide, wide_fields)};

static void check_wide(const struct wide *w)
{
    assert_int_equal(w->one, -127);
    assert_int_equal(w->two, -2);
    assert_true(w->eight == INT64_MIN + 1);
    assert_true(w->most == UINT64_MAX);
    assert_true(w->flag);
    assert_string_equal(w->text, "four");
    assert_string_equal(w->in.text, "abc");
    assert_string_equal(w->out->text, "");
    assert_null(w->none);
    assert_int_equal(w->words_count, 3);
    assert_string_equal(w->words[0], "x");
    assert_string_equal(w->words[1], "");
    assert_string_equal(w->words[2], "eight ch");
    assert_null(w->empty);
    assert_int_equal(w->empty_count, 0);
    assert_int_equal(w->after, 2147483647);
}

/* What libcyaml itself makes of the same file is the same, member for member. */
static void every_value_lands_where_the_schema_says(void **state)
{
    (void)state;
    static const char text[] = "most: 18446744073709551615\n"
                               "one: -127\n"
                               "two: -2\n"
                               "eight: -9223372036854775807\n"
                               "flag: true\n"
                               "text: four\n"
                               "in: {text: abc}\n"
                               "out: {text: ''}\n"
                               "words: [x, '', eight ch]\n"
                               "empty: []\n"
                               "ignored: {a: [1, {b: c}]}\n"
                               "after: 2147483647\n";
    const cyaml_config_t config = {.mem_fn = cyaml_mem};
    struct yaml_source src = source_of(text);
    struct errmsg why = {.text = ""};
    void *out = NULL;
    cyaml_data_t *theirs = NULL;
    if (yaml_load(&src, &wide_schema, &out, NULL, &why) != ERR_OK)
        fail_msg("%s", why.text);
    check_wide(out);
    assert_int_equal(cyaml_load_data((const uint8_t *)text, sizeof text - 1, &config, &wide_schema,
                                     &theirs, NULL),
                     CYAML_OK);
    check_wide(theirs);
    yaml_unload(&wide_schema, theirs);
    yaml_unload(&wide_schema, out);
}

static void every_cut_of_a_good_file_is_taken_or_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct yaml_source src = {bytes_of(good, n), "f", 4096};
        void *out = NULL;
        struct errmsg why = {.text = ""};
        if (yaml_load(&src, &schema, &out, NULL, &why) != ERR_OK) {
            assert_null(out);
            assert_true(why.text[0] != '\0');
        }
        yaml_unload(&schema, out);
    }
}

static void sizes_and_depths_are_capped(void **state)
{
    (void)state;
    struct errmsg why;
    struct yaml_tree *tree = NULL;
    struct yaml_source src = {bytes_str("small: 1\n"), "f", 8};
    assert_int_equal(yaml_tree_parse(&src, &tree, &why), ERR_TOO_LARGE);
    src.max_bytes = 9;
    assert_int_equal(yaml_tree_parse(&src, &tree, &why), ERR_OK);
    yaml_tree_free(take(tree));
    char deep[80] = "";
    for (unsigned depth = 31; depth <= 33; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        deep[2 * depth] = '\0';
        src = source_of(deep);
        assert_int_equal(yaml_tree_parse(&src, &tree, &why),
                         depth <= YAML_MAX_DEPTH ? ERR_OK : ERR_TOO_LARGE);
        yaml_tree_free(take(tree));
    }
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    size_t n = 1 + 2 * ((size_t)YAML_MAX_VALUES + 8);
    char *text = malloc(n);
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 1; i < n; i += 2)
        memcpy(text + i, "1,", 2);
    struct yaml_source src = {bytes_of(text, n), "f", YAML_MAX_BYTES};
    struct yaml_tree *tree = NULL;
    struct errmsg why;
    assert_int_equal(yaml_tree_parse(&src, &tree, &why), ERR_TOO_LARGE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_refused_with_their_place),
        cmocka_unit_test(a_good_file_loads_with_places),
        cmocka_unit_test(every_value_lands_where_the_schema_says),
        cmocka_unit_test(every_cut_of_a_good_file_is_taken_or_refused),
        cmocka_unit_test(sizes_and_depths_are_capped),
        cmocka_unit_test(too_many_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
