/* proto/host: service life, confinement, progress and tables. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/host/loop.h"
#include "proto/host/progress.h"
#include "proto/host/service.h"
#include "proto/host/table.h"
#include "tests/unit/host/host_tmp.h"

/* Runs fn in a process of its own and returns its exit status; -1 where a signal ended it. */
static int in_child(int (*fn)(void))
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(fn());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int harden_and_look(void)
{
    struct rlimit core;
    if (service_harden(NULL) != ERR_OK)
        return 1;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 2;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
        return 3;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 4;
    if (umask(0) != 0077)
        return 5;
    int p[2];
    if (pipe(p) != 0 || close(p[0]) != 0)
        return 6;
    return write(p[1], "x", 1) == -1 && errno == EPIPE ? 0 : 7; /* and SIGPIPE did not kill us */
}

static void test_a_hardened_process_cannot_be_dumped(void **state)
{
    (void)state;
    assert_int_equal(in_child(harden_and_look), 0);
}

static void *say_hello(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static int confine_and_try(void)
{
    enum err e = service_confine(NULL);
    if (e == ERR_UNSUPPORTED)
        return 99;
    if (e != ERR_OK)
        return 1;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || s < 0)
        return 2;
    int hello = 0;
    pthread_t th;
    if (pthread_create(&th, NULL, say_hello, &hello) != 0 || pthread_join(th, NULL) != 0 ||
        hello != 1)
        return 3;
    char *const argv[] = {(char[]){"true"}, NULL};
    if (execv("/bin/true", argv) != -1 || errno != EPERM)
        return 4;
    if (setuid(1) != -1 || errno != EPERM)
        return 5;
#ifndef __SANITIZE_ADDRESS__ /* the sanitizer needs these */
    if (fork() != -1)
        return 6;
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != -1)
        return 7;
    if (kill(getppid(), 0) != -1)
        return 8;
#endif
    return 0;
}

static void test_a_confined_process_starts_threads_and_no_programs(void **state)
{
    (void)state;
    int status = in_child(confine_and_try);
    if (status == 99) {
        print_error("WARNING: this kernel has no seccomp filter: confinement is not tested\n");
        skip();
    }
    assert_int_equal(status, 0);
}

struct life {
    struct loop *loop;
    struct service *service;
    int stops;
    int reloads;
    int asked;
    bool alive;
};

static void on_stop(void *arg)
{
    struct life *l = arg;
    l->stops++;
}

static void on_reload(void *arg)
{
    struct life *l = arg;
    l->reloads++;
}

static bool is_alive(void *arg)
{
    struct life *l = arg;
    l->asked++;
    return l->alive;
}

static int notify_socket(struct host_tmp *t)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int length = snprintf(a.sun_path, sizeof a.sun_path, "%s", host_tmp_path(t, "notify"));
    assert_in_range(length, 1, sizeof a.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", a.sun_path, 1), 0);
    return fd;
}

static bool was_told(int fd, const char *line)
{
    char text[256];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    if (n < 0)
        return false;
    text[n] = '\0';
    return strstr(text, line) != NULL;
}

