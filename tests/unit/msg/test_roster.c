/* The roster codec: what it writes it reads, and every rule of a roster refuses on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/msg/trust_sample.h"

/* Two who left, in order. */
static void sample_departures(struct sample_roster *s)
{
    s->departures[0] = (struct roster_departure){s->purposes[0], sample_oin('7'), 1000};
    s->departures[1] = (struct roster_departure){s->purposes[1], sample_oin('7'), 2000};
    s->r.departures = s->departures;
    s->r.departure_count = 2;
}

static struct bytes encoded(const struct roster *r, struct buf *out)
{
    struct errmsg why = {""};
    if (roster_encode(r, out, &why) != ERR_OK)
        fail_msg("encode: %s", why.text);
    return buf_bytes(out);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf again CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
    struct roster r;
    struct errmsg why = {""};
    if (roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, &why) != ERR_OK)
        fail_msg("decode: %s", why.text);
    assert_true(bytes_equal(encoded(&r, &again), buf_bytes(&doc)));
    assert_int_equal(r.serial, 7);
    assert_int_equal(r.members[2].population, 8000);
    assert_int_equal(r.members[3].regime, REGIME_WPG);
    assert_string_equal(r.members[2].purposes.v[1].s, "riec.casus");
    assert_true(digest_equal(&r.members[2].sealing.fingerprint, &s.members[2].sealing.fingerprint));
    assert_int_equal(r.members[2].former.count, 2);
    assert_int_equal(r.members[2].former.v[1].until, s.former[1].until);
    assert_int_equal(r.officers[0].former.v[0].replaced_at, 1699999999);
    assert_int_equal(r.officers[1].former.count, 0);
    assert_true(bytes_is(r.acts[0], "2026-11-23 added 00000099000000000002"));
}

static void a_roster_in_which_the_broker_changes_its_keys_is_read_back(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    sample_broker_rotates(&s);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf again CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
    struct roster r;
    assert_int_equal(roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, NULL), ERR_OK);
    assert_true(bytes_equal(encoded(&r, &again), buf_bytes(&doc)));
    assert_true(roster_has_next(&r.members[1]));
    assert_false(roster_has_next(&r.members[2]));
    assert_true(bytes_is(r.members[1].next.endpoint, "tcp://127.0.0.1:7001"));
    assert_memory_equal(r.members[1].next.curve.b, s.members[1].next.curve.b, CURVE_KEY_BYTES);
    assert_true(bytes_equal(r.next_log_key, s.r.next_log_key));
    assert_int_equal(r.former_log_count, 2);
    assert_int_equal(r.former_logs[1].until, s.former_logs[1].until);
}

static void look_ups_find_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    struct agency_id uwv = sample_oin('3');
    struct agency_id nobody = sample_oin('8');
    struct name mw1 = {"mw-1"};
    struct name mw2 = {"mw-2"};
    struct curve_key other = {{9, 9}};
    struct curve_key zero = {{0}};
    assert_ptr_equal(roster_member_of(&s.r, &uwv), &s.members[3]);
    assert_null(roster_member_of(&s.r, &nobody));
    assert_ptr_equal(roster_member_by_curve(&s.r, &s.members[3].curve), &s.members[3]);
    assert_null(roster_member_by_curve(&s.r, &other));
    assert_null(roster_member_by_curve(&s.r, &zero));
    assert_ptr_equal(roster_broker(&s.r), &s.members[1]);
    assert_ptr_equal(roster_officer_of(&s.r, &uwv, &mw1), &s.officers[2]);
    assert_null(roster_officer_of(&s.r, &uwv, &mw2));
    assert_ptr_equal(roster_officer_by_cert(&s.r, &s.officers[1].cert.fingerprint), &s.officers[1]);
    assert_true(roster_officer_has(&s.officers[0], FUNCTION_CASE_WORKER));
    assert_false(roster_officer_has(&s.officers[0], FUNCTION_AUDITOR));
    assert_false(roster_officer_has(&s.officers[0], FUNCTION_NONE));
    assert_true(roster_officer_is(&s.officers[0], &(struct name){"case_worker"}));
    assert_false(roster_officer_is(&s.officers[0], &(struct name){"auditor"}));
    assert_false(roster_officer_is(&s.officers[0], &(struct name){"none"}));
    assert_true(roster_is_revoked(&s.r, &s.revoked[1]));
    assert_false(roster_is_revoked(&s.r, &s.officers[0].cert.fingerprint));
}

