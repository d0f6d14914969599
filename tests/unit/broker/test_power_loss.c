/* The power goes, which is more than that a process is killed: what no sync covered is on the disk or is not, in any order.
 * A run of the broker is recorded call by call, store, tiles and checkpoint alike; then the disk is set to what a loss at
 * each sync may leave, and to so many seeded mixtures of what was not synced, and the broker is started on it. What was
 * answered before is there, effects and entries agree, the log is whole on disk and contains every checkpoint that anybody
 * could have seen, and it goes on.
 * usage: test_broker_power_loss [STEP MIXTURES]    STEP: of so many syncs one is tried. SLUIS_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/publisher.h"
#include "broker/store/store.h"
#include "tests/support/power_loss.h"
#include "tests/unit/broker/story_bench.h"

#define PREFIX "/tmp/sluis-host-"
#define ROUNDS 14

static struct story story;
static struct power_loss losses = {.step = 23, .mixtures = 60};

/* ---- what is recorded ---- */

static void mark(size_t answer)
{
    disk_mark(answer);
}

static void record(void)
{
    disk_watch(PREFIX, &losses.tape);
    story_open(&story);
    story.on_answer = mark;
    for (unsigned i = 0; i < ROUNDS; i++) {
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

static void try_crash(const struct disk_crash *c)
{
    disk_crash_write(c, story.ab.bench.tmp.dir);
    story_start(&story);
    story_check(&story, power_loss_mark_before(&losses, c->at), losses.when);
    check_heads(c->at);
    const uint64_t before = check_files();
    story_publish(&story);
    check_heads(c->at);
    if (check_files() <= before)
        fail_msg("%s: the log does not go on", losses.when);
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
    power_loss_read(&losses, store);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    story_start(&story);
    story_close(&story);
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
