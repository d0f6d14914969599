/* What every test of proto/log includes. */
#ifndef SLUIS_TEST_LOG_H
#define SLUIS_TEST_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki/digest.h"
#include "proto/base/text.h"

/* Checks that e is ERR_OK and says what it is otherwise. */
#define assert_ok(e) assert_string_equal(err_text(e), err_text(ERR_OK))
#define assert_err(e, want) assert_string_equal(err_text(e), err_text(want))

/* The value i as a 32-byte entry. */
static inline struct digest test_value(uint64_t i)
{
    struct digest d;
    const struct bytes part = bytes_of(&i, sizeof i);
    assert_ok(digest_sha256(&part, 1, &d));
    return d;
}

#endif
