/* Between the server of the control socket and the calls. */
#ifndef SLUIS_AGENT_CONTROL_INTERNAL_H
#define SLUIS_AGENT_CONTROL_INTERNAL_H

#include "agent/agent.h"
#include "agent/control_run.h"

struct control_conn;
struct control_server;

#define CALL_STATE_BYTES 16 /* random, names one question for signatures */

enum call_state {
    CALL_RUNNING = 1,
    CALL_SIGNING,   /* waits for signatures */
    CALL_RECEIVING, /* takes raw frames */
};

struct agent_control {
    struct agent *agent;
    struct control_server *server;
    struct call *first;
    size_t pending;
    bool is_draining;
};

struct call {
    struct agent_control *control;
    struct control_conn *conn; /* NULL: closed */
    struct call *next;
    struct name staff;
    enum call_state state;
    struct doc *request; /* whole; args are borrowed from it */
    char question[2 * CALL_STATE_BYTES + 1];
    size_t sign_count;
    call_signed_fn on_signed;
    call_data_fn on_data;
    void *arg; /* of on_signed or on_data */
};

struct call *call_new(struct agent_control *c, struct control_conn *conn, const struct name *staff);
/* {"verb":"signed", …}; anything wrong ends the call for its handler as a refusal to sign. */
void call_take_signatures(struct call *c, const struct doc *args);
void call_take_data(struct call *c, struct bytes frame);
/* The connection is closed. */
void call_gone(struct call *c);

/* {"error": …} to a connection that has no call. */
struct call_error {
    enum err e;
    int exit_code;
    const char *text;
};
void control_send_error(struct control_conn *conn, const struct call_error *error,
                        struct doc *conditions);

#endif