static void a_former_certificate_leads_to_who_had_it(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    const struct roster_former *f = NULL;
    const struct digest nobodys = {{7}};
    assert_ptr_equal(roster_member_with(&s.r, &s.former[1].cert.fingerprint, &f), &s.members[2]);
    assert_ptr_equal(f, &s.former[1]);
    assert_ptr_equal(roster_member_with(&s.r, &s.members[3].sealing.fingerprint, &f),
                     &s.members[3]);
    assert_null(f);
    assert_null(roster_member_with(&s.r, &nobodys, &f));
    assert_ptr_equal(roster_officer_with(&s.r, &s.former[2].cert.fingerprint, &f), &s.officers[0]);
    assert_ptr_equal(f, &s.former[2]);
    assert_ptr_equal(roster_officer_with(&s.r, &s.officers[2].cert.fingerprint, &f),
                     &s.officers[2]);
    assert_null(f);
    assert_null(roster_officer_with(&s.r, &s.former[0].cert.fingerprint, &f));
    assert_null(roster_officer_by_cert(&s.r, &s.former[2].cert.fingerprint));
}

/* The registrar's certificates, with which it has a mailbox. */
static void give_mailbox(struct roster_member *m)
{
    m->signing = sample_cert("registrar signing");
    m->transport = sample_cert("registrar transport");
    m->curve.b[7] = 7;
}

static void a_registrar_may_have_a_mailbox(void **state)
{
    (void)state;
    struct sample_roster s;
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
    struct roster r;
    sample_roster_fill(&s);
    assert_null(roster_registrar(&s.r)); /* as registers of before */
    give_mailbox(&s.members[0]);
    assert_int_equal(roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, NULL), ERR_OK);
    const struct roster_member *m = roster_registrar(&r);
    assert_ptr_equal(m, &r.members[0]);
    assert_ptr_equal(roster_member_by_curve(&r, &s.members[0].curve), m);
}

typedef void (*spoil_fn)(struct sample_roster *s);

#define SPOIL(name, statement)                                                                     \
    static void name(struct sample_roster *s)                                                      \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(serial_zero, s->r.serial = 0)
SPOIL(too_long, s->r.not_after++)
SPOIL(ends_before_it_starts, s->r.not_after = s->r.issued_at)
SPOIL(no_time, s->r.issued_at = 0)
SPOIL(no_key, s->r.key.len = 0)
SPOIL(no_issuer, s->r.issuer_count = 0)
SPOIL(member_twice, s->members[3].id = s->members[2].id)
SPOIL(members_out_of_order, s->members[0].id = sample_oin('8'))
SPOIL(two_brokers, s->members[0] = s->members[1]; s->members[0].id = sample_oin('0');
      s->members[0].signing = sample_cert("x"); s->members[0].transport = sample_cert("y");
      s->members[0].curve.b[5] = 1)
SPOIL(broker_without_log, s->r.log_key.len = 0)
SPOIL(broker_without_endpoint, s->members[1].endpoint.len = 0)
SPOIL(broker_with_sealing, s->members[1].sealing = sample_cert("z"))
SPOIL(broker_in_purpose, s->members[1].purposes = s->members[2].purposes)
SPOIL(agency_without_signing, s->members[2].signing.der.len = 0)
SPOIL(agency_without_sealing, s->members[2].sealing.der.len = 0)
SPOIL(agency_without_transport, s->members[2].transport.der.len = 0)
SPOIL(agency_without_curve, memset(&s->members[2].curve, 0, 32))
SPOIL(agency_without_regime, s->members[2].regime = REGIME_NONE)
SPOIL(agency_without_controller, s->members[2].controller_count = 0)
SPOIL(agency_with_endpoint, s->members[2].endpoint = bytes_str("tcp://x"))
SPOIL(no_kind, s->members[2].kind = MEMBER_NONE)
SPOIL(registrar_with_signing, s->members[0].signing = sample_cert("r"))
SPOIL(registrar_with_transport, s->members[0].transport = sample_cert("r"))
SPOIL(registrar_with_sealing, give_mailbox(&s->members[0]); s->members[0].sealing = sample_cert("r"))
SPOIL(registrar_without_curve, give_mailbox(&s->members[0]); memset(&s->members[0].curve, 0, 32))
SPOIL(two_mailboxes, give_mailbox(&s->members[0]); s->members[1] = s->members[0];
      s->members[1].id = sample_oin('1'))
