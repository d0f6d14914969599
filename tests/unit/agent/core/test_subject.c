/* The part that answers data subjects, in an agent: retention of its index executes by itself and
 * leaves proof, and an answer says since when the index is whole. argv[1]: a deployment. */
#include <stdio.h>
#include <string.h>

#include "agent/mirror/mirror.h"
#include "agent/own_log.h"
#include "agent/receipts.h"
#include "agent/store/store.h"
#include "agent/subject/stands.h"
#include "agent/subject/subject_part.h"
#include "pki/logbook/logbook.h"
#include "proto/host/file.h"
#include "proto/host/loop.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "proto/log/checkpoint.h"
#include "proto/policy/policy.h"
#include "tests/unit/agent/core/own_stage.h"

#define DAY_S INT64_C(86400)

static const char *deployment;
/* The deployment has no privacy officer: the verb for whoever is on its roster. */
static const struct verb verbs[] = {{"confirm", 0, search_verb_confirm}, {NULL, 0, NULL}};
static const struct agent_part test_part = {.name = "test", .verbs = verbs};
static const struct agent_part *const parts[] = {&core_part, &log_part, &subject_part, &test_part, NULL};
static const struct touch_mark somebody = {{9}};

static int set_up(void **state)
{
    return own_stage_set_up(state, deployment, parts);
}

static uint64_t entries_of(struct stage *s, enum store_table t)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats stats;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(kv_table_stats(txn, store_kv_table(s->agent->store, t), &stats));
    return stats.entries;
}

/* Two threads and two searches, of which one each is over. */
static enum err fill_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const int64_t now_s = agent_now_s(s->agent);
    const struct touch_named named = {somebody, 0, IDENT_BSN};
    struct search search = {.state = SEARCH_ASKED, .ground = SEARCH_AVG15, .reference = "AVG-1"};
    enum err bad = name_parse(bytes_str("p"), &search.first.staff);
    for (uint8_t i = 0; bad == ERR_OK && i < 2; i++) {
        const struct touch_start start = {
            .thread = touch_of_item(i),
            .terms = {.rule = {"riec.casus"}, .ends_s = now_s - 1 + i * DAY_S},
            .named = &named,
            .count = 1};
        search.id.b[0] = i;
        search.asked_s = now_s - 1 - (SEARCH_KEEP_DAYS - i) * DAY_S;
        bad = own_log_begin_touch(s->agent, txn, &start);
        if (bad == ERR_OK)
            bad = search_put(s->agent->store, txn, &search);
    }
    return bad;
}

static bool has_halved(struct stage *s)
{
    return entries_of(s, STORE_TOUCH) == 3 && entries_of(s, STORE_SEARCH) == 1;
}

static bool has_swept(struct stage *s)
{
    return !s->agent->answering->is_sweeping;
}

static void what_is_over_goes_by_itself_and_is_told(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf told = buf_new(AUDIT_BODY_MAX);
    assert_true(stage_until(s, has_swept, WAIT_MS)); /* the look of the start */
    OK(writer_run(s->agent->writer, fill_job, s));
    assert_int_equal(entries_of(s, STORE_TOUCH), 6);
    assert_int_equal(entries_of(s, STORE_SEARCH), 2);
    stage_restart(s);
    assert_true(stage_until(s, has_halved, WAIT_MS));
    assert_int_equal(bodies_of(s, AUDIT_EVENT_RETENTION_DONE, &told), 1);
    assert_non_null(strstr(buf_text(&told), "\"touched\":1,\"searches\":1"));
    stage_restart(s);
    stage_turn(s, 50);
    assert_true(has_halved(s));
}

/* A clock that runs ahead finds no roster that is valid then. */
static void a_wrong_clock_ends_nothing(void **state)
{
    struct stage *s = *state;
    assert_true(stage_until(s, has_swept, WAIT_MS)); /* the look of the start */
    OK(writer_run(s->agent->writer, fill_job, s));
    s->shift_s = 8 * DAY_S;
    loop_timer_after(s->agent->answering->sweep, 0);
    stage_turn(s, 200);
    assert_int_equal(entries_of(s, STORE_TOUCH), 6);
    assert_int_equal(entries_of(s, STORE_SEARCH), 2);
}

