/* The roster: the signed allow-list of members, their certificates and officers (docs/trust.md).
 * A struct roster is what the document says and obeys every rule of roster_check; whether the
 * registrar said it is for pki/trust. Views point into the arena it was decoded into. */
#ifndef SLUIS_MSG_ROSTER_H
#define SLUIS_MSG_ROSTER_H

#include <stdbool.h>

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define ROSTER_MAX_BYTES ((size_t)3 << 20)
#define ROSTER_ARENA_BYTES ((size_t)32 << 20) /* always enough for one roster */
#define ROSTER_MAX_MEMBERS 1024
#define ROSTER_MAX_OFFICERS 4096
#define ROSTER_MAX_REVOKED 16384
#define ROSTER_MAX_ACTS 1024
#define ROSTER_MAX_ISSUERS 4
#define ROSTER_MAX_FORMER_LOGS 4
#define ROSTER_MAX_FORMER_ORIGINS 8
#define ROSTER_MAX_ORIGIN_KEYS 6 /* the present, the next and the former ones */
#define ROSTER_MAX_HEAD_BYTES ((size_t)2 << 10)
#define ROSTER_MAX_CERT_BYTES 2048
#define ROSTER_MAX_FORMER 64        /* of one member: 400 days of signing keys that live 20 days, and the others */
#define ROSTER_MAX_OFFICER_FORMER 24 /* of one officer: 400 days */
#define ROSTER_OVERLAP_S ROSTER_MAX_LIFE_S /* by then nobody holds a roster of before the renewal */
#define ROSTER_MAX_DEPARTURES 4096
#define ROSTER_MAX_HANDOVER_BYTES 72 /* a DER signature */
#define ROSTER_MAX_LIST 64 /* controllers, classes, purposes of one member */
#define ROSTER_MAX_TEXT 256
#define ROSTER_MAX_KEY_BYTES 128
#define ROSTER_MAX_LIFE_S (7 * 24 * 3600)
#define CURVE_KEY_BYTES 32

enum member_kind {
    MEMBER_NONE = 0,
    MEMBER_AGENCY,
    MEMBER_BROKER,
    MEMBER_REGISTRAR,
};

const char *member_kind_id(enum member_kind k);
enum err member_kind_parse(struct bytes text, enum member_kind *out) MUST_CHECK;

/* A certificate; an absent one has len 0. fingerprint: SHA-256 of the DER. */
struct roster_cert {
    struct bytes der;
    struct digest fingerprint;
};

struct curve_key {
    uint8_t b[CURVE_KEY_BYTES];
};

/* A certificate that a renewal replaced. What it is for says its profile, so only pki/ can tell. */
struct roster_former {
    struct roster_cert cert;
    int64_t replaced_at; /* when its successor was issued */
    int64_t until;       /* the last second at which it counts for anything */
};

struct former_list {
    const struct roster_former *v; /* ascending by fingerprint */
    size_t count;
};

/* The broker's transport key that comes, served at an endpoint of its own beside the present one; all empty
 * where none comes (decision 0902). */
struct roster_next {
    struct roster_cert transport;
    struct curve_key curve;
    struct bytes endpoint;
};

struct roster_member {
    struct agency_id id;
    enum member_kind kind;
    struct bytes name;
    struct agency_id host; /* the organisation that runs its systems */
    const struct agency_id *controllers;
    size_t controller_count;
    enum regime regime; /* REGIME_NONE unless an agency */
    struct name_list classes;
    struct name_list purposes;
    uint64_t population; /* subjects */
    uint64_t churn;      /* additions in a year */
    struct roster_cert signing;
    struct roster_cert sealing;   /* agencies */
    struct roster_cert transport; /* agencies and broker; of a registrar, with signing, or neither */
    struct curve_key curve;       /* the key of transport; zero where that is absent */
    struct bytes endpoint;        /* broker */
    struct former_list former;
    struct roster_next next;      /* broker */
};

struct roster_officer {
    struct agency_id agency;
    struct name staff;
    struct name person;
    uint32_t functions; /* bit 1 << enum officer_function */
    struct roster_cert cert;
    struct former_list former;
};

/* A key that signed the log before. */
struct roster_former_log {
    struct bytes key; /* vkey */
    int64_t until;    /* the last second at which it counts */
};

/* A log of the broker that has ended (decision 0408). Whether head is of this origin, size and root says
 * former_origin_check (pki/log_policy.h). */
struct roster_former_origin {
    struct bytes origin;
    const struct bytes *keys; /* vkeys that signed it */
    size_t key_count;
    uint64_t size; /* of its last head */
    struct digest root;
    struct bytes head; /* that head: a note with signatures of those keys */
};

/* An agency that left a purpose, or the roster with all its purposes. */
struct roster_departure {
    struct name purpose;
    struct agency_id oin;
    int64_t at_s;
};

struct roster {
    struct name deployment;
    uint64_t serial;
    int64_t issued_at; /* seconds since 1970 UTC */
    int64_t not_after;
    const struct roster_cert *issuers;
    size_t issuer_count;
    const struct roster_member *members; /* ascending by id */
    size_t member_count;
    const struct roster_officer *officers; /* ascending by agency, staff */
    size_t officer_count;
    const struct digest *revoked; /* ascending */
    size_t revoked_count;
    struct bytes log_key; /* vkey; empty in a draft */
    struct bytes log_origin;
    struct bytes next_log_key; /* signs beside log_key; empty but during an overlap */
    const struct roster_former_log *former_logs; /* ascending by key */
    size_t former_log_count;
    const struct roster_former_origin *former_origins; /* oldest first */
    size_t former_origin_count;
    const struct bytes *acts;
    size_t act_count;
    struct bytes key; /* SPKI of the roster key; counts only where its digest is pinned */
    struct bytes next_key; /* SPKI of the roster key that comes; empty: none is announced */
    struct bytes handover; /* by the key before key; empty where key is the first */
    const struct roster_departure *departures; /* ascending by purpose, oin */
    size_t departure_count;
    bool has_ceremony;
    struct digest ceremony; /* of the transcript with which the register was opened */
};

