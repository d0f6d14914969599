/* Requests: each fault is refused with a reason of its own, nothing of a refused one stays, the
 * same request takes effect once, and the limits count what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/limits.h"
#include "pki/broker_half.h"
#include "pki/sign.h"
#include "tests/unit/broker/ask_bench.h"

static struct ask_bench ab;
static struct ask_question q;

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    ask_question(&ab, &q);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ask_bench_close(&ab);
    return 0;
}

static enum refusal_code send_question(struct errmsg *detail)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    (void)ask_question_encode(&ab, &q, &body);
    return ask_send(&ab, q.agency, MSG_REQUEST, buf_bytes(&body), detail);
}

static void nothing_is_kept(void)
{
    const struct store *s = ab.bench.broker.store;
    assert_int_equal(ask_table_rows(&ab, s->asks), 0);
    assert_int_equal(ask_table_rows(&ab, s->ask_answers), 0);
    assert_int_equal(ask_table_rows(&ab, s->ask_queue), 0);
    assert_int_equal(ask_table_rows(&ab, s->held), 0);
    assert_int_equal(ask_table_rows(&ab, s->limit_members), 0);
}

static void a_request_is_accepted_before_anything_is_matched(void **state)
{
    (void)state;
    const struct ask_value bsn = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &bsn, 1);
    ask_record_add(&ab, &r);
    const struct digest id = ask_accepted(&ab, &q);
    assert_int_equal(ask_row(&ab, &id).state, ASK_WAITING);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->held), 1);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->matches), 0);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, a, NULL), 0);
    assert_int_equal(bench_pending(&ab.bench), 2); /* log.started, request.accepted */
}

/* Elements of a header, each changed and signed again by both: what is left to the broker's own
 * eyes. */
enum element {
    DEPLOYMENT,
    REQUESTER,
    HOLDER_UNKNOWN,
    HOLDER_ITSELF,
    ON_BEHALF_OF,
    RULE,
    RULE_VERSION,
    POLICY_DIGEST,
    ROSTER_SERIAL,
    FIELDS,
    PURPOSE,
    EPOCH,
    ISSUED_AHEAD,
    DEADLINE_OVER,
    DEADLINE_FAR,
    SUBJECT_ROOT,
    PROCESS,
    ELEMENTS,
};

static void change(enum element e)
{
    struct request_header *h = &q.header;
    switch (e) {
    case DEPLOYMENT:
        h->deployment = ask_name("other");
        break;
    case REQUESTER:
        h->requester = ab.bench.view.members[BENCH_BRAVO].id;
        break;
    case HOLDER_UNKNOWN:
        memcpy(h->holder.oin, "00000099000000009000", OIN_CHARS);
        break;
    case HOLDER_ITSELF:
        h->holder = h->requester;
        break;
    case ON_BEHALF_OF:
        h->on_behalf_of = h->holder;
        break;
    case RULE:
        h->rule = ask_name("riec.casus.other");
        break;
    case RULE_VERSION:
        h->rule_version++;
        break;
    case POLICY_DIGEST:
        h->policy_digest.b[5] ^= 1;
        break;
    case ROSTER_SERIAL:
        h->roster_serial++;
        break;
    case FIELDS:
        q.fields[0] = ask_name("achternaam");
        break;
    case PURPOSE:
        h->purpose = ask_name("other-purpose");
        break;
    case EPOCH:
        h->epoch = 2;
        break;
    case ISSUED_AHEAD:
        h->issued_at_s += 301;
        h->deadline_s += 301;
        break;
    case DEADLINE_OVER:
        h->issued_at_s -= 61;
        h->deadline_s -= 61;
        break;
    case DEADLINE_FAR:
        h->deadline_s = h->issued_at_s + 601;
        break;
    case SUBJECT_ROOT:
        q.keep_root = true;
        memset(h->subject_root.b, 7, sizeof h->subject_root.b);
        break;
    case PROCESS:
        h->process = ask_name("case_hit");
        break;
    case ELEMENTS:
        break;
    }
}

