/* The control socket: who is let in, what is refused, signatures and bulk input. argv[1]: a deployment. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/control_run.h"
#include "proto/host/control.h"
#include "tests/unit/agent/core/fake_broker.h"

static const char *deployment;

static struct {
    unsigned calls;
    size_t bytes;
    unsigned ends;
    size_t signatures;
    bool gone;
} seen;

static void echo(struct call *c, const struct doc *args)
{
    seen.calls++;
    call_progress(c, "work", 1, 2);
    struct doc *d = doc_copy(args);
    call_ok(c, d);
}

static void on_signed(struct call *c, void *arg, const struct bytes *signatures, size_t count)
{
    (void)arg;
    seen.signatures = count;
    if (count == 2)
        assert_true(bytes_is(signatures[1], "two"));
    seen.gone = call_is_gone(c);
    call_ok(c, doc_new_object());
}

static void ask_signatures(struct call *c, const struct doc *args)
{
    (void)args;
    const struct call_document documents[] = {{"bodies", bytes_str("a"), NULL},
                                              {"bodies", bytes_str("b"), NULL}};
    call_sign(c, documents, 2, on_signed, NULL);
}

static bool on_data(struct call *c, void *arg, struct bytes data, bool end)
{
    (void)arg;
    seen.bytes += data.len;
    seen.ends += end;
    seen.gone = call_is_gone(c);
    if (end)
        call_ok(c, doc_new_object());
    return true;
}

static void receive(struct call *c, const struct doc *args)
{
    (void)args;
    call_receive(c, on_data, NULL);
}

static const struct verb verbs[] = {
    {"echo", 0, echo},
    {"release", 1u << FUNCTION_RELEASE_OFFICER, echo},
    {"ask", 1u << FUNCTION_CASE_WORKER, ask_signatures},
    {"receive", 0, receive},
    {NULL, 0, NULL},
};
static const struct agent_part test_part = {.name = "test", .verbs = verbs};
static const struct agent_part *const parts[] = {&core_part, &test_part, NULL};

static int set_up(void **state)
{
    static struct stage stage;
    memset(&seen, 0, sizeof seen);
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

/* A client on a thread of its own: sends the frames in order, keeps every answer. */
struct talk {
    const char *path;
    const char *frames[8]; /* NULL: end; "" is an empty frame */
    unsigned wait_after;   /* for an answer after the nth frame (from 1), as a bit */
    char answers[8][2048];
    size_t count;
    bool leaves; /* closes instead of waiting for the last answer */
    atomic_bool done;
};

static bool hear(struct talk *t, struct control_client *c, int ms)
{
    struct buf frame = buf_new(CONTROL_FRAME_MAX);
    bool heard = t->count < ARRAY_LEN(t->answers) && control_client_recv(c, ms, &frame) == ERR_OK;
    if (heard)
        snprintf(t->answers[t->count++], sizeof t->answers[0], "%s", buf_text(&frame));
    buf_free(&frame);
    return heard;
}

static void *client(void *arg)
{
    struct talk *t = arg;
    struct control_client *c = NULL;
    struct errmsg why = {""};
    if (control_client_new(t->path, &c, &why) == ERR_OK) {
        for (size_t i = 0; t->frames[i] != NULL; i++) {
            (void)!control_client_send(c, bytes_str(t->frames[i]));
            if (t->wait_after & 1u << (i + 1))
                hear(t, c, 2000);
        }
        while (!t->leaves && hear(t, c, 500)) {
        }
        control_client_free(c);
    }
    atomic_store(&t->done, true);
    return NULL;
}

static void talk(struct stage *s, struct talk *t)
{
    pthread_t thread;
    t->path = s->config->service.control;
    assert_int_equal(pthread_create(&thread, NULL, client, t), 0);
    while (!atomic_load(&t->done))
        assert_int_equal(loop_turn(s->loop, 10), ERR_OK);
    pthread_join(thread, NULL);
    stage_turn(s, 50);
}

