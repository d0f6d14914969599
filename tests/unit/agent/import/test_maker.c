/* What the maker says of rows that are withdrawn and that its epoch has not got: where an epoch that ended may
 * have them, each is told once, in steps of bounded size. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/import/maker.h"
#include "agent/import/stage.h"

#define SET 3u

/* So many keys that are to be withdrawn, as a run. */
static void stage_outs(struct import_store *s, uint32_t count)
{
    CLEANUP(cleanup_stage_window_free) struct stage_window *w = stage_window_new();
    for (uint32_t i = 0; i < count; i++) {
        struct stage_row row = {.row = i + 1, .mark = STAGE_OUT};
        struct buf key = buf_fixed(row.key.b, sizeof row.key.b);
        buf_put_u32(&key, i);
        assert_int_equal(stage_window_add(w, &row, bytes_of(NULL, 0), bytes_of(NULL, 0)), ERR_OK);
    }
    assert_int_equal(stage_window_digest(w, NULL), ERR_OK);
    assert_int_equal(stage_window_write(w, s->store, s->txn, (struct stage_run){0, 0}), ERR_OK);
}

/* One step; how many keys it tells. The first of them is number from. */
static size_t take_step(struct maker *m, uint32_t from, bool *ended)
{
    CLEANUP(cleanup_made_step_free) struct made_step *made = NULL;
    struct filled_step *filled = NULL;
    assert_int_equal(maker_fill(m, &filled), ERR_OK);
    assert_int_equal(maker_make(m, filled, &made), ERR_OK);
    assert_int_equal(made->count, 0);
    *ended = made->ended;
    for (size_t i = 0; i < made->outs.count; i++) {
        struct live_digest wanted = {{0}};
        struct buf key = buf_fixed(wanted.b, sizeof wanted.b);
        buf_put_u32(&key, from + (uint32_t)i);
        assert_int_equal(live_digest_cmp(&made->outs.v[i], &wanted), 0);
    }
    return made->outs.count;
}

static size_t tell_all(struct import_store *s, bool has_ended_sets)
{
    CLEANUP(cleanup_maker_free) struct maker *m = NULL;
    const struct maker_params p = {
        .difference = {.store = s->store, .runs = 1, .data_set = SET, .today = 20000},
        .header = {.mode = IMPORT_MODE_DELTA},
        .has_ended_sets = has_ended_sets};
    size_t told = 0;
    bool ended = false;
    assert_int_equal(maker_new(&p, &m), ERR_OK);
    for (int i = 0; i < 9 && !ended; i++) {
        const size_t n = take_step(m, (uint32_t)told, &ended);
        assert_true(n <= OUTS_MOST);
        told += n;
    }
    assert_true(ended);
    return told;
}

static void what_is_out_and_was_never_here_is_told_for_epochs_that_ended(void **state)
{
    (void)state;
    const uint32_t count = 2 * OUTS_MOST + 5;
    struct import_store s;
    import_store_open(&s);
    import_store_begin(&s);
    stage_outs(&s, count);
    import_store_commit(&s);
    assert_int_equal(tell_all(&s, true), count);
    assert_int_equal(tell_all(&s, false), 0);
    import_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_out_and_was_never_here_is_told_for_epochs_that_ended),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
