/* broker/cosigners: the checkpoint that is shown is one that the quorum cosigned, each witness is asked from where it is,
 * what it brings is verified, and without a quorum time runs on, also over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "broker/aways.h"
#include "broker/store/meta.h"
#include "broker/cosigners.h"
#include "broker/publisher.h"
#include "broker/turn.h"
#include "pki/digest.h"
#include "pki/witness.h"
#include "proto/base/when.h"
#include "proto/host/file.h"
#include "proto/host/kv_fault.h"
#include "proto/host/tiles.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define STEPS 200u
#define WITNESSES 3u
#define QUORUM 2u
#define HOUR_MS (INT64_C(3600) * 1000)

/* A witness that no daemon is. */
struct watcher {
    char name[16]; /* in the audit policy */
    char key_name[64];
    struct key *key;
    struct witness_state state;
    struct buf line;
};

/* What the agency says of its witness with every question; all zero: that it is there. */
static struct away said;
static enum bench_member speaker;

static struct bench bench;
static struct watcher watchers[WITNESSES];
static const struct turn_handler *const handlers[] = {&cosign_handler};
static char policy_path[256];

static void put_policy(struct buf *text)
{
    buf_printf(text, "log %s\n", bench.log_key); /* which does not count: the roster does */
    for (size_t i = 0; i < WITNESSES; i++) {
        struct vkey v;
        const struct note_signer signer = {bytes_str(watchers[i].key_name), watchers[i].key};
        OK(note_vkey(&signer, VKEY_COSIGNATURE_V1, &v));
        buf_printf(text, "witness %s ", watchers[i].name);
        vkey_write(&v, text);
        buf_put_str(text, "\n");
    }
    buf_printf(text, "group all %u w0 w1 w2\nquorum all\n", QUORUM);
    OK(buf_err(text));
}

/* Whose witness each is. */
static const enum bench_member owners[WITNESSES] = {BENCH_REGISTRAR, BENCH_ALFA, BENCH_BRAVO};

static int setup(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    said = (struct away){.from_s = 0};
    speaker = BENCH_ALFA;
    for (size_t i = 0; i < WITNESSES; i++) {
        watchers[i] = (struct watcher){.line = buf_new(4096)};
        snprintf(watchers[i].name, sizeof watchers[i].name, "w%zu", i);
        snprintf(watchers[i].key_name, sizeof watchers[i].key_name, "demo/witness/%s", bench.view.members[owners[i]].id.oin);
        OK(key_generate(KEY_TYPE_ED25519, &watchers[i].key));
    }
    put_policy(&text);
    snprintf(policy_path, sizeof policy_path, "%s", host_tmp_path(&bench.tmp, "audit-policy"));
    OK(file_write(policy_path, buf_bytes(&text), 0600, NULL));
    bench.config.trust.audit_policy = policy_path;
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < WITNESSES; i++) {
        key_free(watchers[i].key);
        buf_free(&watchers[i].line);
    }
    bench_close(&bench);
    return 0;
}

/* ---- the witness's side, over the wire ---- */

/* What the witness has, and what is said. */
static void send_cosign(const struct watcher *w)
{
    struct cosign c = {.size = w->state.size, .lines = buf_bytes(&w->line)};
    c.witness = bytes_str(said.witness);
    c.away_from_s = said.from_s;
    c.away_until_s = said.until_s;
    CLEANUP(buf_free) struct buf body = buf_new(65536);
    OK(cosign_encode(&c, &body));
    struct bench_message m = bench_message(&bench, speaker, MSG_COSIGN, buf_bytes(&body));
    m.envelope.sent_at_s = bench.now_ms / 1000;
    m.envelope.expires_at_s = m.envelope.sent_at_s + 60;
    bench_send(&bench, &m);
}

