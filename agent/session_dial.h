/* Where the broker is dialled and by which keys (decision 0902). While the roster lists a next transport key of the
 * broker, its endpoint is tried first; the present one stays until the other is up, so that a rotation interrupts
 * nothing. Who cannot reach the one uses the other. Loop thread. */
#ifndef SLUIS_AGENT_SESSION_DIAL_H
#define SLUIS_AGENT_SESSION_DIAL_H

#include "proto/base/err.h"
#include "proto/base/bytes.h"

struct dial_line;
struct session;

/* Starts to dial the first place of the view. ERR_NOT_FOUND: the roster names no broker; else as link_client_new. */
enum err session_dial_start(struct session *s, struct errmsg *why) MUST_CHECK;
void session_dial_end(struct session *s);

/* As link_client_send, on the line in use. ERR_STATE: there is none. */
enum err session_dial_send(struct session *s, struct bytes frame) MUST_CHECK;

/* Another view or other keys are in force: where the line in use is not the first choice any more, a second one is
 * dialled beside it, after a time drawn at random so that not everybody comes at once. */
void session_dial_follow(struct session *s);

/* Every second: takes the second line once it is up, and goes on to the next place where nobody answers. */
void session_dial_look(struct session *s);

/* The place that the line in use dials. */
const char *session_dial_place(const struct session *s);

#endif
