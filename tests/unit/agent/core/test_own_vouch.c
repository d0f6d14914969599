/* The key of the agency's own log is lost (decision 0419): heads under it still tell what this log is, and an officer's word
 * for the next key goes to the broker with the next offer, for the head that it knows, and no longer than it counts.
 * argv[1]: a deployment. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "agent/keys_internal.h"
#include "agent/log/cosigned_keys.h"
#include "agent/log/own_keys.h"
#include "agent/log/take_up.h"
#include "agent/log/vouch.h"
#include "agent/own_log.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/sign.h"
#include "proto/base/text.h"
#include "proto/host/control.h"
#include "proto/host/file.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"
#include "proto/msg/log_vouch.h"
#include "proto/msg/signed.h"
#include "tests/support/key_fact.h"
#include "tests/unit/agent/core/witness_stage.h"

static const char *deployment;
/* The deployment has no security officer: the verb for whoever is on its roster. */
static const struct verb verbs[] = {{"test_vouch", 0, vouch_verb}, {NULL, 0, NULL}};
static const struct agent_part test_part = {.name = "test", .verbs = verbs};
static const struct agent_part *const parts[] = {&core_part, &log_part, &test_part, NULL};
static const struct agent_part *const no_parts[] = {NULL};
static char folder[320]; /* of the published log, where the store is another one */
static struct key *officer;    /* of the caller */
static struct bytes lost_line; /* of the key that the folder does not have */
static char lost_room[AGENCY_HEAD_MAX_KEY_BYTES];

static void read_officer(void)
{
    char path[400];
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    struct secret *pass = secret_new(bytes_str("pass of w1"));
    snprintf(path, sizeof path, "%s/w1/keys/officer.key", deployment);
    OK(file_read(path, FILE_PRIVATE, &file, NULL));
    OK(keyfile_open_key(buf_bytes(&file), pass, KEY_TYPE_P256, &officer));
    secret_free(pass);
}

static struct bytes line_of(const struct stage *s, const struct key *key, struct buf *out)
{
    struct vkey v;
    const struct note_signer by = {bytes_str(own_log_origin(s->agent->own_log)), key};
    OK(note_vkey(&by, VKEY_ED25519, &v));
    vkey_write(&v, out);
    OK(buf_err(out));
    return buf_bytes(out);
}

/* The log begins under a key that is nowhere but in memory. */
static int set_up(void **state)
{
    (void)witness_stage_open(state, deployment, parts);
    struct stage *s = *state;
    struct agent_keys *keys = s->agent->keys;
    struct buf line = buf_fixed(lost_room, sizeof lost_room);
    read_officer();
    key_free(keys->logs[0]);
    OK(key_generate(KEY_TYPE_ED25519, &keys->logs[0]));
    log_part.on_keys(s->agent);
    lost_line = line_of(s, keys->logs[0], &line);
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    key_free(officer);
    officer = NULL;
    s->config->own_log_dir = NULL;
    return witness_stage_close(state);
}

/* ---- the call ---- */

struct vouch_talk {
    const char *path;
    const char *frame;
    const struct key *signer;
    char answer[4096];
    atomic_bool done;
};

static void put_signed(const struct vouch_talk *t, struct bytes question, struct buf *out)
{
    CLEANUP(cleanup_doc_free) struct doc *d = NULL;
    CLEANUP(buf_free) struct buf document = buf_new(LOG_VOUCH_MAX_BYTES);
    const struct doc *list = NULL;
    struct bytes text;
    struct signature signature;
    OK(doc_parse(question, question.len, &d, NULL));
    OK(doc_get_array(d, "sign", &list, NULL));
    OK(doc_get_text(doc_at(list, 0), "kind", 16, &text, NULL));
    assert_true(bytes_is(text, "log-vouch"));
    OK(doc_get_base64(doc_at(list, 0), "document", &document, NULL));
    OK(sign_document(SIGN_LOG_VOUCH, t->signer, buf_bytes(&document), &signature));
    OK(doc_get_text(d, "state", 256, &text, NULL));
    buf_printf(out, "{\"verb\":\"signed\",\"args\":{\"state\":\"%.*s\",\"signatures\":[\"", (int)text.len, (const char *)text.ptr);
    text_put_base64(out, signature_bytes(&signature));
    buf_put_str(out, "\"]}}");
}

