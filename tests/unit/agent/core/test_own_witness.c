/* The agency's own log and the broker as its witness: what the broker cosigns is the checkpoint, a broker that is away or
 * no witness stops nothing, and a head that it knows and the log does not contain stops the log. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/keys_internal.h"
#include "agent/log/own_keys.h"
#include "agent/log/witnessed_internal.h"
#include "agent/own_log.h"
#include "agent/session.h"
#include "pki/digest.h"
#include "pki/witness.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/msg/agency_head.h"
#include "tests/unit/agent/core/fake_broker.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define WAIT_MS 15000
#define WITNESS "demo/witness/00000099000000001000"
#define HOUR INT64_C(3600)

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &log_part, NULL};

/* The broker as a witness: what a test lets it know. */
static struct key *witness_key;
static const char *witness_name;
static struct witness_state known;
static struct buf known_note;
static size_t answered;
static size_t named; /* keys that an offer names */

static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    stage_until_open(&stage);
    OK(key_generate(KEY_TYPE_ED25519, &witness_key));
    witness_name = WITNESS;
    known = (struct witness_state){.size = 0};
    known_note = buf_new(NOTE_MAX_BYTES);
    answered = 0;
    named = 1;
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    key_free(witness_key);
    buf_free(&known_note);
    return 0;
}

static struct log_witnessed *of(const struct stage *s)
{
    return s->agent->log_keeping->witnessed;
}

/* ---- the broker's side ---- */

static bool has_offer(struct stage *s)
{
    return fake_count(&s->fake, MSG_AGENCY_HEAD) > answered;
}

static const struct letter *next_offer(struct stage *s, struct agency_head *out)
{
    assert_true(stage_until(s, has_offer, WAIT_MS));
    const struct letter *l = fake_letter(&s->fake, MSG_AGENCY_HEAD, answered++);
    OK(agency_head_decode(l->envelope.body, l->arena, out, NULL));
    return l;
}

static void send_reply(struct stage *s, const struct letter *l, const struct agency_head_reply *r)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 16);
    OK(agency_head_reply_encode(r, &body));
    fake_send(&s->fake, MSG_AGENCY_HEAD_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
}

static void put_witness(const struct key *key, struct buf *out)
{
    struct vkey v;
    const struct note_signer by = {bytes_str(witness_name), key};
    OK(note_vkey(&by, VKEY_COSIGNATURE_V1, &v));
    vkey_write(&v, out);
}

static void assert_all_sign(struct bytes request, const struct vkey *key)
{
    struct witness_request r;
    struct note note;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    OK(witness_request_parse(request, &r));
    OK(note_parse(r.checkpoint, a, &note, NULL));
    OK(note_verify(&note, key));
}

/* As a witness of the specification: judges, keeps and cosigns. line_key: whose line it sends. */
static enum witness_status judge_with(struct stage *s, const struct key *line_key)
{
    struct agency_head h;
    struct vkey log[AGENCY_HEAD_MAX_KEYS];
    struct witness_verdict v;
    struct errmsg why = {""};
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf line = buf_new(AGENCY_HEAD_MAX_LINES_BYTES);
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    const struct letter *l = next_offer(s, &h);
    assert_int_equal(h.key_count, named);
    for (size_t i = 0; i < h.key_count; i++) {
        OK(vkey_parse(digest_sha256, h.keys[i], &log[i]));
        assert_string_equal(log[i].name, own_log_origin(s->agent->own_log));
        assert_all_sign(h.request, &log[i]);
    }
    const struct witness_log watched = {log, h.key_count};
    OK(witness_judge(&watched, &known, h.request, a, &v, &why));
    put_witness(witness_key, &witness);
    struct agency_head_reply r = {.status = (uint32_t)v.status, .witness = buf_bytes(&witness)};
    if (v.status == WITNESS_COSIGN) {
        const struct note_signer by = {bytes_str(witness_name), line_key};
        OK(note_cosign(&by, v.text, 1795000000, &line));
        known = v.next;
        buf_reset(&known_note);
        buf_put(&known_note, v.note);
        r.lines = buf_bytes(&line);
    } else {
        r.known = buf_bytes(&known_note);
    }
    send_reply(s, l, &r);
    return v.status;
}

