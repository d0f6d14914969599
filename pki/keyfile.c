#include "pki/keyfile.h"

#include "pki/aead_internal.h"
#include "pki/ossl.h"
#include "pki/random.h"
#include "pki/secret_internal.h"
#include "pki/share.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define MAGIC "SLUISKEY"
#define MAGIC_BYTES 8
#define FORMAT 1
#define SALT_BYTES 32
#define LOG2_N_LEAST 14
#define LOG2_N_MOST 18
#define R_ONLY 8
#define P_MOST 4
#define AAD_PREFIX_BYTES 64
/* 9999-12-31T23:59:59Z; see proto/base/when.h. */
#define CREATED_MOST INT64_C(253402300799)

/* A parsed file: views of it. */
struct parsed {
    struct keyfile header;
    struct bytes head; /* everything in front of the nonce */
    const uint8_t *salt;
    const uint8_t *nonce;
    struct bytes body; /* ciphertext without tag */
    const uint8_t *tag;
};

const char *keyfile_kind_id(enum keyfile_kind kind)
{
    static const char *const ids[] = {"?",           "p256",    "ed25519", "x25519",  "purpose",
                                      "broker_half", "storage", "share",   "wrapping"};
    _Static_assert(ARRAY_LEN(ids) == KEYFILE_KIND_COUNT, "one id for each kind");
    return (unsigned)kind < ARRAY_LEN(ids) ? ids[kind] : "?";
}

enum keyfile_kind keyfile_kind_of(enum key_type type)
{
    switch (type) {
    case KEY_TYPE_P256:
        return KEYFILE_P256;
    case KEY_TYPE_ED25519:
        return KEYFILE_ED25519;
    case KEY_TYPE_X25519:
        return KEYFILE_X25519;
    case KEY_TYPE_NONE:
        break;
    }
    return KEYFILE_NONE;
}

/* Payload length of a kind; 0 outside the set. */
static size_t payload_bytes(enum keyfile_kind kind)
{
    switch (kind) {
    case KEYFILE_P256:
        return KEY_PRIVATE_MAX_BYTES;
    case KEYFILE_ED25519:
    case KEYFILE_X25519:
    case KEYFILE_PURPOSE:
    case KEYFILE_BROKER_HALF:
    case KEYFILE_STORAGE:
    case KEYFILE_WRAPPING:
        return 32;
    case KEYFILE_SHARE:
        return SHARE_BYTES;
    case KEYFILE_NONE:
    case KEYFILE_KIND_COUNT:
        break;
    }
    return 0;
}

bool keyfile_has_purpose(enum keyfile_kind kind)
{
    return kind == KEYFILE_PURPOSE || kind == KEYFILE_BROKER_HALF || kind == KEYFILE_WRAPPING;
}

static enum err check_header(const struct keyfile *h)
{
    struct name n;
    if (payload_bytes(h->kind) == 0)
        return ERR_UNKNOWN;
    if (h->cost.log2_n < LOG2_N_LEAST || h->cost.log2_n > LOG2_N_MOST || h->cost.r != R_ONLY ||
        h->cost.p < 1 || h->cost.p > P_MOST)
        return ERR_RANGE;
    if (h->created_s < 0 || h->created_s > CREATED_MOST)
        return ERR_RANGE;
    if (name_parse(name_bytes(&h->id), &n) != ERR_OK)
        return ERR_INVALID;
    if (keyfile_has_purpose(h->kind))
        return name_parse(name_bytes(&h->purpose), &n);
    return h->purpose.s[0] == '\0' && h->epoch == 0 ? ERR_OK : ERR_INVALID;
}

static void put_header(const struct keyfile *h, const uint8_t salt[SALT_BYTES], struct buf *out)
{
    buf_put_str(out, MAGIC);
    buf_put_u8(out, FORMAT);
    buf_put_u8(out, (uint8_t)h->kind);
    buf_put_u8(out, h->cost.log2_n);
    buf_put_u8(out, h->cost.r);
    buf_put_u8(out, h->cost.p);
    buf_put_u64(out, (uint64_t)h->created_s);
    join_part(out, name_bytes(&h->id));
    join_part(out, name_bytes(&h->purpose));
    buf_put_u32(out, h->epoch);
    buf_put(out, bytes_of(salt, SALT_BYTES));
}