SPOIL(next_without_certificate, s->members[1].next.transport.der.len = 0)
SPOIL(next_without_curve, memset(&s->members[1].next.curve, 0, 32))
SPOIL(next_without_endpoint, s->members[1].next.endpoint.len = 0)
SPOIL(next_endpoint_is_endpoint, s->members[1].next.endpoint = s->members[1].endpoint)
SPOIL(next_is_the_curve_of_now, s->members[1].next.curve = s->members[1].curve)
SPOIL(next_is_the_certificate_of_now, s->members[1].next.transport = s->members[1].transport)
SPOIL(next_of_an_agency, s->members[2].next = s->members[1].next;
      memset(&s->members[1].next, 0, sizeof s->members[1].next))
SPOIL(next_log_is_the_log_of_now, s->r.next_log_key = s->r.log_key)
SPOIL(former_log_is_the_log_of_now, s->former_logs[1].key = s->r.log_key)
SPOIL(former_log_is_the_next, s->former_logs[0].key = s->r.next_log_key)
SPOIL(former_log_twice, s->former_logs[1].key = s->former_logs[0].key)
SPOIL(former_log_without_end, s->former_logs[0].until = 0)
SPOIL(former_log_without_key, s->former_logs[0].key.len = 0)
SPOIL(logs_without_log, s->members[1] = s->members[0]; s->members[1].id = sample_oin('1');
      s->r.log_key.len = 0)
SPOIL(same_cert_twice, s->members[3].sealing = s->members[2].sealing)
SPOIL(same_cert_officer, s->officers[2].cert = s->members[2].signing)
SPOIL(same_curve, s->members[3].curve = s->members[2].curve)
SPOIL(officer_twice, s->officers[1].staff = s->officers[0].staff)
SPOIL(officer_of_nobody, s->officers[2].agency = sample_oin('8'))
SPOIL(officer_of_broker, s->officers[0].agency = s->members[1].id)
SPOIL(officer_without_function, s->officers[0].functions = 0)
SPOIL(officer_who_decides_supervises, s->officers[0].functions |= 1u << FUNCTION_COMPLIANCE_OFFICER)
SPOIL(officer_supervises_under_another_id, s->officers[1].functions = 1u << FUNCTION_COMPLIANCE_OFFICER;
      s->officers[1].person = s->officers[0].person)
SPOIL(officer_without_cert, s->officers[0].cert.der.len = 0)
SPOIL(revoked_out_of_order, s->revoked[1] = s->revoked[0])
SPOIL(former_out_of_order, s->former[1] = s->former[0])
SPOIL(former_without_certificate, s->former[0].cert.der.len = 0)
SPOIL(former_never_replaced, s->former[2].replaced_at = 0)
SPOIL(former_over_at_once, s->former[2].until = s->former[2].replaced_at)
SPOIL(former_is_current, s->former[0].cert = s->members[3].signing; s->members[2].former.count = 1)
SPOIL(former_of_two, s->officers[1].former = s->officers[0].former)
SPOIL(former_revoked, s->revoked[0] = s->former[2].cert.fingerprint; s->r.revoked_count = 1)
SPOIL(former_of_registrar, s->members[0].former = s->members[2].former;
      s->members[2].former.count = 0)
SPOIL(next_key_is_key, s->r.next_key = s->r.key)
SPOIL(departures_out_of_order, sample_departures(s); s->departures[1] = s->departures[0])
SPOIL(departure_without_time, sample_departures(s); s->departures[0].at_s = 0)
SPOIL(departed_and_there, sample_departures(s); s->departures[1].oin = s->members[2].id;
      s->departures[1].purpose = s->members[2].purposes.v[1])
SPOIL(broker_host_hosts_agency, s->members[1].host = s->members[2].host)
SPOIL(broker_host_is_agency, s->members[1].host = s->members[3].id)
SPOIL(broker_host_controls, s->members[1].host = sample_oin('3'))
SPOIL(broker_hosts_agency, s->members[3].host = s->members[1].id)
SPOIL(broker_host_is_registrars, s->members[0].host = s->members[1].host)

struct rule_case {
    const char *name;
    spoil_fn spoil;
    enum err want;
};

static void check_cases(const struct rule_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sample_roster s;
        struct errmsg why = {""};
        struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
        sample_roster_fill(&s);
        sample_broker_rotates(&s);
        cases[i].spoil(&s);
        enum err e = roster_encode(&s.r, &out, &why);
        if (e != cases[i].want)
            fail_msg("%s: got %d (%s), want %d", cases[i].name, e, why.text, cases[i].want);
        assert_true(why.text[0] != '\0');
    }
}

