/* Somebody who has folders, and the keys in them unlocked, tries every valid BSN of the test range
 * 9999xxxxx: all that each could have become, at every offset of every file and of every value that
 * the keys open.
 *
 * usage: attacker [--skip NAME] [--numbers FILE] FOLDER...     "found BSN, how, form, where", "within BSN" (of a
 * longer number, as it seems), "weak form BSN", and a summary attacker --plant OUT FOLDER... writes
 * for each way and form a file in which an attack must find one A folder's keys are the key files
 * in FOLDER/keys under FOLDER/passphrase. NAME: what is left out wherever it is. Synthetic numbers
 * only: no other program may print one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/aead.h"
#include "pki/digest.h"
#include "pki/hkdf.h"
#include "pki/random.h"
#include "proto/base/enums.h"
#include "proto/base/label.h"
#include "proto/host/file.h"
#include "tests/support/forms.h"
#include "tests/support/found_salts.h"
#include "tests/support/guesses.h"
#include "tests/support/haystack.h"
#include "tests/support/opened.h"
#include "tests/support/unlocked.h"

#define FIRST 999900000u
#define LAST 999999999u
#define PATH_SIZE 1024
#define CUT 16u /* bytes of a value that are looked for */

struct way;

struct attack {
    struct haystack *h;
    struct guesses *g;
    struct key_ring known; /* keys that were given to the guesses */
    char bsn[10];
    size_t tried;
    struct way *ways;
    size_t way_count;
    size_t way_room;
    const char *numbers; /* the file that lists whom to try; NULL: every number of the range */
    /* planting */
    const char *out;
    struct secret *storage;
    size_t planted;
    const char *last_leaf;
};

static bool is_valid(uint32_t number)
{
    int sum = 0;
    for (int i = 0; i < 9; i++, number /= 10)
        sum += (int)(number % 10) * (i == 0 ? -1 : i + 1);
    return sum % 11 == 0;
}

/* ---- keys ---- */

/* Copies of one folder have the same keys. */
static bool is_new(struct attack *a, const struct secret *key)
{
    for (size_t i = 0; i < a->known.count; i++)
        if (secret_equal(a->known.keys[i], key))
            return false;
    ring_add(&a->known, secret_copy(key));
    return true;
}

/* Which keys the folder has decides what can be tried. */
static void add_purpose(void *ctx, const char *file, const struct keyfile *header,
                        const struct secret *k)
{
    struct attack *a = ctx;
    (void)file;
    if (is_new(a, k))
        guesses_add_purpose(a->g, k, header);
}

static void add_half(void *ctx, const char *file, const struct keyfile *header, const struct secret *b)
{
    struct attack *a = ctx;
    (void)file;
    if (is_new(a, b))
        guesses_add_half(a->g, b, header);
}

static void add_storage(void *ctx, const char *file, const struct keyfile *header,
                        const struct secret *storage)
{
    struct attack *a = ctx;
    (void)file;
    (void)header;
    if (is_new(a, storage))
        guesses_add_storage(a->g, storage);
    if (a->storage == NULL)
        a->storage = secret_copy(storage);
}

static void add_keys(struct attack *a, const char *folder)
{
    unlocked_each(folder, "purpose-", add_purpose, a);
    unlocked_each(folder, "half-", add_half, a);
    unlocked_each(folder, "storage", add_storage, a);
}

static void add_folder(struct attack *a, const char *folder, const char *skip)
{
    struct key_ring ring = {.count = 0};
    const size_t first = haystack_count(a->h);
    haystack_add_tree(a->h, folder, skip);
    add_keys(a, folder);
    ring_add_folder(&ring, folder);
    opened_add(a->h, first, &ring);
    ring_free(&ring);
}

/* ---- the attack ---- */

/* One needle that was asked for. */
struct way {
    char bsn[10];
    const char *how;
    const char *form;
    bool is_found;
};

struct trying {
    struct attack *a;
    const char *how;
};

static void try_form(void *ctx, const char *form, struct bytes spelled)
{
    const struct trying *t = ctx;
    struct attack *a = t->a;
    a->tried++;
    if (!haystack_ask(a->h, spelled, a->way_count))
        return;
    if (a->way_count == a->way_room) {
        a->way_room = a->way_room == 0 ? 1024 : 2 * a->way_room;
        a->ways = realloc(a->ways, a->way_room * sizeof *a->ways);
        if (a->ways == NULL)
            unlocked_must("memory", ERR_NOMEM);
    }
    struct way *w = &a->ways[a->way_count++];
    *w = (struct way){.how = t->how, .form = form};
    memcpy(w->bsn, a->bsn, sizeof w->bsn);
}

/* The first 16 bytes are looked for: who cuts a value off there is found too. */
static void try_guess(void *ctx, const char *how, struct bytes value)
{
    struct trying t = {ctx, how};
    if (value.len > CUT)
        value.len = CUT;
    if (strstr(how, "salt") != NULL)
        try_form(&t, "raw", value);
    else
        forms_each(value, try_form, &t);
}

