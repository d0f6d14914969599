/* Warns before something ends that this agency works with: its certificates and those of its people, the broker's,
 * the issuing CA's and the roster key's, and the epochs of its purposes; a line in the log 14 days and 3 days before,
 * each once, also over restarts (decision 0906). */
#ifndef SLUIS_AGENT_ENDINGS_H
#define SLUIS_AGENT_ENDINGS_H

#include "pki/endings.h"

struct agent;
struct doc;
struct endings;

/* ERR_NOMEM. */
enum err endings_new(struct agent *a, struct endings **out) MUST_CHECK;
void endings_free(struct endings *x);
DEFINE_CLEANUP(struct endings, endings_free)

/* Those in their last fourteen days, or over, as a list for `status`; the caller's. NULL without memory. */
struct doc *endings_doc(const struct agent *a) MUST_CHECK;

/* Appends a line for each of them in its last three days, or over. */
enum err endings_alarms(const struct agent *a, struct doc *list) MUST_CHECK;

#endif
