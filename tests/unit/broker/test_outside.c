/* broker/outside: what a witness that no agent is gets asked, and that its answer counts by its key over the head that is asked
 * about and by nothing else; whatever else it answers is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <sysexits.h>

#include "broker/control_internal.h"
#include "broker/cosigners.h"
#include "broker/outside.h"
#include "broker/publisher.h"
#include "pki/digest.h"
#include "pki/witness.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define ARENA_BYTES ((size_t)8 << 20)

/* A witness as its own operator has it. */
struct outsider {
    const char *key_name;
    struct key *key;
    struct witness_state state;
};

static struct bench bench;
static struct arena *arena;
static struct outsider agent;    /* in the audit policy as "agent" */
static struct outsider outside;  /* as "outside" */
static struct outsider stranger; /* not in it */
static struct errmsg why;
static char policy_path[256];
static const struct bytes outside_name = {(const uint8_t *)"outside", 7};

/* ---- the witness's side ---- */

static void put_witness(struct buf *text, const char *name, const struct outsider *w)
{
    struct vkey v;
    const struct note_signer signer = {bytes_str(w->key_name), w->key};
    OK(note_vkey(&signer, VKEY_COSIGNATURE_V1, &v));
    buf_printf(text, "witness %s ", name);
    vkey_write(&v, text);
    buf_put_str(text, "\n");
}

static enum witness_status judge(struct outsider *w, struct bytes request, struct witness_verdict *out)
{
    struct vkey log;
    struct errmsg reason = {""};
    OK(vkey_parse(digest_sha256, bench.view.roster.log_key, &log));
    const struct witness_log watched = {&log, 1};
    OK(witness_judge(&watched, &w->state, request, arena, out, &reason));
    w->state = out->next;
    return out->status;
}

/* The line of a witness over this request, which it must take. */
static struct bytes cosign(struct outsider *w, struct bytes request)
{
    struct witness_verdict v;
    CLEANUP(buf_free) struct buf line = buf_new(4096);
    const struct note_signer signer = {bytes_str(w->key_name), w->key};
    assert_int_equal(judge(w, request, &v), WITNESS_COSIGN);
    OK(note_cosign(&signer, v.text, (uint64_t)(bench.now_ms / 1000), &line));
    return arena_copy(arena, buf_bytes(&line));
}

/* ---- the side of who carries files ---- */

static struct outside_request ask(uint64_t old)
{
    struct outside_request r;
    OK(outside_request(bench.broker.cosigners, outside_name, old, arena, &r, &why));
    return r;
}

static enum err take_answer(const struct outside_request *r, int64_t number, struct bytes body, struct outside_taken *out)
{
    struct witness_request parsed;
    OK(witness_request_parse(r->request, &parsed));
    const struct outside_answer from = {
        .witness = outside_name, .old = parsed.old_size, .size = r->size, .number = number, .body = body};
    why = (struct errmsg){""};
    return outside_take(bench.broker.cosigners, &from, arena, out, &why);
}

static bool says(const char *words)
{
    return strstr(why.text, words) != NULL;
}

/* What an agent brings over the wire. */
static void agent_cosigns(void)
{
    struct bytes request;
    OK(cosigners_request(bench.broker.cosigners, agent.state.size, arena, &request));
    assert_true(request.len > 0);
    const struct bytes line = cosign(&agent, request);
    const struct cosign from = {.size = agent.state.size, .lines = line};
    OK(cosigners_take(bench.broker.cosigners, &from, arena, &why));
    bench_settle(&bench);
}

/* The size of the checkpoint that anybody reads; 0: none. */
static uint64_t shown(void)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    struct note n;
    struct checkpoint c;
    OK(tiles_open(bench.config.tiles, &t, &why));
    if (tiles_checkpoint(t, &file, &why) != ERR_OK)
        return 0;
    OK(note_parse(buf_bytes(&file), arena, &n, &why));
    OK(checkpoint_parse(n.text, &c));
    return c.size;
}

static int setup(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    agent = (struct outsider){.key_name = "demo/witness/00000099000000002000"};
    outside = (struct outsider){.key_name = "witness.example/outside"};
    stranger = (struct outsider){.key_name = "witness.example/stranger"};
    struct outsider *const all[] = {&agent, &outside, &stranger};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        OK(key_generate(KEY_TYPE_ED25519, &all[i]->key));
    why = (struct errmsg){""};
    arena = arena_new(ARENA_BYTES);
    assert_non_null(arena);
    bench_open(&bench, NULL, 0);
    buf_printf(&text, "log %s\n", bench.log_key);
    put_witness(&text, "agent", &agent);
    put_witness(&text, "outside", &outside);
    buf_put_str(&text, "group both all agent outside\nquorum both\n");
    snprintf(policy_path, sizeof policy_path, "%s", host_tmp_path(&bench.tmp, "audit-policy"));
    OK(file_write(policy_path, buf_bytes(&text), 0600, NULL));
    bench.config.trust.audit_policy = policy_path;
    bench_restart(&bench);
    bench_publish(&bench);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    key_free(agent.key);
    key_free(outside.key);
    key_free(stranger.key);
    arena_free(arena);
    bench_close(&bench);
    return 0;
}