/* The answers of one exchange hold each text. */
static void expect(struct stage *s, const char *frame, const char *a, const char *b)
{
    struct talk t = {.frames = {frame}};
    talk(s, &t);
    if (t.count == 0 || strstr(t.answers[t.count - 1], a) == NULL ||
        strstr(t.answers[t.count - 1], b) == NULL)
        fail_msg("%s: %s", frame, t.count > 0 ? t.answers[t.count - 1] : "no answer");
}

static void answers_a_known_person(void **state)
{
    struct talk t = {.frames = {"{\"verb\":\"echo\",\"args\":{\"x\":1}}"}};
    talk(*state, &t);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.answers[0], "{\"progress\":{\"what\":\"work\",\"done\":1,\"total\":2}}");
    assert_string_equal(t.answers[1], "{\"ok\":{\"x\":1}}");
    expect(*state, "{\"verb\":\"status\",\"args\":{}}", "\"alarms\":[]", "00000099000000002000");
}

static void refuses_an_unknown_user(void **state)
{
    struct stage *s = *state;
    s->config->service.staff.items[0].uid = getuid() + 1;
    expect(s, "{\"verb\":\"echo\",\"args\":{}}", "\"exit\":77", "not among 'staff'");
    assert_int_equal(seen.calls, 0);
}

static void refuses_who_is_not_on_the_roster(void **state)
{
    struct stage *s = *state;
    struct name *staff = &s->config->service.staff.items[0].staff;
    assert_int_equal(name_parse(bytes_str("nobody"), staff), ERR_OK);
    expect(s, "{\"verb\":\"echo\",\"args\":{}}", "\"exit\":77", "not on the roster");
    assert_int_equal(seen.calls, 0);
}

static void refuses_a_missing_function(void **state)
{
    expect(*state, "{\"verb\":\"release\",\"args\":{}}", "\"exit\":77", "release_officer");
    assert_int_equal(seen.calls, 0);
}

