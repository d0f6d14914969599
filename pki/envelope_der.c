#include "pki/envelope_der.h"

#include "proto/base/cursor.h"

#define TAG_INTEGER 0x02
#define TAG_BITS 0x03
#define TAG_OCTETS 0x04
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31
#define TAG_CONTEXT_0 0xa0 /* constructed */
#define TAG_CONTEXT_1 0xa1
#define TAG_CONTENT 0x80 /* [0] IMPLICIT OCTET STRING */

/* One object identifier's content bytes. */
#define OID(...) bytes_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define OID_AUTH_ENVELOPED                                                                         \
    OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17)
#define OID_DATA OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01)
#define OID_AES256_GCM OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e)
#define OID_AES256_WRAP OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d)
#define OID_EC_KEY OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
#define OID_ECDH_SHA256 OID(0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01) /* dhSinglePass-stdDH-sha256kdf */

static uint8_t peek(const struct cursor *c)
{
    return c->err == ERR_OK && c->left > 0 ? c->pos[0] : 0;
}

/* The length behind a tag: definite, at most three bytes, in its shortest form. */
static size_t read_length(struct cursor *c)
{
    uint8_t first = cursor_u8(c);
    if (first < 0x80)
        return first;
    size_t n = 0;
    unsigned count = first & 0x7fu;
    if (count == 0 || count > 3) {
        cursor_fail(c, ERR_INVALID);
        return 0;
    }
    for (unsigned i = 0; i < count; i++)
        n = n << 8 | cursor_u8(c);
    if (n < 0x80 || (count > 1 && n >> (8 * (count - 1)) == 0))
        cursor_fail(c, ERR_INVALID);
    return n;
}

/* The content of the next element, which must have this tag. */
static struct cursor enter(struct cursor *c, uint8_t tag)
{
    if (cursor_u8(c) != tag)
        cursor_fail(c, ERR_INVALID);
    size_t n = read_length(c);
    struct cursor in = cursor_of(cursor_bytes(c, n));
    in.err = c->err;
    return in;
}

static struct bytes element(struct cursor *c, uint8_t tag)
{
    struct cursor in = enter(c, tag);
    return bytes_of(in.pos, in.left);
}

static bool is_oid(struct cursor *c, struct bytes oid)
{
    return bytes_equal(element(c, TAG_OID), oid);
}

static bool is_small(struct cursor *c, uint8_t value)
{
    return bytes_equal(element(c, TAG_INTEGER), bytes_of(&value, 1));
}

static enum err refuse(struct errmsg *why, const char *what)
{
    return errmsg_set(why, ERR_INVALID, "envelope: %s", what);
}

/* The sender's ephemeral point: [0] {[1] {{id-ecPublicKey}, uncompressed point}}. */
static bool is_ephemeral_key(struct cursor *info)
{
    struct cursor originator = enter(info, TAG_CONTEXT_0);
    struct cursor key = enter(&originator, TAG_CONTEXT_1);
    struct cursor algorithm = enter(&key, TAG_SEQUENCE);
    bool known = is_oid(&algorithm, OID_EC_KEY) && cursor_done(&algorithm) == ERR_OK;
    struct bytes point = element(&key, TAG_BITS);
    return known && point.len == 66 && point.ptr[0] == 0 && point.ptr[1] == 4 &&
           cursor_done(&key) == ERR_OK && cursor_done(&originator) == ERR_OK;
}

/* One wrapped key: {{[0] {key identifier}, 40 bytes}}. */
static bool is_wrapped_key(struct cursor *info)
{
    struct cursor keys = enter(info, TAG_SEQUENCE);
    struct cursor one = enter(&keys, TAG_SEQUENCE);
    struct cursor id = enter(&one, TAG_CONTEXT_0);
    bool known = element(&id, TAG_OCTETS).len == 20 && cursor_done(&id) == ERR_OK;
    return known && element(&one, TAG_OCTETS).len == 40 && cursor_done(&one) == ERR_OK &&
           cursor_done(&keys) == ERR_OK;
}

