/* proto/host/control: frames, users, caps, streaming, closing. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/control.h"
#include "proto/host/loop.h"
#include "tests/unit/host/host_tmp.h"

#define MAX_FRAME 100000u
#define STREAM_FRAMES 200u

struct fixture {
    struct host_tmp tmp;
    char path[160];
    struct loop *loop;
    struct control_server *server;
    struct control_conn *last;
    uid_t uid;
    unsigned frames;
    unsigned closed;
    unsigned streamed;
    bool close_after_frame;
    enum err stream_end;
};

static void stream_more(struct fixture *f, struct control_conn *c)
{
    static uint8_t block[MAX_FRAME / 3];
    enum err e = ERR_OK;
    while (f->streamed < STREAM_FRAMES && e == ERR_OK) {
        block[0] = (uint8_t)f->streamed;
        e = control_conn_send(c, BYTES_OF_ARRAY(block));
        if (e == ERR_OK)
            f->streamed++;
    }
    f->stream_end = e;
    if (f->streamed == STREAM_FRAMES)
        control_conn_close(c);
}

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    struct fixture *f = arg;
    f->frames++;
    f->last = c;
    f->uid = control_conn_uid(c);
    if (bytes_is(frame, "stream"))
        stream_more(f, c);
    else if (control_conn_send(c, frame) != ERR_OK)
        abort();
    if (f->close_after_frame)
        control_conn_close(c);
}

static void on_room(void *arg, struct control_conn *c)
{
    stream_more(arg, c);
}

static void on_close(void *arg, struct control_conn *c)
{
    struct fixture *f = arg;
    f->closed++;
    if (f->last == c)
        f->last = NULL;
}

static struct control_server_params params(struct fixture *f)
{
    return (struct control_server_params){
        .loop = f->loop,
        .path = f->path,
        .mode = 0600,
        .max_frame = MAX_FRAME,
        .max_conns = 3,
        .calls = {on_frame, on_room, on_close, f},
    };
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    host_tmp_make(&f.tmp);
    snprintf(f.path, sizeof f.path, "%s", host_tmp_path(&f.tmp, "control"));
    *state = &f;
    if (loop_new(&f.loop) != ERR_OK)
        return -1;
    const struct control_server_params p = params(&f);
    return control_server_new(&p, &f.server, NULL) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    control_server_free(f->server);
    loop_free(f->loop);
    host_tmp_remove(&f->tmp);
    return 0;
}

static void turns(struct fixture *f, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(loop_turn(f->loop, 20), ERR_OK);
}

static int raw_connect(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void test_many_requests_on_one_connection(void **state)
{
    struct fixture *f = *state;
    CLEANUP(cleanup_control_client_free) struct control_client *c = NULL;
    assert_int_equal(control_client_new(f->path, &c, NULL), ERR_OK);
    assert_int_equal(control_client_peer_uid(c), geteuid());
    CLEANUP(buf_free) struct buf got = buf_new(MAX_FRAME);
    for (unsigned i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "request %u", i);
        assert_int_equal(control_client_send(c, bytes_str(text)), ERR_OK);
        assert_int_equal(control_client_send(c, bytes_str("")), ERR_OK);
        while (f->frames < 2 * (i + 1))
            turns(f, 1);
        assert_int_equal(control_client_recv(c, 1000, &got), ERR_OK);
        assert_true(bytes_is(buf_bytes(&got), text));
        assert_int_equal(control_client_recv(c, 1000, &got), ERR_OK);
        assert_int_equal(got.len, 0);
    }
    assert_int_equal(f->uid, geteuid());
    assert_int_equal(control_client_recv(c, 20, &got), ERR_EXPIRED);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_the_peer_is_the_user_who_connected(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0) {
        print_error("WARNING: not root: the other user's id is not tested\n");
        skip();
    }
    assert_int_equal(chmod(f->path, 0666), 0);
    assert_int_equal(chmod(f->tmp.dir, 0755), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (setgid(54321) != 0 || setuid(54321) != 0)
            _exit(1);
        int fd = raw_connect(f->path);
        _exit(write(fd, "\0\0\0\1x", 5) == 5 ? 0 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 0; i < 50 && f->frames == 0; i++)
        turns(f, 1);
    assert_int_equal(f->uid, 54321);
}

static void test_frames_arrive_whole_whatever_the_pieces(void **state)
{
    struct fixture *f = *state;
    static const char wire[] = "\0\0\0\3abc\0\0\0\0\0\0\0\2de";
    int fd = raw_connect(f->path);
    for (size_t i = 0; i + 1 < sizeof wire; i++) {
        assert_int_equal(write(fd, wire + i, 1), 1);
        turns(f, 1);
    }
    turns(f, 2);
    assert_int_equal(f->frames, 3);
    char echo[sizeof wire];
    assert_int_equal(recv(fd, echo, sizeof echo, MSG_WAITALL | MSG_DONTWAIT), sizeof wire - 1);
    assert_memory_equal(echo, wire, sizeof wire - 1);
    close(fd);
    turns(f, 2);
    assert_int_equal(f->closed, 1);
}

static void test_a_frame_cut_short_is_never_delivered(void **state)
{
    struct fixture *f = *state;
    static const char wire[] = "\0\0\0\5abcde";
    for (size_t n = 0; n + 1 < sizeof wire; n++) {
        int fd = raw_connect(f->path);
        assert_int_equal(write(fd, wire, n), n);
        turns(f, 2);
        close(fd);
        turns(f, 2);
        assert_int_equal(f->closed, n + 1);
    }
    assert_int_equal(f->frames, 0);
}

static void test_a_frame_over_the_cap_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    static const uint8_t lengths[][4] = {
        {0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 0}, {0, 0x01, 0x86, 0xa1} /* 100,001 */};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        int fd = raw_connect(f->path);
        assert_int_equal(write(fd, lengths[i], 4), 4);
        turns(f, 3);
        char c;
        assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
        close(fd);
    }
    assert_int_equal(f->frames, 0);
    assert_int_equal(f->closed, ARRAY_LEN(lengths));
}

