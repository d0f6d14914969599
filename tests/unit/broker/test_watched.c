/* Settlements while no quorum of witnesses watches the log: nothing leaves a holder but a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "broker/cosigners.h"
#include "broker/settle.h"
#include "pki/digest.h"
#include "proto/host/file.h"
#include "tests/unit/broker/ask_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct ask_bench ab;
static struct ask_question q;
static struct ask_record record;
static struct digest id;

/* A question that a record of the holder meets. */
static int setup(void **state)
{
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)state;
    ask_bench_open(&ab);
    record = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &record);
    ask_question(&ab, &q);
    q.header.rule = ask_name(ASK_RELEASE_RULE);
    q.header.process = ask_name("case_release");
    id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ask_bench_close(&ab);
    return 0;
}

static void put_policy(struct buf *text)
{
    static const uint8_t public[32] = {1};
    struct vkey v;
    OK(vkey_make(digest_sha256, bytes_str("w0"), VKEY_COSIGNATURE_V1, BYTES_OF_ARRAY(public), &v));
    buf_put_str(text, "witness w0 ");
    vkey_write(&v, text);
    buf_put_str(text, "\nquorum w0\n");
}

/* A witness was asked for so long ago, and has not cosigned anything since. */
static void watch_for(int64_t hours)
{
    static char path[256];
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    put_policy(&text);
    snprintf(path, sizeof path, "%s", host_tmp_path(&ab.bench.tmp, "audit-policy"));
    OK(file_write(path, buf_bytes(&text), 0600, NULL));
    ab.bench.config.trust.audit_policy = path;
    ab.bench.now_ms -= hours * 3600 * 1000;
    cosigners_reload(ab.bench.broker.cosigners);
    ab.bench.now_ms += hours * 3600 * 1000;
}

static enum refusal_code settle(enum consent_decision d)
{
    static struct ask_settle s;
    const struct ask_hit hit = {.question = &q, .id = &id, .record = &record, .group = 0};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    ask_settle(&ab, &hit, d, &s);
    ask_settle_encode(&ab, &s, &body);
    return ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), NULL);
}

static void nothing_is_released_while_nobody_watches_the_log(void **state)
{
    (void)state;
    watch_for(72);
    assert_int_equal(settle(CONSENT_RELEASE), REFUSED_CLOSED);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->settlements), 0);
    assert_int_equal(ask_row(&ab, &id).released, 0);
    assert_int_equal(settle(CONSENT_REFUSE), REFUSED_NONE); /* tells nobody anything */
}

static void a_late_quorum_stops_nothing(void **state)
{
    (void)state;
    watch_for(71);
    assert_int_equal(settle(CONSENT_RELEASE), REFUSED_NONE);
    assert_int_equal(ask_row(&ab, &id).released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_released_while_nobody_watches_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_quorum_stops_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
