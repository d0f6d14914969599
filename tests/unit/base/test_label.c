#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/label.h"

#define MOST 256
#define LABEL_MAX 64

/* The labels as the table spells them, so that a new line of it is checked without a second list. */
static size_t read_table(char labels[MOST][LABEL_MAX])
{
    FILE *f = fopen(TEST_DATA "/../proto/base/label.h", "r");
    assert_non_null(f);
    char line[256];
    size_t n = 0;
    while (n < MOST && fgets(line, sizeof line, f) != NULL)
        n += sscanf(line, "#define LABEL_%*[A-Z0-9_] \"%63[^\"]\"", labels[n]) == 1;
    fclose(f);
    return n;
}

static void no_label_stands_twice(void **state)
{
    (void)state;
    static char labels[MOST][LABEL_MAX];
    size_t n = read_table(labels);
    assert_in_range(n, 10, MOST - 1);
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(labels[i], "sluis/", 6);
        assert_memory_not_equal(labels[i], "sluis/sig/", 10);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(labels[i], labels[j]);
    }
}

static void each_kind_of_signature_has_a_label_of_its_own(void **state)
{
    (void)state;
    for (int i = 1; i < SIGN_KIND_COUNT; i++) {
        const char *a = label_of_sign_kind((enum sign_kind)i);
        assert_non_null(a);
        assert_memory_equal(a, "sluis/sig/", 10);
        assert_string_equal(a + strlen(a) - 2, "/1");
        for (int j = 1; j < i; j++)
            assert_string_not_equal(a, label_of_sign_kind((enum sign_kind)j));
    }
    assert_string_equal(label_of_sign_kind(SIGN_CONSENT), "sluis/sig/consent/1");
    assert_null(label_of_sign_kind(SIGN_NONE));
    assert_null(label_of_sign_kind(SIGN_KIND_COUNT));
    assert_null(label_of_sign_kind((enum sign_kind)1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_label_stands_twice),
        cmocka_unit_test(each_kind_of_signature_has_a_label_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
