/* What a reading of bodies was for, as facts of its own entry (docs/audit-log.md, "Readings"). */
#ifndef SLUIS_PKI_LOGBOOK_BODIES_FACTS_H
#define SLUIS_PKI_LOGBOOK_BODIES_FACTS_H

#include "pki/view/view.h"
#include "proto/json/audit_body.h"
#include "proto/msg/bodies.h"

/* Whether event and decision of a filter are ones that a body can have. */
bool bodies_filter_is_known(const struct bodies_filter *f);

/* The facts purpose, first index and filter; or format, rows, digest and filter. What q and x hold is copied into
 * the arena. A rule or an agency that v knows stands as it is, any other word as its digest under the filter's salt, so
 * that no reader writes a text of its own into the log. ERR_NOMEM, ERR_CRYPTO. */
enum err bodies_facts_of_query(const struct view *v, const struct bodies_query *q, struct arena *a,
                               const struct audit_fact **out, size_t *count) MUST_CHECK;
enum err bodies_facts_of_export(const struct view *v, const struct bodies_exported *x,
                                struct arena *a, const struct audit_fact **out,
                                size_t *count) MUST_CHECK;

/* The facts of the entry that tells that somebody was given the filler key. ERR_NOMEM. */
enum err bodies_facts_of_filler_key(struct arena *a, const struct audit_fact **out, size_t *count) MUST_CHECK;

#endif
