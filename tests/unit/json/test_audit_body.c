/* Bodies of audit entries: exact bytes, strict reading, facts that replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/json/audit_body.h"
#include "proto/json/body_line.h"
#include "proto/json/json_writer.h"

#define assert_ok(e) assert_string_equal(err_text(e), err_text(ERR_OK))
#define assert_err(e, want) assert_string_equal(err_text(e), err_text(want))

#define D64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FULL                                                                                       \
    "{\"schema\":\"sluis-audit/1\",\"ts\":\"2026-11-23T22:20:00Z\",\"event\":\"request.refused\"," \
    "\"actor\":{\"oin\":\"00000099000000001000\",\"staff\":\"aa55\"},"                             \
    "\"peer\":\"00000099000000002000\",\"rule\":\"riec.case\",\"rule_version\":3,"                 \
    "\"policy_digest\":\"" D64 "\",\"decision\":\"deny\",\"reasons\":[\"requester\",\"fields\"],"  \
    "\"facts\":{\"now\":{\"by\":\"judged\",\"value\":12},"                                         \
    "\"fields\":{\"by\":\"asserted\",\"value\":[\"a\",\"b\"]},"                                    \
    "\"proportionality\":{\"by\":\"asserted\",\"value\":true},\"kcv\":\"0011\"},"                  \
    "\"message_id\":\"00112233445566778899aabbccddeeff\",\"key_version\":2,"                       \
    "\"request\":\"" D64 "\",\"case\":\"" D64 "\",\"message\":\"" D64 "\",\"count\":3,"            \
    "\"salt\":\"ffeeddccbbaa99887766554433221100\"}"
#define SMALL                                                                                      \
    "{\"schema\":\"sluis-audit/1\",\"ts\":\"2026-11-23T22:20:00Z\",\"event\":\"log.started\","     \
    "\"salt\":\"ffeeddccbbaa99887766554433221100\"}"

static enum err parse(const char *text, struct arena *a, struct audit_body *b)
{
    struct errmsg why = {0};
    arena_reset(a);
    return audit_body_parse(bytes_str(text), a, b, &why);
}

static void bytes_survive_struct_and_back(void **state)
{
    (void)state;
    static const char *const texts[] = {FULL, SMALL};
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(AUDIT_BODY_ARENA_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf out CLEANUP(buf_free) = buf_new(AUDIT_BODY_MAX);
        struct audit_body b;
        assert_ok(parse(texts[i], a, &b));
        assert_ok(audit_body_write(&b, &out));
        assert_string_equal(buf_text(&out), texts[i]);
    }
}

static void fields_are_what_the_text_says(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct audit_body b;
    assert_ok(parse(FULL, a, &b));
    assert_int_equal(b.event, AUDIT_EVENT_REQUEST_REFUSED);
    assert_int_equal(b.decision, AUDIT_DECISION_DENY);
    assert_int_equal(b.reasons_count, 2);
    assert_true(bytes_is(b.reasons[1], "fields"));
    assert_string_equal(b.peer.oin, "00000099000000002000");
    assert_int_equal(b.count, 3);
    assert_true(b.has_case_ref && b.has_message_id);
    struct facts f;
    struct errmsg why = {0};
    assert_ok(audit_body_get_facts(&b, &f, &why));
    assert_int_equal(f.now.v, 12);
    assert_int_equal(f.fields.count, 2);
    assert_int_equal(f.fields.by, PROVENANCE_ASSERTED);
    assert_true(f.proportionality.v);
}

static void facts_of_the_evaluator_survive(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct arena *back CLEANUP(cleanup_arena_free) = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct facts f = {0};
    struct facts again = {0};
    static struct fact_pairs pairs;
    struct errmsg why = {0};
    struct name field;
    assert_ok(name_parse(bytes_str("income"), &field));
    f.now.v = 1795472400;
    f.now.by = PROVENANCE_JUDGED;
    assert_ok(facts_add_field(&f, &field));
    f.fields.by = PROVENANCE_JUDGED;
    assert_ok(facts_add_identifiers(&f, IDENT_BSN, 3, 1));
    f.identifiers.by = PROVENANCE_JUDGED;
    f.norm_versions.by = PROVENANCE_JUDGED;
    facts_to_pairs(&f, &pairs);
    struct audit_body b = {.event = AUDIT_EVENT_REQUEST_ACCEPTED, .ts = 1795472400};
    struct audit_body c;
    struct buf out CLEANUP(buf_free) = buf_new(AUDIT_BODY_MAX);
    assert_ok(audit_body_set_facts(&b, &pairs, 2, a));
    assert_ok(audit_body_write(&b, &out));
    assert_ok(audit_body_parse(buf_bytes(&out), back, &c, &why));
    assert_ok(audit_body_get_facts(&c, &again, &why));
    assert_memory_equal(&f.now, &again.now, sizeof f.now);
    assert_int_equal(again.identifiers.v[IDENT_BSN], 3);
    assert_int_equal(again.norm_versions.v[IDENT_BSN], 1);
    assert_int_equal(again.fields.count, 1);
}

/* One change each to a good body. */
static const struct {
    const char *from;
    const char *to;
    enum err want;
} changes[] = {
    {"sluis-audit/1", "sluis-audit/2", ERR_VERSION},
    {"\"schema\":\"sluis-audit/1\",", "", ERR_INVALID},
    {"\"count\":3,", "\"count\":-3,", ERR_RANGE},
    {"\"count\":3,", "\"count\":3,\"count\":3,", ERR_INVALID},
    {"\"count\":3,", "\"extra\":3,", ERR_UNKNOWN},
    {"\"count\":3,", "\"count\":\"3\",", ERR_INVALID},
    {"\"rule_version\":3", "\"rule_version\":0", ERR_RANGE},
    {"\"rule_version\":3", "\"rule_version\":4294967296", ERR_RANGE},
    {"request.refused", "request.eaten", ERR_UNKNOWN},
    {"\"deny\"", "\"none\"", ERR_UNKNOWN},
    {"[\"requester\",\"fields\"]", "[]", ERR_RANGE},
    {"[\"requester\",\"fields\"]", "[\"no such form\"]", ERR_INVALID},
    {"[\"requester\",\"fields\"]", "[1]", ERR_INVALID},
    {"\"aa55\"}", "\"aa55\",\"bsn\":\"1\"}", ERR_UNKNOWN},
    {"00000099000000001000", "0000009900000000100", ERR_INVALID},
    {"2026-11-23T22:20:00Z", "2026-11-23", ERR_INVALID},
    {"2026-11-23T22:20:00Z", "2026-13-23T22:20:00Z", ERR_RANGE},
    {"\"by\":\"judged\"", "\"by\":\"known\"", ERR_UNKNOWN},
    {"{\"by\":\"judged\",\"value\":12}", "{\"value\":12}", ERR_INVALID},
    {"{\"by\":\"judged\",\"value\":12}", "{\"by\":\"judged\"}", ERR_INVALID},
    {"\"value\":12", "\"value\":1.5", ERR_INVALID},
    {"\"kcv\"", "\"KCV\"", ERR_INVALID},
    {"ffeeddccbbaa99887766554433221100", "ffeeddccbbaa998877665544332211", ERR_INVALID},
    {"riec.case", "RIEC case", ERR_INVALID},
};