static enum witness_status judge(struct stage *s)
{
    return judge_with(s, witness_key);
}

/* Another head of this log, that its own key signed. */
static void know_other(struct stage *s, const struct key *signer, uint64_t size)
{
    const struct checkpoint c = {
        .origin = bytes_str(own_log_origin(s->agent->own_log)), .size = size, .root = {{9}}};
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    const struct note_signer by = {c.origin, signer};
    checkpoint_write(&c, &text);
    buf_reset(&known_note);
    OK(note_sign(&by, 1, buf_bytes(&text), &known_note));
    known = (struct witness_state){size, c.root};
}

/* ---- the agency's side ---- */

static bool is_quiet(struct stage *s)
{
    return !log_keeper_is_busy(s->agent->log_keeping->keeper) && !of(s)->is_writing &&
           writer_pending(s->agent->writer, WRITER_INTERACTIVE) == 0 &&
           writer_pending(s->agent->writer, WRITER_BULK) == 0 && worker_pending(s->agent->workers) == 0;
}

static uint64_t publish(struct stage *s)
{
    log_keeper_tick(s->agent->log_keeping->keeper);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    return log_keeper_size(s->agent->log_keeping->keeper);
}

/* Heads are offered at most once in the broker's publish interval. */
static bool may_offer(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return clock_mono_ms() - of(s)->asked_ms > (int64_t)i.publish_interval_ms;
}

static uint64_t publish_and_offer(struct stage *s)
{
    assert_true(stage_until(s, may_offer, WAIT_MS));
    return publish(s);
}

struct shown {
    uint64_t size; /* 0: no checkpoint */
    size_t lines;  /* good ones of the witness */
};

