/* Under which versions of the storage key the values of a daemon's store lie: by what stands in front of each
 * sealed value, whatever the daemon says. usage: version_scan STORE broker|agent
 * Out: version, tab, number of values, one line each. May run beside the daemon. */
#include <stdio.h>
#include <string.h>

#include "agent/store/store.h"
#include "pki/aead.h"
#include "pki/rewrap.h"
#include "tests/support/unlocked.h"

#define VERSIONS 100u

/* Of the broker all tables but the bodies of the log (each under a key of its own) and what lies under an
 * epoch's held key. */
static const char *const of_broker[] = {
    "meta",      "documents", "known",       "known_until", "mail",       "mail_state",    "log_pending",
    "log_entries", "log_nodes", "log_rows",  "log_keys",    "log_proofs", "log_due", "log_index", "log_named", "log_copies", "asks",
    "ask_answers", "ask_queue", "settlements", "limit_keys", "limit_members", "limit_counts",
};

static const char *const of_agent[] = {
#define NAME_OF(constant, text) text,
    STORE_TABLES(NAME_OF)
#undef NAME_OF
};

static size_t counts[VERSIONS];

static void count_table(struct kv *kv, const char *name)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct kv_table table;
    struct bytes key;
    struct bytes value;
    unlocked_must(name, kv_table_open(kv, name, &table));
    unlocked_must(name, kv_read_begin(kv, &txn));
    unlocked_must(name, kv_iter_new(txn, table, bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, &value) == ERR_OK) {
        uint32_t version = 0;
        if (!bytes_is(key, REWRAP_ROW) && aead_key_version(value, &version) == ERR_OK && version > 0 &&
            version < VERSIONS)
            counts[version]++;
    }
}

int main(int argc, char **argv)
{
    struct errmsg why = {""};
    CLEANUP(cleanup_kv_free) struct kv *kv = NULL;
    if (argc != 3 || secret_init() == ERR_NOMEM)
        return 64;
    const bool is_broker = strcmp(argv[2], "broker") == 0;
    const struct kv_params p = {.dir = argv[1], .map_bytes = UINT64_C(16) << 30};
    unlocked_must(argv[1], kv_open(&p, &kv, &why));
    for (size_t i = 0; is_broker && i < ARRAY_LEN(of_broker); i++)
        count_table(kv, of_broker[i]);
    for (size_t i = 0; !is_broker && i < ARRAY_LEN(of_agent); i++)
        if (strcmp(of_agent[i], "log_bodies") != 0) /* each under a key of its own */
            count_table(kv, of_agent[i]);
    for (size_t v = 0; v < VERSIONS; v++)
        if (counts[v] > 0)
            printf("%zu\t%zu\n", v, counts[v]);
    return fflush(stdout) != 0 ? 74 : 0;
}
