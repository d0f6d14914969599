/* The agency's own log: an entry is in the transaction of its effect, a look is logged before it is shown, and what is
 * published holds. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/keys_internal.h"
#include "agent/log/keeping.h"
#include "agent/log/witnessed_internal.h"
#include "agent/own_log.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "pki/logbook/log_retention.h"
#include "proto/host/control.h"
#include "proto/host/file.h"
#include "proto/host/kv_fault.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/log/prove.h"
#include "tests/support/touch_find_all.h"
#include "tests/unit/agent/core/own_stage.h"

#define DAY_S 86400
#define TERM_S 3600  /* of bodies whose rule says none */
#define MANY 300u    /* bodies, more than go in one transaction */
#define STEPS 24u /* store calls that fail, one after the other */

static const char *deployment;

/* A verb that shows something to somebody. */
static void look(struct call *c, const struct doc *args)
{
    (void)args;
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_str(&b, "shown", "secret");
    const struct own_entry e = {.event = AUDIT_EVENT_ITEM_SHOWN, .staff = call_staff(c)};
    own_log_show(c, &e, ok);
}

/* The same about an item, with an outcome that is gone when the verb returns. */
static void look_at_item(struct call *c, const struct doc *args)
{
    (void)args;
    char outcome[] = "release";
    const struct own_touch about = {touch_of_item(3), TOUCH_GROUP_ALL, outcome};
    const struct own_entry e = {.event = AUDIT_EVENT_ITEM_SHOWN,
                                .staff = call_staff(c),
                                .touched = &about,
                                .touched_count = 1};
    own_log_show(c, &e, doc_new_object());
    memset(outcome, 'x', sizeof outcome - 1);
}

static const struct verb verbs[] = {{"look", 0, look}, {"look_at_item", 0, look_at_item}, {NULL, 0, NULL}};
static const struct agent_part test_part = {.name = "test", .verbs = verbs};
static const struct agent_part *const parts[] = {&core_part, &log_part, &test_part, NULL};

static int set_up(void **state)
{
    return own_stage_set_up(state, deployment, parts);
}

/* ---- looking ---- */

/* The published head, judged by the key of the folder and the entries alone; its size. */
static uint64_t published_size(struct stage *s)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_MAX_BYTES);
    const struct note_signer by = {bytes_str(own_log_origin(s->agent->own_log)), agent_keys_log(s->agent->keys)};
    struct note note;
    struct vkey key;
    struct checkpoint c;
    struct digest root;
    OK(tiles_open(s->agent->log_keeping->dir, &tiles, NULL));
    if (tiles_checkpoint(tiles, &text, NULL) != ERR_OK)
        return 0;
    OK(note_parse(buf_bytes(&text), a, &note, NULL));
    OK(note_vkey(&by, VKEY_ED25519, &key));
    OK(note_verify(&note, &key));
    OK(checkpoint_parse(note.text, &c));
    assert_true(bytes_is(c.origin, "demo/log/00000099000000002000"));
    const struct tile_source source = tiles_source(tiles);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, c.size);
    const struct node_reader reader = tile_nodes_reader(nodes);
    OK(prove_root(digest_sha256, &reader, c.size, &root));
    assert_true(digest_equal(&root, &c.root));
    return c.size;
}

/* ---- entries ---- */

struct effect {
    struct agent *agent;
    struct own_entry entry;
};

static enum err effect_job(struct kv_txn *txn, void *arg)
{
    const struct effect *e = arg;
    enum err bad = store_count(e->agent->store, txn, "effect");
    return bad == ERR_OK ? own_log_append(e->agent, txn, &e->entry) : bad;
}

static uint64_t number(struct stage *s, const char *key)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(store_get_number(s->agent->store, txn, key, &n));
    return n;
}