static void *read_stream(void *arg)
{
    const struct fixture *f = arg;
    CLEANUP(cleanup_control_client_free) struct control_client *c = NULL;
    CLEANUP(buf_free) struct buf got = buf_new(MAX_FRAME);
    if (control_client_new(f->path, &c, NULL) != ERR_OK ||
        control_client_send(c, bytes_str("stream")) != ERR_OK)
        abort();
    usleep(50000); /* let the queue fill */
    unsigned n = 0;
    enum err e = control_client_recv(c, 5000, &got);
    for (; e == ERR_OK; e = control_client_recv(c, 5000, &got)) {
        if (got.len != MAX_FRAME / 3 || got.ptr[0] != (uint8_t)n)
            abort();
        n++;
    }
    return e == ERR_CLOSED && n == STREAM_FRAMES ? NULL : arg;
}

static void test_a_long_reply_waits_for_a_slow_reader_and_comes_whole(void **state)
{
    struct fixture *f = *state;
    pthread_t th;
    assert_int_equal(pthread_create(&th, NULL, read_stream, f), 0);
    bool waited = false;
    for (int i = 0; i < 5000 && f->closed == 0; i++) {
        turns(f, 1);
        waited = waited || f->stream_end == ERR_AGAIN;
    }
    void *bad = f;
    pthread_join(th, &bad);
    assert_null(bad);
    assert_true(waited);
    assert_int_equal(f->closed, 1);
}

static void test_closing_sends_what_is_queued_first(void **state)
{
    struct fixture *f = *state;
    f->close_after_frame = true;
    int fd = raw_connect(f->path);
    assert_int_equal(write(fd, "\0\0\0\1a\0\0\0\1b", 10), 10);
    turns(f, 5);
    char echo[16];
    assert_int_equal(recv(fd, echo, sizeof echo, MSG_DONTWAIT), 5);
    assert_int_equal(recv(fd, echo, sizeof echo, MSG_DONTWAIT), 0);
    assert_int_equal(f->frames, 1); /* the second was not read any more */
    assert_int_equal(f->closed, 1);
    close(fd);
}

static void test_connections_over_the_bound_wait_their_turn(void **state)
{
    struct fixture *f = *state;
    int fd[4];
    for (size_t i = 0; i < 4; i++) {
        fd[i] = raw_connect(f->path);
        assert_int_equal(write(fd[i], "\0\0\0\1x", 5), 5);
    }
    turns(f, 5);
    assert_int_equal(f->frames, 3);
    close(fd[0]);
    turns(f, 5);
    assert_int_equal(f->frames, 4);
    for (size_t i = 1; i < 4; i++)
        close(fd[i]);
    turns(f, 3);
    assert_int_equal(f->closed, 4);
}

