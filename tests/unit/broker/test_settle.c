/* Settlements: each element of a consent that does not fit is refused with a reason of its own;
 * what fits takes effect once, and reaches the requester as far as the outcome lets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/limits.h"
#include "broker/settle.h"
#include "pki/sign.h"
#include "proto/policy/authority.h"
#include "tests/unit/broker/ask_bench.h"

static struct ask_bench ab;
static struct ask_question q;
static struct ask_record record;
static struct digest id;
static struct ask_settle s;
static struct arena *arena;

static void match_under(const char *rule, const char *process)
{
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    record = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &record);
    ask_question(&ab, &q);
    q.header.rule = ask_name(rule);
    q.header.process = ask_name(process);
    if (strcmp(process, "case_hit") == 0)
        q.header.field_count = 0;
    id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_true(ask_row(&ab, &id).hits > 0);
}

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    arena = arena_new((size_t)32 << 20);
    match_under(ASK_RELEASE_RULE, "case_release");
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    ask_bench_close(&ab);
    return 0;
}

static void decide(enum consent_decision d)
{
    const struct ask_hit hit = {.question = &q, .id = &id, .record = &record, .group = 0};
    ask_settle(&ab, &hit, d, &s);
}

static enum refusal_code send_settle(struct errmsg *detail)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    ask_settle_encode(&ab, &s, &body);
    return ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), detail);
}

static size_t settled_mail(void)
{
    return ask_mail(&ab, BENCH_ALFA, MAIL_SETTLED, arena, NULL);
}

static void nothing_took_effect(void)
{
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->settlements), 0);
    assert_int_equal(settled_mail(), 0);
    assert_int_equal(ask_row(&ab, &id).released, 0);
}

static void a_release_reaches_the_requester_as_it_was_sent(void **state)
{
    (void)state;
    struct bytes content = {0};
    struct settled m;
    struct errmsg why = {""};
    decide(CONSENT_RELEASE);
    if (send_settle(&why) != REFUSED_NONE)
        fail_msg("refused: %s", why.text);
    assert_int_equal(ask_mail(&ab, BENCH_ALFA, MAIL_SETTLED, arena, &content), 1);
    assert_int_equal(settled_decode(content, arena, &m, &why), ERR_OK);
    assert_true(digest_equal(&m.header_digest, &id));
    assert_true(bytes_is(m.release, "sealed fields"));
    assert_int_equal(m.consent_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sign_verify(SIGN_CONSENT, ab.bench.view.officer_keys[s.signers[i]],
                                     m.consents[i].consent, m.consents[i].signature),
                         ERR_OK);
    assert_int_equal(ask_row(&ab, &id).released, 1);
}

/* One element of a settlement, changed before its officers sign. */
enum element {
    DEPLOYMENT,
    HEADER_DIGEST,
    REQUESTER,
    REQUESTER_SEALING,
    RULE,
    RULE_VERSION,
    POLICY_DIGEST,
    ROSTER_SERIAL,
    PURPOSE,
    EPOCH,
    NOT_AFTER,
    HANDLE,
    GROUP,
    RECORD_LEAF,
    FIELD_NOT_ASKED,
    FIELD_NOT_ALLOWED,
    NO_FIELD,
    FUNCTION,
    SIGNED_AHEAD,
    SIGNED_BEFORE,
    KNOWN,
    REFUSAL_CODE,
    ONE_PERSON,
    SAME_PERSON,
    OTHER_AGENCY,
    NO_RELEASE,
    RELEASE_BESIDE_REFUSAL,
    BATCH,
    LEAF_PATH,
    ELEMENTS,
};

#define CHANGE(element, statement)                                                                 \
    static void change_##element(struct consent *c)                                                \
    {                                                                                              \
        statement;                                                                                 \
    }
CHANGE(deployment, c->deployment = ask_name("other"))
CHANGE(header_digest, c->header_digest.b[0] ^= 1)
CHANGE(requester, c->requester = ab.bench.view.members[BENCH_BRAVO].id)
CHANGE(sealing, c->requester_sealing.b[0] ^= 1)
CHANGE(rule, c->rule = ask_name(ASK_KNOWN_RULE))
CHANGE(rule_version, c->rule_version++)
CHANGE(policy_digest, c->policy_digest.b[0] ^= 1)
CHANGE(roster_serial, c->roster_serial--)
CHANGE(purpose, c->purpose = ask_name("other"))
CHANGE(epoch, c->epoch++)
CHANGE(not_after, c->not_after_s++)
CHANGE(handle, c->handle.b[0] ^= 1)
CHANGE(group, c->group++)
CHANGE(leaf, c->record_leaf.b[0] ^= 1)
CHANGE(no_field, c->field_count = 0)
CHANGE(function, c->function = ask_name("case_worker"))
CHANGE(ahead, c->signed_at_s += 301)
CHANGE(before, c->signed_at_s = q.header.issued_at_s - 301)

