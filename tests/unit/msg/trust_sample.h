/* Sample documents of trust, and a stand-in hash, for the tests and fuzz targets of their codecs. */
#ifndef SLUIS_TESTS_TRUST_SAMPLE_H
#define SLUIS_TESTS_TRUST_SAMPLE_H

#include "proto/msg/roster.h"

/* No hash at all, but different for different short inputs, which is all that a codec asks of it. */
static inline enum err sample_hash(const struct bytes *parts, size_t count, struct digest *out)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < parts[i].len; k++)
            h = (h ^ parts[i].ptr[k]) * UINT64_C(0x100000001b3);
    }
    for (size_t i = 0; i < sizeof out->b; i++) {
        h = (h ^ i) * UINT64_C(0x100000001b3);
        out->b[i] = (uint8_t)(h >> 24);
    }
    return ERR_OK;
}

#define SAMPLE_MEMBERS 4
#define SAMPLE_OFFICERS 3

/* A roster that passes every check: registrar, broker and two agencies with three officers. Every
 * part of it may be changed. */
struct sample_roster {
    struct roster_member members[SAMPLE_MEMBERS];
    struct roster_officer officers[SAMPLE_OFFICERS];
    struct roster_cert issuers[1];
    struct digest revoked[2];
    struct bytes acts[1];
    struct agency_id controllers[2];
    struct name purposes[2];
    struct name classes[1];
    struct roster_former former[3]; /* two of members[2], one of officers[0] */
    struct roster_former_log former_logs[2];
    struct bytes origin_keys[2];
    struct roster_former_origin former_origins[2];
    struct roster_departure departures[2]; /* not in r */
    struct roster r;
};

static inline struct roster_cert sample_cert(const char *text)
{
    struct roster_cert c = {bytes_str(text), {{0}}};
    return sample_hash(&c.der, 1, &c.fingerprint) == ERR_OK ? c : (struct roster_cert){{NULL, 0}, {{0}}};
}

static inline struct agency_id sample_oin(char last)
{
    struct agency_id id = {"00000099000000000000"};
    id.oin[OIN_CHARS - 1] = last;
    return id;
}

static inline void sample_members(struct sample_roster *s)
{
    struct name_list purposes = {s->purposes, 2};
    struct name_list classes = {s->classes, 1};
    s->members[0] = (struct roster_member){.id = sample_oin('0'),
                                           .kind = MEMBER_REGISTRAR,
                                           .name = bytes_str("Registrar"),
                                           .host = sample_oin('0')};
    s->members[1] = (struct roster_member){.id = sample_oin('1'),
                                           .kind = MEMBER_BROKER,
                                           .name = bytes_str("Broker"),
                                           .host = sample_oin('9'),
                                           .signing = sample_cert("broker signing"),
                                           .transport = sample_cert("broker transport"),
                                           .curve = {{1, 2, 3}},
                                           .endpoint = bytes_str("tcp://127.0.0.1:7000")};
    for (unsigned i = 2; i < SAMPLE_MEMBERS; i++) {
        static const char *const certs[][3] = {{"a2", "b2", "c2"}, {"a3", "b3", "c3"}};
        s->members[i] = (struct roster_member){
            .id = sample_oin((char)('0' + i)),
            .kind = MEMBER_AGENCY,
            .name = bytes_str(i == 2 ? "RIEC \xc3\xa9\xc3\xa9n" : "UWV"),
            .host = s->controllers[i - 2],
            .controllers = s->controllers,
            .controller_count = 2,
            .regime = i == 2 ? REGIME_AVG : REGIME_WPG,
            .classes = classes,
            .purposes = purposes,
            .population = 8000,
            .churn = 900,
            .signing = sample_cert(certs[i - 2][0]),
            .sealing = sample_cert(certs[i - 2][1]),
            .transport = sample_cert(certs[i - 2][2]),
            .curve = {{9, (uint8_t)i}},
        };
    }
}

