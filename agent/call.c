/* A call between its request and its one answer. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/control_internal.h"
#include "pki/random.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/host/control.h"
#include "proto/policy/explain.h"

#define SIGNATURE_MAX_BYTES 128

static const struct {
    enum err e;
    const char *id;
    int exit_code;
} errors[] = {
    {ERR_NOMEM, "no_memory", EX_OSERR},
    {ERR_INVALID, "invalid", EX_DATAERR},
    {ERR_TRUNCATED, "truncated", EX_DATAERR},
    {ERR_TOO_LARGE, "too_large", EX_DATAERR},
    {ERR_RANGE, "range", EX_DATAERR},
    {ERR_DUPLICATE, "duplicate", EX_DATAERR},
    {ERR_UNKNOWN, "unknown", EX_DATAERR},
    {ERR_NOT_FOUND, "not_found", EX_NOINPUT},
    {ERR_EXISTS, "exists", EX_DATAERR},
    {ERR_CONFLICT, "conflict", EX_DATAERR},
    {ERR_STATE, "state", EX_TEMPFAIL},
    {ERR_SIGNATURE, "signature", EX_NOPERM},
    {ERR_CERT, "certificate", EX_NOPERM},
    {ERR_EXPIRED, "expired", EX_DATAERR},
    {ERR_BEHIND, "behind", EX_TEMPFAIL},
    {ERR_MISMATCH, "mismatch", EX_DATAERR},
    {ERR_CRYPTO, "crypto", EX_SOFTWARE},
    {ERR_IO, "io", EX_IOERR},
    {ERR_NO_SPACE, "no_space", EX_TEMPFAIL},
    {ERR_AGAIN, "again", EX_TEMPFAIL},
    {ERR_CLOSED, "closed", EX_TEMPFAIL},
    {ERR_UNREACHABLE, "unreachable", EX_UNAVAILABLE},
    {ERR_CONFIG, "config", EX_CONFIG},
    {ERR_PERMISSION, "permission", EX_NOPERM},
    {ERR_VERSION, "version", EX_DATAERR},
    {ERR_LIMIT, "limit", EX_TEMPFAIL},
    {ERR_UNSUPPORTED, "unsupported", EX_SOFTWARE},
    {ERR_CANCELLED, "cancelled", EX_TEMPFAIL},
};

static const char *error_id(enum err e)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (errors[i].e == e)
            return errors[i].id;
    return "error";
}

static int exit_of(enum err e)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (errors[i].e == e)
            return errors[i].exit_code;
    return EX_SOFTWARE;
}

static void send_doc(struct control_conn *conn, const struct doc *d)
{
    CLEANUP(buf_free) struct buf text = buf_new(CONTROL_FRAME_MAX);
    enum err bad = d != NULL ? doc_write(d, &text) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = control_conn_send(conn, buf_bytes(&text));
    if (bad != ERR_OK) {
        log_warn("control.answer_not_sent error=\"%s\"", err_text(bad));
        control_conn_close(conn);
    }
}

/* {key: value}; value is taken. */
static void send_member(struct control_conn *conn, const char *key, struct doc *value)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, key, value);
    send_doc(conn, doc_build_done(&b) == ERR_OK ? d : NULL);
}

void control_send_error(struct control_conn *conn, const struct call_error *error,
                        struct doc *conditions)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "code", error_id(error->e));
    doc_put_int(&b, "exit", error->exit_code);
    doc_put_str(&b, "text", error->text);
    doc_put_doc(&b, "conditions", conditions != NULL ? conditions : doc_new_array());
    send_member(conn, "error", d);
}

struct call *call_new(struct agent_control *control, struct control_conn *conn,
                      const struct name *staff)
{
    struct call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->control = control;
    c->conn = conn;
    c->staff = *staff;
    c->state = CALL_RUNNING;
    c->next = control->first;
    control->first = c;
    control->pending++;
    return c;
}

/* After its answer. */
static void end(struct call *c)
{
    struct call **at = &c->control->first;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->control->pending--;
    if (c->conn != NULL) {
        control_conn_set_data(c->conn, NULL);
        control_conn_pause(c->conn, false);
    }
    doc_free(c->request);
    free(c);
}

struct agent *call_agent(const struct call *c)
{
    return c->control->agent;
}