/* ---- the tests ---- */

static void its_line_makes_the_quorum(void **state)
{
    (void)state;
    struct outside_taken taken;
    agent_cosigns();
    assert_int_equal(shown(), 0);
    const struct outside_request r = ask(0);
    OK(take_answer(&r, 200, cosign(&outside, r.request), &taken));
    bench_settle(&bench);
    assert_true(taken.is_counted);
    assert_int_equal(taken.old, r.size);
    assert_int_equal(shown(), r.size);
    assert_int_equal(ask(taken.old).request.len, 0);
    assert_int_equal(ask(0).request.len, 0); /* what counts is not asked for again */
    bench_publish(&bench);
    const struct outside_request next = ask(taken.old);
    OK(take_answer(&next, 200, cosign(&outside, next.request), &taken));
    assert_int_equal(taken.old, next.size);
}

/* A note of more lines than readers take would be a checkpoint that nobody can read. */
static void one_line_of_each_witness_counts(void **state)
{
    (void)state;
    struct outside_taken taken;
    CLEANUP(buf_free) struct buf many = buf_new(OUTSIDE_MAX_BODY_BYTES);
    agent_cosigns();
    const struct outside_request r = ask(0);
    const struct bytes line = cosign(&outside, r.request);
    for (unsigned i = 0; i < NOTE_MAX_SIGS; i++)
        buf_put(&many, line);
    OK(take_answer(&r, 200, buf_bytes(&many), &taken));
    bench_settle(&bench);
    assert_int_equal(shown(), r.size);
}

/* The witness has cosigned, and its answer did not arrive: it is asked for its line over the same head once more. */
static void a_lost_answer_is_asked_for_again(void **state)
{
    (void)state;
    struct outside_taken taken;
    struct witness_verdict v;
    char size[32];
    const struct outside_request r = ask(0);
    (void)cosign(&outside, r.request);
    assert_int_equal(judge(&outside, r.request, &v), WITNESS_CONFLICT);
    snprintf(size, sizeof size, "%llu\n", (unsigned long long)outside.state.size);
    OK(take_answer(&r, 409, bytes_str(size), &taken));
    assert_false(taken.is_counted);
    assert_int_equal(taken.old, outside.state.size);
    const struct outside_request again = ask(taken.old);
    assert_int_equal(again.size, r.size);
    OK(take_answer(&again, 200, cosign(&outside, again.request), &taken));
    assert_true(taken.is_counted);
    agent_cosigns();
    assert_int_equal(shown(), r.size);
}

static void a_line_that_is_not_its_own_is_refused(void **state)
{
    (void)state;
    struct outside_taken taken;
    agent_cosigns();
    const struct outside_request r = ask(0);
    const struct bytes good = cosign(&outside, r.request);
    CLEANUP(buf_free) struct buf forged = buf_new(4096);
    buf_put(&forged, good);
    uint8_t *at = &forged.ptr[forged.len - 8]; /* in the base64 of its signature */
    *at = *at == 'A' ? 'B' : 'A';
    assert_int_equal(take_answer(&r, 200, buf_bytes(&forged), &taken), ERR_SIGNATURE);
    assert_true(says("the cosignature of witness outside does not verify"));
    assert_int_equal(take_answer(&r, 200, cosign(&stranger, r.request), &taken), ERR_SIGNATURE);
    assert_true(says("no line is by the key that the audit policy has of witness outside"));
    assert_int_equal(take_answer(&r, 200, bytes_str("200 OK\n"), &taken), ERR_INVALID);
    assert_int_equal(take_answer(&r, 200, bytes_str(""), &taken), ERR_INVALID);
    bench_settle(&bench);
    assert_int_equal(shown(), 0);
    OK(take_answer(&r, 200, good, &taken));
    bench_settle(&bench);
    assert_int_equal(shown(), r.size);
}

/* The broker asks about another head by now, here after a restart: what it brings cannot be verified any more. */
static void a_line_that_comes_too_late_is_left(void **state)
{
    (void)state;
    struct outside_taken taken;
    const struct outside_request r = ask(0);
    const struct bytes line = cosign(&outside, r.request);
    bench_restart(&bench);
    assert_int_equal(ask(0).request.len, 0); /* no head yet */
    bench_publish(&bench);
    OK(take_answer(&r, 200, line, &taken));
    assert_false(taken.is_counted);
    assert_int_equal(taken.old, r.size);
    const struct outside_request next = ask(taken.old);
    assert_true(next.size > r.size);
    OK(take_answer(&next, 200, cosign(&outside, next.request), &taken));
    assert_true(taken.is_counted);
}

