/* What an outside witness is asked and what it answers, carried as files by whoever calls. Every known user may: a request is
 * made of what is published, and an answer counts by its signature alone. */
#include <sysexits.h>

#include "broker/control_internal.h"
#include "broker/outside.h"
#include "pki/note.h"
#include "proto/log/witness_request.h"

#define NAME_MAX 255u
#define ARENA_BYTES (NOTE_ARENA_BYTES + (size_t)2 * WITNESS_REQUEST_MAX_BYTES)

static int exit_of(enum err e)
{
    static const struct {
        enum err err;
        int code;
    } codes[] = {
        {ERR_AGAIN, EX_TEMPFAIL}, {ERR_NOMEM, EX_OSERR}, {ERR_CRYPTO, EX_SOFTWARE}, {ERR_IO, EX_IOERR}, {ERR_NOT_FOUND, EX_USAGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].err == e)
            return codes[i].code;
    return EX_DATAERR;
}

/* The call fails as e says. */
static void fail(struct call *c, enum err e)
{
    c->err = c->why.text[0] != '\0' ? e : errmsg_set(&c->why, e, "%s", err_text(e));
    c->exit_code = exit_of(e);
}

static enum err get_size(struct call *c, const char *key, uint64_t *out)
{
    int64_t v = 0;
    const enum err e = doc_get_int(c->args, key, 0, INT64_MAX, &v, &c->why);
    if (e == ERR_OK)
        *out = (uint64_t)v;
    return e;
}

static enum err read_witness(struct call *c, struct bytes *witness, uint64_t *old)
{
    c->err = c->args != NULL ? doc_get_text(c->args, "witness", NAME_MAX, witness, &c->why)
                             : errmsg_set(&c->why, ERR_INVALID, "args: witness and old");
    if (c->err == ERR_OK)
        c->err = get_size(c, "old", old);
    return c->err;
}

void control_witness_request(struct call *c)
{
    struct bytes witness;
    uint64_t old = 0;
    struct outside_request r;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    if (read_witness(c, &witness, &old) != ERR_OK)
        return;
    enum err e = a == NULL ? ERR_NOMEM : outside_request(c->broker->cosigners, witness, old, a, &r, &c->why);
    if (e == ERR_OK) {
        struct doc_build d = doc_build_of(c->ok);
        doc_put_int(&d, "size", (int64_t)r.size);
        doc_put_text(&d, "request", r.request);
        e = doc_build_done(&d);
    }
    if (e != ERR_OK)
        fail(c, e);
}

static enum err read_answer(struct call *c, struct outside_answer *out)
{
    c->err = read_witness(c, &out->witness, &out->old);
    if (c->err == ERR_OK)
        c->err = get_size(c, "size", &out->size);
    if (c->err == ERR_OK)
        c->err = doc_get_int(c->args, "number", 0, 999, &out->number, &c->why);
    if (c->err == ERR_OK)
        c->err = doc_get_text(c->args, "body", OUTSIDE_MAX_BODY_BYTES, &out->body, &c->why);
    return c->err;
}

void control_witness_response(struct call *c)
{
    struct outside_answer from = {.old = 0};
    struct outside_taken taken;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    if (read_answer(c, &from) != ERR_OK)
        return;
    enum err e = a == NULL ? ERR_NOMEM : outside_take(c->broker->cosigners, &from, a, &taken, &c->why);
    if (e == ERR_OK) {
        struct doc_build d = doc_build_of(c->ok);
        doc_put_int(&d, "old", (int64_t)taken.old);
        doc_put_bool(&d, "counted", taken.is_counted);
        e = doc_build_done(&d);
    }
    if (e != ERR_OK)
        fail(c, e);
}
