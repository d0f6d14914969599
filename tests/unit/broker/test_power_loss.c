/* The power goes, which is more than that a process is killed: what no sync covered is on the disk or is not, in any order.
 * A run of the broker is recorded call by call, store, tiles, checkpoint and the auditors' copy of bodies alike; then the disk
 * is set to what a loss at each sync may leave, and to so many seeded mixtures of what was not synced, and the broker is
 * started on it. What was answered before is there, effects and entries agree, the log is whole on disk and contains every
 * checkpoint that anybody could have seen, whoever is an auditor then opens every body under it, and all of it goes on.
 * usage: test_broker_power_loss [STEP MIXTURES]    STEP: of so many syncs one is tried. SLUIS_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/log_copy.h"
#include "broker/publisher.h"
#include "broker/store/store.h"
#include "proto/host/file.h"
#include "proto/json/doc.h"
#include "proto/log/entry.h"
#include "tests/support/power_loss.h"
#include "tests/unit/broker/copy_side.h"
#include "tests/unit/broker/story_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define PREFIX "/tmp/sluis-host-"
#define ROUNDS 14
#define OFFICERS 4 /* of the story; auditors come behind them */

static struct story story;
static struct copy_side side;
static struct power_loss losses = {.step = 23, .mixtures = 60};
/* alfa has an auditor at first, then bravo too, then bravo alone. */
static size_t bravo_since;
static size_t alfa_until;

/* ---- what is recorded ---- */

static void mark(size_t answer)
{
    disk_mark(answer);
}

static void open_story(void)
{
    story_open(&story);
    copy_side_open(&side, &story.ab.bench, OFFICERS);
    copy_side_auditor(&side, 0, BENCH_ALFA);
    story_stop(&story);
    story_start(&story);
    story.on_answer = mark;
}

/* What comes before a round: other auditors, another day, another start. */
static void turn_page(unsigned round)
{
    if (round == 5) {
        copy_side_auditor(&side, 1, BENCH_BRAVO);
        bravo_since = losses.tape.count;
    } else if (round == 7) {
        ask_pass_s(&story.ab, DAY_S);
    } else if (round == 8) {
        story_stop(&story);
        story_start(&story);
    } else if (round == 10) {
        copy_side_other(&side, 0);
        alfa_until = losses.tape.count;
    }
}

static void record(void)
{
    disk_watch(PREFIX, &losses.tape);
    open_story();
    for (unsigned i = 0; i < ROUNDS; i++) {
        turn_page(i);
        publisher_tick(story.ab.bench.broker.publisher); /* and what comes now comes in the middle of it */
        if (i % 5 == 0)
            assert_true(story_run(&story));
        story_publish(&story);
    }
    story_stop(&story);
    disk_watch(PREFIX, NULL);
    story.on_answer = NULL;
}

/* ---- what must hold ---- */

/* The size of the log, which is whole in its files. */
static uint64_t check_files(void)
{
    const struct bench *b = &story.ab.bench;
    const struct power_loss_log log = {b->broker.kv, &b->broker.store->log, b->config.origin, b->config.tiles};
    return power_loss_check_files(&losses, &log);
}

static void check_heads(size_t at)
{
    struct publisher *p = story.ab.bench.broker.publisher;
    for (size_t i = 0; i < losses.head_count && losses.heads[i].at < at; i++)
        if (publisher_contains(p, buf_bytes(&losses.heads[i].note)) != ERR_OK)
            fail_msg("%s: the log does not contain checkpoint %zu, which could be seen: it forked", losses.when, i + 1);
    if ((story.ab.bench.broker.closed & (1u << GATE_FORKED)) != 0)
        fail_msg("%s: the broker finds that its log forked", losses.when);
}

/* ---- of the auditors' copy ---- */

/* As the power left it: what the next start would add does not count. */
struct left {
    struct copy_reading alfa, bravo;
};