static void each_element_changed_and_signed_again_is_refused(void **state)
{
    static const struct {
        enum element element;
        enum refusal_code code;
        const char *says;
    } refusals[] = {
        {DEPLOYMENT, REFUSED_MALFORMED, "deployment: "},
        {REQUESTER, REFUSED_SENDER, "requester: "},
        {HOLDER_UNKNOWN, REFUSED_NOT_FOUND, "holder: "},
        {HOLDER_ITSELF, REFUSED_POLICY, ""},
        {ON_BEHALF_OF, REFUSED_POLICY, ""},
        {RULE, REFUSED_POLICY, ""},
        {RULE_VERSION, REFUSED_POLICY, ""},
        {POLICY_DIGEST, REFUSED_POLICY, "policy_digest: "},
        {ROSTER_SERIAL, REFUSED_POLICY, "roster_serial: "},
        {FIELDS, REFUSED_POLICY, ""},
        {PURPOSE, REFUSED_KEY, "purpose: "},
        {EPOCH, REFUSED_KEY, "epoch: "},
        {ISSUED_AHEAD, REFUSED_MALFORMED, "issued_at: "},
        {DEADLINE_OVER, REFUSED_DEADLINE, "deadline: "},
        {DEADLINE_FAR, REFUSED_POLICY, ""},
        {SUBJECT_ROOT, REFUSED_ROOT, "subject_root: "},
        {PROCESS, REFUSED_POLICY, ""},
    };
    assert_int_equal(ARRAY_LEN(refusals), ELEMENTS);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct errmsg detail = {""};
        ask_question(&ab, &q);
        change(refusals[i].element);
        const enum refusal_code code = send_question(&detail);
        if (code != refusals[i].code || strstr(detail.text, refusals[i].says) != detail.text)
            fail_msg("element %zu: %s: %s", i, refusal_code_id(code), detail.text);
        nothing_is_kept();
    }
    (void)state;
}

/* A roster a day: what was signed under the one before is a question still. */
static void a_question_from_before_the_roster_in_force_is_accepted(void **state)
{
    (void)state;
    ask_question(&ab, &q);
    q.header.roster_serial--;
    assert_int_equal(send_question(NULL), REFUSED_NONE);
}

/* Header bytes that were changed after both had signed: whatever the byte, it does not verify. */
static void no_byte_of_a_header_can_change_under_its_signatures(void **state)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    (void)state;
    (void)ask_question_encode(&ab, &q, &body);
    CLEANUP(buf_free) struct buf header = buf_new(1 << 16);
    assert_int_equal(request_header_encode(&q.header, &header), ERR_OK);
    const struct view *v = &ab.bench.view;
    struct request_message m = q.message;
    struct signature worker;
    struct signature agency;
    size_t refused = 0;
    assert_int_equal(
        sign_document(SIGN_REQUEST, v->officer_keys[ASK_WORKER], buf_bytes(&header), &worker),
        ERR_OK);
    assert_int_equal(sign_document(SIGN_REQUEST, v->keys[BENCH_ALFA], buf_bytes(&header), &agency),
                     ERR_OK);
    m.worker_signature = signature_bytes(&worker);
    m.agency_signature = signature_bytes(&agency);
    for (size_t i = 0; i < header.len; i += 3) {
        CLEANUP(buf_free) struct buf changed = buf_new((size_t)4 << 20);
        CLEANUP(buf_free) struct buf other = buf_new(1 << 16);
        buf_put(&other, buf_bytes(&header));
        other.ptr[i] ^= 1;
        m.header = buf_bytes(&other);
        assert_int_equal(request_message_encode(&m, &changed), ERR_OK);
        refused +=
            ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&changed), NULL) != REFUSED_NONE;
    }
    assert_int_equal(refused, (header.len + 2) / 3);
    nothing_is_kept();
    CLEANUP(buf_free) struct buf unchanged = buf_new((size_t)4 << 20);
    m.header = buf_bytes(&header);
    assert_int_equal(request_message_encode(&m, &unchanged), ERR_OK);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&unchanged), NULL),
                     REFUSED_NONE);
}

