/* What the body of an entry is about, as terms of lists (log_index.h). */
#ifndef SLUIS_PKI_LOGBOOK_LOG_TERMS_H
#define SLUIS_PKI_LOGBOOK_LOG_TERMS_H

#include "pki/mac.h"
#include "proto/base/buf.h"
#include "proto/json/audit_body.h"
#include "proto/msg/bodies.h"

#define LOG_TERM_BYTES 9u
#define LOG_NAMES_MAX 3u
#define LOG_TERMS_MAX 8u /* of one body: two agencies, rule, event, decision, officer, request, case */

/* One list: u8 kind; of a word (agency, rule, event, decision) the first 8 bytes of its SHA-256; of an officer, a request or a
 * case those of an HMAC under a key of the log; of a pair of words their bytes combined by exclusive or; zeros of what is looked at whatever is asked for. What collides shares a list; whoever reads it holds the bodies against the filter. */
struct log_term {
    uint8_t b[LOG_TERM_BYTES];
};
struct log_terms {
    struct log_term v[LOG_TERMS_MAX];
    size_t count;
};

/* The words of a body; the words that a filter asks for, all of them (none: it asks for no word). ERR_CRYPTO. */
enum err log_terms_of_body(const struct audit_body *b, struct log_terms *out) MUST_CHECK;
enum err log_terms_of_filter(const struct bodies_filter *f, struct log_terms *out) MUST_CHECK;

/* Each two of agency, rule and event, and event with decision; other terms have no part in it. */
void log_terms_pairs(const struct log_terms *words, struct log_terms *out);
/* The lists on which stands what has all the words of a filter: their pairs, and each word that is in none. */
void log_terms_of_search(const struct log_terms *words, struct log_terms *out);

/* What has a name that must not lie in the open, each of them where it is there. */
struct log_names {
    struct bytes officer; /* the monthly pseudonym; empty: none */
    const struct digest *request;
    const struct case_id *case_id;
};

/* Appends the terms of names; who lacks the key of m cannot tell whether a name has a term. ERR_LIMIT, ERR_CRYPTO. */
enum err log_terms_of_names(const struct log_names *n, struct mac *m, struct log_terms *out) MUST_CHECK;

bool log_term_is_name(const struct log_term *t);

/* Appends; ERR_LIMIT. */
enum err log_terms_add(struct log_terms *to, const struct log_terms *more) MUST_CHECK;

/* The list of entries that others do not tell of: no body opens, or the terms of its names are damaged. */
struct log_term log_term_anyway(void);

/* As they lie in a row. ERR_INVALID: damaged. */
void log_terms_encode(const struct log_terms *t, struct buf *out);
enum err log_terms_decode(struct bytes row, struct log_terms *out) MUST_CHECK;

#endif
