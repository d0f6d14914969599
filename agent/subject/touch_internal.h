/* Rows of the index, between touch.c, touch_find.c and touch_walk.c. */
#ifndef SLUIS_AGENT_SUBJECT_TOUCH_INTERNAL_H
#define SLUIS_AGENT_SUBJECT_TOUCH_INTERNAL_H

#include "agent/subject/touch.h"
#include "pki/mac.h"
#include "proto/base/cursor.h"

#define TOUCH_ROW_THREAD 't'
#define TOUCH_ROW_MARK 'm'
#define TOUCH_ROW_ENTRY 'e'
#define TOUCH_KEY_ROOM 64u
#define TOUCH_ROW_ARENA ((size_t)128 << 10)

/* A MAC under a key of this label alone, of the agency's key that no rotation changes; the caller's. ERR_NOMEM, ERR_CRYPTO. */
enum err touch_mac_new(struct store *s, const char *label, struct mac **out) MUST_CHECK;
/* The key of a thread's own row, and the beginning of those of its entries. */
struct bytes touch_thread_key(uint8_t room[static TOUCH_KEY_ROOM], char row,
                              const struct touch_thread *t);
/* That a mark of this group leads to a thread; behind its first byte the mark, the thread and the group. */
struct bytes touch_mark_key(uint8_t room[static TOUCH_KEY_ROOM], const struct touch_named *n,
                            const struct touch_thread *t);
/* The key of an entry, by its thread, time and hash. */
struct bytes touch_entry_key(uint8_t room[static 2 * TOUCH_KEY_ROOM], const struct touch *t);
/* Reads a thread of a key at c, which keeps the error. */
struct touch_thread touch_get_thread(struct cursor *c);
/* A row of a thread up to its subjects, at which c stands then. ERR_INVALID, ERR_TRUNCATED. */
enum err touch_open_thread(struct bytes row, struct cursor *c, struct touch_terms *terms,
                           uint32_t *count) MUST_CHECK;
/* The next subject at c, which keeps the error. */
struct touch_named touch_get_named(struct cursor *c);
/* ERR_INVALID. */
enum err touch_read_entry(const struct store_row *row, struct touch *out) MUST_CHECK;

#endif
