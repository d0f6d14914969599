/* Entries of the index as they lie on disk: 46 packed bytes, sorted by their first 35; and blocks
 * of them. Numbers are big-endian, so that byte order is the order of the index. */
#ifndef SLUIS_BROKER_INDEX_ENTRY_H
#define SLUIS_BROKER_INDEX_ENTRY_H

#include "proto/base/bytes.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"

#define ENTRY_LOOKUP_BYTES 19 /* type, token, agency: what a look-up knows */
#define ENTRY_KEY_BYTES 35    /* and the handle: what is unique within a run */
#define ENTRY_BYTES 46
/* Two blocks with their keys fill one page of the store. */
#define BLOCK_ENTRIES 43
#define BLOCK_BYTES (BLOCK_ENTRIES * ENTRY_BYTES)

/* One token of one record version. Agency and batch are the store's short numbers (short.h). */
struct entry {
    enum ident_type type;
    struct token token;
    uint16_t agency;
    struct handle handle;
    bool tombstone; /* the record version is withdrawn */
    uint16_t category;
    uint32_t expires_day; /* the first day on which it no longer answers */
    uint32_t batch;
};

void entry_put(const struct entry *e, uint8_t out[static ENTRY_BYTES]);

/* ERR_UNKNOWN for a type or flag outside its set. */
enum err entry_get(const uint8_t in[static ENTRY_BYTES], struct entry *out) MUST_CHECK;

/* The two values of a packed entry that whole runs are read for. */
static inline bool entry_is_tombstone(const uint8_t *packed)
{
    return packed[ENTRY_KEY_BYTES] != 0;
}

static inline uint32_t entry_expires_day(const uint8_t *packed)
{
    const uint8_t *p = packed + ENTRY_KEY_BYTES + 3;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The first eight bytes of a packed entry as a number: most comparisons need no more. */
static inline uint64_t entry_rank(const uint8_t *packed)
{
    uint64_t r = 0;
    for (int i = 0; i < 8; i++)
        r = r << 8 | packed[i];
    return r;
}

/* Order of two packed entries: by their key. */
int entry_cmp(const void *a, const void *b);

/* Sorts packed entries; and whether, once sorted, a key stands twice among them. */
void entry_sort(uint8_t *packed, size_t count);
bool entry_is_repeated(const uint8_t *packed, size_t count);

/* Writes agency and batch into packed entries of one agency: sorted ones stay sorted. */
void entry_stamp(uint8_t *packed, size_t count, uint16_t agency, uint32_t batch);

/* The look-up part of a key. */
void entry_lookup_key(enum ident_type type, const struct token *token, uint16_t agency,
                      uint8_t out[static ENTRY_LOOKUP_BYTES]);

/* Packed entries of one run, in order: a view. */
struct block {
    const uint8_t *ptr;
    size_t count;
};

static inline const uint8_t *block_at(const struct block *b, size_t i)
{
    return b->ptr + i * ENTRY_BYTES;
}

/* ERR_INVALID where the length is not that of 1 to BLOCK_ENTRIES entries. */
enum err block_open(struct bytes value, struct block *out) MUST_CHECK;

/* block_open, and every entry is one, and each is greater than the one before. ERR_UNKNOWN,
 * ERR_INVALID. */
enum err block_check(struct bytes value, struct block *out) MUST_CHECK;

/* The first entry whose key is at or behind a key (of up to ENTRY_KEY_BYTES), or b->count. */
size_t block_from(const struct block *b, struct bytes key);

#endif