static void signatures_count_only_from_the_right_hands(void **state)
{
    (void)state;
    struct errmsg detail = {""};
    q.worker = ASK_JANSEN; /* a person of the holder */
    assert_int_equal(send_question(&detail), REFUSED_SIGNATURE);
    assert_non_null(strstr(detail.text, "worker_fingerprint"));
    ask_question(&ab, &q);
    ab.bench.view.officers[ASK_WORKER].cert.fingerprint.b[0] ^= 1; /* struck off */
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    (void)ask_question_encode(&ab, &q, &body);
    ab.bench.view.officers[ASK_WORKER].cert.fingerprint.b[0] ^= 1;
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL),
                     REFUSED_SIGNATURE);
    ask_question(&ab, &q);
    ab.bench.view.officers[ASK_WORKER].functions = 1u << FUNCTION_AUDITOR;
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    nothing_is_kept();
}

static void the_agency_signs_too(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct errmsg detail = {""};
    q.agency = BENCH_BRAVO; /* the holder's key in the place of the requester's */
    (void)ask_question_encode(&ab, &q, &body);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), &detail),
                     REFUSED_SIGNATURE);
    assert_non_null(strstr(detail.text, "agency_signature"));
    nothing_is_kept();
}

/* What stands beside the header is bound to it by the root. */
static void each_identifier_is_bound_by_the_root(void **state)
{
    (void)state;
    for (int what = 0; what < 6; what++) {
        ask_question(&ab, &q);
        ask_question_add(&q, 1, IDENT_KVK, 2);
        CLEANUP(buf_free) struct buf good = buf_new((size_t)4 << 20);
        (void)ask_question_encode(&ab, &q, &good);
        q.keep_root = true; /* now the message changes under it */
        struct request_identifier *id = &q.identifiers[0];
        if (what == 0)
            id->inner.b[31] ^= 1;
        else if (what == 1)
            id->salt.b[0] ^= 1;
        else if (what == 2)
            id->type = IDENT_RSIN;
        else if (what == 3)
            q.parts[1] = bytes_str("another part");
        else if (what == 4)
            id->position = 7;
        else
            ask_question_add(&q, 1, IDENT_LEI, 3);
        CLEANUP(buf_free) struct buf bad = buf_new((size_t)4 << 20);
        (void)ask_question_encode(&ab, &q, &bad);
        assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&bad), NULL),
                         REFUSED_ROOT);
        nothing_is_kept();
    }
}

static void a_weak_identifier_alone_is_refused_two_types_are_not(void **state)
{
    (void)state;
    q.message.identifier_count = 0;
    ask_question_add(&q, 0, IDENT_TELEFOON, 1);
    ask_question_add(&q, 0, IDENT_TELEFOON, 2); /* two of one type */
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    ask_question(&ab, &q);
    q.message.identifier_count = 0;
    ask_question_add(&q, 0, IDENT_TELEFOON, 1);
    ask_question_add(&q, 0, IDENT_EMAIL, 1);
    (void)ask_accepted(&ab, &q);
}

static void the_same_request_takes_effect_once(void **state)
{
    (void)state;
    const struct store *s = ab.bench.broker.store;
    (void)ask_accepted(&ab, &q);
    const size_t entries = bench_pending(&ab.bench);
    assert_int_equal(send_question(NULL), REFUSED_NONE); /* another envelope, the same header */
    assert_int_equal(ask_table_rows(&ab, s->asks), 1);
    assert_int_equal(bench_pending(&ab.bench), entries);
    struct errmsg detail = {""};
    q.header.case_state = ask_name("work_up_3"); /* the same id, another header */
    assert_int_equal(send_question(&detail), REFUSED_CONFLICT);
    assert_int_equal(ask_table_rows(&ab, s->asks), 1);
}

