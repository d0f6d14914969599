/* The backup of a party's keys: one file, sealed under a key that three keepers share
 * (pki/share.h).
 *
 *   magic    "SLUISBAK", format u8 = 1
 *   id       16 random bytes: shares name it
 *   created  u64, seconds since 1970 UTC
 *   entries  each: kind u8 (1 key, 2 file), name part (1 to 255 bytes), key kind u8, created u64,
 * purpose part, epoch u32 (all 0 or empty for a file), sealed part end      sealed part of nothing:
 * what was cut off shows
 *
 * sealed = aead (key version 1) with join("sluis/backup/1", head, place u32, the entry in front of
 * its sealed part) as associated data, so that no entry moves or goes. The payload of a purpose key
 * or a broker's half is {part id of the wrapping key, part sealed under it}: the wrapping key of its
 * purpose and epoch is never in a backup, and once it is destroyed, every backup has lost the key.
 *
 * Leaks: names, kinds, purposes, epochs and lengths. */
#ifndef SLUIS_PKI_BACKUP_H
#define SLUIS_PKI_BACKUP_H

#include "pki/keyfile.h"
#include "proto/base/arena.h"
#include "proto/base/buf.h"

#define BACKUP_MAX_BYTES ((size_t)256 << 20)
#define BACKUP_NAME_MAX 255
#define BACKUP_FILE_MAX ((size_t)128 << 20) /* a registrar's journal of ten years */
#define BACKUP_ENTRIES_MAX 131072           /* and its certificates: those that count, former ones of 400 days, revoked ones */
#define BACKUP_ID_BYTES 16

enum backup_kind { BACKUP_NONE = 0, BACKUP_KEY, BACKUP_FILE };

/* What is readable without any key. */
struct backup_entry {
    enum backup_kind kind;
    struct bytes name;     /* of a file: its path in the folder; of a key: without ".key" */
    struct keyfile header; /* of a key: kind, created_s, id (= name), purpose, epoch */
    struct bytes head;     /* as it stands in front of the sealed part */
    struct bytes sealed;
};
struct backup {
    struct bytes head; /* magic to created */
    uint8_t id[BACKUP_ID_BYTES];
    int64_t created_s;
    struct backup_entry *entries;
    size_t count;
    struct bytes end;
};

/* Reads a backup; views of data, entries in the arena. Nothing is verified yet. ERR_TOO_LARGE,
 * ERR_TRUNCATED, ERR_VERSION, ERR_UNKNOWN (kind), ERR_INVALID, ERR_LIMIT, ERR_NOMEM. */
enum err backup_read(struct bytes data, struct arena *a, struct backup *out) MUST_CHECK;

/* Writing: begin, then entries in any order, then end. The key has 32 bytes and is borrowed. */
struct backup_writer {
    const struct secret *key;
    struct buf *out;
    struct bytes head; /* view of room */
    uint8_t room[64];
    uint32_t count;
};
enum err backup_begin(struct backup_writer *w, const struct secret *key, int64_t created_s,
                      struct buf *out) MUST_CHECK;
/* A wrapping key and the id in the header of its file, by which a backup knows it again. */
struct backup_wrapping {
    const struct secret *key;
    struct name id;
};
/* wrapping: for a purpose key and a broker's half, and for no other; NULL: none. ERR_STATE: given or missing
 * against that, or a share or wrapping key, which no backup holds. */
enum err backup_put_key(struct backup_writer *w, const struct keyfile *header,
                        const struct secret *payload, const struct backup_wrapping *wrapping) MUST_CHECK;
enum err backup_put_file(struct backup_writer *w, struct bytes name, struct bytes data) MUST_CHECK;
enum err backup_end(struct backup_writer *w) MUST_CHECK;

/* Opens the end: the right key, and nothing cut off. ERR_SIGNATURE. */
enum err backup_check(const struct backup *b, const struct secret *key) MUST_CHECK;
/* Which wrapping key entry i needs, a purpose key or a broker's half. ERR_SIGNATURE (another key, changed),
 * ERR_INVALID (the entry is of another kind). */
enum err backup_wrapping_id(const struct backup *b, size_t i, const struct secret *key,
                            struct name *out) MUST_CHECK;
/* Opens entry i. ERR_SIGNATURE (another key, changed), ERR_STATE (needs a wrapping key), ERR_MISMATCH (needs
 * another one than that), ERR_INVALID (the entry is of another kind), ERR_NOMEM. */
enum err backup_open_key(const struct backup *b, size_t i, const struct secret *key,
                         const struct backup_wrapping *wrapping, struct secret **out) MUST_CHECK;
enum err backup_open_file(const struct backup *b, size_t i, const struct secret *key,
                          struct buf *out) MUST_CHECK;

#endif
