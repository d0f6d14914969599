#include "pki/cli/audit/reading.h"

#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/verify.h"
#include "pki/digest.h"
#include "proto/log/entry.h"

void reading_close(struct reading *r)
{
    bodies_in_close(&r->bodies);
    log_dir_close(r->log);
    audit_policy_free(r->policy);
    arena_free(r->arena);
}

static enum err open_reading(struct reading *r)
{
    r->arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    if (r->arena == NULL)
        return ERR_NOMEM;
    enum err e = filter_of(r->o, &r->filter, &r->why);
    if (e == ERR_OK)
        e = bodies_in_open(r->o, &r->bodies, &r->why);
    if (e != ERR_OK || r->o->log == NULL)
        return e;
    if (r->o->audit_policy == NULL)
        return errmsg_set(&r->why, ERR_INVALID, "--log needs --audit-policy");
    e = log_policy_read(r->o->audit_policy, &r->policy, &r->why);
    return e == ERR_OK ? log_dir_open(r->o->log, r->policy, &r->log, &r->why) : e;
}

/* Whether the log has grown beyond the head that was read at the start. */
static bool is_newer_than_head(const struct reading *r, uint64_t index)
{
    struct digest entry;
    return r->log != NULL && log_dir_entry(r->log, index, &entry) == ERR_RANGE;
}

/* Is the body what its entry says, and the entry what the log says? */
static enum err check_line(struct reading *r, const struct body_line *line)
{
    struct digest entry;
    enum err e = entry_hash(digest_sha256, line->body, &entry);
    if (e == ERR_OK && !digest_equal(&entry, &line->entry))
        e = ERR_MISMATCH;
    if (e == ERR_OK && r->log != NULL) {
        e = log_dir_entry(r->log, line->index, &entry);
        if (e == ERR_OK && !digest_equal(&entry, &line->entry))
            e = ERR_MISMATCH;
    }
    if (e != ERR_OK)
        return errmsg_set(&r->why, e, "entry %llu: the body is not what the log has",
                          (unsigned long long)line->index);
    return ERR_OK;
}

/* What is erased fits no filter, and is told where there is none. Whether what is unreadable or lost fits nobody knows. */
static bool wants_without_body(const struct reading *r, const struct body_line *line)
{
    if (!r->is_filtered)
        return true;
    if (line->state == BODY_ERASED)
        return r->wants_gone && filter_is_empty(&r->filter);
    return r->wants_gone && (line->state == BODY_UNREADABLE || line->state == BODY_LOST);
}

static enum err take_line(void *arg, const struct body_line *line)
{
    struct reading *r = arg;
    struct audit_body body;
    if (is_newer_than_head(r, line->index))
        return ERR_OK; /* for the next time: nothing vouches for it yet */
    r->next = line->index + 1;
    r->hidden += line->state == BODY_HIDDEN;
    r->erased += line->state == BODY_ERASED;
    r->unreadable += line->state == BODY_UNREADABLE;
    r->lost += line->state == BODY_LOST;
    if (line->state != BODY_PRESENT)
        return wants_without_body(r, line) ? r->show(r, line, NULL) : ERR_OK;
    arena_reset(r->arena);
    enum err e = check_line(r, line);
    if (e == ERR_OK)
        e = audit_body_parse(line->body, r->arena, &body, &r->why);
    bool fits = true;
    if (e == ERR_OK && r->is_filtered)
        e = filter_fits(&r->filter, &body, &fits);
    return e == ERR_OK && fits ? r->show(r, line, &body) : e;
}

/* What the service looked through and did not give fits no more the next time. What is newer than the head was not judged. */
static void go_beyond(struct reading *r)
{
    if (r->bodies.socket == NULL)
        return;
    uint64_t looked = body_socket_looked(r->bodies.socket);
    if (r->log != NULL && looked > log_dir_head(r->log)->checkpoint.size)
        looked = log_dir_head(r->log)->checkpoint.size;
    r->next = looked > r->next ? looked : r->next;
}

int reading_pass(struct reading *r, uint64_t first)
{
    if (r->o->bodies == NULL) {
        fprintf(stderr, "sluis-audit: %s needs --bodies\n", r->o->verb);
        return EX_USAGE;
    }
    enum err e = open_reading(r);
    if (e == ERR_OK) {
        const struct body_source source = bodies_in_source(&r->bodies);
        e = source.each(source.ctx, first, take_line, r, &r->why);
    }
    if (e == ERR_OK)
        go_beyond(r);
    if (e == ERR_OK && !r->is_filtered && !r->found)
        e = errmsg_set(&r->why, ERR_NOT_FOUND, "the source says nothing about entry %llu",
                       (unsigned long long)first);
    return e == ERR_OK ? EX_OK : options_fail(r->o->verb, e, &r->why);
}

/* The newest head, which must have grown from the one that was read before. */
static enum err open_log_again(struct reading *r)
{
    struct log_dir *now CLEANUP(cleanup_log_dir_close) = NULL;
    uint64_t size = 0;
    if (r->log == NULL)
        return ERR_OK;
    enum err e = log_dir_open(r->o->log, r->policy, &now, &r->why);
    if (e == ERR_OK)
        e = verify_old(now, r->policy, log_dir_note(r->log), &size, &r->why);
    if (e != ERR_OK)
        return e;
    log_dir_close(r->log);
    r->log = now;
    now = NULL;
    return ERR_OK;
}

enum err reading_again(struct reading *r)
{
    enum err e = open_log_again(r);
    if (e == ERR_OK)
        e = bodies_in_again(r->o, &r->bodies, &r->why);
    if (e != ERR_OK)
        return e;
    const struct body_source source = bodies_in_source(&r->bodies);
    e = source.each(source.ctx, r->next, take_line, r, &r->why);
    if (e == ERR_OK)
        go_beyond(r);
    return e;
}

void reading_say_hidden(const struct reading *r)
{
    if (r->hidden > 0)
        fprintf(stderr,
                "sluis-audit: %llu entries show you no body: fillers, and what you may not read\n",
                (unsigned long long)r->hidden);
    if (r->erased > 0)
        fprintf(stderr, "sluis-audit: of %llu entries the body was erased at the end of its term\n",
                (unsigned long long)r->erased);
    if (r->unreadable > 0)
        fprintf(stderr, "sluis-audit: %llu bodies do not open where they are kept: tell whoever runs it; the auditors' copy may "
                "have them (recover)\n", (unsigned long long)r->unreadable);
    if (r->lost > 0)
        fprintf(stderr, "sluis-audit: %llu bodies were lost with a store that was restored: the auditors' copy may have them "
                "(recover)\n", (unsigned long long)r->lost);
}
