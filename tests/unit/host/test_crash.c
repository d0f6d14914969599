/* What was acknowledged is there after SIGKILL, and what is there is whole. Built with
 * SLUIS_CRASH_POINTS for the exact places, and killed at other moments by the parent. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "tests/unit/host/host_tmp.h"

#define JOBS 2000u

struct store {
    struct kv *kv;
    struct kv_table effect;
    struct kv_table audit;
};

struct child {
    struct store s;
    struct loop *loop;
    struct writer *w;
    uint32_t next;
    uint32_t in_flight; /* how many are submitted at once */
    int acks;
};

struct job {
    struct child *c;
    uint32_t n;
};

static enum err open_store(const char *dir, struct store *s)
{
    const struct kv_params p = {.dir = dir, .map_bytes = 16u << 20};
    enum err e = kv_open(&p, &s->kv, NULL);
    if (e == ERR_OK)
        e = kv_table_open(s->kv, "effect", &s->effect);
    if (e == ERR_OK)
        e = kv_table_open(s->kv, "audit", &s->audit);
    return e;
}

static struct bytes key_of(uint32_t n, uint8_t out[static 4])
{
    for (int i = 3; i >= 0; i--, n >>= 8)
        out[i] = (uint8_t)n;
    return bytes_of(out, 4);
}

static enum err effect_and_audit(struct kv_txn *txn, void *arg)
{
    const struct job *j = arg;
    uint8_t key[4];
    enum err e = kv_append(txn, j->c->s.effect, key_of(j->n, key), bytes_str("effect"));
    return e != ERR_OK ? e : kv_append(txn, j->c->s.audit, key_of(j->n, key), bytes_str("audit"));
}

static void submit_next(struct child *c);

static void acknowledge(enum err result, void *arg)
{
    struct job *j = arg;
    struct child *c = j->c;
    if (result != ERR_OK || write(c->acks, &j->n, sizeof j->n) != (ssize_t)sizeof j->n)
        _exit(3);
    free(j);
    submit_next(c);
}

static void submit_next(struct child *c)
{
    if (c->next >= JOBS) {
        loop_quit(c->loop);
        return;
    }
    struct job *j = malloc(sizeof *j);
    if (j == NULL)
        _exit(4);
    *j = (struct job){c, c->next++};
    if (writer_submit(c->w, WRITER_INTERACTIVE, effect_and_audit, acknowledge, j) != ERR_OK)
        _exit(5);
}

static void run_child(const char *dir, int acks, uint32_t in_flight)
{
    struct child c = {.acks = acks, .in_flight = in_flight};
    if (open_store(dir, &c.s) != ERR_OK || loop_new(&c.loop) != ERR_OK)
        _exit(6);
    const struct writer_params p = {.kv = c.s.kv, .loop = c.loop};
    if (writer_new(&p, &c.w) != ERR_OK)
        _exit(7);
    for (uint32_t i = 0; i < c.in_flight; i++)
        submit_next(&c);
    _exit(loop_run(c.loop) == ERR_OK ? 0 : 8);
}

/* How many were acknowledged: each number must follow the one before. */
static uint32_t read_acks(int fd, uint32_t stop_at)
{
    uint32_t count = 0;
    uint32_t n = 0;
    while (count < stop_at && read(fd, &n, sizeof n) == (ssize_t)sizeof n) {
        assert_int_equal(n, count);
        count++;
    }
    return count;
}

/* Entries in the store, checking that effect and audit are equal and without a hole. */
static uint32_t check_store(const char *dir)
{
    struct store s = {0};
    assert_int_equal(open_store(dir, &s), ERR_OK);
    struct kv_txn *r = NULL;
    assert_int_equal(kv_read_begin(s.kv, &r), ERR_OK);
    struct kv_table_stats effects;
    struct kv_table_stats audits;
    assert_int_equal(kv_table_stats(r, s.effect, &effects), ERR_OK);
    assert_int_equal(kv_table_stats(r, s.audit, &audits), ERR_OK);
    assert_int_equal(effects.entries, audits.entries);
    uint8_t key[4];
    for (uint32_t i = 0; i < effects.entries; i++) {
        assert_int_equal(kv_has(r, s.effect, key_of(i, key)), ERR_OK);
        assert_int_equal(kv_has(r, s.audit, key_of(i, key)), ERR_OK);
    }
    kv_read_end(r);
    kv_free(s.kv);
    return (uint32_t)effects.entries;
}

struct outcome {
    uint32_t acknowledged;
    uint32_t stored;
};

static struct outcome crash(const char *at, uint32_t kill_after, uint32_t in_flight)
{
    struct host_tmp tmp;
    host_tmp_make(&tmp);
    const char *dir = host_tmp_path(&tmp, "s");
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        if (at != NULL && setenv("SLUIS_CRASH_AT", at, 1) != 0)
            _exit(9);
        run_child(dir, p[1], in_flight);
    }
    close(p[1]);
    struct outcome o = {0};
    o.acknowledged = read_acks(p[0], at == NULL ? kill_after : JOBS);
    if (at == NULL)
        kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(p[0]);
    o.stored = check_store(dir);
    assert_true(o.stored >= o.acknowledged);
    host_tmp_remove(&tmp);
    return o;
}

static void test_killed_before_the_commit_nothing_of_the_group_is_there(void **state)
{
    (void)state;
    struct outcome o = crash("before_commit:4", 0, 1);
    assert_int_equal(o.acknowledged, 3);
    assert_int_equal(o.stored, 3);
}

static void test_killed_after_the_commit_the_unacknowledged_is_there(void **state)
{
    (void)state;
    struct outcome o = crash("after_commit:4", 0, 1);
    assert_int_equal(o.acknowledged, 3);
    assert_int_equal(o.stored, 4);
}

static void test_killed_at_any_moment_every_acknowledged_job_is_there_whole(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        crash(NULL, 1 + i * 37, 1 + i * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_before_the_commit_nothing_of_the_group_is_there),
        cmocka_unit_test(test_killed_after_the_commit_the_unacknowledged_is_there),
        cmocka_unit_test(test_killed_at_any_moment_every_acknowledged_job_is_there_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
