/* Decisions: who may, about what, in which words; and the release that the last signature makes. */
#include "tests/unit/agent/hold/world.h"

#include "agent/hold/sweep.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "pki/sign.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

#define DECIDE(who, ...)                                                                           \
    world_decide(w, 1, &(const struct decision_of){.officer = (who), __VA_ARGS__})
#define RELEASE(who, ...)                                                                          \
    DECIDE(who, .decision = CONSENT_RELEASE, .fields = {__VA_ARGS__ __VA_OPT__(, ) NULL})

static void begin_edited(struct world *w, const struct policy_edit *edits, bool hit_only,
                         const char *control_name)
{
    struct question q;
    world_new_edited(w, edits);
    if (hit_only)
        question_hit_only(w, &q);
    else
        question_new(w, &q);
    q.sealed.control_name = bytes_str(control_name);
    question_make(w, &q);
    assert_false(world_deliver(w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(w), 1);
    question_free(&q);
}

static void begin(struct world *w, bool hit_only, const char *control_name)
{
    begin_edited(w, NULL, hit_only, control_name);
}

static enum item_state state_of(struct world *w)
{
    struct hold_item item;
    world_item(w, 1, &item);
    return item.state;
}

static void four_eyes_are_two_persons_with_the_same_words(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_OK);
    assert_int_equal(state_of(w), ITEM_OPEN);
    assert_int_equal(w->sent_count, 0);
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_PERMISSION);
    assert_int_equal(RELEASE(O_UWV_A2, "soort_uitkering"), ERR_PERMISSION);
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering", "werkgever"), ERR_MISMATCH);
    assert_int_equal(RELEASE(O_UWV_B, "werkgever"), ERR_MISMATCH);
    assert_int_equal(w->sent_count, 0);
    world_restart(w); /* between the two */
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering"), ERR_OK);
    assert_int_equal(state_of(w), ITEM_SENT);
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering"), ERR_STATE);
    assert_int_equal(w->sent_count, 1);
    world_free(w);
}

static size_t signed_entries(const struct digest *header)
{
    size_t n = 0;
    for (size_t i = 0; i < world_log.count; i++)
        n += world_log.entries[i].event == AUDIT_EVENT_DECISION_SIGNED &&
             digest_equal(&world_log.entries[i].request, header);
    return n;
}

static void a_signature_and_its_entry_are_one(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct hold_item item;
    begin(w, false, "Pieter Jansen");
    world_item(w, 1, &item);
    assert_int_equal(world_log.entries[0].event, AUDIT_EVENT_ITEM_RAISED);
    world_log.is_broken = true; /* nothing happens */
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_IO);
    world_item(w, 1, &item);
    assert_int_equal(item.consent_count, 0);
    world_log.is_broken = false;
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_OK);
    assert_int_equal(signed_entries(&item.header_digest), 1);
    world_log.is_broken = true;
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering"), ERR_IO);
    assert_int_equal(state_of(w), ITEM_OPEN);
    world_log.is_broken = false;
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering"), ERR_OK);
    assert_int_equal(signed_entries(&item.header_digest), 2);
    const struct world_entry *last = &world_log.entries[world_log.count - 1];
    assert_string_equal(last->first, "release");
    assert_string_equal(last->staff.s, w->officers[O_UWV_B].staff.s);
    assert_int_equal(last->count, 1);
    world_free(w);
}

static void only_what_may_be_released_can_be_signed(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct decision_of d;
        enum err e;
    } cases[] = {
        {"a field of another holder",
         {O_UWV_A, CONSENT_RELEASE, NULL, {"openstaande_schuld"}}, ERR_NOT_FOUND},
        {"a field that was not asked",
         {O_UWV_A, CONSENT_RELEASE, NULL, {"ingangsdatum"}}, ERR_NOT_FOUND},
        {"one of two not asked",
         {O_UWV_A, CONSENT_RELEASE, NULL, {"ingangsdatum", "werkgever"}}, ERR_NOT_FOUND},
        {"a field of no rule", {O_UWV_A, CONSENT_RELEASE, NULL, {"zzz"}}, ERR_NOT_FOUND},
        {"no field", {O_UWV_A, CONSENT_RELEASE, NULL, {NULL}}, ERR_NOT_FOUND},
        {"known under a rule for releases", {O_UWV_A, CONSENT_KNOWN, NULL, {NULL}},
         ERR_PERMISSION},
        {"a ground of no rule", {O_UWV_A, CONSENT_REFUSE, "geen_zin", {NULL}}, ERR_UNKNOWN},
        {"no ground", {O_UWV_A, CONSENT_REFUSE, "", {NULL}}, ERR_UNKNOWN},
        {"a deputy in the term", {O_UWV_PF, CONSENT_RELEASE, NULL, {"werkgever"}},
         ERR_PERMISSION},
        {"another function", {O_UWV_M, CONSENT_RELEASE, NULL, {"werkgever"}}, ERR_PERMISSION},
    };
    struct world w;
    begin(&w, false, "Pieter Jansen");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum err e = world_decide(&w, 1, &cases[i].d);
        if (e != cases[i].e)
            fail_msg("%s: %s", cases[i].what, err_text(e));
    }
    assert_int_equal(state_of(&w), ITEM_OPEN);
    assert_int_equal(w.sent_count, 0);
    w.now_s += 61; /* the term of the decision is over: deputies may */
    assert_int_equal(world_decide(&w, 1, &cases[8].d), ERR_OK);
    world_free(&w);
}

