#include "broker/publisher.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/cosigners.h"
#include "broker/own_keys.h"
#include "broker/mailbox.h"
#include "broker/proofs.h"
#include "broker/store/log_rows.h"
#include "broker/store/meta.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/note.h"
#include "pki/random.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/log/sequencer.h"

#define ENTRIES_EACH 4096u /* that one block takes from those that wait */
#define NOTE_BYTES 4096u

struct publisher {
    struct broker *broker;
    struct tiles *tiles;
    struct filler *filler; /* store thread */
    struct loop_timer *timer;
    bool busy;
    /* One round: written by the step that runs, read by the next. */
    struct log_head head;
    uint64_t published; /* the size that the checkpoint on disk has */
    uint64_t size;      /* the same, for the loop thread while a round runs */
    struct buf note;
    struct errmsg why;
};

/* Store thread. The block and its nodes; the entries that waited learn their place. */
static enum err put_block(struct store *s, struct kv_txn *txn, const struct sequencer_block *block)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < block->count; i++) {
        const struct log_place place = {
            .index = block->first + i,
            .entry = &block->entries[i],
            .is_filler = block->source[i] == SEQUENCER_FILLER,
        };
        e = log_set_place(s, txn, &place);
    }
    for (size_t i = 0; e == ERR_OK && i < block->node_count; i++) {
        const struct sequencer_node *n = &block->nodes[i];
        e = log_put_node(s, txn, (struct node_id){n->level, n->index}, &n->hash);
    }
    return e;
}

static enum err next_block(struct publisher *p, struct kv_txn *txn, struct arena *a,
                           const struct log_head *from, struct log_head *to)
{
    struct store *s = p->broker->store;
    struct digest *pending = arena_array(a, ENTRIES_EACH, sizeof *pending);
    struct sequencer_in *in = arena_alloc(a, sizeof *in);
    struct sequencer_block block;
    if (pending == NULL || in == NULL)
        return ERR_NOMEM;
    *in = (struct sequencer_in){
        .sha = digest_sha256,
        .state = &from->range,
        .pending = pending,
        .pad_to = SEQUENCER_PAD_TO,
        .fillers = filler_source_of(p->filler),
    };
    enum err e = log_pending(s, txn, pending, ENTRIES_EACH, &in->pending_count);
    if (e == ERR_OK)
        e = random_fill(in->seed, sizeof in->seed);
    if (e == ERR_OK)
        e = sequencer_next(in, a, &block);
    secret_wipe(in->seed, sizeof in->seed);
    if (e == ERR_OK)
        e = put_block(s, txn, &block);
    if (e == ERR_OK)
        e = log_drop_pending(s, txn, in->pending_count);
    if (e != ERR_OK)
        return e;
    *to = (struct log_head){.size = block.after.size, .root = block.root, .range = block.after};
    return log_put_head(s, txn, to);
}

/* Store thread, step 1: what waits becomes a block, unless the last head is not published yet. */
static enum err sequence_job(struct kv_txn *txn, void *arg)
{
    struct publisher *p = arg;
    struct store *s = p->broker->store;
    struct log_head head;
    struct log_published published;
    enum err e = log_get_head(s, txn, &head);
    if (e == ERR_OK)
        e = log_get_published(s, txn, &published);
    if (e == ERR_OK)
        e = meta_raise_time(s, txn, clock_now_s(p->broker->clock));
    if (e != ERR_OK)
        return e;
    p->published = published.size;
    p->head = head;
    if (head.size != published.size)
        return ERR_OK;
    CLEANUP(cleanup_arena_free)
    struct arena *a = arena_new(sequencer_arena_bytes(ENTRIES_EACH, SEQUENCER_PAD_TO) +
                                ((size_t)1 << 20));
    if (a == NULL)
        return ERR_NOMEM;
    e = next_block(p, txn, a, &head, &p->head);
    crash_point("publish.sequenced");
    return e;
}

/* Step 2. */
static enum err sign_head(struct publisher *p)
{
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_BYTES);
    const struct checkpoint c = {
        .origin = bytes_str(p->broker->config->origin),
        .size = p->head.size,
        .root = p->head.root,
    };
    checkpoint_write(&c, &text);
    const struct own_keys keys = {p->broker->keys, p->broker->view};
    struct note_signer signers[OWN_LOGS_MAX];
    const size_t n = own_logs(&keys, c.origin, signers);
    buf_reset(&p->note);
    enum err e = n > 0 ? buf_err(&text) : ERR_STATE;
    return e == ERR_OK ? note_sign(signers, n, buf_bytes(&text), &p->note) : e;
}

