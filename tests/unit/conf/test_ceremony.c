/* proto/conf/ceremony: what the plan of a ceremony says, and what it may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/conf/ceremony.h"

static const char good[] =
    "schema: 1\n"
    "deployment: demo\n"
    "folder: reg\n"
    "registrar:\n"
    "  oin: '00000099000000000100'\n"
    "  name: Registrar\n"
    "  unlock: {file: reg.pass}\n"
    "officers:\n"
    "- {name: A. Jansen, organisation: Registrar, unlock: {file: a.pass}}\n"
    "- {name: P. de Vries, organisation: Auditor, unlock: {descriptor: 4}}\n"
    "root: {name: Root, days: 3650, key: {file: offline/root.key}}\n"
    "issuing:\n"
    "  name: Issuing\n"
    "  days: 1825\n"
    "  key: {pkcs11: 'pkcs11:token=ca;object=i', module: /lib/m.so, pin: {file: pin}}\n"
    "roster_key: {name: Roster, days: 1825}\n";

static void a_good_plan_loads(void **state)
{
    (void)state;
    struct errmsg why = {.text = ""};
    CLEANUP(cleanup_ceremony_free) struct ceremony *c = NULL;
    if (ceremony_load(bytes_str(good), "plan.yaml", &c, &why) != ERR_OK)
        fail_msg("%s", why.text);
    assert_string_equal(c->deployment, "demo");
    assert_string_equal(c->registrar.unlock.file, "reg.pass");
    assert_null(c->registrar.host);
    assert_int_equal(c->officers_count, 2);
    assert_int_equal(c->officers[1].unlock.descriptor, 4);
    assert_string_equal(c->root.key.file, "offline/root.key");
    assert_string_equal(c->issuing.key.module, "/lib/m.so");
    assert_string_equal(c->issuing.key.pin.file, "pin");
    assert_null(c->roster_key.key.pkcs11);
    assert_int_equal(c->roster_key.days, 1825);
}

/* The good plan with one text replaced, and what the refusal must say. */
static const struct {
    const char *from;
    const char *to;
    const char *says;
} bad[] = {
    {"schema: 1", "schema: 2", "plan.yaml:1:1: schema"},
    {"folder: reg", "folder: reg\nwitness: x", "plan.yaml:4:1"},
    {"deployment: demo\n", "", "deployment"},
    {"deployment: demo", "deployment: Demo 1", "plan.yaml:2:1: deployment"},
    {"'00000099000000000100'", "'0099'", "plan.yaml:5:3: registrar.oin"},
    {"{file: reg.pass}", "{file: reg.pass, descriptor: 5}", "not both"},
    {"{file: reg.pass}", "{env: PASS}", "plan.yaml:7"},
    {"{file: reg.pass}", "{file: a.pass}", "the registrar has a passphrase of its own"},
    {"- {name: P. de Vries, organisation: Auditor, unlock: {descriptor: 4}}\n", "", "officers"},
    {"P. de Vries", "A. Jansen", "two officers are two people"},
    {"{descriptor: 4}", "{file: a.pass}", "a passphrase of their own"},
    {"{descriptor: 4}", "{descriptor: 1}", "3 to 1023"},
    {"organisation: Auditor,", "", "organisation"},
    {"days: 3650", "days: 1", "root.days"},
    {"days: 3650", "days: 1000", "longer than the root"},
    {", key: {file: offline/root.key}", "", "say where the root key goes"},
    {", module: /lib/m.so", "", "go together"},
    {"pkcs11: 'pkcs11:token=ca;object=i', module: /lib/m.so, ", "", "only a key in a module"},
    {"{pkcs11: 'pkcs11:token=ca;object=i', module: /lib/m.so, pin: {file: pin}}", "{file: x}",
     "lies in the folder of the register"},
    {"roster_key: {name: Roster, days: 1825}",
     "roster_key: {name: Roster, days: 1825, key: {pkcs11: 'pkcs11:token=b;object=r', module: /lib/n.so}}",
     "one and the same module"},
    {"name: Roster", "name: Roster, passphrase: secret", "plan.yaml:16"},
};

static void a_bad_plan_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[2 * sizeof good];
        struct errmsg why = {.text = ""};
        struct ceremony *c = NULL;
        const char *at = strstr(good, bad[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, bad[i].to,
                 at + strlen(bad[i].from));
        if (ceremony_load(bytes_str(text), "plan.yaml", &c, &why) != ERR_CONFIG)
            fail_msg("taken: %s", bad[i].to);
        if (strstr(why.text, bad[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", why.text, bad[i].says);
        assert_null(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_plan_loads),
        cmocka_unit_test(a_bad_plan_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
