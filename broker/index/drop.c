/* What goes with an epoch that is destroyed. */
#include "broker/index/catalogue.h"
#include "broker/index/chain.h"
#include "broker/index/tally.h"
#include "proto/host/crash.h"

/* Runs of an unfinished import, counts, and the chain, which goes last: it says that the rest is there. */
static enum err drop_agency(struct index *ix, struct kv_txn *txn, const struct chain_id *id,
                            size_t *dropped)
{
    const struct list_id import = {id->purpose, id->epoch, id->agency};
    struct tally_scope scope = {id->purpose, id->epoch, id->agency, false};
    enum err e = list_erase(ix, txn, &import, dropped);
    if (e == ERR_OK)
        e = tally_erase(ix, txn, &scope);
    scope.pending = true;
    if (e == ERR_OK)
        e = tally_erase(ix, txn, &scope);
    if (e == ERR_OK)
        e = chain_erase(ix, txn, id);
    *dropped += e == ERR_OK;
    return e;
}

enum err index_drop_epoch(struct index *ix, struct kv_txn *txn, const struct index_epoch *of,
                          size_t *dropped, bool *more)
{
    const struct list_id published = {of->purpose, of->epoch, 0};
    struct chain_id id = {of->purpose, of->epoch, 0};
    struct chain_agencies agencies;
    enum err e = list_erase(ix, txn, &published, dropped);
    if (e == ERR_OK)
        e = chain_agencies(ix, txn, &id, &agencies);
    for (size_t i = 0; e == ERR_OK && i < agencies.count; i++) {
        id.agency = agencies.v[i];
        e = drop_agency(ix, txn, &id, dropped);
        crash_point("epoch_drop");
    }
    *more = e == ERR_OK && agencies.count == CHAIN_AGENCIES_MAX;
    return e;
}
