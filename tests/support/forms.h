/* In which spellings a value can lie in a file. */
#ifndef SLUIS_TESTS_FORMS_H
#define SLUIS_TESTS_FORMS_H

#include "proto/base/bytes.h"

#define FORMS_VALUE_MAX 4096

/* Calls fn with value as it is ("raw"), in hex of both cases ("hex", "HEX"), and in base64 as it looks at each
 * alignment within a longer text ("base64+0" to "base64+2", whole letters of it only; where an alphabet for URLs
 * differs also "base64url+0" to "base64url+2"). Spellings under eight bytes are left out. */
typedef void (*form_fn)(void *ctx, const char *form, struct bytes spelled);
void forms_each(struct bytes value, form_fn fn, void *ctx);

#endif
