/* proto/conf/config: tables, bounds, places of faults; the shipped examples are what the tables
 * say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/conf/config_agent.h"
#include "proto/conf/config_broker.h"

#define AGENT                                                                                      \
    "deployment: demo\noin: '00000099000000002000'\nbroker:\n  endpoint: tcp://127.0.0.1:7400\n"   \
    "roster: r\nroot_ca: /abs/ca\nroster_key: key.pem\nkeys: keys\ncontrol: c.sock\n"              \
    "policy: {file: p, signatures: s, adoptions: a, signers: [a.pem, b.pem]}\n"                    \
    "store: {dir: store}\nunlock: {passphrase_file: pw}\n"

static enum err load(const char *text, struct config_agent **out, struct errmsg *why)
{
    struct conf_source src = {bytes_str(text), "dir/agent.yaml"};
    why->text[0] = '\0';
    return config_agent_load(&src, out, why);
}

static void a_small_file_takes_the_defaults(void **state)
{
    (void)state;
    struct errmsg why;
    CLEANUP(cleanup_config_agent_free) struct config_agent *c = NULL;
    if (load(AGENT, &c, &why) != ERR_OK)
        fail_msg("%s", why.text);
    assert_string_equal(c->oin.oin, "00000099000000002000");
    assert_string_equal(c->trust.roster, "dir/r");
    assert_string_equal(c->trust.root_ca, "/abs/ca");
    assert_string_equal(c->trust.roster_key.items[0].path, "dir/key.pem");
    assert_string_equal(c->trust.signers.items[1].path, "dir/b.pem");
    assert_string_equal(c->service.unlock.passphrase_file, "dir/pw");
    assert_null(c->service.unlock.credential);
    assert_null(c->socks5);
    assert_int_equal(c->trust.max_clock_skew_ms, 300000);
    assert_int_equal(c->service.map_size, UINT64_C(64) << 30);
    assert_int_equal(c->service.log_level, LOG_LEVEL_INFO);
    assert_int_equal(c->max_withdraw_percent, 2);
    assert_int_equal(c->service.staff.count, 0);
    assert_false(c->service.demonstration);
}

static void given_values_are_taken(void **state)
{
    (void)state;
    struct errmsg why;
    CLEANUP(cleanup_config_agent_free) struct config_agent *c = NULL;
    assert_int_equal(load(AGENT
                          "staff: [{uid: 1001, staff: a.jansen}, {staff: b.bakker, uid: 1002}]\n"
                          "purposes: [riec, lsi]\nprotected_list: true\nlog_level: debug\n"
                          "compartments: {zwijgers: [a.jansen, b.bakker], x: [a.jansen]}\n"
                          "import: {max_withdraw_percent: 7}\nretry: {first: 250ms, most: 2m}\n",
                          &c, &why),
                     ERR_OK);
    assert_int_equal(c->service.staff.count, 2);
    assert_int_equal(c->service.staff.items[1].uid, 1002);
    assert_string_equal(c->service.staff.items[1].staff.s, "b.bakker");
    assert_string_equal(c->purposes.items[1].s, "lsi");
    assert_int_equal(c->compartments.count, 2);
    assert_string_equal(c->compartments.items[0].id.s, "zwijgers");
    assert_int_equal(c->compartments.items[0].staff_count, 2);
    assert_string_equal(c->compartments.items[0].staff[1].s, "b.bakker");
    assert_int_equal(c->compartments.items[1].staff_count, 1);
    assert_true(c->protected_list);
    assert_int_equal(c->service.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(c->max_withdraw_percent, 7);
    assert_int_equal(c->retry_first_ms, 250);
    assert_int_equal(c->retry_most_ms, 120000);
}

static void one_or_two_roster_keys_are_pinned(void **state)
{
    (void)state;
    static const char whole[] = AGENT;
    const char *at = strstr(whole, "key.pem");
    struct errmsg why;
    for (size_t n = 1; n <= 2; n++) {
        CLEANUP(cleanup_config_agent_free) struct config_agent *c = NULL;
        char text[sizeof whole + 64];
        snprintf(text, sizeof text, "%.*s[key.pem%s]%s", (int)(at - whole), whole, n == 2 ? ", next.pem" : "",
                 at + strlen("key.pem"));
        assert_int_equal(load(text, &c, &why), ERR_OK);
        assert_int_equal(c->trust.roster_key.count, n);
        assert_string_equal(c->trust.roster_key.items[n - 1].path, n == 2 ? "dir/next.pem" : "dir/key.pem");
    }
    static const char *const bad[] = {"[]", "[a.pem, b.pem, c.pem]", "{a: b.pem}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(cleanup_config_agent_free) struct config_agent *c = NULL;
        char text[sizeof whole + 64];
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, bad[i], at + strlen("key.pem"));
        assert_int_equal(load(text, &c, &why), ERR_CONFIG);
        if (strstr(why.text, "dir/agent.yaml:7:1: 'roster_key': expected a list of 1 to 2 items") == NULL)
            fail_msg("%s: %s", bad[i], why.text);
    }
}

struct bad_case {
    const char *text;
    const char *starts;
};

static void bad_values_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct bad_case cases[] = {
        {"", "dir/agent.yaml:1:1: the file is empty"},
        {"- a\n", "dir/agent.yaml:1:1: 'item': expected keys with values"},
        {"deployment: demo\n", "dir/agent.yaml: the key 'oin' is missing"},
        {AGENT "bogus: 1\n", "dir/agent.yaml:13:1: unknown key 'bogus'"},
        {AGENT "retry:\n  bogus: 1\n", "dir/agent.yaml:14:3: unknown key 'retry.bogus'"},
        {AGENT "retry: 5\n", "dir/agent.yaml:13:1: 'retry': expected a section"},
        {AGENT "log_level: info\nlog_level: info\n", "dir/agent.yaml:14:1: key 'log_level' stands"},
        {AGENT "log_level: loud\n", "dir/agent.yaml:13:1: 'log_level': expected one of"},
        {AGENT "log_level: [info]\n", "dir/agent.yaml:13:1: 'log_level': expected a text"},
        {AGENT "log_level: {a: b}\n", "dir/agent.yaml:13:1: 'log_level': expected a text"},
        {AGENT "protected_list: yes\n", "dir/agent.yaml:13:1: 'protected_list': expected true or"},
        {AGENT "worker_threads: 0\n", "dir/agent.yaml:13:1: 'worker_threads': expected 1 to 64"},
        {AGENT "worker_threads: 65\n", "dir/agent.yaml:13:1: 'worker_threads': expected 1 to 64"},
        {AGENT "worker_threads: 2.5\n", "dir/agent.yaml:13:1: 'worker_threads': expected a whole"},
        {AGENT "max_clock_skew: 6m\n", "dir/agent.yaml:13:1: 'max_clock_skew': expected 1s to 5m"},
        {AGENT "max_clock_skew: 5\n", "dir/agent.yaml:13:1: 'max_clock_skew': expected a duration"},
        {AGENT "max_clock_skew: 99999999999999999999d\n", "dir/agent.yaml:13:1: 'max_clock_skew'"},
        {AGENT "max_clock_skew: 999999999999999999d\n", "dir/agent.yaml:13:1: 'max_clock_skew'"},
        {AGENT "purposes: riec\n", "dir/agent.yaml:13:1: 'purposes': expected a list of 0 to 64"},
        {AGENT "purposes: [Riec]\n", "dir/agent.yaml:13:12: 'item': expected a name"},
        {AGENT "purposes: [riec, riec]\n", "dir/agent.yaml: 'purposes': 'riec' stands twice"},
        {AGENT "staff: [{uid: 1}]\n", "dir/agent.yaml:13:9: 'item': expected {uid"},
        {AGENT "staff: [{uid: x, staff: a}]\n", "dir/agent.yaml:13:10: 'uid': expected a Unix"},
        {AGENT "staff: [{uid: 4294967295, staff: a}]\n", "dir/agent.yaml:13:10: 'uid': expected"},
        {AGENT "staff: [{uid: 1, staff: A}]\n", "dir/agent.yaml:13:18: 'staff': expected a staff"},
        {AGENT "staff: [{uid: 1, staff: a}, {uid: 1, staff: b}]\n", "dir/agent.yaml: 'staff': uid"},
        {AGENT "staff: [{uid: 1, staff: a}, {uid: 2, staff: a}]\n", "dir/agent.yaml: 'staff': uid"},
        {AGENT "compartments: [a]\n", "dir/agent.yaml:13:1: 'compartments': expected a map"},
        {AGENT "compartments: {a: b}\n", "dir/agent.yaml:13:16: 'a': expected a list of staff"},
        {AGENT "compartments: {a: []}\n", "dir/agent.yaml:13:16: 'a': expected a list of staff"},
        {AGENT "compartments: {A: [b]}\n", "dir/agent.yaml:13:16: 'A': expected a name"},
        {AGENT "compartments: {a: [B]}\n", "dir/agent.yaml:13:20: 'item': expected a staff id"},
        {AGENT "compartments: {a: [[b]]}\n", "dir/agent.yaml:13:20: 'item': expected a staff id"},
        {AGENT "compartments: {a: [b, b]}\n", "dir/agent.yaml:13:23: 'item': expected each staff"},
        {AGENT "retry: {first: 5s, most: 2s}\n", "dir/agent.yaml: 'retry.most' is shorter"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config_agent *c = NULL;
        struct errmsg why;
        enum err e = load(cases[i].text, &c, &why);
        if (e != ERR_CONFIG || strncmp(why.text, cases[i].starts, strlen(cases[i].starts)) != 0)
            fail_msg("case %zu: %d '%s', expected '%s'", i, e, why.text, cases[i].starts);
        assert_null(c);
    }
}

/* Replaces one key of a good file by another text, and expects the file to be refused or taken. */
static void expect_swap(const char *from, const char *to, enum err expected)
{
    const char *at = strstr(AGENT, from);
    assert_non_null(at);
    char text[2048];
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - AGENT), AGENT, to, at + strlen(from));
    struct config_agent *c = NULL;
    struct errmsg why;
    enum err e = load(text, &c, &why);
    if (e != expected)
        fail_msg("%s: %d '%s'", to, e, why.text);
    config_agent_free(c);
}

