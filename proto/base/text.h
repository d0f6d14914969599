/* Hex, base64 and bounded numbers: text forms of public bytes. Never for identifiers or tokens. */
#ifndef SLUIS_BASE_TEXT_H
#define SLUIS_BASE_TEXT_H

#include "proto/base/buf.h"

/* Lower-case hex of data, appended. */
void text_put_hex(struct buf *b, struct bytes data);

/* Exactly out_len bytes from 2*out_len hex digits of either case; ERR_INVALID otherwise. */
enum err text_get_hex(struct bytes hex, uint8_t *out, size_t out_len) MUST_CHECK;

/* RFC 4648 section 4 base64 with padding, appended. */
void text_put_base64(struct buf *b, struct bytes data);

/* Strict base64 (padding required, no white space, unused bits zero), appended to out.
 * ERR_INVALID (nothing is appended), or what buf_err(out) says. */
enum err text_get_base64(struct bytes text, struct buf *out) MUST_CHECK;

/* Decimal without sign, leading zeros or white space, at most max. ERR_INVALID, ERR_RANGE. */
enum err text_get_u64(struct bytes text, uint64_t max, uint64_t *out) MUST_CHECK;

/* A copy on the heap, the caller's to free; NULL without memory. */
char *text_copy(const char *text);

#endif
