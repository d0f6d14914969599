/* A hit notice raises an item where all of it proves, and teaches nothing where one thing does not. */
#include "tests/unit/agent/hold/world.h"

#include "agent/store/store.h"
#include "pki/sign.h"

static void a_hit_that_proves_raises_one_item(void **state)
{
    (void)state;
    struct world w;
    struct question q;
    struct hold_item item;
    world_new(&w);
    question_new(&w, &q);
    question_make(&w, &q);
    assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(&w), 1);
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_OPEN);
    assert_int_equal(item.matched_count, 1);
    assert_int_equal(item.matched[0].type, IDENT_BSN);
    assert_int_equal(item.control_name, COMPARED_EQUAL);
    assert_int_equal(item.control_birth, COMPARED_EQUAL);
    assert_true(digest_equal(&item.record_leaf, &w.roots.leaf));
    assert_string_equal(item.function.s, "case_worker");
    assert_int_equal(item.due_s, q.header.deadline_s);
    assert_int_equal(item.keep_hit, 30);
    assert_int_equal(item.keep_release, 365);
    /* in the index by all that the record knows its subject by, also what the question did not name */
    const struct touch_thread thread = touch_of_item(1);
    assert_memory_equal(&world_log.begun, &thread, sizeof thread);
    assert_int_equal(world_log.begun_count, 3);
    assert_int_equal(world_log.begun_terms.ends_s, q.header.deadline_s);
    assert_int_equal(world_log.count, 1);
    assert_memory_equal(&world_log.entries[0].touched, &thread, sizeof thread);
    /* the same notice again: nothing new */
    assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(&w), 1);
    world_item(&w, 1, &item);
    assert_int_equal(item.folded, 0);
    question_free(&q);
    world_free(&w);
}

typedef void (*alter_fn)(struct world *w, struct question *q);

#define ALTER(name, statement)                                                                     \
    static void name(struct world *w, struct question *q)                                          \
    {                                                                                              \
        (void)w;                                                                                   \
        (void)q;                                                                                   \
        statement;                                                                                 \
    }
ALTER(nothing, )
ALTER(two_weak_types, q->matched[0] = 0; q->matched[1] = 2; q->matched_count = 2)
ALTER(other_deployment, q->header.deployment = (struct name){"other"})
ALTER(other_holder, q->header.holder = w->members[P_BD].id)
ALTER(other_policy, q->header.policy_digest.b[3] ^= 1)
ALTER(deadline_over, q->header.deadline_s = w->now_s)
ALTER(deadline_too_long, q->header.deadline_s = q->header.issued_at_s + 601)
ALTER(unknown_rule, q->header.rule = (struct name){"riec.other"})
ALTER(other_rule_version, q->header.rule_version = 2)
ALTER(other_purpose, q->header.purpose = (struct name){"other-purpose"})
ALTER(other_process, q->header.process = (struct name){"case_hit"})
ALTER(no_process, q->header.process = (struct name){"none"})
ALTER(other_epoch, q->header.epoch = 2)
ALTER(no_member, q->header.requester = w->members[P_REGISTRAR].id)
ALTER(requester_not_of_rule, q->header.requester = w->members[P_BD].id;
      q->agency = &w->signing[P_BD]; q->worker = &w->officer[O_BD]; q->sealer = q->agency)
ALTER(signed_by_another_agency, q->agency = &w->signing[P_BD])
ALTER(signed_with_the_sealing_key, q->agency = &w->sealing[P_RIEC])
ALTER(worker_without_function, q->worker = &w->officer[O_BD])
ALTER(worker_of_the_holder, q->worker = &w->officer[O_UWV_A])
ALTER(on_behalf_of_another, q->header.on_behalf_of = w->members[P_BD].id)
ALTER(foreign_handle, q->handle.b[7] ^= 1)
ALTER(other_group, q->group = 1)
ALTER(other_leaf_group, q->leaf_group = 1)
ALTER(other_salt, q->spoil_salt = true)
ALTER(other_path, q->spoil_path = true)
ALTER(invented_subject, q->spoil_inner = true)
ALTER(other_type, q->claimed = IDENT_KVK)
ALTER(weak_alone, q->matched[0] = 0)
ALTER(named_twice, q->matched[1] = 1; q->matched_count = 2)
ALTER(swapped_sealed_part, q->swap_sealed = true)
ALTER(sealed_by_another, q->sealer = &w->signing[P_BD])
ALTER(sealed_to_another, q->sealed_to = &w->sealing[P_BD])
ALTER(sealed_other_deployment, q->sealed.deployment = (struct name){"other"})
ALTER(sealed_other_request, q->sealed.request_id.b[0] ^= 1)
ALTER(sealed_other_holder, q->sealed.holder = w->members[P_BD].id)
ALTER(sealed_other_group, q->sealed.group = 1)
ALTER(short_necessity, q->sealed.necessity = bytes_str("kort"))
ALTER(no_proportionality, q->sealed.proportionality = bytes_str(""))
ALTER(no_field_of_this_holder, q->header.field_count = 1)
ALTER(record_withdrawn, w->record.withdrawn = true)
ALTER(record_expired, w->record.expires_day = (uint32_t)(FIX_NOW / FIX_DAY))
ALTER(record_of_another_purpose, w->record.purpose = (struct name){"other"})

