/* Makes a published log for tests: blocks from the sequencer, tiles on disk, signed checkpoints,
 * bodies and a policy file, all with the product's own code.
 *   make_log DIR BLOCKS     DIR must be empty; writes DIR/{tiles/,audit-policy,bodies.jsonl,old}
 *   make_log DIR BLOCKS fork    the same key and first half, then other entries (two heads)        */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/note.h"
#include "pki/random.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "proto/json/audit_body.h"
#include "proto/json/body_line.h"
#include "proto/log/sequencer.h"

#define ORIGIN "broker.example/sluis-test"
#define PER_BLOCK 5
#define MUST(call) must((call), #call)

static void must(enum err e, const char *what)
{
    if (e != ERR_OK && e != ERR_PERMISSION) {
        fprintf(stderr, "%s: %s\n", what, err_text(e));
        exit(1);
    }
}

struct maker {
    const char *dir;
    bool fork;
    struct key *key;
    struct filler *filler;
    struct tiles *tiles;
    struct range range;
    struct digest *levels[3];
    struct digest *entries;
    struct buf lines;
    struct digest commitment;
};

/* A body for the n-th event of the log. */
static void write_body(const struct maker *m, uint64_t n, struct buf *out)
{
    char hex[65] = {0};
    struct buf h = buf_fixed(hex, 64);
    text_put_hex(&h, digest_bytes(&m->commitment));
    const struct audit_fact commitment = {
        .name = bytes_str("filler_key_digest"), .kind = FACT_VALUE_TEXT, .text = bytes_str(hex)};
    const struct bytes reasons[] = {bytes_str("requester"), bytes_str("fields")};
    struct audit_body b = {.ts = 1795472400 + (int64_t)n, .event = AUDIT_EVENT_REQUEST_ACCEPTED};
    MUST(agency_id_parse(bytes_str("00000099000000001000"), &b.actor));
    MUST(agency_id_parse(bytes_str(n % 3 == 0 ? "00000099000000002000" : "00000099000000003000"),
                         &b.peer));
    MUST(name_parse(bytes_str("riec.case"), &b.rule));
    b.rule_version = 3;
    b.decision = AUDIT_DECISION_PERMIT;
    b.staff = bytes_str("5af0");
    b.count = n;
    b.has_count = true;
    memcpy(b.salt.b, &n, sizeof n);
    b.salt.b[15] = m->fork ? 1 : 0;
    if (n % 4 == 1) {
        b.event = AUDIT_EVENT_REQUEST_REFUSED;
        b.decision = AUDIT_DECISION_DENY;
        b.reasons = reasons;
        b.reasons_count = 2;
    }
    if (n == 0) {
        b = (struct audit_body){.ts = 1795472400, .event = AUDIT_EVENT_LOG_STARTED};
        b.facts = &commitment;
        b.facts_count = 1;
    }
    MUST(audit_body_write(&b, out));
}

static enum err read_tile(void *ctx, const struct tile_id *id, struct buf *out)
{
    struct maker *m = ctx;
    for (uint64_t i = 0; i < id->width; i++) {
        uint64_t at = id->index * TILE_WIDTH + i;
        if (id->kind == TILE_ENTRIES)
            bundle_put(out, digest_bytes(&m->entries[at]));
        else
            buf_put(out, digest_bytes(&m->levels[id->level][at]));
    }
    return buf_err(out);
}

static void path_in(const struct maker *m, const char *name, char out[static 1024])
{
    snprintf(out, 1024, "%s/%s", m->dir, name);
}

static void save(const struct maker *m, const char *name, struct bytes data)
{
    char path[1024];
    struct errmsg why = {0};
    path_in(m, name, path);
    MUST(file_write(path, data, 0644, &why));
}

/* Signs, writes tiles, checkpoint, and a copy of the first head as DIR/old. */
static void publish(struct maker *m, uint64_t before, const struct digest *root)
{
    struct buf text = buf_new(4096);
    struct buf note = buf_new(8192);
    struct errmsg why = {0};
    const struct checkpoint c = {bytes_str(ORIGIN), m->range.size, *root, {NULL, 0}};
    const struct note_signer signer = {bytes_str(ORIGIN), m->key};
    const struct tile_source source = {read_tile, m};
    checkpoint_write(&c, &text);
    MUST(note_sign(&signer, 1, buf_bytes(&text), &note));
    MUST(tiles_publish(m->tiles, before, m->range.size, &source, &why));
    MUST(tiles_set_checkpoint(m->tiles, buf_bytes(&note), &why));
    MUST(tiles_tidy(m->tiles, before, m->range.size, &why));
    if (before == 0)
        save(m, "old", buf_bytes(&note));
    buf_free(&text);
    buf_free(&note);
}

