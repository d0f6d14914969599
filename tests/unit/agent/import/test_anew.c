/* From which data set a new epoch is filled: of all that this agency has of a source, the one that says most of
 * it, also after its epoch was compromised. States and keys are the test's. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/agent.h"
#include "agent/import/anew.h"
#include "agent/records/live.h"

#define EPOCHS 4u

static struct {
    enum epoch_state state[EPOCHS + 1];
} here;

enum epoch_state view_epoch_state(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    (void)v;
    (void)purpose;
    return epoch <= EPOCHS ? here.state[epoch] : EPOCH_NONE;
}

size_t agent_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX])
{
    size_t n = 0;
    (void)a;
    (void)purpose;
    for (uint32_t e = 1; e <= EPOCHS; e++)
        if (here.state[e] == EPOCH_ACTIVE)
            out[n++] = e;
    return n;
}

const struct roster_member *agent_member(const struct agent *a)
{
    (void)a;
    return NULL;
}

/* What an epoch is, and what lies here of it: nothing, some, all. */
enum { NOTHING, SOME, ALL };
struct lying {
    enum epoch_state state;
    int what;
};

static void put_epoch(struct import_store *s, uint32_t epoch, const struct lying *l)
{
    const struct data_set_id id = {{"a"}, {"p"}, epoch};
    const struct live_entry e = {.place = {epoch, 0}, .expires_day = 30000};
    struct data_set set;
    here.state[epoch] = l->state;
    if (l->what == NOTHING)
        return;
    assert_int_equal(data_set_make(s->store, s->txn, &id, &set), ERR_OK);
    assert_int_equal(live_put(s->store, s->txn, set.no, &e), ERR_OK);
    if (l->what == ALL)
        assert_int_equal(data_set_put_complete(s->store, s->txn, &id, 1), ERR_OK);
}

static const struct {
    const char *what;
    struct lying of[EPOCHS]; /* epoch 1 and on */
    uint32_t to;             /* 0: no job */
    uint32_t from;
    uint32_t count;
} cases[] = {
    {"from the older one", {{EPOCH_ACTIVE, ALL}, {EPOCH_ACTIVE, NOTHING}}, 2, 1, 1},
    {"from a retired one", {{EPOCH_RETIRED, ALL}, {EPOCH_ACTIVE, SOME}}, 2, 1, 1},
    {"from a compromised one", {{EPOCH_COMPROMISED, ALL}, {EPOCH_ACTIVE, NOTHING}}, 2, 1, 1},
    {"from one whose custodian is gone", {{EPOCH_NONE, ALL}, {EPOCH_ACTIVE, NOTHING}}, 2, 1, 1},
    {"from what deltas left", {{EPOCH_COMPROMISED, SOME}, {EPOCH_ACTIVE, SOME}}, 2, 1, 1},
    {"from a destroyed one", {{EPOCH_DESTROYED, ALL}, {EPOCH_ACTIVE, NOTHING}}, 0, 0, 0},
    {"nothing is lacking", {{EPOCH_COMPROMISED, ALL}, {EPOCH_ACTIVE, ALL}}, 0, 0, 0},
    {"nobody is active", {{EPOCH_COMPROMISED, ALL}, {EPOCH_DEALT, NOTHING}}, 0, 0, 0},
    {"the newest of two",
     {{EPOCH_COMPROMISED, ALL}, {EPOCH_COMPROMISED, ALL}, {EPOCH_ACTIVE, NOTHING}},
     3,
     2,
     1},
    {"not the fragment that was compromised while it was filled",
     {{EPOCH_RETIRED, ALL}, {EPOCH_COMPROMISED, SOME}, {EPOCH_ACTIVE, NOTHING}},
     3,
     1,
     1},
    {"what goes on being kept up to date",
     {{EPOCH_ACTIVE, ALL}, {EPOCH_COMPROMISED, ALL}, {EPOCH_ACTIVE, NOTHING}},
     3,
     1,
     1},
    {"two that lack it, in order",
     {{EPOCH_RETIRED, ALL}, {EPOCH_ACTIVE, SOME}, {EPOCH_ACTIVE, NOTHING}},
     2,
     1,
     2},
    {"never into an older one", {{EPOCH_ACTIVE, NOTHING}, {EPOCH_COMPROMISED, ALL}}, 0, 0, 0},
};

static uint32_t number_of(struct import_store *s, uint32_t epoch)
{
    const struct data_set_id id = {{"a"}, {"p"}, epoch};
    struct data_set set = {.no = 0};
    if (epoch > 0)
        assert_int_equal(data_set_find(s->store, s->txn, &id, &set), ERR_OK);
    return set.no;
}

static void a_new_epoch_is_filled_from_what_says_most(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct import_store s;
        struct anew_job job;
        uint32_t count = 9;
        import_store_open(&s);
        import_store_begin(&s);
        for (uint32_t e = 1; e <= EPOCHS; e++)
            put_epoch(&s, e, &cases[i].of[e - 1]);
        struct agent a = {.store = s.store};
        assert_int_equal(anew_find(&a, s.txn, NULL, &job, &count), ERR_OK);
        if (count != cases[i].count || job.to.epoch != cases[i].to ||
            job.from_set != number_of(&s, cases[i].from))
            fail_msg("%s: %u jobs, to %u from data set %u", cases[i].what, count, job.to.epoch,
                     job.from_set);
        import_store_commit(&s);
        import_store_close(&s);
    }
}

/* Which of several is next, after the one into this epoch has failed: they take turns, and 0 is none that failed. */
static void a_copy_that_failed_holds_up_no_other(void **state)
{
    static const struct lying of[EPOCHS] = {
        {EPOCH_RETIRED, ALL}, {EPOCH_ACTIVE, NOTHING}, {EPOCH_ACTIVE, NOTHING}};
    static const struct {
        uint32_t failed;
        uint32_t next;
    } turns[] = {{0, 2}, {2, 3}, {3, 2}, {4, 2}};
    struct import_store s;
    (void)state;
    import_store_open(&s);
    import_store_begin(&s);
    for (uint32_t e = 1; e <= EPOCHS; e++)
        put_epoch(&s, e, &of[e - 1]);
    struct agent a = {.store = s.store};
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        const struct data_set_id failed = {{"a"}, {"p"}, turns[i].failed};
        struct anew_job job;
        uint32_t count = 9;
        assert_int_equal(anew_find(&a, s.txn, &failed, &job, &count), ERR_OK);
        assert_int_equal(job.to.epoch, turns[i].next);
        assert_int_equal(count, 2);
    }
    import_store_commit(&s);
    import_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_epoch_is_filled_from_what_says_most),
        cmocka_unit_test(a_copy_that_failed_holds_up_no_other),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
