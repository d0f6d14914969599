#include "proto/msg/request.h"

#include "proto/msg/check.h"
#include "proto/msg/request.pb-c.h"

#define HEADER_MAX_BYTES 16384
#define REQUEST_MAX_BYTES ((size_t)4 << 20)
#define NOTICE_MAX_BYTES ((size_t)256 << 10)
#define ENCODE_ARENA_BYTES ((size_t)1 << 20)
#define SIGNATURE_LIMITS ((struct check_limits){1, 80})
#define LEAVES_MIN 8
#define MATCHED_MAX 64

const struct agency_id *request_header_principal(const struct request_header *h)
{
    return agency_id_equal(&h->on_behalf_of, &h->requester) ? NULL : &h->on_behalf_of;
}

enum err request_header_encode(const struct request_header *h, struct buf *out)
{
    if (h->field_count > REQUEST_FIELDS_MAX)
        return ERR_TOO_LARGE;
    char *fields[REQUEST_FIELDS_MAX];
    for (size_t i = 0; i < h->field_count; i++)
        fields[i] = msg_text(h->fields[i].s);
    Sluis__RequestHeader m = SLUIS__REQUEST_HEADER__INIT;
    m.deployment = msg_text(h->deployment.s);
    m.request_id = msg_data(BYTES_OF_ARRAY(h->request_id.b));
    m.requester = msg_text(h->requester.oin);
    m.on_behalf_of = msg_text(h->on_behalf_of.oin);
    m.holder = msg_text(h->holder.oin);
    m.rule = msg_text(h->rule.s);
    m.rule_version = h->rule_version;
    m.policy_digest = msg_data(digest_bytes(&h->policy_digest));
    m.roster_serial = h->roster_serial;
    m.case_id = msg_data(BYTES_OF_ARRAY(h->case_id.b));
    m.case_worker = msg_text(h->case_worker.s);
    m.n_fields = h->field_count;
    m.fields = fields;
    m.purpose = msg_text(h->purpose.s);
    m.epoch = h->epoch;
    m.suite = msg_text(suite_id(h->suite));
    m.issued_at_s = h->issued_at_s;
    m.deadline_s = h->deadline_s;
    m.subject_root = msg_data(digest_bytes(&h->subject_root));
    m.case_state = msg_text(h->case_state.s);
    m.process = msg_text(h->process.s);
    return msg_pack(&m.base, out);
}

static void header_names(struct check *c, const Sluis__RequestHeader *m, struct request_header *h)
{
    check_name(c, "deployment", m->deployment, &h->deployment);
    check_oin(c, "requester", m->requester, &h->requester);
    check_oin(c, "on_behalf_of", m->on_behalf_of, &h->on_behalf_of);
    check_oin(c, "holder", m->holder, &h->holder);
    check_name(c, "rule", m->rule, &h->rule);
    check_name(c, "case_worker", m->case_worker, &h->case_worker);
    check_names(
        c, (struct msg_names_in){m->fields, m->n_fields, REQUEST_FIELDS_MAX, "fields"},
        &h->fields, &h->field_count);
    check_name(c, "purpose", m->purpose, &h->purpose);
    check_suite(c, "suite", m->suite, &h->suite);
    check_name(c, "case_state", m->case_state, &h->case_state);
    check_name(c, "process", m->process, &h->process);
}

enum err request_header_decode(struct bytes data, struct arena *a, struct request_header *out,
                               struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__request_header__descriptor, data, HEADER_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__RequestHeader *m = raw;
    struct check c = check_new("request header", a, why);
    struct request_header h = {.rule_version = m->rule_version,
                               .roster_serial = m->roster_serial,
                               .epoch = m->epoch,
                               .issued_at_s = m->issued_at_s,
                               .deadline_s = m->deadline_s};
    header_names(&c, m, &h);
    CHECK_FIXED(&c, "request_id", m->request_id, h.request_id);
    CHECK_FIXED(&c, "policy_digest", m->policy_digest, h.policy_digest);
    CHECK_FIXED(&c, "case_id", m->case_id, h.case_id);
    CHECK_FIXED(&c, "subject_root", m->subject_root, h.subject_root);
    check_u64(&c, "rule_version", m->rule_version, 1, UINT32_MAX);
    check_u64(&c, "roster_serial", m->roster_serial, 1, UINT64_MAX);
    check_u64(&c, "epoch", m->epoch, 1, UINT32_MAX);
    check_time(&c, "issued_at", m->issued_at_s);
    check_time(&c, "deadline", m->deadline_s);
    if (m->deadline_s <= m->issued_at_s)
        check_fail(&c, ERR_RANGE, "deadline", "a time after issued_at");
    if ((e = check_done(&c)) == ERR_OK)
        *out = h;
    return e;
}

