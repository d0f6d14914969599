/* Asking, before anything leaves: the policy is judged by the requester itself, and a protected person is
 * asked about as nobody is. */
#include "tests/unit/agent/hold/world.h"

#include "agent/ask/compose.h"
#include "agent/ask/judge.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "proto/log/merkle.h"

static const struct name rule_id = {"riec.casus.verstrekking"};

static struct norm_ident bsn(const char *value)
{
    struct norm_ident id = {.type = IDENT_BSN, .len = (uint8_t)strlen(value)};
    memcpy(id.value, value, id.len);
    return id;
}

static struct subject subject_of(struct norm_ident *id)
{
    return (struct subject){
        .label = bytes_str("dossier 12"),
        .necessity = bytes_str("De uitkering bepaalt of de gemelde inkomsten legaal kunnen zijn."),
        .proportionality = bytes_str("p"),
        .subsidiarity = bytes_str("s"),
        .concrete_signal = bytes_str("signaal"),
        .control_name = bytes_str("Pieter Jansen"),
        .control_birth_date = bytes_str("1980-01-01"),
        .identifiers = id,
        .identifier_count = 1,
    };
}

static void question(struct world *w, const struct subject_list *subjects, const struct name *fields,
                     struct ask_question *q)
{
    *q = (struct ask_question){.view = w->view,
                               .requester = w->members[P_RIEC].id,
                               .rule = policy_rule(view_policy(w->view), &rule_id),
                               .officer = &w->officers[O_RIEC],
                               .case_state = CASE_WORK_UP_1,
                               .fields = {fields, 1},
                               .counts = {1, 1, 1, 1},
                               .now_s = w->now_s,
                               .deadline_s = w->now_s + 300};
    assert_non_null(q->rule);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000006000"), &q->on_behalf_of), ERR_OK);
    subjects_facts(subjects, q->rule, q->now_s, &q->subjects);
}

/* Invariant 4 at the requester: nothing is permitted by default, and each thing that fails is told. */
static void the_requester_asks_its_own_policy_first(void **state)
{
    (void)state;
    struct world w;
    struct ask_question q;
    static struct decision d;
    struct norm_ident id = bsn("999990019");
    struct subject s = subject_of(&id);
    const struct subject_list subjects = {&s, 1, 1};
    const struct name fields[] = {{"soort_uitkering"}};
    world_new(&w);
    question(&w, &subjects, fields, &q);
    const struct agency_id *holder = &w.members[P_UWV].id;
    ask_judge(&q, holder, &d);
    if (!d.permit)
        fail_msg("denied: %s", condition_id(d.failures[0].condition));
    ask_judge(&q, &w.members[P_BD].id, &d); /* has adopted nothing */
    assert_false(d.permit);
    assert_true(decision_failed(&d, CONDITION_ADOPTION));
    q.officer = &w.officers[O_UWV_M]; /* no function that may ask */
    ask_judge(&q, holder, &d);
    assert_false(d.permit);
    assert_true(decision_failed(&d, CONDITION_FUNCTION));
    q.officer = &w.officers[O_RIEC];
    q.case_state = CASE_SIGNAL;
    ask_judge(&q, holder, &d);
    assert_true(decision_failed(&d, CONDITION_CASE_STATE));
    q.case_state = CASE_WORK_UP_1;
    q.subjects = (struct facts){.now = {0, PROVENANCE_UNKNOWN}}; /* nothing is known of them */
    ask_judge(&q, holder, &d);
    assert_false(d.permit);
    question(&w, &subjects, fields, &q);
    world_withdraw_adoption(&w);
    q.view = w.view;
    ask_judge(&q, holder, &d);
    assert_false(d.permit);
    assert_true(decision_failed(&d, CONDITION_ADOPTION));
    world_free(&w);
}

/* A check that the rule wants is recorded in the case, or the question does not leave. */
static void a_check_that_is_not_recorded_stops_the_question(void **state)
{
    (void)state;
    static const struct policy_edit wants[] = {
        {"control_data: optional\n", "control_data: optional\n      checks: [check_1, check_2a]\n"},
        {NULL, NULL}};
    static const struct name recorded[] = {{"check_1"}, {"check_2a"}};
    static struct decision d;
    struct world w;
    struct ask_question q;
    struct norm_ident id = bsn("999990019");
    struct subject s = subject_of(&id);
    const struct subject_list subjects = {&s, 1, 1};
    const struct name fields[] = {{"soort_uitkering"}};
    world_new_edited(&w, wants);
    question(&w, &subjects, fields, &q);
    for (size_t n = 0; n <= ARRAY_LEN(recorded); n++) {
        q.checks = (struct name_list){recorded, n};
        ask_judge(&q, &w.members[P_UWV].id, &d);
        assert_int_equal(d.permit, n == ARRAY_LEN(recorded));
        assert_int_equal(decision_failed(&d, CONDITION_CHECKS), n < ARRAY_LEN(recorded));
        assert_int_equal(d.failures_count, n < ARRAY_LEN(recorded) ? 1 : 0);
    }
    world_free(&w);
}

