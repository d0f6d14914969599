#include "tests/bench/audit_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/audit.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

void audit_store_must(enum err e, const char *what)
{
    if (e == ERR_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, err_text(e));
    exit(1);
}

void audit_store_open(struct broker *b, const char *dir, struct storage_keys *keys)
{
    struct errmsg why = {""};
    const struct kv_params kv = {.dir = dir, .map_bytes = UINT64_C(1) << 36};
    audit_store_must(kv_open(&kv, &b->kv, &why), why.text);
    audit_store_must(loop_new(&b->loop), "loop");
    const struct writer_params w = {.kv = b->kv, .loop = b->loop};
    audit_store_must(store_new(b->kv, &b->store, &why), why.text);
    audit_store_must(writer_new(&w, &b->writer), "writer");
    audit_store_must(vaults_new(keys, 1, &b->vaults), "vaults");
    const struct audit_params audit = {.store = b->store, .records = b->vaults->records};
    audit_store_must(audit_new(&audit, &b->audit), "audit");
}

void audit_store_close(struct broker *b)
{
    writer_free(b->writer);
    audit_free(b->audit);
    vaults_free(b->vaults);
    store_free(b->store);
    kv_free(b->kv);
    loop_free(b->loop);
}
