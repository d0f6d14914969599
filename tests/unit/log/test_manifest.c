/* proto/log/manifest: what is written is what is read; names that leave the folder, or come twice,
 * are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/log/manifest.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UPPER "00112233445566778899Aabbccddeeff00112233445566778899aabbccddeeff"

static void what_is_written_is_what_is_read(void **state)
{
    (void)state;
    static const char *const names[] = {"README.nl.txt", "checkpoint", "policies/0a.yaml",
                                        "proofs/000000000017.tlog-proof", "rows.jsonl"};
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    struct manifest_line line = {.name = ""};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct digest d = {{(uint8_t)i}};
        assert_int_equal(manifest_put(&text, names[i], &d), ERR_OK);
    }
    struct bytes rest = buf_bytes(&text);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(manifest_next(&rest, line.name, &line), ERR_OK);
        assert_string_equal(line.name, names[i]);
        assert_int_equal(line.digest.b[0], i);
    }
    assert_int_equal(manifest_next(&rest, line.name, &line), ERR_NOT_FOUND);
}

static void what_is_not_in_form_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        HEX "  a",       HEX " a\n",     HEX "  \n",     HEX "  /etc/passwd\n",
        HEX "  ../a\n",  HEX "  .a\n",   HEX "  a/.b\n", HEX "  a/../b\n",
        HEX "  a/b/c\n", HEX "  a/\n",   HEX "  a//b\n", HEX "  a b\n",
        HEX "  a\tb\n",  HEX "  a\\b\n", HEX "  b_c\n",  "x" HEX "  a\n",
        "a\n",           "\n",           HEX "   a\n",   "zz" HEX "  a\n",
        UPPER "  a\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct manifest_line line = {.name = ""};
        struct bytes rest = bytes_str(bad[i]);
        const enum err e = manifest_next(&rest, "", &line);
        if (e != ERR_INVALID)
            fail_msg("%s: %s", bad[i], err_text(e));
        assert_true(rest.len == strlen(bad[i]));
    }
}

static void names_ascend(void **state)
{
    (void)state;
    struct manifest_line line = {.name = ""};
    struct bytes twice = bytes_str(HEX "  a\n" HEX "  a\n");
    assert_int_equal(manifest_next(&twice, line.name, &line), ERR_OK);
    assert_int_equal(manifest_next(&twice, line.name, &line), ERR_INVALID);
    struct bytes back = bytes_str(HEX "  b\n" HEX "  a\n");
    line.name[0] = '\0';
    assert_int_equal(manifest_next(&back, line.name, &line), ERR_OK);
    assert_int_equal(manifest_next(&back, line.name, &line), ERR_INVALID);
}

static void a_name_out_of_form_is_not_written(void **state)
{
    (void)state;
    char longest[MANIFEST_NAME_SIZE + 1];
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    const struct digest d = {{0}};
    memset(longest, 'a', sizeof longest);
    longest[MANIFEST_NAME_SIZE] = '\0';
    assert_int_equal(manifest_put(&text, longest, &d), ERR_INVALID);
    assert_int_equal(manifest_put(&text, longest + 1, &d), ERR_OK);
    assert_int_equal(manifest_put(&text, "a/../b", &d), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_is_read),
        cmocka_unit_test(what_is_not_in_form_is_refused),
        cmocka_unit_test(names_ascend),
        cmocka_unit_test(a_name_out_of_form_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
