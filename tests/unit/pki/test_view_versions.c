/* What a party believes of several versions of the policy, and of adoptions across them. */
#include "tests/unit/pki/view_shelf.h"

#define SAME_PERIOD "valid: {from: 2025-03-01, until: 2035-03-01}"
#define LIMIT "requests_per_day_officer: 200"

/* Under which policy something that named a digest is judged. */
static enum err for_asked(const struct view *v, const struct digest *named,
                          const struct name *about, int64_t issued_s, struct errmsg *why)
{
    const struct policy *p = NULL;
    const struct view_asked asked = {named, about, issued_s};
    *why = (struct errmsg){""};
    return view_policy_for(v, &asked, &p, why);
}

/* Whether the first holder has adopted the rule for what was asked then under that version. */
static enum adoption under(const struct shelf *s, const struct view *v, const struct digest *named,
                           int64_t issued_s)
{
    const struct view_asked asked = {named, &rule, issued_s};
    return view_adoption_under(v, &asked, &s->w.ids[0]);
}

static int64_t moment_of(const char *text)
{
    int64_t s = 0;
    assert_int_equal(when_parse(bytes_str(text), &s), ERR_OK);
    return s;
}

/* The second version, the same but for its beginning. */
static struct digest version_from(struct shelf *s, int64_t from_s)
{
    char text[WHEN_TEXT_SIZE];
    char valid[128];
    when_text(from_s, text);
    struct buf b = buf_fixed(valid, sizeof valid);
    buf_printf(&b, "valid: {from: %s, until: 2035-03-01}", text);
    return version(s, 2, buf_text(&b), LIMIT, LIMIT);
}

/* The highest serial whose moment has come; until then it is announced and nothing else. */
static void a_version_comes_in_force_at_its_moment(void **state)
{
    (void)state;
    static struct shelf s;
    struct view_announced n;
    struct errmsg why;
    shelf_new(&s);
    const int64_t from_s = FIX_NOW + 3600;
    const struct digest later = version_from(&s, from_s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 1);
    assert_int_equal(view_announced_count(v), 1);
    assert_true(view_announced_at(v, 0, &n) && n.serial == 2 && n.from_s == from_s);
    assert_true(digest_equal(&n.digest, &later));
    assert_false(view_announced_at(v, 1, &n));
    assert_int_equal(view_next_s(v), from_s);
    assert_int_equal(for_asked(v, &later, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "not in force yet"));
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s.marks, NULL), ERR_OK);
    assert_int_equal(s.marks.policy_serial, 1);
    view_free(v);
    s.now_s = from_s - 1;
    v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 1);
    view_free(v);
    s.now_s = from_s;
    v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 2);
    assert_int_equal(view_announced_count(v), 0);
    assert_int_equal(view_next_s(v), 0);
    assert_int_equal(view_files(v)->version_count, 1);
    assert_int_equal(view_files(v)->versions[0].ended_s, from_s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT); /* it adopted the first */
    assert_int_equal(under(&s, v, &s.digest, FIX_NOW), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

static void what_was_asked_finishes_unless_its_rule_was_narrowed(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    (void)version(&s, 2, SAME_PERIOD,
                  "  - id: riec.casus.hitnohit\n    version: 1\n    status: adopted",
                  "  - id: riec.casus.hitnohit\n    version: 1\n    status: withdrawn");
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 2);
    assert_int_equal(for_asked(v, view_policy_digest(v), &rule, FIX_NOW, &why), ERR_OK);
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), ERR_OK);
    assert_int_equal(for_asked(v, &s.digest, &other_rule, FIX_NOW, &why), ERR_BEHIND);
    assert_non_null(strstr(why.text, "narrowed by policy serial 2"));
    /* asked after it had ended here, or before it began: nobody could */
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW + 301, &why), ERR_NOT_FOUND);
    assert_int_equal(for_asked(v, &s.digest, &rule, moment_of("2025-02-28T23:00:00Z"), &why),
                     ERR_NOT_FOUND);
    struct digest unknown = s.digest;
    unknown.b[0] ^= 1;
    assert_int_equal(for_asked(v, &unknown, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

static void a_file_that_ends_earlier_narrows_every_rule(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    (void)version(&s, 2, "valid: {from: 2025-03-01, until: 2034-03-01}", LIMIT, LIMIT);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), ERR_BEHIND);
    shelf_free(&s);
}

