/* Two persons, one subject: what a search may be called, who may confirm and see it, and how many
 * there may be in a day. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/subject/search.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define NOW INT64_C(1780300800)
#define DAY_S INT64_C(86400)

static struct import_store it;

static int set_up(void **state)
{
    (void)state;
    import_store_open(&it);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    import_store_close(&it);
    return 0;
}

static struct search_who who(const char *staff, const char *person)
{
    struct search_who w;
    OK(name_parse(bytes_str(staff), &w.staff));
    OK(name_parse(bytes_str(person), &w.person));
    return w;
}

static struct touch_named mark_of(uint8_t b)
{
    struct touch_named m = {.type = IDENT_IBAN};
    memset(m.mark.b, b, sizeof m.mark.b);
    return m;
}

static void one_search_is_about_one_person(void **state)
{
    (void)state;
    struct search s = {.mark_count = 0};
    struct touch_named first = mark_of(4);
    struct touch_named second = mark_of(5);
    first.type = second.type = IDENT_BSN;
    OK(search_add_mark(&s, &first));
    OK(search_add_mark(&s, &first));
    assert_int_equal(search_add_mark(&s, &second), ERR_DUPLICATE);
    second.type = IDENT_IBAN;
    OK(search_add_mark(&s, &second));
    assert_int_equal(s.mark_count, 2);
}

static struct search proposed(uint8_t id)
{
    struct search s = {.id = {{id}},
                       .state = SEARCH_ASKED,
                       .ground = SEARCH_AVG15,
                       .reference = "AVG-2026-0017",
                       .first = who("r.prins", "p-prins"),
                       .received_s = NOW - NOW % DAY_S - 3 * DAY_S,
                       .asked_s = NOW};
    const struct touch_named m = mark_of(4);
    OK(search_add_mark(&s, &m));
    return s;
}

static struct search marks(const uint8_t *of, size_t count)
{
    struct search s = {.mark_count = 0};
    for (size_t i = 0; i < count; i++) {
        const struct touch_named m = mark_of(of[i]);
        OK(search_add_mark(&s, &m));
    }
    return s;
}

static void a_reference_is_a_code_and_no_number_of_a_person(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_code;
    } cases[] = {
        {"AVG-2026-0017", true},
        {"Z2026/1234", true},
        {"Z2026/001234", false},
        {"A999.990.019", false},
        {"A9-9-9-9-9-0-0-1-9", false},
        {"a", true},
        {"a.b_c", true},
        {"A1234567", true},
        {"A12345678", false},
        {"999990019", false},
        {"", false},
        {"-a", false},
        {"2026-17", false},
        {"Jan de Vries", false},
        {"a\n", false},
        {"a%s", false},
        {"a\x1b[31m", false},
        {"A23456789012345678901234567890123", false},
        {"Abcdefghijklmnopqrstuvwxyzabcdefg", false},
        {"Abcdefghijklmnopqrstuvwxyzabcdef", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (search_reference_is_code(bytes_str(cases[i].text)) != cases[i].is_code)
            fail_msg("case %zu", i);
    assert_false(search_reference_is_code(bytes_of("a\0b", 3)));
}

static void each_ground_is_of_one_regime(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum regime regime;
    } cases[] = {{"avg15", REGIME_AVG}, {"wpg25", REGIME_WPG}, {"wjsg", REGIME_WJSG}};
    enum search_ground g = SEARCH_GROUND_NONE;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        OK(search_ground_parse(bytes_str(cases[i].id), &g));
        assert_int_equal(search_ground_regime(g), cases[i].regime);
        assert_string_equal(search_ground_id(g), cases[i].id);
    }
    assert_int_equal(search_ground_parse(bytes_str("?"), &g), ERR_UNKNOWN);
    assert_int_equal(search_ground_parse(bytes_str("avg14"), &g), ERR_UNKNOWN);
}

static void another_person_confirms_the_same_subject(void **state)
{
    (void)state;
    static const uint8_t four[] = {4};
    const struct search same = marks(four, 1);
    const struct search_who second = who("r.bos", "p-bos");
    struct search s = proposed(1);
    OK(search_confirm(&s, &second, &same, NOW + DAY_S));
    assert_int_equal(s.state, SEARCH_CONFIRMED);
    assert_string_equal(s.second.staff.s, "r.bos");
    assert_int_equal(s.confirmed_s, NOW + DAY_S);
    assert_int_equal(search_confirm(&s, &second, &same, NOW + DAY_S), ERR_STATE);
}

static void who_proposed_it_does_not_confirm_it(void **state)
{
    (void)state;
    static const uint8_t four[] = {4};
    const struct search same = marks(four, 1);
    const struct search_who again[] = {who("r.prins", "p-prins"), who("r.prins2", "p-prins"),
                                       who("r.prins", "p-bos")};
    struct search s = proposed(1);
    for (size_t i = 0; i < ARRAY_LEN(again); i++) {
        assert_int_equal(search_confirm(&s, &again[i], &same, NOW), ERR_PERMISSION);
        assert_int_equal(s.state, SEARCH_ASKED);
    }
}

static void about_another_subject_it_comes_to_nothing(void **state)
{
    (void)state;
    static const uint8_t sets[][3] = {{5}, {4, 5}, {0}};
    static const size_t counts[] = {1, 2, 0};
    const struct search_who second = who("r.bos", "p-bos");
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct search s = proposed(1);
        const struct search other = marks(sets[i], counts[i]);
        assert_int_equal(search_confirm(&s, &second, &other, NOW), ERR_MISMATCH);
        assert_int_equal(s.state, SEARCH_VOID);
        assert_int_equal(search_may_show(&s, &second, NOW), ERR_STATE);
    }
}

/* Whatever the order in which each of them names the identifiers. */
static void the_order_of_identifiers_is_no_difference(void **state)
{
    (void)state;
    static const uint8_t one[] = {9, 4, 7, 4};
    static const uint8_t two[] = {7, 9, 4};
    struct search s = marks(one, 4);
    const struct search same = marks(two, 3);
    const struct search_who second = who("r.bos", "p-bos");
    assert_int_equal(s.mark_count, 3);
    s.state = SEARCH_ASKED;
    s.first = who("r.prins", "p-prins");
    s.asked_s = NOW;
    OK(search_confirm(&s, &second, &same, NOW));
}