static void change_both(void (*change)(struct consent *c))
{
    change(&s.consents[0]);
    change(&s.consents[1]);
}

/* What is no element of both consents alike. */
static void change_rest(enum element e)
{
    switch ((int)e) {
    case FIELD_NOT_ASKED:
        s.fields[0] = ask_name("werkgever");
        break;
    case FIELD_NOT_ALLOWED: /* asked, and of another holder */
        s.fields[0] = ask_name("laatste_aanslag");
        break;
    case KNOWN:
        decide(CONSENT_KNOWN);
        s.count = 2;
        break;
    case REFUSAL_CODE:
        decide(CONSENT_REFUSE);
        s.consents[0].code = bytes_str("geen_zin");
        break;
    case ONE_PERSON:
        s.count = 1;
        break;
    case SAME_PERSON:
        s.signers[1] = ASK_JANSEN_TOO; /* another certificate */
        break;
    case OTHER_AGENCY:
        s.signers[1] = ASK_WORKER;
        break;
    case NO_RELEASE:
        s.settle.release = bytes_str("");
        break;
    case RELEASE_BESIDE_REFUSAL:
        decide(CONSENT_REFUSE);
        s.settle.release = bytes_str("sealed fields");
        break;
    case BATCH:
        s.settle.batch_id.b[0] ^= 1;
        break;
    case LEAF_PATH: {
        static const struct digest other = {{1}};
        s.settle.leaf_path = (struct merkle_path){0, 2, &other, 1};
        break;
    }
    default:
        break;
    }
}

static void change(enum element e)
{
    static void (*const changes[ELEMENTS])(struct consent *) = {
        [DEPLOYMENT] = change_deployment,
        [HEADER_DIGEST] = change_header_digest,
        [REQUESTER] = change_requester,
        [REQUESTER_SEALING] = change_sealing,
        [RULE] = change_rule,
        [RULE_VERSION] = change_rule_version,
        [POLICY_DIGEST] = change_policy_digest,
        [ROSTER_SERIAL] = change_roster_serial,
        [PURPOSE] = change_purpose,
        [EPOCH] = change_epoch,
        [NOT_AFTER] = change_not_after,
        [HANDLE] = change_handle,
        [GROUP] = change_group,
        [RECORD_LEAF] = change_leaf,
        [NO_FIELD] = change_no_field,
        [FUNCTION] = change_function,
        [SIGNED_AHEAD] = change_ahead,
        [SIGNED_BEFORE] = change_before,
    };
    if (changes[e] != NULL) {
        change_both(changes[e]);
        return;
    }
    change_rest(e);
}

