/* What a report adds up: the yearly numbers of either log, what it does not tell, shares of the index, and what small
 * counts would tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pki/cli/audit/report.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

/* Counts so many entries of an event with up to two facts. */
static void add(struct report *r, enum audit_event event, unsigned times, const struct audit_fact *facts, size_t count)
{
    const struct audit_body b = {
        .ts = 1795472400, .event = event, .actor = {"00000099000000002000"}, .peer = {"00000099000000005000"},
        .facts = facts, .facts_count = count};
    for (unsigned i = 0; i < times; i++)
        OK(report_count(r, &b));
}

static void add_refused(struct report *r, unsigned times, const char *code, const char *other)
{
    const struct bytes codes[] = {bytes_str(code), bytes_str(other != NULL ? other : "")};
    const struct audit_body b = {
        .ts = 1795472400, .event = AUDIT_EVENT_REQUEST_REFUSED, .reasons = codes, .reasons_count = other != NULL ? 2 : 1};
    for (unsigned i = 0; i < times; i++)
        OK(report_count(r, &b));
}

static struct report begin(bool is_own, uint64_t least)
{
    struct report r = {.annual = {.is_own = is_own}, .least = least};
    report_begin(&r);
    return r;
}

#define COUNTED(r, item, number)                                                                   \
    do {                                                                                           \
        assert_int_equal((r).annual.state[item], ANNUAL_COUNTED);                                  \
        assert_int_equal((r).annual.n[item], (number));                                            \
    } while (0)

static void an_agencys_own_log_tells_what_it_alone_knows(void **state)
{
    (void)state;
    struct report r = begin(true, 0);
    const struct audit_fact nothing[] = {audit_fact_int("answers", 0)};
    const struct audit_fact something[] = {audit_fact_int("answers", 2)};
    const struct audit_fact half[] = {audit_fact_bool("complete", false), audit_fact_bool("overdue", true)};
    const struct audit_fact late[] = {audit_fact_bool("complete", true), audit_fact_bool("overdue", true)};
    const struct audit_fact refused[] = {audit_fact_bool("complete", true), audit_fact_word("decision", "refuse")};
    const struct audit_fact undecided[] = {audit_fact_int("overdue", 3)};
    const struct audit_fact proposed[] = {audit_fact_bool("confirmed", false)};
    const struct audit_fact confirmed[] = {audit_fact_bool("confirmed", true)};
    const struct audit_fact released[] = {audit_fact_word("result", "released")};
    const struct audit_fact in_time[] = {audit_fact_int("days", 30), audit_fact_bool("late", false)};
    const struct audit_fact too_late[] = {audit_fact_int("days", 31), audit_fact_bool("late", true)};
    const struct audit_fact waits[] = {audit_fact_word("result", "waits")};
    const struct audit_body met = {.event = AUDIT_EVENT_PROTECTED_MET, .has_count = true, .count = 4};
    add(&r, AUDIT_EVENT_REQUEST_SENT, 7, NULL, 0);
    add(&r, AUDIT_EVENT_REQUEST_ACCEPTED, 7, NULL, 0); /* the broker's word of the same */
    add(&r, AUDIT_EVENT_REQUEST_CLOSED, 2, nothing, 1);
    add(&r, AUDIT_EVENT_REQUEST_CLOSED, 3, something, 1);
    add(&r, AUDIT_EVENT_REQUEST_CLOSED, 1, NULL, 0); /* of before there was such a fact: nobody knows */
    add(&r, AUDIT_EVENT_DECISION_SIGNED, 2, half, 2);
    add(&r, AUDIT_EVENT_DECISION_SIGNED, 5, late, 2);
    add(&r, AUDIT_EVENT_DECISION_SIGNED, 6, refused, 2);
    add(&r, AUDIT_EVENT_ITEM_CLOSED, 2, undecided, 1);
    add(&r, AUDIT_EVENT_REQUEST_KEPT, 2, proposed, 1);
    add(&r, AUDIT_EVENT_REQUEST_KEPT, 1, confirmed, 1);
    add(&r, AUDIT_EVENT_RELEASE_RECEIVED, 4, released, 1);
    add(&r, AUDIT_EVENT_RELEASE_RECEIVED, 1, waits, 1);
    OK(report_count(&r, &met));
    add(&r, AUDIT_EVENT_SEARCH_ASKED, 7, too_late, 2);
    add(&r, AUDIT_EVENT_SEARCH_CONFIRMED, 2, in_time, 2);
    add(&r, AUDIT_EVENT_SEARCH_CONFIRMED, 3, too_late, 2);
    report_end(&r);
    COUNTED(r, ANNUAL_ASKED, 7);
    COUNTED(r, ANNUAL_CLOSED, 6);
    COUNTED(r, ANNUAL_NOTHING, 2);
    COUNTED(r, ANNUAL_DECIDED_LATE, 5);
    COUNTED(r, ANNUAL_DECLINED, 6);
    COUNTED(r, ANNUAL_NEVER_DECIDED, 6);
    COUNTED(r, ANNUAL_EXTENDED, 1);
    COUNTED(r, ANNUAL_RELEASED, 4);
    COUNTED(r, ANNUAL_PROTECTED, 4);
    COUNTED(r, ANNUAL_RIGHTS_ASKED, 7);
    COUNTED(r, ANNUAL_RIGHTS, 5);
    COUNTED(r, ANNUAL_RIGHTS_LATE, 3);
    assert_int_equal(r.annual.state[ANNUAL_RESTRICTED], ANNUAL_NOT_CARRIED_OUT);
    assert_int_equal(r.annual.state[ANNUAL_HITS_HIDDEN], ANNUAL_OTHER_LOG);
    assert_int_equal(r.annual.state[ANNUAL_FEEDBACK], ANNUAL_NOT_CARRIED_OUT);
    report_clear(&r);
}

