/* A security officer's word that the keys of the agency's own log are lost and which one goes on (decision 0419): whose word
 * it is, and whether it is about the log as the broker knows it. */
#ifndef SLUIS_BROKER_AGENCY_VOUCH_H
#define SLUIS_BROKER_AGENCY_VOUCH_H

#include "broker/store/agency_logs.h"
#include "pki/note.h"
#include "pki/view/view.h"
#include "proto/msg/log_vouch.h"

/* What came with an offer. */
struct agency_vouch {
    struct bytes wire;     /* as it came, in the arena; empty: nothing */
    struct log_vouch said; /* all zero where fault is there */
    struct digest digest;  /* SHA-256 of the signed document */
    const char *fault;     /* why it counts for nothing, whatever log it is about; NULL: it may count */
};

struct agency_vouch_reading {
    const struct view *view;
    const struct name *deployment;
    const struct agency_id *agency; /* that sent it */
    int64_t now_s;
    struct arena *arena;
};

/* Loop thread: a security officer of that agency, by the roster of now, signed it for this deployment and agency within
 * LOG_VOUCH_LIFE_S. What is wrong with it is no error but its fault. ERR_NOMEM, ERR_CRYPTO. */
enum err agency_vouch_read(const struct agency_vouch_reading *r, struct bytes wire, struct agency_vouch *out) MUST_CHECK;

/* The log as the store has it. */
struct agency_vouch_known {
    const struct agency_log *log; /* of at least one key */
    const struct vkey *keys;      /* its keys, in their order */
    struct arena *arena;          /* NOTE_ARENA_BYTES */
};

/* Any thread: *fault is NULL where it names that newest head, as lost exactly the keys that signed it, and as the next one
 * the single key of the offer; else why not. ERR_INVALID (a damaged row), ERR_NOMEM, ERR_CRYPTO. */
enum err agency_vouch_fits(const struct agency_vouch *v, const struct agency_vouch_known *known,
                           const struct agency_head *offered, const char **fault) MUST_CHECK;

#endif
