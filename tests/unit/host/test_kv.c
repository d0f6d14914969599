/* proto/host/kv: tables, scans, failure at every step, disk full, backup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_write.h"
#include "tests/unit/host/host_tmp.h"

struct fixture {
    struct host_tmp tmp;
    struct kv *kv;
    struct kv_table t;
};

static void open_store(struct fixture *f, const char *name, uint64_t map_bytes)
{
    struct errmsg why = {0};
    const struct kv_params p = {.dir = host_tmp_path(&f->tmp, name), .map_bytes = map_bytes};
    enum err e = kv_open(&p, &f->kv, &why);
    if (e != ERR_OK)
        print_error("%s\n", why.text);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(kv_table_open(f->kv, "things", &f->t), ERR_OK);
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    host_tmp_make(&f.tmp);
    open_store(&f, "store", 64u << 20);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kv_free(f->kv);
    host_tmp_remove(&f->tmp);
    return 0;
}

static enum err put_text(struct kv_txn *t, struct kv_table table, const char *k, const char *v)
{
    return kv_put(t, table, bytes_str(k), bytes_str(v));
}

static void fill(struct fixture *f, const char *const *keys, size_t n)
{
    struct kv_txn *t = NULL;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(put_text(t, f->t, keys[i], keys[i]), ERR_OK);
    assert_int_equal(kv_write_commit(t), ERR_OK);
}

static const char *const some_keys[] = {"a", "b1", "b2", "b2x", "b3", "b\xff", "c", "\xff\xff"};

static void scan(struct kv_iter *it, struct buf *out)
{
    struct bytes k;
    enum err e = ERR_OK;
    for (e = kv_iter_next(it, &k, NULL); e == ERR_OK; e = kv_iter_next(it, &k, NULL)) {
        buf_put(out, k);
        buf_put_u8(out, ' ');
    }
    assert_int_equal(e, ERR_NOT_FOUND);
}

static void test_scan_by_prefix_and_resume(void **state)
{
    struct fixture *f = *state;
    fill(f, some_keys, ARRAY_LEN(some_keys));
    static const struct {
        const char *prefix;
        const char *seek;
        const char *after;
        const char *want;
    } cases[] = {
        {"b", NULL, NULL, "b1 b2 b2x b3 b\xff "},
        {"b", "b2", NULL, "b2 b2x b3 b\xff "},
        {"b", NULL, "b2", "b2x b3 b\xff "},
        {"b", NULL, "b25", "b2x b3 b\xff "},
        {"b", NULL, "a", "b1 b2 b2x b3 b\xff "},
        {"b", NULL, "b\xff", ""},
        {"b", "c", NULL, ""},
        {"b2", NULL, NULL, "b2 b2x "},
        {"x", NULL, NULL, ""},
        {"", NULL, NULL, "a b1 b2 b2x b3 b\xff c \xff\xff "},
        {"", NULL, "c", "\xff\xff "},
    };
    CLEANUP(cleanup_kv_read_end) struct kv_txn *t = NULL;
    assert_int_equal(kv_read_begin(f->kv, &t), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        CLEANUP(buf_free) struct buf got = buf_new(256);
        assert_int_equal(kv_iter_new(t, f->t, bytes_str(cases[i].prefix), &it), ERR_OK);
        if (cases[i].seek != NULL)
            assert_int_equal(kv_iter_seek(it, bytes_str(cases[i].seek)), ERR_OK);
        if (cases[i].after != NULL)
            assert_int_equal(kv_iter_after(it, bytes_str(cases[i].after)), ERR_OK);
        scan(it, &got);
        assert_string_equal(buf_text(&got), cases[i].want);
    }
}

static void test_last_of_a_prefix(void **state)
{
    struct fixture *f = *state;
    struct bytes k;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *empty = NULL;
    assert_int_equal(kv_read_begin(f->kv, &empty), ERR_OK);
    assert_int_equal(kv_last(empty, f->t, bytes_str(""), &k, NULL), ERR_NOT_FOUND);
    fill(f, some_keys, ARRAY_LEN(some_keys));
    static const struct {
        const char *prefix;
        const char *want;
    } cases[] = {
        {"", "\xff\xff"}, {"\xff", "\xff\xff"}, {"b", "b\xff"}, {"b2", "b2x"},      {"a", "a"},
        {"b4", NULL},     {"0", NULL},          {"d", NULL},    {"b\xff", "b\xff"},
    };
    CLEANUP(cleanup_kv_read_end) struct kv_txn *t = NULL;
    assert_int_equal(kv_read_begin(f->kv, &t), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum err e = kv_last(t, f->t, bytes_str(cases[i].prefix), &k, NULL);
        assert_int_equal(e, cases[i].want != NULL ? ERR_OK : ERR_NOT_FOUND);
        if (cases[i].want != NULL)
            assert_true(bytes_is(k, cases[i].want));
    }
    /* the older snapshot still sees nothing */
    assert_int_equal(kv_has(empty, f->t, bytes_str("a")), ERR_NOT_FOUND);
}

