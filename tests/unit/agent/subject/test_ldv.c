/* The view Logboek Dataverwerkingen: one line for each subject and act, the same person under one
 * pseudonym, nobody's name and no user, and every page once. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/subject/ldv.h"
#include "agent/subject/ldv_page.h"
#include "tests/unit/agent/subject/loaded_policy.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define NOW INT64_C(1780300800)
#define RULE "riec.casus.verstrekking"
#define TEXT_MAX ((size_t)1 << 20)

static const struct digest known_version = {{7}};
static struct policy_file *file;

const struct policy *view_known_policy(const struct view *v, const struct digest *digest)
{
    (void)v;
    return digest_equal(digest, &known_version) ? policy_file_policy(file) : NULL;
}

const struct policy *view_policy(const struct view *v)
{
    (void)v;
    return policy_file_policy(file);
}

static struct {
    struct import_store s;
    struct touch_index *x;
    struct touch_walk *walk;
    struct config_agent config;
    struct agent agent;
} it;

static struct name closed_staff[] = {{"u.jansen"}};
static struct conf_group groups[] = {{.id = {"stil"}, .staff = closed_staff, .staff_count = 1}};

static int set_up(void **state)
{
    (void)state;
    memset(&it, 0, sizeof it);
    import_store_open(&it.s);
    OK(touch_index_new(it.s.store, &it.x));
    OK(touch_walk_new(it.s.store, &it.walk));
    OK(agency_id_parse(bytes_str("00000099000000005000"), &it.config.oin));
    OK(name_parse(bytes_str("demo"), &it.config.deployment));
    it.config.compartments = (struct conf_groups){groups, 1};
    it.agent.config = &it.config;
    it.agent.store = it.s.store;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    touch_walk_free(it.walk);
    touch_index_free(it.x);
    import_store_close(&it.s);
    return 0;
}

static struct touch_named named(enum ident_type type, const char *value, uint32_t group)
{
    struct norm_ident id = {.type = type, .len = (uint8_t)strlen(value)};
    struct touch_named n = {.group = group, .type = type};
    memcpy(id.value, value, id.len);
    OK(touch_mark(it.x, &id, &n.mark));
    return n;
}

static void begin(struct touch_thread thread, const struct touch_named *subjects, size_t count,
                  const char *compartment)
{
    struct touch_start start = {
        .thread = thread,
        .terms = {.rule = {RULE},
                  .rule_version = 3,
                  .policy = known_version,
                  .began_s = NOW,
                  .ends_s = NOW},
        .named = subjects,
        .count = count,
    };
    snprintf(start.terms.compartment.s, sizeof start.terms.compartment.s, "%s", compartment);
    OK(touch_begin(it.x, import_store_begin(&it.s), &start));
    import_store_commit(&it.s);
}

static void add(struct touch_thread thread, uint32_t group, enum audit_event event, int64_t at_s)
{
    struct touch t = {.thread = thread, .group = group, .event = event, .at_s = at_s};
    t.entry.b[0] = (uint8_t)event;
    OK(agency_id_parse(bytes_str("00000099000000004000"), &t.peer));
    OK(touch_add(it.x, import_store_begin(&it.s), &t));
    import_store_commit(&it.s);
}

static const struct request_id first = {{1}};
static const struct request_id second = {{2}};

/* Two questions and an item: subject A in all three, B in the first, C in the second. */
static void fill(void)
{
    const struct touch_named a_and_b[] = {named(IDENT_KVK, "12345678", 0),
                                          named(IDENT_BSN, "999990019", 0),
                                          named(IDENT_BSN, "999990020", 1)};
    const struct touch_named a_and_c[] = {named(IDENT_BSN, "999990019", 0),
                                          named(IDENT_KVK, "87654321", 1)};
    const struct touch_named a = named(IDENT_BSN, "999990019", 0);
    begin(touch_of_request(&first), a_and_b, 3, "");
    begin(touch_of_request(&second), a_and_c, 2, "");
    begin(touch_of_item(4), &a, 1, "stil");
    add(touch_of_request(&first), TOUCH_GROUP_ALL, AUDIT_EVENT_REQUEST_SENT, NOW + 1);
    add(touch_of_request(&first), 1, AUDIT_EVENT_RELEASE_RECEIVED, NOW + 5);
    add(touch_of_request(&second), TOUCH_GROUP_ALL, AUDIT_EVENT_REQUEST_SENT, NOW + 2);
    add(touch_of_item(4), TOUCH_GROUP_ALL, AUDIT_EVENT_ITEM_RAISED, NOW + 3);
}

