#include "tests/support/wire_samples.h"

#include "proto/msg/agency_head.h"
#include "proto/msg/batch.h"
#include "proto/msg/bodies.h"
#include "proto/msg/consent.h"
#include "proto/msg/cosign.h"
#include "proto/msg/entries.h"
#include "proto/msg/envelope.h"
#include "proto/msg/hello.h"
#include "proto/msg/log_vouch.h"
#include "proto/msg/mail.h"
#include "proto/msg/reply.h"
#include "proto/msg/request.h"

/* again_X: decode then encode, for messages whose functions are named after them. */
#define AGAIN(type)                                                                                \
    static enum err again_##type(struct bytes data, struct arena *a, struct buf *out,              \
                                 struct errmsg *why)                                               \
    {                                                                                              \
        struct type v = {0};                                                                       \
        enum err e = type##_decode(data, a, &v, why);                                              \
        return e != ERR_OK ? e : type##_encode(&v, out);                                           \
    }

AGAIN(frame)
AGAIN(envelope)
AGAIN(promise)
AGAIN(accepted)
AGAIN(refused)
AGAIN(hello)
AGAIN(hello_reply)
AGAIN(fetch)
AGAIN(fetch_reply)
AGAIN(document)
AGAIN(batch_header)
AGAIN(batch_message)
AGAIN(batch_chunk)
AGAIN(request_header)
AGAIN(request_message)
AGAIN(hit_notice)
AGAIN(sealed_part)
AGAIN(consent)
AGAIN(settle)
AGAIN(release_content)
AGAIN(mail)
AGAIN(mail_ack)
AGAIN(settled)
AGAIN(closed)
AGAIN(signed_closed)
AGAIN(bodies_query)
AGAIN(bodies_exported)
AGAIN(bodies)
AGAIN(bodies_reply)
AGAIN(renewal_ask)
AGAIN(cosign)
AGAIN(cosign_reply)
AGAIN(entries)
AGAIN(entries_reply)
AGAIN(agency_head)
AGAIN(agency_head_reply)
AGAIN(log_vouch)

#define NOW 1795000000
#define TEXT(s) {(const uint8_t *)(s), sizeof(s) - 1}

static const struct name deployment = {.s = "demo"};
static const struct name purpose = {.s = "riec-casus"};
static const struct agency_id riec = {.oin = "00000099000000002000"};
static const struct agency_id uwv = {.oin = "00000099000000005000"};
static const struct digest digests[4] = {{{1}}, {{2}}, {{3}}, {{4}}};
static const struct bytes some = TEXT("some bytes");
static const struct name names[2] = {{.s = "ingangsdatum"}, {.s = "soort_uitkering"}};

static struct merkle_path path(void)
{
    return (struct merkle_path){.index = 5, .size = 9, .hashes = digests, .count = 4};
}

static enum err sample_frame(struct arena *a, struct buf *out)
{
    (void)a;
    return frame_encode(&(struct frame){some, some}, out);
}

static enum err sample_envelope(struct arena *a, struct buf *out)
{
    (void)a;
    struct envelope e = {.deployment = deployment, .version = WIRE_VERSION, .sender = riec,
                         .recipient = uwv, .kind = MSG_REQUEST, .id = {{7}}, .is_reply = true,
                         .in_reply_to = {{8}}, .sent_at_s = NOW, .expires_at_s = NOW + 600,
                         .roster_serial = 3, .policy_serial = 300, .body = some};
    return envelope_encode(&e, out);
}

static enum err sample_promise(struct arena *a, struct buf *out)
{
    (void)a;
    struct promise p = {.deployment = deployment, .origin = TEXT("sluis.example/log"),
                        .entry = digests[0], .message_id = {{9}}, .committed_at_s = NOW,
                        .merge_by_s = NOW + 60};
    return promise_encode(&p, out);
}

static enum err sample_accepted(struct arena *a, struct buf *out)
{
    (void)a;
    return accepted_encode(&(struct accepted){some, some, 2}, out);
}

static enum err sample_refused(struct arena *a, struct buf *out)
{
    (void)a;
    const struct refused_condition list[2] = {
        {TEXT("function"), TEXT("has case_worker"), TEXT("WGS 2.19")},
        {TEXT("limits"), TEXT(""), TEXT("")}};
    struct refused r = {.code = REFUSED_POLICY, .detail = TEXT("rule riec.casus"),
                        .conditions = list, .condition_count = 2, .roster_serial = 1,
                        .policy_serial = 2, .promise = some, .promise_signature = some};
    return refused_encode(&r, out);
}

