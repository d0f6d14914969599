/* Verifier keys in text form: name "+" hex key id "+" base64(type || public key). */
#ifndef SLUIS_LOG_VKEY_H
#define SLUIS_LOG_VKEY_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/log/note.h"

#define VKEY_MAX_PUBLIC 2048u
#define VKEY_MAX_TEXT 4096u

enum vkey_type {
    VKEY_ED25519 = 0x01,       /* a log's key */
    VKEY_COSIGNATURE_V1 = 0x04, /* a witness's Ed25519 key */
    VKEY_MLDSA44 = 0x06,       /* known by number only: never verified here */
};

struct vkey {
    char name[NOTE_MAX_NAME + 1];
    uint8_t id[NOTE_KEY_ID_BYTES];
    uint8_t type; /* an enum vkey_type, or a number this build does not know */
    uint8_t public_key[VKEY_MAX_PUBLIC];
    size_t public_len;
};

/* Builds a key from its parts and computes the id, SHA-256(name || 0x0A || type || key)[0..3].
 * ERR_INVALID for a bad name, ERR_TOO_LARGE, ERR_CRYPTO. */
enum err vkey_make(sha256_fn sha, struct bytes name, uint8_t type, struct bytes public_key,
                   struct vkey *out) MUST_CHECK;

/* Parses the text form. The key id must be the one that the rest gives: ERR_MISMATCH. Types 0x01
 * and 0x04 must have 32 bytes of key. ERR_INVALID, ERR_TOO_LARGE, ERR_CRYPTO. */
enum err vkey_parse(sha256_fn sha, struct bytes text, struct vkey *out) MUST_CHECK;

/* Appends the text form. */
void vkey_write(const struct vkey *k, struct buf *out);

/* Is the signature line by this key, going by name and key id? */
bool vkey_matches(const struct vkey *k, const struct note_sig *sig);

#endif
