/* Rows of an import: what is written is read, also what an earlier program wrote. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/import/import_row.h"
#include "proto/base/join.h"

static const struct name fields[] = {{"bedrag"}, {"soort"}};
static const struct name rules[] = {{"index.uwv"}};
static const struct name categories[] = {{"uitkering"}, {"dienstverband"}};

static struct import_row sample(enum import_origin origin)
{
    struct import_row row = {
        .state = IMPORT_SENDING,
        .origin = origin,
        .source = {"mapping"},
        .mode = IMPORT_MODE_FULL,
        .withdraws_lacking = true,
        .started_s = 1770000000,
        .today = 20486,
        .fields = {fields, 2},
        .categories = {categories, 2},
        .leg_count = 2,
        .leg = 1,
        .staff = {"w.een"},
        .report = bytes_str("{}"),
        .failure = bytes_str(""),
    };
    for (uint32_t i = 0; i < 2; i++)
        row.legs[i] = (struct import_leg){.purpose = {"riec-casus"},
                                          .epoch = i + 1,
                                          .data_set = 3 + i,
                                          .hash_set = 3,
                                          .from_set = i * 3,
                                          .runs = 2,
                                          .rules = {rules, 1},
                                          .first_batch = 5,
                                          .next_batch = 9,
                                          .is_made = i == 0,
                                          .left = i == 1 ? LEG_SUSPENDED : LEG_GOES_ON,
                                          .head = {.sequence = 4}};
    return row;
}

static void what_is_written_is_read_by_its_origin(void **state)
{
    (void)state;
    struct import_store s;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct import_row out;
    import_store_open(&s);
    struct kv_txn *txn = import_store_begin(&s);
    const struct import_row row = sample(IMPORT_OF_STORE);
    assert_int_equal(import_row_put(s.store, txn, &row), ERR_OK);
    assert_int_equal(import_row_get(s.store, txn, IMPORT_OF_SOURCE, a, &out), ERR_NOT_FOUND);
    assert_int_equal(import_row_get(s.store, txn, IMPORT_OF_STORE, a, &out), ERR_OK);
    assert_int_equal(out.origin, IMPORT_OF_STORE);
    assert_int_equal(out.leg_count, 2);
    assert_int_equal(out.legs[1].hash_set, 3);
    assert_int_equal(out.legs[1].from_set, 3);
    assert_int_equal(out.legs[1].left, LEG_SUSPENDED);
    assert_int_equal(out.legs[0].left, LEG_GOES_ON);
    assert_int_equal(out.legs[0].head.sequence, 4);
    assert_string_equal(out.staff.s, "w.een");
    import_store_commit(&s);
    import_store_close(&s);
}

/* As the program before epochs wrote it: format 1, legs without their last three parts. */
static void put_format_1(const struct import_row *row, struct buf *b)
{
    const struct record_shape shape = {.fields = row->fields, .categories = row->categories};
    buf_put_u8(b, 1);
    buf_put_u8(b, (uint8_t)row->state);
    buf_put_u8(b, (uint8_t)row->mode);
    buf_put_u8(b, row->withdraws_lacking);
    join_part(b, name_bytes(&row->source));
    buf_put(b, digest_bytes(&row->policy_digest));
    buf_put_u64(b, (uint64_t)row->started_s);
    buf_put_u64(b, (uint64_t)row->ended_s);
    buf_put_u32(b, row->today);
    shape_encode(&shape, b);
    buf_put_u32(b, row->leg);
    buf_put_u32(b, row->leg_count);
    for (uint32_t i = 0; i < row->leg_count; i++) {
        const struct import_leg *l = &row->legs[i];
        const struct record_shape of_leg = {.rules = l->rules};
        static const uint8_t counts[64];
        join_part(b, name_bytes(&l->purpose));
        buf_put_u32(b, l->epoch);
        buf_put_u32(b, l->data_set);
        buf_put_u32(b, l->runs);
        shape_encode(&of_leg, b);
        buf_put(b, BYTES_OF_ARRAY(l->import_id.b));
        buf_put_u32(b, l->first_batch);
        buf_put_u32(b, l->next_batch);
        buf_put_u8(b, l->is_made);
        buf_put_u8(b, l->has_cursor);
        buf_put(b, BYTES_OF_ARRAY(l->cursor.b));
        buf_put_u64(b, l->head.sequence);
        buf_put(b, digest_bytes(&l->head.digest));
        buf_put(b, BYTES_OF_ARRAY(counts));
    }
    join_part(b, row->report);
    join_part(b, row->failure);
}

static void a_row_of_before_epochs_goes_on(void **state)
{
    (void)state;
    struct import_store s;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf b = buf_new((size_t)1 << 16);
    struct import_row out;
    const struct import_row row = sample(IMPORT_OF_SOURCE);
    import_store_open(&s);
    put_format_1(&row, &b);
    struct kv_txn *txn = import_store_begin(&s);
    assert_int_equal(store_put(s.store, txn, STORE_IMPORT, bytes_str("now"), buf_bytes(&b)), ERR_OK);
    assert_int_equal(import_row_get(s.store, txn, IMPORT_OF_SOURCE, a, &out), ERR_OK);
    assert_int_equal(out.state, IMPORT_SENDING);
    assert_int_equal(out.origin, IMPORT_OF_SOURCE);
    assert_int_equal(out.leg, 1);
    assert_int_equal(out.legs[0].next_batch, 9);
    assert_int_equal(out.legs[0].hash_set, 3); /* digests had the number of the data set */
    assert_int_equal(out.legs[1].hash_set, 4);
    assert_int_equal(out.legs[1].from_set, 0);
    assert_int_equal(out.legs[1].left, LEG_GOES_ON);
    assert_string_equal(out.staff.s, "");
    /* another format is damage, not an earlier program */
    b.ptr[0] = 9;
    assert_int_equal(store_put(s.store, txn, STORE_IMPORT, bytes_str("now"), buf_bytes(&b)), ERR_OK);
    assert_int_equal(import_row_get(s.store, txn, IMPORT_OF_SOURCE, a, &out), ERR_INVALID);
    import_store_commit(&s);
    import_store_close(&s);
}

/* As the program before wrote it: format 2, without its last part. */
static void a_row_that_names_nobody_goes_on(void **state)
{
    (void)state;
    struct import_store s;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf b = buf_new((size_t)1 << 16);
    struct import_row out;
    struct bytes plain;
    const struct import_row row = sample(IMPORT_OF_SOURCE);
    import_store_open(&s);
    struct kv_txn *txn = import_store_begin(&s);
    assert_int_equal(import_row_put(s.store, txn, &row), ERR_OK);
    assert_int_equal(store_get(s.store, txn, STORE_IMPORT, bytes_str("now"), a, &plain), ERR_OK);
    buf_put_u8(&b, 2);
    buf_put(&b, bytes_of(plain.ptr + 1, plain.len - 1 - 4 - strlen(row.staff.s)));
    assert_int_equal(store_put(s.store, txn, STORE_IMPORT, bytes_str("now"), buf_bytes(&b)), ERR_OK);
    assert_int_equal(import_row_get(s.store, txn, IMPORT_OF_SOURCE, a, &out), ERR_OK);
    assert_string_equal(out.staff.s, "");
    assert_int_equal(out.legs[1].left, LEG_SUSPENDED);
    import_store_commit(&s);
    import_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_by_its_origin),
        cmocka_unit_test(a_row_of_before_epochs_goes_on),
        cmocka_unit_test(a_row_that_names_nobody_goes_on),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
