/* The answer of a search: one text whoever of the two prints it, what a listed officer tells apart,
 * and no text where not everything was found. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/own_log.h"
#include "agent/subject/subject_part.h"
#include "tests/unit/agent/subject/loaded_policy.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define NOW INT64_C(1780300800)
#define RULE "riec.casus.verstrekking" /* informs */
#define ARENA_BYTES ((size_t)64 << 20)

static struct policy_file *file;
static struct touch_index *touches;
static const struct roster nobody;
static struct name closed_staff[] = {{"u.jansen"}};
static struct conf_group groups[] = {{.id = {"stil"}, .staff = closed_staff, .staff_count = 1}};

const struct policy *view_policy(const struct view *v)
{
    (void)v;
    return policy_file_policy(file);
}

const struct roster *view_roster(const struct view *v)
{
    (void)v;
    return &nobody;
}

struct touch_index *own_log_index(const struct own_log *l)
{
    (void)l;
    return touches;
}

static struct {
    struct import_store s;
    struct config_agent config;
    struct agent agent;
    struct searching search;
    bool is_deferred; /* the rule of what is put */
} it;

static void look_through(void)
{
    const struct held_params p = {
        .store = it.s.store, .index = touches, .today = 1, .a = it.search.arena};
    OK(held_new(&p, &it.search.held));
    OK(held_step(it.search.held));
}

static int set_up(void **state)
{
    (void)state;
    memset(&it, 0, sizeof it);
    import_store_open(&it.s);
    OK(touch_index_new(it.s.store, &touches));
    OK(agency_id_parse(bytes_str("00000099000000005000"), &it.config.oin));
    it.config.compartments = (struct conf_groups){groups, 1};
    it.agent.config = &it.config;
    it.agent.store = it.s.store;
    it.agent.kv = store_kv(it.s.store);
    it.search.agent = &it.agent;
    it.search.arena = arena_new(ARENA_BYTES);
    it.search.now_s = NOW;
    it.search.part = 1;
    it.search.search = (struct search){
        .state = SEARCH_CONFIRMED,
        .ground = SEARCH_AVG15,
        .reference = "AVG-1",
        .first = {{"u.jansen"}, {"p1"}},
        .second = {{"u.bos"}, {"p2"}},
        .marks = {{.mark = {{9}}, .type = IDENT_BSN}},
        .mark_count = 1,
    };
    look_through();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    held_free(it.search.held);
    touch_find_free(it.search.finding);
    arena_free(it.search.arena);
    touch_index_free(touches);
    import_store_close(&it.s);
    return 0;
}

/* An item about who is sought, with so many entries. */
static void put_item(uint64_t number, const char *compartment, size_t entries)
{
    struct kv_txn *txn = import_store_begin(&it.s);
    struct touch_start start = {.thread = touch_of_item(number),
                                .terms = {.rule = {RULE}, .is_deferred = it.is_deferred, .began_s = NOW, .ends_s = NOW},
                                .named = it.search.search.marks,
                                .count = 1};
    snprintf(start.terms.compartment.s, sizeof start.terms.compartment.s, "%s", compartment);
    OK(touch_begin(touches, txn, &start));
    for (size_t i = 0; i < entries; i++) {
        struct touch t = {.thread = start.thread,
                          .group = TOUCH_GROUP_ALL,
                          .event = AUDIT_EVENT_ITEM_RAISED,
                          .at_s = NOW};
        t.entry.b[0] = (uint8_t)number;
        t.entry.b[1] = (uint8_t)(i >> 8);
        t.entry.b[2] = (uint8_t)i;
        OK(agency_id_parse(bytes_str("00000099000000004000"), &t.peer));
        OK(touch_add(touches, txn, &t));
    }
    import_store_commit(&it.s);
}

static void find(void)
{
    enum err bad;
    touch_find_free(take(it.search.finding));
    OK(search_find_begin(&it.search));
    while ((bad = search_find_step(&it.search)) == ERR_AGAIN)
        ;
    OK(bad);
}

static struct doc *answer_to(const struct search_who *who)
{
    struct doc *out = NULL;
    it.search.who = *who;
    find();
    OK(search_answer(&it.search, &out));
    return out;
}

static size_t rows_told(const struct doc *answer, const char *tell)
{
    const struct doc *rows = NULL;
    size_t n = 0;
    OK(doc_get_array(answer, "rows", &rows, NULL));
    for (size_t i = 0; i < doc_count(rows); i++) {
        struct bytes text;
        OK(doc_get_text(doc_at(rows, i), "tell", 32, &text, NULL));
        n += bytes_is(text, tell);
    }
    return n;
}

