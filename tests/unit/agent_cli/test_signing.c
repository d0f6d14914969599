/* `sluis consent`, `refuse`, `known` and `request` before they sign: each element of the bytes that the agent wants
 * signed, altered or taken from another, ends it with 65 and no signature (docs/transplant.md). The agent is the
 * test's, on a thread of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli_run.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/note.h"
#include "pki/sign.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/log/vkey.h"
#include "tests/unit/agent_cli/fake_agent.h"

#define PASSPHRASE "vijf woorden voor een proef"
#define ITEM "7"

static struct {
    struct fake_agent agent;
    char key_path[96];
    char pass_path[96];
    char subjects[96];
    struct key *key;
    struct buf item;     /* the answer to `item` */
    struct buf question; /* what it wants signed */
    unsigned signatures; /* that came back */
} fake;

static void on_frame(void *arg, struct control_conn *c, struct bytes frame)
{
    (void)arg;
    struct doc *d = NULL;
    struct bytes verb = {0};
    assert_int_equal(doc_parse(frame, frame.len, &d, NULL), ERR_OK);
    assert_int_equal(doc_get_text(d, "verb", 32, &verb, NULL), ERR_OK);
    struct bytes answer = buf_bytes(&fake.question);
    if (bytes_is(verb, "item"))
        answer = buf_bytes(&fake.item);
    if (bytes_is(verb, "signed")) {
        fake.signatures++;
        answer = bytes_str("{\"ok\":{\"complete\":true,\"state\":\"sent\",\"request\":\"00\","
                           "\"closes\":\"\",\"holders\":[]}}");
    }
    assert_int_equal(control_conn_send(c, answer), ERR_OK);
    doc_free(d);
}

static void write_key(void)
{
    struct keyfile header = {.cost = KEYFILE_COST_LEAST, .created_s = 1};
    struct buf file = buf_new(KEYFILE_MAX_BYTES);
    struct secret *pass = secret_new(bytes_str(PASSPHRASE));
    assert_int_equal(name_parse(bytes_str("officer"), &header.id), ERR_OK);
    assert_int_equal(key_generate(KEY_TYPE_P256, &fake.key), ERR_OK);
    assert_int_equal(keyfile_seal_key(&header, pass, fake.key, &file), ERR_OK);
    assert_int_equal(file_write(fake.key_path, buf_bytes(&file), 0600, NULL), ERR_OK);
    assert_int_equal(file_write(fake.pass_path, bytes_str(PASSPHRASE "\n"), 0600, NULL), ERR_OK);
    assert_int_equal(file_write(fake.subjects,
                                bytes_str("[{\"identifiers\":[{\"type\":\"bsn\",\"value\":\"1\"}]}]"),
                                0600, NULL),
                     ERR_OK);
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
    snprintf(fake.subjects, sizeof fake.subjects, "%s/subjects.json", fake.agent.dir);
    fake.item = buf_new((size_t)1 << 16);
    fake.question = buf_new((size_t)1 << 16);
    write_key();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_agent_close(&fake.agent);
    key_free(fake.key);
    buf_free(&fake.item);
    buf_free(&fake.question);
    unlink(fake.key_path);
    unlink(fake.pass_path);
    unlink(fake.subjects);
    rmdir(fake.agent.dir);
    return 0;
}

static int sluis(const char *const *verb, size_t count)
{
    const char *argv[24] = {"sluis", "--socket", fake.agent.socket, "--key", fake.key_path,
                            "--passphrase-file", fake.pass_path, "--yes"};
    size_t n = 8;
    for (size_t i = 0; i < count; i++)
        argv[n++] = verb[i];
    fake.signatures = 0;
    fake_agent_start(&fake.agent);
    int code = cli_run(cli_verbs, (int)n, (char **)(uintptr_t)argv);
    fake_agent_stop(&fake.agent);
    return code;
}

static void put_question(const char *kind, struct bytes document)
{
    buf_reset(&fake.question);
    buf_printf(&fake.question, "{\"sign\":[{\"kind\":\"%s\",\"document\":\"", kind);
    text_put_base64(&fake.question, document);
    buf_put_str(&fake.question, "\"}],\"state\":\"s1\"}");
    assert_int_equal(buf_err(&fake.question), ERR_OK);
}

