/* Session and outbox against a broker that the test plays. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/outbox_run.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "proto/host/file.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "tests/unit/agent/core/fake_broker.h"

static const char *deployment;

/* What the parts of the test saw. */
static struct {
    unsigned accepted;
    unsigned refused;
    unsigned settled; /* committed */
    char tag[32];
    enum refusal_code code;
    unsigned mail_applied;
    unsigned mail_prepared;
    uint64_t last_sequence;
    bool fail_mail;
} seen;

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)a;
    (void)txn;
    assert_true(reply->promise.len > 0 && promise->merge_by_s > 0);
    snprintf(seen.tag, sizeof seen.tag, "%.*s", (int)tag.len, (const char *)tag.ptr);
    seen.accepted++;
    return ERR_OK;
}

static enum err on_refused(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply)
{
    (void)a;
    (void)txn;
    (void)tag;
    seen.code = reply->code;
    seen.refused++;
    return ERR_OK;
}

static void on_done(struct agent *a, struct bytes tag, bool is_accepted)
{
    (void)a;
    (void)tag;
    (void)is_accepted;
    seen.settled++;
}

static enum err prepare(struct mail_turn *t, struct errmsg *why)
{
    (void)why;
    seen.mail_prepared++;
    t->dropped = bytes_is(t->content, "bad");
    if (bytes_is(t->content, "large") && arena_alloc(t->arena, (size_t)40 << 20) != NULL)
        return ERR_NOMEM;
    return bytes_is(t->content, "broken")    ? ERR_STATE
           : bytes_is(t->content, "trouble") ? ERR_NO_SPACE
                                             : ERR_OK;
}

static enum err apply(struct mail_turn *t, struct kv_txn *txn)
{
    (void)txn;
    if (seen.fail_mail)
        return ERR_NO_SPACE;
    seen.mail_applied++;
    seen.last_sequence = t->sequence;
    return ERR_OK;
}

static const struct outbox_owner test_owner = {
    .kind = MSG_REQUEST, .on_accepted = on_accepted, .on_refused = on_refused, .on_done = on_done};
static const struct mail_owner test_mail = {.kind = MAIL_HIT, .prepare = prepare, .apply = apply};
static const struct agent_part test_part = {
    .name = "test", .mail = {&test_mail}, .outbox = {&test_owner}};
static const struct agent_part *const parts[] = {&core_part, &test_part, NULL};

static int set_up(void **state)
{
    static struct stage stage;
    memset(&seen, 0, sizeof seen);
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

static enum err put_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    struct outbox_id id;
    return outbox_put(s->agent->outbox, txn, MSG_REQUEST, bytes_str("the body"), bytes_str("tag"), &id);
}

static void put(struct stage *s)
{
    assert_int_equal(writer_run(s->agent->writer, put_job, s), ERR_OK);
}

static bool has_request(struct stage *s)
{
    return fake_count(&s->fake, MSG_REQUEST) >= 1;
}

static bool has_two_requests(struct stage *s)
{
    return fake_count(&s->fake, MSG_REQUEST) >= 2;
}

static bool has_ack(struct stage *s)
{
    return fake_count(&s->fake, MSG_MAIL_ACK) >= 1;
}

static bool has_two_acks(struct stage *s)
{
    return fake_count(&s->fake, MSG_MAIL_ACK) >= 2;
}

static bool has_third_ack(struct stage *s)
{
    return fake_count(&s->fake, MSG_MAIL_ACK) >= 3;
}

static bool is_answered(struct stage *s)
{
    (void)s;
    return seen.settled > 0;
}

static uint64_t waiting(struct stage *s)
{
    struct kv_txn *txn = NULL;
    uint64_t n = 0;
    assert_int_equal(kv_read_begin(s->agent->kv, &txn), ERR_OK);
    assert_int_equal(outbox_count(s->agent->outbox, txn, &n), ERR_OK);
    kv_read_end(txn);
    return n;
}

static bool same_frame(const struct letter *a, const struct letter *b)
{
    return bytes_equal(buf_bytes(&a->frame), buf_bytes(&b->frame));
}