static struct shown shown(struct stage *s)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_MAX_BYTES);
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    struct note note;
    struct checkpoint c;
    struct vkey v;
    uint64_t at_s = 0;
    OK(tiles_open(s->agent->log_keeping->dir, &tiles, NULL));
    if (tiles_checkpoint(tiles, &text, NULL) != ERR_OK)
        return (struct shown){0, 0};
    OK(note_parse(buf_bytes(&text), a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    put_witness(witness_key, &witness);
    OK(vkey_parse(digest_sha256, buf_bytes(&witness), &v));
    return (struct shown){c.size, note_verify_cosignature(&note, &v, &at_s) == ERR_OK ? note.count - 1 : 0};
}

static uint64_t wanted;

static bool is_cosigned(struct stage *s)
{
    const struct shown now = shown(s);
    return now.size == wanted && now.lines == 1;
}

static void until_cosigned(struct stage *s, uint64_t size)
{
    wanted = size;
    assert_true(stage_until(s, is_cosigned, WAIT_MS));
}

/* The first head, cosigned. */
static uint64_t begin(struct stage *s)
{
    const uint64_t size = publish(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    until_cosigned(s, size);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    return size;
}

static bool is_answered(struct stage *s)
{
    return !of(s)->is_asking;
}

static bool is_refused(struct stage *s)
{
    return of(s)->is_refused;
}

static bool has_alarm(struct stage *s, const char *text)
{
    struct doc *lines = doc_new_array();
    bool found = false;
    OK(witnessed_alarms(of(s), lines));
    for (size_t i = 0; i < doc_count(lines); i++) {
        struct bytes line;
        OK(doc_text_of(doc_at(lines, i), 600, &line));
        found |= memmem(line.ptr, line.len, text, strlen(text)) != NULL;
    }
    doc_free(lines);
    return found;
}

static bool status_says(struct stage *s, const char *text)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    CLEANUP(buf_free) struct buf json = buf_new((size_t)1 << 14);
    witnessed_put(of(s), &b);
    OK(doc_build_done(&b));
    OK(doc_write(d, &json));
    doc_free(d);
    return strstr(buf_text(&json), text) != NULL;
}

/* ---- the tests ---- */

static void the_checkpoint_is_the_head_that_the_broker_cosigned(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    assert_true(status_says(s, "\"witness\":\"cosigned\""));
    const uint64_t second = publish_and_offer(s);
    assert_true(second > first);
    assert_true(is_cosigned(s)); /* still the first: the second waits for its line */
    assert_int_equal(judge(s), WITNESS_COSIGN); /* with a proof from the first */
    until_cosigned(s, second);
}

/* After a start nothing is known of what the broker has: it says so, and the proof begins there. */
static void a_conflict_is_solved_by_the_head_that_the_broker_names(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    assert_true(stage_until(s, may_offer, WAIT_MS));
    const uint64_t second = publish_and_offer(s);
    assert_true(has_offer(s) || stage_until(s, has_offer, WAIT_MS));
    answered++; /* and is lost */
    stage_restart(s);
    stage_until_open(s);
    assert_int_equal(known.size, first);
    assert_int_equal(judge(s), WITNESS_CONFLICT); /* old 0 */
    assert_int_equal(judge(s), WITNESS_COSIGN);   /* old first, and a proof */
    until_cosigned(s, second);
    assert_false(is_refused(s));
}

/* An old copy would sign another head of a size that is known: the broker is asked before. */
static void after_a_start_the_broker_is_asked_before_a_head_is_signed(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    stage_restart(s);
    assert_int_equal(publish(s), first);
    stage_until_open(s);
    assert_int_equal(publish(s), first);
    assert_int_equal(judge(s), WITNESS_CONFLICT);
    assert_true(stage_until(s, has_offer, WAIT_MS));
    const uint64_t second = publish(s);
    assert_true(second > first);
    stage_restart(s); /* and not for good */
    s->config->own_log_interval_ms = 50;
    of(s)->well_ms -= 59000;
    assert_int_equal(publish(s), second);
    of(s)->well_ms -= 1000;
    assert_true(publish(s) > second);
}

static bool is_late(struct stage *s)
{
    return witnessed_is_late(of(s));
}

static void a_broker_that_does_not_answer_stops_nothing(void **state)
{
    struct stage *s = *state;
    struct agency_head h;
    const uint64_t first = begin(s);
    s->config->own_log_interval_ms = 50; /* what is waited for goes by it */
    const uint64_t second = publish_and_offer(s);
    const struct letter *late = next_offer(s, &h);
    assert_true(stage_until(s, is_late, WAIT_MS));
    assert_int_equal(shown(s).size, first);
    const uint64_t third = publish(s);
    assert_true(third > second);
    assert_int_equal(shown(s).size, third);
    assert_int_equal(shown(s).lines, 0);
    assert_true(status_says(s, "\"witness\":\"not cosigned\"") && status_says(s, "not_cosigned_since"));
    assert_false(has_alarm(s, "for 4 hours"));
    s->shift_s = 4 * HOUR + 10;
    assert_true(has_alarm(s, "for 4 hours"));
    s->shift_s = 0;
    answered--; /* the answer to the second comes late: it is smaller than what is shown */
    (void)late;
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS));
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    assert_int_equal(shown(s).size, third);
    const uint64_t fourth = publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    until_cosigned(s, fourth);
}

static void a_broker_that_is_no_witness_stops_nothing(void **state)
{
    struct stage *s = *state;
    struct agency_head h;
    (void)begin(s);
    (void)publish_and_offer(s);
    const struct letter *l = next_offer(s, &h);
    send_reply(s, l, &(struct agency_head_reply){.status = AGENCY_HEAD_NO_WITNESS});
    assert_true(stage_until(s, is_answered, WAIT_MS));
    assert_true(status_says(s, "\"witness\":\"no witness\""));
    const uint64_t third = publish(s);
    assert_int_equal(shown(s).size, third);
    assert_int_equal(shown(s).lines, 0);
}

static void a_line_that_does_not_verify_is_not_shown(void **state)
{
    struct stage *s = *state;
    struct key *other = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &other));
    const uint64_t first = begin(s);
    (void)publish_and_offer(s);
    assert_int_equal(judge_with(s, other), WITNESS_COSIGN);
    assert_true(stage_until(s, is_refused, WAIT_MS));
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    wanted = first;
    assert_true(is_cosigned(s));
    assert_true(has_alarm(s, "refuses"));
    key_free(other);
}

