/* Which entries a reader asked for. */
#ifndef SLUIS_CLI_AUDIT_FILTER_H
#define SLUIS_CLI_AUDIT_FILTER_H

#include "pki/cli/audit/options.h"
#include "proto/base/ids.h"
#include "proto/json/audit_body.h"
#include "proto/msg/bodies.h"

struct filter {
    const struct options *o;
    struct digest header; /* of a request, as inbox and results show it */
    struct case_id dossier;
};

/* Takes the filters of the command line. ERR_INVALID: an id has not its form; ERR_UNKNOWN: there is no such event or
 * decision; why names the option. */
enum err filter_of(const struct options *o, struct filter *out, struct errmsg *why) MUST_CHECK;

/* Whether it lets everything through. */
bool filter_is_empty(const struct filter *f);

/* The filter as it is signed and stands in the log: ids and pseudonyms as digests under a fresh salt. ERR_INVALID: a word
 * that is no id can be in no body; why names the option. ERR_CRYPTO. */
enum err filter_said(const struct filter *f, struct bodies_filter *out, struct errmsg *why) MUST_CHECK;

/* The names behind the digests that filter_said makes, by which a narrowed answer is found. */
void filter_sought(const struct filter *f, struct bodies_sought *out);

/* Whether the body fits all of them. A request or case is found by its digest under the body's own salt: who does
 * not know the id learns nothing. ERR_CRYPTO. */
enum err filter_fits(const struct filter *f, const struct audit_body *b, bool *fits) MUST_CHECK;

#endif
