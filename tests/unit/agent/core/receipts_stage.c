#include "tests/unit/agent/core/receipts_stage.h"

#include "agent/log/receipt_verb.h"
#include "agent/outbox_run.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/json/audit_body.h"

const char *receipts_deployment;
static size_t asked;

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)a;
    (void)txn;
    (void)tag;
    (void)reply;
    (void)promise;
    return ERR_OK;
}

static const struct outbox_owner owner = {.kind = MSG_REQUEST, .on_accepted = on_accepted};
static const struct verb verbs[] = {{"receipt", 0, receipt_verb}, {NULL, 0, NULL}};
static const struct agent_part test_part = {.name = "test", .outbox = {&owner}, .verbs = verbs};
static const struct agent_part *const parts[] = {&core_part, &test_part, NULL};

int receipts_stage_open(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    asked = 0;
    stage_open(&stage, receipts_deployment, parts);
    *state = &stage;
    return 0;
}

int receipts_stage_close(void **state)
{
    stage_close(*state);
    return 0;
}

static enum err put_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    struct outbox_id id;
    return outbox_put(s->agent->outbox, txn, MSG_REQUEST, bytes_str("the body"), bytes_str("tag"), &id);
}

static bool has_asked(struct stage *s)
{
    return fake_count(&s->fake, MSG_REQUEST) >= asked;
}

void put_message(struct stage *s)
{
    asked = fake_count(&s->fake, MSG_REQUEST) + 1;
    assert_int_equal(writer_run(s->agent->writer, put_job, s), ERR_OK);
    assert_true(stage_until(s, has_asked, 10000));
}

struct digest accept_message(struct stage *s, int64_t in_s)
{
    return fake_accept_at(&s->fake, fake_letter(&s->fake, MSG_REQUEST, asked - 1), NULL, clock_now_s(clock_system()) + in_s);
}

bool is_settled(struct stage *s)
{
    struct kv_txn *txn = NULL;
    uint64_t n = 0;
    assert_int_equal(kv_read_begin(s->agent->kv, &txn), ERR_OK);
    assert_int_equal(outbox_count(s->agent->outbox, txn, &n), ERR_OK);
    kv_read_end(txn);
    return n == 0;
}

struct digest promised(struct stage *s, int64_t in_s)
{
    put_message(s);
    const struct digest entry = accept_message(s, in_s);
    assert_true(stage_until(s, is_settled, 10000));
    return entry;
}

struct receipts_info seen(struct stage *s)
{
    struct receipts_info i;
    receipts_info(s->agent->receipts, &i);
    return i;
}

bool none_owed(struct stage *s)
{
    const struct receipts_info i = seen(s);
    return i.due + i.late + i.missed == 0;
}

bool has_head(struct stage *s)
{
    return seen(s).has_head;
}

bool one_due(struct stage *s)
{
    return seen(s).due == 1;
}

bool is_forked(struct stage *s)
{
    return seen(s).forked;
}

bool has_evidence(struct stage *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct evidence e;
    return stage_evidence(s, a, &e);
}

void assert_told(struct stage *s, enum audit_event event, size_t times, const char *words)
{
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    assert_int_equal(bodies_of(s, event, &json), times);
    if (strstr(buf_text(&json), words) == NULL)
        fail_msg("%s has no %s", buf_text(&json), words);
}

static uint64_t wanted_roster;

static bool has_roster(struct stage *s)
{
    return view_roster(s->agent->view)->serial == wanted_roster;
}

void roster(struct stage *s, uint64_t serial, const char *path)
{
    wanted_roster = s->fake.roster_serial = serial;
    s->fake.roster_path = path;
    fake_refuse(&s->fake, fake_letter(&s->fake, MSG_HELLO, 0), REFUSED_BEHIND);
    assert_true(stage_until(s, has_roster, 30000));
    stage_until_open(s);
}

bool settles(struct stage *s, uint64_t sequence, const struct key *by)
{
    const struct digest entry = promised(s, 0);
    assert_true(stage_until(s, one_due, LOOK_MS));
    s->fake.signs = by;
    fake_proof(&s->fake, sequence, &entry);
    return stage_until(s, none_owed, 4000);
}