/* ---- decisions ---- */

static struct name fields[3];

static struct name name_of(const char *s)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(s), &n), ERR_OK);
    return n;
}

static void consent_of_item(struct consent *c)
{
    const int64_t now_s = clock_now_s(clock_system());
    fields[0] = name_of("ingangsdatum");
    fields[1] = name_of("soort_uitkering");
    fields[2] = name_of("werkgever");
    *c = (struct consent){.deployment = name_of("demo"), .decision = CONSENT_RELEASE,
                          .rule = name_of("riec.casus.verstrekking"), .rule_version = 1,
                          .roster_serial = 7, .purpose = name_of("riec-casus"), .epoch = 1,
                          .fields = fields, .field_count = 2,
                          .staff = name_of("0123456789abcdef"),
                          .function = name_of("release_officer"), .signed_at_s = now_s,
                          .not_after_s = now_s + 600, .group = 3};
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &c->requester), ERR_OK);
    memset(c->header_digest.b, 1, sizeof c->header_digest.b);
    memset(c->requester_sealing.b, 2, sizeof c->requester_sealing.b);
    memset(c->policy_digest.b, 3, sizeof c->policy_digest.b);
    memset(c->handle.b, 4, sizeof c->handle.b);
    memset(c->record_leaf.b, 5, sizeof c->record_leaf.b);
    memset(c->nonce.b, 6, sizeof c->nonce.b);
}

static void put_hex(struct doc_build *b, const char *key, const void *bytes, size_t size)
{
    doc_put_hex(b, key, bytes_of(bytes, size));
}

/* The item as the agent shows it. */
static void put_item(const struct consent *c)
{
    struct doc *item = doc_new_object();
    struct doc *answer = doc_new_object();
    struct doc_build b = doc_build_of(item);
    doc_put_str(&b, "deployment", c->deployment.s);
    doc_put_str(&b, "requester", c->requester.oin);
    doc_put_str(&b, "rule", c->rule.s);
    doc_put_int(&b, "asked_version", c->rule_version);
    doc_put_str(&b, "purpose", c->purpose.s);
    doc_put_int(&b, "epoch", c->epoch);
    doc_put_int(&b, "group", c->group);
    doc_put_int(&b, "roster_serial", (int64_t)c->roster_serial);
    doc_put_time(&b, "deadline", c->not_after_s);
    put_hex(&b, "header_digest", c->header_digest.b, 32);
    put_hex(&b, "requester_sealing", c->requester_sealing.b, 32);
    put_hex(&b, "policy_digest", c->policy_digest.b, 32);
    put_hex(&b, "handle", c->handle.b, 16);
    put_hex(&b, "record_leaf", c->record_leaf.b, 32);
    put_hex(&b, "nonce", c->nonce.b, 16);
    assert_int_equal(doc_build_done(&b), ERR_OK);
    struct doc_build whole = doc_build_of(answer);
    doc_put_doc(&whole, "ok", item);
    assert_int_equal(doc_build_done(&whole), ERR_OK);
    buf_reset(&fake.item);
    assert_int_equal(doc_write(answer, &fake.item), ERR_OK);
    doc_free(answer);
}

#define CHANGE(name, type, ...)                                                                    \
    static void name(type *t)                                                                      \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
CHANGE(c_nothing, struct consent, (void)t)
CHANGE(c_deployment, struct consent, t->deployment = name_of("other"))
CHANGE(c_known, struct consent, t->decision = CONSENT_KNOWN; t->field_count = 0)
CHANGE(c_refuse, struct consent, t->decision = CONSENT_REFUSE; t->field_count = 0;
       t->code = bytes_str("niet_noodzakelijk"))
