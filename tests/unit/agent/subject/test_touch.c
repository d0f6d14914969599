/* The index of what touched a subject: found by any of its identifiers and by nothing else, gone at
 * its end, and without a value in it. */
#include "tests/unit/agent/subject/index_stage.h"

#include "tests/support/touch_find_all.h"

#define NOW INT64_C(1780300800)
#define DAY_S INT64_C(86400)

static struct index_stage it;

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

static struct norm_ident ident(enum ident_type type, const char *value)
{
    struct norm_ident id = {.type = type, .len = (uint8_t)strlen(value)};
    memcpy(id.value, value, id.len);
    return id;
}

static struct touch_mark mark(enum ident_type type, const char *value)
{
    const struct norm_ident id = ident(type, value);
    struct touch_mark m;
    OK(touch_mark(it.x, &id, &m));
    return m;
}

static const struct request_id request = {{7, 7}};

static void begin(const struct touch_named *named, size_t count)
{
    const struct touch_start start = {
        .thread = touch_of_request(&request),
        .terms = {.rule = {"riec.casus"},
                  .rule_version = 3,
                  .policy = {{9}},
                  .is_deferred = true,
                  .review_days = 90,
                  .began_s = NOW,
                  .ends_s = NOW + 10 * DAY_S},
        .named = named,
        .count = count,
    };
    OK(touch_begin(it.x, import_store_begin(&it.s), &start));
    import_store_commit(&it.s);
}

static void add(struct touch_thread thread, uint32_t group, enum audit_event event, int64_t at_s)
{
    struct touch t = {
        .thread = thread, .group = group, .event = event, .at_s = at_s, .outcome = "released"};
    t.entry.b[0] = (uint8_t)event;
    OK(agency_id_parse(bytes_str("00000099000000004000"), &t.peer));
    OK(touch_add(it.x, import_store_begin(&it.s), &t));
    import_store_commit(&it.s);
}

static struct touch_named named(enum ident_type type, const char *value, uint32_t group)
{
    return (struct touch_named){mark(type, value), group, type};
}

static unsigned slices; /* of the last search */

static size_t find_all(const struct touch_named *of, size_t count, struct touch_list *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(store_kv(it.s.store), &txn));
    OK(touch_find_all(it.s.store, txn, (struct named_list){of, count}, it.arena, out, &slices));
    return out->count;
}

static size_t find(enum ident_type type, const char *value, struct touch_list *out)
{
    const struct touch_named of = named(type, value, 0);
    return find_all(&of, 1, out);
}

static void two_subjects(void)
{
    const struct touch_named of[] = {{mark(IDENT_BSN, "999990019"), 0, IDENT_BSN},
                                     {mark(IDENT_KVK, "12345678"), 0, IDENT_KVK},
                                     {mark(IDENT_BSN, "999990020"), 1, IDENT_BSN}};
    begin(of, ARRAY_LEN(of));
    add(touch_of_request(&request), 1, AUDIT_EVENT_RELEASE_RECEIVED, NOW + 9);
    add(touch_of_request(&request), TOUCH_GROUP_ALL, AUDIT_EVENT_REQUEST_SENT, NOW);
    add(touch_of_request(&request), TOUCH_GROUP_ALL, AUDIT_EVENT_REQUEST_CLOSED, NOW + 10);
}

static void what_touched_a_subject_is_found_by_any_of_its_identifiers(void **state)
{
    (void)state;
    struct touch_list list;
    two_subjects();
    assert_int_equal(find(IDENT_KVK, "12345678", &list), 2);
    assert_true(list.v[0].is_perhaps && list.v[1].is_perhaps);
    assert_int_equal(list.v[0].what.event, AUDIT_EVENT_REQUEST_SENT);
    assert_int_equal(list.v[1].what.event, AUDIT_EVENT_REQUEST_CLOSED);
    assert_false(list.is_cut);
    assert_int_equal(find(IDENT_BSN, "999990019", &list), 2);
    assert_int_equal(find(IDENT_BSN, "999990020", &list), 3);
    const struct touched *t = &list.v[1];
    assert_int_equal(t->what.event, AUDIT_EVENT_RELEASE_RECEIVED);
    assert_string_equal(t->what.outcome, "released");
    assert_string_equal(t->what.peer.oin, "00000099000000004000");
    assert_int_equal(t->what.at_s, NOW + 9);
    assert_int_equal(t->what.entry.b[0], AUDIT_EVENT_RELEASE_RECEIVED);
    assert_string_equal(t->terms->rule.s, "riec.casus");
    assert_int_equal(t->terms->rule_version, 3);
    assert_int_equal(t->terms->policy.b[0], 9);
    assert_true(t->terms->is_deferred);
    assert_int_equal(t->terms->review_days, 90);
    assert_int_equal(t->terms->began_s, NOW);
}