/* Reads and checks a roster document. Fingerprints are computed with sha256.
 * ERR_TOO_LARGE, ERR_NOMEM (cap of a), what msg_scan says, what roster_check says. */
enum err roster_decode(struct bytes document, sha256_fn sha256, struct arena *a,
                       struct roster *out, struct errmsg *why) MUST_CHECK;

/* Appends the document of a roster that passes roster_check; returns what that says, ERR_NOMEM or
 * ERR_TOO_LARGE. Fingerprints and curve keys are as given. */
enum err roster_encode(const struct roster *r, struct buf *out, struct errmsg *why) MUST_CHECK;

/* The rules that hold inside one roster: serial above 0, life of at most seven days, order and
 * uniqueness of members, officers and revocations, no certificate or CURVE key twice, each kind of
 * member with exactly the parts of its kind, one broker and one registrar with a
 * mailbox at most, officers only of member agencies,
 * departures in order, none of a member who is there, no next key that is the key,
 * no origin of a log twice, and of each that ended keys, a size and a last head,
 * former certificates in order, each of whoever has a current one, none of them revoked, and who runs the broker runs no agency and no registrar, controls none and is none.
 * ERR_DUPLICATE, ERR_RANGE, ERR_NOT_FOUND (officer's agency), ERR_CONFLICT (who runs what),
 * ERR_NOMEM, ERR_INVALID. */
enum err roster_check(const struct roster *r, struct errmsg *why) MUST_CHECK;

/* Whether the member's transport key is about to change. */
static inline bool roster_has_next(const struct roster_member *m)
{
    return m->next.transport.der.len > 0;
}

/* Look-ups; NULL where there is none. The result lives as long as the roster. None of them asks
 * whether a certificate is revoked: pki/trust does. */
const struct roster_member *roster_member_of(const struct roster *r, const struct agency_id *id);
const struct roster_member *roster_member_by_curve(const struct roster *r,
                                                   const struct curve_key *key);
const struct roster_member *roster_broker(const struct roster *r);
/* The registrar that has certificates, and so a mailbox at the broker. */
const struct roster_member *roster_registrar(const struct roster *r);
const struct roster_officer *roster_officer_of(const struct roster *r,
                                               const struct agency_id *agency,
                                               const struct name *staff);
const struct roster_officer *roster_officer_by_cert(const struct roster *r,
                                                    const struct digest *fingerprint);
/* The entry of a former certificate; NULL where the list has none. */
const struct roster_former *roster_former_of(const struct former_list *list,
                                             const struct digest *fingerprint);
/* How many former certificates it lists. */
size_t roster_former_count(const struct roster *r);
/* The member, or the officer, with this certificate as current (*former is then NULL) or as former one. */
const struct roster_member *roster_member_with(const struct roster *r, const struct digest *fingerprint,
                                               const struct roster_former **former);
const struct roster_officer *roster_officer_with(const struct roster *r,
                                                 const struct digest *fingerprint,
                                                 const struct roster_former **former);
bool roster_officer_has(const struct roster_officer *o, enum officer_function f);
/* The same by the function's id; false for a name that is none. */
bool roster_officer_is(const struct roster_officer *o, const struct name *function);
bool roster_is_revoked(const struct roster *r, const struct digest *fingerprint);

/* The log that ended under this origin; NULL: the roster knows of none. */
const struct roster_former_origin *roster_former_origin_of(const struct roster *r, struct bytes origin);

/* When this agency left the purpose; 0: the roster knows of no departure. */
int64_t roster_departed_s(const struct roster *r, const struct name *purpose, const struct agency_id *oin);
bool roster_is_in_purpose(const struct roster *r, const struct name *purpose, const struct agency_id *oin);

/* What a roster key signs (SIGN_HANDOVER) to hand over to the next: appends join(deployment, key that signs,
 * key that takes over), both as SubjectPublicKeyInfo. Returns what buf_err(out) says. */
enum err roster_put_handover(const struct name *deployment, struct bytes from, struct bytes to,
                             struct buf *out) MUST_CHECK;

/* Calls fn for each certificate of a party or person that r lists, former ones too, members first; ends at its first error and
 * returns it. */
struct roster_listed {
    const struct roster_cert *cert;
    const struct agency_id *oin;
    const struct name *staff;           /* of an officer's; else NULL */
    const struct roster_former *former; /* NULL: it is in use */
};
typedef enum err (*roster_listed_fn)(void *arg, const struct roster_listed *l);
enum err roster_each_cert(const struct roster *r, roster_listed_fn fn, void *arg) MUST_CHECK;

/* Whether next may come after before: a higher serial of the same deployment, in which everything is still
 * revoked that before revoked, and every log that ended has ended where it did (the last one there or later), also the one that before
 * listed where next lists another. A register that was restored from an old copy would give back what it has
 * forgotten. ERR_BEHIND with what is missing in why, ERR_MISMATCH (deployment). */
enum err roster_follows(const struct roster *before, const struct roster *next,
                        struct errmsg *why) MUST_CHECK;

#endif