static void the_brokers_log_says_what_stands_elsewhere_and_is_never_nought_for_it(void **state)
{
    (void)state;
    static const enum annual_item elsewhere[] = {ANNUAL_NOTHING, ANNUAL_DECIDED_LATE, ANNUAL_NEVER_DECIDED, ANNUAL_EXTENDED,
                                                 ANNUAL_PROTECTED};
    struct report r = begin(false, 0);
    CLEANUP(buf_free) struct buf out = buf_new(1 << 20);
    const struct audit_fact hits[] = {audit_fact_int("hits", 2), audit_fact_int("hits_hidden", 1)};
    add(&r, AUDIT_EVENT_REQUEST_ACCEPTED, 3, NULL, 0);
    add(&r, AUDIT_EVENT_REQUEST_MATCHED, 3, hits, 2);
    report_end(&r);
    COUNTED(r, ANNUAL_ASKED, 3);
    COUNTED(r, ANNUAL_HITS, 6);
    COUNTED(r, ANNUAL_HITS_HIDDEN, 3);
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        assert_int_equal(r.annual.state[elsewhere[i]], ANNUAL_OTHER_LOG);
    OK(report_put_json(&r, &out));
    assert_non_null(strstr(buf_text(&out), "{\"item\":\"feedback\",\"state\":\"not_carried_out\",\"number\":null}"));
    assert_non_null(strstr(buf_text(&out), "{\"item\":\"nothing\",\"state\":\"other_log\",\"number\":null}"));
    buf_reset(&out);
    OK(report_put_text(&r, &out));
    assert_non_null(strstr(buf_text(&out), "-  terugmeldingen / feedback: voert deze versie niet uit / not carried out by this version"));
    buf_reset(&out);
    OK(report_put_html(&r, &out));
    assert_non_null(strstr(buf_text(&out), "not carried out by this version"));
    report_clear(&r);
}

/* Hits are for auditors: whoever sees none of them is told so, unless nothing is hidden at all. */
static void what_a_reader_may_not_see_is_not_nought(void **state)
{
    (void)state;
    for (unsigned hidden = 0; hidden < 2; hidden++) {
        struct report r = begin(false, 0);
        add(&r, AUDIT_EVENT_REQUEST_ACCEPTED, 3, NULL, 0);
        r.hidden = hidden;
        report_end(&r);
        assert_int_equal(r.annual.state[ANNUAL_HITS], hidden == 0 ? ANNUAL_COUNTED : ANNUAL_NOT_VISIBLE);
        assert_int_equal(r.annual.state[ANNUAL_DECLINED], hidden == 0 ? ANNUAL_COUNTED : ANNUAL_NOT_VISIBLE);
        COUNTED(r, ANNUAL_ASKED, 3);
        report_clear(&r);
    }
}

