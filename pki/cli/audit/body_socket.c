#include "pki/cli/audit/body_socket.h"

#include <stdlib.h>
#include <sysexits.h>

#include "pki/cli/audit/officer.h"
#include "pki/filler.h"
#include "pki/sign.h"
#include "proto/base/text.h"
#include "proto/host/control.h"
#include "proto/json/bodies_args.h"
#include "proto/log/body_copy.h"

#define PAGE_ROWS 500
#define ANSWER_TIMEOUT_MS 60000
#define STATE_MAX 256
#define KEY_BYTES 32u

_Static_assert(KEY_BYTES == BODY_COPY_KEY_BYTES && KEY_BYTES == FILLER_KEY_BYTES, "the keys that an answer can have");

struct body_socket {
    struct body_socket_params params;
    struct control_client *client;
    struct key *officer; /* opened at the first query that wants a signature */
    struct buf frame;
    struct officer_meant meant; /* by the call under way: nothing else is signed */
    uint64_t looked;
};

enum err body_socket_open(const struct body_socket_params *p, struct body_socket **out,
                          struct errmsg *why)
{
    struct body_socket *s CLEANUP(cleanup_body_socket_close) = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->params = *p;
    s->frame = buf_new(CONTROL_FRAME_MAX);
    enum err e = control_client_new(p->path, &s->client, why);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

void body_socket_close(struct body_socket *s)
{
    if (s == NULL)
        return;
    control_client_free(s->client);
    key_free(s->officer);
    buf_free(&s->frame);
    free(s);
}

uint64_t body_socket_looked(const struct body_socket *s)
{
    return s->looked;
}

const struct bodies_filter *body_socket_filter(const struct body_socket *s)
{
    return &s->params.filter;
}

enum err body_socket_key(struct body_socket *s, const struct key **out, struct errmsg *why)
{
    enum err e = ERR_OK;
    if (s->officer == NULL)
        e = officer_key_open(s->params.key, s->params.passphrase_file, &s->officer, why);
    if (e == ERR_OK)
        *out = s->officer;
    return e;
}

/* Sends {"verb": verb, "args": args}; takes args. */
static enum err send_call(struct body_socket *s, const char *verb, struct doc *args)
{
    struct doc *call CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(call);
    doc_put_str(&b, "verb", verb);
    doc_put_doc(&b, "args", args);
    struct buf text CLEANUP(buf_free) = buf_new(CONTROL_FRAME_MAX);
    enum err e = doc_build_done(&b);
    if (e == ERR_OK)
        e = doc_write(call, &text);
    return e != ERR_OK ? e : control_client_send(s->client, buf_bytes(&text));
}

static enum err receive(struct body_socket *s, struct doc **out, struct errmsg *why)
{
    buf_reset(&s->frame);
    enum err e = control_client_recv(s->client, ANSWER_TIMEOUT_MS, &s->frame);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: no answer", s->params.path);
    return doc_parse(buf_bytes(&s->frame), CONTROL_FRAME_MAX, out, why);
}

static enum err service_error(const struct doc *error, struct errmsg *why)
{
    struct bytes text = bytes_str("no reason given");
    int64_t exit_code = 0;
    if (doc_get_text(error, "text", 320, &text, NULL) != ERR_OK)
        text = bytes_str("no reason given");
    if (doc_get_int(error, "exit", 0, 255, &exit_code, NULL) != ERR_OK)
        exit_code = 0;
    enum err e = exit_code == 77 ? ERR_PERMISSION : exit_code == 69 ? ERR_UNREACHABLE : ERR_STATE;
    return errmsg_set(why, e, "the service refuses: %.*s", (int)text.len, (const char *)text.ptr);
}

/* The signature over what was meant, as base64 text in a list. */
static enum err sign_one(struct body_socket *s, const struct doc *element, struct doc *list,
                           struct errmsg *why)
{
    struct buf query CLEANUP(buf_free) = buf_new(4096);
    struct bytes kind;
    enum err e = doc_get_text(element, "kind", 16, &kind, why);
    if (e == ERR_OK && !bytes_is(kind, word_of_sign_kind(s->meant.kind)))
        e = errmsg_set(why, ERR_INVALID, "the service asks for a signature that is not for this");
    if (e == ERR_OK)
        e = doc_get_base64(element, "document", &query, why);
    const struct key *officer = NULL;
    if (e == ERR_OK)
        e = body_socket_key(s, &officer, why);
    struct signature sig = {0};
    if (e == ERR_OK)
        e = officer_sign(officer, &s->meant, buf_bytes(&query), &sig);
    if (e == ERR_MISMATCH)
        e = errmsg_set(why, e, "the service asks for a signature on something else than was asked");
    struct buf text CLEANUP(buf_free) = buf_new(256);
    text_put_base64(&text, signature_bytes(&sig));
    return e != ERR_OK ? e : doc_append(list, doc_new_text(buf_bytes(&text)));
}

static enum err answer_signing(struct body_socket *s, const struct doc *message,
                               struct errmsg *why)
{
    const struct doc *documents = NULL;
    struct bytes state;
    enum err e = doc_get_array(message, "sign", &documents, why);
    if (e == ERR_OK)
        e = doc_get_text(message, "state", STATE_MAX, &state, why);
    if (e == ERR_OK && doc_count(documents) != 1)
        e = errmsg_set(why, ERR_INVALID, "the service asks for more than one signature");
    struct doc *list CLEANUP(cleanup_doc_free) = doc_new_array();
    if (e == ERR_OK)
        e = list == NULL ? ERR_NOMEM : sign_one(s, doc_at(documents, 0), list, why);
    if (e != ERR_OK)
        return e;
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_text(&b, "state", state);
    doc_put_doc(&b, "signatures", take(list));
    e = doc_build_done(&b);
    return e != ERR_OK ? e : send_call(s, "signed", take(args));
}

/* The answer to a call that may want a signature: the whole of it in *answer, with *ok inside it. */
static enum err await_ok(struct body_socket *s, struct doc **answer, const struct doc **ok,
                         struct errmsg *why)
{
    enum err e = ERR_OK;
    while (e == ERR_OK) {
        struct doc *message CLEANUP(cleanup_doc_free) = NULL;
        const struct doc *error = NULL;
        e = receive(s, &message, why);
        if (e != ERR_OK)
            return e;
        if (doc_get_object(message, "ok", ok, NULL) == ERR_OK) {
            *answer = take(message);
            return ERR_OK;
        }
        if (doc_get_object(message, "error", &error, NULL) == ERR_OK)
            return service_error(error, why);
        if (doc_has(message, "sign"))
            e = answer_signing(s, message, why);
    }
    return e;
}

/* One page of rows. One entry that is looked at is one row: no more is read than is shown. */
static enum err ask_page(struct body_socket *s, uint64_t from, struct doc **answer,
                         const struct doc **ok, struct errmsg *why)
{
    const enum bodies_purpose purpose = s->params.purpose;
    const bool is_one = purpose == BODIES_FOR_SHOW || purpose == BODIES_FOR_EXPLAIN;
    const uint32_t most = s->params.max_rows != 0 ? s->params.max_rows : PAGE_ROWS;
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(args);
    s->meant = (struct officer_meant){.kind = SIGN_BODIES,
                                      .purpose = purpose,
                                      .filter = &s->params.filter,
                                      .from = from,
                                      .narrow = s->params.narrow,
                                      .sought = s->params.narrow ? &s->params.sought : NULL,
                                      .max = is_one ? 1 : most};
    doc_put_int(&b, "from", (int64_t)from);
    doc_put_int(&b, "max", s->meant.max);
    doc_put_str(&b, "purpose", bodies_purpose_id(purpose));
    if (s->meant.narrow)
        doc_put_bool(&b, "narrow", true);
    if (s->meant.narrow && !bodies_sought_is_empty(&s->params.sought))
        doc_put_doc(&b, "sought", bodies_sought_doc(&s->params.sought));
    doc_put_doc(&b, "filter", bodies_filter_doc(&s->params.filter));
    enum err e = doc_build_done(&b);
    if (e == ERR_OK)
        e = send_call(s, s->params.is_own ? "own_bodies" : "bodies", take(args));
    return e == ERR_OK ? await_ok(s, answer, ok, why) : e;
}

static enum err get_entry(const struct doc *ok, struct digest *out, struct errmsg *why)
{
    struct bytes text;
    struct digest entry = {{0}};
    enum err e = ERR_OK;
    if (doc_has(ok, "entry")) {
        e = doc_get_text(ok, "entry", 2 * sizeof entry.b, &text, why);
        if (e == ERR_OK)
            e = text_get_hex(text, entry.b, sizeof entry.b);
    }
    if (e == ERR_OK)
        *out = entry;
    return e;
}

enum err body_socket_exported(struct body_socket *s, const struct body_export *x,
                              struct digest *entry, struct errmsg *why)
{
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc *answer CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *ok = NULL;
    struct doc_build b = doc_build_of(args);
    s->meant = (struct officer_meant){
        .kind = SIGN_EXPORT, .filter = &s->params.filter, .export = x};
    doc_put_str(&b, "format", bodies_format_id(x->format));
    doc_put_int(&b, "rows", (int64_t)x->rows);
    doc_put_hex(&b, "sha256", digest_bytes(&x->sha256));
    doc_put_doc(&b, "filter", bodies_filter_doc(&s->params.filter));
    enum err e = doc_build_done(&b);
    if (e == ERR_OK)
        e = send_call(s, s->params.is_own ? "own_exported" : "exported", take(args));
    if (e == ERR_OK)
        e = await_ok(s, &answer, &ok, why);
    return e == ERR_OK ? get_entry(ok, entry, why) : e;
}

enum err body_socket_call(struct body_socket *s, const char *verb, struct doc *args, struct doc **ok,
                          struct errmsg *why)
{
    struct doc *message CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *part = NULL;
    enum err e = send_call(s, verb, args);
    if (e == ERR_OK)
        e = receive(s, &message, why);
    if (e != ERR_OK)
        return e;
    if (doc_get_object(message, "error", &part, NULL) == ERR_OK)
        return service_error(part, why);
    if (doc_get_object(message, "ok", &part, NULL) != ERR_OK)
        return errmsg_set(why, ERR_MISMATCH, "the service asks for something where it should answer");
    struct doc *copy = doc_copy(part);
    if (copy == NULL)
        return ERR_NOMEM;
    *ok = copy;
    return ERR_OK;
}

enum err body_socket_policy(struct body_socket *s, const struct digest *digest, struct buf *out,
                            struct errmsg *why)
{
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_hex(&b, "digest", digest_bytes(digest));
    enum err e = doc_build_done(&b);
    if (e == ERR_OK)
        e = send_call(s, "policy", take(args));
    struct doc *message CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *part = NULL;
    struct bytes text;
    if (e == ERR_OK)
        e = receive(s, &message, why);
    if (e != ERR_OK)
        return e;
    if (doc_get_object(message, "error", &part, NULL) == ERR_OK)
        return service_error(part, why);
    e = doc_get_object(message, "ok", &part, why);
    if (e == ERR_OK)
        e = doc_get_text(part, "policy", CONTROL_FRAME_MAX, &text, why);
    if (e == ERR_OK)
        buf_put(out, text);
    return e == ERR_OK ? buf_err(out) : e;
}

/* 64 hex digits of an answer, which are gone from it then. */
static enum err take_key(const struct doc *ok, const char *name, struct secret **out, struct errmsg *why)
{
    uint8_t raw[KEY_BYTES] = {0};
    struct bytes hex;
    enum err e = doc_get_text(ok, name, 2 * sizeof raw, &hex, why);
    if (e != ERR_OK)
        return e;
    e = text_get_hex(hex, raw, sizeof raw);
    secret_wipe((uint8_t *)(uintptr_t)hex.ptr, hex.len); /* the answer is ours */
    if (e == ERR_OK) {
        *out = secret_new(BYTES_OF_ARRAY(raw));
        e = *out != NULL ? ERR_OK : ERR_NOMEM;
    }
    secret_wipe(raw, sizeof raw);
    return e;
}

static enum err read_copy_key(const struct doc *ok, const struct body_copy_name *name,
                              struct secret **out, struct errmsg *why)
{
    struct bytes segment;
    enum err e = doc_get_text(ok, "segment", BODY_COPY_NAME_SIZE, &segment, why);
    if (e == ERR_OK && !bytes_is(segment, name->s))
        e = errmsg_set(why, ERR_MISMATCH, "%s: the key is that of another segment", name->s);
    return e == ERR_OK ? take_key(ok, "key", out, why) : e;
}

enum err body_socket_open_copy(struct body_socket *s, struct bytes sealed,
                               const struct body_copy_name *name, struct secret **out,
                               struct errmsg *why)
{
    struct doc *args CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc *answer CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *ok = NULL;
    struct doc_build b = doc_build_of(args);
    doc_put_base64(&b, "sealed", sealed);
    enum err e = doc_build_done(&b);
    if (e == ERR_OK)
        e = send_call(s, "open_copy", take(args));
    if (e == ERR_OK)
        e = await_ok(s, &answer, &ok, why);
    if (e == ERR_OK)
        e = read_copy_key(ok, name, out, why);
    secret_wipe(s->frame.ptr, s->frame.len);
    return e;
}

/* Whether a service refuses because it knows no such verb, or not for this reader. */
static bool has_none(const struct doc *error)
{
    int64_t exit_code = 0;
    return doc_get_int(error, "exit", 0, 255, &exit_code, NULL) == ERR_OK && (exit_code == EX_USAGE || exit_code == EX_NOPERM);
}

enum err body_socket_filler_key(struct body_socket *s, struct secret **out, struct errmsg *why)
{
    struct doc *message CLEANUP(cleanup_doc_free) = NULL;
    const struct doc *part = NULL;
    enum err e = send_call(s, s->params.is_own ? "own_filler_key" : "filler_key", doc_new_object());
    if (e == ERR_OK)
        e = receive(s, &message, why);
    if (e == ERR_OK && doc_get_object(message, "error", &part, NULL) == ERR_OK)
        return has_none(part) ? ERR_NOT_FOUND : service_error(part, why);
    if (e == ERR_OK)
        e = doc_get_object(message, "ok", &part, why);
    if (e == ERR_OK)
        e = take_key(part, "filler_key", out, why);
    secret_wipe(s->frame.ptr, s->frame.len);
    return e;
}

static enum err take_row(const struct doc *row, uint64_t least, struct body_line *line,
                         struct errmsg *why)
{
    struct bytes entry;
    int64_t index = 0;
    enum err e = doc_get_int(row, "index", (int64_t)least, INT64_MAX, &index, why);
    if (e == ERR_OK)
        e = doc_get_text(row, "entry", 64, &entry, why);
    if (e == ERR_OK)
        e = text_get_hex(entry, line->entry.b, sizeof line->entry.b);
    if (e != ERR_OK)
        return e;
    line->index = (uint64_t)index;
    struct bytes state;
    line->state = BODY_HIDDEN;
    if (doc_get_text(row, "body", BODY_LINE_MAX, &line->body, NULL) == ERR_OK)
        line->state = BODY_PRESENT;
    else if (doc_get_text(row, "state", 16, &state, NULL) != ERR_OK)
        return ERR_OK;
    else if (bytes_is(state, body_state_id(BODY_ERASED)))
        line->state = BODY_ERASED;
    else if (bytes_is(state, body_state_id(BODY_UNREADABLE)))
        line->state = BODY_UNREADABLE;
    else if (bytes_is(state, body_state_id(BODY_LOST)))
        line->state = BODY_LOST;
    return ERR_OK;
}

/* Hands a page's rows to fn; *next: where to go on, 0 at the end. */
static enum err take_page(const struct doc *ok, uint64_t *next, body_line_fn fn, void *arg,
                          struct errmsg *why)
{
    const struct doc *rows = NULL;
    uint64_t least = *next;
    int64_t after = 0;
    enum err e = doc_get_array(ok, "rows", &rows, why);
    for (size_t i = 0; e == ERR_OK && i < doc_count(rows); i++) {
        struct body_line line = {0};
        e = take_row(doc_at(rows, i), least, &line, why);
        if (e == ERR_OK) {
            least = line.index + 1;
            e = fn(arg, &line);
        }
    }
    if (e == ERR_OK)
        e = doc_get_int(ok, "next", 0, INT64_MAX, &after, why);
    if (e == ERR_OK && after != 0 && (uint64_t)after < least)
        e = errmsg_set(why, ERR_INVALID, "the service's pages do not go on");
    *next = (uint64_t)after;
    return e;
}

static enum err each(void *ctx, uint64_t first, body_line_fn fn, void *arg, struct errmsg *why)
{
    struct body_socket *s = ctx;
    uint64_t next = first;
    int64_t size = 0;
    do {
        struct doc *answer CLEANUP(cleanup_doc_free) = NULL;
        const struct doc *ok = NULL;
        enum err e = ask_page(s, next, &answer, &ok, why);
        if (e == ERR_OK)
            e = take_page(ok, &next, fn, arg, why);
        if (e == ERR_OK && next == 0)
            e = doc_get_int(ok, "size", 0, INT64_MAX, &size, why);
        if (e != ERR_OK)
            return e == ERR_CANCELLED ? ERR_OK : e;
    } while (next != 0);
    s->looked = (uint64_t)size;
    return ERR_OK;
}

struct body_source body_socket_source(struct body_socket *s)
{
    return (struct body_source){each, s};
}