static void test_writes_keep_their_contracts(void **state)
{
    struct fixture *f = *state;
    static const uint8_t long_key[KV_KEY_MAX + 1];
    struct kv_txn *t = NULL;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    assert_int_equal(kv_put_new(t, f->t, bytes_str("k"), bytes_str("1")), ERR_OK);
    assert_int_equal(kv_put_new(t, f->t, bytes_str("k"), bytes_str("2")), ERR_EXISTS);
    assert_int_equal(kv_append(t, f->t, bytes_str("j"), bytes_str("2")), ERR_EXISTS);
    assert_int_equal(kv_append(t, f->t, bytes_str("l"), bytes_str("")), ERR_OK);
    assert_int_equal(kv_put(t, f->t, bytes_str(""), bytes_str("2")), ERR_INVALID);
    assert_int_equal(kv_put(t, f->t, BYTES_OF_ARRAY(long_key), bytes_str("2")), ERR_INVALID);
    assert_int_equal(kv_put(t, f->t, bytes_of(long_key, KV_KEY_MAX), bytes_str("2")), ERR_OK);
    assert_int_equal(kv_del(t, f->t, bytes_str("none")), ERR_NOT_FOUND);
    assert_int_equal(kv_del(t, f->t, bytes_of(long_key, KV_KEY_MAX)), ERR_OK);
    assert_int_equal(kv_write_commit(t), ERR_OK);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    assert_int_equal(kv_read_begin(f->kv, &r), ERR_OK);
    struct bytes v;
    assert_int_equal(kv_get(r, f->t, bytes_str("k"), &v), ERR_OK);
    assert_true(bytes_is(v, "1"));
    assert_int_equal(kv_get(r, f->t, bytes_str("l"), &v), ERR_OK);
    assert_int_equal(v.len, 0);
    assert_int_equal(kv_get(r, f->t, bytes_str(""), &v), ERR_INVALID);
    assert_int_equal(kv_put(r, f->t, bytes_str("k"), bytes_str("9")), ERR_STATE);
    assert_int_equal(kv_del(r, f->t, bytes_str("k")), ERR_STATE);
    struct kv_table_stats ts;
    assert_int_equal(kv_table_stats(r, f->t, &ts), ERR_OK);
    assert_int_equal(ts.entries, 2);
    struct kv_stats s;
    assert_int_equal(kv_stats(f->kv, &s), ERR_OK);
    assert_true(s.used_pages > 2 && s.used_pages < s.map_pages && s.page_bytes >= 4096);
    assert_true(s.free_pages < s.used_pages);
}

