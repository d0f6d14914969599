/* A hit notice: believed only as far as this agency can prove it from its own record
 * (docs/protocol.md, "Match"). */
#ifndef SLUIS_AGENT_HOLD_HIT_H
#define SLUIS_AGENT_HOLD_HIT_H

#include "agent/hold/item.h"
#include "agent/records.h"
#include "pki/agency_half.h"
#include "pki/cert.h"
#include "pki/view/view.h"

/* What is proven before the store is asked. Views in the arena it was made in. */
struct hit {
    struct hit_notice notice;
    struct request_header header;
    struct digest header_digest;
    struct digest sealed_digest;
    const struct policy *policy; /* of the view: the version that the header names */
    const struct rule *rule;     /* of that version */
    struct name function;    /* of the case worker */
    bool is_late;            /* it verified, and came when its deadline had passed, as after this agency was away */
};

struct hit_params {
    const struct view *view;
    const struct agency_id *self;
    int64_t now_s;
    struct arena *arena;
};

/* Decodes a notice and verifies its header: that it is for this holder, in this deployment, under
 * a policy that stands for it, in time, by a member of its purpose, signed by it and by an officer with the rule's function.
 * ERR_AGAIN: as epoch_serves, and *out is set all the same. ERR_EXPIRED: its deadline has passed (then out->is_late, and all
 * up to its signatures holds), or its epoch's time; ERR_MISMATCH, ERR_PERMISSION, ERR_SIGNATURE, ERR_NOT_FOUND, ERR_BEHIND, or
 * as the decoders. */
enum err hit_open(const struct hit_params *p, struct bytes content, struct hit *out,
                  struct errmsg *why) MUST_CHECK;

/* Without a look at any signature: the purpose and epoch that it is of, and until when. Errors as the decoders. */
struct hit_place {
    struct name purpose;
    uint32_t epoch;
    int64_t deadline_s;
};
enum err hit_place_of(struct bytes content, struct arena *a, struct hit_place *out) MUST_CHECK;

/* inner of every identifier of a record, in the arena. Errors as agency_half_inner. */
enum err hit_inners(const struct record *record, struct agency_half *half, struct arena *a,
                    const struct inner **out) MUST_CHECK;

/* Finds each matched identifier in the record and proves its leaf into the subject root; writes places
 * and count to item. ERR_MISMATCH: one does not prove, stands twice, or they are too weak together. */
enum err hit_prove(const struct hit *h, const struct record *record, const struct inner *inners,
                   struct hold_item *item, struct errmsg *why) MUST_CHECK;

/* Opens the sealed part and compares its names. The exact bytes lie in the arena. ERR_MISMATCH, or as
 * seal_open and the decoder. */
struct hit_keys {
    const struct key *sealing;   /* this agency's */
    const struct cert *own;      /* its certificate */
    const struct cert *signer;   /* the requester's */
};
enum err hit_unseal(const struct hit *h, const struct hit_keys *keys, struct arena *a,
                    struct bytes *exact, struct sealed_part *out, struct errmsg *why) MUST_CHECK;

#endif
