/* Rows do not depend on how the bytes were chunked, and no cap is passed. */
#include <assert.h>
#include <stdlib.h>

#include "agent/source/jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A checksum over all events of one reading in chunks of n. */
static uint64_t read_in(struct bytes in, size_t n)
{
    const struct bytes columns[] = {bytes_str("a"), bytes_str("b")};
    struct jsonl *c = jsonl_new(columns, 2);
    if (c == NULL)
        abort();
    uint64_t sum = 1469598103934665603u;
    size_t at = 0;
    struct csv_row row;
    for (enum csv_event e = jsonl_next(c, &row); e != CSV_END; e = jsonl_next(c, &row)) {
        size_t take = in.len - at < n ? in.len - at : n;
        if (e == CSV_MORE && take == 0)
            jsonl_finish(c);
        else if (e == CSV_MORE)
            jsonl_feed(c, bytes_of(in.ptr + at, take));
        at += e == CSV_MORE ? take : 0;
        if (e == CSV_MORE)
            continue;
        assert(row.count == 2 || row.fault != CSV_FAULT_NONE);
        sum = (sum ^ row.number ^ (uint64_t)row.fault << 32 ^ row.fault_cell) * 1099511628211u;
        for (size_t i = 0; i < row.count; i++) {
            assert(row.cells[i].len <= CSV_CELL_MAX);
            for (size_t k = 0; k < row.cells[i].len; k++)
                sum = (sum ^ row.cells[i].ptr[k]) * 1099511628211u;
        }
    }
    jsonl_free(c);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    uint64_t whole = read_in(in, size + 1);
    assert(read_in(in, 1) == whole);
    assert(read_in(in, 13) == whole);
    return 0;
}