static void nobody_else_is_found(void **state)
{
    (void)state;
    struct touch_list list;
    two_subjects();
    assert_int_equal(find(IDENT_BSN, "999990032", &list), 0);
    assert_int_equal(find(IDENT_RSIN, "999990019", &list), 0); /* the same digits of another type */
}

/* A question about a partner has the account of both: of one searched by BSN and account it is not,
 * and of one searched by the account alone it may be of another. */
static void a_shared_account_makes_nobody_another(void **state)
{
    (void)state;
    struct touch_list list;
    const struct touch_named partner[] = {named(IDENT_BSN, "999990020", 0),
                                          named(IDENT_IBAN, "NL02ABNA0123456789", 0)};
    const struct touch_named sought[] = {named(IDENT_BSN, "999990019", 0), partner[1]};
    begin(partner, 2);
    add(touch_of_request(&request), TOUCH_GROUP_ALL, AUDIT_EVENT_REQUEST_SENT, NOW);
    assert_int_equal(find_all(sought, 2, &list), 0);
    assert_int_equal(find_all(&sought[1], 1, &list), 1);
    assert_true(list.v[0].is_perhaps);
    assert_int_equal(find_all(partner, 2, &list), 1);
    assert_false(list.v[0].is_perhaps);
}

/* Both identifiers of one subject name each act once. */
static void an_act_stands_once_in_an_answer(void **state)
{
    (void)state;
    struct touch_list list;
    two_subjects();
    const struct touch_named both[] = {named(IDENT_BSN, "999990019", 0),
                                       named(IDENT_KVK, "12345678", 0)};
    assert_int_equal(find_all(both, 2, &list), 2);
}

static void of_a_thread_that_nobody_began_nothing_is_kept(void **state)
{
    (void)state;
    struct kv_table_stats stats;
    add(touch_of_item(5), TOUCH_GROUP_ALL, AUDIT_EVENT_ITEM_SHOWN, NOW);
    OK(kv_table_stats(import_store_begin(&it.s), store_kv_table(it.s.store, STORE_TOUCH), &stats));
    assert_int_equal(stats.entries, 0);
    import_store_commit(&it.s);
}

static size_t prune(int64_t now_s)
{
    size_t gone = 0;
    OK(touch_prune(it.x, import_store_begin(&it.s), now_s, 10, &gone));
    import_store_commit(&it.s);
    return gone;
}

static void at_its_end_nothing_of_it_is_left(void **state)
{
    (void)state;
    struct kv_table_stats stats;
    struct touch_list list;
    two_subjects();
    for (int i = 0; i < 600; i++) { /* more than one slice of a deletion */
        struct touch t = {.thread = touch_of_request(&request),
                          .group = 0,
                          .event = AUDIT_EVENT_RESULTS_SHOWN,
                          .at_s = NOW + i};
        OK(touch_add(it.x, import_store_begin(&it.s), &t));
        import_store_commit(&it.s);
    }
    assert_int_equal(prune(NOW + 10 * DAY_S), 0);
    assert_int_equal(find(IDENT_BSN, "999990019", &list), 602);
    assert_int_equal(prune(NOW + 10 * DAY_S + 1), 1);
    OK(kv_table_stats(import_store_begin(&it.s), store_kv_table(it.s.store, STORE_TOUCH), &stats));
    assert_int_equal(stats.entries, 0);
    import_store_commit(&it.s);
}

static bool has(struct bytes data, const char *text)
{
    return data.len > 0 && memmem(data.ptr, data.len, text, strlen(text)) != NULL;
}

/* Keys lie open; values by the agency's own key say no more. */
static void no_row_has_a_value_in_it(void **state)
{
    (void)state;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *iter = NULL;
    struct store_row row;
    size_t rows = 0;
    two_subjects();
    OK(kv_read_begin(store_kv(it.s.store), &txn));
    OK(store_iter(it.s.store, txn, STORE_TOUCH, bytes_of(NULL, 0), &iter));
    while (store_next(it.s.store, STORE_TOUCH, iter, it.arena, &row) == ERR_OK) {
        static const char *const texts[] = {"999990019", "12345678", "999990020"};
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            assert_false(has(row.key, texts[i]) || has(row.plain, texts[i]));
        rows++;
    }
    assert_int_equal(rows, 8);
}

