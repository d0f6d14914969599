#include "agent/ask/standing_cover.h"

#include "pki/random.h"
#include "proto/base/when.h"
#include "proto/policy/minor.h"

#define ADULT_FROM 20 /* years ago */
#define ADULT_YEARS 50
#define CHILD_YEARS 12
#define DAYS_OF_EACH_MONTH 28

static bool same(struct fact_bool a, struct fact_bool b)
{
    return a.by == b.by && a.v == b.v;
}

enum err standing_birth_date(struct bytes date, const struct standing_times *t, struct arena *a, struct bytes *out)
{
    const struct fact_bool now = minor_of(date, t->now_s);
    uint8_t random[3];
    int year = 0;
    int month = 0;
    int day = 0;
    if (now.by != PROVENANCE_JUDGED || !same(now, minor_of(date, t->until_s))) {
        *out = date;
        return ERR_OK;
    }
    char *text = arena_alloc(a, WHEN_TEXT_SIZE);
    if (text == NULL)
        return ERR_NOMEM;
    const enum err bad = random_fill(random, sizeof random);
    when_date_of_day(when_day(t->now_s), &year, &month, &day);
    year -= now.v ? 1 + random[0] % CHILD_YEARS : ADULT_FROM + random[0] % ADULT_YEARS;
    when_text((int64_t)when_day_of_date(year, 1 + random[1] % 12, 1 + random[2] % DAYS_OF_EACH_MONTH) * 86400, text);
    *out = bytes_of(text, date.len);
    return bad;
}

/* Whether one of them is on the list, as it was given. */
static enum err find_listed(struct protected_list *list, struct kv_txn *txn, const struct standing_words *w, bool *hit)
{
    *hit = false;
    for (size_t i = 0; i < w->subject.identifier_count; i++) {
        const enum err bad = protected_list_find(list, txn, &w->marks[i].listed);
        if (bad != ERR_OK && bad != ERR_NOT_FOUND)
            return bad;
        *hit |= bad == ERR_OK;
    }
    return ERR_OK;
}

enum err standing_cover(struct standing_covering *c, struct kv_txn *txn, struct standing_words *w)
{
    struct protected_key first;
    struct bytes date;
    c->hit = c->changed = false;
    enum err bad = c->list != NULL ? find_listed(c->list, txn, w, &c->hit) : ERR_OK;
    if (bad != ERR_OK || !c->hit)
        return bad;
    bad = protected_list_key(c->list, &w->subject.identifiers[0], &first);
    if (bad != ERR_OK || !bytes_equal(BYTES_OF_ARRAY(first.b), BYTES_OF_ARRAY(w->marks[0].listed.b)))
        return bad; /* covered already */
    bad = standing_birth_date(w->subject.control_birth_date, &c->times, c->arena, &date);
    if (bad == ERR_OK)
        bad = subject_cover(&w->subject, c->arena);
    if (bad != ERR_OK)
        return bad;
    w->subject.control_birth_date = date;
    c->changed = true;
    return ERR_OK;
}
