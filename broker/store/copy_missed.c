#include "broker/store/copy_missed.h"

#include "proto/base/cursor.h"

static struct copy_range *last_of(struct copy_missed *m)
{
    return m->count > 0 ? &m->ranges[m->count - 1] : NULL;
}

void copy_missed_add(struct copy_missed *m, struct copy_range r)
{
    struct copy_range *last = last_of(m);
    if (r.from >= r.to)
        return;
    if (last != NULL && (last->to == r.from || m->passed == r.from || m->count == COPY_MISSED_MAX))
        last->to = r.to;
    else
        m->ranges[m->count++] = r;
    m->passed = r.to;
}

void copy_missed_pass(struct copy_missed *m, uint64_t index)
{
    if (m->passed == index)
        m->passed++;
}

uint64_t copy_missed_entries(const struct copy_missed *m)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->count; i++)
        n += m->ranges[i].to - m->ranges[i].from;
    return n;
}

void copy_missed_encode(const struct copy_missed *m, struct buf *out)
{
    for (size_t i = 0; i < m->count; i++) {
        buf_put_u64(out, m->ranges[i].from);
        buf_put_u64(out, m->ranges[i].to);
    }
}

enum err copy_missed_decode(struct bytes row, struct copy_missed *out)
{
    struct cursor c = cursor_of(row);
    uint64_t behind = 0;
    out->count = 0;
    out->passed = 0;
    while (c.left > 0 && out->count < COPY_MISSED_MAX) {
        const uint64_t from = cursor_u64(&c);
        const uint64_t to = cursor_u64(&c);
        if (c.err != ERR_OK || from < behind || to <= from)
            return ERR_INVALID;
        out->ranges[out->count++] = (struct copy_range){from, to};
        behind = to;
    }
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}
