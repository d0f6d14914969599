/* recover: bodies from the auditors' copy at the broker's host, as a file of body lines, and the key of the log's fillers. The
 * agency's agent opens the key of each segment; the broker is not asked. Segments come by the day on which they end, lines by
 * their index: the lines lie on disk meanwhile, and memory holds where each of them is. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "pki/body_copy_seal.h"
#include "pki/cli/audit/body_socket.h"
#include "pki/cli/audit/options.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "proto/host/spool.h"
#include "proto/json/body_line.h"

#define ENVELOPE_MAX_BYTES ((size_t)64 << 10)
#define SEGMENT_MAX_BYTES ((size_t)64 << 20)

/* A line that lies in the scratch file. */
struct found {
    uint64_t index;
    struct digest entry;
    uint64_t offset;
    uint32_t len;
};

struct recovering {
    const struct options *o;
    struct body_socket *socket;
    struct spool *scratch; /* lines in the order of the segments */
    struct found *found;
    size_t count;
    size_t room;
    uint64_t closed; /* keys that are not for this agency, or this caller */
    struct errmsg closed_why;
    uint64_t cut; /* that end in the middle of a body */
    uint64_t unread; /* files that cannot be read, or are none of the copy's */
    uint64_t others; /* lines of an index that has another entry already */
    uint64_t damaged; /* bodies that do not open, or with them all that follows in their segment */
    struct errmsg why;
};

static void release(struct recovering *r)
{
    free(r->found);
    spool_free(r->scratch);
    body_socket_close(r->socket);
}

static enum err make_room(struct recovering *r)
{
    if (r->count < r->room)
        return ERR_OK;
    const size_t room = r->room == 0 ? 1024 : 2 * r->room;
    struct found *more = realloc(r->found, room * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    r->found = more;
    r->room = room;
    return ERR_OK;
}

static enum err take_body(struct recovering *r, struct aead *aead,
                          const struct body_copy_record *record)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    CLEANUP(buf_free) struct buf text = buf_new(2 * BODY_LINE_MAX);
    enum err e = body_copy_open(aead, record, &body);
    const struct body_line line = {
        .index = record->index, .entry = record->entry, .state = BODY_PRESENT, .body = buf_bytes(&body)};
    if (e == ERR_OK)
        e = make_room(r);
    if (e == ERR_OK)
        e = body_line_write(&line, &text);
    const struct found found = {record->index, record->entry, spool_size(r->scratch), (uint32_t)text.len};
    if (e == ERR_OK)
        e = spool_append(r->scratch, buf_bytes(&text));
    if (e == ERR_OK)
        r->found[r->count++] = found;
    return e;
}

/* What is wrong with one file is no matter of the others. */
static enum err leave_file(struct recovering *r, enum err e)
{
    if (e == ERR_NOMEM || e == ERR_CLOSED || e == ERR_UNREACHABLE)
        return e;
    fprintf(stderr, "sluis-audit: left out: %s\n", r->why.text);
    r->unread++;
    return ERR_OK;
}

static enum err read_segment(struct recovering *r, const struct body_copy_name *name,
                             const struct secret *key)
{
    char path[PATH_MAX];
    CLEANUP(buf_free) struct buf segment = buf_new(SEGMENT_MAX_BYTES);
    CLEANUP(cleanup_aead_free) struct aead *aead = NULL;
    struct body_copy_record record;
    const int n = snprintf(path, sizeof path, "%s/%s.seg", r->o->copy, name->s);
    if (n < 0 || (size_t)n >= sizeof path)
        return ERR_RANGE;
    if (!file_exists(path))
        return ERR_OK; /* it never got a body */
    enum err e = file_read(path, FILE_ANY, &segment, &r->why);
    if (e != ERR_OK)
        return leave_file(r, e);
    e = aead_new(key, BODY_COPY_KEY_VERSION, &aead);
    struct bytes rest = buf_bytes(&segment);
    while (e == ERR_OK && (e = body_copy_next(&rest, &record)) == ERR_OK) {
        e = take_body(r, aead, &record);
        const bool is_damaged = e == ERR_SIGNATURE || e == ERR_MISMATCH;
        r->damaged += is_damaged;
        e = is_damaged ? ERR_OK : e;
    }
    r->cut += e == ERR_TRUNCATED;
    r->damaged += e == ERR_TOO_LARGE;
    if (e == ERR_NOT_FOUND || e == ERR_TRUNCATED || e == ERR_TOO_LARGE)
        return ERR_OK; /* the other segments are none the worse */
    return errmsg_set(&r->why, e, "%s: %s", path, err_text(e));
}

