/* The index beside bare yardsticks in one run: sorting and writing runs against one sorted append
 * of the same bytes, merging, and look-ups against a bare get of the same table size. usage:
 * bench_index [IDENTIFIERS [FOLDER]] */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/index/fresh.h"
#include "broker/index/internal.h"
#include "broker/index/merge.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"

#define BATCH 65536u
#define LOOK_UPS 20000u
#define TODAY 20000u

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

struct bench {
    struct kv *kv;
    struct index *ix;
    struct kv_table bare;
    struct list_id list;
    uint8_t *packed; /* one batch */
    uint64_t count;
};

static uint64_t mix(uint64_t x)
{
    x = (x + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void fill(uint8_t out[static 16], uint64_t n)
{
    uint64_t a = mix(n);
    uint64_t b = mix(a);
    memcpy(out, &a, 8);
    memcpy(out + 8, &b, 8);
}

static void make_entries(struct bench *b, uint64_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct entry e = {.type = IDENT_BSN, .category = 1, .expires_day = TODAY + 365};
        fill(e.token.b, first + i);
        fill(e.handle.b, (first + i) ^ (UINT64_C(1) << 60));
        entry_put(&e, b->packed + i * ENTRY_BYTES);
    }
}

static struct kv_txn *begin(struct bench *b)
{
    struct kv_txn *t = NULL;
    MUST(kv_write_begin(b->kv, &t) == ERR_OK);
    return t;
}

/* Sorts and writes one batch as the broker does; the time of the slowest slice without its commit.
 */
static int64_t write_batch(struct bench *b, uint64_t first, size_t n)
{
    int64_t slowest = 0;
    struct fresh f = {.packed = b->packed, .count = n};
    snprintf(f.agency.oin, sizeof f.agency.oin, "00000099000000004000");
    fill(f.batch.b, first ^ (UINT64_C(1) << 61));
    entry_sort(b->packed, n);
    while (f.written < f.count) {
        struct kv_txn *t = begin(b);
        int64_t start = clock_mono_ns();
        MUST(fresh_slice(b->ix, t, &f) == ERR_OK);
        int64_t took = clock_mono_ns() - start;
        slowest = took > slowest ? took : slowest;
        MUST(kv_write_commit(t) == ERR_OK);
    }
    struct kv_txn *t = begin(b);
    MUST(list_add(b->ix, t, &b->list, &f.row) == ERR_OK);
    MUST(kv_write_commit(t) == ERR_OK);
    return slowest;
}

static void bench_write(struct bench *b)
{
    int64_t slowest = 0;
    int64_t spent = 0;
    for (uint64_t first = 0; first < b->count; first += BATCH) {
        size_t n = b->count - first < BATCH ? (size_t)(b->count - first) : BATCH;
        make_entries(b, first, n);
        int64_t start = clock_mono_ns();
        int64_t slice = write_batch(b, first, n);
        spent += clock_mono_ns() - start;
        slowest = slice > slowest ? slice : slowest;
    }
    double s = (double)spent / 1e9;
    printf("write identifiers=%llu seconds=%.3f per_second=%.0f slowest_slice_ms=%.2f\n",
           (unsigned long long)b->count, s, (double)b->count / s, (double)slowest / 1e6);
}

/* The same bytes appended in order to one table, in commits of a batch. */
static void bench_bare(struct bench *b)
{
    int64_t start = clock_mono_ns();
    for (uint64_t first = 0; first < b->count; first += BATCH) {
        struct kv_txn *t = begin(b);
        for (uint64_t i = first; i < b->count && i < first + BATCH; i++) {
            uint8_t key[8];
            uint8_t value[ENTRY_BYTES] = {0};
            for (size_t k = 0; k < 8; k++)
                key[k] = (uint8_t)(i >> (56 - 8 * k));
            MUST(kv_append(t, b->bare, BYTES_OF_ARRAY(key), BYTES_OF_ARRAY(value)) == ERR_OK);
        }
        MUST(kv_write_commit(t) == ERR_OK);
    }
    double s = (double)(clock_mono_ns() - start) / 1e9;
    printf("bare_append identifiers=%llu seconds=%.3f per_second=%.0f\n",
           (unsigned long long)b->count, s, (double)b->count / s);
}

static size_t rows(struct bench *b)
{
    struct kv_txn *t = NULL;
    struct list_rows r = {NULL, 0};
    MUST(kv_read_begin(b->kv, &t) == ERR_OK);
    MUST(list_read(b->ix, t, &b->list, &r) == ERR_OK);
    size_t n = r.count;
    list_rows_free(&r);
    kv_read_end(t);
    return n;
}

static bool merge_once(struct bench *b, int64_t *slowest)
{
    struct merge m = {.count = 0};
    struct kv_txn *t = begin(b);
    enum err e = merge_plan(b->ix, t, TODAY, &m);
    MUST(e == ERR_OK || e == ERR_NOT_FOUND);
    MUST(kv_write_commit(t) == ERR_OK);
    if (e != ERR_OK)
        return false;
    for (bool ends = false; !ends;) {
        t = begin(b);
        ends = m.at_end;
        int64_t start = clock_mono_ns();
        MUST((ends ? merge_finish(b->ix, t, &m) : merge_slice(b->ix, t, &m, 8)) == ERR_OK);
        int64_t took = clock_mono_ns() - start;
        *slowest = took > *slowest ? took : *slowest;
        MUST(kv_write_commit(t) == ERR_OK);
    }
    merge_clear(&m);
    for (bool more = true; more;) {
        t = begin(b);
        MUST(run_purge(b->ix, t, 2000, &more) == ERR_OK);
        MUST(kv_write_commit(t) == ERR_OK);
    }
    return true;
}

static void bench_merge(struct bench *b)
{
    size_t before = rows(b);
    int64_t slowest = 0;
    int64_t start = clock_mono_ns();
    while (merge_once(b, &slowest))
        ;
    double s = (double)(clock_mono_ns() - start) / 1e9;
    printf("merge runs_before=%zu runs_after=%zu seconds=%.3f slowest_slice_ms=%.2f\n", before,
           rows(b), s, (double)slowest / 1e6);
}

static void bench_look_up(struct bench *b)
{
    struct kv_txn *t = NULL;
    struct index_query q = {.purpose = b->list.purpose, .epoch = 1, .today = TODAY};
    snprintf(q.holder.oin, sizeof q.holder.oin, "00000099000000004000");
    MUST(kv_read_begin(b->kv, &t) == ERR_OK);
    int64_t start = clock_mono_ns();
    for (uint32_t i = 0; i < LOOK_UPS; i++) {
        struct token token;
        struct index_hit hit;
        size_t count = 0;
        bool known = i % 2 == 0;
        fill(token.b, known ? mix(i) % b->count : b->count + i);
        MUST(index_find(b->ix, t, &q, IDENT_BSN, &token, &hit, 1, &count) == ERR_OK);
        MUST(count == (known ? 1u : 0u));
    }
    int64_t found = clock_mono_ns() - start;
    start = clock_mono_ns();
    for (uint32_t i = 0; i < LOOK_UPS; i++) {
        uint64_t n = mix(i) % b->count;
        uint8_t key[8];
        struct bytes value;
        for (size_t k = 0; k < 8; k++)
            key[k] = (uint8_t)(n >> (56 - 8 * k));
        MUST(kv_get(t, b->bare, BYTES_OF_ARRAY(key), &value) == ERR_OK);
    }
    int64_t got = clock_mono_ns() - start;
    kv_read_end(t);
    printf("look_up runs=%zu us=%.2f bare_get_us=%.2f ratio=%.1f\n", rows(b),
           (double)found / 1e3 / LOOK_UPS, (double)got / 1e3 / LOOK_UPS,
           (double)found / (double)got);
}

static void print_disk(struct bench *b)
{
    struct kv_txn *t = NULL;
    struct kv_table_stats s[2];
    MUST(kv_read_begin(b->kv, &t) == ERR_OK);
    MUST(kv_table_stats(t, b->ix->blocks[RUN_FRESH], &s[0]) == ERR_OK);
    MUST(kv_table_stats(t, b->ix->blocks[RUN_MERGED], &s[1]) == ERR_OK);
    kv_read_end(t);
    double live = (double)(s[0].pages + s[1].pages) * 4096;
    double bytes = (double)b->count * ENTRY_BYTES;
    printf("disk entry_bytes=%.0f live_page_bytes=%.0f ratio=%.2f\n", bytes, live, live / bytes);
}

int main(int argc, char **argv)
{
    struct bench b = {.count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000};
    char folder[] = "/tmp/sluis-bench-index-XXXXXX";
    const char *dir = argc > 2 ? argv[2] : mkdtemp(folder);
    MUST(dir != NULL && b.count > 0);
    const struct kv_params p = {.dir = dir};
    MUST(kv_open(&p, &b.kv, NULL) == ERR_OK && index_new(b.kv, &b.ix, NULL) == ERR_OK);
    MUST(kv_table_open(b.kv, "bare", &b.bare) == ERR_OK);
    MUST(name_parse(bytes_str("bench"), &b.list.purpose) == ERR_OK);
    b.list.epoch = 1;
    b.packed = malloc((size_t)BATCH * ENTRY_BYTES);
    MUST(b.packed != NULL);
    bench_bare(&b);
    bench_write(&b);
    bench_look_up(&b);
    bench_merge(&b);
    bench_look_up(&b);
    print_disk(&b);
    free(b.packed);
    index_free(b.ix);
    kv_free(b.kv);
    if (argc <= 2) {
        char path[64];
        snprintf(path, sizeof path, "%s/data.mdb", folder);
        unlink(path);
        snprintf(path, sizeof path, "%s/lock.mdb", folder);
        unlink(path);
        rmdir(folder);
    }
    return 0;
}
