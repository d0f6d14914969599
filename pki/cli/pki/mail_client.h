/* One conversation of a registrar with the broker: it says hello, takes what lies in its mailbox, acknowledges,
 * and ends. It judges by no policy, so that only the roster has to be the same on both sides. */
#ifndef SLUIS_CLI_PKI_MAIL_CLIENT_H
#define SLUIS_CLI_PKI_MAIL_CLIENT_H

#include "pki/trust.h"
#include "proto/msg/mail.h"

struct mail_client_params {
    const struct trust *trust; /* names broker and registrar */
    const struct key *signing; /* the registrar's, as trust lists them */
    const struct key *transport;
    const char *endpoint; /* "tcp://host:port" */
    const char *socks5;   /* "host:port" of a proxy, or NULL */
    /* Called for each item, in order; once it has returned ERR_OK for all of a mail, that mail is acknowledged
     * and the broker forgets it. The same item may come again: after a crash, or on another day. */
    enum err (*keep)(void *arg, const struct mail_item *item, struct errmsg *why);
    void *arg;
};

struct mail_client_result {
    size_t items;           /* that were taken */
    uint64_t roster_serial; /* in force at the broker */
};

/* Returns when the mailbox is empty. ERR_UNREACHABLE (nobody answers, or what answers is not the broker of the
 * roster), ERR_PERMISSION (the broker refused the key), ERR_BEHIND (the broker has a newer roster than trust),
 * ERR_STATE (it serves no mail now; why says the difference), ERR_NOT_FOUND (no broker, or no registrar with a
 * mailbox, on the roster), or what keep returned. */
enum err mail_client_run(const struct mail_client_params *p, struct mail_client_result *out,
                         struct errmsg *why) MUST_CHECK;

#endif