static void a_repeated_request_is_answered_also_where_it_would_be_refused_now(void **state)
{
    (void)state;
    (void)ask_accepted(&ab, &q);
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    (void)ask_question_encode(&ab, &q, &body);
    ab.bench.view.policy_digest.b[0] ^= 1;
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL), REFUSED_NONE);
}

/* What is asked when, and until when, as seconds from the broker's clock at receipt. */
static enum refusal_code asked_at(int64_t issued_s, int64_t deadline_s, struct errmsg *detail)
{
    ask_question(&ab, &q);
    q.header.issued_at_s = ab.bench.now_ms / 1000 + issued_s;
    q.header.deadline_s = ab.bench.now_ms / 1000 + deadline_s;
    return send_question(detail);
}

/* The holder's least time counts from the receipt, whatever the header says of its age; a question that
 * waited while the broker was away, and still leaves that time, is taken. */
static void a_question_that_is_dated_back_takes_no_time_from_the_holder(void **state)
{
    (void)state;
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    r->limits.deadline_min = (struct term){.hours = 1};
    r->limits.deadline_max = (struct term){.hours = 24};
    assert_int_equal(asked_at(0, 3600, NULL), REFUSED_NONE);
    assert_int_equal(asked_at(0, 3599, NULL), REFUSED_POLICY);
    assert_int_equal(asked_at(-300, 3300, NULL), REFUSED_NONE); /* clocks differ, messages travel */
    assert_int_equal(asked_at(-301, 3299, NULL), REFUSED_POLICY);
    assert_int_equal(asked_at(-7200, 60, NULL), REFUSED_POLICY);
    assert_int_equal(asked_at(-7200, 3300, NULL), REFUSED_NONE);
    assert_int_equal(asked_at(-7200, 24 * 3600 - 7200, NULL), REFUSED_NONE);
    assert_int_equal(asked_at(-7200, 24 * 3600 - 7199, NULL), REFUSED_POLICY); /* too long */
}

static void an_accepted_question_is_answered_when_its_time_is_nearly_over(void **state)
{
    (void)state;
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    r->limits.deadline_min = (struct term){.hours = 1};
    r->limits.deadline_max = (struct term){.hours = 24};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    q.header.deadline_s = q.header.issued_at_s + 3600;
    (void)ask_question_encode(&ab, &q, &body);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL), REFUSED_NONE);
    const size_t entries = bench_pending(&ab.bench);
    ask_pass_s(&ab, 3500);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL), REFUSED_NONE);
    assert_int_equal(bench_pending(&ab.bench), entries);
}

static void limits_refuse_the_first_that_goes_over(void **state)
{
    (void)state;
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    r->limits.requests_per_day_agency = 2;
    (void)ask_accepted(&ab, &q);
    ask_question(&ab, &q);
    (void)ask_accepted(&ab, &q);
    ask_question(&ab, &q);
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    ask_pass_s(&ab, LIMIT_DAY_S + 3600);
    ask_question(&ab, &q);
    (void)ask_accepted(&ab, &q);
}

static void identifiers_count_once_over_requests_and_cases(void **state)
{
    (void)state;
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    r->limits.unique_per_period = 2;
    r->limits.unique_per_case = 2;
    for (int i = 0; i < 3; i++) { /* always the same one */
        ask_question(&ab, &q);
        (void)ask_accepted(&ab, &q);
    }
    ask_question(&ab, &q);
    ask_question_add(&q, 0, IDENT_BSN, 2);
    (void)ask_accepted(&ab, &q);
    ask_question(&ab, &q);
    ask_question_add(&q, 0, IDENT_BSN, 3);
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    q.header.case_id.b[0] ^= 1; /* another case does not help */
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    r->limits.unique_per_period = 100; /* but has a count of its own */
    (void)ask_accepted(&ab, &q);
}