static void *client(void *arg)
{
    struct vouch_talk *t = arg;
    struct control_client *c = NULL;
    CLEANUP(buf_free) struct buf frame = buf_new(CONTROL_FRAME_MAX);
    CLEANUP(buf_free) struct buf answer = buf_new(8192);
    OK(control_client_new(t->path, &c, NULL));
    OK(control_client_send(c, bytes_str(t->frame)));
    OK(control_client_recv(c, WAIT_MS, &frame));
    if (strstr(buf_text(&frame), "\"sign\"") != NULL) {
        put_signed(t, buf_bytes(&frame), &answer);
        OK(control_client_send(c, buf_bytes(&answer)));
        OK(control_client_recv(c, WAIT_MS, &frame));
    }
    snprintf(t->answer, sizeof t->answer, "%s", buf_text(&frame));
    control_client_free(c);
    atomic_store(&t->done, true);
    return NULL;
}

/* What is answered to an officer with that key who vouches for this line; lost: "" or the line of the lost key. */
static bool vouching_says(struct stage *s, struct bytes key, struct bytes lost, const struct key *signer, const char *text)
{
    char frame[1200];
    struct vouch_talk t = {.path = s->config->service.control, .frame = frame, .signer = signer};
    pthread_t thread;
    snprintf(frame, sizeof frame, "{\"verb\":\"test_vouch\",\"args\":{\"key\":\"%.*s\"%s%.*s%s}}", (int)key.len,
             (const char *)key.ptr, lost.len > 0 ? ",\"lost\":\"" : "", (int)lost.len,
             lost.len > 0 ? (const char *)lost.ptr : "", lost.len > 0 ? "\"" : "");
    OK(pthread_create(&thread, NULL, client, &t));
    while (!atomic_load(&t.done))
        OK(loop_turn(s->loop, 10));
    pthread_join(thread, NULL);
    if (strstr(t.answer, text) == NULL)
        print_message("answer: %s\n", t.answer);
    return strstr(t.answer, text) != NULL;
}

static const struct bytes none = {NULL, 0};

static bool vouch_says(struct stage *s, const char *text)
{
    CLEANUP(buf_free) struct buf line = buf_new(VKEY_MAX_TEXT);
    return vouching_says(s, line_of(s, s->agent->keys->logs[0], &line), none, officer, text);
}

/* Entries of the own log that tell this of its keys. */
static size_t told(struct stage *s, const char *what)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct bytes key;
    size_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(kv_iter_new(txn, t->bodies, none, &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
        struct digest entry;
        memcpy(entry.b, key.ptr, sizeof entry.b);
        OK(logbook_open_body(own_log_book(s->agent->own_log), txn, &entry, &json));
        n += strstr(buf_text(&json), "log.key-rotated") != NULL && strstr(buf_text(&json), what) != NULL;
    }
    return n;
}

static bool told_vouched(struct stage *s, const struct key *key)
{
    char both[128];
    snprintf(both, sizeof both, "\"what\":\"vouched\",%s", key_fact(key, own_log_origin(s->agent->own_log)).s);
    return told(s, both) == 1;
}

/* ---- the way there ---- */

static uint64_t begin_and_lose(struct stage *s)
{
    const uint64_t first = begin(s);
    stage_restart(s); /* with the key of the folder, which the broker does not know */
    stage_until_open(s);
    assert_int_equal(publish(s), first); /* nothing is signed before the broker told what it knows */
    return first;
}

static void be_refused(struct stage *s)
{
    answer(s, WITNESS_UNSIGNED, buf_bytes(&known_note));
    assert_true(stage_until(s, is_refused, WAIT_MS));
}

