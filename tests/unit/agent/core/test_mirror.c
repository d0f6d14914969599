/* The agent's mirror of the broker's log against a broker that says what the test wants: it follows what grew and is
 * signed, and nothing else; and says why. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/evidence.h"
#include "agent/mirror/mirror.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/log/merkle.h"
#include "proto/msg/entries.h"
#include "tests/unit/agent/core/fake_broker.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define ORIGIN "sluis.example/broker"
#define WAIT_MS 60000
#define MOST 40000u

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &witness_part, &mirror_part, NULL};
static struct digest *log_entries; /* two histories of MOST, the same up to entry 100 */
static struct host_tmp tmp;
static char folder[300];
static size_t answered; /* letters of kind entries */

static int make_entries(void **state)
{
    (void)state;
    log_entries = calloc(2 * MOST, sizeof *log_entries);
    for (uint32_t i = 0; log_entries != NULL && i < 2 * MOST; i++) {
        const uint32_t n = i % MOST;
        const uint8_t text[5] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), i >= MOST && n >= 100, 0};
        const struct bytes all = BYTES_OF_ARRAY(text);
        OK(digest_sha256(&all, 1, &log_entries[i]));
    }
    return log_entries != NULL ? 0 : -1;
}

static int free_entries(void **state)
{
    (void)state;
    free(log_entries);
    return 0;
}

static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    host_tmp_make(&tmp);
    snprintf(folder, sizeof folder, "%s/mirror", tmp.dir);
    stage.mirror = folder;
    answered = 0;
    stage_open(&stage, deployment, parts);
    stage_until_open(&stage);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    host_tmp_remove(&tmp);
    return 0;
}

/* ---- the broker's side ---- */

static bool has_asked(struct stage *s)
{
    return fake_count(&s->fake, MSG_ENTRIES) > answered;
}

static uint64_t next_question(struct stage *s)
{
    struct entries e;
    assert_true(stage_until(s, has_asked, WAIT_MS));
    answered = fake_count(&s->fake, MSG_ENTRIES);
    const struct letter *l = fake_letter(&s->fake, MSG_ENTRIES, answered - 1);
    OK(entries_decode(l->envelope.body, l->arena, &e, NULL));
    return e.from;
}

/* What a broker says: entries [from, to) of one history, and the head of a size of another. */
struct saying {
    uint64_t from, to, size;
    size_t entries_of, head_of;
    const struct key *signer; /* NULL: the log's */
};

static void put_head(const struct stage *s, const struct saying *w, struct buf *out)
{
    CLEANUP(buf_free) struct buf text = buf_new(1024);
    struct checkpoint head = {.origin = bytes_str(ORIGIN), .size = w->size};
    const struct note_signer signer = {bytes_str(ORIGIN), w->signer != NULL ? w->signer : s->fake.log};
    OK(merkle_root(digest_sha256, log_entries + w->head_of * MOST, w->size, &head.root));
    checkpoint_write(&head, &text);
    OK(note_sign(&signer, 1, buf_bytes(&text), out));
}

