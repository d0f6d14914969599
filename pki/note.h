/* Signatures on notes: the log's own (Ed25519, type 0x01), witnesses' (cosignature/v1, type 0x04), and
 * what a reader believes of a log head under its audit policy. Forms are in proto/log. */
#ifndef SLUIS_PKI_NOTE_H
#define SLUIS_PKI_NOTE_H

#include "pki/key.h"
#include "proto/base/arena.h"
#include "proto/log/audit_policy.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"
#include "proto/log/vkey.h"

/* Arena that note_open and head_verify need at most. */
#define NOTE_ARENA_BYTES (2u * NOTE_MAX_BYTES)

/* One who signs: name is the key's name, for a log its origin. */
struct note_signer {
    struct bytes name;
    const struct key *key; /* Ed25519 with its private half */
};

/* The verifier key of an Ed25519 key: type VKEY_ED25519 for a log, VKEY_COSIGNATURE_V1 for a witness.
 * ERR_STATE (another type of key), ERR_INVALID (name), ERR_UNKNOWN (type), ERR_CRYPTO. */
enum err note_vkey(const struct note_signer *signer, enum vkey_type type,
                   struct vkey *out) MUST_CHECK;

/* Appends a whole note: text, empty line, one signature line of each signer in turn (two while a log
 * changes its key). Ed25519 is deterministic: the same text gives the same note. ERR_INVALID (text,
 * name or count), ERR_STATE, ERR_CRYPTO, or what buf_err(out) says. */
enum err note_sign(const struct note_signer *signers, size_t count, struct bytes text,
                   struct buf *out) MUST_CHECK;

/* ERR_OK where every line by this log key verifies and there is one; ERR_NOT_FOUND where there is
 * none; ERR_SIGNATURE where one fails; ERR_UNSUPPORTED for another type of key. */
enum err note_verify(const struct note *note, const struct vkey *key) MUST_CHECK;

/* Appends a witness's signature line over a checkpoint text at a time in seconds since 1970 UTC.
 * Errors as note_sign. */
enum err note_cosign(const struct note_signer *witness, struct bytes text, uint64_t time_s,
                     struct buf *out) MUST_CHECK;

/* As note_verify for a witness's key; time_s becomes the latest time of its lines. */
enum err note_verify_cosignature(const struct note *note, const struct vkey *key,
                                 uint64_t *time_s) MUST_CHECK;

/* A log head that was believed. Views point into the note's bytes. */
struct head {
    struct checkpoint checkpoint;
    struct bytes text;
    size_t log_signatures;
    size_t lines;
    bool cosigned[AUDIT_POLICY_MAX_WITNESSES];
    uint64_t cosigned_at[AUDIT_POLICY_MAX_WITNESSES];
};

/* Parses the note of a checkpoint and judges it: its origin is the name of a log key of the policy,
 * at least one such key signed, no line of a known key fails, unknown lines are ignored, and the
 * quorum is met. ERR_INVALID, ERR_TRUNCATED, ERR_TOO_LARGE (form), ERR_MISMATCH (origin),
 * ERR_SIGNATURE (none or a bad one), ERR_LIMIT (quorum), ERR_NOMEM; why says which. */
enum err head_verify(const struct audit_policy *policy, struct bytes note, struct arena *arena,
                     struct head *out, struct errmsg *why) MUST_CHECK;

#endif
