/* `sluis` against a socket that answers what the test says: exit codes, conditions, progress, input, and
 * what it signs and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli_run.h"
#include "pki/keyfile.h"
#include "pki/sign.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "tests/unit/agent_cli/fake_agent.h"

#define PASSPHRASE "vijf woorden voor een proef"

/* The agent that the test plays, on a thread of its own. */
static struct {
    struct fake_agent agent;
    char key_path[96];
    char pass_path[96];
    struct key *key;
    const char *first;  /* answers to the first frame, one a line */
    const char *second; /* to the next JSON frame or the end of input; NULL: none */
    unsigned frames;
    size_t input;
    bool is_receiving;
    char last[8192]; /* last JSON frame */
} fake;

static void send_lines(struct control_conn *c, const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        size_t n = strcspn(lines, "\n");
        assert_int_equal(control_conn_send(c, bytes_of(lines, n)), ERR_OK);
        lines += n + (lines[n] == '\n');
    }
}

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    (void)arg;
    if (fake.is_receiving && frame.len > 0) {
        fake.input += frame.len;
        return;
    }
    snprintf(fake.last, sizeof fake.last, "%.*s", (int)frame.len, (const char *)frame.ptr);
    if (fake.frames++ == 0) {
        fake.is_receiving = strstr(fake.first, "\"send\"") != NULL;
        send_lines(c, fake.first);
        if (fake.second == NULL && strstr(fake.first, "\"hang up\"") != NULL)
            control_conn_close(c);
    } else {
        fake.is_receiving = false;
        send_lines(c, fake.second);
    }
}

static void write_text(const char *path, struct bytes text)
{
    assert_int_equal(file_write(path, text, 0600, NULL), ERR_OK);
}

static void write_key(void)
{
    struct keyfile header = {.cost = KEYFILE_COST_LEAST, .created_s = 1};
    struct buf file = buf_new(KEYFILE_MAX_BYTES);
    struct secret *pass = secret_new(bytes_str(PASSPHRASE));
    assert_int_equal(name_parse(bytes_str("officer"), &header.id), ERR_OK);
    assert_int_equal(key_generate(KEY_TYPE_P256, &fake.key), ERR_OK);
    assert_int_equal(keyfile_seal_key(&header, pass, fake.key, &file), ERR_OK);
    write_text(fake.key_path, buf_bytes(&file));
    write_text(fake.pass_path, bytes_str(PASSPHRASE "\n"));
    secret_free(pass);
    buf_free(&file);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake_agent_open(&fake.agent, on_frame);
    snprintf(fake.key_path, sizeof fake.key_path, "%s/officer.key", fake.agent.dir);
    snprintf(fake.pass_path, sizeof fake.pass_path, "%s/pass", fake.agent.dir);
    write_key();
    return 0;
}

static void start(const char *first, const char *second)
{
    fake.frames = 0;
    fake.is_receiving = false;
    fake.first = first;
    fake.second = second;
    fake_agent_start(&fake.agent);
}

static void stop(void)
{
    fake_agent_stop(&fake.agent);
}

static int tear_down(void **state)
{
    (void)state;
    fake_agent_close(&fake.agent);
    key_free(fake.key);
    unlink(fake.key_path);
    unlink(fake.pass_path);
    rmdir(fake.agent.dir);
    return 0;
}

/* The verb of the test: its input is `left` bytes, it wants a bodies query from index 7. */
static size_t left;

static enum err source(void *arg, struct buf *chunk, struct errmsg *why)
{
    (void)arg;
    (void)why;
    size_t n = left < 100000 ? left : 100000;
    left -= n;
    return n == 0 || buf_reserve(chunk, n) != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err check(void *arg, const struct cli_document *d, struct errmsg *why)
{
    (void)arg;
    if (d->bodies == NULL || d->bodies->from_index != 7)
        return errmsg_set(why, ERR_MISMATCH, "another query than was asked");
    return ERR_OK;
}

static int run_full(struct cli *c, int argc, char **argv)
{
    static const struct argp argp = {.doc = "A verb of the test."};
    cli_parse(c, &argp, argc, argv, NULL);
    struct cli_call call = {.verb = "test", .check = check, .source = source};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code == 0)
        cli_json(c, ok);
    return code;
}

