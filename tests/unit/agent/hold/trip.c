#include "tests/unit/agent/hold/trip.h"

#include "pki/digest.h"
#include "proto/host/kv_write.h"

static void remember(struct trip *t)
{
    const struct norm_ident *bsn = &t->w.record.identifiers[1].ident;
    t->header = buf_new((size_t)1 << 16);
    assert_int_equal(request_header_encode(&t->q.header, &t->header), ERR_OK);
    t->identifiers[0] = (struct asked_identifier){IDENT_BSN, ident_value(bsn)};
    for (size_t i = 0; i < 2; i++)
        t->subjects[i] = (struct asked_subject){bytes_str("x"), t->identifiers, 1};
    t->asked = (struct asked){.id = t->q.header.request_id, .subjects = t->subjects,
                              .subject_count = 2};
    t->open = (struct asked_header){.request = t->q.header.request_id,
                                    .holder = t->q.header.holder,
                                    .header = buf_bytes(&t->header), .state = ASK_OPEN};
    t->own = (struct verify_own){t->w.sealing[P_RIEC].key, t->w.sealing[P_RIEC].cert};
    t->v = (struct verify){.view = t->w.view, .asked = &t->asked, .open = &t->open,
                           .self = t->w.members[P_RIEC].id, .half = t->w.half,
                           .own = &t->own, .own_count = 1, .now_s = t->w.now_s};
    const struct bytes header = buf_bytes(&t->header);
    assert_int_equal(digest_sha256(&header, 1, &t->v.header_digest), ERR_OK);
}

void trip_new(struct trip *t)
{
    trip_new_by(t, NULL, O_UWV_A, O_UWV_B);
}

void trip_new_by(struct trip *t, const struct policy_edit *edits, int one, int other)
{
    const struct decision_of first = {one, CONSENT_RELEASE, NULL, {"soort_uitkering", "werkgever"}};
    const struct decision_of second = {other, CONSENT_RELEASE, NULL,
                                       {"soort_uitkering", "werkgever"}};
    struct settle s;
    struct errmsg why = {""};
    memset(t, 0, sizeof *t);
    world_new_edited(&t->w, edits);
    t->arena = arena_new((size_t)16 << 20);
    t->changed = buf_new((size_t)1 << 20);
    question_new(&t->w, &t->q);
    question_make(&t->w, &t->q);
    assert_false(world_deliver(&t->w, &hold_hit_owner, buf_bytes(&t->q.content)));
    assert_int_equal(world_decide(&t->w, 1, &first), ERR_OK);
    assert_int_equal(world_decide(&t->w, 1, &second), ERR_OK);
    assert_int_equal(t->w.sent_count, 1);
    assert_int_equal(settle_decode(buf_bytes(&t->w.sent[0]), t->arena, &s, &why), ERR_OK);
    remember(t);
    t->settled = (struct settled){.header_digest = t->v.header_digest,
                                  .consents = {s.consents[0], s.consents[1]},
                                  .consent_count = s.consent_count, .release = s.release};
}

const struct roster_member *agent_member(const struct agent *a)
{
    return roster_member_of(view_roster(a->view), &a->config->oin);
}

void trip_become_requester(struct trip *t)
{
    struct world *w = &t->w;
    struct kv_txn *txn = NULL;
    w->config.oin = w->members[P_RIEC].id;
    w->agent.sealing = w->sealing[P_RIEC].key;
    t->asked.rule = t->q.header.rule;
    t->asked.purpose = t->q.header.purpose;
    t->asked.epoch = t->q.header.epoch;
    t->asked.outcome = OUTCOME_SEALED;
    t->asked.staff = (struct name){"w.one"};
    assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(asked_put(w->agent.store, txn, &t->asked), ERR_OK);
    assert_int_equal(asked_header_put(w->agent.store, txn, &t->v.header_digest, &t->open), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

void trip_free(struct trip *t)
{
    buf_free(&t->header);
    buf_free(&t->changed);
    question_free(&t->q);
    arena_free(t->arena);
    world_free(&t->w);
}
