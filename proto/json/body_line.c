#include "proto/json/body_line.h"

#include "proto/base/text.h"
#include "proto/json/doc.h"
#include "proto/json/json_writer.h"
#include "proto/log/entry.h"

static const char *const state_ids[BODY_STATE_COUNT] = {
    [BODY_PRESENT] = "present",
    [BODY_HIDDEN] = "hidden",
    [BODY_ERASED] = "erased",
    [BODY_FILLER] = "filler",
    [BODY_UNREADABLE] = "unreadable",
    [BODY_LOST] = "lost",
};

const char *body_state_id(enum body_state s)
{
    unsigned i = (unsigned)s;
    return i == 0 || i >= BODY_STATE_COUNT ? "?" : state_ids[i];
}

enum err body_line_write(const struct body_line *l, struct buf *out)
{
    if ((unsigned)l->state == 0 || (unsigned)l->state >= BODY_STATE_COUNT)
        return ERR_INVALID;
    struct json_writer w = json_writer_of(out);
    json_put_object(&w, NULL);
    json_put_uint(&w, "index", l->index);
    json_put_hex(&w, "entry", digest_bytes(&l->entry));
    if (l->state == BODY_PRESENT)
        json_put_base64(&w, "body", l->body);
    else
        json_put_str(&w, "state", body_state_id(l->state));
    json_put_end(&w);
    enum err e = json_writer_done(&w);
    buf_put_u8(out, '\n');
    return e == ERR_OK ? buf_err(out) : e;
}

static enum err get_state(struct bytes text, enum body_state *out)
{
    for (unsigned s = BODY_HIDDEN; s < BODY_STATE_COUNT; s++) {
        if (bytes_is(text, state_ids[s])) {
            *out = (enum body_state)s;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

static enum err get_body(const struct doc *d, struct arena *arena, struct body_line *l,
                         struct errmsg *why)
{
    struct buf raw CLEANUP(buf_free) = buf_new(ENTRY_BODY_MAX);
    enum err e = doc_get_base64(d, "body", &raw, why);
    if (e != ERR_OK)
        return e;
    l->state = BODY_PRESENT;
    l->body = arena_copy(arena, buf_bytes(&raw));
    return l->body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

enum err body_line_parse(struct bytes line, struct arena *arena, struct body_line *out,
                         struct errmsg *why)
{
    struct doc *d CLEANUP(cleanup_doc_free) = NULL;
    struct body_line l = {0};
    struct bytes text;
    int64_t index = 0;
    enum err e = doc_parse(line, BODY_LINE_MAX, &d, why);
    if (e == ERR_OK && !doc_is_object(d))
        e = errmsg_set(why, ERR_INVALID, "a line of a bodies file is a JSON object");
    if (e == ERR_OK)
        e = doc_get_int(d, "index", 0, INT64_MAX, &index, why);
    if (e == ERR_OK)
        e = doc_get_text(d, "entry", 2 * sizeof l.entry.b, &text, why);
    if (e == ERR_OK)
        e = text_get_hex(text, l.entry.b, sizeof l.entry.b);
    if (e != ERR_OK)
        return e;
    l.index = (uint64_t)index;
    if (doc_has(d, "body")) {
        e = get_body(d, arena, &l, why);
    } else {
        e = doc_get_text(d, "state", 16, &text, why);
        if (e == ERR_OK)
            e = get_state(text, &l.state);
    }
    if (e == ERR_OK)
        *out = l;
    return e;
}
