/* Mailbox items, delivered in slots and padded size classes (docs/protocol.md, "Mailboxes"). */
#ifndef SLUIS_MSG_MAIL_H
#define SLUIS_MSG_MAIL_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/msg/consent.h"

#define MAIL_ITEMS_MAX 256u
#define MAIL_SEQUENCE_MAX ((uint64_t)INT64_MAX)

enum mail_kind {
    MAIL_NONE = 0,
    MAIL_HIT,      /* hit_notice, to the holder */
    MAIL_SETTLED,  /* settled, to the requester */
    MAIL_CLOSED,   /* signed_closed, to the requester */
    MAIL_PROOF,    /* proof file of one of its messages */
    MAIL_DOCUMENT, /* document (hello.h) */
    MAIL_ENDED,    /* signed_closed, to a holder that was sent a hit */
    MAIL_RENEWAL,  /* the renewal of a renewal_ask, to the registrar */
    MAIL_KIND_COUNT,
};

struct mail_item {
    uint64_t sequence; /* from 1, ascending within a mail */
    enum mail_kind kind;
    struct bytes content;
};

struct mail {
    uint64_t slot;
    const struct mail_item *items;
    size_t item_count;
};

struct mail_ack {
    uint64_t up_to;
};

#define RENEWAL_ASK_MAX_BYTES ((size_t)64 << 10)

/* The body of the message kind renewal. */
struct renewal_ask {
    struct agency_id registrar;
    struct bytes renewal; /* exact bytes; judged by the registrar alone */
};

struct settled {
    struct digest header_digest;
    struct signed_consent consents[2];
    size_t consent_count;
    struct bytes release; /* CMS, or empty */
};

struct closed {
    struct name deployment;
    struct request_id request_id;
    struct digest header_digest;
    struct agency_id holder;
    int64_t closed_at_s;
    int64_t last_full_import_s; /* the holder's coverage; 0: never */
    const struct name *categories;
    size_t category_count;
    bool types[IDENT_TYPE_COUNT];
};

struct signed_closed {
    struct bytes closed; /* exact bytes of a closed */
    struct bytes signature;
};

/* The highest sequence that a broker can honestly have given out at now_s (seconds since 1970 UTC): a
 * million items a second since 1970, with five minutes for clocks that differ. A broker that lies can
 * use up the numbers to here, and a second later there are new ones: nobody can make an agency deaf for
 * good. Above 0 and at most MAIL_SEQUENCE_MAX. */
uint64_t mail_sequence_limit(int64_t now_s);

/* The sizes that a mail body is padded to, ascending; the last is the largest that fits a frame. */
extern const size_t mail_size_classes[];
extern const size_t mail_size_class_count;

/* Encodes padded with zero bytes to the smallest size class that holds the items.
 * ERR_TOO_LARGE where none does: put fewer items. */
enum err mail_encode(const struct mail *m, struct buf *out) MUST_CHECK;
enum err mail_ack_encode(const struct mail_ack *m, struct buf *out) MUST_CHECK;
enum err renewal_ask_encode(const struct renewal_ask *r, struct buf *out) MUST_CHECK;
enum err settled_encode(const struct settled *s, struct buf *out) MUST_CHECK;
enum err closed_encode(const struct closed *c, struct buf *out) MUST_CHECK;
enum err signed_closed_encode(const struct signed_closed *c, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. */
enum err mail_decode(struct bytes data, struct arena *a, struct mail *out,
                     struct errmsg *why) MUST_CHECK;
enum err mail_ack_decode(struct bytes data, struct arena *a, struct mail_ack *out,
                         struct errmsg *why) MUST_CHECK;
enum err renewal_ask_decode(struct bytes data, struct arena *a, struct renewal_ask *out,
                            struct errmsg *why) MUST_CHECK;
enum err settled_decode(struct bytes data, struct arena *a, struct settled *out,
                        struct errmsg *why) MUST_CHECK;
enum err closed_decode(struct bytes data, struct arena *a, struct closed *out,
                       struct errmsg *why) MUST_CHECK;
enum err signed_closed_decode(struct bytes data, struct arena *a, struct signed_closed *out,
                              struct errmsg *why) MUST_CHECK;

#endif
