/* export --format ldv: the view Logboek Dataverwerkingen of the agency's own log. Its lines come
 * from the agent, which alone can make them: they have one subject each, as a pseudonym. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/exporting.h"
#include "pki/digest.h"
#include "proto/host/file.h"
#include "proto/json/bodies_args.h"
#include "proto/json/doc.h"

#define EXPORT_MAX_BYTES ((size_t)1 << 30)
#define CURSOR_MAX 64u

struct view {
    struct reading r;
    struct buf out;
    uint64_t rows;
    char after[CURSOR_MAX + 1]; /* where the next page goes on; "": at the first */
};

static struct doc *make_args(const struct view *v)
{
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(args);
    if (v->after[0] != '\0')
        doc_put_str(&b, "after", v->after);
    doc_put_doc(&b, "filter", bodies_filter_doc(body_socket_filter(v->r.bodies.socket)));
    return doc_build_done(&b) == ERR_OK ? take(args) : NULL;
}

/* Takes the lines of one answer; *more: there is another. A page that does not go on would go on
 * for ever. */
static enum err take_page(struct view *v, const struct doc *ok, bool *more)
{
    const struct doc *lines = NULL;
    struct bytes next;
    enum err e = doc_get_array(ok, "lines", &lines, &v->r.why);
    for (size_t i = 0; e == ERR_OK && i < doc_count(lines); i++) {
        e = doc_is_object(doc_at(lines, i)) ? doc_write(doc_at(lines, i), &v->out) : ERR_INVALID;
        buf_put_u8(&v->out, '\n');
        v->rows++;
    }
    if (e == ERR_OK)
        e = buf_err(&v->out);
    if (e != ERR_OK)
        return e;
    e = doc_get_text(ok, "next", CURSOR_MAX, &next, &v->r.why);
    *more = e == ERR_OK;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK && (next.len == 0 || bytes_is(next, v->after)))
        return errmsg_set(&v->r.why, ERR_INVALID, "the service's pages do not go on");
    if (e == ERR_OK) {
        memcpy(v->after, next.ptr, next.len);
        v->after[next.len] = '\0';
    }
    return e;
}

static enum err read_all(struct view *v)
{
    bool more = true;
    enum err e = bodies_in_open(v->r.o, &v->r.bodies, &v->r.why);
    while (e == ERR_OK && more) {
        struct doc *ok CLEANUP(cleanup_doc_free) = NULL;
        struct doc *args = make_args(v);
        e = args != NULL ? body_socket_call(v->r.bodies.socket, "own_ldv", args, &ok, &v->r.why)
                         : ERR_NOMEM;
        if (e == ERR_OK)
            e = take_page(v, ok, &more);
    }
    return e == ERR_TOO_LARGE ? errmsg_set(&v->r.why, e, "more than 1 GiB: take a shorter period")
                              : e;
}

/* The file gets its name once the log has it. */
static enum err write_view(struct view *v)
{
    const struct bytes data = buf_bytes(&v->out);
    struct exporting t = {.reading = &v->r, .export = {.format = BODIES_LDV, .rows = v->rows}};
    const struct file_ready ready = {exporting_tell, &t};
    enum err e = digest_sha256(&data, 1, &t.export.sha256);
    if (e == ERR_OK)
        e = file_create_when(v->r.o->output, data, 0600, &ready, &v->r.why);
    if (e == ERR_OK)
        exporting_say(&t);
    return e;
}

int run_ldv(const struct options *o)
{
    if (!o->own || o->bodies == NULL) {
        fprintf(
            stderr,
            "sluis-audit: --format ldv is of an agency's own log: it needs --own and --bodies\n");
        return EX_USAGE;
    }
    struct view v = {.r = {.o = o}, .out = buf_new(EXPORT_MAX_BYTES)};
    enum err e = read_all(&v);
    if (e == ERR_OK)
        e = write_view(&v);
    const int status = e == ERR_OK ? EX_OK : options_fail("export", (int)e, &v.r.why);
    reading_close(&v.r);
    buf_free(&v.out);
    return status;
}