/* Worker thread, step 3: the files, out of one snapshot. */
static enum err files_job(void *arg)
{
    struct publisher *p = arg;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(p->broker->kv, &txn);
    if (e != ERR_OK)
        return errmsg_set(&p->why, e, "store: %s", err_text(e));
    struct log_tiles rows = {.store = p->broker->store, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    e = tiles_publish(p->tiles, p->published, p->head.size, &source, &p->why);
    crash_point("publish.tiles");
    if (e == ERR_OK && !cosigners_wanted(p->broker->cosigners))
        e = tiles_set_checkpoint(p->tiles, buf_bytes(&p->note), &p->why);
    crash_point("publish.checkpoint");
    if (e == ERR_OK)
        e = tiles_tidy(p->tiles, p->published, p->head.size, &p->why);
    return e;
}

/* Store thread, step 4: the head counts as published, and proofs go out. */
static enum err deliver_job(struct kv_txn *txn, void *arg)
{
    struct publisher *p = arg;
    const struct log_published published = {.size = p->head.size, .note = buf_bytes(&p->note)};
    enum err e = log_put_published(p->broker->store, txn, &published);
    if (e == ERR_OK)
        e = proofs_deliver(p->broker, txn, &published);
    crash_point("publish.delivered");
    return e;
}

static void end_round(struct publisher *p, enum err result)
{
    p->busy = false;
    if (result == ERR_OK) {
        p->size = p->head.size;
        broker_clear_gate(p->broker, GATE_LOG);
        cosigners_on_head(p->broker->cosigners, p->size, buf_bytes(&p->note));
        return;
    }
    log_err("publish error=\"%s\" detail=\"%s\"", err_text(result), p->why.text);
    broker_close_gate(p->broker, GATE_LOG);
}

static void delivered(enum err result, void *arg)
{
    struct publisher *p = arg;
    broker_saw(p->broker, result);
    end_round(p, result);
}

static void files_written(enum err result, void *arg)
{
    struct publisher *p = arg;
    if (result == ERR_OK)
        result =
            writer_submit(p->broker->writer, WRITER_INTERACTIVE, deliver_job, delivered, p);
    if (result != ERR_OK)
        end_round(p, result);
}

static void sequenced(enum err result, void *arg)
{
    struct publisher *p = arg;
    broker_saw(p->broker, result);
    if (result == ERR_OK)
        result = sign_head(p);
    crash_point("publish.signed");
    if (result == ERR_OK && p->broker->workers == NULL)
        result = ERR_CLOSED;
    if (result == ERR_OK)
        result = worker_submit(p->broker->workers, files_job, files_written, p);
    if (result != ERR_OK)
        end_round(p, result);
}

/* A restored or forked log signs nothing new: agents may hold heads that it does not know. One that has
 * no room waits for it. */
static bool may_sign(const struct publisher *p)
{
    return broker_can_log(p->broker) &&
           (p->broker->closed & ((1u << GATE_RECONCILE) | (1u << GATE_FORKED))) == 0;
}

void publisher_tick(struct publisher *p)
{
    if (p->busy || !may_sign(p))
        return;
    p->why.text[0] = '\0';
    p->busy = true;
    enum err e =
        writer_submit(p->broker->writer, WRITER_INTERACTIVE, sequence_job, sequenced, p);
    if (e != ERR_OK)
        end_round(p, e);
}

static void on_timer(void *arg)
{
    publisher_tick(arg);
}

bool publisher_is_busy(const struct publisher *p)
{
    return p->busy;
}

uint64_t publisher_size(const struct publisher *p)
{
    return p->size;
}

static enum err filler_job(struct kv_txn *txn, void *arg)
{
    struct publisher *p = arg;
    CLEANUP(cleanup_secret_free) struct secret *f = NULL;
    const struct roster *r = view_roster(p->broker->view);
    const struct audit_beginning at = {.now_s = clock_now_s(p->broker->clock),
                                       .ceremony = r->has_ceremony ? &r->ceremony : NULL};
    enum err e = audit_filler_key(p->broker->audit, txn, &at, &f);
    return e == ERR_OK ? filler_new(f, &p->filler) : e;
}

/* The root that this log had at an earlier size. */
static enum err root_at(struct publisher *p, uint64_t size, struct digest *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_head head;
    enum err e = kv_read_begin(p->broker->kv, &txn);
    if (e == ERR_OK)
        e = log_get_head(p->broker->store, txn, &head);
    if (e != ERR_OK)
        return e;
    if (size > head.size)
        return ERR_MISMATCH;
    return proofs_root(p->broker->store, txn, size, out);
}

/* The note is a head of this log. *is_proven: a key of this log signed it, so that it can tell of a fork. */
static enum err open_own_note(struct publisher *p, struct bytes note, struct arena *a,
                              struct checkpoint *out, bool *is_proven)
{
    struct note n;
    enum err e = note_parse(note, a, &n, NULL);
    if (e != ERR_OK)
        return e;
    e = own_logs_verify(p->broker->view, &n);
    *is_proven = e == ERR_OK;
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = checkpoint_parse(n.text, out);
    if (e == ERR_OK && !bytes_is(out->origin, p->broker->config->origin))
        e = ERR_INVALID;
    return e;
}

/* As publisher_contains; *size is then that of the note's checkpoint. */
static enum err find_contained(struct publisher *p, struct bytes note, uint64_t *size)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES + 16384);
    struct checkpoint c;
    bool is_proven = false;
    if (a == NULL)
        return ERR_NOMEM;
    enum err e = open_own_note(p, note, a, &c, &is_proven);
    struct digest root;
    if (e == ERR_OK)
        e = root_at(p, c.size, &root);
    if (e == ERR_OK && !digest_equal(&root, &c.root))
        e = ERR_MISMATCH;
    if (e == ERR_OK)
        *size = c.size;
    /* Signed by a key that has left the roster: what the log contains is contained, anything else proves nothing. */
    return e == ERR_MISMATCH && !is_proven ? ERR_SIGNATURE : e;
}

