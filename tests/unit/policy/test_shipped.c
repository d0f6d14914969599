/* Each policy of docs/policies: it loads, its own tests pass, check finds no error, and its
 * compiled form is the snapshot in tests/vectors, so that no change of meaning goes unseen. To
 * renew one: sluis-policy dump FILE > tests/vectors/policy_NAME.txt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/dump.h"
#include "proto/policy/findings.h"
#include "proto/policy/selftest.h"
#include "tests/unit/policy/policy_text.h"

#define AT 1780300800 /* 2026-06-01 */
#define SNAPSHOT_MAX ((size_t)1 << 20)

/* Its name without ".yaml". */
static struct name name_of(const char *path)
{
    const char *base = strrchr(path, '/') + 1;
    struct name n;
    assert_int_equal(name_parse(bytes_of(base, strlen(base) - strlen(".yaml")), &n), ERR_OK);
    return n;
}

static void no_error(void *ctx, const struct finding *f)
{
    const struct name *n = ctx;
    if (f->severity == SEVERITY_ERROR)
        fail_msg("%s: %s: %s [%s]", n->s, f->path, f->text, f->code);
}

static void check_tests(const struct name *n, const struct policy *p)
{
    static struct decision d;
    assert_true(p->tests_count > 0);
    for (uint32_t i = 0; i < p->tests_count; i++) {
        if (!selftest_run(p, &p->tests[i], &d))
            fail_msg("%s: test '%s' fails", n->s, p->tests[i].name);
    }
}

static void check_snapshot(const struct name *n, const struct policy *p)
{
    static char was[SNAPSHOT_MAX];
    char path[256];
    struct buf is = buf_new(SNAPSHOT_MAX);
    dump_policy(&is, p);
    assert_int_equal(buf_err(&is), ERR_OK);
    snprintf(path, sizeof path, "%s/vectors/policy_%s.txt", TEST_DATA, n->s);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail_msg("no snapshot %s", path);
    const size_t len = fread(was, 1, sizeof was, in);
    fclose(in);
    if (!bytes_equal(bytes_of(was, len), buf_bytes(&is)))
        fail_msg("%s differs from tests/vectors/policy_%s.txt", n->s, n->s);
    buf_free(&is);
}

static void check_policy(const char *path)
{
    static struct policy_text text;
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    struct name n = name_of(path);
    char file[NAME_MAX_BYTES + 8];
    snprintf(file, sizeof file, "%s.yaml", n.s);
    policy_text_read_file(&text, file);
    if (policy_file_load(bytes_of(text.text, text.len), file, &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    check_tests(&n, policy_file_policy(f));
    assert_int_equal(policy_findings(policy_file_policy(f), AT, no_error, &n), ERR_OK);
    check_snapshot(&n, policy_file_policy(f));
    policy_file_free(f);
}

static void test_every_shipped_policy_holds(void **state)
{
    (void)state;
    glob_t found = {.gl_pathc = 0};
    assert_int_equal(glob(TEST_DATA "/../docs/policies/*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 2);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_policy(found.gl_pathv[i]);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_shipped_policy_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
