/* When a promise counts as missed: by what the log shows, never by the agent's own absence or lateness.
 * argv[1]: a deployment. */
#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/outbox_run.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/base/join.h"
#include "proto/base/text.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/json/audit_body.h"
#include "tests/unit/agent/core/own_stage.h"

#define LOOK_MS 15000 /* the agent looks every second */

static const char *deployment;
static size_t asked;

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)a;
    (void)txn;
    (void)tag;
    (void)reply;
    (void)promise;
    return ERR_OK;
}

static const struct outbox_owner owner = {.kind = MSG_REQUEST, .on_accepted = on_accepted};
static const struct agent_part test_part = {.name = "test", .outbox = {&owner}};
static const struct agent_part *const parts[] = {&core_part, &test_part, NULL};

static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    asked = 0;
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

static bool has_asked(struct stage *s)
{
    return fake_count(&s->fake, MSG_REQUEST) >= asked;
}

static bool is_settled(struct stage *s)
{
    struct kv_txn *txn = NULL;
    uint64_t n = 0;
    assert_int_equal(kv_read_begin(s->agent->kv, &txn), ERR_OK);
    assert_int_equal(outbox_count(s->agent->outbox, txn, &n), ERR_OK);
    kv_read_end(txn);
    return n == 0;
}

/* A message that the broker accepts, with a promise of this many seconds from now; its entry. */
static struct digest promised(struct stage *s, int64_t in_s)
{
    asked = fake_count(&s->fake, MSG_REQUEST) + 1;
    assert_int_equal(writer_run(s->agent->writer, put_job, s), ERR_OK);
    assert_true(stage_until(s, has_asked, 10000));
    const struct digest entry = fake_accept_at(&s->fake, fake_letter(&s->fake, MSG_REQUEST, asked - 1),
                                               NULL, clock_now_s(clock_system()) + in_s);
    assert_true(stage_until(s, is_settled, 10000));
    return entry;
}

static struct receipts_info seen(struct stage *s)
{
    struct receipts_info i;
    receipts_info(s->agent->receipts, &i);
    return i;
}

static bool none_owed(struct stage *s)
{
    const struct receipts_info i = seen(s);
    return i.due + i.late + i.missed == 0;
}

static bool has_head(struct stage *s)
{
    return seen(s).has_head;
}

static bool one_due(struct stage *s)
{
    return seen(s).due == 1;
}

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

static void late_after_a_session_of_its_time(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest entry = promised(s, 0);
    assert_true(stage_until(s, one_due, LOOK_MS));
    s->shift_s = 60;
    assert_true(stage_until(s, one_late, LOOK_MS));
    assert_int_equal(seen(s).missed, 0);
    fake_proof(&s->fake, 1, &entry);
    assert_true(stage_until(s, none_owed, LOOK_MS));
}

/* ---- what the own log tells ---- */

static bool has_told_missed(struct stage *s)
{
    return bodies_of(s, AUDIT_EVENT_LOG_PROMISE_MISSED, NULL) > 0;
}

/* Whether the newest entry of this event has these words, of how many. */
static void assert_told(struct stage *s, enum audit_event event, size_t times, const char *words)
{
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    assert_int_equal(bodies_of(s, event, &json), times);
    if (strstr(buf_text(&json), words) == NULL)
        fail_msg("%s has no %s", buf_text(&json), words);
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
    stage_restart(s); /* it is known at once: no clock is asked */
    assert_true(one_missed(s));
    stage_until_open(s);
    fake_proof(&s->fake, 2, &first);
    assert_true(stage_until(s, none_owed, LOOK_MS));
    assert_told(s, AUDIT_EVENT_LOG_PROMISE_MISSED, 1, "\"count\":1");
}

/* ---- a log that contradicts itself ---- */

static bool is_forked(struct stage *s)
{
    return seen(s).forked;
}

static bool has_evidence(struct stage *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct evidence e;
    return stage_evidence(s, a, &e);
}

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
        struct buf hex = buf_fixed(room, sizeof room - 1);
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

static uint64_t wanted_roster;

static bool has_roster(struct stage *s)
{
    return view_roster(s->agent->view)->serial == wanted_roster;
}

/* The broker has a newer roster, which the agent fetches. */
static void roster(struct stage *s, uint64_t serial, const char *path)
{
    wanted_roster = s->fake.roster_serial = serial;
    s->fake.roster_path = path;
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_HELLO, 0), REFUSED_BEHIND);
    assert_true(stage_until(s, has_roster, 30000));
    stage_until_open(s);
}

/* Whether a proof under a head by this key settles what is owed, and whether that head becomes the newest. */
static bool settles(struct stage *s, uint64_t sequence, const struct key *by)
{
    const struct digest entry = promised(s, 0);
    assert_true(stage_until(s, one_due, LOOK_MS));
    s->fake.signs = by;
    fake_proof(&s->fake, sequence, &entry);
    return stage_until(s, none_owed, 4000);
}

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

