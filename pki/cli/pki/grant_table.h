/* What a token or an approval grants, one row for each field, beside what the roster says of that party or person now: for
 * whoever types the command, and answers for it. */
#ifndef SLUIS_CLI_PKI_GRANT_TABLE_H
#define SLUIS_CLI_PKI_GRANT_TABLE_H

#include "pki/cli/pki/work.h"
#include "proto/json/json_writer.h"
#include "proto/msg/enrol.h"

#define GRANT_ROWS_MAX 16

struct grant_row {
    const char *field;
    struct bytes granted; /* "": nothing */
    struct bytes now;     /* the same where the roster lists nobody */
};

struct grant_table {
    struct work *w;
    struct grant_row rows[GRANT_ROWS_MAX];
    size_t count;
    bool is_listed; /* the roster has that party or staff id */
};

/* Fills t, of which w is set, with what r asks for; keys only where r has some. Texts live in the arena. ERR_NOMEM. */
enum err grant_table_fill(struct grant_table *t, const struct enrol_request *r, const struct roster *now) MUST_CHECK;

/* Adds a row that says what becomes of the keys that the roster lists now, where it lists that party or person. */
void grant_table_replaced(struct grant_table *t, bool is_lost);

/* Appends a line for each row to w->out; what differs from the roster is marked: + new, ~ changed, - goes. */
void grant_table_text(const struct grant_table *t);

/* The members "on_roster" and "grants" of an open object: [{field, granted, now, change}]. */
void grant_table_json(const struct grant_table *t, struct json_writer *j);

#endif
