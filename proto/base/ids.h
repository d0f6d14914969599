/* The values that name things, each a type of its own so that the compiler tells them apart.
 * There is deliberately no function that prints an inner value or a token. */
#ifndef SLUIS_BASE_IDS_H
#define SLUIS_BASE_IDS_H

#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define OIN_CHARS 20
#define NAME_MAX_BYTES 64 /* ids of rules, purposes, categories, fields, functions, staff */

/* An agency: its OIN, 20 characters, NUL-terminated. */
struct agency_id {
    char oin[OIN_CHARS + 1];
};

/* A short ASCII id as the policy spells it: [a-z0-9][a-z0-9._-]*, NUL-terminated. */
struct name {
    char s[NAME_MAX_BYTES + 1];
};

struct message_id {
    uint8_t b[16];
};
struct request_id {
    uint8_t b[16];
};
struct batch_id {
    uint8_t b[16];
};
struct case_id {
    uint8_t b[16];
};
/* Names one record version in one purpose and epoch; random. */
struct handle {
    uint8_t b[16];
};
/* The agency half of a keyed identifier; goes to the broker alone. */
struct inner {
    uint8_t b[32];
};
/* The broker half; the only form that the broker stores. */
struct token {
    uint8_t b[16];
};
struct salt {
    uint8_t b[16];
};
/* Key check value of a purpose key: tells two keys apart and nothing else about them. */
struct kcv {
    uint8_t b[8];
};
/* A dimension value of a phenomenon purpose, coded under its key. */
struct dim_code {
    uint8_t b[8];
};

/* 20 digits or capitals. ERR_INVALID otherwise. */
enum err agency_id_parse(struct bytes text, struct agency_id *out) MUST_CHECK;
static inline struct bytes agency_id_bytes(const struct agency_id *a)
{
    return bytes_of(a->oin, OIN_CHARS);
}
bool agency_id_equal(const struct agency_id *a, const struct agency_id *b);

/* ERR_INVALID for an empty or over-long text or a character outside the set. */
enum err name_parse(struct bytes text, struct name *out) MUST_CHECK;
static inline struct bytes name_bytes(const struct name *n)
{
    return bytes_str(n->s);
}
bool name_equal(const struct name *a, const struct name *b);

/* Names that someone else owns; where a document carries it, strictly ascending by bytes. */
struct name_list {
    const struct name *v;
    size_t count;
};

/* Whether the list has a name; linear. */
bool name_list_has(struct name_list list, struct bytes name);
bool name_is_in(const struct name *list, size_t count, const struct name *n);

#endif