/* The answer, in the arena. */
static enum msg_kind bring(const struct watcher *w, struct arena *a, struct cosign_reply *out)
{
    struct envelope e;
    send_cosign(w);
    bench_answer(&bench, a, &e);
    buf_free(&bench.answers[--bench.answer_count].frame);
    if (e.kind == MSG_COSIGN_REPLY)
        OK(cosign_reply_decode(arena_copy(a, e.body), a, out, NULL));
    return e.kind;
}

static void cosign(struct watcher *w, struct bytes request, struct arena *a)
{
    struct vkey log;
    struct witness_verdict v;
    struct errmsg why = {""};
    OK(vkey_parse(digest_sha256, bench.view.roster.log_key, &log));
    const struct witness_log watched = {&log, 1};
    OK(witness_judge(&watched, &w->state, request, a, &v, &why));
    assert_int_equal(v.status, WITNESS_COSIGN);
    const struct note_signer signer = {bytes_str(w->key_name), w->key};
    buf_reset(&w->line);
    OK(note_cosign(&signer, v.text, (uint64_t)(bench.now_ms / 1000), &w->line));
    w->state = v.next;
}

/* Asks, cosigns what is asked, and brings it. */
static void attend(struct watcher *w)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct cosign_reply r;
    assert_int_equal(bring(w, a, &r), MSG_COSIGN_REPLY);
    if (r.request.len == 0)
        return;
    cosign(w, r.request, a);
    assert_int_equal(bring(w, a, &r), MSG_COSIGN_REPLY);
    assert_int_equal(r.request.len, 0);
}

/* ---- what anybody reads ---- */

struct shown {
    uint64_t size; /* 0: no checkpoint */
    size_t cosignatures;
};

static struct shown shown(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    struct errmsg why = {""};
    struct note n;
    struct checkpoint c;
    OK(tiles_open(bench.config.tiles, &t, &why));
    if (tiles_checkpoint(t, &file, &why) != ERR_OK)
        return (struct shown){0, 0};
    OK(note_parse(buf_bytes(&file), a, &n, &why));
    OK(checkpoint_parse(n.text, &c));
    return (struct shown){c.size, n.count - 1};
}

static bool has_stopped(void)
{
    return cosigners_age(bench.broker.cosigners) == QUORUM_STOPPED;
}

/* ---- the tests ---- */

static void the_checkpoint_waits_for_its_quorum(void **state)
{
    (void)state;
    bench_publish(&bench);
    const uint64_t size = publisher_size(bench.broker.publisher);
    attend(&watchers[0]);
    assert_int_equal(shown().size, 0);
    attend(&watchers[1]);
    assert_int_equal(shown().size, size);
    assert_int_equal(shown().cosignatures, QUORUM);
    attend(&watchers[2]); /* a late line counts too */
    assert_int_equal(shown().cosignatures, WITNESSES);
    attend(&watchers[2]); /* and not twice */
    assert_int_equal(shown().cosignatures, WITNESSES);
}

/* Witness 2 was away for some heads. */
static void each_witness_is_asked_from_where_it_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        bench_publish(&bench);
        attend(&watchers[0]);
        attend(&watchers[1]);
        if (i == 0)
            attend(&watchers[2]);
    }
    const uint64_t size = publisher_size(bench.broker.publisher);
    assert_int_equal(shown().size, size);
    assert_true(watchers[2].state.size > 0 && watchers[2].state.size < size);
    attend(&watchers[2]);
    assert_int_equal(watchers[2].state.size, size);
    assert_int_equal(shown().cosignatures, WITNESSES);
}

/* A head that waits for its quorum stays the one that is asked about, however many come after it. */
static void one_head_is_asked_about_at_a_time(void **state)
{
    (void)state;
    bench_publish(&bench);
    attend(&watchers[0]);
    const uint64_t first = watchers[0].state.size;
    bench_publish(&bench);
    assert_true(publisher_size(bench.broker.publisher) > first);
    attend(&watchers[1]);
    assert_int_equal(watchers[1].state.size, first);
    assert_int_equal(shown().size, first);
}

