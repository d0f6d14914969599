#include "broker/former_log.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "pki/note.h"
#include "proto/base/log.h"
#include "proto/host/tiles.h"
#include "proto/log/witness_request.h"

struct former_log {
    struct tiles *tiles;
    char origin[NOTE_MAX_NAME + 1];
};

void former_log_free(struct former_log *f)
{
    if (f == NULL)
        return;
    tiles_free(f->tiles);
    free(f);
}

/* Which log it is says the checkpoint; how far it goes, the roster. */
static enum err read_origin(struct former_log *f, const struct broker *b, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    struct checkpoint c;
    enum err e = a != NULL ? tiles_checkpoint(f->tiles, &file, why) : ERR_NOMEM;
    if (e == ERR_OK)
        e = note_parse(buf_bytes(&file), a, &note, why);
    if (e == ERR_OK && checkpoint_parse(note.text, &c) != ERR_OK)
        e = errmsg_set(why, ERR_INVALID, "its checkpoint is not a head of a log");
    if (e == ERR_OK && (c.origin.len > NOTE_MAX_NAME || roster_former_origin_of(view_roster(b->view), c.origin) == NULL))
        e = errmsg_set(why, ERR_MISMATCH, "the roster does not say that its log has ended");
    if (e == ERR_OK)
        memcpy(f->origin, c.origin.ptr, c.origin.len);
    return e;
}

enum err former_log_new(struct broker *b, struct former_log **out, struct errmsg *why)
{
    CLEANUP(cleanup_former_log_free) struct former_log *f = NULL;
    *out = NULL;
    if (b->config->log_former == NULL)
        return ERR_OK;
    f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    enum err e = tiles_open(b->config->log_former, &f->tiles, why);
    if (e == ERR_OK)
        e = read_origin(f, b, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "log.former: %s", b->config->log_former);
    *out = take(f);
    return ERR_OK;
}

static enum err prove(struct former_log *f, uint64_t from, uint64_t to, struct merkle_hashes *out)
{
    const struct tile_source source = tiles_source(f->tiles);
    CLEANUP(cleanup_tile_nodes_free) struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, to);
    if (nodes == NULL)
        return ERR_NOMEM;
    const struct node_reader reader = tile_nodes_reader(nodes);
    return prove_consistency(digest_sha256, &reader, from, to, out);
}

enum err former_log_request(struct turn *t, const struct cosign *from, struct bytes *out)
{
    struct former_log *f = t->broker->former_log;
    const struct roster_former_origin *log = roster_former_origin_of(view_roster(t->view), from->former);
    *out = bytes_of(NULL, 0);
    if (f == NULL || log == NULL || !bytes_is(from->former, f->origin) || from->size > log->size)
        return ERR_OK;
    CLEANUP(buf_free) struct buf text = buf_new(WITNESS_REQUEST_MAX_BYTES);
    struct witness_request r = {.old_size = from->size, .checkpoint = log->head};
    enum err e = from->size < log->size ? prove(f, from->size, log->size, &r.proof) : ERR_OK;
    if (e == ERR_NOMEM || e == ERR_CRYPTO)
        return e;
    if (e != ERR_OK) {
        log_warn("former_log origin=%s error=\"%s\"", f->origin, err_text(e));
        return ERR_OK;
    }
    witness_request_write(&r, &text);
    e = buf_err(&text);
    if (e == ERR_OK)
        *out = arena_copy(t->arena, buf_bytes(&text));
    return e == ERR_OK && out->ptr == NULL ? ERR_NOMEM : e;
}
