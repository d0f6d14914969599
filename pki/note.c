#include "pki/note.h"

#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/cursor.h"

/* cosignature/v1: u64 time, then the signature. */
#define COSIGNATURE_BYTES (8 + SIGN_ED25519_BYTES)

enum err note_vkey(const struct note_signer *signer, enum vkey_type type, struct vkey *out)
{
    uint8_t raw[KEY_RAW_PUBLIC_BYTES];
    if (type != VKEY_ED25519 && type != VKEY_COSIGNATURE_V1)
        return ERR_UNKNOWN;
    if (key_type(signer->key) != KEY_TYPE_ED25519)
        return ERR_STATE;
    enum err e = key_raw_public(signer->key, raw);
    if (e != ERR_OK)
        return e;
    return vkey_make(digest_sha256, signer->name, (uint8_t)type, BYTES_OF_ARRAY(raw), out);
}

static enum err put_log_line(const struct note_signer *signer, struct bytes text, struct buf *out)
{
    struct vkey k;
    uint8_t sig[SIGN_ED25519_BYTES];
    enum err e = note_vkey(signer, VKEY_ED25519, &k);
    if (e == ERR_OK)
        e = sign_ed25519(signer->key, text, sig);
    if (e != ERR_OK)
        return e;
    struct note_sig line = {.name = signer->name, .sig = BYTES_OF_ARRAY(sig)};
    memcpy(line.key_id, k.id, sizeof line.key_id);
    note_put_sig(out, &line);
    return buf_err(out);
}

enum err note_sign(const struct note_signer *signers, size_t count, struct bytes text,
                   struct buf *out)
{
    if (count == 0 || count > NOTE_MAX_SIGS || !note_text_valid(text))
        return ERR_INVALID;
    buf_put(out, text);
    buf_put_u8(out, '\n');
    for (size_t i = 0; i < count; i++) {
        enum err e = put_log_line(&signers[i], text, out);
        if (e != ERR_OK)
            return e;
    }
    return buf_err(out);
}

static enum err public_key_of(const struct vkey *k, struct key **out)
{
    return key_from_raw_public(KEY_TYPE_ED25519, bytes_of(k->public_key, k->public_len), out);
}

/* What a cosignature signs: a header with the time, then the note's text. */
static enum err put_cosigned(struct bytes text, uint64_t time_s, struct buf *out)
{
    buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    buf_put(out, text);
    return buf_err(out);
}

static enum err verify_cosignature_line(const struct key *key, struct bytes text, struct bytes sig,
                                        uint64_t *time_s)
{
    struct cursor c = cursor_of(sig);
    uint64_t when = cursor_u64(&c);
    struct bytes raw = cursor_bytes(&c, SIGN_ED25519_BYTES);
    if (cursor_done(&c) != ERR_OK || when > INT64_MAX)
        return ERR_SIGNATURE;
    struct buf message CLEANUP(buf_free) = buf_new(NOTE_MAX_BYTES + 64);
    enum err e = put_cosigned(text, when, &message);
    if (e == ERR_OK)
        e = sign_ed25519_verify(key, buf_bytes(&message), raw);
    if (e == ERR_OK && when > *time_s)
        *time_s = when;
    return e;
}

/* Checks all lines of one key. time_s: NULL for a log's key. */
static enum err verify_lines(const struct note *note, const struct vkey *k, uint64_t *time_s)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    enum err e = ERR_NOT_FOUND;
    for (size_t i = 0; i < note->count; i++) {
        const struct note_sig *line = &note->sigs[i];
        if (!vkey_matches(k, line))
            continue;
        e = key == NULL ? public_key_of(k, &key) : ERR_OK;
        if (e == ERR_OK)
            e = time_s == NULL ? sign_ed25519_verify(key, note->text, line->sig)
                               : verify_cosignature_line(key, note->text, line->sig, time_s);
        if (e != ERR_OK)
            return e;
    }
    return e;
}

enum err note_verify(const struct note *note, const struct vkey *key)
{
    return key->type == VKEY_ED25519 ? verify_lines(note, key, NULL) : ERR_UNSUPPORTED;
}