static void opens_after_hello(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    struct hello h;
    const struct letter *l = fake_letter(&s->fake, MSG_HELLO, 0);
    assert_int_equal(hello_decode(l->envelope.body, l->arena, &h, NULL), ERR_OK);
    assert_int_equal(h.roster_serial, 1);
    assert_int_equal(h.epoch_count, 1);
    assert_true(h.suites[SUITE_HK1] && h.norm_versions[IDENT_BSN] > 0);
}

static void names_what_the_broker_sees(void **state)
{
    struct stage *s = *state;
    s->fake.hello_state = SESSION_REPAIR;
    s->fake.difference = "key check value of riec-casus epoch 1";
    stage_turn(s, 1500);
    struct session_info i;
    session_info(s->agent->session, &i);
    assert_int_equal(i.phase, PHASE_WAITING);
    assert_non_null(strstr(i.trouble, "key check value of riec-casus epoch 1"));
    put(s);
    stage_turn(s, 600);
    assert_int_equal(fake_count(&s->fake, MSG_REQUEST), 0);
}

static bool has_second_roster(struct stage *s)
{
    return view_roster(s->agent->view)->serial == 2;
}

static void fetches_a_newer_roster(void **state)
{
    struct stage *s = *state;
    s->fake.roster_serial = 2;
    s->fake.hello_state = SESSION_REPAIR;
    s->fake.roster_path = "next/roster.signed";
    assert_true(stage_until(s, has_second_roster, 10000));
    s->fake.hello_state = SESSION_OPEN;
    stage_until_open(s);
    /* The mark is durable: the older file is not believed any more, the kept set is. */
    stage_restart(s);
    assert_int_equal(view_roster(s->agent->view)->serial, 2);
}

/* ---- the broker's second endpoint ---- */

static void take_overlap(struct stage *s)
{
    s->config->retry_most_ms = 1;
    s->fake.roster_serial = 3;
    s->fake.roster_path = "next/overlap.signed";
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_HELLO, 0), REFUSED_BEHIND);
}

static bool talks_at_second(struct stage *s)
{
    return s->fake.talks == s->fake.second.server && session_is_open(s->agent->session);
}

static bool talks_at_first(struct stage *s)
{
    return s->fake.talks == s->fake.first.server && session_is_open(s->agent->session);
}

static bool has_third_roster(struct stage *s)
{
    return view_roster(s->agent->view)->serial == 3;
}

static void goes_over_to_the_second_endpoint_and_back(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    fake_open_second(&s->fake);
    take_overlap(s);
    assert_true(stage_until(s, talks_at_second, 30000));
    put(s); /* what is to be sent goes there */
    assert_true(stage_until(s, has_request, 10000));
    fake_close_door(&s->fake.second);
    assert_true(stage_until(s, talks_at_first, 60000));
    assert_true(stage_until(s, has_two_requests, 30000)); /* and again, where it was not answered */
}

static void stays_where_the_second_endpoint_cannot_be_reached(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    take_overlap(s);
    assert_true(stage_until(s, has_third_roster, 30000));
    stage_until_open(s);
    const size_t hellos = fake_count(&s->fake, MSG_HELLO);
    stage_turn(s, 6000); /* longer than it is tried */
    assert_true(session_is_open(s->agent->session));
    assert_int_equal(fake_count(&s->fake, MSG_HELLO), hellos); /* never interrupted */
}

/* The broker is at the old address under the next key: the overlap has ended, and the agent has not heard. */
static void finds_the_next_key_at_the_old_address(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    fake_open_second(&s->fake);
    take_overlap(s);
    assert_true(stage_until(s, talks_at_second, 30000));
    fake_close_door(&s->fake.second);
    fake_close_door(&s->fake.first);
    fake_open_first_anew(&s->fake, s->config->broker);
    assert_true(stage_until(s, talks_at_first, 60000));
}

