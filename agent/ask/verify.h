/* Does what came back fit what was asked, in every element? (docs/protocol.md, "Release".) The broker and
 * the holder are not believed: each statement stands on a signature by the roster, on a Merkle path, or on
 * what this agency asked itself. Needs no store, no loop and no clock. */
#ifndef SLUIS_AGENT_ASK_VERIFY_H
#define SLUIS_AGENT_ASK_VERIFY_H

#include "agent/ask/asked.h"
#include "pki/view/view.h"
#include "proto/msg/batch.h"
#include "proto/msg/mail.h"
#include "proto/msg/reply.h"

struct agency_half;
struct cert;
struct key;

#define VERIFY_SKEW_S 300

/* One of our private keys, and its certificate. */
struct verify_own {
    const struct key *key;
    const struct cert *cert;
};

struct verify {
    const struct view *view;
    const struct policy *policy; /* that the header names; verify_settled finds it */
    const struct asked *asked;
    const struct asked_header *open; /* the row of the header that the settlement names */
    struct digest header_digest;
    struct agency_id self;
    struct agency_half *half;  /* of the request's purpose and epoch; NULL: no release can be judged */
    const struct verify_own *own; /* our sealing keys: of now, and former ones that still count */
    size_t own_count;
    int64_t now_s;   /* when it came */
    bool has_waited; /* since then: that the request was closed meanwhile says nothing */
};

/* What a settlement says, once it is believed. Views in the arena. */
struct verified {
    enum result_kind kind; /* released, known, refused */
    struct consent consents[2];
    size_t consent_count;
    struct digest consent_digest;    /* of the first: names the result */
    struct bytes content;            /* of a release: its exact bytes */
    struct release_content release;  /* of a release */
};

/* ERR_OK, or why it is not believed, in words for an operator (no value, no token). Errors of this
 * machine are ERR_NOMEM, ERR_CRYPTO and ERR_IO. ERR_AGAIN: nobody can tell now; the purpose is suspended, or the
 * key of its epoch is not here. Every other is a verdict. */
enum err verify_settled(const struct verify *v, const struct settled *settled, struct arena *a,
                        struct verified *out, struct errmsg *why) MUST_CHECK;

/* The broker's `closed` for one of our headers: its signature, the names in it, and that the deadline has
 * come by its word and by our clock; before it only where the epoch is over by its custodian's word. Of v only view, open and now_s. Errors as above. */
enum err verify_closed(const struct verify *v, const struct signed_closed *in, struct arena *a,
                       struct closed *out, struct errmsg *why) MUST_CHECK;

/* Shared by verify.c and verify_release.c: the openings, the record and the batch of a release whose CMS
 * was opened. consent is the first, verified. */
enum err verify_release(const struct verify *v, const struct request_header *header,
                        const struct consent *consent, const struct release_content *r,
                        struct arena *a, struct errmsg *why) MUST_CHECK;

#endif
