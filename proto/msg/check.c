#include "proto/msg/check.h"

#define TIME_MAX_S ((int64_t)253402300799)

enum err check_done(struct check *c)
{
    if (c->err != ERR_OK)
        return errmsg_wrap(c->why, c->err, "%s", c->message);
    return ERR_OK;
}

void check_fail(struct check *c, enum err e, const char *field, const char *expected)
{
    if (c->err == ERR_OK)
        c->err = errmsg_set(c->why, e, "%s: %s, expected %s", field, err_text(e), expected);
}

void check_name(struct check *c, const char *field, const char *s, struct name *out)
{
    if (c->err == ERR_OK)
        c->err = msg_get_name(s, out, field, c->why);
}

void check_oin(struct check *c, const char *field, const char *s, struct agency_id *out)
{
    if (c->err == ERR_OK)
        c->err = msg_get_oin(s, out, field, c->why);
}

void check_names(struct check *c, struct msg_names_in in, const struct name **out, size_t *count)
{
    if (c->err != ERR_OK)
        return;
    struct name_list names = {0};
    c->err = msg_get_names(in, c->arena, &names, c->why);
    *out = names.v;
    *count = names.count;
}

void check_fixed(struct check *c, const char *field, ProtobufCBinaryData d, struct bytes out)
{
    if (c->err == ERR_OK)
        c->err = msg_get_fixed(d, (void *)(uintptr_t)out.ptr, out.len, field, c->why);
}

void check_count(struct check *c, const char *field, size_t count, size_t min, size_t max)
{
    if (count < min)
        check_fail(c, ERR_INVALID, field, "more of them");
    if (count > max)
        check_fail(c, ERR_TOO_LARGE, field, "fewer of them");
}

void check_bytes(struct check *c, const char *field, ProtobufCBinaryData d,
                 struct check_limits limits, struct bytes *out)
{
    check_count(c, field, d.len, limits.min, limits.max);
    if (c->err == ERR_OK)
        *out = msg_bytes(d);
}

void check_text(struct check *c, const char *field, const char *s, struct check_limits limits,
                struct bytes *out)
{
    if (c->err == ERR_OK)
        c->err = msg_get_text(s, limits.min, limits.max, field, out, c->why);
}

void check_u64(struct check *c, const char *field, uint64_t v, uint64_t min, uint64_t max)
{
    if (v < min || v > max)
        check_fail(c, ERR_RANGE, field, "a number in its range");
}

void check_time(struct check *c, const char *field, int64_t v)
{
    if (v < 1 || v > TIME_MAX_S)
        check_fail(c, ERR_RANGE, field, "seconds since 1970");
}

void check_time_or_zero(struct check *c, const char *field, int64_t v)
{
    if (v != 0)
        check_time(c, field, v);
}

void check_suite(struct check *c, const char *field, const char *s, enum suite *out)
{
    if (c->err == ERR_OK && suite_parse(bytes_str(s), out) != ERR_OK)
        check_fail(c, ERR_UNKNOWN, field, "hk1");
}

void check_ident_type(struct check *c, const char *field, uint64_t v, enum ident_type *out)
{
    if (v == 0 || v >= IDENT_TYPE_COUNT)
        check_fail(c, ERR_UNKNOWN, field, "the number of an identifier type");
    else
        *out = (enum ident_type)v;
}

void check_merkle_path(struct check *c, const char *field, const struct check_path *p,
                       struct merkle_path *out)
{
    if (p->index >= p->size)
        check_fail(c, ERR_RANGE, field, "an index below the size");
    if (p->hashes.len % sizeof(struct digest) != 0 ||
        p->hashes.len > 64 * sizeof(struct digest))
        check_fail(c, ERR_INVALID, field, "at most 64 hashes of 32 bytes");
    if (c->err != ERR_OK)
        return;
    *out = (struct merkle_path){.index = p->index,
                                .size = p->size,
                                .hashes = (const struct digest *)(const void *)p->hashes.data,
                                .count = p->hashes.len / sizeof(struct digest)};
}

void *check_array(struct check *c, size_t count, size_t size)
{
    if (c->err != ERR_OK)
        return NULL;
    void *p = arena_array(c->arena, count, size);
    if (p == NULL)
        check_fail(c, ERR_NOMEM, "list", "less");
    return p;
}
