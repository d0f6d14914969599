#include "proto/msg/bodies.h"

#include "proto/msg/bodies.pb-c.h"
#include "proto/msg/check.h"

#define QUERY_MAX_BYTES 1024
#define REPLY_MAX_BYTES ((size_t)4 << 20)
#define ENCODE_ARENA_BYTES ((size_t)1 << 20)

static const char *const purposes[BODIES_PURPOSE_COUNT] = {
    [BODIES_FOR_LIST] = "list",     [BODIES_FOR_SHOW] = "show",     [BODIES_FOR_EXPLAIN] = "explain",
    [BODIES_FOR_SAMPLE] = "sample", [BODIES_FOR_REPORT] = "report", [BODIES_FOR_EXPORT] = "export",
    [BODIES_FOR_WATCH] = "watch",   [BODIES_FOR_VERIFY] = "verify",
};

static const char *const formats[BODIES_FORMAT_COUNT] = {
    [BODIES_CSV] = "csv",
    [BODIES_JSONL] = "jsonl",
    [BODIES_BUNDLE] = "bundle",
    [BODIES_ADL] = "adl",
    [BODIES_LDV] = "ldv",
};

const char *bodies_purpose_id(enum bodies_purpose p)
{
    return p >= BODIES_FOR_LIST && p < BODIES_PURPOSE_COUNT ? purposes[p] : "?";
}

