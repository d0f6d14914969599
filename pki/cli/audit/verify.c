#include "pki/cli/audit/verify.h"

#include <stdlib.h>

#include "pki/cli/audit/predecessor.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/progress.h"
#include "proto/json/audit_body.h"
#include "proto/log/proof_file.h"

enum err verify_range(const struct verify_range_params *p, struct verify_counts *n, struct errmsg *why)
{
    const struct checkpoint *c = &log_dir_head(p->log)->checkpoint;
    const struct node_reader nodes = log_dir_nodes(p->log);
    if (p->from >= p->to || p->to > c->size)
        return errmsg_set(why, ERR_RANGE, "the log has entries 0 to %llu",
                          (unsigned long long)c->size);
    for (uint64_t i = p->from; i < p->to; i++) {
        struct digest entry;
        struct merkle_hashes hashes;
        enum err e = log_dir_entry(p->log, i, &entry);
        if (e == ERR_OK)
            e = prove_inclusion(digest_sha256, &nodes, i, c->size, &hashes);
        const struct merkle_path path = merkle_path_of(i, c->size, &hashes);
        if (e == ERR_OK)
            e = merkle_path_verify(digest_sha256, &entry, &path, &c->root);
        if (e != ERR_OK)
            return errmsg_set(why, e, "entry %llu does not lead to the root: %s",
                              (unsigned long long)i, err_text(e));
        n->entries++;
        progress_set(p->bar, n->entries);
    }
    return ERR_OK;
}

static enum err check_prefix(struct log_dir *l, const struct checkpoint *old, struct errmsg *why)
{
    const struct checkpoint *now = &log_dir_head(l)->checkpoint;
    const struct node_reader nodes = log_dir_nodes(l);
    struct merkle_hashes hashes;
    if (!bytes_equal(old->origin, now->origin))
        return errmsg_set(why, ERR_MISMATCH, "the earlier checkpoint is of another log");
    if (old->size > now->size)
        return errmsg_set(why, ERR_MISMATCH,
                          "the log lost its tail: %llu entries were signed, now it has %llu",
                          (unsigned long long)old->size, (unsigned long long)now->size);
    if (old->size == 0)
        return ERR_OK;
    enum err e = prove_consistency(digest_sha256, &nodes, old->size, now->size, &hashes);
    const struct merkle_consistency p = {old->size, now->size, hashes.h, hashes.count};
    if (e == ERR_OK)
        e = merkle_consistency_verify(digest_sha256, &p, &old->root, &now->root);
    if (e == ERR_MISMATCH || e == ERR_INVALID)
        return errmsg_set(why, ERR_MISMATCH,
                          "two heads: the earlier checkpoint is no prefix of this log. "
                          "Keep both files; they prove that the log was forked");
    return e;
}

enum err verify_old(struct log_dir *l, const struct audit_policy *policy, struct bytes note,
                    uint64_t *old_size, struct errmsg *why)
{
    struct arena *arena CLEANUP(cleanup_arena_free) = arena_new(NOTE_ARENA_BYTES);
    struct head old;
    if (arena == NULL)
        return ERR_NOMEM;
    enum err e = head_verify(policy, note, arena, &old, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "the earlier checkpoint");
    e = check_prefix(l, &old.checkpoint, why);
    if (e == ERR_OK)
        *old_size = old.checkpoint.size;
    return e;
}

struct bodies {
    const struct verify_bodies_params *p;
    struct verify_counts *n;
    struct errmsg *why;
    struct arena *arena;
    uint8_t *seen; /* one bit for each entry that the source told of */
};

/* Does a body of the log's first event commit to the filler key? */
static enum err check_commitment(struct bodies *b, const struct audit_body *body)
{
    if (b->p->fillers == NULL || body->event != AUDIT_EVENT_LOG_STARTED)
        return ERR_OK;
    struct digest told;
    for (size_t i = 0; i < body->facts_count; i++) {
        const struct audit_fact *f = &body->facts[i];
        if (!bytes_is(f->name, "filler_key_digest"))
            continue;
        if (text_get_hex(f->text, told.b, sizeof told.b) != ERR_OK ||
            !digest_equal(&told, b->p->filler_commitment))
            return errmsg_set(b->why, ERR_MISMATCH, "the log committed to another filler key");
        b->n->is_committed = true;
    }
    return ERR_OK;
}

static enum err check_present(struct bodies *b, const struct body_line *line)
{
    struct digest entry;
    struct audit_body body;
    struct errmsg detail = {0};
    enum err e = entry_hash(digest_sha256, line->body, &entry);
    if (e != ERR_OK)
        return e;
    if (!digest_equal(&entry, &line->entry))
        return errmsg_set(b->why, ERR_MISMATCH, "the body of entry %llu was changed",
                          (unsigned long long)line->index);
    arena_reset(b->arena);
    e = audit_body_parse(line->body, b->arena, &body, &detail);
    if (e != ERR_OK)
        return errmsg_set(b->why, e, "the body of entry %llu: %s",
                          (unsigned long long)line->index, detail.text);
    b->n->present++;
    if (b->p->link != NULL && log_link_take(b->p->link, &body) != ERR_OK)
        return errmsg_set(b->why, ERR_INVALID, "the body of entry %llu: not how a log begins or ends",
                          (unsigned long long)line->index);
    return check_commitment(b, &body);
}

static enum err is_filler(struct bodies *b, uint64_t index, const struct digest *entry, bool *out)
{
    struct digest want;
    const enum err e = filler_at(b->p->fillers, index, &want);
    *out = e == ERR_OK && digest_equal(&want, entry);
    return e == ERR_OK ? ERR_OK : errmsg_set(b->why, e, "entry %llu", (unsigned long long)index);
}

