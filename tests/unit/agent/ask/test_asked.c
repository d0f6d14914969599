/* agent/ask/asked: how a question stands of which the broker says nothing any more. */
#include "tests/unit/pki/test_core.h"

#include "agent/ask/asked.h"

static void a_question_of_which_nothing_is_said_is_closed_a_day_after_its_deadline(void **state)
{
    (void)state;
    const struct asked k = {.deadline_s = 1000};
    static const struct {
        enum ask_state state;
        int64_t now_s;
        enum ask_state judged;
        bool is_told;
    } cases[] = {
        {ASK_OPEN, 999, ASK_OPEN, false},
        {ASK_OPEN, 1000 + ASKED_LATE_S, ASK_OPEN, false},
        {ASK_OPEN, 1001 + ASKED_LATE_S, ASK_CLOSED, true},
        {ASK_CLOSED, 1001 + ASKED_LATE_S, ASK_CLOSED, false},
        {ASK_QUEUED, 1001 + ASKED_LATE_S, ASK_QUEUED, false},
        {ASK_REFUSED, 1001 + ASKED_LATE_S, ASK_REFUSED, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct asked_header h = {.state = cases[i].state};
        asked_header_judge(&h, &k, cases[i].now_s);
        if (h.state != cases[i].judged || (h.refusal.len > 0) != cases[i].is_told)
            fail_msg("case %zu: state %s", i, ask_state_id(h.state));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_of_which_nothing_is_said_is_closed_a_day_after_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