static void test_abort_and_child_abort_leave_nothing(void **state)
{
    struct fixture *f = *state;
    struct kv_txn *t = NULL;
    struct kv_txn *child = NULL;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    assert_int_equal(put_text(t, f->t, "parent", ""), ERR_OK);
    assert_int_equal(kv_write_child(t, &child), ERR_OK);
    assert_int_equal(put_text(child, f->t, "bad", ""), ERR_OK);
    kv_write_abort(child);
    assert_int_equal(kv_write_child(t, &child), ERR_OK);
    assert_int_equal(put_text(child, f->t, "good", ""), ERR_OK);
    assert_int_equal(kv_write_commit(child), ERR_OK);
    assert_int_equal(kv_write_commit(t), ERR_OK);
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    assert_int_equal(put_text(t, f->t, "aborted", ""), ERR_OK);
    kv_write_abort(t);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    assert_int_equal(kv_read_begin(f->kv, &r), ERR_OK);
    assert_int_equal(kv_has(r, f->t, bytes_str("parent")), ERR_OK);
    assert_int_equal(kv_has(r, f->t, bytes_str("good")), ERR_OK);
    assert_int_equal(kv_has(r, f->t, bytes_str("bad")), ERR_NOT_FOUND);
    assert_int_equal(kv_has(r, f->t, bytes_str("aborted")), ERR_NOT_FOUND);
    assert_int_equal(kv_write_child(r, &child), ERR_STATE);
}

