/* sample: a random sample that anybody can draw again. Each entry that fits gets the rank SHA-256(join("sluis/sample/1",
 * seed, entry)); the n lowest are drawn. So the sample depends on seed and entries alone, not on the order of reading
 * or on what the log grew by, and who did not choose the seed could not choose the entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "pki/cli/audit/reading.h"
#include "pki/cli/audit/row.h"
#include "pki/digest.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define SAMPLE_MAX 10000u
#define SEED_MAX 256u

struct drawn {
    struct digest rank;
    struct body_line line; /* its body is ours */
};

struct sample {
    struct bytes seed;
    struct drawn *drawn; /* ascending by rank */
    size_t count;
    size_t wanted;
    uint64_t fitting;
};

static int compare_index(const void *a, const void *b)
{
    const struct drawn *x = a;
    const struct drawn *y = b;
    return x->line.index < y->line.index ? -1 : x->line.index > y->line.index;
}

static enum err rank_of(const struct sample *s, const struct digest *entry, struct digest *out)
{
    CLEANUP(buf_free) struct buf b = buf_new(SEED_MAX + 128);
    join_part(&b, bytes_str(LABEL_SAMPLE));
    join_part(&b, s->seed);
    join_part(&b, digest_bytes(entry));
    const struct bytes part = buf_bytes(&b);
    const enum err e = buf_err(&b);
    return e == ERR_OK ? digest_sha256(&part, 1, out) : e;
}

/* The place by rank, counted from the low end. */
static size_t place_of(const struct sample *s, const struct digest *rank)
{
    size_t at = s->count;
    while (at > 0 && memcmp(rank->b, s->drawn[at - 1].rank.b, sizeof rank->b) < 0)
        at--;
    return at;
}

static enum err keep(struct sample *s, size_t at, const struct digest *rank,
                     const struct body_line *line)
{
    uint8_t *body = malloc(line->body.len);
    if (body == NULL)
        return ERR_NOMEM;
    memcpy(body, line->body.ptr, line->body.len);
    if (s->count == s->wanted)
        free((void *)(uintptr_t)s->drawn[--s->count].line.body.ptr);
    memmove(&s->drawn[at + 1], &s->drawn[at], (s->count - at) * sizeof *s->drawn);
    s->drawn[at] = (struct drawn){*rank, *line};
    s->drawn[at].line.body = bytes_of(body, line->body.len);
    s->count++;
    return ERR_OK;
}

static enum err sample_line(struct reading *r, const struct body_line *line,
                            const struct audit_body *b)
{
    struct sample *s = r->arg;
    struct digest rank;
    (void)b;
    s->fitting++;
    enum err e = rank_of(s, &line->entry, &rank);
    if (e != ERR_OK)
        return e;
    const size_t at = place_of(s, &rank);
    return at == s->wanted ? ERR_OK : keep(s, at, &rank, line);
}

static enum err print_sample(struct reading *r, struct sample *s)
{
    qsort(s->drawn, s->count, sizeof *s->drawn, compare_index);
    for (size_t i = 0; i < s->count; i++) {
        struct audit_body b;
        arena_reset(r->arena);
        enum err e = audit_body_parse(s->drawn[i].line.body, r->arena, &b, &r->why);
        if (e != ERR_OK)
            return e;
        if (r->o->json) {
            row_print_json(&s->drawn[i].line);
            continue;
        }
        if (i == 0)
            row_print_head();
        row_print(&s->drawn[i].line, &b);
    }
    if (!r->o->json)
        printf("%zu of %llu that fit, drawn with seed %s\n", s->count,
               (unsigned long long)s->fitting, r->o->seed);
    return ERR_OK;
}

static int draw(const struct options *o, struct sample *s)
{
    struct reading r = {.o = o, .show = sample_line, .arg = s, .is_filtered = true};
    int status = reading_pass(&r, 0);
    if (status == EX_OK) {
        const enum err e = print_sample(&r, s);
        status = e == ERR_OK ? EX_OK : options_fail("sample", e, &r.why);
    }
    reading_say_hidden(&r);
    reading_close(&r);
    return status;
}

int run_sample(const struct options *o)
{
    struct sample s = {.seed = bytes_str(o->seed != NULL ? o->seed : ""), .wanted = o->count};
    if (s.seed.len == 0 || s.seed.len > SEED_MAX || o->count == 0 || o->count > SAMPLE_MAX) {
        fprintf(stderr, "sluis-audit: sample needs --n (1 to %u) and --seed (a text, chosen by who is not audited)\n",
                SAMPLE_MAX);
        return EX_USAGE;
    }
    s.drawn = calloc(s.wanted + 1, sizeof *s.drawn);
    if (s.drawn == NULL)
        return options_fail("sample", ERR_NOMEM, NULL);
    const int status = draw(o, &s);
    for (size_t i = 0; i < s.count; i++)
        free((void *)(uintptr_t)s.drawn[i].line.body.ptr);
    free(s.drawn);
    return status;
}
