/* When a promise counts as missed: by what the log shows, never by the agent's own absence or lateness.
 * argv[1]: a deployment. */
#include <stdio.h>

#include "agent/session.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "tests/unit/agent/core/receipts_stage.h"

#define MISSED "the broker promised entries that its log does not show"
#define LATE "the broker is late with proofs"
#define FORKED "the broker signed two heads of one size"

static bool one_late(struct stage *s)
{
    return seen(s).late == 1;
}

static bool one_missed(struct stage *s)
{
    return seen(s).missed == 1;
}

/* Minutes later the agent comes back: what it did not hear of is no breach of the broker. */
static void absence_is_nobodys_breach(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest entry = promised(s, 0);
    s->shift_s = 250;
    stage_restart(s);
    assert_true(one_due(s));
    assert_int_equal(seen(s).missed, 0);
    assert_int_equal(seen(s).late, 0);
    stage_until_open(s);
    fake_proof(&s->fake, 1, &entry);
    assert_true(stage_until(s, none_owed, LOOK_MS));
}

/* What somebody who reads the log is told: of an entry, or without one of those that were not kept. */
static void ask_receipt(struct stage *s, const struct digest *entry, struct talk *t)
{
    static char frame[256];
    char room[2 * sizeof entry->b + 1] = "";
    struct buf hex = buf_fixed(room, sizeof room);
    if (entry != NULL)
        text_put_hex(&hex, digest_bytes(entry));
    snprintf(frame, sizeof frame, entry != NULL ? "{\"verb\":\"receipt\",\"args\":{\"entry\":\"%s\"}}" : "{\"verb\":\"receipt\",\"args\":{}}",
             buf_text(&hex));
    *t = (struct talk){.frame = frame};
    talk(s, t);
}

static void assert_listed(struct stage *s, const char *words)
{
    struct talk t;
    ask_receipt(s, NULL, &t);
    if (strstr(t.answer, words) == NULL)
        fail_msg("%s has no %s", t.answer, words);
}

static void assert_kept(struct stage *s, const struct digest *entry, bool has_promise, bool has_proof)
{
    struct talk t;
    ask_receipt(s, entry, &t);
    if ((strstr(t.answer, "\"signed\":") != NULL) != has_promise || (strstr(t.answer, "\"certificate\":") != NULL) != has_promise ||
        (strstr(t.answer, "c2sp.org/tlog-proof@v1") != NULL) != has_proof)
        fail_msg("%s", t.answer);
}

/* By `sluis status`. */
static bool is_alarm(struct stage *s, const char *text)
{
    struct talk t = {.frame = "{\"verb\":\"status\",\"args\":{}}"};
    talk(s, &t);
    assert_non_null(strstr(t.answer, "\"alarms\":"));
    return strstr(t.answer, text) != NULL;
}

static void late_after_a_session_of_its_time(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest entry = promised(s, 0);
    assert_true(stage_until(s, one_due, LOOK_MS));
    assert_listed(s, "\"promises\":[]");
    s->shift_s = 60;
    assert_true(stage_until(s, one_late, LOOK_MS));
    assert_int_equal(seen(s).missed, 0);
    assert_listed(s, "\"state\":\"late\"");
    assert_true(is_alarm(s, LATE) && !is_alarm(s, MISSED));
    fake_proof(&s->fake, 1, &entry);
    assert_true(stage_until(s, none_owed, LOOK_MS));
}

/* ---- what the own log tells ---- */

static bool has_told_missed(struct stage *s)
{
    return bodies_of(s, AUDIT_EVENT_LOG_PROMISE_MISSED, NULL) > 0;
}

/* The log shows what was committed long after the promise was due, and not the promised entry. The own log tells it once. */
static void missed_by_what_the_log_shows(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest first = promised(s, 0);
    const struct digest second = promised(s, 60);
    fake_proof(&s->fake, 1, &second);
    assert_true(stage_until(s, one_missed, LOOK_MS));
    assert_true(stage_until(s, has_told_missed, LOOK_MS));
    assert_told(s, AUDIT_EVENT_LOG_PROMISE_MISSED, 1, "\"count\":1");
    assert_int_equal(seen(s).late, 0);
    assert_listed(s, "\"state\":\"missed\"");
    assert_true(is_alarm(s, MISSED) && !is_alarm(s, LATE) && !is_alarm(s, FORKED));
    assert_kept(s, &first, true, false);
    assert_kept(s, &second, true, true);
    stage_restart(s); /* it is known at once: no clock is asked */
    assert_true(one_missed(s));
    stage_until_open(s);
    fake_proof(&s->fake, 2, &first);
    assert_true(stage_until(s, none_owed, LOOK_MS));
    assert_told(s, AUDIT_EVENT_LOG_PROMISE_MISSED, 1, "\"count\":1");
    assert_kept(s, &first, true, true);
    assert_listed(s, "\"promises\":[]");
    assert_false(is_alarm(s, MISSED) || is_alarm(s, LATE));
    assert_told(s, AUDIT_EVENT_RECEIPT_SHOWN, 5, "receipt.shown");
}

/* ---- a log that contradicts itself ---- */

static bool has_no_more_mail(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return i.mail_sequence == 3;
}