static bool is_digit_at(struct bytes d, size_t i)
{
    return i < d.len && d.ptr[i] >= '0' && d.ptr[i] <= '9';
}

/* Nine digits within a longer number are mostly not this one; but a value ends in no mark, and the
 * byte behind the last one in a row is a byte of its tag: one in twenty-five looks like a digit. */
static bool is_within_number(const struct way *w, const struct hay_piece *piece, size_t offset)
{
    return strcmp(w->how, "digits") == 0 && strcmp(w->form, "raw") == 0 &&
           (is_digit_at(piece->data, offset - 1) || is_digit_at(piece->data, offset + 9));
}

static void print_found(void *ctx, size_t id, const struct hay_piece *piece, size_t offset)
{
    const struct attack *a = ctx;
    struct way *w = &a->ways[id];
    if (w->is_found)
        return;
    if (is_within_number(w, piece, offset)) {
        printf("within\t%s\n", w->bsn);
        return;
    }
    w->is_found = true;
    printf("found\t%s\t%s\t%s\t%s\n", w->bsn, w->how, w->form, piece->where);
}

static void print_weak(uint32_t number, const char *form)
{
    if (number >= FIRST && number <= LAST)
        printf("%s\t%u\t%s\n", is_valid(number) ? "weak" : "decoy", number, form);
}

/* Nine digits in half bytes, from half byte `from` on; 0: no digits. */
static uint32_t packed(const uint8_t *p, unsigned from)
{
    uint32_t number = 0;
    for (unsigned i = from; i < from + 9; i++) {
        const uint32_t digit = i % 2 == 0 ? p[i / 2] >> 4 : p[i / 2] & 15u;
        if (digit > 9)
            return 0;
        number = number * 10 + digit;
    }
    return number;
}

/* Four or five bytes can stand there by chance: how often is told by numbers that are no BSN. */
static void scan_weak(const struct haystack *h)
{
    for (size_t i = 0; i < haystack_count(h); i++) {
        const struct bytes d = haystack_piece(h, i).data;
        for (size_t k = 0; k + 5 <= d.len; k++) {
            const uint8_t *p = d.ptr + k;
            print_weak((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3],
                       "u32 big-endian");
            print_weak((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0],
                       "u32 little-endian");
            if (p[0] == 0x09)
                print_weak(packed(p, 1), "packed, zero first");
            if (p[0] == 0x99)
                print_weak(packed(p, 0), "packed, sign last");
        }
    }
}

/* Those of a file, a line each. */
static void each_listed(struct attack *a, guess_fn fn)
{
    CLEANUP(buf_free) struct buf lines = unlocked_read(a->numbers);
    for (size_t i = 0; i + sizeof a->bsn <= lines.len; i += sizeof a->bsn) {
        memcpy(a->bsn, lines.ptr + i, sizeof a->bsn);
        a->bsn[sizeof a->bsn - 1] = '\0';
        guesses_each(a->g, a->bsn, fn, a);
    }
}

static void each_bsn(struct attack *a, guess_fn fn)
{
    if (a->numbers != NULL) {
        each_listed(a, fn);
        return;
    }
    for (uint32_t number = FIRST; number <= LAST; number++) {
        if (!is_valid(number))
            continue;
        snprintf(a->bsn, sizeof a->bsn, "%u", number);
        guesses_each(a->g, a->bsn, fn, a);
    }
}

static void attack(struct attack *a)
{
    const size_t salts = found_salts_add(a->h, a->g);
    haystack_index(a->h);
    each_bsn(a, try_guess);
    haystack_answer(a->h, print_found, a);
    scan_weak(a->h);
    printf("summary\t%zu pieces\t%zu bytes\t%zu salts\t%zu needles\n", haystack_count(a->h),
           haystack_bytes(a->h), salts, a->tried);
}

/* ---- planting ---- */

static void write_planted(struct attack *a, struct bytes value, const char *how, const char *form)
{
    char path[PATH_SIZE];
    uint8_t noise[2][64];
    CLEANUP(buf_free) struct buf b = buf_new(4096);
    unlocked_must("noise", random_fill(noise, sizeof noise));
    noise[0][63] = noise[1][0] = 0xff; /* no digit, no letter */
    buf_put(&b, BYTES_OF_ARRAY(noise[0]));
    buf_put(&b, value);
    buf_put(&b, BYTES_OF_ARRAY(noise[1]));
    snprintf(path, sizeof path, "%s/%04zu", a->out, a->planted++);
    unlocked_must(path, file_create(path, buf_bytes(&b), 0600, NULL));
    printf("planted\t%s\t%s\t%s\n", a->bsn, how, form);
}

struct planting {
    struct attack *a;
    const char *how;
};

static void plant_form(void *ctx, const char *form, struct bytes spelled)
{
    const struct planting *p = ctx;
    write_planted(p->a, spelled, p->how, form);
}