static void each_rule_refuses_when_it_is_broken(void **state)
{
    (void)state;
    static const struct rule_case cases[] = {
        {"serial_zero", serial_zero, ERR_RANGE},
        {"too_long", too_long, ERR_RANGE},
        {"ends_before_it_starts", ends_before_it_starts, ERR_RANGE},
        {"no_time", no_time, ERR_RANGE},
        {"no_key", no_key, ERR_INVALID},
        {"no_issuer", no_issuer, ERR_INVALID},
        {"member_twice", member_twice, ERR_DUPLICATE},
        {"members_out_of_order", members_out_of_order, ERR_DUPLICATE},
        {"two_brokers", two_brokers, ERR_DUPLICATE},
        {"broker_without_log", broker_without_log, ERR_INVALID},
        {"broker_without_endpoint", broker_without_endpoint, ERR_INVALID},
        {"broker_with_sealing", broker_with_sealing, ERR_INVALID},
        {"broker_in_purpose", broker_in_purpose, ERR_INVALID},
        {"agency_without_signing", agency_without_signing, ERR_INVALID},
        {"agency_without_sealing", agency_without_sealing, ERR_INVALID},
        {"agency_without_transport", agency_without_transport, ERR_INVALID},
        {"agency_without_curve", agency_without_curve, ERR_INVALID},
        {"agency_without_regime", agency_without_regime, ERR_INVALID},
        {"agency_without_controller", agency_without_controller, ERR_INVALID},
        {"agency_with_endpoint", agency_with_endpoint, ERR_INVALID},
        {"no_kind", no_kind, ERR_INVALID},
        {"registrar_with_signing", registrar_with_signing, ERR_INVALID},
        {"registrar_with_transport", registrar_with_transport, ERR_INVALID},
        {"registrar_with_sealing", registrar_with_sealing, ERR_INVALID},
        {"registrar_without_curve", registrar_without_curve, ERR_INVALID},
        {"two_mailboxes", two_mailboxes, ERR_DUPLICATE},
        {"same_cert_twice", same_cert_twice, ERR_DUPLICATE},
        {"same_cert_officer", same_cert_officer, ERR_DUPLICATE},
        {"same_curve", same_curve, ERR_DUPLICATE},
        {"officer_twice", officer_twice, ERR_DUPLICATE},
        {"officer_of_nobody", officer_of_nobody, ERR_NOT_FOUND},
        {"officer_of_broker", officer_of_broker, ERR_NOT_FOUND},
        {"officer_without_function", officer_without_function, ERR_INVALID},
        {"officer_who_decides_supervises", officer_who_decides_supervises, ERR_CONFLICT},
        {"officer_supervises_under_another_id", officer_supervises_under_another_id, ERR_CONFLICT},
        {"officer_without_cert", officer_without_cert, ERR_INVALID},
        {"revoked_out_of_order", revoked_out_of_order, ERR_DUPLICATE},
        {"former_out_of_order", former_out_of_order, ERR_DUPLICATE},
        {"former_without_certificate", former_without_certificate, ERR_INVALID},
        {"former_never_replaced", former_never_replaced, ERR_INVALID},
        {"former_over_at_once", former_over_at_once, ERR_INVALID},
        {"former_is_current", former_is_current, ERR_DUPLICATE},
        {"former_of_two", former_of_two, ERR_DUPLICATE},
        {"former_revoked", former_revoked, ERR_CONFLICT},
        {"former_of_registrar", former_of_registrar, ERR_INVALID},
        {"next_key_is_key", next_key_is_key, ERR_DUPLICATE},
        {"departures_out_of_order", departures_out_of_order, ERR_DUPLICATE},
        {"departure_without_time", departure_without_time, ERR_RANGE},
        {"departed_and_there", departed_and_there, ERR_CONFLICT},
        {"broker_host_hosts_agency", broker_host_hosts_agency, ERR_CONFLICT},
        {"broker_host_is_agency", broker_host_is_agency, ERR_CONFLICT},
        {"broker_host_controls", broker_host_controls, ERR_CONFLICT},
        {"broker_hosts_agency", broker_hosts_agency, ERR_CONFLICT},
        {"broker_host_is_registrars", broker_host_is_registrars, ERR_CONFLICT},
    };
    check_cases(cases, ARRAY_LEN(cases));
}

