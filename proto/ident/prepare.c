#include "proto/ident/prepare.h"

#include <errno.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* Code points that registers and spreadsheets use for one and the same thing, after NFKC. */
struct code_range {
    uint32_t first;
    uint32_t last;
    char to; /* 0: dropped */
};
static const struct code_range same_as[] = {
    {0x0009, 0x000d, ' '}, /* tab, line feed, vertical tab, form feed, carriage return */
    {0x00ad, 0x00ad, 0},   /* soft hyphen */
    {0x034f, 0x034f, 0},   /* combining grapheme joiner */
    {0x1680, 0x1680, ' '}, /* ogham space */
    {0x200b, 0x200f, 0},   /* zero width characters, direction marks */
    {0x2010, 0x2015, '-'}, /* hyphens and dashes */
    {0x2028, 0x2029, ' '}, /* line and paragraph separator */
    {0x202a, 0x202e, 0},   /* direction embeddings */
    {0x2060, 0x206f, 0},   /* word joiner, direction isolates */
    {0x2212, 0x2212, '-'}, /* minus */
    {0xfeff, 0xfeff, 0},   /* byte order mark */
};

/* A normal form may be far longer than its source (U+FDFA: 3 bytes to 33). */
#define NORMAL_MAX (4 * IDENT_PART_MAX)

struct normal {
    uint8_t b[NORMAL_MAX];
    size_t len;
};

/* ERR_NOMEM; ERR_TOO_LARGE over NORMAL_MAX. What libunistring allocates in between is not wiped. */
static enum err normalise(uninorm_t form, struct bytes in, struct normal *out)
{
    size_t len = sizeof out->b;
    uint8_t *got = u8_normalize(form, in.ptr, in.len, out->b, &len);
    if (got == NULL)
        return errno == ENOMEM ? ERR_NOMEM : ERR_INVALID;
    if (got != out->b) {
        explicit_bzero(got, len);
        free(got);
        return ERR_TOO_LARGE;
    }
    out->len = len;
    return ERR_OK;
}

static const struct code_range *find_range(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(same_as); i++) {
        if (c >= same_as[i].first && c <= same_as[i].last)
            return &same_as[i];
    }
    return NULL;
}

/* Appends n bytes; ERR_TOO_LARGE where they do not fit. */
static enum err append(struct ident_text *t, const void *bytes, size_t n)
{
    if (n > IDENT_PART_MAX - t->len)
        return ERR_TOO_LARGE;
    memcpy(t->s + t->len, bytes, n);
    t->len += n;
    return ERR_OK;
}

static enum err unify(struct bytes in, struct ident_text *out)
{
    out->len = 0;
    for (size_t i = 0; i < in.len;) {
        ucs4_t c = 0;
        int n = u8_mbtouc(&c, in.ptr + i, in.len - i);
        const struct code_range *r = find_range(c);
        enum err e = ERR_OK;
        if (r == NULL)
            e = append(out, in.ptr + i, (size_t)n);
        else if (r->to != 0)
            e = append(out, &r->to, 1);
        if (e != ERR_OK)
            return e;
        i += (size_t)n;
    }
    return ERR_OK;
}

static void trim(struct ident_text *t)
{
    size_t start = 0;
    while (start < t->len && t->s[start] == ' ')
        start++;
    while (t->len > start && t->s[t->len - 1] == ' ')
        t->len--;
    t->len -= start;
    memmove(t->s, t->s + start, t->len);
    t->s[t->len] = '\0';
}

static bool is_ascii(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

enum err ident_prepare(struct bytes in, struct ident_text *out, enum ident_reason *why)
{
    *why = IDENT_REASON_TOO_LONG;
    if (in.len > IDENT_PART_MAX)
        return ERR_INVALID;
    *why = IDENT_REASON_BAD_ENCODING;
    if (!bytes_is_utf8(in))
        return ERR_INVALID;
    enum err e = ERR_OK;
    if (is_ascii(in)) {
        e = unify(in, out);
    } else {
        struct normal n;
        e = normalise(UNINORM_NFKC, in, &n);
        if (e == ERR_OK)
            e = unify(bytes_of(n.b, n.len), out);
        explicit_bzero(n.b, sizeof n.b);
    }
    *why = e == ERR_TOO_LARGE ? IDENT_REASON_TOO_LONG : IDENT_REASON_NONE;
    if (e != ERR_OK)
        return e == ERR_NOMEM ? ERR_NOMEM : ERR_INVALID;
    trim(out);
    return ERR_OK;
}

uint32_t ident_next_char(const struct ident_text *t, size_t *at)
{
    ucs4_t c = 0;
    *at += (size_t)u8_mbtouc(&c, (const uint8_t *)t->s + *at, t->len - *at);
    return c;
}

static enum err without_marks(struct bytes in, struct ident_text *out)
{
    out->len = 0;
    for (size_t i = 0; i < in.len;) {
        ucs4_t c = 0;
        size_t n = (size_t)u8_mbtouc(&c, in.ptr + i, in.len - i);
        if (!uc_is_general_category(c, UC_CATEGORY_M)) {
            enum err e = append(out, in.ptr + i, n);
            if (e != ERR_OK)
                return e;
        }
        i += n;
    }
    out->s[out->len] = '\0';
    return ERR_OK;
}

enum err ident_strip_marks(struct ident_text *t)
{
    if (is_ascii(bytes_of(t->s, t->len)))
        return ERR_OK;
    struct normal n;
    enum err e = normalise(UNINORM_NFKD, bytes_of(t->s, t->len), &n);
    if (e == ERR_OK)
        e = without_marks(bytes_of(n.b, n.len), t);
    explicit_bzero(n.b, sizeof n.b);
    return e;
}
