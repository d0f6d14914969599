/* The shipped policies and the questions of their tests, changed as the bytes say: the evaluator
 * must answer what the reference answers, for each role. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/policy_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct compared c;
    if (c.count == 0)
        compared_open(&c);
    struct buf why = buf_new(1 << 16);
    if (!compared_agree(&c, bytes_of(data, size), &why)) {
        fputs(buf_text(&why), stderr);
        abort();
    }
    buf_free(&why);
    return 0;
}
