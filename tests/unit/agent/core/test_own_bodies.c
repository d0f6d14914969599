/* Who reads the agency's own log is given every body that opens, and is told of those that do not.
 * argv[1]: a deployment. */
#include <stdio.h>
#include <string.h>

#include "agent/own_log.h"
#include "pki/body.h"
#include "pki/digest.h"
#include "pki/logbook/logbook.h"
#include "proto/base/text.h"
#include "proto/host/writer.h"
#include "proto/json/audit_body.h"
#include "proto/log/entry.h"
#include "tests/unit/agent/core/own_stage.h"

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &log_part, NULL};

static int set_up(void **state)
{
    return own_stage_set_up(state, deployment, parts);
}

/* One sealed body is damaged, as a bad disk does. */
static enum err damage_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    uint8_t entry[sizeof(struct digest)];
    enum err bad = kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_next(it, &key, NULL);
    if (bad != ERR_OK || key.len != sizeof entry)
        return ERR_INVALID;
    memcpy(entry, key.ptr, key.len);
    return kv_put(txn, t->bodies, BYTES_OF_ARRAY(entry), bytes_str("damaged"));
}

/* It is told in its place, and the others are read. */
static void a_damaged_body_keeps_no_other_from_being_read(void **state)
{
    struct stage *s = *state;
    struct talk t = {
        .frame =
            "{\"verb\":\"own_bodies\",\"args\":{\"from\":0,\"max\":100,"
            "\"purpose\":\"list\",\"filter\":{\"salt\":\"00000000000000000000000000000000\"}}}"};
    publish(s);
    OK(writer_run(s->agent->writer, damage_job, s));
    talk(s, &t);
    if (strstr(t.answer, "\"state\":\"unreadable\"") == NULL)
        fail_msg("%s", t.answer);
    assert_non_null(strstr(t.answer, "\"body\":"));
}

static void alarm_is(struct stage *s, const char *text)
{
    struct talk status = {.frame = "{\"verb\":\"status\",\"args\":{}}"};
    talk(s, &status);
    assert_int_equal(strstr(status.answer, "does not open") != NULL, text[0] != '\0');
    assert_non_null(strstr(status.answer, text));
}

/* Once somebody has met it, until the next start. */
static void a_damaged_body_is_an_alarm_once_it_was_met(void **state)
{
    struct stage *s = *state;
    struct talk t[2];
    publish(s);
    OK(writer_run(s->agent->writer, damage_job, s));
    alarm_is(s, "");
    for (size_t i = 0; i < ARRAY_LEN(t); i++) { /* it is one, however often it is met */
        t[i] = (struct talk){.frame = "{\"verb\":\"own_bodies\",\"args\":{\"from\":0,\"max\":100,\"purpose\":\"list\","
                                      "\"filter\":{\"salt\":\"00000000000000000000000000000000\"}}}"};
        talk(s, &t[i]);
        alarm_is(s, "of this agency's own log does not open, one of 1 seen");
    }
    stage_restart(s);
    alarm_is(s, "");
}

/* As a store has it that took up what it lost. */
static enum err lose_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct digest entry;
    uint64_t i = 0;
    struct bytes wrapped;
    struct bytes sealed;
    enum err bad = ERR_NOT_FOUND;
    while (bad == ERR_NOT_FOUND && log_entry_at(t, txn, i++, &entry) == ERR_OK)
        bad = log_body(t, txn, &entry, &wrapped, &sealed);
    if (bad == ERR_OK)
        bad = kv_del(txn, t->bodies, digest_bytes(&entry));
    if (bad == ERR_OK)
        bad = kv_del(txn, t->keys, digest_bytes(&entry));
    return bad == ERR_OK ? log_add_lost(t, txn, &entry) : bad;
}

static void a_body_that_was_lost_with_a_store_is_said_as_lost(void **state)
{
    struct stage *s = *state;
    struct talk t = {.frame = "{\"verb\":\"own_bodies\",\"args\":{\"from\":0,\"max\":100,\"purpose\":\"list\","
                              "\"filter\":{\"salt\":\"00000000000000000000000000000000\"}}}"};
    publish(s);
    OK(writer_run(s->agent->writer, lose_job, s));
    talk(s, &t);
    assert_non_null(strstr(t.answer, "\"state\":\"lost\""));
    assert_null(strstr(t.answer, "\"state\":\"erased\""));
}

/* Whoever was given it stands in the log. */
static void the_filler_key_is_given_after_its_entry(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf told = buf_new(AUDIT_BODY_MAX);
    struct talk t = {.frame = "{\"verb\":\"own_filler_key\",\"args\":{}}"};
    talk(s, &t);
    assert_non_null(strstr(t.answer, "\"filler_key\":"));
    assert_int_equal(bodies_of(s, AUDIT_EVENT_BODIES_READ, &told), 1);
    assert_non_null(strstr(buf_text(&told), "\"purpose\":\"verify\",\"what\":\"filler_key\""));
}

/* ---- only what fits ---- */

#define ALL "{\"verb\":\"own_bodies\",\"args\":{\"from\":0,\"max\":100,\"purpose\":\"list\"," \
            "\"filter\":{\"salt\":\"00000000000000000000000000000000\"}}}"
#define FITTING "{\"verb\":\"own_bodies\",\"args\":{\"from\":0,\"max\":100,\"purpose\":\"list\",\"narrow\":true,%s}}"
#define STAFF "\\\"staff\\\":\\\""

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        n++;
    return n;
}

static void ask_fitting(struct stage *s, const char *args, struct talk *t)
{
    char frame[1024];
    snprintf(frame, sizeof frame, FITTING, args);
    *t = (struct talk){.frame = frame};
    talk(s, t);
}

