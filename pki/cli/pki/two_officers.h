/* What needs two people: the same document, signed by two officers of the roster who are two persons. */
#ifndef SLUIS_CLI_PKI_TWO_OFFICERS_H
#define SLUIS_CLI_PKI_TWO_OFFICERS_H

#include "pki/cli/pki/work.h"
#include "pki/trust_docs.h"

struct officer_signed {
    struct bytes document;
    const struct roster_officer *by;
};

struct two_officers {
    enum sign_kind kind;
    size_t max_document;
    const char *option;           /* by which the files are given */
    const struct opts_list *files;
    const char *verb;             /* that makes one */
};

/* Reads the two files and verifies them at w->now_s. ERR_CONFIG (not two files), ERR_NOT_FOUND (no officer of the
 * roster), ERR_MISMATCH (two documents), ERR_PERMISSION (one person), else as trust_officer_cert and
 * sign_verify. */
enum err two_officers_read(struct work *w, const struct trust *trust, const struct two_officers *what,
                           struct officer_signed out[static 2]) MUST_CHECK;

/* Signs a document with the officer's key of DIR and writes it to --out. */
enum err two_officers_sign(struct work *w, enum sign_kind kind, struct bytes document) MUST_CHECK;

#endif
