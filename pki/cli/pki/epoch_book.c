#include "pki/cli/pki/epoch_book.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/msg/epoch_word.h"

#define FILES_MAX 4096 /* words of all purposes, for as long as there are any */
#define FRAME_ROOM 1024

/* The files of DIR/FOLDER with one ending, each a signed document. */
struct folder {
    struct work *w;
    const char *name;
    const char *suffix;
    size_t max_document;
    struct bytes *documents;
    size_t count;
};

static bool ends_in(const char *name, const char *suffix)
{
    const size_t n = strlen(name);
    const size_t m = strlen(suffix);
    return n > m && name[0] != '.' && strcmp(name + n - m, suffix) == 0;
}

static enum err read_one(void *arg, const char *name)
{
    struct folder *f = arg;
    struct work *w = f->w;
    char path[WORK_PATH_MAX];
    struct bytes wire = {NULL, 0};
    struct epoch_word word = {.declared_count = 0};
    if (!ends_in(name, f->suffix))
        return ERR_OK;
    const int n = snprintf(path, sizeof path, "%s/%s", f->name, name);
    if (n < 0 || (size_t)n >= sizeof path || f->count == FILES_MAX)
        return errmsg_set(&w->why, ERR_LIMIT, "%s/%s: too many or too long names", w->o->dir, f->name);
    const bool is_word = strcmp(f->suffix, ".states") == 0;
    enum err e = work_read_in(w, path, is_word ? EPOCH_WORD_MAX_BYTES : f->max_document + FRAME_ROOM, &wire);
    if (e == ERR_OK)
        e = is_word ? epoch_word_decode(wire, w->arena, &word, &w->why)
                    : signed_doc_decode(wire, f->max_document, w->arena, &word.said, &w->why);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s/%s", w->o->dir, path);
    f->documents[f->count++] = word.said.document;
    return ERR_OK;
}

static enum err read_folder(struct folder *f)
{
    char path[WORK_PATH_MAX];
    f->documents = arena_array(f->w->arena, FILES_MAX, sizeof *f->documents);
    if (f->documents == NULL)
        return ERR_NOMEM;
    enum err e = work_path(f->w, path, f->name, "");
    if (e == ERR_OK && file_exists(path))
        e = file_list(path, read_one, f);
    return e;
}

static int compare_deals(const void *a, const void *b)
{
    const struct deal *x = a;
    const struct deal *y = b;
    return x->epoch < y->epoch ? -1 : x->epoch > y->epoch;
}

static enum err read_deals(struct work *w, struct epoch_book *b)
{
    struct folder f = {w, "deals", ".deal", DEAL_MAX_BYTES, NULL, 0};
    enum err e = read_folder(&f);
    b->deals = e == ERR_OK ? arena_array(w->arena, f.count, sizeof *b->deals) : NULL;
    if (e == ERR_OK && b->deals == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < f.count; i++) {
        struct deal *d = &b->deals[b->deal_count];
        e = deal_decode(f.documents[i], w->arena, d, &w->why);
        if (e == ERR_OK && name_equal(&d->purpose, &b->purpose) &&
            epoch_book_deal(b, d->epoch) == NULL)
            b->deal_count++;
    }
    if (b->deals != NULL && b->deal_count > 1)
        qsort(b->deals, b->deal_count, sizeof *b->deals, compare_deals);
    return e;
}

static enum err read_states(struct work *w, struct epoch_book *b)
{
    struct folder f = {w, "states", ".states", EPOCH_STATES_MAX_BYTES, NULL, 0};
    enum err e = read_folder(&f);
    for (size_t i = 0; e == ERR_OK && i < f.count; i++) {
        struct epoch_states s;
        e = epoch_states_decode(f.documents[i], w->arena, &s, &w->why);
        if (e == ERR_OK && name_equal(&s.purpose, &b->purpose) && s.serial > b->last.serial) {
            b->last = s;
            b->last_document = f.documents[i];
        }
    }
    return e;
}

/* As every party believes it before the first word. */
static enum err say_default(struct work *w, struct epoch_book *b)
{
    struct epoch_entry *list = arena_array(w->arena, b->deal_count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < b->deal_count; i++)
        list[i] = (struct epoch_entry){.epoch = b->deals[i].epoch,
                                       .state = i == 0 ? EPOCH_ACTIVE : EPOCH_DEALT,
                                       .since_s = b->deals[i].issued_at};
    b->last = (struct epoch_states){.deployment = b->deployment,
                                    .purpose = b->purpose,
                                    .custodian = b->deals[0].custodian,
                                    .epochs = list,
                                    .epoch_count = b->deal_count};
    return ERR_OK;
}

enum err epoch_book_read(struct work *w, const struct name *purpose, struct epoch_book *out)
{
    *out = (struct epoch_book){.purpose = *purpose};
    enum err e = work_deployment(w, &out->deployment);
    if (e == ERR_OK)
        e = read_deals(w, out);
    if (e == ERR_OK && out->deal_count == 0)
        e = errmsg_set(&w->why, ERR_NOT_FOUND,
                       "%s/deals: no statement of a key of purpose %s; 'epoch accept' puts it there",
                       w->o->dir, purpose->s);
    if (e == ERR_OK)
        e = read_states(w, out);
    return e == ERR_OK && out->last.serial == 0 ? say_default(w, out) : e;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_cmp(name_bytes(a), name_bytes(b));
}