static const struct {
    const char *what;
    alter_fn alter;
    bool raised;
} alterations[] = {
    {"nothing", nothing, true},
    {"two weak types", two_weak_types, true},
    {"deployment", other_deployment, false},
    {"holder", other_holder, false},
    {"policy digest", other_policy, false},
    {"deadline too long", deadline_too_long, false},
    {"rule", unknown_rule, false},
    {"rule version", other_rule_version, false},
    {"purpose", other_purpose, false},
    {"process", other_process, false},
    {"no process", no_process, false},
    {"epoch", other_epoch, false},
    {"requester", no_member, false},
    {"requester not of the rule", requester_not_of_rule, false},
    {"agency signature", signed_by_another_agency, false},
    {"sealing key signs", signed_with_the_sealing_key, false},
    {"worker without function", worker_without_function, false},
    {"worker of the holder", worker_of_the_holder, false},
    {"on behalf of", on_behalf_of_another, false},
    {"handle", foreign_handle, false},
    {"group", other_group, false},
    {"group of the leaf", other_leaf_group, false},
    {"salt", other_salt, false},
    {"path", other_path, false},
    {"invented subject", invented_subject, false},
    {"type", other_type, false},
    {"weak alone", weak_alone, false},
    {"named twice", named_twice, false},
    {"sealed part swapped", swapped_sealed_part, false},
    {"sealed by another", sealed_by_another, false},
    {"sealed to another", sealed_to_another, false},
    {"sealed deployment", sealed_other_deployment, false},
    {"sealed request", sealed_other_request, false},
    {"sealed holder", sealed_other_holder, false},
    {"sealed group", sealed_other_group, false},
    {"necessity", short_necessity, false},
    {"proportionality", no_proportionality, false},
    {"fields", no_field_of_this_holder, false},
    {"withdrawn", record_withdrawn, false},
    {"expired", record_expired, false},
    {"record's purpose", record_of_another_purpose, false},
};

ALTER(late_and_for_another, q->header.deadline_s = w->now_s; q->header.holder = w->members[P_BD].id)

/* As after an agency was away: nothing can be decided, and nobody did wrong. One that does not verify is refused all the same. */
static void what_comes_when_its_deadline_has_passed_is_nothing_wrong(void **state)
{
    (void)state;
    static const alter_fn late[] = {deadline_over, late_and_for_another};
    struct world w;
    world_new(&w);
    for (size_t i = 0; i < ARRAY_LEN(late); i++) {
        struct question q;
        question_new(&w, &q);
        late[i](&w, &q);
        question_make(&w, &q);
        assert_int_equal(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)), i > 0);
        assert_int_equal(world_items(&w), 0);
        assert_int_equal(world_number(&w, MAIL_REFUSED), i);
        question_free(&q);
    }
    world_free(&w);
}

static void a_hit_with_one_thing_altered_teaches_nothing(void **state)
{
    (void)state;
    struct world w;
    world_new(&w);
    const struct record record = w.record;
    size_t raised = 0;
    for (size_t i = 0; i < ARRAY_LEN(alterations); i++) {
        struct question q;
        w.record = record;
        question_new(&w, &q);
        q.header.request_id.b[0] = (uint8_t)i;
        q.sealed.request_id = q.header.request_id;
        alterations[i].alter(&w, &q);
        question_make(&w, &q);
        bool dropped = world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content));
        raised += alterations[i].raised;
        if (dropped == alterations[i].raised || world_items(&w) != raised ||
            world_number(&w, MAIL_REFUSED) != i + 1 - raised)
            fail_msg("%s: dropped %d, items %zu", alterations[i].what, dropped, world_items(&w));
        question_free(&q);
    }
    world_free(&w);
}

/* An organisation with legal personality names itself, and nobody else. */
static void a_hit_of_who_asks_for_itself(void **state)
{
    (void)state;
    static const struct policy_edit own[] = {
        {"regime: avg, region: regio-demo, on_behalf_of: ['00000099000000006000']}",
         "regime: avg, region: regio-demo}"},
        {NULL, NULL}};
    for (int itself = 0; itself <= 1; itself++) {
        struct world w;
        struct question q;
        world_new_edited(&w, own);
        question_new(&w, &q);
        if (itself)
            q.header.on_behalf_of = q.header.requester;
        question_make(&w, &q);
        assert_int_equal(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)), !itself);
        assert_int_equal(world_items(&w), itself);
        question_free(&q);
        world_free(&w);
    }
}