static void each_rule_of_a_rotation_refuses_when_it_is_broken(void **state)
{
    (void)state;
    static const struct rule_case cases[] = {
        {"next_without_certificate", next_without_certificate, ERR_INVALID},
        {"next_without_curve", next_without_curve, ERR_INVALID},
        {"next_without_endpoint", next_without_endpoint, ERR_INVALID},
        {"next_endpoint_is_endpoint", next_endpoint_is_endpoint, ERR_DUPLICATE},
        {"next_is_the_curve_of_now", next_is_the_curve_of_now, ERR_DUPLICATE},
        {"next_is_the_certificate_of_now", next_is_the_certificate_of_now, ERR_DUPLICATE},
        {"next_of_an_agency", next_of_an_agency, ERR_INVALID},
        {"next_log_is_the_log_of_now", next_log_is_the_log_of_now, ERR_DUPLICATE},
        {"former_log_is_the_log_of_now", former_log_is_the_log_of_now, ERR_DUPLICATE},
        {"former_log_is_the_next", former_log_is_the_next, ERR_DUPLICATE},
        {"former_log_twice", former_log_twice, ERR_DUPLICATE},
        {"former_log_without_end", former_log_without_end, ERR_INVALID},
        {"former_log_without_key", former_log_without_key, ERR_INVALID},
        {"logs_without_log", logs_without_log, ERR_INVALID},
    };
    check_cases(cases, ARRAY_LEN(cases));
}

static int by_fingerprint(const void *a, const void *b)
{
    const struct roster_former *left = a;
    const struct roster_former *right = b;
    return bytes_cmp(digest_bytes(&left->cert.fingerprint),
                     digest_bytes(&right->cert.fingerprint));
}

static void more_former_certificates_than_the_cap_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        enum err want;
    } cases[] = {{ROSTER_MAX_OFFICER_FORMER, ERR_OK}, {ROSTER_MAX_OFFICER_FORMER + 1, ERR_TOO_LARGE}};
    static struct roster_former many[ROSTER_MAX_OFFICER_FORMER + 1];
    static char names[ARRAY_LEN(many)][8];
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        (void)snprintf(names[i], sizeof names[i], "m%zu", i);
        many[i] = (struct roster_former){sample_cert(names[i]), 1690000000, 1700000001};
    }
    qsort(many, ARRAY_LEN(many), sizeof many[0], by_fingerprint);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sample_roster s;
        struct roster r;
        struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
        sample_roster_fill(&s);
        s.officers[0].former = (struct former_list){many, cases[i].count};
        assert_int_equal(roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, NULL),
                         cases[i].want);
    }
}

/* Replaces the first occurrence of from in the document by to, of the same length. */
static void replace(struct buf *doc, const char *from, const char *to)
{
    uint8_t *at = memmem(doc->ptr, doc->len, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

static void bad_words_in_the_document_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        enum err want;
    } cases[] = {
        {"agency", "agents", ERR_UNKNOWN},
        {"wpg", "wpx", ERR_UNKNOWN},
        {"case_worker", "case_worked", ERR_UNKNOWN},
        {"lsi.wijk", "zsi.wijk", ERR_DUPLICATE},
        {"riec.casus", "riec casus", ERR_INVALID},
        {"00000099000000000003", "0000009900000000000-", ERR_INVALID},
        {"UWV", "U\nV", ERR_INVALID},
        {"2026-11-23 ", "2026-11-23\t", ERR_INVALID},
        {"mw-2", "mw 2", ERR_INVALID},
        {"demo", "de\xffo", ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sample_roster s;
        struct roster r;
        struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
        sample_roster_fill(&s);
        (void)encoded(&s.r, &doc);
        replace(&doc, cases[i].from, cases[i].to);
        enum err e = roster_decode(buf_bytes(&doc), sample_hash, a, &r, NULL);
        if (e != cases[i].want)
            fail_msg("%s -> %s: got %d, want %d", cases[i].from, cases[i].to, e, cases[i].want);
    }
}

static void cuts_are_refused(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
    struct bytes whole = encoded(&s.r, &doc);
    size_t taken = 0;
    for (size_t cut = 0; cut < whole.len; cut++) {
        struct roster r;
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, whole.ptr, cut);
        arena_reset(a);
        taken += roster_decode(bytes_of(exact, cut), sample_hash, a, &r, NULL) == ERR_OK;
        free(exact);
    }
    /* The key comes last, so that no cut is a roster. */
    assert_int_equal(taken, 0);
}