CHANGE(c_header_digest, struct consent, t->header_digest.b[0] ^= 1)
CHANGE(c_requester, struct consent, t->requester.oin[19] = '1')
CHANGE(c_sealing, struct consent, t->requester_sealing.b[31] ^= 1)
CHANGE(c_rule, struct consent, t->rule = name_of("riec.casus.hitnohit"))
CHANGE(c_rule_version, struct consent, t->rule_version++)
CHANGE(c_policy_digest, struct consent, t->policy_digest.b[0] ^= 1)
CHANGE(c_roster_serial, struct consent, t->roster_serial++)
CHANGE(c_purpose, struct consent, t->purpose = name_of("other"))
CHANGE(c_epoch, struct consent, t->epoch++)
CHANGE(c_handle, struct consent, t->handle.b[0] ^= 1)
CHANGE(c_leaf, struct consent, t->record_leaf.b[0] ^= 1)
CHANGE(c_more_fields, struct consent, t->field_count = 3)
CHANGE(c_fewer_fields, struct consent, t->field_count = 1)
CHANGE(c_other_fields, struct consent, t->fields = &fields[1])
CHANGE(c_signed_before, struct consent, t->signed_at_s -= 400)
CHANGE(c_signed_ahead, struct consent, t->signed_at_s += 400)
CHANGE(c_not_after, struct consent, t->not_after_s++)
CHANGE(c_nonce, struct consent, t->nonce.b[15] ^= 1)
CHANGE(c_group, struct consent, t->group++)

static void each_element_of_a_consent_is_held_against_what_was_shown(void **state)
{
    (void)state;
    static const char *const verb[] = {"consent", ITEM, "--field", "soort_uitkering", "--field",
                                       "ingangsdatum"};
    static const struct {
        const char *element;
        void (*change)(struct consent *t);
    } cases[] = {
        {"deployment", c_deployment},       {"decision", c_known},
        {"code", c_refuse},                 {"header_digest", c_header_digest},
        {"requester", c_requester},         {"requester_sealing", c_sealing},
        {"rule", c_rule},                   {"rule_version", c_rule_version},
        {"policy_digest", c_policy_digest}, {"roster_serial", c_roster_serial},
        {"purpose", c_purpose},             {"epoch", c_epoch},
        {"handle", c_handle},               {"record_leaf", c_leaf},
        {"a field more", c_more_fields},    {"a field less", c_fewer_fields},
        {"other fields", c_other_fields},   {"signed_at before", c_signed_before},
        {"signed_at ahead", c_signed_ahead}, {"not_after", c_not_after},
        {"nonce", c_nonce},                 {"group", c_group},
        {"nothing", c_nothing},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
        const bool is_right = cases[i].change == c_nothing;
        struct consent c;
        consent_of_item(&c);
        put_item(&c);
        cases[i].change(&c);
        assert_int_equal(consent_encode(&c, &bytes), ERR_OK);
        put_question("consent", buf_bytes(&bytes));
        const int code = sluis(verb, ARRAY_LEN(verb));
        if (code != (is_right ? EX_OK : EX_DATAERR) || fake.signatures != is_right)
            fail_msg("%s: exit %d, %u signatures", cases[i].element, code, fake.signatures);
    }
}

static void the_decision_and_its_ground_are_those_of_the_verb(void **state)
{
    (void)state;
    static const char *const refuse[] = {"refuse", ITEM, "--code", "lopend_onderzoek"};
    static const char *const right[] = {"refuse", ITEM, "--code", "niet_noodzakelijk"};
    static const char *const known[] = {"known", ITEM};
    CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
    struct consent c;
    consent_of_item(&c);
    put_item(&c);
    c_refuse(&c);
    assert_int_equal(consent_encode(&c, &bytes), ERR_OK);
    put_question("consent", buf_bytes(&bytes));
    assert_int_equal(sluis(refuse, ARRAY_LEN(refuse)), EX_DATAERR);
    assert_int_equal(fake.signatures, 0);
    assert_int_equal(sluis(known, ARRAY_LEN(known)), EX_DATAERR);
    assert_int_equal(fake.signatures, 0);
    assert_int_equal(sluis(right, ARRAY_LEN(right)), EX_OK);
    assert_int_equal(fake.signatures, 1);
}

/* ---- questions ---- */

