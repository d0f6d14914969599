/* Cells of a source in its own encoding, as UTF-8. Only encodings in which the bytes of delimiter,
 * quote and line end mean themselves, so that a cell can be converted on its own. */
#ifndef SLUIS_SOURCE_CHARSET_H
#define SLUIS_SOURCE_CHARSET_H

#include "proto/base/buf.h"
#include "proto/conf/mapping.h"

struct charset;

/* NULL without memory, or where the C library lacks the encoding. */
struct charset *charset_new(enum mapping_encoding encoding);
void charset_free(struct charset *c);
DEFINE_CLEANUP(struct charset, charset_free)

/* *out becomes the UTF-8 of text: text itself where nothing changes, else a view of what was
 * appended to scratch, which must not move (buf_fixed). ERR_INVALID for bytes that the encoding
 * does not have, ERR_TOO_LARGE where scratch is full. */
enum err charset_convert(struct charset *c, struct bytes text, struct buf *scratch,
                         struct bytes *out) MUST_CHECK;

#endif