static void plant_guess(void *ctx, const char *how, struct bytes value)
{
    struct planting p = {ctx, how};
    if (value.len > CUT)
        value.len = CUT;
    forms_each(value, plant_form, &p);
}

/* One leaf of each kind, as it would stand in a tree beside a notice. */
static void plant_leaf(void *ctx, const char *how, struct bytes value)
{
    struct attack *a = ctx;
    if (strstr(how, "salt") == NULL || how == a->last_leaf)
        return;
    a->last_leaf = how;
    write_planted(a, value, how, "raw");
}

/* The part of a notice that opens another leaf: its salt and the sealed part. */
static void plant_notice(struct attack *a)
{
    struct found_salt s = {.part_count = 1};
    uint8_t part[300] = {0x30};
    CLEANUP(buf_free) struct buf b = buf_new(4096);
    unlocked_must("salt", random_fill(s.salt.b, sizeof s.salt.b));
    const struct bytes sealed = BYTES_OF_ARRAY(part);
    unlocked_must("sha256", digest_sha256(&sealed, 1, &s.parts[0]));
    guesses_add_salt(a->g, &s);
    const uint8_t part_head[] = {0x3a, 0xac, 0x02};
    const uint8_t salt_head[] = {0x08, IDENT_KVK, 0x12, 16};
    buf_put(&b, BYTES_OF_ARRAY(part_head));
    buf_put(&b, sealed);
    buf_put(&b, BYTES_OF_ARRAY(salt_head));
    buf_put(&b, BYTES_OF_ARRAY(s.salt.b));
    write_planted(a, buf_bytes(&b), "notice", "raw");
}

/* The digits sealed as either daemon seals a value, bound to a place that nobody knows any more. */
static void plant_sealed(struct attack *a)
{
    struct secret *CLEANUP(cleanup_secret_free) key = NULL;
    struct aead *CLEANUP(cleanup_aead_free) aead = NULL;
    CLEANUP(buf_free) struct buf sealed = buf_new(256);
    uint8_t place[16];
    char plain[16];
    snprintf(plain, sizeof plain, "%s.", a->bsn); /* what follows, a tag, may look like a digit */
    unlocked_must("place", random_fill(place, sizeof place));
    unlocked_must("subkey", hkdf_subkey(a->storage, bytes_str(LABEL_STORE_RECORDS), &key));
    unlocked_must("aead", aead_new(key, 1, &aead));
    unlocked_must("seal", aead_seal(aead, BYTES_OF_ARRAY(place), bytes_str(plain), &sealed));
    write_planted(a, buf_bytes(&sealed), "digits", "raw");
}

static void plant_weak(struct attack *a, uint32_t number)
{
    uint8_t p[5] = {9};
    for (unsigned i = 9, left = number; i > 0; i--, left /= 10)
        p[i / 2] |= (uint8_t)(left % 10 << (i % 2 == 0 ? 4 : 0));
    const uint8_t u32[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                           (uint8_t)number};
    write_planted(a, BYTES_OF_ARRAY(u32), "weak", "u32 big-endian");
    write_planted(a, BYTES_OF_ARRAY(p), "weak", "packed, zero first");
}

static uint32_t next_valid(uint32_t number)
{
    while (!is_valid(number))
        number++;
    return number;
}

static void name_bsn(struct attack *a, uint32_t number)
{
    snprintf(a->bsn, sizeof a->bsn, "%u", number);
}

/* The first three numbers of the range: in every way and form; packed and sealed; as leaves. */
static void plant(struct attack *a)
{
    const uint32_t first = next_valid(FIRST);
    const uint32_t second = next_valid(first + 1);
    name_bsn(a, first);
    guesses_each(a->g, a->bsn, plant_guess, a);
    name_bsn(a, second);
    plant_weak(a, second);
    if (a->storage != NULL)
        plant_sealed(a);
    name_bsn(a, next_valid(second + 1));
    plant_notice(a);
    guesses_each(a->g, a->bsn, plant_leaf, a);
}

int main(int argc, char **argv)
{
    struct attack a = {.h = haystack_new(), .g = guesses_new()};
    const char *skip = NULL;
    int i = 1;
    if (secret_init() == ERR_NOMEM)
        return 70;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--skip") == 0)
            skip = argv[i + 1];
        else if (strcmp(argv[i], "--numbers") == 0)
            a.numbers = argv[i + 1];
        else if (strcmp(argv[i], "--plant") == 0)
            a.out = argv[i + 1];
        else
            return 64;
    }
    for (; i < argc; i++)
        add_folder(&a, argv[i], skip);
    if (a.out != NULL)
        plant(&a);
    else
        attack(&a);
    secret_free(a.storage);
    ring_free(&a.known);
    free(a.ways);
    guesses_free(a.g);
    haystack_free(a.h);
    return fflush(stdout) != 0 ? 74 : 0;
}