static void a_line_that_fails_is_refused(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct cosign_reply r;
    bench_publish(&bench);
    attend(&watchers[0]);
    struct watcher forger = watchers[1];
    forger.key = watchers[0].key; /* signs under another's name: its key id is that of nobody */
    forger.line = buf_new(4096);
    attend(&forger);
    assert_int_equal(shown().size, 0);
    watchers[1].state = watchers[0].state;
    buf_put(&watchers[1].line, buf_bytes(&watchers[0].line));
    watchers[1].line.ptr[watchers[1].line.len - 8] ^= 4; /* in the base64 of a signature that counted before */
    assert_int_equal(bring(&watchers[1], a, &r), MSG_REFUSED);
    assert_int_equal(shown().size, 0);
    buf_free(&forger.line);
}

static void time_runs_on_without_a_quorum(void **state)
{
    (void)state;
    struct cosigners *const *c = &bench.broker.cosigners;
    bench_publish(&bench);
    attend(&watchers[0]);
    assert_int_equal(cosigners_age(*c), QUORUM_FRESH);
    bench.now_ms += 5 * HOUR_MS;
    assert_int_equal(cosigners_age(*c), QUORUM_LATE);
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_int_equal(cosigners_age(*c), QUORUM_LATE);
    bench.now_ms += 68 * HOUR_MS;
    assert_true(has_stopped());
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_true(has_stopped());
    bench_publish(&bench);
    attend(&watchers[0]);
    assert_true(has_stopped());
    attend(&watchers[1]);
    assert_int_equal(cosigners_age(*c), QUORUM_FRESH);
}

/* What was reached stands on disk: a restart neither forgets it nor shows less. */
static void a_restart_shows_what_was_cosigned(void **state)
{
    (void)state;
    bench_publish(&bench);
    attend(&watchers[0]);
    attend(&watchers[1]);
    const struct shown before = shown();
    bench.now_ms += 71 * HOUR_MS;
    bench_publish(&bench); /* a head that nobody cosigns yet */
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_int_equal(shown().size, before.size);
    assert_int_equal(shown().cosignatures, before.cosignatures);
    assert_false(has_stopped());
    bench.now_ms += 2 * HOUR_MS;
    assert_true(has_stopped());
}

/* ---- planned absence ---- */

/* As soon after the last one as may be. */
static void announce_soon(const char *witness, int64_t from_hours, int64_t until_hours)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct cosign_reply r;
    said = (struct away){.from_s = bench.now_ms / 1000 + from_hours * 3600, .until_s = bench.now_ms / 1000 + until_hours * 3600};
    snprintf(said.witness, sizeof said.witness, "%s", witness);
    for (size_t i = 0; i < WITNESSES; i++)
        if (strcmp(watchers[i].name, witness) == 0)
            snprintf(said.witness, sizeof said.witness, "%s", watchers[i].key_name);
    if (until_hours == 0)
        said = (struct away){.from_s = 0};
    assert_int_equal(bring(&watchers[0], a, &r), MSG_COSIGN_REPLY);
    bench_settle(&bench);
}

/* A publish interval later. */
static void announce(const char *witness, int64_t from_hours, int64_t until_hours)
{
    const uint64_t interval_ms = bench.config.publish_interval_ms;
    bench.config.publish_interval_ms = 0;
    announce_soon(witness, from_hours, until_hours);
    bench.config.publish_interval_ms = interval_ms;
}

/* Of the witness with this place in the audit policy, as `status` has it; 0: nothing is announced. */
static int64_t announced_until(size_t i)
{
    CLEANUP(cleanup_doc_free) struct doc *d = cosigners_doc(bench.broker.cosigners);
    CLEANUP(buf_free) struct buf text = buf_new(65536);
    char name[32];
    OK(doc_write(d, &text));
    snprintf(name, sizeof name, "\"name\":\"%s\"", watchers[i].name);
    const char *at = strstr(buf_text(&text), name);
    assert_non_null(at);
    const char *end = strchr(at, '}');
    const char *until = strstr(at, "\"away_until\":\"");
    int64_t until_s = 0;
    if (until == NULL || until > end)
        return 0;
    OK(when_parse(bytes_of((const uint8_t *)until + 14, 20), &until_s));
    return until_s;
}

