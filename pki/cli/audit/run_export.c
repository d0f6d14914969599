/* export: exactly the rows that fit, into a file, with the digest that lets anybody name that file later. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "pki/cli/audit/csv_row.h"
#include "pki/cli/audit/reading.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"

#define EXPORT_MAX_BYTES ((size_t)1 << 30)

struct export {
    struct buf out;
    uint64_t rows;
};

static bool is_csv(const struct options *o)
{
    return o->format == NULL || strcmp(o->format, "csv") == 0;
}

static enum err export_line(struct reading *r, const struct body_line *line,
                            const struct audit_body *b)
{
    struct export *x = r->arg;
    x->rows++;
    if (is_csv(r->o))
        csv_put_row(&x->out, line, b);
    else {
        buf_printf(&x->out, "{\"index\":%llu,\"body\":", (unsigned long long)line->index);
        buf_put(&x->out, line->body);
        buf_put_str(&x->out, "}\n");
    }
    const enum err e = buf_err(&x->out);
    return e == ERR_TOO_LARGE
               ? errmsg_set(&r->why, e, "more than 1 GiB: take a shorter period")
               : e;
}

static int write_export(struct reading *r, const struct export *x)
{
    const struct bytes data = buf_bytes(&x->out);
    struct digest digest;
    CLEANUP(buf_free) struct buf hex = buf_new(128);
    enum err e = digest_sha256(&data, 1, &digest);
    if (e == ERR_OK)
        e = file_create(r->o->output, data, 0600, &r->why);
    text_put_hex(&hex, digest_bytes(&digest));
    if (e != ERR_OK)
        return options_fail("export", (int)e, &r->why);
    if (r->o->json)
        printf("{\"rows\":%llu,\"hidden\":%llu,\"sha256\":\"%s\"}\n", (unsigned long long)x->rows,
               (unsigned long long)r->hidden, buf_text(&hex));
    else
        printf("%s: %llu rows, SHA-256 %s\n", r->o->output, (unsigned long long)x->rows,
               buf_text(&hex));
    return EX_OK;
}

int run_export(const struct options *o)
{
    if (o->output == NULL || (o->format != NULL && !is_csv(o) && strcmp(o->format, "jsonl") != 0)) {
        fprintf(stderr, "sluis-audit: export needs --output, and --format csv or jsonl\n");
        return EX_USAGE;
    }
    struct export x = {.out = buf_new(EXPORT_MAX_BYTES)};
    struct reading r = {.o = o, .show = export_line, .arg = &x, .is_filtered = true};
    if (is_csv(o))
        csv_put_head(&x.out);
    int status = reading_pass(&r, 0);
    if (status == EX_OK)
        status = write_export(&r, &x);
    reading_say_hidden(&r);
    reading_close(&r);
    buf_free(&x.out);
    return status;
}