static void header_of_question(struct request_header *h)
{
    const int64_t now_s = clock_now_s(clock_system());
    fields[0] = name_of("ingangsdatum");
    fields[1] = name_of("soort_uitkering");
    fields[2] = name_of("werkgever");
    *h = (struct request_header){.deployment = name_of("demo"),
                                 .rule = name_of("riec.casus.verstrekking"), .rule_version = 1,
                                 .roster_serial = 7, .case_worker = name_of("0123456789abcdef"),
                                 .fields = fields, .field_count = 2,
                                 .purpose = name_of("riec-casus"), .epoch = 1, .suite = SUITE_HK1,
                                 .issued_at_s = now_s, .deadline_s = now_s + 90,
                                 .case_state = name_of("work_up_1"),
                                 .process = name_of("case_release")};
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &h->requester), ERR_OK);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000006000"), &h->on_behalf_of), ERR_OK);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000005000"), &h->holder), ERR_OK);
    memset(h->case_id.b, 0x3f, sizeof h->case_id.b);
    memset(h->request_id.b, 7, sizeof h->request_id.b);
    memset(h->policy_digest.b, 3, sizeof h->policy_digest.b);
    memset(h->subject_root.b, 9, sizeof h->subject_root.b);
}

CHANGE(h_nothing, struct request_header, (void)t)
CHANGE(h_behalf, struct request_header, t->on_behalf_of = t->requester)
CHANGE(h_holder, struct request_header, t->holder.oin[16] = '4')
CHANGE(h_rule, struct request_header, t->rule = name_of("riec.casus.hitnohit"))
CHANGE(h_case, struct request_header, t->case_id.b[0] ^= 1)
CHANGE(h_fields, struct request_header, t->field_count = 3)
CHANGE(h_deadline, struct request_header, t->deadline_s++)
CHANGE(h_issued_before, struct request_header, t->issued_at_s -= 400; t->deadline_s -= 400)
CHANGE(h_issued_ahead, struct request_header, t->issued_at_s += 400; t->deadline_s += 400)

static void each_element_of_a_question_is_held_against_what_was_asked(void **state)
{
    (void)state;
    const char *const verb[] = {"request", "--rule", "riec.casus.verstrekking", "--case", "3f3f",
                                "--subjects", fake.subjects, "--holder", "00000099000000005000",
                                "--field", "soort_uitkering", "--field", "ingangsdatum",
                                "--deadline", "90s"};
    static const struct {
        const char *element;
        void (*change)(struct request_header *t);
    } cases[] = {
        {"holder", h_holder},           {"rule", h_rule},
        {"case_id", h_case},            {"fields", h_fields},
        {"deadline", h_deadline},       {"issued_at before", h_issued_before},
        {"issued_at ahead", h_issued_ahead}, {"nothing", h_nothing},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
        const bool is_right = cases[i].change == h_nothing;
        struct request_header h;
        header_of_question(&h);
        cases[i].change(&h);
        assert_int_equal(request_header_encode(&h, &bytes), ERR_OK);
        put_question("request", buf_bytes(&bytes));
        const int code = sluis(verb, ARRAY_LEN(verb));
        if (code != (is_right ? EX_OK : EX_DATAERR) || fake.signatures != is_right)
            fail_msg("%s: exit %d, %u signatures", cases[i].element, code, fake.signatures);
    }
}

static void on_whose_behalf_is_held_against_what_was_asked(void **state)
{
    (void)state;
    const char *const verb[] = {"request", "--rule", "riec.casus.verstrekking", "--case", "3f3f",
                                "--subjects", fake.subjects, "--on-behalf-of",
                                "00000099000000006000"};
    CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
    struct request_header h;
    header_of_question(&h);
    h_behalf(&h);
    assert_int_equal(request_header_encode(&h, &bytes), ERR_OK);
    put_question("request", buf_bytes(&bytes));
    assert_int_equal(sluis(verb, ARRAY_LEN(verb)), EX_DATAERR);
    assert_int_equal(fake.signatures, 0);
}

/* ---- a key of the own log ---- */

#define LOG_ORIGIN "demo/log/00000099000000002000"

static char log_lines[3][VKEY_MAX_TEXT]; /* the next key, the lost one, another */