/* A sample of all bytes, and each byte of the first hundred. */
static void a_hit_with_one_bit_flipped_teaches_nothing(void **state)
{
    (void)state;
    struct world w;
    struct question q;
    world_new(&w);
    question_new(&w, &q);
    question_make(&w, &q);
    for (size_t i = 0; i < q.content.len; i += i < 100 ? 1 : 29) {
        q.content.ptr[i] ^= 0x04;
        if (!world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)) || world_items(&w) != 0)
            fail_msg("byte %zu", i);
        q.content.ptr[i] ^= 0x04;
    }
    for (size_t n = 0; n < q.content.len; n += 97)
        assert_true(world_deliver(&w, &hold_hit_owner, bytes_of(q.content.ptr, n)));
    assert_int_equal(world_items(&w), 0);
    assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(&w), 1);
    question_free(&q);
    world_free(&w);
}

static void a_protected_record_raises_nothing_and_is_counted(void **state)
{
    (void)state;
    struct world w;
    struct question q;
    world_new(&w);
    w.record.is_protected = true;
    question_new(&w, &q);
    question_make(&w, &q);
    assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(&w), 0);
    assert_int_equal(world_number(&w, HOLD_PROTECTED_MET), 1);
    assert_int_equal(world_log.begun_count, 0);
    assert_int_equal(world_log.count, 0); /* told by the count of the day alone */
    assert_int_equal(world_number(&w, OWN_LOG_MET), 1);
    assert_int_equal(world_number(&w, MAIL_REFUSED), 0);
    question_free(&q);
    world_free(&w);
}

static void control_data_is_equal_differs_or_absent(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *date;
        enum comparison by_name;
        enum comparison by_date;
    } cases[] = {
        {"Pieter Jansen", "1980-01-01", COMPARED_EQUAL, COMPARED_EQUAL},
        {"P. Jansen", "1980-01-01", COMPARED_EQUAL, COMPARED_EQUAL},
        {"Jansen, Pieter", "", COMPARED_EQUAL, COMPARED_ABSENT},
        {"Piet van Jansen", "1980-01-02", COMPARED_EQUAL, COMPARED_DIFFERS},
        {"Karel Jansen", "1980-01-01", COMPARED_DIFFERS, COMPARED_EQUAL},
        {"Pieter Smit", "", COMPARED_DIFFERS, COMPARED_ABSENT},
        {"Jansen", "", COMPARED_ABSENT, COMPARED_ABSENT},
        {"", "", COMPARED_ABSENT, COMPARED_ABSENT},
    };
    struct world w;
    world_new(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct question q;
        struct hold_item item;
        question_new(&w, &q);
        q.header.request_id.b[0] = (uint8_t)i;
        q.sealed.request_id = q.header.request_id;
        q.sealed.control_name = bytes_str(cases[i].name);
        q.sealed.control_birth_date = bytes_str(cases[i].date);
        question_make(&w, &q);
        assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
        world_item(&w, i + 1, &item);
        if (item.control_name != cases[i].by_name || item.control_birth != cases[i].by_date)
            fail_msg("case %zu: %s, %s", i, comparison_id(item.control_name),
                     comparison_id(item.control_birth));
        question_free(&q);
    }
    world_free(&w);
}

/* Delivers the broker's word that a question is over, with this time in it, signed by a party. */
struct ended_by {
    int signer;
    int holder;
    int64_t closed_at_s;
};

static bool deliver_ended(struct world *w, const struct digest *header, struct ended_by by)
{
    struct closed c = {.deployment = {"demo"}, .header_digest = *header,
                       .holder = w->members[by.holder].id, .closed_at_s = by.closed_at_s};
    struct buf doc = buf_new(4096);
    struct buf wire = buf_new(8192);
    struct signature s;
    memset(c.request_id.b, 0x11, sizeof c.request_id.b);
    assert_int_equal(closed_encode(&c, &doc), ERR_OK);
    assert_int_equal(sign_document(SIGN_CLOSED, w->signing[by.signer].key, buf_bytes(&doc), &s),
                     ERR_OK);
    const struct signed_closed sc = {buf_bytes(&doc), signature_bytes(&s)};
    assert_int_equal(signed_closed_encode(&sc, &wire), ERR_OK);
    bool dropped = world_deliver(w, &hold_ended_owner, buf_bytes(&wire));
    buf_free(&doc);
    buf_free(&wire);
    return dropped;
}

static const struct policy_edit without_minors[] = {
    {"minors: {excluded: false, ground: {law: wgs, article: '2.17', verified_by: none}}",
     "minors: {excluded: true}"},
    {NULL, NULL}};