static void test_systemd_is_told_and_the_watchdog_follows_the_store(void **state)
{
    (void)state;
    struct host_tmp tmp;
    host_tmp_make(&tmp);
    service_ready("outside systemd nothing happens");
    int fd = notify_socket(&tmp);
    assert_int_equal(setenv("WATCHDOG_USEC", "40000", 1), 0);
    struct life l = {.alive = true};
    const struct service_calls calls = {on_stop, on_reload, is_alive, &l};
    assert_int_equal(loop_new(&l.loop), ERR_OK);
    assert_int_equal(service_new(l.loop, &calls, &l.service), ERR_OK);
    service_ready("up");
    assert_true(was_told(fd, "READY=1"));
    service_reloading();
    assert_true(was_told(fd, "RELOADING=1"));
    while (l.asked < 1)
        assert_int_equal(loop_turn(l.loop, 50), ERR_OK);
    assert_true(was_told(fd, "WATCHDOG=1"));
    l.alive = false;
    while (l.asked < 3)
        assert_int_equal(loop_turn(l.loop, 50), ERR_OK);
    assert_false(was_told(fd, "WATCHDOG=1"));
    kill(getpid(), SIGHUP);
    assert_int_equal(loop_turn(l.loop, 100), ERR_OK);
    assert_int_equal(l.reloads, 1);
    kill(getpid(), SIGTERM);
    while (l.stops == 0)
        assert_int_equal(loop_turn(l.loop, 50), ERR_OK);
    assert_true(was_told(fd, "STOPPING=1"));
    kill(getpid(), SIGINT); /* the second one does not wait */
    assert_int_equal(loop_run(l.loop), ERR_OK);
    assert_int_equal(l.stops, 1);
    service_free(l.service);
    loop_free(l.loop);
    close(fd);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    host_tmp_remove(&tmp);
}

static void test_progress_names_rate_and_time_left(void **state)
{
    (void)state;
    static const struct {
        struct progress_state s;
        unsigned width;
        const char *want;
    } cases[] = {
        {{"importing", "records", 0, 0, 0}, 80, "importing 0 records"},
        {{"importing", "records", 500, 1000, 1000}, 40, "importing 500/1000 records, 500/s, left "},
        {{"importing", "records", 10, 100, 1000},
         80,
         "importing [##......................]  10% 10/100 records, 10/s, left 9s"},
        {{"x", "y", 100, 100, 1000}, 80, "x [########################] 100% 100/100 y, 100/s"},
        {{"x", "y", 1, 8000, 1000}, 50, "x 1/8000 y, 1/s, left 2h13m"},
        {{"x", "y", 1, 90, 1000}, 50, "x 1/90 y, 1/s, left 1m29s"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf b = buf_new(256);
        progress_text(&cases[i].s, cases[i].width, &b);
        assert_string_equal(buf_text(&b), cases[i].want);
    }
    progress_set(NULL, 1);
    progress_finish(NULL);
    progress_free(NULL);
}

static void test_tables_align_by_columns_and_disarm_text(void **state)
{
    (void)state;
    const char *const headings[] = {"name", ">count", "note"};
    const char *const rows[][3] = {
        {"caf\xc3\xa9", "7", "e\xcc\x81"},
        {"\xe6\xbc\xa2\xe5\xad\x97", "1234", "a\x1b[31mred\nx"},
        {"\xe2\x80\xae"
         "abc",
         NULL, "\xff\xc3"},
    };
    CLEANUP(cleanup_table_free) struct table *t = table_new(headings, 3);
    assert_non_null(t);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        table_row(t, rows[i]);
    CLEANUP(buf_free) struct buf b = buf_new(1024);
    assert_int_equal(table_print(t, &b), ERR_OK);
    assert_string_equal(buf_text(&b), "name  count  note\n"
                                      "----  -----  -----------\n"
                                      "caf\xc3\xa9      7  e\xcc\x81\n"
                                      "\xe6\xbc\xa2\xe5\xad\x97   1234  a?[31mred?x\n"
                                      "?abc         ??\n");
    assert_int_equal(table_width(bytes_str("e\xcc\x81")), 1);
    assert_int_equal(table_width(bytes_of("\0", 1)), 1);
    assert_null(table_new(headings, 0));
    assert_null(table_new(headings, TABLE_COLUMNS_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hardened_process_cannot_be_dumped),
        cmocka_unit_test(test_a_confined_process_starts_threads_and_no_programs),
        cmocka_unit_test(test_systemd_is_told_and_the_watchdog_follows_the_store),
        cmocka_unit_test(test_progress_names_rate_and_time_left),
        cmocka_unit_test(test_tables_align_by_columns_and_disarm_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
