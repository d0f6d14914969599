#include "agent/log/take_up.h"

#include "agent/log/cosigned_keys.h"
#include "agent/log/keeping.h"
#include "agent/log/own_keys.h"
#include "agent/own_log.h"
#include "agent/store/store.h"
#include "pki/filler.h"
#include "pki/logbook/log_adopt.h"
#include "pki/logbook/logbook.h"
#include "proto/base/log.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"

#define HEADS 2u /* the checkpoint, and the one that the broker knows */

struct taking {
    struct agent *agent;
    struct log_adoption adoption;
    uint64_t from; /* the size of the store's tree before */
    uint64_t lost; /* entries whose bodies this store does not have */
    uint64_t stood; /* standing requests that ended */
};

static enum err say(const struct taking *t, struct kv_txn *txn)
{
    const struct audit_fact facts[] = {audit_fact_count("from", t->from),
                                       audit_fact_count("to", t->adoption.to->size),
                                       audit_fact_count("lost", t->lost), audit_fact_count("standing", t->stood)};
    const struct own_entry e = {.event = AUDIT_EVENT_LOG_TAKEN_UP, .facts = facts, .facts_count = ARRAY_LEN(facts)};
    return own_log_append(t->agent, txn, &e);
}

/* The folder's entries behind the store's; what is no filler and unknown here is counted. */
static enum err adopt(struct taking *t, struct kv_txn *txn)
{
    CLEANUP(cleanup_secret_free) struct secret *f = NULL;
    CLEANUP(cleanup_filler_free) struct filler *filler = NULL;
    const struct logbook_beginning at = {.now_s = agent_now_s(t->agent)};
    enum err bad = logbook_filler_key(own_log_book(t->agent->own_log), txn, &at, &f);
    if (bad == ERR_OK)
        bad = filler_new(f, &filler);
    if (bad != ERR_OK)
        return bad;
    t->adoption.fillers = filler_source_of(filler);
    return log_adopt(&t->adoption, txn, &t->lost);
}

/* Nobody can tell which of them somebody has ended since the copy was made, and whose words were erased with it. */
static enum err end_standing(struct taking *t, struct kv_txn *txn)
{
    const struct kv_table rows = store_kv_table(t->agent->store, STORE_STANDING);
    struct kv_table_stats stats;
    enum err bad = kv_table_stats(txn, rows, &stats);
    if (bad == ERR_OK)
        bad = kv_clear(txn, rows);
    if (bad == ERR_OK)
        bad = kv_clear(txn, store_kv_table(t->agent->store, STORE_STANDING_WORDS));
    if (bad == ERR_OK)
        t->stood = stats.entries;
    return bad;
}

/* What the lost entries told of subjects is not in the index either. */
static enum err take_job(struct kv_txn *txn, void *arg)
{
    struct taking *t = arg;
    struct log_head head;
    enum err bad = log_get_head(t->adoption.tables, txn, &head);
    t->from = bad == ERR_OK ? head.size : 0;
    if (bad == ERR_OK && t->from == 0)
        return ERR_STATE;
    if (bad == ERR_OK)
        bad = adopt(t, txn);
    if (bad == ERR_OK && t->lost > 0)
        bad = store_put_number(t->agent->store, txn, TOUCH_SINCE, (uint64_t)agent_now_s(t->agent));
    if (bad == ERR_OK)
        bad = end_standing(t, txn);
    return bad == ERR_OK ? say(t, txn) : bad;
}

static const char *words_of(const struct taking *t, enum err e)
{
    if (e == ERR_STATE && t->from == 0)
        return "the log of this store has not begun: it is no copy";
    return log_adopt_words(e);
}

/* A head that a key of this log signed: of the folder, or where that has none of them, as the broker cosigned last. */
static enum err read_head(struct agent *a, struct bytes file, struct arena *arena, struct checkpoint *out, struct errmsg *why)
{
    struct log_keeping k = {.agent = a};
    struct note note;
    enum err bad = cosigned_keys_read(&k);
    if (bad == ERR_OK)
        bad = note_parse(file, arena, &note, why);
    if (bad == ERR_OK && own_keys_verify(&k, &note) != ERR_OK)
        return errmsg_set(why, ERR_SIGNATURE, "no key of this log signed its checkpoint");
    if (bad == ERR_OK)
        bad = checkpoint_parse(note.text, out);
    if (bad == ERR_OK && !bytes_is(out->origin, own_log_origin(a->own_log)))
        return errmsg_set(why, ERR_MISMATCH, "a checkpoint of another log");
    return bad;
}

/* The head that the broker told this store and that is not in it. ERR_NOT_FOUND: none. */
static enum err read_known(struct agent *a, struct arena *arena, struct checkpoint *out, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct bytes note = {NULL, 0};
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get(a->store, txn, STORE_META, bytes_str(LOG_ROW_FORK), arena, &note);
    return bad == ERR_OK ? read_head(a, note, arena, out, why) : bad;
}

static enum err commit(struct taking *t, const struct checkpoint *to, struct errmsg *why)
{
    t->adoption.to = to;
    const enum err bad = writer_run(t->agent->writer, take_job, t);
    if (bad != ERR_OK)
        return errmsg_set(why, bad == ERR_RANGE ? ERR_STATE : bad, "%s", words_of(t, bad));
    log_notice("own_log.taken_up from=%llu to=%llu lost=%llu", (unsigned long long)t->from,
               (unsigned long long)to->size, (unsigned long long)t->lost);
    return ERR_OK;
}

/* As far as the tiles go: the broker may have a head whose tiles were not written yet. */
static enum err go_as_far(struct taking *t, const struct checkpoint heads[static HEADS], struct errmsg *why)
{
    const size_t first = heads[1].size > heads[0].size;
    enum err bad = commit(t, &heads[first], why);
    if (bad == ERR_NOT_FOUND && heads[!first].size > 0)
        bad = commit(t, &heads[!first], why);
    return bad;
}

enum err own_log_take_up(struct agent *a, const char *dir, struct errmsg *why)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(2 * NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    struct log_tables tables;
    struct checkpoint heads[HEADS] = {{.size = 0}};
    enum err bad = arena != NULL ? tiles_open(dir, &tiles, why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = tiles_checkpoint(tiles, &file, why);
    if (bad == ERR_OK)
        bad = read_head(a, buf_bytes(&file), arena, &heads[0], why);
    if (bad == ERR_OK && (bad = read_known(a, arena, &heads[1], why)) == ERR_NOT_FOUND)
        bad = ERR_OK;
    store_log(a->store, &tables);
    struct taking t = {.agent = a, .adoption = {.tables = &tables}};
    if (bad == ERR_OK) {
        t.adoption.files = tiles_source(tiles);
        bad = go_as_far(&t, heads, why);
    }
    return bad == ERR_OK || why->text[0] == '\0' ? bad : errmsg_wrap(why, bad, "%s", dir);
}