/* The record says 1 January 1980. What the requester says is its own word: against the record it makes nobody
 * an adult. */
static void a_date_of_birth_that_the_record_contradicts_tells_no_age(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        bool raises;
    } cases[] = {{"1980-01-01", true}, {"1980-01-02", false}, {"2020-01-01", false}, {"", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        struct question q;
        world_new_edited(&w, without_minors);
        question_new(&w, &q);
        q.sealed.control_birth_date = bytes_str(cases[i].date);
        question_make(&w, &q);
        if (world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)) == cases[i].raises ||
            world_items(&w) != (cases[i].raises ? 1 : 0))
            fail_msg("'%s'", cases[i].date);
        question_free(&q);
        world_free(&w);
    }
}

/* Two records of one question: the row of the first does not open. */
static void a_damaged_item_holds_up_no_end(void **state)
{
    (void)state;
    struct world w;
    struct question q;
    struct hold_item item;
    world_new(&w);
    for (int i = 0; i < 2; i++) {
        question_new(&w, &q);
        question_make(&w, &q);
        assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
        question_free(&q);
        w.record.handle.b[0] ^= 1;
    }
    assert_int_equal(world_items(&w), 2);
    world_damage_item(&w, 1);
    world_item(&w, 2, &item);
    const struct digest header = item.header_digest;
    w.now_s = item.due_s;
    assert_false(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_UWV, w.now_s}));
    world_item(&w, 2, &item);
    assert_int_equal(item.state, ITEM_ENDED);
    world_free(&w);
}

static void the_brokers_end_closes_and_empties_the_item(void **state)
{
    (void)state;
    struct world w;
    struct question q;
    struct hold_item item;
    world_new(&w);
    question_new(&w, &q);
    question_make(&w, &q);
    assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    world_item(&w, 1, &item);
    const struct digest header = item.header_digest;
    struct digest other = header;
    other.b[0] ^= 1;
    const int64_t over_s = q.header.deadline_s;
    w.now_s = over_s - 310;
    /* while it runs: neither with a time before its end nor with its end as if that had come */
    assert_false(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_UWV, w.now_s}));
    assert_true(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_UWV, over_s}));
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_OPEN);
    w.now_s = over_s;
    assert_true(deliver_ended(&w, &header, (struct ended_by){P_RIEC, P_UWV, over_s}));
    assert_true(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_BD, over_s}));
    assert_false(deliver_ended(&w, &other, (struct ended_by){P_BROKER, P_UWV, over_s}));
    assert_false(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_UWV, over_s - 1}));
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_OPEN);
    assert_false(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_UWV, over_s}));
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_ENDED);
    assert_true(item.emptied);
    assert_int_equal(item.sealed.len, 0);
    assert_int_equal(item.matched_count, 0);
    assert_int_equal(item.due_s, w.now_s + 30 * FIX_DAY);
    question_free(&q);
    world_free(&w);
}

/* The entry of an end that the broker tells says whether the agency had to decide, and did not. */
static void an_end_without_a_decision_that_was_due_is_told(void **state)
{
    (void)state;
    static const struct policy_edit shall[] = {WORLD_SHALL, {NULL, NULL}};
    for (int is_due = 0; is_due < 2; is_due++) {
        struct world w;
        struct question q;
        struct hold_item item;
        world_new_edited(&w, is_due ? shall : NULL);
        question_new(&w, &q);
        question_make(&w, &q);
        assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
        world_item(&w, 1, &item);
        const struct digest header = item.header_digest;
        w.now_s = q.header.deadline_s;
        assert_false(deliver_ended(&w, &header, (struct ended_by){P_BROKER, P_UWV, w.now_s}));
        assert_int_equal(world_logged_number(AUDIT_EVENT_ITEM_CLOSED, "overdue"), is_due);
        question_free(&q);
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_that_proves_raises_one_item),
        cmocka_unit_test(what_comes_when_its_deadline_has_passed_is_nothing_wrong),
        cmocka_unit_test(a_hit_with_one_thing_altered_teaches_nothing),
        cmocka_unit_test(a_hit_of_who_asks_for_itself),
        cmocka_unit_test(a_hit_with_one_bit_flipped_teaches_nothing),
        cmocka_unit_test(a_protected_record_raises_nothing_and_is_counted),
        cmocka_unit_test(control_data_is_equal_differs_or_absent),
        cmocka_unit_test(a_date_of_birth_that_the_record_contradicts_tells_no_age),
        cmocka_unit_test(a_damaged_item_holds_up_no_end),
        cmocka_unit_test(the_brokers_end_closes_and_empties_the_item),
        cmocka_unit_test(an_end_without_a_decision_that_was_due_is_told),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