static int run_plain(struct cli *c, int argc, char **argv)
{
    static const struct argp argp = {.doc = "A verb without signature or input."};
    cli_parse(c, &argp, argc, argv, NULL);
    struct cli_call call = {.verb = "plain"};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    return cli_call(c, &call, &ok);
}

static const struct cli_verb verbs[] = {
    {"test", "the test", run_full}, {"plain", "the plain one", run_plain}, {NULL, NULL, NULL}};

static int sluis(const char *verb, const char *socket)
{
    const char *argv[] = {"sluis", "--socket", socket, "--key", fake.key_path, "--passphrase-file",
                          fake.pass_path, "--yes", verb, NULL};
    return cli_run(verbs, (int)ARRAY_LEN(argv) - 1, (char **)(uintptr_t)argv);
}

static void exit_codes_follow_the_answer(void **state)
{
    static const struct {
        const char *answer;
        int exit;
    } cases[] = {
        {"{\"ok\":{\"x\":1}}", 0},
        {"{\"progress\":{\"what\":\"w\",\"done\":1,\"total\":2}}\n{\"ok\":{}}", 0},
        {"{\"error\":{\"code\":\"permission\",\"exit\":77,\"text\":\"no\",\"conditions\":[]}}", 77},
        {"{\"error\":{\"exit\":69,\"text\":\"the broker\"}}", 69},
        {"{\"error\":{}}", EX_SOFTWARE},
        {"{\"error\":{\"exit\":0,\"text\":\"zero is no failure\"}}", EX_SOFTWARE},
        {"{}", EX_PROTOCOL},
        {"[]", EX_PROTOCOL},
        {"{\"ok\":7}", EX_PROTOCOL},
        {"not json", EX_PROTOCOL},
        {"{\"sign\":[],\"state\":\"s\"}", EX_PROTOCOL},
        {"{\"send\":{},\"x\":\"plain has no input\"}", EX_PROTOCOL},
        {"{\"progress\":{\"what\":\"hang up\"}}", EX_UNAVAILABLE},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        start(cases[i].answer[0] == '{' && strstr(cases[i].answer, "hang up") != NULL
                  ? "{\"progress\":{\"what\":\"hang up\",\"x\":\"hang up\"}}"
                  : cases[i].answer,
              NULL);
        int code = sluis("plain", fake.agent.socket);
        stop();
        if (code != cases[i].exit)
            fail_msg("%s: exit %d", cases[i].answer, code);
    }
}

static void names_the_agent_that_does_not_run(void **state)
{
    (void)state;
    assert_int_equal(sluis("plain", "/tmp/no-such-socket"), EX_UNAVAILABLE);
    assert_int_equal(sluis("nothing", fake.agent.socket), EX_USAGE);
}

static void a_bad_configuration_is_78(void **state)
{
    (void)state;
    const char *argv[] = {"sluis", "--config", "/tmp/no-such-agent.yaml", "plain", NULL};
    assert_int_equal(cli_run(verbs, 4, (char **)(uintptr_t)argv), EX_CONFIG);
    const char *other[] = {"sluis", "--config", fake.pass_path, "plain", NULL};
    assert_int_equal(cli_run(verbs, 4, (char **)(uintptr_t)other), EX_CONFIG);
}

static void sends_all_input(void **state)
{
    (void)state;
    left = 1000001;
    start("{\"send\":{}}", "{\"ok\":{}}");
    assert_int_equal(sluis("test", fake.agent.socket), 0);
    stop();
    assert_int_equal(fake.input, 1000001);
}

