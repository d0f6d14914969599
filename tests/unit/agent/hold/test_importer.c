/* agent/import: how an import leaves the purpose at hand, because its epoch ended or it is suspended, while
 * batches of it wait for their answers. */
#include "tests/unit/agent/hold/world.h"

#include <stdlib.h>

#include "agent/import/importer_internal.h"
#include "agent/records/batch_row.h"
#include "agent/session.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define BATCHES 4u /* that wait for their answers: as many as may */

struct scene {
    struct world w;
    struct importer *im;
};

/* There is no session: copies into a new epoch are not looked for. */
bool session_is_open(const struct session *s)
{
    (void)s;
    return false;
}

/* Nothing is ordered here. */
const struct roster_member *agent_member(const struct agent *a)
{
    (void)a;
    return NULL;
}

size_t agent_epochs(const struct agent *a, const struct name *purpose,
                    uint32_t out[static VIEW_ACTIVE_MAX])
{
    (void)a;
    (void)purpose;
    (void)out;
    return 0;
}

enum err session_wrap(struct session *s, struct session_letter *letter, struct buf *out)
{
    (void)s;
    (void)letter;
    (void)out;
    return ERR_STATE;
}

enum err session_send_frame(struct session *s, struct bytes frame)
{
    (void)s;
    (void)frame;
    return ERR_STATE;
}

/* An import that stands in the middle of its only leg, as after a restart. */
static void put_rows(struct world *w, uint32_t legs)
{
    struct kv_txn *txn = NULL;
    struct import_row *row = calloc(1, sizeof *row);
    assert_non_null(row);
    *row = (struct import_row){.state = IMPORT_SENDING, .origin = IMPORT_OF_SOURCE,
                               .mode = IMPORT_MODE_DELTA, .source = {"bron"}, .staff = {"w.een"},
                               .policy_digest = *view_policy_digest(w->view),
                               .started_s = w->now_s, .leg_count = legs};
    for (uint32_t i = 0; i < legs; i++)
        row->legs[i] = (struct import_leg){.purpose = w->purpose, .epoch = i + 1, .data_set = i + 1,
                                           .hash_set = i + 1, .first_batch = 1,
                                           .next_batch = 1 + BATCHES};
    assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(import_row_put(w->agent.store, txn, row), ERR_OK);
    for (uint32_t no = 1; no <= BATCHES; no++) {
        const struct batch_row batch = {.state = BATCH_PREPARED, .kind = BATCH_ADD, .data_set = 1,
                                        .header = buf_bytes(&w->batch_header),
                                        .signature = signature_bytes(&w->batch_signature)};
        assert_int_equal(batch_row_put(w->agent.store, txn, no, &batch), ERR_OK);
    }
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    free(row);
}

static void begin(struct scene *s, uint32_t legs)
{
    struct errmsg why = {""};
    world_new(&s->w);
    struct agent *a = &s->w.agent;
    assert_int_equal(loop_new(&a->loop), ERR_OK);
    const struct writer_params wp = {.kv = a->kv, .loop = a->loop};
    assert_int_equal(writer_new(&wp, &a->writer), ERR_OK);
    assert_int_equal(worker_new(a->loop, 1, 8, &a->workers), ERR_OK);
    put_rows(&s->w, legs);
    if (importer_new(a, &s->im, &why) != ERR_OK)
        fail_msg("importer: %s", why.text);
    assert_int_equal(s->im->phase, PHASE_SENDING);
    assert_int_equal(s->im->answered, 1);
    assert_int_equal(importer_open_leg(s->im), ERR_OK);
    assert_non_null(s->im->half);
}

static void end(struct scene *s)
{
    struct agent *a = &s->w.agent;
    worker_free(a->workers);
    writer_free(a->writer);
    importer_free(s->im);
    loop_free(a->loop);
    world_free(&s->w);
}

static void run_until_idle(struct scene *s)
{
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (s->im->phase != PHASE_IDLE && clock_mono_ms() < end_ms)
        assert_int_equal(loop_turn(s->w.agent.loop, 10), ERR_OK);
    assert_int_equal(s->im->phase, PHASE_IDLE);
}

/* Nobody has answered anything yet: the answers may take days. */
static void the_copy_of_a_key_goes_with_its_epoch(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 1);
    importer_pump(s.im);
    assert_non_null(s.im->half); /* more is to be made */
    world_say_epochs(&s.w, "ca");
    importer_on_view(s.im);
    assert_int_equal(s.im->leaving, LEG_EPOCH_ENDED);
    assert_null(s.im->half);
    assert_null(s.im->maker);
    assert_int_equal(s.im->answered, 1);
    end(&s);
}

/* A job that uses it ends first. */
static void a_job_that_uses_the_key_keeps_it(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 1);
    s.im->is_filling = true;
    world_say_epochs(&s.w, "ca");
    importer_on_view(s.im);
    assert_non_null(s.im->half);
    s.im->is_filling = false;
    importer_pump(s.im);
    assert_null(s.im->half);
    end(&s);
}