static void an_officer_is_counted_as_a_person(void **state)
{
    (void)state;
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    struct view *v = &ab.bench.view;
    r->limits.requests_per_day_officer = 1;
    /* A second certificate of the same person. */
    v->officers[ASK_JANSEN_TOO] = v->officers[ASK_WORKER];
    v->officers[ASK_JANSEN_TOO].cert.fingerprint.b[0] ^= 1;
    (void)ask_accepted(&ab, &q);
    ask_question(&ab, &q);
    q.worker = ASK_JANSEN_TOO;
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    v->officers[ASK_JANSEN_TOO].person = ask_name("p-somebody-else");
    (void)ask_accepted(&ab, &q);
}

static void a_withdrawn_adoption_refuses(void **state)
{
    (void)state;
    ab.bench.view.adoption = ADOPTION_WITHDRAWN;
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    nothing_is_kept();
}

/* An organisation with legal personality names itself, and nobody else. */
static void who_asks_for_itself_names_itself(void **state)
{
    (void)state;
    struct policy *policy = &ab.bench.view.policy;
    struct party parties[16];
    assert_in_range(policy->parties_count, 1, ARRAY_LEN(parties));
    memcpy(parties, policy->parties, policy->parties_count * sizeof *parties);
    const struct agency_id principal = q.header.on_behalf_of;
    q.header.on_behalf_of = q.header.requester;
    assert_int_equal(send_question(NULL), REFUSED_POLICY); /* a RIEC is no legal person */
    policy->parties = parties;
    for (uint32_t i = 0; i < policy->parties_count; i++)
        parties[i].on_behalf_of_count = 0;
    q.header.on_behalf_of = principal;
    assert_int_equal(send_question(NULL), REFUSED_POLICY);
    q.header.on_behalf_of = q.header.requester;
    assert_int_equal(send_question(NULL), REFUSED_NONE);
}

static bool store_holds(struct bytes needle)
{
    char path[256];
    snprintf(path, sizeof path, "%s/store/data.mdb", ab.bench.tmp.dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 28);
    uint8_t chunk[8192];
    for (size_t n = 0; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        buf_put(&all, bytes_of(chunk, n));
    fclose(f);
    return memmem(all.ptr, all.len, needle.ptr, needle.len) != NULL;
}

static void the_disk_shows_no_inner_salt_leaf_or_token(void **state)
{
    (void)state;
    struct token token;
    (void)ask_accepted(&ab, &q);
    assert_int_equal(broker_half_token(ab.half, IDENT_BSN, &q.identifiers[0].inner, &token),
                     ERR_OK);
    assert_true(store_holds(digest_bytes(&q.header.subject_root))); /* the search works */
    assert_false(store_holds(BYTES_OF_ARRAY(q.identifiers[0].inner.b)));
    assert_false(store_holds(BYTES_OF_ARRAY(q.identifiers[0].salt.b)));
    assert_false(store_holds(BYTES_OF_ARRAY(token.b)));
    assert_false(store_holds(digest_bytes(&q.padding[0])));
    assert_false(store_holds(bytes_str("a sealed part")));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_accepted_before_anything_is_matched),
        TEST(each_element_changed_and_signed_again_is_refused),
        TEST(a_question_from_before_the_roster_in_force_is_accepted),
        TEST(no_byte_of_a_header_can_change_under_its_signatures),
        TEST(signatures_count_only_from_the_right_hands),
        TEST(the_agency_signs_too),
        TEST(each_identifier_is_bound_by_the_root),
        TEST(a_weak_identifier_alone_is_refused_two_types_are_not),
        TEST(the_same_request_takes_effect_once),
        TEST(a_repeated_request_is_answered_also_where_it_would_be_refused_now),
        TEST(a_question_that_is_dated_back_takes_no_time_from_the_holder),
        TEST(an_accepted_question_is_answered_when_its_time_is_nearly_over),
        TEST(limits_refuse_the_first_that_goes_over),
        TEST(identifiers_count_once_over_requests_and_cases),
        TEST(an_officer_is_counted_as_a_person),
        TEST(a_withdrawn_adoption_refuses),
        TEST(who_asks_for_itself_names_itself),
        TEST(the_disk_shows_no_inner_salt_leaf_or_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
