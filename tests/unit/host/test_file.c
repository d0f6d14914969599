/* proto/host/file. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/file.h"
#include "tests/unit/host/host_tmp.h"

static int setup(void **state)
{
    static struct host_tmp t;
    host_tmp_make(&t);
    *state = &t;
    return 0;
}

static int teardown(void **state)
{
    host_tmp_remove(*state);
    return 0;
}

static enum err read_cap(const char *path, enum file_trust trust, size_t max)
{
    CLEANUP(buf_free) struct buf b = buf_new(max);
    struct errmsg why = {0};
    enum err e = file_read(path, trust, &b, &why);
    assert_true((e == ERR_OK) == (why.text[0] == '\0'));
    return e;
}

static void test_written_is_what_is_read_and_the_cap_holds(void **state)
{
    const char *p = host_tmp_path(*state, "a");
    static uint8_t data[100001];
    memset(data, 7, sizeof data);
    assert_int_equal(file_write(p, BYTES_OF_ARRAY(data), 0640, NULL), ERR_OK);
    struct stat st;
    assert_int_equal(stat(p, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    CLEANUP(buf_free) struct buf b = buf_new(sizeof data);
    assert_int_equal(file_read(p, FILE_OWN, &b, NULL), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&b), BYTES_OF_ARRAY(data)));
    assert_int_equal(read_cap(p, FILE_ANY, sizeof data - 1), ERR_TOO_LARGE);
    assert_int_equal(file_write(p, bytes_str("new"), 0600, NULL), ERR_OK);
    assert_int_equal(read_cap(p, FILE_PRIVATE, 3), ERR_OK);
    assert_int_equal(file_create(p, bytes_str("other"), 0600, NULL), ERR_EXISTS);
    assert_int_equal(read_cap(p, FILE_PRIVATE, 3), ERR_OK);
    assert_int_equal(file_remove(p, NULL), ERR_OK);
    assert_int_equal(file_remove(p, NULL), ERR_NOT_FOUND);
    assert_int_equal(read_cap(p, FILE_ANY, 3), ERR_NOT_FOUND);
}

/* Whether a file gets its name, and how often that was asked. */
struct asked {
    const char *path;
    enum err answer;
    unsigned times;
};

static enum err answer(void *arg, struct errmsg *why)
{
    struct asked *a = arg;
    a->times++;
    assert_false(file_exists(a->path));
    return a->answer == ERR_OK ? ERR_OK : errmsg_set(why, a->answer, "not today");
}

static enum err count_name(void *arg, const char *name)
{
    (void)name;
    ++*(unsigned *)arg;
    return ERR_OK;
}

static void test_a_file_gets_its_name_once_somebody_agreed(void **state)
{
    struct errmsg why = {0};
    unsigned names = 0;
    char path[160];
    snprintf(path, sizeof path, "%s", host_tmp_path(*state, "agreed"));
    struct asked a = {.path = path, .answer = ERR_PERMISSION};
    const struct file_ready ready = {answer, &a};
    assert_int_equal(file_create_when(a.path, bytes_str("new"), 0600, &ready, &why), ERR_PERMISSION);
    assert_string_equal(why.text, "not today");
    assert_int_equal(file_list(host_tmp_path(*state, ""), count_name, &names), ERR_OK);
    assert_int_equal(names, 0);
    a.answer = ERR_OK;
    assert_int_equal(file_create_when(a.path, bytes_str("new"), 0600, &ready, &why), ERR_OK);
    assert_int_equal(read_cap(a.path, FILE_PRIVATE, 3), ERR_OK);
    assert_int_equal(file_create_when(a.path, bytes_str("other"), 0600, &ready, &why), ERR_EXISTS);
    assert_int_equal(a.times, 2);
}

#define MARK "a token that nobody may find"
#define STACK_BYTES ((size_t)1 << 20)

struct reading {
    const char *path;
    struct buf *out;
    size_t max; /* of the file; smaller than it: it is refused half way */
};