static void test_delete_by_prefix_in_slices(void **state)
{
    struct fixture *f = *state;
    fill(f, some_keys, ARRAY_LEN(some_keys));
    struct kv_txn *t = NULL;
    size_t n = 0;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    assert_int_equal(kv_del_prefix(t, f->t, bytes_str("b"), 3, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_int_equal(kv_del_prefix(t, f->t, bytes_str("b"), 3, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(kv_del_prefix(t, f->t, bytes_str("b"), 3, &n), ERR_OK);
    assert_int_equal(n, 0);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    CLEANUP(buf_free) struct buf got = buf_new(256);
    assert_int_equal(kv_iter_new(t, f->t, bytes_str(""), &it), ERR_OK);
    assert_int_equal(kv_iter_del(it), ERR_STATE);
    scan(it, &got);
    assert_string_equal(buf_text(&got), "a c \xff\xff ");
    kv_iter_free(take(it));
    assert_int_equal(kv_write_commit(t), ERR_OK);
}

/* One of everything; whatever fails, the error must come out and nothing may leak or half-exist. */
static enum err one_of_each(struct fixture *f)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *t = NULL;
    enum err e = kv_write_begin(f->kv, &t);
    if (e == ERR_OK)
        e = put_text(t, f->t, "x1", "1");
    if (e == ERR_OK)
        e = put_text(t, f->t, "x2", "2");
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *child = NULL;
    if (e == ERR_OK)
        e = kv_write_child(t, &child);
    if (e == ERR_OK)
        e = kv_append(child, f->t, bytes_str("x3"), bytes_str("3"));
    if (e == ERR_OK)
        e = kv_write_commit(take(child));
    size_t n = 0;
    if (e == ERR_OK)
        e = kv_del(t, f->t, bytes_str("x1"));
    if (e == ERR_OK)
        e = kv_del_prefix(t, f->t, bytes_str("x2"), 9, &n);
    if (e == ERR_OK)
        e = kv_last(t, f->t, bytes_str("x"), NULL, NULL);
    if (e == ERR_OK)
        e = kv_write_commit(take(t));
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    if (e == ERR_OK)
        e = kv_read_begin(f->kv, &r);
    if (e == ERR_OK)
        e = kv_has(r, f->t, bytes_str("x3"));
    return e;
}

static void test_failure_at_every_step_comes_out_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    static const enum err kinds[] = {ERR_NO_SPACE, ERR_IO, ERR_NOMEM};
    kv_fault_set(f->kv, 0, ERR_IO);
    assert_int_equal(one_of_each(f), ERR_OK);
    unsigned steps = kv_fault_calls(f->kv);
    assert_true(steps >= 14);
    struct kv_txn *t = NULL;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    assert_int_equal(kv_del(t, f->t, bytes_str("x3")), ERR_OK);
    assert_int_equal(kv_write_commit(t), ERR_OK);
    for (unsigned i = 1; i + 2 <= steps; i++) { /* the last two are after the commit */
        enum err kind = kinds[i % ARRAY_LEN(kinds)];
        kv_fault_set(f->kv, i, kind);
        assert_int_equal(one_of_each(f), kind);
        kv_fault_set(f->kv, 0, ERR_OK);
        CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
        assert_int_equal(kv_read_begin(f->kv, &r), ERR_OK);
        assert_int_equal(kv_last(r, f->t, bytes_str("x"), NULL, NULL), ERR_NOT_FOUND);
    }
}

/* Writes until it fails; returns the error and counts the committed blocks. */
static enum err write_until_full(struct fixture *f, unsigned *written)
{
    static uint8_t block[16384];
    for (unsigned i = 0; i < 10000; i++) {
        struct kv_txn *t = NULL;
        char key[16];
        snprintf(key, sizeof key, "%08u", i);
        enum err e = kv_write_begin(f->kv, &t);
        if (e == ERR_OK)
            e = kv_put(t, f->t, bytes_str(key), BYTES_OF_ARRAY(block));
        if (e != ERR_OK) {
            kv_write_abort(t);
            return e;
        }
        e = kv_write_commit(t);
        if (e != ERR_OK)
            return e;
        *written = i + 1;
    }
    return ERR_OK;
}

static void check_readable(struct fixture *f, unsigned written)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    assert_int_equal(kv_read_begin(f->kv, &r), ERR_OK);
    struct kv_table_stats s;
    assert_int_equal(kv_table_stats(r, f->t, &s), ERR_OK);
    assert_int_equal(s.entries, written);
    struct bytes v;
    assert_int_equal(kv_get(r, f->t, bytes_str("00000000"), &v), ERR_OK);
    assert_int_equal(v.len, 16384);
}

static void test_full_map_is_no_space_and_reads_go_on(void **state)
{
    struct fixture *f = *state;
    kv_free(f->kv);
    open_store(f, "small", 1u << 20);
    unsigned written = 0;
    assert_int_equal(write_until_full(f, &written), ERR_NO_SPACE);
    assert_true(written > 10);
    assert_false(kv_has_room(f->kv));
    check_readable(f, written);
    struct kv_txn *t = NULL; /* deleting makes room again */
    size_t n = 0;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    assert_int_equal(kv_del_prefix(t, f->t, bytes_str("0000000"), 10, &n), ERR_OK);
    assert_int_equal(kv_write_commit(t), ERR_OK);
    assert_true(kv_has_room(f->kv));
    fill(f, some_keys, ARRAY_LEN(some_keys));
}

static void test_full_disk_is_no_space_and_reads_go_on(void **state)
{
    struct fixture *f = *state;
    char dir[160];
    snprintf(dir, sizeof dir, "%s", host_tmp_path(&f->tmp, "disk"));
    assert_int_equal(mkdir(dir, 0700), 0);
    if (mount("sluis-test", dir, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700") != 0) {
        print_error("WARNING: cannot mount a tmpfs (not root): only the full map is tested\n");
        skip();
    }
    kv_free(f->kv);
    open_store(f, "disk/store", 64u << 20);
    unsigned written = 0;
    enum err e = write_until_full(f, &written);
    assert_false(kv_has_room(f->kv));
    check_readable(f, written);
    kv_free(f->kv);
    open_store(f, "disk/store", 64u << 20);
    check_readable(f, written);
    kv_free(take(f->kv));
    assert_int_equal(umount2(dir, MNT_DETACH), 0);
    assert_int_equal(e, ERR_NO_SPACE);
    assert_true(written > 5);
}

static void test_backup_is_a_store_of_its_own(void **state)
{
    struct fixture *f = *state;
    fill(f, some_keys, ARRAY_LEN(some_keys));
    char dir[160];
    snprintf(dir, sizeof dir, "%s", host_tmp_path(&f->tmp, "copy"));
    struct errmsg why = {0};
    assert_int_equal(kv_backup(f->kv, dir, &why), ERR_OK);
    assert_int_equal(kv_backup(f->kv, dir, &why), ERR_EXISTS);
    kv_free(f->kv);
    open_store(f, "copy", 64u << 20);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    assert_int_equal(kv_read_begin(f->kv, &r), ERR_OK);
    assert_int_equal(kv_has(r, f->t, bytes_str("b2x")), ERR_OK);
}

/* The last page of a store is one more than anything refers to, in both of its heads: as after pages were lost. */
static void lose_a_page(const char *file)
{
    enum { PAGE_HEAD = 16, LAST_PAGE_AT = PAGE_HEAD + 120 };
    const long page = sysconf(_SC_PAGESIZE);
    const int fd = open(file, O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint64_t last = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t one = 0;
        assert_int_equal(pread(fd, &one, sizeof one, i * page + LAST_PAGE_AT), sizeof one);
        last = one > last ? one : last;
    }
    last++;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pwrite(fd, &last, sizeof last, i * page + LAST_PAGE_AT), sizeof last);
    if (st.st_size < (off_t)(last + 1) * page)
        assert_int_equal(ftruncate(fd, (off_t)(last + 1) * page), 0);
    close(fd);
}

static void test_a_store_that_lost_a_page_is_copied_all_the_same(void **state)
{
    struct fixture *f = *state;
    fill(f, some_keys, ARRAY_LEN(some_keys));
    struct errmsg why = {0};
    char dir[160];
    snprintf(dir, sizeof dir, "%s", host_tmp_path(&f->tmp, "copy"));
    assert_int_equal(kv_backup(f->kv, dir, &why), ERR_OK);
    kv_free(f->kv);
    lose_a_page(host_tmp_path(&f->tmp, "copy/data.mdb"));
    open_store(f, "copy", 64u << 20);
    snprintf(dir, sizeof dir, "%s", host_tmp_path(&f->tmp, "again"));
    if (kv_backup(f->kv, dir, &why) != ERR_OK)
        fail_msg("%s", why.text);
    kv_free(f->kv);
    open_store(f, "again", 64u << 20);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    assert_int_equal(kv_read_begin(f->kv, &r), ERR_OK);
    assert_int_equal(kv_has(r, f->t, bytes_str("b2x")), ERR_OK);
}

static void test_open_refuses_folders_that_others_can_enter(void **state)
{
    struct fixture *f = *state;
    const struct kv_params p = {.dir = host_tmp_path(&f->tmp, "open")};
    assert_int_equal(mkdir(p.dir, 0755), 0);
    struct errmsg why = {0};
    struct kv *k = NULL;
    assert_int_equal(kv_open(&p, &k, &why), ERR_PERMISSION);
    assert_null(k);
    assert_non_null(strstr(why.text, "0755"));
}

static void test_a_reader_slot_is_a_limit(void **state)
{
    struct fixture *f = *state;
    const struct kv_params p = {
        .dir = host_tmp_path(&f->tmp, "few"), .map_bytes = 1u << 20, .max_readers = 2};
    CLEANUP(cleanup_kv_free) struct kv *k = NULL;
    assert_int_equal(kv_open(&p, &k, NULL), ERR_OK);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *a = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *b = NULL;
    struct kv_txn *c = NULL;
    assert_int_equal(kv_read_begin(k, &a), ERR_OK);
    assert_int_equal(kv_read_begin(k, &b), ERR_OK); /* two by one thread: not tied to threads */
    assert_int_equal(kv_read_begin(k, &c), ERR_LIMIT);
    unsigned cleared = 9;
    assert_int_equal(kv_reader_check(k, &cleared), ERR_OK);
    assert_int_equal(cleared, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_scan_by_prefix_and_resume),
        CASE(test_last_of_a_prefix),
        CASE(test_writes_keep_their_contracts),
        CASE(test_abort_and_child_abort_leave_nothing),
        CASE(test_delete_by_prefix_in_slices),
        CASE(test_failure_at_every_step_comes_out_and_changes_nothing),
        CASE(test_full_map_is_no_space_and_reads_go_on),
        CASE(test_full_disk_is_no_space_and_reads_go_on),
        CASE(test_backup_is_a_store_of_its_own),
        CASE(test_a_store_that_lost_a_page_is_copied_all_the_same),
        CASE(test_open_refuses_folders_that_others_can_enter),
        CASE(test_a_reader_slot_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
