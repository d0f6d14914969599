/* A broker on a table that keeps a copy of bodies for auditors, with what their agencies open it. */
#ifndef SLUIS_TEST_BROKER_COPY_BENCH_H
#define SLUIS_TEST_BROKER_COPY_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/broker/bench.h"
#include "tests/unit/pki/ca_fixture.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define DAY_S INT64_C(86400)
#define DAYS 30 /* that bodies are kept */

struct copy_bench {
    struct bench bench;
    struct fix_pki pki;
    struct fix_party alfa, bravo;
    struct cert *signing;
    char dir[256];
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

/* What one agency reads, from the files alone. */
struct copy_reading {
    const struct fix_party *by;
    size_t segments; /* that it opens */
    size_t closed;   /* that it does not */
    size_t records;  /* of what it opens */
    size_t bodies;   /* each entry once */
    struct digest entries[256];
    size_t fillers; /* filler keys that it opens, and the last of them */
    struct digest filler_commitment;
};

struct copy_reading copy_bench_read(const struct fix_party *by);

#endif