static struct doc *view(const char *staff, size_t most, const struct bodies_filter *filter,
                        unsigned *pages)
{
    static const struct bodies_filter everything;
    struct ldv_page p = {.agent = &it.agent,
                         .walk = it.walk,
                         .most = most,
                         .lines = doc_new_array(),
                         .filter = filter != NULL ? filter : &everything};
    struct doc *all = doc_new_array();
    OK(name_parse(bytes_str(staff), &p.staff));
    *pages = 0;
    while (!p.is_over) {
        CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
        OK(kv_read_begin(store_kv(it.s.store), &txn));
        OK(ldv_page_read(&p, txn));
        for (size_t i = 0; i < doc_count(p.lines); i++)
            OK(doc_append(all, doc_copy(doc_at(p.lines, i))));
        doc_free(p.lines);
        p.lines = doc_new_array();
        ++*pages;
        assert_true(*pages < 50);
    }
    doc_free(p.lines);
    return all;
}

static struct bytes text_of(const struct doc *line, const char *key)
{
    struct bytes out = {NULL, 0};
    OK(doc_get_text(line, key, 512, &out, NULL));
    return out;
}

static struct bytes attribute(const struct doc *line, const char *key)
{
    const struct doc *attributes = NULL;
    OK(doc_get_object(line, "attributes", &attributes, NULL));
    return text_of(attributes, key);
}

static void each_subject_of_each_act_has_a_line_of_its_own(void **state)
{
    (void)state;
    unsigned pages = 0;
    fill();
    CLEANUP(cleanup_doc_free) struct doc *all = view("u.jansen", 1000, NULL, &pages);
    assert_int_equal(doc_count(all), 6);
    assert_int_equal(pages, 1);
    size_t of_a = 0;
    const struct bytes a = attribute(doc_at(all, 0), "dpl.core.data_subject_id");
    for (size_t i = 0; i < 6; i++)
        of_a += bytes_equal(attribute(doc_at(all, i), "dpl.core.data_subject_id"), a);
    assert_int_equal(of_a, 3); /* by the BSN, also where a weaker one stands before it */
    assert_true(
        bytes_is(attribute(doc_at(all, 0), "dpl.core.data_subject_id_type"), "pseudonym/bsn"));
}

/* Whatever fits on a page, each line comes once. */
static void every_page_goes_on_where_the_last_one_ended(void **state)
{
    (void)state;
    unsigned pages = 0;
    fill();
    for (size_t most = 1; most <= 7; most++) {
        CLEANUP(cleanup_doc_free) struct doc *all = view("u.jansen", most, NULL, &pages);
        assert_int_equal(doc_count(all), 6);
        for (size_t i = 0; i < 6; i++)
            for (size_t k = 0; k < i; k++)
                assert_false(bytes_equal(text_of(doc_at(all, i), "span_id"),
                                         text_of(doc_at(all, k), "span_id")));
        if (most == 1)
            assert_true(pages >= 5);
    }
}

/* One thread of very many looks: neither is it left out nor does it stop the view, and its first
 * act is the parent of all others. */
