/* First byte: the type; then the parts, each ended by the byte 1F. What is accepted must be a fixed
 * point, and a refusal must have a reason. */
#include <stdlib.h>

#include "proto/ident/ident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct raw_ident split(const uint8_t *data, size_t size)
{
    struct raw_ident raw = {.type = (enum ident_type)(data[0] % (IDENT_TYPE_COUNT + 1))};
    const uint8_t *start = data + 1;
    const uint8_t *end = data + size;
    while (raw.count < IDENT_PARTS_MAX) {
        const uint8_t *stop = start;
        while (stop < end && *stop != 0x1f)
            stop++;
        raw.part[raw.count++] = bytes_of(start, (size_t)(stop - start));
        if (stop == end)
            break;
        start = stop + 1;
    }
    return raw;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct raw_ident raw = split(data, size);
    struct norm_ident id;
    struct ident_report report;
    enum err e = ident_normalise(&raw, &id, &report);
    if (e == ERR_OK) {
        struct norm_ident again;
        require(report.reason == IDENT_REASON_NONE && report.cls != IDENT_CLASS_NONE);
        require(id.len > 0 && bytes_is_utf8(ident_value(&id)));
        require(ident_from_canonical(id.type, ident_value(&id), &again) == ERR_OK);
        require(ident_equal(&id, &again));
    } else {
        require(e == ERR_UNKNOWN || e == ERR_INVALID);
        require(e == ERR_UNKNOWN || report.reason != IDENT_REASON_NONE);
    }
    return 0;
}
