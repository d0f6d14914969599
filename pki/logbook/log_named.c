#include "pki/logbook/log_named.h"

#include <stdlib.h>

#include "pki/logbook/logbook.h"
#include "pki/secret.h"
#include "pki/vault.h"
#include "proto/base/log.h"

#define KEY_BYTES 32u
#define SEALED_MAX (KEY_BYTES + AEAD_OVERHEAD_BYTES)

struct log_namer {
    struct vault *records;
    struct mac *mac; /* under the key that lies in `sealed`; NULL: of none yet */
    uint8_t sealed[SEALED_MAX];
    size_t sealed_len;
};

enum err log_namer_new(struct vault *records, struct log_namer **out)
{
    struct log_namer *n = calloc(1, sizeof *n);
    if (n == NULL)
        return ERR_NOMEM;
    n->records = records;
    *out = n;
    return ERR_OK;
}

void log_namer_free(struct log_namer *n)
{
    if (n == NULL)
        return;
    mac_free(n->mac);
    free(n);
}

static enum err open_key(struct vault *records, struct bytes sealed, struct mac **out)
{
    uint8_t plain[KEY_BYTES];
    struct buf room = buf_fixed(plain, sizeof plain);
    enum err e = vault_open(records, bytes_str(LOG_STATE_TERMS), sealed, &room);
    CLEANUP(cleanup_secret_free) struct secret *key = e == ERR_OK ? secret_new(buf_bytes(&room)) : NULL;
    secret_wipe(plain, sizeof plain);
    if (e == ERR_OK)
        e = key != NULL ? mac_new(key, out) : ERR_NOMEM;
    return e;
}

struct sealing {
    struct vault *records;
    struct buf *out;
};

static enum err seal_key(void *arg, struct bytes view)
{
    const struct sealing *s = arg;
    return vault_seal(s->records, bytes_str(LOG_STATE_TERMS), view, s->out);
}

/* The key of a new store; the lists begin with it. */
static enum err make_key(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn)
{
    uint8_t room[SEALED_MAX];
    struct buf sealed = buf_fixed(room, sizeof room);
    const struct sealing s = {n->records, &sealed};
    CLEANUP(cleanup_secret_free) struct secret *key = secret_random(KEY_BYTES);
    if (key == NULL)
        return ERR_NOMEM;
    enum err e = secret_lend(key, seal_key, (void *)(uintptr_t)&s);
    if (e == ERR_OK)
        e = log_put_state(t, txn, LOG_STATE_TERMS, buf_bytes(&sealed));
    return e == ERR_OK ? log_index_begin(t, txn) : e;
}

/* What is at hand counts only while it is what the store has: the transaction that made a key may have been given up. */
static enum err take_key(struct log_namer *n, struct bytes sealed)
{
    struct mac *mac = NULL;
    if (n->mac != NULL && bytes_equal(sealed, bytes_of(n->sealed, n->sealed_len)))
        return ERR_OK;
    if (sealed.len > sizeof n->sealed)
        return ERR_INVALID;
    const enum err e = open_key(n->records, sealed, &mac);
    if (e != ERR_OK)
        return e;
    mac_free(n->mac);
    n->mac = mac;
    memcpy(n->sealed, sealed.ptr, sealed.len);
    n->sealed_len = sealed.len;
    return ERR_OK;
}

static enum err get_key(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn)
{
    struct bytes sealed;
    const enum err e = log_get_state(t, txn, LOG_STATE_TERMS, &sealed);
    return e == ERR_OK ? take_key(n, sealed) : e;
}

/* No entry waits for a key that does not open: what was listed under it is looked through from now on. */
static enum err find_key(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn)
{
    enum err e = get_key(n, t, txn);
    if (logbook_is_damage(e))
        log_err("log_named.key_unreadable error=\"%s\" what=\"the lists of names begin anew\"", err_text(e));
    else if (e != ERR_NOT_FOUND)
        return e;
    e = make_key(n, t, txn);
    return e == ERR_OK ? get_key(n, t, txn) : e;
}

enum err log_namer_begin(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn)
{
    return find_key(n, t, txn);
}

static bool is_of_nobody(const struct log_names *n)
{
    return n->officer.len == 0 && n->request == NULL && n->case_id == NULL;
}

enum err log_namer_put(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                       const struct log_names *names)
{
    uint8_t room[LOG_TERMS_MAX * LOG_TERM_BYTES];
    struct buf row = buf_fixed(room, sizeof room);
    struct log_terms terms = {.count = 0};
    if (is_of_nobody(names))
        return ERR_OK;
    enum err e = find_key(n, t, txn);
    if (e == ERR_OK)
        e = log_terms_of_names(names, n->mac, &terms);
    if (e != ERR_OK)
        return e;
    log_terms_encode(&terms, &row);
    return kv_put(txn, t->named, digest_bytes(entry), buf_bytes(&row));
}

/* A row has one of each kind at most. */
static bool are_names(const struct log_terms *terms)
{
    bool are = terms->count > 0 && terms->count <= LOG_NAMES_MAX;
    for (size_t i = 0; i < terms->count; i++)
        are = are && log_term_is_name(&terms->v[i]);
    return are;
}

enum err log_named_take(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry, struct log_terms *to)
{
    struct log_terms terms = {.count = 0};
    struct bytes row;
    enum err e = kv_get(txn, t->named, digest_bytes(entry), &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = log_terms_decode(row, &terms);
    if (e != ERR_OK || !are_names(&terms)) {
        log_warn("log_named.terms_damaged what=\"the entry is looked at whatever is asked for\"");
        terms = (struct log_terms){.v = {log_term_anyway()}, .count = 1};
    }
    e = log_terms_add(to, &terms);
    return e == ERR_OK ? kv_del(txn, t->named, digest_bytes(entry)) : e;
}

enum err log_named_terms(struct vault *records, const struct log_tables *t, struct kv_txn *txn, const struct log_names *names,
                         struct log_terms *to)
{
    CLEANUP(cleanup_mac_free) struct mac *mac = NULL;
    struct bytes sealed;
    enum err e = log_get_state(t, txn, LOG_STATE_TERMS, &sealed);
    if (e == ERR_OK)
        e = open_key(records, sealed, &mac);
    return e == ERR_OK ? log_terms_of_names(names, mac, to) : e;
}
