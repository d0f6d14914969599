#include "proto/log/note.h"

#include "proto/base/cursor.h"
#include "proto/base/text.h"

static const char dash[] = "\xe2\x80\x94 "; /* U+2014, a space */

/* Length of the Unicode white space that b starts with, or 0. */
static size_t space_at(struct bytes b)
{
    static const char *const spaces[] = {
        " ",
        "\xc2\x85",     /* U+0085 */
        "\xc2\xa0",     /* U+00A0 */
        "\xe1\x9a\x80", /* U+1680 */
        "\xe2\x80\xa8", /* U+2028 */
        "\xe2\x80\xa9", /* U+2029 */
        "\xe2\x80\xaf", /* U+202F */
        "\xe2\x81\x9f", /* U+205F */
        "\xe3\x80\x80", /* U+3000 */
    };
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
        size_t n = strlen(spaces[i]);
        if (b.len >= n && memcmp(b.ptr, spaces[i], n) == 0)
            return n;
    }
    /* U+2000 to U+200A */
    bool quad = b.len >= 3 && b.ptr[0] == 0xe2 && b.ptr[1] == 0x80 && b.ptr[2] >= 0x80 &&
                b.ptr[2] <= 0x8a;
    return quad ? 3 : 0;
}

bool note_name_valid(struct bytes name)
{
    if (name.len == 0 || name.len > NOTE_MAX_NAME || !bytes_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '+')
            return false;
        if (space_at(bytes_of(name.ptr + i, name.len - i)) != 0)
            return false;
    }
    return true;
}

/* UTF-8 whose only control character is '\n'. */
static bool plain(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 && text.ptr[i] != '\n')
            return false;
    }
    return bytes_is_utf8(text);
}

bool note_text_valid(struct bytes text)
{
    return text.len > 0 && text.ptr[text.len - 1] == '\n' && plain(text);
}

/* Decodes key id and signature into the arena. */
static enum err decode_sig(struct bytes text, struct arena *arena, struct note_sig *out)
{
    uint8_t raw[NOTE_KEY_ID_BYTES + NOTE_MAX_SIG_BYTES];
    struct buf b = buf_fixed(raw, sizeof raw);
    enum err e = text_get_base64(text, &b);
    if (e != ERR_OK)
        return e;
    if (b.len <= NOTE_KEY_ID_BYTES)
        return ERR_INVALID;
    memcpy(out->key_id, raw, NOTE_KEY_ID_BYTES);
    out->sig = arena_copy(arena, bytes_of(raw + NOTE_KEY_ID_BYTES, b.len - NOTE_KEY_ID_BYTES));
    return out->sig.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

/* One signature line without its '\n'. */
static enum err parse_line(struct bytes line, struct arena *arena, struct note_sig *out)
{
    size_t lead = strlen(dash);
    if (line.len <= lead || memcmp(line.ptr, dash, lead) != 0)
        return ERR_INVALID;
    struct bytes rest = bytes_of(line.ptr + lead, line.len - lead);
    const uint8_t *space = memchr(rest.ptr, ' ', rest.len);
    if (space == NULL)
        return ERR_INVALID;
    out->name = bytes_of(rest.ptr, (size_t)(space - rest.ptr));
    if (!note_name_valid(out->name))
        return ERR_INVALID;
    return decode_sig(bytes_of(space + 1, rest.len - out->name.len - 1), arena, out);
}

static size_t count_lines(struct bytes b)
{
    size_t n = 0;
    for (size_t i = 0; i < b.len; i++)
        n += b.ptr[i] == '\n';
    return n;
}

static enum err parse_lines(struct bytes lines, struct arena *arena, struct note *out,
                            struct errmsg *why)
{
    size_t count = count_lines(lines);
    if (count == 0)
        return errmsg_set(why, ERR_INVALID, "a note needs a signature line");
    if (count > NOTE_MAX_SIGS)
        return errmsg_set(why, ERR_TOO_LARGE, "%zu signature lines, at most %u", count,
                          NOTE_MAX_SIGS);
    struct note_sig *sigs = arena_array(arena, count, sizeof *sigs);
    if (sigs == NULL)
        return ERR_NOMEM;
    struct cursor c = cursor_of(lines);
    for (size_t i = 0; i < count; i++) {
        enum err e = parse_line(cursor_line(&c), arena, &sigs[i]);
        if (e != ERR_OK)
            return errmsg_set(why, e, "signature line %zu is not well-formed", i + 1);
    }
    if (cursor_done(&c) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "text behind the last signature line");
    out->sigs = sigs;
    out->count = count;
    return ERR_OK;
}

/* The place behind the text: the last empty line ends it. 0 where there is none. */
static size_t text_end(struct bytes data)
{
    for (size_t i = data.len; i >= 2; i--) {
        if (data.ptr[i - 1] == '\n' && data.ptr[i - 2] == '\n')
            return i - 1;
    }
    return 0;
}

enum err note_parse(struct bytes data, struct arena *arena, struct note *out, struct errmsg *why)
{
    if (data.len > NOTE_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "a note of %zu bytes, at most %u", data.len,
                          NOTE_MAX_BYTES);
    if (!plain(data))
        return errmsg_set(why, ERR_INVALID, "a note is UTF-8 without control characters");
    size_t end = text_end(data);
    struct note n = {.text = bytes_of(data.ptr, end)};
    if (!note_text_valid(n.text))
        return errmsg_set(why, ERR_INVALID, "no empty line between text and signatures");
    enum err e = parse_lines(bytes_of(data.ptr + end + 1, data.len - end - 1), arena, &n, why);
    if (e == ERR_OK)
        *out = n;
    return e;
}

enum err note_parse_sigs(struct bytes lines, struct arena *arena, struct note *out,
                         struct errmsg *why)
{
    if (lines.len > NOTE_MAX_BYTES || !plain(lines))
        return errmsg_set(why, ERR_INVALID, "signature lines are too long or not plain text");
    struct note n = {0};
    enum err e = parse_lines(lines, arena, &n, why);
    if (e == ERR_OK)
        *out = n;
    return e;
}

void note_put_sig(struct buf *b, const struct note_sig *sig)
{
    uint8_t raw[NOTE_KEY_ID_BYTES + NOTE_MAX_SIG_BYTES];
    struct buf r = buf_fixed(raw, sizeof raw);
    buf_put(&r, BYTES_OF_ARRAY(sig->key_id));
    buf_put(&r, sig->sig);
    if (buf_err(&r) != ERR_OK || !note_name_valid(sig->name)) {
        if (b->err == ERR_OK)
            b->err = ERR_INVALID;
        return;
    }
    buf_put_str(b, dash);
    buf_put(b, sig->name);
    buf_put_u8(b, ' ');
    text_put_base64(b, buf_bytes(&r));
    buf_put_u8(b, '\n');
}
