/* Audit bodies by the reader's rights (docs/protocol.md, "Bodies"). */
#ifndef SLUIS_BROKER_BODIES_H
#define SLUIS_BROKER_BODIES_H

#include "broker/broker.h"
#include "proto/base/label.h"
#include "proto/msg/bodies.h"

struct turn;

/* Who reads, and what. */
struct bodies_read {
    bool is_auditor;          /* reads all */
    struct agency_id agency;  /* else: messages that it sent or received and that are not hidden */
    uint64_t from;
    uint32_t max_rows;        /* at most BODIES_ROWS_MAX */
    size_t max_bytes;         /* of all bodies together */
    const struct bodies_filter *narrow; /* only bodies that fit, of an auditor's reading; NULL: every row */
    const struct bodies_sought *sought; /* names behind the filter's digests, held against them before; NULL: none was said */
    int64_t until_ns; /* on clock_mono_ns: when a narrowed answer ends, found or not; 0: by what it looks at alone */
};

/* Loop thread: the rows from an index on, in the arena. Rows that this reader may not see, fillers and
 * erased and damaged ones come without a body. ERR_IO, ERR_NOMEM, ERR_CRYPTO. */
struct arena;
struct kv_txn;

/* Bodies that one answer opens, and how long one that is narrowed may take: it is made on the loop thread. */
#define BODIES_OPENED_MAX 256u
#define BODIES_ANSWER_NS INT64_C(25000000)

/* One answer while it is gathered. */
struct bodies_gathering {
    struct broker *broker;
    struct kv_txn *txn;
    const struct bodies_read *read;
    struct arena *arena;
    size_t room; /* for bodies, in bytes */
    size_t opened; /* bodies of this answer, fitting or not */
    uint64_t size; /* of the published log */
};

/* Loop thread: an alarm and a log line, once for each of the first 64 entries. */
void bodies_saw_damage(struct broker *b, uint64_t index);

/* One row; of a body that is damaged it says so. ERR_LIMIT: no room for its body; else as bodies_answer. */
enum err bodies_read_row(struct bodies_gathering *g, uint64_t index, struct body_row *out) MUST_CHECK;

/* Bodies that fit g->read->narrow, from g->read->from on, at most max; *next: where to go on, 0: there is no more. It stops
 * early where many bodies had to be opened for few that fit. Errors as bodies_answer. */
struct bodies_found {
    struct body_row *rows;
    size_t count;
    uint64_t next;
};
enum err bodies_search(struct bodies_gathering *g, size_t max, struct bodies_found *out) MUST_CHECK;

enum err bodies_answer(struct broker *b, const struct bodies_read *r, struct arena *a,
                       struct bodies_reply *out) MUST_CHECK;

/* What an officer signed about bodies: a query, or what was exported. */
struct bodies_signed {
    enum sign_kind kind;
    const struct bodies *message;
    const struct name *deployment;  /* of the document, as the next two */
    const struct agency_id *reader;
    int64_t issued_at_s;
};

/* Refuses the turn unless an officer of the sender whose function reads the log signed it within the last five minutes.
 * *is_auditor: whether that officer reads all; the entry of that reading is then hidden from the sender, since what it asked
 * for and how many rows there were tells of bodies that its agency may not read. ERR_NOMEM. */
enum err bodies_check_signed(struct turn *t, const struct bodies_signed *s, bool *is_auditor) MUST_CHECK;

#endif
