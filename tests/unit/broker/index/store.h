/* A store with an index in a scratch folder, written to without a store thread; and the random
 * numbers of a run that SLUIS_TEST_SEED repeats. */
#ifndef SLUIS_TEST_INDEX_STORE_H
#define SLUIS_TEST_INDEX_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "broker/index/catalogue.h"
#include "broker/index/chain.h"
#include "broker/index/fresh.h"
#include "broker/index/internal.h"
#include "broker/index/merge.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "proto/host/kv_write.h"
#include "tests/unit/host/host_tmp.h"

struct store_fixture {
    struct host_tmp tmp;
    char dir[160];
    struct kv *kv;
    struct index *ix;
};

static inline void store_open(struct store_fixture *f)
{
    const struct kv_params p = {.dir = f->dir, .map_bytes = UINT64_C(1) << 30};
    assert_int_equal(kv_open(&p, &f->kv, NULL), ERR_OK);
    assert_int_equal(index_new(f->kv, &f->ix, NULL), ERR_OK);
}

static inline void store_close(struct store_fixture *f)
{
    index_free(f->ix);
    kv_free(f->kv);
    f->ix = NULL;
    f->kv = NULL;
}

static inline void store_make(struct store_fixture *f)
{
    host_tmp_make(&f->tmp);
    snprintf(f->dir, sizeof f->dir, "%s", host_tmp_path(&f->tmp, "s"));
    store_open(f);
}

static inline void store_remove(struct store_fixture *f)
{
    store_close(f);
    host_tmp_remove(&f->tmp);
}

static inline struct kv_txn *store_begin(struct store_fixture *f)
{
    struct kv_txn *t = NULL;
    assert_int_equal(kv_write_begin(f->kv, &t), ERR_OK);
    return t;
}

static inline void store_commit(struct kv_txn *t)
{
    assert_int_equal(kv_write_commit(t), ERR_OK);
}

static inline uint64_t test_seed(void)
{
    const char *text = getenv("SLUIS_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("SLUIS_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed * 2654435761u + 1;
}

static inline uint32_t below(uint64_t *rng, uint32_t n)
{
    *rng ^= *rng << 13;
    *rng ^= *rng >> 7;
    *rng ^= *rng << 17;
    return (uint32_t)(*rng >> 33) % n;
}

/* One value for each number, of any type that is 16 bytes. */
static inline void fill16(uint8_t out[static 16], uint32_t n)
{
    uint64_t x = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < 16; i++) {
        x ^= x >> 29;
        x *= UINT64_C(0xbf58476d1ce4e5b9);
        out[i] = (uint8_t)(x >> 56);
    }
}

static inline struct agency_id agency_of(uint32_t n)
{
    struct agency_id a;
    snprintf(a.oin, sizeof a.oin, "00000099000000%06u", n);
    return a;
}

static inline struct name name_of(const char *text)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(text), &n), ERR_OK);
    return n;
}

#endif
