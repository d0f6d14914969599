/* export: exactly the rows that fit, into a file, with the digest that lets anybody name that file later. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/adl_row.h"
#include "pki/cli/audit/csv_row.h"
#include "pki/cli/audit/exporting.h"
#include "pki/digest.h"
#include "proto/host/file.h"

#define EXPORT_MAX_BYTES ((size_t)1 << 30)

struct export {
    struct buf out;
    uint64_t rows;
};

static enum bodies_format format_of(const struct options *o)
{
    enum bodies_format f = BODIES_CSV;
    return o->format == NULL || bodies_format_parse(bytes_str(o->format), &f) == ERR_OK
               ? f
               : BODIES_FORMAT_COUNT;
}

static void put_json(struct buf *out, const struct body_line *line)
{
    buf_printf(out, "{\"index\":%llu,\"body\":", (unsigned long long)line->index);
    buf_put(out, line->body);
    buf_put_str(out, "}\n");
}

static enum err export_line(struct reading *r, const struct body_line *line,
                            const struct audit_body *b)
{
    struct export *x = r->arg;
    const enum bodies_format format = format_of(r->o);
    enum err e = ERR_OK;
    if (format == BODIES_ADL && !adl_has_row(b))
        return ERR_OK;
    x->rows++;
    if (format == BODIES_CSV)
        csv_put_row(&x->out, line, b);
    else if (format == BODIES_ADL)
        e = adl_put_row(&x->out, line, b);
    else
        put_json(&x->out, line);
    if (e == ERR_OK)
        e = buf_err(&x->out);
    return e == ERR_TOO_LARGE
               ? errmsg_set(&r->why, e, "more than 1 GiB: take a shorter period")
               : e;
}

/* The file gets its name once the log has it. */
static int write_export(struct reading *r, const struct export *x)
{
    const struct bytes data = buf_bytes(&x->out);
    struct exporting t = {.reading = r, .export = {.format = format_of(r->o), .rows = x->rows}};
    const struct file_ready ready = {exporting_tell, &t};
    enum err e = digest_sha256(&data, 1, &t.export.sha256);
    if (e == ERR_OK)
        e = file_create_when(r->o->output, data, 0600, &ready, &r->why);
    if (e != ERR_OK)
        return options_fail("export", (int)e, &r->why);
    exporting_say(&t);
    return EX_OK;
}

int run_export(const struct options *o)
{
    if (o->output == NULL || format_of(o) == BODIES_FORMAT_COUNT) {
        fprintf(stderr, "sluis-audit: export needs --output, and --format csv, jsonl, adl, ldv or bundle\n");
        return EX_USAGE;
    }
    if (format_of(o) == BODIES_BUNDLE)
        return run_bundle(o);
    if (format_of(o) == BODIES_LDV)
        return run_ldv(o);
    struct export x = {.out = buf_new(EXPORT_MAX_BYTES)};
    struct reading r = {.o = o, .show = export_line, .arg = &x, .is_filtered = true};
    if (format_of(o) == BODIES_CSV)
        csv_put_head(&x.out);
    int status = reading_pass(&r, 0);
    if (status == EX_OK)
        status = write_export(&r, &x);
    reading_say_hidden(&r);
    reading_close(&r);
    buf_free(&x.out);
    return status;
}
