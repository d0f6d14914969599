#include "pki/cli/pki/journal.h"

#include <string.h>
#include <unistd.h>

#include "proto/base/cursor.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

#define LINE_MAX_BYTES 1024
#define JOURNAL_MAX_BYTES ((size_t)128 << 20) /* some ten years of 300 agencies with 1,500 officers */
#define LINE_ARENA_BYTES ((size_t)64 << 10)
#define FIELDS 8

static const char *const acts[JOURNAL_ACT_COUNT] = {"?",        "token",   "token-ended", "issued",
                                                    "rejected", "revoked", "signed",      "rotated", "retired", "pinned"};

const char *journal_act_id(enum journal_act a)
{
    return a < JOURNAL_ACT_COUNT ? acts[a] : "?";
}

/* ---- writing ---- */

static void put_text(struct buf *b, const char *text)
{
    buf_put_str(b, "\t");
    if (text == NULL || text[0] == '\0')
        text = "-";
    for (; *text != '\0'; text++)
        buf_put_u8(b, (uint8_t)*text < ' ' ? ' ' : (uint8_t)*text);
}

static void put_digest(struct buf *b, const struct digest *d)
{
    buf_put_str(b, "\t");
    if (d != NULL)
        text_put_hex(b, digest_bytes(d));
    else
        buf_put_str(b, "-");
}

static void put_line(struct buf *b, const struct journal_line *l, int64_t now_s)
{
    char when[WHEN_TEXT_SIZE];
    when_text(now_s, when);
    buf_printf(b, "%s\t%s", when, journal_act_id(l->act));
    put_text(b, l->oin.oin);
    put_text(b, l->what);
    put_digest(b, l->fingerprint);
    put_digest(b, l->lineage);
    when_text(l->until, when);
    put_text(b, l->until != 0 ? when : NULL);
    put_text(b, l->detail);
    buf_put_str(b, "\n");
}

/* A command that was killed while it wrote leaves a line without an end, of which nobody was told. */
static enum err cut_unfinished(int fd)
{
    char tail[LINE_MAX_BYTES];
    const off_t size = lseek(fd, 0, SEEK_END);
    const off_t from = size > LINE_MAX_BYTES ? size - LINE_MAX_BYTES : 0;
    const ssize_t n = size < 0 ? -1 : pread(fd, tail, (size_t)(size - from), from);
    if (n < 0 || n != size - from)
        return ERR_IO;
    if (n == 0 || tail[n - 1] == '\n')
        return ERR_OK;
    const char *end = memrchr(tail, '\n', (size_t)n);
    if (end == NULL && from > 0)
        return ERR_INVALID; /* no line is that long */
    return ftruncate(fd, end == NULL ? 0 : from + (end + 1 - tail)) == 0 ? ERR_OK : ERR_IO;
}

enum err journal_add(struct work *w, const struct journal_line *l)
{
    char path[WORK_PATH_MAX];
    struct buf b CLEANUP(buf_free) = buf_new(LINE_MAX_BYTES);
    int fd = -1;
    put_line(&b, l, w->now_s);
    enum err e = buf_err(&b);
    if (e == ERR_OK)
        e = work_path(w, path, "journal", "");
    if (e == ERR_OK)
        e = file_open_append(path, 0600, &fd, &w->why);
    if (e != ERR_OK)
        return e;
    e = cut_unfinished(fd);
    if (e == ERR_OK)
        e = file_append(fd, buf_bytes(&b));
    close(fd);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s: %s", path, err_text(e));
}

/* ---- reading ---- */

struct reading {
    struct arena *line; /* of one line at a time */
    journal_fn fn;
    void *arg;
};

/* Cuts a line at its tabs. */
static bool split(struct bytes line, struct bytes out[static FIELDS])
{
    size_t n = 0;
    const uint8_t *from = line.ptr;
    for (size_t i = 0; i <= line.len; i++) {
        if (i < line.len && line.ptr[i] != '\t')
            continue;
        if (n == FIELDS)
            return false;
        out[n++] = bytes_of(from, (size_t)(line.ptr + i - from));
        from = line.ptr + i + 1;
    }
    return n == FIELDS;
}

static enum err get_digest(struct arena *a, struct bytes text, const struct digest **out)
{
    if (bytes_is(text, "-"))
        return ERR_OK;
    struct digest *d = arena_alloc(a, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    *out = d;
    return text_get_hex(text, d->b, sizeof d->b);
}

static enum journal_act act_of(struct bytes text)
{
    for (enum journal_act a = JOURNAL_TOKEN; a < JOURNAL_ACT_COUNT; a++) {
        if (bytes_is(text, acts[a]))
            return a;
    }
    return JOURNAL_NONE;
}

static enum err get_line(struct arena *a, struct bytes text, struct journal_line *l)
{
    struct bytes f[FIELDS];
    if (!split(text, f))
        return ERR_INVALID;
    *l = (struct journal_line){.act = act_of(f[1])};
    enum err e = l->act == JOURNAL_NONE ? ERR_UNKNOWN : when_parse(f[0], &l->at_s);
    if (e == ERR_OK && !bytes_is(f[2], "-"))
        e = agency_id_parse(f[2], &l->oin);
    if (e == ERR_OK)
        e = get_digest(a, f[4], &l->fingerprint);
    if (e == ERR_OK)
        e = get_digest(a, f[5], &l->lineage);
    if (e == ERR_OK && !bytes_is(f[6], "-"))
        e = when_parse(f[6], &l->until);
    l->what = arena_text(a, f[3]);
    l->detail = arena_text(a, f[7]);
    return e == ERR_OK && (l->what == NULL || l->detail == NULL) ? ERR_NOMEM : e;
}

static enum err each_line(struct work *w, const char *path, struct bytes text, const struct reading *r)
{
    while (text.len > 0 && text.ptr[text.len - 1] != '\n')
        text.len--; /* an unfinished line: see cut_unfinished */
    struct cursor c = cursor_of(text);
    enum err e = ERR_OK;
    for (unsigned number = 1; e == ERR_OK && c.left > 0; number++) {
        struct journal_line l;
        arena_reset(r->line);
        e = get_line(r->line, cursor_line(&c), &l);
        if (e != ERR_OK)
            return errmsg_set(&w->why, e, "%s:%u: not a line of the journal", path, number);
        e = r->fn(r->arg, &l);
    }
    return e;
}

enum err journal_each(struct work *w, journal_fn fn, void *arg)
{
    char path[WORK_PATH_MAX];
    struct buf text CLEANUP(buf_free) = buf_new(JOURNAL_MAX_BYTES);
    struct arena *line CLEANUP(cleanup_arena_free) = arena_new(LINE_ARENA_BYTES);
    const struct reading r = {line, fn, arg};
    enum err e = line != NULL ? work_path(w, path, "journal", "") : ERR_NOMEM;
    if (e != ERR_OK || !file_exists(path))
        return e;
    e = file_read(path, FILE_ANY, &text, &w->why);
    return e == ERR_OK ? each_line(w, path, buf_bytes(&text), &r) : e;
}