/* A withdrawal under a later version ends what was asked under an earlier one; to adopt again
 * revives nothing. */
static void a_withdrawal_reaches_back(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    const struct digest first = s.digest;
    const struct digest second = version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.digest = second;
    says(&s, 0, &rule, 2, ADOPTION_STATE_ADOPTED);
    struct view *v = believe(&s);
    assert_int_equal(under(&s, v, &first, FIX_NOW), ADOPTION_ADOPTED);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    says(&s, 0, &rule, 3, ADOPTION_STATE_WITHDRAWN);
    v = believe(&s);
    assert_int_equal(under(&s, v, &first, FIX_NOW), ADOPTION_WITHDRAWN);
    assert_int_equal(under(&s, v, &second, FIX_NOW), ADOPTION_WITHDRAWN);
    view_free(v);
    says(&s, 0, &rule, 4, ADOPTION_STATE_ADOPTED);
    v = believe(&s);
    assert_int_equal(under(&s, v, &first, FIX_NOW), ADOPTION_WITHDRAWN);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

/* A holder that adopted the next version already and withdraws the rule in the one in force has
 * withdrawn it in both; one that withdraws the next only has it still. */
static void a_withdrawal_reaches_forward(void **state)
{
    (void)state;
    static struct shelf s;
    const int64_t from_s = FIX_NOW + 3600;
    shelf_new(&s);
    const struct digest first = s.digest;
    const struct digest next = version_from(&s, from_s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.digest = next;
    says(&s, 0, &rule, 2, ADOPTION_STATE_ADOPTED);
    s.digest = first;
    says(&s, 0, &rule, 3, ADOPTION_STATE_WITHDRAWN);
    s.now_s = from_s;
    struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 2);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_WITHDRAWN);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ABSENT);
    view_free(v);
    says(&s, 0, &rule, 4, ADOPTION_STATE_ADOPTED);
    s.digest = next;
    says(&s, 0, &rule, 5, ADOPTION_STATE_WITHDRAWN);
    s.now_s = from_s - 1;
    v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    s.now_s = from_s;
    v = believe(&s);
    assert_int_equal(under(&s, v, &first, from_s - 1), ADOPTION_WITHDRAWN);
    view_free(v);
    shelf_free(&s);
}

/* What was asked before a withdrawal has ended, what was asked after the rule was adopted again has
 * not. */
static void to_adopt_again_resumes_nothing(void **state)
{
    (void)state;
    static struct shelf s;
    shelf_new(&s);
    says_at(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED, FIX_NOW - 100);
    says_at(&s, 0, &rule, 2, ADOPTION_STATE_WITHDRAWN, FIX_NOW - 50);
    says_at(&s, 0, &rule, 3, ADOPTION_STATE_ADOPTED, FIX_NOW - 10);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    assert_int_equal(under(&s, v, &s.digest, FIX_NOW - 60), ADOPTION_WITHDRAWN);
    assert_int_equal(under(&s, v, &s.digest, FIX_NOW - 50), ADOPTION_WITHDRAWN);
    assert_int_equal(under(&s, v, &s.digest, FIX_NOW - 9), ADOPTION_ADOPTED);
    shelf_free(&s);
}

/* A third version that permits again what the second took away; the second began, or never did. */
static void to_widen_again_revives_nothing(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why;
    const struct {
        const char *valid;
        int64_t ended_s; /* of the second */
        enum err for_first;
    } rows[] = {
        {SAME_PERIOD, 0, ERR_BEHIND},
        {"valid: {from: 2026-03-01, until: 2035-03-01}", FIX_NOW, ERR_OK}, /* taken back before */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        shelf_new(&s);
        (void)version(&s, 2, rows[i].valid, LIMIT, "requests_per_day_officer: 1");
        s.versions[0].ended_s = rows[i].ended_s;
        (void)version(&s, 3, SAME_PERIOD, LIMIT, LIMIT);
        CLEANUP(cleanup_view_free) struct view *v = believe(&s);
        assert_int_equal(view_policy(v)->serial, 3);
        assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), rows[i].for_first);
        shelf_free(&s);
    }
}