static bool an_alarm_says(const char *words)
{
    CLEANUP(cleanup_doc_free) struct doc *lines = doc_new_array();
    CLEANUP(buf_free) struct buf text = buf_new(65536);
    OK(cosigners_alarms(bench.broker.cosigners, lines));
    OK(doc_write(lines, &text));
    return strstr(buf_text(&text), words) != NULL;
}

static void an_announced_absence_is_known_and_an_entry(void **state)
{
    (void)state;
    const struct cosigners *c = bench.broker.cosigners;
    bench_publish(&bench);
    const size_t before = bench_pending(&bench);
    assert_int_equal(cosigners_spare(c), 1);
    announce("w1", 0, 24);
    assert_int_equal(bench_pending(&bench), before + 1);
    assert_int_equal(announced_until(1), said.until_s);
    assert_int_equal(announced_until(2), 0);
    assert_int_equal(cosigners_spare(c), 0);
    announce("w1", 0, 24); /* it is said with every question */
    assert_int_equal(bench_pending(&bench), before + 1);
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_int_equal(announced_until(1), said.until_s);
    announce("", 0, 0);
    assert_int_equal(bench_pending(&bench), before + 2);
    assert_int_equal(announced_until(1), 0);
    assert_int_equal(cosigners_spare(bench.broker.cosigners), 1);
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_int_equal(announced_until(1), 0);
}

static void an_absence_counts_from_its_beginning_to_its_end(void **state)
{
    (void)state;
    announce("w1", 2, 4);
    assert_int_equal(cosigners_spare(bench.broker.cosigners), 1);
    assert_int_equal(announced_until(1), said.until_s);
    bench.now_ms += 3 * HOUR_MS;
    assert_int_equal(cosigners_spare(bench.broker.cosigners), 0);
    bench.now_ms += 1 * HOUR_MS;
    assert_int_equal(cosigners_spare(bench.broker.cosigners), 1);
    assert_int_equal(announced_until(1), 0);
}

static void about_a_witness_of_nobody_nothing_is_kept(void **state)
{
    (void)state;
    const size_t before = bench_pending(&bench);
    announce("stranger", 0, 24);
    assert_int_equal(bench_pending(&bench), before);
}

static void of_the_witness_of_another_agency_nothing_is_kept(void **state)
{
    (void)state;
    const size_t before = bench_pending(&bench);
    announce("w2", 0, 24);
    announce("w0", 0, 24);
    assert_int_equal(bench_pending(&bench), before);
    assert_int_equal(announced_until(2), 0);
}

static void an_agency_changes_its_word_once_in_an_interval(void **state)
{
    (void)state;
    const size_t before = bench_pending(&bench);
    announce_soon("w1", 0, 24);
    const int64_t first_s = said.until_s;
    announce_soon("", 0, 0);
    announce_soon("w1", 0, 25);
    assert_int_equal(bench_pending(&bench), before + 1);
    assert_int_equal(announced_until(1), first_s);
    announce("", 0, 0);
    announce_soon("w1", 0, 25); /* to be back is a change, too */
    assert_int_equal(bench_pending(&bench), before + 2);
    announce("w1", 0, 25);
    assert_int_equal(bench_pending(&bench), before + 3);
    assert_int_equal(announced_until(1), said.until_s);
}

static bool has_row(enum bench_member m)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct bytes value;
    char name[64];
    snprintf(name, sizeof name, "witness_away/%s", bench.view.members[m].id.oin);
    OK(kv_read_begin(bench.broker.kv, &txn));
    return meta_get(bench.broker.store, txn, name, &value) == ERR_OK;
}

static void an_absence_that_is_over_leaves_no_row(void **state)
{
    (void)state;
    announce("w1", 0, 2);
    bench.now_ms += HOUR_MS;
    bench_restart(&bench);
    assert_true(has_row(BENCH_ALFA));
    bench.now_ms += HOUR_MS;
    bench_restart(&bench);
    assert_false(has_row(BENCH_ALFA));
}

