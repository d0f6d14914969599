/* What a verb prints, for people and as JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/cli.h"
#include "agent/cli/cli_call.h"
#include "proto/base/log.h"
#include "proto/host/file.h"
#include "proto/host/table.h"

#define LINE_MAX_BYTES ((size_t)1 << 16)
#define CELL_MAX_BYTES ((size_t)1 << 16)
#define PRINT_MAX_BYTES ((size_t)64 << 20)

int cli_exit_of(enum err e)
{
    switch (e) {
    case ERR_OK: return EX_OK;
    case ERR_INVALID:
    case ERR_TRUNCATED:
    case ERR_TOO_LARGE:
    case ERR_RANGE:
    case ERR_DUPLICATE:
    case ERR_UNKNOWN:
    case ERR_CONFLICT:
    case ERR_MISMATCH:
    case ERR_SIGNATURE:
    case ERR_CERT:
    case ERR_VERSION: return EX_DATAERR;
    case ERR_NOT_FOUND: return EX_NOINPUT;
    case ERR_EXISTS: return EX_CANTCREAT;
    case ERR_STATE:
    case ERR_EXPIRED:
    case ERR_BEHIND:
    case ERR_AGAIN:
    case ERR_LIMIT:
    case ERR_NO_SPACE: return EX_TEMPFAIL;
    case ERR_CLOSED:
    case ERR_UNREACHABLE: return EX_UNAVAILABLE;
    case ERR_CONFIG: return EX_CONFIG;
    case ERR_PERMISSION: return EX_NOPERM;
    case ERR_IO: return EX_IOERR;
    case ERR_NOMEM:
    case ERR_CRYPTO: return EX_OSERR;
    case ERR_UNSUPPORTED:
    case ERR_CANCELLED: return EX_SOFTWARE;
    }
    return EX_SOFTWARE;
}

/* Text that came from elsewhere, made harmless for a terminal. */
static void print_safe(FILE *f, struct bytes text)
{
    CLEANUP(buf_free) struct buf safe = buf_new(PRINT_MAX_BYTES);
    table_put_safe(&safe, text);
    if (safe.len > 0)
        fwrite(safe.ptr, 1, safe.len, f);
}

static void print_error_json(struct cli *c, int exit_code, const char *text)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc *error = doc_new_object();
    struct doc_build b = doc_build_of(error);
    doc_put_int(&b, "exit", exit_code);
    doc_put_str(&b, "text", text);
    struct doc_build whole = doc_build_of(d);
    doc_put_doc(&whole, "error", error);
    cli_json(c, d);
}

int cli_error(struct cli *c, int exit_code, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (c->json)
        print_error_json(c, exit_code, text);
    fputs("sluis: ", c->err);
    print_safe(c->err, bytes_str(text));
    fputc('\n', c->err);
    return exit_code;
}

static void print_condition(struct cli *c, const struct doc *condition)
{
    static const char *const keys[] = {"nl", "en", "detail", "citation"};
    CLEANUP(buf_free) struct buf line = buf_new(LINE_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct bytes text;
        if (doc_get_text(condition, keys[i], 2000, &text, NULL) != ERR_OK || text.len == 0)
            continue;
        buf_put_str(&line, line.len == 0 ? "  - " : "\n    ");
        table_put_safe(&line, text);
    }
    if (line.len > 0)
        fprintf(c->err, "%s\n", buf_text(&line));
}

int cli_agent_error(struct cli *c, const struct doc *error)
{
    struct bytes text = bytes_str("the agent refused without a reason");
    int64_t code = EX_SOFTWARE;
    if (doc_get_int(error, "exit", 1, 255, &code, NULL) != ERR_OK)
        code = EX_SOFTWARE;
    if (doc_get_text(error, "text", 4096, &text, NULL) != ERR_OK)
        text = bytes_str("the agent refused without a reason");
    if (c->json) {
        CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        doc_put_doc(&b, "error", doc_copy(error));
        cli_json(c, d);
    }
    fputs("sluis: ", c->err);
    print_safe(c->err, text);
    fputc('\n', c->err);
    const struct doc *conditions = NULL;
    if (doc_get_array(error, "conditions", &conditions, NULL) == ERR_OK)
        for (size_t i = 0; i < doc_count(conditions); i++)
            print_condition(c, doc_at(conditions, i));
    return (int)code;
}

bool cli_json(struct cli *c, const struct doc *ok)
{
    if (!c->json)
        return false;
    CLEANUP(buf_free) struct buf text = buf_new(PRINT_MAX_BYTES);
    if (doc_write_pretty(ok, &text) != ERR_OK)
        log_err("the answer cannot be written as JSON");
    else
        fwrite(text.ptr, 1, text.len, c->out);
    return true;
}

/* A scalar as a word. */
static bool put_scalar(struct buf *b, const struct doc *value)
{
    struct bytes text;
    int64_t number;
    bool flag;
    if (doc_text_of(value, CELL_MAX_BYTES, &text) == ERR_OK)
        buf_put(b, text);
    else if (doc_int_of(value, INT64_MIN, INT64_MAX, &number) == ERR_OK)
        buf_printf(b, "%lld", (long long)number);
    else if (doc_bool_of(value, &flag) == ERR_OK)
        buf_put_str(b, flag ? "yes" : "no");
    else
        return false;
    return true;
}

