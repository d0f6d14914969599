/* The agency's own keys through a renewal: which private key belongs to a certificate, and taking the new
 * keys once a roster lists them (decision 0903). */
#ifndef SLUIS_AGENT_OWN_KEY_H
#define SLUIS_AGENT_OWN_KEY_H

#include "agent/agent.h"

struct cert;

/* The private half of a certificate of this agency, of now or a former one. Borrowed from the agent, as long as
 * it lives; any thread. NULL: it has none. */
const struct key *agent_own_key(const struct agent *a, const struct cert *c);

/* Something that a person of this agency signed in `sluis`, who may have the key of now or, for the overlap after a
 * renewal, still the one before. *fingerprint: of the certificate of that person in v that verifies it and counts
 * now. ERR_SIGNATURE: none does. */
struct officer_signed {
    enum sign_kind kind;
    const struct name *staff;
    struct bytes document;
    struct bytes signature;
};
enum err agent_officer_signed(const struct agent *a, const struct view *v,
                              const struct officer_signed *s,
                              struct digest *fingerprint) MUST_CHECK;

/* Compares the keys of now with what v lists for this agency, and takes each waiting key (NAME.next.key) that v
 * lists instead: on the disk first, then for use. Former sealing keys that v no longer lists are erased. Asks for no
 * passphrase where nothing changed. ERR_MISMATCH (v lists a key that is
 * neither in use nor waiting; why says which and what to do), or as agent_keys_take. Loop thread. */
enum err agent_take_keys(struct agent *a, const struct view *v, struct errmsg *why) MUST_CHECK;

#endif
