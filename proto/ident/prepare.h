/* Inside proto/ident only: bytes of a source to trimmed NFKC text, the same for every type. */
#ifndef SLUIS_IDENT_PREPARE_H
#define SLUIS_IDENT_PREPARE_H

#include "proto/ident/kind.h"

/* NFKC; white space of any kind becomes a space, every dash '-', invisible format characters go;
 * trimmed. ERR_OK with *why NONE; ERR_INVALID with *why TOO_LONG or BAD_ENCODING; ERR_NOMEM.
 * An empty result is for the type to judge. */
enum err ident_prepare(struct bytes in, struct ident_text *out, enum ident_reason *why) MUST_CHECK;

/* NFKD without its marks: what is left of é is e. Non-ASCII letters without a decomposition stay.
 * ERR_NOMEM, or ERR_TOO_LARGE where the result passes IDENT_PART_MAX bytes. */
enum err ident_strip_marks(struct ident_text *t) MUST_CHECK;

/* Reads the code point at t->s[*at] and steps over it; t is valid UTF-8 and *at < t->len. */
uint32_t ident_next_char(const struct ident_text *t, size_t *at);

#endif