static void put_value(struct buf *b, const struct doc *value)
{
    if (put_scalar(b, value) || !doc_is_array(value))
        return;
    for (size_t i = 0; i < doc_count(value); i++) {
        if (i > 0)
            buf_put_str(b, ", ");
        put_scalar(b, doc_at(value, i));
    }
}

/* The member of an object, as text; "" where absent. */
static const char *member_text(const struct doc *object, const char *key, struct buf *b)
{
    buf_reset(b);
    void *iter = NULL;
    const char *name = NULL;
    const struct doc *value = NULL;
    while (doc_next(object, &iter, &name, &value))
        if (strcmp(name, key) == 0)
            put_value(b, value);
    return buf_text(b);
}

static int print_rows(struct cli *c, struct table *t, const struct doc *rows,
                      const struct cli_column *columns, size_t count)
{
    struct buf cells[TABLE_COLUMNS_MAX];
    const char *texts[TABLE_COLUMNS_MAX];
    for (size_t i = 0; i < count; i++)
        cells[i] = buf_new(CELL_MAX_BYTES);
    for (size_t r = 0; r < doc_count(rows); r++) {
        for (size_t i = 0; i < count; i++)
            texts[i] = member_text(doc_at(rows, r), columns[i].key, &cells[i]);
        table_row(t, texts);
    }
    for (size_t i = 0; i < count; i++)
        buf_free(&cells[i]);
    CLEANUP(buf_free) struct buf out = buf_new(PRINT_MAX_BYTES);
    enum err bad = table_print(t, &out);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "the table cannot be printed: %s", err_text(bad));
    fwrite(out.ptr, 1, out.len, c->out);
    return 0;
}

int cli_table(struct cli *c, const struct doc *rows, const struct cli_column *columns, size_t count)
{
    const char *headings[TABLE_COLUMNS_MAX] = {NULL};
    if (count > TABLE_COLUMNS_MAX)
        count = TABLE_COLUMNS_MAX;
    for (size_t i = 0; i < count; i++)
        headings[i] = columns[i].heading;
    CLEANUP(cleanup_table_free) struct table *t = table_new(headings, count);
    return t != NULL ? print_rows(c, t, rows, columns, count)
                     : cli_error(c, EX_OSERR, "out of memory");
}

void cli_field(struct cli *c, const char *label, const struct doc *object, const char *key)
{
    CLEANUP(buf_free) struct buf b = buf_new(CELL_MAX_BYTES);
    const char *text = member_text(object, key, &b);
    if (text[0] != '\0')
        cli_line(c, "%-22s %s", label, text);
}

void cli_lines(struct cli *c, const char *heading, const struct doc *item, const char *key)
{
    const struct doc *list = NULL;
    struct bytes text;
    if (doc_get_array(item, key, &list, NULL) != ERR_OK || doc_count(list) == 0)
        return;
    cli_line(c, "%s:", heading);
    for (size_t i = 0; i < doc_count(list); i++)
        if (doc_text_of(doc_at(list, i), CELL_MAX_BYTES, &text) == ERR_OK)
            cli_line(c, "  %.*s", (int)text.len, (const char *)text.ptr);
}

void cli_line(struct cli *c, const char *fmt, ...)
{
    char text[8192];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    print_safe(c->json ? c->err : c->out, bytes_str(text));
    fputc('\n', c->json ? c->err : c->out);
}

bool cli_confirm(struct cli *c, const char *question)
{
    if (c->yes)
        return true;
    FILE *tty = fopen("/dev/tty", "r+e");
    if (tty == NULL) {
        cli_line(c, "There is no terminal to ask on; with --yes nothing is asked.");
        return false;
    }
    fflush(c->out);
    fprintf(tty, "%s [yes/no] ", question);
    fflush(tty);
    char answer[16] = "";
    bool said = fgets(answer, sizeof answer, tty) != NULL;
    fclose(tty);
    return said && (strcmp(answer, "yes\n") == 0 || strcmp(answer, "ja\n") == 0);
}

struct doc *cli_list(const char *text)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    while (list != NULL && text != NULL) {
        size_t n = strcspn(text, ",");
        if (n == 0 || doc_append(list, doc_new_text(bytes_of(text, n))) != ERR_OK)
            return NULL;
        text = text[n] == ',' ? text + n + 1 : NULL;
    }
    return take(list);
}

enum err cli_read(const char *path, struct buf *out, struct errmsg *why)
{
    if (strcmp(path, "-") != 0)
        return file_read(path, FILE_ANY, out, why);
    uint8_t block[8192];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errmsg_set(why, ERR_IO, "standard input cannot be read");
        buf_put(out, bytes_of(block, (size_t)n));
        if (n == 0 || out->err != ERR_OK)
            return errmsg_set(why, buf_err(out), "standard input: %s", err_text(buf_err(out)));
    }
}
