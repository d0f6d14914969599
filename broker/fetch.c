/* fetch: the documents that repair a difference, exactly as this broker verified them. */
#include "broker/turn.h"
#include "proto/msg/hello.h"

#define DOCUMENTS_MAX 512u

struct listing {
    struct document v[DOCUMENTS_MAX];
    size_t count;
};

static void list(struct listing *l, enum document_kind kind, const struct bytes *docs, size_t n)
{
    for (size_t i = 0; i < n && l->count < DOCUMENTS_MAX; i++)
        l->v[l->count++] = (struct document){.kind = kind, .content = docs[i]};
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct fetch f;
    enum err e = fetch_decode(t->envelope.body, t->arena, &f, why);
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "fetch: %s", why->text);
    struct listing *l = arena_alloc(t->arena, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    const struct view_files *files = view_files(t->view);
    if (f.what == DOCUMENT_ROSTER) {
        list(l, DOCUMENT_ROSTER, &files->roster, 1);
    } else if (f.what == DOCUMENT_POLICY) {
        list(l, DOCUMENT_POLICY, &files->policy, 1);
        list(l, DOCUMENT_POLICY_SIGNATURE, files->policy_signatures,
             files->policy_signature_count);
        list(l, DOCUMENT_ADOPTION, files->adoptions, files->adoption_count);
        list(l, DOCUMENT_DEAL, files->deals, files->deal_count);
    } else {
        return turn_refuse(t, REFUSED_MALFORMED, "fetch: what: roster or policy");
    }
    const struct fetch_reply r = {.documents = l->v, .count = l->count};
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    e = fetch_reply_encode(&r, &body);
    if (e != ERR_OK)
        return e;
    t->reply_kind = MSG_FETCH_REPLY;
    t->reply_body = arena_copy(t->arena, buf_bytes(&body));
    return t->reply_body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

const struct turn_handler fetch_handler = {
    .kind = MSG_FETCH,
    .prepare = prepare,
    .in_repair = true,
};
