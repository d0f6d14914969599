/* The rows of `status`: each key or document, whose it is, what is in use, when it ends, what to do next. */
#ifndef SLUIS_CLI_PKI_STATUS_TABLE_H
#define SLUIS_CLI_PKI_STATUS_TABLE_H

#include "pki/cli/pki/work.h"
#include "pki/endings.h"
#include "proto/msg/deal.h"

/* Texts are in the arena of work or static. */
struct status_row {
    const char *kind;    /* signing, storage, roster, epoch … */
    const char *who;     /* OIN, and of a person the staff id; "-": nobody's alone */
    const char *version; /* fingerprint, serial or number of what is in use */
    const char *state;   /* in use, next, former, … */
    int64_t until_s;     /* the first second in which it counts no more; 0: it has no end */
    int grade;           /* 0: fine, 1: within 14 days, 2: within 3 days, over, or wrong */
    const char *next;    /* the command, or what a person does; "": nothing */
    const char *const *dealt_to; /* OINs of those that were dealt the key of an epoch, by its statement */
    size_t dealt_to_count;       /* 0: of other keys, or the statement is not there */
};

struct status_table {
    struct work *w;
    struct status_row *rows;
    size_t count;
    size_t room;
};

/* Appends a row. ERR_NOMEM. */
enum err status_add(struct status_table *t, const struct status_row *row) MUST_CHECK;

/* A text of the arena, as printf. NULL without memory, which status_add refuses. */
const char *status_text(struct work *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Those to whom the statement d dealt the key, in the arena. ERR_NOMEM. */
enum err status_put_deal(struct work *w, struct status_row *row, const struct deal *d) MUST_CHECK;

/* "sha256:" and the first 16 hex digits. */
const char *status_fingerprint(struct work *w, const struct digest *d);

/* "OIN" or "OIN STAFF". */
const char *status_who(struct work *w, const struct agency_id *oin, const struct name *staff);

/* Version, end and grade of a certificate, in use; next is shown where the grade is not 0. */
struct status_row status_of_ending(struct work *w, const struct ending *e, const char *next);

/* The highest grade. */
int status_grade(const struct status_table *t);

/* A table, or one JSON object with --json, into w->out. */
enum err status_show(const struct status_table *t) MUST_CHECK;

/* Each appends what it knows of: a registrar's folder, a party's, a roster (next: how there comes a newer one), a
 * daemon at its control socket. */
enum err status_register(struct status_table *t) MUST_CHECK;
enum err status_party(struct status_table *t) MUST_CHECK;
enum err status_roster(struct status_table *t, const char *file, const char *next) MUST_CHECK;
enum err status_service(struct status_table *t, const char *socket) MUST_CHECK;

#endif