static void a_409_is_a_size_that_the_log_had(void **state)
{
    (void)state;
    struct outside_taken taken;
    static const char *const bad[] = {"", "16", "016\n", "16\n\n", "16\n16\n", "-1\n", " 16\n", "16\r\n", "sixteen\n", "9223372036854775808\n"};
    char own[32];
    agent_cosigns();
    const struct outside_request first = ask(0);
    OK(take_answer(&first, 200, cosign(&outside, first.request), &taken));
    bench_settle(&bench);
    bench_publish(&bench);
    const struct outside_request r = ask(first.size);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_not_equal(take_answer(&r, 409, bytes_str(bad[i]), &taken), ERR_OK);
        assert_true(says("409 without a size on one line"));
    }
    OK(take_answer(&r, 409, bytes_str("0\n"), &taken)); /* it lost what it had */
    assert_int_equal(taken.old, 0);
    snprintf(own, sizeof own, "%llu\n", (unsigned long long)first.size);
    assert_int_equal(take_answer(&r, 409, bytes_str(own), &taken), ERR_CONFLICT);
    assert_true(says("has another head of that size"));
    assert_int_equal(take_answer(&r, 409, bytes_str("4096\n"), &taken), ERR_CONFLICT);
    assert_true(says("an old copy of the store, or another history"));
    const struct outside_request greater = ask(4096); /* who carries may be wrong, or speak of a log of before */
    struct witness_request from_0;
    OK(witness_request_parse(greater.request, &from_0));
    assert_int_equal(from_0.old_size, 0);
    const struct outside_answer of_greater = {.witness = outside_name, .size = 4096, .number = 200, .body = bytes_str("")};
    assert_int_equal(outside_take(bench.broker.cosigners, &of_greater, arena, &taken, &why), ERR_CONFLICT);
}

static void every_other_number_is_named(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        enum err err;
        const char *text;
    } cases[] = {
        {400, ERR_CONFLICT, "400 of witness outside: it takes the request for none"},
        {403, ERR_CONFLICT, "403 of witness outside: no key that it knows signed the head"},
        {404, ERR_CONFLICT, "404 of witness outside: it does not watch this log"},
        {422, ERR_CONFLICT, "422 of witness outside: the proof does not show it that the log only grew"},
        {429, ERR_AGAIN, "429 of witness outside: it is asked too often"},
        {503, ERR_AGAIN, "503 of witness outside: it does not answer as a witness does"},
        {302, ERR_CONFLICT, "302 of witness outside: it does not answer as a witness does"},
        {0, ERR_CONFLICT, "0 of witness outside: it does not answer as a witness does"},
    };
    struct outside_taken taken;
    agent_cosigns();
    const struct outside_request r = ask(0);
    const struct bytes good = cosign(&outside, r.request);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(take_answer(&r, cases[i].number, good, &taken), cases[i].err);
        assert_true(says(cases[i].text));
    }
    bench_settle(&bench);
    assert_int_equal(shown(), 0);
}

static void only_a_witness_of_the_audit_policy_is_asked(void **state)
{
    (void)state;
    struct outside_request r;
    struct outside_taken taken;
    static const uint8_t many[OUTSIDE_MAX_BODY_BYTES + 1];
    struct outside_answer from = {.witness = bytes_str("outsid"), .number = 503, .body = bytes_str("")};
    assert_int_equal(outside_request(bench.broker.cosigners, from.witness, 0, arena, &r, &why), ERR_NOT_FOUND);
    assert_int_equal(outside_take(bench.broker.cosigners, &from, arena, &taken, &why), ERR_NOT_FOUND);
    from.witness = outside_name;
    from.body = bytes_of(many, sizeof many);
    assert_int_equal(outside_take(bench.broker.cosigners, &from, arena, &taken, &why), ERR_TOO_LARGE);
    bench.config.trust.audit_policy = NULL;
    bench_restart(&bench);
    bench_publish(&bench);
    assert_int_equal(outside_request(bench.broker.cosigners, outside_name, 0, arena, &r, &why), ERR_NOT_FOUND);
}

/* A head waits as many intervals as the configuration says. */
static void a_head_waits_for_who_cosigns_by_hand(void **state)
{
    (void)state;
    const uint64_t size = ask(0).size;
    bench.config.publish_interval_ms = 1;
    bench.config.witness_intervals = 3600000;
    const int64_t since_ms = clock_mono_ms();
    while (clock_mono_ms() - since_ms <= 10)
        bench_settle(&bench);
    bench_publish(&bench);
    assert_int_equal(ask(0).size, size);
    bench.config.witness_intervals = 4;
    bench_publish(&bench);
    assert_true(ask(0).size > size);
}

