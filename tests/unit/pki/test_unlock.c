#include "tests/unit/pki/test_core.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "pki/secret_internal.h"
#include "pki/unlock.h"

/* What unlock_passphrase makes of these bytes when they come through a pipe. */
static enum err unlock_bytes(struct bytes data, struct secret **out, struct errmsg *why)
{
    int p[2];
    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], data.ptr, data.len), (ssize_t)data.len);
    close(p[1]);
    enum err e = unlock_passphrase(p[0], out, why);
    close(p[0]);
    return e;
}

static void exactly_one_newline_is_stripped(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *want;
    } cases[] = {
        {"geheim", "geheim"},     {"geheim\n", "geheim"}, {"geheim\n\n", "geheim\n"},
        {"two\nlines\n", "two\nlines"}, {" x ", " x "},   {"x\r\n", "x\r"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct secret *CLEANUP(cleanup_secret_free) s = NULL;
        assert_int_equal(unlock_bytes(bytes_str(cases[i].in), &s, NULL), ERR_OK);
        assert_true(bytes_is(secret_bytes(s), cases[i].want));
    }
}

static void empty_input_and_nul_bytes_are_refused(void **state)
{
    (void)state;
    struct secret *s = NULL;
    struct errmsg why = {{0}};
    assert_int_equal(unlock_bytes(bytes_of("", 0), &s, &why), ERR_INVALID);
    assert_int_equal(unlock_bytes(bytes_str("\n"), &s, &why), ERR_INVALID);
    assert_int_equal(unlock_bytes(bytes_of("geheim\0x", 8), &s, &why), ERR_INVALID);
    assert_null(strstr(why.text, "geheim"));
    assert_null(s);
}

static void length_is_capped_at_1024_bytes(void **state)
{
    (void)state;
    static uint8_t big[3000];
    memset(big, 'a', sizeof big);
    struct secret *none = NULL;
    assert_int_equal(unlock_bytes(bytes_of(big, 1025), &none, NULL), ERR_TOO_LARGE);
    assert_int_equal(unlock_bytes(bytes_of(big, 1026), &none, NULL), ERR_TOO_LARGE);
    assert_int_equal(unlock_bytes(bytes_of(big, 3000), &none, NULL), ERR_TOO_LARGE);
    assert_null(none);
    for (int newline = 0; newline <= 1; newline++) {
        struct secret *CLEANUP(cleanup_secret_free) s = NULL;
        big[1024] = '\n';
        assert_int_equal(unlock_bytes(bytes_of(big, 1024u + (size_t)newline), &s, NULL), ERR_OK);
        assert_int_equal(secret_len(s), 1024);
    }
    big[1025] = '\n';
    assert_int_equal(unlock_bytes(bytes_of(big, 1026), &none, NULL), ERR_TOO_LARGE);
}

static void a_bad_descriptor_is_an_error(void **state)
{
    (void)state;
    struct secret *s = NULL;
    assert_int_equal(unlock_passphrase(-1, &s, NULL), ERR_IO);
    assert_int_equal(unlock_check_private(-1, NULL), ERR_IO);
    assert_null(s);
}

static void a_terminal_yields_one_line_and_gets_its_echo_back(void **state)
{
    (void)state;
    int master = -1;
    int slave = -1;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0)
        skip();
    struct termios before;
    struct termios after;
    assert_int_equal(tcgetattr(slave, &before), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Types when the echo is off: what comes earlier is flushed, on purpose. */
        struct termios now;
        do {
            usleep(1000);
        } while (tcgetattr(slave, &now) == 0 && (now.c_lflag & ECHO) != 0);
        _exit(write(master, "geheim\nrest", 11) == 11 ? 0 : 1);
    }
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    assert_int_equal(unlock_passphrase(slave, &s, NULL), ERR_OK);
    assert_true(bytes_is(secret_bytes(s), "geheim"));
    assert_int_equal(tcgetattr(slave, &after), 0);
    assert_int_equal(before.c_lflag & ECHO, after.c_lflag & ECHO);
    char echoed[64];
    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    ssize_t n = read(master, echoed, sizeof echoed);
    assert_true(n <= 0 || memmem(echoed, (size_t)n, "geheim", 6) == NULL);
    close(master);
    close(slave);
}

static void files_that_others_can_read_are_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/sluis-unlock-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const struct {
        mode_t mode;
        enum err want;
    } cases[] = {
        {0600, ERR_OK},         {0400, ERR_OK},         {0700, ERR_OK},
        {0640, ERR_PERMISSION}, {0604, ERR_PERMISSION}, {0620, ERR_PERMISSION},
        {0610, ERR_PERMISSION}, {0666, ERR_PERMISSION},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct errmsg why = {{0}};
        assert_int_equal(fchmod(fd, cases[i].mode), 0);
        assert_int_equal(unlock_check_private(fd, &why), cases[i].want);
        assert_true((cases[i].want == ERR_OK) == (why.text[0] == '\0'));
    }
    close(fd);
    unlink(path);
    int p[2];
    assert_int_equal(pipe(p), 0);
    assert_int_equal(unlock_check_private(p[0], NULL), ERR_OK);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_one_newline_is_stripped),
        cmocka_unit_test(empty_input_and_nul_bytes_are_refused),
        cmocka_unit_test(length_is_capped_at_1024_bytes),
        cmocka_unit_test(a_bad_descriptor_is_an_error),
        cmocka_unit_test(a_terminal_yields_one_line_and_gets_its_echo_back),
        cmocka_unit_test(files_that_others_can_read_are_refused),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
