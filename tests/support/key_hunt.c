/* Whether keys that ought to be gone, or what was derived from them, still lie anywhere in folders: in a file at any
 * offset, in a value that a folder's keys open, in another key file.
 *
 * usage: key_hunt --gone GONE... FOLDER...     GONE/keys/{purpose,half}-*.key under GONE/passphrase are looked for
 * Out: name of the key file, what of it, form, where; each once. Never prints a key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/broker_half.h"
#include "pki/hkdf.h"
#include "proto/base/enums.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "tests/support/forms.h"
#include "tests/support/haystack.h"
#include "tests/support/opened.h"
#include "tests/support/unlocked.h"

#define NEEDLES_MAX 4096u
#define WHERE_BYTES 4200u

struct needle {
    char file[96];
    const char *what;
    const char *form;
    bool is_found;
};

struct hunt {
    struct haystack *h;
    struct needle needles[NEEDLES_MAX];
    size_t count;
    struct needle now;
    const char *folder;
};

/* ---- what is had ---- */

struct piece_of {
    struct haystack *h;
    const char *where;
};

static enum err add_piece(void *ctx, struct bytes secret)
{
    const struct piece_of *p = ctx;
    haystack_add(p->h, p->where, secret);
    return ERR_OK;
}

static void add_unlocked(void *ctx, const char *file, const struct keyfile *header,
                         const struct secret *key)
{
    const struct hunt *u = ctx;
    char where[WHERE_BYTES];
    (void)header;
    snprintf(where, sizeof where, "%.4000s/keys/%.96s (unlocked)", u->folder, file);
    struct piece_of p = {u->h, where};
    unlocked_must(where, secret_lend(key, add_piece, &p));
}

static void add_folder(struct hunt *u, const char *folder)
{
    struct key_ring ring = {.count = 0};
    const size_t first = haystack_count(u->h);
    haystack_add_tree(u->h, folder, NULL);
    u->folder = folder;
    unlocked_each(folder, "", add_unlocked, u);
    ring_add_folder(&ring, folder);
    opened_add(u->h, first, &ring);
    ring_free(&ring);
}

/* ---- what is looked for ---- */

static void ask(void *ctx, const char *form, struct bytes spelled)
{
    struct hunt *u = ctx;
    if (u->count == NEEDLES_MAX)
        unlocked_must("too many needles", ERR_LIMIT);
    if (!haystack_ask(u->h, spelled, u->count))
        return;
    u->needles[u->count] = u->now;
    u->needles[u->count++].form = form;
}

static enum err ask_secret(void *ctx, struct bytes secret)
{
    forms_each(secret, ask, ctx);
    return ERR_OK;
}

static void ask_for(struct hunt *u, const char *what, const struct secret *key)
{
    u->now.what = what;
    unlocked_must(what, secret_lend(key, ask_secret, u));
}

static void ask_purpose(void *ctx, const char *file, const struct keyfile *header,
                        const struct secret *k)
{
    struct hunt *u = ctx;
    snprintf(u->now.file, sizeof u->now.file, "%.95s", file);
    ask_for(u, "key", k);
    for (int t = 1; t < IDENT_TYPE_COUNT; t++) {
        CLEANUP(buf_free) struct buf info = buf_new(512);
        CLEANUP(cleanup_secret_free) struct secret *derived = NULL;
        join_str(&info, LABEL_HK1_TYPE);
        join_part(&info, name_bytes(&header->purpose));
        join_u32(&info, header->epoch);
        join_str(&info, ident_type_id((enum ident_type)t));
        unlocked_must("subkey", hkdf_subkey(k, buf_bytes(&info), &derived));
        ask_for(u, "subkey of a type", derived);
    }
}

static void ask_half(void *ctx, const char *file, const struct keyfile *header, const struct secret *b)
{
    struct hunt *u = ctx;
    CLEANUP(cleanup_broker_half_free) struct broker_half *half = NULL;
    CLEANUP(cleanup_secret_free) struct secret *held = NULL;
    snprintf(u->now.file, sizeof u->now.file, "%.95s", file);
    ask_for(u, "key", b);
    unlocked_must("half", broker_half_new(b, &header->purpose, header->epoch, &half));
    unlocked_must("held key", broker_half_held_key(half, &held));
    ask_for(u, "key of what is held", held);
}

static void print_found(void *ctx, size_t id, const struct hay_piece *piece, size_t offset)
{
    struct hunt *u = ctx;
    struct needle *n = &u->needles[id];
    (void)offset;
    if (n->is_found)
        return;
    n->is_found = true;
    printf("%s\t%s\t%s\t%s\n", n->file, n->what, n->form, piece->where);
}

int main(int argc, char **argv)
{
    static struct hunt u;
    int first = 1;
    while (first + 1 < argc && strcmp(argv[first], "--gone") == 0)
        first += 2;
    if (first == 1 || first == argc || secret_init() == ERR_NOMEM)
        return 64;
    u.h = haystack_new();
    for (int i = first; i < argc; i++)
        add_folder(&u, argv[i]);
    haystack_index(u.h);
    for (int i = 2; i < first; i += 2) {
        unlocked_each(argv[i], "purpose-", ask_purpose, &u);
        unlocked_each(argv[i], "half-", ask_half, &u);
    }
    haystack_answer(u.h, print_found, &u);
    printf("summary\t%zu pieces\t%zu bytes\n", haystack_count(u.h), haystack_bytes(u.h));
    haystack_free(u.h);
    return fflush(stdout) != 0 ? 74 : 0;
}