static void caps_hold(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1024);
    struct roster r;
    assert_int_equal(roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, NULL), ERR_NOMEM);
    uint8_t *big = calloc(1, ROSTER_MAX_BYTES + 1);
    assert_non_null(big);
    assert_int_equal(
        roster_decode(bytes_of(big, ROSTER_MAX_BYTES + 1), sample_hash, a, &r, NULL),
        ERR_TOO_LARGE);
    free(big);
}

static void what_changes_hands_is_written_and_read_back(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    sample_departures(&s);
    s.r.next_key = bytes_str("spki of the next key");
    s.r.handover = bytes_str("the word of the key before");
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf again CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
    struct roster r;
    struct errmsg why = {""};
    if (roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, &why) != ERR_OK)
        fail_msg("decode: %s", why.text);
    assert_true(bytes_equal(encoded(&r, &again), buf_bytes(&doc)));
    assert_true(bytes_equal(r.next_key, s.r.next_key) && bytes_equal(r.handover, s.r.handover));
    assert_int_equal(r.departure_count, 2);
    assert_true(roster_departed_s(&r, &s.departures[1].purpose, &s.departures[1].oin) == s.departures[1].at_s);
    assert_true(roster_departed_s(&r, &s.departures[1].purpose, &s.members[2].id) == 0);
    assert_true(roster_is_in_purpose(&r, &s.purposes[0], &s.members[2].id));
    assert_false(roster_is_in_purpose(&r, &s.purposes[0], &s.members[1].id));
}

struct walk {
    const struct roster *r;
    size_t certs;
    size_t formers;
    size_t officers;
};

static enum err walk_one(void *arg, const struct roster_listed *l)
{
    struct walk *k = arg;
    const struct roster_former *former = NULL;
    if (digest_equal(&l->cert->fingerprint, &k->r->members[1].next.transport.fingerprint))
        assert_ptr_equal(k->r->members[1].id.oin, l->oin->oin);
    else if (l->staff != NULL)
        assert_ptr_equal(roster_officer_with(k->r, &l->cert->fingerprint, &former)->agency.oin, l->oin->oin);
    else
        assert_ptr_equal(roster_member_with(k->r, &l->cert->fingerprint, &former)->id.oin, l->oin->oin);
    assert_ptr_equal(former, l->former);
    k->certs++;
    k->formers += l->former != NULL;
    k->officers += l->staff != NULL && l->former == NULL;
    return ERR_OK;
}

static size_t has_cert(const struct roster_cert *c)
{
    return c->der.len > 0;
}

static void each_certificate_is_walked_once(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    sample_broker_rotates(&s);
    struct walk k = {.r = &s.r};
    size_t formers = 0;
    size_t current = s.r.officer_count;
    for (size_t i = 0; i < s.r.member_count; i++) {
        const struct roster_member *m = &s.r.members[i];
        current += has_cert(&m->signing) + has_cert(&m->sealing) + has_cert(&m->transport) +
                   has_cert(&m->next.transport);
        formers += m->former.count;
    }
    for (size_t i = 0; i < s.r.officer_count; i++)
        formers += s.r.officers[i].former.count;
    assert_int_equal(roster_each_cert(&s.r, walk_one, &k), ERR_OK);
    assert_int_equal(k.certs, current + formers);
    assert_int_equal(k.formers, formers);
    assert_true(formers > 0);
    assert_int_equal(k.officers, s.r.officer_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_roster_in_which_the_broker_changes_its_keys_is_read_back),
        cmocka_unit_test(look_ups_find_what_is_there_and_nothing_else),
        cmocka_unit_test(a_former_certificate_leads_to_who_had_it),
        cmocka_unit_test(more_former_certificates_than_the_cap_are_refused),
        cmocka_unit_test(each_certificate_is_walked_once),
        cmocka_unit_test(what_changes_hands_is_written_and_read_back),
        cmocka_unit_test(a_registrar_may_have_a_mailbox),
        cmocka_unit_test(each_rule_refuses_when_it_is_broken),
        cmocka_unit_test(each_rule_of_a_rotation_refuses_when_it_is_broken),
        cmocka_unit_test(bad_words_in_the_document_are_refused),
        cmocka_unit_test(cuts_are_refused),
        cmocka_unit_test(caps_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
