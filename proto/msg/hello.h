/* The first message of a session, and the documents that repair a difference
 * (docs/protocol.md, "Hello"). */
#ifndef SLUIS_MSG_HELLO_H
#define SLUIS_MSG_HELLO_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define HELLO_VERSIONS_MAX 16
#define HELLO_EPOCHS_MAX 256
#define KCV_BYTES 8
#define HELLO_CHAINS_MAX 256
#define CHECKPOINT_MAX_BYTES 16384

struct epoch_key {
    struct name purpose;
    uint32_t epoch; /* from 1 */
    enum suite suite;
    uint8_t kcv[KCV_BYTES];
};

/* What a party holds beside the policy in force. */
struct hello_trust {
    uint64_t announced_serial; /* of the newest policy that is not in force yet; 0: none */
    struct digest announced_digest;
    struct digest adoptions_digest; /* over all adoptions that it holds */
    struct digest states_digest;    /* over the newest word on the epochs of each purpose */
};

/* The newest batch of one agency in a purpose and epoch. */
struct hello_chain {
    struct name purpose;
    uint32_t epoch;
    uint64_t sequence;    /* 0: none; below UINT64_MAX */
    struct digest digest; /* of its header; zero where there is none */
};

struct hello {
    uint32_t versions[HELLO_VERSIONS_MAX];
    size_t version_count;
    uint32_t norm_versions[IDENT_TYPE_COUNT]; /* 0: not spoken */
    bool suites[SUITE_HK1 + 1];               /* by enum suite */
    uint64_t roster_serial;
    uint64_t policy_serial;
    struct digest policy_digest;
    const struct epoch_key *epochs;
    size_t epoch_count;
    struct hello_trust trust;
    int64_t now_s;
    struct bytes checkpoint; /* the last note that the agent verified; empty at first */
    uint64_t mail_done;      /* the highest mail sequence that it has committed; 0: none */
    const struct hello_chain *chains; /* of its own that were accepted; each purpose and epoch once */
    size_t chain_count;               /* at most HELLO_CHAINS_MAX */
};

enum session_state {
    SESSION_NONE = 0,
    SESSION_OPEN,
    SESSION_REPAIR,    /* only hello and fetch are answered */
    SESSION_RECONCILE, /* a restored store waits for its agents */
};

struct hello_reply {
    enum session_state state;
    uint32_t version;
    struct bytes difference; /* text, at most 320 bytes; the first difference */
    uint64_t roster_serial;
    uint64_t policy_serial;
    struct digest policy_digest;
    const struct epoch_key *epochs;
    size_t epoch_count;
    struct hello_trust trust;
    int64_t now_s;
    uint32_t slot_interval_ms;
    uint32_t publish_interval_ms;
    uint32_t credit;
    struct bytes origin;
    int64_t copied_s; /* in state reconcile: when the copy was made that it was restored from; 0: not known */
    const struct hello_chain *lacking; /* the broker's end of each chain of which it has less, or another batch */
    size_t lacking_count;
};

enum document_kind {
    DOCUMENT_NONE = 0,
    DOCUMENT_ROSTER,
    DOCUMENT_POLICY,
    DOCUMENT_POLICY_SIGNATURE,
    DOCUMENT_ADOPTION,
    DOCUMENT_DEAL,
    DOCUMENT_POLICY_VERSION,
    DOCUMENT_EPOCH_STATES,
    DOCUMENT_KIND_COUNT,
};

#define FETCH_DOCUMENTS_MAX 2048 /* of one answer: of each kind that a folder holds at most 1024 */
#define FETCH_DOCUMENT_MAX_BYTES ((size_t)3 << 20)

struct document {
    enum document_kind kind;
    struct bytes content; /* at most FETCH_DOCUMENT_MAX_BYTES */
};

struct fetch {
    enum document_kind what; /* roster, or policy with what belongs to it */
};

struct fetch_reply {
    const struct document *documents;
    size_t count; /* at most FETCH_DOCUMENTS_MAX */
};

enum err hello_encode(const struct hello *h, struct buf *out) MUST_CHECK;
enum err hello_reply_encode(const struct hello_reply *h, struct buf *out) MUST_CHECK;
enum err fetch_encode(const struct fetch *f, struct buf *out) MUST_CHECK;
enum err fetch_reply_encode(const struct fetch_reply *f, struct buf *out) MUST_CHECK;
enum err document_encode(const struct document *d, struct buf *out) MUST_CHECK;

/* Decode and validate into views of arena a; errors as in envelope.h. */
enum err hello_decode(struct bytes data, struct arena *a, struct hello *out,
                      struct errmsg *why) MUST_CHECK;
enum err hello_reply_decode(struct bytes data, struct arena *a, struct hello_reply *out,
                            struct errmsg *why) MUST_CHECK;
enum err fetch_decode(struct bytes data, struct arena *a, struct fetch *out,
                      struct errmsg *why) MUST_CHECK;
enum err fetch_reply_decode(struct bytes data, struct arena *a, struct fetch_reply *out,
                            struct errmsg *why) MUST_CHECK;
enum err document_decode(struct bytes data, struct arena *a, struct document *out,
                         struct errmsg *why) MUST_CHECK;

#endif
