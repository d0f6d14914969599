/* open: what the digests of one entry hide, by the store of the agency whose agent is asked. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/reading.h"
#include "proto/json/doc.h"

#define ANSWER_MAX ((size_t)1 << 20)

/* What was read of the entry: its hash, and the exact bytes of its body. */
struct opened {
    struct digest entry;
    struct buf body;
};

static enum err take_line(struct reading *r, const struct body_line *line,
                          const struct audit_body *b)
{
    struct opened *x = r->arg;
    if (line->index != r->o->index)
        return ERR_CANCELLED;
    if (b == NULL)
        return errmsg_set(&r->why, ERR_NOT_FOUND, "entry %llu has no body that you may see",
                          (unsigned long long)line->index);
    if (!b->has_request_ref && !b->has_case_ref)
        return errmsg_set(&r->why, ERR_NOT_FOUND, "entry %llu names no request and no case",
                          (unsigned long long)line->index);
    r->found = true;
    x->entry = line->entry;
    buf_put(&x->body, line->body);
    return buf_err(&x->body) == ERR_OK ? ERR_CANCELLED : buf_err(&x->body);
}

static enum err ask(struct reading *r, const struct opened *x, struct doc **ok)
{
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_hex(&b, "entry", digest_bytes(&x->entry));
    doc_put_int(&b, "index", (int64_t)r->o->index);
    doc_put_text(&b, "body", buf_bytes(&x->body));
    const enum err e = doc_build_done(&b);
    return e == ERR_OK ? body_socket_call(r->bodies.socket, "open", take(args), ok, &r->why) : e;
}

/* A line for each member. Ids, codes and times have no control characters: whatever has is not
 * printed. */
static enum err put_one(const struct doc *one, struct buf *out)
{
    void *iter = NULL;
    const char *key = NULL;
    const struct doc *value = NULL;
    while (doc_next(one, &iter, &key, &value)) {
        const size_t at = out->len;
        buf_printf(out, "%s: ", key);
        const enum err e = doc_plain_of(value, out);
        if (e != ERR_OK)
            return e;
        for (size_t i = at; i < out->len; i++)
            if (out->ptr[i] < 0x20 || out->ptr[i] == 0x7f)
                return ERR_INVALID;
        buf_put_u8(out, '\n');
    }
    return buf_err(out);
}

static enum err print(const struct reading *r, const struct doc *ok)
{
    CLEANUP(buf_free) struct buf out = buf_new(ANSWER_MAX);
    const struct doc *list = NULL;
    enum err e = doc_get_array(ok, "opened", &list, NULL);
    if (e == ERR_OK && r->o->json)
        e = doc_write_pretty(ok, &out);
    for (size_t i = 0; e == ERR_OK && !r->o->json && i < doc_count(list); i++) {
        if (i > 0)
            buf_put_u8(&out, '\n');
        e = put_one(doc_at(list, i), &out);
    }
    if (e == ERR_OK && !r->o->json && doc_count(list) == 0)
        buf_put_str(
            &out, "nothing that this agency's store has: another agency's, or gone by retention\n");
    if (e == ERR_OK)
        e = buf_err(&out);
    if (e == ERR_OK)
        printf("%s", buf_text(&out));
    return e;
}

int run_open(const struct options *o)
{
    struct opened x = {.body = buf_new(AUDIT_BODY_MAX)};
    struct doc *ok CLEANUP(cleanup_doc_free) = NULL;
    struct reading r = {.o = o, .show = take_line, .arg = &x};
    int status = reading_pass(&r, o->index);
    enum err e = ERR_OK;
    if (status == EX_OK && r.bodies.socket == NULL)
        e = errmsg_set(&r.why, ERR_CONFIG, "--bodies names the control socket of your agent");
    if (status == EX_OK && e == ERR_OK)
        e = ask(&r, &x, &ok);
    if (status == EX_OK && e == ERR_OK)
        e = print(&r, ok);
    if (e != ERR_OK)
        status = options_fail("open", (int)e, &r.why);
    reading_close(&r);
    buf_free(&x.body);
    return status;
}
