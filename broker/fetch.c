/* fetch: the documents that repair a difference, exactly as this broker verified them. */
#include "broker/turn.h"
#include "proto/msg/hello.h"

#define DOCUMENTS_MAX 512u
#define VERSIONS_BYTES ((size_t)1 << 20) /* of versions that were in force before */

struct listing {
    struct document v[DOCUMENTS_MAX];
    size_t count;
};

static void list(struct listing *l, enum document_kind kind, const struct bytes *docs, size_t n)
{
    for (size_t i = 0; i < n && l->count < DOCUMENTS_MAX; i++)
        l->v[l->count++] = (struct document){.kind = kind, .content = docs[i]};
}

/* The announced versions, which everybody needs, and of those before as many as the frame has room for: a
 * holder that was away when one was in force judges by it what was asked under it. */
static enum err list_versions(struct turn *t, struct listing *l)
{
    const struct view_files *files = view_files(t->view);
    size_t room = VERSIONS_BYTES;
    for (size_t i = 0; i < files->version_count && l->count < DOCUMENTS_MAX; i++) {
        CLEANUP(buf_free) struct buf b = buf_new(FRAME_MAX_BYTES);
        enum err e = view_version_encode(&files->versions[i], &b);
        if (e != ERR_OK)
            return e;
        if (i >= view_announced_count(t->view) && b.len > room)
            return ERR_OK;
        room -= b.len < room ? b.len : room;
        const struct bytes copy = arena_copy(t->arena, buf_bytes(&b));
        if (copy.ptr == NULL)
            return ERR_NOMEM;
        list(l, DOCUMENT_POLICY_VERSION, &copy, 1);
    }
    return ERR_OK;
}

static enum err list_policy(struct turn *t, struct listing *l)
{
    const struct view_files *files = view_files(t->view);
    list(l, DOCUMENT_POLICY, &files->policy, 1);
    list(l, DOCUMENT_POLICY_SIGNATURE, files->policy_signatures, files->policy_signature_count);
    list(l, DOCUMENT_ADOPTION, files->adoptions, files->adoption_count);
    list(l, DOCUMENT_DEAL, files->deals, files->deal_count);
    return list_versions(t, l);
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
    if (f.what == DOCUMENT_ROSTER) {
        list(l, DOCUMENT_ROSTER, &view_files(t->view)->roster, 1);
    } else if (f.what == DOCUMENT_POLICY) {
        e = list_policy(t, l);
        if (e != ERR_OK)
            return e;
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
