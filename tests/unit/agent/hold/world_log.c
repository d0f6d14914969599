/* The agency's own log as a list that a test looks at, or breaks. */
#include "tests/unit/agent/hold/world.h"

enum err own_log_marks(const struct agent *a, const struct norm_ident *ids, size_t count, uint32_t group,
                       struct touch_named *out)
{
    (void)a;
    for (size_t i = 0; i < count; i++) { /* the test's own: the value itself, cut */
        out[i] = (struct touch_named){.group = group, .type = ids[i].type};
        memcpy(out[i].mark.b, ids[i].value, ids[i].len < sizeof out[i].mark.b ? ids[i].len : sizeof out[i].mark.b);
    }
    return ERR_OK;
}

enum err own_log_begin_touch(const struct agent *a, struct kv_txn *txn, const struct touch_start *start)
{
    (void)a;
    (void)txn;
    world_log.begun = start->thread;
    world_log.begun_terms = start->terms;
    world_log.begun_count = start->count;
    return world_log.is_broken ? ERR_IO : ERR_OK;
}

struct touch_terms own_log_terms(const struct rule *r, const struct digest *policy, int64_t now_s, int64_t ends_s)
{
    return (struct touch_terms){.rule = r->id, .policy = *policy, .began_s = now_s, .ends_s = ends_s};
}

enum err own_log_append(const struct agent *a, struct kv_txn *txn, const struct own_entry *e)
{
    (void)a;
    (void)txn;
    if (world_log.is_broken)
        return ERR_IO;
    assert_true(world_log.count < WORLD_LOGGED);
    struct world_entry *to = &world_log.entries[world_log.count++];
    *to = (struct world_entry){.event = e->event, .count = e->count};
    if (e->touched_count > 0)
        to->touched = e->touched[0].thread;
    if (e->staff != NULL)
        to->staff = *e->staff;
    if (e->request != NULL)
        to->request = *e->request;
    for (size_t i = 0; i < e->facts_count && to->number_count < ARRAY_LEN(to->numbers); i++)
        if (e->facts[i].kind != FACT_VALUE_TEXT)
            to->numbers[to->number_count++] = e->facts[i]; /* names are literals */
    if (e->facts_count > 0 && e->facts[0].kind == FACT_VALUE_TEXT)
        memcpy(to->first, e->facts[0].text.ptr,
               e->facts[0].text.len < sizeof to->first ? e->facts[0].text.len : sizeof to->first - 1);
    return ERR_OK;
}

int64_t world_logged_number(enum audit_event event, const char *name)
{
    int64_t found = -1;
    for (size_t i = 0; i < world_log.count; i++)
        for (size_t k = 0; world_log.entries[i].event == event && k < world_log.entries[i].number_count; k++)
            if (bytes_is(world_log.entries[i].numbers[k].name, name))
                found = world_log.entries[i].numbers[k].number;
    return found;
}

const char *world_stopped_for(void)
{
    const char *why = "";
    for (size_t i = 0; i < world_log.count; i++)
        if (world_log.entries[i].event == AUDIT_EVENT_DECISION_STOPPED)
            why = world_log.entries[i].first;
    return why;
}

void own_log_show(struct call *c, const struct own_entry *e, struct doc *ok)
{
    (void)e;
    call_ok(c, ok);
}
