#include "broker/outside.h"

#include "broker/cosigners_internal.h"
#include "broker/publisher.h"
#include "proto/base/log.h"
#include "proto/log/witness_request.h"

_Static_assert(OUTSIDE_MAX_BODY_BYTES == COSIGN_MAX_LINES_BYTES, "as much as an agent may bring");

static enum err find(const struct cosigners *c, struct bytes name, size_t *out, struct errmsg *why)
{
    const size_t count = c->policy != NULL ? audit_policy_witnesses(c->policy) : 0;
    for (size_t i = 0; i < count; i++) {
        if (!bytes_is(name, audit_policy_witness_name(c->policy, i)))
            continue;
        *out = i;
        return ERR_OK;
    }
    return errmsg_set(why, ERR_NOT_FOUND, "the broker's audit policy has no witness of that name");
}

/* A head that this log never had: the store is an old copy, there are two histories, or the witness is wrong. */
static enum err check_size(const struct cosigners *c, size_t i, uint64_t size, struct errmsg *why)
{
    const uint64_t newest = publisher_size(c->broker->publisher);
    const char *name = audit_policy_witness_name(c->policy, i);
    if (size <= newest)
        return ERR_OK;
    log_err("witnesses.ahead witness=%s size=%llu log=%llu", name, (unsigned long long)size, (unsigned long long)newest);
    return errmsg_set(why, ERR_CONFLICT,
                      "witness %s has a head of size %llu, and this log ends at %llu: an old copy of the store, or another history",
                      name, (unsigned long long)size, (unsigned long long)newest);
}

enum err outside_request(struct cosigners *c, struct bytes witness, uint64_t old, struct arena *a,
                         struct outside_request *out, struct errmsg *why)
{
    size_t i = 0;
    *out = (struct outside_request){.size = c->asked.size};
    const enum err e = find(c, witness, &i, why);
    /* Who carries says how far the witness was, perhaps in a log of before: its own answer says what is so. */
    const uint64_t from = old <= publisher_size(c->broker->publisher) ? old : 0;
    if (e != ERR_OK || c->asked.size == 0 || from > c->asked.size || c->asked.cosigned[i])
        return e;
    return cosigners_put_request(c, from, a, &out->request);
}

/* ---- what it answers ---- */

static enum err take_lines(struct cosigners *c, const struct outside_answer *from, size_t i, struct arena *a,
                           struct errmsg *why)
{
    struct note note;
    bool added = false;
    enum err e = cosigners_parse(c, from->body, a, &note, why);
    if (e == ERR_OK)
        e = cosigners_take_line(c, &note, i, &added, why);
    if (e == ERR_NOT_FOUND)
        return errmsg_set(why, ERR_SIGNATURE, "no line is by the key that the audit policy has of witness %s",
                          audit_policy_witness_name(c->policy, i));
    return e == ERR_OK && added ? cosigners_settle(c) : e;
}

/* A line over another head cannot be verified here. */
static enum err take_cosigned(struct cosigners *c, const struct outside_answer *from, size_t i, struct arena *a,
                              struct errmsg *why)
{
    return from->size == c->asked.size ? take_lines(c, from, i, a, why) : check_size(c, i, from->size, why);
}

static enum err take_conflict(struct cosigners *c, const struct outside_answer *from, size_t i,
                              struct outside_taken *out, struct errmsg *why)
{
    uint64_t size = 0;
    enum err e = witness_size_parse(from->body, &size);
    if (e != ERR_OK)
        return errmsg_set(why, e, "409 without a size on one line");
    *out = (struct outside_taken){.old = size};
    e = check_size(c, i, size, why);
    if (e != ERR_OK || size != from->old)
        return e;
    const char *name = audit_policy_witness_name(c->policy, i);
    log_err("witnesses.other_head witness=%s size=%llu", name, (unsigned long long)size);
    return errmsg_set(why, ERR_CONFLICT, "witness %s was asked from its size %llu and has another head of that size: two histories",
                      name, (unsigned long long)size);
}

static enum err refused(const struct cosigners *c, const struct outside_answer *from, size_t i, struct errmsg *why)
{
    static const struct {
        int64_t number;
        enum err err;
        const char *text;
    } numbers[] = {
        {400, ERR_CONFLICT, "it takes the request for none: was the file changed on its way?"},
        {403, ERR_CONFLICT, "no key that it knows signed the head: give it the line of the log's key"},
        {404, ERR_CONFLICT, "it does not watch this log: give it origin and key"},
        {422, ERR_CONFLICT, "the proof does not show it that the log only grew: an old copy of the store, or another history"},
        {429, ERR_AGAIN, "it is asked too often"},
    };
    const char *text = "it does not answer as a witness does";
    enum err e = from->number >= 500 ? ERR_AGAIN : ERR_CONFLICT;
    for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
        if (numbers[k].number != from->number)
            continue;
        text = numbers[k].text;
        e = numbers[k].err;
    }
    const char *name = audit_policy_witness_name(c->policy, i);
    log_warn("witnesses.outside_refused witness=%s number=%lld", name, (long long)from->number);
    return errmsg_set(why, e, "%lld of witness %s: %s", (long long)from->number, name, text);
}

enum err outside_take(struct cosigners *c, const struct outside_answer *from, struct arena *a,
                      struct outside_taken *out, struct errmsg *why)
{
    size_t i = 0;
    struct outside_taken taken = {.old = from->old};
    enum err e = find(c, from->witness, &i, why);
    if (e == ERR_OK && from->body.len > OUTSIDE_MAX_BODY_BYTES)
        e = errmsg_set(why, ERR_TOO_LARGE, "an answer is at most %zu bytes", OUTSIDE_MAX_BODY_BYTES);
    if (e != ERR_OK)
        return e;
    if (from->number == 200) {
        taken = (struct outside_taken){.old = from->size, .is_counted = from->size == c->asked.size};
        e = take_cosigned(c, from, i, a, why);
    } else if (from->number == 409) {
        e = take_conflict(c, from, i, &taken, why);
    } else {
        e = refused(c, from, i, why);
    }
    if (e == ERR_OK)
        *out = taken;
    return e;
}