/* Said to be a filler, or without a word why it has no body. */
static enum err check_without_body(struct bodies *b, const struct body_line *line, const struct digest *entry)
{
    const bool may_hide = line->state == BODY_HIDDEN && !b->p->sees_all;
    bool fits = b->p->fillers == NULL && line->state == BODY_FILLER;
    const enum err e = b->p->fillers != NULL ? is_filler(b, line->index, entry, &fits) : ERR_OK;
    if (e == ERR_OK && !fits && !may_hide)
        return errmsg_set(b->why, ERR_MISMATCH, "entry %llu is neither a body, nor a filler, nor erased",
                          (unsigned long long)line->index);
    b->n->fillers += fits;
    b->n->hidden += !fits;
    return e;
}

static enum err check_line(void *arg, const struct body_line *line)
{
    struct bodies *b = arg;
    struct digest entry;
    enum err e = log_dir_entry(b->p->log, line->index, &entry);
    if (e == ERR_RANGE)
        return ERR_CANCELLED; /* newer than the head: for the next time */
    if (e != ERR_OK)
        return errmsg_set(b->why, e, "entry %llu cannot be read",
                          (unsigned long long)line->index);
    if (!digest_equal(&entry, &line->entry))
        return errmsg_set(b->why, ERR_MISMATCH, "the source tells of another entry %llu",
                          (unsigned long long)line->index);
    b->seen[line->index / 8] |= (uint8_t)(1u << (line->index % 8));
    progress_set(b->p->bar, line->index + 1);
    switch (line->state) {
    case BODY_PRESENT:
        return check_present(b, line);
    case BODY_HIDDEN:
    case BODY_FILLER:
        return check_without_body(b, line, &entry);
    case BODY_ERASED:
        b->n->erased++;
        return ERR_OK;
    case BODY_UNREADABLE:
        b->n->unreadable++;
        return ERR_OK;
    case BODY_LOST:
        b->n->lost++;
        return ERR_OK;
    case BODY_STATE_COUNT:
        break;
    }
    return ERR_INVALID;
}

/* What the source was silent about. */
static enum err check_unheard(struct bodies *b)
{
    uint64_t size = log_dir_head(b->p->log)->checkpoint.size;
    for (uint64_t i = 0; i < size; i++) {
        struct digest entry;
        bool fits = false;
        if ((b->seen[i / 8] >> (i % 8) & 1) != 0)
            continue;
        b->n->unheard++;
        if (b->p->fillers == NULL)
            continue;
        enum err e = log_dir_entry(b->p->log, i, &entry);
        if (e != ERR_OK)
            return errmsg_set(b->why, e, "entry %llu", (unsigned long long)i);
        e = is_filler(b, i, &entry, &fits);
        if (e != ERR_OK)
            return e;
        b->n->unheard -= fits;
        b->n->fillers += fits;
    }
    return ERR_OK;
}

enum err verify_bodies(const struct verify_bodies_params *p, struct verify_counts *n,
                       struct errmsg *why)
{
    uint64_t size = log_dir_head(p->log)->checkpoint.size;
    struct arena *arena CLEANUP(cleanup_arena_free) = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct bodies b = {.p = p, .n = n, .why = why, .arena = arena};
    b.seen = calloc((size_t)(size / 8 + 1), 1);
    enum err e = b.seen == NULL || arena == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK)
        e = p->source->each(p->source->ctx, 0, check_line, &b, why);
    if (e == ERR_OK)
        e = check_unheard(&b);
    if (e == ERR_OK)
        progress_set(p->bar, size);
    free(b.seen);
    return e;
}

/* The entry that the proof is about. */
static enum err proof_entry(const struct proof_file *p, const struct digest *given,
                            struct digest *out, struct errmsg *why)
{
    if (given != NULL) {
        *out = *given;
        return ERR_OK;
    }
    if (!p->has_extra || (p->extra.len != sizeof out->b && p->extra.len != sizeof out->b + sizeof(struct message_id)))
        return errmsg_set(why, ERR_NOT_FOUND,
                          "the proof file does not carry its entry: give --entry or --body");
    memcpy(out->b, p->extra.ptr, sizeof out->b);
    return ERR_OK;
}

enum err verify_proof(const struct audit_policy *policy, struct bytes file,
                      const struct digest *entry, struct proof_result *out, struct errmsg *why)
{
    struct arena *arena CLEANUP(cleanup_arena_free) = arena_new(NOTE_ARENA_BYTES);
    struct buf scratch CLEANUP(buf_free) = buf_new(PROOF_FILE_MAX_BYTES);
    struct proof_file p;
    struct head head;
    struct proof_result r;
    if (arena == NULL)
        return ERR_NOMEM;
    enum err e = proof_file_parse(file, &scratch, &p);
    if (e != ERR_OK)
        return errmsg_set(why, e, "not a tlog-proof file: %s", err_text(e));
    e = head_verify(policy, p.checkpoint, arena, &head, why);
    if (e == ERR_OK)
        e = proof_entry(&p, entry, &r.entry, why);
    if (e != ERR_OK)
        return e;
    const struct merkle_path path = merkle_path_of(p.index, head.checkpoint.size, &p.hashes);
    e = merkle_path_verify(digest_sha256, &r.entry, &path, &head.checkpoint.root);
    if (e != ERR_OK)
        return errmsg_set(why, ERR_MISMATCH, "entry %llu is not in that log, or is another",
                          (unsigned long long)p.index);
    r.index = p.index;
    r.size = head.checkpoint.size;
    *out = r;
    return ERR_OK;
}
