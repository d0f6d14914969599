/* Which data sets hold a subject today: alive, of any epoch, by any identifier; not what was
 * withdrawn, has expired or was refused. */
#include "tests/unit/agent/subject/index_stage.h"

#include "agent/records/batch_row.h"
#include "agent/subject/held.h"

#define TODAY 20000u

static struct index_stage it;

static const struct name fields[] = {{"bedrag"}};
static const struct name rules[] = {{"index.a"}, {"index.b"}};
static const struct name categories[] = {{"zaak"}, {"schuld"}};
static const struct record_shape shape = {{fields, 1}, {rules, 2}, {categories, 2}};

static int set_up(void **state)
{
    (void)state;
    index_stage_open(&it);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    index_stage_close(&it);
    return 0;
}

static struct norm_ident bsn(const char *value)
{
    struct norm_ident id = {.type = IDENT_BSN, .len = (uint8_t)strlen(value)};
    memcpy(id.value, value, id.len);
    return id;
}

static uint32_t make_set(const char *source, uint32_t epoch)
{
    struct data_set_id id = {.purpose = {"riec-casus"}, .epoch = epoch};
    struct data_set set;
    OK(name_parse(bytes_str(source), &id.source));
    OK(data_set_make(it.s.store, it.s.txn, &id, &set));
    return set.no;
}

/* One record of the batch. */
struct row {
    const char *bsn;
    uint32_t expires_day;
    uint8_t category;
    uint32_t rules;
};

static void put_batch(uint32_t no, const struct batch_row *as, const struct row *rows, size_t count)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct batch_row row = *as;
    row.record_count = (uint32_t)count;
    row.shape = shape;
    OK(batch_row_put(it.s.store, it.s.txn, no, &row));
    for (size_t from = 0; from < count; from += RECORD_BLOCK) {
        CLEANUP(buf_free) struct buf block = buf_new((size_t)1 << 16);
        for (size_t i = from; i < count && i < from + RECORD_BLOCK; i++) {
            CLEANUP(buf_free) struct buf content = buf_new(4096);
            const struct norm_ident id = bsn(rows[i].bsn);
            const struct bytes values[] = {bytes_str("12")};
            const struct record_content c = {rows[i].rules, rows[i].category, values, &id, 1};
            content_encode(&c, 1, &content);
            const struct record_version v = {rows[i].expires_day, {{0}}, buf_bytes(&content)};
            version_encode(&v, &block);
        }
        OK(store_put(it.s.store, it.s.txn, STORE_RECORD,
                     batch_key_at((struct record_place){no, (uint32_t)(from / RECORD_BLOCK)}, key),
                     buf_bytes(&block)));
    }
}

static void withdraw(uint32_t batch, uint32_t index)
{
    uint8_t key[BATCH_KEY_BYTES];
    OK(store_put(it.s.store, it.s.txn, STORE_GONE,
                 batch_key_at((struct record_place){batch, index}, key), bytes_str("x")));
}

/* How many slices it took. */
static unsigned scan(const char *value, struct held_scan **out)
{
    const struct norm_ident id = bsn(value);
    static struct touch_named m;
    m.type = IDENT_BSN;
    OK(touch_mark(it.x, &id, &m.mark));
    const struct held_params p = {it.s.store, it.x, {&m, 1}, TODAY, it.arena};
    OK(held_new(&p, out));
    unsigned slices = 1;
    enum err bad;
    while ((bad = held_step(*out)) == ERR_AGAIN)
        slices++;
    OK(bad);
    return slices;
}

static void live_records_are_found_by_data_set_category_and_rules(void **state)
{
    (void)state;
    import_store_begin(&it.s);
    const uint32_t kas = make_set("kas", 1);
    const uint32_t other = make_set("aa", 2);
    const struct row first[] = {{"999990019", TODAY + 1, 0, 1},
                                {"999990020", TODAY + 1, 0, 1},
                                {"999990019", TODAY + 1, 0, 1},
                                {"999990019", TODAY + 1, 1, 3}};
    const struct row second[] = {{"999990019", TODAY + 1, 0, 2}};
    put_batch(1, &(struct batch_row){.state = BATCH_APPLIED, .kind = BATCH_ADD, .data_set = kas},
              first, 4);
    put_batch(2, &(struct batch_row){.state = BATCH_ACCEPTED, .kind = BATCH_ADD, .data_set = other},
              second, 1);
    import_store_commit(&it.s);
    CLEANUP(cleanup_held_free) struct held_scan *h = NULL;
    size_t count = 0;
    scan("999990019", &h);
    const struct held_set *sets = held_sets(h, &count);
    assert_int_equal(count, 3);
    assert_string_equal(sets[0].set.source.s, "aa"); /* in the order of data sets */
    assert_int_equal(sets[0].set.epoch, 2);
    assert_int_equal(sets[0].rules.count, 1);
    assert_string_equal(sets[0].rules.v[0].s, "index.b");
    assert_string_equal(sets[1].set.source.s, "kas");
    assert_string_equal(sets[1].category.s, "zaak");
    assert_int_equal(sets[1].records, 2);
    assert_string_equal(sets[2].category.s, "schuld");
    assert_int_equal(sets[2].rules.count, 2);
}

static void what_is_no_more_is_not_held(void **state)
{
    (void)state;
    import_store_begin(&it.s);
    const uint32_t kas = make_set("kas", 1);
    const struct row rows[] = {{"999990019", TODAY, 0, 1}, {"999990019", TODAY + 1, 0, 1}};
    put_batch(1, &(struct batch_row){.state = BATCH_APPLIED, .kind = BATCH_ADD, .data_set = kas},
              rows, 2);
    put_batch(2, &(struct batch_row){.state = BATCH_REFUSED, .kind = BATCH_ADD, .data_set = kas},
              &rows[1], 1);
    put_batch(3, &(struct batch_row){.state = BATCH_VOID, .kind = BATCH_ADD, .data_set = kas},
              &rows[1], 1);
    withdraw(1, 1);
    import_store_commit(&it.s);
    CLEANUP(cleanup_held_free) struct held_scan *h = NULL;
    size_t count = 9;
    scan("999990019", &h);
    held_sets(h, &count);
    assert_int_equal(count, 0);
}

static void a_large_store_is_looked_through_in_slices(void **state)
{
    (void)state;
    static struct row rows[RECORD_BLOCK * 130];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = (struct row){i == 0 || i == ARRAY_LEN(rows) - 1 || i == ARRAY_LEN(rows) / 2
                                   ? "999990019"
                                   : "999990020",
                               TODAY + 1, 0, 1};
    import_store_begin(&it.s);
    const uint32_t kas = make_set("kas", 1);
    put_batch(1, &(struct batch_row){.state = BATCH_APPLIED, .kind = BATCH_ADD, .data_set = kas},
              rows, ARRAY_LEN(rows));
    import_store_commit(&it.s);
    CLEANUP(cleanup_held_free) struct held_scan *h = NULL;
    size_t count = 0;
    assert_true(scan("999990019", &h) > 2);
    const struct held_set *sets = held_sets(h, &count);
    assert_int_equal(count, 1);
    assert_int_equal(sets[0].records, 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(live_records_are_found_by_data_set_category_and_rules),
        CASE(what_is_no_more_is_not_held),
        CASE(a_large_store_is_looked_through_in_slices),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
