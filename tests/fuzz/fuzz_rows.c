/* Any bytes under a fixed mapping: records keep their promises, counts add up. */
#include <assert.h>
#include <stdlib.h>

#include "agent/source/row_reader.h"
#include "pki/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    "schema: 1\nsource: {format: csv, delimiter: ';', encoding: windows-1252, decimal: ',', "
    "trailer: "
    "{marker: T, count_column: 2}}\nnull_tokens: [x]\nrecord_key: k\ncategory: {column: c, values: "
    "[{from: A, category: a}]}\nidentifiers: [{type: bsn, column: b}, {type: postcode_huisnr, "
    "parts: "
    "[{part: postcode, column: p}, {part: huisnummer, column: h}]}]\nfields: [{name: d, column: d, "
    "kind: date, dates: [dd-mm-yyyy], category: a}, {name: n, column: n, kind: number, category: "
    "a}]\nrules: [r]\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mapping *m = NULL;
    struct errmsg why = {.text = ""};
    if (mapping_load(bytes_of(text, sizeof text - 1), "m", &m, &why) != ERR_OK)
        abort();
    struct row_reader_params p = {.mapping = m, .sha256 = digest_sha256};
    struct row_reader *r = row_reader_new(&p);
    if (r == NULL)
        abort();
    row_reader_feed(r, bytes_of(data, size));
    row_reader_finish(r);
    enum row_event event = ROW_RECORD;
    enum err bad = ERR_OK;
    uint64_t records = 0;
    while (bad == ERR_OK && event == ROW_RECORD) {
        struct row_record rec;
        bad = row_reader_next(r, &event, &rec, &why);
        if (bad != ERR_OK || event != ROW_RECORD)
            continue;
        records++;
        assert(rec.identifiers_count > 0 && rec.fields_count == 2);
        assert(rec.key.len > 0 && rec.key.len <= ROW_KEY_MAX && bytes_is_utf8(rec.key));
    }
    const struct row_counts *counts = row_reader_counts(r);
    uint64_t rejected = 0;
    for (size_t i = 0; i < ROW_REASON_COUNT; i++)
        rejected += counts->rejected[i];
    assert(counts->accepted == records && counts->rows == records + rejected);
    row_reader_free(r);
    mapping_free(m);
    return 0;
}
