/* The verb `witness` with `left`: what this agency kept of the broker's logs that ended, for whoever is shown another end later. */
#include "agent/log_origin.h"
#include "agent/witness/witness.h"
#include "pki/note.h"
#include "proto/host/kv.h"
#include "proto/log/checkpoint.h"

#define LEFT_ARENA_BYTES ((size_t)16 << 20)

/* The last head, as numbers too. */
static enum err put_last(struct doc_build *b, struct bytes head, struct arena *a)
{
    struct note note;
    struct checkpoint c;
    enum err bad = note_parse(head, a, &note, NULL);
    if (bad == ERR_OK)
        bad = checkpoint_parse(note.text, &c);
    if (bad != ERR_OK)
        return bad;
    doc_put_int(b, "size", (int64_t)c.size);
    doc_put_hex(b, "root", digest_bytes(&c.root));
    doc_put_text(b, "head", head);
    return ERR_OK;
}

static enum err add_log(struct doc *logs, const struct log_left *l, struct arena *a)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "origin", l->origin);
    doc_put_time(&b, "left", l->left_s);
    const enum err bad = put_last(&b, l->last, a);
    doc_put_text(&b, "cosigned_head", l->cosigned);
    doc_put_text(&b, "proved_head", l->proved);
    doc_put_text(&b, "mirrored_head", l->mirrored);
    if (bad == ERR_OK && doc_build_done(&b) == ERR_OK)
        return doc_append(logs, d);
    doc_free(d);
    return bad != ERR_OK ? bad : doc_build_done(&b);
}

static enum err put_logs(struct agent *agent, struct doc *logs)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(LEFT_ARENA_BYTES);
    struct log_left left[LOGS_LEFT_MAX];
    size_t count = 0;
    enum err bad = a != NULL ? kv_read_begin(agent->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = log_origin_left(agent->store, txn, a, left, &count);
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = add_log(logs, &left[i], a);
    return bad;
}

void witness_left_verb(struct call *c)
{
    CLEANUP(cleanup_doc_free) struct doc *logs = doc_new_array();
    enum err bad = logs != NULL ? put_logs(call_agent(c), logs) : ERR_NOMEM;
    struct doc *d = bad == ERR_OK ? doc_new_object() : NULL;
    struct doc_build b = doc_build_of(d);
    if (bad == ERR_OK)
        doc_put_doc(&b, "logs", take(logs));
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK) {
        call_ok(c, d);
        return;
    }
    doc_free(d);
    call_error(c, bad, NULL);
}
