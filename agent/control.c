/* The server of the control socket: who called, whether that person may, and which verb. Anything that
 * is no request of a known person is refused in one line and has no effect. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/control_internal.h"
#include "agent/part.h"
#include "proto/base/log.h"
#include "proto/host/control.h"

#define VERB_MAX_BYTES 64
#define FUNCTION_BIT(f) (UINT32_C(1) << (f))

static const struct verb *find_verb(const struct agent *a, struct bytes name)
{
    for (const struct agent_part *const *p = a->parts; *p != NULL; p++)
        for (const struct verb *v = (*p)->verbs; v != NULL && v->name != NULL; v++)
            if (bytes_is(name, v->name))
                return v;
    return NULL;
}

/* The staff id of a Unix user, or NULL. */
static const struct name *staff_of(const struct agent *a, uid_t uid)
{
    const struct conf_staff_list *list = &a->config->service.staff;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].uid == uid)
            return &list->items[i].staff;
    return NULL;
}

static void refuse(struct control_conn *conn, enum err e, int exit_code, const char *text)
{
    const struct call_error error = {e, exit_code, text};
    control_send_error(conn, &error, NULL);
}

/* "case_worker, release_officer" of a set of functions. */
static void put_functions(struct buf *out, uint32_t functions)
{
    for (int f = FUNCTION_AUDITOR; f < FUNCTION_COUNT; f++)
        if (functions & FUNCTION_BIT(f))
            buf_printf(out, "%s%s", out->len > 0 ? ", " : "",
                       officer_function_id((enum officer_function)f));
}

static bool may(const struct call *c, const struct verb *v)
{
    const struct roster_officer *o = call_officer(c);
    return o != NULL && (v->functions == 0 || (o->functions & v->functions) != 0);
}

static void fail_function(struct call *c, const struct verb *v)
{
    char room[256];
    struct buf needed = buf_fixed(room, sizeof room - 1);
    put_functions(&needed, v->functions);
    log_notice("control.refused verb=%s reason=function", v->name);
    if (call_officer(c) == NULL)
        call_fail(c, ERR_PERMISSION, EX_NOPERM,
                  "%s is not on the roster of this agency, or the certificate has ended; the "
                  "registrar enrols people",
                  c->staff.s);
    else
        call_fail(c, ERR_PERMISSION, EX_NOPERM,
                  "'%s' needs a function that %s has not on the roster: %s", v->name, c->staff.s,
                  buf_text(&needed));
}

static const struct doc *args_of(const struct doc *request)
{
    const struct doc *args = NULL;
    return doc_get_object(request, "args", &args, NULL) == ERR_OK ? args : NULL;
}

/* A request of a known person on a connection without a call. */
static void start_call(struct agent_control *s, struct control_conn *conn, struct doc *request,
                       const struct name *staff)
{
    struct bytes name;
    const struct verb *v = NULL;
    if (doc_get_text(request, "verb", VERB_MAX_BYTES, &name, NULL) == ERR_OK)
        v = find_verb(s->agent, name);
    if (v == NULL || args_of(request) == NULL) {
        refuse(conn, ERR_UNKNOWN, EX_USAGE,
               v == NULL ? "no such verb here; sluis --help lists them" : "the call has no args");
        doc_free(request);
        return;
    }
    struct call *c = call_new(s, conn, staff);
    if (c == NULL) {
        refuse(conn, ERR_NOMEM, EX_OSERR, "out of memory; try again");
        doc_free(request);
        return;
    }
    c->request = request;
    control_conn_set_data(conn, c);
    if (may(c, v))
        v->handler(c, args_of(request));
    else
        fail_function(c, v);
}

/* A frame while a call is under way: signatures, or nothing that fits. */
static void continue_call(struct call *c, struct control_conn *conn, const struct doc *message)
{
    struct bytes name;
    const struct doc *args = args_of(message);
    bool is_signed = doc_get_text(message, "verb", VERB_MAX_BYTES, &name, NULL) == ERR_OK &&
                     bytes_is(name, "signed") && args != NULL;
    if (c->state == CALL_SIGNING && is_signed)
        call_take_signatures(c, args);
    else
        refuse(conn, ERR_STATE, EX_PROTOCOL, "one call at a time on a connection");
}

static void on_frame(void *arg, struct control_conn *conn, struct bytes frame)
{
    struct agent_control *s = arg;
    struct call *c = control_conn_data(conn);
    if (c != NULL && c->state == CALL_RECEIVING) {
        call_take_data(c, frame);
        return;
    }
    const struct name *staff = staff_of(s->agent, control_conn_uid(conn));
    if (staff == NULL) {
        log_notice("control.refused uid=%u reason=unknown", (unsigned)control_conn_uid(conn));
        refuse(conn, ERR_PERMISSION, EX_NOPERM,
               "this user is not among 'staff' in the agent's configuration");
        control_conn_close(conn);
        return;
    }
    struct doc *d = NULL;
    struct errmsg why = {""};
    enum err bad = doc_parse(frame, CONTROL_FRAME_MAX, &d, &why);
    if (bad != ERR_OK || !doc_is_object(d)) {
        refuse(conn, ERR_INVALID, EX_DATAERR, bad != ERR_OK ? why.text : "not a JSON object");
        doc_free(d);
    } else if (c != NULL) {
        continue_call(c, conn, d);
        doc_free(d);
    } else if (s->is_draining) {
        refuse(conn, ERR_CLOSED, EX_TEMPFAIL, "the agent is stopping; try again");
        doc_free(d);
    } else {
        start_call(s, conn, d, staff);
    }
}

static void on_close(void *arg, struct control_conn *conn)
{
    (void)arg;
    struct call *c = control_conn_data(conn);
    if (c != NULL)
        call_gone(c);
}

enum err agent_control_new(struct agent *a, struct agent_control **out, struct errmsg *why)
{
    CLEANUP(cleanup_agent_control_free) struct agent_control *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->agent = a;
    const struct control_server_params p = {
        .loop = a->loop,
        .path = a->config->service.control,
        .mode = 0666, /* who may speak is decided by user id, for each frame */
        .calls = {.on_frame = on_frame, .on_close = on_close, .arg = s},
    };
    enum err bad = control_server_new(&p, &s->server, why);
    if (bad == ERR_OK)
        *out = take(s);
    return bad;
}

void agent_control_drain(struct agent_control *s)
{
    s->is_draining = true;
}

size_t agent_control_pending(const struct agent_control *s)
{
    return s->pending;
}

void agent_control_stop(struct agent_control *s)
{
    control_server_free(take(s->server));
}

void agent_control_free(struct agent_control *s)
{
    if (s == NULL)
        return;
    agent_control_stop(s);
    while (s->first != NULL) { /* calls whose work never ended */
        struct call *c = s->first;
        s->first = c->next;
        doc_free(c->request);
        free(c);
    }
    free(s);
}