/* From midnight to midnight, whatever the hour. */
static void days_run_from_the_one_on_which_the_request_came_in(void **state)
{
    (void)state;
    const int64_t today = NOW - NOW % DAY_S;
    const struct search s = proposed(1);
    assert_int_equal(search_days(&s, today), 3);
    assert_int_equal(search_days(&s, today + DAY_S - 1), 3);
    assert_int_equal(search_days(&s, today + DAY_S), 4);
    assert_int_equal(search_days(&s, today - 9 * DAY_S), 0);
}

static void it_waits_and_is_shown_for_seven_days(void **state)
{
    (void)state;
    static const uint8_t four[] = {4};
    const struct search same = marks(four, 1);
    const struct search_who second = who("r.bos", "p-bos");
    const struct search_who third = who("r.smit", "p-smit");
    struct search s = proposed(1);
    assert_int_equal(search_may_show(&s, &s.first, NOW), ERR_STATE);
    assert_int_equal(search_confirm(&s, &second, &same, NOW + SEARCH_DAYS * DAY_S + 1),
                     ERR_EXPIRED);
    OK(search_confirm(&s, &second, &same, NOW + SEARCH_DAYS * DAY_S));
    OK(search_may_show(&s, &s.first, s.confirmed_s + SEARCH_DAYS * DAY_S));
    OK(search_may_show(&s, &second, s.confirmed_s));
    assert_int_equal(search_may_show(&s, &second, s.confirmed_s + SEARCH_DAYS * DAY_S + 1),
                     ERR_EXPIRED);
    assert_int_equal(search_may_show(&s, &third, s.confirmed_s), ERR_PERMISSION);
}

static int64_t count_after(int64_t after_s)
{
    int64_t n = -1;
    OK(search_count(it.store, import_store_begin(&it), after_s, &n));
    import_store_commit(&it);
    return n;
}

static void it_lies_in_the_store_and_counts_there(void **state)
{
    (void)state;
    struct search back;
    struct kv_txn *txn = import_store_begin(&it);
    for (uint8_t i = 1; i <= 3; i++) {
        struct search s = proposed(i);
        s.asked_s = NOW + i;
        s.state = i == 3 ? SEARCH_VOID : SEARCH_ASKED;
        OK(search_put(it.store, txn, &s));
    }
    import_store_commit(&it);
    const struct search_id id = {{2}};
    OK(search_get(it.store, import_store_begin(&it), &id, &back));
    import_store_commit(&it);
    assert_int_equal(back.received_s, proposed(2).received_s);
    assert_int_equal(back.asked_s, NOW + 2);
    assert_string_equal(back.reference, "AVG-2026-0017");
    assert_string_equal(back.first.person.s, "p-prins");
    assert_string_equal(back.second.staff.s, "");
    assert_int_equal(back.mark_count, 1);
    assert_int_equal(back.marks[0].mark.b[15], 4);
    assert_int_equal(back.marks[0].type, IDENT_IBAN);
    assert_int_equal(count_after(NOW), 3); /* one that came to nothing counts */
    assert_int_equal(count_after(NOW + 1), 2);
    assert_int_equal(count_after(NOW + 3), 0);
}