static const struct {
    enum element element;
    enum refusal_code code;
    const char *says;
} refusals[] = {
    {DEPLOYMENT, REFUSED_MALFORMED, "deployment"},
    {HEADER_DIGEST, REFUSED_NOT_FOUND, "header_digest"},
    {REQUESTER, REFUSED_MALFORMED, "requester: "},
    {REQUESTER_SEALING, REFUSED_KEY, "requester_sealing"},
    {RULE, REFUSED_MALFORMED, "rule: "},
    {RULE_VERSION, REFUSED_MALFORMED, "rule_version"},
    {POLICY_DIGEST, REFUSED_MALFORMED, "policy_digest"},
    {ROSTER_SERIAL, REFUSED_MALFORMED, "roster_serial"},
    {PURPOSE, REFUSED_MALFORMED, "purpose"},
    {EPOCH, REFUSED_MALFORMED, "epoch"},
    {NOT_AFTER, REFUSED_MALFORMED, "not_after"},
    {HANDLE, REFUSED_NOT_FOUND, "handle, group"},
    {GROUP, REFUSED_NOT_FOUND, "handle, group"},
    {RECORD_LEAF, REFUSED_ROOT, "leaf_path"},
    {FIELD_NOT_ASKED, REFUSED_POLICY, "it was not asked"},
    {FIELD_NOT_ALLOWED, REFUSED_POLICY, "does not let this holder"},
    {NO_FIELD, REFUSED_MALFORMED, "at least one"},
    {FUNCTION, REFUSED_POLICY, "function"},
    {SIGNED_AHEAD, REFUSED_MALFORMED, "ahead of"},
    {SIGNED_BEFORE, REFUSED_MALFORMED, "before the request"},
    {KNOWN, REFUSED_POLICY, "known is no outcome"},
    {REFUSAL_CODE, REFUSED_POLICY, "code"},
    {ONE_PERSON, REFUSED_POLICY, "two persons"},
    {SAME_PERSON, REFUSED_POLICY, "one person"},
    {OTHER_AGENCY, REFUSED_SIGNATURE, "no person of the holder"},
    {NO_RELEASE, REFUSED_MALFORMED, "release: it is missing"},
    {RELEASE_BESIDE_REFUSAL, REFUSED_MALFORMED, "the decision is another"},
    {BATCH, REFUSED_ROOT, "batch_id"},
    {LEAF_PATH, REFUSED_ROOT, "leaf_path"},
};

static void each_element_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(refusals), ELEMENTS);
    ask_question(&ab, &q); /* one that also asks for a field of another holder */
    q.fields[1] = ask_name("laatste_aanslag");
    q.fields[2] = ask_name("soort_uitkering");
    q.header.field_count = 3;
    q.header.deadline_s =
        q.header.issued_at_s + 600; /* so that signed_at can lie ahead of the clock */
    id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct errmsg detail = {""};
        decide(CONSENT_RELEASE);
        change(refusals[i].element);
        const enum refusal_code code = send_settle(&detail);
        if (code != refusals[i].code || strstr(detail.text, refusals[i].says) == NULL)
            fail_msg("element %zu: %s: %s", i, refusal_code_id(code), detail.text);
        nothing_took_effect();
    }
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
}

/* The rule's own terms, with another kind of consent. */
static void want(enum consent_kind kind, struct consent_terms *room)
{
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    for (uint32_t i = 0; i < r->consent_count; i++) {
        room[i] = r->consent[i];
        room[i].kind = kind;
    }
    r->consent = room;
}

static void a_rule_that_wants_the_prosecutor_takes_no_two_officers(void **state)
{
    (void)state;
    static struct consent_terms terms[8];
    struct roster_officer *peters = &ab.bench.view.officers[ASK_PETERS];
    struct errmsg detail = {""};
    want(CONSENT_KIND_PROSECUTOR, terms);
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(&detail), REFUSED_POLICY);
    assert_non_null(strstr(detail.text, "an officer and the prosecutor"));
    s.consents[1].function = ask_name("prosecutor"); /* which the roster does not give */
    assert_int_equal(send_settle(NULL), REFUSED_POLICY);
    peters->functions = 1u << FUNCTION_PROSECUTOR;
    s.count = 1;
    assert_int_equal(send_settle(NULL), REFUSED_POLICY);
    nothing_took_effect();
    s.count = 2;
    want(CONSENT_KIND_FOUR_EYES, terms); /* the prosecutor counts where the rule says so, only */
    assert_int_equal(send_settle(NULL), REFUSED_POLICY);
    nothing_took_effect();
    want(CONSENT_KIND_PROSECUTOR, terms);
    if (send_settle(&detail) != REFUSED_NONE)
        fail_msg("%s", detail.text);
    assert_int_equal(ask_row(&ab, &id).released, 1);
}

/* What the two officers signed is a deputy's function now, under a term of so many seconds. */
static enum refusal_code settle_as_deputies(uint32_t term_s, struct consent_terms *room)
{
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    for (uint32_t i = 0; i < r->consent_count; i++) {
        room[i] = r->consent[i];
        room[i].deputies = room[i].functions;
        room[i].deputies_count = room[i].functions_count;
        room[i].functions_count = 0;
        room[i].urgent_term = NULL;
        room[i].term = (struct term){.seconds = term_s};
    }
    const struct rule was = *r;
    r->consent = room;
    const enum refusal_code code = send_settle(NULL);
    *r = was;
    return code;
}