static void put_line(struct maker *m, uint64_t index, struct bytes body)
{
    const struct body_line l = {.index = index,
                                .entry = m->entries[index],
                                .state = body.len > 0 ? BODY_PRESENT : BODY_FILLER,
                                .body = body};
    MUST(body_line_write(&l, &m->lines));
}

static void add_block(struct maker *m, uint64_t number, bool ends)
{
    struct buf bodies[PER_BLOCK];
    struct digest pending[PER_BLOCK];
    struct arena *arena = arena_new(sequencer_arena_bytes(PER_BLOCK, SEQUENCER_PAD_TO));
    struct sequencer_in in = {.sha = digest_sha256,
                              .state = &m->range,
                              .pending = pending,
                              .pending_count = PER_BLOCK,
                              .pad_to = SEQUENCER_PAD_TO,
                              .fillers = filler_source_of(m->filler)};
    struct sequencer_block block;
    memcpy(in.seed, &number, sizeof number);
    for (size_t i = 0; i < PER_BLOCK; i++) {
        bodies[i] = buf_new(ENTRY_BODY_MAX);
        write_body(m, number * PER_BLOCK + i, &bodies[i]);
        MUST(entry_hash(digest_sha256, buf_bytes(&bodies[i]), &pending[i]));
    }
    MUST(sequencer_next(&in, arena, &block));
    for (size_t i = 0; i < block.node_count; i++)
        m->levels[block.nodes[i].level][block.nodes[i].index] = block.nodes[i].hash;
    for (size_t i = 0; i < block.count; i++) {
        size_t from = block.source[i];
        m->entries[block.first + i] = block.entries[i];
        put_line(m, block.first + i,
                 from == SEQUENCER_FILLER ? bytes_of(NULL, 0) : buf_bytes(&bodies[from]));
    }
    m->range = block.after;
    if (ends)
        publish(m, block.first, &block.root);
    for (size_t i = 0; i < PER_BLOCK; i++)
        buf_free(&bodies[i]);
    arena_free(arena);
}

static void write_policy(struct maker *m)
{
    struct buf b = buf_new(4096);
    struct vkey v;
    const struct note_signer signer = {bytes_str(ORIGIN), m->key};
    MUST(note_vkey(&signer, VKEY_ED25519, &v));
    buf_put_str(&b, "log ");
    vkey_write(&v, &b);
    buf_put_str(&b, "\nquorum none\n");
    save(m, "audit-policy", buf_bytes(&b));
    buf_free(&b);
}

/* Fixed keys, so that a fork has the same. */
static void make_keys(struct maker *m)
{
    const uint8_t raw[32] = {42};
    struct secret *s = secret_new(BYTES_OF_ARRAY(raw));
    MUST(key_from_private(KEY_TYPE_ED25519, s, &m->key));
    MUST(filler_new(s, &m->filler));
    MUST(filler_commitment(s, &m->commitment));
    secret_free(s);
}

static void run(struct maker *m, uint64_t blocks, bool fork)
{
    for (uint64_t n = 0; n < blocks; n++) {
        m->fork = fork && n >= blocks / 2;
        add_block(m, n, true);
    }
    save(m, "bodies.jsonl", buf_bytes(&m->lines));
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    char tiles[1024];
    struct errmsg why = {0};
    uint64_t blocks = 0;
    struct maker m = {.dir = argv[1], .lines = buf_new((size_t)1 << 30)};
    MUST(text_get_u64(bytes_str(argv[2]), 100000, &blocks));
    MUST(secret_init());
    make_keys(&m);
    path_in(&m, "tiles", tiles);
    must(tiles_open(tiles, &m.tiles, &why), why.text);
    size_t room = (size_t)blocks * (PER_BLOCK + SEQUENCER_PAD_TO * 65);
    m.entries = calloc(room, sizeof *m.entries);
    for (size_t i = 0; i < ARRAY_LEN(m.levels); i++)
        m.levels[i] = calloc((room >> (8 * i)) + 1, sizeof *m.levels[i]);
    write_policy(&m);
    run(&m, blocks, argc > 3);
    printf("%llu\n", (unsigned long long)m.range.size);
    for (size_t i = 0; i < ARRAY_LEN(m.levels); i++)
        free(m.levels[i]);
    free(m.entries);
    buf_free(&m.lines);
    tiles_free(m.tiles);
    filler_free(m.filler);
    key_free(m.key);
    return 0;
}