static void an_entry_says_who_by_a_pseudonym_and_what_by_salted_digests(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    const struct name staff = {"w.one"};
    const struct digest request = {{7}};
    const struct case_id case_id = {{8}};
    struct name pseudonym;
    struct effect e = {s->agent,
                       {.event = AUDIT_EVENT_REQUEST_SENT,
                        .staff = &staff,
                        .request = &request,
                        .case_id = &case_id,
                        .count = 3}};
    OK(writer_run(s->agent->writer, effect_job, &e));
    assert_int_equal(bodies_of(s, AUDIT_EVENT_REQUEST_SENT, &json), 1);
    OK(agent_pseudonym(s->agent, &staff, agent_now_s(s->agent), &pseudonym));
    const char *text = buf_text(&json);
    assert_null(strstr(text, "w.one"));
    assert_null(strstr(text, "0700000000"));
    assert_non_null(strstr(text, pseudonym.s));
    assert_non_null(strstr(text, "\"oin\":\"00000099000000002000\""));
    assert_non_null(strstr(text, "\"count\":3"));
    assert_non_null(strstr(text, "\"request\":\""));
}

/* The salt of the only body of an event. */
static struct digest salt_of(struct stage *s, enum audit_event event)
{
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct audit_body body;
    struct digest salt = {{0}};
    assert_int_equal(bodies_of(s, event, &json), 1);
    OK(audit_body_parse(buf_bytes(&json), a, &body, NULL));
    memcpy(salt.b, body.salt.b, sizeof body.salt.b);
    return salt;
}

/* Else whoever guesses what a body says has it confirmed by the published hash. */
static void each_body_has_a_salt_that_nobody_guesses(void **state)
{
    struct stage *s = *state;
    const struct digest none = {{0}};
    const struct name staff = {"w.one"};
    struct effect e = {s->agent, {.event = AUDIT_EVENT_REQUEST_SENT, .staff = &staff}};
    OK(writer_run(s->agent->writer, effect_job, &e));
    e.entry.event = AUDIT_EVENT_CASE_CHANGED;
    OK(writer_run(s->agent->writer, effect_job, &e));
    const struct digest one = salt_of(s, AUDIT_EVENT_REQUEST_SENT);
    const struct digest two = salt_of(s, AUDIT_EVENT_CASE_CHANGED);
    assert_false(digest_equal(&one, &none) || digest_equal(&two, &none) || digest_equal(&one, &two));
}

static void no_effect_without_its_entry(void **state)
{
    struct stage *s = *state;
    const struct name staff = {"w.one"};
    struct effect e = {s->agent, {.event = AUDIT_EVENT_CASE_CHANGED, .staff = &staff}};
    uint64_t done = 0;
    for (unsigned step = 1; step < STEPS; step++) {
        kv_fault_set(s->agent->kv, step, ERR_IO); /* of this job, or of what else the agent does */
        done += writer_run(s->agent->writer, effect_job, &e) == ERR_OK;
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        assert_int_equal(number(s, "effect"), done);
        assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), done);
    }
    assert_in_range(done, 1, STEPS - 6); /* some went through, and enough did not */
}

static const struct touch_mark somebody = {{9}};

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct touch_named named = {somebody, 0, IDENT_BSN};
    const struct touch_start start = {.thread = touch_of_item(3),
                                      .terms = {.rule = {"riec.casus"}, .ends_s = INT64_MAX},
                                      .named = &named,
                                      .count = 1};
    return own_log_begin_touch(s->agent, txn, &start);
}

/* How many entries the index has of somebody; each is one of the log. */
static size_t touches(struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    const struct touch_named sought = {somebody, 0, IDENT_BSN};
    struct touch_list list;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(touch_find_all(s->agent->store, txn, (struct named_list){&sought, 1}, a, &list, NULL));
    for (size_t i = 0; i < list.count; i++)
        OK(logbook_open_body(own_log_book(s->agent->own_log), txn, &list.v[i].what.entry, &json));
    return list.count;
}

