/* Between mailbox.c and aside.c: how an item lies in the store. */
#ifndef SLUIS_BROKER_MAILBOX_INTERNAL_H
#define SLUIS_BROKER_MAILBOX_INTERNAL_H

#include "broker/mailboxes.h"

#define KIND_HELD 0x80u /* beside the kind: the content is sealed a second time */

struct mailboxes {
    struct mailboxes_params p;
    bool is_held_up; /* loop thread: a mail ended at an item whose purpose is suspended */
};

/* Under which key a held item lies; the sealed part is a view. ERR_INVALID. */
struct mailbox_held_by {
    struct name purpose;
    uint32_t epoch;
    struct bytes sealed;
};
enum err mailbox_held_of(struct bytes outer, struct mailbox_held_by *out) MUST_CHECK;

/* Whether it can be opened now. Any thread. */
enum mailbox_key {
    MAILBOX_KEY_SERVES = 1,
    MAILBOX_KEY_WAITS, /* the purpose is suspended */
    MAILBOX_KEY_GONE,  /* for good */
};
enum mailbox_key mailbox_key_of(const struct mailboxes *m, const struct mailbox_held_by *by);

/* Its content, in the arena. ERR_NOT_FOUND: the key is gone. ERR_NOMEM, ERR_CRYPTO; ERR_SIGNATURE, ERR_INVALID:
 * damaged. */
enum err mailbox_open_held(const struct mailboxes *m, const struct agency_id *to,
                           const struct mailbox_held_by *by, struct arena *a,
                           struct bytes *content) MUST_CHECK;

#endif