static void make_lines(void)
{
    for (size_t i = 0; i < ARRAY_LEN(log_lines); i++) {
        struct key *key = NULL;
        struct vkey v;
        struct buf line = buf_fixed(log_lines[i], sizeof log_lines[i] - 1);
        assert_int_equal(key_generate(KEY_TYPE_ED25519, &key), ERR_OK);
        const struct note_signer by = {bytes_str(LOG_ORIGIN), key};
        assert_int_equal(note_vkey(&by, VKEY_ED25519, &v), ERR_OK);
        vkey_write(&v, &line);
        log_lines[i][line.len] = '\0';
        key_free(key);
    }
}

static struct digest digest_of_line(size_t i)
{
    const struct bytes line = bytes_str(log_lines[i]);
    struct digest d;
    assert_int_equal(digest_sha256(&line, 1, &d), ERR_OK);
    return d;
}

CHANGE(v_nothing, struct log_vouch, (void)t)
CHANGE(v_deployment, struct log_vouch, t->deployment = name_of("other"))
CHANGE(v_agency, struct log_vouch, t->agency.oin[16] = '3')
CHANGE(v_key, struct log_vouch, t->key = bytes_str(log_lines[2]))
CHANGE(v_lost, struct log_vouch, t->lost[0] = digest_of_line(2))
CHANGE(v_more_lost, struct log_vouch, memset(t->lost[1].b, 0xff, sizeof t->lost[1].b); t->lost_count = 2)
CHANGE(v_before, struct log_vouch, t->issued_at_s -= 400)
CHANGE(v_ahead, struct log_vouch, t->issued_at_s += 400)

static void a_word_for_a_key_is_held_against_the_line_that_was_given(void **state)
{
    (void)state;
    make_lines();
    const char *const verb[] = {"witness", "--vouch", log_lines[0], "--lost", log_lines[1]};
    static const struct {
        const char *element;
        void (*change)(struct log_vouch *t);
    } cases[] = {
        {"deployment", v_deployment}, {"agency", v_agency}, {"key", v_key}, {"lost", v_lost},
        {"one more is lost", v_more_lost}, {"issued before", v_before}, {"issued ahead", v_ahead}, {"nothing", v_nothing},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf bytes = buf_new(LOG_VOUCH_MAX_BYTES);
        const bool is_right = cases[i].change == v_nothing;
        struct log_vouch v = {.deployment = name_of("demo"), .agency = {.oin = "00000099000000002000"},
                              .staff = name_of("0123456789abcdef"), .lost = {digest_of_line(1)}, .lost_count = 1,
                              .key = bytes_str(log_lines[0]), .size = 32, .issued_at_s = clock_now_s(clock_system())};
        cases[i].change(&v);
        assert_int_equal(log_vouch_encode(&v, &bytes), ERR_OK);
        put_question("log-vouch", buf_bytes(&bytes));
        const int code = sluis(verb, ARRAY_LEN(verb));
        if (code != (is_right ? EX_OK : EX_DATAERR) || fake.signatures != is_right)
            fail_msg("%s: exit %d, %u signatures", cases[i].element, code, fake.signatures);
    }
}

/* A document of another kind than the verb makes is never signed, whatever it says. */
static void a_document_of_another_kind_is_not_signed(void **state)
{
    (void)state;
    static const char *const verb[] = {"consent", ITEM, "--field", "soort_uitkering"};
    CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
    struct consent c;
    struct request_header h;
    consent_of_item(&c);
    put_item(&c);
    header_of_question(&h);
    assert_int_equal(request_header_encode(&h, &bytes), ERR_OK);
    static const char *const kinds[] = {"request", "consent", "bodies", "roster"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        put_question(kinds[i], buf_bytes(&bytes));
        assert_int_equal(sluis(verb, ARRAY_LEN(verb)), EX_DATAERR);
        assert_int_equal(fake.signatures, 0);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_element_of_a_consent_is_held_against_what_was_shown),
        CASE(the_decision_and_its_ground_are_those_of_the_verb),
        CASE(each_element_of_a_question_is_held_against_what_was_asked),
        CASE(on_whose_behalf_is_held_against_what_was_asked),
        CASE(a_word_for_a_key_is_held_against_the_line_that_was_given),
        CASE(a_document_of_another_kind_is_not_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