/* Whatever call of the store fails: said, kept and told together, or not at all. */
static void an_absence_is_all_or_nothing(void **state)
{
    (void)state;
    unsigned step = 1;
    const size_t before = bench_pending(&bench);
    said = (struct away){.from_s = bench.now_ms / 1000, .until_s = bench.now_ms / 1000 + 48 * 3600};
    snprintf(said.witness, sizeof said.witness, "%s", watchers[1].key_name);
    for (; step < STEPS && announced_until(1) == 0; step++) {
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        send_cosign(&watchers[0]);
        bench_settle(&bench);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        while (bench.answer_count > 0)
            buf_free(&bench.answers[--bench.answer_count].frame);
        bench.broker.closed = 0;
        assert_int_equal(has_row(BENCH_ALFA), announced_until(1) != 0);
        assert_int_equal(bench_pending(&bench) - before, announced_until(1) != 0);
    }
    assert_in_range(step, 5, STEPS - 1);
}

static void an_absence_of_who_left_leaves_no_row(void **state)
{
    (void)state;
    struct agency_id *id = &bench.view.members[BENCH_ALFA].id;
    const struct agency_id alfa = *id;
    announce("w1", 0, 48);
    bench_restart(&bench);
    assert_true(has_row(BENCH_ALFA));
    OK(agency_id_parse(bytes_str("00000099000000777000"), id)); /* the roster has another one in its place */
    bench_restart(&bench);
    *id = alfa;
    assert_false(has_row(BENCH_ALFA));
}

/* Two of three are needed. One is away, and another does not come either: the warning names the one, and nothing is lower. */
static void an_absence_lowers_no_quorum_and_stands_in_the_warning(void **state)
{
    (void)state;
    bench_publish(&bench);
    announce("w1", 0, 48);
    attend(&watchers[0]);
    assert_int_equal(shown().size, 0);
    assert_false(an_alarm_says("announced away"));
    bench.now_ms += 5 * HOUR_MS;
    assert_true(an_alarm_says("for 4 hours"));
    assert_true(an_alarm_says("(announced away: w1)"));
    speaker = BENCH_BRAVO;
    bench_session(&bench, BENCH_BRAVO, SESSION_OPEN);
    announce("w2", 0, 1);
    assert_int_equal(cosigners_spare(bench.broker.cosigners), -1);
    assert_true(an_alarm_says("without the witnesses that are away there is no quorum (announced away: w1, w2)"));
    speaker = BENCH_ALFA;
    bench.now_ms += HOUR_MS;
    announce("w1", -5, 90);
    assert_false(an_alarm_says("without the witnesses that are away there is no quorum"));
    bench.now_ms += 67 * HOUR_MS;
    assert_true(has_stopped());
    assert_true(an_alarm_says("nothing is released: for 72 hours no quorum of witnesses has cosigned the log (announced away: w1)"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_checkpoint_waits_for_its_quorum),
        CASE(each_witness_is_asked_from_where_it_is),
        CASE(one_head_is_asked_about_at_a_time),
        CASE(a_line_that_fails_is_refused),
        CASE(time_runs_on_without_a_quorum),
        CASE(a_restart_shows_what_was_cosigned),
        CASE(an_announced_absence_is_known_and_an_entry),
        CASE(an_absence_counts_from_its_beginning_to_its_end),
        CASE(about_a_witness_of_nobody_nothing_is_kept),
        CASE(of_the_witness_of_another_agency_nothing_is_kept),
        CASE(an_agency_changes_its_word_once_in_an_interval),
        CASE(an_absence_that_is_over_leaves_no_row),
        CASE(an_absence_is_all_or_nothing),
        CASE(an_absence_of_who_left_leaves_no_row),
        CASE(an_absence_lowers_no_quorum_and_stands_in_the_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