static void refuses_what_is_no_request(void **state)
{
    static const struct {
        const char *frame;
        const char *exit;
    } cases[] = {
        {"", "\"exit\":65"},
        {"{", "\"exit\":65"},
        {"[]", "\"exit\":65"},
        {"{\"verb\":\"echo\",\"verb\":\"echo\",\"args\":{}}", "\"exit\":65"},
        {"{\"verb\":\"nothing\",\"args\":{}}", "\"exit\":64"},
        {"{\"verb\":\"echo\"}", "\"exit\":64"},
        {"{\"verb\":7,\"args\":{}}", "\"exit\":64"},
        {"{\"verb\":\"signed\",\"args\":{}}", "\"exit\":64"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(*state, cases[i].frame, cases[i].exit, "\"error\"");
    assert_int_equal(seen.calls, 0);
}

static void one_call_at_a_time(void **state)
{
    struct talk t = {.frames = {"{\"verb\":\"ask\",\"args\":{}}", "{\"verb\":\"echo\",\"args\":{}}"}};
    talk(*state, &t);
    assert_int_equal(t.count, 2);
    assert_non_null(strstr(t.answers[1], "one call at a time"));
    assert_int_equal(seen.calls, 0);
    assert_true(seen.gone); /* nobody signed, and the caller left */
}

static void asks_for_a_signature(struct stage *s)
{
    struct talk t = {.frames = {"{\"verb\":\"ask\",\"args\":{}}"}, .leaves = true, .wait_after = 2};
    talk(s, &t);
    assert_non_null(strstr(t.answers[0], "\"document\":\"YQ==\""));
}

/* Sends signatures with the state that the agent gave, or with another. */
static void sign_with(struct stage *s, const char *state_text, const char *signatures, size_t expected)
{
    asks_for_a_signature(s);
    seen.signatures = 99;
    char reply[512];
    snprintf(reply, sizeof reply, "{\"verb\":\"signed\",\"args\":{\"state\":\"%s\",\"signatures\":%s}}",
             state_text, signatures);
    struct talk again = {.frames = {"{\"verb\":\"ask\",\"args\":{}}", reply}, .wait_after = 2};
    talk(s, &again);
    assert_int_equal(seen.signatures, expected);
}

static void signatures_need_their_question(void **state)
{
    sign_with(*state, "00000000000000000000000000000000", "[\"b25l\",\"dHdv\"]", 0);
    sign_with(*state, "", "[]", 0);
}

/* A client that answers with the state it was given. */
static void *signer(void *arg)
{
    struct talk *t = arg;
    struct control_client *c = NULL;
    struct errmsg why = {""};
    if (control_client_new(t->path, &c, &why) == ERR_OK &&
        control_client_send(c, bytes_str(t->frames[0])) == ERR_OK && hear(t, c, 2000)) {
        const char *at = strstr(t->answers[0], "\"state\":\"");
        char reply[512];
        snprintf(reply, sizeof reply,
                 "{\"verb\":\"signed\",\"args\":{\"state\":\"%.32s\",\"signatures\":%s}}",
                 at != NULL ? at + 9 : "", t->frames[1]);
        (void)!control_client_send(c, bytes_str(reply));
        hear(t, c, 2000);
    }
    control_client_free(c);
    atomic_store(&t->done, true);
    return NULL;
}

static void sign_right(struct stage *s, const char *signatures, size_t expected)
{
    struct talk t = {.frames = {"{\"verb\":\"ask\",\"args\":{}}", signatures},
                     .path = s->config->service.control};
    pthread_t thread;
    seen.signatures = 99;
    assert_int_equal(pthread_create(&thread, NULL, signer, &t), 0);
    while (!atomic_load(&t.done))
        assert_int_equal(loop_turn(s->loop, 10), ERR_OK);
    pthread_join(thread, NULL);
    assert_int_equal(seen.signatures, expected);
    assert_string_equal(t.answers[1], "{\"ok\":{}}");
}

static void signatures_reach_the_handler(void **state)
{
    sign_right(*state, "[\"b25l\",\"dHdv\"]", 2);
    sign_right(*state, "[\"b25l\"]", 0);
    sign_right(*state, "[\"b25l\",\"not base64\"]", 0);
    sign_right(*state, "[\"b25l\",7]", 0);
}

static void bulk_input_arrives_whole(void **state)
{
    struct talk t = {.frames = {"{\"verb\":\"receive\",\"args\":{}}", "12345", "{\"x\":1}", ""},
                     .wait_after = 2};
    talk(*state, &t);
    assert_string_equal(t.answers[0], "{\"send\":{}}");
    assert_string_equal(t.answers[1], "{\"ok\":{}}");
    assert_int_equal(seen.bytes, 12);
    assert_int_equal(seen.ends, 1);
    assert_false(seen.gone);
}

static void who_leaves_ends_the_input(void **state)
{
    struct stage *s = *state;
    struct talk t = {.frames = {"{\"verb\":\"receive\",\"args\":{}}", "12345"},
                     .wait_after = 2,
                     .leaves = true};
    talk(s, &t);
    assert_int_equal(seen.ends, 1);
    assert_true(seen.gone);
    assert_int_equal(agent_control_pending(s->agent->control), 0);
}

static void a_draining_agent_takes_no_calls(void **state)
{
    struct stage *s = *state;
    agent_drain(s->agent);
    expect(s, "{\"verb\":\"echo\",\"args\":{}}", "\"exit\":75", "stopping");
    assert_int_equal(seen.calls, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc < 2)
        return EX_USAGE;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(answers_a_known_person),
        CASE(refuses_an_unknown_user),
        CASE(refuses_who_is_not_on_the_roster),
        CASE(refuses_a_missing_function),
        CASE(refuses_what_is_no_request),
        CASE(one_call_at_a_time),
        CASE(signatures_need_their_question),
        CASE(signatures_reach_the_handler),
        CASE(bulk_input_arrives_whole),
        CASE(who_leaves_ends_the_input),
        CASE(a_draining_agent_takes_no_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