/* A reader would look for the log's own key behind a line of that name, or for a witness that it does not know. */
static void a_line_of_another_name_than_the_brokers_is_not_shown(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    const char *const names[] = {own_log_origin(s->agent->own_log), "demo/witness/00000099000000001001"};
    const struct witness_state before = known;
    for (size_t i = 0; i < 2; i++) {
        of(s)->is_refused = false;
        known = before; /* the broker forgets what it gave no good line for */
        (void)publish_and_offer(s);
        witness_name = names[i];
        assert_int_equal(judge(s), WITNESS_COSIGN);
        assert_true(stage_until(s, is_answered, WAIT_MS));
        assert_true(stage_until(s, is_quiet, WAIT_MS));
        assert_true(is_refused(s));
        witness_name = WITNESS;
        wanted = first;
        assert_true(is_cosigned(s));
    }
}

static void answer(struct stage *s, uint32_t status, struct bytes known_head)
{
    struct agency_head h;
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    const struct letter *l = next_offer(s, &h);
    if (status != AGENCY_HEAD_NO_WITNESS)
        put_witness(witness_key, &witness);
    send_reply(s, l, &(struct agency_head_reply){
                         .status = status, .witness = buf_bytes(&witness), .known = known_head});
    assert_true(stage_until(s, is_answered, WAIT_MS));
}

/* A copy from before the first line may be as old as any: it has a head, and nothing of the broker. */
static void a_store_without_a_line_asks_first_too(void **state)
{
    struct stage *s = *state;
    struct agency_head h;
    const uint64_t first = publish(s);
    (void)next_offer(s, &h); /* and gets no answer */
    assert_int_equal(of(s)->size, 0);
    stage_restart(s);
    stage_until_open(s);
    assert_int_equal(publish(s), first);
    answer(s, AGENCY_HEAD_NO_WITNESS, (struct bytes){NULL, 0});
    assert_true(publish(s) > first);
}

/* Only what tells which head the broker knows ends that it is asked first; any other answer is asked for again. */
static void an_answer_that_tells_nothing_is_none(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    static const uint32_t statuses[] = {AGENCY_HEAD_TOO_MANY, WITNESS_UNSIGNED, WITNESS_MALFORMED};
    stage_restart(s);
    stage_until_open(s);
    for (size_t i = 0; i < 3; i++) {
        answer(s, statuses[i], (struct bytes){NULL, 0});
        assert_int_equal(publish(s), first);
        assert_true(stage_until(s, may_offer, WAIT_MS));
        assert_int_equal(publish(s), first); /* and offers again */
    }
    answer(s, WITNESS_CONFLICT, bytes_str("no head at all"));
    assert_int_equal(publish(s), first);
    assert_true(stage_until(s, may_offer, WAIT_MS));
    assert_int_equal(publish(s), first);
    assert_int_equal(judge(s), WITNESS_CONFLICT); /* with the head that it knows, which is one of this log */
    assert_true(stage_until(s, has_offer, WAIT_MS));
    assert_true(publish(s) > first);
}

static bool is_forked(struct stage *s)
{
    return s->agent->log_keeping->is_forked;
}

/* The broker knows a head under this log's key that the log does not contain: longer, or other. */
static void a_head_that_the_log_does_not_contain_stops_it(void **state)
{
    struct stage *s = *state;
    static const uint64_t beyond = 1u << 20;
    for (size_t i = 0; i < 2; i++) {
        if (i > 0) {
            (void)tear_down(state);
            (void)set_up(state);
            s = *state;
        }
        const uint64_t first = begin(s);
        know_other(s, agent_keys_log(s->agent->keys), i == 0 ? beyond : first);
        assert_true(stage_until(s, may_offer, WAIT_MS));
        const uint64_t second = publish(s);
        (void)judge(s);
        assert_true(stage_until(s, is_forked, WAIT_MS));
        assert_true(stage_until(s, is_quiet, WAIT_MS));
        assert_int_equal(publish(s), second);
        assert_int_equal(shown(s).size, first);
        assert_true(has_alarm(s, "does not contain"));
        OK(own_log_say(s->agent, AUDIT_EVENT_ITEM_RAISED)); /* entries are written all the same */
        stage_restart(s);
        assert_true(is_forked(s));
        assert_int_equal(publish(s), second);
    }
}

