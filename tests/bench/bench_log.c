/* The audit log beside bare yardsticks: entries a second in group commit; a published log of N entries verified by the shipped
 * sluis-audit, beside hashing as many in memory; a proof from its tiles. usage: bench_log N SLUIS-AUDIT [--assert] */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "agent/mirror/copy.h"
#include "broker/audit.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/loop.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "proto/log/checkpoint.h"
#include "tests/bench/audit_store.h"
#include "tests/support/storage_ring.h"
#include "tests/unit/host/host_tmp.h"

#define ORIGIN "sluis.example/bench"
#define WRITTEN_MOST 20000u /* entries of group commit */
#define LEAST 1000u
#define OUTSTANDING 512u /* that wait at a time: what many agencies send at once */
#define PAGE 16384u
#define PROOFS 1000u
#define ENTRIES_A_SECOND 20000.0
#define VERIFY_RATIO 3.0
#define PROOF_MS 1.0

static double ms_since(int64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e6;
}

/* ---- group commit ---- */

struct writing {
    struct broker broker;
    size_t count, submitted, done;
};

static enum err add_job(struct kv_txn *txn, void *arg)
{
    const struct writing *w = arg;
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_CLOSED};
    const struct agency_id actor = {"00000099000000002000"};
    struct digest entry;
    return audit_append(w->broker.audit, txn, &what, &actor, NULL, 1790000000, &entry);
}

static void has_added(enum err result, void *arg)
{
    struct writing *w = arg;
    audit_store_must(result, "an entry");
    w->done++;
}

struct rate {
    double each_second;
    double cpu_us; /* of one entry */
};