static void refuses_a_roster_that_is_not_the_registrars(void **state)
{
    struct stage *s = *state;
    char path[400];
    struct buf text = buf_new((size_t)4 << 20);
    snprintf(path, sizeof path, "%s/next/roster.signed", deployment);
    assert_int_equal(file_read(path, FILE_ANY, &text, NULL), ERR_OK);
    text.ptr[text.len / 2] ^= 1;
    snprintf(path, sizeof path, "%s/next/flipped", deployment);
    assert_int_equal(file_write(path, buf_bytes(&text), 0600, NULL), ERR_OK);
    buf_free(&text);
    s->fake.roster_serial = 2;
    s->fake.hello_state = SESSION_REPAIR;
    s->fake.roster_path = "next/flipped";
    stage_turn(s, 2500);
    assert_true(fake_count(&s->fake, MSG_FETCH) > 0);
    assert_int_equal(view_roster(s->agent->view)->serial, 1);
    assert_false(session_is_open(s->agent->session));
}

static void ignores_what_the_broker_did_not_sign(void **state)
{
    struct stage *s = *state;
    s->fake.is_mute = true;
    stage_turn(s, 1000);
    const struct letter *l = fake_letter(&s->fake, MSG_HELLO, 0);
    assert_non_null(l);
    struct key *other = NULL;
    assert_int_equal(key_generate(KEY_TYPE_P256, &other), ERR_OK);
    const struct mail_item item = {1, MAIL_HIT, bytes_str("x")};
    const struct mail m = {.slot = 1, .items = &item, .item_count = 1};
    struct buf body = buf_new(FRAME_MAX_BYTES);
    assert_int_equal(mail_encode(&m, &body), ERR_OK);
    fake_send(&s->fake, MSG_MAIL, buf_bytes(&body), NULL, other);
    stage_turn(s, 500);
    assert_int_equal(seen.mail_prepared, 0);
    assert_int_equal(fake_count(&s->fake, MSG_MAIL_ACK), 0);
    buf_free(&body);
    key_free(other);
}

static void repeats_the_same_bytes_until_answered(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    put(s);
    assert_true(stage_until(s, has_two_requests, 30000));
    const struct letter *first = fake_letter(&s->fake, MSG_REQUEST, 0);
    assert_true(same_frame(first, fake_letter(&s->fake, MSG_REQUEST, 1)));
    fake_accept(&s->fake, first, NULL);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.accepted, 1);
    assert_string_equal(seen.tag, "tag");
    assert_int_equal(waiting(s), 0);
    fake_accept(&s->fake, first, NULL); /* once more: nothing happens */
    stage_turn(s, 700);
    assert_int_equal(seen.accepted, 1);
    struct receipts_info i;
    receipts_info(s->agent->receipts, &i);
    assert_int_equal(i.missed, 0);
}

static void sends_the_same_bytes_after_a_restart(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    put(s);
    assert_true(stage_until(s, has_request, 30000));
    size_t before = fake_count(&s->fake, MSG_REQUEST);
    stage_restart(s);
    assert_int_equal(waiting(s), 1);
    stage_until_open(s);
    stage_turn(s, 1000);
    assert_true(fake_count(&s->fake, MSG_REQUEST) > before);
    assert_true(same_frame(fake_letter(&s->fake, MSG_REQUEST, 0),
                           fake_letter(&s->fake, MSG_REQUEST, before)));
    fake_accept(&s->fake, fake_letter(&s->fake, MSG_REQUEST, 0), NULL);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.accepted, 1);
}

static void new_envelope_after(struct stage *s, enum refusal_code code)
{
    stage_until_open(s);
    put(s);
    assert_true(stage_until(s, has_request, 30000));
    const struct letter *first = fake_letter(&s->fake, MSG_REQUEST, 0);
    fake_refuse(&s->fake, first, code);
    size_t n = 1;
    const struct letter *next = NULL;
    for (int i = 0; i < 40 && next == NULL; i++) {
        stage_turn(s, 100);
        n = fake_count(&s->fake, MSG_REQUEST);
        const struct letter *last = fake_letter(&s->fake, MSG_REQUEST, n - 1);
        next = same_frame(first, last) ? NULL : last;
    }
    assert_non_null(next);
    assert_false(bytes_equal(BYTES_OF_ARRAY(first->envelope.id.b), BYTES_OF_ARRAY(next->envelope.id.b)));
    assert_true(bytes_equal(first->envelope.body, next->envelope.body));
    assert_int_equal(seen.refused, 0);
    fake_accept(&s->fake, next, NULL);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.accepted, 1);
}

