#include "proto/msg/mail.h"

#include "proto/msg/check.h"
#include "proto/msg/mail.pb-c.h"

#define MAIL_MAX_BYTES ((size_t)4 << 20)
#define CLOSED_MAX_BYTES 8192
#define SETTLED_MAX_BYTES (RELEASE_MAX_BYTES + 65536)
#define ENCODE_ARENA_BYTES ((size_t)64 << 10)
#define SIGNATURE_LIMITS ((struct check_limits){1, 80})

#define SEQUENCES_EACH_SECOND (UINT64_C(1) << 20)
#define SEQUENCE_CLOCK_SLACK_S 300

uint64_t mail_sequence_limit(int64_t now_s)
{
    const uint64_t most_s = MAIL_SEQUENCE_MAX / SEQUENCES_EACH_SECOND - SEQUENCE_CLOCK_SLACK_S;
    const uint64_t s = now_s < 0 ? 0 : (uint64_t)now_s;
    return ((s < most_s ? s : most_s) + SEQUENCE_CLOCK_SLACK_S) * SEQUENCES_EACH_SECOND;
}

const size_t mail_size_classes[] = {4096, 32768, 262144, 1u << 20, 3u << 20};
const size_t mail_size_class_count = ARRAY_LEN(mail_size_classes);

_Static_assert(MAIL_KIND_COUNT - 1 == (int)SLUIS__MAIL_KIND__MAIL_RENEWAL, "kinds match the schema");

#define REST_BYTES 3 /* tag, length and the one byte of `rest` */

/* The size class for a body of n bytes, which is met exactly or with room for a padding field; 0
 * where none is large enough. */
static size_t size_class_of(size_t n)
{
    for (size_t i = 0; i < mail_size_class_count; i++) {
        if (n == mail_size_classes[i] || n + REST_BYTES <= mail_size_classes[i])
            return mail_size_classes[i];
    }
    return 0;
}

/* Bytes that a field of number below 16 takes on the wire around n > 0 bytes of content. */
static size_t field_bytes(size_t n)
{
    size_t length_bytes = 1;
    for (size_t v = n; v >= 128; v >>= 7)
        length_bytes++;
    return 1 + length_bytes + n;
}

/* The most content whose field fits into room, which is at least 3. */
static size_t padding_for(size_t room)
{
    size_t n = room - 2;
    while (field_bytes(n) > room)
        n--;
    return n;
}

/* Points m's padding at zeros so that it takes exactly room more bytes. */
static void pad(Sluis__Mail *m, size_t room, const uint8_t *zeros)
{
    if (room == 0)
        return;
    size_t n = padding_for(room);
    if (field_bytes(n) != room) {
        n = padding_for(room - REST_BYTES);
        m->rest = msg_data(bytes_of(zeros, 1));
    }
    m->padding = msg_data(bytes_of(zeros, n));
}

enum err mail_encode(const struct mail *from, struct buf *out)
{
    if (from->item_count > MAIL_ITEMS_MAX)
        return ERR_TOO_LARGE;
    Sluis__MailItem items[MAIL_ITEMS_MAX];
    Sluis__MailItem *refs[MAIL_ITEMS_MAX];
    for (size_t i = 0; i < from->item_count; i++) {
        sluis__mail_item__init(&items[i]);
        items[i].sequence = from->items[i].sequence;
        items[i].kind = (Sluis__MailKind)from->items[i].kind;
        items[i].content = msg_data(from->items[i].content);
        refs[i] = &items[i];
    }
    Sluis__Mail m = SLUIS__MAIL__INIT;
    m.slot = from->slot;
    m.n_items = from->item_count;
    m.items = refs;
    size_t bare = sluis__mail__get_packed_size(&m);
    size_t size = size_class_of(bare);
    if (size == 0)
        return ERR_TOO_LARGE;
    struct buf zeros CLEANUP(buf_free) = buf_new(MAIL_MAX_BYTES);
    if (buf_reserve(&zeros, size - bare + 1) == NULL)
        return ERR_NOMEM;
    pad(&m, size - bare, zeros.ptr);
    return msg_pack(&m.base, out);
}

static bool all_zero(struct bytes b)
{
    uint8_t any = 0;
    for (size_t i = 0; i < b.len; i++)
        any |= b.ptr[i];
    return any == 0;
}

