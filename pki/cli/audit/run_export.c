/* export: exactly the rows that fit, into a file, with the digest that lets anybody name that file later. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/csv_row.h"
#include "pki/cli/audit/reading.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "proto/json/json_writer.h"

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

static enum err export_line(struct reading *r, const struct body_line *line,
                            const struct audit_body *b)
{
    struct export *x = r->arg;
    x->rows++;
    if (format_of(r->o) == BODIES_CSV)
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

/* An export on its way into the log. */
struct telling {
    struct reading *reading;
    struct body_export export;
    struct digest entry; /* zeroes: nobody said */
};

static enum err tell(void *arg, struct errmsg *why)
{
    struct telling *t = arg;
    struct body_socket *s = t->reading->bodies.socket;
    return s == NULL ? ERR_OK : body_socket_exported(s, &t->export, &t->entry, why);
}

static void say_json(const struct telling *t)
{
    CLEANUP(buf_free) struct buf out = buf_new(1024);
    struct json_writer w = json_writer_of(&out);
    json_put_object(&w, NULL);
    json_put_uint(&w, "rows", t->export.rows);
    json_put_uint(&w, "hidden", t->reading->hidden);
    json_put_hex(&w, "sha256", digest_bytes(&t->export.sha256));
    json_put_bool(&w, "recorded", t->reading->bodies.socket != NULL);
    if (!digest_equal(&t->entry, &(struct digest){{0}}))
        json_put_hex(&w, "entry", digest_bytes(&t->entry));
    json_put_end(&w);
    printf("%s\n", json_writer_done(&w) == ERR_OK ? buf_text(&out) : "{}");
}

static void say_text(const struct telling *t)
{
    CLEANUP(buf_free) struct buf hex = buf_new(256);
    text_put_hex(&hex, digest_bytes(&t->export.sha256));
    if (!digest_equal(&t->entry, &(struct digest){{0}})) {
        buf_put_str(&hex, ", entry ");
        text_put_hex(&hex, digest_bytes(&t->entry));
    }
    printf("%s: %llu rows, SHA-256 %s\n", t->reading->o->output, (unsigned long long)t->export.rows,
           buf_text(&hex));
}

/* The file gets its name once the log has it; of bodies from a file no daemon knows. */
static int write_export(struct reading *r, const struct export *x)
{
    const struct bytes data = buf_bytes(&x->out);
    struct telling t = {.reading = r, .export = {.format = format_of(r->o), .rows = x->rows}};
    const struct file_ready ready = {tell, &t};
    enum err e = digest_sha256(&data, 1, &t.export.sha256);
    if (e == ERR_OK)
        e = file_create_when(r->o->output, data, 0600, &ready, &r->why);
    if (e != ERR_OK)
        return options_fail("export", (int)e, &r->why);
    if (r->bodies.socket == NULL)
        fprintf(stderr, "sluis-audit: nobody recorded this export: its bodies came from a file\n");
    if (r->o->json)
        say_json(&t);
    else
        say_text(&t);
    return EX_OK;
}

int run_export(const struct options *o)
{
    if (o->output == NULL || format_of(o) == BODIES_FORMAT_COUNT) {
        fprintf(stderr, "sluis-audit: export needs --output, and --format csv or jsonl\n");
        return EX_USAGE;
    }
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
