/* Facts in flat form: what goes out comes back the same, and nothing else comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/policy/facts.h"

static struct facts sample(void)
{
    struct facts f;
    memset(&f, 0, sizeof f);
    f.now = (struct fact_int){-5, PROVENANCE_JUDGED};
    f.requester = (struct fact_oin){{"00000099000000002000"}, PROVENANCE_JUDGED};
    f.purpose = (struct fact_name){{"riec-casus"}, PROVENANCE_ASSERTED};
    f.process = (struct fact_process){PROCESS_CASE_HIT, PROVENANCE_JUDGED};
    f.adoption = (struct fact_adoption){ADOPTION_WITHDRAWN, PROVENANCE_JUDGED};
    f.case_state = (struct fact_case_state){CASE_WORK_UP_3, PROVENANCE_ASSERTED};
    f.holder_regime = (struct fact_regime){REGIME_WPG, PROVENANCE_JUDGED};
    f.concrete_signal = (struct fact_bool){true, PROVENANCE_JUDGED};
    f.identifiers.by = PROVENANCE_JUDGED;
    f.norm_versions.by = PROVENANCE_JUDGED;
    f.fields.by = PROVENANCE_JUDGED;
    assert_int_equal(facts_add_identifiers(&f, IDENT_BSN, 3, 1), ERR_OK);
    assert_int_equal(facts_add_identifiers(&f, IDENT_IMEI, UINT32_MAX, 2), ERR_OK);
    assert_int_equal(facts_add_field(&f, &(struct name){"soort"}), ERR_OK);
    assert_int_equal(facts_add_field(&f, &(struct name){"werkgever"}), ERR_OK);
    return f;
}

static void test_pairs_come_back_the_same(void **state)
{
    (void)state;
    static struct fact_pairs pairs;
    struct errmsg why = {.text = ""};
    struct facts f = sample();
    struct facts back;
    facts_to_pairs(&f, &pairs);
    assert_int_equal(pairs.count, 11);
    assert_int_equal(facts_from_pairs(&back, pairs.pair, pairs.count, &why), ERR_OK);
    assert_memory_equal(&f, &back, sizeof f);
}

static void test_each_fact_has_one_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        enum fact_id back = FACT_COUNT;
        assert_int_equal(fact_parse(bytes_str(fact_name_of((enum fact_id)i)), &back), ERR_OK);
        assert_int_equal(back, i);
    }
    enum fact_id none;
    assert_int_equal(fact_parse(bytes_str("weather"), &none), ERR_UNKNOWN);
}

static char too_long[1][FACT_TEXT_SIZE] = {"bsn=4294967296"};
static char twice[2][FACT_TEXT_SIZE] = {"bsn=1", "bsn=2"};
static char zero[1][FACT_TEXT_SIZE] = {"bsn=0"};
static char strange[1][FACT_TEXT_SIZE] = {"dna=1"};
static char bare[1][FACT_TEXT_SIZE] = {"bsn"};
static char same[2][FACT_TEXT_SIZE] = {"soort", "soort"};

#define J .by = PROVENANCE_JUDGED
#define LIST(n, l, c)                                                                              \
    {                                                                                              \
        .name = (n), J, .kind = FACT_VALUE_LIST, .list = (l), .list_count = (c)                    \
    }

static void test_bad_pairs_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct fact_pair pair;
        enum err expected;
    } rows[] = {
        {{.name = "weather", J, .kind = FACT_VALUE_INT}, ERR_UNKNOWN},
        {{.name = "now", .kind = FACT_VALUE_INT}, ERR_INVALID},
        {{.name = "now", J, .kind = FACT_VALUE_TEXT, .text = "1"}, ERR_INVALID},
        {{.name = "process", J, .kind = FACT_VALUE_TEXT, .text = "dance"}, ERR_UNKNOWN},
        {{.name = "requester", J, .kind = FACT_VALUE_TEXT, .text = "1"}, ERR_INVALID},
        {{.name = "purpose", J, .kind = FACT_VALUE_TEXT, .text = ""}, ERR_INVALID},
        {{.name = "control_data", J, .kind = FACT_VALUE_BOOL, .number = 2}, ERR_RANGE},
        {LIST("identifiers", too_long, 1), ERR_RANGE},
        {LIST("identifiers", twice, 2), ERR_DUPLICATE},
        {LIST("identifiers", zero, 1), ERR_RANGE},
        {LIST("identifiers", strange, 1), ERR_UNKNOWN},
        {LIST("identifiers", bare, 1), ERR_INVALID},
        {LIST("fields", same, 2), ERR_DUPLICATE},
        {LIST("fields", same, FACTS_NAMES_MAX + 1), ERR_TOO_LARGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct facts f;
        struct errmsg why = {.text = ""};
        memset(&f, 0, sizeof f);
        assert_int_equal(facts_from_pair(&f, &rows[i].pair, &why), rows[i].expected);
        assert_true(why.text[0] != '\0');
    }
}

static void test_a_fact_twice_is_refused(void **state)
{
    (void)state;
    const struct fact_pair pairs[] = {
        {.name = "now", J, .kind = FACT_VALUE_INT, .number = 1},
        {.name = "now", J, .kind = FACT_VALUE_INT, .number = 1},
    };
    struct facts f;
    struct errmsg why;
    assert_int_equal(facts_from_pairs(&f, pairs, 2, &why), ERR_DUPLICATE);
}

static void test_counts_saturate_and_lists_end(void **state)
{
    (void)state;
    struct facts f = sample();
    assert_int_equal(facts_add_identifiers(&f, IDENT_IMEI, 5, 2), ERR_OK);
    assert_int_equal(f.identifiers.v[IDENT_IMEI], UINT32_MAX);
    assert_int_equal(facts_add_identifiers(&f, IDENT_TYPE_COUNT, 1, 1), ERR_UNKNOWN);
    while (f.fields.count < FACTS_NAMES_MAX)
        assert_int_equal(facts_add_field(&f, &(struct name){"x"}), ERR_OK);
    assert_int_equal(facts_add_field(&f, &(struct name){"x"}), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_come_back_the_same),
        cmocka_unit_test(test_each_fact_has_one_name),
        cmocka_unit_test(test_bad_pairs_are_refused),
        cmocka_unit_test(test_a_fact_twice_is_refused),
        cmocka_unit_test(test_counts_saturate_and_lists_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
