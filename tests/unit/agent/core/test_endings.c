/* What ends is told in the agent's log twice, once each, whatever stops in between. argv[1]: a deployment, whose
 * certificates live 30 days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/store/store.h"
#include "pki/view/view_endings.h"
#include "proto/base/text.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"
#include "agent/endings.h"
#include "tests/unit/agent/core/fake_broker.h"

#define DAY_S INT64_C(86400)

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, NULL};

static int set_up(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

struct counting {
    struct stage *s;
    struct kv_txn *txn;
    size_t own; /* certificates of this agency */
    size_t told[2]; /* of them warned of, 14 and 3 days before */
    int64_t first_end_s;
};

static enum err count_one(void *arg, const struct ending *e)
{
    struct counting *c = arg;
    struct digest d;
    char key[128] = "ending/";
    uint64_t row = 0;
    struct buf text = buf_fixed(key, sizeof key - 1);
    if (!agency_id_equal(&e->oin, &c->s->agent->config->oin) || e->kind == ENDING_EPOCH)
        return ERR_OK;
    c->own++;
    c->first_end_s = e->end_s;
    assert_int_equal(ending_digest(e, &d), ERR_OK);
    buf_put_str(&text, "ending/");
    text_put_hex(&text, digest_bytes(&d));
    assert_int_equal(store_get_number(c->s->agent->store, c->txn, key, &row), ERR_OK);
    c->told[0] += (row & 0xff) == ENDING_SOON_DAYS;
    c->told[1] += (row & 0xff) == ENDING_CLOSE_DAYS;
    return ERR_OK;
}

static struct counting count(struct stage *s)
{
    struct counting c = {.s = s};
    assert_int_equal(kv_read_begin(s->agent->kv, &c.txn), ERR_OK);
    assert_int_equal(view_endings(s->agent->view, count_one, &c), ERR_OK);
    kv_read_end(c.txn);
    return c;
}

static size_t alarms(struct stage *s)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    assert_int_equal(endings_alarms(s->agent, list), ERR_OK);
    return doc_count(list);
}

static size_t listed(struct stage *s)
{
    CLEANUP(cleanup_doc_free) struct doc *list = endings_doc(s->agent);
    assert_non_null(list);
    return doc_count(list);
}

static bool all_soon(struct stage *s)
{
    const struct counting c = count(s);
    return c.own > 3 && c.told[0] == c.own;
}

static bool all_close(struct stage *s)
{
    const struct counting c = count(s);
    return c.own > 3 && c.told[1] == c.own;
}

/* The clock of the agent stands so long before the end of its certificates. */
static void move(struct stage *s, int64_t before_s)
{
    s->shift_s = count(s).first_end_s - before_s - clock_now_s(clock_system());
}

static void each_warning_is_noted_once(void **state)
{
    struct stage *s = *state;
    struct counting c = count(s);
    assert_int_equal(c.told[0] + c.told[1], 0);
    assert_int_equal(listed(s), 0);
    move(s, 13 * DAY_S);
    assert_true(stage_until(s, all_soon, 15000));
    assert_in_range(listed(s), c.own, c.own + 8); /* the broker's, too */
    assert_int_equal(alarms(s), 0);
    move(s, 2 * DAY_S);
    assert_true(stage_until(s, all_close, 15000));
    assert_in_range(alarms(s), c.own, c.own + 8);
    move(s, 1 * DAY_S);
    c = count(s);
    assert_int_equal(c.told[0], 0);
    assert_int_equal(c.told[1], c.own);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_warning_is_noted_once, set_up, tear_down),
    };
    if (argc < 2 || secret_init() == ERR_NOMEM)
        return 64;
    deployment = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
