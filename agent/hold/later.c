#include "agent/hold/later.h"

#include <stdlib.h>

#include "agent/hold/epoch.h"
#include "agent/hold/hit.h"
#include "agent/hold/hold.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define NOTICE_ARENA_BYTES ((size_t)16 << 20)
#define WAITING "hold_later" /* number: the rows */
#define LOOKS_MOST 32 /* in one turn of the loop; the rest with the timer */

struct later_job {
    struct agent *agent;
    struct arena *arena; /* of the notice and all that is made of it */
    struct mail_turn turn;
    struct digest at; /* its key */
    unsigned looks;
};

static void job_free(struct later_job *j)
{
    if (j == NULL)
        return;
    view_free(j->turn.view);
    arena_free(j->arena);
    free(j);
}
DEFINE_CLEANUP(struct later_job, job_free)

static enum err key_of(const struct later_notice *n, struct digest *out)
{
    CLEANUP(buf_free) struct buf b = buf_new(256);
    join_part(&b, digest_bytes(n->header));
    join_u32(&b, n->group);
    join_part(&b, BYTES_OF_ARRAY(n->handle->b));
    const struct bytes all = buf_bytes(&b);
    const enum err bad = buf_err(&b);
    return bad == ERR_OK ? digest_sha256(&all, 1, out) : bad;
}

enum err later_put(struct agent *a, struct kv_txn *txn, const struct later_notice *n)
{
    struct digest key;
    uint64_t waiting = 0;
    enum err bad = key_of(n, &key);
    if (bad == ERR_OK)
        bad = store_has(a->store, txn, STORE_HOLD_LATER, digest_bytes(&key));
    if (bad != ERR_NOT_FOUND)
        return bad; /* it waits already */
    bad = store_get_number(a->store, txn, WAITING, &waiting);
    if (bad == ERR_OK && waiting >= LATER_MAX)
        return ERR_NO_SPACE;
    if (bad == ERR_OK && waiting == 0)
        log_warn("hold.notices_wait: a purpose is suspended here, or the key of an epoch is missing (sluis status)");
    if (bad == ERR_OK)
        bad = store_put_number(a->store, txn, WAITING, waiting + 1);
    return bad == ERR_OK ? store_put(a->store, txn, STORE_HOLD_LATER, digest_bytes(&key), n->content) : bad;
}

static enum err drop_row(struct later_job *j, struct kv_txn *txn)
{
    struct store *s = j->agent->store;
    uint64_t waiting = 0;
    enum err bad = store_get_number(s, txn, WAITING, &waiting);
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, WAITING, waiting > 0 ? waiting - 1 : 0);
    return bad == ERR_OK ? store_del(s, txn, STORE_HOLD_LATER, digest_bytes(&j->at)) : bad;
}

/* The row behind j->at, its key in j->at. ERR_NOT_FOUND: there is none. */
static enum err read_next(struct later_job *j, struct kv_txn *txn, struct store_row *row)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(j->agent->store, txn, STORE_HOLD_LATER, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_after(it, digest_bytes(&j->at));
    if (bad == ERR_OK)
        bad = store_next(j->agent->store, STORE_HOLD_LATER, it, j->arena, row);
    if (bad == ERR_OK && row->key.len != sizeof j->at.b)
        bad = ERR_INVALID;
    if (bad == ERR_OK)
        memcpy(j->at.b, row->key.ptr, sizeof j->at.b);
    return bad;
}

/* What costs no signature. ERR_AGAIN: it still waits. */
static enum err look_whether(struct later_job *j, struct bytes content)
{
    struct hit_place place;
    if (hit_place_of(content, j->arena, &place) != ERR_OK || place.deadline_s <= agent_now_s(j->agent))
        return ERR_OK; /* it is dropped where it is judged */
    const bool waits = view_epochs_suspended(j->turn.view, &place.purpose) != NULL ||
                       (epoch_serves(j->turn.view, &place.purpose, place.epoch, NULL) != ERR_PERMISSION &&
                        agent_half(j->agent, &place.purpose, place.epoch, false) == NULL);
    return waits ? ERR_AGAIN : ERR_OK;
}

/* ERR_AGAIN: it still waits. */
static enum err judge_next(struct later_job *j)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct store_row row;
    struct errmsg why = {""};
    struct view *view = j->turn.view;
    arena_reset(j->arena);
    enum err bad = kv_read_begin(j->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = read_next(j, txn, &row);
    if (bad == ERR_OK)
        bad = look_whether(j, row.plain);
    if (bad != ERR_OK)
        return bad;
    j->turn = (struct mail_turn){.agent = j->agent,
                                 .view = view,
                                 .arena = j->arena,
                                 .now_s = agent_now_s(j->agent),
                                 .content = row.plain};
    bad = hold_hit_owner.prepare(&j->turn, &why);
    return bad == ERR_OK && hold_hit_waits(&j->turn) ? ERR_AGAIN : bad;
}

static enum err settle_job(struct kv_txn *txn, void *arg)
{
    struct later_job *j = arg;
    enum err bad = hold_hit_owner.apply(&j->turn, txn);
    return bad != ERR_OK || hold_hit_is_kept(&j->turn) ? bad : drop_row(j, txn);
}

static void go_on(struct later_job *j);

static void end(struct later_job *j, enum err result)
{
    struct hold *h = j->agent->hold;
    if (result != ERR_OK && result != ERR_NOT_FOUND && result != ERR_AGAIN)
        log_warn("hold.notice_not_judged error=\"%s\": it is tried again", err_text(result));
    if (h != NULL) {
        h->later.is_under_way = false;
        h->later.after = result != ERR_NOT_FOUND ? j->at : (struct digest){{0}};
    }
    job_free(j);
}

static void was_settled(enum err result, void *arg)
{
    struct later_job *j = arg;
    if (result != ERR_OK || j->agent->hold == NULL) {
        end(j, result);
        return;
    }
    hold_hit_owner.on_done(&j->turn);
    go_on(j);
}

static void go_on(struct later_job *j)
{
    enum err bad = ERR_AGAIN;
    while (bad == ERR_AGAIN && j->looks < LOOKS_MOST) {
        bad = judge_next(j);
        j->looks++;
    }
    if (bad == ERR_OK)
        bad = writer_submit(j->agent->writer, WRITER_INTERACTIVE, settle_job, was_settled, j);
    if (bad != ERR_OK)
        end(j, bad);
}

static bool has_any(struct agent *a)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes value;
    return kv_read_begin(a->kv, &txn) == ERR_OK &&
           store_iter(a->store, txn, STORE_HOLD_LATER, bytes_of(NULL, 0), &it) == ERR_OK &&
           kv_iter_next(it, &key, &value) == ERR_OK;
}

void later_try(struct agent *a)
{
    struct hold *h = a->hold;
    if (h == NULL || h->later.is_under_way || !has_any(a))
        return;
    CLEANUP(cleanup_job_free) struct later_job *j = calloc(1, sizeof *j);
    if (j == NULL)
        return;
    *j = (struct later_job){.agent = a, .arena = arena_new(NOTICE_ARENA_BYTES), .at = h->later.after};
    if (j->arena == NULL)
        return;
    j->turn.view = view_ref(a->view);
    h->later.is_under_way = true;
    go_on(take(j));
}
