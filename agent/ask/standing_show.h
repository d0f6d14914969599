/* What is said of standing requests, and to whom. Loop thread. */
#ifndef SLUIS_AGENT_ASK_STANDING_SHOW_H
#define SLUIS_AGENT_ASK_STANDING_SHOW_H

#include "agent/ask/standing_due.h"
#include "agent/control.h"

/* Who asks under its rule, and privacy officers. */
bool standing_show_to(const struct call *c, const struct standing_row *k);

/* Why it is due now, in what a question would go in now. */
enum standing_due standing_show_due(const struct agent *a, const struct standing_row *k);

/* For `status`: how many there are and are due, of those that the caller sees; and a line where one has been due for
 * STANDING_LATE_DAYS. Another line for everybody where there are some that cannot be read. Errors as kv_read_begin and
 * standing_row_next. */
#define STANDING_LATE_DAYS 14
enum err standing_show_status(const struct call *c, struct doc *whole) MUST_CHECK;
enum err standing_show_alarms(const struct call *c, struct doc *lines) MUST_CHECK;

/* A line in the log where another number than before is due because of an epoch; known is that number. */
void standing_show_notice(const struct agent *a, size_t *known);

#endif