static const struct epoch_key epochs[2] = {
    {.purpose = {.s = "riec-casus"}, .epoch = 1, .suite = SUITE_HK1},
    {.purpose = {.s = "riec-casus"}, .epoch = 2, .suite = SUITE_HK1}};

static const struct hello_chain chains[2] = {
    {.purpose = {.s = "riec-casus"}, .epoch = 1, .sequence = 9, .digest = {{4}}},
    {.purpose = {.s = "riec-casus"}, .epoch = 2}};

static enum err sample_hello(struct arena *a, struct buf *out)
{
    (void)a;
    struct hello h = {.versions = {1}, .version_count = 1, .roster_serial = 4, .policy_serial = 5, .mail_done = 6,
                      .policy_digest = digests[1], .epochs = epochs, .epoch_count = 2,
                      .trust = {6, digests[2], digests[0], digests[1]}, .now_s = NOW, .checkpoint = some,
                      .chains = chains, .chain_count = 2};
    h.norm_versions[IDENT_BSN] = 1;
    h.norm_versions[IDENT_IMEI] = 2;
    h.suites[SUITE_HK1] = true;
    return hello_encode(&h, out);
}

static enum err sample_hello_reply(struct arena *a, struct buf *out)
{
    (void)a;
    struct hello_reply h = {.state = SESSION_REPAIR, .version = 1, .difference = TEXT("roster"),
                            .roster_serial = 4, .policy_serial = 5, .policy_digest = digests[1],
                            .epochs = epochs, .epoch_count = 2, .trust = {6, digests[2], digests[0], digests[1]},
                            .now_s = NOW, .slot_interval_ms = 1000, .publish_interval_ms = 1000, .credit = 2,
                            .origin = TEXT("sluis.example/log"), .copied_s = NOW, .lacking = chains, .lacking_count = 2};
    return hello_reply_encode(&h, out);
}

static enum err sample_fetch(struct arena *a, struct buf *out)
{
    (void)a;
    return fetch_encode(&(struct fetch){DOCUMENT_POLICY}, out);
}

static const struct document documents[3] = {{DOCUMENT_POLICY, TEXT("policy")},
                                             {DOCUMENT_EPOCH_STATES, TEXT("states")},
                                             {DOCUMENT_ADOPTION, TEXT("adoption")}};

static enum err sample_fetch_reply(struct arena *a, struct buf *out)
{
    (void)a;
    return fetch_reply_encode(&(struct fetch_reply){documents, 3}, out);
}

static enum err sample_document(struct arena *a, struct buf *out)
{
    (void)a;
    return document_encode(&documents[0], out);
}

static enum err sample_batch_header(struct arena *a, struct buf *out)
{
    (void)a;
    struct batch_header h = {.deployment = deployment, .agency = uwv, .purpose = purpose,
                             .epoch = 1, .suite = SUITE_HK1, .policy_digest = digests[0],
                             .sequence = 70000, .previous_digest = digests[1], .kind = BATCH_ADD,
                             .record_count = 3, .token_count = 5, .root = digests[2],
                             .batch_id = {{3}}, .import_id = {{4}}, .mode = IMPORT_MODE_FULL,
                             .issued_at_s = NOW};
    h.norm_versions[IDENT_BSN] = 1;
    h.norm_versions[IDENT_KVK] = 1;
    return batch_header_encode(&h, out);
}

static enum err sample_batch_message(struct arena *a, struct buf *out)
{
    (void)a;
    return batch_message_encode(&(struct batch_message){some, some, 4}, out);
}

static enum err sample_batch_chunk(struct arena *a, struct buf *out)
{
    (void)a;
    const struct rule_set sets[2] = {{names, 2}, {names, 1}};
    const struct batch_record records[2] = {
        {.handle = {{1}}, .rule_set = 1, .token_count = 2, .expires_day = 21000},
        {.handle = {{2}}, .category = 1, .token_count = 1, .expires_day = 21001,
         .first_token = 2}};
    const struct batch_token tokens[3] = {{.type = IDENT_BSN, .inner = {{1}}, .salt = {{2}}},
                                          {.type = IDENT_IBAN, .inner = {{3}}, .salt = {{4}}},
                                          {.type = IDENT_IMEI, .inner = {{5}}, .salt = {{6}}}};
    struct batch_chunk c = {.batch_id = {{9}}, .index = 3, .rule_sets = sets, .rule_set_count = 2,
                            .categories = names, .category_count = 2, .records = records,
                            .record_count = 2, .tokens = tokens, .token_count = 3};
    return batch_chunk_encode(&c, out);
}