static void an_entry_and_its_row_in_the_index_are_written_together(void **state)
{
    struct stage *s = *state;
    const struct own_touch about = {touch_of_item(3), TOUCH_GROUP_ALL, "release"};
    struct effect e = {s->agent,
                       {.event = AUDIT_EVENT_DECISION_SIGNED, .touched = &about, .touched_count = 1}};
    uint64_t done = 0;
    OK(writer_run(s->agent->writer, begin_job, s));
    for (unsigned step = 1; step < STEPS; step++) {
        kv_fault_set(s->agent->kv, step, ERR_IO);
        done += writer_run(s->agent->writer, effect_job, &e) == ERR_OK;
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        assert_int_equal(touches(s), done);
        assert_int_equal(bodies_of(s, AUDIT_EVENT_DECISION_SIGNED, NULL), done);
    }
    assert_in_range(done, 1, STEPS - 6);
}

static void what_is_looked_at_is_an_entry_before_it_is_shown(void **state)
{
    struct stage *s = *state;
    struct talk seen = {.frame = "{\"verb\":\"look\",\"args\":{}}"};
    talk(s, &seen);
    assert_non_null(strstr(seen.answer, "secret"));
    assert_int_equal(bodies_of(s, AUDIT_EVENT_ITEM_SHOWN, NULL), 1);
    size_t shown = 1;
    for (unsigned step = 1; step < STEPS; step++) {
        struct talk t = {.frame = seen.frame};
        kv_fault_set(s->agent->kv, step, ERR_IO);
        talk(s, &t);
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        const bool is_shown = strstr(t.answer, "secret") != NULL;
        shown += is_shown;
        assert_true(is_shown || strstr(t.answer, "cannot be logged") != NULL);
        assert_int_equal(bodies_of(s, AUDIT_EVENT_ITEM_SHOWN, NULL), shown);
    }
    assert_in_range(shown, 2, STEPS - 6);
}

static void a_look_keeps_what_it_says_until_it_is_written(void **state)
{
    struct stage *s = *state;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    const struct touch_named sought = {somebody, 0, IDENT_BSN};
    struct talk t = {.frame = "{\"verb\":\"look_at_item\",\"args\":{}}"};
    struct touch_list list;
    OK(writer_run(s->agent->writer, begin_job, s));
    talk(s, &t);
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(touch_find_all(s->agent->store, txn, (struct named_list){&sought, 1}, a, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.v[0].what.outcome, "release");
}

/* ---- publishing ---- */

static void a_log_begins_grows_in_blocks_and_holds(void **state)
{
    struct stage *s = *state;
    assert_int_equal(bodies_of(s, AUDIT_EVENT_LOG_STARTED, NULL), 1);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_DAEMON_STARTED, NULL), 1);
    publish(s);
    const uint64_t first = published_size(s);
    assert_true(first >= 16 && first % 16 == 0);
    publish(s);
    assert_true(published_size(s) > first);
    stage_restart(s);
    s->agent->log_keeping->witnessed->well_ms -= DAY_S * 1000; /* the broker, which is silent here, was waited for */
    assert_int_equal(bodies_of(s, AUDIT_EVENT_DAEMON_STOPPED, NULL), 1);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_LOG_STARTED, NULL), 1);
    publish(s);
    assert_true(published_size(s) > first + 16);
}

static void without_a_key_entries_wait_and_that_is_an_alarm(void **state)
{
    struct stage *s = *state;
    struct agent_keys *keys = s->agent->keys;
    struct key *key = keys->logs[0];
    struct talk status = {.frame = "{\"verb\":\"status\",\"args\":{}}"};
    keys->logs[0] = NULL;
    publish(s);
    talk(s, &status);
    assert_non_null(strstr(status.answer, "sluis-pki log makes it"));
    assert_non_null(strstr(status.answer, "\"state\":\"no key\""));
    keys->logs[0] = key;
    assert_int_equal(published_size(s), 0);
    publish(s);
    assert_int_equal(published_size(s), log_keeper_size(s->agent->log_keeping->keeper));
    struct talk again = {.frame = "{\"verb\":\"status\",\"args\":{}}"};
    talk(s, &again);
    assert_null(strstr(again.answer, "own log"));
}

