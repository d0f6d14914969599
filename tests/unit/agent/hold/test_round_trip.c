/* What a holder's officers release, the requester's own verification believes; and nothing of it where
 * one element is another. */
#include "tests/unit/agent/hold/trip.h"

static void what_the_holder_releases_the_requester_believes(void **state)
{
    (void)state;
    struct trip t;
    struct verified out;
    struct errmsg why = {""};
    trip_new(&t);
    if (verify_settled(&t.v, &t.settled, t.arena, &out, &why) != ERR_OK)
        fail_msg("%s", why.text);
    assert_int_equal(out.kind, RESULT_RELEASED);
    assert_int_equal(out.consent_count, 2);
    assert_int_equal(out.release.field_count, 2);
    assert_true(bytes_is(out.release.fields[0].value, "WW"));
    assert_int_equal(out.release.fields[1].value.len, 0);
    trip_free(&t);
}

static const struct policy_edit with_prosecutor[] = {{"kind: four_eyes", "kind: prosecutor"},
                                                     {NULL, NULL}};

static enum err believe(struct trip *t)
{
    struct verified out;
    struct errmsg why = {""};
    return verify_settled(&t->v, &t->settled, t->arena, &out, &why);
}

static void an_officer_and_the_prosecutor_are_believed_together(void **state)
{
    (void)state;
    static const int orders[][2] = {{O_UWV_A, O_UWV_OM}, {O_UWV_OM, O_UWV_B}};
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct trip t;
        trip_new_by(&t, with_prosecutor, orders[i][0], orders[i][1]);
        assert_int_equal(believe(&t), ERR_OK);
        t.settled.consent_count = 1;
        assert_int_equal(believe(&t), ERR_PERMISSION);
        t.settled.consents[0] = t.settled.consents[1];
        assert_int_equal(believe(&t), ERR_PERMISSION);
        trip_free(&t);
    }
}

/* A holder whose program is milder: two officers signed, and the requester's policy wants a prosecutor;
 * or the prosecutor signed where the policy names none. */
static void a_requester_counts_the_functions_itself(void **state)
{
    (void)state;
    static const struct {
        const struct policy_edit *edits;
        int second;
        enum consent_kind wanted;
    } cases[] = {{NULL, O_UWV_B, CONSENT_KIND_PROSECUTOR},
                 {with_prosecutor, O_UWV_OM, CONSENT_KIND_FOUR_EYES},
                 {with_prosecutor, O_UWV_OM, CONSENT_KIND_OFFICER}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct trip t;
        trip_new_by(&t, cases[i].edits, O_UWV_A, cases[i].second);
        assert_int_equal(believe(&t), ERR_OK);
        const struct policy *p = view_policy(t.w.view);
        const struct rule *r = policy_rule(p, &t.q.header.rule);
        const struct consent_terms *c = rule_consent(r, policy_party(p, &t.q.header.holder));
        ((struct consent_terms *)(uintptr_t)c)->kind = cases[i].wanted;
        assert_int_equal(believe(&t), ERR_PERMISSION);
        trip_free(&t);
    }
}

/* A holder whose program does not hold its deputies to the term. */
static void a_requester_believes_no_deputy_before_the_term_can_be_over(void **state)
{
    (void)state;
    struct trip t;
    trip_new(&t);
    const struct policy *p = view_policy(t.w.view);
    const struct rule *r = policy_rule(p, &t.q.header.rule);
    struct consent_terms *c = (struct consent_terms *)(uintptr_t)rule_consent(
        r, policy_party(p, &t.q.header.holder));
    const struct consent_terms was = *c;
    c->deputies = c->functions; /* what signed is a deputy's function now */
    c->deputies_count = c->functions_count;
    c->functions_count = 0;
    c->urgent_term = NULL;
    c->term = (struct term){.seconds = 600};
    assert_int_equal(believe(&t), ERR_PERMISSION);
    c->term = (struct term){.seconds = 60}; /* over, by the clock that is the furthest behind */
    assert_int_equal(believe(&t), ERR_OK);
    *c = was;
    trip_free(&t);
}

typedef void (*spoil_fn)(struct trip *t);

/* A changed copy of bytes, in the test's own room. */
static struct bytes flipped(struct trip *t, struct bytes from, size_t at)
{
    buf_reset(&t->changed);
    buf_put(&t->changed, from);
    t->changed.ptr[at] ^= 1;
    return buf_bytes(&t->changed);
}

#define SPOIL(name, statement)                                                                     \
    static void name(struct trip *t)                                                               \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(other_header, t->settled.header_digest.b[0] ^= 1)
SPOIL(closed, t->open.state = ASK_CLOSED)
SPOIL(one_consent, t->settled.consent_count = 1)
SPOIL(one_consent_twice, t->settled.consents[1] = t->settled.consents[0])
SPOIL(swapped_consents, struct signed_consent c = t->settled.consents[0];
      t->settled.consents[0] = t->settled.consents[1]; t->settled.consents[1] = c)
SPOIL(consent_flipped,
      t->settled.consents[0].consent =
          flipped(t, t->settled.consents[0].consent, t->settled.consents[0].consent.len / 2))
SPOIL(signature_of_the_other, t->settled.consents[0].signature = t->settled.consents[1].signature)
SPOIL(fingerprint_of_the_other,
      t->settled.consents[0].fingerprint = t->settled.consents[1].fingerprint)
SPOIL(no_release, t->settled.release = bytes_of(NULL, 0))
SPOIL(release_flipped,
      t->settled.release = flipped(t, t->settled.release, t->settled.release.len - 20))