/* Reads a name that may be empty; its characters are checked with the header. */
static void get_name(struct cursor *c, struct name *out)
{
    struct bytes part = cursor_part(c, NAME_MAX_BYTES);
    *out = (struct name){0};
    if (part.len > 0 && name_parse(part, out) != ERR_OK)
        cursor_fail(c, ERR_INVALID);
}

static void get_header(struct cursor *c, struct keyfile *h)
{
    struct bytes magic = cursor_bytes(c, MAGIC_BYTES);
    if (c->err == ERR_OK && !bytes_is(magic, MAGIC))
        cursor_fail(c, ERR_INVALID);
    uint8_t format = cursor_u8(c);
    if (c->err == ERR_OK && format != FORMAT)
        cursor_fail(c, ERR_VERSION);
    h->kind = (enum keyfile_kind)cursor_u8(c);
    h->cost.log2_n = cursor_u8(c);
    h->cost.r = cursor_u8(c);
    h->cost.p = cursor_u8(c);
    uint64_t created = cursor_u64(c);
    if (created > (uint64_t)CREATED_MOST)
        cursor_fail(c, ERR_RANGE);
    h->created_s = (int64_t)created;
    get_name(c, &h->id);
    get_name(c, &h->purpose);
    h->epoch = cursor_u32(c);
}

