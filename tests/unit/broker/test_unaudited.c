/* Invariant 3 under a disk that fails: in a run of contribution, question, match, consent, closing and publishing each call
 * on the disk fails once, one after the other; the store's files, the tiles and the checkpoint alike. After each the
 * broker is started again on what is there: no effect without its entry, no entry without its effect, nothing promised
 * that is not there, and the next run goes well. The same for each call on the store of a contribution; those of the other
 * messages fail in test_atomic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "proto/host/kv_fault.h"
#include "tests/support/disk.h"
#include "tests/unit/broker/story_bench.h"

#define PREFIX "/tmp/sluis-host-"
#define CALLS_MAX 2000u

static struct story story;

static void check_and_go_on(const char *when)
{
    story_check(&story, story.answers, when);
    if (!story_run(&story))
        fail_msg("%s: the run after it does not go well", when);
    story_check(&story, story.answers, when);
}

/* True: the nth call was made, so there may be more. */
static bool one_run(unsigned nth, enum disk_fault how)
{
    char when[64];
    snprintf(when, sizeof when, "call %u %s", nth, how == DISK_LIES ? "was made and failed" : "failed");
    disk_watch(PREFIX, NULL);
    story_open(&story);
    disk_fail(nth, how);
    const bool went_well = story_run(&story);
    const bool was_reached = disk_calls() >= nth;
    disk_fail(0, how);
    if (!was_reached && !went_well)
        fail_msg("nothing failed, and the run did not go well");
    story_stop(&story);
    story_start(&story);
    check_and_go_on(when);
    story_close(&story);
    disk_watch(NULL, NULL);
    return was_reached;
}

static void calls_fail_once(enum disk_fault how, unsigned step)
{
    unsigned nth = 1;
    while (nth < CALLS_MAX && one_run(nth, how))
        nth += step;
    assert_in_range(nth, 50, CALLS_MAX - 1);
    print_message("%u calls on the disk, each%s failed once\n", nth - 1, step == 1 ? "" : " third");
}

static void a_disk_that_refuses_leaves_nothing_unaudited(void **state)
{
    (void)state;
    calls_fail_once(DISK_REFUSES, 1);
}

/* What failed was done all the same. */
static void a_disk_that_lies_leaves_nothing_unaudited(void **state)
{
    (void)state;
    calls_fail_once(DISK_LIES, 3);
}

static bool one_contribution(unsigned nth)
{
    char when[64];
    snprintf(when, sizeof when, "store call %u of a contribution", nth);
    disk_watch(PREFIX, NULL); /* for its speed */
    story_open(&story);
    struct kv *kv = story.ab.bench.broker.kv;
    kv_fault_set(kv, nth, ERR_IO);
    const bool went_well = story_contribute(&story);
    const bool was_reached = kv_fault_calls(kv) >= nth;
    kv_fault_set(kv, 0, ERR_OK);
    if (!was_reached && !went_well)
        fail_msg("nothing failed, and the contribution was not accepted");
    story_check(&story, story.answers, when);
    if (!went_well && !story_contribute_again(&story))
        fail_msg("%s: sent again it is not accepted", when);
    check_and_go_on(when);
    story_close(&story);
    disk_watch(NULL, NULL);
    return was_reached;
}

static void a_contribution_is_all_or_nothing(void **state)
{
    (void)state;
    unsigned nth = 1;
    while (nth < CALLS_MAX && one_contribution(nth))
        nth++;
    assert_in_range(nth, 20, CALLS_MAX - 1);
    print_message("%u store calls of a contribution, each failed once\n", nth - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_refuses_leaves_nothing_unaudited),
        cmocka_unit_test(a_disk_that_lies_leaves_nothing_unaudited),
        cmocka_unit_test(a_contribution_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