static void endpoints_pins_and_paths_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"udp://a:1",     "tcp://a",     "tcp://:1",     "tcp://a:0",
                                      "tcp://a:70000", "tcp://a b:1", "tcp://[::1:5", "tcp://a:01",
                                      "a:1",           "''"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        expect_swap("tcp://127.0.0.1:7400", bad[i], ERR_CONFIG);
    expect_swap("tcp://127.0.0.1:7400", "'tcp://[::1]:5'", ERR_OK);
    expect_swap("tcp://127.0.0.1:7400", "tcp://sluis.example:5", ERR_OK);
    expect_swap("key.pem", "sha256:00", ERR_CONFIG);
    expect_swap("key.pem",
                "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ERR_OK);
    expect_swap("key.pem", "''", ERR_CONFIG);
    expect_swap("[a.pem, b.pem]", "[a.pem]", ERR_CONFIG);
    expect_swap("'00000099000000002000'", "123", ERR_CONFIG);
    expect_swap("passphrase_file: pw", "passphrase_file: pw, credential: c", ERR_CONFIG);
    expect_swap("passphrase_file: pw", "credential: c", ERR_OK);
    expect_swap("{passphrase_file: pw}", "", ERR_CONFIG);
}

static struct bytes read_example(const char *name, char *storage, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/../docs/examples/%s", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(storage, 1, size, f);
    fclose(f);
    return bytes_of(storage, n);
}

