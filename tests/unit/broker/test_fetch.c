/* broker/fetch: the documents that repair a difference, and what has no room among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/fetch.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static const struct turn_handler *const handlers[] = {&fetch_handler};
static struct bench bench;
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    arena = arena_new((size_t)32 << 20);
    static const struct bytes policy_signatures[2] = {{(const uint8_t *)"s1", 2},
                                                      {(const uint8_t *)"s2", 2}};
    bench.view.files = (struct view_files){.roster = bytes_str("the roster"),
                                           .policy = bytes_str("the policy"),
                                           .policy_signatures = policy_signatures,
                                           .policy_signature_count = 2};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

static struct fetch_reply fetch(enum document_kind what)
{
    CLEANUP(buf_free) struct buf body = buf_new(64);
    struct fetch_reply r = {0};
    struct envelope e;
    struct errmsg why = {""};
    OK(fetch_encode(&(struct fetch){.what = what}, &body));
    bench_session(&bench, BENCH_ALFA, SESSION_REPAIR);
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_FETCH, buf_bytes(&body));
    bench_send(&bench, &m);
    bench_answer(&bench, arena, &e);
    assert_int_equal(e.kind, MSG_FETCH_REPLY);
    OK(fetch_reply_decode(e.body, arena, &r, &why));
    return r;
}

static void fetch_gives_the_exact_documents(void **state)
{
    (void)state;
    const struct fetch_reply roster = fetch(DOCUMENT_ROSTER);
    assert_int_equal(roster.count, 1);
    assert_true(bytes_is(roster.documents[0].content, "the roster"));
    const struct fetch_reply policy = fetch(DOCUMENT_POLICY);
    assert_int_equal(policy.count, 3);
    assert_int_equal(policy.documents[0].kind, DOCUMENT_POLICY);
    assert_true(bytes_is(policy.documents[0].content, "the policy"));
    assert_int_equal(policy.documents[2].kind, DOCUMENT_POLICY_SIGNATURE);
}

/* A version of n bytes; what is in the second half of the list is older than the one in force. */
static struct view_version large(size_t n)
{
    uint8_t *text = arena_alloc(arena, n);
    assert_non_null(text);
    memset(text, '#', n);
    return (struct view_version){.policy = {text, n}};
}

static enum err checked(struct errmsg *why)
{
    *why = (struct errmsg){""};
    return fetch_check(&bench.view, why);
}

static void a_view_that_no_answer_has_room_for_is_found_before(void **state)
{
    (void)state;
    struct errmsg why;
    struct view_version versions[3] = {large(2200 << 10), large(1 << 10), large(900 << 10)};
    struct view_files *f = &bench.view.files;
    OK(checked(&why));
    f->versions = versions;
    f->version_count = 2;
    bench.view.announced.serial = 2; /* the first of them */
    f->policy = versions[0].policy;
    assert_int_equal(checked(&why), ERR_TOO_LARGE);
    assert_non_null(strstr(why.text, "the announced policy: with it more than the 4190208 bytes"));
    f->policy = large(3200 << 10).policy;
    assert_int_equal(checked(&why), ERR_TOO_LARGE);
    assert_non_null(strstr(why.text, "the policy: 3276800 bytes, and a party fetches at most 3145728"));
    f->policy = bytes_str("the policy");
    f->roster = large(3200 << 10).policy;
    assert_int_equal(checked(&why), ERR_TOO_LARGE);
    assert_non_null(strstr(why.text, "the roster: 3276800 bytes"));
}

static void documents_up_to_the_bound_are_handed_out_and_one_more_is_named(void **state)
{
    (void)state;
    struct errmsg why;
    static struct bytes adoptions[FETCH_DOCUMENTS_MAX];
    for (size_t i = 0; i < ARRAY_LEN(adoptions); i++)
        adoptions[i] = bytes_str("an adoption");
    struct view_files *f = &bench.view.files;
    f->adoptions = adoptions;
    f->adoption_count = FETCH_DOCUMENTS_MAX - 3; /* the policy and two signatures beside them */
    OK(checked(&why));
    assert_int_equal(fetch(DOCUMENT_POLICY).count, FETCH_DOCUMENTS_MAX);
    f->adoption_count++;
    assert_int_equal(checked(&why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "the adoptions: with it more than the 2048 documents"));
}

/* What was in force before fills the room that is left, and keeps nobody from what is needed. */
static void an_older_version_takes_no_room_from_what_is_needed(void **state)
{
    (void)state;
    struct errmsg why;
    struct view_version versions[2] = {large(2200 << 10), large(900 << 10)};
    struct view_files *f = &bench.view.files;
    f->versions = versions;
    f->version_count = 2;
    bench.view.announced.serial = 2;
    f->policy = large(900 << 10).policy;
    OK(checked(&why));
    assert_int_equal(fetch(DOCUMENT_POLICY).count, 5);
    f->policy = large(1500 << 10).policy;
    OK(checked(&why));
    const struct fetch_reply r = fetch(DOCUMENT_POLICY);
    assert_int_equal(r.count, 4);
    assert_true(bytes_equal(r.documents[3].content, versions[0].policy));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(fetch_gives_the_exact_documents),
        T(a_view_that_no_answer_has_room_for_is_found_before),
        T(documents_up_to_the_bound_are_handed_out_and_one_more_is_named),
        T(an_older_version_takes_no_room_from_what_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
