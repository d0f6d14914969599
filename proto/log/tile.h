/* Tiles of the published log: names, widths, and hashes from them (C2SP tlog-tiles). */
#ifndef SLUIS_LOG_TILE_H
#define SLUIS_LOG_TILE_H

#include "proto/base/buf.h"
#include "proto/log/prove.h"

#define TILE_HEIGHT 8u
#define TILE_WIDTH 256u
#define TILE_BYTES (TILE_WIDTH * 32u)
#define TILE_MAX_LEVEL 7u /* 2^62 leaves need no more */
#define TILE_ENTRY_MAX 65535u
#define TILE_PATH_MAX 64

enum tile_kind {
    TILE_HASHES,
    TILE_ENTRIES, /* level is 0 */
};

/* One file of the log. width is 256 for a full tile, else 1..255. */
struct tile_id {
    enum tile_kind kind;
    unsigned level;
    uint64_t index;
    unsigned width;
};

/* "tile/0/x001/067.p/3", "tile/entries/000": relative to the log's folder. ERR_RANGE for a level,
 * index or width that no tile has. */
enum err tile_path(const struct tile_id *id, char out[static TILE_PATH_MAX]) MUST_CHECK;

/* The reverse: exactly what tile_path writes. ERR_INVALID for anything else. */
enum err tile_path_parse(struct bytes path, struct tile_id *out) MUST_CHECK;

/* Hashes at a tile level, 256^level leaves each, in a tree of size leaves. */
uint64_t tile_hashes(unsigned level, uint64_t size);

/* Width of tile index at level in a tree of size leaves: 0 where there is none. */
unsigned tile_width(unsigned level, uint64_t index, uint64_t size);

/* Number of tile levels of a tree of size leaves: 0 for an empty one. */
unsigned tile_levels(uint64_t size);

/* Where the bytes of tiles come from: appends exactly the tile's bytes to out. */
struct tile_source {
    enum err (*read)(void *ctx, const struct tile_id *id, struct buf *out);
    void *ctx;
};

/* Reads subtree hashes from tiles; keeps the last tile of each level. */
struct tile_nodes;

/* source is copied. NULL without memory. */
struct tile_nodes *tile_nodes_new(sha256_fn sha, const struct tile_source *source, uint64_t size);
void tile_nodes_free(struct tile_nodes *t);
DEFINE_CLEANUP(struct tile_nodes, tile_nodes_free)

/* A reader for prove.h, valid as long as t. Reads return ERR_RANGE for a node outside the tree,
 * ERR_INVALID for a tile of the wrong length, or what the source returns. */
struct node_reader tile_nodes_reader(struct tile_nodes *t);

/* Appends u16 length and entry. An entry over TILE_ENTRY_MAX sets ERR_TOO_LARGE. */
void bundle_put(struct buf *b, struct bytes entry);

/* Splits a bundle into exactly width entries, views of the input. ERR_TRUNCATED, ERR_INVALID for
 * surplus bytes, ERR_RANGE for a width over 256. */
enum err bundle_parse(struct bytes bundle, unsigned width,
                      struct bytes out[static TILE_WIDTH]) MUST_CHECK;

#endif