enum err bodies_purpose_parse(struct bytes id, enum bodies_purpose *out)
{
    for (int i = BODIES_FOR_LIST; i < BODIES_PURPOSE_COUNT; i++) {
        if (bytes_is(id, purposes[i])) {
            *out = (enum bodies_purpose)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *bodies_format_id(enum bodies_format f)
{
    return f >= BODIES_CSV && f < BODIES_FORMAT_COUNT ? formats[f] : "?";
}

enum err bodies_format_parse(struct bytes id, enum bodies_format *out)
{
    for (int i = BODIES_CSV; i < BODIES_FORMAT_COUNT; i++) {
        if (bytes_is(id, formats[i])) {
            *out = (enum bodies_format)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

static bool refs_equal(const struct bodies_filter *a, const struct bodies_filter *b)
{
    return a->has_officer == b->has_officer && digest_equal(&a->officer, &b->officer) &&
           a->has_request == b->has_request && digest_equal(&a->request, &b->request) &&
           a->has_case == b->has_case && digest_equal(&a->dossier, &b->dossier);
}

bool bodies_filter_equal(const struct bodies_filter *a, const struct bodies_filter *b)
{
    return a->since_s == b->since_s && a->until_s == b->until_s &&
           agency_id_equal(&a->agency, &b->agency) && name_equal(&a->rule, &b->rule) &&
           name_equal(&a->event, &b->event) && name_equal(&a->decision, &b->decision) &&
           bytes_equal(BYTES_OF_ARRAY(a->salt.b), BYTES_OF_ARRAY(b->salt.b)) && refs_equal(a, b);
}

bool bodies_sought_is_empty(const struct bodies_sought *s)
{
    return s->officer.s[0] == '\0' && !s->has_request && !s->has_case;
}

bool bodies_sought_equal(const struct bodies_sought *a, const struct bodies_sought *b)
{
    return name_equal(&a->officer, &b->officer) && a->has_request == b->has_request &&
           digest_equal(&a->request, &b->request) && a->has_case == b->has_case &&
           bytes_equal(BYTES_OF_ARRAY(a->dossier.b), BYTES_OF_ARRAY(b->dossier.b));
}

static ProtobufCBinaryData ref_data(bool is_there, const struct digest *d)
{
    return msg_data(is_there ? digest_bytes(d) : bytes_str(""));
}

static void put_filter(const struct bodies_filter *f, Sluis__BodiesFilter *m)
{
    sluis__bodies_filter__init(m);
    m->since_s = f->since_s;
    m->until_s = f->until_s;
    m->agency = msg_text(f->agency.oin);
    m->rule = msg_text(f->rule.s);
    m->event = msg_text(f->event.s);
    m->decision = msg_text(f->decision.s);
    m->salt = msg_data(BYTES_OF_ARRAY(f->salt.b));
    m->officer = ref_data(f->has_officer, &f->officer);
    m->request = ref_data(f->has_request, &f->request);
    m->dossier = ref_data(f->has_case, &f->dossier);
}

static void check_name_or_none(struct check *c, const char *field, const char *s, struct name *out)
{
    if (s[0] != '\0')
        check_name(c, field, s, out);
}

static void check_ref(struct check *c, const char *field, ProtobufCBinaryData d, bool *is_there,
                      struct digest *out)
{
    *is_there = d.len > 0;
    if (*is_there)
        CHECK_FIXED(c, field, d, out->b);
}

static void check_filter(struct check *c, const Sluis__BodiesFilter *m, struct bodies_filter *out)
{
    struct bodies_filter f = {0};
    if (m == NULL) {
        check_fail(c, ERR_INVALID, "filter", "a filter");
        return;
    }
    f.since_s = m->since_s;
    f.until_s = m->until_s;
    check_time_or_zero(c, "filter.since", m->since_s);
    check_time_or_zero(c, "filter.until", m->until_s);
    if (m->agency[0] != '\0')
        check_oin(c, "filter.agency", m->agency, &f.agency);
    check_name_or_none(c, "filter.rule", m->rule, &f.rule);
    check_name_or_none(c, "filter.event", m->event, &f.event);
    check_name_or_none(c, "filter.decision", m->decision, &f.decision);
    CHECK_FIXED(c, "filter.salt", m->salt, f.salt);
    check_ref(c, "filter.officer", m->officer, &f.has_officer, &f.officer);
    check_ref(c, "filter.request", m->request, &f.has_request, &f.request);
    check_ref(c, "filter.case", m->dossier, &f.has_case, &f.dossier);
    *out = f;
}

static void put_sought(const struct bodies_sought *s, Sluis__BodiesSought *m)
{
    sluis__bodies_sought__init(m);
    m->officer = msg_text(s->officer.s);
    m->request = ref_data(s->has_request, &s->request);
    m->dossier = msg_data(s->has_case ? BYTES_OF_ARRAY(s->dossier.b) : bytes_str(""));
}

/* Each has its digest in the filter; whether it is that one is for whoever can hash. */
static void check_sought(struct check *c, const Sluis__BodiesSought *m, struct bodies_query *q)
{
    struct bodies_sought s = {.has_case = false};
    if (m == NULL)
        return;
    check_name_or_none(c, "sought.officer", m->officer, &s.officer);
    check_ref(c, "sought.request", m->request, &s.has_request, &s.request);
    s.has_case = m->dossier.len > 0;
    if (s.has_case)
        CHECK_FIXED(c, "sought.case", m->dossier, s.dossier);
    const struct bodies_filter *f = &q->filter;
    const bool is_of_filter = (s.officer.s[0] == '\0' || f->has_officer) && (!s.has_request || f->has_request) &&
                              (!s.has_case || f->has_case);
    if (c->err == ERR_OK && (bodies_sought_is_empty(&s) || !is_of_filter || !q->narrow))
        check_fail(c, ERR_INVALID, "sought", "names of the filter, with narrow");
    q->sought = s;
}

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
    m.purpose = (uint32_t)q->purpose;
    Sluis__BodiesFilter filter;
    put_filter(&q->filter, &filter);
    m.filter = &filter;
    m.narrow = q->narrow;
    Sluis__BodiesSought sought;
    put_sought(&q->sought, &sought);
    m.sought = bodies_sought_is_empty(&q->sought) ? NULL : &sought;
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
                             .issued_at_s = m->issued_at_s,
                             .purpose = (enum bodies_purpose)m->purpose,
                             .narrow = m->narrow};
    check_name(&c, "deployment", m->deployment, &q.deployment);
    check_oin(&c, "reader", m->reader, &q.reader);
    check_name(&c, "staff", m->staff, &q.staff);
    check_name(&c, "function", m->function, &q.function);
    check_u64(&c, "max_rows", m->max_rows, 1, BODIES_ROWS_MAX);
    check_time(&c, "issued_at", m->issued_at_s);
    CHECK_FIXED(&c, "nonce", m->nonce, q.nonce);
    check_u64(&c, "purpose", m->purpose, BODIES_FOR_LIST, BODIES_PURPOSE_COUNT - 1);
    check_filter(&c, m->filter, &q.filter);
    check_sought(&c, m->sought, &q);
    if ((e = check_done(&c)) == ERR_OK)
        *out = q;
    return e;
}

enum err bodies_exported_encode(const struct bodies_exported *x, struct buf *out)
{
    Sluis__BodiesExported m = SLUIS__BODIES_EXPORTED__INIT;
    Sluis__BodiesFilter filter;
    put_filter(&x->filter, &filter);
    m.deployment = msg_text(x->deployment.s);
    m.reader = msg_text(x->reader.oin);
    m.staff = msg_text(x->staff.s);
    m.function = msg_text(x->function.s);
    m.format = (uint32_t)x->format;
    m.rows = x->rows;
    m.sha256 = msg_data(digest_bytes(&x->sha256));
    m.filter = &filter;
    m.issued_at_s = x->issued_at_s;
    m.nonce = msg_data(BYTES_OF_ARRAY(x->nonce.b));
    return msg_pack(&m.base, out);
}

enum err bodies_exported_decode(struct bytes data, struct arena *a, struct bodies_exported *out,
                                struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__bodies_exported__descriptor, data, QUERY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__BodiesExported *m = raw;
    struct check c = check_new("bodies exported", a, why);
    struct bodies_exported x = {
        .format = (enum bodies_format)m->format, .rows = m->rows, .issued_at_s = m->issued_at_s};
    check_name(&c, "deployment", m->deployment, &x.deployment);
    check_oin(&c, "reader", m->reader, &x.reader);
    check_name(&c, "staff", m->staff, &x.staff);
    check_name(&c, "function", m->function, &x.function);
    check_u64(&c, "format", m->format, BODIES_CSV, BODIES_ADL); /* of the broker's log there is no other view */
    check_u64(&c, "rows", m->rows, 0, INT64_MAX);
    CHECK_FIXED(&c, "sha256", m->sha256, x.sha256);
    check_filter(&c, m->filter, &x.filter);
    check_time(&c, "issued_at", m->issued_at_s);
    CHECK_FIXED(&c, "nonce", m->nonce, x.nonce);
    if ((e = check_done(&c)) == ERR_OK)
        *out = x;
    return e;
}

enum err bodies_encode(const struct bodies *b, struct buf *out)
{
    Sluis__Bodies m = SLUIS__BODIES__INIT;
    m.document = msg_data(b->document);
    m.signature = msg_data(b->signature);
    m.fingerprint = msg_data(digest_bytes(&b->fingerprint));
    return msg_pack(&m.base, out);
}

enum err bodies_decode(struct bytes data, struct arena *a, struct bodies *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__bodies__descriptor, data, QUERY_MAX_BYTES + 256, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Bodies *m = raw;
    struct check c = check_new("bodies", a, why);
    struct bodies b = {0};
    check_bytes(&c, "document", m->document, (struct check_limits){1, QUERY_MAX_BYTES}, &b.document);
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
        items[i].erased = r->rows[i].is_erased;
        items[i].unreadable = r->rows[i].is_unreadable;
        items[i].lost = r->rows[i].is_lost;
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
        rows[i].is_erased = m->rows[i]->erased;
        rows[i].is_unreadable = m->rows[i]->unreadable;
        rows[i].is_lost = m->rows[i]->lost;
        if ((rows[i].body.len > 0) + rows[i].is_erased + rows[i].is_unreadable + rows[i].is_lost > 1)
            check_fail(&c, ERR_INVALID, "body", "is there, erased, unreadable or lost");
    }
    if ((e = check_done(&c)) == ERR_OK)
        *out = (struct bodies_reply){
            .size = m->size, .rows = rows, .row_count = m->n_rows, .next_index = m->next_index};
    return e;
}
