#include <stdlib.h>

#include "agent/mirror/mirror.h"
#include "agent/receipts.h"
#include "agent/successor/successor.h"
#include "agent/witness/witness.h"
#include "pki/digest.h"
#include "pki/note.h"

#define JUDGE_ARENA_BYTES (NOTE_ARENA_BYTES + NOTE_MAX_BYTES + (64u << 10))

static enum err put(struct own_head *h, uint64_t size, const struct digest *root, struct bytes note)
{
    h->size = size;
    h->root = *root;
    buf_reset(&h->note);
    buf_put(&h->note, note);
    return buf_err(&h->note);
}

static enum err put_mirrored(const struct mirror *m, struct own_head *h, struct errmsg *why)
{
    if (m->size == 0)
        return ERR_OK;
    h->size = m->size;
    h->root = m->root;
    return mirror_copy_note(m->copy, &h->note, why);
}

enum err own_heads_read(const struct agent *a, struct own_heads *out, struct errmsg *why)
{
    struct receipts_info proved;
    for (size_t i = 0; i < HEAD_KINDS; i++)
        out->v[i] = (struct own_head){.note = buf_new(NOTE_MAX_BYTES)};
    receipts_info(a->receipts, &proved);
    const struct witness_row *row = a->witness != NULL ? &a->witness->row : NULL;
    enum err bad = proved.has_head ? put(&out->v[HEAD_PROVED], proved.size, &proved.root, receipts_checkpoint(a->receipts)) : ERR_OK;
    if (bad == ERR_OK && row != NULL)
        bad = put(&out->v[HEAD_COSIGNED], row->state.size, &row->state.root, row->head);
    if (bad == ERR_OK && a->mirror != NULL)
        bad = put_mirrored(a->mirror, &out->v[HEAD_MIRRORED], why);
    return bad;
}

void own_heads_free(struct own_heads *h)
{
    for (size_t i = 0; h != NULL && i < HEAD_KINDS; i++)
        buf_free(&h->v[i].note);
}

enum head_verdict own_head_compare(const struct own_head *h, const struct roster_former_origin *last)
{
    if (h->size == 0)
        return HEAD_IN_LOG;
    if (h->size == last->size)
        return digest_equal(&h->root, &last->root) ? HEAD_IN_LOG : HEAD_OTHER;
    return h->size < last->size ? HEAD_SMALLER : HEAD_BEHIND;
}

static enum err read_keys(const struct roster_former_origin *last, struct vkey *out)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < last->key_count; i++)
        bad = vkey_parse(digest_sha256, last->keys[i], &out[i]);
    return bad;
}

enum err own_head_judge(const struct own_head *h, const struct roster_former_origin *last, struct bytes request,
                        struct head_shown *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(JUDGE_ARENA_BYTES);
    struct vkey *keys = a != NULL ? arena_array(a, ROSTER_MAX_ORIGIN_KEYS, sizeof *keys) : NULL;
    if (keys == NULL)
        return ERR_NOMEM;
    const struct witness_log log = {keys, last->key_count};
    const struct witness_state state = {h->size, h->root};
    struct witness_verdict v;
    struct errmsg why = {""};
    enum err bad = read_keys(last, keys);
    if (bad == ERR_OK)
        bad = witness_judge(&log, &state, request, a, &v, &why);
    if (bad != ERR_OK)
        return bad;
    const bool is_last = v.status == WITNESS_COSIGN && v.next.size == last->size && digest_equal(&v.next.root, &last->root);
    *out = (struct head_shown){is_last ? HEAD_IN_LOG : v.is_fork ? HEAD_OTHER : HEAD_SMALLER, v.is_fork};
    return ERR_OK;
}
