#include "broker/copy_strays.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/logbook/log_rows.h"
#include "proto/base/log.h"
#include "proto/host/file.h"

#define READ_MAX_BYTES ((size_t)64 << 20) /* twice what a segment holds */

void copy_strays_clear(struct copy_strays *s)
{
    free(s->names);
    *s = (struct copy_strays){.names = NULL};
}

static bool path_of(const char *dir, const struct body_copy_name *name, const char *ending, char out[static PATH_MAX])
{
    const int n = snprintf(out, PATH_MAX, "%s/%s.%s", dir, name->s, ending);
    return n > 0 && n < PATH_MAX;
}

/* Whether the store has the body of an entry, or had it and erased it. */
static enum err is_known(const struct copy_strays_in *in, const struct digest *entry, bool *out)
{
    struct log_row row;
    const enum err e = log_get_row(&in->store->log, in->txn, entry, &row);
    *out = e == ERR_OK && !row.is_lost;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whether some body of the segment is nowhere else. What a stop cut off at its end is none. */
static enum err holds_alone(const struct copy_strays_in *in, struct bytes segment, bool *out)
{
    struct body_copy_record record;
    enum err e = ERR_OK;
    *out = false;
    while (e == ERR_OK && !*out && body_copy_next(&segment, &record) == ERR_OK) {
        bool known = false;
        e = is_known(in, &record.entry, &known);
        *out = e == ERR_OK && !known;
    }
    return e;
}

static enum err note(struct copy_strays *s, const struct body_copy_name *name)
{
    struct body_copy_name *more = realloc(s->names, (s->count + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    s->names = more;
    s->names[s->count++] = *name;
    log_warn("log_copy segment=%s state=stray", name->s);
    return ERR_OK;
}

struct finding {
    struct copy_strays *strays;
    const struct copy_strays_in *in;
};

static enum err look_into(const struct finding *f, const struct body_copy_name *name)
{
    char path[PATH_MAX];
    CLEANUP(buf_free) struct buf segment = buf_new(READ_MAX_BYTES);
    bool alone = false;
    if (!path_of(f->in->dir, name, "seg", path))
        return ERR_RANGE;
    enum err e = file_read(path, FILE_PRIVATE, &segment, NULL);
    if (e == ERR_NOT_FOUND)
        return ERR_OK; /* a key without bodies */
    if (e == ERR_NOMEM)
        return e;
    alone = e != ERR_OK; /* nobody knows what it holds */
    e = e == ERR_OK ? holds_alone(f->in, buf_bytes(&segment), &alone) : ERR_OK;
    return e == ERR_OK && alone ? note(f->strays, name) : e;
}

static enum err find_one(void *arg, const char *file)
{
    const struct finding *f = arg;
    struct body_copy_name name;
    uint32_t day = 0;
    if (body_copy_name_parse(file, &name, &day) != ERR_OK || strcmp(file + strlen(name.s), ".key") != 0)
        return ERR_OK;
    const enum err e = log_has_copy_key(f->in->store, f->in->txn, &name);
    return e == ERR_NOT_FOUND ? look_into(f, &name) : e;
}

enum err copy_strays_find(struct copy_strays *s, const struct copy_strays_in *in)
{
    struct finding f = {s, in};
    if (s->is_found)
        return ERR_OK;
    copy_strays_clear(s);
    const enum err e = file_list(in->dir, find_one, &f);
    s->is_found = e == ERR_OK;
    return e;
}

void copy_strays_look(struct copy_strays *s, const char *dir)
{
    char path[PATH_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (path_of(dir, &s->names[i], "key", path) && file_exists(path))
            s->names[kept++] = s->names[i];
    s->count = kept;
}
