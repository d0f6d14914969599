#include "broker/take_up.h"

#include "broker/audit.h"
#include "broker/own_keys.h"
#include "broker/store/meta.h"
#include "pki/filler.h"
#include "pki/logbook/log_adopt.h"
#include "pki/logbook/logbook.h"
#include "pki/note.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"

#define TAKEN_FACTS 3u

struct taking {
    struct broker *broker;
    struct log_adoption adoption;
    struct checkpoint head;
    uint64_t from; /* the size of the store's tree before */
    uint64_t lost; /* entries whose bodies this store does not have */
    bool is_copy;
};

static enum err say(const struct taking *t, struct kv_txn *txn)
{
    const struct audit_fact facts[TAKEN_FACTS] = {audit_fact_count("from", t->from),
                                                  audit_fact_count("to", t->head.size),
                                                  audit_fact_count("lost", t->lost)};
    const struct turn_audit what = {.event = AUDIT_EVENT_LOG_TAKEN_UP, .more = facts, .more_count = TAKEN_FACTS};
    struct digest entry;
    return audit_append(t->broker->audit, txn, &what, NULL, NULL, clock_now_s(t->broker->clock), &entry);
}

/* The folder's entries behind the store's; what is no filler and unknown here is counted. */
static enum err adopt(struct taking *t, struct kv_txn *txn)
{
    CLEANUP(cleanup_secret_free) struct secret *f = NULL;
    CLEANUP(cleanup_filler_free) struct filler *filler = NULL;
    const struct logbook_beginning at = {.now_s = clock_now_s(t->broker->clock)};
    enum err e = logbook_filler_key(audit_logbook(t->broker->audit), txn, &at, &f);
    if (e == ERR_OK)
        e = filler_new(f, &filler);
    if (e != ERR_OK)
        return e;
    t->adoption.fillers = filler_source_of(filler);
    return log_adopt(&t->adoption, txn, &t->lost);
}

static enum err take_job(struct kv_txn *txn, void *arg)
{
    struct taking *t = arg;
    struct log_head head;
    enum err e = meta_is_restored(t->broker->store, txn, &t->is_copy);
    if (e == ERR_OK && !t->is_copy)
        return ERR_STATE;
    if (e == ERR_OK)
        e = log_get_head(t->adoption.tables, txn, &head);
    t->from = e == ERR_OK ? head.size : 0;
    if (e == ERR_OK)
        e = adopt(t, txn);
    if (e == ERR_OK)
        e = say(t, txn);
    return e;
}

static const char *words_of(const struct taking *t, enum err e)
{
    if (e == ERR_STATE && !t->is_copy)
        return "this store is no copy: sluis-broker --backup makes one";
    return log_adopt_words(e);
}

/* The head, signed by a key of this log as the roster lists them. file: a note. */
static enum err read_head(struct taking *t, struct bytes file, struct arena *a, struct errmsg *why)
{
    struct note note;
    enum err e = note_parse(file, a, &note, why);
    if (e == ERR_OK && own_logs_verify(t->broker->view, &note) != ERR_OK)
        return errmsg_set(why, ERR_SIGNATURE, "no key of this log signed its checkpoint");
    if (e == ERR_OK)
        e = checkpoint_parse(note.text, &t->head);
    if (e == ERR_OK && !bytes_is(t->head.origin, t->broker->config->origin))
        return errmsg_set(why, ERR_MISMATCH, "a checkpoint of another log");
    return e;
}

static enum err commit(struct taking *t, struct tiles *tiles, struct errmsg *why)
{
    t->adoption = (struct log_adoption){
        .tables = &t->broker->store->log, .files = tiles_source(tiles), .to = &t->head};
    const enum err e = writer_run(t->broker->writer, take_job, t);
    if (e != ERR_OK)
        return errmsg_set(why, e == ERR_RANGE ? ERR_STATE : e, "%s", words_of(t, e));
    log_notice("log.taken_up from=%llu to=%llu lost=%llu", (unsigned long long)t->from,
               (unsigned long long)t->head.size, (unsigned long long)t->lost);
    return ERR_OK;
}

enum err take_up(struct broker *b, const struct take_up_from *from, struct errmsg *why)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    struct taking t = {.broker = b};
    enum err e = a != NULL ? tiles_open(from->dir, &tiles, why) : ERR_NOMEM;
    if (e == ERR_OK)
        e = from->head != NULL ? file_read(from->head, FILE_ANY, &file, why) : tiles_checkpoint(tiles, &file, why);
    if (e == ERR_OK)
        e = read_head(&t, buf_bytes(&file), a, why);
    if (e == ERR_OK)
        e = commit(&t, tiles, why);
    return e == ERR_OK || why->text[0] == '\0' ? e : errmsg_wrap(why, e, "%s", from->dir);
}