enum err mail_decode(struct bytes data, struct arena *a, struct mail *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__mail__descriptor, data, MAIL_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Mail *m = raw;
    struct check c = check_new("mail", a, why);
    check_count(&c, "items", m->n_items, 0, MAIL_ITEMS_MAX);
    struct mail_item *items = check_array(&c, m->n_items, sizeof *items);
    uint64_t last = 0;
    for (size_t i = 0; c.err == ERR_OK && i < m->n_items; i++) {
        const Sluis__MailItem *from = m->items[i];
        check_u64(&c, "sequence", from->sequence, last + 1, MAIL_SEQUENCE_MAX);
        check_u64(&c, "kind", (uint64_t)from->kind, 1, MAIL_KIND_COUNT - 1);
        check_bytes(&c, "content", from->content, (struct check_limits){1, MAIL_MAX_BYTES},
                    &items[i].content);
        last = from->sequence;
        items[i].sequence = last;
        items[i].kind = (enum mail_kind)from->kind;
    }
    if (!all_zero(msg_bytes(m->padding)) || !all_zero(msg_bytes(m->rest)) || m->rest.len > 1)
        check_fail(&c, ERR_INVALID, "padding", "zero bytes");
    if ((e = check_done(&c)) == ERR_OK)
        *out = (struct mail){.slot = m->slot, .items = items, .item_count = m->n_items};
    return e;
}

enum err mail_ack_encode(const struct mail_ack *from, struct buf *out)
{
    Sluis__MailAck m = SLUIS__MAIL_ACK__INIT;
    m.up_to = from->up_to;
    return msg_pack(&m.base, out);
}

enum err mail_ack_decode(struct bytes data, struct arena *a, struct mail_ack *out,
                         struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__mail_ack__descriptor, data, 64, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__MailAck *m = raw;
    out->up_to = m->up_to;
    return ERR_OK;
}

enum err renewal_ask_encode(const struct renewal_ask *from, struct buf *out)
{
    Sluis__RenewalAsk m = SLUIS__RENEWAL_ASK__INIT;
    m.registrar = msg_text(from->registrar.oin);
    m.renewal = msg_data(from->renewal);
    return msg_pack(&m.base, out);
}

enum err renewal_ask_decode(struct bytes data, struct arena *a, struct renewal_ask *out,
                            struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__renewal_ask__descriptor, data, RENEWAL_ASK_MAX_BYTES + 64, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__RenewalAsk *m = raw;
    struct check c = check_new("renewal", a, why);
    struct renewal_ask r = {.renewal = {NULL, 0}};
    check_oin(&c, "registrar", m->registrar, &r.registrar);
    check_bytes(&c, "renewal", m->renewal, (struct check_limits){1, RENEWAL_ASK_MAX_BYTES}, &r.renewal);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}

enum err settled_encode(const struct settled *s, struct buf *out)
{
    Sluis__SettledConsent items[2];
    Sluis__SettledConsent *refs[2] = {&items[0], &items[1]};
    if (s->consent_count > 2)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < s->consent_count; i++) {
        sluis__settled_consent__init(&items[i]);
        items[i].consent = msg_data(s->consents[i].consent);
        items[i].signature = msg_data(s->consents[i].signature);
        items[i].fingerprint = msg_data(digest_bytes(&s->consents[i].fingerprint));
    }
    Sluis__Settled m = SLUIS__SETTLED__INIT;
    m.header_digest = msg_data(digest_bytes(&s->header_digest));
    m.n_consents = s->consent_count;
    m.consents = refs;
    m.release = msg_data(s->release);
    return msg_pack(&m.base, out);
}

enum err settled_decode(struct bytes data, struct arena *a, struct settled *out,
                        struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__settled__descriptor, data, SETTLED_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Settled *m = raw;
    struct check c = check_new("settled", a, why);
    struct settled s = {.consent_count = m->n_consents};
    CHECK_FIXED(&c, "header_digest", m->header_digest, s.header_digest);
    check_count(&c, "consents", m->n_consents, 1, 2);
    for (size_t i = 0; c.err == ERR_OK && i < m->n_consents; i++) {
        struct signed_consent *to = &s.consents[i];
        check_bytes(&c, "consent", m->consents[i]->consent, (struct check_limits){1, 8192},
                    &to->consent);
        check_bytes(&c, "consent signature", m->consents[i]->signature, SIGNATURE_LIMITS,
                    &to->signature);
        CHECK_FIXED(&c, "consent fingerprint", m->consents[i]->fingerprint, to->fingerprint);
    }
    check_bytes(&c, "release", m->release, (struct check_limits){0, RELEASE_MAX_BYTES},
                &s.release);
    if ((e = check_done(&c)) == ERR_OK)
        *out = s;
    return e;
}

