/* Where a log reached each hour for the first time, so that a period is found in it although times within a block are in no
 * order, and a clock can have run ahead and been put back. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_HOURS_H
#define SLUIS_PKI_LOGBOOK_LOG_HOURS_H

#include "pki/logbook/log_block.h"

#define LOG_BLOCK_MOST 8192u /* entries of one block, fillers too: within it times are in no order */

/* An entry that was listed is of this time. Indices ascend from call to call. ERR_INVALID: damaged. */
enum err log_hours_note(const struct log_tables *t, struct kv_txn *txn, uint64_t index, int64_t at_s) MUST_CHECK;
/* Nothing is known of any hour any more. */
enum err log_hours_forget(const struct log_tables *t, struct kv_txn *txn) MUST_CHECK;

/* Where the entries of a period [since_s, until_s) are, of those that were noted: none before first, none at or behind end; 0 as
 * a time bounds nothing. first is UINT64_MAX where there is none of then or later. It holds for clocks that ran ahead and were
 * put back, too; where the rows are damaged the period is everywhere. */
struct log_period {
    int64_t since_s, until_s;
};
struct log_between {
    uint64_t first, end;
};
enum err log_hours_between(const struct log_tables *t, struct kv_txn *txn, const struct log_period *p,
                           struct log_between *out) MUST_CHECK;

#endif