static void *read_there(void *arg)
{
    struct reading *r = arg;
    *r->out = buf_new(r->max);
    (void)(file_read(r->path, FILE_PRIVATE, r->out, NULL) == ERR_OK);
    return NULL;
}

/* On a stack that can be looked through afterwards. */
static void test_nothing_of_a_file_stays_on_the_stack(void **state)
{
    const char *p = host_tmp_path(*state, "a");
    uint8_t *stack = NULL;
    assert_int_equal(file_write(p, bytes_str(MARK), 0600, NULL), ERR_OK);
    for (size_t max = 4; max <= 64; max += 60) {
        struct buf out;
        struct reading r = {p, &out, max};
        pthread_attr_t attr;
        pthread_t thread;
        assert_int_equal(posix_memalign((void **)&stack, 4096, STACK_BYTES), 0);
        memset(stack, 0, STACK_BYTES);
        assert_int_equal(pthread_attr_init(&attr), 0);
        assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_BYTES), 0);
        assert_int_equal(pthread_create(&thread, &attr, read_there, &r), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(pthread_attr_destroy(&attr), 0);
        assert_int_equal(out.len, max > strlen(MARK) ? strlen(MARK) : 0);
        assert_null(memmem(stack, STACK_BYTES, MARK, strlen(MARK)));
        buf_free(&out);
        free(stack);
    }
}

/* What lay under the name is zeros, as another name of the same file shows; a link leads nowhere. */
static void test_an_erased_file_is_overwritten_where_it_lies(void **state)
{
    char p[4096];
    char q[4096];
    snprintf(p, sizeof p, "%s", host_tmp_path(*state, "secret"));
    snprintf(q, sizeof q, "%s", host_tmp_path(*state, "other"));
    static uint8_t data[10001];
    static const uint8_t zeros[sizeof data];
    memset(data, 7, sizeof data);
    assert_int_equal(file_write(p, BYTES_OF_ARRAY(data), 0600, NULL), ERR_OK);
    assert_int_equal(symlink(p, q), 0);
    assert_int_not_equal(file_erase(q, NULL), ERR_OK);
    assert_int_equal(unlink(q), 0);
    assert_int_equal(link(p, q), 0);
    assert_int_equal(file_erase(p, NULL), ERR_OK);
    assert_false(file_exists(p));
    CLEANUP(buf_free) struct buf b = buf_new(sizeof data);
    assert_int_equal(file_read(q, FILE_ANY, &b, NULL), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&b), BYTES_OF_ARRAY(zeros)));
    assert_int_equal(file_erase(p, NULL), ERR_NOT_FOUND);
}