static void put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* The identifier columns of from, in arena a, into m. */
static enum err columns_out(struct arena *a, const struct request_message *from,
                            Sluis__RequestMessage *m)
{
    size_t n = from->identifier_count;
    uint8_t *groups = arena_array(a, n, 2);
    uint8_t *types = arena_alloc(a, n);
    uint8_t *inners = arena_array(a, n, 32);
    uint8_t *salts = arena_array(a, n, 16);
    uint8_t *positions = arena_array(a, n, 2);
    if (groups == NULL || types == NULL || inners == NULL || salts == NULL || positions == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct request_identifier *id = &from->identifiers[i];
        put_u16(groups + 2 * i, id->group);
        types[i] = (uint8_t)id->type;
        memcpy(inners + 32 * i, id->inner.b, 32);
        memcpy(salts + 16 * i, id->salt.b, 16);
        put_u16(positions + 2 * i, id->position);
    }
    m->groups = msg_data(bytes_of(groups, 2 * n));
    m->types = msg_data(bytes_of(types, n));
    m->inners = msg_data(bytes_of(inners, 32 * n));
    m->salts = msg_data(bytes_of(salts, 16 * n));
    m->positions = msg_data(bytes_of(positions, 2 * n));
    return ERR_OK;
}

enum err request_message_encode(const struct request_message *from, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__RequestMessage m = SLUIS__REQUEST_MESSAGE__INIT;
    enum err e = columns_out(a, from, &m);
    if (e != ERR_OK)
        return e;
    m.header = msg_data(from->header);
    m.worker_signature = msg_data(from->worker_signature);
    m.worker_fingerprint = msg_data(digest_bytes(&from->worker_fingerprint));
    m.agency_signature = msg_data(from->agency_signature);
    m.group_count = (uint32_t)from->group_count;
    m.n_sealed_parts = from->group_count;
    m.sealed_parts = arena_array(a, from->group_count, sizeof *m.sealed_parts);
    if (m.sealed_parts == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < from->group_count; i++)
        m.sealed_parts[i] = msg_data(from->sealed_parts[i]);
    m.padding = msg_data(bytes_of(from->padding, from->padding_count * sizeof(struct digest)));
    return msg_pack(&m.base, out);
}

static void sealed_parts_in(struct check *c, const Sluis__RequestMessage *m,
                            struct request_message *out)
{
    check_u64(c, "group_count", m->group_count, 1, REQUEST_GROUPS_MAX);
    if (m->group_count != m->n_sealed_parts)
        check_fail(c, ERR_INVALID, "sealed_parts", "one for each group");
    struct bytes *parts = check_array(c, m->n_sealed_parts, sizeof *parts);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_sealed_parts; i++)
        check_bytes(c, "sealed_parts", m->sealed_parts[i],
                    (struct check_limits){1, SEALED_PART_MAX_BYTES}, &parts[i]);
    out->sealed_parts = parts;
    out->group_count = m->n_sealed_parts;
}

static bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static void check_columns(struct check *c, const Sluis__RequestMessage *m)
{
    size_t n = m->types.len;
    check_count(c, "identifiers", n, 1, REQUEST_IDENTIFIERS_MAX);
    if (m->groups.len != 2 * n || m->inners.len != 32 * n || m->salts.len != 16 * n ||
        m->positions.len != 2 * n)
        check_fail(c, ERR_INVALID, "identifier columns", "one value for each identifier");
    if (m->padding.len % 32 != 0)
        check_fail(c, ERR_INVALID, "padding", "whole leaves of 32 bytes");
    size_t leaves = n + m->padding.len / 32;
    if (!is_power_of_two(leaves) || leaves < LEAVES_MIN || leaves > 2 * REQUEST_IDENTIFIERS_MAX)
        check_fail(c, ERR_INVALID, "padding", "a tree of a power of two leaves, at least 8");
}

/* Marks place v of the bit set seen; false where it was marked before. */
static bool mark(uint8_t *seen, size_t v)
{
    uint8_t bit = (uint8_t)(1u << (v & 7));
    bool fresh = (seen[v >> 3] & bit) == 0;
    seen[v >> 3] |= bit;
    return fresh;
}

