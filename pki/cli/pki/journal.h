/* The registrar's journal, DIR/journal: one line for each thing that was issued, refused or revoked, in order
 * and never changed. Fields are separated by tabs:
 *
 *   time  act  OIN or -  what  fingerprint or -  lineage or -  until or -  detail
 *
 * A line without its end, which a killed command leaves, does not count and goes with the next one that is added.
 *
 * what: the use of a certificate, the role of a token, "request"; staff ids stand as USE:STAFF.
 * lineage: the fingerprint of the first certificate of a key's line of renewals. */
#ifndef SLUIS_CLI_PKI_JOURNAL_H
#define SLUIS_CLI_PKI_JOURNAL_H

#include "pki/cli/pki/work.h"

enum journal_act {
    JOURNAL_NONE = 0,
    JOURNAL_TOKEN,       /* a token was made */
    JOURNAL_TOKEN_ENDED, /* and was erased unused */
    JOURNAL_ISSUED,      /* a certificate */
    JOURNAL_REJECTED,    /* a request, detail says why */
    JOURNAL_REVOKED,     /* a certificate */
    JOURNAL_SIGNED,      /* a roster, detail says its serial */
    JOURNAL_ROTATED,     /* a key of the registrar got a new version */
    JOURNAL_RETIRED,     /* an old version of it is gone */
    JOURNAL_PINNED,      /* a party said that it pins the next roster key */
    JOURNAL_ACT_COUNT,
};

const char *journal_act_id(enum journal_act a);

struct journal_line {
    int64_t at_s; /* journal_add: the time of the run */
    enum journal_act act;
    struct agency_id oin; /* "" where nobody is known */
    const char *what;     /* NULL: - */
    const struct digest *fingerprint;
    const struct digest *lineage;
    int64_t until; /* 0: none */
    const char *detail;
};

/* Appends a line and waits until it is on the disk. Control characters of texts become spaces. */
enum err journal_add(struct work *w, const struct journal_line *l) MUST_CHECK;

/* Calls fn for each line, oldest first; none where there is no journal yet. A line is a view until fn returns.
 * ERR_INVALID names the line that is none. */
typedef enum err (*journal_fn)(void *arg, const struct journal_line *l);
enum err journal_each(struct work *w, journal_fn fn, void *arg) MUST_CHECK;

#endif
