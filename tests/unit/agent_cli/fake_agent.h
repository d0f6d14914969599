/* The agent that a test of `sluis` plays: a folder of its own with a control socket, and a loop in a thread that answers. */
#ifndef SLUIS_TESTS_FAKE_AGENT_H
#define SLUIS_TESTS_FAKE_AGENT_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki/secret.h"
#include "proto/host/control.h"
#include "proto/host/loop.h"

struct fake_agent {
    char dir[64]; /* the test removes what it has in it, and the folder */
    char socket[96];
    struct loop *loop;
    struct control_server *server;
    pthread_t thread;
};

static inline void fake_agent_open(struct fake_agent *a, void (*on_frame)(void *arg, struct control_conn *c, struct bytes frame))
{
    const enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    snprintf(a->dir, sizeof a->dir, "/tmp/sluis-cli-XXXXXX");
    assert_non_null(mkdtemp(a->dir));
    snprintf(a->socket, sizeof a->socket, "%s/agent.sock", a->dir);
    assert_int_equal(loop_new(&a->loop), ERR_OK);
    const struct control_server_params p = {.loop = a->loop, .path = a->socket, .mode = 0600, .calls = {.on_frame = on_frame}};
    assert_int_equal(control_server_new(&p, &a->server, NULL), ERR_OK);
}

static inline void fake_agent_close(struct fake_agent *a)
{
    control_server_free(a->server);
    loop_free(a->loop);
}

static inline void *fake_agent_serve(void *loop)
{
    assert_int_equal(loop_run(loop), ERR_OK);
    return NULL;
}

/* It answers from here to fake_agent_stop. */
static inline void fake_agent_start(struct fake_agent *a)
{
    assert_int_equal(pthread_create(&a->thread, NULL, fake_agent_serve, a->loop), 0);
}

static inline void fake_agent_stop(struct fake_agent *a)
{
    loop_quit(a->loop);
    pthread_join(a->thread, NULL);
}

#endif
