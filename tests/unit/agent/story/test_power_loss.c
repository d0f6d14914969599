/* The power goes at an agency, which is more than that a process is killed: what no sync covered is on the disk or is not,
 * in any order. A few runs of the story are recorded call by call, the store, the files of the own log and the mirror alike; then the
 * disk is set to what a loss at each sync may leave, and to so many seeded mixtures of what was not synced, and the agent
 * is started on it. Whatever was said before is there: imports, questions, looks, signatures, releases that were sent,
 * mail that was acknowledged, the head that was cosigned, what was mirrored; acts and entries agree; own log and mirror are
 * whole on disk; the own log contains every checkpoint that anybody could have seen; and the story goes on.
 * usage: test_agent_power_loss [STEP MIXTURES]    STEP: of so many syncs one is tried. SLUIS_TEST_SEED repeats a run. */
#include "tests/unit/agent/story/story.h"

#include <stdlib.h>

#include "agent/own_log.h"
#include "pki/logbook/logbook.h"
#include "tests/support/power_loss.h"

#define RUNS 3

static struct story story;
static struct power_loss losses = {.step = 7, .mixtures = 60};
static unsigned tried;
static size_t heard; /* letters that the broker had of what was recorded */

static void record(void)
{
    story_empty(&story);
    disk_watch(STORY_PREFIX, &losses.tape);
    story.on_said = disk_mark;
    story_start(&story);
    for (unsigned i = 0; i < RUNS; i++) {
        if (!story_run(&story))
            fail_msg("the %s does not go well", story.step);
        if (!story_publish(&story))
            fail_msg("the own log does not go on");
    }
    story_stop(&story);
    disk_watch(STORY_PREFIX, NULL);
    story.is_deaf = true;
    heard = story.letter_count;
}

/* ---- what must hold ---- */

/* The size of the own log, which is whole in its files. */
static uint64_t check_files(void)
{
    const struct own_log *own = story.w.agent.own_log;
    const struct power_loss_log log = {story.w.agent.kv, logbook_tables(own_log_book(own)), own_log_origin(own), story.log_dir};
    return power_loss_check_files(&losses, &log);
}

static void check_heads(size_t at)
{
    for (size_t i = 0; i < losses.head_count && losses.heads[i].at < at; i++)
        if (story_contains(&story, buf_bytes(&losses.heads[i].note)) != ERR_OK)
            fail_msg("%s: the own log does not contain checkpoint %zu, which could be seen: it forked", losses.when, i + 1);
}

static void try_loss(const struct disk_crash *c)
{
    disk_crash_write(c, story.w.dir);
    story_start(&story);
    story_check(&story, &story.said_before[power_loss_mark_before(&losses, c->at)], losses.when);
    check_heads(c->at);
    story_check_mirror(&story, losses.when);
    const uint64_t before = check_files();
    if (tried++ % 8 == 0 ? !story_run(&story) : !story_publish(&story))
        fail_msg("%s: the story does not go on: %s", losses.when, story.step);
    check_heads(c->at);
    if (check_files() <= before)
        fail_msg("%s: the own log does not go on", losses.when);
    story_check_mirror(&story, losses.when);
    story_stop(&story);
    story_broker_forget(&story, heard);
}

/* ---- where it is lost ---- */

static void a_loss_at_every_sync_loses_nothing_that_was_said(void **state)
{
    (void)state;
    power_loss_at_syncs(&losses);
}

static void a_loss_with_any_mixture_loses_nothing_that_was_said(void **state)
{
    (void)state;
    power_loss_mixtures(&losses);
}

static int set_up(void **state)
{
    if (setup_secret_heap(state) != 0)
        return -1;
    losses.try_loss = try_loss;
    power_loss_seed(&losses);
    story_new(&story);
    record();
    power_loss_read(&losses, story.w.dir, story.log_dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    disk_watch(NULL, NULL);
    story_free(&story);
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
        cmocka_unit_test(a_loss_at_every_sync_loses_nothing_that_was_said),
        cmocka_unit_test(a_loss_with_any_mixture_loses_nothing_that_was_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
