/* The next key of a kind, which lies in keys/ID.next.key until it takes the place of keys/ID.key. */
#ifndef SLUIS_CLI_PKI_NEXT_KEY_H
#define SLUIS_CLI_PKI_NEXT_KEY_H

#include "pki/cli/pki/work.h"

/* Whether keys/ID.key is there. */
bool next_key_has(struct work *w, const char *id);

/* keys/TO.key gets what keys/FROM.key holds. As file_read and file_write. */
enum err next_key_copy(struct work *w, const char *from_id, const char *to_id) MUST_CHECK;

/* The new file takes the name of the old one in one step, and only then its first name goes: a command that was killed is
 * given again. next_id: "ID.next". As file_read, file_write and file_erase. */
enum err next_key_move(struct work *w, const char *next_id, const char *id) MUST_CHECK;

#endif
