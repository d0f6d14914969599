/* One-time enrolment tokens: 32 random bytes, as 64 hex digits in a file, handed over outside this channel.
 * Each is for one request of one party in one role, and says what that request may ask for at most.
 *
 * The registrar keeps no token: only the key that is derived from it, with what it grants and when it ends,
 * sealed in DIR/tokens/OIN-NUMBER.token under DIR/keys/tokens.key; until the request is approved or the
 * token's time is over. A MAC under that key shows each side that the other has the token. */
#ifndef SLUIS_CLI_PKI_TOKEN_H
#define SLUIS_CLI_PKI_TOKEN_H

#include "pki/aead.h"
#include "pki/cli/pki/work.h"
#include "proto/msg/enrol.h"
#include "proto/msg/signed.h"

enum token_side {
    TOKEN_REQUEST,
    TOKEN_ANSWER,
};

enum token_role {
    TOKEN_NONE = 0,
    TOKEN_AGENCY,
    TOKEN_BROKER,
    TOKEN_OFFICER,
    TOKEN_ROLE_COUNT,
};

const char *token_role_id(enum token_role r);

/* What a token allows: one party or person as the registrar knows it, without keys, which are made there. */
struct token_grant {
    struct agency_id oin;
    enum token_role role;
    int64_t ends_at;               /* seconds since 1970 UTC; from then on it counts for nothing */
    bool may_replace;              /* whoever the roster lists under that OIN or staff id */
    bool is_lost;                  /* and its keys are lost or over, and nobody else has them (decision 0917) */
    struct roster_member member;   /* of an agency or broker: purposes, classes, population and churn at most */
    struct bytes log_origin;       /* of a broker */
    struct roster_officer officer; /* of an officer: functions at most */
};

/* An open token of the registrar. */
struct token_open {
    struct token_grant grant;
    struct secret *mac_key;
    char path[WORK_PATH_MAX];
    bool is_bound; /* an approval began with it, and this was its request */
    struct digest bound;
};
void token_open_free(struct token_open *t);

/* The key for MACs from a token file (private, 64 hex digits and a newline). */
enum err token_read(struct work *w, const char *path, struct secret **out) MUST_CHECK;

/* The key for MACs that follows from a token. */
enum err token_mac_key(const struct secret *token, struct secret **out) MUST_CHECK;

/* Writes a fresh token to out_path and the registrar's record of it. ERR_EXISTS, ERR_LIMIT. */
enum err token_new(struct work *w, const struct token_grant *g, const char *out_path) MUST_CHECK;

/* Makes DIR/keys/tokens.key. */
enum err token_make_key(struct work *w) MUST_CHECK;

/* Appends {document, MAC, proof}. */
enum err token_shelter(const struct secret *mac_key, enum token_side side, struct sheltered *s,
                       struct buf *out) MUST_CHECK;

/* ERR_SIGNATURE where the MAC is not by this key for this side. */
enum err token_check(const struct secret *mac_key, enum token_side side,
                     const struct sheltered *s) MUST_CHECK;

/* The registrar's open token that made the MAC of s. Erases each that has ended, which the journal notes.
 * ERR_SIGNATURE where there is none. */
enum err token_find(struct work *w, const struct sheltered *s, struct token_open *out) MUST_CHECK;

/* Binds an open token to one request, before anything is issued for it: whatever stops the command afterwards, no other
 * request can use it. Again for the same request changes nothing. ERR_EXISTS: bound to another one. */
enum err token_bind(struct work *w, struct token_open *t, const struct digest *request) MUST_CHECK;

/* Erases the MAC keys of tokens whose time is over, each with its line in the journal. */
enum err token_sweep(struct work *w) MUST_CHECK;

/* Calls fn for each open token, in the order of their files. One whose time is over is erased, but by a dry run. */
typedef enum err (*token_fn)(void *arg, const struct token_open *t);
enum err token_each(struct work *w, token_fn fn, void *arg) MUST_CHECK;

/* Whether r stays within g: its party, its role, and all that the grant names. ERR_MISMATCH with what is another or too
 * much. */
enum err token_allows(const struct token_grant *g, const struct enrol_request *r,
                      struct errmsg *why) MUST_CHECK;

/* Whether r may take the place that it asks for: ERR_EXISTS where in lists that party or person, and t does not say that
 * it may be replaced. What an approval of r put there before it was stopped is r itself: t is bound then, and the keys
 * are the same. */
enum err token_may_take_place(const struct token_open *t, const struct enrol_request *r, const struct roster *in,
                              struct errmsg *why) MUST_CHECK;

#endif
