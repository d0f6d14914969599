/* One container for every secret key at rest: one key, one file. Bytes in, bytes out; the process
 * reads and writes the file (mode 0600) and passes the content.
 *
 *   "SLUISKEY"          8 bytes
 *   format              u8, 1
 *   kind                u8, enum keyfile_kind
 *   log2_n, r, p        u8 each: the cost of scrypt (RFC 7914)
 *   created             u64, seconds since 1970 UTC
 *   id                  u32 length, then 1 to 64 bytes: what the file is for, "agency.signing"
 *   purpose             u32 length, then 0 to 64 bytes; empty except in purpose keys and broker halves
 *   epoch               u32; 0 where purpose is empty
 *   salt                32 bytes
 *   nonce               12 bytes
 *   sealed              u32 length, then the payload under AES-256-GCM, tag last
 *
 * Integers are big-endian. The key of the last part is scrypt(passphrase, salt); everything in front
 * of the nonce is its associated data, so no field can be changed without the passphrase.
 *
 * Leaks kind, id, purpose, epoch and age of the key to whoever reads the file, and a way to test
 * guesses of the passphrase at the price that the cost sets. scrypt's own memory access depends on
 * the passphrase; do not unlock where another user shares the processor's cache. */
#ifndef SLUIS_PKI_KEYFILE_H
#define SLUIS_PKI_KEYFILE_H

#include "pki/key.h"
#include "proto/base/ids.h"

#define KEYFILE_MAX_BYTES 1024 /* of a whole file */

enum keyfile_kind {
    KEYFILE_NONE = 0,
    KEYFILE_P256,
    KEYFILE_ED25519,
    KEYFILE_X25519,
    KEYFILE_PURPOSE,     /* K[p,e], 32 bytes */
    KEYFILE_BROKER_HALF, /* B[p,e], 32 bytes */
    KEYFILE_STORAGE,     /* 32 bytes, from which a daemon's storage keys are derived */
    KEYFILE_SHARE,       /* 64 bytes: a keeper's share of the key of a backup (pki/share.h) */
    KEYFILE_WRAPPING,    /* 32 bytes: what wraps K[p,e] or B[p,e] in a backup (pki/backup.h) */
    KEYFILE_KIND_COUNT,
};

/* The price of one guess: time n * r * p, memory 128 * n * r bytes. Bounds of each: log2_n 14 to 18, r
 * exactly 8, p 1 to 4, so 16 to 256 MiB. The floor keeps a careless tool from writing weak files, the
 * cap keeps a planted file from eating the machine. */
struct keyfile_cost {
    uint8_t log2_n;
    uint8_t r;
    uint8_t p;
};
#define KEYFILE_COST_LEAST ((struct keyfile_cost){.log2_n = 14, .r = 8, .p = 1}) /* 16 MiB */

/* What every file that the programs make costs: 64 MiB. */
struct keyfile_cost keyfile_cost_default(void) MUST_CHECK;

/* The readable part of a file. */
struct keyfile {
    enum keyfile_kind kind;
    struct keyfile_cost cost;
    int64_t created_s;
    struct name id;
    struct name purpose; /* "" where the kind has none */
    uint32_t epoch;
};

/* Whether keys of this kind belong to a purpose and epoch. */
bool keyfile_has_purpose(enum keyfile_kind kind);

/* Text of a kind for people; "?" outside the set. */
const char *keyfile_kind_id(enum keyfile_kind kind);

/* Appends the file of payload under passphrase to out; salt and nonce are fresh. Takes as long as the
 * cost says. ERR_INVALID (a header field, or a payload of another length than the kind's), ERR_RANGE
 * (cost), ERR_NOMEM, ERR_CRYPTO, or what buf_err(out) says; out keeps its length on failure. */
enum err keyfile_seal(const struct keyfile *header, const struct secret *passphrase,
                      const struct secret *payload, struct buf *out) MUST_CHECK;

/* The header without the passphrase: NOT authenticated, for listings and for choosing a passphrase.
 * Cheap. ERR_TOO_LARGE, ERR_TRUNCATED, ERR_VERSION (format), ERR_UNKNOWN (kind), ERR_RANGE (cost,
 * time), ERR_INVALID (no key file, names, lengths, bytes behind the end). */
enum err keyfile_peek(struct bytes file, struct keyfile *out) MUST_CHECK;

/* Opens a file; header (may be NULL) and payload are written on success only. ERR_SIGNATURE for a
 * wrong passphrase and for a changed file, which cannot be told apart; ERR_NOMEM; others as
 * keyfile_peek. */
enum err keyfile_open(struct bytes file, const struct secret *passphrase, struct keyfile *header,
                      struct secret **payload) MUST_CHECK;

/* The kind of file for an asymmetric key; KEYFILE_NONE outside the set. */
enum keyfile_kind keyfile_kind_of(enum key_type type);

/* keyfile_seal of the private half of key; header.kind is set from it. ERR_STATE without one. */
enum err keyfile_seal_key(const struct keyfile *header, const struct secret *passphrase,
                          const struct key *key, struct buf *out) MUST_CHECK;

/* keyfile_open of a file that must hold a key of this type; ERR_MISMATCH for another kind. */
enum err keyfile_open_key(struct bytes file, const struct secret *passphrase, enum key_type type,
                          struct key **out) MUST_CHECK;

/* Whether a file of a key folder, by its name, is a key in use: neither NAME.next.key, which waits for its
 * certificate, nor NAME.former-FINGERPRINT.key, which only opens what was sealed before a renewal. */
bool keyfile_in_use(struct bytes name);

/* Whether it is NAME.former-FINGERPRINT.key. */
bool keyfile_is_former(struct bytes name);

/* The id in the header of a file by its name without ".key": NAME, also of NAME.next and NAME.former-FINGERPRINT, which wait
 * for that place or had it. As name_parse. */
enum err keyfile_id_of_name(struct bytes name, struct name *out) MUST_CHECK;

#endif
