/* agent/source/row_reader: what a messy export becomes, what is told about the rest, and that no
 * value ever stands in what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/source/row_reader.h"
#include "pki/digest.h"

static const char plain[] =
    "schema: 1\nsource: {format: csv, delimiter: ';', encoding: iso-8859-1, decimal: ','}\n"
    "null_tokens: [NULL]\nrecord_key: nr\n"
    "category: {column: soort, values: [{from: A, category: aa}, {from: B, category: bb}]}\n"
    "identifiers:\n- {type: bsn, column: BSN}\n- {type: bsn, column: BSN2}\n"
    "- {type: postcode_huisnr, parts: [{part: postcode, column: PC}, {part: huisnummer, column: "
    "Huis}]}\n"
    "fields:\n"
    "- {name: datum, column: Datum, kind: date, dates: [yyyymmdd, dd-mm-yyyy], category: c}\n"
    "- {name: bedrag, column: Bedrag, kind: number, category: c}\n"
    "- {name: naam, column: Naam, kind: text, category: c, required: true}\n"
    "rules: [r]\n";
#define HEADER "nr;soort;BSN;BSN2;PC;Huis;Datum;Bedrag;Naam\n"

static void add_reject(void *ctx, const struct reject *r)
{
    reject_report_line(ctx, r);
}

struct run {
    struct buf records;
    struct buf rejects;
    struct row_counts counts;
    struct errmsg why;
};

static void add_record(struct buf *out, const struct row_record *rec)
{
    buf_printf(out, "%u ", (unsigned)rec->row);
    buf_put(out, rec->key);
    buf_printf(out, " %s", rec->category->s);
    for (size_t i = 0; i < rec->identifiers_count; i++) {
        buf_printf(out, " %s=", ident_type_id(rec->identifiers[i].type));
        buf_put(out, ident_value(&rec->identifiers[i]));
    }
    for (size_t i = 0; i < rec->fields_count; i++) {
        buf_put_u8(out, '|');
        buf_put(out, rec->fields[i]);
    }
    buf_put_u8(out, '\n');
}

/* Reads input under a mapping in chunks of 7 bytes. */
static enum err run_source(const char *mapping, struct bytes input, struct run *run)
{
    CLEANUP(cleanup_mapping_free) struct mapping *m = NULL;
    run->records = buf_new(1 << 20);
    run->rejects = buf_new(1 << 20);
    run->why.text[0] = '\0';
    if (mapping_load(bytes_str(mapping), "m", &m, &run->why) != ERR_OK)
        fail_msg("%s", run->why.text);
    struct row_reader_params p = {
        .mapping = m, .sha256 = digest_sha256, .reject = add_reject, .ctx = &run->rejects};
    CLEANUP(cleanup_row_reader_free) struct row_reader *r = row_reader_new(&p);
    assert_non_null(r);
    enum err bad = ERR_OK;
    enum row_event event = ROW_MORE;
    size_t at = 0;
    while (bad == ERR_OK && event != ROW_END) {
        struct row_record rec;
        bad = row_reader_next(r, &event, &rec, &run->why);
        if (bad == ERR_OK && event == ROW_RECORD)
            add_record(&run->records, &rec);
        if (bad != ERR_OK || event != ROW_MORE)
            continue;
        size_t n = input.len - at < 7 ? input.len - at : 7;
        if (n == 0)
            row_reader_finish(r);
        else
            row_reader_feed(r, bytes_of(input.ptr + at, n));
        at += n;
    }
    run->counts = *row_reader_counts(r);
    return bad;
}

static void free_run(struct run *run)
{
    buf_free(&run->records);
    buf_free(&run->rejects);
}

static void expect(const char *mapping, const char *input, const char *records, const char *rejects)
{
    CLEANUP(free_run) struct run run;
    if (run_source(mapping, bytes_str(input), &run) != ERR_OK)
        fail_msg("%s", run.why.text);
    assert_string_equal(buf_text(&run.records), records);
    assert_string_equal(buf_text(&run.rejects), rejects);
}

