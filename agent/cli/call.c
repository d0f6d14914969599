/* One call from request to answer: progress, signatures and bulk input on the way. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/cli_call.h"
#include "proto/host/control.h"
#include "proto/host/progress.h"

struct talk {
    struct cli *cli;
    struct cli_call *call;
    struct progress *bar;
    struct buf frame;
    struct doc *message; /* the last one received */
    bool held;           /* and not handled yet: it came while input was being sent */
};

static int lost(struct cli *c, enum err e)
{
    return cli_error(c, EX_UNAVAILABLE,
                    "the agent at %s went away before it answered (%s); what it had acknowledged is "
                    "kept, ask again",
                    c->path, err_text(e));
}

static int send_doc(struct cli *c, const struct doc *d)
{
    CLEANUP(buf_free) struct buf text = buf_new(CONTROL_FRAME_MAX);
    enum err bad = doc_write(d, &text);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "the call does not fit a message: %s", err_text(bad));
    bad = control_client_send(c->client, buf_bytes(&text));
    return bad == ERR_OK ? 0 : lost(c, bad);
}

static int send_request(struct cli *c, struct cli_call *call)
{
    CLEANUP(cleanup_doc_free) struct doc *request = doc_new_object();
    struct doc *args = take(call->args);
    struct doc_build b = doc_build_of(request);
    doc_put_str(&b, "verb", call->verb);
    doc_put_doc(&b, "args", args != NULL ? args : doc_new_object());
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    return send_doc(c, request);
}

/* Receives the next message. *waited: nothing came within timeout_ms. */
static int receive(struct talk *t, int timeout_ms, bool *waited)
{
    buf_reset(&t->frame);
    enum err bad = control_client_recv(t->cli->client, timeout_ms, &t->frame);
    *waited = bad == ERR_EXPIRED;
    if (*waited)
        return 0;
    if (bad != ERR_OK)
        return lost(t->cli, bad);
    doc_free(take(t->message));
    struct errmsg why = {""};
    bad = doc_parse(buf_bytes(&t->frame), CONTROL_FRAME_MAX, &t->message, &why);
    if (bad != ERR_OK)
        return cli_error(t->cli, EX_PROTOCOL, "the agent's answer cannot be read: %s", why.text);
    return 0;
}

static void show_progress(struct talk *t, const struct doc *p)
{
    int64_t done = 0;
    int64_t total = 0;
    if (doc_get_int(p, "done", 0, INT64_MAX, &done, NULL) != ERR_OK)
        return;
    if (doc_get_int(p, "total", 0, INT64_MAX, &total, NULL) != ERR_OK)
        total = 0;
    if (t->bar == NULL)
        t->bar = progress_new(t->cli->err, t->call->verb,
                              t->call->unit != NULL ? t->call->unit : "", (uint64_t)total);
    progress_set_total(t->bar, (uint64_t)total);
    progress_set(t->bar, (uint64_t)done);
}

static void end_progress(struct talk *t)
{
    progress_finish(t->bar);
    progress_free(take(t->bar));
}

static int answer_sign(struct talk *t)
{
    end_progress(t);
    CLEANUP(cleanup_doc_free) struct doc *reply = NULL;
    int code = cli_sign(t->cli, t->call, t->message, &reply);
    return code != 0 ? code : send_doc(t->cli, reply);
}

/* Looks whether the agent has said something meanwhile, so that neither side waits for the other. */
static int look_between(struct talk *t)
{
    bool waited = false;
    int code = receive(t, 0, &waited);
    if (code != 0 || waited)
        return code;
    const struct doc *p = NULL;
    if (doc_get_object(t->message, "progress", &p, NULL) == ERR_OK)
        show_progress(t, p);
    else
        t->held = true;
    return 0;
}

/* Sends the input in frames, an empty one at the end, until the agent says something else. */
static int send_input(struct talk *t)
{
    if (t->call->source == NULL)
        return cli_error(t->cli, EX_PROTOCOL, "the agent asks for input that '%s' has not",
                        t->call->verb);
    CLEANUP(buf_free) struct buf chunk = buf_new(CLI_CHUNK_BYTES);
    int code = 0;
    do {
        struct errmsg why = {""};
        buf_reset(&chunk);
        enum err bad = t->call->source(t->call->arg, &chunk, &why);
        if (bad != ERR_OK)
            return cli_error(t->cli, cli_exit_of(bad), "%s", why.text);
        bad = control_client_send(t->cli->client, buf_bytes(&chunk));
        code = bad == ERR_OK ? look_between(t) : lost(t->cli, bad);
    } while (code == 0 && !t->held && chunk.len > 0);
    return code;
}

/* One message of the agent. -1: go on; otherwise the exit code. */
static int turn(struct talk *t, struct doc **ok)
{
    const struct doc *part = NULL;
    if (doc_get_object(t->message, "progress", &part, NULL) == ERR_OK) {
        show_progress(t, part);
        return -1;
    }
    int code = -1;
    if (doc_get_array(t->message, "sign", &part, NULL) == ERR_OK)
        code = answer_sign(t);
    else if (doc_get_object(t->message, "send", &part, NULL) == ERR_OK)
        code = send_input(t);
    else if (doc_get_object(t->message, "ok", &part, NULL) == ERR_OK) {
        t->call->is_answered = true;
        *ok = doc_copy(part);
        return *ok != NULL ? 0 : cli_error(t->cli, EX_OSERR, "out of memory");
    } else if (doc_get_object(t->message, "error", &part, NULL) == ERR_OK) {
        end_progress(t);
        t->call->is_answered = true;
        return cli_agent_error(t->cli, part);
    } else {
        return cli_error(t->cli, EX_PROTOCOL, "the agent's answer is of no known kind");
    }
    return code == 0 ? -1 : code;
}

static int talk_on(struct talk *t, struct doc **ok)
{
    int code = -1;
    while (code == -1) {
        bool waited = false;
        code = t->held ? 0 : receive(t, -1, &waited);
        t->held = false;
        if (code == 0)
            code = turn(t, ok);
    }
    return code;
}

/* With --json the answer carries each document that was signed on the way. */
static int add_signed(struct cli *c, struct doc *ok)
{
    if (c->signed_documents == NULL)
        return 0;
    struct doc_build b = doc_build_of(ok);
    doc_put_doc(&b, "signed", take(c->signed_documents));
    return doc_build_done(&b) == ERR_OK ? 0 : cli_error(c, EX_OSERR, "out of memory");
}

int cli_call(struct cli *c, struct cli_call *call, struct doc **ok)
{
    int code = cli_connect(c);
    if (code == 0)
        code = send_request(c, call);
    doc_free(take(call->args));
    if (code != 0)
        return code;
    struct talk t = {.cli = c, .call = call, .frame = buf_new(CONTROL_FRAME_MAX)};
    code = talk_on(&t, ok);
    end_progress(&t);
    doc_free(t.message);
    buf_free(&t.frame);
    return code == 0 ? add_signed(c, *ok) : code;
}
