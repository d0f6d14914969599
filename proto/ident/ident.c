#include "proto/ident/ident.h"

#include "proto/ident/kind.h"
#include "proto/ident/prepare.h"

static const char *const class_ids[] = {
    "?", "wettelijk_nummer", "persoon", "rechtspersoon", "object", "adres", "financieel", "telecom",
};
_Static_assert(ARRAY_LEN(class_ids) == IDENT_CLASS_COUNT, "one id for each class");

/* The next part of a composed value, up to '/', taken off the front of *rest. */
static struct bytes next_part(struct bytes *rest)
{
    const uint8_t *slash = rest->len > 0 ? memchr(rest->ptr, '/', rest->len) : NULL;
    size_t n = slash == NULL ? rest->len : (size_t)(slash - rest->ptr);
    struct bytes part = bytes_of(rest->ptr, n);
    size_t step = slash == NULL ? n : n + 1;
    rest->len -= step;
    if (step > 0)
        rest->ptr += step;
    return part;
}

static size_t count_parts(struct bytes value)
{
    size_t n = 1;
    for (size_t i = 0; i < value.len; i++)
        n += value.ptr[i] == '/';
    return n;
}

static bool is_composed(const struct ident_kind *kind)
{
    return kind->parts.min > 1;
}

/* One part of a composed type may be all of them, joined by '/'. parts: views into raw. */
static enum ident_reason find_parts(const struct ident_kind *kind, const struct raw_ident *raw,
                                    struct raw_ident *parts)
{
    *parts = *raw;
    if (raw->count == 0 || raw->count > IDENT_PARTS_MAX || raw->count > kind->parts.max)
        return IDENT_REASON_BAD_PARTS;
    if (raw->count >= kind->parts.min)
        return IDENT_REASON_NONE;
    if (raw->count != 1)
        return IDENT_REASON_BAD_PARTS;
    if (raw->part[0].len > IDENT_PART_MAX)
        return IDENT_REASON_TOO_LONG;
    size_t n = count_parts(raw->part[0]);
    bool has_free_form = raw->type == IDENT_POSTCODE_HUISNR;
    if (n == 1 && (has_free_form || raw->part[0].len == 0))
        return IDENT_REASON_NONE;
    if (n < kind->parts.min || n > kind->parts.max)
        return IDENT_REASON_BAD_PARTS;
    struct bytes rest = raw->part[0];
    for (size_t i = 0; i < n; i++)
        parts->part[i] = next_part(&rest);
    parts->count = n;
    return IDENT_REASON_NONE;
}

/* Prepares every part. ERR_INVALID with *why set; ERR_NOMEM. */
static enum err prepare_parts(const struct raw_ident *parts, struct ident_job *job,
                              enum ident_reason *why)
{
    bool any = false;
    job->count = parts->count;
    for (uint8_t i = 0; i < parts->count; i++) {
        job->at = i;
        enum err e = ident_prepare(parts->part[i], &job->part[i], why);
        if (e != ERR_OK)
            return e;
        any = any || job->part[i].len > 0;
    }
    job->at = 0;
    *why = any ? IDENT_REASON_NONE : IDENT_REASON_EMPTY;
    return any ? ERR_OK : ERR_INVALID;
}

/* The canonical value, piece for piece, is what the source wrote; a part left out is an empty one.
 */
static bool is_same(const struct ident_kind *kind, const struct raw_ident *parts,
                    struct bytes value)
{
    if (!is_composed(kind) || parts->count == 1)
        return bytes_equal(parts->part[0], value);
    size_t pieces = count_parts(value);
    for (size_t i = 0; i < pieces; i++) {
        struct bytes given = i < parts->count ? parts->part[i] : bytes_of(NULL, 0);
        if (!bytes_equal(next_part(&value), given))
            return false;
    }
    return true;
}

static enum ident_class class_of(const struct ident_kind *kind, struct bytes value)
{
    return kind->value_class != NULL ? kind->value_class(value) : kind->cls;
}

