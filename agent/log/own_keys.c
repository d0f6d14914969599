#include "agent/log/own_keys.h"

#include "agent/keys.h"
#include "agent/own_log.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

_Static_assert(AGENT_LOG_KEYS_MAX == OWN_LOG_KEYS_MAX && AGENT_LOG_KEYS_MAX == LOG_KEEPER_SIGNERS, "keys of one log");

/* ---- the folder ---- */

static enum err line_of(const struct log_keeping *k, const struct key *key, struct vkey *v, struct digest *line)
{
    char room[VKEY_MAX_TEXT];
    struct buf text = buf_fixed(room, sizeof room);
    const struct note_signer by = {bytes_str(own_log_origin(k->agent->own_log)), key};
    enum err bad = note_vkey(&by, VKEY_ED25519, v);
    if (bad != ERR_OK)
        return bad;
    vkey_write(v, &text);
    const struct bytes whole = buf_bytes(&text);
    bad = buf_err(&text);
    return bad == ERR_OK ? digest_sha256(&whole, 1, line) : bad;
}

/* The keys of the folder, with what the store says of them. */
static enum err look(const struct log_keeping *k, struct own_keys_named *out)
{
    const struct key *keys[AGENT_LOG_KEYS_MAX];
    const size_t n = agent_keys_logs(k->agent->keys, keys);
    *out = (struct own_keys_named){.keys = {.count = n}};
    for (size_t i = 0; i < n; i++) {
        struct own_log_key *one = &out->keys.v[i];
        const enum err bad = line_of(k, keys[i], &out->v[i], &one->line);
        if (bad != ERR_OK)
            return bad;
        const struct own_log_key *known = own_log_keys_find(&k->keys, &one->line);
        one->is_witnessed = known != NULL && known->is_witnessed;
    }
    return ERR_OK;
}

size_t own_keys_signers(const struct log_keeping *k, struct note_signer out[static LOG_KEEPER_SIGNERS])
{
    const struct key *keys[AGENT_LOG_KEYS_MAX];
    const size_t n = agent_keys_logs(k->agent->keys, keys);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        struct vkey v;
        struct digest line;
        const bool is_first = k->keys.count == 0 && i == 0; /* of a store that has none yet */
        if (line_of(k, keys[i], &v, &line) == ERR_OK && (is_first || own_log_keys_find(&k->keys, &line) != NULL))
            out[count++] = (struct note_signer){bytes_str(own_log_origin(k->agent->own_log)), keys[i]};
    }
    return count;
}

enum err own_keys_among(const struct own_keys_named *list, const struct note *note, struct own_keys_named *out)
{
    *out = (struct own_keys_named){.keys = {.count = 0}};
    for (size_t i = 0; i < list->keys.count; i++) {
        const enum err e = note_verify(note, &list->v[i]);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
        if (e == ERR_NOT_FOUND)
            continue;
        out->v[out->keys.count] = list->v[i];
        out->keys.v[out->keys.count++] = list->keys.v[i];
    }
    return out->keys.count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static bool has_lost(const struct log_keeping *k, const struct own_log_keys *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        if (own_log_keys_find(&k->cosigned.keys, &folder->v[i].line) != NULL)
            return false;
    return true;
}

enum err own_keys_of_note(const struct log_keeping *k, const struct note *note, struct own_keys_named *out)
{
    struct own_keys_named all;
    enum err bad = look(k, &all);
    if (bad == ERR_OK)
        bad = own_keys_among(&all, note, out);
    return bad == ERR_NOT_FOUND && has_lost(k, &all.keys) ? own_keys_among(&k->cosigned, note, out) : bad;
}

enum err own_keys_verify(const struct log_keeping *k, const struct note *note)
{
    struct own_keys_named signed_by;
    return own_keys_of_note(k, note, &signed_by);
}

/* ---- the store ---- */

static enum err read_row(const struct agent *a, struct kv_txn *txn, struct own_log_keys *out)
{
    struct bytes row;
    const enum err bad = kv_get(txn, store_kv_table(a->store, STORE_META), bytes_str(OWN_LOG_KEYS_ROW), &row);
    *out = (struct own_log_keys){.count = 0};
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    return own_log_keys_decode(row, out);
}

static enum err write_row(const struct agent *a, struct kv_txn *txn, const struct own_log_keys *keys)
{
    char room[OWN_LOG_KEYS_ROW_MAX];
    struct buf row = buf_fixed(room, sizeof room);
    const enum err bad = own_log_keys_encode(keys, &row);
    return bad == ERR_OK ? kv_put(txn, store_kv_table(a->store, STORE_META), bytes_str(OWN_LOG_KEYS_ROW), buf_bytes(&row))
                         : bad;
}

enum err own_keys_read(struct log_keeping *k)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const enum err bad = kv_read_begin(k->agent->kv, &txn);
    return bad == ERR_OK ? read_row(k->agent, txn, &k->keys) : bad;
}

/* What the folder has now, on its way into the store. */
struct settling {
    struct agent *agent;
    struct own_log_keys now;
};

static enum err say(const struct settling *s, struct kv_txn *txn, const char *what, const struct digest *line)
{
    struct audit_hex room;
    const struct audit_fact facts[] = {audit_fact_word("what", what), audit_fact_digest("key", line, &room)};
    const struct own_entry e = {
        .event = AUDIT_EVENT_LOG_KEY_ROTATED, .facts = facts, .facts_count = ARRAY_LEN(facts)};
    return own_log_append(s->agent, txn, &e);
}

