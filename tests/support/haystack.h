/* Bytes that somebody has, and the search for a needle at every offset of them: files as they lie on disk (pages of
 * a store that were freed included), and whatever was opened of them. Failures end the program. */
#ifndef SLUIS_TESTS_HAYSTACK_H
#define SLUIS_TESTS_HAYSTACK_H

#include "proto/base/attr.h"
#include "proto/base/bytes.h"

#define HAYSTACK_NEEDLE_MIN 8 /* bytes */

struct haystack;

/* One file, or one value that was opened. where lives as long as the haystack. */
struct hay_piece {
    const char *where;
    struct bytes data;
};

struct haystack *haystack_new(void);
void haystack_free(struct haystack *h);
DEFINE_CLEANUP(struct haystack, haystack_free)

/* Copies data. */
void haystack_add(struct haystack *h, const char *where, struct bytes data);
/* Every regular file under a folder, but for folders and files of the name skip (NULL: none). */
void haystack_add_tree(struct haystack *h, const char *folder, const char *skip);

size_t haystack_count(const struct haystack *h);
/* Valid until the haystack is freed. */
struct hay_piece haystack_piece(const struct haystack *h, size_t i);
size_t haystack_bytes(const struct haystack *h);

/* Whether this number was given before: who knows a value by a number opens it once. */
bool haystack_is_seen(struct haystack *h, uint64_t number);

/* Prepares the search; after the last piece was added. */
void haystack_index(struct haystack *h);

/* Asks for a needle of HAYSTACK_NEEDLE_MIN bytes or more. False: it stands nowhere. True: haystack_answer tells; id
 * is the caller's and says which it was. */
bool haystack_ask(struct haystack *h, struct bytes needle, size_t id);

/* Calls fn for every place at which a needle stands that was asked for. */
typedef void (*hay_fn)(void *ctx, size_t id, const struct hay_piece *piece, size_t offset);
void haystack_answer(struct haystack *h, hay_fn fn, void *ctx);

#endif
