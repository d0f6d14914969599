#include "pki/rewrap.h"

#include "proto/base/cursor.h"

#define FORMAT 1u

enum err rewrap_encode(const struct rewrap *r, struct buf *out)
{
    buf_put_u8(out, FORMAT);
    buf_put_u8(out, (uint8_t)r->state);
    buf_put_u32(out, r->target);
    buf_put_u8(out, (uint8_t)r->version_count);
    for (size_t i = 0; i < r->version_count; i++)
        buf_put_u32(out, r->versions[i]);
    buf_put_u64(out, (uint64_t)r->begun_s);
    buf_put_u64(out, (uint64_t)r->ended_s);
    buf_put_u64(out, r->total);
    buf_put_u64(out, r->renewed);
    buf_put_u32(out, r->pass);
    buf_put_u64(out, r->looked);
    buf_put_u64(out, r->met);
    buf_put_u32(out, r->tables);
    buf_put_u32(out, r->table);
    buf_put_u16(out, (uint16_t)r->place_len);
    buf_put(out, bytes_of(r->place, r->place_len));
    return buf_err(out);
}

static void get_versions(struct cursor *c, struct rewrap *r)
{
    r->version_count = cursor_u8(c);
    if (r->version_count > STORAGE_VERSIONS_MAX) {
        cursor_fail(c, ERR_INVALID);
        r->version_count = 0;
    }
    for (size_t i = 0; i < r->version_count; i++)
        r->versions[i] = cursor_u32(c);
}

static bool is_sound(const struct rewrap *r)
{
    for (size_t i = 0; i < r->version_count; i++)
        if (r->versions[i] > STORAGE_VERSION_MAX ||
            r->versions[i] <= (i > 0 ? r->versions[i - 1] : 0))
            return false;
    return (r->state == REWRAP_UNDER_WAY || r->state == REWRAP_DONE) && rewrap_uses(r, r->target) &&
           r->begun_s >= 0 && r->ended_s >= 0 && r->table <= r->tables;
}

enum err rewrap_decode(struct bytes row, struct rewrap *out)
{
    struct cursor c = cursor_of(row);
    const uint8_t format = cursor_u8(&c);
    struct rewrap r = {.state = (enum rewrap_state)cursor_u8(&c)};
    if (c.err == ERR_OK && format != FORMAT)
        return ERR_VERSION;
    r.target = cursor_u32(&c);
    get_versions(&c, &r);
    r.begun_s = (int64_t)cursor_u64(&c);
    r.ended_s = (int64_t)cursor_u64(&c);
    r.total = cursor_u64(&c);
    r.renewed = cursor_u64(&c);
    r.pass = cursor_u32(&c);
    r.looked = cursor_u64(&c);
    r.met = cursor_u64(&c);
    r.tables = cursor_u32(&c);
    r.table = cursor_u32(&c);
    r.place_len = cursor_u16(&c);
    if (r.place_len > sizeof r.place)
        return ERR_INVALID;
    cursor_copy(&c, r.place, r.place_len);
    enum err e = cursor_done(&c);
    if (e != ERR_OK)
        return e;
    if (!is_sound(&r))
        return ERR_INVALID;
    *out = r;
    return ERR_OK;
}

void rewrap_none(const struct storage_keys *keys, struct rewrap *out)
{
    *out = (struct rewrap){.state = REWRAP_DONE,
                           .target = storage_keys_lowest(keys),
                           .version_count = storage_keys_count(keys)};
    for (size_t i = 0; i < out->version_count; i++)
        out->versions[i] = storage_keys_at(keys, i);
}

bool rewrap_uses(const struct rewrap *r, uint32_t version)
{
    for (size_t i = 0; i < r->version_count; i++)
        if (r->versions[i] == version)
            return true;
    return false;
}

uint32_t rewrap_lacks(const struct rewrap *r, const struct storage_keys *keys)
{
    for (size_t i = 0; i < r->version_count; i++)
        if (storage_keys_get(keys, r->versions[i]) == NULL)
            return r->versions[i];
    return 0;
}

bool rewrap_is_due(const struct rewrap *r, const struct storage_keys *keys)
{
    return storage_keys_newest(keys) > r->target;
}

static void start_pass(struct rewrap *r)
{
    r->pass++;
    r->looked = 0;
    r->met = 0;
    r->table = 0;
    r->place_len = 0;
}

enum err rewrap_begin(struct rewrap *r, const struct storage_keys *keys, uint64_t total,
                      int64_t now_s)
{
    const uint32_t target = storage_keys_newest(keys);
    if (!rewrap_uses(r, target)) {
        if (r->version_count == STORAGE_VERSIONS_MAX)
            return ERR_LIMIT;
        r->versions[r->version_count++] = target; /* newer than any: still ascending */
    }
    r->state = REWRAP_UNDER_WAY;
    r->target = target;
    r->begun_s = now_s;
    r->ended_s = 0;
    r->total = total;
    r->renewed = 0;
    r->tables = 0; /* of whichever program takes the first step */
    r->pass = 0;
    start_pass(r);
    return ERR_OK;
}

void rewrap_resume(struct rewrap *r, uint32_t tables)
{
    if (r->tables == tables)
        return;
    r->tables = tables;
    r->pass = 0;
    start_pass(r);
}

void rewrap_table_ended(struct rewrap *r, int64_t now_s)
{
    r->place_len = 0;
    if (++r->table < r->tables)
        return;
    if (r->met > 0) {
        start_pass(r);
        return;
    }
    r->table = 0;
    r->state = REWRAP_DONE;
    r->ended_s = now_s;
    r->versions[0] = r->target;
    r->version_count = 1;
}

const char *rewrap_state_id(enum rewrap_state state)
{
    switch (state) {
    case REWRAP_UNDER_WAY:
        return "under way";
    case REWRAP_DONE:
        return "done";
    case REWRAP_NONE:
        break;
    }
    return "none";
}

/* Passes behind the first look whether anything is left: few of the work, so they count as its last percent. */
unsigned rewrap_percent(const struct rewrap *r)
{
    if (r->state == REWRAP_DONE)
        return 100;
    if (r->pass > 1 || r->looked >= r->total)
        return 99;
    return (unsigned)((double)r->looked * 99.0 / (double)r->total);
}
