/* An entry of the outbox as rows of the store: head, body, and the frame that was made of it. */
#ifndef SLUIS_AGENT_OUTBOX_ROWS_H
#define SLUIS_AGENT_OUTBOX_ROWS_H

#include "agent/outbox.h"
#include "proto/host/kv.h"

struct store;

#define OUTBOX_OLD_IDS 8

struct outbox_head {
    struct outbox_id id;
    enum msg_kind kind;
    int64_t created_s;
    bool has_frame;
    struct message_id message; /* of the frame */
    int64_t expires_s;         /* of the frame */
    struct message_id old[OUTBOX_OLD_IDS]; /* of earlier frames, newest first */
    size_t old_count;
    uint8_t tag[OUTBOX_TAG_MAX];
    size_t tag_len;
};

static inline struct bytes outbox_tag(const struct outbox_head *h)
{
    return bytes_of(h->tag, h->tag_len);
}

/* Whether the entry was ever sent under this id. */
bool outbox_head_knows(const struct outbox_head *h, const struct message_id *id);

/* Store thread. */
enum err outbox_rows_add(struct store *s, struct kv_txn *txn, struct outbox_head *h,
                         struct bytes body) MUST_CHECK;
enum err outbox_rows_set_frame(struct store *s, struct kv_txn *txn, const struct outbox_head *h,
                               struct bytes frame) MUST_CHECK;
enum err outbox_rows_remove(struct store *s, struct kv_txn *txn, struct outbox_id id) MUST_CHECK;

/* Any transaction. */
enum err outbox_rows_head(struct store *s, struct kv_txn *txn, struct outbox_id id,
                          struct outbox_head *out) MUST_CHECK;
/* The first entry behind an id. ERR_NOT_FOUND. */
enum err outbox_rows_after(struct store *s, struct kv_txn *txn, struct outbox_id id,
                           struct outbox_head *out) MUST_CHECK;
enum err outbox_rows_body(struct store *s, struct kv_txn *txn, struct outbox_id id, struct arena *a,
                          struct bytes *out) MUST_CHECK;
enum err outbox_rows_frame(struct store *s, struct kv_txn *txn, struct outbox_id id,
                           struct arena *a, struct bytes *out) MUST_CHECK;

#endif