static void a_thread_of_any_length_goes_on_over_pages(void **state)
{
    (void)state;
    const size_t looks = WALK_ENTRIES_MAX + 3;
    const struct touch_named a = named(IDENT_BSN, "999990019", 0);
    unsigned pages = 0;
    size_t without_parent = 0;
    begin(touch_of_request(&first), &a, 1, "");
    struct kv_txn *txn = import_store_begin(&it.s);
    for (size_t i = 0; i < looks; i++) {
        struct touch t = {.thread = touch_of_request(&first),
                          .group = TOUCH_GROUP_ALL,
                          .event = AUDIT_EVENT_RESULTS_SHOWN,
                          .at_s = NOW + (int64_t)(i / 2)};
        t.entry.b[0] = (uint8_t)(i >> 8);
        t.entry.b[1] = (uint8_t)i;
        OK(touch_add(it.x, txn, &t));
    }
    import_store_commit(&it.s);
    fill(); /* the first question has begun already; the others stand behind it */
    CLEANUP(cleanup_doc_free) struct doc *all = view("u.jansen", 1, NULL, &pages);
    assert_int_equal(doc_count(all), looks + 4);
    for (size_t i = 0; i < looks; i++) {
        without_parent += !doc_has(doc_at(all, i), "parent_span_id");
        assert_true(
            bytes_equal(text_of(doc_at(all, i), "trace_id"), text_of(doc_at(all, 0), "trace_id")));
        if (i > 0)
            assert_true(bytes_equal(text_of(doc_at(all, i), "parent_span_id"),
                                    text_of(doc_at(all, 0), "span_id")));
    }
    assert_int_equal(without_parent, 1);
}

static void a_compartment_is_closed_to_who_is_not_listed(void **state)
{
    (void)state;
    unsigned pages = 0;
    fill();
    CLEANUP(cleanup_doc_free) struct doc *all = view("u.bos", 1, NULL, &pages);
    assert_int_equal(doc_count(all), 5);
    for (size_t i = 0; i < 5; i++)
        assert_false(bytes_is(text_of(doc_at(all, i), "name"), "item.raised"));
}

/* By the rule when the question came, and by the rule now. */
static void a_compartment_of_the_rule_now_is_closed_too(void **state)
{
    (void)state;
    unsigned pages = 0;
    const struct touch_named a = named(IDENT_BSN, "999990019", 0);
    begin(touch_of_item(5), &a, 1, "");
    add(touch_of_item(5), TOUCH_GROUP_ALL, AUDIT_EVENT_ITEM_RAISED, NOW);
    CLEANUP(cleanup_doc_free) struct doc *seen = view("u.jansen", 1000, NULL, &pages);
    CLEANUP(cleanup_doc_free) struct doc *none = view("u.bos", 1000, NULL, &pages);
    assert_int_equal(doc_count(seen), 1);
    assert_int_equal(doc_count(none), 0);
}

static void it_is_narrowed_by_time_and_event(void **state)
{
    (void)state;
    unsigned pages = 0;
    struct bodies_filter f = {.event = {"request.sent"}, .since_s = NOW + 2, .until_s = NOW + 3};
    fill();
    CLEANUP(cleanup_doc_free) struct doc *sent = view("u.jansen", 1000, &f, &pages);
    assert_int_equal(doc_count(sent), 2);
    f.until_s = NOW + 2; /* not included */
    CLEANUP(cleanup_doc_free) struct doc *none = view("u.jansen", 1000, &f, &pages);
    assert_int_equal(doc_count(none), 0);
    f = (struct bodies_filter){.rule = {"another.rule"}};
    CLEANUP(cleanup_doc_free) struct doc *other = view("u.jansen", 1000, &f, &pages);
    assert_int_equal(doc_count(other), 0);
}

/* Exactly the members of the view, in their order. */
static void a_line_has_the_members_of_the_view_and_no_other(void **state)
{
    (void)state;
    unsigned pages = 0;
    fill();
    CLEANUP(cleanup_doc_free) struct doc *all = view("u.jansen", 1000, NULL, &pages);
    CLEANUP(buf_free) struct buf text = buf_new(TEXT_MAX);
    OK(doc_write(doc_at(all, 2), &text)); /* B's answer */
    static const char *const members[] = {
        "{\"trace_id\":\"",
        "\"span_id\":\"",
        "\"parent_span_id\":\"",
        "\"status\":\"",
        "\"name\":\"release.received\"",
        "\"start_time\":1780300805000",
        "\"end_time\":1780300805000",
        "\"resource\":{\"attributes\":{\"service.name\":\"sluis-agent\",\"service.namespace\":"
        "\"00000099000000005000\"}}",
        "\"attributes\":{\"dpl.core.processing_activity_id\":\"https://register.example/verwerking/"
        "riec-casus#" RULE ".v3\"",
        "\"dpl.core.data_subject_id\":\"",
        "\"dpl.core.data_subject_id_type\":\"pseudonym/bsn\"",
        "\"dpl.core.foreign_operation.processor\":\"00000099000000004000\"}}"};
    const char *at = buf_text(&text);
    size_t colons = 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        at = strstr(at, members[i]);
        if (at == NULL)
            fail_msg("no %s in its place in %s", members[i], buf_text(&text));
    }
    for (const char *c = buf_text(&text); (c = strstr(c, "\":")) != NULL; c++)
        colons++;
    assert_int_equal(colons, 16);
}