static void nothing_is_decided_after_the_deadline(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK);
    w->now_s = FIX_NOW + 390;
    assert_int_equal(RELEASE(O_UWV_B, "werkgever"), ERR_EXPIRED);
    assert_int_equal(DECIDE(O_UWV_B, .decision = CONSENT_REFUSE, .code = "niet_noodzakelijk"),
                     ERR_EXPIRED);
    assert_int_equal(w->sent_count, 0);
    world_free(w);
}

/* The record has "WW": it was loaded before the rule said so. */
static const struct policy_edit with_masking[] = {
    {"name: soort_uitkering, category: uitkering, sensitivity: ordinary",
     "name: soort_uitkering, category: uitkering, sensitivity: ordinary, masking: year"},
    {NULL, NULL}};

static void a_field_that_is_not_masked_cannot_be_signed(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin_edited(w, with_masking, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_MISMATCH);
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering", "werkgever"), ERR_MISMATCH);
    struct hold_item item;
    world_item(w, 1, &item);
    assert_int_equal(item.consent_count, 0);
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK);
    assert_int_equal(state_of(w), ITEM_OPEN);
    world_free(w);
}

static void a_first_signature_goes_with_its_function(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK);
    world_change_function(w, O_UWV_A, FUNCTION_AUDITOR);
    assert_int_equal(RELEASE(O_UWV_B, "werkgever"), ERR_OK);
    assert_int_equal(state_of(w), ITEM_OPEN); /* this one is the first now */
    assert_int_equal(w->sent_count, 0);
    world_free(w);
}

static void a_record_that_is_gone_cannot_be_released(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    w->record.withdrawn = true;
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_STATE);
    w->record.withdrawn = false;
    w->record.is_protected = true;
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_STATE);
    world_free(w);
}

static void open_settle(struct world *w, struct arena *a, struct settle *s, struct consent *c)
{
    struct errmsg why = {""};
    if (settle_decode(buf_bytes(&w->sent[0]), a, s, &why) != ERR_OK)
        fail_msg("settle: %s", why.text);
    for (size_t i = 0; i < s->consent_count; i++)
        assert_int_equal(consent_decode(s->consents[i].consent, a, &c[i], &why), ERR_OK);
}

static void a_refusal_needs_one_person_and_carries_nothing(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct settle s;
    struct consent c[2];
    struct arena *a = arena_new((size_t)4 << 20);
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK); /* is dropped by the refusal */
    assert_int_equal(DECIDE(O_UWV_B, .decision = CONSENT_REFUSE, .code = "niet_noodzakelijk"),
                     ERR_OK);
    assert_int_equal(state_of(w), ITEM_SENT);
    open_settle(w, a, &s, c);
    assert_int_equal(s.consent_count, 1);
    assert_int_equal(s.release.len, 0);
    assert_int_equal(c[0].decision, CONSENT_REFUSE);
    assert_true(bytes_is(c[0].code, "niet_noodzakelijk"));
    assert_int_equal(c[0].field_count, 0);
    arena_free(a);
    world_free(w);
}

static void known_is_confirmed_under_its_rule_alone(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct settle s;
    struct consent c[2];
    struct arena *a = arena_new((size_t)4 << 20);
    begin(w, true, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_PERMISSION);
    assert_int_equal(DECIDE(O_UWV_A, .decision = CONSENT_KNOWN), ERR_OK);
    assert_int_equal(state_of(w), ITEM_SENT);
    open_settle(w, a, &s, c);
    assert_int_equal(s.consent_count, 1);
    assert_int_equal(s.release.len, 0);
    assert_int_equal(c[0].decision, CONSENT_KNOWN);
    arena_free(a);
    world_free(w);
}