const struct name *call_staff(const struct call *c)
{
    return &c->staff;
}

const struct roster_officer *call_officer(const struct call *c)
{
    const struct agent *a = c->control->agent;
    const struct roster_officer *o = roster_officer_of(view_roster(a->view), &a->config->oin,
                                                       &c->staff);
    if (o == NULL)
        return NULL;
    return view_officer(a->view, &o->cert.fingerprint, &a->config->oin, agent_now_s(a));
}

bool call_has(const struct call *c, enum officer_function f)
{
    const struct roster_officer *o = call_officer(c);
    return o != NULL && roster_officer_has(o, f);
}

bool call_is_gone(const struct call *c)
{
    return c->conn == NULL;
}

void call_ok(struct call *c, struct doc *ok)
{
    if (ok == NULL) {
        call_fail(c, ERR_NOMEM, EX_OSERR, "out of memory; try again");
        return;
    }
    if (c->conn != NULL)
        send_member(c->conn, "ok", ok);
    else
        doc_free(ok);
    end(c);
}

void call_fail(struct call *c, enum err e, int exit_code, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const struct call_error error = {e, exit_code, text};
    if (c->conn != NULL)
        control_send_error(c->conn, &error, NULL);
    end(c);
}

void call_error(struct call *c, enum err e, const struct errmsg *why)
{
    const char *text = why != NULL && why->text[0] != '\0' ? why->text : err_text(e);
    call_fail(c, e, exit_of(e), "%s", text);
}

static void put_buf(struct doc_build *b, const char *key, struct buf *text)
{
    doc_put_text(b, key, buf_bytes(text));
    buf_reset(text);
}

/* One failed condition in both languages. */
struct doc *condition_doc(const struct policy *p, const struct failure *f)
{
    CLEANUP(buf_free) struct buf text = buf_new(8192);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "code", condition_id(f->condition));
    doc_put_str(&b, "nl", condition_nl(f->condition));
    doc_put_str(&b, "en", condition_en(f->condition));
    if (f->detail[0] != '\0')
        doc_put_str(&b, "detail", f->detail);
    if (f->cite != NULL) {
        explain_citation(&text, p, f->cite, LANGUAGE_NL);
        put_buf(&b, "citation", &text);
    }
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

void call_deny(struct call *c, const struct decision *d)
{
    const struct policy *p = view_policy(c->control->agent->view);
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (uint32_t i = 0; i < d->failures_count && bad == ERR_OK; i++)
        bad = doc_append(list, condition_doc(p, &d->failures[i]));
    char text[160];
    snprintf(text, sizeof text, "the policy does not allow this: %u condition%s failed",
             d->failures_count, d->failures_count == 1 ? "" : "s");
    const struct call_error error = {ERR_PERMISSION, EX_NOPERM, text};
    if (c->conn != NULL && bad == ERR_OK)
        control_send_error(c->conn, &error, list);
    else
        doc_free(list);
    if (bad != ERR_OK)
        call_fail(c, bad, EX_OSERR, "out of memory; try again");
    else
        end(c);
}

void call_progress(struct call *c, const char *what, uint64_t done, uint64_t total)
{
    if (c->conn == NULL)
        return;
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc *p = doc_new_object();
    struct doc_build b = doc_build_of(p);
    doc_put_str(&b, "what", what);
    doc_put_int(&b, "done", (int64_t)done);
    doc_put_int(&b, "total", (int64_t)total);
    struct doc_build whole = doc_build_of(d);
    doc_put_doc(&whole, "progress", p);
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    if (doc_build_done(&whole) == ERR_OK && doc_write(d, &text) == ERR_OK &&
        control_conn_send(c->conn, buf_bytes(&text)) == ERR_AGAIN)
        log_debug("control.progress_skipped");
}

/* One element of {"sign": […]}. */
static struct doc *document_doc(const struct call_document *document)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "kind", document->kind);
    doc_put_base64(&b, "document", document->document);
    if (document->shown != NULL)
        doc_put_doc(&b, "shown", doc_copy(document->shown));
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static enum err make_question(struct call *c)
{
    uint8_t raw[CALL_STATE_BYTES];
    struct buf hex = buf_fixed(c->question, sizeof c->question - 1);
    enum err bad = random_fill(raw, sizeof raw);
    text_put_hex(&hex, BYTES_OF_ARRAY(raw));
    c->question[sizeof c->question - 1] = '\0';
    return bad == ERR_OK ? buf_err(&hex) : bad;
}

