/* The broker's judgement, as a witness, of a head of an agency's own log, in the transaction that keeps it (decision 0407). */
#ifndef SLUIS_BROKER_AGENCY_JUDGE_H
#define SLUIS_BROKER_AGENCY_JUDGE_H

#include "broker/agency_vouch.h"
#include "broker/broker.h"
#include "broker/store/agency_logs.h"
#include "pki/note.h"
#include "pki/witness.h"

struct kv_txn;

struct agency_offer {
    struct broker *broker;
    struct agency_id agency;
    struct agency_head head;
    struct agency_vouch vouch; /* what came with it; looked at where no key that it names is known */
    struct note_signer witness; /* the broker's name and key as a witness */
    int64_t now_s;
    struct arena *arena; /* at least NOTE_ARENA_BYTES and 64 KiB are free; grows with each judgement */
};

struct agency_verdict {
    enum witness_status status;
    struct bytes lines;    /* WITNESS_COSIGN: the signature line; in the arena, as known */
    struct bytes known;    /* else: the newest head that was cosigned; empty: none */
    struct agency_log log; /* as the store has it then; key_count 0: none. Views into the arena */
    bool is_pinned;        /* its keys are new to this broker */
    bool has_vouch;        /* it came with an officer's word, and under no key that is known */
    bool is_vouched;       /* and by that word the log went over to its key */
    unsigned faults;       /* bits 1 << enum agency_log_fault of which the store has evidence */
    struct errmsg why;     /* one line where it was not cosigned */
};

/* Store thread. What is cosigned is in the store before this returns, and so is evidence of what contradicts it, each
 * with its entry. Errors of this machine alone: ERR_NOMEM, ERR_CRYPTO, ERR_INVALID (a damaged row), ERR_IO, ERR_NO_SPACE. */
enum err agency_judge(const struct agency_offer *o, struct kv_txn *txn, struct agency_verdict *out) MUST_CHECK;

/* The origin of that agency's log, DEPLOYMENT/log/OIN, appended. */
void agency_log_origin(const struct name *deployment, const struct agency_id *agency, struct buf *out);

#endif
