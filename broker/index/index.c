#include <stdlib.h>

#include "broker/index/internal.h"
#include "broker/index/run.h"

static enum err open_tables(struct index *ix, struct errmsg *why)
{
    const struct {
        const char *name;
        struct kv_table *table;
    } tables[] = {
        {"index_fresh", &ix->blocks[RUN_FRESH]},
        {"index_merged", &ix->blocks[RUN_MERGED]},
        {"index_runs", &ix->runs},
        {"index_lists", &ix->lists},
        {"index_shorts", &ix->shorts},
        {"index_batches", &ix->batches},
        {"index_chains", &ix->chains},
        {"index_tallies", &ix->tallies},
    };
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        enum err e = kv_table_open(ix->kv, tables[i].name, tables[i].table);
        if (e != ERR_OK)
            return errmsg_set(why, e, "table %s: %s", tables[i].name, err_text(e));
    }
    return ERR_OK;
}

enum err index_new(struct kv *kv, struct index **out, struct errmsg *why)
{
    CLEANUP(cleanup_index_free) struct index *ix = calloc(1, sizeof *ix);
    if (ix == NULL)
        return errmsg_set(why, ERR_NOMEM, "index: no memory");
    ix->kv = kv;
    enum err e = open_tables(ix, why);
    if (e == ERR_OK)
        *out = take(ix);
    return e;
}

void index_free(struct index *ix)
{
    free(ix);
}
