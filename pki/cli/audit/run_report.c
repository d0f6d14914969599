/* report: what the entries of a period add up to. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "pki/cli/audit/reading.h"
#include "pki/cli/audit/report.h"
#include "proto/host/file.h"

#define REPORT_MAX_BYTES ((size_t)64 << 20)
#define LEAST_DEFAULT 5u

static enum err count_line(struct reading *r, const struct body_line *line, const struct audit_body *b)
{
    (void)line;
    return report_count(r->arg, b);
}

static const char *format_of(const struct options *o)
{
    return o->json ? "json" : o->format != NULL ? o->format : "text";
}

static enum err put_report(const struct options *o, const struct report *report, struct buf *out)
{
    const char *format = format_of(o);
    if (strcmp(format, "html") == 0)
        return report_put_html(report, out);
    return strcmp(format, "json") == 0 ? report_put_json(report, out) : report_put_text(report, out);
}

static int write_report(const struct options *o, const struct report *report)
{
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf out = buf_new(REPORT_MAX_BYTES);
    enum err e = put_report(o, report, &out);
    if (e == ERR_OK && o->output != NULL)
        e = file_create(o->output, buf_bytes(&out), 0600, &why);
    else if (e == ERR_OK && fwrite(out.ptr, 1, out.len, stdout) != out.len)
        e = ERR_IO;
    return e == ERR_OK ? EX_OK : options_fail("report", (int)e, &why);
}

static bool is_known(const char *format)
{
    return strcmp(format, "text") == 0 || strcmp(format, "json") == 0 || strcmp(format, "html") == 0;
}

int run_report(const struct options *o)
{
    struct report report = {.annual = {.is_own = o->own},
                            .least = o->least_text != NULL ? o->least : LEAST_DEFAULT,
                            .since_s = o->since,
                            .until_s = o->until};
    struct reading r = {.o = o, .show = count_line, .arg = &report, .is_filtered = true};
    if (!is_known(format_of(o))) {
        fprintf(stderr, "sluis-audit: report: --format text, json or html\n");
        return EX_USAGE;
    }
    report_begin(&report);
    int status = reading_pass(&r, 0);
    report.hidden = r.hidden;
    report_end(&report);
    if (status == EX_OK)
        status = write_report(o, &report);
    reading_close(&r);
    report_clear(&report);
    return status;
}