/* Nobody but this log's own key tells it that it forked. */
static void a_head_that_another_key_signed_stops_nothing(void **state)
{
    struct stage *s = *state;
    const uint64_t first = begin(s);
    know_other(s, witness_key, 1u << 20);
    (void)publish_and_offer(s);
    (void)judge(s);
    assert_true(stage_until(s, is_refused, WAIT_MS));
    assert_false(is_forked(s));
    assert_true(has_alarm(s, "refuses"));
    assert_true(publish(s) > first);
}

/* ---- the key changes (decision 0415) ---- */

static bool change_is(struct stage *s, const char *text)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    CLEANUP(buf_free) struct buf json = buf_new((size_t)1 << 14);
    own_keys_put(s->agent->log_keeping, &b);
    OK(doc_build_done(&b));
    OK(doc_write(d, &json));
    doc_free(d);
    return strstr(buf_text(&json), text) != NULL;
}

static bool is_kept(struct stage *s)
{
    const struct own_log_keys *k = &s->agent->log_keeping->keys;
    return k->count == 2 && k->v[1].is_witnessed;
}

/* What the store has is what `sluis-pki` goes by. */
static bool store_says_witnessed(struct stage *s, size_t i)
{
    struct log_keeping *k = s->agent->log_keeping;
    const struct own_log_keys before = k->keys;
    OK(own_keys_read(k));
    const bool is_so = k->keys.v[i].is_witnessed;
    k->keys = before;
    return is_so;
}

static void both_keys_sign_until_the_broker_has_cosigned_the_new_one(void **state)
{
    struct stage *s = *state;
    struct agent_keys *keys = s->agent->keys;
    (void)begin(s);
    OK(key_generate(KEY_TYPE_ED25519, &keys->logs[1]));
    assert_true(change_is(s, "not entered yet"));
    log_part.on_keys(s->agent);
    assert_true(change_is(s, "waits for the broker"));
    assert_true(stage_until(s, may_offer, WAIT_MS));
    witnessed_offer(of(s)); /* the newest head is the old key's alone, and names it alone */
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_false(store_says_witnessed(s, 1));
    named = 2;
    const uint64_t both = publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_kept, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_true(store_says_witnessed(s, 0) && store_says_witnessed(s, 1));
    assert_true(change_is(s, "the old key may go"));
    assert_int_equal(shown(s).size, both);
    assert_int_equal(shown(s).lines, 2); /* beside the old key's those of the new one and of the witness */
    key_free(keys->logs[0]);
    keys->logs[0] = keys->logs[1];
    keys->logs[1] = NULL;
    log_part.on_keys(s->agent);
    assert_false(change_is(s, "key_change"));
    assert_true(store_says_witnessed(s, 0));
    named = 1;
    (void)publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN); /* by that key alone */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(the_checkpoint_is_the_head_that_the_broker_cosigned),
        CASE(a_conflict_is_solved_by_the_head_that_the_broker_names),
        CASE(after_a_start_the_broker_is_asked_before_a_head_is_signed),
        CASE(a_broker_that_does_not_answer_stops_nothing),
        CASE(a_broker_that_is_no_witness_stops_nothing),
        CASE(a_line_that_does_not_verify_is_not_shown),
        CASE(a_line_of_another_name_than_the_brokers_is_not_shown),
        CASE(a_store_without_a_line_asks_first_too),
        CASE(an_answer_that_tells_nothing_is_none),
        CASE(a_head_that_the_log_does_not_contain_stops_it),
        CASE(a_head_that_another_key_signed_stops_nothing),
        CASE(both_keys_sign_until_the_broker_has_cosigned_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