static void test_key_files_are_refused_by_mode_link_owner_and_kind(void **state)
{
    char p[160];
    snprintf(p, sizeof p, "%s", host_tmp_path(*state, "key"));
    static const struct {
        mode_t mode;
        enum err own;
        enum err private;
    } cases[] = {
        {0600, ERR_OK, ERR_OK},
        {0400, ERR_OK, ERR_OK},
        {0640, ERR_OK, ERR_PERMISSION},
        {0604, ERR_OK, ERR_PERMISSION},
        {0620, ERR_PERMISSION, ERR_PERMISSION},
        {0602, ERR_PERMISSION, ERR_PERMISSION},
        {0601, ERR_OK, ERR_PERMISSION},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(file_write(p, bytes_str("k"), cases[i].mode, NULL), ERR_OK);
        assert_int_equal(read_cap(p, FILE_OWN, 9), cases[i].own);
        assert_int_equal(read_cap(p, FILE_PRIVATE, 9), cases[i].private);
    }
    assert_int_equal(file_write(p, bytes_str("k"), 0600, NULL), ERR_OK);
    const char *l = host_tmp_path(*state, "link");
    assert_int_equal(symlink(p, l), 0);
    assert_int_equal(read_cap(l, FILE_PRIVATE, 9), ERR_PERMISSION);
    assert_int_equal(read_cap(l, FILE_OWN, 9), ERR_OK);
    const char *fifo = host_tmp_path(*state, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(read_cap(fifo, FILE_PRIVATE, 9), ERR_PERMISSION); /* and does not hang */
    assert_int_equal(read_cap("/tmp", FILE_ANY, 9), ERR_PERMISSION);
    if (geteuid() == 0) { /* only root can give a file away */
        assert_int_equal(chown(p, 12345, 12345), 0);
        assert_int_equal(read_cap(p, FILE_PRIVATE, 9), ERR_PERMISSION);
    }
}

static void test_folders_must_be_ours_and_closed(void **state)
{
    const char *d = host_tmp_path(*state, "d");
    assert_int_equal(file_make_dir(d, NULL), ERR_OK);
    assert_int_equal(file_make_dir(d, NULL), ERR_OK);
    struct stat st;
    assert_int_equal(stat(d, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(chmod(d, 0750), 0);
    struct errmsg why = {0};
    assert_int_equal(file_make_dir(d, &why), ERR_PERMISSION);
    assert_non_null(strstr(why.text, "0750"));
    assert_int_equal(file_make_dir(host_tmp_path(*state, "no/such"), NULL), ERR_NOT_FOUND);
}

static enum err collect(void *arg, const char *name)
{
    struct buf *b = arg;
    buf_printf(b, "%s ", name);
    return strcmp(name, "c") == 0 ? ERR_CANCELLED : ERR_OK;
}

static void test_append_and_list(void **state)
{
    struct host_tmp *t = *state;
    int fd = -1;
    assert_int_equal(file_open_append(host_tmp_path(t, "b"), 0600, &fd, NULL), ERR_OK);
    assert_int_equal(file_append(fd, bytes_str("one")), ERR_OK);
    close(fd);
    assert_int_equal(file_open_append(host_tmp_path(t, "b"), 0600, &fd, NULL), ERR_OK);
    assert_int_equal(file_append(fd, bytes_str("two")), ERR_OK);
    close(fd);
    CLEANUP(buf_free) struct buf got = buf_new(64);
    assert_int_equal(file_read(host_tmp_path(t, "b"), FILE_PRIVATE, &got, NULL), ERR_OK);
    assert_true(bytes_is(buf_bytes(&got), "onetwo"));
    assert_int_equal(symlink("b", host_tmp_path(t, "a")), 0);
    assert_int_equal(file_open_append(host_tmp_path(t, "a"), 0600, &fd, NULL), ERR_PERMISSION);
    assert_int_equal(file_write(host_tmp_path(t, "c"), bytes_str(""), 0600, NULL), ERR_OK);
    assert_int_equal(file_write(host_tmp_path(t, "d"), bytes_str(""), 0600, NULL), ERR_OK);
    CLEANUP(buf_free) struct buf names = buf_new(64);
    assert_int_equal(file_list(t->dir, collect, &names), ERR_CANCELLED);
    assert_true(bytes_is(buf_bytes(&names), "a b c "));
    assert_int_equal(file_list("/no/such", collect, &names), ERR_NOT_FOUND);
    assert_true(file_exists(host_tmp_path(t, "a")));
    assert_false(file_exists(host_tmp_path(t, "z")));
}

static void test_nothing_is_left_of_a_write_that_failed(void **state)
{
    struct host_tmp *t = *state;
    assert_int_equal(mkdir(host_tmp_path(t, "x"), 0700), 0);
    assert_int_not_equal(file_write(host_tmp_path(t, "x"), bytes_str("y"), 0600, NULL), ERR_OK);
    CLEANUP(buf_free) struct buf names = buf_new(64);
    assert_int_equal(file_list(t->dir, collect, &names), ERR_OK);
    assert_true(bytes_is(buf_bytes(&names), "x "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_is_what_is_read_and_the_cap_holds, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_file_gets_its_name_once_somebody_agreed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nothing_of_a_file_stays_on_the_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_files_are_refused_by_mode_link_owner_and_kind,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders_must_be_ours_and_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_append_and_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_erased_file_is_overwritten_where_it_lies, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_left_of_a_write_that_failed, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
