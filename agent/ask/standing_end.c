#include "agent/ask/standing_end.h"

#include "agent/ask/case.h"
#include "agent/ask/standing_cover.h"
#include "agent/own_log.h"
#include "proto/base/log.h"

#define ROW_ARENA_BYTES ((size_t)1 << 16)
#define WORDS_ARENA_BYTES (4 * STANDING_WORDS_MAX)

enum err standing_end(const struct standing_ending *e, struct kv_txn *txn, const struct standing_row *k)
{
    const struct audit_fact facts[] = {audit_fact_word("why", standing_end_id(e->why)), audit_fact_count("askings", k->askings)};
    const struct own_touch touched = {touch_of_request(&k->request), TOUCH_GROUP_ALL, standing_end_id(e->why)};
    const struct own_entry entry = {.event = AUDIT_EVENT_STANDING_ENDED,
                                    .staff = e->staff,
                                    .rule = &k->rule,
                                    .rule_version = k->rule_version,
                                    .policy = e->view != NULL ? view_policy_digest(e->view) : NULL,
                                    .case_id = &k->case_id,
                                    .facts = facts,
                                    .facts_count = ARRAY_LEN(facts),
                                    .touched = &touched,
                                    .touched_count = 1};
    enum err bad = standing_row_del(e->agent->store, txn, &k->id);
    return bad == ERR_OK ? own_log_append(e->agent, txn, &entry) : bad;
}

/* A person has to look: status has an alarm. */
static void say_unread(size_t count)
{
    if (count > 0)
        log_err("standing.not_read count=%zu: they are passed over", count);
}

enum err standing_end_of_case(const struct standing_ending *e, struct kv_txn *txn, const struct case_id *id)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA_BYTES);
    struct standing_walk walk = {.store = e->agent->store, .txn = txn};
    struct standing_row k;
    enum err bad = a != NULL ? ERR_OK : ERR_NOMEM;
    while (bad == ERR_OK && (bad = standing_row_next(&walk, a, &k)) == ERR_OK)
        if (bytes_equal(BYTES_OF_ARRAY(k.case_id.b), BYTES_OF_ARRAY(id->b)))
            bad = standing_end(e, txn, &k);
    say_unread(walk.unread);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err standing_case_state(struct store *s, struct kv_txn *txn, const struct standing_row *k, enum case_state *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * CASE_ROW_MAX_BYTES);
    struct case_row row;
    enum err bad = a != NULL ? case_get(s, txn, &k->case_id, a, &row) : ERR_NOMEM;
    if (bad == ERR_OK)
        *out = case_row_state(&row);
    else if (bad == ERR_NOT_FOUND)
        *out = CASE_NONE;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* The list of protected persons may have become longer since the last asking. */
static enum err cover_one(struct standing_sweep *w, struct kv_txn *txn, const struct standing_row *k, struct arena *a)
{
    struct standing_words words;
    struct standing_covering c = {.list = w->agent->protected_list, .times = {w->now_s, k->until_s}, .arena = a};
    enum err bad = standing_words_get(w->agent->store, txn, &k->id, a, &words);
    if (standing_is_damage(bad)) {
        w->unread++;
        return ERR_OK;
    }
    if (bad == ERR_OK)
        bad = standing_cover(&c, txn, &words);
    return bad == ERR_OK && c.changed ? standing_words_put(w->agent->store, txn, &k->id, &words) : bad;
}

static enum err look_at(struct standing_sweep *w, struct kv_txn *txn, const struct standing_row *k, struct arena *a)
{
    enum case_state state = CASE_NONE;
    enum err bad = standing_case_state(w->agent->store, txn, k, &state);
    if (standing_is_damage(bad)) {
        w->unread++;
        return ERR_OK;
    }
    const struct standing_ending e = {
        w->agent, w->view, standing_end_now(k, w->view, &w->agent->config->oin, state, w->now_s), NULL};
    if (bad != ERR_OK)
        return bad;
    if (e.why == STANDING_GOES_ON)
        return cover_one(w, txn, k, a);
    w->ended++;
    return standing_end(&e, txn, k);
}

enum err standing_sweep(struct standing_sweep *w, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(WORDS_ARENA_BYTES);
    struct standing_walk walk = {.store = w->agent->store, .txn = txn, .at = w->after};
    struct standing_row k;
    bool is_over = false;
    enum err bad = a != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && !is_over && i < w->max; i++) {
        bad = standing_row_next(&walk, a, &k);
        is_over = bad == ERR_NOT_FOUND;
        if (bad == ERR_OK)
            bad = look_at(w, txn, &k, a);
    }
    say_unread(walk.unread + w->unread);
    w->after = is_over ? (struct standing_id){{0}} : walk.at;
    return is_over ? ERR_OK : bad;
}
