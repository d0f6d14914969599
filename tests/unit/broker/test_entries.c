/* The entries that a mirror is given: those of the checkpoint that everybody is shown, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "broker/cosigners.h"
#include "broker/paced.h"
#include "broker/publisher.h"
#include "pki/digest.h"
#include "proto/host/file.h"
#include "proto/host/loop.h"
#include "proto/log/checkpoint.h"
#include "proto/log/merkle.h"
#include "proto/log/note.h"
#include "proto/log/vkey.h"
#include "proto/msg/entries.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct bench bench;

/* An answer at the pace of the entries that takes its time. */
static enum err take_time(struct turn *t)
{
    const int64_t until_ns = clock_mono_ns() + INT64_C(100000000);
    while (clock_mono_ns() < until_ns)
        ;
    t->no_reply = true;
    return ERR_OK;
}

static enum err prepare_slow(struct turn *t, struct errmsg *why)
{
    (void)why;
    return paced_answer(t->broker->mirrors, t, take_time);
}

static const struct turn_handler slow = {.kind = MSG_COSIGN, .prepare = prepare_slow};

static int setup(void **state)
{
    (void)state;
    static const struct turn_handler *const handlers[] = {&entries_handler, &slow};
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    OK(entries_part.start(&bench.broker, NULL));
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    entries_part.stop(&bench.broker);
    bench_close(&bench);
    return 0;
}

static struct entries_reply ask(uint64_t from, struct arena *a)
{
    CLEANUP(buf_free) struct buf body = buf_new(64);
    struct envelope e;
    struct entries_reply r;
    OK(entries_encode(&(struct entries){from}, &body));
    struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_ENTRIES, buf_bytes(&body));
    bench_send(&bench, &m);
    while (turns_pending(bench.broker.turns) > 0) /* the rest behind the answer before */
        OK(loop_turn(bench.broker.loop, -1));
    bench_answer(&bench, a, &e);
    buf_free(&bench.answers[--bench.answer_count].frame);
    assert_int_equal(e.kind, MSG_ENTRIES_REPLY);
    OK(entries_reply_decode(arena_copy(a, e.body), a, &r, NULL));
    assert_int_equal(r.from, from);
    return r;
}

static struct checkpoint head_of(const struct entries_reply *r, struct arena *a)
{
    struct note note;
    struct checkpoint c;
    OK(note_parse(r->checkpoint, a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    return c;
}

static void they_have_the_root_of_the_checkpoint(void **state)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct digest all[256];
    struct digest root;
    (void)state;
    for (int round = 0; round < 3; round++) {
        bench_publish(&bench);
        const struct entries_reply r = ask(0, a);
        const struct checkpoint head = head_of(&r, a);
        assert_true(head.size > 0 && head.size <= ARRAY_LEN(all));
        assert_int_equal(r.entries.len, head.size * sizeof(struct digest));
        memcpy(all, r.entries.ptr, r.entries.len);
        OK(merkle_root(digest_sha256, all, head.size, &root));
        assert_true(digest_equal(&root, &head.root));
        /* and a part of them */
        const struct entries_reply part = ask(head.size - 1, a);
        assert_true(bytes_equal(part.entries, digest_bytes(&all[head.size - 1])));
        assert_int_equal(ask(head.size, a).entries.len, 0);
        assert_int_equal(ask(head.size + 5, a).entries.len, 0);
    }
}

static void they_come_after_a_rest(void **state)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    (void)state;
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_COSIGN, bytes_str("x"));
    bench_send(&bench, &m);
    const int64_t rests_ns = clock_mono_ns();
    ask(0, a);
    assert_true(clock_mono_ns() - rests_ns >= INT64_C(300000000)); /* of 400 */
}

static void put_policy(struct buf *text)
{
    static const uint8_t public[32] = {1};
    struct vkey v;
    OK(vkey_make(digest_sha256, bytes_str("w0"), VKEY_COSIGNATURE_V1, BYTES_OF_ARRAY(public), &v));
    buf_put_str(text, "witness w0 ");
    vkey_write(&v, text);
    buf_put_str(text, "\nquorum w0\n");
}

/* What no quorum cosigned yet is shown to nobody, here neither. */
static void what_no_quorum_cosigned_is_not_given(void **state)
{
    static char path[256];
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    (void)state;
    bench_publish(&bench);
    const uint64_t shown = head_of(&(struct entries_reply){.checkpoint = ask(0, a).checkpoint}, a).size;
    put_policy(&text);
    snprintf(path, sizeof path, "%s", host_tmp_path(&bench.tmp, "audit-policy"));
    OK(file_write(path, buf_bytes(&text), 0600, NULL));
    bench.config.trust.audit_policy = path;
    entries_part.stop(&bench.broker);
    bench_restart(&bench);
    OK(entries_part.start(&bench.broker, NULL));
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    bench_publish(&bench);
    assert_true(publisher_size(bench.broker.publisher) > shown);
    const struct entries_reply r = ask(0, a);
    const uint64_t now = r.checkpoint.len > 0 ? head_of(&r, a).size : 0;
    assert_true(now <= shown);
    assert_int_equal(r.entries.len, now * sizeof(struct digest));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(they_have_the_root_of_the_checkpoint),
        TEST(they_come_after_a_rest),
        TEST(what_no_quorum_cosigned_is_not_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