/* ---- a log that ended, and another goes on ---- */

#define OLD "sluis.example/broker"
#define NEW "sluis.example/second"

static struct roster_former_origin former;

/* The roster names another log; the old one ended at that size, with a root that the tests do not need. */
static void name_successor(struct stage *s, uint64_t size)
{
    static char text[VKEY_MAX_TEXT];
    static char next[VKEY_MAX_TEXT];
    static struct bytes key;
    struct roster *r = (struct roster *)(uintptr_t)view_roster(s->agent->view);
    struct buf room = buf_fixed(text, sizeof text);
    buf_put(&room, r->log_key);
    key = buf_bytes(&room);
    former = (struct roster_former_origin){bytes_str(OLD), &key, 1, size, {{1}}, bytes_str("a head")};
    const struct note_signer signer = {bytes_str(NEW), s->fake.next_log};
    struct buf second = buf_fixed(next, sizeof next);
    struct vkey v;
    assert_true(bytes_is(r->log_origin, OLD));
    assert_int_equal(note_vkey(&signer, VKEY_ED25519, &v), ERR_OK);
    vkey_write(&v, &second);
    r->log_origin = bytes_str(NEW);
    r->log_key = buf_bytes(&second);
    r->former_origins = &former;
    r->former_origin_count = 1;
}

/* What it proved before its end is proved, and no head of it counts for the next one. Behind its end it proves nothing. */
static void a_log_that_ended_proves_up_to_its_end(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    name_successor(s, 100);
    assert_true(settles(s, 1, s->fake.log));
    assert_false(seen(s).has_head);
    assert_false(seen(s).forked);
    former.size = 1; /* of another root than the head that comes */
    assert_false(settles(s, 2, s->fake.log));
    assert_false(seen(s).has_head);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct evidence kept;
    assert_true(stage_until(s, is_forked, LOOK_MS)); /* that log signed two heads of one size */
    assert_true(stage_until(s, has_evidence, LOOK_MS));
    assert_true(stage_evidence(s, a, &kept));
    assert_true(bytes_is(kept.own, "a head"));
    assert_true(kept.shown.len > 0);
}

/* Also between the roster that names another log and the moment in which this agency goes over. */
static void two_heads_of_one_size_are_found_in_a_log_that_ended(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest one = promised(s, 0);
    const struct digest other = promised(s, 0);
    fake_proof(&s->fake, 1, &one);
    assert_true(stage_until(s, has_head, LOOK_MS));
    name_successor(s, 100);
    fake_proof(&s->fake, 2, &other);
    assert_true(stage_until(s, is_forked, LOOK_MS));
    assert_true(stage_until(s, has_evidence, LOOK_MS));
}

static enum err go_over_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    CLEANUP(buf_free) struct buf row = buf_new(NOTE_MAX_BYTES);
    join_u64(&row, (uint64_t)agent_now_s(s->agent));
    join_str(&row, "the last head");
    join_str(&row, "");
    join_part(&row, receipts_checkpoint(s->agent->receipts));
    join_str(&row, "");
    const enum err bad = log_origin_put_left(s->agent->store, txn, bytes_str(OLD), buf_bytes(&row));
    return bad == ERR_OK ? log_origin_put(s->agent->store, txn, bytes_str(NEW)) : bad;
}

static void go_over(struct stage *s)
{
    name_successor(s, 100);
    assert_int_equal(writer_run(s->agent->writer, go_over_job, s), ERR_OK);
    log_origin_take(s->agent, bytes_str(NEW));
}

struct again {
    struct stage *stage;
    struct digest entry;
};

/* The same promise of another time: it is a second one that is due. */
static enum err promise_later_job(struct kv_txn *txn, void *arg)
{
    const struct again *g = arg;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct receipts *r = g->stage->agent->receipts;
    struct receipt row;
    struct promise p;
    assert_int_equal(receipts_get(r, txn, &g->entry, a, &row), ERR_OK);
    assert_int_equal(promise_decode(row.promise, a, &p, NULL), ERR_OK);
    p.merge_by_s++;
    const struct promise_bytes bytes = {row.promise, row.signature};
    return receipts_put(r, txn, &bytes, &p);
}

static bool two_due(struct stage *s)
{
    return seen(s).due == 2;
}

/* The broker promised it in the log that ended: that the next one has it keeps no such promise. */
static void a_promise_in_one_log_is_not_kept_by_another(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    const struct digest entry = promised(s, 0);
    assert_true(stage_until(s, one_due, LOOK_MS));
    go_over(s);
    s->fake.signs = s->fake.next_log;
    s->fake.head_origin = NEW;
    fake_proof(&s->fake, 1, &entry);
    assert_true(stage_until(s, has_head, LOOK_MS)); /* it is a proof, in that log */
    assert_false(stage_until(s, none_owed, 2500));
    assert_int_equal(writer_run(s->agent->writer, promise_later_job, &(struct again){s, entry}), ERR_OK);
    assert_true(stage_until(s, two_due, LOOK_MS)); /* nor where the proof came first */
    s->fake.signs = s->fake.log;
    s->fake.head_origin = NULL;
    fake_proof(&s->fake, 2, &entry);
    assert_true(stage_until(s, one_due, LOOK_MS));
}