/* Keys of one that the other lacks. */
static enum err say_missing(const struct settling *s, struct kv_txn *txn, const struct own_log_keys *of,
                            const struct own_log_keys *in, const char *what)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < of->count; i++)
        if (own_log_keys_find(in, &of->v[i].line) == NULL)
            bad = say(s, txn, what, &of->v[i].line);
    return bad;
}

/* Of a store of before this row the first key is the one that the log has; the broker knows it where a line of its is kept. */
static enum err begin_row(const struct settling *s, struct kv_txn *txn, struct own_log_keys *before)
{
    uint64_t cosigned = 0;
    const enum err bad = store_get_number(s->agent->store, txn, LOG_ROW_WITNESSED, &cosigned);
    *before = (struct own_log_keys){.v = {s->now.v[0]}, .count = 1};
    before->v[0].is_witnessed = cosigned > 0;
    return bad;
}

static enum err settle_job(struct kv_txn *txn, void *arg)
{
    struct settling *s = arg;
    struct own_log_keys before;
    enum err bad = read_row(s->agent, txn, &before);
    if (bad == ERR_OK && before.count == 0)
        bad = begin_row(s, txn, &before);
    if (bad == ERR_OK)
        bad = say_missing(s, txn, &s->now, &before, "added");
    if (bad == ERR_OK)
        bad = say_missing(s, txn, &before, &s->now, "retired");
    for (size_t i = 0; bad == ERR_OK && i < s->now.count; i++) {
        const struct own_log_key *known = own_log_keys_find(&before, &s->now.v[i].line);
        s->now.v[i].is_witnessed = known != NULL && known->is_witnessed;
    }
    if (bad == ERR_OK)
        bad = write_row(s->agent, txn, &s->now);
    return bad;
}

static bool is_settled(const struct own_log_keys *now, const struct own_log_keys *kept)
{
    bool same = now->count == kept->count;
    for (size_t i = 0; same && i < now->count; i++)
        same = digest_equal(&now->v[i].line, &kept->v[i].line);
    return same;
}

enum err own_keys_settle(struct log_keeping *k)
{
    struct own_keys_named found;
    enum err bad = look(k, &found);
    struct settling s = {k->agent, found.keys};
    if (bad != ERR_OK || found.keys.count == 0 || is_settled(&found.keys, &k->keys))
        return bad; /* a log without a key waits for one */
    bad = writer_run(k->agent->writer, settle_job, &s);
    if (bad != ERR_OK)
        return bad;
    k->keys = s.now;
    log_notice("own_log.keys count=%zu%s", k->keys.count,
               k->keys.count > 1 ? " next=\"sluis-pki rotate --key own-log --status\"" : "");
    return ERR_OK;
}

/* ---- what the broker cosigned ---- */

static void mark(struct own_log_keys *keys, const struct own_log_keys *named)
{
    for (size_t i = 0; i < keys->count; i++)
        keys->v[i].is_witnessed |= own_log_keys_find(named, &keys->v[i].line) != NULL;
}

static enum err mark_job(struct kv_txn *txn, void *arg)
{
    const struct log_keeping *k = arg;
    struct own_log_keys keys;
    enum err bad = read_row(k->agent, txn, &keys);
    if (bad != ERR_OK)
        return bad;
    mark(&keys, &k->marking);
    return keys.count > 0 ? write_row(k->agent, txn, &keys) : ERR_OK;
}

static void marked(enum err result, void *arg)
{
    struct log_keeping *k = arg;
    k->is_marking = false;
    if (result == ERR_OK)
        mark(&k->keys, &k->marking);
    else
        log_warn("own_log.keys_not_kept error=\"%s\"", err_text(result)); /* with the next line */
}

void own_keys_witnessed(struct log_keeping *k, const struct own_log_keys *named)
{
    bool is_new = false;
    for (size_t i = 0; i < k->keys.count; i++)
        is_new |= !k->keys.v[i].is_witnessed && own_log_keys_find(named, &k->keys.v[i].line) != NULL;
    if (!is_new || k->is_marking)
        return;
    k->marking = *named;
    k->is_marking = writer_submit(k->agent->writer, WRITER_BULK, mark_job, marked, k) == ERR_OK;
}

/* ---- status ---- */

static enum err add_line(struct doc *lines, const struct vkey *v)
{
    char room[VKEY_MAX_TEXT];
    struct buf text = buf_fixed(room, sizeof room);
    vkey_write(v, &text);
    return buf_err(&text) == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&text))) : ERR_TOO_LARGE;
}

static const char *change_of(const struct log_keeping *k, const struct own_log_keys *found)
{
    if (!is_settled(found, &k->keys))
        return "not entered yet";
    if (found->v[found->count - 1].is_witnessed)
        return "the old key may go";
    return own_log_keys_has_witness(found) ? "waits for the broker" : "no witness";
}

void own_keys_put(const struct log_keeping *k, struct doc_build *d)
{
    struct own_keys_named found;
    struct doc *lines = doc_new_array();
    enum err bad = lines != NULL ? look(k, &found) : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < found.keys.count; i++)
        bad = add_line(lines, &found.v[i]);
    doc_put_doc(d, "keys", lines);
    if (bad == ERR_OK && found.keys.count > 1)
        doc_put_str(d, "key_change", change_of(k, &found.keys));
}
