/* The outer frame and the envelope (docs/protocol.md, "Envelope"). */
#ifndef SLUIS_MSG_ENVELOPE_H
#define SLUIS_MSG_ENVELOPE_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"

#define WIRE_VERSION 1u
#define FRAME_MAX_BYTES ((size_t)4 << 20)
#define MESSAGE_LIFE_MAX_S ((int64_t)7 * 86400)

enum msg_kind {
    MSG_NONE = 0,
    MSG_HELLO,
    MSG_HELLO_REPLY,
    MSG_FETCH,
    MSG_FETCH_REPLY,
    MSG_BATCH,
    MSG_BATCH_CHUNK,
    MSG_REQUEST,
    MSG_SETTLE,
    MSG_MAIL,
    MSG_MAIL_ACK,
    MSG_BODIES,
    MSG_BODIES_REPLY,
    MSG_ACCEPTED,
    MSG_REFUSED,
    MSG_RENEWAL,
    MSG_COSIGN,
    MSG_COSIGN_REPLY,
    MSG_ENTRIES,
    MSG_ENTRIES_REPLY,
    MSG_EXPORTED,
    MSG_AGENCY_HEAD,
    MSG_AGENCY_HEAD_REPLY,
    MSG_KIND_COUNT,
};

struct frame {
    struct bytes envelope;
    struct bytes signature;
};

struct envelope {
    struct name deployment;
    uint32_t version;
    struct agency_id sender;
    struct agency_id recipient;
    enum msg_kind kind;
    struct message_id id;
    bool is_reply;                  /* in_reply_to holds */
    struct message_id in_reply_to;
    int64_t sent_at_s;
    int64_t expires_at_s;           /* after sent_at_s, by at most MESSAGE_LIFE_MAX_S */
    uint64_t roster_serial;
    uint64_t policy_serial;
    struct bytes body;              /* may be empty */
};

/* "hello", "batch_chunk", …; "?" outside the set. */
const char *msg_kind_id(enum msg_kind k);

/* Appends the encoding to out. ERR_TOO_LARGE, ERR_NOMEM. */
enum err frame_encode(const struct frame *f, struct buf *out) MUST_CHECK;
enum err envelope_encode(const struct envelope *e, struct buf *out) MUST_CHECK;

/* Decodes and validates; *out gets views into arena a. Input over FRAME_MAX_BYTES, unknown or
 * repeated fields, an id of another length, an unknown kind, a version that is not WIRE_VERSION:
 * ERR_TOO_LARGE, ERR_UNKNOWN, ERR_DUPLICATE, ERR_INVALID, ERR_VERSION; why names the field.
 * Whether the sender is who it says is not judged here. */
enum err frame_decode(struct bytes data, struct arena *a, struct frame *out,
                      struct errmsg *why) MUST_CHECK;
enum err envelope_decode(struct bytes data, struct arena *a, struct envelope *out,
                         struct errmsg *why) MUST_CHECK;

#endif
