/* What a party believes: adoptions that do not hold stop their own holder and nobody else. */
#include "tests/unit/pki/view_shelf.h"

/* A statement of a key that does not hold: told, and of no use to anybody. */
static void a_bad_statement_of_a_key_stops_that_key_only(void **state)
{
    (void)state;
    static struct shelf s;
    static const struct name purpose = {"riec-casus"};
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.deals[s.deal_count++] = bytes_str("no statement at all");
    struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), "dealt key 1"));
    assert_null(view_deal(v, &purpose, 1));
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

/* Both agencies adopt; nothing is wrong. */
static void each_holder_adopts_for_itself(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    assert_int_equal(of(&s, v, 0, &other_rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_WITHDRAWN);
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s.marks, NULL), ERR_OK);
    assert_int_equal(s.marks.adoption_count, 2);
    assert_int_equal(s.marks.adoptions[1].serial, 2);
    shelf_free(&s);
}

/* What lies on the shelf now is remembered. */
static void is_accepted(struct shelf *s)
{
    struct view *v = believe(s);
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s->marks, NULL), ERR_OK);
    view_free(v);
}

static void an_orphaned_adoption_stops_its_own_holder_only(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    leaves(&s, 0);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), s.w.ids[0].oin));
    assert_non_null(strstr(view_fault_at(v, 0), "no officer of the roster"));
    assert_null(view_fault_at(v, 1));
    shelf_free(&s);
}

/* Whoever left the roster is no trouble to the others, and what it said counts for nothing all the same. */
static void what_a_former_member_said_is_no_trouble(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    is_accepted(&s);
    is_no_member(&s, 0);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_null(view_fault_at(v, 0));
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    shelf_free(&s);
}

/* The same where the officer is still there and the adoption was accepted before. */
static void a_damaged_adoption_stops_its_own_holder_only(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    is_accepted(&s);
    s.adoptions[0].ptr[s.adoptions[0].len / 2] ^= 1;
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    assert_true(view_fault_count(v) >= 1);
    shelf_free(&s);
}

/* The withdrawal's officer left; what she withdrew must not come back. */
static void an_orphaned_withdrawal_revives_nothing(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    is_followed(&s, 0);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 0, &other_rule, 3, ADOPTION_STATE_ADOPTED);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 0, &other_rule), ADOPTION_ADOPTED);
    shelf_free(&s);
}

/* A file that is gone: the mark remembers it. */
static void a_missing_withdrawal_revives_nothing(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.marks.adoptions[0].holder = s.w.ids[0];
    s.marks.adoptions[0].serial = 2;
    s.marks.adoption_count = 1;
    struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    assert_non_null(strstr(view_fault_at(v, 0), "accepted before"));
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s.marks, NULL), ERR_OK);
    assert_int_equal(s.marks.adoptions[0].serial, 2);
    view_free(v);
    says(&s, 0, &rule, 3, ADOPTION_STATE_ADOPTED); /* a higher one heals */
    v = believe(&s);
    assert_non_null(
        strstr(view_fault_at(v, 0), "serial 2 is not here")); /* until 1 is taken away */
    assert_int_equal(view_fault_count(v), 1);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

/* Marks are for as many holders as a roster lists; one more is refused, whoever it is. */
static void a_holder_more_than_there_are_marks_for_is_an_error(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why = {""};
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    s.marks.adoption_count = VIEW_MARK_HOLDERS_MAX; /* of nobody */
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s.marks, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, s.w.ids[0].oin));
    assert_non_null(strstr(why.text, "1024 holders"));
    s.marks.adoptions[VIEW_MARK_HOLDERS_MAX - 1].holder = s.w.ids[0];
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s.marks, &why), ERR_OK);
    assert_int_equal(s.marks.adoptions[VIEW_MARK_HOLDERS_MAX - 1].serial, 1);
    shelf_free(&s);
}

/* Two sets of a party, one with more of it whole: it stands in for the other unless the other says what it
 * does not know. */
