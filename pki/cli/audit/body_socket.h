/* Bodies through a daemon's control socket: at an agent (which asks the broker, with the officer's
 * signature under each query) or at the broker's own host. */
#ifndef SLUIS_CLI_AUDIT_BODY_SOCKET_H
#define SLUIS_CLI_AUDIT_BODY_SOCKET_H

#include "pki/cli/audit/body_source.h"
#include "proto/msg/bodies.h"

struct body_socket;
struct key;

struct body_socket_params {
    const char *path;            /* of the control socket */
    const char *key;             /* the officer's key file; NULL where none is needed */
    const char *passphrase_file; /* of that key; NULL: asked on the terminal */
    enum bodies_purpose purpose; /* signed with every query, and written into the log */
    struct bodies_filter filter; /* the same */
    bool is_own;                 /* of the agency's own log, not of the broker's */
    struct bodies_sought sought; /* what is said of the names behind its digests, where narrow is set */
    bool narrow; /* the service may leave out what does not fit; where it does not, all comes */
    uint32_t max_rows; /* of one page; 0: as many as are handy */
};

/* Texts must outlive the result. ERR_NOT_FOUND (no such service), ERR_PERMISSION, ERR_IO, ERR_NOMEM. */
enum err body_socket_open(const struct body_socket_params *p, struct body_socket **out,
                          struct errmsg *why) MUST_CHECK;
void body_socket_close(struct body_socket *s);
DEFINE_CLEANUP(struct body_socket, body_socket_close)

/* The exact bytes of a version of the policy that the service has verified, appended to out; the caller
 * checks them against the digest. Errors of the service come with its words. */
enum err body_socket_policy(struct body_socket *s, const struct digest *digest, struct buf *out,
                            struct errmsg *why) MUST_CHECK;

/* Any other verb, of those that want no signature. Takes args; *ok is the caller's. ERR_MISMATCH: it wants something else;
 * errors of the service come with its words. */
struct doc;
enum err body_socket_call(struct body_socket *s, const char *verb, struct doc *args, struct doc **ok,
                          struct errmsg *why) MUST_CHECK;

/* Up to which entry the service has looked, in the last reading of the source that came to its end; of a narrowed one that is further
 * than the last row. 0: none yet. */
uint64_t body_socket_looked(const struct body_socket *s);

/* The filter that goes with every query. */
const struct bodies_filter *body_socket_filter(const struct body_socket *s);

/* The officer's key, opened once. Borrowed. Errors as officer_key_open. */
enum err body_socket_key(struct body_socket *s, const struct key **out, struct errmsg *why) MUST_CHECK;

/* Has an agent open the key of a segment of the auditors' copy, which must be that of `name`. ERR_PERMISSION: not sealed to
 * its agency; ERR_MISMATCH: of another segment. */
struct body_copy_name;
struct secret;
enum err body_socket_open_copy(struct body_socket *s, struct bytes sealed,
                               const struct body_copy_name *name, struct secret **out,
                               struct errmsg *why) MUST_CHECK;

/* The key of the fillers of the log whose bodies are read; the caller's. That it was given is an entry of that log. ERR_NOT_FOUND: the
 * service has none, or none for this reader; else errors of the service, with its words. */
enum err body_socket_filler_key(struct body_socket *s, struct secret **out, struct errmsg *why) MUST_CHECK;

/* What was made of the bodies, with the filter of s. */
struct body_export {
    enum bodies_format format;
    uint64_t rows;
    struct digest sha256; /* of the file */
};
/* Signs it, and returns once it stands in the log; a digest of zeroes where the service does not say as which entry.
 * Errors as of the source. */
enum err body_socket_exported(struct body_socket *s, const struct body_export *x,
                              struct digest *entry, struct errmsg *why) MUST_CHECK;

/* Valid as long as s. A row without a body is BODY_HIDDEN: a filler, or not for this reader; or BODY_ERASED, BODY_UNREADABLE or BODY_LOST. A query
 * that the service wants signed must be the one that was asked: ERR_MISMATCH. Errors of the service come with its words. */
struct body_source body_socket_source(struct body_socket *s);

#endif
