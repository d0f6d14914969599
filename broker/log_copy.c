#include "broker/log_copy.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/copy_readers.h"
#include "broker/own_keys.h"
#include "broker/store/log_copies.h"
#include "broker/vaults.h"
#include "pki/body_copy_seal.h"
#include "pki/logbook/log_rows.h"
#include "pki/logbook/log_term.h"
#include "pki/logbook/logbook.h"
#include "pki/random.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/unfinished.h"

#define DAY_S INT64_C(86400)
#define SEGMENTS_MAX 16u /* that get bodies at a time; one more takes the place of the oldest */
#define SEGMENT_MAX_BYTES ((size_t)32 << 20)
#define WAITING_MAX_BYTES ((size_t)1 << 20) /* of one segment, before it is written */
#define SWEEP_EVERY_S 60
#define KEYS_EACH 256u /* that one round drops */
#define SLICE 8192u /* entries of an old log that one round copies */
#define ENVELOPE_MAX_BYTES ((size_t)64 << 10)

/* A segment that gets bodies. Its key lies in no file but sealed. */
struct segment {
    uint32_t day;
    struct body_copy_name name;
    struct secret *key;
    struct aead *aead;
    struct buf waiting; /* records that are not on disk yet */
    size_t bytes;       /* that are */
    size_t kept_bytes;  /* those of rounds that were committed */
    bool is_kept;       /* its key is in the store */
};

/* A segment that gets no more, until the store has its key, or what this round put into it. */
struct left {
    struct body_copy_name name;
    struct secret *key; /* NULL: the store has it */
    size_t kept_bytes;
};

struct log_copy {
    struct broker *broker;
    struct view *view; /* of the round; a reference of its own */
    int64_t now_s;
    bool may_sweep; /* no gate but that of the log is closed: the clock is not wrong by much */
    /* The rest belongs to the round. */
    struct arena *arena;
    struct segment segments[SEGMENTS_MAX];
    size_t count;
    struct copy_readers readers;
    struct digest sealed_for; /* for whom the segments above are sealed */
    struct log_copied next;   /* as of the end of the round */
    bool is_begun;            /* a round wrote, and is not committed */
    bool is_done;             /* next is to be kept */
    bool is_behind;           /* bodies of before are still to be copied */
    bool is_told;             /* that there is no auditor */
    int64_t swept_s;
    uint32_t gone_before; /* the files of segments that ended before this day are gone; 0: this round did not look */
    struct left *left;
    size_t left_count;
    bool has_damaged; /* a body that did not open, and of which entry */
    uint64_t damaged;
};

static void segment_clear(struct segment *s)
{
    aead_free(s->aead);
    secret_free(s->key);
    buf_free(&s->waiting);
    *s = (struct segment){.day = 0};
}

static void forget_left(struct log_copy *c)
{
    for (size_t i = 0; i < c->left_count; i++)
        secret_free(c->left[i].key);
    c->left_count = 0;
}