/* {"sign": …} with a bodies query from an index. */
static void make_question(char *out, size_t size, const char *kind, uint64_t from)
{
    struct bodies_query q = {.from_index = from, .max_rows = 10, .purpose = BODIES_FOR_LIST, .issued_at_s = 1000};
    assert_int_equal(name_parse(bytes_str("demo"), &q.deployment), ERR_OK);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &q.reader), ERR_OK);
    assert_int_equal(name_parse(bytes_str("0123456789abcdef"), &q.staff), ERR_OK);
    assert_int_equal(name_parse(bytes_str("auditor"), &q.function), ERR_OK);
    memset(q.nonce.b, 7, sizeof q.nonce.b);
    struct buf raw = buf_new(4096);
    struct buf text = buf_new(8192);
    assert_int_equal(bodies_query_encode(&q, &raw), ERR_OK);
    text_put_base64(&text, buf_bytes(&raw));
    snprintf(out, size, "{\"sign\":[{\"kind\":\"%s\",\"document\":\"%s\"}],\"state\":\"s1\"}", kind,
             buf_text(&text));
    buf_free(&raw);
    buf_free(&text);
}

static void signs_what_was_asked(void **state)
{
    (void)state;
    char question[4096];
    make_question(question, sizeof question, "bodies", 7);
    start(question, "{\"ok\":{}}");
    assert_int_equal(sluis("test", fake.agent.socket), 0);
    stop();
    /* What came back verifies under the officer's key, for this kind only. */
    struct doc *d = NULL;
    const struct doc *args = NULL;
    const struct doc *list = NULL;
    struct bytes text;
    struct buf sig = buf_new(256);
    struct buf document = buf_new(4096);
    assert_int_equal(doc_parse(bytes_str(fake.last), 8192, &d, NULL), ERR_OK);
    assert_int_equal(doc_get_object(d, "args", &args, NULL), ERR_OK);
    assert_int_equal(doc_get_array(args, "signatures", &list, NULL), ERR_OK);
    assert_int_equal(doc_text_of(doc_at(list, 0), 256, &text), ERR_OK);
    assert_int_equal(text_get_base64(text, &sig), ERR_OK);
    const char *at = strstr(question, "\"document\":\"") + 12;
    assert_int_equal(text_get_base64(bytes_of(at, strcspn(at, "\"")), &document), ERR_OK);
    assert_int_equal(sign_verify(SIGN_BODIES, fake.key, buf_bytes(&document), buf_bytes(&sig)), ERR_OK);
    assert_int_equal(sign_verify(SIGN_CONSENT, fake.key, buf_bytes(&document), buf_bytes(&sig)),
                     ERR_SIGNATURE);
    doc_free(d);
    buf_free(&sig);
    buf_free(&document);
}

static void signs_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        uint64_t from;
    } cases[] = {{"bodies", 8}, {"consent", 7}, {"request", 7}, {"roster", 7}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char question[4096];
        make_question(question, sizeof question, cases[i].kind, cases[i].from);
        start(question, "{\"ok\":{}}");
        assert_int_equal(sluis("test", fake.agent.socket), EX_DATAERR);
        stop();
        assert_int_equal(fake.frames, 1); /* no signature went back */
    }
}

static void a_wrong_passphrase_signs_nothing(void **state)
{
    (void)state;
    char question[4096];
    make_question(question, sizeof question, "bodies", 7);
    write_text(fake.pass_path, bytes_str("iets anders\n"));
    start(question, "{\"ok\":{}}");
    assert_int_equal(sluis("test", fake.agent.socket), EX_NOPERM);
    stop();
    assert_int_equal(fake.frames, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(exit_codes_follow_the_answer), CASE(names_the_agent_that_does_not_run),
        CASE(a_bad_configuration_is_78),    CASE(sends_all_input),
        CASE(signs_what_was_asked),         CASE(signs_nothing_else),
        CASE(a_wrong_passphrase_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
