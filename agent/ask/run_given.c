/* What a request keeps of its identifiers as they were given: by what they are counted, and by what the list of protected
 * persons knows them. The values of who is protected are exchanged; what is told to anybody may not depend on that. */
#include "agent/ask/run.h"
#include "agent/ask/standing_run.h"

static enum err note_one(struct ask_run *r, const struct norm_ident *id, size_t at)
{
    enum err bad = counts_mark_of(ask_of(r->agent)->mac, &r->question.rule->purpose, id, &r->counted[at]);
    if (bad == ERR_OK && r->agent->protected_list != NULL)
        bad = protected_list_key(r->agent->protected_list, id, &r->listed[at]);
    return bad;
}

enum err run_note_given(struct ask_run *r)
{
    size_t at = 0;
    r->counted = arena_array(r->arena, r->subjects.identifier_count, sizeof *r->counted);
    r->listed = arena_array(r->arena, r->subjects.identifier_count, sizeof *r->listed);
    r->is_covered = arena_array(r->arena, r->subjects.count, sizeof *r->is_covered);
    enum err bad = r->counted != NULL && r->listed != NULL && r->is_covered != NULL ? ERR_OK : ERR_NOMEM;
    if (bad == ERR_OK && standing_run_is_again(r)) {
        standing_run_given(r);
        return ERR_OK;
    }
    for (size_t i = 0; i < r->subjects.count; i++)
        for (size_t k = 0; bad == ERR_OK && k < r->subjects.v[i].identifier_count; k++)
            bad = note_one(r, &r->subjects.v[i].identifiers[k], at++);
    return bad;
}

enum err run_cover(struct ask_run *r, struct kv_txn *txn)
{
    struct protected_list *list = r->agent->protected_list;
    size_t at = 0;
    for (size_t i = 0; list != NULL && i < r->subjects.count; i++) {
        struct subject *s = &r->subjects.v[i];
        for (size_t k = 0; k < s->identifier_count; k++)
            r->is_covered[i] |= protected_list_find(list, txn, &r->listed[at++]) != ERR_NOT_FOUND;
        if (!r->is_covered[i])
            continue;
        r->covered++;
        enum err bad = subject_cover(s, r->arena);
        if (bad != ERR_OK)
            return bad;
    }
    return ERR_OK;
}

enum err run_behind(struct errmsg *why)
{
    return errmsg_set(why, ERR_BEHIND, "roster or policy changed while you signed; ask again");
}

enum err run_still_covers(struct ask_run *r, struct kv_txn *txn)
{
    struct protected_list *list = r->agent->protected_list;
    size_t at = 0;
    for (size_t i = 0; list != NULL && i < r->subjects.count; i++)
        for (size_t k = 0; k < r->subjects.v[i].identifier_count; k++, at++) {
            const enum err bad = r->is_covered[i] ? ERR_NOT_FOUND : protected_list_find(list, txn, &r->listed[at]);
            if (bad != ERR_NOT_FOUND)
                return bad == ERR_OK ? run_behind(&r->why) : bad;
        }
    return ERR_OK;
}
