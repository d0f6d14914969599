/* One YAML file as a flat list of values with their places: what libcyaml forgets while loading.
 * Only the plain core of YAML is taken: one document, maps with text keys, lists and scalars.
 * Aliases, anchors, tags, directives, duplicate keys, NUL, bad UTF-8 and depth over 32 are refused.
 */
#ifndef SLUIS_CONF_YAML_TREE_H
#define SLUIS_CONF_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define YAML_MAX_BYTES (64u << 20)
#define YAML_MAX_DEPTH 32u
#define YAML_MAX_VALUES (3u << 20) /* a policy of 10,000 rules has some 2.2 million */

enum yaml_kind {
    YAML_KIND_TEXT = 1, /* any scalar; its type is what the reader asks for */
    YAML_KIND_LIST,
    YAML_KIND_MAP,
};

/* One value. Lives as long as its tree. */
struct yaml_value {
    enum yaml_kind kind;
    uint32_t parent;   /* position of the enclosing value; the root is its own parent */
    uint32_t index;    /* position within the enclosing list or map */
    uint32_t count;    /* items of a list, keys of a map */
    uint32_t line;     /* 1-based place of the key, or of the value where there is none */
    uint32_t column;   /* 1-based */
    struct bytes key;  /* NUL-terminated; empty ptr within a list and at the root */
    struct bytes text; /* NUL-terminated scalar content; empty for lists and maps */
};

struct yaml_source {
    struct bytes text;
    const char *name; /* for messages: a file name, or "policy" */
    size_t max_bytes; /* the caller's cap, at most YAML_MAX_BYTES */
};

struct yaml_tree;

/* Parses src into *out. The text of src is copied, its name is kept and must outlive the tree.
 * ERR_TOO_LARGE over a cap, ERR_DUPLICATE for a key that stands twice, ERR_INVALID for everything
 * else that is refused, ERR_NOMEM. why names file, line and column. */
enum err yaml_tree_parse(const struct yaml_source *src, struct yaml_tree **out,
                         struct errmsg *why) MUST_CHECK;
void yaml_tree_free(struct yaml_tree *t);
DEFINE_CLEANUP(struct yaml_tree, yaml_tree_free)

/* The name given at parsing. */
const char *yaml_tree_name(const struct yaml_tree *t);

/* The values in document order: [0] is the root, a value stands after what encloses it. */
const struct yaml_value *yaml_tree_values(const struct yaml_tree *t, size_t *count);
const struct yaml_value *yaml_tree_root(const struct yaml_tree *t);

/* The value under a key of a map, or item i of a list; NULL where there is none. */
const struct yaml_value *yaml_tree_get(const struct yaml_tree *t, const struct yaml_value *map,
                                       struct bytes key);
const struct yaml_value *yaml_tree_item(const struct yaml_tree *t, const struct yaml_value *list,
                                        size_t i);

/* The value at a path such as "rules[riec.case].gates[0].law": "[n]" is item n, "[text]" the item
 * of a list whose key "id" has that text. NULL where there is none. */
const struct yaml_value *yaml_tree_find(const struct yaml_tree *t, const char *path);

/* The line of the deepest existing part of path; 1 at the least. For findings about what is
 * missing. */
uint32_t yaml_tree_line(const struct yaml_tree *t, const char *path);

/* The same for a path that begins at a value: ".gates[0].law". */
uint32_t yaml_tree_line_below(const struct yaml_tree *t, const struct yaml_value *at,
                              const char *path);

/* Writes "name:line:column: detail" into why and returns e. */
enum err yaml_tree_complain(const struct yaml_tree *t, const struct yaml_value *at, enum err e,
                            struct errmsg *why, const char *detail);

#endif