/* The folder of before under a store that begins anew, as after an old copy. */
static void an_old_copy_of_the_store_signs_nothing(void **state)
{
    struct stage *s = *state;
    char folder[320];
    struct talk status = {.frame = "{\"verb\":\"status\",\"args\":{}}"};
    publish(s);
    const uint64_t size = published_size(s);
    snprintf(folder, sizeof folder, "%s", s->agent->log_keeping->dir);
    snprintf(s->store + strlen(s->store), sizeof s->store - strlen(s->store), "-old");
    s->config->own_log_dir = folder;
    stage_restart(s);
    publish(s);
    assert_int_equal(published_size(s), size);
    assert_int_equal(log_keeper_size(s->agent->log_keeping->keeper), 0);
    talk(s, &status);
    assert_non_null(strstr(status.answer, "which is an old copy"));
}

/* ---- protected persons ---- */

static enum err meet_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    return store_count(s->agent->store, txn, OWN_LOG_MET);
}

static void protected_persons_are_told_as_the_count_of_a_day(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    for (int i = 0; i < 2; i++)
        OK(writer_run(s->agent->writer, meet_job, s));
    stage_restart(s); /* the same day */
    stage_turn(s, 50);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_PROTECTED_MET, NULL), 0);
    s->shift_s = DAY_S;
    stage_restart(s);
    stage_turn(s, 50);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_PROTECTED_MET, &json), 1);
    assert_non_null(strstr(buf_text(&json), "\"count\":2"));
    assert_null(strstr(buf_text(&json), "staff"));
    assert_int_equal(number(s, OWN_LOG_MET), 0);
}

/* What cannot be published at start keeps nobody from working; the rounds go on with it. */
static void an_agency_starts_though_its_log_cannot_be_published(void **state)
{
    struct stage *s = *state;
    char path[3][512];
    static const char *const names[] = {"tile", "aside", "checkpoint"};
    publish(s);
    const uint64_t size = published_size(s);
    for (size_t i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", s->agent->log_keeping->dir, names[i]);
    assert_int_equal(rename(path[0], path[1]), 0);
    assert_int_equal(unlink(path[2]), 0);
    OK(file_write(path[0], bytes_str("in the way"), 0600, NULL));
    stage_restart(s);
    s->agent->log_keeping->witnessed->well_ms -= DAY_S * 1000; /* the broker, which is silent here, was waited for */
    assert_true(s->agent->log_keeping->has_failed);
    assert_int_equal(unlink(path[0]), 0);
    assert_int_equal(rename(path[1], path[0]), 0);
    publish(s);
    assert_false(s->agent->log_keeping->has_failed);
    assert_true(published_size(s) > size);
}

/* ---- the end of bodies ---- */

static void begin_with_a_term(struct stage *s)
{
    s->config->own_log_retention_ms = (uint64_t)TERM_S * 1000;
    stage_restart(s);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
}

static void look_after(struct stage *s, int64_t later_s)
{
    s->shift_s = later_s;
    log_retention_look(s->agent->log_keeping->retention);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
}

/* How many bodies of the own log the entries say were erased; which of them there are, in *entries. */
static uint64_t erased_by_the_entries(struct stage *s, size_t *entries)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct bytes key;
    uint64_t n = 0;
    *entries = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
        struct digest entry;
        struct audit_body b;
        memcpy(entry.b, key.ptr, sizeof entry.b);
        arena_reset(a);
        OK(logbook_open_body(own_log_book(s->agent->own_log), txn, &entry, &json));
        OK(audit_body_parse(buf_bytes(&json), a, &b, NULL));
        if (b.event == AUDIT_EVENT_RETENTION_DONE && b.facts_count == 1 && bytes_is(b.facts[0].text, "own_log")) {
            n += b.count;
            ++*entries;
        }
    }
    return n;
}

static struct effect some(struct stage *s, enum audit_event event)
{
    return (struct effect){s->agent, {.event = event}};
}

