/* The evaluator against a second one, written from the text of docs/policy.md. SLUIS_TEST_SEED
 * chooses the rounds, SLUIS_TEST_ROUNDS how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/support/policy_compare.h"
#include "tests/support/policy_reference.h"

#define ROUNDS 60000
#define INPUT_MAX 96

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static void test_both_evaluators_agree(void **state)
{
    (void)state;
    static struct compared c;
    uint64_t seed = number_of("SLUIS_TEST_SEED", (uint64_t)time(NULL));
    uint64_t rounds = number_of("SLUIS_TEST_ROUNDS", ROUNDS);
    uint64_t chance = seed;
    compared_open(&c);
    print_message("SLUIS_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < rounds; i++) {
        uint8_t input[INPUT_MAX];
        /* Most with few changes: one change is what a permit turns on. */
        size_t len = 4 + (size_t)(draw(&chance) % (draw(&chance) % 4 == 0 ? INPUT_MAX - 4 : 16));
        for (size_t b = 0; b < len; b++)
            input[b] = (uint8_t)draw(&chance);
        struct buf why = buf_new(1 << 16);
        if (!compared_agree(&c, bytes_of(input, len), &why))
            fail_msg("round %llu: %s", (unsigned long long)i, buf_text(&why));
        buf_free(&why);
    }
    compared_close(&c);
}

static void test_the_reference_knows_every_condition(void **state)
{
    (void)state;
    uint32_t count = 0;
    const struct reference_row *rows = reference_rows(&count);
    assert_int_equal(count, CONDITION_COUNT - 1);
    for (unsigned c = 1; c < CONDITION_COUNT; c++)
        assert_string_equal(rows[c - 1].id, condition_id((enum condition)c));
}

static void put_facts(struct buf *out, uint64_t facts)
{
    const char *separator = "";
    buf_put_str(out, " |");
    for (unsigned id = 0; id < FACT_COUNT; id++) {
        if ((facts & (1ull << id)) == 0)
            continue;
        buf_printf(out, "%s `%s`", separator, fact_name_of((enum fact_id)id));
        separator = ",";
    }
    if (facts == 0)
        buf_put_str(out, " ");
}

static char document[1 << 18];

static void read_document(void)
{
    FILE *f = fopen(TEST_DATA "/../docs/policy.md", "rb");
    assert_non_null(f);
    document[fread(document, 1, sizeof document - 1, f)] = '\0';
    fclose(f);
}

static const char *sight_word(char sight)
{
    return sight == 'J' ? " judges |" : sight == 't' ? " is told |" : sight == '-' ? " - |" : "  |";
}

/* Both tables of the document are the reference's, up to the sentences. */
static void test_the_reference_is_the_document(void **state)
{
    (void)state;
    uint32_t count = 0;
    const struct reference_row *rows = reference_rows(&count);
    read_document();
    for (uint32_t i = 0; i < count; i++) {
        struct buf row = buf_new(1024);
        buf_printf(&row, "\n| `%s` | %s", rows[i].id, rows[i].part);
        put_facts(&row, rows[i].asked);
        put_facts(&row, rows[i].loaded);
        buf_put_str(&row, " | ");
        if (strstr(document, buf_text(&row)) == NULL)
            fail_msg("docs/policy.md lacks: %s", buf_text(&row));
        enum condition c = (enum condition)(i + 1);
        buf_reset(&row);
        buf_printf(&row, "\n| `%s` | %s |", rows[i].id, condition_en(c));
        for (const char *sight = rows[i].sight; *sight != '\0'; sight++)
            buf_put_str(&row, sight_word(*sight));
        if (strstr(document, buf_text(&row)) == NULL)
            fail_msg("docs/policy.md lacks: %s", buf_text(&row));
        buf_free(&row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_reference_knows_every_condition),
        cmocka_unit_test(test_the_reference_is_the_document),
        cmocka_unit_test(test_both_evaluators_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
