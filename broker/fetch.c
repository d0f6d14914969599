/* fetch: the documents that repair a difference, exactly as this broker verified them. */
#include "broker/fetch.h"

#include "broker/turn.h"
#include "proto/msg/hello.h"

#define BODY_MAX (FRAME_MAX_BYTES - 4096) /* the rest of the frame: envelope and signature */
#define DOCUMENT_FRAMING 16 /* kind, lengths */
#define VERSIONS_BYTES ((size_t)1 << 20) /* of versions that were in force before */
#define CHECK_ARENA_BYTES (2 * FRAME_MAX_BYTES)

struct listing {
    struct arena *arena;
    struct errmsg *why;
    struct document *v; /* room for FETCH_DOCUMENTS_MAX */
    size_t count;
    size_t bytes; /* of the answer's body so far */
};

static enum err listing_new(struct arena *a, struct errmsg *why, struct listing *out)
{
    *out = (struct listing){.arena = a, .why = why};
    out->v = arena_array(a, FETCH_DOCUMENTS_MAX, sizeof *out->v);
    return out->v == NULL ? ERR_NOMEM : ERR_OK;
}

static bool has_room(const struct listing *l, size_t bytes)
{
    return l->count < FETCH_DOCUMENTS_MAX && bytes <= FETCH_DOCUMENT_MAX_BYTES &&
           l->bytes + bytes + DOCUMENT_FRAMING <= BODY_MAX;
}

static enum err has_no_room(const struct listing *l, const char *what, size_t bytes)
{
    if (l->count == FETCH_DOCUMENTS_MAX)
        return errmsg_set(l->why, ERR_LIMIT,
                          "%s: with it more than the %d documents that a party fetches at once", what,
                          FETCH_DOCUMENTS_MAX);
    if (bytes > FETCH_DOCUMENT_MAX_BYTES)
        return errmsg_set(l->why, ERR_TOO_LARGE, "%s: %zu bytes, and a party fetches at most %zu", what,
                          bytes, FETCH_DOCUMENT_MAX_BYTES);
    return errmsg_set(l->why, ERR_TOO_LARGE,
                      "%s: with it more than the %zu bytes that a party fetches at once (policies in "
                      "force and announced, signatures, adoptions, statements of keys, words on epochs)",
                      what, BODY_MAX);
}

static enum err list(struct listing *l, const char *what, enum document_kind kind, struct bytes doc)
{
    if (!has_room(l, doc.len))
        return has_no_room(l, what, doc.len);
    l->v[l->count++] = (struct document){.kind = kind, .content = doc};
    l->bytes += doc.len + DOCUMENT_FRAMING;
    return ERR_OK;
}

static enum err list_all(struct listing *l, const char *what, enum document_kind kind,
                         const struct bytes *docs, size_t n)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = list(l, what, kind, docs[i]);
    return e;
}

static enum err join_version(struct arena *a, const struct view_version *version, struct bytes *out)
{
    CLEANUP(buf_free) struct buf b = buf_new(FRAME_MAX_BYTES);
    enum err e = view_version_encode(version, &b);
    if (e != ERR_OK)
        return e;
    *out = arena_copy(a, buf_bytes(&b));
    return out->ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static size_t version_bytes(const struct view_version *version)
{
    size_t bytes = 4 + version->policy.len;
    for (size_t i = 0; i < version->signature_count; i++)
        bytes += 4 + version->signatures[i].len;
    return bytes;
}

/* The announced versions, which everybody needs, and of those before as many as there is room for: a
 * holder that was away when one was in force judges by it what was asked under it. */
static enum err list_versions(const struct view *v, struct listing *l)
{
    const struct view_files *files = view_files(v);
    size_t room = VERSIONS_BYTES;
    for (size_t i = 0; i < files->version_count; i++) {
        const bool is_needed = i < view_announced_count(v);
        const size_t bytes = version_bytes(&files->versions[i]);
        struct bytes joined = {NULL, 0};
        if (!has_room(l, bytes) && is_needed)
            return has_no_room(l, "the announced policy", bytes);
        if (!is_needed && (bytes > room || !has_room(l, bytes)))
            return ERR_OK;
        enum err e = join_version(l->arena, &files->versions[i], &joined);
        if (e == ERR_OK)
            e = list(l, "a version of the policy", DOCUMENT_POLICY_VERSION, joined);
        if (e != ERR_OK)
            return e;
        room -= is_needed ? 0 : bytes;
    }
    return ERR_OK;
}

static enum err list_policy(const struct view *v, struct listing *l)
{
    const struct view_files *f = view_files(v);
    enum err e = list(l, "the policy", DOCUMENT_POLICY, f->policy);
    if (e == ERR_OK)
        e = list_all(l, "the policy's signatures", DOCUMENT_POLICY_SIGNATURE, f->policy_signatures,
                     f->policy_signature_count);
    if (e == ERR_OK)
        e = list_all(l, "the adoptions", DOCUMENT_ADOPTION, f->adoptions, f->adoption_count);
    if (e == ERR_OK)
        e = list_all(l, "the statements of keys", DOCUMENT_DEAL, f->deals, f->deal_count);
    size_t words = 0;
    const struct bytes *said = view_kept_states(v, &words);
    if (e == ERR_OK)
        e = list_all(l, "the words on epochs", DOCUMENT_EPOCH_STATES, said, words);
    return e == ERR_OK ? list_versions(v, l) : e;
}

static enum err list_roster(const struct view *v, struct listing *l)
{
    return list(l, "the roster", DOCUMENT_ROSTER, view_files(v)->roster);
}

enum err fetch_check(const struct view *v, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(CHECK_ARENA_BYTES);
    struct listing roster;
    struct listing policy;
    enum err e = a == NULL ? ERR_NOMEM : listing_new(a, why, &roster);
    if (e == ERR_OK)
        e = list_roster(v, &roster);
    if (e == ERR_OK)
        e = listing_new(a, why, &policy);
    return e == ERR_OK ? list_policy(v, &policy) : e;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct fetch f;
    struct listing l;
    enum err e = fetch_decode(t->envelope.body, t->arena, &f, why);
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "fetch: %s", why->text);
    e = listing_new(t->arena, why, &l);
    if (e != ERR_OK)
        return e;
    if (f.what == DOCUMENT_ROSTER)
        e = list_roster(t->view, &l);
    else if (f.what == DOCUMENT_POLICY)
        e = list_policy(t->view, &l);
    else
        return turn_refuse(t, REFUSED_MALFORMED, "fetch: what: roster or policy");
    const struct fetch_reply r = {.documents = l.v, .count = l.count};
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    if (e == ERR_OK)
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
    .senders = TURN_BY_REGISTRAR,
    .in_repair = true,
};