/* Up to the refusal of the first head under the next key. */
static uint64_t lose(struct stage *s)
{
    const uint64_t first = begin_and_lose(s);
    assert_int_equal(judge(s), WITNESS_CONFLICT); /* under the lost key, which the broker knows */
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_true(publish_and_offer(s) > first);
    be_refused(s);
    assert_true(status_says(s, "vouches for it"));
    return first;
}

static struct bytes next_vouch(struct stage *s)
{
    struct agency_head h;
    (void)next_offer(s, &h);
    answered--;
    return h.vouch;
}

/* The word is for that key behind the head that the broker knows, and its officer's. */
static void check_word(struct stage *s, struct bytes wire, uint64_t size)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)64 << 10);
    CLEANUP(buf_free) struct buf line = buf_new(VKEY_MAX_TEXT);
    struct signed_doc d;
    struct log_vouch v;
    struct digest lost;
    OK(signed_doc_decode(wire, LOG_VOUCH_MAX_BYTES, a, &d, NULL));
    OK(sign_verify(SIGN_LOG_VOUCH, officer, d.document, d.signature));
    assert_non_null(view_officer(s->agent->view, &d.signer, &s->config->oin, agent_now_s(s->agent)));
    OK(log_vouch_decode(d.document, a, &v, NULL));
    OK(digest_sha256(&lost_line, 1, &lost));
    assert_string_equal(v.deployment.s, "demo");
    assert_true(agency_id_equal(&v.agency, &s->config->oin));
    assert_true(bytes_equal(v.key, line_of(s, s->agent->keys->logs[0], &line)));
    assert_true(v.lost_count == 1 && digest_equal(&v.lost[0], &lost));
    assert_true(v.size == size && digest_equal(&v.root, &known.root));
    assert_true(v.staff.s[0] != '\0' && strcmp(v.staff.s, "w.one") != 0);
}

static bool knows_one_key(struct stage *s)
{
    const struct log_keeping *k = s->agent->log_keeping;
    return k->cosigned.keys.count == 1 && own_log_keys_find(&k->keys, &k->cosigned.keys.v[0].line) != NULL;
}

/* ---- the tests ---- */

static void an_officers_word_goes_with_the_next_offer(void **state)
{
    struct stage *s = *state;
    const uint64_t first = lose(s);
    assert_false(knows_one_key(s));
    assert_int_equal(told(s, "\"vouched\""), 0);
    assert_true(vouch_says(s, "\"ok\""));
    assert_int_equal(told(s, "\"vouched\""), 1);
    assert_int_equal(told(s, "\"staff\""), 1);
    assert_true(told_vouched(s, s->agent->keys->logs[0]));
    check_word(s, next_vouch(s), first);
    assert_int_equal(judge(s), WITNESS_COSIGN); /* as a broker that took the word for it */
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_true(status_says(s, "\"witness\":\"cosigned\""));
    assert_true(stage_until(s, knows_one_key, WAIT_MS));
    const uint64_t last = publish_and_offer(s);
    assert_int_equal(next_vouch(s).len, 0);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    until_cosigned(s, last);
    s->fake.is_mute = true;
    stage_restart(s);
    assert_true(knows_one_key(s)); /* and the one that is lost tells nothing any more */
    assert_true(vouch_says(s, "no open session"));
}

/* A store that is an old copy signs no other history, though its key is another one now. */
static void a_head_under_the_lost_key_that_the_log_lacks_stops_it(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf other = buf_new(NOTE_MAX_BYTES);
    const uint64_t before = begin(s);
    const struct witness_state was = known;
    know_other(s, s->agent->keys->logs[0], before + 100);
    buf_put(&other, buf_bytes(&known_note));
    known = was;
    stage_restart(s);
    stage_until_open(s);
    answer(s, WITNESS_CONFLICT, buf_bytes(&other));
    assert_true(is_forked(s));
    assert_int_equal(publish(s), before);
    assert_true(has_alarm(s, "does not contain"));
    assert_true(vouch_says(s, "old copy"));
    assert_int_equal(told(s, "\"vouched\""), 0);
}

