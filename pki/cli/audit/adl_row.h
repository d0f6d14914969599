/* A decision of the log as a record of the Authorization Decision Log 1.0 (Logius), one JSON object on a line. */
#ifndef SLUIS_CLI_AUDIT_ADL_ROW_H
#define SLUIS_CLI_AUDIT_ADL_ROW_H

#include "proto/base/buf.h"
#include "proto/json/audit_body.h"
#include "proto/json/body_line.h"

/* Whether an entry is about a decision: nothing else has a record. */
bool adl_has_row(const struct audit_body *b);

/* Appends the record of an entry for which adl_has_row. ERR_INVALID (the body is no JSON), ERR_CRYPTO, ERR_NOMEM, or what
 * buf_err(out) says. */
enum err adl_put_row(struct buf *out, const struct body_line *line, const struct audit_body *b) MUST_CHECK;

#endif