static void a_deputy_waits_until_the_term_can_be_over(void **state)
{
    (void)state;
    static struct consent_terms terms[8];
    decide(CONSENT_RELEASE);
    const int64_t since_s = s.consents[0].signed_at_s - q.header.issued_at_s;
    const uint32_t over_s = (uint32_t)(since_s + AUTHORITY_SKEW_S);
    assert_int_equal(settle_as_deputies(over_s, terms), REFUSED_POLICY);
    nothing_took_effect();
    assert_int_equal(settle_as_deputies(over_s - 1, terms), REFUSED_NONE);
}

/* Two consents must be equal in all but who signed and when. */
static void consents_that_differ_are_refused(void **state)
{
    static void (*const changes[])(struct consent *) = {
        change_deployment, change_header_digest, change_requester,     change_sealing,
        change_rule,       change_rule_version,  change_policy_digest, change_roster_serial,
        change_purpose,    change_epoch,         change_not_after,     change_handle,
        change_group,      change_leaf,
    };
    (void)state;
    for (size_t i = 0; i <= ARRAY_LEN(changes); i++) {
        struct errmsg detail = {""};
        decide(CONSENT_RELEASE);
        if (i < ARRAY_LEN(changes))
            changes[i](&s.consents[1]);
        else
            s.consents[1].nonce.b[0] ^= 1;
        assert_int_equal(send_settle(&detail), REFUSED_MALFORMED);
        assert_non_null(strstr(detail.text, "they differ in"));
    }
    nothing_took_effect();
}

static void a_signature_is_over_these_bytes(void **state)
{
    (void)state;
    decide(CONSENT_RELEASE);
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    ask_settle_encode(&ab, &s, &body);
    s.signers[1] = ASK_JANSEN_TOO;
    struct view *v = &ab.bench.view;
    struct key *peters = v->officer_keys[ASK_PETERS];
    v->officer_keys[ASK_PETERS] = v->officer_keys[ASK_JANSEN];
    assert_int_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), NULL),
                     REFUSED_SIGNATURE);
    v->officer_keys[ASK_PETERS] = peters;
    nothing_took_effect();
}

static void only_the_holder_settles(void **state)
{
    (void)state;
    struct errmsg detail = {""};
    decide(CONSENT_RELEASE);
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    ask_settle_encode(&ab, &s, &body);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_SETTLE, buf_bytes(&body), &detail),
                     REFUSED_NOT_FOUND);
    nothing_took_effect();
}

static void nothing_is_taken_after_the_deadline(void **state)
{
    (void)state;
    ask_pass_s(&ab, 60);
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_DEADLINE);
    ask_slot(&ab); /* closed */
    assert_int_equal(send_settle(NULL), REFUSED_DEADLINE);
    nothing_took_effect();
}

static void nothing_is_taken_where_the_rule_no_longer_stands(void **state)
{
    (void)state;
    decide(CONSENT_RELEASE);
    ab.bench.view.adoption = ADOPTION_WITHDRAWN;
    assert_int_equal(send_settle(NULL), REFUSED_POLICY);
    ab.bench.view.adoption = ADOPTION_NONE;
    ask_bench_rule(&ab, ASK_RELEASE_RULE)->version++;
    assert_int_equal(send_settle(NULL), REFUSED_POLICY);
    ask_bench_rule(&ab, ASK_RELEASE_RULE)->version--;
    nothing_took_effect();
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
}

static void a_withdrawn_record_stops_the_release(void **state)
{
    (void)state;
    struct errmsg detail = {""};
    ask_record_withdraw(&ab, &record);
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(&detail), REFUSED_NOT_FOUND);
    assert_non_null(strstr(detail.text, "withdrawn or has expired"));
    nothing_took_effect();
}

static void an_expired_record_stops_the_release(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, 40};
    record = ask_record(&ab, &v, 1);
    record.expires_day = (uint32_t)(BENCH_NOW_S / LIMIT_DAY_S) + 1;
    ask_record_add(&ab, &record);
    ask_bench_rule(&ab, ASK_RELEASE_RULE)->limits.deadline_max =
        (struct term){.hours = 48, .seconds = 0};
    ask_question(&ab, &q);
    q.message.identifier_count = 0;
    ask_question_add(&q, 0, IDENT_BSN, 40);
    q.header.deadline_s += LIMIT_DAY_S;
    id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
    ask_pass_s(&ab, LIMIT_DAY_S);
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_NOT_FOUND);
}