static enum err coverage_out(struct arena *a, const struct closed *v, Sluis__CoverageList *m)
{
    m->last_full_import_s = v->last_full_import_s;
    m->categories = arena_array(a, v->category_count, sizeof *m->categories);
    m->types = arena_array(a, IDENT_TYPE_COUNT, sizeof *m->types);
    if (m->categories == NULL || m->types == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < v->category_count; i++)
        m->categories[m->n_categories++] = msg_text(v->categories[i].s);
    for (int t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (v->types[t])
            m->types[m->n_types++] = msg_text(ident_type_id((enum ident_type)t));
    }
    return ERR_OK;
}

enum err closed_encode(const struct closed *v, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__CoverageList coverage = SLUIS__COVERAGE_LIST__INIT;
    enum err e = coverage_out(a, v, &coverage);
    if (e != ERR_OK)
        return e;
    Sluis__Closed m = SLUIS__CLOSED__INIT;
    m.deployment = msg_text(v->deployment.s);
    m.request_id = msg_data(BYTES_OF_ARRAY(v->request_id.b));
    m.header_digest = msg_data(digest_bytes(&v->header_digest));
    m.holder = msg_text(v->holder.oin);
    m.closed_at_s = v->closed_at_s;
    m.coverage = &coverage;
    return msg_pack(&m.base, out);
}

static void coverage_in(struct check *c, const Sluis__CoverageList *m, struct closed *v)
{
    if (m == NULL) {
        check_fail(c, ERR_INVALID, "coverage", "a coverage");
        return;
    }
    v->last_full_import_s = m->last_full_import_s;
    check_time_or_zero(c, "last_full_import", m->last_full_import_s);
    check_names(c, (struct msg_names_in){m->categories, m->n_categories, 255, "categories"},
                &v->categories, &v->category_count);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_types; i++) {
        enum ident_type t = IDENT_NONE;
        if (ident_type_parse(bytes_str(m->types[i]), &t) != ERR_OK)
            check_fail(c, ERR_UNKNOWN, "types", "an identifier type");
        else
            v->types[t] = true;
    }
}

enum err closed_decode(struct bytes data, struct arena *a, struct closed *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__closed__descriptor, data, CLOSED_MAX_BYTES * 4, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Closed *m = raw;
    struct check c = check_new("closed", a, why);
    struct closed v = {.closed_at_s = m->closed_at_s};
    check_name(&c, "deployment", m->deployment, &v.deployment);
    CHECK_FIXED(&c, "request_id", m->request_id, v.request_id);
    CHECK_FIXED(&c, "header_digest", m->header_digest, v.header_digest);
    check_oin(&c, "holder", m->holder, &v.holder);
    check_time(&c, "closed_at", m->closed_at_s);
    coverage_in(&c, m->coverage, &v);
    if ((e = check_done(&c)) == ERR_OK)
        *out = v;
    return e;
}

enum err signed_closed_encode(const struct signed_closed *v, struct buf *out)
{
    Sluis__SignedClosed m = SLUIS__SIGNED_CLOSED__INIT;
    m.closed = msg_data(v->closed);
    m.signature = msg_data(v->signature);
    return msg_pack(&m.base, out);
}

enum err signed_closed_decode(struct bytes data, struct arena *a, struct signed_closed *out,
                              struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__signed_closed__descriptor, data, CLOSED_MAX_BYTES * 4, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__SignedClosed *m = raw;
    struct check c = check_new("signed closed", a, why);
    struct signed_closed v = {0};
    check_bytes(&c, "closed", m->closed, (struct check_limits){1, CLOSED_MAX_BYTES * 4},
                &v.closed);
    check_bytes(&c, "signature", m->signature, SIGNATURE_LIMITS, &v.signature);
    if ((e = check_done(&c)) == ERR_OK)
        *out = v;
    return e;
}