SPOIL(other_receiver, t->v.self = t->w.members[P_BD].id)
SPOIL(other_sealing_key,
      t->own.key = t->w.sealing[P_BD].key; t->own.cert = t->w.sealing[P_BD].cert)
SPOIL(other_identifier, t->identifiers[0].value = bytes_str("999990020"))
SPOIL(fewer_subjects, t->asked.subject_count = 0)
SPOIL(too_early, t->v.now_s = FIX_NOW - 1000)
SPOIL(withdrawn, world_withdraw_adoption(&t->w); t->v.view = t->w.view)
SPOIL(not_adopted, world_lose_adoption(&t->w); t->v.view = t->w.view)
SPOIL(policy_over, ((struct policy *)(uintptr_t)view_policy(t->w.view))->valid.until_s = FIX_NOW)
SPOIL(rule_over, ((struct rule *)(uintptr_t)policy_rule(view_policy(t->w.view), &t->q.header.rule))
                     ->valid.until_s = FIX_NOW)

static void nothing_is_believed_where_one_element_is_another(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        spoil_fn spoil;
    } cases[] = {
        {"header digest", other_header},
        {"closed request", closed},
        {"one consent", one_consent},
        {"one person twice", one_consent_twice},
        {"consents swapped", swapped_consents},
        {"a consent changed", consent_flipped},
        {"signature of the other", signature_of_the_other},
        {"fingerprint of the other", fingerprint_of_the_other},
        {"no release", no_release},
        {"release changed", release_flipped},
        {"receiver", other_receiver},
        {"sealing key", other_sealing_key},
        {"identifier", other_identifier},
        {"subject", fewer_subjects},
        {"time", too_early},
        {"an adoption withdrawn since", withdrawn},
        {"no adoption", not_adopted},
        {"a policy that had ended", policy_over},
        {"a rule that had ended", rule_over},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct trip t;
        struct verified out;
        struct errmsg why = {""};
        trip_new(&t);
        cases[i].spoil(&t);
        if (verify_settled(&t.v, &t.settled, t.arena, &out, &why) == ERR_OK)
            fail_msg("%s was believed", cases[i].what);
        assert_true(why.text[0] != '\0');
        trip_free(&t);
    }
}

/* The broker's word that a question is over, with one element changed, or signed by another. */
enum closed_element { C_NOTHING, C_DEPLOYMENT, C_REQUEST, C_HOLDER, C_EARLY, C_TO_COME };

static void change_closed(const struct trip *t, enum closed_element e, struct closed *c)
{
    switch (e) {
    case C_NOTHING: break;
    case C_DEPLOYMENT: c->deployment = (struct name){"other"}; break;
    case C_REQUEST: c->request_id.b[0] ^= 1; break;
    case C_HOLDER: c->holder = t->w.members[P_BD].id; break;
    case C_EARLY: c->closed_at_s--; break;
    case C_TO_COME: c->closed_at_s += VERIFY_SKEW_S + 1; break;
    }
}

static enum err judge_closed(struct trip *t, enum closed_element e, int signer)
{
    CLEANUP(buf_free) struct buf bytes = buf_new(4096);
    struct signature s;
    struct errmsg why = {""};
    struct closed c = {.deployment = {"demo"}, .request_id = t->q.header.request_id,
                       .header_digest = t->v.header_digest, .holder = t->open.holder,
                       .closed_at_s = t->q.header.deadline_s};
    change_closed(t, e, &c);
    assert_int_equal(closed_encode(&c, &bytes), ERR_OK);
    assert_int_equal(sign_document(SIGN_CLOSED, t->w.signing[signer].key, buf_bytes(&bytes), &s),
                     ERR_OK);
    const struct signed_closed sc = {buf_bytes(&bytes), signature_bytes(&s)};
    const struct verify v = {.view = t->w.view, .open = &t->open, .now_s = t->q.header.deadline_s};
    return verify_closed(&v, &sc, t->arena, &c, &why);
}

static void each_element_of_closed_is_held_against_the_question(void **state)
{
    (void)state;
    static const struct {
        enum closed_element element;
        int signer;
        enum err error;
    } cases[] = {
        {C_NOTHING, P_BROKER, ERR_OK},      {C_DEPLOYMENT, P_BROKER, ERR_MISMATCH},
        {C_REQUEST, P_BROKER, ERR_MISMATCH}, {C_HOLDER, P_BROKER, ERR_MISMATCH},
        {C_EARLY, P_BROKER, ERR_MISMATCH},  {C_TO_COME, P_BROKER, ERR_MISMATCH},
        {C_NOTHING, P_UWV, ERR_SIGNATURE},  {C_NOTHING, P_RIEC, ERR_SIGNATURE},
    };
    struct trip t;
    trip_new(&t);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const enum err said = judge_closed(&t, cases[i].element, cases[i].signer);
        if (said != cases[i].error)
            fail_msg("case %zu: %s", i, err_text(said));
    }
    trip_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_holder_releases_the_requester_believes),
        cmocka_unit_test(an_officer_and_the_prosecutor_are_believed_together),
        cmocka_unit_test(a_requester_counts_the_functions_itself),
        cmocka_unit_test(a_requester_believes_no_deputy_before_the_term_can_be_over),
        cmocka_unit_test(nothing_is_believed_where_one_element_is_another),
        cmocka_unit_test(each_element_of_closed_is_held_against_the_question),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