/* A new version of the record came in its place: its officer saw both. */
static void a_replaced_record_is_released(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct ask_record newer = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &newer);
    ask_record_withdraw(&ab, &record);
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
}

/* Another record of the same subject, which was there all along, is no replacement. */
static void another_record_of_the_subject_is_no_replacement(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, 60};
    const struct ask_record first = ask_record(&ab, &v, 1);
    const struct ask_record second = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &first);
    ask_record_add(&ab, &second);
    ask_question(&ab, &q);
    q.message.identifier_count = 0;
    ask_question_add(&q, 0, IDENT_BSN, 60);
    id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).hits, 2);
    record = first;
    ask_record_withdraw(&ab, &first);
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_NOT_FOUND);
    record = second;
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
}

static void a_decision_takes_effect_once(void **state)
{
    (void)state;
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    const size_t entries = bench_pending(&ab.bench);
    assert_int_equal(send_settle(NULL), REFUSED_NONE); /* another envelope, the same consents */
    assert_int_equal(settled_mail(), 1);
    assert_int_equal(bench_pending(&ab.bench), entries);
    s.settle.release = bytes_str("other fields"); /* the same consents serve no second release */
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    assert_int_equal(settled_mail(), 1);
    decide(CONSENT_REFUSE);
    assert_int_equal(send_settle(NULL), REFUSED_CONFLICT);
    decide(CONSENT_RELEASE);
    s.consents[0].nonce.b[0] ^= 1;
    s.consents[1].nonce.b[0] ^= 1;
    assert_int_equal(send_settle(NULL), REFUSED_CONFLICT);
    assert_int_equal(settled_mail(), 1);
    assert_int_equal(ask_row(&ab, &id).released, 1);
}

static void a_refusal_is_silent_unless_the_outcome_is_reasoned(void **state)
{
    (void)state;
    decide(CONSENT_REFUSE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    assert_int_equal(settled_mail(), 0);
    match_under(ASK_RELEASE_RULE, "case_release");
    struct rule *rule = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    rule->outcome->kind = OUTCOME_REASONED;
    decide(CONSENT_REFUSE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    assert_int_equal(settled_mail(), 0); /* its ground is not for the requester */
    rule->outcome->kind = OUTCOME_SEALED;
    match_under(ASK_RELEASE_RULE, "case_release");
    rule->outcome->kind = OUTCOME_REASONED;
    for (uint32_t i = 0; i < rule->refusal_grounds_count; i++)
        rule->refusal_grounds[i].requester_may_know = true;
    decide(CONSENT_REFUSE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    assert_int_equal(settled_mail(), 1);
    rule->outcome->kind = OUTCOME_SEALED;
}

static void known_is_forwarded_under_hit_no_hit_alone(void **state)
{
    (void)state;
    match_under(ASK_KNOWN_RULE, "case_hit");
    decide(CONSENT_KNOWN);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    assert_int_equal(settled_mail(), 1);
    match_under(ASK_KNOWN_RULE, "case_hit");
    decide(CONSENT_REFUSE);
    assert_int_equal(send_settle(NULL), REFUSED_NONE);
    assert_int_equal(settled_mail(), 1);
    match_under(ASK_KNOWN_RULE, "case_hit");
    decide(CONSENT_RELEASE);
    assert_int_equal(send_settle(NULL), REFUSED_POLICY);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_release_reaches_the_requester_as_it_was_sent),
        TEST(each_element_that_does_not_fit_is_refused),
        TEST(a_rule_that_wants_the_prosecutor_takes_no_two_officers),
        TEST(a_deputy_waits_until_the_term_can_be_over),
        TEST(consents_that_differ_are_refused),
        TEST(a_signature_is_over_these_bytes),
        TEST(only_the_holder_settles),
        TEST(nothing_is_taken_after_the_deadline),
        TEST(nothing_is_taken_where_the_rule_no_longer_stands),
        TEST(a_withdrawn_record_stops_the_release),
        TEST(an_expired_record_stops_the_release),
        TEST(a_replaced_record_is_released),
        TEST(another_record_of_the_subject_is_no_replacement),
        TEST(a_decision_takes_effect_once),
        TEST(a_refusal_is_silent_unless_the_outcome_is_reasoned),
        TEST(known_is_forwarded_under_hit_no_hit_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
