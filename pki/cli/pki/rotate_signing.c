/* rotate --key signing: the broker's signing key. It is a renewal; what differs is that the old key file stays until
 * nobody can hold the roster of before any more, because the broker answers such parties with it (decision 0902). */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/verbs.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

/* The broker of a roster, and when its signing key was replaced last; 0: never, or that is over. */
struct replaced {
    const struct roster_member *broker;
    int64_t at_s;
};

static enum err find_replaced(struct work *w, const struct roster *r, struct replaced *out)
{
    *out = (struct replaced){.broker = roster_broker(r)};
    if (out->broker == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "no broker is listed");
    for (size_t i = 0; i < out->broker->former.count; i++) {
        const struct roster_former *f = &out->broker->former.v[i];
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        if (cert_parse(f->cert.der, CERT_SIGNING, &c, NULL) == ERR_OK && f->replaced_at > out->at_s)
            out->at_s = f->replaced_at;
    }
    return ERR_OK;
}

/* What remains, at either end. is_made: a next key lies here. */
static enum err show(struct work *w, const struct replaced *of, bool is_made)
{
    char when[WHEN_TEXT_SIZE];
    const int64_t end_s = of->at_s + ROSTER_OVERLAP_S;
    const bool is_overlap = of->at_s > 0 && w->now_s < end_s;
    const char *next = is_overlap ? "nothing yet: parties that are behind are answered with the former key"
                       : is_made  ? "once the roster lists the next key: rotate --switch --roster FILE in the broker's folder"
                                  : "nothing remains";
    when_text(end_s, when);
    if (!w->o->json) {
        buf_printf(&w->out, "signing: %s%s\nnext: %s\n", is_overlap ? "an overlap, until " : "no overlap",
                   is_overlap ? when : "", next);
        return buf_err(&w->out);
    }
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", "signing");
    json_put_bool(&j, "made", is_made);
    json_put_bool(&j, "overlap", is_overlap);
    if (is_overlap)
        json_put_str(&j, "switch_from", when);
    json_put_str(&j, "next", next);
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

static enum err at_register(struct work *w)
{
    const struct work_need needs[] = {{"request", w->o->request}, {NULL, NULL}};
    struct roster draft;
    struct replaced of;
    if (w->o->switch_over)
        return errmsg_set(&w->why, ERR_CONFIG,
                          "rotate --key signing --switch is for the broker's folder: here the overlap ends by itself");
    if (!w->o->remains) {
        enum err e = work_needs(w, needs);
        return e == ERR_OK ? verb_approve_renewal(w) : e;
    }
    enum err e = draft_load(w, &draft);
    if (e == ERR_OK)
        e = find_replaced(w, &draft, &of);
    return e == ERR_OK ? show(w, &of, false) : e;
}

static enum err check_over(struct work *w, const struct replaced *of)
{
    char when[WHEN_TEXT_SIZE];
    const int64_t end_s = of->at_s + ROSTER_OVERLAP_S;
    if (w->o->at_once || w->now_s >= end_s)
        return ERR_OK;
    when_text(end_s, when);
    return errmsg_set(&w->why, ERR_STATE,
                      "the overlap lasts until %s: till then a party may hold the roster of before, and knows the "
                      "former key alone; --now ends it at once",
                      when);
}

static enum err at_broker(struct work *w)
{
    const struct work_need needs[] = {{"roster", w->o->roster}, {NULL, NULL}};
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct replaced of;
    if (!renewing_is_broker(w))
        return errmsg_set(&w->why, ERR_CONFIG, "%s: not the folder of a broker; others renew", w->o->dir);
    if (!w->o->remains && !w->o->switch_over)
        return verb_renew(w);
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &t);
    if (e == ERR_OK)
        e = find_replaced(w, trust_roster(t), &of);
    if (e == ERR_OK && w->o->remains)
        return show(w, &of, renewing_has(w, "signing.next", "keys/", ".key"));
    if (e == ERR_OK)
        e = check_over(w, &of);
    return e == ERR_OK ? renewing_take(w) : e;
}

enum err rotate_signing(struct work *w)
{
    return renewing_has(w, "roster", "", ".draft") ? at_register(w) : at_broker(w);
}