static enum err send_question(struct call *c, const struct call_document *documents, size_t count)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? make_question(c) : ERR_NOMEM;
    for (size_t i = 0; i < count && bad == ERR_OK; i++)
        bad = doc_append(list, document_doc(&documents[i]));
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, "sign", list);
    doc_put_str(&b, "state", c->question);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        send_doc(c->conn, d);
    return bad;
}

void call_sign(struct call *c, const struct call_document *documents, size_t count,
               call_signed_fn on_signed, void *arg)
{
    enum err bad = c->conn != NULL ? send_question(c, documents, count) : ERR_CLOSED;
    if (bad != ERR_OK) {
        on_signed(c, arg, NULL, 0);
        return;
    }
    c->state = CALL_SIGNING;
    c->sign_count = count;
    c->on_signed = on_signed;
    c->arg = arg;
}

/* Decodes the signatures behind one another into room; the views are in out. */
static enum err read_signatures(const struct doc *args, size_t count, struct buf *room,
                                struct bytes *out)
{
    const struct doc *list = NULL;
    enum err bad = doc_get_array(args, "signatures", &list, NULL);
    if (bad == ERR_OK && doc_count(list) != count)
        bad = ERR_INVALID;
    size_t ends[256 + 1] = {0};
    for (size_t i = 0; i < count && bad == ERR_OK; i++) {
        struct bytes text;
        bad = doc_text_of(doc_at(list, i), 2 * SIGNATURE_MAX_BYTES, &text);
        if (bad == ERR_OK)
            bad = text_get_base64(text, room);
        ends[i + 1] = room->len;
    }
    for (size_t i = 0; i < count && bad == ERR_OK; i++)
        out[i] = bytes_of(room->ptr + ends[i], ends[i + 1] - ends[i]);
    return bad;
}

void call_take_signatures(struct call *c, const struct doc *args)
{
    struct bytes views[256];
    struct bytes question;
    call_signed_fn on_signed = c->on_signed;
    size_t count = c->sign_count;
    CLEANUP(buf_free) struct buf room = buf_new((size_t)256 * SIGNATURE_MAX_BYTES);
    enum err bad = count <= ARRAY_LEN(views) ? ERR_OK : ERR_LIMIT;
    if (bad == ERR_OK)
        bad = doc_get_text(args, "state", sizeof c->question, &question, NULL);
    if (bad == ERR_OK && !bytes_is(question, c->question))
        bad = ERR_MISMATCH;
    if (bad == ERR_OK)
        bad = read_signatures(args, count, &room, views);
    c->state = CALL_RUNNING;
    c->on_signed = NULL;
    if (bad == ERR_OK)
        on_signed(c, c->arg, views, count);
    else
        on_signed(c, c->arg, NULL, 0);
}

void call_receive(struct call *c, call_data_fn on_data, void *arg)
{
    if (c->conn == NULL) {
        on_data(c, arg, bytes_of(NULL, 0), true);
        return;
    }
    c->state = CALL_RECEIVING;
    c->on_data = on_data;
    c->arg = arg;
    send_member(c->conn, "send", doc_new_object());
}

void call_take_data(struct call *c, struct bytes frame)
{
    struct control_conn *conn = c->conn;
    call_data_fn on_data = c->on_data;
    bool is_end = frame.len == 0;
    if (is_end)
        c->state = CALL_RUNNING;
    bool goes_on = on_data(c, c->arg, frame, is_end);
    if (!goes_on && !is_end && control_conn_data(conn) == c)
        control_conn_pause(conn, true);
}

void call_resume(struct call *c)
{
    if (c->conn != NULL)
        control_conn_pause(c->conn, false);
}

void call_gone(struct call *c)
{
    c->conn = NULL;
    enum call_state state = c->state;
    c->state = CALL_RUNNING;
    switch (state) {
    case CALL_RUNNING: return;
    case CALL_SIGNING: c->on_signed(c, c->arg, NULL, 0); return;
    case CALL_RECEIVING: c->on_data(c, c->arg, bytes_of(NULL, 0), true); return;
    }
}