struct sent {
    struct composed c;
    struct inner inner;  /* what the broker gets for the identifier */
    size_t sealed_bytes;
    struct buf plain;    /* what the holder would read */
};

static void ask_about(struct world *w, struct arena *a, struct subject *s, struct sent *out)
{
    struct question q;
    struct errmsg why = {""};
    const struct subject_list subjects = {s, 1, s->identifier_count};
    question_new(w, &q);
    const struct compose c = {.header = &q.header,
                              .subjects = &subjects,
                              .half = w->half,
                              .signing = w->signing[P_RIEC].key,
                              .signer = w->signing[P_RIEC].cert,
                              .holder = w->sealing[P_UWV].cert};
    if (compose(&c, a, &out->c, &why) != ERR_OK)
        fail_msg("compose: %s", why.text);
    assert_int_equal(out->c.message.identifier_count, 1);
    out->inner = out->c.message.identifiers[0].inner;
    out->sealed_bytes = out->c.message.sealed_parts[0].len;
    out->plain = buf_new(SEALED_PART_MAX_BYTES);
    const struct seal_open_params p = {w->sealing[P_UWV].key, w->sealing[P_UWV].cert,
                                       w->signing[P_RIEC].cert};
    assert_int_equal(seal_open(&p, out->c.message.sealed_parts[0], &out->plain, &why), ERR_OK);
    question_free(&q);
}

/* Invariant 14: what goes out about a protected person has the sizes of any other request and holds
 * neither the person's identifier nor a word of what was said. */
static void a_protected_person_is_asked_about_as_nobody(void **state)
{
    (void)state;
    struct world w;
    struct norm_ident ids[2] = {bsn("999990019"), bsn("999990019")};
    struct subject open = subject_of(&ids[0]);
    struct subject covered = subject_of(&ids[1]);
    struct sent a = {.sealed_bytes = 0};
    struct sent b = {.sealed_bytes = 0};
    struct arena *arena = arena_new((size_t)16 << 20);
    world_new(&w);
    assert_int_equal(subject_cover(&covered, arena), ERR_OK);
    ask_about(&w, arena, &open, &a);
    ask_about(&w, arena, &covered, &b);
    assert_memory_equal(a.inner.b, w.inners[1].b, sizeof a.inner.b); /* the record that it would hit */
    assert_memory_not_equal(b.inner.b, w.inners[1].b, sizeof b.inner.b);
    assert_int_equal(b.c.message.identifiers[0].type, IDENT_BSN);
    assert_int_equal(a.c.message.padding_count, b.c.message.padding_count);
    assert_in_range(a.sealed_bytes + 16 - b.sealed_bytes, 0, 32); /* signatures in DER vary */
    assert_non_null(memmem(a.plain.ptr, a.plain.len, "Pieter", 6));
    assert_null(memmem(b.plain.ptr, b.plain.len, "Pieter", 6));
    assert_null(memmem(b.plain.ptr, b.plain.len, "uitkering", 9));
    buf_free(&a.plain);
    buf_free(&b.plain);
    arena_free(arena);
    world_free(&w);
}

/* Invariant 1: free text leaves sealed to the holder; how the case worker calls the subject, never. */
static void free_text_leaves_sealed_and_labels_do_not_leave(void **state)
{
    (void)state;
    static const char *const secrets[] = {"Pieter", "uitkering bepaalt", "999990019", "dossier 12",
                                          "1980-01-01"};
    struct world w;
    struct norm_ident id = bsn("999990019");
    struct subject s = subject_of(&id);
    struct sent sent = {.sealed_bytes = 0};
    struct arena *arena = arena_new((size_t)16 << 20);
    struct buf body = buf_new((size_t)1 << 20);
    struct signature none = {.len = 8};
    world_new(&w);
    ask_about(&w, arena, &s, &sent);
    sent.c.message.worker_signature = sent.c.message.agency_signature = signature_bytes(&none);
    assert_int_equal(request_message_encode(&sent.c.message, &body), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        assert_null(memmem(body.ptr, body.len, secrets[i], strlen(secrets[i])));
    assert_null(memmem(sent.plain.ptr, sent.plain.len, "dossier 12", 10));
    assert_null(memmem(sent.plain.ptr, sent.plain.len, "999990019", 9));
    buf_free(&body);
    buf_free(&sent.plain);
    arena_free(arena);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_is_not_recorded_stops_the_question),
        cmocka_unit_test(the_requester_asks_its_own_policy_first),
        cmocka_unit_test(a_protected_person_is_asked_about_as_nobody),
        cmocka_unit_test(free_text_leaves_sealed_and_labels_do_not_leave),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
