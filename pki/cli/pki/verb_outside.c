/* witness ask, witness take: at the broker's host, what a witness that no agency runs is asked about the audit log, and what
 * it answered; both are files, so that any program for HTTP carries them (docs/operations.md). */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/pki/service_call.h"
#include "pki/cli/pki/verbs.h"
#include "pki/note.h"
#include "proto/json/doc.h"
#include "proto/log/witness_request.h"

#define ANSWER_MAX_BYTES ((size_t)16 << 10)
#define TEXT_MAX 320
#define FILE_MODE 0644

/* What the broker refuses, with its words. */
static enum err refusal(struct work *w, const struct doc *answer)
{
    const struct doc *error = NULL;
    struct bytes text = {NULL, 0};
    int64_t code = 0;
    if (doc_get_object(answer, "error", &error, NULL) != ERR_OK || doc_get_text(error, "text", TEXT_MAX, &text, NULL) != ERR_OK ||
        doc_get_int(error, "exit", 0, 255, &code, NULL) != ERR_OK)
        return errmsg_set(&w->why, ERR_INVALID, "%s: its answer cannot be read", w->o->broker_socket);
    const enum err e = code == EX_TEMPFAIL ? ERR_AGAIN : code == EX_USAGE ? ERR_CONFIG : ERR_INVALID;
    return errmsg_set(&w->why, e, "%.*s", (int)text.len, (const char *)text.ptr);
}

/* Takes what was built. ok is borrowed from *answer. */
static enum err call(struct work *w, const char *verb, const struct doc_build *args, struct doc **answer,
                     const struct doc **ok)
{
    enum err e = doc_build_done(args);
    if (e != ERR_OK)
        doc_free(args->object);
    else
        e = service_call(w->o->broker_socket, verb, args->object, answer, &w->why);
    if (e != ERR_OK)
        return e;
    return doc_get_object(*answer, "ok", ok, NULL) == ERR_OK ? ERR_OK : refusal(w, *answer);
}

/* ---- ask ---- */

enum err verb_witness_ask(struct work *w)
{
    const struct work_need needs[] = {
        {"broker-socket", w->o->broker_socket}, {"name", w->o->name}, {"request", w->o->request}, {NULL, NULL}};
    struct doc *answer CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *ok = NULL;
    struct bytes request;
    enum err e = work_needs(w, needs);
    if (e != ERR_OK)
        return e;
    struct doc_build d = doc_build_of(doc_new_object());
    doc_put_str(&d, "witness", w->o->name);
    doc_put_int(&d, "old", (int64_t)w->o->old);
    e = call(w, "witness_request", &d, &answer, &ok);
    if (e == ERR_OK)
        e = doc_get_text(ok, "request", WITNESS_REQUEST_MAX_BYTES, &request, &w->why);
    if (e == ERR_OK && request.len == 0)
        e = errmsg_set(&w->why, ERR_AGAIN, "there is nothing to ask this witness now");
    return e == ERR_OK ? file_write(w->o->request, request, FILE_MODE, &w->why) : e;
}

/* ---- take ---- */

/* Which head the request is about, and from where. */
static enum err read_request(struct work *w, struct witness_request *r, struct checkpoint *head)
{
    struct bytes text;
    struct note note;
    enum err e = work_read(w, w->o->request, WITNESS_REQUEST_MAX_BYTES, &text);
    if (e != ERR_OK)
        return e;
    e = witness_request_parse(text, r);
    if (e == ERR_OK)
        e = note_parse(r->checkpoint, w->arena, &note, NULL);
    if (e == ERR_OK)
        e = checkpoint_parse(note.text, head);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s: not a request of 'witness ask'", w->o->request);
}

/* Only a 200 and a 409 have a body that says something. */
static enum err read_response(struct work *w, struct bytes *body)
{
    *body = bytes_str("");
    if (w->o->code != 200 && w->o->code != 409)
        return ERR_OK;
    const enum err e = work_read(w, w->o->response, ANSWER_MAX_BYTES, body);
    if (e == ERR_OK && !bytes_is_utf8(*body))
        return errmsg_set(&w->why, ERR_INVALID, "%s: not text", w->o->response);
    return e;
}

static enum err print_next(struct work *w, const struct doc *ok)
{
    int64_t old = 0;
    bool is_counted = false;
    enum err e = doc_get_int(ok, "old", 0, INT64_MAX, &old, &w->why);
    if (e == ERR_OK)
        e = doc_get_bool(ok, "counted", &is_counted, &w->why);
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "{\"old\":%lld,\"counted\":%s}\n", (long long)old, is_counted ? "true" : "false");
    else
        buf_printf(&w->out, "%lld\n", (long long)old);
    if (!is_counted && !w->o->json)
        fprintf(stderr, "sluis-pki: no line counts; ask again from %lld\n", (long long)old);
    return buf_err(&w->out);
}

enum err verb_witness_take(struct work *w)
{
    const struct work_need needs[] = {{"broker-socket", w->o->broker_socket}, {"name", w->o->name},
                                      {"request", w->o->request},             {"response", w->o->response},
                                      {NULL, NULL}};
    struct witness_request r;
    struct checkpoint head;
    struct bytes body;
    struct doc *answer CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *ok = NULL;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_request(w, &r, &head);
    if (e == ERR_OK)
        e = read_response(w, &body);
    if (e != ERR_OK)
        return e;
    struct doc_build d = doc_build_of(doc_new_object());
    doc_put_str(&d, "witness", w->o->name);
    doc_put_int(&d, "old", (int64_t)r.old_size);
    doc_put_int(&d, "size", (int64_t)head.size);
    doc_put_int(&d, "number", (int64_t)w->o->code);
    doc_put_text(&d, "body", body);
    e = call(w, "witness_response", &d, &answer, &ok);
    return e == ERR_OK ? print_next(w, ok) : e;
}
