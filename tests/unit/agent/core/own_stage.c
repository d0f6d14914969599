#include "tests/unit/agent/core/own_stage.h"

#include <pthread.h>
#include <stdio.h>

#include "agent/log/keeping.h"
#include "agent/own_log.h"
#include "pki/logbook/logbook.h"
#include "proto/host/control.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

int own_stage_set_up(void **state, const char *deployment, const struct agent_part *const *parts)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    stage.fake.is_mute = true; /* nothing here needs a session */
    *state = &stage;
    return 0;
}

int own_stage_tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

bool is_quiet(struct stage *s)
{
    return !log_keeper_is_busy(s->agent->log_keeping->keeper) &&
           writer_pending(s->agent->writer, WRITER_INTERACTIVE) == 0 &&
           writer_pending(s->agent->writer, WRITER_BULK) == 0 && worker_pending(s->agent->workers) == 0;
}

void publish(struct stage *s)
{
    log_keeper_tick(s->agent->log_keeping->keeper);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
}

size_t bodies_of(struct stage *s, enum audit_event event, struct buf *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct bytes key;
    size_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        struct digest entry;
        struct audit_body body;
        memcpy(entry.b, key.ptr, sizeof entry.b);
        arena_reset(a);
        buf_reset(&json);
        OK(logbook_open_body(own_log_book(s->agent->own_log), txn, &entry, &json));
        OK(audit_body_parse(buf_bytes(&json), a, &body, NULL));
        if (body.event != event)
            continue;
        n++;
        if (out != NULL) {
            buf_reset(out);
            buf_put(out, buf_bytes(&json));
        }
    }
    return n;
}

static void *client(void *arg)
{
    struct talk *t = arg;
    struct control_client *c = NULL;
    CLEANUP(buf_free) struct buf frame = buf_new(CONTROL_FRAME_MAX);
    if (control_client_new(t->path, &c, NULL) == ERR_OK && control_client_send(c, bytes_str(t->frame)) == ERR_OK &&
        control_client_recv(c, WAIT_MS, &frame) == ERR_OK)
        snprintf(t->answer, sizeof t->answer, "%s", buf_text(&frame));
    control_client_free(c);
    atomic_store(&t->done, true);
    return NULL;
}

void talk(struct stage *s, struct talk *t)
{
    pthread_t thread;
    t->path = s->config->service.control;
    OK(pthread_create(&thread, NULL, client, t));
    while (!atomic_load(&t->done))
        OK(loop_turn(s->loop, 10));
    pthread_join(thread, NULL);
}
