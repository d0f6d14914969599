/* Asks a copy of a broker's store, with the broker's half and a participant's purpose key, which records the
 * product's own index finds. usage: index_probe [--epoch N] STORE BROKER-FOLDER AGENCY-FOLDER OIN...
 * Standard input: lines of type, tab, canonical value. For every record found under the line's token at an OIN
 * one line goes out: number of the line, number of the OIN, handle. Synthetic data only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/index/index.h"
#include "pki/agency_half.h"
#include "pki/broker_half.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/ident/ident.h"
#include "tests/support/unlocked.h"

#define HITS_MAX 4096u
#define LINE_MAX_BYTES 1024u

struct probe {
    struct kv *kv;
    struct index *index;
    struct kv_txn *txn;
    struct agency_half *agency;
    struct broker_half *broker;
    struct index_query q;
    struct index_hit hits[HITS_MAX];
};

static void open_keys(struct probe *p, const char *epoch, const char *broker, const char *agency)
{
    struct keyfile k_header;
    struct keyfile b_header;
    char k_name[64];
    char b_name[64];
    snprintf(k_name, sizeof k_name, "purpose-riec-casus-%s.key", epoch);
    snprintf(b_name, sizeof b_name, "half-riec-casus-%s.key", epoch);
    CLEANUP(cleanup_secret_free) struct secret *k = unlocked_key(agency, k_name, &k_header);
    CLEANUP(cleanup_secret_free) struct secret *b = unlocked_key(broker, b_name, &b_header);
    if (k == NULL || b == NULL)
        unlocked_must("keys", ERR_NOT_FOUND);
    p->q.purpose = k_header.purpose;
    p->q.epoch = k_header.epoch;
    unlocked_must("agency half", agency_half_new(k, &k_header.purpose, k_header.epoch, &p->agency));
    unlocked_must("broker half", broker_half_new(b, &b_header.purpose, b_header.epoch, &p->broker));
}

static void open_store(struct probe *p, const char *dir)
{
    const struct kv_params params = {.dir = dir, .map_bytes = UINT64_C(4) << 30};
    struct errmsg why = {""};
    unlocked_must("store", kv_open(&params, &p->kv, &why));
    unlocked_must("index", index_new(p->kv, &p->index, &why));
    unlocked_must("snapshot", kv_read_begin(p->kv, &p->txn));
}

static void token_of(struct probe *p, enum ident_type type, struct bytes value, struct token *out)
{
    struct inner inner;
    const struct agency_half_input in = {
        .type = type, .norm_version = ident_norm_version(type), .canonical = value};
    unlocked_must("inner", agency_half_inner(p->agency, &in, &inner));
    unlocked_must("token", broker_half_token(p->broker, type, &inner, out));
}

static void print_hits(struct probe *p, size_t line, size_t oin, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t room[33];
        struct buf hex = buf_fixed(room, sizeof room);
        text_put_hex(&hex, BYTES_OF_ARRAY(p->hits[i].handle.b));
        printf("%zu %zu %.*s\n", line, oin, (int)hex.len, (const char *)hex.ptr);
    }
}

static void look_up(struct probe *p, char *text, size_t line, char **oins)
{
    char *tab = strchr(text, '\t');
    if (tab == NULL)
        unlocked_must("a line without a tab", ERR_INVALID);
    enum ident_type type = IDENT_NONE;
    struct token token;
    unlocked_must(text, ident_type_parse(bytes_of(text, (size_t)(tab - text)), &type));
    token_of(p, type, bytes_str(tab + 1), &token);
    for (size_t i = 0; oins[i] != NULL; i++) {
        size_t count = 0;
        unlocked_must("OIN", agency_id_parse(bytes_str(oins[i]), &p->q.holder));
        unlocked_must("find", index_find(p->index, p->txn, &p->q, type, &token, p->hits, HITS_MAX,
                                         &count));
        if (count == HITS_MAX)
            unlocked_must("more records than fit", ERR_LIMIT);
        print_hits(p, line, i, count);
    }
}

int main(int argc, char **argv)
{
    const char *epoch = "1";
    if (argc > 2 && strcmp(argv[1], "--epoch") == 0) {
        epoch = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc < 5 || secret_init() == ERR_NOMEM)
        return 64;
    struct probe *p = calloc(1, sizeof *p);
    if (p == NULL)
        return 70;
    open_keys(p, epoch, argv[2], argv[3]);
    open_store(p, argv[1]);
    p->q.today = (uint32_t)when_day(clock_now_s(clock_system()));
    char text[LINE_MAX_BYTES];
    for (size_t line = 0; fgets(text, sizeof text, stdin) != NULL; line++) {
        text[strcspn(text, "\n")] = '\0';
        look_up(p, text, line, argv + 4);
    }
    kv_read_end(p->txn);
    index_free(p->index);
    kv_free(p->kv);
    agency_half_free(p->agency);
    broker_half_free(p->broker);
    free(p);
    return ferror(stdin) || fflush(stdout) != 0 ? 74 : 0;
}