static void bodies_go_when_their_time_is_over(void **state)
{
    struct stage *s = *state;
    const struct policy *p = view_policy(s->agent->view);
    const struct name rule = p->rules[0].id;
    size_t entries = 0;
    begin_with_a_term(s);
    struct effect plain = some(s, AUDIT_EVENT_CASE_CHANGED);
    struct effect ruled = some(s, AUDIT_EVENT_REQUEST_SENT);
    ruled.entry.rule = &rule;
    ruled.entry.policy = view_policy_digest(s->agent->view);
    OK(writer_run(s->agent->writer, effect_job, &plain));
    OK(writer_run(s->agent->writer, effect_job, &ruled));
    publish(s);
    look_after(s, TERM_S - 60);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), 1);
    look_after(s, TERM_S + 60);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), 0);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_REQUEST_SENT, NULL), 1); /* its rule says five years */
    assert_int_equal(bodies_of(s, AUDIT_EVENT_LOG_STARTED, NULL), 1);  /* the filler key's digest, for good */
    assert_true(erased_by_the_entries(s, &entries) >= 2);              /* with what the agent said of its starts */
    publish(s);
    assert_true(published_size(s) > 0); /* and the tree is what it was */
}

static void many_bodies_go_in_slices_each_with_its_entry(void **state)
{
    struct stage *s = *state;
    size_t entries = 0;
    begin_with_a_term(s);
    struct effect e = some(s, AUDIT_EVENT_CASE_CHANGED);
    for (size_t i = 0; i < MANY; i++)
        OK(writer_run(s->agent->writer, effect_job, &e));
    publish(s);
    look_after(s, TERM_S + 60);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), 0);
    assert_true(erased_by_the_entries(s, &entries) >= MANY);
    assert_in_range(entries, 2, 4);
}

/* Bodies that an entry counts are gone, and no others, wherever the store fails. */
static void what_fails_erases_nothing(void **state)
{
    struct stage *s = *state;
    size_t entries = 0;
    begin_with_a_term(s);
    struct effect e = some(s, AUDIT_EVENT_CASE_CHANGED);
    for (size_t i = 0; i < STEPS; i++)
        OK(writer_run(s->agent->writer, effect_job, &e));
    publish(s);
    look_after(s, 0); /* they have their time */
    unsigned failed = 0;
    while (erased_by_the_entries(s, &entries) == 0) { /* until no call is left to fail */
        assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), STEPS);
        kv_fault_set(s->agent->kv, 1 + 3 * failed, ERR_IO);
        look_after(s, TERM_S + 60);
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        failed++;
    }
    assert_true(failed > STEPS);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), 0);
    assert_true(erased_by_the_entries(s, &entries) >= STEPS);
}

/* Years later by a clock behind which no roster is valid. */
static void a_wrong_clock_erases_nothing(void **state)
{
    struct stage *s = *state;
    begin_with_a_term(s);
    struct effect e = some(s, AUDIT_EVENT_CASE_CHANGED);
    OK(writer_run(s->agent->writer, effect_job, &e));
    publish(s);
    look_after(s, 0);
    look_after(s, INT64_C(3660) * DAY_S);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), 1);
    look_after(s, TERM_S + 60);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_CASE_CHANGED, NULL), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(an_entry_says_who_by_a_pseudonym_and_what_by_salted_digests),
        CASE(each_body_has_a_salt_that_nobody_guesses),
        CASE(no_effect_without_its_entry),
        CASE(an_entry_and_its_row_in_the_index_are_written_together),
        CASE(what_is_looked_at_is_an_entry_before_it_is_shown),
        CASE(a_look_keeps_what_it_says_until_it_is_written),
        CASE(a_log_begins_grows_in_blocks_and_holds),
        CASE(without_a_key_entries_wait_and_that_is_an_alarm),
        CASE(an_old_copy_of_the_store_signs_nothing),
        CASE(an_agency_starts_though_its_log_cannot_be_published),
        CASE(protected_persons_are_told_as_the_count_of_a_day),
        CASE(bodies_go_when_their_time_is_over),
        CASE(many_bodies_go_in_slices_each_with_its_entry),
        CASE(what_fails_erases_nothing),
        CASE(a_wrong_clock_erases_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
