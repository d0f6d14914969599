/* sluis-policy as people run it: real key files and certificates, real files, exit codes; and a
 * stock tool that reads the signature. argv[1] is the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "pki/ca.h"
#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/trust_docs.h"
#include "proto/host/file.h"
#include "proto/msg/adoption.h"
#include "proto/msg/signed.h"

#define POLICY TEST_DATA "/../docs/policies/demonstration.yaml"
#define UWV "00000099000000005000"
#define AT 1780300800 /* 2026-06-01T08:00:00Z */

struct place {
    const char *program;
    char dir[64];
    struct cert *officer;
};

static struct place place;

/* Runs argv with its output in dir/out; the exit code. */
static int run(const char *const *argv)
{
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "out", O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "err", O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    pid_t pid = 0;
    assert_int_equal(
        posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define RUN(...) run((const char *const[]){place.program, __VA_ARGS__, NULL})

static bool says(const char *file, const char *text)
{
    struct buf content = buf_new(1 << 20);
    struct errmsg why;
    assert_int_equal(file_read(file, FILE_ANY, &content, &why), ERR_OK);
    bool found = strstr(buf_text(&content), text) != NULL;
    buf_free(&content);
    return found;
}

static void write_text(const char *name, const char *text, mode_t mode)
{
    struct errmsg why;
    assert_int_equal(file_write(name, bytes_str(text), mode, &why), ERR_OK);
}

static void write_key(const char *name, const struct key *key)
{
    struct secret *passphrase = secret_new(bytes_str("demo passphrase"));
    struct keyfile header = {.cost = KEYFILE_COST_LEAST, .created_s = AT, .id = {"test.signing"}};
    struct buf out = buf_new(KEYFILE_MAX_BYTES);
    struct errmsg why;
    assert_int_equal(keyfile_seal_key(&header, passphrase, key, &out), ERR_OK);
    assert_int_equal(file_write(name, buf_bytes(&out), 0600, &why), ERR_OK);
    buf_free(&out);
    secret_free(passphrase);
}

static void write_cert(const char *name, const struct cert *cert)
{
    struct buf pem = buf_new(CERT_PEM_MAX_BYTES);
    struct errmsg why;
    assert_int_equal(cert_put_pem(cert, &pem), ERR_OK);
    assert_int_equal(file_write(name, buf_bytes(&pem), 0644, &why), ERR_OK);
    buf_free(&pem);
}

static struct ca_request request(enum cert_use use, const char *oin, const char *name)
{
    struct ca_request r = {
        .use = use, .name = name, .not_before = AT - 86400, .not_after = AT + 20ll * 365 * 86400};
    memcpy(r.oin.oin, oin, OIN_CHARS + 1);
    return r;
}

static void make_signer(const char *file, const char *oin, const char *name)
{
    char path[64];
    struct key *key = NULL;
    struct cert *cert = NULL;
    struct errmsg why = {.text = ""};
    struct ca_request r = request(CERT_PINNED, oin, name);
    assert_int_equal(key_generate(KEY_TYPE_P256, &key), ERR_OK);
    assert_int_equal(ca_self_sign(&r, key, &cert, &why), ERR_OK);
    snprintf(path, sizeof path, "%s.key", file);
    write_key(path, key);
    snprintf(path, sizeof path, "%s.pem", file);
    write_cert(path, cert);
    cert_free(cert);
    key_free(key);
}

/* The certificates that a stock tool is told to trust. */
static void write_chain(const struct cert *root, const struct cert *issuer)
{
    struct buf pem = buf_new(2 * CERT_PEM_MAX_BYTES);
    struct errmsg why;
    assert_int_equal(cert_put_pem(issuer, &pem), ERR_OK);
    assert_int_equal(cert_put_pem(root, &pem), ERR_OK);
    assert_int_equal(file_write("chain.pem", buf_bytes(&pem), 0644, &why), ERR_OK);
    buf_free(&pem);
}

/* Root, issuer and one officer of UWV. */
static void make_officer(void)
{
    struct key *keys[3];
    struct cert *root = NULL;
    struct cert *issuer = NULL;
    struct errmsg why = {.text = ""};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(key_generate(KEY_TYPE_P256, &keys[i]), ERR_OK);
    struct ca_request r = request(CERT_ROOT, "00000099000000000001", "root");
    assert_int_equal(ca_self_sign(&r, keys[0], &root, &why), ERR_OK);
    r = request(CERT_ISSUER, "00000099000000000001", "issuer");
    r.not_after -= 86400;
    struct ca_issuer by = {root, keys[0]};
    assert_int_equal(ca_issue(&r, &by, keys[1], &issuer, &why), ERR_OK);
    r = request(CERT_OFFICER, UWV, "m.bakker");
    r.not_after -= 2 * 86400;
    by = (struct ca_issuer){issuer, keys[1]};
    assert_int_equal(ca_issue(&r, &by, keys[2], &place.officer, &why), ERR_OK);
    write_key("officer.key", keys[2]);
    write_cert("officer.pem", place.officer);
    write_chain(root, issuer);
    cert_free(root);
    cert_free(issuer);
    for (size_t i = 0; i < 3; i++)
        key_free(keys[i]);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(place.dir, sizeof place.dir, "/tmp/sluis-policy-test.XXXXXX");
    if (secret_init() != ERR_OK || mkdtemp(place.dir) == NULL || chdir(place.dir) != 0)
        return -1;
    write_text("pass", "demo passphrase\n", 0600);
    make_signer("owner", "00000099000000000010", "beleidseigenaar");
    make_signer("jurist", "00000099000000000020", "jurist");
    make_signer("stranger", "00000099000000000030", "vreemde");
    make_officer();
    return 0;
}

static enum err remove_one(void *arg, const char *name)
{
    (void)arg;
    return unlink(name) == 0 ? ERR_OK : ERR_IO;
}

static int tear_down(void **state)
{
    (void)state;
    cert_free(place.officer);
    return file_list(".", remove_one, NULL) == ERR_OK && chdir("/") == 0 && rmdir(place.dir) == 0
               ? 0
               : -1;
}

static void test_check_and_test_pass_for_the_demonstration(void **state)
{
    (void)state;
    assert_int_equal(RUN("check", POLICY, "--at", "2026-06-01"), EX_OK);
    assert_true(says("out", "0 errors"));
    assert_int_equal(RUN("check", POLICY, "--at", "2040-01-01"), EX_DATAERR);
    assert_true(says("out", "expired"));
    assert_int_equal(RUN("test", POLICY), EX_OK);
    assert_true(says("out", ": 0 failed"));
    assert_int_equal(RUN("test", "--json", POLICY), EX_OK);
    assert_true(says("out", "\"failed\":0"));
}

static void test_explain_says_why(void **state)
{
    (void)state;
    write_text("facts.json", "{\"now\": \"2026-06-01\", \"requester\": \"00000099000000003000\"}",
               0600);
    assert_int_equal(RUN("explain", POLICY, "riec.casus.verstrekking", "--role", "requester",
                         "--facts", "facts.json"),
                     EX_OK);
    assert_true(says("out", "deze organisatie mag onder deze regel niet vragen"));
    assert_true(says("out", "door niemand geverifieerd"));
    assert_int_equal(RUN("explain", POLICY, "riec.casus.verstrekking", "--role", "requester",
                         "--facts", "absent.yaml"),
                     EX_NOINPUT);
    assert_int_equal(RUN("explain", POLICY, "riec.casus.verstrekking"), EX_USAGE);
}

/* Writes the demonstration policy with one number changed. */
static void write_changed(const char *name, const char *from, char with)
{
    struct buf copy = buf_new(1 << 20);
    struct errmsg why;
    assert_int_equal(file_read(POLICY, FILE_ANY, &copy, &why), ERR_OK);
    char *at = strstr(buf_text(&copy), from);
    assert_non_null(at);
    copy.ptr[(size_t)(at - (char *)copy.ptr) + strlen(from)] = (uint8_t)with;
    assert_int_equal(file_write(name, buf_bytes(&copy), 0644, &why), ERR_OK);
    buf_free(&copy);
}

static void test_diff_says_who_may_do_more(void **state)
{
    (void)state;
    write_changed("other.yaml", "hits_per_request: ", '2');
    assert_int_equal(RUN("diff", POLICY, "other.yaml"), EX_OK);
    assert_true(says("out", "Regel riec.casus.verstrekking (versie 1, was 1)"));
    assert_true(says("out", "  MEER    treffers per verzoek: was 10, wordt 20 "
                            "[rules[riec.casus.verstrekking].limits.hits_per_request]"));
    assert_true(says("out", "1 meer, 0 minder, 0 anders"));
    assert_int_equal(RUN("diff", "other.yaml", POLICY, "--language", "en"), EX_OK);
    assert_true(says("out", "  LESS    hits per request: was 20, becomes 10 "));
    assert_int_equal(RUN("diff", "--json", "other.yaml", POLICY), EX_OK);
    assert_true(
        says("out", "\"effect\":\"less\",\"narrows\":true,\"rule\":\"riec.casus.verstrekking\""));
    assert_true(says("out", "\"more\":0,\"less\":1,\"changed\":0}"));
    assert_int_equal(RUN("diff", POLICY, POLICY), EX_OK);
    assert_true(says("out", "Niemand mag iets meer of minder"));
    assert_int_equal(RUN("diff", POLICY), EX_USAGE);
    assert_int_equal(RUN("diff", POLICY, "absent.yaml"), EX_NOINPUT);
    assert_int_equal(RUN("diff", POLICY, "pass"), EX_DATAERR);
}

static void test_show_writes_the_register(void **state)
{
    (void)state;
    assert_int_equal(RUN("show", POLICY), EX_OK);
    assert_true(says("out", "Wie meedoet"));
    assert_true(says("out", "Zwijgen is nooit een verstrekking"));
    assert_false(says("out", "\x1b"));
    assert_int_equal(RUN("show", POLICY, "index.uwv", "--language", "en"), EX_OK);
    assert_true(says("out", "index.uwv: loading into the index"));
    assert_false(says("out", "riec.casus.verstrekking"));
    assert_int_equal(RUN("show", POLICY, "--html", "--output", "register.html"), EX_OK);
    assert_true(says("register.html", "<html lang=\"nl\">"));
    assert_false(says("out", "<"));
    assert_int_equal(RUN("show", POLICY, "--html", "--output", "register.html"), EX_CANTCREAT);
    assert_int_equal(RUN("show", POLICY, "no.such.rule"), EX_DATAERR);
    assert_int_equal(RUN("show", POLICY, "--json"), EX_USAGE);
    assert_int_equal(RUN("show", "absent.yaml"), EX_NOINPUT);
}

static void test_two_organisations_sign_and_a_stock_tool_reads_it(void **state)
{
    (void)state;
    assert_int_equal(RUN("sign", POLICY, "--key", "owner.key", "--certificate", "owner.pem",
                         "--passphrase-file", "pass", "--output", "owner.p7s"),
                     EX_OK);
    assert_int_equal(
        RUN("verify", POLICY, "--signature", "owner.p7s", "--certificate", "owner.pem"),
        EX_DATAERR);
    assert_true(says("out", "not complete"));
    assert_int_equal(RUN("sign", POLICY, "--key", "jurist.key", "--certificate", "jurist.pem",
                         "--passphrase-file", "pass", "--output", "jurist.p7s"),
                     EX_OK);
    assert_int_equal(RUN("verify", POLICY, "--signature", "owner.p7s", "--signature", "jurist.p7s",
                         "--certificate", "owner.pem", "--certificate", "jurist.pem"),
                     EX_OK);
    assert_int_equal(run((const char *const[]){"openssl", "cms", "-verify", "-binary", "-inform",
                                               "DER", "-in", "owner.p7s", "-content", POLICY,
                                               "-CAfile", "owner.pem", "-purpose", "any", NULL}),
                     0);
    assert_int_equal(RUN("sign", POLICY, "--key", "jurist.key", "--certificate", "jurist.pem",
                         "--passphrase-file", "pass", "--output", "jurist.p7s"),
                     EX_CANTCREAT);
}

static void test_other_bytes_other_keys_and_strangers_are_refused(void **state)
{
    (void)state;
    struct buf copy = buf_new(1 << 20);
    struct errmsg why;
    assert_int_equal(file_read(POLICY, FILE_ANY, &copy, &why), ERR_OK);
    buf_put_str(&copy, "# one more line\n");
    assert_int_equal(file_write("changed.yaml", buf_bytes(&copy), 0644, &why), ERR_OK);
    buf_free(&copy);
    assert_int_equal(
        RUN("verify", "changed.yaml", "--signature", "owner.p7s", "--certificate", "owner.pem"),
        EX_DATAERR);
    assert_int_equal(
        RUN("verify", POLICY, "--signature", "owner.p7s", "--certificate", "jurist.pem"),
        EX_DATAERR);
    assert_int_equal(RUN("sign", POLICY, "--key", "stranger.key", "--certificate", "stranger.pem",
                         "--passphrase-file", "pass", "--output", "stranger.p7s"),
                     EX_DATAERR);
    assert_int_equal(RUN("sign", POLICY, "--key", "jurist.key", "--certificate", "owner.pem",
                         "--passphrase-file", "pass", "--output", "mixed.p7s"),
                     EX_DATAERR);
    write_text("wrong", "not it\n", 0600);
    assert_int_equal(RUN("sign", POLICY, "--key", "owner.key", "--certificate", "owner.pem",
                         "--passphrase-file", "wrong", "--output", "wrong.p7s"),
                     EX_DATAERR);
    assert_int_equal(chmod("wrong", 0644), 0);
    assert_int_equal(RUN("sign", POLICY, "--key", "owner.key", "--certificate", "owner.pem",
                         "--passphrase-file", "wrong", "--output", "wrong.p7s"),
                     EX_NOPERM);
    assert_false(file_exists("wrong.p7s"));
}

static void read_adoption(const char *name, struct arena *a, struct adoption_doc *out)
{
    struct buf file = buf_new(ADOPTION_MAX_BYTES);
    struct errmsg why = {.text = ""};
    struct signed_doc doc;
    assert_int_equal(file_read(name, FILE_ANY, &file, &why), ERR_OK);
    assert_int_equal(signed_doc_decode(buf_bytes(&file), ADOPTION_MAX_BYTES, a, &doc, &why),
                     ERR_OK);
    struct buf content = buf_new(ADOPTION_MAX_BYTES + 64);
    assert_int_equal(trust_put_adoption_content(doc.document, &content), ERR_OK);
    assert_int_equal(cms_detached_verify(buf_bytes(&content), doc.signature, place.officer, &why),
                     ERR_OK);
    buf_free(&content);
    assert_true(digest_equal(&doc.signer, cert_fingerprint(place.officer)));
    assert_int_equal(adoption_decode(doc.document, a, out, &why), ERR_OK);
    buf_free(&file);
}

static void test_a_holder_adopts_its_rules_and_withdraws_one(void **state)
{
    (void)state;
    struct arena *a = arena_new(ADOPTION_ARENA_BYTES);
    struct adoption_doc d;
    assert_int_equal(RUN("adopt", POLICY, "--key", "officer.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "1", "--output", "1.adoption"),
                     EX_OK);
    read_adoption("1.adoption", a, &d);
    assert_int_equal(d.rules.count, 3);
    assert_string_equal(d.rules.v[0].s, "index.uwv");
    assert_string_equal(d.holder.oin, UWV);
    assert_string_equal(d.staff.s, "m.bakker");
    assert_int_equal(d.state, ADOPTION_STATE_ADOPTED);
    assert_int_equal(RUN("adopt", POLICY, "--key", "officer.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "2", "--withdraw", "--rule",
                         "riec.casus.hitnohit", "--output", "2.adoption"),
                     EX_OK);
    read_adoption("2.adoption", a, &d);
    assert_int_equal(d.state, ADOPTION_STATE_WITHDRAWN);
    assert_int_equal(d.rules.count, 1);
    assert_int_equal(RUN("adopt", POLICY, "--key", "officer.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "3", "--rule",
                         "index.belastingdienst", "--output", "3.adoption"),
                     EX_DATAERR);
    assert_int_equal(RUN("adopt", POLICY, "--key", "owner.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "3", "--output", "3.adoption"),
                     EX_DATAERR);
    assert_false(file_exists("3.adoption"));
    arena_free(a);
}

static int stock_verify(const char *signature, const char *content)
{
    return run((const char *const[]){"openssl", "cms", "-verify", "-binary", "-inform", "DER",
                                     "-in", signature, "-content", content, "-CAfile", "chain.pem",
                                     "-purpose", "any", NULL});
}

/* What the stock tool reads is what parties verify: the same content, the same signature. */
static void is_same_signature(const char *adoption, const char *evidence, const char *signature)
{
    struct arena *a = arena_new(ADOPTION_ARENA_BYTES);
    struct buf file = buf_new(ADOPTION_MAX_BYTES + 1024);
    struct buf shown = buf_new(2 * ADOPTION_MAX_BYTES);
    struct buf content = buf_new(2 * ADOPTION_MAX_BYTES);
    struct errmsg why = {.text = ""};
    struct signed_doc doc;
    assert_int_equal(file_read(adoption, FILE_ANY, &file, &why), ERR_OK);
    assert_int_equal(signed_doc_decode(buf_bytes(&file), ADOPTION_MAX_BYTES, a, &doc, &why),
                     ERR_OK);
    assert_int_equal(file_read(evidence, FILE_ANY, &shown, &why), ERR_OK);
    assert_int_equal(trust_put_adoption_content(doc.document, &content), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&content), buf_bytes(&shown)));
    buf_reset(&shown);
    assert_int_equal(file_read(signature, FILE_ANY, &shown, &why), ERR_OK);
    assert_true(bytes_equal(doc.signature, buf_bytes(&shown)));
    buf_free(&content);
    buf_free(&file);
    buf_free(&shown);
    arena_free(a);
}

static void test_a_stock_tool_reads_adoption_and_withdrawal(void **state)
{
    (void)state;
    assert_int_equal(RUN("adopt", POLICY, "--key", "officer.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "5", "--evidence", "5.document",
                         "--output", "5.adoption"),
                     EX_OK);
    assert_int_equal(RUN("adopt", POLICY, "--key", "officer.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "6", "--withdraw", "--evidence",
                         "6.document", "--output", "6.adoption"),
                     EX_OK);
    is_same_signature("5.adoption", "5.document", "5.document.p7s");
    is_same_signature("6.adoption", "6.document", "6.document.p7s");
    assert_int_equal(stock_verify("5.document.p7s", "5.document"), 0);
    assert_int_equal(stock_verify("6.document.p7s", "6.document"), 0);
    assert_int_not_equal(stock_verify("5.document.p7s", "6.document"), 0);
    assert_int_equal(RUN("adopt", POLICY, "--key", "officer.key", "--certificate", "officer.pem",
                         "--passphrase-file", "pass", "--serial", "7", "--evidence", "5.document",
                         "--output", "7.adoption"),
                     EX_CANTCREAT);
    assert_false(file_exists("7.adoption"));
}

static void test_usage_and_missing_files(void **state)
{
    (void)state;
    assert_int_equal(RUN("--help"), EX_OK);
    assert_true(says("out", "Examples:"));
    assert_int_equal(RUN("dance", POLICY), EX_USAGE);
    assert_int_equal(RUN("check"), EX_USAGE);
    assert_int_equal(RUN("check", POLICY, "index.uwv"), EX_USAGE);
    assert_true(says("err", "index.uwv"));
    assert_int_equal(RUN("test", POLICY, POLICY), EX_USAGE);
    assert_int_equal(RUN("adopt", POLICY, "index.uwv"), EX_USAGE);
    assert_int_equal(RUN("check", "absent.yaml"), EX_NOINPUT);
    write_text("bad.yaml", "schema: 1\ndance: true\n", 0600);
    assert_int_equal(RUN("check", "bad.yaml"), EX_DATAERR);
    assert_true(says("err", "bad.yaml:"));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return EX_USAGE;
    place.program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_and_test_pass_for_the_demonstration),
        cmocka_unit_test(test_explain_says_why),
        cmocka_unit_test(test_show_writes_the_register),
        cmocka_unit_test(test_diff_says_who_may_do_more),
        cmocka_unit_test(test_two_organisations_sign_and_a_stock_tool_reads_it),
        cmocka_unit_test(test_other_bytes_other_keys_and_strangers_are_refused),
        cmocka_unit_test(test_a_holder_adopts_its_rules_and_withdraws_one),
        cmocka_unit_test(test_a_stock_tool_reads_adoption_and_withdrawal),
        cmocka_unit_test(test_usage_and_missing_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