static void say(struct stage *s, struct saying w)
{
    CLEANUP(buf_free) struct buf note = buf_new(4096);
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    const struct letter *l = fake_letter(&s->fake, MSG_ENTRIES, answered - 1);
    put_head(s, &w, &note);
    const struct digest *first = log_entries + w.entries_of * MOST + w.from;
    const struct entries_reply r = {buf_bytes(&note), w.from, bytes_of(first, (size_t)(w.to - w.from) * sizeof *first)};
    OK(entries_reply_encode(&r, &body));
    fake_send(&s->fake, MSG_ENTRIES_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
}

/* An honest broker's answer to the next question, as far as one reply goes. */
static void serve(struct stage *s, uint64_t size)
{
    const uint64_t from = next_question(s);
    const uint64_t to = size - from > ENTRIES_MAX ? from + ENTRIES_MAX : size;
    say(s, (struct saying){.from = from, .to = to, .size = size});
}

/* ---- the agent's side ---- */

static uint64_t wanted;

static bool has_size(struct stage *s)
{
    return s->agent->mirror->size == wanted && !s->agent->mirror->is_busy;
}

static void expect_size(struct stage *s, uint64_t size)
{
    wanted = size;
    assert_true(stage_until(s, has_size, WAIT_MS));
}

static bool is_stopped(struct stage *s)
{
    return s->agent->mirror->trouble.text[0] != '\0' && !s->agent->mirror->is_busy;
}

static void expect_trouble(struct stage *s, const char *what)
{
    assert_true(stage_until(s, is_stopped, WAIT_MS));
    if (strstr(s->agent->mirror->trouble.text, what) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", what, s->agent->mirror->trouble.text);
}

/* ---- the tests ---- */

static void it_follows_the_log_page_by_page_and_over_a_restart(void **state)
{
    struct stage *s = *state;
    serve(s, 120);
    expect_size(s, 120);
    serve(s, 120); /* nothing new */
    for (int pages = 0; pages < 3; pages++)
        serve(s, MOST - 1);
    expect_size(s, MOST - 1);
    stage_restart(s);
    assert_int_equal(s->agent->mirror->size, MOST - 1);
    answered = fake_count(&s->fake, MSG_ENTRIES);
    serve(s, MOST);
    expect_size(s, MOST);
    assert_string_equal(s->agent->mirror->trouble.text, "");
}

/* The head that stands here, and not a newer one that came by another way. */
static void expect_evidence(struct stage *s, struct saying own, struct saying shown)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf note = buf_new(4096);
    struct evidence kept;
    stage_restart(s);
    assert_true(stage_evidence(s, a, &kept));
    put_head(s, &own, &note);
    assert_true(bytes_equal(kept.own, buf_bytes(&note)));
    buf_reset(&note);
    put_head(s, &shown, &note);
    assert_true(bytes_equal(kept.shown, buf_bytes(&note)));
}

/* Each of them is said, changes nothing, and what is true afterwards counts. */
static void what_is_not_the_log_is_refused(void **state)
{
    struct stage *s = *state;
    struct key *other = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &other));
    const struct {
        struct saying what;
        const char *trouble;
    } cases[] = {
        {{.from = 150, .to = 200, .size = 200, .entries_of = 1}, "do not have the root"},
        {{.from = 150, .to = 200, .size = 200, .entries_of = 1, .head_of = 1}, "do not have the root"}, /* another past */
        {{.from = 150, .to = 200, .size = 200, .signer = other}, "checkpoint"},
        {{.from = 0, .to = 120, .size = 120}, "is mirrored here"},
        {{.from = 150, .to = 150, .size = 150, .head_of = 1}, "has forked"},
        {{.from = 150, .to = 150, .size = 200}, "other entries"},
        {{.from = 140, .to = 200, .size = 200}, "other entries"},
        {{.from = 150, .to = 210, .size = 200}, "other entries"},
    };
    serve(s, 150);
    expect_size(s, 150);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(next_question(s), 150);
        s->agent->mirror->trouble.text[0] = '\0';
        say(s, cases[i].what);
        expect_trouble(s, cases[i].trouble);
        assert_int_equal(s->agent->mirror->size, 150);
    }
    key_free(other);
    serve(s, 200);
    expect_size(s, 200);
    assert_string_equal(s->agent->mirror->trouble.text, "");
    expect_evidence(s, (struct saying){.size = 150}, (struct saying){.size = 150, .head_of = 1});
}

/* More than a page can be, or nothing that can be read: said, and the next answer counts. */
static void what_is_no_page_is_refused(void **state)
{
    struct stage *s = *state;
    static const size_t sizes[] = {1, 1000, (size_t)1 << 20, (size_t)3 << 20};
    serve(s, 150);
    expect_size(s, 150);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(buf_free) struct buf body = buf_new(sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            buf_put_u8(&body, 0xff);
        assert_int_equal(next_question(s), 150);
        s->agent->mirror->trouble.text[0] = '\0';
        const struct letter *l = fake_letter(&s->fake, MSG_ENTRIES, answered - 1);
        fake_send(&s->fake, MSG_ENTRIES_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
        expect_trouble(s, "");
        assert_int_equal(s->agent->mirror->size, 150);
    }
    serve(s, 200);
    expect_size(s, 200);
    assert_string_equal(s->agent->mirror->trouble.text, "");
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    deployment = argv[1];
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_follows_the_log_page_by_page_and_over_a_restart),
        TEST(what_is_not_the_log_is_refused),
        TEST(what_is_no_page_is_refused),
    };
    return cmocka_run_group_tests(tests, make_entries, free_entries);
}
