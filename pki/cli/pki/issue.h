/* What the registrar issues certificates with, and where it keeps them. */
#ifndef SLUIS_CLI_PKI_ISSUE_H
#define SLUIS_CLI_PKI_ISSUE_H

#include "pki/cli/pki/work.h"

#define ISSUE_DAYS_DEFAULT 30
#define ISSUE_DAYS_MIN 7
#define ISSUE_DAYS_MAX 30

/* Issuing CA with its key, and the anchors that parties pin. */
struct issuing {
    struct cert *root;
    struct cert *issuer; /* the newest whose key is here */
    struct cert *roster_key;
    struct key *key;
};
void issuing_free(struct issuing *i);

/* Opens them. ERR_NOT_FOUND (no issuing CA that the draft lists has its key here), ERR_PERMISSION (passphrase, PIN), or as work_load_cert. */
enum err issuing_open(struct work *w, struct issuing *out) MUST_CHECK;

/* A certificate of ISSUE_DAYS_MIN to ISSUE_DAYS_MAX days (--days); nothing is written yet. ERR_CONFIG (days), or
 * as ca_issue. */
struct issue_subject {
    enum cert_use use;
    struct agency_id oin;
    const char *name;
};
enum err issue_cert(struct work *w, const struct issuing *by, const struct issue_subject *s,
                    const struct key *subject, struct cert **out) MUST_CHECK;

/* Keeps a copy in DIR/issued, and a line in the journal. lineage: the first certificate of its line of
 * renewals, which may be itself. */
enum err issue_keep(struct work *w, const struct cert *c, const struct digest *lineage) MUST_CHECK;

/* A line of the journal for each certificate that now has among the revoked and before had not. */
enum err issue_note_revoked(struct work *w, const struct roster *before, const struct roster *now) MUST_CHECK;

/* The same for those that one party's list of former certificates has and had not: its keys are lost or over. */
enum err issue_note_former(struct work *w, const struct former_list *before,
                           const struct former_list *now) MUST_CHECK;

/* DIR/issued/FINGERPRINT.pem. ERR_NOT_FOUND: not issued by this registrar. */
enum err issue_find(struct work *w, const struct digest *fingerprint, struct cert **out) MUST_CHECK;

#endif