static void good_rows_become_records(void **state)
{
    (void)state;
    expect(plain,
           HEADER "k1;A;9999.90.019;;3511 ab;12;01-02-2024;1.234,50;Andr\xe9\n"
                  " k2 ; B ;NULL;999993653;;;20240203;-0,5; x \n",
           "2 k1 aa bsn=999990019 postcode_huisnr=3511AB/12//|2024-02-01|1234.50|Andr\xc3\xa9\n"
           "3 k2 bb bsn=999993653|2024-02-03|-0.5|x\n",
           "");
}

static const char lines[] =
    "schema: 1\nsource: {format: jsonl, encoding: utf-8}\nrecord_key: nr\n"
    "category: {constant: aa}\nidentifiers: [{type: bsn, column: BSN}]\n"
    "fields:\n"
    "- {name: bedrag, column: Bedrag, kind: number, category: c}\n"
    "- {name: actief, column: Actief, kind: bool, category: c}\n"
    "- {name: naam, column: Naam, kind: text, category: c}\n"
    "rules: [r]\n";

static void json_lines_become_records(void **state)
{
    (void)state;
    expect(lines,
           "\xef\xbb\xbf{\"nr\": 1, \"BSN\": \"9999.90.019\", \"Bedrag\": 12.5, \"Actief\": true, "
           "\"Naam\": \"Andr\xc3\xa9\", \"anders\": [1]}\r\n"
           "\n"
           "{\"BSN\": 999993653, \"nr\": \"k2\", \"Bedrag\": null}\n",
           "1 1 aa bsn=999990019|12.5|true|Andr\xc3\xa9\n"
           "3 k2 aa bsn=999993653|||\n",
           "");
}

static void a_line_that_is_no_flat_object_is_told(void **state)
{
    (void)state;
    expect(lines,
           "{\"nr\": 1, \"BSN\": [999990019]}\n"
           "[1]\n"
           "{\"nr\": 2, \"nr\": 3, \"BSN\": 999990019}\n"
           "{\"nr\": 4, \"BSN\": 999990019}\n"
           "{\"nr\": 5, \"BSN\"\n",
           "4 4 aa bsn=999990019|||\n",
           "1,\"\",not_json,row\r\n2,\"\",not_json,row\r\n3,\"\",not_json,row\r\n"
           "5,\"\",not_json,row\r\n");
}

static void json_lines_that_are_cut_off_are_seen(void **state)
{
    (void)state;
    static const char *const inputs[] = {"{\"nr\": 1, \"BSN\": 999990019}\n{\"nr\"",
                                         "{\"nr\": 1, \"BSN\": 999990019}"};
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        CLEANUP(free_run) struct run run;
        assert_int_equal(run_source(lines, bytes_str(inputs[i]), &run), ERR_OK);
        assert_true(run.counts.is_cut_off);
    }
    CLEANUP(free_run) struct run empty;
    assert_int_equal(run_source(lines, bytes_str("\n \n"), &empty), ERR_INVALID);
    assert_non_null(strstr(empty.why.text, "empty"));
}

struct reject_case {
    const char *row;
    const char *reject;
};