static enum err sample_request_header(struct arena *a, struct buf *out)
{
    (void)a;
    struct request_header h = {.deployment = deployment, .request_id = {{1}}, .requester = riec,
                               .on_behalf_of = riec, .holder = uwv,
                               .rule = {.s = "riec.casus.verstrekking"}, .rule_version = 1,
                               .policy_digest = digests[0], .roster_serial = 12,
                               .case_id = {{2}}, .case_worker = {.s = "0123456789abcdef"},
                               .fields = names, .field_count = 2, .purpose = purpose, .epoch = 1,
                               .suite = SUITE_HK1, .issued_at_s = NOW, .deadline_s = NOW + 60,
                               .subject_root = digests[3], .case_state = {.s = "work_up_1"},
                               .process = {.s = "case_release"}};
    return request_header_encode(&h, out);
}

static enum err sample_request_message(struct arena *a, struct buf *out)
{
    (void)a;
    const struct bytes parts[2] = {TEXT("sealed 0"), TEXT("sealed 1")};
    const struct request_identifier ids[3] = {
        {.group = 0, .position = 7, .type = IDENT_BSN, .inner = {{1}}, .salt = {{2}}},
        {.group = 1, .position = 0, .type = IDENT_KVK, .inner = {{3}}, .salt = {{4}}},
        {.group = 1, .position = 3, .type = IDENT_IBAN, .inner = {{5}}, .salt = {{6}}}};
    static const struct digest padding[5] = {{{1}}, {{2}}, {{3}}, {{4}}, {{5}}};
    struct request_message m = {.header = some, .worker_signature = some,
                                .worker_fingerprint = digests[0], .agency_signature = some,
                                .sealed_parts = parts, .group_count = 2, .identifiers = ids,
                                .identifier_count = 3, .padding = padding, .padding_count = 5};
    return request_message_encode(&m, out);
}

static enum err sample_hit_notice(struct arena *a, struct buf *out)
{
    (void)a;
    const struct matched_identifier matched[2] = {
        {.type = IDENT_BSN, .salt = {{1}}, .path = path()},
        {.type = IDENT_TELEFOON, .salt = {{2}}, .path = path()}};
    struct hit_notice n = {.header = some, .worker_signature = some,
                           .worker_fingerprint = digests[1], .agency_signature = some,
                           .handle = {{4}}, .group = 1, .sealed_part = some, .matched = matched,
                           .matched_count = 2};
    return hit_notice_encode(&n, out);
}

static enum err sample_sealed_part(struct arena *a, struct buf *out)
{
    (void)a;
    static const struct name checks[] = {{"check_1"}, {"check_2a"}};
    struct sealed_part p = {.deployment = deployment, .request_id = {{1}}, .holder = uwv,
                            .group = 2, .necessity = TEXT("omdat het moet"),
                            .control_name = TEXT("J\xc3\xa4nsen"),
                            .control_birth_date = TEXT("1840-01-01"),
                            .concrete_signal = TEXT("signaal"), .proportionality = TEXT("ja"),
                            .subsidiarity = TEXT("ook"),
                            .checks = checks,
                            .check_count = 2};
    return sealed_part_encode(&p, out);
}

static enum err sample_consent(struct arena *a, struct buf *out)
{
    (void)a;
    struct consent c = {.deployment = deployment, .decision = CONSENT_RELEASE,
                        .header_digest = digests[0], .requester = riec,
                        .requester_sealing = digests[1],
                        .rule = {.s = "riec.casus.verstrekking"}, .rule_version = 1,
                        .policy_digest = digests[2], .roster_serial = 3, .purpose = purpose,
                        .epoch = 1, .handle = {{1}}, .record_leaf = digests[3], .fields = names,
                        .field_count = 2, .staff = {.s = "0123456789abcdef"},
                        .function = {.s = "release_officer"}, .signed_at_s = NOW,
                        .not_after_s = NOW + 60, .nonce = {{5}}};
    return consent_encode(&c, out);
}

