/* What the party's operator should know of a view that holds: keys of rosters that change, and epochs that end because
 * somebody who holds their key has left (decisions 0904 and 0905). */
#include "pki/digest.h"
#include "pki/view/view_internal.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

#define DAY_S INT64_C(86400)
#define DIGEST_TEXT_SIZE (2 * sizeof(struct digest) + 1)

static int64_t departed_s(const struct view *v, const struct deal *d, const struct agency_id *oin)
{
    const int64_t at_s = roster_departed_s(view_roster(v), &d->purpose, oin);
    return at_s != 0 ? at_s : d->issued_at;
}

/* The first participant who is of the purpose no more; NULL: all are. */
static const struct agency_id *first_left(const struct view *v, const struct deal *d, int64_t *at_s)
{
    const struct agency_id *first = NULL;
    for (size_t i = 0; i < d->participant_count; i++) {
        const struct agency_id *oin = &d->participants[i].id;
        if (roster_is_in_purpose(view_roster(v), &d->purpose, oin))
            continue;
        const int64_t left_s = departed_s(v, d, oin);
        if (first == NULL || left_s < *at_s) {
            first = oin;
            *at_s = left_s;
        }
    }
    return first;
}

int64_t view_epoch_end_s(const struct view *v, const struct name *purpose, uint32_t epoch,
                         const struct agency_id **left)
{
    const struct deal *d = view_deal(v, purpose, epoch);
    const struct purpose *p = policy_purpose(view_policy(v), purpose);
    if (left != NULL)
        *left = NULL;
    if (d == NULL || p == NULL)
        return INT64_MAX;
    const int64_t by_age_s = d->issued_at + (int64_t)p->epoch_days * DAY_S;
    const int64_t term = p->departure_days > 0 ? p->departure_days : PURPOSE_DEPARTURE_DAYS;
    int64_t at_s = 0;
    const struct agency_id *who = first_left(v, d, &at_s);
    if (who == NULL || at_s + term * DAY_S >= by_age_s)
        return by_age_s;
    if (left != NULL)
        *left = who;
    return at_s + term * DAY_S;
}

static void add(struct view *v, struct errmsg *of)
{
    if (v->notice_count < VIEW_NOTICES_MAX)
        v->notices[v->notice_count++] = *of;
}

static void put_pin(const struct digest *d, char out[static DIGEST_TEXT_SIZE])
{
    struct buf b = buf_fixed(out, DIGEST_TEXT_SIZE - 1);
    text_put_hex(&b, digest_bytes(d));
    out[DIGEST_TEXT_SIZE - 1] = '\0';
}

/* Which of the two pins signs, and whether the next one is pinned. */
static enum err note_roster_key(struct view *v)
{
    const struct roster *r = view_roster(v);
    struct errmsg line = {""};
    struct digest next;
    char pin[DIGEST_TEXT_SIZE];
    if (trust_is_by_next(v->trust)) {
        (void)errmsg_set(&line, ERR_STATE,
                         "the roster key has changed; drop the first of roster_key from the configuration");
        add(v, &line);
    }
    if (r->next_key.len == 0)
        return ERR_OK;
    enum err e = digest_sha256(&r->next_key, 1, &next);
    if (e != ERR_OK || trust_pins_key(v->trust, &next))
        return e;
    put_pin(&next, pin);
    (void)errmsg_set(&line, ERR_STATE,
                     "the roster key is going to change; pin the next one, sha256:%s, as the second of roster_key",
                     pin);
    add(v, &line);
    return ERR_OK;
}

static void note_departure(struct view *v, const struct deal *d)
{
    const struct agency_id *left = NULL;
    const int64_t end_s = view_epoch_end_s(v, &d->purpose, d->epoch, &left);
    struct errmsg line = {""};
    char until[WHEN_TEXT_SIZE];
    if (left == NULL || view_epoch_state(v, &d->purpose, d->epoch) != EPOCH_ACTIVE)
        return;
    when_text(end_s, until);
    (void)errmsg_set(&line, ERR_STATE,
                     "purpose %s: %s left and holds the key of epoch %u; from %s on nothing new is accepted in it: "
                     "its custodian deals and activates a new one",
                     d->purpose.s, left->oin, (unsigned)d->epoch, until);
    add(v, &line);
}

enum err view_load_notices(struct view *v)
{
    v->notices = arena_array(v->arena, VIEW_NOTICES_MAX, sizeof *v->notices);
    if (v->notices == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < v->deal_count; i++)
        note_departure(v, &v->deals[i]);
    return note_roster_key(v);
}

size_t view_notice_count(const struct view *v)
{
    return v->notice_count;
}

const char *view_notice_at(const struct view *v, size_t i)
{
    return i < v->notice_count ? v->notices[i].text : NULL;
}
