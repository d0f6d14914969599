/* The outer checks of a message, 1 to 5 of docs/protocol.md: until the signature held there is one
 * indistinguishable silence. */
#include "broker/audit.h"
#include "broker/sessions.h"
#include "broker/turn_internal.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"

#define MINUTE_S 60
#define SILENCE_LINES_EACH_MINUTE 8u

static enum err digest_of(struct bytes data, struct digest *out)
{
    return digest_sha256(&data, 1, out);
}

static struct curve_key curve_of(const struct wire_message *m)
{
    struct curve_key curve;
    _Static_assert(sizeof curve.b == sizeof m->peer.b, "one kind of key");
    memcpy(curve.b, m->peer.b, sizeof curve.b);
    return curve;
}

/* 1 size, 2 outer frame, 3 the roster's entry of the CURVE key, 4 signature. */
static enum err check_sender(struct turn *t, const struct wire_message *m, struct frame *f,
                             struct errmsg *why)
{
    if (m->data.len > FRAME_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "frame: over %zu bytes", FRAME_MAX_BYTES);
    enum err e = frame_decode(m->data, t->arena, f, why);
    if (e != ERR_OK)
        return e;
    const struct curve_key curve = curve_of(m);
    t->sender = view_member_by_curve(t->view, &curve, t->now_s, why);
    if (t->sender == NULL)
        return ERR_NOT_FOUND;
    const struct view_signed s = {SIGN_ENVELOPE, &t->sender->id, f->envelope, f->signature};
    struct view_signer by;
    e = view_verify(t->view, &s, &by);
    if (e == ERR_OK && !view_signer_counts(&by, t->now_s))
        e = ERR_SIGNATURE;
    return e == ERR_OK ? e : errmsg_set(why, e, "not signed by the owner of the transport key");
}

/* For the operator: whose transport key it was, and why nobody answers. The peer learns nothing. */
static void tell_silence(struct turns *ts, const struct turn *t, const struct wire_message *m,
                         enum err e, const struct errmsg *why)
{
    struct silence_lines *of = e == ERR_NOT_FOUND ? &ts->of_nobody : &ts->unproven;
    const struct curve_key curve = curve_of(m);
    const struct roster_member *owner = roster_member_by_curve(view_roster(t->view), &curve);
    if (of->minute != t->now_s / MINUTE_S)
        *of = (struct silence_lines){.minute = t->now_s / MINUTE_S};
    if (of->written++ >= SILENCE_LINES_EACH_MINUTE)
        return;
    log_notice("silence agency=%s detail=\"%s\" silent=%llu",
               owner == NULL ? "none" : owner->id.oin, why->text[0] != '\0' ? why->text : err_text(e),
               (unsigned long long)ts->silent);
}

/* The link proved the key, so that it is known whose certificate does not count. */
static void note_silence(struct turns *ts, const struct turn *t, const struct wire_message *m,
                         enum err e)
{
    const struct curve_key curve = curve_of(m);
    if (e == ERR_NOT_FOUND)
        refused_peer(t->broker, &ts->peers, t->view, &curve);
}

/* 5 version, deployment, recipient, sender. */
static enum err check_address(struct turn *t, const struct frame *f, struct errmsg *why)
{
    struct envelope *e = &t->envelope;
    enum err err = envelope_decode(f->envelope, t->arena, e, why);
    if (err != ERR_OK)
        return err;
    const struct config_broker *c = t->broker->config;
    if (!name_equal(&e->deployment, &c->deployment))
        return errmsg_set(why, ERR_MISMATCH, "another deployment");
    if (!agency_id_equal(&e->recipient, &c->oin))
        return errmsg_set(why, ERR_MISMATCH, "another recipient");
    if (!agency_id_equal(&e->sender, &t->sender->id))
        return errmsg_set(why, ERR_MISMATCH, "it names another sender than its keys");
    return digest_of(f->envelope, &t->envelope_digest);
}

/* A member that proved its keys and then spoke as another, or in no form that is known. */
static void end_session(struct turn *t, enum err e, const struct errmsg *why)
{
    log_notice("session end=refused agency=%s error=\"%s\" detail=\"%s\"", t->sender->id.oin,
               err_text(e), why->text);
    sessions_end(t->broker->sessions, &t->sender->id);
    const struct turn_audit what = {.event = AUDIT_EVENT_SESSION_REFUSED};
    audit_note(t->broker, &what, &t->sender->id);
}

static struct turn *turn_make(struct turns *ts, const struct wire_message *m)
{
    struct arena *a = arena_new(TURN_ARENA_BYTES);
    if (a == NULL)
        return NULL;
    struct turn *t = arena_alloc(a, sizeof *t);
    struct turn_private *p = arena_alloc(a, sizeof *p);
    if (t == NULL || p == NULL) {
        arena_free(a);
        return NULL;
    }
    p->turns = ts;
    t->broker = ts->p.broker;
    t->view = view_ref(ts->p.broker->view);
    t->arena = a;
    t->route = m->route;
    t->now_s = clock_now_s(ts->p.broker->clock);
    t->private = p;
    return t;
}

void turn_destroy(struct turn *t)
{
    view_free(t->view);
    arena_free(t->arena); /* t lies in it */
}

struct turn *turn_admit(struct turns *ts, const struct wire_message *m)
{
    struct turn *t = turn_make(ts, m);
    if (t == NULL)
        return NULL;
    struct frame f;
    struct errmsg why = {""};
    enum err e = check_sender(t, m, &f, &why);
    if (e != ERR_OK) {
        ts->silent++;
        tell_silence(ts, t, m, e, &why);
        note_silence(ts, t, m, e);
        turn_destroy(t);
        return NULL;
    }
    e = check_address(t, &f, &why);
    if (e == ERR_OK)
        return t;
    end_session(t, e, &why);
    turn_destroy(t);
    return NULL;
}