static void read_left(struct left *l)
{
    if (!file_exists(side.dir))
        return;
    l->alfa = copy_side_read(&side, &side.alfa);
    l->bravo = copy_side_read(&side, &side.bravo);
}

/* Its second line. */
static uint64_t size_of(const struct power_loss_head *h)
{
    char text[64] = {0};
    memcpy(text, h->note.ptr, sizeof text - 1);
    const char *line = strchr(text, '\n');
    assert_non_null(line);
    return strtoull(line + 1, NULL, 10);
}

static void check_bodies(const struct copy_reading *r, uint64_t size, const char *whose)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct broker *b = &story.ab.bench.broker;
    OK(kv_read_begin(b->kv, &txn));
    for (uint64_t i = 0; i < size; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
        struct digest entry;
        OK(log_entry_at(&b->store->log, txn, i, &entry));
        const enum err e = audit_open_body(b->audit, txn, &entry, &body);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND); /* a filler */
        if (e == ERR_OK && !copy_reading_has(r, &entry))
            fail_msg("%s: entry %llu lies under a checkpoint, and %s finds no body of it in the copy", losses.when,
                     (unsigned long long)i, whose);
    }
    if (size > 0 && r->fillers == 0)
        fail_msg("%s: %s finds no filler key in the copy", losses.when, whose);
}

/* Under the last checkpoint that could be seen; whose auditor went may have lost it. */
static void check_left(const struct left *l, size_t at)
{
    const struct power_loss_head *last = NULL;
    for (size_t i = 0; i < losses.head_count && losses.heads[i].at < at; i++)
        last = &losses.heads[i];
    if (last != NULL && at <= alfa_until)
        check_bodies(&l->alfa, size_of(last), "alfa");
    if (last != NULL && last->at >= bravo_since)
        check_bodies(&l->bravo, size_of(last), "bravo");
}

/* Nothing that was left keeps it from going on, for the auditors of now. */
static void check_copy(void)
{
    CLEANUP(cleanup_doc_free) struct doc *alarms = doc_new_array();
    const struct broker *b = &story.ab.bench.broker;
    const struct copy_reading now = copy_side_read(&side, &side.bravo);
    check_bodies(&now, publisher_size(b->publisher), "bravo");
    OK(log_copy_alarms(b->log_copy, alarms));
    if (doc_count(alarms) > 0 || (b->closed & (1u << GATE_LOG)) != 0)
        fail_msg("%s: the copy does not go on", losses.when);
}

static void try_crash(const struct disk_crash *c)
{
    static struct left left;
    left = (struct left){.alfa = {.bodies = 0}};
    disk_crash_write(c, story.ab.bench.tmp.dir);
    read_left(&left);
    story_start(&story);
    story_check(&story, power_loss_mark_before(&losses, c->at), losses.when);
    check_heads(c->at);
    check_left(&left, c->at);
    const uint64_t before = check_files();
    story_publish(&story);
    check_heads(c->at);
    if (check_files() <= before)
        fail_msg("%s: the log does not go on", losses.when);
    check_copy();
    story_stop(&story);
}

/* ---- where it is lost ---- */

static void a_loss_at_every_sync_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    power_loss_at_syncs(&losses);
}

static void a_loss_with_any_mixture_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    power_loss_mixtures(&losses);
}

static int set_up(void **state)
{
    char store[512];
    (void)state;
    losses.try_loss = try_crash;
    power_loss_seed(&losses);
    record();
    snprintf(store, sizeof store, "%s/store", story.ab.bench.tmp.dir);
    power_loss_read(&losses, store, story.ab.bench.config.tiles);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    story_start(&story);
    story_close(&story);
    copy_side_close(&side);
    disk_watch(NULL, NULL);
    power_loss_free(&losses);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        losses.step = (unsigned)strtoul(argv[1], NULL, 10);
        losses.mixtures = (unsigned)strtoul(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_at_every_sync_loses_nothing_that_was_answered),
        cmocka_unit_test(a_loss_with_any_mixture_loses_nothing_that_was_answered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
