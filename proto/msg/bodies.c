#include "proto/msg/bodies.h"

#include "proto/msg/bodies.pb-c.h"
#include "proto/msg/check.h"

#define QUERY_MAX_BYTES 1024
#define REPLY_MAX_BYTES ((size_t)4 << 20)
#define ENCODE_ARENA_BYTES ((size_t)1 << 20)

enum err bodies_query_encode(const struct bodies_query *q, struct buf *out)
{
    Sluis__BodiesQuery m = SLUIS__BODIES_QUERY__INIT;
    m.deployment = msg_text(q->deployment.s);
    m.reader = msg_text(q->reader.oin);
    m.staff = msg_text(q->staff.s);
    m.function = msg_text(q->function.s);
    m.from_index = q->from_index;
    m.max_rows = q->max_rows;
    m.issued_at_s = q->issued_at_s;
    m.nonce = msg_data(BYTES_OF_ARRAY(q->nonce.b));
    return msg_pack(&m.base, out);
}

enum err bodies_query_decode(struct bytes data, struct arena *a, struct bodies_query *out,
                             struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__bodies_query__descriptor, data, QUERY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__BodiesQuery *m = raw;
    struct check c = check_new("bodies query", a, why);
    struct bodies_query q = {.from_index = m->from_index,
                             .max_rows = m->max_rows,
                             .issued_at_s = m->issued_at_s};
    check_name(&c, "deployment", m->deployment, &q.deployment);
    check_oin(&c, "reader", m->reader, &q.reader);
    check_name(&c, "staff", m->staff, &q.staff);
    check_name(&c, "function", m->function, &q.function);
    check_u64(&c, "max_rows", m->max_rows, 1, BODIES_ROWS_MAX);
    check_time(&c, "issued_at", m->issued_at_s);
    CHECK_FIXED(&c, "nonce", m->nonce, q.nonce);
    if ((e = check_done(&c)) == ERR_OK)
        *out = q;
    return e;
}

enum err bodies_encode(const struct bodies *b, struct buf *out)
{
    Sluis__Bodies m = SLUIS__BODIES__INIT;
    m.query = msg_data(b->query);
    m.signature = msg_data(b->signature);
    m.fingerprint = msg_data(digest_bytes(&b->fingerprint));
    return msg_pack(&m.base, out);
}

enum err bodies_decode(struct bytes data, struct arena *a, struct bodies *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__bodies__descriptor, data, 2 * QUERY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Bodies *m = raw;
    struct check c = check_new("bodies", a, why);
    struct bodies b = {0};
    check_bytes(&c, "query", m->query, (struct check_limits){1, QUERY_MAX_BYTES}, &b.query);
    check_bytes(&c, "signature", m->signature, (struct check_limits){1, 80}, &b.signature);
    CHECK_FIXED(&c, "fingerprint", m->fingerprint, b.fingerprint);
    if ((e = check_done(&c)) == ERR_OK)
        *out = b;
    return e;
}

enum err bodies_reply_encode(const struct bodies_reply *r, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__BodiesReply m = SLUIS__BODIES_REPLY__INIT;
    Sluis__BodyRow *items = arena_array(a, r->row_count, sizeof *items);
    m.rows = arena_array(a, r->row_count, sizeof *m.rows);
    if (items == NULL || m.rows == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->row_count; i++) {
        sluis__body_row__init(&items[i]);
        items[i].index = r->rows[i].index;
        items[i].entry = msg_data(digest_bytes(&r->rows[i].entry));
        items[i].body = msg_data(r->rows[i].body);
        m.rows[i] = &items[i];
    }
    m.size = r->size;
    m.n_rows = r->row_count;
    m.next_index = r->next_index;
    return msg_pack(&m.base, out);
}

enum err bodies_reply_decode(struct bytes data, struct arena *a, struct bodies_reply *out,
                             struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__bodies_reply__descriptor, data, REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__BodiesReply *m = raw;
    struct check c = check_new("bodies reply", a, why);
    check_count(&c, "rows", m->n_rows, 0, BODIES_ROWS_MAX);
    struct body_row *rows = check_array(&c, m->n_rows, sizeof *rows);
    for (size_t i = 0; c.err == ERR_OK && i < m->n_rows; i++) {
        rows[i].index = m->rows[i]->index;
        CHECK_FIXED(&c, "entry", m->rows[i]->entry, rows[i].entry);
        check_bytes(&c, "body", m->rows[i]->body, (struct check_limits){0, BODY_MAX_BYTES},
                    &rows[i].body);
    }
    if ((e = check_done(&c)) == ERR_OK)
        *out = (struct bodies_reply){
            .size = m->size, .rows = rows, .row_count = m->n_rows, .next_index = m->next_index};
    return e;
}