/* ---- the verbs of the control socket ---- */

/* A call with these arguments, as JSON; its exit code, 0 where it is ok. *ok is the caller's. */
static int call(void (*verb)(struct call *c), const char *text, struct doc **ok)
{
    CLEANUP(cleanup_doc_free) struct doc *args = NULL;
    struct call c = {.broker = &bench.broker, .exit_code = EX_USAGE, .ok = doc_new_object()};
    if (text != NULL)
        OK(doc_parse(bytes_str(text), 65536, &args, &why));
    c.args = args;
    verb(&c);
    *ok = c.ok;
    why = c.why;
    return c.err == ERR_OK ? 0 : c.exit_code;
}

static int exit_of(void (*verb)(struct call *c), const char *text)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    return call(verb, text, &ok);
}

static void the_verbs_carry_both_ways(void **state)
{
    (void)state;
    CLEANUP(cleanup_doc_free) struct doc *asked = NULL;
    CLEANUP(cleanup_doc_free) struct doc *answered = NULL;
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    CLEANUP(buf_free) struct buf text = buf_new(65536);
    struct bytes request;
    int64_t size = 0;
    int64_t old = 0;
    bool is_counted = false;
    agent_cosigns();
    assert_int_equal(call(control_witness_request, "{\"witness\":\"outside\",\"old\":0}", &asked), 0);
    OK(doc_get_text(asked, "request", WITNESS_REQUEST_MAX_BYTES, &request, &why));
    OK(doc_get_int(asked, "size", 1, INT64_MAX, &size, &why));
    struct doc_build d = doc_build_of(args);
    doc_put_str(&d, "witness", "outside");
    doc_put_int(&d, "old", 0);
    doc_put_int(&d, "size", size);
    doc_put_int(&d, "number", 200);
    doc_put_text(&d, "body", cosign(&outside, request));
    OK(doc_build_done(&d));
    OK(doc_write(args, &text));
    assert_int_equal(call(control_witness_response, buf_text(&text), &answered), 0);
    OK(doc_get_int(answered, "old", 0, INT64_MAX, &old, &why));
    OK(doc_get_bool(answered, "counted", &is_counted, &why));
    assert_true(is_counted && old == size);
    bench_settle(&bench);
    assert_int_equal(shown(), size);
}

static void a_call_that_is_none_is_named(void **state)
{
    (void)state;
    static const struct {
        void (*verb)(struct call *c);
        const char *args;
        int code;
        const char *text;
    } cases[] = {
        {control_witness_request, NULL, EX_USAGE, "args: witness and old"},
        {control_witness_request, "{\"old\":0}", EX_USAGE, "witness"},
        {control_witness_request, "{\"witness\":\"outside\"}", EX_USAGE, "old"},
        {control_witness_request, "{\"witness\":\"outside\",\"old\":-1}", EX_USAGE, "old"},
        {control_witness_request, "{\"witness\":\"nobody\",\"old\":0}", EX_USAGE, "no witness of that name"},
        {control_witness_response, NULL, EX_USAGE, "args: witness and old"},
        {control_witness_response, "{\"witness\":\"outside\",\"old\":0,\"size\":1,\"number\":200}", EX_USAGE, "body"},
        {control_witness_response, "{\"witness\":\"outside\",\"old\":0,\"size\":1,\"number\":1000,\"body\":\"\"}", EX_USAGE, "number"},
        {control_witness_response, "{\"witness\":\"outside\",\"old\":0,\"number\":200,\"body\":\"\"}", EX_USAGE, "size"},
        {control_witness_response, "{\"witness\":\"outside\",\"old\":0,\"size\":1,\"number\":503,\"body\":\"\"}", EX_TEMPFAIL, "503"},
        {control_witness_response, "{\"witness\":\"outside\",\"old\":0,\"size\":1,\"number\":422,\"body\":\"\"}", EX_DATAERR, "422"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (exit_of(cases[i].verb, cases[i].args) != cases[i].code || !says(cases[i].text))
            fail_msg("case %zu: %s", i, why.text);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(its_line_makes_the_quorum),
        CASE(one_line_of_each_witness_counts),
        CASE(a_lost_answer_is_asked_for_again),
        CASE(a_line_that_is_not_its_own_is_refused),
        CASE(a_line_that_comes_too_late_is_left),
        CASE(a_409_is_a_size_that_the_log_had),
        CASE(every_other_number_is_named),
        CASE(only_a_witness_of_the_audit_policy_is_asked),
        CASE(a_head_waits_for_who_cosigns_by_hand),
        CASE(the_verbs_carry_both_ways),
        CASE(a_call_that_is_none_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