static void test_what_is_at_the_path_decides(void **state)
{
    struct fixture *f = *state;
    struct control_server_params p = params(f);
    struct control_server *second = NULL;
    struct errmsg why = {0};
    assert_int_equal(control_server_new(&p, &second, &why), ERR_EXISTS); /* alive */
    assert_int_equal(link(f->path, host_tmp_path(&f->tmp, "stale")), 0);
    control_server_free(f->server);
    f->server = NULL;
    struct control_client *c = NULL;
    assert_int_equal(control_client_new(f->path, &c, &why), ERR_NOT_FOUND);
    p.path = host_tmp_path(&f->tmp, "stale");
    assert_int_equal(control_client_new(p.path, &c, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "does not run"));
    assert_int_equal(control_server_new(&p, &second, &why), ERR_OK); /* replaced */
    control_server_free(second);
    p.path = f->tmp.dir;
    assert_int_equal(control_server_new(&p, &second, &why), ERR_EXISTS); /* no socket */
    char long_path[200];
    memset(long_path, 'a', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    p.path = long_path;
    assert_int_equal(control_server_new(&p, &second, &why), ERR_RANGE);
    assert_int_equal(control_client_new(long_path, &c, &why), ERR_RANGE);
}

/* A service at "fake" whose bytes are the test's. */
static int listen_as_service(struct fixture *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int length = snprintf(a.sun_path, sizeof a.sun_path, "%s", host_tmp_path(&f->tmp, "fake"));
    assert_in_range(length, 1, sizeof a.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 5), 0);
    return listener;
}

static void test_the_client_checks_what_the_service_sends(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *wire;
        size_t len;
        enum err want;
    } cases[] = {
        {"\0\0\0\2ab", 6, ERR_OK},
        {"\0\0\0\2a", 5, ERR_TRUNCATED},
        {"\0\0\0", 3, ERR_TRUNCATED},
        {"\0\0\0\2", 4, ERR_TRUNCATED},
        {"", 0, ERR_CLOSED},
        {"\0\0\0\11"
         "123456789",
         13, ERR_TOO_LARGE},
        {"\177\377\377\377", 4, ERR_TOO_LARGE},
    };
    const char *path = host_tmp_path(&f->tmp, "fake");
    const int listener = listen_as_service(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(cleanup_control_client_free) struct control_client *c = NULL;
        CLEANUP(buf_free) struct buf got = buf_new(8);
        assert_int_equal(control_client_new(path, &c, NULL), ERR_OK);
        int fd = accept(listener, NULL, NULL);
        assert_int_equal(write(fd, cases[i].wire, cases[i].len), cases[i].len);
        close(fd);
        assert_int_equal(control_client_recv(c, 1000, &got), cases[i].want);
    }
    close(listener);
}

/* Else one late piece would make everything behind it unreadable. */
static void test_a_wait_that_ends_inside_a_frame_loses_nothing(void **state)
{
    struct fixture *f = *state;
    static const char wire[] = "\0\0\0\3abc\0\0\0\2de";
    CLEANUP(cleanup_control_client_free) struct control_client *c = NULL;
    CLEANUP(buf_free) struct buf got = buf_new(8);
    const int listener = listen_as_service(f);
    assert_int_equal(control_client_new(host_tmp_path(&f->tmp, "fake"), &c, NULL), ERR_OK);
    const int fd = accept(listener, NULL, NULL);
    for (size_t i = 0; i + 1 < sizeof wire; i++) {
        const bool ends_frame = i == 6 || i == 12;
        assert_int_equal(control_client_recv(c, 0, &got), ERR_EXPIRED);
        assert_int_equal(write(fd, &wire[i], 1), 1);
        if (!ends_frame)
            continue;
        assert_int_equal(control_client_recv(c, 1000, &got), ERR_OK);
        assert_true(bytes_is(buf_bytes(&got), i == 6 ? "abc" : "de"));
    }
    close(fd);
    assert_int_equal(control_client_recv(c, 1000, &got), ERR_CLOSED);
    close(listener);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_many_requests_on_one_connection),
        CASE(test_the_peer_is_the_user_who_connected),
        CASE(test_frames_arrive_whole_whatever_the_pieces),
        CASE(test_a_frame_cut_short_is_never_delivered),
        CASE(test_a_frame_over_the_cap_ends_the_connection),
        CASE(test_a_long_reply_waits_for_a_slow_reader_and_comes_whole),
        CASE(test_closing_sends_what_is_queued_first),
        CASE(test_connections_over_the_bound_wait_their_turn),
        CASE(test_what_is_at_the_path_decides),
        CASE(test_the_client_checks_what_the_service_sends),
        CASE(test_a_wait_that_ends_inside_a_frame_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