static bool has_bad_promise(struct stage *s)
{
    struct outbox_info i;
    outbox_info(s->agent->outbox, &i);
    return i.bad_promise;
}

/* Whoever has the key of a log that ended signs on in it. */
static void takes_only_what_was_made_before(struct stage *s, void (*end)(struct stage *s))
{
    stage_until_open(s);
    asked = 1;
    assert_int_equal(writer_run(s->agent->writer, put_job, s), ERR_OK);
    assert_true(stage_until(s, has_asked, 10000));
    end(s);
    (void)fake_accept_at(&s->fake, fake_letter(&s->fake, MSG_REQUEST, 0), NULL, clock_now_s(clock_system()));
    assert_true(stage_until(s, is_settled, 10000)); /* an answer that was on its way */
    assert_false(has_bad_promise(s));
    s->shift_s = 1;
    asked = fake_count(&s->fake, MSG_REQUEST) + 1; /* the first one may have been sent again */
    assert_int_equal(writer_run(s->agent->writer, put_job, s), ERR_OK);
    assert_true(stage_until(s, has_asked, 10000));
    (void)fake_accept_at(&s->fake, fake_letter(&s->fake, MSG_REQUEST, asked - 1), NULL, clock_now_s(clock_system()));
    assert_true(stage_until(s, has_bad_promise, 10000));
    assert_false(is_settled(s));
}

static void a_log_that_this_agency_left_takes_only_what_was_made_before(void **state)
{
    takes_only_what_was_made_before(*state, go_over);
}

static void see_end(struct stage *s)
{
    name_successor(s, 100);
    log_origin_see(s->agent);
}

/* Also while this agency has not gone over: the roster says that it has ended, and nothing more comes into it. */
static void a_log_that_ended_takes_only_what_was_made_before(void **state)
{
    takes_only_what_was_made_before(*state, see_end);
}

/* The registrar took it back: the log goes on. */
static void a_log_that_the_roster_names_again_goes_on(void **state)
{
    struct stage *s = *state;
    stage_until_open(s);
    struct roster *r = (struct roster *)(uintptr_t)view_roster(s->agent->view);
    const struct roster before = *r;
    assert_true(log_origin_ended_s(s->agent) == INT64_MAX);
    see_end(s);
    assert_in_range(log_origin_ended_s(s->agent), agent_now_s(s->agent) - 60, agent_now_s(s->agent));
    *r = before;
    roster(s, 3, "next/overlap.signed");
    assert_true(log_origin_ended_s(s->agent) == INT64_MAX);
}

static bool has_no_mail(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return i.mail_sequence == 2;
}

/* Two heads of one size, the first of which is all that this agency has of the log that it left. */
static void another_head_of_a_log_that_was_left_is_evidence(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf own = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct evidence kept;
    stage_until_open(s);
    const struct digest one = promised(s, 0);
    const struct digest other = promised(s, 0);
    fake_proof(&s->fake, 1, &one);
    assert_true(stage_until(s, has_head, LOOK_MS));
    buf_put(&own, receipts_checkpoint(s->agent->receipts));
    go_over(s);
    receipts_begin_anew(s->agent->receipts);
    fake_proof(&s->fake, 2, &one); /* the same head says nothing new */
    assert_true(stage_until(s, has_no_mail, LOOK_MS));
    assert_false(is_forked(s));
    fake_proof(&s->fake, 3, &other);
    assert_true(stage_until(s, is_forked, LOOK_MS));
    assert_true(stage_until(s, has_evidence, LOOK_MS));
    assert_true(stage_evidence(s, a, &kept));
    assert_true(bytes_equal(kept.own, buf_bytes(&own)));
    assert_true(stage_until(s, one_due, LOOK_MS)); /* and proves nothing */
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

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(absence_is_nobodys_breach),
        CASE(late_after_a_session_of_its_time),
        CASE(missed_by_what_the_log_shows),
        CASE(two_heads_of_one_size_are_kept_as_evidence),
        CASE(a_next_log_key_counts_beside_the_present_one),
        CASE(a_next_log_key_is_a_stranger_before_the_roster_lists_it),
        CASE(a_former_log_key_proves_and_no_more),
        CASE(a_log_that_ended_proves_up_to_its_end),
        CASE(two_heads_of_one_size_are_found_in_a_log_that_ended),
        CASE(a_promise_in_one_log_is_not_kept_by_another),
        CASE(a_log_that_this_agency_left_takes_only_what_was_made_before),
        CASE(a_log_that_ended_takes_only_what_was_made_before),
        CASE(a_log_that_the_roster_names_again_goes_on),
        CASE(another_head_of_a_log_that_was_left_is_evidence),
        CASE(what_somebody_sent_in_its_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
