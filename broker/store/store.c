#include "broker/store/store.h"

#include <stdlib.h>

enum err store_new(struct kv *kv, struct store **out, struct errmsg *why)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->kv = kv;
    const struct {
        const char *name;
        struct kv_table *table;
    } tables[] = {
        {"meta", &s->meta},
        {"documents", &s->documents},
        {"known", &s->known},
        {"known_until", &s->known_until},
        {"mail", &s->mail},
        {"mail_state", &s->mail_state},
        {"log_pending", &s->log.pending},
        {"log_entries", &s->log.entries},
        {"log_nodes", &s->log.nodes},
        {"log_rows", &s->log.rows},
        {"log_keys", &s->log.keys},
        {"log_bodies", &s->log.bodies},
        {"log_proofs", &s->log.proofs},
        {"log_due", &s->log.due},
        {"log_index", &s->log.index},
        {"log_named", &s->log.named},
        {"log_copies", &s->log_copies},
        {"agency_logs", &s->agency_logs},
        {"asks", &s->asks},
        {"ask_answers", &s->ask_answers},
        {"ask_queue", &s->ask_queue},
        {"held", &s->held},
        {"matches", &s->matches},
        {"settlements", &s->settlements},
        {"renewals", &s->renewals},
        {"limit_keys", &s->limit_keys},
        {"limit_members", &s->limit_members},
        {"limit_counts", &s->limit_counts},
    };
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        enum err e = kv_table_open(kv, tables[i].name, tables[i].table);
        if (e != ERR_OK) {
            free(s);
            return errmsg_set(why, e, "store: table %s: %s", tables[i].name, err_text(e));
        }
    }
    s->log.state = s->meta;
    *out = s;
    return ERR_OK;
}

void store_free(struct store *s)
{
    free(s);
}