static void small_counts_are_kept_back(void **state)
{
    (void)state;
    struct report r = begin(true, 5);
    add(&r, AUDIT_EVENT_REQUEST_SENT, 4, NULL, 0);
    add(&r, AUDIT_EVENT_ITEM_RAISED, 5, NULL, 0);
    add(&r, AUDIT_EVENT_REQUEST_REFUSED, 6, NULL, 0);
    report_end(&r);
    assert_int_equal(r.annual.state[ANNUAL_ASKED], ANNUAL_KEPT_BACK);
    assert_int_equal(r.annual.state[ANNUAL_HITS], ANNUAL_KEPT_BACK); /* else the number of entries tells the 4 */
    COUNTED(r, ANNUAL_REFUSED, 6);
    COUNTED(r, ANNUAL_RELEASED, 0);
    report_clear(&r);
}

/* What is left of the whole beside it is a count, too. */
static void a_part_tells_no_small_rest(void **state)
{
    (void)state;
    const struct audit_fact nothing[] = {audit_fact_int("answers", 0)};
    const struct audit_fact something[] = {audit_fact_int("answers", 2)};
    const struct audit_fact released[] = {audit_fact_word("result", "released")};
    const struct audit_fact known[] = {audit_fact_word("result", "known")};
    const struct audit_fact rejected[] = {audit_fact_word("result", "rejected")};
    for (unsigned few = 2; few <= 5; few += 3) {
        const enum annual_state state_of_parts = few < 5 ? ANNUAL_KEPT_BACK : ANNUAL_COUNTED;
        struct report r = begin(true, 5);
        add(&r, AUDIT_EVENT_REQUEST_CLOSED, 98, nothing, 1);
        add(&r, AUDIT_EVENT_REQUEST_CLOSED, few, something, 1);
        add(&r, AUDIT_EVENT_RELEASE_RECEIVED, 20, released, 1);
        add(&r, AUDIT_EVENT_RELEASE_RECEIVED, 10, known, 1);
        add(&r, AUDIT_EVENT_RELEASE_RECEIVED, few, rejected, 1);
        report_end(&r);
        COUNTED(r, ANNUAL_CLOSED, 98 + few);
        assert_int_equal(r.annual.state[ANNUAL_NOTHING], state_of_parts);
        assert_int_equal(r.annual.state[ANNUAL_RELEASED], state_of_parts);
        COUNTED(r, ANNUAL_CONFIRMED, 10);
        report_clear(&r);
    }
}

/* What is seen may be a part, where some is hidden. */
static void a_part_that_is_seen_is_not_the_whole(void **state)
{
    (void)state;
    struct report r = begin(false, 0);
    CLEANUP(buf_free) struct buf out = buf_new(1 << 20);
    add(&r, AUDIT_EVENT_DECISION_REFUSAL, 3, NULL, 0);
    r.hidden = 1;
    report_end(&r);
    assert_int_equal(r.annual.state[ANNUAL_DECLINED], ANNUAL_PARTIAL);
    OK(report_put_json(&r, &out));
    assert_non_null(strstr(buf_text(&out), "{\"item\":\"declined\",\"state\":\"partial\",\"number\":3}"));
    report_clear(&r);
}

/* 12 refusals for a limit, of which 2 for one of them: the sum would tell the two. */
static void the_sum_of_limits_tells_no_small_one(void **state)
{
    (void)state;
    static const struct {
        unsigned few;
        enum annual_state state;
    } cases[] = {{2, ANNUAL_KEPT_BACK}, {6, ANNUAL_COUNTED}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct report r = begin(false, 5);
        add_refused(&r, cases[i].few, "limit_case", NULL);
        add_refused(&r, 10, "limit_agency", "necessity");
        add_refused(&r, 8, "case_state", NULL);
        report_end(&r);
        assert_int_equal(r.annual.state[ANNUAL_LIMITED], cases[i].state);
        COUNTED(r, ANNUAL_REFUSED, 18 + cases[i].few);
        report_clear(&r);
    }
}