/* Whoever asks hears of it for as long as something of it may be held. */
static void a_thread_stays_as_long_as_what_came_of_it(void **state)
{
    (void)state;
    static const struct {
        struct retention r;
        int64_t days;
    } cases[] = {
        {{.hit = 30, .release = 60, .log = 400}, 400},
        {{.hit = 30, .release = 365, .log = 30}, 365},
        {{.hit = 500, .release = 365, .log = 30, .extension = 100}, 600},
    };
    const struct digest policy = {{1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct rule r = {.id = {"riec.casus"}, .retention = cases[i].r};
        assert_int_equal(own_log_terms(&r, &policy, 1000, 2000).ends_s,
                         2000 + cases[i].days * DAY_S);
        assert_int_equal(own_log_terms(&r, &policy, 3000, 2000).ends_s,
                         3000 + cases[i].days * DAY_S);
    }
}

static uint64_t since(struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(store_get_number(s->agent->store, txn, TOUCH_SINCE, &n));
    return n;
}

static void an_index_is_whole_since_it_began(void **state)
{
    struct stage *s = *state;
    const uint64_t first = since(s);
    assert_in_range(first, (uint64_t)agent_now_s(s->agent) - 60, (uint64_t)agent_now_s(s->agent));
    s->shift_s = 60;
    stage_restart(s);
    assert_int_equal(since(s), first);
}

/* Proposed by somebody who is no privacy officer of the roster any more; the subject is the one that is named below. */
static enum err propose_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct norm_ident bsn = {.type = IDENT_BSN, .len = 9, .value = "999990019"};
    struct search search = {.id = {{0x7b}}, .state = SEARCH_ASKED, .ground = SEARCH_AVG15, .reference = "AVG-1",
                            .asked_s = agent_now_s(s->agent), .mark_count = 1};
    OK(name_parse(bytes_str("w.weg"), &search.first.staff));
    OK(name_parse(bytes_str("p-weg"), &search.first.person));
    OK(own_log_marks(s->agent, &bsn, 1, 0, &search.marks[0]));
    return search_put(s->agent->store, txn, &search);
}

/* Nobody is a second person beside one who left: refused, and told in the log. */
static void who_proposed_it_and_left_is_an_entry(void **state)
{
    struct stage *s = *state;
    CLEANUP(buf_free) struct buf told = buf_new(AUDIT_BODY_MAX);
    struct talk t = {.frame = "{\"verb\":\"confirm\",\"args\":{\"search\":\"7b00\",\"subject\":"
                              "{\"identifiers\":[{\"type\":\"bsn\",\"value\":\"999990019\"}]}}}"};
    OK(writer_run(s->agent->writer, propose_job, s));
    talk(s, &t);
    if (strstr(t.answer, "no privacy officer any more") == NULL)
        fail_msg("%s", t.answer);
    assert_int_equal(bodies_of(s, AUDIT_EVENT_SEARCH_REFUSED, &told), 1);
    assert_non_null(strstr(buf_text(&told), "\"first_left\""));
    assert_int_equal(bodies_of(s, AUDIT_EVENT_SEARCH_CONFIRMED, NULL), 0);
}

/* ---- whose entry a body is of ---- */

struct own_one {
    struct stage *stage;
    struct digest entry; /* some entry of the own log */
};

static void first_entry(struct own_one *o)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(o->stage->agent->own_log));
    struct bytes key;
    OK(kv_read_begin(o->stage->agent->kv, &txn));
    OK(kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it));
    OK(kv_iter_next(it, &key, NULL));
    memcpy(o->entry.b, key.ptr, sizeof o->entry.b);
}

static const struct digest sent = {{8}};     /* of a message of this agency: its promise is here */
static const struct digest mirrored = {{9}}; /* of another's, in the mirror at index 1 */
static const struct digest first_log = {{0x71}};
static const struct digest next_log = {{0x72}};
static const struct digest made_up = {{10}};

static enum err promise_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct promise_bytes bytes = {bytes_str("promise"), bytes_str("signature")};
    const struct promise p = {.entry = sent};
    return receipts_put(s->agent->receipts, txn, &bytes, &p);
}