static void control_data_that_differs_forces_four_eyes(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, true, "Karel Smit");
    assert_int_equal(DECIDE(O_UWV_A, .decision = CONSENT_KNOWN), ERR_OK);
    assert_int_equal(state_of(w), ITEM_OPEN);
    assert_int_equal(w->sent_count, 0);
    assert_int_equal(DECIDE(O_UWV_B, .decision = CONSENT_KNOWN), ERR_OK);
    assert_int_equal(w->sent_count, 1);
    world_free(w);
}

static void check_consents(const struct world *w, const struct settle *s, const struct consent *c)
{
    static const int who[] = {O_UWV_A, O_UWV_B};
    assert_int_equal(s->consent_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sign_verify(SIGN_CONSENT, w->officer[who[i]].key, s->consents[i].consent,
                                     s->consents[i].signature),
                         ERR_OK);
        assert_true(digest_equal(&s->consents[i].fingerprint,
                                 cert_fingerprint(w->officer[who[i]].cert)));
        assert_string_equal(c[i].function.s, "release_officer");
        assert_int_equal(c[i].roster_serial, 7);
        assert_int_equal(c[i].group, 0);
        assert_int_equal(c[i].not_after_s, FIX_NOW + 390);
        assert_true(digest_equal(&c[i].requester_sealing,
                                 cert_fingerprint(w->sealing[P_RIEC].cert)));
        assert_true(digest_equal(&c[i].record_leaf, &w->roots.leaf));
    }
    assert_memory_equal(c[0].nonce.b, c[1].nonce.b, sizeof c[0].nonce.b);
}

/* Every opening proves into the leaf that both officers signed. */
static void check_content(const struct world *w, const struct settle *s, const struct consent *c,
                          const struct release_content *r)
{
    struct digest d;
    assert_int_equal(r->field_count, 1);
    assert_string_equal(r->fields[0].name.s, "soort_uitkering");
    assert_true(bytes_is(r->fields[0].value, "WW"));
    assert_int_equal(leaf_field(digest_sha256, &r->fields[0].salt, &r->fields[0].name,
                                r->fields[0].value, &d),
                     ERR_OK);
    assert_int_equal(merkle_path_verify(digest_sha256, &d, &r->fields[0].path, &r->field_root),
                     ERR_OK);
    assert_int_equal(r->token_count, 1);
    assert_int_equal(r->tokens[0].type, IDENT_BSN);
    assert_int_equal(leaf_token(digest_sha256, &r->tokens[0].salt, IDENT_BSN, &w->inners[1], &d),
                     ERR_OK);
    assert_int_equal(merkle_path_verify(digest_sha256, &d, &r->tokens[0].path, &r->token_root),
                     ERR_OK);
    const struct rule_set rules = {r->rules, r->rule_count};
    const struct record_leaf_parts parts = {r->handle,      &rules,        r->category,
                                            r->expires_day, r->field_root, r->token_root};
    assert_int_equal(leaf_record(digest_sha256, &parts, &d), ERR_OK);
    assert_true(digest_equal(&d, &c[0].record_leaf));
    struct digest root;
    assert_int_equal(merkle_root(digest_sha256, w->batch_leaves, 4, &root), ERR_OK);
    assert_int_equal(merkle_path_verify(digest_sha256, &d, &r->leaf_path, &root), ERR_OK);
    assert_int_equal(merkle_path_verify(digest_sha256, &d, &s->leaf_path, &root), ERR_OK);
    assert_true(bytes_equal(r->batch_header, buf_bytes(&w->batch_header)));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(digest_sha256(&s->consents[i].consent, 1, &d), ERR_OK);
        assert_true(digest_equal(&d, &r->consent_digests[i]));
    }
}