static void new_envelope_after_behind(void **state)
{
    new_envelope_after(*state, REFUSED_BEHIND);
}

static void new_envelope_after_expired(void **state)
{
    new_envelope_after(*state, REFUSED_EXPIRED);
}

static void a_conflict_is_final(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    put(s);
    assert_true(stage_until(s, has_request, 30000));
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_REQUEST, 0), REFUSED_CONFLICT);
    assert_true(stage_until(s, is_answered, 30000));
    assert_int_equal(seen.refused, 1);
    assert_int_equal(seen.code, REFUSED_CONFLICT);
    assert_int_equal(waiting(s), 0);
}

static void a_promise_by_another_key_settles_nothing(void **state)
{
    struct stage *s = *state;
    struct key *other = NULL;
    assert_int_equal(key_generate(KEY_TYPE_P256, &other), ERR_OK);
    stage_until_open(s);
    put(s);
    assert_true(stage_until(s, has_request, 30000));
    fake_accept(&s->fake, fake_letter(&s->fake, MSG_REQUEST, 0), other);
    stage_turn(s, 800);
    assert_int_equal(seen.accepted, 0);
    assert_int_equal(waiting(s), 1);
    struct outbox_info i;
    outbox_info(s->agent->outbox, &i);
    assert_true(i.bad_promise);
    key_free(other);
}

/* What did not verify, as the store has counted it. */
static uint64_t refused_mail(const struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t n = 0;
    assert_int_equal(kv_read_begin(s->agent->kv, &txn), ERR_OK);
    assert_int_equal(store_get_number(s->agent->store, txn, MAIL_REFUSED, &n), ERR_OK);
    return n;
}

static void mail_takes_effect_once(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct mail_item items[] = {{1, MAIL_HIT, bytes_str("good")},
                                      {2, MAIL_HIT, bytes_str("bad")},
                                      {3, MAIL_PROOF, bytes_str("no proof file")},
                                      {4, MAIL_HIT, bytes_str("good")}};
    fake_mail(&s->fake, items, 4);
    assert_true(stage_until(s, has_ack, 30000));
    assert_int_equal(seen.mail_applied, 2);
    assert_int_equal(refused_mail(s), 2); /* the bad one, and what is no proof */
    struct mail_ack ack;
    const struct letter *l = fake_letter(&s->fake, MSG_MAIL_ACK, 0);
    assert_int_equal(mail_ack_decode(l->envelope.body, l->arena, &ack, NULL), ERR_OK);
    assert_int_equal(ack.up_to, 4);
    stage_restart(s);
    stage_until_open(s);
    fake_mail(&s->fake, items, 4); /* the acknowledgement was lost */
    stage_turn(s, 700);
    assert_int_equal(seen.mail_applied, 2);
    assert_int_equal(refused_mail(s), 2);
    assert_int_equal(fake_count(&s->fake, MSG_MAIL_ACK), 2);
    struct mail_item more[5]; /* the same, and one that is new */
    memcpy(more, items, sizeof items);
    more[4] = (struct mail_item){5, MAIL_HIT, bytes_str("good")};
    fake_mail(&s->fake, more, 5);
    assert_true(stage_until(s, has_third_ack, 30000));
    assert_int_equal(seen.mail_applied, 3);
    stage_restart(s);
    stage_until_open(s);
    struct hello h; /* and the next hello says how far it is */
    l = fake_letter(&s->fake, MSG_HELLO, fake_count(&s->fake, MSG_HELLO) - 1);
    assert_int_equal(hello_decode(l->envelope.body, l->arena, &h, NULL), ERR_OK);
    assert_int_equal(h.mail_done, 5);
}

static void send_one(struct stage *s, uint64_t sequence)
{
    const struct mail_item item = {sequence, MAIL_HIT, bytes_str("good")};
    fake_mail(&s->fake, &item, 1);
}

