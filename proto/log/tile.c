#include "proto/log/tile.h"

#include "proto/base/cursor.h"
#include "proto/base/text.h"

/* More groups than an index of 62 bits has. */
#define GROUPS_MAX 7

uint64_t tile_hashes(unsigned level, uint64_t size)
{
    return level > TILE_MAX_LEVEL ? 0 : size >> (TILE_HEIGHT * level);
}

unsigned tile_width(unsigned level, uint64_t index, uint64_t size)
{
    uint64_t hashes = tile_hashes(level, size);
    if (index >= (hashes + TILE_WIDTH - 1) / TILE_WIDTH)
        return 0;
    uint64_t left = hashes - index * TILE_WIDTH;
    return left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
}

unsigned tile_levels(uint64_t size)
{
    unsigned levels = 0;
    while (levels <= TILE_MAX_LEVEL && tile_hashes(levels, size) > 0)
        levels++;
    return levels;
}

static bool id_valid(const struct tile_id *id)
{
    return id->level <= TILE_MAX_LEVEL && id->width >= 1 && id->width <= TILE_WIDTH &&
           id->index < RANGE_MAX_SIZE && (id->kind == TILE_HASHES || id->level == 0);
}

/* Groups of three digits, all but the last behind an x. */
static void put_index(struct buf *b, uint64_t index)
{
    unsigned groups[GROUPS_MAX];
    size_t count = 0;
    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0);
    for (size_t i = count; i > 1; i--)
        buf_printf(b, "x%03u/", groups[i - 1]);
    buf_printf(b, "%03u", groups[0]);
}

enum err tile_path(const struct tile_id *id, char out[static TILE_PATH_MAX])
{
    if (!id_valid(id))
        return ERR_RANGE;
    struct buf b = buf_fixed(out, TILE_PATH_MAX);
    if (id->kind == TILE_ENTRIES)
        buf_put_str(&b, "tile/entries/");
    else
        buf_printf(&b, "tile/%u/", id->level);
    put_index(&b, id->index);
    if (id->width < TILE_WIDTH)
        buf_printf(&b, ".p/%u", id->width);
    (void)buf_text(&b);
    return buf_err(&b);
}

/* The text up to the next '/', or the rest; false where nothing is left. */
static bool next_part(struct bytes *rest, struct bytes *part)
{
    if (rest->len == 0)
        return false;
    const uint8_t *slash = memchr(rest->ptr, '/', rest->len);
    *part = bytes_of(rest->ptr, slash == NULL ? rest->len : (size_t)(slash - rest->ptr));
    size_t used = slash == NULL ? part->len : part->len + 1;
    *rest = bytes_of(rest->ptr + used, rest->len - used);
    return true;
}

/* Reads the groups of an index; the caller checks the spelling by writing it again. */
static enum err parse_index(struct bytes *rest, uint64_t *index, bool *partial)
{
    struct bytes part;
    uint64_t v = 0;
    for (size_t i = 0; i < GROUPS_MAX && next_part(rest, &part); i++) {
        bool more = part.len > 0 && part.ptr[0] == 'x';
        *partial = bytes_ends(part, ".p");
        size_t digits = part.len - (more ? 1 : 0) - (*partial ? 2 : 0);
        if (digits != 3 || (more && *partial))
            return ERR_INVALID;
        for (size_t k = 0; k < 3; k++)
            v = v * 10 + (uint64_t)(part.ptr[k + (more ? 1 : 0)] - '0');
        if (!more) {
            *index = v;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

static enum err parse_small(struct bytes *rest, uint64_t max, unsigned *out)
{
    struct bytes part;
    uint64_t v = 0;
    if (!next_part(rest, &part) || text_get_u64(part, max, &v) != ERR_OK)
        return ERR_INVALID;
    *out = (unsigned)v;
    return ERR_OK;
}

static enum err parse_level(struct bytes *rest, struct tile_id *id)
{
    static const char entries[] = "entries/";
    if (rest->len > strlen(entries) && memcmp(rest->ptr, entries, strlen(entries)) == 0) {
        id->kind = TILE_ENTRIES;
        *rest = bytes_of(rest->ptr + strlen(entries), rest->len - strlen(entries));
        return ERR_OK;
    }
    return parse_small(rest, TILE_MAX_LEVEL, &id->level);
}

enum err tile_path_parse(struct bytes path, struct tile_id *out)
{
    struct tile_id id = {.kind = TILE_HASHES, .width = TILE_WIDTH};
    struct bytes rest = path;
    struct bytes part;
    bool partial = false;
    if (path.len >= TILE_PATH_MAX || !next_part(&rest, &part) || !bytes_is(part, "tile"))
        return ERR_INVALID;
    enum err e = parse_level(&rest, &id);
    if (e == ERR_OK)
        e = parse_index(&rest, &id.index, &partial);
    if (e == ERR_OK && partial)
        e = parse_small(&rest, TILE_WIDTH - 1, &id.width);
    /* One spelling only: whatever differs from our own is refused. */
    char again[TILE_PATH_MAX];
    if (e != ERR_OK || tile_path(&id, again) != ERR_OK || !bytes_is(path, again))
        return ERR_INVALID;
    *out = id;
    return ERR_OK;
}

void bundle_put(struct buf *b, struct bytes entry)
{
    if (entry.len > TILE_ENTRY_MAX) {
        if (b->err == ERR_OK)
            b->err = ERR_TOO_LARGE;
        return;
    }
    buf_put_u16(b, (uint16_t)entry.len);
    buf_put(b, entry);
}

enum err bundle_parse(struct bytes bundle, unsigned width, struct bytes out[static TILE_WIDTH])
{
    if (width > TILE_WIDTH)
        return ERR_RANGE;
    struct cursor c = cursor_of(bundle);
    for (unsigned i = 0; i < width; i++)
        out[i] = cursor_bytes(&c, cursor_u16(&c));
    return cursor_done(&c);
}
