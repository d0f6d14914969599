#include "tests/support/found_salts.h"

#include <string.h>

#include "pki/digest.h"
#include "proto/base/cursor.h"
#include "proto/base/enums.h"
#include "tests/support/guesses.h"
#include "tests/support/haystack.h"
#include "tests/support/unlocked.h"

#define PART_MIN 256u
#define PART_MAX 65536u
#define HELD_MAX 64u
#define COLUMN_MAX 1024u
#define HELD_BYTES 37u /* u16 group, u16 position, u8 type, salt, token */
#define DER_SEQUENCE 0x30

struct search {
    struct guesses *guesses;
    struct bytes piece;
    struct found_salt now; /* with the sealed parts of the piece */
    size_t count;
};

/* A number of at most 28 bits in base 128; 0: none. */
static size_t varint(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 4 && p + i < end; i++) {
        *out |= (uint32_t)(p[i] & 0x7f) << (7 * i);
        if (p[i] < 0x80)
            return i + 1;
    }
    return 0;
}

static void add_part(struct search *s, const uint8_t *p, uint32_t len)
{
    const uint8_t *end = s->piece.ptr + s->piece.len;
    if (len < PART_MIN || len > PART_MAX || (size_t)(end - p) < len || *p != DER_SEQUENCE ||
        s->now.part_count == GUESSES_PARTS_MAX)
        return;
    const struct bytes part = bytes_of(p, len);
    unlocked_must("sha256", digest_sha256(&part, 1, &s->now.parts[s->now.part_count++]));
}

/* HitNotice.sealed_part (7), RequestMessage.sealed_parts (6), or a part of a join. */
static void find_parts(struct search *s)
{
    const uint8_t *end = s->piece.ptr + s->piece.len;
    for (const uint8_t *p = s->piece.ptr; p + 5 < end; p++) {
        uint32_t len = 0;
        size_t n = *p == 0x3a || *p == 0x32 ? varint(p + 1, end, &len) : 0;
        if (n > 0 && p + 1 + n < end)
            add_part(s, p + 1 + n, len);
        if (p[0] == 0 && p[4] == DER_SEQUENCE)
            add_part(s, p + 4, (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
    }
}

static void add_salt(struct search *s, const uint8_t *p)
{
    memcpy(s->now.salt.b, p, sizeof s->now.salt.b);
    guesses_add_salt(s->guesses, &s->now);
    s->count++;
}

/* MatchedIdentifier and TokenOpening: type (1), then salt (2). */
static bool is_opening(const uint8_t *p, const uint8_t *end)
{
    return end - p >= 20 && p[0] == 0x08 && p[1] > IDENT_NONE && p[1] < IDENT_TYPE_COUNT &&
           p[2] == 0x12 && p[3] == 16;
}

/* RequestMessage.salts (10), with positions (11) behind them: two bytes for each salt. */
static void find_column(struct search *s, const uint8_t *p, const uint8_t *end)
{
    uint32_t len = 0;
    uint32_t positions = 0;
    const size_t n = *p == 0x52 ? varint(p + 1, end, &len) : 0;
    if (n == 0 || len == 0 || len % 16 != 0 || len > COLUMN_MAX ||
        (size_t)(end - p) < 3 + n + len)
        return;
    const uint8_t *next = p + 1 + n + len;
    if (*next != 0x5a || varint(next + 1, end, &positions) == 0 || positions != len / 8)
        return;
    for (uint32_t i = 0; i < len; i += 16)
        add_salt(s, p + 1 + n + i);
}

/* What broker/held.h encodes of a question: identifiers, then a tree of leaves. */
static void find_held(struct search *s, const uint8_t *p, const uint8_t *end)
{
    struct cursor c = cursor_of(bytes_of(p, (size_t)(end - p)));
    const uint32_t count = cursor_u32(&c);
    if (count == 0 || count > HELD_MAX || c.left < count * HELD_BYTES + 4)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *row = p + 4 + i * HELD_BYTES;
        if (row[0] != 0 || row[2] != 0 || row[4] == IDENT_NONE || row[4] >= IDENT_TYPE_COUNT)
            return;
    }
    cursor_bytes(&c, count * HELD_BYTES);
    const uint32_t leaves = cursor_u32(&c);
    if (leaves < 8 || (leaves & (leaves - 1)) != 0 || c.left < (size_t)leaves * 32)
        return;
    for (uint32_t i = 0; i < count; i++)
        add_salt(s, p + 4 + i * HELD_BYTES + 5);
}

size_t found_salts_add(const struct haystack *h, struct guesses *g)
{
    struct search s = {.guesses = g};
    for (size_t i = 0; i < haystack_count(h); i++) {
        s.piece = haystack_piece(h, i).data;
        s.now.part_count = 0;
        find_parts(&s);
        const uint8_t *end = s.piece.ptr + s.piece.len;
        for (const uint8_t *p = s.piece.ptr; p + 4 < end; p++) {
            if (is_opening(p, end))
                add_salt(&s, p + 4);
            find_column(&s, p, end);
            if (p[0] == 0 && p[1] == 0)
                find_held(&s, p, end);
        }
    }
    return s.count;
}
