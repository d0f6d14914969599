/* How many messages there were in mailboxes, from a copy of a broker's store: no key is needed.
 * usage: mail_count STORE OIN...
 * For each OIN a line: the last sequence that was given out, the last that was acknowledged, how many wait. */
#include <stdio.h>

#include "broker/store/mail.h"
#include "proto/host/kv.h"
#include "tests/support/unlocked.h"

static void print_mailbox(struct store *s, struct kv_txn *txn, const char *oin)
{
    struct agency_id to;
    struct mail_state state;
    unlocked_must("OIN", agency_id_parse(bytes_str(oin), &to));
    unlocked_must("mailbox", mail_get_state(s, txn, &to, &state));
    printf("%llu %llu %llu\n", (unsigned long long)state.last, (unsigned long long)state.acked,
           (unsigned long long)state.count);
}

int main(int argc, char **argv)
{
    struct errmsg why = {""};
    CLEANUP(cleanup_kv_free) struct kv *kv = NULL;
    CLEANUP(cleanup_store_free) struct store *s = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (argc < 3)
        return 64;
    const struct kv_params params = {.dir = argv[1], .map_bytes = UINT64_C(4) << 30};
    unlocked_must("store", kv_open(&params, &kv, &why));
    unlocked_must("tables", store_new(kv, &s, &why));
    unlocked_must("snapshot", kv_read_begin(kv, &txn));
    for (int i = 2; i < argc; i++)
        print_mailbox(s, txn, argv[i]);
    return fflush(stdout) != 0 ? 74 : 0;
}
