/* The bare limit that contributing is measured against: as many identifiers as are contributed, in two sets on
 * two threads, each hashed with OpenSSL (HMAC-SHA-256 from precomputed states), cut to 16 bytes and sorted in
 * memory, then merged. Nothing is read, sent, stored, signed or audited.
 * usage: bench_limit IDENTIFIERS. Prints the medians of ROUNDS rounds in seconds: time, and processor time of both threads. */
#define OPENSSL_API_COMPAT 0x10100000L /* the states of a SHA-256 under way are not to be had otherwise */
#include <openssl/sha.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/host/clock.h"

#define ROUNDS 9
#define TOKEN 16
#define BUCKETS 65536u
#define BLOCK 64

struct half {
    pthread_t thread;
    uint64_t first; /* number of the first identifier of its set */
    size_t count;
    uint8_t (*tokens)[TOKEN];
    uint8_t (*sorted)[TOKEN];
    SHA256_CTX inside;
    SHA256_CTX outside;
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_limit: %s\n", what);
        exit(1);
    }
}

static void absorb_pad(SHA256_CTX *c, uint8_t with)
{
    uint8_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(with ^ i); /* the key is 0, 1, … 63 */
    need(SHA256_Init(c) == 1 && SHA256_Update(c, block, sizeof block) == 1, "SHA-256");
}

static void hash_one(const struct half *h, uint64_t n, uint8_t out[static TOKEN])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    uint8_t text[20] = "NL00TEST0000000000AA";
    memcpy(text + 8, &n, sizeof n);
    SHA256_CTX c = h->inside;
    SHA256_Update(&c, text, sizeof text);
    SHA256_Final(digest, &c);
    c = h->outside;
    SHA256_Update(&c, digest, sizeof digest);
    SHA256_Final(digest, &c);
    memcpy(out, digest, TOKEN);
}

static size_t bucket_of(const uint8_t token[static TOKEN])
{
    return (size_t)token[0] << 8 | token[1];
}

/* Tokens are spread evenly: after one pass by two bytes few are left to compare. */
static void sort_tokens(struct half *h)
{
    size_t *at = calloc(BUCKETS + 1, sizeof *at);
    need(at != NULL, "memory");
    for (size_t i = 0; i < h->count; i++)
        at[bucket_of(h->tokens[i]) + 1]++;
    for (size_t i = 1; i <= BUCKETS; i++)
        at[i] += at[i - 1];
    for (size_t i = 0; i < h->count; i++)
        memcpy(h->sorted[at[bucket_of(h->tokens[i])]++], h->tokens[i], TOKEN);
    for (size_t i = 1; i < h->count; i++) {
        uint8_t one[TOKEN];
        size_t k = i;
        memcpy(one, h->sorted[i], TOKEN);
        for (; k > 0 && memcmp(h->sorted[k - 1], one, TOKEN) > 0; k--)
            memcpy(h->sorted[k], h->sorted[k - 1], TOKEN);
        memcpy(h->sorted[k], one, TOKEN);
    }
    free(at);
}

static void *run_half(void *arg)
{
    struct half *h = arg;
    for (size_t i = 0; i < h->count; i++)
        hash_one(h, h->first + i, h->tokens[i]);
    sort_tokens(h);
    return NULL;
}

static size_t common(const struct half *a, const struct half *b)
{
    size_t found = 0;
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        int order = memcmp(a->sorted[i], b->sorted[k], TOKEN);
        found += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return found;
}

static double cpu_s(void)
{
    struct timespec t;
    need(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "processor time");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double round_s(struct half *a, struct half *b, double *cpu)
{
    const int64_t start = clock_mono_ns();
    const double used = cpu_s();
    need(pthread_create(&a->thread, NULL, run_half, a) == 0 &&
             pthread_create(&b->thread, NULL, run_half, b) == 0,
         "thread");
    pthread_join(a->thread, NULL);
    pthread_join(b->thread, NULL);
    /* half of each set is in the other */
    need(common(a, b) == a->count - a->count / 2, "the sets do not have in common what they should");
    *cpu = cpu_s() - used;
    return (double)(clock_mono_ns() - start) / 1e9;
}

static void half_open(struct half *h, uint64_t first, size_t count)
{
    h->first = first;
    h->count = count;
    h->tokens = calloc(count, TOKEN);
    h->sorted = calloc(count, TOKEN);
    need(h->tokens != NULL && h->sorted != NULL, "memory");
    absorb_pad(&h->inside, 0x36);
    absorb_pad(&h->outside, 0x5c);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) / 2 : 0;
    need(count >= 1000 && count <= 100000000, "usage: bench_limit IDENTIFIERS (2000 at least)");
    struct half a;
    struct half b;
    double s[ROUNDS];
    double cpu[ROUNDS];
    half_open(&a, 0, count);
    half_open(&b, count / 2, count);
    for (size_t i = 0; i < ROUNDS; i++)
        s[i] = round_s(&a, &b, &cpu[i]);
    qsort(s, ROUNDS, sizeof *s, by_value);
    qsort(cpu, ROUNDS, sizeof *cpu, by_value);
    printf("%.6f %.6f\n", s[ROUNDS / 2], cpu[ROUNDS / 2]);
    free(a.tokens);
    free(a.sorted);
    free(b.tokens);
    free(b.sorted);
    return 0;
}