static void each_fault_is_told_without_its_value(void **state)
{
    (void)state;
    static const struct reject_case cases[] = {
        {"k;A;999990019;;;;;;n\n", ""},
        {"k;A;999990018;999993653;;;;;n\n", "2,\"BSN\",check_failed,identifier\r\n"},
        {"k;A;x;;3511AB;0;;;n\n",
         "2,\"BSN\",bad_character,identifier\r\n"
         "2,\"Huis\",all_zero,identifier\r\n2,\"\",no_identifier,row\r\n"},
        {"k;A;;;;;;;n\n", "2,\"\",no_identifier,row\r\n"},
        {";A;999990019;;;;;;n\n", "2,\"nr\",empty_key,row\r\n"},
        {"k;C;999990019;;;;;;n\n", "2,\"soort\",unknown_category,row\r\n"},
        {"k;;999990019;;;;;;n\n", "2,\"soort\",unknown_category,row\r\n"},
        {"k;A;999990019;;;;;;\n", "2,\"Naam\",missing_field,row\r\n"},
        {"k;A;999990019;;;;30-02-2024;;n\n", "2,\"Datum\",bad_date,field\r\n"},
        {"k;A;999990019;;;;;1,2,3;n\n", "2,\"Bedrag\",bad_number,field\r\n"},
        {"k;A;999990019;;;;;n\n", "2,\"\",column_count,row\r\n"},
        {"k;A;999990019;;;;;;n;\n", "2,\"\",column_count,row\r\n"},
        {"k;A;999990019;;;;;;n", "2,\"\",cut_off,row\r\n"},
        {"k;A;99999\"0019;;;;;;n\n", "2,\"BSN\",stray_quote,row\r\n"},
        {"k;A;\"999990019;;;;;;n\n", "2,\"BSN\",unclosed_quote,row\r\n"},
        {"k;A;999990019;;;;;;n\rx\n", "2,\"Naam\",bad_line_end,row\r\n"},
        {"k;A;999990019;;;;;;n\nk;B;999993653;;;;;;n\n", "3,\"nr\",duplicate_key,row\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(free_run) struct run run;
        CLEANUP(buf_free) struct buf in = buf_new(4096);
        buf_put_str(&in, HEADER);
        buf_put_str(&in, cases[i].row);
        assert_int_equal(run_source(plain, buf_bytes(&in), &run), ERR_OK);
        if (strcmp(buf_text(&run.rejects), cases[i].reject) != 0)
            fail_msg("case %zu: %s", i, buf_text(&run.rejects));
        assert_null(strstr(buf_text(&run.rejects), "99999"));
    }
}

static void types_are_counted(void **state)
{
    (void)state;
    CLEANUP(free_run) struct run run;
    assert_int_equal(run_source(plain,
                                bytes_str(HEADER "a;A;999990019;9999.90.019;;;;;n\n"
                                                 "b;A;999993653;999990018;;;;;n\n"
                                                 "c;A;9999.93.653;;;;;;n\n"),
                                &run),
                     ERR_OK);
    const struct type_counts *bsn = &run.counts.types[IDENT_BSN];
    assert_int_equal(run.counts.rows, 3);
    assert_int_equal(run.counts.accepted, 3);
    assert_int_equal(bsn->read, 5);
    assert_int_equal(bsn->accepted, 3);
    assert_int_equal(bsn->normalised, 1);
    assert_int_equal(bsn->duplicates, 1);
    assert_int_equal(bsn->rejected[IDENT_REASON_CHECK_FAILED], 1);
    assert_false(run.counts.is_cut_off);
}

static void sources_as_a_whole_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        size_t len;
        enum err err;
        const char *has;
    } cases[] = {
        {"", 0, ERR_INVALID, "empty"},
        {"\n\n", 0, ERR_INVALID, "empty"},
        {"nr;soort;BSN\n", 0, ERR_NOT_FOUND, "the column 'BSN2' is missing"},
        {"nr,soort\n", 0, ERR_NOT_FOUND, "the column 'nr' is missing in the source (it has 1"},
        {"nr;nr;soort\n", 0, ERR_DUPLICATE, "the column 'nr' stands twice"},
        {"n\0r\0\n", 6, ERR_INVALID, "nul_byte (is it UTF-16?)"},
        {"nr;\"soort\n", 0, ERR_INVALID, "unclosed_quote"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(free_run) struct run run;
        size_t len = cases[i].len > 0 ? cases[i].len : strlen(cases[i].input);
        assert_int_equal(run_source(plain, bytes_of(cases[i].input, len), &run), cases[i].err);
        if (strstr(run.why.text, cases[i].has) == NULL)
            fail_msg("case %zu: %s", i, run.why.text);
    }
}

#define SMALL(source)                                                                              \
    "schema: 1\nsource: {format: csv, delimiter: ',', encoding: utf-8" source "}\n"                \
    "record_key: nr\ncategory: {constant: c}\nidentifiers: [{type: bsn, column: BSN, required: "   \
    "true}]\nfields: []\nrules: [r]\n"

static bool is_cut_off(const char *mapping, const char *input, uint64_t accepted)
{
    CLEANUP(free_run) struct run run;
    assert_int_equal(run_source(mapping, bytes_str(input), &run), ERR_OK);
    assert_int_equal(run.counts.accepted, accepted);
    return run.counts.is_cut_off;
}