static void who_asks_for_an_event_is_given_its_rows_alone(void **state)
{
    struct stage *s = *state;
    struct talk t;
    publish(s);
    ask_fitting(s, "\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"event\":\"log.started\"}", &t);
    assert_int_equal(count_of(t.answer, "\"index\":"), 1);
    assert_non_null(strstr(t.answer, "log.started"));
    assert_non_null(strstr(t.answer, "\"next\":0"));
    ask_fitting(s, "\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"event\":\"request.closed\"}", &t);
    assert_int_equal(count_of(t.answer, "\"index\":"), 0);
    assert_non_null(strstr(t.answer, "\"next\":0"));
}

/* A filter with the digest of one officer, who is said or another. */
static void ask_officer(struct stage *s, const char *of_digest, const char *said, struct talk *t)
{
    char args[512];
    char hex[2 * sizeof(struct digest) + 1] = "";
    const uint8_t salt[16] = {0};
    struct digest d;
    struct buf b = buf_fixed(hex, sizeof hex - 1);
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(salt), "officer", bytes_str(of_digest), &d));
    text_put_hex(&b, digest_bytes(&d));
    snprintf(args, sizeof args,
             "\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"officer\":\"%s\"},\"sought\":{\"officer\":\"%s\"}", hex, said);
    ask_fitting(s, args, t);
}

static void who_asks_for_an_officer_is_given_what_that_one_did(void **state)
{
    struct stage *s = *state;
    struct talk t = {.frame = ALL};
    char staff[40] = "";
    publish(s);
    talk(s, &t); /* is an entry of whoever asks */
    publish(s);
    t = (struct talk){.frame = ALL};
    talk(s, &t);
    const char *at = strstr(t.answer, STAFF);
    assert_non_null(at);
    (void)sscanf(at + strlen(STAFF), "%39[0-9a-z]", staff);
    const size_t rows = count_of(t.answer, staff);
    ask_officer(s, staff, staff, &t);
    assert_true(rows > 0 && count_of(t.answer, "\"index\":") == rows && count_of(t.answer, staff) == rows);
    ask_officer(s, "00000000000000b1", "00000000000000b1", &t);
    assert_int_equal(count_of(t.answer, "\"index\":"), 0);
    ask_officer(s, staff, "00000000000000b1", &t);
    assert_null(strstr(t.answer, "\"ok\""));
}

/* One that waits, which has no list yet. */
static enum err lose_waiting_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct digest entry;
    size_t count = 0;
    enum err bad = log_pending(t, txn, &entry, 1, &count);
    if (bad == ERR_OK && count == 1)
        bad = kv_del(txn, t->bodies, digest_bytes(&entry));
    if (bad == ERR_OK)
        bad = kv_del(txn, t->keys, digest_bytes(&entry));
    return bad == ERR_OK ? log_add_lost(t, txn, &entry) : bad;
}

/* Of a damaged one, and of one that was lost, nobody knows whether it fits. */
static void a_body_that_is_not_there_is_told_whatever_is_asked_for(void **state)
{
    static const char *const filters[] = {"\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"since\":1}",
                                          "\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"rule\":\"nobody.has\"}"};
    struct stage *s = *state;
    struct talk t;
    OK(writer_run(s->agent->writer, damage_job, s));
    publish(s);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        ask_fitting(s, filters[i], &t);
        assert_non_null(strstr(t.answer, "\"state\":\"unreadable\""));
    }
    OK(writer_run(s->agent->writer, lose_waiting_job, s)); /* the reading of before */
    publish(s);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        ask_fitting(s, filters[i], &t);
        assert_non_null(strstr(t.answer, "\"state\":\"lost\""));
    }
}

/* A body that a newer program wrote, of an event that this one does not know. */
static enum err strange_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    const struct bytes body = bytes_str("{\"event\":\"request.foreseen\"}");
    struct digest entry;
    CLEANUP(buf_free) struct buf wrapped = buf_new(BODY_KEY_WRAPPED_BYTES);
    CLEANUP(buf_free) struct buf sealed = buf_new(BODY_SEALED_MAX);
    const struct log_row row = {.committed_at_s = 1790000000, .index = LOG_NOT_PLACED};
    enum err bad = entry_hash(digest_sha256, body, &entry);
    if (bad == ERR_OK)
        bad = body_seal(store_vault(s->agent->store), &entry, body, &wrapped, &sealed);
    const struct log_new n = {&entry, &row, buf_bytes(&wrapped), buf_bytes(&sealed)};
    return bad == ERR_OK ? log_add(t, txn, &n) : bad;
}

static void what_a_newer_program_wrote_holds_no_filter_up(void **state)
{
    struct stage *s = *state;
    struct talk t;
    OK(writer_run(s->agent->writer, strange_job, s));
    publish(s);
    ask_fitting(s, "\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"rule\":\"nobody.has\"}", &t);
    assert_non_null(strstr(t.answer, "\"state\":\"unreadable\""));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(a_damaged_body_keeps_no_other_from_being_read),
        CASE(a_damaged_body_is_an_alarm_once_it_was_met),
        CASE(a_body_that_was_lost_with_a_store_is_said_as_lost),
        CASE(the_filler_key_is_given_after_its_entry),
        CASE(who_asks_for_an_event_is_given_its_rows_alone),
        CASE(who_asks_for_an_officer_is_given_what_that_one_did),
        CASE(what_a_newer_program_wrote_holds_no_filter_up),
        CASE(a_body_that_is_not_there_is_told_whatever_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