static void identifiers_in(struct check *c, const Sluis__RequestMessage *m,
                           struct request_message *out)
{
    size_t n = m->types.len;
    size_t leaves = n + m->padding.len / 32;
    uint8_t places[2 * REQUEST_IDENTIFIERS_MAX / 8] = {0};
    uint8_t groups[REQUEST_GROUPS_MAX / 8] = {0};
    size_t groups_seen = 0;
    struct request_identifier *list = check_array(c, n, sizeof *list);
    for (size_t i = 0; c->err == ERR_OK && i < n; i++) {
        struct request_identifier *id = &list[i];
        id->group = get_u16(m->groups.data + 2 * i);
        id->position = get_u16(m->positions.data + 2 * i);
        check_ident_type(c, "types", m->types.data[i], &id->type);
        memcpy(id->inner.b, m->inners.data + 32 * i, 32);
        memcpy(id->salt.b, m->salts.data + 16 * i, 16);
        check_u64(c, "groups", id->group, 0, out->group_count - 1);
        check_u64(c, "positions", id->position, 0, leaves - 1);
        if (c->err == ERR_OK && !mark(places, id->position))
            check_fail(c, ERR_DUPLICATE, "positions", "each place once");
        if (c->err == ERR_OK && mark(groups, id->group))
            groups_seen++;
    }
    if (c->err == ERR_OK && groups_seen != out->group_count)
        check_fail(c, ERR_INVALID, "groups", "an identifier for each group");
    out->identifiers = list;
    out->identifier_count = n;
    out->padding = (const struct digest *)(const void *)m->padding.data;
    out->padding_count = m->padding.len / 32;
}

enum err request_message_decode(struct bytes data, struct arena *a, struct request_message *out,
                                struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__request_message__descriptor, data, REQUEST_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__RequestMessage *m = raw;
    struct check c = check_new("request", a, why);
    struct request_message r = {0};
    check_bytes(&c, "header", m->header, (struct check_limits){1, HEADER_MAX_BYTES}, &r.header);
    check_bytes(&c, "worker_signature", m->worker_signature, SIGNATURE_LIMITS,
                &r.worker_signature);
    CHECK_FIXED(&c, "worker_fingerprint", m->worker_fingerprint, r.worker_fingerprint);
    check_bytes(&c, "agency_signature", m->agency_signature, SIGNATURE_LIMITS,
                &r.agency_signature);
    sealed_parts_in(&c, m, &r);
    check_columns(&c, m);
    identifiers_in(&c, m, &r);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}

enum err hit_notice_encode(const struct hit_notice *n, struct buf *out)
{
    if (n->matched_count > MATCHED_MAX)
        return ERR_TOO_LARGE;
    Sluis__MatchedIdentifier items[MATCHED_MAX];
    Sluis__MatchedIdentifier *refs[MATCHED_MAX];
    Sluis__MerklePath paths[MATCHED_MAX];
    for (size_t i = 0; i < n->matched_count; i++) {
        const struct matched_identifier *from = &n->matched[i];
        sluis__merkle_path__init(&paths[i]);
        paths[i].index = from->path.index;
        paths[i].size = from->path.size;
        paths[i].hashes =
            msg_data(bytes_of(from->path.hashes, from->path.count * sizeof(struct digest)));
        sluis__matched_identifier__init(&items[i]);
        items[i].type = (uint32_t)from->type;
        items[i].salt = msg_data(BYTES_OF_ARRAY(from->salt.b));
        items[i].path = &paths[i];
        refs[i] = &items[i];
    }
    Sluis__HitNotice m = SLUIS__HIT_NOTICE__INIT;
    m.header = msg_data(n->header);
    m.worker_signature = msg_data(n->worker_signature);
    m.worker_fingerprint = msg_data(digest_bytes(&n->worker_fingerprint));
    m.agency_signature = msg_data(n->agency_signature);
    m.handle = msg_data(BYTES_OF_ARRAY(n->handle.b));
    m.group = n->group;
    m.sealed_part = msg_data(n->sealed_part);
    m.n_matched = n->matched_count;
    m.matched = refs;
    return msg_pack(&m.base, out);
}

static void matched_in(struct check *c, const Sluis__HitNotice *m, struct hit_notice *out)
{
    check_count(c, "matched", m->n_matched, 1, MATCHED_MAX);
    struct matched_identifier *list = check_array(c, m->n_matched, sizeof *list);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_matched; i++) {
        const Sluis__MatchedIdentifier *from = m->matched[i];
        check_ident_type(c, "matched type", from->type, &list[i].type);
        CHECK_FIXED(c, "matched salt", from->salt, list[i].salt);
        if (from->path == NULL) {
            check_fail(c, ERR_INVALID, "matched path", "a path");
            return;
        }
        struct check_path path = {from->path->index, from->path->size, from->path->hashes};
        check_merkle_path(c, "matched path", &path, &list[i].path);
    }
    out->matched = list;
    out->matched_count = m->n_matched;
}