static void a_cut_source_is_seen(void **state)
{
    (void)state;
    static const char trailer[] = SMALL(", trailer: {marker: TOTAAL, count_column: 2}");
    assert_false(is_cut_off(SMALL(""), "nr,BSN\na,999990019\n", 1));
    assert_true(is_cut_off(SMALL(""), "nr,BSN\na,999990019\nb,9999", 1));
    assert_true(is_cut_off(SMALL(""), "nr,BSN\na,999990019\n\"b,9999\n", 1));
    assert_false(is_cut_off(SMALL(", final_newline_optional: true"), "nr,BSN\na,999990019", 1));
    assert_true(is_cut_off(SMALL(", final_newline_optional: true"), "nr,BSN\na,999990019\nb", 1));
    assert_false(is_cut_off(trailer, "nr,BSN\na,999990019\nTOTAAL,1\n", 1));
    assert_false(is_cut_off(trailer, "nr,BSN\na,999990019\nTOTAAL,1", 1));
    assert_true(is_cut_off(trailer, "nr,BSN\na,999990019\nTOTAAL,2\n", 1));
    assert_true(is_cut_off(trailer, "nr,BSN\na,999990019\nTOTAAL\n", 1));
    assert_true(is_cut_off(trailer, "nr,BSN\na,999990019\n", 1));
    assert_true(is_cut_off(trailer, "nr,BSN\na,999990019\nTOTAAL,1\nb,999993653\n", 1));
}

static void bad_encoding_is_told_by_column(void **state)
{
    (void)state;
    expect(SMALL(""), "nr,BSN\n\xff,999990019\nb,9999\xe9\nc,999993653\n", "4 c c bsn=999993653\n",
           "2,\"nr\",bad_encoding,row\r\n3,\"BSN\",bad_encoding,row\r\n");
}

static void a_required_identifier_keeps_its_row_out(void **state)
{
    (void)state;
    expect(SMALL(""), "nr,BSN\na,\nb,999990018\n", "",
           "2,\"BSN\",missing_identifier,row\r\n3,\"BSN\",check_failed,identifier\r\n"
           "3,\"BSN\",missing_identifier,row\r\n");
}

static void parts_must_belong_to_their_type(void **state)
{
    (void)state;
    static const char head[] = "schema: 1\nsource: {format: csv, delimiter: ',', encoding: utf-8}\n"
                               "record_key: nr\ncategory: {constant: c}\nfields: []\nrules: [r]\n";
    char mapping[1024];
    CLEANUP(free_run) struct run run;
    snprintf(mapping, sizeof mapping,
             "%sidentifiers: [{type: bsn, parts: [{part: x, column: nr}]}]\n", head);
    assert_int_equal(run_source(mapping, bytes_str("nr\n"), &run), ERR_UNKNOWN);
    free_run(&run);
    snprintf(mapping, sizeof mapping,
             "%sidentifiers: [{type: postcode_huisnr, parts: [{part: postcode, column: nr}]}]\n",
             head);
    assert_int_equal(run_source(mapping, bytes_str("nr\n"), &run), ERR_INVALID);
    assert_non_null(strstr(run.why.text, "lacks its part 'huisnummer'"));
}

static void a_report_names_columns_safely(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf out = buf_new(512);
    struct reject r = {.row = 7, .column = "=a\"b", .reason = "bad_date", .scope = REJECT_FIELD};
    reject_report_header(&out);
    reject_report_line(&out, &r);
    assert_string_equal(buf_text(&out),
                        "row,column,reason,left_out\r\n7,\"'=a\"\"b\",bad_date,field\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_rows_become_records),
        cmocka_unit_test(json_lines_become_records),
        cmocka_unit_test(a_line_that_is_no_flat_object_is_told),
        cmocka_unit_test(json_lines_that_are_cut_off_are_seen),
        cmocka_unit_test(each_fault_is_told_without_its_value),
        cmocka_unit_test(types_are_counted),
        cmocka_unit_test(sources_as_a_whole_are_refused),
        cmocka_unit_test(a_cut_source_is_seen),
        cmocka_unit_test(bad_encoding_is_told_by_column),
        cmocka_unit_test(a_required_identifier_keeps_its_row_out),
        cmocka_unit_test(parts_must_belong_to_their_type),
        cmocka_unit_test(a_report_names_columns_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
