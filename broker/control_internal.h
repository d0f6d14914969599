/* What the verbs of the broker's control socket share. */
#ifndef SLUIS_BROKER_CONTROL_INTERNAL_H
#define SLUIS_BROKER_CONTROL_INTERNAL_H

#include <sys/types.h>

#include "broker/broker.h"
#include "proto/json/doc.h"

struct control_conn;

/* A call on its way to an answer. */
struct call {
    struct broker *broker;
    struct control_conn *conn;
    uid_t uid;
    const struct doc *args; /* NULL: none */
    struct doc *ok;
    enum err err;
    int exit_code;
    struct errmsg why;
    bool is_later; /* the verb took ok and answers by itself, with control_answer */
};

/* The verb fails with these words. */
void control_fail(struct call *c, enum err e, int exit_code, const char *text);

/* Sends what the call made, and closes the connection where that fails. Takes c->ok. */
void control_answer(struct control_conn *conn, struct call *c);

/* The staff id of a user, by the configuration; NULL: none. */
const struct name *control_staff(const struct broker *b, uid_t uid);

/* Verbs for an auditor (control_bodies.c). Reading and exporting are entries of the log before they are answered. */
void control_bodies(struct call *c);
void control_exported(struct call *c);
void control_filler_key(struct call *c);

/* Verbs for whoever carries files to a witness that no agent is and back (control_witness.c). */
void control_witness_request(struct call *c);
void control_witness_response(struct call *c);

/* The connection of a call that is_later is gone: nobody hears its answer. */
void control_gone(struct control_conn *conn);

#endif