static void all_that_was_made_needs_no_key(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 1);
    s.im->row.legs[0].is_made = true;
    importer_pump(s.im);
    assert_null(s.im->half);
    assert_int_equal(s.im->leaving, LEG_GOES_ON);
    end(&s);
}

static void refuse_all(struct scene *s, enum refusal_code code)
{
    const struct refused r = {.code = code, .detail = bytes_str("for the test")};
    for (uint32_t no = 1; no <= BATCHES; no++) {
        importer_note_refusal(s->im, &r);
        importer_answered(s->im, no, false);
    }
}

/* 0: it is gone. */
static int state_of(struct scene *s, uint32_t no)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct batch_row row;
    assert_int_equal(kv_read_begin(s->w.agent.kv, &txn), ERR_OK);
    const enum err e = batch_row_get(s->w.agent.store, txn, no, a, &row);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    return e == ERR_OK ? (int)row.state : 0;
}

static bool is_kept(struct scene *s, uint32_t no)
{
    return state_of(s, no) != 0;
}

/* Of whom the entry of the end says that it was his import. */
static const char *who_ended(void)
{
    const char *who = "";
    for (size_t i = 0; i < world_log.count; i++)
        if (world_log.entries[i].event == AUDIT_EVENT_IMPORT_ENDED)
            who = world_log.entries[i].staff.s;
    return who;
}

/* The importer is free for others at once, and says why; nothing of the refused batches stays. */
static void a_suspended_purpose_steps_aside(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 1);
    refuse_all(&s, REFUSED_SUSPENDED);
    run_until_idle(&s);
    assert_int_equal(s.im->row.state, IMPORT_FAILED);
    assert_int_equal(s.im->row.legs[0].left, LEG_SUSPENDED);
    assert_non_null(strstr(s.im->why.text, "riec-casus is suspended"));
    for (uint32_t no = 1; no <= BATCHES; no++)
        assert_false(is_kept(&s, no));
    assert_string_equal(who_ended(), "w.een"); /* who ordered it, also after a restart */
    end(&s);
}

/* What the broker accepted before moved the chain at both, and may have to be sent again; it never has an effect. */
static void what_was_accepted_of_a_full_import_that_fails_stays(void **state)
{
    (void)state;
    struct scene s;
    struct kv_txn *txn = NULL;
    uint8_t key[BATCH_KEY_BYTES];
    begin(&s, 1);
    s.im->row.mode = IMPORT_MODE_FULL;
    assert_int_equal(kv_write_begin(s.w.agent.kv, &txn), ERR_OK);
    const struct batch_row first = {.state = BATCH_ACCEPTED, .kind = BATCH_ADD, .data_set = 1,
                                    .header = buf_bytes(&s.w.batch_header),
                                    .signature = signature_bytes(&s.w.batch_signature)};
    assert_int_equal(batch_row_put(s.w.agent.store, txn, 1, &first), ERR_OK);
    assert_int_equal(store_put(s.w.agent.store, txn, STORE_BATCH_ITEMS, batch_key(1, key), bytes_str("x")), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    importer_answered(s.im, 1, true);
    const struct refused r = {.code = REFUSED_POLICY, .detail = bytes_str("for the test")};
    for (uint32_t no = 2; no <= BATCHES; no++) {
        importer_note_refusal(s.im, &r);
        importer_answered(s.im, no, false);
    }
    run_until_idle(&s);
    assert_int_equal(s.im->row.state, IMPORT_FAILED);
    assert_int_equal(state_of(&s, 1), BATCH_VOID);
    assert_false(is_kept(&s, 2));
    assert_int_equal(kv_write_begin(s.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_has(s.w.agent.store, txn, STORE_BATCH_ITEMS, batch_key(1, key)), ERR_NOT_FOUND);
    struct effect_slice slice = {.no = 1, .count = 10};
    assert_int_equal(effect_apply(s.w.agent.store, txn, &slice), ERR_STATE);
    kv_write_abort(txn);
    end(&s);
}

/* Another leg goes on: in an epoch that serves, or of another purpose. */
static void the_next_leg_goes_on(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 2);
    refuse_all(&s, REFUSED_SUSPENDED);
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (s.im->row.leg == 0 && clock_mono_ms() < end_ms)
        assert_int_equal(loop_turn(s.w.agent.loop, 10), ERR_OK);
    assert_int_equal(s.im->row.leg, 1);
    assert_int_equal(s.im->leaving, LEG_GOES_ON);
    assert_false(s.im->is_stopping);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_copy_of_a_key_goes_with_its_epoch),
        cmocka_unit_test(a_job_that_uses_the_key_keeps_it),
        cmocka_unit_test(all_that_was_made_needs_no_key),
        cmocka_unit_test(a_suspended_purpose_steps_aside),
        cmocka_unit_test(what_was_accepted_of_a_full_import_that_fails_stays),
        cmocka_unit_test(the_next_leg_goes_on),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