static void its_row_goes_after_thirty_days(void **state)
{
    (void)state;
    size_t gone = 0;
    struct search s = proposed(1);
    OK(search_put(it.store, import_store_begin(&it), &s));
    OK(search_prune(it.store, it.txn, NOW + SEARCH_KEEP_DAYS * DAY_S, 10, &gone));
    assert_int_equal(gone, 0);
    OK(search_prune(it.store, it.txn, NOW + SEARCH_KEEP_DAYS * DAY_S + 1, 10, &gone));
    assert_int_equal(gone, 1);
    import_store_commit(&it);
    assert_int_equal(count_after(0), 0);
}

/* As the program before wrote it. */
static void put_older(uint8_t id, int64_t asked_s)
{
    static const uint8_t format[] = {0, 0, 0, 2};
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(4096);
    CLEANUP(buf_free) struct buf older = buf_new(4096);
    struct search s = proposed(id);
    uint8_t received[8];
    struct buf wanted = buf_fixed(received, sizeof received);
    struct bytes row;
    s.asked_s = asked_s;
    OK(search_put(it.store, it.txn, &s));
    OK(store_get(it.store, it.txn, STORE_SEARCH, BYTES_OF_ARRAY(s.id.b), a, &row));
    buf_put_u64(&wanted, (uint64_t)s.received_s);
    const uint8_t *at = memmem(row.ptr, row.len, received, sizeof received);
    assert_non_null(at);
    buf_put(&older, bytes_of(format, sizeof format));
    buf_put(&older, bytes_of(row.ptr + sizeof format, (size_t)(at - row.ptr) - sizeof format));
    buf_put(&older, bytes_of(at + sizeof received, row.len - (size_t)(at - row.ptr) - sizeof received));
    OK(store_put(it.store, it.txn, STORE_SEARCH, BYTES_OF_ARRAY(s.id.b), buf_bytes(&older)));
}

static void put_damaged(uint8_t id)
{
    const struct search_id key = {{id}};
    OK(store_put(it.store, it.txn, STORE_SEARCH, BYTES_OF_ARRAY(key.b), bytes_str("?")));
}

/* One row of before, or one that is damaged, ends neither searches nor what goes by itself. */
static void what_cannot_be_read_stands_in_nobodys_way(void **state)
{
    (void)state;
    struct search back;
    size_t gone = 0;
    (void)import_store_begin(&it);
    put_older(1, NOW + 1);
    put_damaged(2);
    struct search s = proposed(3);
    OK(search_put(it.store, it.txn, &s));
    OK(search_get(it.store, it.txn, &(struct search_id){{1}}, &back));
    assert_true(back.received_s == NOW + 1 && back.asked_s == NOW + 1);
    assert_string_equal(back.first.staff.s, "r.prins");
    import_store_commit(&it);
    assert_int_equal(count_after(NOW - 1), 2);
    OK(search_prune(it.store, import_store_begin(&it), NOW, 10, &gone));
    assert_int_equal(gone, 1);
    assert_int_equal(search_get(it.store, it.txn, &(struct search_id){{2}}, &back), ERR_NOT_FOUND);
    OK(search_prune(it.store, it.txn, NOW + SEARCH_KEEP_DAYS * DAY_S + 2, 10, &gone));
    assert_int_equal(gone, 2);
    import_store_commit(&it);
}

static void a_damaged_row_is_found(void **state)
{
    (void)state;
    struct search s = proposed(1);
    struct search back;
    OK(search_put(it.store, import_store_begin(&it), &s));
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(4096);
    struct bytes row;
    OK(store_get(it.store, it.txn, STORE_SEARCH, BYTES_OF_ARRAY(s.id.b), a, &row));
    for (size_t n = 0; n < row.len; n++) {
        OK(store_put(it.store, it.txn, STORE_SEARCH, BYTES_OF_ARRAY(s.id.b), bytes_of(row.ptr, n)));
        if (search_get(it.store, it.txn, &s.id, &back) == ERR_OK)
            fail_msg("cut at %zu it is read", n);
    }
    import_store_commit(&it);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_a_code_and_no_number_of_a_person),
        cmocka_unit_test(one_search_is_about_one_person),
        cmocka_unit_test(each_ground_is_of_one_regime),
        cmocka_unit_test(another_person_confirms_the_same_subject),
        cmocka_unit_test(who_proposed_it_does_not_confirm_it),
        cmocka_unit_test(about_another_subject_it_comes_to_nothing),
        cmocka_unit_test(the_order_of_identifiers_is_no_difference),
        cmocka_unit_test(days_run_from_the_one_on_which_the_request_came_in),
        cmocka_unit_test(it_waits_and_is_shown_for_seven_days),
        CASE(it_lies_in_the_store_and_counts_there),
        CASE(its_row_goes_after_thirty_days),
        CASE(a_damaged_row_is_found),
        CASE(what_cannot_be_read_stands_in_nobodys_way),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