static void write_mirror(const char *dir, const struct digest *second)
{
    char path[400];
    CLEANUP(buf_free) struct buf bundle = buf_new(4096);
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    OK(tiles_open(dir, &tiles, NULL));
    bundle_put(&bundle, digest_bytes(&sent));
    bundle_put(&bundle, digest_bytes(second));
    snprintf(path, sizeof path, "%s/tile", dir);
    OK(file_make_dir(path, NULL));
    snprintf(path, sizeof path, "%s/tile/entries", dir);
    OK(file_make_dir(path, NULL));
    snprintf(path, sizeof path, "%s/tile/entries/000.p", dir);
    OK(file_make_dir(path, NULL));
    snprintf(path, sizeof path, "%s/tile/entries/000.p/2", dir);
    OK(file_write(path, buf_bytes(&bundle), 0644, NULL));
    snprintf(path, sizeof path, "%s/tile/entries/000.p/1", dir);
    OK(file_write(path, bytes_of(bundle.ptr, bundle.len / 2), 0644, NULL));
}

static void write_checkpoint(const char *dir, uint64_t size)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(buf_free) struct buf note = buf_new(1024);
    const struct checkpoint c = {.origin = bytes_str("log"), .size = size};
    OK(tiles_open(dir, &tiles, NULL));
    checkpoint_write(&c, &note);
    buf_put_str(&note, "\n\xe2\x80\x94 log AAAAAGFiYw==\n");
    OK(tiles_set_checkpoint(tiles, buf_bytes(&note), NULL));
}

/* A log that ended, of two entries. */
static void write_ended(const char *dir, const struct digest *second)
{
    write_mirror(dir, second);
    write_checkpoint(dir, 2);
}

static enum err stands(const struct stage *s, const struct digest *entry, uint64_t index, bool *is_own)
{
    const struct entry_place at = {*entry, index};
    return entry_stands(s->agent, &at, is_own);
}

/* Of one that nobody logged nothing is looked for, where the agency has a mirror by which it knows. */
static void a_body_of_no_log_is_found_out(void **state)
{
    struct stage *s = *state;
    char dir[320];
    char path[400];
    struct own_one own = {.stage = s};
    struct mirror mirror = {.size = 2};
    bool is_own = false;
    first_entry(&own);
    OK(writer_run(s->agent->writer, promise_job, s));
    OK(stands(s, &own.entry, 7, &is_own));
    assert_true(is_own);
    OK(stands(s, &made_up, 1, &is_own)); /* no mirror: nobody knows better */
    assert_false(is_own);
    snprintf(dir, sizeof dir, "%s/mirror", s->store);
    OK(file_make_dir(dir, NULL)); /* where the log lies that ended */
    s->config->mirror = dir;
    mirror.agent = s->agent;
    snprintf(mirror.dir, sizeof mirror.dir, "%s/log-0123456789abcdef", dir);
    write_mirror(mirror.dir, &mirrored);
    s->agent->mirror = &mirror;
    OK(stands(s, &own.entry, 7, &is_own));
    assert_true(is_own);
    OK(stands(s, &mirrored, 1, &is_own));
    mirror.size = 1; /* behind its checkpoint nothing is looked at, nor what lay there a moment ago */
    assert_int_equal(stands(s, &mirrored, 1, &is_own), ERR_NOT_FOUND);
    mirror.size = 2;
    assert_false(is_own);
    OK(stands(s, &sent, 700, &is_own)); /* before the mirror has it */
    assert_int_equal(stands(s, &mirrored, 0, &is_own), ERR_NOT_FOUND);
    assert_int_equal(stands(s, &mirrored, 2, &is_own), ERR_NOT_FOUND);
    assert_int_equal(stands(s, &made_up, 1, &is_own), ERR_NOT_FOUND);
    /* what ended counts as far as it was mirrored, the first log and one behind it */
    write_ended(dir, &first_log);
    OK(stands(s, &first_log, 1, &is_own));
    snprintf(path, sizeof path, "%s/log-fedcba9876543210", dir);
    write_ended(path, &next_log);
    OK(stands(s, &next_log, 1, &is_own));
    OK(stands(s, &mirrored, 1, &is_own));
    assert_false(is_own);
    assert_int_equal(stands(s, &made_up, 1, &is_own), ERR_NOT_FOUND);
    write_checkpoint(path, 1);
    assert_int_equal(stands(s, &next_log, 1, &is_own), ERR_NOT_FOUND);
    s->agent->mirror = NULL;
    s->config->mirror = NULL;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(what_is_over_goes_by_itself_and_is_told),
        CASE(a_wrong_clock_ends_nothing),
        CASE(a_thread_stays_as_long_as_what_came_of_it),
        CASE(an_index_is_whole_since_it_began),
        CASE(a_body_of_no_log_is_found_out),
        CASE(who_proposed_it_and_left_is_an_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
