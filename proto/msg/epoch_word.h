/* A custodian's word on the epochs of a purpose as it travels and lies on disk: the signed document of epoch_states.h, and
 * where it says that an epoch is destroyed, the signed declarations of two officers on which that rests. Without
 * declarations it is what signed.h writes, byte for byte. Verifying it is the work of pki/. */
#ifndef SLUIS_MSG_EPOCH_WORD_H
#define SLUIS_MSG_EPOCH_WORD_H

#include "proto/msg/destruction.h"
#include "proto/msg/epoch_states.h"
#include "proto/msg/signed.h"

#define EPOCH_WORD_DECLARED_MAX 8
#define EPOCH_WORD_MAX_BYTES ((size_t)240 << 10) /* a word with two declarations of any size */
#define DECLARED_MAX_BYTES (DESTRUCTION_MAX_BYTES + 1024) /* one signed declaration */

struct epoch_word {
    struct signed_doc said;
    const struct bytes *declared; /* signed documents of kind destruction, each as signed.h writes it */
    size_t declared_count;
};

/* Takes wire apart; the views point into a. ERR_TOO_LARGE, ERR_NOMEM, ERR_INVALID, or what msg_scan says. */
enum err epoch_word_decode(struct bytes wire, struct arena *a, struct epoch_word *out, struct errmsg *why) MUST_CHECK;

/* Appends the wire form. ERR_NOMEM, ERR_TOO_LARGE. */
enum err epoch_word_encode(const struct epoch_word *w, struct buf *out) MUST_CHECK;

#endif
