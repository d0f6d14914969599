/* Nothing of a tree stays in memory that was freed. The linker leads each free of this program through __wrap_free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <malloc.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/json/doc.h"

#define SECRET "5e1f0d5e1f0d5e1f0d5e1f0d5e1f0d5e1f0d5e1f0d5e1f0d5e1f0d5e1f0d5e1f"

static bool is_watching;
static size_t freed;
static size_t with_secret;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p)
{
    if (is_watching && p != NULL) {
        freed++;
        with_secret += memmem(p, malloc_usable_size(p), SECRET, 16) != NULL;
    }
    __real_free(p);
}

static void what_was_parsed_is_wiped(void **state)
{
    (void)state;
    struct doc *d = NULL;
    struct bytes text;
    is_watching = true;
    assert_int_equal(doc_parse(bytes_str("{\"ok\":{\"key\":\"" SECRET "\"}}"), 4096, &d, NULL), ERR_OK);
    const struct doc *ok = NULL;
    assert_int_equal(doc_get_object(d, "ok", &ok, NULL), ERR_OK);
    assert_int_equal(doc_get_text(ok, "key", sizeof SECRET, &text, NULL), ERR_OK);
    assert_true(bytes_is(text, SECRET));
    doc_free(d);
    is_watching = false;
    assert_true(freed > 3);
    assert_int_equal(with_secret, 0);
}

static void what_was_refused_is_wiped(void **state)
{
    (void)state;
    struct doc *d = NULL;
    is_watching = true;
    freed = 0;
    assert_int_not_equal(doc_parse(bytes_str("{\"key\":\"" SECRET "\"]"), 4096, &d, NULL), ERR_OK);
    is_watching = false;
    assert_true(freed > 0);
    assert_int_equal(with_secret, 0);
}

static void what_was_built_is_wiped(void **state)
{
    (void)state;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    is_watching = true;
    freed = 0;
    doc_put_text(&b, "key", bytes_str(SECRET));
    assert_int_equal(doc_build_done(&b), ERR_OK);
    doc_free(d);
    is_watching = false;
    assert_true(freed > 0);
    assert_int_equal(with_secret, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_parsed_is_wiped),
        cmocka_unit_test(what_was_refused_is_wiped),
        cmocka_unit_test(what_was_built_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
