/* What a period's entries add up to, as far as this reader may see them. */
#ifndef SLUIS_CLI_AUDIT_REPORT_H
#define SLUIS_CLI_AUDIT_REPORT_H

#include "pki/cli/audit/annual.h"
#include "pki/cli/audit/tally.h"
#include "proto/base/buf.h"
#include "proto/json/audit_body.h"

enum report_table {
    REPORT_EXCHANGE, /* by requester, holder and rule */
    REPORT_MONTHS,
    REPORT_GROUNDS, /* codes of what was refused, by the event that refused */
    REPORT_SHARES, /* by holder, purpose and epoch: what answered there after the last batch of the period */
    REPORT_EVENTS,
    REPORT_TABLE_COUNT,
};

/* How a table is headed, its parts of a key and its columns: for programs, in Dutch, in English. */
struct report_words {
    const char *id;
    const char *nl;
    const char *en;
};
struct report_form {
    struct report_words title;
    struct report_words key[3]; /* id NULL: fewer parts */
    struct report_words column[TALLY_COLUMNS_MAX];
    bool has_no_total;
};
extern const struct report_form report_forms[REPORT_TABLE_COUNT];

struct report {
    struct annual annual;
    struct tally tables[REPORT_TABLE_COUNT];
    uint64_t entries;
    uint64_t hidden; /* of which this reader has no body */
    uint64_t least;  /* smaller counts are kept back */
    int64_t since_s; /* 0: from the beginning */
    int64_t until_s; /* INT64_MAX: to the end */
};

void report_begin(struct report *r);
/* Counts one entry. Errors as tally_add. */
enum err report_count(struct report *r, const struct audit_body *b) MUST_CHECK;
/* Before it is shown: small counts are kept back. */
void report_end(struct report *r);
void report_clear(struct report *r);

/* Appends it as a text for people, as JSON, as one HTML page that needs nothing else; what buf_err(out) says. */
enum err report_put_text(const struct report *r, struct buf *out) MUST_CHECK;
enum err report_put_json(const struct report *r, struct buf *out) MUST_CHECK;
enum err report_put_html(const struct report *r, struct buf *out) MUST_CHECK;

/* The part of a key behind so many tabs; views. */
struct bytes report_key_part(const char *key, unsigned part);
unsigned report_key_parts(const struct report_form *f);

#endif