/* The store as it is now takes the place of the present one; the folder stays. */
static void copy_store(struct stage *s, char copy[static 300])
{
    snprintf(folder, sizeof folder, "%s", s->agent->log_keeping->dir);
    snprintf(copy, 300, "%.280s-copy", s->store);
    OK(kv_backup(s->agent->kv, copy, NULL));
    s->config->own_log_dir = folder;
}

/* The broker cosigned the newest head, and the agency never got its line. */
static void know_newest(struct stage *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    struct checkpoint c;
    buf_reset(&known_note);
    buf_put(&known_note, buf_bytes(&of(s)->newest.note));
    OK(note_parse(buf_bytes(&known_note), a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    known = (struct witness_state){c.size, c.root};
}

/* Such a copy takes up what the lost key signed, as the folder or the broker has it, and goes on from there. */
static void an_old_copy_takes_up_what_the_lost_key_signed(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    char copy[300];
    struct agency_head h;
    const uint64_t before = begin(s);
    copy_store(s, copy);
    assert_true(publish_and_offer(s) > before);
    (void)next_offer(s, &h);
    know_newest(s);
    const uint64_t last = known.size;
    snprintf(s->store, sizeof s->store, "%s", copy);
    stage_restart(s);
    stage_until_open(s);
    answer(s, WITNESS_CONFLICT, buf_bytes(&known_note));
    assert_true(is_forked(s) && stage_until(s, is_quiet, WAIT_MS));
    s->parts = no_parts;
    stage_restart(s);
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_OK);
    s->parts = parts;
    stage_restart(s);
    stage_until_open(s);
    assert_false(is_forked(s));
    be_refused(s); /* what was taken up, under the next key */
    assert_true(vouch_says(s, "\"ok\""));
    check_word(s, next_vouch(s), last);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    const uint64_t next = publish_and_offer(s);
    assert_true(next > last);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    until_cosigned(s, next);
}

static enum err forget_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    return store_del(s->agent->store, txn, STORE_META, bytes_str("own_log_cosigned_keys"));
}

/* A copy of before that program did not know the lost key: nothing is signed, however long, and the line tells what it is. */
static void a_copy_that_does_not_know_the_lost_key_signs_nothing(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    char copy[300];
    struct agency_head h;
    CLEANUP(buf_free) struct buf line = buf_new(VKEY_MAX_TEXT);
    const uint64_t before = begin(s);
    OK(writer_run(s->agent->writer, forget_job, s));
    copy_store(s, copy);
    assert_true(publish_and_offer(s) > before);
    (void)next_offer(s, &h);
    know_newest(s);
    const uint64_t last = known.size;
    snprintf(s->store, sizeof s->store, "%s", copy);
    stage_restart(s);
    stage_until_open(s);
    answer(s, WITNESS_UNSIGNED, buf_bytes(&known_note));
    of(s)->well_ms -= 600000;
    assert_int_equal(publish(s), before);
    const struct bytes key = line_of(s, s->agent->keys->logs[0], &line);
    assert_true(vouch_says(s, "under a key that the store does not know"));
    assert_true(vouching_says(s, key, key, officer, "another key than the one that is named as lost"));
    assert_false(is_forked(s));
    assert_true(vouching_says(s, key, lost_line, officer, "old copy of the log"));
    assert_true(is_forked(s) && stage_until(s, is_quiet, WAIT_MS));
    answered = fake_count(&s->fake, MSG_AGENCY_HEAD);
    s->parts = no_parts;
    stage_restart(s);
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_OK);
    s->parts = parts;
    stage_restart(s);
    stage_until_open(s);
    assert_false(is_forked(s));
    be_refused(s);
    assert_true(vouch_says(s, "\"ok\""));
    check_word(s, next_vouch(s), last);
}