static void a_set_does_not_stand_in_for_one_with_a_newer_word(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    CLEANUP(cleanup_view_free) struct view *kept = believe(&s);
    s.adoptions[0].ptr[s.adoptions[0].len / 2] ^= 1;
    struct view *files = believe(&s);
    assert_int_equal(view_fault_count(files), 1);
    assert_true(view_covers(kept, files)); /* it has the damaged one whole */
    assert_false(view_covers(files, kept));
    view_free(files);
    says(&s, 1, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    files = believe(&s);
    assert_int_equal(of(&s, files, 1, &rule), ADOPTION_WITHDRAWN);
    assert_false(view_covers(kept, files));
    view_free(files);
    s.adoptions[2].ptr[s.adoptions[2].len - 1] ^= 1; /* damaged, it still names holder and serial */
    files = believe(&s);
    assert_int_equal(of(&s, files, 1, &rule), ADOPTION_ABSENT);
    assert_false(view_covers(kept, files));
    view_free(files);
    shelf_free(&s);
}

/* The same serial with another statement: the files' conflict is not settled by leaving one out. */
static void a_set_does_not_stand_in_for_one_with_another_word(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    CLEANUP(cleanup_view_free) struct view *kept = believe(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_WITHDRAWN);
    CLEANUP(cleanup_view_free) struct view *files = believe(&s);
    assert_false(view_covers(kept, files));
    assert_true(view_covers(files, kept));
    shelf_free(&s);
}

/* Somebody keeps back the second of three statements: it may have been the withdrawal of the first.
 */
static void a_gap_between_statements_revives_nothing(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 0, &other_rule, 3, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 7, ADOPTION_STATE_ADOPTED); /* alone, whatever its number */
    struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 1);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 0, &other_rule), ADOPTION_ADOPTED);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    view_free(v);
    says(&s, 0, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_WITHDRAWN);
    view_free(v);
    shelf_free(&s);
}

static void two_statements_under_one_serial_count_for_nothing(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED); /* the same again, signed again: one statement */
    struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    says(&s, 0, &rule, 1, ADOPTION_STATE_WITHDRAWN);
    v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_non_null(strstr(view_fault_at(v, 0), "twice"));
    view_free(v);
    shelf_free(&s);
}

/* Signed again is the same; other content under its serial comes from a register that was restored. */
static void a_serial_names_one_roster(void **state)
{
    (void)state;
    static struct shelf s; /* large */
    struct errmsg why = {""};
    shelf_new(&s);
    CLEANUP(cleanup_view_free) struct view *first = believe(&s);
    CLEANUP(cleanup_view_free) struct view *again = believe(&s);
    assert_int_equal(view_follows(again, view_files(first)->roster, &why), ERR_OK);
    leaves(&s, 0);
    CLEANUP(cleanup_view_free) struct view *other = believe(&s);
    assert_int_equal(view_roster(other)->serial, view_roster(first)->serial);
    assert_int_equal(view_follows(other, view_files(first)->roster, &why), ERR_CONFLICT);
    assert_non_null(strstr(why.text, "accepted before with other content"));
    shelf_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_statement_of_a_key_stops_that_key_only),
        cmocka_unit_test(each_holder_adopts_for_itself),
        cmocka_unit_test(an_orphaned_adoption_stops_its_own_holder_only),
        cmocka_unit_test(what_a_former_member_said_is_no_trouble),
        cmocka_unit_test(a_damaged_adoption_stops_its_own_holder_only),
        cmocka_unit_test(an_orphaned_withdrawal_revives_nothing),
        cmocka_unit_test(a_missing_withdrawal_revives_nothing),
        cmocka_unit_test(a_holder_more_than_there_are_marks_for_is_an_error),
        cmocka_unit_test(a_set_does_not_stand_in_for_one_with_a_newer_word),
        cmocka_unit_test(a_set_does_not_stand_in_for_one_with_another_word),
        cmocka_unit_test(a_gap_between_statements_revives_nothing),
        cmocka_unit_test(two_statements_under_one_serial_count_for_nothing),
        cmocka_unit_test(a_serial_names_one_roster),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
