/* The value of a field as it is stored and hashed: one spelling for each date, number and truth. */
#ifndef SLUIS_SOURCE_FIELD_VALUE_H
#define SLUIS_SOURCE_FIELD_VALUE_H

#include "proto/base/buf.h"
#include "proto/conf/mapping.h"

/* White space (space, tab, line ends, no-break space) is taken off both ends. */
struct bytes field_trim(struct bytes text);

/* Appends to out the value of a trimmed, non-empty UTF-8 text under field f; decimal is the
 * source's sign. ERR_INVALID where the text is no date in any of the field's notations, no number,
 * no yes or no; what buf_err(out) says. */
enum err field_value(const struct mapping_field *f, char decimal, struct bytes text,
                     struct buf *out) MUST_CHECK;

#endif
