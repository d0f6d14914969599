/* What changes between an officer's look and the signature. */
#include "tests/unit/agent/hold/world.h"

#include "proto/host/kv_write.h"

#define DECIDE(who, ...)                                                                           \
    world_decide(w, 1, &(const struct decision_of){.officer = (who), __VA_ARGS__})
#define RELEASE(who) DECIDE(who, .decision = CONSENT_RELEASE, .fields = {"werkgever", NULL})

static void begin(struct world *w, void (*ask)(struct world *w, struct question *q))
{
    struct question q;
    world_new_edited(w, NULL);
    ask(w, &q);
    question_make(w, &q);
    assert_false(world_deliver(w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(w), 1);
    question_free(&q);
}

/* The second officer signed what was drafted a moment before the adoption was withdrawn. */
static void an_adoption_withdrawn_while_an_officer_signs_stops_the_release(void **state)
{
    (void)state;
    struct world world;
    struct world *w = &world;
    struct hold_item item;
    begin(w, question_hit_only);
    w->meanwhile = world_withdraw_adoption;
    assert_int_equal(DECIDE(O_UWV_A, .decision = CONSENT_KNOWN), ERR_OK);
    world_item(w, 1, &item);
    assert_int_equal(item.state, ITEM_FAILED);
    assert_int_equal(w->sent_count, 0);
    world_free(w);
}

static void in_a_newer_epoch(struct world *w)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct kv_txn *txn = NULL;
    struct hold_item old;
    assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(item_get(w->agent.store, txn, 1, a, &old), ERR_OK);
    struct hold_item item = old;
    item.nonce.b[0] ^= 1;
    assert_int_equal(item_put(w->agent.store, txn, &item, &old), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

static void signed_too(struct world *w)
{
    w->meanwhile = NULL;
    assert_int_equal(RELEASE(O_UWV_B), ERR_OK);
}

static void refused(struct world *w)
{
    w->meanwhile = NULL;
    assert_int_equal(DECIDE(O_UWV_B, .decision = CONSENT_REFUSE, .code = "niet_noodzakelijk"), ERR_OK);
}

/* What is signed is what was looked at, and who comes second is told what came between. */
static void what_changed_while_an_officer_looked_is_looked_at_again(void **state)
{
    (void)state;
    static const struct {
        void (*meanwhile)(struct world *w);
        const char *says;
    } cases[] = {{in_a_newer_epoch, "in a newer epoch"}, {signed_too, "somebody else signed"}, {refused, "decided or ended"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world world;
        struct world *w = &world;
        begin(w, question_new);
        w->meanwhile = cases[i].meanwhile;
        assert_int_equal(RELEASE(O_UWV_A), ERR_CONFLICT);
        if (strstr(w->said.text, cases[i].says) == NULL || strstr(w->said.text, "look again") == NULL)
            fail_msg("case %zu: %s", i, w->said.text);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_adoption_withdrawn_while_an_officer_signs_stops_the_release),
        cmocka_unit_test(what_changed_while_an_officer_looked_is_looked_at_again),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