static struct bytes letter(const struct doc *answer)
{
    struct bytes text = {NULL, 0};
    OK(doc_get_text(answer, "letter_nl", (size_t)1 << 20, &text, NULL));
    return text;
}

static size_t letter_lines(const struct doc *answer)
{
    const struct bytes text = letter(answer);
    size_t n = 0;
    for (size_t i = 0; i + 1 < text.len; i++)
        n += text.ptr[i] == '\n' && text.ptr[i + 1] == '-';
    return n;
}

/* The first of the two is listed for the compartment of one item, the second is not. */
static void one_text_whoever_prints_it_and_what_is_apart_is_told(void **state)
{
    (void)state;
    put_item(1, "", 1);
    CLEANUP(cleanup_doc_free) struct doc *before = answer_to(&it.search.search.second);
    put_item(2, "stil", 1);
    CLEANUP(cleanup_doc_free) struct doc *listed = answer_to(&it.search.search.first);
    CLEANUP(cleanup_doc_free) struct doc *other = answer_to(&it.search.search.second);
    assert_int_equal(rows_told(listed, "now"), 1);
    assert_int_equal(rows_told(listed, "apart"), 1);
    assert_int_equal(rows_told(other, "now"), 1);
    assert_int_equal(rows_told(other, "apart"), 0);
    assert_true(bytes_equal(letter(listed), letter(other)));
    assert_true(bytes_equal(letter(listed), letter(before)));
}

/* What is shown has an end; the text has all that may be told, whatever else there is. */
static void more_rows_than_are_shown_are_told_all_the_same(void **state)
{
    (void)state;
    bool is_cut = false;
    put_item(1, "", SEARCH_ROWS_MAX);
    CLEANUP(cleanup_doc_free) struct doc *whole = answer_to(&it.search.search.first);
    OK(doc_get_bool(whole, "is_cut", &is_cut, NULL));
    assert_false(is_cut);
    put_item(2, "", 1);
    CLEANUP(cleanup_doc_free) struct doc *cut = answer_to(&it.search.search.first);
    OK(doc_get_bool(cut, "is_cut", &is_cut, NULL));
    assert_true(is_cut);
    assert_true(doc_has(cut, "letter_nl") && doc_has(cut, "letter_en"));
    assert_int_equal(letter_lines(cut), 2);
}

/* More than a text is made of. */
static void where_not_all_can_be_told_there_is_no_text(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        put_item(i, "", SEARCH_TOLD_MAX / 4);
    CLEANUP(cleanup_doc_free) struct doc *whole = answer_to(&it.search.search.first);
    assert_true(doc_has(whole, "letter_nl") && doc_has(whole, "letter_en"));
    put_item(9, "", 1);
    CLEANUP(cleanup_doc_free) struct doc *cut = answer_to(&it.search.search.first);
    assert_false(doc_has(cut, "letter_nl") || doc_has(cut, "letter_en"));
}

/* However much is deferred, it takes nothing from the text and adds nothing to it. */
static void what_is_deferred_takes_no_room_in_the_text(void **state)
{
    (void)state;
    put_item(1, "", 1);
    CLEANUP(cleanup_doc_free) struct doc *before = answer_to(&it.search.search.first);
    it.is_deferred = true;
    for (uint64_t i = 2; i < 7; i++)
        put_item(i, "", SEARCH_ROWS_MAX);
    CLEANUP(cleanup_doc_free) struct doc *after = answer_to(&it.search.search.first);
    assert_true(bytes_equal(letter(before), letter(after)));
}

static void a_part_that_there_is_not_is_named(void **state)
{
    (void)state;
    struct doc *out = NULL;
    put_item(1, "", 1);
    find();
    it.search.part = 2;
    assert_int_equal(search_answer(&it.search, &out), ERR_RANGE);
    assert_string_not_equal(it.search.why.text, "");
}

static int load_policy(void **state)
{
    static struct policy_text text;
    policy_text_read(&text);
    policy_text_edit_behind(&text, "  - id: " RULE, "    retention:", POLICY_INFORMS);
    file = loaded_policy(&text);
    return setup_secret_heap(state);
}

static int free_policy(void **state)
{
    (void)state;
    policy_file_free(file);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_text_whoever_prints_it_and_what_is_apart_is_told),
        CASE(more_rows_than_are_shown_are_told_all_the_same),
        CASE(where_not_all_can_be_told_there_is_no_text),
        CASE(what_is_deferred_takes_no_room_in_the_text),
        CASE(a_part_that_there_is_not_is_named),
    };
    return cmocka_run_group_tests(tests, load_policy, free_policy);
}