static const struct signed_consent consents[2] = {
    {.consent = TEXT("first"), .signature = TEXT("s1"), .fingerprint = {{1}}},
    {.consent = TEXT("second"), .signature = TEXT("s2"), .fingerprint = {{2}}}};

static enum err sample_settle(struct arena *a, struct buf *out)
{
    (void)a;
    struct settle s = {.consents = {consents[0], consents[1]}, .consent_count = 2,
                       .batch_id = {{6}}, .leaf_path = path(), .release = some};
    return settle_encode(&s, out);
}

static enum err sample_release_content(struct arena *a, struct buf *out)
{
    (void)a;
    const struct field_opening fields[2] = {
        {.name = names[0], .salt = {{1}}, .value = TEXT("2026-01-01"), .path = path()},
        {.name = names[1], .salt = {{2}}, .value = TEXT(""), .path = path()}};
    const struct token_opening token = {.type = IDENT_BSN, .salt = {{3}}, .path = path()};
    struct release_content r = {.deployment = deployment, .holder = uwv, .recipient = riec,
                                .recipient_sealing = digests[0], .header_digest = digests[1],
                                .consent_digests = {digests[2], digests[3]}, .consent_count = 2,
                                .handle = {{4}}, .record_leaf = digests[0], .group = 1,
                                .released_at_s = NOW, .handling = TEXT("vertrouwelijk"),
                                .fields = fields, .field_count = 2, .tokens = &token,
                                .token_count = 1, .rules = names, .rule_count = 1,
                                .category = {.s = "uitkering"}, .expires_day = 21000,
                                .field_root = digests[1], .token_root = digests[2],
                                .batch_header = some, .batch_signature = some,
                                .batch_promise = some, .batch_promise_signature = some,
                                .leaf_path = path()};
    return release_content_encode(&r, out);
}

static enum err sample_mail(struct arena *a, struct buf *out)
{
    (void)a;
    const struct mail_item items[2] = {{5, MAIL_HIT, TEXT("notice")},
                                       {9, MAIL_CLOSED, TEXT("closed")}};
    return mail_encode(&(struct mail){.slot = 3, .items = items, .item_count = 2}, out);
}

static enum err sample_mail_ack(struct arena *a, struct buf *out)
{
    (void)a;
    return mail_ack_encode(&(struct mail_ack){77}, out);
}

static enum err sample_settled(struct arena *a, struct buf *out)
{
    (void)a;
    struct settled s = {.header_digest = digests[0], .consents = {consents[0], consents[1]},
                        .consent_count = 2, .release = some};
    return settled_encode(&s, out);
}

static enum err sample_closed(struct arena *a, struct buf *out)
{
    (void)a;
    struct closed c = {.deployment = deployment, .request_id = {{1}}, .header_digest = digests[0],
                       .holder = uwv, .closed_at_s = NOW, .last_full_import_s = NOW - 60,
                       .categories = names, .category_count = 2};
    c.types[IDENT_BSN] = true;
    c.types[IDENT_IMEI] = true;
    return closed_encode(&c, out);
}

static enum err sample_signed_closed(struct arena *a, struct buf *out)
{
    (void)a;
    return signed_closed_encode(&(struct signed_closed){some, some}, out);
}

static const struct bodies_filter filter = {
    .since_s = NOW - 86400, .until_s = NOW, .agency = {.oin = "00000099000000005000"},
    .rule = {.s = "riec.casus"}, .event = {.s = "request.refused"}, .decision = {.s = "deny"},
    .salt = {{5}}, .has_officer = true, .officer = {{6}}, .has_request = true, .request = {{7}},
    .has_case = true, .dossier = {{8}}};

static enum err sample_bodies_query(struct arena *a, struct buf *out)
{
    (void)a;
    struct bodies_query q = {.deployment = deployment, .reader = riec,
                             .staff = {.s = "0123456789abcdef"}, .function = {.s = "auditor"},
                             .from_index = 100, .max_rows = 1000, .issued_at_s = NOW,
                             .nonce = {{3}}, .purpose = BODIES_FOR_LIST, .filter = filter,
                             .narrow = true,
                             .sought = {.officer = {.s = "fedcba9876543210"}, .has_request = true, .request = {{9}},
                                        .has_case = true, .dossier = {{10}}}};
    return bodies_query_encode(&q, out);
}