/* How far the folder of tiles goes with this log. */
struct on_disk {
    bool is_ahead;      /* its checkpoint is of this log's key, and not in the store */
    bool is_current;    /* its checkpoint is the published one */
    uint64_t size;      /* of its checkpoint, where the log contains it; else 0 */
};

static struct on_disk look_at_files(struct publisher *p, const struct log_published *published)
{
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    struct errmsg why;
    struct on_disk d = {.size = 0};
    if (tiles_checkpoint(p->tiles, &note, &why) != ERR_OK)
        return d;
    d.is_current = bytes_equal(buf_bytes(&note), published->note);
    d.size = d.is_current ? published->size : 0;
    if (!d.is_current)
        d.is_ahead = find_contained(p, buf_bytes(&note), &d.size) == ERR_MISMATCH;
    return d;
}

/* Nothing is missing: a log whose checkpoint waits for its quorum shows an older one. */
static bool is_whole(const struct publisher *p, const struct on_disk *d, const struct log_published *published)
{
    const bool shows_it = d->is_current || (cosigners_wanted(p->broker->cosigners) && d->size == published->size);
    return p->head.size == 0 || (shows_it && published->size == p->head.size);
}

/* At start, blocking: files that are missing or behind are written from the store. */
static enum err resume(struct publisher *p)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_published published = {0};
    enum err e = kv_read_begin(p->broker->kv, &txn);
    if (e == ERR_OK)
        e = log_get_head(p->broker->store, txn, &p->head);
    if (e == ERR_OK)
        e = log_get_published(p->broker->store, txn, &published);
    if (e != ERR_OK)
        return e;
    const struct on_disk disk = look_at_files(p, &published);
    if (disk.is_ahead) {
        log_err("log forked=true: the published checkpoint is of this log's key and not in its "
                "store, which is an old copy; restore the newest");
        broker_close_gate(p->broker, GATE_FORKED);
        return ERR_OK;
    }
    p->published = disk.size;
    p->size = published.size;
    if (is_whole(p, &disk, &published))
        return ERR_OK;
    log_notice("publish resume size=%llu from=%llu", (unsigned long long)p->head.size,
               (unsigned long long)p->published);
    kv_read_end(txn);
    txn = NULL;
    e = sign_head(p);
    if (e == ERR_OK)
        e = files_job(p);
    if (e == ERR_OK)
        e = writer_run(p->broker->writer, deliver_job, p);
    if (e == ERR_OK)
        p->size = p->head.size;
    return e;
}

enum err publisher_new(struct broker *b, struct publisher **out, struct errmsg *why)
{
    CLEANUP(cleanup_publisher_free) struct publisher *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    p->broker = b;
    p->note = buf_new(NOTE_BYTES);
    p->timer = loop_timer_new(b->loop, on_timer, p);
    if (p->timer == NULL)
        return ERR_NOMEM;
    enum err e = tiles_open(b->config->tiles, &p->tiles, why);
    if (e == ERR_OK && (e = writer_run(b->writer, filler_job, p)) != ERR_OK)
        return errmsg_set(why, e, "log: its filler key: %s", err_text(e));
    if (e == ERR_OK && (e = resume(p)) != ERR_OK)
        return errmsg_set(why, e, "log: what was not published yet: %s %s", err_text(e),
                          p->why.text);
    if (e != ERR_OK)
        return e;
    loop_timer_every(p->timer, (int64_t)b->config->publish_interval_ms);
    *out = p;
    p = NULL;
    return ERR_OK;
}

void publisher_free(struct publisher *p)
{
    if (p == NULL)
        return;
    loop_timer_free(p->timer);
    tiles_free(p->tiles);
    filler_free(p->filler);
    buf_free(&p->note);
    free(p);
}

enum err publisher_contains(struct publisher *p, struct bytes note)
{
    uint64_t size = 0;
    return note.len > 0 ? find_contained(p, note, &size) : ERR_OK;
}
