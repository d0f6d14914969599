#include "broker/broker.h"

#include "broker/keys.h"
#include "proto/base/log.h"

static const char *const gate_ids[GATE_STATE_COUNT] = {
    [GATE_NONE] = "none",         [GATE_NO_SPACE] = "no_space", [GATE_ROSTER] = "roster",
    [GATE_CLOCK] = "clock",       [GATE_LOG] = "log",           [GATE_FORKED] = "forked",
    [GATE_RECONCILE] = "reconcile", [GATE_RETIRED] = "retired",
    [GATE_DRAINING] = "draining",
};

const char *gate_state_id(enum gate_state s)
{
    return (unsigned)s < GATE_STATE_COUNT ? gate_ids[s] : "?";
}

enum gate_state broker_gate(const struct broker *b)
{
    for (unsigned s = GATE_NONE + 1; s < GATE_STATE_COUNT; s++)
        if ((b->closed & (1u << s)) != 0)
            return (enum gate_state)s;
    return GATE_NONE;
}

void broker_close_gate(struct broker *b, enum gate_state why)
{
    if ((b->closed & (1u << why)) != 0)
        return;
    b->closed |= 1u << why;
    log_warn("gate state=closed reason=%s", gate_state_id(why));
}

void broker_clear_gate(struct broker *b, enum gate_state why)
{
    if ((b->closed & (1u << why)) == 0)
        return;
    b->closed &= ~(1u << why);
    log_notice("gate state=%s cleared=%s", b->closed == 0 ? "open" : "closed",
               gate_state_id(why));
}

void broker_saw(struct broker *b, enum err result)
{
    if (result == ERR_OK)
        return;
    if (result != ERR_NO_SPACE || broker_can_log(b))
        log_err("store error=\"%s\"", err_text(result));
    if (result == ERR_NO_SPACE)
        broker_close_gate(b, GATE_NO_SPACE);
}

bool broker_can_log(const struct broker *b)
{
    return (b->closed & (1u << GATE_NO_SPACE | 1u << GATE_RETIRED)) == 0;
}

const struct key *broker_signing_key(const struct broker *b)
{
    return atomic_load(&b->keys->signs);
}

struct broker_half *broker_half_of(struct broker *b, const struct name *purpose, uint32_t epoch,
                                   bool for_store)
{
    const struct broker_epoch *e = keys_epoch(b->keys, purpose, epoch);
    if (e == NULL || atomic_load(&e->state) != EPOCH_KEY_SERVES)
        return NULL;
    return for_store ? e->for_store : e->for_loop;
}

const struct secret *broker_held_key(const struct broker *b, const struct name *purpose,
                                     uint32_t epoch)
{
    const struct broker_epoch *e = keys_epoch(b->keys, purpose, epoch);
    return e == NULL || atomic_load(&e->state) == EPOCH_KEY_STOPPED ? NULL : e->held;
}