/* The shipped file is exactly what the table generates, so that neither ages. */
static void expect_example(const struct conf_table *t, const char *name)
{
    static char storage[32768];
    struct bytes shipped = read_example(name, storage, sizeof storage);
    CLEANUP(buf_free) struct buf made = buf_new(sizeof storage);
    assert_int_equal(config_example(t, &made), ERR_OK);
    if (!bytes_equal(shipped, buf_bytes(&made)))
        fail_msg("docs/examples/%s differs from its table; it should read:\n%s", name,
                 buf_text(&made));
}

static void the_shipped_examples_load(void **state)
{
    (void)state;
    static char storage[32768];
    struct errmsg why = {.text = ""};
    struct conf_source src = {read_example("agent.yaml", storage, sizeof storage), "agent.yaml"};
    CLEANUP(cleanup_config_agent_free) struct config_agent *agent = NULL;
    if (config_agent_load(&src, &agent, &why) != ERR_OK)
        fail_msg("%s", why.text);
    src = (struct conf_source){read_example("broker.yaml", storage, sizeof storage), "broker.yaml"};
    CLEANUP(cleanup_config_broker_free) struct config_broker *broker = NULL;
    if (config_broker_load(&src, &broker, &why) != ERR_OK)
        fail_msg("%s", why.text);
    expect_example(&config_agent_table, "agent.yaml");
    expect_example(&config_broker_table, "broker.yaml");
}

