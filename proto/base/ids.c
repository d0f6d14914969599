#include "proto/base/ids.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

enum err agency_id_parse(struct bytes text, struct agency_id *out)
{
    if (text.len != OIN_CHARS)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) && !(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z'))
            return ERR_INVALID;
    }
    memcpy(out->oin, text.ptr, OIN_CHARS);
    out->oin[OIN_CHARS] = '\0';
    return ERR_OK;
}

bool agency_id_equal(const struct agency_id *a, const struct agency_id *b)
{
    return memcmp(a->oin, b->oin, OIN_CHARS) == 0;
}

enum err name_parse(struct bytes text, struct name *out)
{
    if (text.len == 0 || text.len > NAME_MAX_BYTES)
        return ERR_INVALID;
    if (!is_lower(text.ptr[0]) && !is_digit(text.ptr[0]))
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (!is_lower(c) && !is_digit(c) && c != '.' && c != '_' && c != '-')
            return ERR_INVALID;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->s, text.ptr, text.len);
    return ERR_OK;
}

bool name_equal(const struct name *a, const struct name *b)
{
    return strcmp(a->s, b->s) == 0;
}

bool name_is_in(const struct name *list, size_t count, const struct name *n)
{
    return name_list_has((struct name_list){list, count}, name_bytes(n));
}

bool name_list_has(struct name_list list, struct bytes name)
{
    for (size_t i = 0; i < list.count; i++) {
        if (bytes_equal(name_bytes(&list.v[i]), name))
            return true;
    }
    return false;
}