static void two_contents_under_one_serial_are_refused(void **state)
{
    (void)state;
    static struct shelf s;
    struct view *v = NULL;
    struct errmsg why = {""};
    shelf_new(&s);
    (void)version(&s, 1, SAME_PERIOD, LIMIT, "requests_per_day_officer: 201");
    assert_int_equal(judge(&s, &v, &why), ERR_CONFLICT);
    assert_non_null(strstr(why.text, "serial 1 was verified here before with other content"));
    shelf_free(&s);
}

/* The mark is of the version in force, and neither the file nor what would be in force is below it.
 */
static void nothing_below_the_mark_comes_back(void **state)
{
    (void)state;
    static struct shelf s;
    struct view *v = NULL;
    struct errmsg why = {""};
    shelf_new(&s);
    (void)version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    s.marks.policy_serial = 2;
    assert_int_equal(judge(&s, &v, &why), ERR_BEHIND); /* the file is the first */
    s.marks.policy_serial = 1;
    v = believe(&s);
    assert_int_equal(view_raise_marks(v, FIX_NOW, &s.marks, NULL), ERR_OK);
    assert_int_equal(s.marks.policy_serial, 2);
    view_free(v);
    shelf_free(&s);
}

/* One that is kept and whose signatures do not hold is told, and counts for nothing. */
static void a_version_that_does_not_verify_is_none(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    const struct digest second = version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    s.versions[0].signature_count = 1;
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 1);
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), "version of the policy 1"));
    assert_int_equal(for_asked(v, &second, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

/* Of a signer that is pinned no more: it counts for nothing, as the operator wanted, and is no trouble. */
static void a_version_whose_signer_is_pinned_no_more_is_no_trouble(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    const struct digest second = version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    is_signed_anew(&s);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(for_asked(v, &second, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

static void the_oldest_versions_go(void **state)
{
    (void)state;
    static struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    for (uint64_t serial = 2; serial <= 19; serial++)
        (void)version(&s, serial, SAME_PERIOD, LIMIT, LIMIT);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 19);
    assert_int_equal(view_files(v)->version_count, 16);
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

static void a_version_travels_with_its_signatures(void **state)
{
    (void)state;
    const struct bytes signatures[2] = {bytes_str("one"), bytes_str("two")};
    const struct view_version v = {bytes_str("policy"), signatures, 2, 0};
    struct view_version again;
    CLEANUP(buf_free) struct buf b = buf_new(256);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    assert_int_equal(view_version_encode(&v, &b), ERR_OK);
    assert_int_equal(view_version_decode(buf_bytes(&b), a, &again), ERR_OK);
    assert_true(bytes_equal(again.policy, v.policy));
    assert_int_equal(again.signature_count, 2);
    assert_true(bytes_equal(again.signatures[1], signatures[1]));
    for (size_t n = 0; n < b.len; n++) {
        enum err e = view_version_decode(bytes_of(b.ptr, n), a, &again);
        const bool is_whole = n == 10 || n == 17; /* of fewer signatures */
        assert_int_equal(e == ERR_OK, is_whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_comes_in_force_at_its_moment),
        cmocka_unit_test(what_was_asked_finishes_unless_its_rule_was_narrowed),
        cmocka_unit_test(a_file_that_ends_earlier_narrows_every_rule),
        cmocka_unit_test(a_withdrawal_reaches_back),
        cmocka_unit_test(a_withdrawal_reaches_forward),
        cmocka_unit_test(to_adopt_again_resumes_nothing),
        cmocka_unit_test(to_widen_again_revives_nothing),
        cmocka_unit_test(two_contents_under_one_serial_are_refused),
        cmocka_unit_test(nothing_below_the_mark_comes_back),
        cmocka_unit_test(a_version_that_does_not_verify_is_none),
        cmocka_unit_test(a_version_whose_signer_is_pinned_no_more_is_no_trouble),
        cmocka_unit_test(the_oldest_versions_go),
        cmocka_unit_test(a_version_travels_with_its_signatures),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
