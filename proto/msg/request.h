/* A question to one holder, and what a hit shows that holder (docs/protocol.md, "Ask"). */
#ifndef SLUIS_MSG_REQUEST_H
#define SLUIS_MSG_REQUEST_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define REQUEST_GROUPS_MAX 256u
#define REQUEST_IDENTIFIERS_MAX 1024u
#define REQUEST_FIELDS_MAX 64u
#define SEALED_PART_MAX_BYTES 65536u
#define NECESSITY_MAX_BYTES 8192u
#define SEALED_CHECKS_MAX 16u

struct request_header {
    struct name deployment;
    struct request_id request_id;
    struct agency_id requester;
    struct agency_id on_behalf_of;
    struct agency_id holder;
    struct name rule;
    uint32_t rule_version;
    struct digest policy_digest;
    uint64_t roster_serial;
    struct case_id case_id;
    struct name case_worker; /* monthly pseudonym */
    const struct name *fields; /* ascending, no repeats */
    size_t field_count;
    struct name purpose;
    uint32_t epoch;
    enum suite suite;
    int64_t issued_at_s;
    int64_t deadline_s; /* after issued_at_s */
    struct digest subject_root;
    struct name case_state;
    struct name process;
};

struct request_identifier {
    uint16_t group;
    uint16_t position; /* of its leaf in the padded tree */
    enum ident_type type;
    struct inner inner;
    struct salt salt;
};

struct request_message {
    struct bytes header; /* exact bytes of a request_header */
    struct bytes worker_signature;
    struct digest worker_fingerprint;
    struct bytes agency_signature;
    const struct bytes *sealed_parts; /* by group */
    size_t group_count;
    const struct request_identifier *identifiers;
    size_t identifier_count;
    const struct digest *padding; /* leaves of the free places, in order */
    size_t padding_count; /* identifier_count + padding_count is a power of two, at least 8 */
};

struct matched_identifier {
    enum ident_type type;
    struct salt salt;
    struct merkle_path path; /* to subject_root */
};

struct hit_notice {
    struct bytes header;
    struct bytes worker_signature;
    struct digest worker_fingerprint;
    struct bytes agency_signature;
    struct handle handle;
    uint32_t group;
    struct bytes sealed_part;
    const struct matched_identifier *matched;
    size_t matched_count; /* 1 … 64 */
};

struct sealed_part {
    struct name deployment;
    struct request_id request_id;
    struct agency_id holder;
    uint32_t group;
    struct bytes necessity;          /* text, at most NECESSITY_MAX_BYTES */
    struct bytes control_name;       /* text, at most 512 bytes, or empty */
    struct bytes control_birth_date; /* YYYY-MM-DD or empty */
    struct bytes concrete_signal;    /* as the two below: text, at most NECESSITY_MAX_BYTES, or empty */
    struct bytes proportionality;
    struct bytes subsidiarity;
    struct name aim; /* as the next: an id of the rule, or "" */
    struct name phenomenon;
    const struct name *checks; /* recorded in the case; ascending, no repeats */
    size_t check_count;
};

/* In whose name it is asked; NULL where the requester asks for itself, and names itself in the header. */
const struct agency_id *request_header_principal(const struct request_header *h);

enum err request_header_encode(const struct request_header *h, struct buf *out) MUST_CHECK;
enum err request_message_encode(const struct request_message *m, struct buf *out) MUST_CHECK;
enum err hit_notice_encode(const struct hit_notice *n, struct buf *out) MUST_CHECK;
enum err sealed_part_encode(const struct sealed_part *p, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. Positions are all
 * different and inside the tree; each group has an identifier and a sealed part. */
enum err request_header_decode(struct bytes data, struct arena *a, struct request_header *out,
                               struct errmsg *why) MUST_CHECK;
enum err request_message_decode(struct bytes data, struct arena *a, struct request_message *out,
                                struct errmsg *why) MUST_CHECK;
enum err hit_notice_decode(struct bytes data, struct arena *a, struct hit_notice *out,
                           struct errmsg *why) MUST_CHECK;
enum err sealed_part_decode(struct bytes data, struct arena *a, struct sealed_part *out,
                            struct errmsg *why) MUST_CHECK;

#endif
