/* Times from outside: what parses prints as the same moment, and its day holds it. */
#include <stdlib.h>

#include "proto/base/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    int64_t t = -1;
    if (when_parse(in, &t) != ERR_OK) {
        check(t == -1);
        return 0;
    }
    char text[WHEN_TEXT_SIZE];
    when_text(t, text);
    check(size == 10 || bytes_is(in, text));
    check(bytes_equal(in, bytes_of(text, size)));
    check((int64_t)when_day(t) * 86400 <= t && t < ((int64_t)when_day(t) + 1) * 86400);
    return 0;
}