/* The segment gets no more bodies; it is remembered where a round that fails must undo something of it. */
static enum err leave_segment(struct log_copy *c, struct segment *s)
{
    if (!s->is_kept || s->bytes != s->kept_bytes) {
        struct left *more = realloc(c->left, (c->left_count + 1) * sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        c->left = more;
        c->left[c->left_count++] = (struct left){s->name, s->is_kept ? NULL : take(s->key), s->kept_bytes};
    }
    segment_clear(s);
    return ERR_OK;
}

enum err log_copy_new(struct broker *b, struct log_copy **out, struct errmsg *why)
{
    *out = NULL;
    if (b->config->log_copy == NULL)
        return ERR_OK;
    CLEANUP(cleanup_log_copy_free) struct log_copy *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->broker = b;
    c->arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    const enum err e = c->arena == NULL ? ERR_NOMEM : file_make_dir(b->config->log_copy, why);
    if (e != ERR_OK)
        return e;
    unfinished_remove(b->config->log_copy);
    *out = take(c);
    return ERR_OK;
}

void log_copy_free(struct log_copy *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        segment_clear(&c->segments[i]);
    forget_left(c);
    free(c->left);
    copy_readers_clear(&c->readers);
    view_free(c->view);
    arena_free(c->arena);
    free(c);
}

void log_copy_begin(struct log_copy *c)
{
    if (c == NULL)
        return;
    view_free(c->view);
    c->view = view_ref(c->broker->view);
    c->now_s = clock_now_s(c->broker->clock);
    c->may_sweep = (c->broker->closed & ~(1u << GATE_LOG)) == 0; /* which the copy itself may have closed */
}

void log_copy_committed(struct log_copy *c)
{
    if (c == NULL || !c->is_done)
        return;
    for (size_t i = 0; i < c->count; i++) {
        c->segments[i].is_kept = true;
        c->segments[i].kept_bytes = c->segments[i].bytes;
    }
    forget_left(c);
    c->is_begun = false;
    if (c->has_damaged)
        bodies_saw_damage(c->broker, c->damaged);
    c->has_damaged = false;
}

/* "DIR/name.ending". */
static enum err path_of(const struct log_copy *c, const struct body_copy_name *name,
                        const char *ending, char out[static PATH_MAX])
{
    const int n = snprintf(out, PATH_MAX, "%s/%s.%s", c->broker->config->log_copy, name->s, ending);
    return n > 0 && n < PATH_MAX ? ERR_OK : ERR_RANGE;
}

/* ---- segments ---- */

static enum err write_key(struct log_copy *c, const struct body_copy_name *name,
                          const struct secret *key, struct errmsg *why)
{
    char path[PATH_MAX];
    CLEANUP(buf_free) struct buf envelope = buf_new(ENVELOPE_MAX_BYTES);
    const struct own_keys keys = {c->broker->keys, c->view};
    const struct copy_envelope of = {c->broker->config, own_signing(&keys), name, key};
    enum err e = of.by == NULL ? ERR_STATE : copy_readers_seal(&c->readers, &of, &envelope);
    if (e == ERR_OK)
        e = path_of(c, name, "key", path);
    if (e != ERR_OK)
        return errmsg_set(why, e, "the copy for auditors: its key cannot be sealed: %s",
                          err_text(e));
    return file_write(path, buf_bytes(&envelope), 0600, why);
}

/* The key is on disk, sealed, before any body is. */
static enum err make_segment(struct log_copy *c, uint32_t day, struct segment *s,
                             struct errmsg *why)
{
    uint8_t random[8];
    *s = (struct segment){.day = day, .waiting = buf_new(WAITING_MAX_BYTES + (64u << 10))};
    s->key = secret_random(BODY_COPY_KEY_BYTES);
    enum err e = s->key == NULL ? ERR_NOMEM : random_fill(random, sizeof random);
    if (e == ERR_OK)
        e = aead_new(s->key, BODY_COPY_KEY_VERSION, &s->aead);
    if (e != ERR_OK)
        return e;
    body_copy_name_of(day, BYTES_OF_ARRAY(random), &s->name);
    return write_key(c, &s->name, s->key, why);
}

static enum err flush(struct log_copy *c, struct segment *s, struct errmsg *why)
{
    char path[PATH_MAX];
    int fd = -1;
    if (s->waiting.len == 0)
        return ERR_OK;
    enum err e = path_of(c, &s->name, "seg", path);
    if (e == ERR_OK)
        e = file_open_append(path, 0600, &fd, why);
    if (e != ERR_OK)
        return e;
    e = file_append(fd, buf_bytes(&s->waiting));
    close(fd);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: %s", path, err_text(e));
    s->bytes += s->waiting.len;
    buf_reset(&s->waiting);
    return ERR_OK;
}

static void forget_segment(struct log_copy *c, size_t i)
{
    segment_clear(&c->segments[i]);
    c->count--;
    memmove(c->segments + i, c->segments + i + 1, (c->count - i) * sizeof *c->segments);
    c->segments[c->count] = (struct segment){.day = 0};
}

static enum err drop_oldest(struct log_copy *c, struct errmsg *why)
{
    enum err e = flush(c, &c->segments[0], why);
    if (e == ERR_OK)
        e = leave_segment(c, &c->segments[0]);
    if (e == ERR_OK)
        forget_segment(c, 0);
    return e;
}

static enum err segment_for(struct log_copy *c, uint32_t day, struct segment **out,
                            struct errmsg *why)
{
    for (size_t i = 0; i < c->count; i++) {
        struct segment *s = &c->segments[i];
        if (s->day == day && s->bytes + s->waiting.len < SEGMENT_MAX_BYTES) {
            *out = s;
            return ERR_OK;
        }
    }
    if (c->count == SEGMENTS_MAX) {
        const enum err e = drop_oldest(c, why);
        if (e != ERR_OK)
            return e;
    }
    struct segment *s = &c->segments[c->count];
    const enum err e = make_segment(c, day, s, why);
    if (e != ERR_OK) {
        if (s->key == NULL || leave_segment(c, s) != ERR_OK) /* its key may be on disk */
            segment_clear(s);
        return e;
    }
    c->count++;
    *out = s;
    return ERR_OK;
}

/* ---- bodies ---- */

/* The day at whose end nobody needs it any more. */
static uint32_t day_of(const struct log_copy *c, const struct log_row *row,
                       const struct audit_body *b)
{
    const int64_t term_s = log_term_s((int64_t)(c->broker->config->log_retention_ms / 1000), c->view, b);
    if (term_s == LOG_TERM_FOR_GOOD)
        return BODY_COPY_FOR_GOOD;
    const int64_t day = (row->committed_at_s + term_s) / DAY_S;
    return day < BODY_COPY_FOR_GOOD ? (uint32_t)day : BODY_COPY_FOR_GOOD;
}

struct segment_place {
    uint32_t day;
    struct bytes body;
};

static enum err put_body(struct log_copy *c, uint64_t index, const struct digest *entry,
                         const struct segment_place *at, struct errmsg *why)
{
    struct segment *s = NULL;
    enum err e = segment_for(c, at->day, &s, why);
    if (e != ERR_OK || s == NULL)
        return e;
    e = body_copy_seal(s->aead, index, entry, at->body, &s->waiting);
    return e == ERR_OK && s->waiting.len > WAITING_MAX_BYTES ? flush(c, s, why) : e;
}

static enum err copy_one(struct log_copy *c, struct kv_txn *txn, uint64_t index, struct errmsg *why)
{
    const struct log_tables *t = &c->broker->store->log;
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    struct audit_body b;
    struct digest entry;
    struct log_row row;
    arena_reset(c->arena);
    enum err e = log_entry_at(t, txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(t, txn, &entry, &row);
    if (e == ERR_OK)
        e = audit_open_body(c->broker->audit, txn, &entry, &body);
    if (logbook_is_damage(e)) { /* the others are none the worse */
        c->has_damaged = true;
        c->damaged = index;
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = audit_body_parse(buf_bytes(&body), c->arena, &b, why);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e; /* a filler, or erased */
    const struct segment_place at = {day_of(c, &row, &b), buf_bytes(&body)};
    if (at.day < c->now_s / DAY_S)
        return ERR_OK; /* its time is over already */
    return put_body(c, index, &entry, &at, why);
}

/* Whether the time of a segment that ends on this day is over. Behind a closed gate no clock is believed. */
static bool is_over(const struct log_copy *c, uint32_t day)
{
    return c->may_sweep && day < c->now_s / DAY_S;
}

/* ---- readers ---- */

struct resealing {
    struct log_copy *copy;
    struct errmsg *why;
};

static enum err reseal_one(void *arg, const struct body_copy_name *name, const struct secret *key)
{
    const struct resealing *r = arg;
    struct body_copy_name same;
    uint32_t day = 0;
    const enum err e = body_copy_name_parse(name->s, &same, &day);
    if (e != ERR_OK || is_over(r->copy, day))
        return e; /* what was erased is not written anew */
    return write_key(r->copy, name, key, r->why);
}

static bool has_reader(const struct log_copy *c)
{
    return c->readers.count > 0 && c->readers.signer != NULL;
}

/* Another auditor, another certificate: new bodies go into new segments, and the keys of all others
 * are sealed anew. */
static enum err follow_readers(struct log_copy *c, struct kv_txn *txn, struct errmsg *why)
{
    copy_readers_clear(&c->readers);
    enum err e = copy_readers_of(c->view, c->now_s, &c->readers);
    if (e != ERR_OK || !has_reader(c))
        return e;
    while (e == ERR_OK && c->count > 0 && !digest_equal(&c->sealed_for, &c->readers.digest))
        e = drop_oldest(c, why);
    if (e != ERR_OK)
        return e;
    c->sealed_for = c->readers.digest;
    if (digest_equal(&c->next.readers, &c->readers.digest))
        return ERR_OK;
    struct resealing r = {c, why};
    const struct log_copy_visit v = {c->broker->vaults->records, reseal_one, &r};
    e = log_each_copy_key(c->broker->store, txn, &v);
    c->next.readers = c->readers.digest;
    return e;
}

/* ---- the end of a day ---- */

static enum err remove_file(const struct log_copy *c, const struct body_copy_name *name, bool is_key)
{
    char path[PATH_MAX];
    enum err e = path_of(c, name, is_key ? "key" : "seg", path);
    if (e == ERR_OK)
        e = is_key ? file_erase(path, NULL) : file_remove(path, NULL);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err sweep_one(void *arg, const char *file)
{
    struct log_copy *c = arg;
    struct body_copy_name name;
    uint32_t day = 0;
    if (body_copy_name_parse(file, &name, &day) != ERR_OK || !is_over(c, day))
        return ERR_OK;
    return remove_file(c, &name, strcmp(file + strlen(name.s), ".key") == 0);
}

/* The key first: what is left without it is nothing to anybody. */
static enum err sweep(struct log_copy *c, struct errmsg *why)
{
    c->gone_before = 0;
    if (!c->may_sweep || c->now_s < c->swept_s + SWEEP_EVERY_S)
        return ERR_OK;
    const enum err e = file_list(c->broker->config->log_copy, sweep_one, c);
    if (e != ERR_OK)
        return errmsg_set(why, e, "the copy for auditors: %s", err_text(e));
    c->swept_s = c->now_s;
    c->gone_before = (uint32_t)(c->now_s / DAY_S);
    return ERR_OK;
}

/* ---- a round that was not committed ---- */

/* Nobody counts on a segment that no committed round made. */
static enum err remove_files(const struct log_copy *c, const struct body_copy_name *name)
{
    const enum err e = remove_file(c, name, true);
    return e == ERR_OK ? remove_file(c, name, false) : e;
}

static enum err cut_back(const struct log_copy *c, const struct body_copy_name *name, size_t bytes)
{
    char path[PATH_MAX];
    int fd = -1;
    enum err e = path_of(c, name, "seg", path);
    if (e == ERR_OK)
        e = file_open_append(path, 0600, &fd, NULL);
    if (e != ERR_OK)
        return e;
    if (ftruncate(fd, (off_t)bytes) != 0 || fdatasync(fd) != 0)
        e = ERR_IO;
    close(fd);
    return e;
}

static enum err undo_segment(const struct log_copy *c, struct segment *s)
{
    buf_reset(&s->waiting);
    if (!s->is_kept)
        return remove_files(c, &s->name);
    const enum err e = s->bytes == s->kept_bytes ? ERR_OK : cut_back(c, &s->name, s->kept_bytes);
    if (e == ERR_OK)
        s->bytes = s->kept_bytes;
    return e;
}

static enum err undo_segments(struct log_copy *c)
{
    enum err e = ERR_OK;
    size_t i = 0;
    while (e == ERR_OK && i < c->count) {
        const bool is_kept = c->segments[i].is_kept;
        e = undo_segment(c, &c->segments[i]);
        if (e == ERR_OK && !is_kept)
            forget_segment(c, i);
        else
            i++;
    }
    return e;
}

/* This round begins where that one began, and on a disk that fails again and again nothing piles up. */
static enum err undo(struct log_copy *c, struct errmsg *why)
{
    enum err e = c->is_begun ? undo_segments(c) : ERR_OK;
    while (e == ERR_OK && c->left_count > 0) {
        struct left *last = &c->left[c->left_count - 1];
        e = last->key != NULL ? remove_files(c, &last->name) : cut_back(c, &last->name, last->kept_bytes);
        if (e != ERR_OK)
            break;
        secret_free(last->key);
        c->left_count--;
    }
    return e == ERR_OK ? e : errmsg_set(why, e, "the copy for auditors: %s", err_text(e));
}

static void tell_no_reader(struct log_copy *c)
{
    if (!c->is_told)
        log_warn("log_copy readers=0: the roster has no auditor whose agency could open it");
    c->is_told = true;
}

/* How far this round goes: what no checkpoint shows yet is all in it, and of an old log a slice. */
static enum err find_end(const struct log_copy *c, struct kv_txn *txn, uint64_t to, uint64_t *end)
{
    struct log_published shown;
    const enum err e = log_get_published(&c->broker->store->log, txn, &shown);
    if (e != ERR_OK)
        return e;
    const uint64_t fresh = to > shown.size ? to - shown.size : 0;
    const uint64_t left = to > c->next.size ? to - c->next.size : 0;
    *end = left > fresh + SLICE ? c->next.size + fresh + SLICE : to;
    return ERR_OK;
}

static void tell_behind(struct log_copy *c, uint64_t left)
{
    if (c->is_behind != (left > 0))
        log_notice("log_copy state=%s entries_left=%llu", left > 0 ? "catching_up" : "whole", (unsigned long long)left);
    c->is_behind = left > 0;
}

static enum err copy_all(struct log_copy *c, struct kv_txn *txn, uint64_t to, struct errmsg *why)
{
    uint64_t end = 0;
    c->is_told = false;
    enum err e = find_end(c, txn, to, &end);
    for (uint64_t i = c->next.size; e == ERR_OK && i < end; i++)
        e = copy_one(c, txn, i, why);
    for (size_t i = 0; e == ERR_OK && i < c->count; i++)
        e = flush(c, &c->segments[i], why);
    c->next.size = end > c->next.size ? end : c->next.size;
    if (e == ERR_OK)
        tell_behind(c, to > c->next.size ? to - c->next.size : 0);
    return e;
}

/* What is over goes first: neither a missing auditor nor a full disk keeps it. */
enum err log_copy_write(struct log_copy *c, struct kv_txn *txn, uint64_t to, struct errmsg *why)
{
    if (c == NULL)
        return ERR_OK;
    c->is_done = false;
    enum err e = undo(c, why);
    c->is_begun = true;
    if (e == ERR_OK)
        e = log_get_copied(c->broker->store, txn, &c->next);
    if (e == ERR_OK)
        e = sweep(c, why);
    if (e == ERR_OK)
        e = follow_readers(c, txn, why);
    if (e == ERR_OK && has_reader(c))
        e = copy_all(c, txn, to, why);
    else if (e == ERR_OK)
        tell_no_reader(c);
    c->is_done = e == ERR_OK;
    return e;
}

enum err log_copy_commit(struct log_copy *c, struct kv_txn *txn)
{
    if (c == NULL || !c->is_done)
        return ERR_OK;
    struct store *s = c->broker->store;
    enum err e = log_put_copied(s, txn, &c->next);
    struct vault *v = c->broker->vaults->records;
    for (size_t i = 0; e == ERR_OK && i < c->count; i++)
        if (!c->segments[i].is_kept)
            e = log_put_copy_key(s, txn, v, &c->segments[i].name, c->segments[i].key);
    for (size_t i = 0; e == ERR_OK && i < c->left_count; i++)
        if (c->left[i].key != NULL)
            e = log_put_copy_key(s, txn, v, &c->left[i].name, c->left[i].key);
    if (e == ERR_OK && c->gone_before != 0)
        e = log_drop_copy_keys(s, txn, c->gone_before, KEYS_EACH);
    return e;
}
