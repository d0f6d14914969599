/* Two epochs of the purpose: what its custodian, RIEC, says of them, and the record in either; and an item whose row is
 * damaged. */
#include "tests/unit/agent/hold/world.h"

#include "proto/host/kv_write.h"
#include "proto/msg/deal.h"
#include "pki/digest.h"
#include "proto/msg/epoch_word.h"

/* Both keys are dealt to all three. */
struct bytes world_deal(struct world *w, uint32_t epoch)
{
    static const int parties[] = {P_RIEC, P_BD, P_UWV};
    struct deal_participant all[3];
    for (size_t i = 0; i < 3; i++) {
        const struct roster_member *m = &w->members[parties[i]];
        all[i] = (struct deal_participant){m->id, m->sealing.fingerprint};
    }
    struct deal d = {.deployment = {"demo"}, .purpose = w->purpose, .epoch = epoch,
                     .suite = SUITE_HK1, .participants = all, .participant_count = 3,
                     .custodian = w->members[P_RIEC].id, .issued_at = FIX_NOW};
    CLEANUP(buf_free) struct buf doc = buf_new((size_t)1 << 16);
    struct errmsg why = {""};
    d.norms[IDENT_BSN] = 1;
    if (deal_encode(&d, &doc, &why) != ERR_OK)
        fail_msg("deal: %s", why.text);
    return world_sign(w, SIGN_EPOCH, &w->signing[P_RIEC], buf_bytes(&doc));
}

/* What two officers declared of an epoch, each for himself; the digest of what they signed. */
static void declare(struct world *w, uint32_t epoch, struct bytes out[static 2], struct digest *digest)
{
    static const struct bytes copy = {(const uint8_t *)"tape", 4};
    const struct destruction d = {{"demo"}, w->purpose, epoch, &copy, 1};
    CLEANUP(buf_free) struct buf doc = buf_new((size_t)1 << 16);
    assert_int_equal(destruction_encode(&d, &doc, NULL), ERR_OK);
    const struct bytes all = buf_bytes(&doc);
    assert_int_equal(digest_sha256(&all, 1, digest), ERR_OK);
    out[0] = world_sign(w, SIGN_DESTRUCTION, &w->officer[O_UWV_M], all);
    out[1] = world_sign(w, SIGN_DESTRUCTION, &w->officer[O_RIEC], all);
}

/* The word as it travels: with those declarations. */
static struct bytes put_declared(struct world *w, struct bytes wire, const struct bytes *declared, size_t count)
{
    struct epoch_word word;
    CLEANUP(buf_free) struct buf out = buf_new(EPOCH_WORD_MAX_BYTES);
    assert_int_equal(epoch_word_decode(wire, w->arena, &word, NULL), ERR_OK);
    word.declared = declared;
    word.declared_count = count;
    assert_int_equal(epoch_word_encode(&word, &out), ERR_OK);
    return arena_copy(w->arena, buf_bytes(&out));
}

static void say_epochs(struct world *w, const char *states, const struct fix_party *by)
{
    static const char letters[] = "?darcx";
    struct epoch_entry list[2];
    struct bytes declared[4];
    size_t count = 0;
    struct view_files files = *view_files(w->view);
    CLEANUP(buf_free) struct buf doc = buf_new((size_t)1 << 16);
    struct errmsg why = {""};
    for (uint32_t i = 0; i < 2; i++) {
        const enum epoch_state state = (enum epoch_state)(strchr(letters, states[i]) - letters);
        list[i] = (struct epoch_entry){i + 1, state, FIX_NOW, {{0}}};
        if (state != EPOCH_DESTROYED)
            continue;
        declare(w, i + 1, &declared[count], &list[i].declaration);
        count += 2;
    }
    const struct epoch_states d = {.deployment = {"demo"}, .purpose = w->purpose, .serial = 1,
                                   .issued_at = FIX_NOW, .custodian = w->members[P_RIEC].id,
                                   .epochs = list, .epoch_count = 2};
    if (epoch_states_encode(&d, &doc, &why) != ERR_OK)
        fail_msg("states: %s", why.text);
    const struct bytes wire = put_declared(
        w, world_sign(w, SIGN_EPOCH_STATES, by, buf_bytes(&doc)), declared, count);
    files.states = &wire;
    files.state_count = 1;
    world_change_view(w, &files);
}

void world_say_epochs(struct world *w, const char *states)
{
    say_epochs(w, states, &w->signing[P_RIEC]);
}

void world_suspend_purpose(struct world *w)
{
    say_epochs(w, "aa", &w->signing[P_BD]);
}

void world_turn_record(struct world *w, uint32_t epoch)
{
    const struct record_identifier first = w->identifiers[0];
    const struct inner inner = w->inners[0];
    w->identifiers[0] = w->identifiers[2];
    w->identifiers[2] = first;
    w->inners[0] = w->inners[2];
    w->inners[2] = inner;
    w->record.epoch = epoch;
    w->record.handle.b[15] ^= 0xff;
    assert_int_equal(record_roots_of(&w->record, w->inners, w->arena, &w->roots), ERR_OK);
    w->batch_leaves[2] = w->roots.leaf;
}

void world_damage_item(struct world *w, uint64_t number)
{
    uint8_t key[8];
    struct buf b = buf_fixed(key, sizeof key);
    struct kv_txn *txn = NULL;
    buf_put_u64(&b, number);
    assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(store_put(w->agent.store, txn, STORE_HOLD_ITEM, buf_bytes(&b), bytes_str("?")),
                     ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}