/* Every commented line holds a value that is accepted: only the two ways to unlock exclude one
 * another. */
static void the_commented_keys_of_an_example_are_right(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf text = buf_new(32768);
    assert_int_equal(config_example(&config_broker_table, &text), ERR_OK);
    char *s = (char *)text.ptr;
    CLEANUP(buf_free) struct buf all = buf_new(32768);
    for (size_t i = 0; i < text.len; i++)
        if (s[i] != '#' || s[i + 1] == ' ')
            buf_put(&all, bytes_of(s + i, 1));
    struct conf_source src = {buf_bytes(&all), "/etc/sluis/broker.yaml"};
    struct config_broker *c = NULL;
    struct errmsg why;
    assert_int_equal(config_broker_load(&src, &c, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "either passphrase_file or credential"));
}

/* The log is kept for a year at least, where it is not a demonstration. */
static void a_short_retention_of_the_log_is_for_demonstrations(void **state)
{
    (void)state;
    static char storage[32768];
    static const struct {
        const char *more;
        enum err err;
    } cases[] = {
        {"", ERR_OK},
        {"log:\n  retention: 365d\n", ERR_OK},
        {"log:\n  retention: 364d\n", ERR_CONFIG},
        {"log:\n  retention: 1h\n", ERR_CONFIG},
        {"log:\n  retention: 1h\ndemonstration: true\n", ERR_OK},
        {"log:\n  retention: 1s\ndemonstration: true\n", ERR_CONFIG},
    };
    const struct bytes example = read_example("broker.yaml", storage, sizeof storage);
    const char *const last = "\nlog:\n";
    const char *end = memmem(example.ptr, example.len, last, strlen(last));
    assert_non_null(end);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf text = buf_new(sizeof storage + 256);
        CLEANUP(cleanup_config_broker_free) struct config_broker *c = NULL;
        struct errmsg why;
        buf_put(&text, bytes_of(example.ptr, (size_t)((const uint8_t *)end - example.ptr) + 1));
        buf_put_str(&text, cases[i].more);
        const struct conf_source src = {buf_bytes(&text), "broker.yaml"};
        const enum err e = config_broker_load(&src, &c, &why);
        if (e != cases[i].err)
            fail_msg("case %zu: %s", i, err_text(e));
    }
}

