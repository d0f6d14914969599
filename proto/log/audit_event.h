/* What an audit entry can be about: a closed set, each with its id in bodies and a sentence in Dutch
 * and in English. */
#ifndef SLUIS_LOG_AUDIT_EVENT_H
#define SLUIS_LOG_AUDIT_EVENT_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

enum audit_event {
    AUDIT_EVENT_NONE = 0,
    /* the log and the daemon */
    AUDIT_EVENT_LOG_STARTED, /* facts carry the digest of the filler key */
    AUDIT_EVENT_LOG_KEY_ROTATED, /* facts: what (added, retired, vouched), key, the SHA-256 of its line */
    AUDIT_EVENT_DAEMON_STARTED,
    AUDIT_EVENT_DAEMON_STOPPED,
    AUDIT_EVENT_BACKUP_MADE,
    AUDIT_EVENT_STORE_RESTORED,
    AUDIT_EVENT_LOG_TAKEN_UP, /* facts: from, to, lost */
    AUDIT_EVENT_LOG_RETIRED,  /* facts: successor_origin; nothing comes behind the block in which it stands */
    AUDIT_EVENT_BODIES_READ,     /* facts: purpose, filter */
    AUDIT_EVENT_BODIES_EXPORTED, /* facts: format, rows, digest of the file, filter */
    AUDIT_EVENT_BODY_OPENED,
    AUDIT_EVENT_RETENTION_DONE,
    AUDIT_EVENT_STORAGE_KEY_ROTATED, /* facts: version, values in the store */
    AUDIT_EVENT_STORAGE_REWRAPPED,   /* facts: version, values that were sealed anew */
    /* sessions and messages */
    AUDIT_EVENT_SESSION_OPENED,
    AUDIT_EVENT_SESSION_REFUSED,
    AUDIT_EVENT_MESSAGE_REFUSED,
    AUDIT_EVENT_MESSAGE_CONFLICT,
    AUDIT_EVENT_MAIL_RAISED, /* count: how many items waited and count as had */
    AUDIT_EVENT_RECORDS_AWAITED, /* chains: how many of the agency lack batches and answer nothing */
    /* trust */
    AUDIT_EVENT_ROSTER_ACCEPTED,
    AUDIT_EVENT_ROSTER_REFUSED,
    AUDIT_EVENT_POLICY_ACCEPTED,
    AUDIT_EVENT_POLICY_REFUSED,
    AUDIT_EVENT_POLICY_IN_FORCE,
    AUDIT_EVENT_ADOPTION_ACCEPTED,
    AUDIT_EVENT_ADOPTION_REFUSED,
    AUDIT_EVENT_CERTIFICATE_REVOKED,
    AUDIT_EVENT_RENEWAL_ASKED,
    AUDIT_EVENT_EPOCH_ANNOUNCED,
    AUDIT_EVENT_EPOCH_ACTIVATED,
    AUDIT_EVENT_EPOCH_RETIRED,
    AUDIT_EVENT_EPOCH_COMPROMISED,
    AUDIT_EVENT_EPOCH_DESTROYED,
    AUDIT_EVENT_EPOCH_REFUSED, /* facts: digest of the file */
    AUDIT_EVENT_KEY_DEALT,
    AUDIT_EVENT_KEY_REFUSED,
    AUDIT_EVENT_REGISTRAR_ACTED,
    AUDIT_EVENT_KEY_ENDING,
    AUDIT_EVENT_AGENCY_LOG_KEY,          /* facts: key, the SHA-256 of its line; of an officer's word officer, vouch */
    AUDIT_EVENT_AGENCY_LOG_REKEYED,      /* likewise: the key that it left */
    AUDIT_EVENT_AGENCY_LOG_CONTRADICTED, /* facts: what, known_size, shown_size */
    /* contributing */
    AUDIT_EVENT_BATCH_ACCEPTED,
    AUDIT_EVENT_BATCH_REFUSED,
    AUDIT_EVENT_IMPORT_ENDED,
    AUDIT_EVENT_RECORDS_WITHDRAWN,
    AUDIT_EVENT_RECORDS_EXPIRED,
    /* asking */
    AUDIT_EVENT_CASE_CHANGED,
    AUDIT_EVENT_REQUEST_ACCEPTED,
    AUDIT_EVENT_REQUEST_REFUSED,
    AUDIT_EVENT_REQUEST_MATCHED,
    AUDIT_EVENT_REQUEST_CLOSED,
    AUDIT_EVENT_HIT_SHOWN,
    /* deciding and releasing */
    AUDIT_EVENT_CONSENT_ACCEPTED,
    AUDIT_EVENT_CONSENT_REFUSED,
    AUDIT_EVENT_DECISION_REFUSAL,
    AUDIT_EVENT_CONFIRMATION_FORWARDED,
    AUDIT_EVENT_RELEASE_FORWARDED,
    AUDIT_EVENT_RELEASE_REFUSED,
    AUDIT_EVENT_RELEASE_RECEIVED,
    /* afterwards */
    AUDIT_EVENT_FEEDBACK_FORWARDED,
    AUDIT_EVENT_CORRECTION_FORWARDED,
    AUDIT_EVENT_RECORD_RESTRICTED,
    AUDIT_EVENT_RIGHTS_REQUEST,
    AUDIT_EVENT_COUNT_ANSWERED,
    AUDIT_EVENT_COUNT_REFUSED,
    /* at an agency, in its own log */
    AUDIT_EVENT_IMPORT_BEGUN,      /* facts: source, mode, what it changes */
    AUDIT_EVENT_REQUEST_SENT,      /* signed and queued for the broker: one for each holder and epoch */
    AUDIT_EVENT_REQUEST_KEPT,      /* facts: days, confirmed */
    AUDIT_EVENT_RESULTS_SHOWN,
    AUDIT_EVENT_ITEM_RAISED,
    AUDIT_EVENT_ITEM_SHOWN,
    AUDIT_EVENT_ITEM_CLAIMED,
    AUDIT_EVENT_ITEM_CLOSED,       /* count: items that ended undecided */
    AUDIT_EVENT_DECISION_SIGNED,   /* facts: decision, complete */
    AUDIT_EVENT_DECISION_STOPPED,  /* facts: why */
    AUDIT_EVENT_PROTECTED_MET,     /* count of a day: questions about, and hits on, protected persons */
    AUDIT_EVENT_PROTECTED_CHANGED, /* facts: the change to the list or that there was none, and its length */
    AUDIT_EVENT_SEARCH_ASKED,      /* for a data subject's request; facts: ground, how many identifiers */
    AUDIT_EVENT_SEARCH_CONFIRMED,  /* by a second person */
    AUDIT_EVENT_SEARCH_REFUSED,    /* reasons: why */
    AUDIT_EVENT_SEARCH_SHOWN,      /* once more */
    /* at both */
    AUDIT_EVENT_WITNESS_AWAY, /* facts: witness, from, until; without these two it is back */
    /* at an agency, in its own log */
    AUDIT_EVENT_STANDING_BEGUN, /* facts: every_days, until */
    AUDIT_EVENT_STANDING_ENDED, /* facts: why, askings */
    AUDIT_EVENT_LOG_FOLLOWED, /* at an agency, in its own log; facts: from, size, proved */
    AUDIT_EVENT_LOG_UNSENT,         /* likewise; facts: origin, index, entry, of the broker's log */
    AUDIT_EVENT_LOG_PROMISE_MISSED, /* likewise; count: how many more; facts: from, to, when they were due */
    AUDIT_EVENT_LOG_CONTRADICTED,   /* likewise; facts: origin, size, shown, own, the SHA-256 of what is kept */
    AUDIT_EVENT_STAFF_SHOWN,        /* likewise; facts: month, of; count: of how many members of staff the pseudonym was told */
    AUDIT_EVENT_RECEIPT_SHOWN,      /* likewise; facts: entry, of the broker's log; count: of the promises that were listed */
    AUDIT_EVENT_COUNT,
};

/* "request.accepted"; "?" outside the set. */
const char *audit_event_id(enum audit_event e);

/* ERR_UNKNOWN for any other text. */
enum err audit_event_parse(struct bytes id, enum audit_event *out) MUST_CHECK;

/* One sentence without its full stop, for people; "?" outside the set. */
const char *audit_event_nl(enum audit_event e);
const char *audit_event_en(enum audit_event e);

#endif