static enum err run(const struct ident_kind *kind, const struct raw_ident *raw,
                    struct ident_job *job, struct ident_report *report)
{
    struct raw_ident parts;
    report->reason = find_parts(kind, raw, &parts);
    if (report->reason != IDENT_REASON_NONE)
        return ERR_INVALID;
    enum err e = prepare_parts(&parts, job, &report->reason);
    if (e != ERR_OK)
        return e;
    report->reason = kind->rule(job);
    if (job->out.err == ERR_NOMEM)
        return ERR_NOMEM;
    if (report->reason == IDENT_REASON_NONE && job->out.err != ERR_OK)
        report->reason = IDENT_REASON_BAD_LENGTH;
    if (report->reason != IDENT_REASON_NONE)
        return ERR_INVALID;
    report->changed = !is_same(kind, &parts, buf_bytes(&job->out));
    return ERR_OK;
}

static void job_start(struct ident_job *job)
{
    job->count = 0;
    job->at = 0;
    job->warnings = 0;
    for (size_t i = 0; i < IDENT_PARTS_MAX; i++) {
        job->part[i].len = 0;
        job->part[i].s[0] = '\0';
    }
    job->out = buf_fixed(job->storage, sizeof job->storage);
}

enum err ident_normalise(const struct raw_ident *raw, struct norm_ident *out,
                         struct ident_report *report)
{
    *report = (struct ident_report){0};
    const struct ident_kind *kind = ident_kind(raw->type);
    if (kind == NULL)
        return ERR_UNKNOWN;
    struct ident_job job;
    job_start(&job);
    enum err e = run(kind, raw, &job, report);
    /* Of a refused value only what may explain the refusal. */
    report->warnings = e == ERR_OK ? job.warnings : job.warnings & IDENT_WARN_CONFUSABLE;
    if (e == ERR_OK) {
        *out = (struct norm_ident){.type = raw->type, .len = (uint8_t)job.out.len};
        memcpy(out->value, job.storage, job.out.len);
        report->cls = class_of(kind, ident_value(out));
    } else {
        report->part = job.at;
    }
    explicit_bzero(&job, sizeof job);
    return e;
}

enum err ident_from_canonical(enum ident_type type, struct bytes value, struct norm_ident *out)
{
    struct raw_ident raw = raw_ident_one(type, value);
    struct norm_ident id;
    struct ident_report report;
    enum err e = ident_normalise(&raw, &id, &report);
    if (e != ERR_OK)
        return e;
    if (bytes_equal(ident_value(&id), value))
        *out = id;
    else
        e = ERR_INVALID;
    ident_wipe(&id);
    return e;
}

struct bytes ident_value(const struct norm_ident *id)
{
    return bytes_of(id->value, id->len);
}

bool ident_equal(const struct norm_ident *a, const struct norm_ident *b)
{
    return a->type == b->type && bytes_equal(ident_value(a), ident_value(b));
}

void ident_wipe(struct norm_ident *id)
{
    if (id != NULL)
        explicit_bzero(id, sizeof *id);
}

uint32_t ident_norm_version(enum ident_type type)
{
    const struct ident_kind *kind = ident_kind(type);
    return kind == NULL ? 0 : kind->norm_version;
}

enum ident_class ident_type_class(enum ident_type type)
{
    const struct ident_kind *kind = ident_kind(type);
    return kind == NULL ? IDENT_CLASS_NONE : kind->cls;
}

enum ident_class ident_value_class(const struct norm_ident *id)
{
    const struct ident_kind *kind = ident_kind(id->type);
    return kind == NULL ? IDENT_CLASS_NONE : class_of(kind, ident_value(id));
}

const char *ident_class_id(enum ident_class c)
{
    return (unsigned)c < ARRAY_LEN(class_ids) ? class_ids[c] : "?";
}

enum err ident_class_parse(struct bytes text, enum ident_class *out)
{
    for (unsigned i = 1; i < IDENT_CLASS_COUNT; i++) {
        if (bytes_is(text, class_ids[i])) {
            *out = (enum ident_class)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

struct ident_parts ident_parts(enum ident_type type)
{
    const struct ident_kind *kind = ident_kind(type);
    return kind == NULL ? (struct ident_parts){0, 0} : kind->parts;
}

const char *ident_part_name(enum ident_type type, size_t i)
{
    const struct ident_kind *kind = ident_kind(type);
    return kind == NULL || i >= kind->parts.max ? "?" : kind->part_names[i];
}
