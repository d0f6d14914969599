/* How `sluis status` ends, against an agent that the test plays: with 2 while an alarm stands, whatever it prints. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli_run.h"
#include "pki/secret.h"
#include "proto/host/control.h"
#include "proto/host/loop.h"

#define ALARM 2
#define QUIET "{\"ok\":{\"agency\":\"00000099000000002000\",\"alarms\":[]}}"
#define LOUD "{\"ok\":{\"agency\":\"00000099000000002000\",\"alarms\":[\"the store is full\",\"the log is forked\"]}}"
#define SILENT "{\"ok\":{\"agency\":\"00000099000000002000\"}}"

static struct {
    char dir[64];
    char socket[96];
    struct loop *loop;
    struct control_server *server;
    pthread_t thread;
    const char *answer;
    char said[4096]; /* to standard output */
} fake;

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    (void)arg;
    (void)frame;
    assert_int_equal(control_conn_send(c, bytes_str(fake.answer)), ERR_OK);
}

static void *serve(void *arg)
{
    (void)arg;
    assert_int_equal(loop_run(fake.loop), ERR_OK);
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    memset(&fake, 0, sizeof fake);
    snprintf(fake.dir, sizeof fake.dir, "/tmp/sluis-status-XXXXXX");
    assert_non_null(mkdtemp(fake.dir));
    snprintf(fake.socket, sizeof fake.socket, "%s/agent.sock", fake.dir);
    assert_int_equal(loop_new(&fake.loop), ERR_OK);
    const struct control_server_params p = {
        .loop = fake.loop, .path = fake.socket, .mode = 0600, .calls = {.on_frame = on_frame}};
    assert_int_equal(control_server_new(&p, &fake.server, NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    control_server_free(fake.server);
    loop_free(fake.loop);
    return rmdir(fake.dir);
}

/* The exit status; option NULL: none. What it prints is in fake.said. */
static int status(const char *option, const char *answer)
{
    const char *argv[] = {"sluis", "--socket", fake.socket, "status", option};
    FILE *const before = stdout;
    memset(fake.said, 0, sizeof fake.said);
    fake.answer = answer;
    assert_int_equal(pthread_create(&fake.thread, NULL, serve, NULL), 0);
    stdout = fmemopen(fake.said, sizeof fake.said - 1, "w");
    assert_non_null(stdout);
    const int code = cli_run(cli_verbs, option != NULL ? 5 : 4, (char **)(uintptr_t)argv);
    fclose(stdout);
    stdout = before;
    loop_quit(fake.loop);
    pthread_join(fake.thread, NULL);
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