/* [1] KeyAgreeRecipientInfo {version 3, originator [0], ukm [1] absent, algorithm, keys}. */
static enum err check_recipient(struct cursor *recipients, struct errmsg *why)
{
    struct cursor info = enter(recipients, TAG_CONTEXT_1);
    if (recipients->err != ERR_OK || !is_small(&info, 3))
        return refuse(why, "a recipient is not by key agreement");
    if (!is_ephemeral_key(&info))
        return refuse(why, "the sender's point is malformed");
    struct cursor algorithm = enter(&info, TAG_SEQUENCE);
    bool known = is_oid(&algorithm, OID_ECDH_SHA256);
    struct cursor wrap = enter(&algorithm, TAG_SEQUENCE);
    known = known && is_oid(&wrap, OID_AES256_WRAP) && cursor_done(&wrap) == ERR_OK;
    if (info.err != ERR_OK || !known || cursor_done(&algorithm) != ERR_OK)
        return refuse(why, "key agreement is not ECDH with SHA-256 and AES-256 wrap");
    if (!is_wrapped_key(&info) || cursor_done(&info) != ERR_OK)
        return refuse(why, "a wrapped key is malformed");
    return ERR_OK;
}

static enum err check_recipients(struct cursor *envelope, struct errmsg *why)
{
    struct cursor recipients = enter(envelope, TAG_SET);
    unsigned count = 0;
    if (envelope->err != ERR_OK)
        return refuse(why, "recipients are missing, or something stands before them");
    while (recipients.left > 0) {
        if (++count > ENVELOPE_MAX_RECIPIENTS)
            return refuse(why, "too many recipients");
        enum err e = check_recipient(&recipients, why);
        if (e != ERR_OK)
            return e;
    }
    return count > 0 ? ERR_OK : refuse(why, "no recipient");
}

/* {data, {aes256-gcm, {nonce, 16}}, [0] ciphertext}. */
static enum err check_content(struct cursor *envelope, struct errmsg *why)
{
    struct cursor content = enter(envelope, TAG_SEQUENCE);
    if (!is_oid(&content, OID_DATA))
        return refuse(why, "content is not of type data");
    struct cursor algorithm = enter(&content, TAG_SEQUENCE);
    if (content.err != ERR_OK || !is_oid(&algorithm, OID_AES256_GCM))
        return refuse(why, "cipher is not AES-256-GCM");
    struct cursor parameters = enter(&algorithm, TAG_SEQUENCE);
    if (algorithm.err != ERR_OK || element(&parameters, TAG_OCTETS).len != 12)
        return refuse(why, "nonce is not of 12 bytes");
    if (!is_small(&parameters, 16) || cursor_done(&parameters) != ERR_OK ||
        cursor_done(&algorithm) != ERR_OK)
        return refuse(why, "ICVlen is not 16");
    (void)element(&content, TAG_CONTENT);
    return cursor_done(&content) == ERR_OK ? ERR_OK : refuse(why, "content is malformed");
}

enum err envelope_der_check(struct bytes der, struct errmsg *why)
{
    struct cursor whole = cursor_of(der);
    struct cursor info = enter(&whole, TAG_SEQUENCE);
    if (cursor_done(&whole) != ERR_OK || !is_oid(&info, OID_AUTH_ENVELOPED))
        return refuse(why, "not AuthEnvelopedData in DER, or bytes behind it");
    struct cursor explicit0 = enter(&info, TAG_CONTEXT_0);
    struct cursor envelope = enter(&explicit0, TAG_SEQUENCE);
    if (cursor_done(&info) != ERR_OK || cursor_done(&explicit0) != ERR_OK ||
        !is_small(&envelope, 0))
        return refuse(why, "malformed");
    if (peek(&envelope) == TAG_CONTEXT_0)
        return refuse(why, "carries originator information");
    enum err e = check_recipients(&envelope, why);
    if (e == ERR_OK)
        e = check_content(&envelope, why);
    if (e != ERR_OK)
        return e;
    if (element(&envelope, TAG_OCTETS).len != 16)
        return refuse(why, "tag is not of 16 bytes");
    return cursor_done(&envelope) == ERR_OK ? ERR_OK : refuse(why, "carries attributes");
}
