/* Which member of staff stands in a log under which pseudonym, for those who read this agency's log. */
#ifndef SLUIS_AGENT_LOG_STAFF_NAMES_H
#define SLUIS_AGENT_LOG_STAFF_NAMES_H

#include "agent/control.h"

/* args: month (YYYY-MM, not after this one) and perhaps staff, for somebody who left the roster. Answers
 * {month, names: [{staff, name}]}: of the one who is named, or of all of this agency on the roster. Each answer is an
 * entry of the own log, before it is given (own_log_show). */
void staff_names_verb(struct call *c, const struct doc *args);

#endif
