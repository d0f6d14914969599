/* Invariants 3 and 7 at an agency under a disk that fails: in a run of the story each call on the disk fails once, one after
 * the other, the store's and those of the own log's files alike; and so does each call on the store. After each the agent
 * is started again on what is there: nothing seen, sent, signed or cosigned without its entry, no entry of what did not
 * happen, and the next run goes well.
 * usage: test_agent_unaudited [STEP STORE_STEP]    of so many calls on the disk, and on the store, one fails.
 * SLUIS_TEST_SEED says which. */
#include "tests/unit/agent/story/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/host/kv_fault.h"
#include "tests/support/disk.h"

#define CALLS_MAX 20000u
#define MISSED_MOST 3u /* a block of the own log has any number of fillers: one run has fewer calls than another */

static struct story story;
static unsigned step = 11;
static unsigned store_step = 131;
static uint64_t seed;

enum failing { REFUSES, LIES, STORE };

static void set_failing(enum failing how, unsigned nth)
{
    if (how == STORE)
        kv_fault_set(story.w.agent.kv, nth, ERR_IO);
    else
        disk_fail(nth, how == LIES ? DISK_LIES : DISK_REFUSES);
}

static unsigned calls_made(enum failing how)
{
    return how == STORE ? kv_fault_calls(story.w.agent.kv) : disk_calls();
}

/* True: the nth call was made, so there may be more. */
static bool one_run(unsigned nth, enum failing how)
{
    static const char *const words[] = {"of the disk fails", "of the disk fails and was made", "of the store fails"};
    char when[128];
    story_empty(&story);
    disk_watch(STORY_PREFIX, NULL);
    story_start(&story);
    set_failing(how, nth);
    const bool went_well = story_run(&story);
    const bool was_reached = calls_made(how) >= nth;
    set_failing(how, 0);
    snprintf(when, sizeof when, "call %u %s, at the %s", nth, words[how], story.step);
    if (!was_reached && !went_well)
        fail_msg("nothing failed, and the run did not go well: %s", story.step);
    story_stop(&story);
    story_start(&story);
    story_check(&story, &story.said, when);
    if (!story_run(&story))
        fail_msg("%s: the run after it does not go well: %s", when, story.step);
    story_check(&story, &story.said, when);
    story_stop(&story);
    disk_watch(NULL, NULL);
    return was_reached;
}

static void calls_fail_once(enum failing how, unsigned every, const char *what)
{
    unsigned nth = 1 + (unsigned)(seed % every);
    unsigned tried = 0;
    unsigned missed = 0;
    for (; nth < CALLS_MAX && missed < MISSED_MOST; nth += every) {
        const bool was_reached = one_run(nth, how);
        tried += was_reached;
        missed = was_reached ? 0 : missed + 1;
    }
    assert_in_range(nth - missed * every, 50, CALLS_MAX - 1);
    assert_true(tried > 0);
    print_message("of some %u calls on the %s %u failed once\n", nth - missed * every, what, tried);
}

static void a_disk_that_refuses_leaves_nothing_unaudited(void **state)
{
    (void)state;
    calls_fail_once(REFUSES, step, "disk");
}

/* What failed was done all the same. */
static void a_disk_that_lies_leaves_nothing_unaudited(void **state)
{
    (void)state;
    calls_fail_once(LIES, 3 * step, "disk");
}

static void a_store_that_fails_leaves_nothing_unaudited(void **state)
{
    (void)state;
    calls_fail_once(STORE, store_step, "store");
}

static int set_up(void **state)
{
    const char *given = getenv("SLUIS_TEST_SEED");
    if (setup_secret_heap(state) != 0)
        return -1;
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    story_new(&story);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    story_free(&story);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        step = (unsigned)strtoul(argv[1], NULL, 10);
        store_step = (unsigned)strtoul(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_refuses_leaves_nothing_unaudited),
        cmocka_unit_test(a_disk_that_lies_leaves_nothing_unaudited),
        cmocka_unit_test(a_store_that_fails_leaves_nothing_unaudited),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