static const struct tally_row *ground(const struct report *r, const char *key)
{
    const struct tally *t = &r->tables[REPORT_GROUNDS];
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].key, key) == 0)
            return &t->rows[i];
    return NULL;
}

/* The table of events has the sum for each event: one small ground of it is not kept back alone. */
static void grounds_are_kept_back_within_their_event(void **state)
{
    (void)state;
    struct report r = begin(false, 5);
    const struct bytes declined = bytes_str("investigation");
    const struct bytes other = bytes_str("other");
    struct audit_body b = {.event = AUDIT_EVENT_DECISION_REFUSAL, .reasons = &declined, .reasons_count = 1};
    for (unsigned i = 0; i < 3; i++)
        OK(report_count(&r, &b));
    b.reasons = &other;
    for (unsigned i = 0; i < 20; i++)
        OK(report_count(&r, &b));
    add_refused(&r, 4, "necessity", NULL);
    add_refused(&r, 30, "case_state", NULL);
    report_end(&r);
    assert_true(ground(&r, "decision.refusal\tinvestigation")->is_kept_back[0]);
    assert_true(ground(&r, "decision.refusal\tother")->is_kept_back[0]);
    assert_true(ground(&r, "request.refused\tnecessity")->is_kept_back[0]);
    assert_true(ground(&r, "request.refused\tcase_state")->is_kept_back[0]);
    report_clear(&r);
}

static void add_batch(struct report *r, int64_t sequence, int64_t records, const char *purpose)
{
    const struct audit_fact facts[] = {audit_fact_word("batch_purpose", purpose), audit_fact_int("batch_sequence", sequence),
                                       audit_fact_int("index_records", records), audit_fact_int("index_population", 20000)};
    const struct audit_body b = {.event = AUDIT_EVENT_BATCH_ACCEPTED,
                                 .actor = {"00000099000000005000"},
                                 .key_version = 1,
                                 .facts = facts,
                                 .facts_count = ARRAY_LEN(facts)};
    OK(report_count(r, &b));
}

static void the_last_batch_of_a_chain_says_the_share(void **state)
{
    (void)state;
    struct report r = begin(false, 5);
    CLEANUP(buf_free) struct buf out = buf_new(1 << 20);
    add_batch(&r, 1, 9000, "riec");
    add_batch(&r, 3, 5000, "riec");
    add_batch(&r, 2, 7000, "riec"); /* within a block times are in no order */
    add_batch(&r, 1, 3, "lsi");
    add_batch(&r, 1, 3, "bad\tname");
    report_end(&r);
    const struct tally *t = &r.tables[REPORT_SHARES];
    assert_int_equal(t->count, 2);
    assert_true(t->rows[0].is_kept_back[0] && !t->rows[0].is_kept_back[1] && t->rows[0].is_kept_back[2]);
    assert_int_equal(t->rows[1].n[0], 5000);
    assert_int_equal(t->rows[1].n[2], 250);
    OK(report_put_json(&r, &out));
    assert_non_null(strstr(buf_text(&out), "{\"holder\":\"00000099000000005000\",\"purpose\":\"riec\",\"epoch\":\"1\",\"records\":5000,"
                                           "\"population\":20000,\"per_mille\":250}"));
    assert_null(strstr(buf_text(&out), "7000"));
    report_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agencys_own_log_tells_what_it_alone_knows),
        cmocka_unit_test(the_brokers_log_says_what_stands_elsewhere_and_is_never_nought_for_it),
        cmocka_unit_test(what_a_reader_may_not_see_is_not_nought),
        cmocka_unit_test(small_counts_are_kept_back),
        cmocka_unit_test(a_part_tells_no_small_rest),
        cmocka_unit_test(a_part_that_is_seen_is_not_the_whole),
        cmocka_unit_test(the_sum_of_limits_tells_no_small_one),
        cmocka_unit_test(grounds_are_kept_back_within_their_event),
        cmocka_unit_test(the_last_batch_of_a_chain_says_the_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