enum err epoch_book_purposes(struct work *w, struct name_list *out)
{
    struct folder f = {w, "deals", ".deal", DEAL_MAX_BYTES, NULL, 0};
    enum err e = read_folder(&f);
    struct name *v = e == ERR_OK ? arena_array(w->arena, f.count, sizeof *v) : NULL;
    if (e == ERR_OK && v == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = 0; e == ERR_OK && i < f.count; i++) {
        struct deal d;
        e = deal_decode(f.documents[i], w->arena, &d, &w->why);
        size_t at = 0;
        while (e == ERR_OK && at < n && !name_equal(&v[at], &d.purpose))
            at++;
        if (e == ERR_OK && at == n)
            v[n++] = d.purpose;
    }
    if (n > 1)
        qsort(v, n, sizeof *v, compare_names);
    *out = (struct name_list){v, n};
    return e;
}

const struct deal *epoch_book_deal(const struct epoch_book *b, uint32_t epoch)
{
    for (size_t i = 0; i < b->deal_count; i++)
        if (b->deals[i].epoch == epoch)
            return &b->deals[i];
    return NULL;
}

/* The last word's epochs, and at its place each that was dealt since. */
static size_t merge(const struct epoch_book *b, int64_t now_s, struct epoch_entry *list)
{
    size_t n = b->last.epoch_count;
    memcpy(list, b->last.epochs, n * sizeof *list);
    for (size_t i = 0; i < b->deal_count; i++) {
        const struct deal *d = &b->deals[i];
        size_t at = 0;
        while (at < n && list[at].epoch < d->epoch)
            at++;
        if (at < n && list[at].epoch == d->epoch)
            continue;
        memmove(&list[at + 1], &list[at], (n - at) * sizeof *list);
        list[at] = (struct epoch_entry){.epoch = d->epoch, .state = EPOCH_DEALT, .since_s = now_s};
        n++;
    }
    return n;
}

static enum err change(struct work *w, const struct epoch_change *c, struct epoch_entry *entry)
{
    if (entry->state == c->state || !epoch_state_follows(entry->state, c->state))
        return errmsg_set(&w->why, ERR_STATE, "epoch %u is %s and cannot become %s",
                          (unsigned)c->epoch, epoch_state_id(entry->state),
                          epoch_state_id(c->state));
    entry->state = c->state;
    entry->since_s = w->now_s;
    entry->declaration = c->declaration;
    return ERR_OK;
}

static enum err check_overlap(struct work *w, const struct epoch_states *s)
{
    size_t active = 0;
    uint32_t oldest = 0;
    for (size_t i = 0; i < s->epoch_count; i++) {
        if (s->epochs[i].state != EPOCH_ACTIVE)
            continue;
        oldest = active == 0 ? s->epochs[i].epoch : oldest;
        active++;
    }
    if (active <= EPOCH_ACTIVE_MAX)
        return ERR_OK;
    return errmsg_set(&w->why, ERR_STATE, "at most %d epochs overlap; retire epoch %u first",
                      EPOCH_ACTIVE_MAX, (unsigned)oldest);
}

enum err epoch_book_next(struct work *w, const struct epoch_book *b, const struct epoch_change *c,
                         struct epoch_states *out)
{
    const size_t most = b->last.epoch_count + b->deal_count;
    struct epoch_entry *list = arena_array(w->arena, most, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    *out = b->last;
    out->serial = b->last.serial + 1;
    out->issued_at = w->now_s;
    out->epoch_count = merge(b, w->now_s, list);
    out->epochs = list;
    struct epoch_entry *entry = NULL;
    for (size_t i = 0; i < out->epoch_count; i++)
        if (list[i].epoch == c->epoch)
            entry = &list[i];
    if (entry == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND,
                          "%s/deals: no statement of purpose %s epoch %u; deal it with 'epoch new' and "
                          "take your own part with 'epoch accept' first",
                          w->o->dir, b->purpose.s, (unsigned)c->epoch);
    enum err e = change(w, c, entry);
    return e == ERR_OK ? check_overlap(w, out) : e;
}

enum err epoch_book_keep(struct work *w, const struct epoch_states *said, struct bytes wire)
{
    char path[WORK_PATH_MAX];
    char name[2 * NAME_MAX_BYTES];
    enum err e = work_path(w, path, "states", "");
    if (e == ERR_OK)
        e = file_make_dir(path, &w->why);
    snprintf(name, sizeof name, "states/%s-%llu.states", said->purpose.s,
             (unsigned long long)said->serial);
    if (e == ERR_OK)
        e = work_write_in(w, name, wire, 0644);
    return e == ERR_OK && w->o->out != NULL ? file_write(w->o->out, wire, 0644, &w->why) : e;
}
