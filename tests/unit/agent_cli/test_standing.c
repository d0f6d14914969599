/* `sluis standing --ask` against an agent that the test plays: which of several are asked, where one cannot be. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli_run.h"
#include "pki/keyfile.h"
#include "proto/host/file.h"
#include "tests/unit/agent_cli/fake_agent.h"

#define ROW(id) "{\"standing\":\"" id "00000000000000000000000000\",\"label\":\"dossier\",\"due\":\"term\"}"
#define LIST(rows, more) "{\"ok\":{\"standing\":[" rows "],\"more\":" more "}}"
#define ERROR(exit) "{\"error\":{\"error\":\"e\",\"exit\":" exit ",\"text\":\"not now\"}}"
#define OK "{\"ok\":{\"request\":\"00\",\"closes\":\"\",\"holders\":[]}}"
#define SIGN "{\"sign\":[{\"kind\":\"request\",\"document\":\"AAAA\"}],\"state\":\"s\"}"

static struct {
    struct fake_agent agent;
    char printed[96]; /* what went to standard output */
    const char *list;            /* the answer to a list */
    const char *const *answers;  /* to each asking */
    unsigned asked;
    char prefix[64]; /* of the last list */
} fake;

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    (void)arg;
    struct doc *d = NULL;
    const struct doc *args = NULL;
    struct bytes action = {0};
    struct bytes prefix = bytes_str("");
    assert_int_equal(doc_parse(frame, frame.len, &d, NULL), ERR_OK);
    assert_int_equal(doc_get_object(d, "args", &args, NULL), ERR_OK);
    assert_int_equal(doc_get_text(args, "action", 16, &action, NULL), ERR_OK);
    if (bytes_is(action, "list")) {
        if (doc_has(args, "standing"))
            assert_int_equal(doc_get_text(args, "standing", sizeof fake.prefix - 1, &prefix, NULL), ERR_OK);
        memcpy(fake.prefix, prefix.ptr, prefix.len);
        assert_int_equal(control_conn_send(c, bytes_str(fake.list)), ERR_OK);
    } else {
        assert_int_equal(control_conn_send(c, bytes_str(fake.answers[fake.asked++])), ERR_OK);
    }
    doc_free(d);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake_agent_open(&fake.agent, on_frame);
    snprintf(fake.printed, sizeof fake.printed, "%s/out", fake.agent.dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_agent_close(&fake.agent);
    unlink(fake.printed);
    rmdir(fake.agent.dir);
    return 0;
}

/* id: or NULL. Standard output goes to the file. */
static int ask(const char *id, const char *list, const char *const *answers)
{
    const char *argv[] = {"sluis", "--socket", fake.agent.socket, "--yes", "standing", "--ask", id};
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    const int out = open(fake.printed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(kept >= 0 && out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
    fake.list = list;
    fake.answers = answers;
    fake.asked = 0;
    memset(fake.prefix, 0, sizeof fake.prefix);
    fake_agent_start(&fake.agent);
    const int code = cli_run(cli_verbs, id != NULL ? 7 : 6, (char **)(uintptr_t)argv);
    fake_agent_stop(&fake.agent);
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    close(out);
    return code;
}

static bool was_printed(const char *text)
{
    CLEANUP(buf_free) struct buf out = buf_new((size_t)1 << 16);
    assert_int_equal(file_read(fake.printed, FILE_OWN, &out, NULL), ERR_OK);
    return memmem(buf_bytes(&out).ptr, buf_bytes(&out).len, text, strlen(text)) != NULL;
}

/* ---- */

static void what_cannot_be_asked_leaves_the_others(void **state)
{
    (void)state;
    static const char *const codes[] = {ERROR("65"), ERROR("66"), ERROR("78"), ERROR("75"), ERROR("77")};
    static const int exits[] = {EX_DATAERR, EX_NOINPUT, EX_CONFIG, EX_TEMPFAIL, EX_NOPERM};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        const char *const answers[] = {codes[i], OK, OK};
        assert_int_equal(ask(NULL, LIST(ROW("81c400") "," ROW("81c500") "," ROW("920000"), "false"), answers), exits[i]);
        assert_int_equal(fake.asked, 3);
        assert_false(was_printed("more are due"));
    }
}

/* The agent still waits for a signature: another call on the connection is none. */
static void what_is_not_signed_ends_it(void **state)
{
    (void)state;
    static const char *const answers[] = {SIGN, OK};
    assert_int_equal(ask(NULL, LIST(ROW("81c400") "," ROW("81c500"), "false"), answers), EX_DATAERR);
    assert_int_equal(fake.asked, 1);
}

static void one_is_named_by_its_first_digits(void **state)
{
    (void)state;
    static const char *const answers[] = {OK, OK};
    assert_int_equal(ask("81C4", LIST(ROW("81c400"), "false"), answers), 0);
    assert_string_equal(fake.prefix, "81C4");
    assert_int_equal(fake.asked, 1);
    assert_int_equal(ask("81c", LIST(ROW("81c400") "," ROW("81c500"), "false"), answers), EX_DATAERR);
    assert_int_equal(fake.asked, 0);
    assert_int_equal(ask("93", LIST("", "false"), answers), EX_NOINPUT);
    assert_int_equal(ask("93", LIST(ROW("81c400"), "false"), answers), EX_PROTOCOL);
    assert_int_equal(fake.asked, 0);
}

static void it_says_that_more_are_due(void **state)
{
    (void)state;
    static const char *const answers[] = {OK};
    assert_int_equal(ask(NULL, LIST(ROW("81c400"), "true"), answers), 0);
    assert_true(was_printed("more are due"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_cannot_be_asked_leaves_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_signed_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_is_named_by_its_first_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_says_that_more_are_due, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