enum err hit_notice_decode(struct bytes data, struct arena *a, struct hit_notice *out,
                           struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__hit_notice__descriptor, data, NOTICE_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__HitNotice *m = raw;
    struct check c = check_new("hit notice", a, why);
    struct hit_notice n = {.group = m->group};
    check_bytes(&c, "header", m->header, (struct check_limits){1, HEADER_MAX_BYTES}, &n.header);
    check_bytes(&c, "worker_signature", m->worker_signature, SIGNATURE_LIMITS,
                &n.worker_signature);
    CHECK_FIXED(&c, "worker_fingerprint", m->worker_fingerprint, n.worker_fingerprint);
    check_bytes(&c, "agency_signature", m->agency_signature, SIGNATURE_LIMITS,
                &n.agency_signature);
    CHECK_FIXED(&c, "handle", m->handle, n.handle);
    check_u64(&c, "group", m->group, 0, REQUEST_GROUPS_MAX - 1);
    check_bytes(&c, "sealed_part", m->sealed_part, (struct check_limits){1, SEALED_PART_MAX_BYTES},
                &n.sealed_part);
    matched_in(&c, m, &n);
    if ((e = check_done(&c)) == ERR_OK)
        *out = n;
    return e;
}

enum err sealed_part_encode(const struct sealed_part *p, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    char *checks[SEALED_CHECKS_MAX];
    if (a == NULL)
        return ERR_NOMEM;
    if (p->check_count > SEALED_CHECKS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < p->check_count; i++)
        checks[i] = msg_text(p->checks[i].s);
    Sluis__SealedPart m = SLUIS__SEALED_PART__INIT;
    m.n_checks = p->check_count;
    m.checks = checks;
    m.deployment = msg_text(p->deployment.s);
    m.request_id = msg_data(BYTES_OF_ARRAY(p->request_id.b));
    m.holder = msg_text(p->holder.oin);
    m.group = p->group;
    m.necessity = arena_text(a, p->necessity);
    m.control_name = arena_text(a, p->control_name);
    m.control_birth_date = arena_text(a, p->control_birth_date);
    m.concrete_signal = arena_text(a, p->concrete_signal);
    m.proportionality = arena_text(a, p->proportionality);
    m.subsidiarity = arena_text(a, p->subsidiarity);
    m.aim = msg_text(p->aim.s);
    m.phenomenon = msg_text(p->phenomenon.s);
    if (m.necessity == NULL || m.control_name == NULL || m.control_birth_date == NULL ||
        m.concrete_signal == NULL || m.proportionality == NULL || m.subsidiarity == NULL)
        return ERR_NOMEM;
    return msg_pack(&m.base, out);
}

enum err sealed_part_decode(struct bytes data, struct arena *a, struct sealed_part *out,
                            struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__sealed_part__descriptor, data, SEALED_PART_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__SealedPart *m = raw;
    const struct check_limits text = {0, NECESSITY_MAX_BYTES};
    struct check c = check_new("sealed part", a, why);
    struct sealed_part p = {.group = m->group};
    check_name(&c, "deployment", m->deployment, &p.deployment);
    CHECK_FIXED(&c, "request_id", m->request_id, p.request_id);
    check_oin(&c, "holder", m->holder, &p.holder);
    check_u64(&c, "group", m->group, 0, REQUEST_GROUPS_MAX - 1);
    check_text(&c, "necessity", m->necessity, text, &p.necessity);
    check_text(&c, "control_name", m->control_name, (struct check_limits){0, 512},
               &p.control_name);
    check_text(&c, "control_birth_date", m->control_birth_date, (struct check_limits){0, 10},
               &p.control_birth_date);
    check_text(&c, "concrete_signal", m->concrete_signal, text, &p.concrete_signal);
    check_text(&c, "proportionality", m->proportionality, text, &p.proportionality);
    check_text(&c, "subsidiarity", m->subsidiarity, text, &p.subsidiarity);
    if (m->aim[0] != '\0')
        check_name(&c, "aim", m->aim, &p.aim);
    if (m->phenomenon[0] != '\0')
        check_name(&c, "phenomenon", m->phenomenon, &p.phenomenon);
    check_names(&c, (struct msg_names_in){m->checks, m->n_checks, SEALED_CHECKS_MAX, "checks"},
                &p.checks, &p.check_count);
    if ((e = check_done(&c)) == ERR_OK)
        *out = p;
    return e;
}