static double cpu_us(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        audit_store_must(ERR_IO, "processor time");
    return 1e6 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Entries, each a job of its own. */
static struct rate group_commit(const char *dir, struct storage_keys *keys, size_t count)
{
    struct writing w = {.count = count};
    audit_store_open(&w.broker, dir, keys);
    const double before_us = cpu_us();
    const int64_t start = clock_mono_ns();
    while (w.done < count) {
        while (w.submitted < count && w.submitted - w.done < OUTSTANDING) {
            audit_store_must(writer_submit(w.broker.writer, WRITER_INTERACTIVE, add_job, has_added, &w), "submit");
            w.submitted++;
        }
        audit_store_must(loop_turn(w.broker.loop, -1), "loop");
    }
    const struct rate r = {1000.0 * (double)count / ms_since(start), (cpu_us() - before_us) / (double)count};
    audit_store_close(&w.broker);
    return r;
}

/* ---- a published log ---- */

static struct digest *make_entries(uint64_t count)
{
    struct digest *all = calloc(count, sizeof *all);
    if (all == NULL)
        audit_store_must(ERR_NOMEM, "entries");
    for (uint64_t i = 0; i < count; i++) {
        const struct bytes part = bytes_of((const uint8_t *)&i, sizeof i);
        audit_store_must(digest_sha256(&part, 1, &all[i]), "entry");
    }
    return all;
}

static void put_note(const struct key *key, uint64_t size, const struct digest *root, struct buf *out)
{
    CLEANUP(buf_free) struct buf text = buf_new(1024);
    const struct checkpoint head = {.origin = bytes_str(ORIGIN), .size = size, .root = *root};
    const struct note_signer signer = {bytes_str(ORIGIN), key};
    checkpoint_write(&head, &text);
    audit_store_must(note_sign(&signer, 1, buf_bytes(&text), out), "sign");
}

static void put_policy(const struct key *key, const char *path)
{
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    struct vkey vkey;
    buf_put_str(&text, "log ");
    audit_store_must(note_vkey(&(struct note_signer){bytes_str(ORIGIN), key}, VKEY_ED25519, &vkey), "verifier key");
    vkey_write(&vkey, &text);
    buf_put_str(&text, "\nquorum none\n");
    audit_store_must(file_create(path, buf_bytes(&text), 0600, NULL), "policy");
}

struct published {
    const char *dir, *policy;
    uint64_t size;
    const struct digest *entries;
    struct digest root;
};

static void publish(const struct published *p)
{
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    CLEANUP(cleanup_mirror_copy_free) struct mirror_copy *copy = NULL;
    CLEANUP(buf_free) struct buf note = buf_new(4096);
    struct errmsg why = {""};
    audit_store_must(key_generate(KEY_TYPE_ED25519, &key), "key");
    audit_store_must(mirror_copy_open(p->dir, &copy, &why), why.text);
    for (uint64_t i = 0; i < p->size; i += PAGE) {
        const uint64_t n = p->size - i < PAGE ? p->size - i : PAGE;
        audit_store_must(mirror_copy_add(copy, bytes_of(p->entries[i].b, n * sizeof *p->entries), &why), why.text);
    }
    put_note(key, p->size, &p->root, &note);
    const struct mirror_head head = {p->size, p->root, buf_bytes(&note)};
    audit_store_must(mirror_copy_settle(copy, &head, &why), why.text);
    put_policy(key, p->policy);
}

/* Milliseconds of `sluis-audit verify`. */
static double verify(const struct published *p, char *program)
{
    char log[] = "--log", policy[] = "--audit-policy", quiet[] = "--quiet", verb[] = "verify";
    char dir[256], file[256];
    snprintf(dir, sizeof dir, "%s", p->dir);
    snprintf(file, sizeof file, "%s", p->policy);
    char *args[] = {program, verb, log, dir, policy, file, quiet, NULL};
    pid_t pid = 0;
    int status = 0;
    const int64_t start = clock_mono_ns();
    if (posix_spawn(&pid, program, NULL, NULL, args, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0)
        audit_store_must(ERR_IO, "sluis-audit verify");
    return ms_since(start);
}

/* Milliseconds of a proof from the files, and of checking it; each as if it were the first. */
static double prove(const struct published *p)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    audit_store_must(tiles_open(p->dir, &tiles, NULL), "tiles");
    const struct tile_source source = tiles_source(tiles);
    const int64_t start = clock_mono_ns();
    for (uint64_t i = 0; i < PROOFS; i++) {
        CLEANUP(cleanup_tile_nodes_free) struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, p->size);
        const struct node_reader reader = tile_nodes_reader(nodes);
        const uint64_t index = i * 7919 % p->size;
        struct merkle_hashes path;
        audit_store_must(prove_inclusion(digest_sha256, &reader, index, p->size, &path), "proof");
    }
    return ms_since(start) / PROOFS;
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    if (argc < 3 || text_get_u64(bytes_str(argv[1]), 100000000, &count) != ERR_OK || count < LEAST)
        return 64;
    struct host_tmp tmp;
    char dir[256], policy[256];
    const enum err e = secret_init();
    if (e != ERR_OK && e != ERR_PERMISSION)
        return 1;
    host_tmp_make(&tmp);
    struct storage_keys *keys = storage_ring_of(NULL);
    const struct rate rate = group_commit(host_tmp_path(&tmp, "store"), keys, count < WRITTEN_MOST ? count : WRITTEN_MOST);
    printf("entries_a_second %.0f\nentry_cpu_us %.1f\n", rate.each_second, rate.cpu_us);
    snprintf(dir, sizeof dir, "%s", host_tmp_path(&tmp, "log"));
    snprintf(policy, sizeof policy, "%s", host_tmp_path(&tmp, "policy"));
    struct digest *entries = make_entries(count);
    struct published p = {.dir = dir, .policy = policy, .size = count, .entries = entries};
    const int64_t start = clock_mono_ns();
    audit_store_must(merkle_root(digest_sha256, entries, count, &p.root), "root");
    const double hash_ms = ms_since(start);
    publish(&p);
    const double proof_ms = prove(&p);
    const double verify_ms = verify(&p, argv[2]);
    printf("entries %llu\nhash_ms %.0f\nverify_ms %.0f\nverify_ratio %.2f\nproof_ms %.3f\n", (unsigned long long)count, hash_ms,
           verify_ms, verify_ms / hash_ms, proof_ms);
    free(entries);
    storage_keys_free(keys);
    host_tmp_remove(&tmp);
    const bool is_bad = rate.cpu_us > 1e6 / ENTRIES_A_SECOND || verify_ms / hash_ms > VERIFY_RATIO || proof_ms > PROOF_MS;
    return argc > 3 && strcmp(argv[3], "--assert") == 0 && is_bad ? 1 : 0;
}