static void a_mark_is_of_this_agency_and_stays(void **state)
{
    (void)state;
    const struct touch_mark before = mark(IDENT_BSN, "999990019");
    struct import_store other;
    struct touch_index *others = NULL;
    struct touch_mark theirs;
    const struct norm_ident id = ident(IDENT_BSN, "999990019");
    import_store_open(&other);
    OK(touch_index_new(other.store, &others));
    OK(touch_mark(others, &id, &theirs));
    assert_memory_not_equal(before.b, theirs.b, sizeof before.b);
    touch_index_free(others);
    import_store_close(&other);
    touch_index_free(it.x);
    OK(touch_index_new(it.s.store, &it.x));
    const struct touch_mark after = mark(IDENT_BSN, "999990019");
    assert_memory_equal(before.b, after.b, sizeof before.b);
}

/* What begins twice is what it was first: the notice of another epoch raises no second item. */
static void a_thread_begins_once(void **state)
{
    (void)state;
    const struct touch_named first = {mark(IDENT_BSN, "999990019"), 0, IDENT_BSN};
    const struct touch_named second = {mark(IDENT_BSN, "999990020"), 0, IDENT_BSN};
    struct touch_list list;
    begin(&first, 1);
    begin(&second, 1);
    add(touch_of_request(&request), TOUCH_GROUP_ALL, AUDIT_EVENT_REQUEST_SENT, NOW);
    assert_int_equal(find(IDENT_BSN, "999990019", &list), 1);
    assert_int_equal(find(IDENT_BSN, "999990020", &list), 0);
}

/* Between them the loop goes on; each act is found once, and nothing is left out. */
static void an_index_of_any_size_is_searched_in_slices(void **state)
{
    (void)state;
    struct touch_list list;
    struct touch t = {.group = TOUCH_GROUP_ALL, .event = AUDIT_EVENT_ITEM_SHOWN, .at_s = NOW};
    const struct touch_named both[] = {named(IDENT_BSN, "999990019", 0), named(IDENT_KVK, "12345678", 0)};
    struct kv_txn *txn = import_store_begin(&it.s);
    for (uint64_t i = 0; i < 400; i++) {
        const struct touch_start start = {.thread = touch_of_item(i),
                                          .terms = {.rule = {"riec.casus"}, .began_s = (int64_t)i, .ends_s = NOW},
                                          .named = both,
                                          .count = 2};
        OK(touch_begin(it.x, txn, &start));
        t.thread = start.thread;
        for (uint8_t k = 0; k < (i == 7 ? 200 : 2); k++) { /* one that goes on in the next slice */
            t.entry.b[0] = (uint8_t)i;
            t.entry.b[1] = (uint8_t)(i >> 8);
            t.entry.b[2] = k;
            t.at_s = NOW - (int64_t)i;
            OK(touch_add(it.x, txn, &t));
        }
    }
    import_store_commit(&it.s);
    assert_int_equal(find_all(both, 2, &list), 399 * 2 + 200);
    assert_false(list.is_cut);
    assert_in_range(slices, 3, 8);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.v[i - 1].what.at_s <= list.v[i].what.at_s);
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(list.v[i].terms->began_s, NOW - list.v[i].what.at_s);
}

static bool is_even(void *arg, const struct touched *t)
{
    (void)arg;
    return t->what.at_s % 2 == 0;
}

/* Each list has what fits it, and one that is full takes nothing from another. */
static void what_is_wanted_is_chosen(void **state)
{
    (void)state;
    struct touch_list some;
    struct touch_list even;
    const struct touch_wanted wanted[] = {{NULL, NULL, 2, &some}, {is_even, NULL, 8, &even}};
    const struct touch_named of = {mark(IDENT_BSN, "999990019"), 0, IDENT_BSN};
    const struct touch_find_params p = {it.s.store, {&of, 1}, it.arena, wanted, 2};
    CLEANUP(cleanup_touch_find_free) struct touch_finding *f = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    begin(&of, 1);
    for (int i = 0; i < 6; i++)
        add(touch_of_request(&request), TOUCH_GROUP_ALL, AUDIT_EVENT_RESULTS_SHOWN, NOW + i);
    OK(touch_find_new(&p, &f));
    OK(kv_read_begin(store_kv(it.s.store), &txn));
    OK(touch_find_step(f, txn));
    assert_true(some.is_cut && some.count == 2);
    assert_true(!even.is_cut && even.count == 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_touched_a_subject_is_found_by_any_of_its_identifiers),
        CASE(nobody_else_is_found),
        CASE(a_shared_account_makes_nobody_another),
        CASE(an_act_stands_once_in_an_answer),
        CASE(of_a_thread_that_nobody_began_nothing_is_kept),
        CASE(at_its_end_nothing_of_it_is_left),
        CASE(no_row_has_a_value_in_it),
        CASE(a_mark_is_of_this_agency_and_stays),
        CASE(a_thread_begins_once),
        CASE(an_index_of_any_size_is_searched_in_slices),
        CASE(what_is_wanted_is_chosen),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