static void a_release_opens_to_its_requester_and_proves_what_was_contributed(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct settle s;
    struct consent c[2];
    struct release_content r;
    struct errmsg why = {""};
    struct arena *a = arena_new((size_t)8 << 20);
    struct buf plain = buf_new(SEAL_MAX_CONTENT);
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_OK);
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering"), ERR_OK);
    open_settle(w, a, &s, c);
    check_consents(w, &s, c);
    const struct seal_open_params other = {w->sealing[P_BD].key, w->sealing[P_BD].cert,
                                           w->signing[P_UWV].cert};
    assert_int_equal(seal_open(&other, s.release, &plain, &why), ERR_SIGNATURE);
    const struct seal_open_params p = {w->sealing[P_RIEC].key, w->sealing[P_RIEC].cert,
                                       w->signing[P_UWV].cert};
    assert_int_equal(seal_open(&p, s.release, &plain, &why), ERR_OK);
    if (release_content_decode(buf_bytes(&plain), a, &r, &why) != ERR_OK)
        fail_msg("content: %s", why.text);
    assert_true(agency_id_equal(&r.recipient, &w->members[P_RIEC].id));
    assert_true(digest_equal(&r.recipient_sealing, cert_fingerprint(w->sealing[P_RIEC].cert)));
    assert_true(digest_equal(&r.header_digest, &c[0].header_digest));
    assert_int_equal(r.group, 0);
    check_content(w, &s, c, &r);
    /* what was not consented to cannot be told from the release */
    assert_null(memmem(plain.ptr, plain.len, "2024-05-01", 10));
    buf_free(&plain);
    arena_free(a);
    world_free(w);
}

static void sweep(struct world *w)
{
    struct loop *loop = NULL;
    struct writer *writer = NULL;
    assert_int_equal(loop_new(&loop), ERR_OK);
    const struct writer_params p = {.kv = w->agent.kv, .loop = loop};
    assert_int_equal(writer_new(&p, &writer), ERR_OK);
    w->agent.writer = writer;
    hold_sweep(&w->agent);
    writer_free(writer);
    loop_free(loop);
    w->agent.writer = NULL;
    assert_false(w->hold.sweeping);
}

static void a_complete_decision_without_a_release_is_finished_later(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    w->is_unacknowledged = true;
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK);
    assert_int_equal(RELEASE(O_UWV_B, "werkgever"), ERR_OK);
    assert_int_equal(state_of(w), ITEM_DECIDED);
    assert_int_equal(w->sent_count, 0);
    world_restart(w);
    w->now_s += 5;
    sweep(w);
    assert_int_equal(state_of(w), ITEM_DECIDED);
    w->is_unacknowledged = false;
    w->now_s += 5;
    sweep(w);
    assert_int_equal(state_of(w), ITEM_SENT);
    assert_int_equal(w->sent_count, 1);
    sweep(w);
    assert_int_equal(w->sent_count, 1);
    world_free(w);
}

/* Invariant 4 at the holder: what the policy does not permit is not even drafted, but may be refused. */
static void what_the_policy_denies_cannot_be_signed(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    world_withdraw_adoption(w);
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_PERMISSION);
    struct hold_item item;
    world_item(w, 1, &item);
    assert_int_equal(item.consent_count, 0);
    assert_int_equal(item.state, ITEM_OPEN);
    assert_int_equal(DECIDE(O_UWV_A, .decision = CONSENT_REFUSE, .code = "niet_noodzakelijk"),
                     ERR_OK);
    world_free(w);
}

/* Nobody can wait for it to stand again, so that nothing says to try later. */
static void what_was_asked_under_a_policy_that_is_not_known_any_more_is_over(void **state)
{
    (void)state;
    static const struct policy_edit edits[] = {{"name: werkgever,", "name: werkgever2,"}, {NULL, NULL}};
    struct world world;
    struct world *w = &world;
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "soort_uitkering"), ERR_OK);
    world_change_policy(w, edits);
    assert_int_equal(RELEASE(O_UWV_B, "soort_uitkering"), ERR_EXPIRED);
    assert_int_equal(DECIDE(O_UWV_B, .decision = CONSENT_REFUSE, .code = "niet_noodzakelijk"), ERR_EXPIRED);
    assert_int_equal(w->sent_count, 0);
    world_free(w);
}

static void rule_withdrawn(struct world *w)
{
    world_withdraw_adoption(w);
}

static void function_lost(struct world *w)
{
    world_change_function(w, O_UWV_B, FUNCTION_AUDITOR);
}

static void record_protected(struct world *w)
{
    w->record.is_protected = true;
}

static void record_withdrawn(struct world *w)
{
    w->record.withdrawn = true;
}

/* Invariants 4, 12 and 14: complete, but waiting; what changes meanwhile stops it here, whatever the
 * broker would say. */
