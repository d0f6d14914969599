#include "proto/log/vkey.h"

#include "proto/base/text.h"

enum err vkey_make(sha256_fn sha, struct bytes name, uint8_t type, struct bytes public_key,
                   struct vkey *out)
{
    if (!note_name_valid(name))
        return ERR_INVALID;
    if (public_key.len > VKEY_MAX_PUBLIC)
        return ERR_TOO_LARGE;
    const uint8_t middle[] = {'\n', type};
    const struct bytes parts[] = {name, BYTES_OF_ARRAY(middle), public_key};
    struct digest d;
    enum err e = sha(parts, ARRAY_LEN(parts), &d);
    if (e != ERR_OK)
        return e;
    *out = (struct vkey){.type = type, .public_len = public_key.len};
    memcpy(out->name, name.ptr, name.len);
    memcpy(out->id, d.b, sizeof out->id);
    if (public_key.len > 0)
        memcpy(out->public_key, public_key.ptr, public_key.len);
    return ERR_OK;
}

/* Splits at the first '+'; false where there is none. */
static bool split_plus(struct bytes text, struct bytes *head, struct bytes *tail)
{
    const uint8_t *plus = text.len == 0 ? NULL : memchr(text.ptr, '+', text.len);
    if (plus == NULL)
        return false;
    *head = bytes_of(text.ptr, (size_t)(plus - text.ptr));
    *tail = bytes_of(plus + 1, text.len - head->len - 1);
    return true;
}

static bool is_ed25519(uint8_t type)
{
    return type == VKEY_ED25519 || type == VKEY_COSIGNATURE_V1;
}

enum err vkey_parse(sha256_fn sha, struct bytes text, struct vkey *out)
{
    struct bytes name;
    struct bytes id_hex;
    struct bytes key;
    struct bytes rest;
    uint8_t id[NOTE_KEY_ID_BYTES];
    if (text.len > VKEY_MAX_TEXT)
        return ERR_TOO_LARGE;
    if (!split_plus(text, &name, &rest) || !split_plus(rest, &id_hex, &key) ||
        text_get_hex(id_hex, id, sizeof id) != ERR_OK)
        return ERR_INVALID;
    uint8_t raw[1 + VKEY_MAX_PUBLIC];
    struct buf b = buf_fixed(raw, sizeof raw);
    enum err e = text_get_base64(key, &b);
    if (e != ERR_OK)
        return e;
    if (b.len < 2 || (is_ed25519(raw[0]) && b.len != 1 + 32))
        return ERR_INVALID;
    struct vkey k;
    e = vkey_make(sha, name, raw[0], bytes_of(raw + 1, b.len - 1), &k);
    if (e != ERR_OK)
        return e;
    if (!bytes_equal(BYTES_OF_ARRAY(id), BYTES_OF_ARRAY(k.id)))
        return ERR_MISMATCH;
    *out = k;
    return ERR_OK;
}

void vkey_write(const struct vkey *k, struct buf *out)
{
    uint8_t raw[1 + VKEY_MAX_PUBLIC];
    struct buf b = buf_fixed(raw, sizeof raw);
    buf_put_u8(&b, k->type);
    buf_put(&b, bytes_of(k->public_key, k->public_len));
    buf_put_str(out, k->name);
    buf_put_u8(out, '+');
    text_put_hex(out, BYTES_OF_ARRAY(k->id));
    buf_put_u8(out, '+');
    text_put_base64(out, buf_bytes(&b));
}

bool vkey_matches(const struct vkey *k, const struct note_sig *sig)
{
    return bytes_is(sig->name, k->name) &&
           bytes_equal(BYTES_OF_ARRAY(k->id), BYTES_OF_ARRAY(sig->key_id));
}
