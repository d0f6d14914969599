/* pki/cli/pki/rotate_successor: the log that ended joins the roster's former ones behind the head that the registrar gives, which a
 * greater one of the same log replaces, and nothing else does. */
#include "tests/unit/pki/test_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cli/pki/rotate_successor.h"
#include "pki/note.h"
#include "proto/host/file.h"
#include "proto/log/checkpoint.h"
#include "tests/unit/msg/trust_sample.h"

#define NEW "sluis.example/second"
#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct {
    char dir[64];
    char head[96];
    struct key *log;
    struct key *stranger;
    struct bytes next; /* the line of the next log's key */
    char lines[2][VKEY_MAX_TEXT];
    struct opts o;
    struct work w;
    struct sample_roster s;
} desk;

static struct bytes line_of(const char *name, struct bytes origin, const struct key *key, char room[static VKEY_MAX_TEXT])
{
    const struct note_signer signer = {name != NULL ? bytes_str(name) : origin, key};
    struct buf text = buf_fixed(room, VKEY_MAX_TEXT);
    struct vkey v;
    OK(note_vkey(&signer, VKEY_ED25519, &v));
    vkey_write(&v, &text);
    return buf_bytes(&text);
}

static int set_up(void **state)
{
    (void)state;
    memset(&desk, 0, sizeof desk);
    snprintf(desk.dir, sizeof desk.dir, "/tmp/sluis-successor.XXXXXX");
    assert_non_null(mkdtemp(desk.dir));
    snprintf(desk.head, sizeof desk.head, "%s/head", desk.dir);
    desk.o = (struct opts){.dir = desk.dir, .head = desk.head, .origin = NEW, .passphrase_fd = -1, .pin_fd = -1};
    OK(work_init(&desk.w, &desk.o));
    OK(key_generate(KEY_TYPE_ED25519, &desk.log));
    OK(key_generate(KEY_TYPE_ED25519, &desk.stranger));
    sample_roster_fill(&desk.s);
    desk.s.r.log_key = line_of(NULL, desk.s.r.log_origin, desk.log, desk.lines[0]);
    desk.s.r.former_log_count = 0;
    desk.s.r.next_log_key.len = 0;
    desk.next = line_of(NEW, bytes_of(NULL, 0), desk.log, desk.lines[1]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    work_end(&desk.w);
    key_free(desk.log);
    key_free(desk.stranger);
    (void)unlink(desk.head);
    return rmdir(desk.dir);
}

/* A head of that log in the file that --head names. */
struct shown {
    struct bytes origin;
    uint64_t size;
    uint8_t root;
    const struct key *by;
};
static void show(struct shown h)
{
    const struct checkpoint c = {.origin = h.origin, .size = h.size, .root = {{h.root}}};
    const struct note_signer signer = {h.origin, h.by};
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    CLEANUP(buf_free) struct buf note = buf_new(4096);
    checkpoint_write(&c, &text);
    OK(note_sign(&signer, 1, buf_bytes(&text), &note));
    OK(file_write(desk.head, buf_bytes(&note), 0600, NULL));
}

static const struct roster_former_origin *last(void)
{
    const struct roster *r = &desk.s.r;
    assert_int_equal(r->former_origin_count, 1);
    assert_true(bytes_is(r->log_origin, NEW));
    assert_true(bytes_equal(r->log_key, desk.next));
    return &r->former_origins[0];
}

static enum err put(void)
{
    return successor_put(&desk.w, &desk.s.r, desk.next);
}

/* ---- */

static void a_greater_head_replaces_the_one_that_was_named(void **state)
{
    (void)state;
    const struct bytes old = desk.s.r.log_origin;
    assert_false(successor_is_listed(&desk.w, &desk.s.r, desk.next));
    show((struct shown){old, 10, 1, desk.log});
    OK(put());
    assert_int_equal(last()->size, 10);
    assert_true(successor_is_listed(&desk.w, &desk.s.r, desk.next));
    show((struct shown){old, 20, 2, desk.log});
    assert_false(successor_is_listed(&desk.w, &desk.s.r, desk.next));
    OK(put());
    assert_int_equal(last()->size, 20);
    assert_int_equal(last()->root.b[0], 2);
    assert_true(bytes_equal(last()->origin, old));
    assert_int_equal(last()->key_count, 1);
    assert_true(bytes_equal(last()->keys[0], bytes_str(desk.lines[0])));
    assert_true(successor_is_listed(&desk.w, &desk.s.r, desk.next));
}

static void nothing_else_does(void **state)
{
    (void)state;
    const struct bytes old = desk.s.r.log_origin;
    const struct {
        struct shown shown;
        enum err want;
    } cases[] = {
        {{old, 10, 1, desk.log}, ERR_CONFLICT},                    /* smaller */
        {{old, 20, 3, desk.log}, ERR_CONFLICT},                    /* another one of that size */
        {{old, 30, 2, desk.stranger}, ERR_INVALID},                /* that no key of the log signed */
        {{bytes_str("sluis.example/other"), 30, 2, desk.log}, ERR_INVALID},
    };
    show((struct shown){old, 20, 2, desk.log});
    OK(put());
    const struct roster before = desk.s.r;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        show(cases[i].shown);
        assert_false(successor_is_listed(&desk.w, &desk.s.r, desk.next));
        const enum err e = put();
        if (e != cases[i].want)
            fail_msg("case %zu: %s: %s", i, err_text(e), desk.w.why.text);
        desk.s.r = before;
    }
    assert_int_equal(last()->size, 20);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_greater_head_replaces_the_one_that_was_named),
        CASE(nothing_else_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
