/* The daemon's control socket: a Unix stream socket that carries frames (u32 big-endian length,
 * then bytes). The kernel says which user is on the other side. Server: loop thread. */
#ifndef SLUIS_HOST_CONTROL_H
#define SLUIS_HOST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"

struct loop;
struct control_server;
struct control_conn;

#define CONTROL_FRAME_MAX (16u << 20)

struct control_calls {
    /* One frame; a view until the call returns. The handler may send, close, or answer later. */
    void (*on_frame)(void *arg, struct control_conn *c, struct bytes frame);
    /* The output queue went below half: a streaming reply may go on. May be NULL. */
    void (*on_room)(void *arg, struct control_conn *c);
    /* c is gone after this call, whoever closed it; forget it. May be NULL. */
    void (*on_close)(void *arg, struct control_conn *c);
    void *arg;
};

struct control_server_params {
    struct loop *loop;
    const char *path; /* a stale socket there is replaced, a live one is ERR_EXISTS */
    mode_t mode;      /* 0600, or 0660 with the folder's group */
    size_t max_frame; /* 0: CONTROL_FRAME_MAX */
    size_t max_conns; /* 0: 64; further ones wait */
    struct control_calls calls;
};

enum err control_server_new(const struct control_server_params *p, struct control_server **out,
                            struct errmsg *why) MUST_CHECK;
/* Closes all connections and removes the socket. NULL is a no-op. */
void control_server_free(struct control_server *s);
DEFINE_CLEANUP(struct control_server, control_server_free)

/* The user and process that connected, from SO_PEERCRED at accept. */
uid_t control_conn_uid(const struct control_conn *c);
pid_t control_conn_pid(const struct control_conn *c);

/* A pointer for the user of this module; NULL at first, never followed here. */
void control_conn_set_data(struct control_conn *c, void *data);
void *control_conn_data(const struct control_conn *c);

/* Queues one frame (copied). ERR_AGAIN: with it more than max_frame bytes would wait; go on at
 * on_room. ERR_TOO_LARGE, ERR_NOMEM, ERR_CLOSED (after control_conn_close, or the peer is gone). */
enum err control_conn_send(struct control_conn *c, struct bytes frame) MUST_CHECK;

/* While paused nothing is read, so that the caller has to wait; also from on_frame. */
void control_conn_pause(struct control_conn *c, bool is_paused);

/* No more frames are read; closes once the queue is out. on_close follows. */
void control_conn_close(struct control_conn *c);

/* Client, blocking; for command-line tools. */
struct control_client;

/* ERR_NOT_FOUND (no socket: the service does not run), ERR_PERMISSION, ERR_IO; why says what to do.
 */
enum err control_client_new(const char *path, struct control_client **out,
                            struct errmsg *why) MUST_CHECK;
void control_client_free(struct control_client *c);
DEFINE_CLEANUP(struct control_client, control_client_free)

/* ERR_TOO_LARGE, ERR_CLOSED, ERR_IO. */
enum err control_client_send(struct control_client *c, struct bytes frame) MUST_CHECK;

/* Replaces out by the next frame. timeout_ms -1: waits. ERR_EXPIRED (the next call goes on where this
 * one stopped, also inside a frame), ERR_CLOSED (end of stream),
 * ERR_TRUNCATED (end inside a frame), ERR_TOO_LARGE (over out->max), ERR_IO. */
enum err control_client_recv(struct control_client *c, int timeout_ms, struct buf *out) MUST_CHECK;

/* The peer's user id: the command checks that it talks to the service it expects. */
uid_t control_client_peer_uid(const struct control_client *c);

#endif
