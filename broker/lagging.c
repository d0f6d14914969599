#include "broker/lagging.h"

#include "broker/reply.h"
#include "broker/sessions.h"
#include "broker/wire.h"
#include "proto/base/log.h"
#include "proto/msg/reply.h"

/* Whether a purpose of a's policy is served in one and suspended in the other. */
static bool suspends_other(const struct view *a, const struct view *b)
{
    const struct policy *p = view_policy(a);
    for (uint32_t i = 0; i < p->purposes_count; i++)
        if ((view_epochs_suspended(a, &p->purposes[i].id) != NULL) !=
            (view_epochs_suspended(b, &p->purposes[i].id) != NULL))
            return true;
    return false;
}

bool lagging_differs(const struct view *a, const struct view *b)
{
    struct view_announced x;
    struct view_announced y;
    (void)view_announced_at(a, 0, &x);
    (void)view_announced_at(b, 0, &y);
    return view_roster(a)->serial != view_roster(b)->serial ||
           !digest_equal(view_policy_digest(a), view_policy_digest(b)) ||
           !digest_equal(&x.digest, &y.digest) ||
           !digest_equal(view_adoptions_digest(a), view_adoptions_digest(b)) ||
           !digest_equal(view_states_digest(a), view_states_digest(b)) ||
           suspends_other(a, b) || suspends_other(b, a);
}

static enum err make_refusal(const struct broker *b, struct buf *body)
{
    const struct refused r = {
        .code = REFUSED_BEHIND,
        .detail = bytes_str("roster, policy, adoptions or epochs changed: say hello and fetch them"),
        .roster_serial = view_roster(b->view)->serial,
        .policy_serial = view_policy(b->view)->serial,
    };
    return refused_encode(&r, body);
}

static enum err tell(struct broker *b, const struct session *one, struct bytes body)
{
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    const struct reply_to to = {.agency = &one->agency, .known_roster = one->known_roster};
    enum err e = reply_seal(b, &to, MSG_REFUSED, body, &frame);
    return e == ERR_OK ? wire_send(b->wire, &one->route, buf_bytes(&frame)) : e;
}

void lagging_tell_all(struct broker *b)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)64 << 10);
    enum err made = make_refusal(b, &body);
    for (size_t i = 0; i < sessions_count(b->sessions); i++) {
        struct session *one = session_at(b->sessions, i);
        if (one->state == SESSION_NONE)
            continue;
        one->state = SESSION_REPAIR;
        enum err e = made == ERR_OK ? tell(b, one, buf_bytes(&body)) : made;
        if (e != ERR_OK) /* its next message is answered with the same */
            log_info("lagging agency=%s told=false error=\"%s\"", one->agency.oin, err_text(e));
    }
}
