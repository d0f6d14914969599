#include "broker/log_copy_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/bodies.h"
#include "broker/audit.h"
#include "broker/own_keys.h"
#include "broker/vaults.h"
#include "pki/body_copy_seal.h"
#include "pki/random.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/unfinished.h"
#include "proto/json/doc.h"

#define SEGMENT_MAX_BYTES ((size_t)32 << 20)
#define WAITING_MAX_BYTES ((size_t)1 << 20) /* of one segment, before it is written */
#define SWEEP_EVERY_S 60
#define KEYS_EACH 256u /* that one round drops */
#define ENVELOPE_MAX_BYTES ((size_t)64 << 10)

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
    copy_strays_clear(&c->strays);
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
    const uint64_t taken = vault_taken(c->broker->vaults->records);
    if (taken != c->keys_taken)
        c->retry_at = 0;
    c->keys_taken = taken;
}

static void tell_missed(struct log_copy *c)
{
    const uint64_t entries = copy_missed_entries(&c->missed);
    const bool was_told = c->missed_alarm.text[0] != '\0';
    c->missed_alarm.text[0] = '\0';
    if (entries > 0)
        (void)errmsg_set(&c->missed_alarm, ERR_NOT_FOUND,
                         "the copy for auditors lacks the bodies of up to %llu entries from entry %llu on: version %u of the "
                         "storage key is not there; put its file back (a backup of the keys has it) and reload",
                         (unsigned long long)entries, (unsigned long long)c->missed.ranges[0].from, c->lacking);
    if (entries > 0 && !was_told)
        log_err("log_copy state=incomplete entries=%llu storage_key_version=%u", (unsigned long long)entries, c->lacking);
    else if (entries == 0 && was_told)
        log_notice("log_copy state=complete");
}

static void tell_strays(struct log_copy *c)
{
    c->strays_alarm.text[0] = '\0';
    if (c->strays.count > 0)
        (void)errmsg_set(&c->strays_alarm, ERR_NOT_FOUND,
                         "%zu segments of the copy for auditors (%s and on) are unknown to this restored store and are never "
                         "sealed anew: let an auditor run sluis-audit recover, keep what it writes, and move their files away",
                         c->strays.count, c->strays.names[0].s);
}

static void tell_unsealed(struct log_copy *c)
{
    c->unsealed_alarm.text[0] = '\0';
    if (c->unsealed > 0)
        (void)errmsg_set(&c->unsealed_alarm, ERR_NOT_FOUND,
                         "%zu segments of the copy for auditors stay sealed to the auditors of before: their keys lie under a version of "
                         "the storage key that is not there; put its file back (a backup of the keys has it) and reload",
                         c->unsealed);
}

enum err log_copy_alarms(const struct log_copy *c, struct doc *list)
{
    enum err e = ERR_OK;
    if (c == NULL)
        return e;
    const char *const texts[] = {c->missed_alarm.text, c->strays_alarm.text, c->unsealed_alarm.text};
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(texts); i++)
        if (texts[i][0] != '\0')
            e = doc_append(list, doc_new_text(bytes_str(texts[i])));
    return e;
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
    c->retry_at = c->retry_next;
    tell_missed(c);
    tell_strays(c);
    tell_unsealed(c);
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

enum err log_copy_write_key(struct log_copy *c, const struct body_copy_name *name, const struct secret *key, struct errmsg *why)
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
    return log_copy_write_key(c, &s->name, s->key, why);
}

enum err log_copy_flush(struct log_copy *c, struct segment *s, struct errmsg *why)
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
    enum err e = log_copy_flush(c, &c->segments[0], why);
    if (e == ERR_OK)
        e = leave_segment(c, &c->segments[0]);
    if (e == ERR_OK)
        forget_segment(c, 0);
    return e;
}

enum err log_copy_segment(struct log_copy *c, uint32_t day, struct segment **out, struct errmsg *why)
{
    for (size_t i = 0; i < c->count; i++) {
        struct segment *s = &c->segments[i];
        if (s->day == day && s->bytes + s->waiting.len < SEGMENT_MAX_BYTES) {
            *out = s;
            return ERR_OK;
        }
    }
    if (c->count == LOG_COPY_SEGMENTS_MAX) {
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

bool log_copy_is_over(const struct log_copy *c, uint32_t day)
{
    return c->may_sweep && day < c->now_s / LOG_COPY_DAY_S;
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
    if (e != ERR_OK || log_copy_is_over(r->copy, day))
        return e; /* what was erased is not written anew */
    return log_copy_write_key(r->copy, name, key, r->why);
}

static bool has_reader(const struct log_copy *c)
{
    return c->readers.count > 0 && c->readers.signer != NULL;
}

/* What lies under a storage key that is not there keeps no other back; it is tried again once the vault took a key. */
static enum err reseal(struct log_copy *c, struct kv_txn *txn, struct errmsg *why)
{
    struct resealing r = {c, why};
    struct log_copy_visit v = {c->broker->vaults->records, reseal_one, &r, 0};
    if (c->unsealed > 0 && c->unsealed_taken == c->keys_taken && digest_equal(&c->unsealed_for, &c->readers.digest))
        return ERR_OK;
    const enum err e = log_each_copy_key(c->broker->store, txn, &v);
    if (e != ERR_OK)
        return e;
    c->unsealed = v.closed;
    c->unsealed_for = c->readers.digest;
    c->unsealed_taken = c->keys_taken;
    if (v.closed == 0)
        c->next.readers = c->readers.digest;
    return ERR_OK;
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
    return digest_equal(&c->next.readers, &c->readers.digest) ? ERR_OK : reseal(c, txn, why);
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
    if (body_copy_name_parse(file, &name, &day) != ERR_OK || !log_copy_is_over(c, day))
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
    copy_strays_look(&c->strays, c->broker->config->log_copy);
    c->swept_s = c->now_s;
    c->gone_before = (uint32_t)(c->now_s / LOG_COPY_DAY_S);
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

/* What the store has of the copy. Segments that it does not know are looked for before this process makes one. */
static enum err read_store(struct log_copy *c, struct kv_txn *txn, struct errmsg *why)
{
    const struct copy_strays_in in = {c->broker->config->log_copy, c->broker->store, txn};
    enum err e = log_get_copied(c->broker->store, txn, &c->next);
    if (e == ERR_OK)
        e = log_get_missed(c->broker->store, txn, &c->before);
    c->missed = c->before;
    c->retry_next = c->retry_at;
    if (e == ERR_OK)
        e = copy_strays_find(&c->strays, &in);
    return e == ERR_OK ? e : errmsg_set(why, e, "the copy for auditors: %s", err_text(e));
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
        e = read_store(c, txn, why);
    if (e == ERR_OK)
        e = sweep(c, why);
    if (e == ERR_OK)
        e = follow_readers(c, txn, why);
    if (e == ERR_OK && !has_reader(c))
        tell_no_reader(c);
    else if (e == ERR_OK && (e = log_copy_filler(c, txn, why)) == ERR_OK)
        e = log_copy_bodies(c, txn, to, why);
    c->is_done = e == ERR_OK;
    return e;
}

enum err log_copy_commit(struct log_copy *c, struct kv_txn *txn)
{
    if (c == NULL || !c->is_done)
        return ERR_OK;
    struct store *s = c->broker->store;
    enum err e = log_put_copied(s, txn, &c->next);
    if (e == ERR_OK && (c->missed.count > 0 || c->before.count > 0))
        e = log_put_missed(s, txn, &c->missed);
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