static enum err put_hex(void *arg, struct bytes key)
{
    struct buf *out = arg;
    text_put_hex(out, key);
    buf_put_str(out, "\n");
    return buf_err(out);
}

/* As verify --filler-key takes it. */
static enum err write_filler(struct recovering *r, const struct body_copy_name *name, const struct secret *key)
{
    char path[PATH_MAX];
    uint8_t room[2 * BODY_COPY_KEY_BYTES + 1];
    struct buf text = buf_fixed(room, sizeof room);
    const int n = snprintf(path, sizeof path, "%s.%s", r->o->output, name->s);
    if (n < 0 || (size_t)n >= sizeof path)
        return ERR_RANGE;
    enum err e = secret_lend(key, put_hex, &text);
    if (e == ERR_OK)
        e = file_write(path, buf_bytes(&text), 0600, &r->why);
    secret_wipe(room, sizeof room);
    if (e == ERR_OK)
        printf("%s: the key of the fillers, for verify --filler-key\n", path);
    return e;
}

/* A key of the copy. */
struct copied_key {
    struct body_copy_name name;
    bool is_filler;
};

static bool is_key(const char *file, struct copied_key *out)
{
    uint32_t day = 0;
    out->is_filler = body_copy_filler_parse(file, &out->name) == ERR_OK;
    if (!out->is_filler && body_copy_name_parse(file, &out->name, &day) != ERR_OK)
        return false;
    return strcmp(file + strlen(out->name.s), ".key") == 0;
}

static enum err take_key(void *arg, const char *file)
{
    struct recovering *r = arg;
    char path[PATH_MAX];
    struct copied_key of;
    CLEANUP(buf_free) struct buf envelope = buf_new(ENVELOPE_MAX_BYTES);
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    if (!is_key(file, &of))
        return ERR_OK;
    const int n = snprintf(path, sizeof path, "%s/%s", r->o->copy, file);
    if (n < 0 || (size_t)n >= sizeof path)
        return ERR_RANGE;
    enum err e = file_read(path, FILE_ANY, &envelope, &r->why);
    if (e != ERR_OK)
        return leave_file(r, e);
    e = body_socket_open_copy(r->socket, buf_bytes(&envelope), &of.name, &key, &r->why);
    if (e == ERR_PERMISSION) {
        r->closed++;
        r->closed_why = r->why;
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    return of.is_filler ? write_filler(r, &of.name, key) : read_segment(r, &of.name, key);
}

/* By index, then by entry. */
static int by_index(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return bytes_cmp(digest_bytes(&x->entry), digest_bytes(&y->entry));
}

static enum err write_line(struct recovering *r, struct spool *out, const struct found *f)
{
    CLEANUP(buf_free) struct buf text = buf_new(2 * BODY_LINE_MAX);
    const enum err e = spool_read(r->scratch, f->offset, f->len, &text);
    return e == ERR_OK ? spool_append(out, buf_bytes(&text)) : e;
}

/* Where a line goes: each entry once, as what a stop interrupted was copied again; and of an index with two entries the
 * second elsewhere, because only the log knows which is its own. */
enum line_place {
    LINE_AGAIN,
    LINE_FIRST,
    LINE_OTHER,
};

static enum line_place place_of(const struct found *sorted, size_t i)
{
    if (i == 0 || sorted[i].index != sorted[i - 1].index)
        return LINE_FIRST;
    return digest_equal(&sorted[i].entry, &sorted[i - 1].entry) ? LINE_AGAIN : LINE_OTHER;
}

/* The lines of one place, into a file of their own. */
static enum err write_lines(struct recovering *r, const char *path, enum line_place which, uint64_t *written)
{
    CLEANUP(cleanup_spool_free) struct spool *out = NULL;
    enum err e = spool_new(path, &out, &r->why);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; e == ERR_OK && i < r->count; i++) {
        if (place_of(r->found, i) != which)
            continue;
        e = write_line(r, out, &r->found[i]);
        ++*written;
    }
    if (e != ERR_OK)
        return errmsg_set(&r->why, e, "%s: %s", path, err_text(e));
    return spool_place(out, &r->why);
}

