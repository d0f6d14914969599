#include "tests/support/haystack.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unlocked.h"

/* A Bloom filter over all windows of eight bytes: of needles that stand nowhere few are looked for. */
#define FILTER_BITS 30u
#define FILTER_BYTES ((size_t)1 << (FILTER_BITS - 3))
#define PROBES 3u
#define SEEN_ROOM ((size_t)1 << 21)

/* A needle that may stand somewhere. */
struct asked {
    uint8_t *needle;
    size_t len;
    size_t id;
    size_t next; /* with the same start, from 1 */
};

struct haystack {
    struct hay_piece *pieces;
    size_t count;
    size_t room;
    size_t bytes;
    uint8_t *filter;
    uint64_t *seen; /* SEEN_ROOM, open addressing; 0 is free */
    size_t seen_count;
    struct asked *asked;
    size_t asked_count;
    size_t asked_room;
};

static void *must_have(void *p)
{
    if (p == NULL)
        unlocked_must("memory", ERR_NOMEM);
    return p;
}

struct haystack *haystack_new(void)
{
    struct haystack *h = must_have(calloc(1, sizeof *h));
    h->filter = must_have(calloc(1, FILTER_BYTES));
    h->seen = must_have(calloc(SEEN_ROOM, sizeof *h->seen));
    return h;
}

void haystack_free(struct haystack *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->count; i++) {
        free((void *)(uintptr_t)h->pieces[i].where);
        free((void *)(uintptr_t)h->pieces[i].data.ptr);
    }
    for (size_t i = 0; i < h->asked_count; i++)
        free(h->asked[i].needle);
    free(h->asked);
    free(h->pieces);
    free(h->filter);
    free(h->seen);
    free(h);
}

/* Takes data, which malloc gave. */
static void add_owned(struct haystack *h, const char *where, uint8_t *data, size_t len)
{
    if (h->count == h->room) {
        h->room = h->room == 0 ? 1024 : 2 * h->room;
        h->pieces = must_have(realloc(h->pieces, h->room * sizeof *h->pieces));
    }
    h->pieces[h->count++] = (struct hay_piece){must_have(strdup(where)), bytes_of(data, len)};
    h->bytes += len;
}

void haystack_add(struct haystack *h, const char *where, struct bytes data)
{
    uint8_t *copy = must_have(malloc(data.len + 1));
    memcpy(copy, data.ptr, data.len);
    add_owned(h, where, copy, data.len);
}

static void add_file(struct haystack *h, const char *path)
{
    CLEANUP(buf_free) struct buf b = unlocked_read(path);
    if (b.len > 0)
        haystack_add(h, path, buf_bytes(&b));
}

void haystack_add_tree(struct haystack *h, const char *folder, const char *skip)
{
    char *const paths[] = {(char *)(uintptr_t)folder, NULL};
    FTS *walk = must_have(fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL));
    FTSENT *e;
    while ((e = fts_read(walk)) != NULL) {
        if (skip != NULL && e->fts_level > 0 && strcmp(e->fts_name, skip) == 0)
            fts_set(walk, e, FTS_SKIP);
        else if (e->fts_info == FTS_F)
            add_file(h, e->fts_path);
        else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
            unlocked_must(e->fts_path, ERR_IO);
    }
    fts_close(walk);
}

size_t haystack_count(const struct haystack *h)
{
    return h->count;
}

struct hay_piece haystack_piece(const struct haystack *h, size_t i)
{
    return h->pieces[i];
}

size_t haystack_bytes(const struct haystack *h)
{
    return h->bytes;
}

static uint64_t window(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* The n-th bit of a window. */
static size_t bit_of(uint64_t w, unsigned n)
{
    static const uint64_t odd[PROBES] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu,
                                         0xd6e8feb86659fd93u};
    return (size_t)((w ^ w >> 29) * odd[n] >> (64 - FILTER_BITS));
}

void haystack_index(struct haystack *h)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct bytes d = h->pieces[i].data;
        for (size_t k = 0; k + HAYSTACK_NEEDLE_MIN <= d.len; k++)
            for (unsigned n = 0; n < PROBES; n++) {
                const size_t bit = bit_of(window(d.ptr + k), n);
                h->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
            }
    }
}

static bool window_may_stand(const struct haystack *h, uint64_t w)
{
    for (unsigned n = 0; n < PROBES; n++) {
        const size_t bit = bit_of(w, n);
        if ((h->filter[bit / 8] >> bit % 8 & 1) == 0)
            return false;
    }
    return true;
}

static bool may_stand(const struct haystack *h, struct bytes needle)
{
    return window_may_stand(h, window(needle.ptr)) &&
           window_may_stand(h, window(needle.ptr + needle.len - HAYSTACK_NEEDLE_MIN));
}

bool haystack_is_seen(struct haystack *h, uint64_t number)
{
    number |= number == 0;
    size_t i = bit_of(number, 0) % SEEN_ROOM;
    for (; h->seen[i] != 0; i = (i + 1) % SEEN_ROOM)
        if (h->seen[i] == number)
            return true;
    if (++h->seen_count > SEEN_ROOM / 2)
        unlocked_must("too many values", ERR_LIMIT);
    h->seen[i] = number;
    return false;
}

bool haystack_ask(struct haystack *h, struct bytes needle, size_t id)
{
    if (needle.len < HAYSTACK_NEEDLE_MIN)
        unlocked_must("a needle that is too short", ERR_INVALID);
    if (!may_stand(h, needle))
        return false;
    if (h->asked_count == h->asked_room) {
        h->asked_room = h->asked_room == 0 ? 1024 : 2 * h->asked_room;
        h->asked = must_have(realloc(h->asked, h->asked_room * sizeof *h->asked));
    }
    uint8_t *copy = must_have(malloc(needle.len));
    memcpy(copy, needle.ptr, needle.len);
    h->asked[h->asked_count++] = (struct asked){.needle = copy, .len = needle.len, .id = id};
    return true;
}

/* Needles by their first window; slots hold a number from 1. */
struct slots {
    size_t *v;
    unsigned bits;
};

static size_t slot_of(const struct slots *s, uint64_t w)
{
    return bit_of(w, 0) >> (FILTER_BITS - s->bits);
}

static struct slots slots_of(struct haystack *h)
{
    struct slots s = {.bits = 16};
    while (((size_t)1 << s.bits) < 8 * h->asked_count && s.bits < FILTER_BITS)
        s.bits++;
    s.v = must_have(calloc((size_t)1 << s.bits, sizeof *s.v));
    for (size_t i = 0; i < h->asked_count; i++) {
        size_t *slot = &s.v[slot_of(&s, window(h->asked[i].needle))];
        h->asked[i].next = *slot;
        *slot = i + 1;
    }
    return s;
}

void haystack_answer(struct haystack *h, hay_fn fn, void *ctx)
{
    struct slots s = slots_of(h);
    for (size_t i = 0; i < h->count; i++) {
        const struct bytes d = h->pieces[i].data;
        for (size_t k = 0; k + HAYSTACK_NEEDLE_MIN <= d.len; k++)
            for (size_t n = s.v[slot_of(&s, window(d.ptr + k))]; n != 0; n = h->asked[n - 1].next) {
                const struct asked *q = &h->asked[n - 1];
                if (d.len - k >= q->len && memcmp(d.ptr + k, q->needle, q->len) == 0)
                    fn(ctx, q->id, &h->pieces[i], k);
            }
    }
    free(s.v);
}
