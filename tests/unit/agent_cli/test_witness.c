/* `sluis witness --evidence` and `--left` against an agent that the test plays: which files are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli_run.h"
#include "proto/host/file.h"
#include "tests/unit/agent_cli/fake_agent.h"

#define NONE "{\"error\":{\"error\":\"not_found\",\"exit\":66,\"text\":\"there is none\"}}"
#define EVIDENCE(origin, logs)                                                                                              \
    "{\"ok\":{\"origin\":\"" origin "\",\"shown\":\"as it came " origin "\",\"shown_head\":\"shown " origin                   \
    "\",\"own_head\":\"own " origin "\",\"logs\":[" logs "]}}"
#define LEFT(origin, proved)                                                                                                \
    "{\"origin\":\"" origin "\",\"left\":\"2026-11-01T00:00:00Z\",\"size\":32,\"root\":\"00\",\"head\":\"last " origin         \
    "\",\"cosigned_head\":\"cosigned " origin "\",\"proved_head\":\"" proved "\",\"mirrored_head\":\"\"}"

static struct {
    struct fake_agent agent;
    const char *first;  /* the answer where no origin is asked for */
    const char *others; /* where one is */
    char asked[64];     /* that one */
} fake;

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    (void)arg;
    struct doc *d = NULL;
    const struct doc *args = NULL;
    struct bytes origin;
    assert_int_equal(doc_parse(frame, frame.len, &d, NULL), ERR_OK);
    assert_int_equal(doc_get_object(d, "args", &args, NULL), ERR_OK);
    const bool is_other = doc_get_text(args, "origin", sizeof fake.asked - 1, &origin, NULL) == ERR_OK;
    if (is_other)
        snprintf(fake.asked, sizeof fake.asked, "%.*s", (int)origin.len, (const char *)origin.ptr);
    assert_int_equal(control_conn_send(c, bytes_str(is_other ? fake.others : fake.first)), ERR_OK);
    doc_free(d);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake_agent_open(&fake.agent, on_frame);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"shown",       "shown-head",  "own-head",        "shown-2",       "shown-head-2",
                                        "own-head-2",  "last-head-1", "cosigned-head-1", "last-head-2",   "cosigned-head-2",
                                        "proved-head-2"};
    (void)state;
    fake_agent_close(&fake.agent);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", fake.agent.dir, names[i]);
        unlink(path);
    }
    return rmdir(fake.agent.dir); /* nothing else was written */
}

static int witness(const char *option, const char *first, const char *others)
{
    const char *argv[] = {"sluis", "--socket", fake.agent.socket, "witness", option, fake.agent.dir};
    fake.first = first;
    fake.others = others;
    fake_agent_start(&fake.agent);
    const int code = cli_run(cli_verbs, (int)ARRAY_LEN(argv), (char **)(uintptr_t)argv);
    fake_agent_stop(&fake.agent);
    return code;
}

static bool is_written(const char *name, const char *text)
{
    CLEANUP(buf_free) struct buf file = buf_new(4096);
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fake.agent.dir, name);
    return file_read(path, FILE_ANY, &file, NULL) == ERR_OK && bytes_is(buf_bytes(&file), text);
}

/* ---- */

static void the_evidence_of_each_log_is_written(void **state)
{
    (void)state;
    assert_int_equal(witness("--evidence", EVIDENCE("now", "\"before\",\"now\""), EVIDENCE("before", "\"before\",\"now\"")), 0);
    assert_string_equal(fake.asked, "before");
    assert_true(is_written("shown", "as it came now"));
    assert_true(is_written("shown-head", "shown now"));
    assert_true(is_written("own-head", "own now"));
    assert_true(is_written("shown-2", "as it came before"));
    assert_true(is_written("shown-head-2", "shown before"));
    assert_true(is_written("own-head-2", "own before"));
}

static void one_log_is_asked_for_once(void **state)
{
    (void)state;
    assert_int_equal(witness("--evidence", EVIDENCE("now", "\"now\""), NONE), 0);
    assert_string_equal(fake.asked, "");
    assert_true(is_written("own-head", "own now"));
}

static void where_there_is_none_nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(witness("--evidence", NONE, NONE), EX_NOINPUT);
    assert_int_equal(witness("--left", "{\"ok\":{\"logs\":[]}}", NONE), EX_NOINPUT);
}

static void the_heads_of_each_log_that_was_left_are_written(void **state)
{
    (void)state;
    assert_int_equal(witness("--left", "{\"ok\":{\"logs\":[" LEFT("a", "") "," LEFT("b", "proved b") "]}}", NONE), 0);
    assert_true(is_written("last-head-1", "last a"));
    assert_true(is_written("cosigned-head-1", "cosigned a"));
    assert_true(is_written("last-head-2", "last b"));
    assert_true(is_written("cosigned-head-2", "cosigned b"));
    assert_true(is_written("proved-head-2", "proved b"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_evidence_of_each_log_is_written),
        CASE(one_log_is_asked_for_once),
        CASE(where_there_is_none_nothing_is_written),
        CASE(the_heads_of_each_log_that_was_left_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