static enum err write_others(struct recovering *r)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < r->count; i++)
        r->others += place_of(r->found, i) == LINE_OTHER;
    if (r->others == 0)
        return ERR_OK;
    const int n = snprintf(path, sizeof path, "%s.other", r->o->output);
    uint64_t written = 0;
    return n > 0 && (size_t)n < sizeof path ? write_lines(r, path, LINE_OTHER, &written) : ERR_RANGE;
}

static enum err write_all(struct recovering *r, uint64_t *written)
{
    qsort(r->found, r->count, sizeof *r->found, by_index);
    const enum err e = write_lines(r, r->o->output, LINE_FIRST, written);
    return e == ERR_OK ? write_others(r) : e;
}

static enum err open_scratch(struct recovering *r)
{
    const enum err e = spool_new(r->o->output, &r->scratch, &r->why);
    return e == ERR_OK ? spool_hide(r->scratch) : e;
}

static void say_missing(const struct recovering *r)
{
    if (r->closed > 0)
        fprintf(stderr, "sluis-audit: %llu keys of the copy do not open here: %s\n",
                (unsigned long long)r->closed, r->closed_why.text);
    if (r->cut > 0)
        fprintf(stderr, "sluis-audit: %llu segments end in the middle of a body\n",
                (unsigned long long)r->cut);
    if (r->unread > 0)
        fprintf(stderr, "sluis-audit: %llu files of the copy were left out\n", (unsigned long long)r->unread);
    if (r->others > 0)
        fprintf(stderr, "sluis-audit: %llu bodies say that they stand where another does; they are in %s.other: verify tells which "
                "the log has\n", (unsigned long long)r->others, r->o->output);
    if (r->damaged > 0)
        fprintf(stderr, "sluis-audit: %llu bodies do not open, or what follows them: damaged\n",
                (unsigned long long)r->damaged);
}

/* All that opens is written; the exit status says whether that was all. */
static int recover(struct recovering *r)
{
    const struct body_socket_params p = {.path = r->o->bodies};
    uint64_t written = 0;
    enum err e = body_socket_open(&p, &r->socket, &r->why);
    if (e == ERR_OK)
        e = open_scratch(r);
    if (e == ERR_OK)
        e = file_list(r->o->copy, take_key, r);
    if (e == ERR_OK && r->count > 0)
        e = write_all(r, &written);
    if (e != ERR_OK)
        return options_fail("recover", (int)e, &r->why);
    if (r->count > 0)
        printf("%s: %llu bodies\n", r->o->output, (unsigned long long)written);
    else
        printf("no body is in the copy: %s was not written\n", r->o->output);
    say_missing(r);
    return r->count == 0 || r->closed + r->damaged + r->unread + r->others > 0 ? EX_DATAERR : EX_OK; /* a stop may cut the last body off */
}

int run_recover(const struct options *o)
{
    if (o->copy == NULL || o->bodies == NULL || o->output == NULL) {
        fprintf(stderr, "sluis-audit: recover needs --copy, --bodies (the socket of your agent) "
                        "and --output\n");
        return EX_USAGE;
    }
    struct recovering r = {.o = o};
    const int status = recover(&r);
    release(&r);
    return status;
}