static enum err sample_bodies_exported(struct arena *a, struct buf *out)
{
    (void)a;
    const struct bodies_exported x = {.deployment = deployment, .reader = riec,
                                      .staff = {.s = "0123456789abcdef"}, .function = {.s = "auditor"},
                                      .format = BODIES_CSV, .rows = 1000, .sha256 = digests[2],
                                      .filter = filter, .issued_at_s = NOW, .nonce = {{4}}};
    return bodies_exported_encode(&x, out);
}

static enum err sample_bodies(struct arena *a, struct buf *out)
{
    (void)a;
    return bodies_encode(&(struct bodies){some, some, digests[0]}, out);
}

static enum err sample_bodies_reply(struct arena *a, struct buf *out)
{
    (void)a;
    const struct body_row rows[5] = {{.index = 4, .entry = digests[0], .body = some},
                                     {.index = 5, .entry = digests[1]},
                                     {.index = 6, .entry = digests[2], .is_erased = true},
                                     {.index = 7, .entry = digests[2], .is_unreadable = true},
                                     {.index = 8, .entry = digests[1], .is_lost = true}};
    return bodies_reply_encode(&(struct bodies_reply){10, rows, 5, 9}, out);
}

static enum err sample_renewal_ask(struct arena *a, struct buf *out)
{
    (void)a;
    return renewal_ask_encode(&(struct renewal_ask){riec, some}, out);
}

static enum err sample_cosign(struct arena *a, struct buf *out)
{
    (void)a;
    const struct cosign c = {.size = 64, .lines = some, .witness = TEXT("demo/witness/x"), .away_from_s = NOW, .away_until_s = NOW + 1};
    return cosign_encode(&c, out);
}

static enum err sample_cosign_reply(struct arena *a, struct buf *out)
{
    (void)a;
    return cosign_reply_encode(&(struct cosign_reply){some, some}, out);
}

static enum err sample_entries(struct arena *a, struct buf *out)
{
    (void)a;
    return entries_encode(&(struct entries){256}, out);
}

static enum err sample_entries_reply(struct arena *a, struct buf *out)
{
    (void)a;
    return entries_reply_encode(&(struct entries_reply){some, 256, bytes_of(digests, sizeof digests)}, out);
}

static enum err sample_agency_head(struct arena *a, struct buf *out)
{
    (void)a;
    const struct agency_head h = {.keys = {some, some}, .key_count = 2, .request = some, .vouch = some};
    return agency_head_encode(&h, out);
}

static enum err sample_agency_head_reply(struct arena *a, struct buf *out)
{
    (void)a;
    return agency_head_reply_encode(&(struct agency_head_reply){.status = 409, .witness = some, .known = some}, out);
}

static enum err sample_log_vouch(struct arena *a, struct buf *out)
{
    const struct log_vouch v = {.deployment = deployment,
                                .agency = riec,
                                .staff = {.s = "0123456789abcdef"},
                                .lost = {digests[0], digests[1]},
                                .lost_count = 2,
                                .key = some,
                                .size = 32,
                                .root = digests[2],
                                .issued_at_s = NOW};
    (void)a;
    return log_vouch_encode(&v, out);
}

#define KIND(type) {#type, sample_##type, again_##type}

const struct wire_kind wire_kinds[] = {
    KIND(frame), KIND(envelope), KIND(promise), KIND(accepted), KIND(refused), KIND(hello),
    KIND(hello_reply), KIND(fetch), KIND(fetch_reply), KIND(document), KIND(batch_header),
    KIND(batch_message), KIND(batch_chunk), KIND(request_header), KIND(request_message),
    KIND(hit_notice), KIND(sealed_part), KIND(consent), KIND(settle), KIND(release_content),
    KIND(mail), KIND(mail_ack), KIND(settled), KIND(closed), KIND(signed_closed),
    KIND(bodies_query), KIND(bodies), KIND(bodies_reply), KIND(renewal_ask), KIND(cosign),
    KIND(cosign_reply), KIND(entries), KIND(entries_reply), KIND(bodies_exported),
    KIND(agency_head), KIND(agency_head_reply), KIND(log_vouch),
};
const size_t wire_kind_count = ARRAY_LEN(wire_kinds);
