#include "pki/cli/audit/tally.h"

#include <stdlib.h>
#include <string.h>

/* Where the key is, or belongs. */
static size_t place_of(const struct tally *t, const char *key, bool *found)
{
    size_t low = 0;
    size_t high = t->count;
    *found = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(t->rows[middle].key, key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum err make_room(struct tally *t)
{
    if (t->count < t->room)
        return ERR_OK;
    if (t->count == TALLY_ROWS_MAX)
        return ERR_LIMIT;
    const size_t room = t->room == 0 ? 64 : t->room * 2;
    struct tally_row *rows = realloc(t->rows, room * sizeof *rows);
    if (rows == NULL)
        return ERR_NOMEM;
    t->rows = rows;
    t->room = room;
    return ERR_OK;
}

enum err tally_row_of(struct tally *t, const char *key, struct tally_row **out)
{
    bool found = false;
    if (strlen(key) >= TALLY_KEY_MAX)
        return ERR_TOO_LARGE;
    const size_t at = place_of(t, key, &found);
    enum err e = found ? ERR_OK : make_room(t);
    if (e != ERR_OK)
        return e;
    struct tally_row *row = &t->rows[at];
    if (!found) {
        memmove(row + 1, row, (t->count - at) * sizeof *row);
        *row = (struct tally_row){.key = ""};
        memcpy(row->key, key, strlen(key));
        t->count++;
    }
    *out = row;
    return ERR_OK;
}

enum err tally_add(struct tally *t, const char *key, unsigned column, uint64_t n)
{
    struct tally_row *row = NULL;
    const enum err e = tally_row_of(t, key, &row);
    if (e == ERR_OK)
        row->n[column] += n;
    return e;
}

/* Rows of one group, one behind the other. */
struct span {
    size_t from;
    size_t until;
};

static struct span group_at(const struct tally *t, size_t from)
{
    struct span s = {from, t->count};
    const size_t part = strcspn(t->rows[from].key, "\t");
    if (!t->is_grouped)
        return s;
    for (s.until = from + 1; s.until < t->count; s.until++)
        if (strcspn(t->rows[s.until].key, "\t") != part || memcmp(t->rows[s.until].key, t->rows[from].key, part) != 0)
            break;
    return s;
}

/* The smallest count that is shown; NULL: none. */
static struct tally_row *smallest_shown(struct tally *t, struct span s, unsigned column)
{
    struct tally_row *smallest = NULL;
    for (size_t i = s.from; i < s.until; i++) {
        struct tally_row *r = &t->rows[i];
        if (r->n[column] > 0 && !r->is_kept_back[column] && (smallest == NULL || r->n[column] < smallest->n[column]))
            smallest = r;
    }
    return smallest;
}

static void keep_back_span(struct tally *t, struct span s, unsigned column, uint64_t least)
{
    uint64_t kept = 0;
    for (size_t i = s.from; i < s.until; i++) {
        struct tally_row *r = &t->rows[i];
        r->is_kept_back[column] = r->n[column] > 0 && r->n[column] < least;
        kept += r->is_kept_back[column] ? r->n[column] : 0;
    }
    struct tally_row *more = kept > 0 && kept < least ? smallest_shown(t, s, column) : NULL;
    if (more != NULL)
        more->is_kept_back[column] = true;
}

void tally_keep_back(struct tally *t, uint64_t least)
{
    struct span s = {0, 0};
    while (least > 1 && s.until < t->count) {
        s = group_at(t, s.until);
        for (unsigned c = 0; c < t->columns; c++)
            keep_back_span(t, s, c, least);
    }
}

bool tally_total(const struct tally *t, unsigned column, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (t->rows[i].is_kept_back[column])
            return false;
        *out += t->rows[i].n[column];
    }
    return true;
}

void tally_clear(struct tally *t)
{
    free(t->rows);
    *t = (struct tally){.columns = t->columns, .is_grouped = t->is_grouped};
}