static void changed_bodies_are_refused(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(AUDIT_BODY_ARENA_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const char *at = strstr(FULL, changes[i].from);
        assert_non_null(at);
        struct buf b CLEANUP(buf_free) = buf_new(8192);
        struct audit_body body;
        buf_put(&b, bytes_of(FULL, (size_t)(at - FULL)));
        buf_put_str(&b, changes[i].to);
        buf_put_str(&b, at + strlen(changes[i].from));
        enum err e = parse(buf_text(&b), a, &body);
        if (e != changes[i].want)
            fail_msg("%s: %s", changes[i].to, err_text(e));
    }
    for (size_t n = 0; n < strlen(FULL); n++) {
        struct errmsg why;
        struct audit_body body;
        arena_reset(a);
        assert_int_not_equal(audit_body_parse(bytes_of(FULL, n), a, &body, &why), ERR_OK);
    }
}

static void a_small_arena_is_an_error(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(64);
    struct audit_body b;
    assert_err(parse(FULL, a, &b), ERR_NOMEM);
}

static void lines_carry_a_body_or_say_why_not(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct errmsg why = {0};
    for (unsigned s = BODY_PRESENT; s < BODY_STATE_COUNT; s++) {
        struct buf out CLEANUP(buf_free) = buf_new(BODY_LINE_MAX);
        struct body_line l = {.index = 70000, .state = (enum body_state)s};
        struct body_line back;
        if (s == BODY_PRESENT)
            l.body = bytes_str(SMALL);
        assert_ok(body_line_write(&l, &out));
        assert_int_equal(out.ptr[out.len - 1], '\n');
        assert_ok(body_line_parse(bytes_of(out.ptr, out.len - 1), a, &back, &why));
        assert_int_equal(back.index, 70000);
        assert_int_equal(back.state, s);
        assert_true(bytes_equal(back.body, l.body));
        for (size_t n = 0; n + 1 < out.len; n++)
            assert_int_not_equal(body_line_parse(bytes_of(out.ptr, n), a, &back, &why), ERR_OK);
    }
}

static void the_writer_escapes_and_nests(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(4096);
    struct json_writer w = json_writer_of(&out);
    json_put_object(&w, NULL);
    json_put_str(&w, "a\"b", "\\ \n <x> \x7f");
    json_put_array(&w, "l");
    json_put_int(&w, NULL, INT64_MIN);
    json_put_null(&w, NULL);
    json_put_end(&w);
    json_put_end(&w);
    assert_ok(json_writer_done(&w));
    assert_string_equal(buf_text(&out), "{\"a\\\"b\":\"\\\\ \\u000a \\u003cx> \\u007f\","
                                        "\"l\":[-9223372036854775808,null]}");
    buf_reset(&out);
    w = json_writer_of(&out);
    json_put_object(&w, NULL);
    assert_err(json_writer_done(&w), ERR_INVALID);
    json_put_int(&w, NULL, 1); /* no key inside an object */
    assert_err(json_writer_done(&w), ERR_INVALID);
    buf_reset(&out);
    w = json_writer_of(&out);
    json_put_str(&w, NULL, "\xff");
    assert_err(json_writer_done(&w), ERR_INVALID);
    buf_reset(&out);
    w = json_writer_of(&out);
    for (unsigned i = 0; i <= JSON_WRITER_DEPTH; i++)
        json_put_array(&w, NULL);
    assert_err(json_writer_done(&w), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_survive_struct_and_back),
        cmocka_unit_test(fields_are_what_the_text_says),
        cmocka_unit_test(facts_of_the_evaluator_survive),
        cmocka_unit_test(changed_bodies_are_refused),
        cmocka_unit_test(a_small_arena_is_an_error),
        cmocka_unit_test(lines_carry_a_body_or_say_why_not),
        cmocka_unit_test(the_writer_escapes_and_nests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
