#include "proto/json/shown.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/msg/show.h"

#define SHOWN_ARENA_BYTES ((size_t)8 << 20)
/* A message and a list for each level of messages, and the outermost object. */
#define SHOWN_DEPTH (2 * SHOW_MAX_DEPTH + 1)

struct building {
    struct doc *open[SHOWN_DEPTH];
    const char *names[SHOWN_DEPTH];
    size_t depth;
    struct doc *done;
};

/* Puts value, taken, into the innermost open object or list; the outermost one is the result. */
static enum err place(struct building *w, const char *name, struct doc *value)
{
    if (value == NULL)
        return ERR_NOMEM;
    if (w->depth == 0) {
        w->done = value;
        return ERR_OK;
    }
    struct doc *in = w->open[w->depth - 1];
    return name != NULL ? doc_put(in, name, value) : doc_append(in, value);
}

static enum err put_text(void *ctx, const char *name, struct bytes value)
{
    return place(ctx, name, doc_new_text(value));
}

static bool is_time(const char *name)
{
    size_t n = name != NULL ? strlen(name) : 0;
    return n > 2 && strcmp(name + n - 2, "_s") == 0;
}

static enum err put_number(void *ctx, const char *name, int64_t value)
{
    struct building *w = ctx;
    if (!is_time(name))
        return place(w, name, doc_new_int(value));
    struct doc_build b = doc_build_of(w->open[w->depth - 1]);
    doc_put_time(&b, name, value);
    return doc_build_done(&b);
}

static enum err put_bytes(void *ctx, const char *name, struct bytes value)
{
    CLEANUP(buf_free) struct buf hex = buf_new(value.len * 2 + 1);
    text_put_hex(&hex, value);
    return buf_err(&hex) == ERR_OK ? place(ctx, name, doc_new_text(buf_bytes(&hex)))
                                   : buf_err(&hex);
}

static enum err open_any(struct building *w, const char *name, struct doc *d)
{
    if (d == NULL)
        return ERR_NOMEM;
    if (w->depth == SHOWN_DEPTH) {
        doc_free(d);
        return ERR_TOO_LARGE;
    }
    w->names[w->depth] = name;
    w->open[w->depth++] = d;
    return ERR_OK;
}

static enum err open_object(void *ctx, const char *name)
{
    return open_any(ctx, name, doc_new_object());
}

static enum err open_list(void *ctx, const char *name)
{
    return open_any(ctx, name, doc_new_array());
}

static enum err close_any(void *ctx)
{
    struct building *w = ctx;
    struct doc *d = w->open[--w->depth];
    return place(w, w->names[w->depth], d);
}

static enum err content_of(enum sign_kind kind, struct bytes document, struct doc **out,
                           struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(SHOWN_ARENA_BYTES);
    struct building w = {.depth = 0};
    const struct show_sink sink = {put_text,  put_number, put_bytes, open_object,
                                   open_list, close_any,  &w};
    enum err bad = a != NULL ? msg_show(kind, document, a, &sink, why) : ERR_NOMEM;
    while (w.depth > 0)
        doc_free(w.open[--w.depth]);
    if (bad == ERR_OK)
        *out = w.done;
    else
        doc_free(w.done);
    return bad;
}

enum err shown_doc(enum sign_kind kind, struct bytes document, sha256_fn sha256, struct doc **out,
                   struct errmsg *why)
{
    struct digest digest;
    struct doc *content = NULL;
    enum err bad = sha256(&document, 1, &digest);
    if (bad == ERR_OK)
        bad = content_of(kind, document, &content, why);
    if (bad != ERR_OK)
        return bad;
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "kind", word_of_sign_kind(kind));
    doc_put_hex(&b, "digest", digest_bytes(&digest));
    doc_put_base64(&b, "document", document);
    doc_put_doc(&b, "content", content);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(d);
    return bad;
}