static void what_changes_before_the_release_stops_it(void **state)
{
    (void)state;
    static void (*const changes[])(struct world *w) = {rule_withdrawn, function_lost,
                                                       record_protected, record_withdrawn};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct world world;
        struct world *w = &world;
        begin(w, false, "Pieter Jansen");
        w->is_unacknowledged = true;
        assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK);
        assert_int_equal(RELEASE(O_UWV_B, "werkgever"), ERR_OK);
        assert_int_equal(state_of(w), ITEM_DECIDED);
        changes[i](w);
        w->is_unacknowledged = false;
        w->now_s += 5;
        sweep(w);
        assert_int_equal(state_of(w), ITEM_FAILED);
        assert_int_equal(w->sent_count, 0);
        world_free(w);
    }
}

static void a_record_that_changed_after_the_first_signature_fails_the_item(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct hold_item item;
    begin(w, false, "Pieter Jansen");
    assert_int_equal(RELEASE(O_UWV_A, "werkgever"), ERR_OK);
    w->fields[2].value = bytes_str("Ander");
    assert_int_equal(RELEASE(O_UWV_B, "werkgever"), ERR_OK);
    world_item(w, 1, &item);
    assert_int_equal(item.state, ITEM_FAILED);
    assert_true(item.refusal.len > 0);
    assert_true(item.emptied);
    assert_int_equal(w->sent_count, 0);
    world_free(w);
}

static void time_closes_an_item_and_then_deletes_it(void **state)
{
    (void)state;
    struct world w;
    begin(&w, false, "Pieter Jansen");
    w.now_s = FIX_NOW + 389;
    sweep(&w);
    assert_int_equal(state_of(&w), ITEM_OPEN);
    w.now_s = FIX_NOW + 390;
    sweep(&w);
    assert_int_equal(state_of(&w), ITEM_ENDED);
    w.now_s += 30 * FIX_DAY - 1;
    sweep(&w);
    assert_int_equal(world_items(&w), 1);
    w.now_s += 1;
    sweep(&w);
    assert_int_equal(world_items(&w), 0);
    world_free(&w);
}

static void the_brokers_answer_ends_the_item(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct kv_txn *txn = NULL;
    struct hold_item item;
    static const uint8_t tag[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    const struct refused no = {.code = REFUSED_DEADLINE, .detail = bytes_str("too late")};
    begin(w, true, "Pieter Jansen");
    assert_int_equal(DECIDE(O_UWV_A, .decision = CONSENT_KNOWN), ERR_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
        assert_int_equal(i == 0 ? hold_settle_owner.on_refused(&w->agent, txn,
                                                               BYTES_OF_ARRAY(tag), &no)
                                : hold_settle_owner.on_accepted(&w->agent, txn,
                                                                BYTES_OF_ARRAY(tag), NULL, NULL),
                         ERR_OK);
        assert_int_equal(kv_write_commit(txn), ERR_OK);
        world_item(w, 1, &item);
        assert_int_equal(item.state, i == 0 ? ITEM_FAILED : ITEM_SETTLED);
        assert_true(bytes_is(item.refusal, i == 0 ? "deadline: too late" : ""));
        assert_true(item.emptied);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_eyes_are_two_persons_with_the_same_words),
        cmocka_unit_test(a_signature_and_its_entry_are_one),
        cmocka_unit_test(only_what_may_be_released_can_be_signed),
        cmocka_unit_test(nothing_is_decided_after_the_deadline),
        cmocka_unit_test(a_field_that_is_not_masked_cannot_be_signed),
        cmocka_unit_test(a_first_signature_goes_with_its_function),
        cmocka_unit_test(a_record_that_is_gone_cannot_be_released),
        cmocka_unit_test(a_refusal_needs_one_person_and_carries_nothing),
        cmocka_unit_test(known_is_confirmed_under_its_rule_alone),
        cmocka_unit_test(control_data_that_differs_forces_four_eyes),
        cmocka_unit_test(a_release_opens_to_its_requester_and_proves_what_was_contributed),
        cmocka_unit_test(a_complete_decision_without_a_release_is_finished_later),
        cmocka_unit_test(what_the_policy_denies_cannot_be_signed),
        cmocka_unit_test(what_was_asked_under_a_policy_that_is_not_known_any_more_is_over),
        cmocka_unit_test(what_changes_before_the_release_stops_it),
        cmocka_unit_test(a_record_that_changed_after_the_first_signature_fails_the_item),
        cmocka_unit_test(time_closes_an_item_and_then_deletes_it),
        cmocka_unit_test(the_brokers_answer_ends_the_item),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