/* Nor is an agency's own log. */
static void a_short_retention_of_an_own_log_is_for_demonstrations(void **state)
{
    (void)state;
    static char storage[32768];
    static const struct {
        const char *more;
        enum err err;
    } cases[] = {
        {"own_log:\n  retention: 365d\n", ERR_OK},
        {"own_log:\n  retention: 364d\n", ERR_CONFIG},
        {"own_log:\n  retention: 1h\ndemonstration: true\n", ERR_OK},
    };
    const struct bytes example = read_example("agent.yaml", storage, sizeof storage);
    const char *const last = "\nown_log:\n";
    const char *end = memmem(example.ptr, example.len, last, strlen(last));
    assert_non_null(end);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf text = buf_new(sizeof storage + 256);
        CLEANUP(cleanup_config_agent_free) struct config_agent *c = NULL;
        struct errmsg why;
        buf_put(&text, bytes_of(example.ptr, (size_t)((const uint8_t *)end - example.ptr) + 1));
        buf_put_str(&text, cases[i].more);
        const struct conf_source src = {buf_bytes(&text), "agent.yaml"};
        const enum err e = config_agent_load(&src, &c, &why);
        if (e != cases[i].err)
            fail_msg("case %zu: %s: %s", i, err_text(e), why.text);
    }
}

static void a_dump_loads_to_the_same_dump(void **state)
{
    (void)state;
    struct errmsg why;
    CLEANUP(cleanup_config_agent_free) struct config_agent *c = NULL;
    CLEANUP(cleanup_config_agent_free) struct config_agent *again = NULL;
    assert_int_equal(load(AGENT "staff: [{uid: 1, staff: a}]\nretry: {first: 1500ms}\n"
                          "compartments: {zwijgers: [a, b], x: [b]}\n", &c, &why),
                     ERR_OK);
    CLEANUP(buf_free) struct buf first = buf_new(8192);
    CLEANUP(buf_free) struct buf second = buf_new(8192);
    assert_int_equal(config_dump(&config_agent_table, c, &first), ERR_OK);
    /* Relative paths were made whole, so the second load starts at no folder. */
    CLEANUP(buf_free) struct buf text = buf_new(8192);
    buf_put(&text, buf_bytes(&first));
    for (size_t i = 0; i + 5 < text.len; i++)
        if (memcmp(text.ptr + i, "'dir/", 5) == 0)
            memcpy(text.ptr + i, "'/ir/", 5);
    struct conf_source src = {buf_bytes(&text), "other/agent.yaml"};
    if (config_agent_load(&src, &again, &why) != ERR_OK)
        fail_msg("%s in\n%s", why.text, buf_text(&text));
    assert_int_equal(config_dump(&config_agent_table, again, &second), ERR_OK);
    assert_string_equal(buf_text(&second), buf_text(&text));
    assert_non_null(strstr(buf_text(&second), "  first: '1500ms'\n"));
    assert_non_null(strstr(buf_text(&second), "  - {uid: 1, staff: a}\n"));
    assert_non_null(strstr(buf_text(&second), "compartments:\n  zwijgers: [a, b]\n  x: [b]\n"));
    assert_non_null(strstr(buf_text(&second), "# broker.socks5 is not set\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_file_takes_the_defaults),
        cmocka_unit_test(given_values_are_taken),
        cmocka_unit_test(one_or_two_roster_keys_are_pinned),
        cmocka_unit_test(bad_values_are_refused_with_their_place),
        cmocka_unit_test(endpoints_pins_and_paths_are_checked),
        cmocka_unit_test(the_shipped_examples_load),
        cmocka_unit_test(the_commented_keys_of_an_example_are_right),
        cmocka_unit_test(a_short_retention_of_the_log_is_for_demonstrations),
        cmocka_unit_test(a_short_retention_of_an_own_log_is_for_demonstrations),
        cmocka_unit_test(a_dump_loads_to_the_same_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
