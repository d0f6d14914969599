#include "agent/space.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/store/store.h"
#include "proto/base/log.h"
#include "proto/host/kv.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define LOOK_MS 1000

struct space {
    struct agent *agent;
    struct loop_timer *timer;
    unsigned times_full; /* as of the last look */
    bool is_full;
    bool is_trying;
};

static enum err try_job(struct kv_txn *txn, void *arg)
{
    struct space *s = arg;
    return store_put_number(s->agent->store, txn, "space", (uint64_t)agent_now_s(s->agent));
}

static void tried(enum err result, void *arg)
{
    struct space *s = arg;
    s->is_trying = false;
    if (result != ERR_OK)
        return;
    s->is_full = false;
    log_notice("store.open dir=%s", s->agent->config->service.store);
}

static void look(void *arg)
{
    struct space *s = arg;
    const unsigned times_full = writer_times_full(s->agent->writer);
    const bool is_news = times_full != s->times_full;
    s->times_full = times_full;
    if (is_news && !s->is_full) {
        s->is_full = true;
        log_err("store.full dir=%s: what must be kept is not taken until there is room",
                s->agent->config->service.store);
    }
    if (!s->is_full || s->is_trying || !kv_has_room(s->agent->kv))
        return;
    s->is_trying =
        writer_submit(s->agent->writer, WRITER_INTERACTIVE, try_job, tried, s) == ERR_OK;
}

bool space_is_full(const struct space *s)
{
    return s->is_full;
}

enum err space_new(struct agent *a, struct space **out)
{
    CLEANUP(cleanup_space_free) struct space *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->agent = a;
    s->timer = loop_timer_new(a->loop, look, s);
    if (s->timer == NULL)
        return ERR_NOMEM;
    loop_timer_every(s->timer, LOOK_MS);
    *out = take(s);
    return ERR_OK;
}

void space_free(struct space *s)
{
    if (s == NULL)
        return;
    loop_timer_free(s->timer);
    free(s);
}