/* Neither an identifier nor its mark: whoever has a line and the store without its key learns
 * nothing more. */
static void no_line_has_an_identifier_or_a_mark(void **state)
{
    (void)state;
    unsigned pages = 0;
    char hex[2 * TOUCH_MARK_BYTES + 1];
    fill();
    CLEANUP(cleanup_doc_free) struct doc *all = view("u.jansen", 1000, NULL, &pages);
    CLEANUP(buf_free) struct buf text = buf_new(TEXT_MAX);
    OK(doc_write(all, &text));
    const struct touch_named a = named(IDENT_BSN, "999990019", 0);
    for (size_t i = 0; i < TOUCH_MARK_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", a.mark.b[i]);
    static const char *const values[] = {"999990019", "999990020", "12345678",
                                         "87654321",  "staff",     "actor"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_null(strstr(buf_text(&text), values[i]));
    assert_null(strstr(buf_text(&text), hex));
}

static void ids_are_the_same_each_time_and_join_a_question(void **state)
{
    (void)state;
    unsigned pages = 0;
    fill();
    CLEANUP(cleanup_doc_free) struct doc *all = view("u.jansen", 1000, NULL, &pages);
    CLEANUP(cleanup_doc_free) struct doc *again = view("u.jansen", 2, NULL, &pages);
    CLEANUP(buf_free) struct buf one = buf_new(TEXT_MAX);
    CLEANUP(buf_free) struct buf two = buf_new(TEXT_MAX);
    OK(doc_write(all, &one));
    OK(doc_write(again, &two));
    assert_string_equal(buf_text(&one), buf_text(&two));
    /* 0: A of the first question; 1, 2: B of it, sent and received; 3: A of the second */
    assert_true(
        bytes_equal(text_of(doc_at(all, 0), "trace_id"), text_of(doc_at(all, 2), "trace_id")));
    assert_false(
        bytes_equal(text_of(doc_at(all, 0), "trace_id"), text_of(doc_at(all, 3), "trace_id")));
    assert_true(
        bytes_equal(text_of(doc_at(all, 2), "parent_span_id"), text_of(doc_at(all, 1), "span_id")));
    assert_false(doc_has(doc_at(all, 1), "parent_span_id"));
}

static void an_unknown_version_of_the_policy_has_a_name_of_its_own(void **state)
{
    (void)state;
    struct walk_thread t = {.terms = {.rule = {RULE}, .rule_version = 2, .policy = {{9}}}};
    struct walk_subject s = {.type = IDENT_BSN};
    struct touch e = {.event = AUDIT_EVENT_ITEM_SHOWN, .group = TOUCH_GROUP_ALL};
    CLEANUP(cleanup_doc_free) struct doc *line = NULL;
    t.entries = &e;
    t.entry_count = 1;
    const struct ldv l = {&it.config.oin, &it.config.deployment, NULL, &t, touch_walk_ids(it.walk)};
    OK(ldv_line(&l, &s, 0, &line));
    assert_true(bytes_is(attribute(line, "dpl.core.processing_activity_id"),
                         "urn:sluis:demo:rule:" RULE ":v2"));
    const struct doc *attributes = NULL;
    OK(doc_get_object(line, "attributes", &attributes, NULL));
    assert_false(doc_has(attributes, "dpl.core.foreign_operation.processor"));
}

/* Whoever handled an item, or asked, knows the id of its thread, and knows nothing by it: at
 * another agency, which has another key, the same thread has other ids. */
static void ids_are_of_this_agencys_key(void **state)
{
    (void)state;
    struct import_store other;
    struct touch_walk *theirs = NULL;
    struct walk_thread t = {.thread = touch_of_item(17),
                            .terms = {.rule = {RULE}, .rule_version = 2}};
    struct walk_subject s = {.type = IDENT_BSN};
    struct touch e = {.event = AUDIT_EVENT_ITEM_SHOWN, .group = TOUCH_GROUP_ALL};
    CLEANUP(cleanup_doc_free) struct doc *one = NULL;
    CLEANUP(cleanup_doc_free) struct doc *two = NULL;
    t.entries = &e;
    t.entry_count = 1;
    import_store_open(&other);
    OK(touch_walk_new(other.store, &theirs));
    const struct ldv here = {&it.config.oin, &it.config.deployment, NULL, &t,
                             touch_walk_ids(it.walk)};
    const struct ldv there = {&it.config.oin, &it.config.deployment, NULL, &t,
                              touch_walk_ids(theirs)};
    OK(ldv_line(&here, &s, 0, &one));
    OK(ldv_line(&there, &s, 0, &two));
    assert_false(bytes_equal(text_of(one, "trace_id"), text_of(two, "trace_id")));
    assert_false(bytes_equal(text_of(one, "span_id"), text_of(two, "span_id")));
    touch_walk_free(theirs);
    import_store_close(&other);
}

static void a_refusal_is_no_error(void **state)
{
    (void)state;
    static const struct {
        enum audit_event event;
        const char *outcome;
        const char *status;
    } cases[] = {
        {AUDIT_EVENT_RELEASE_RECEIVED, "released", "Ok"},
        {AUDIT_EVENT_RELEASE_RECEIVED, "refused", "Unset"},
        {AUDIT_EVENT_RELEASE_RECEIVED, "waits", "Unset"},
        {AUDIT_EVENT_RELEASE_RECEIVED, "rejected", "Error"},
        {AUDIT_EVENT_REQUEST_REFUSED, "", "Unset"},
        {AUDIT_EVENT_CONSENT_REFUSED, "release", "Unset"},
        {AUDIT_EVENT_REQUEST_CLOSED, "", "Unset"},
        {AUDIT_EVENT_ITEM_CLOSED, "", "Unset"},
        {AUDIT_EVENT_DECISION_STOPPED, "waits", "Unset"},
        {AUDIT_EVENT_DECISION_SIGNED, "refuse", "Ok"},
        {AUDIT_EVENT_CONSENT_ACCEPTED, "release", "Ok"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct touch t = {.event = cases[i].event};
        snprintf(t.outcome, sizeof t.outcome, "%s", cases[i].outcome);
        assert_string_equal(ldv_status(&t), cases[i].status);
    }
}

static int load_policy(void **state)
{
    static struct policy_text text;
    policy_text_read(&text);
    policy_text_edit_behind(&text, "  - id: " RULE, "kind: four_eyes",
                            "compartment: stil\n        kind: four_eyes");
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
        CASE(each_subject_of_each_act_has_a_line_of_its_own),
        CASE(every_page_goes_on_where_the_last_one_ended),
        CASE(a_thread_of_any_length_goes_on_over_pages),
        CASE(a_compartment_is_closed_to_who_is_not_listed),
        CASE(a_compartment_of_the_rule_now_is_closed_too),
        CASE(it_is_narrowed_by_time_and_event),
        CASE(a_line_has_the_members_of_the_view_and_no_other),
        CASE(no_line_has_an_identifier_or_a_mark),
        CASE(ids_are_the_same_each_time_and_join_a_question),
        CASE(an_unknown_version_of_the_policy_has_a_name_of_its_own),
        CASE(a_refusal_is_no_error),
        CASE(ids_are_of_this_agencys_key),
    };
    return cmocka_run_group_tests(tests, load_policy, free_policy);
}