/* One entry, which has the digests of what is kept. */
static void assert_contradiction_told(struct stage *s, const struct evidence *kept)
{
    const struct bytes files[] = {kept->shown, kept->own};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct digest d;
        char room[2 * sizeof d.b + 1] = "";
        struct buf hex = buf_fixed(room, sizeof room);
        assert_int_equal(digest_sha256(&files[i], 1, &d), ERR_OK);
        text_put_hex(&hex, digest_bytes(&d));
        assert_told(s, AUDIT_EVENT_LOG_CONTRADICTED, 1, buf_text(&hex));
    }
    assert_told(s, AUDIT_EVENT_LOG_CONTRADICTED, 1, "\"origin\":\"sluis.example/broker\",\"size\":1");
}

/* Each proof of the fake broker comes under a head of its own, of size 1. */
static void two_heads_of_one_size_are_kept_as_evidence(void **state)
{
    struct stage *s = *state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new((size_t)4 << 20);
    struct evidence first;
    struct evidence after;
    stage_until_open(s);
    const struct digest one = promised(s, 0);
    const struct digest other = promised(s, 0);
    fake_proof(&s->fake, 1, &one);
    assert_true(stage_until(s, has_head, LOOK_MS));
    assert_false(is_forked(s));
    assert_false(stage_evidence(s, a, &first));
    fake_proof(&s->fake, 2, &other);
    assert_true(stage_until(s, is_forked, LOOK_MS));
    assert_true(stage_until(s, none_owed, LOOK_MS));
    assert_true(is_alarm(s, FORKED));
    assert_true(stage_until(s, has_evidence, LOOK_MS));
    assert_true(stage_evidence(s, a, &first));
    assert_true(bytes_equal(first.own, receipts_checkpoint(s->agent->receipts)));
    assert_contradiction_told(s, &first);
    assert_false(bytes_equal(first.shown, first.own));
    stage_restart(s);
    assert_true(stage_evidence(s, a, &after));
    assert_true(bytes_equal(after.shown, first.shown) && bytes_equal(after.own, first.own));
    stage_until_open(s);
    struct digest third = other;
    third.b[0] ^= 1;
    fake_proof(&s->fake, 3, &third); /* the first evidence is what is kept, and told */
    assert_true(stage_until(s, has_no_more_mail, LOOK_MS));
    assert_true(is_forked(s));
    assert_contradiction_told(s, &first);
}

/* ---- a log that changes its key ---- */

static void a_next_log_key_counts_beside_the_present_one(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    roster(s, 3, "next/overlap.signed");
    assert_true(settles(s, 1, s->fake.next_log));
    assert_true(seen(s).has_head);
    assert_true(settles(s, 2, s->fake.log));
}

static void a_next_log_key_is_a_stranger_before_the_roster_lists_it(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    assert_false(settles(s, 1, s->fake.next_log));
    assert_false(seen(s).has_head);
}

/* A proof from before the change still counts; no head that only the former key signed is the newest. */
static void a_former_log_key_proves_and_no_more(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    roster(s, 4, "next/after.signed");
    assert_true(settles(s, 1, s->fake.log));
    assert_false(seen(s).has_head);
    assert_true(settles(s, 2, s->fake.next_log));
    assert_true(seen(s).has_head);
}

static bool has_no_mail(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return i.mail_sequence == 2;
}

static bool one_unsent(struct stage *s)
{
    return seen(s).unsent == 1;
}

/* Somebody has this agency's keys: the proof of an entry in its name is of no message that it made. What it did send is
 * its own also after a restart, though it keeps no list. */
static void what_somebody_sent_in_its_name_is_found(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    struct digest entry = promised(s, 0);
    stage_restart(s);
    stage_until_open(s);
    fake_proof(&s->fake, 1, &entry);
    assert_true(stage_until(s, none_owed, LOOK_MS));
    assert_int_equal(seen(s).unsent, 0);
    s->fake.proved.b[0] ^= 1;
    entry.b[0] ^= 1;
    fake_proof(&s->fake, 2, &entry);
    assert_true(stage_until(s, has_no_mail, LOOK_MS));
    assert_true(stage_until(s, one_unsent, LOOK_MS));
    stage_restart(s);
    assert_true(one_unsent(s));
    CLEANUP(buf_free) struct buf told = buf_new(128);
    buf_put_str(&told, "\"origin\":\"sluis.example/broker\",\"index\":0,\"entry\":\"");
    text_put_hex(&told, digest_bytes(&entry));
    assert_told(s, AUDIT_EVENT_LOG_UNSENT, 1, buf_text(&told));
    stage_until_open(s);
    fake_proof(&s->fake, 3, &entry); /* the same once more is no other one */
    assert_true(stage_until(s, has_no_more_mail, LOOK_MS));
    assert_told(s, AUDIT_EVENT_LOG_UNSENT, 1, buf_text(&told));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, receipts_stage_open, receipts_stage_close)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    receipts_deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(absence_is_nobodys_breach),
        CASE(late_after_a_session_of_its_time),
        CASE(missed_by_what_the_log_shows),
        CASE(two_heads_of_one_size_are_kept_as_evidence),
        CASE(a_next_log_key_counts_beside_the_present_one),
        CASE(a_next_log_key_is_a_stranger_before_the_roster_lists_it),
        CASE(a_former_log_key_proves_and_no_more),
        CASE(what_somebody_sent_in_its_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
