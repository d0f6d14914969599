#include "proto/json/bodies_args.h"

#include "proto/base/text.h"

static void put_text(struct doc_build *b, const char *key, const char *text)
{
    if (text[0] != '\0')
        doc_put_str(b, key, text);
}

static void put_ref(struct doc_build *b, const char *key, bool is_there, const struct digest *d)
{
    if (is_there)
        doc_put_hex(b, key, digest_bytes(d));
}

struct doc *bodies_filter_doc(const struct bodies_filter *f)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    if (f->since_s != 0)
        doc_put_int(&b, "since", f->since_s);
    if (f->until_s != 0)
        doc_put_int(&b, "until", f->until_s);
    put_text(&b, "agency", f->agency.oin);
    put_text(&b, "rule", f->rule.s);
    put_text(&b, "event", f->event.s);
    put_text(&b, "decision", f->decision.s);
    doc_put_hex(&b, "salt", BYTES_OF_ARRAY(f->salt.b));
    put_ref(&b, "officer", f->has_officer, &f->officer);
    put_ref(&b, "request", f->has_request, &f->request);
    put_ref(&b, "case", f->has_case, &f->dossier);
    return doc_build_done(&b) == ERR_OK ? take(d) : NULL;
}

static enum err get_time(const struct doc *d, const char *key, int64_t *out, struct errmsg *why)
{
    return doc_has(d, key) ? doc_get_int(d, key, 1, INT64_MAX, out, why) : ERR_OK;
}

static enum err get_name(const struct doc *d, const char *key, struct name *out, struct errmsg *why)
{
    struct bytes text;
    if (!doc_has(d, key))
        return ERR_OK;
    const enum err e = doc_get_text(d, key, NAME_MAX_BYTES, &text, why);
    return e == ERR_OK ? name_parse(text, out) : e;
}

static enum err get_agency(const struct doc *d, struct agency_id *out, struct errmsg *why)
{
    struct bytes text;
    if (!doc_has(d, "agency"))
        return ERR_OK;
    const enum err e = doc_get_text(d, "agency", OIN_CHARS, &text, why);
    return e == ERR_OK ? agency_id_parse(text, out) : e;
}

/* Exactly n bytes in hex. */
static enum err get_hex(const struct doc *d, const char *key, uint8_t *out, size_t n,
                        struct errmsg *why)
{
    struct bytes text;
    enum err e = doc_get_text(d, key, 2 * n, &text, why);
    if (e == ERR_OK && text_get_hex(text, out, n) != ERR_OK)
        e = errmsg_set(why, ERR_INVALID, "%s: %zu hex digits", key, 2 * n);
    return e;
}

static enum err get_ref(const struct doc *d, const char *key, bool *is_there, struct digest *out,
                        struct errmsg *why)
{
    *is_there = doc_has(d, key);
    return *is_there ? get_hex(d, key, out->b, sizeof out->b, why) : ERR_OK;
}

static enum err get_refs(const struct doc *d, struct bodies_filter *f, struct errmsg *why)
{
    enum err e = get_hex(d, "salt", f->salt.b, sizeof f->salt.b, why);
    if (e == ERR_OK)
        e = get_ref(d, "officer", &f->has_officer, &f->officer, why);
    if (e == ERR_OK)
        e = get_ref(d, "request", &f->has_request, &f->request, why);
    return e == ERR_OK ? get_ref(d, "case", &f->has_case, &f->dossier, why) : e;
}

enum err bodies_filter_read(const struct doc *args, struct bodies_filter *out, struct errmsg *why)
{
    const struct doc *d = NULL;
    struct bodies_filter f = {0};
    enum err e = doc_get_object(args, "filter", &d, why);
    if (e == ERR_OK)
        e = get_time(d, "since", &f.since_s, why);
    if (e == ERR_OK)
        e = get_time(d, "until", &f.until_s, why);
    if (e == ERR_OK)
        e = get_agency(d, &f.agency, why);
    if (e == ERR_OK)
        e = get_name(d, "rule", &f.rule, why);
    if (e == ERR_OK)
        e = get_name(d, "event", &f.event, why);
    if (e == ERR_OK)
        e = get_name(d, "decision", &f.decision, why);
    if (e == ERR_OK)
        e = get_refs(d, &f, why);
    if (e == ERR_OK)
        *out = f;
    return e;
}

struct doc *bodies_sought_doc(const struct bodies_sought *s)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    put_text(&b, "officer", s->officer.s);
    put_ref(&b, "request", s->has_request, &s->request);
    if (s->has_case)
        doc_put_hex(&b, "case", BYTES_OF_ARRAY(s->dossier.b));
    return doc_build_done(&b) == ERR_OK ? take(d) : NULL;
}

enum err bodies_sought_read(const struct doc *args, struct bodies_sought *out, struct errmsg *why)
{
    const struct doc *d = NULL;
    struct bodies_sought s = {.has_case = false};
    if (!doc_has(args, "sought"))
        return ERR_OK;
    enum err e = doc_get_object(args, "sought", &d, why);
    if (e == ERR_OK)
        e = get_name(d, "officer", &s.officer, why);
    if (e == ERR_OK)
        e = get_ref(d, "request", &s.has_request, &s.request, why);
    s.has_case = e == ERR_OK && doc_has(d, "case");
    if (s.has_case)
        e = get_hex(d, "case", s.dossier.b, sizeof s.dossier.b, why);
    if (e == ERR_OK)
        *out = s;
    return e;
}

enum err bodies_args_read(const struct doc *args, enum bodies_purpose *purpose,
                          struct bodies_filter *filter, struct errmsg *why)
{
    struct bytes text;
    enum err e = doc_get_text(args, "purpose", NAME_MAX_BYTES, &text, why);
    if (e == ERR_OK && bodies_purpose_parse(text, purpose) != ERR_OK)
        e = errmsg_set(why, ERR_UNKNOWN, "purpose: what the bodies are read for, such as list");
    return e == ERR_OK ? bodies_filter_read(args, filter, why) : e;
}

enum err exported_args_read(const struct doc *args, struct bodies_exported *out, struct errmsg *why)
{
    struct bytes text;
    int64_t rows = 0;
    enum err e = doc_get_text(args, "format", NAME_MAX_BYTES, &text, why);
    if (e == ERR_OK && bodies_format_parse(text, &out->format) != ERR_OK)
        e = errmsg_set(why, ERR_UNKNOWN, "format: such as csv");
    if (e == ERR_OK)
        e = doc_get_int(args, "rows", 0, INT64_MAX, &rows, why);
    if (e == ERR_OK)
        e = get_hex(args, "sha256", out->sha256.b, sizeof out->sha256.b, why);
    if (e == ERR_OK)
        e = bodies_filter_read(args, &out->filter, why);
    out->rows = (uint64_t)rows;
    return e;
}
