/* The broker's log ends by the rules (pki/logbook/log_retention.h). */
#include "pki/logbook/log_retention.h"

#include "broker/audit.h"

/* Behind a closed gate nothing is erased. */
static struct view *view_now(void *arg)
{
    struct broker *b = arg;
    return broker_is_open(b) ? view_ref(b->view) : NULL;
}

static enum err tell(void *arg, struct kv_txn *txn, int64_t now_s, size_t erased)
{
    struct broker *b = arg;
    const struct audit_fact of = audit_fact_word("of", "log");
    const struct turn_audit what = {.event = AUDIT_EVENT_RETENTION_DONE,
                                    .count = (uint32_t)erased,
                                    .more = &of,
                                    .more_count = 1};
    struct digest entry;
    return audit_append(b->audit, txn, &what, NULL, NULL, now_s, &entry);
}

static void looked(void *arg, enum err result)
{
    broker_saw(arg, result);
}

static void stop(struct broker *b)
{
    log_retention_free(take(b->log_retention));
}

static enum err start(struct broker *b, struct errmsg *why)
{
    const struct log_retention_params p = {
        .logbook = audit_logbook(b->audit),
        .loop = b->loop,
        .writer = b->writer,
        .clock = b->clock,
        .default_s = (int64_t)(b->config->log_retention_ms / 1000),
        .calls = {.view = view_now, .tell = tell, .looked = looked},
        .arg = b,
    };
    const enum err e = log_retention_new(&p, &b->log_retention);
    return e == ERR_OK ? e : errmsg_set(why, e, "%s", err_text(e));
}

const struct broker_part log_retention_part = {
    .name = "log_retention", .start = start, .stop = stop};
