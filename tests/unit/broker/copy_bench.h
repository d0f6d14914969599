/* A broker on a table that keeps a copy of bodies for auditors, with what their agencies open it. */
#ifndef SLUIS_TEST_BROKER_COPY_BENCH_H
#define SLUIS_TEST_BROKER_COPY_BENCH_H

#include "tests/unit/broker/copy_side.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

struct copy_bench {
    struct bench bench;
    struct copy_side side;
};
extern struct copy_bench copy;

/* alfa has an auditor. */
int copy_bench_set_up(void **state);
int copy_bench_tear_down(void **state);

/* The i-th officer of the roster is an auditor of this agency. */
void copy_bench_auditor(size_t i, enum bench_member of);

/* Entries about alfa; as a job its argument is a struct digest, the entry. */
void copy_bench_add(size_t n);
enum err copy_bench_add_job(struct kv_txn *txn, void *arg);

/* What one agency reads, of segments that are whole. */
struct copy_reading copy_bench_read(const struct fix_party *by);

#endif
