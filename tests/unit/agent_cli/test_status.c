/* How `sluis status` ends, against an agent that the test plays: with 2 while an alarm stands, whatever it prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli_run.h"
#include "tests/unit/agent_cli/fake_agent.h"

#define ALARM 2
#define QUIET "{\"ok\":{\"agency\":\"00000099000000002000\",\"alarms\":[]}}"
#define LOUD "{\"ok\":{\"agency\":\"00000099000000002000\",\"alarms\":[\"the store is full\",\"the log is forked\"]}}"
#define SILENT "{\"ok\":{\"agency\":\"00000099000000002000\"}}"

static struct {
    struct fake_agent agent;
    const char *answer;
    char said[4096]; /* to standard output */
} fake;

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    (void)arg;
    (void)frame;
    assert_int_equal(control_conn_send(c, bytes_str(fake.answer)), ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake_agent_open(&fake.agent, on_frame);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_agent_close(&fake.agent);
    return rmdir(fake.agent.dir);
}

/* The exit status; option NULL: none. What it prints is in fake.said. */
static int status(const char *option, const char *answer)
{
    const char *argv[] = {"sluis", "--socket", fake.agent.socket, "status", option};
    FILE *const before = stdout;
    memset(fake.said, 0, sizeof fake.said);
    fake.answer = answer;
    fake_agent_start(&fake.agent);
    stdout = fmemopen(fake.said, sizeof fake.said - 1, "w");
    assert_non_null(stdout);
    const int code = cli_run(cli_verbs, option != NULL ? 5 : 4, (char **)(uintptr_t)argv);
    fclose(stdout);
    stdout = before;
    fake_agent_stop(&fake.agent);
    return code;
}

static void an_alarm_is_the_exit_status(void **state)
{
    (void)state;
    static const char *const options[] = {NULL, "--json", "--check"};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        assert_int_equal(status(options[i], LOUD), ALARM);
        assert_non_null(strstr(fake.said, "the log is forked"));
        assert_int_equal(status(options[i], QUIET), 0);
    }
}

static void a_check_prints_the_alarms_alone(void **state)
{
    (void)state;
    assert_int_equal(status("--check", LOUD), ALARM);
    assert_string_equal(fake.said, "ALARM: the store is full\nALARM: the log is forked\n");
    assert_int_equal(status("--check", QUIET), 0);
    assert_string_equal(fake.said, "");
    assert_int_equal(status(NULL, QUIET), 0);
    assert_non_null(strstr(fake.said, "00000099000000002000"));
}

/* An agent of another version: nobody is told that all is well. */
static void an_answer_without_alarms_is_none(void **state)
{
    (void)state;
    assert_int_equal(status("--json", SILENT), ALARM);
    assert_int_equal(status(NULL, SILENT), EX_PROTOCOL);
    assert_int_equal(status("--check", SILENT), EX_PROTOCOL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_alarm_is_the_exit_status),
        CASE(a_check_prints_the_alarms_alone),
        CASE(an_answer_without_alarms_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
