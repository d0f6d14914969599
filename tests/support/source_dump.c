/* Prints what the import of a CSV file would make of it, one line of tab-separated text a record:
 * key, category, type=value ..., field=value ... For comparing with an independent truth; synthetic
 * data only. usage: source_dump MAPPING CSV [REJECTS] */
#include <stdio.h>
#include <stdlib.h>

#include "agent/source/row_reader.h"
#include "pki/digest.h"

static void put(struct bytes text)
{
    fwrite(text.ptr, 1, text.len, stdout);
}

static void print_record(const struct mapping *m, const struct row_record *rec)
{
    put(rec->key);
    printf("\t%s", rec->category->s);
    for (size_t i = 0; i < rec->identifiers_count; i++) {
        printf("\t%s=", ident_type_id(rec->identifiers[i].type));
        put(ident_value(&rec->identifiers[i]));
    }
    for (size_t i = 0; i < rec->fields_count; i++) {
        printf("\t%s:", m->fields[i].name.s);
        put(rec->fields[i]);
    }
    putchar('\n');
}

static void add_reject(void *ctx, const struct reject *r)
{
    FILE *f = ctx;
    struct buf line = buf_new(4096);
    reject_report_line(&line, r);
    fwrite(line.ptr, 1, line.len, f);
    buf_free(&line);
}

static int run(struct row_reader *r, const struct mapping *m, FILE *csv)
{
    static uint8_t chunk[65536];
    enum row_event event = ROW_MORE;
    struct errmsg why = {.text = ""};
    while (event != ROW_END) {
        struct row_record rec;
        if (row_reader_next(r, &event, &rec, &why) != ERR_OK) {
            fprintf(stderr, "source_dump: %s\n", why.text);
            return 65;
        }
        if (event == ROW_RECORD)
            print_record(m, &rec);
        if (event != ROW_MORE)
            continue;
        size_t n = fread(chunk, 1, sizeof chunk, csv);
        if (n == 0)
            row_reader_finish(r);
        else
            row_reader_feed(r, bytes_of(chunk, n));
    }
    const struct row_counts *c = row_reader_counts(r);
    fprintf(stderr, "rows %lu accepted %lu cut_off %d\n", (unsigned long)c->rows,
            (unsigned long)c->accepted, c->is_cut_off);
    return 0;
}

static struct mapping *read_mapping(const char *path)
{
    static uint8_t text[MAPPING_MAX_BYTES];
    struct errmsg why = {.text = "cannot be read"};
    struct mapping *m = NULL;
    FILE *f = fopen(path, "rb");
    size_t n = f != NULL ? fread(text, 1, sizeof text, f) : 0;
    if (f != NULL)
        fclose(f);
    if (mapping_load(bytes_of(text, n), path, &m, &why) != ERR_OK)
        fprintf(stderr, "source_dump: %s: %s\n", path, why.text);
    return m;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    struct mapping *m = read_mapping(argv[1]);
    FILE *csv = fopen(argv[2], "rb");
    FILE *rejects = argc > 3 ? fopen(argv[3], "wb") : NULL;
    if (m == NULL || csv == NULL)
        return 66;
    struct row_reader_params p = {.mapping = m,
                                  .sha256 = digest_sha256,
                                  .reject = rejects != NULL ? add_reject : NULL,
                                  .ctx = rejects};
    struct row_reader *r = row_reader_new(&p);
    int status = r != NULL ? run(r, m, csv) : 70;
    row_reader_free(r);
    mapping_free(m);
    fclose(csv);
    if (rejects != NULL)
        fclose(rejects);
    return status;
}