static inline void sample_former(struct sample_roster *s)
{
    s->former[0] = (struct roster_former){sample_cert("f1"), 1690000000, 1700000001};
    s->former[1] = (struct roster_former){sample_cert("f2"), 1690000000, 1710000000};
    s->former[2] = (struct roster_former){sample_cert("f3"), 1699999999, 1710000000};
    if (bytes_cmp(digest_bytes(&s->former[0].cert.fingerprint),
                  digest_bytes(&s->former[1].cert.fingerprint)) > 0) {
        struct roster_former swap = s->former[0];
        s->former[0] = s->former[1];
        s->former[1] = swap;
    }
    s->members[2].former = (struct former_list){s->former, 2};
    s->officers[0].former = (struct former_list){&s->former[2], 1};
}

static inline void sample_roster_fill(struct sample_roster *s)
{
    *s = (struct sample_roster){.controllers = {sample_oin('2'), sample_oin('3')},
                                .purposes = {{"lsi.wijk"}, {"riec.casus"}},
                                .classes = {{"belasting"}},
                                .acts = {bytes_str("2026-11-23 added 00000099000000000002")}};
    sample_members(s);
    s->issuers[0] = sample_cert("issuer");
    s->revoked[0] = (struct digest){{1}};
    s->revoked[1] = (struct digest){{2}};
    uint32_t worker = UINT32_C(1) << FUNCTION_CASE_WORKER;
    uint32_t release = UINT32_C(1) << FUNCTION_RELEASE_OFFICER;
    s->officers[0] = (struct roster_officer){
        sample_oin('2'), {"mw-1"}, {"p-1"}, worker | release, sample_cert("o1"), {NULL, 0}};
    s->officers[1] = (struct roster_officer){
        sample_oin('2'), {"mw-2"}, {"p-1"}, release, sample_cert("o2"), {NULL, 0}};
    s->officers[2] = (struct roster_officer){
        sample_oin('3'), {"mw-1"}, {"p-3"}, worker, sample_cert("o3"), {NULL, 0}};
    sample_former(s);
    s->r = (struct roster){.deployment = {"demo"},
                           .serial = 7,
                           .issued_at = 1700000000,
                           .not_after = 1700000000 + ROSTER_MAX_LIFE_S,
                           .issuers = s->issuers,
                           .issuer_count = 1,
                           .members = s->members,
                           .member_count = SAMPLE_MEMBERS,
                           .officers = s->officers,
                           .officer_count = SAMPLE_OFFICERS,
                           .revoked = s->revoked,
                           .revoked_count = 2,
                           .log_key = bytes_str("log.example+12345678+AAAA"),
                           .log_origin = bytes_str("log.example"),
                           .acts = s->acts,
                           .act_count = 1,
                           .key = bytes_str("spki of the roster key")};
}

/* The broker is about to change its transport key and its log key, which it changed twice before. */
static inline void sample_broker_rotates(struct sample_roster *s)
{
    s->members[1].next = (struct roster_next){.transport = sample_cert("next transport"),
                                              .curve = {{1, 2, 4}},
                                              .endpoint = bytes_str("tcp://127.0.0.1:7001")};
    s->former_logs[0] = (struct roster_former_log){bytes_str("log.example+00000001+AAAA"), 1700000001};
    s->former_logs[1] = (struct roster_former_log){bytes_str("log.example+00000002+AAAA"), 1700000002};
    s->r.next_log_key = bytes_str("log.example+00000003+AAAA");
    s->r.former_logs = s->former_logs;
    s->r.former_log_count = 2;
}

/* Two logs of the broker that ended. */
static inline void sample_broker_moved(struct sample_roster *s)
{
    s->origin_keys[0] = bytes_str("old.example+00000004+AAAA");
    s->origin_keys[1] = bytes_str("old.example+00000005+AAAA");
    s->former_origins[0] = (struct roster_former_origin){
        .origin = bytes_str("older.example"), .keys = s->origin_keys + 1, .key_count = 1, .size = 16,
        .root = {{8}}, .head = bytes_str("older.example\n16\nAAAA\n\n")};
    s->former_origins[1] = (struct roster_former_origin){
        .origin = bytes_str("old.example"), .keys = s->origin_keys, .key_count = 2, .size = 4096,
        .root = {{9}}, .head = bytes_str("old.example\n4096\nAAAA\n\n")};
    s->r.former_origins = s->former_origins;
    s->r.former_origin_count = 2;
}

#endif