enum err note_verify_cosignature(const struct note *note, const struct vkey *key, uint64_t *time_s)
{
    if (key->type != VKEY_COSIGNATURE_V1)
        return ERR_UNSUPPORTED;
    uint64_t latest = 0;
    enum err e = verify_lines(note, key, &latest);
    if (e == ERR_OK)
        *time_s = latest;
    return e;
}

enum err note_cosign(const struct note_signer *witness, struct bytes text, uint64_t time_s,
                     struct buf *out)
{
    struct vkey k;
    uint8_t sig[COSIGNATURE_BYTES];
    if (!note_text_valid(text))
        return ERR_INVALID;
    struct buf message CLEANUP(buf_free) = buf_new(NOTE_MAX_BYTES + 64);
    enum err e = note_vkey(witness, VKEY_COSIGNATURE_V1, &k);
    if (e == ERR_OK)
        e = put_cosigned(text, time_s, &message);
    if (e == ERR_OK)
        e = sign_ed25519(witness->key, buf_bytes(&message), sig + 8);
    if (e != ERR_OK)
        return e;
    struct buf head = buf_fixed(sig, 8);
    buf_put_u64(&head, time_s);
    struct note_sig line = {.name = witness->name, .sig = BYTES_OF_ARRAY(sig)};
    memcpy(line.key_id, k.id, sizeof line.key_id);
    note_put_sig(out, &line);
    return buf_err(out);
}

/* Is the origin the name of a log key? A head of another log may be signed by the same operator. */
static bool origin_known(const struct audit_policy *policy, struct bytes origin)
{
    for (size_t i = 0; i < audit_policy_logs(policy); i++) {
        if (bytes_is(origin, audit_policy_log(policy, i)->name))
            return true;
    }
    return false;
}

static enum err check_log_keys(const struct audit_policy *policy, const struct note *note,
                               struct head *h, struct errmsg *why)
{
    for (size_t i = 0; i < audit_policy_logs(policy); i++) {
        const struct vkey *k = audit_policy_log(policy, i);
        enum err e = note_verify(note, k);
        if (e == ERR_NOT_FOUND)
            continue;
        if (e != ERR_OK)
            return errmsg_set(why, e, "the signature of log key %zu of the policy does not verify",
                              i + 1);
        h->log_signatures += bytes_is(h->checkpoint.origin, k->name);
    }
    if (h->log_signatures == 0)
        return errmsg_set(why, ERR_SIGNATURE, "no log key of the policy signed this checkpoint");
    return ERR_OK;
}

static enum err check_witnesses(const struct audit_policy *policy, const struct note *note,
                                struct head *h, struct errmsg *why)
{
    for (size_t i = 0; i < audit_policy_witnesses(policy); i++) {
        enum err e = note_verify_cosignature(note, audit_policy_witness(policy, i),
                                             &h->cosigned_at[i]);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return errmsg_set(why, e, "the cosignature of witness %s does not verify",
                              audit_policy_witness_name(policy, i));
        h->cosigned[i] = e == ERR_OK;
    }
    if (!audit_policy_quorum_met(policy, h->cosigned))
        return errmsg_set(why, ERR_LIMIT, "too few witnesses cosigned: the quorum is not met");
    return ERR_OK;
}

enum err head_verify(const struct audit_policy *policy, struct bytes data, struct arena *arena,
                     struct head *out, struct errmsg *why)
{
    struct note note;
    struct head h = {0};
    enum err e = note_parse(data, arena, &note, why);
    if (e != ERR_OK)
        return e;
    h.text = note.text;
    h.lines = note.count;
    e = checkpoint_parse(note.text, &h.checkpoint);
    if (e != ERR_OK)
        return errmsg_set(why, e, "the note is no checkpoint (origin, size, root)");
    if (!origin_known(policy, h.checkpoint.origin))
        return errmsg_set(why, ERR_MISMATCH, "a checkpoint of another log than the policy names");
    e = check_log_keys(policy, &note, &h, why);
    if (e == ERR_OK)
        e = check_witnesses(policy, &note, &h, why);
    if (e == ERR_OK)
        *out = h;
    return e;
}