static enum err parse(struct bytes file, struct parsed *p)
{
    if (file.len > KEYFILE_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct cursor c = cursor_of(file);
    get_header(&c, &p->header);
    p->salt = cursor_bytes(&c, SALT_BYTES).ptr;
    p->head = bytes_of(file.ptr, file.len - c.left);
    p->nonce = cursor_bytes(&c, AEAD_NONCE_BYTES).ptr;
    struct bytes sealed = cursor_part(&c, KEYFILE_MAX_BYTES);
    enum err e = cursor_done(&c);
    if (e == ERR_OK)
        e = check_header(&p->header);
    if (e != ERR_OK)
        return e;
    size_t n = payload_bytes(p->header.kind);
    if (sealed.len != n + AEAD_TAG_BYTES)
        return ERR_INVALID;
    p->body = bytes_of(sealed.ptr, n);
    p->tag = sealed.ptr + n;
    return ERR_OK;
}

enum err keyfile_peek(struct bytes file, struct keyfile *out)
{
    struct parsed p = {0};
    enum err e = parse(file, &p);
    if (e == ERR_OK)
        *out = p.header;
    return e;
}

/* The key of the sealed part, ready to use. */
static enum err derive(const struct secret *passphrase, const uint8_t salt[SALT_BYTES],
                       struct keyfile_cost cost, struct aead **out)
{
    struct secret *CLEANUP(cleanup_secret_free) kek = secret_zeroed(AEAD_KEY_BYTES);
    if (kek == NULL)
        return ERR_NOMEM;
    struct bytes pass = secret_bytes(passphrase);
    uint64_t n = UINT64_C(1) << cost.log2_n;
    /* The library counts a little more than 128 * n * r. */
    uint64_t most = 2 * 128 * n * cost.r;
    if (EVP_PBE_scrypt((const char *)pass.ptr, pass.len, salt, SALT_BYTES, n, cost.r, cost.p, most,
                       secret_data(kek), AEAD_KEY_BYTES) != 1) {
        ERR_clear_error();
        return ERR_NOMEM;
    }
    return aead_new(kek, 0, out);
}

/* The associated data in front of the header: with it, join(label, header). */
static struct bytes aad_prefix(size_t header_len, uint8_t room[AAD_PREFIX_BYTES])
{
    struct buf b = buf_fixed(room, AAD_PREFIX_BYTES);
    join_str(&b, LABEL_KEYFILE);
    buf_put_u32(&b, (uint32_t)header_len);
    return buf_bytes(&b);
}

enum err keyfile_seal(const struct keyfile *header, const struct secret *passphrase,
                      const struct secret *payload, struct buf *out)
{
    enum err e = check_header(header);
    if (e == ERR_OK && secret_len(payload) != payload_bytes(header->kind))
        e = ERR_INVALID;
    uint8_t random[SALT_BYTES + AEAD_NONCE_BYTES];
    if (e == ERR_OK)
        e = random_fill(random, sizeof random);
    struct aead *CLEANUP(cleanup_aead_free) a = NULL;
    if (e == ERR_OK)
        e = derive(passphrase, random, header->cost, &a);
    if (e != ERR_OK)
        return e;
    uint8_t room[KEYFILE_MAX_BYTES];
    struct buf b = buf_fixed(room, sizeof room);
    put_header(header, random, &b);
    size_t head_len = b.len;
    buf_put(&b, bytes_of(random + SALT_BYTES, AEAD_NONCE_BYTES));
    size_t n = secret_len(payload);
    buf_put_u32(&b, (uint32_t)(n + AEAD_TAG_BYTES));
    uint8_t *sealed = buf_reserve(&b, n + AEAD_TAG_BYTES);
    if (sealed == NULL)
        return buf_err(&b);
    uint8_t aad_room[AAD_PREFIX_BYTES];
    struct aead_message m = {
        .nonce = random + SALT_BYTES,
        .aad = {aad_prefix(head_len, aad_room), bytes_of(room, head_len)},
        .in = secret_bytes(payload),
    };
    e = aead_gcm_seal(a, &m, sealed, sealed + n);
    if (e != ERR_OK)
        return e;
    buf_put(out, buf_bytes(&b));
    return buf_err(out);
}

enum err keyfile_open(struct bytes file, const struct secret *passphrase, struct keyfile *header,
                      struct secret **payload)
{
    struct parsed p = {0};
    enum err e = parse(file, &p);
    if (e != ERR_OK)
        return e;
    struct secret *CLEANUP(cleanup_secret_free) s = secret_zeroed(p.body.len);
    if (s == NULL)
        return ERR_NOMEM;
    struct aead *CLEANUP(cleanup_aead_free) a = NULL;
    e = derive(passphrase, p.salt, p.header.cost, &a);
    if (e != ERR_OK)
        return e;
    uint8_t room[AAD_PREFIX_BYTES];
    struct aead_message m = {
        .nonce = p.nonce,
        .aad = {aad_prefix(p.head.len, room), p.head},
        .in = p.body,
    };
    e = aead_gcm_open(a, &m, p.tag, secret_data(s));
    if (e != ERR_OK)
        return e;
    if (header != NULL)
        *header = p.header;
    *payload = take(s);
    return ERR_OK;
}

enum err keyfile_seal_key(const struct keyfile *header, const struct secret *passphrase,
                          const struct key *key, struct buf *out)
{
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    enum err e = key_private(key, &s);
    if (e != ERR_OK)
        return e;
    struct keyfile h = *header;
    h.kind = keyfile_kind_of(key_type(key));
    return keyfile_seal(&h, passphrase, s, out);
}

enum err keyfile_open_key(struct bytes file, const struct secret *passphrase, enum key_type type,
                          struct key **out)
{
    struct keyfile h;
    enum err e = keyfile_peek(file, &h);
    if (e != ERR_OK)
        return e;
    if (type == KEY_TYPE_NONE || h.kind != keyfile_kind_of(type))
        return ERR_MISMATCH;
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    e = keyfile_open(file, passphrase, NULL, &s);
    return e == ERR_OK ? key_from_private(type, s, out) : e;
}

bool keyfile_is_former(struct bytes name)
{
    static const char former[] = ".former-";
    return bytes_ends(name, ".key") &&
           memmem(name.ptr, name.len, former, sizeof former - 1) != NULL;
}

bool keyfile_in_use(struct bytes name)
{
    return bytes_ends(name, ".key") && !bytes_ends(name, ".next.key") && !keyfile_is_former(name);
}

enum err keyfile_id_of_name(struct bytes name, struct name *out)
{
    static const char next[] = ".next";
    static const char former[] = ".former-";
    const uint8_t *at = memmem(name.ptr, name.len, former, sizeof former - 1);
    size_t len = name.len;
    if (at != NULL)
        len = (size_t)(at - name.ptr);
    else if (bytes_ends(name, next))
        len -= sizeof next - 1;
    return name_parse(bytes_of(name.ptr, len), out);
}
