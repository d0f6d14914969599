#include "pki/cli/audit/predecessor.h"

#include <string.h>

#include "pki/cli/audit/bodies_in.h"
#include "pki/cli/audit/verify.h"
#include "proto/base/text.h"

/* ---- what bodies say ---- */

static enum err copy_name(struct bytes text, char out[static NOTE_MAX_NAME + 1])
{
    if (!note_name_valid(text))
        return ERR_INVALID;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return ERR_OK;
}

static const struct audit_fact *fact_of(const struct audit_body *body, const char *name)
{
    for (size_t i = 0; i < body->facts_count; i++)
        if (bytes_is(body->facts[i].name, name))
            return &body->facts[i];
    return NULL;
}

static enum err take_started(struct log_link *l, const struct audit_body *body)
{
    const struct audit_fact *origin = fact_of(body, "predecessor_origin");
    const struct audit_fact *size = fact_of(body, "predecessor_size");
    const struct audit_fact *root = fact_of(body, "predecessor_root");
    l->is_double |= l->has_started;
    l->has_started = true;
    if (origin == NULL && size == NULL && root == NULL)
        return ERR_OK;
    if (origin == NULL || size == NULL || root == NULL || size->kind != FACT_VALUE_INT || size->number < 0)
        return ERR_INVALID;
    l->has_predecessor = true;
    l->size = (uint64_t)size->number;
    const enum err e = text_get_hex(root->text, l->root.b, sizeof l->root.b);
    return e == ERR_OK ? copy_name(origin->text, l->predecessor) : ERR_INVALID;
}

enum err log_link_take(struct log_link *l, const struct audit_body *body)
{
    if (body->event == AUDIT_EVENT_LOG_STARTED)
        return take_started(l, body);
    if (body->event != AUDIT_EVENT_LOG_RETIRED)
        return ERR_OK;
    const struct audit_fact *successor = fact_of(body, "successor_origin");
    l->is_double |= l->has_successor;
    l->has_successor = true;
    return successor != NULL ? copy_name(successor->text, l->successor) : ERR_INVALID;
}

/* ---- the comparison ---- */

static enum err compare_begin(const struct log_link *link, const struct checkpoint *last, struct errmsg *why)
{
    if (!link->has_predecessor)
        return errmsg_set(why, ERR_MISMATCH, "the log's first body names no log before it");
    if (!bytes_is(last->origin, link->predecessor))
        return errmsg_set(why, ERR_MISMATCH, "the log goes on from another log: %s", link->predecessor);
    if (last->size > link->size)
        return errmsg_set(why, ERR_MISMATCH, "the log before goes on behind the end that this one names: %llu entries, not %llu",
                          (unsigned long long)last->size, (unsigned long long)link->size);
    if (last->size < link->size)
        return errmsg_set(why, ERR_MISMATCH, "the copy of the log before ends too early: %llu entries, not %llu",
                          (unsigned long long)last->size, (unsigned long long)link->size);
    return digest_equal(&last->root, &link->root)
               ? ERR_OK
               : errmsg_set(why, ERR_MISMATCH, "two heads: the log before has another last head than this one names. Keep both");
}

static enum err compare_end(const struct log_link *old, struct bytes origin, struct errmsg *why)
{
    if (old->is_double)
        return errmsg_set(why, ERR_MISMATCH, "the log before ended twice");
    return bytes_is(origin, old->successor)
               ? ERR_OK
               : errmsg_set(why, ERR_MISMATCH, "the log before names another successor: %s", old->successor);
}

/* What the log before says of its own end. */
static enum err read_end(const struct options *o, struct log_dir *old, struct log_link *link, struct errmsg *why)
{
    struct bodies_in bodies CLEANUP(bodies_in_close) = {0};
    struct options of_old = *o;
    struct verify_counts n = {0};
    of_old.bodies = o->predecessor_bodies;
    enum err e = bodies_in_open(&of_old, &bodies, why);
    if (e != ERR_OK)
        return e;
    const struct body_source source = bodies_in_source(&bodies);
    const struct verify_bodies_params p = {.log = old, .source = &source, .link = link};
    return verify_bodies(&p, &n, why);
}

enum err predecessor_verify(const struct options *o, const struct log_dir *l, const struct log_link *link,
                            struct predecessor_seen *out, struct errmsg *why)
{
    struct audit_policy *policy CLEANUP(cleanup_audit_policy_free) = NULL;
    struct log_dir *old CLEANUP(cleanup_log_dir_close) = NULL;
    struct log_link of_old = {.size = 0};
    struct verify_counts n = {0};
    const struct checkpoint *now = &log_dir_head(l)->checkpoint;
    enum err e = log_policy_read(o->predecessor_policy, &policy, why);
    if (e == ERR_OK)
        e = log_dir_open(o->predecessor, policy, &old, why);
    if (e == ERR_OK)
        e = verify_tiles(old, NULL, &n, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "the log before");
    const struct checkpoint *last = &log_dir_head(old)->checkpoint;
    if (bytes_equal(last->origin, now->origin))
        return errmsg_set(why, ERR_MISMATCH, "the log before has the same origin: it is the same log, or a fork of it");
    if (link->is_double)
        return errmsg_set(why, ERR_MISMATCH, "the log began twice");
    if (link->has_started)
        e = compare_begin(link, last, why);
    if (e == ERR_OK && o->predecessor_bodies != NULL)
        e = read_end(o, old, &of_old, why);
    if (e == ERR_OK && of_old.has_successor)
        e = compare_end(&of_old, now->origin, why);
    *out = (struct predecessor_seen){last->size, link->has_started, of_old.has_successor};
    return e;
}