static void no_broker_makes_a_mailbox_deaf(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    send_one(s, MAIL_SEQUENCE_MAX);
    send_one(s, mail_sequence_limit(agent_now_s(s->agent) + 60));
    stage_turn(s, 500);
    assert_int_equal(seen.mail_prepared, 0);
    assert_int_equal(fake_count(&s->fake, MSG_MAIL_ACK), 0);
    send_one(s, 1); /* nothing is lost by it */
    assert_true(stage_until(s, has_ack, 30000));
    assert_int_equal(seen.mail_applied, 1);
    const uint64_t far = mail_sequence_limit(agent_now_s(s->agent));
    send_one(s, far); /* this far a lying broker comes, and an honest one goes on behind it */
    assert_true(stage_until(s, has_two_acks, 30000));
    send_one(s, far + 1);
    for (int i = 0; i < 40 && seen.mail_applied < 3; i++) {
        send_one(s, far + 1);
        stage_turn(s, 100);
    }
    assert_int_equal(seen.mail_applied, 3);
    assert_true(seen.last_sequence == far + 1);
}

static void mail_that_cannot_be_stored_is_not_acknowledged(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct mail_item item = {1, MAIL_HIT, bytes_str("good")};
    seen.fail_mail = true;
    fake_mail(&s->fake, &item, 1);
    stage_turn(s, 500);
    assert_int_equal(fake_count(&s->fake, MSG_MAIL_ACK), 0);
    seen.fail_mail = false;
    fake_mail(&s->fake, &item, 1);
    assert_true(stage_until(s, has_ack, 30000));
    assert_int_equal(seen.mail_applied, 1);
}

static uint64_t refused(struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t n = 0;
    assert_int_equal(kv_read_begin(s->agent->kv, &txn), ERR_OK);
    assert_int_equal(store_get_number(s->agent->store, txn, MAIL_REFUSED, &n), ERR_OK);
    return n;
}

/* Else one such item would hold up the mailbox for all purposes and for good. */
static void an_item_that_cannot_be_prepared_holds_up_nothing(void **state)
{
    struct stage *s = *state;
    static const char *const bad[] = {"broken", "large"};
    stage_until_open(s);
    for (uint64_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct mail_item items[] = {{2 * i + 1, MAIL_HIT, bytes_str(bad[i])},
                                          {2 * i + 2, MAIL_HIT, bytes_str("good")}};
        fake_mail(&s->fake, items, 2);
        assert_true(stage_until(s, i == 0 ? has_ack : has_two_acks, 30000));
        assert_int_equal(seen.mail_applied, i + 1);
        assert_int_equal(refused(s), i + 1);
    }
}

/* What this machine could not do now comes again; what came before it is acknowledged. */
static void trouble_with_one_item_keeps_those_behind_it(void **state)
{
    struct stage *s = *state;
    const struct mail_item items[] = {{1, MAIL_HIT, bytes_str("good")},
                                      {2, MAIL_HIT, bytes_str("trouble")},
                                      {3, MAIL_HIT, bytes_str("good")}};
    stage_until_open(s);
    fake_mail(&s->fake, items, 3);
    assert_true(stage_until(s, has_ack, 30000));
    assert_int_equal(seen.last_sequence, 1);
    fake_mail(&s->fake, items + 1, 2);
    stage_turn(s, 300);
    assert_int_equal(seen.mail_applied, 1);
    assert_int_equal(fake_count(&s->fake, MSG_MAIL_ACK), 1);
    assert_int_equal(refused(s), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(opens_after_hello),
        CASE(names_what_the_broker_sees),
        CASE(goes_over_to_the_second_endpoint_and_back),
        CASE(stays_where_the_second_endpoint_cannot_be_reached),
        CASE(finds_the_next_key_at_the_old_address),
        CASE(fetches_a_newer_roster),
        CASE(refuses_a_roster_that_is_not_the_registrars),
        CASE(ignores_what_the_broker_did_not_sign),
        CASE(repeats_the_same_bytes_until_answered),
        CASE(sends_the_same_bytes_after_a_restart),
        CASE(new_envelope_after_behind),
        CASE(new_envelope_after_expired),
        CASE(a_conflict_is_final),
        CASE(a_promise_by_another_key_settles_nothing),
        CASE(mail_takes_effect_once),
        CASE(no_broker_makes_a_mailbox_deaf),
        CASE(mail_that_cannot_be_stored_is_not_acknowledged),
        CASE(an_item_that_cannot_be_prepared_holds_up_nothing),
        CASE(trouble_with_one_item_keeps_those_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