/* Where the log left its key in order, whoever has it stops nothing. */
static void a_key_that_was_left_in_order_tells_nothing(void **state)
{
    struct stage *s = *state;
    struct agent_keys *keys = s->agent->keys;
    struct key *old = keys->logs[0];
    (void)begin(s);
    OK(key_generate(KEY_TYPE_ED25519, &keys->logs[1]));
    log_part.on_keys(s->agent);
    named = 2;
    (void)publish_and_offer(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_int_equal(s->agent->log_keeping->cosigned.keys.count, 2);
    keys->logs[0] = keys->logs[1];
    keys->logs[1] = NULL;
    log_part.on_keys(s->agent);
    named = 1;
    const uint64_t last = publish_and_offer(s);
    know_other(s, old, last + 100);
    answer(s, WITNESS_CONFLICT, buf_bytes(&known_note));
    assert_false(is_forked(s));
    assert_true(is_refused(s));
    key_free(old);
}

static void what_needs_no_word_gets_none(void **state)
{
    struct stage *s = *state;
    struct key *other = NULL;
    CLEANUP(buf_free) struct buf line = buf_new(VKEY_MAX_TEXT);
    OK(key_generate(KEY_TYPE_P256, &other));
    const uint64_t first = begin_and_lose(s);
    assert_true(vouch_says(s, "nothing to vouch for"));
    assert_int_equal(judge(s), WITNESS_CONFLICT);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    assert_true(stage_until(s, is_answered, WAIT_MS) && stage_until(s, is_quiet, WAIT_MS));
    assert_true(publish_and_offer(s) > first);
    be_refused(s);
    assert_true(vouching_says(s, lost_line, none, officer, "not the one that signs"));
    assert_true(vouching_says(s, line_of(s, s->agent->keys->logs[0], &line), none, other, "not by the key of the caller"));
    assert_int_equal(of(s)->vouch.len, 0);
    assert_int_equal(told(s, "\"vouched\""), 0);
    key_free(other);
}

/* A store of before, or a new one: the officer names the line, and it has to be of who signed that head. */
static void of_a_key_that_the_store_does_not_know_the_officer_names_the_line(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf line = buf_new(VKEY_MAX_TEXT);
    const uint64_t first = lose(s);
    const struct bytes key = line_of(s, s->agent->keys->logs[0], &line);
    s->agent->log_keeping->cosigned.keys.count = 0;
    assert_true(vouch_says(s, "a key that this store does not know"));
    assert_true(vouching_says(s, key, key, officer, "another key than the one that is named as lost"));
    assert_true(vouching_says(s, key, bytes_str("no line"), officer, "no verifier key of this log"));
    assert_int_equal(of(s)->vouch.len, 0);
    assert_true(vouching_says(s, key, lost_line, officer, "\"ok\""));
    check_word(s, next_vouch(s), first);
}

/* Nor does it go on when its time is over. */
static void a_word_that_the_broker_refused_is_over(void **state)
{
    struct stage *s = *state;
    (void)lose(s);
    assert_true(vouch_says(s, "\"ok\""));
    assert_true(next_vouch(s).len > 0);
    be_refused(s);
    assert_int_equal(of(s)->vouch.len, 0);
    (void)publish_and_offer(s);
    assert_int_equal(next_vouch(s).len, 0);
    be_refused(s);
    assert_true(vouch_says(s, "\"ok\"")); /* another one may go */
    assert_true(next_vouch(s).len > 0);
    answer(s, AGENCY_HEAD_TOO_MANY, none);
    (void)publish_and_offer(s);
    assert_true(next_vouch(s).len > 0); /* that was no answer to it */
    answer(s, AGENCY_HEAD_TOO_MANY, none);
    s->shift_s = LOG_VOUCH_LIFE_S + 1;
    (void)publish_and_offer(s);
    assert_int_equal(next_vouch(s).len, 0);
    s->shift_s = 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(an_officers_word_goes_with_the_next_offer),
        CASE(a_head_under_the_lost_key_that_the_log_lacks_stops_it),
        CASE(an_old_copy_takes_up_what_the_lost_key_signed),
        CASE(a_copy_that_does_not_know_the_lost_key_signs_nothing),
        CASE(a_key_that_was_left_in_order_tells_nothing),
        CASE(what_needs_no_word_gets_none),
        CASE(of_a_key_that_the_store_does_not_know_the_officer_names_the_line),
        CASE(a_word_that_the_broker_refused_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
