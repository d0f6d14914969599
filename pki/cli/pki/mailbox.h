/* The registrar's own keys, by which it is a member with a mailbox at the broker: it signs its envelopes with
 * keys/signing.key and connects with keys/transport.key. They open nothing and issue nothing. */
#ifndef SLUIS_CLI_PKI_MAILBOX_H
#define SLUIS_CLI_PKI_MAILBOX_H

#include "pki/cli/pki/issue.h"

struct mailbox {
    struct cert *signing;
    struct cert *transport;
};
void mailbox_clear(struct mailbox *m);

/* Fresh keys in DIR/keys, their certificates for this member, issued by by and kept: signing.pem, transport.pem.
 * ERR_EXISTS (there are keys), or as issue_cert. */
enum err mailbox_make(struct work *w, const struct issuing *by, const struct roster_member *me,
                      struct mailbox *out) MUST_CHECK;

/* Puts them into a member's entry, which borrows them. */
enum err mailbox_list(const struct mailbox *m, struct roster_member *me) MUST_CHECK;

#endif
