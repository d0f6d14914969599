/* Under which handles an agency has contributed its records, from a copy of its store and its own keys.
 * usage: handle_probe STORE AGENCY-FOLDER OIN
 * Standard input: one record key a line. Out: number of the line, handle; nothing for a record that is not
 * contributed. Synthetic data only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/records/live.h"
#include "proto/base/label.h"
#include "proto/base/text.h"
#include "tests/support/unlocked.h"

#define LINE_MAX_BYTES 1024u

struct probe {
    struct store *store;
    struct kv_txn *txn;
    struct secret *live;
    struct handle_code *handles;
    uint64_t data_sets;
};

static void open_all(struct probe *p, char **argv)
{
    struct agency_id agency;
    struct errmsg why = {""};
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *storage = unlocked_storage(argv[2]);
    CLEANUP(cleanup_secret_free) struct secret *handle = NULL;
    unlocked_must("OIN", agency_id_parse(bytes_str(argv[3]), &agency));
    const struct store_params params = {
        .dir = argv[1], .map_bytes = UINT64_C(4) << 30, .keys = storage, .agency = &agency};
    enum err e = agent_store_open(&params, &p->store, &why);
    if (e != ERR_OK)
        fprintf(stderr, "%s\n", why.text);
    unlocked_must("store", e);
    unlocked_must("live", store_derive(p->store, LABEL_STORE_LIVE, &p->live));
    unlocked_must("handle", store_derive(p->store, LABEL_STORE_HANDLE, &handle));
    unlocked_must("handles", handle_code_new(handle, &p->handles));
    unlocked_must("snapshot", kv_read_begin(store_kv(p->store), &p->txn));
    unlocked_must("data sets", store_get_number(p->store, p->txn, "data_sets", &p->data_sets));
}

static void print_handle(struct probe *p, size_t line, struct record_place place)
{
    struct handle h;
    uint8_t room[33];
    struct buf hex = buf_fixed(room, sizeof room);
    unlocked_must("handle", handle_of_place(p->handles, place, &h));
    text_put_hex(&hex, BYTES_OF_ARRAY(h.b));
    printf("%zu %.*s\n", line, (int)hex.len, (const char *)hex.ptr);
}

/* digests: the number of the data set whose digests this one has, that of the oldest epoch of its source. */
static void look_up(struct probe *p, uint32_t data_set, uint32_t digests, struct bytes key, size_t line)
{
    CLEANUP(cleanup_live_hash_free) struct live_hash *hash = NULL;
    struct live_digest digest;
    struct live_entry entry;
    unlocked_must("hash", live_hash_new(p->live, digests, bytes_of(NULL, 0), &hash));
    unlocked_must("digest", live_hash_key(hash, key, &digest));
    enum err e = live_get(p->store, p->txn, data_set, &digest, &entry);
    if (e == ERR_OK)
        print_handle(p, line, entry.place);
    else if (e != ERR_NOT_FOUND)
        unlocked_must("live entry", e);
}

int main(int argc, char **argv)
{
    if (argc != 4 || secret_init() == ERR_NOMEM)
        return 64;
    struct probe p = {0};
    open_all(&p, argv);
    char text[LINE_MAX_BYTES];
    for (size_t line = 0; fgets(text, sizeof text, stdin) != NULL; line++) {
        text[strcspn(text, "\n")] = '\0';
        for (uint32_t set = 1; set <= p.data_sets; set++)
            for (uint32_t digests = 1; digests <= set; digests++)
                look_up(&p, set, digests, bytes_str(text), line);
    }
    kv_read_end(p.txn);
    handle_code_free(p.handles);
    secret_free(p.live);
    agent_store_free(p.store);
    return ferror(stdin) || fflush(stdout) != 0 ? 74 : 0;
}
