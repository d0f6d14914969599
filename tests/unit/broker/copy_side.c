#include "tests/unit/broker/copy_side.h"

#include <stdlib.h>
#include <string.h>

#include "pki/body_copy_seal.h"
#include "pki/filler.h"
#include "pki/seal.h"
#include "proto/host/file.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

void copy_side_auditor(struct copy_side *c, size_t i, enum bench_member of)
{
    struct roster_officer *o = &c->auditors[i];
    o->agency = c->bench->view.members[of].id;
    o->functions = UINT32_C(1) << FUNCTION_AUDITOR;
    memset(o->cert.fingerprint.b, 0x70 + (int)i, sizeof o->cert.fingerprint.b);
}

void copy_side_other(struct copy_side *c, size_t i)
{
    c->auditors[i].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
}

static void make_certs(struct copy_side *c)
{
    struct view *v = &c->bench->view;
    struct errmsg why = {""};
    const struct ca_request r = fix_request(CERT_SIGNING, '1', "broker");
    const struct ca_issuer issuer = {c->pki.issuer.cert, c->pki.issuer.key};
    c->alfa = fix_leaf(&c->pki, CERT_SEALING, '2');
    c->bravo = fix_leaf(&c->pki, CERT_SEALING, '3');
    OK(ca_issue(&r, &issuer, v->keys[BENCH_BROKER], &c->signing, &why));
    v->members[BENCH_BROKER].signing.der = cert_der(c->signing);
    v->members[BENCH_ALFA].sealing.der = cert_der(c->alfa.cert);
    v->members[BENCH_BRAVO].sealing.der = cert_der(c->bravo.cert);
}

void copy_side_open(struct copy_side *c, struct bench *b, size_t first)
{
    assert_in_range(first, 0, FAKE_OFFICERS - COPY_AUDITORS);
    *c = (struct copy_side){.bench = b, .auditors = &b->view.officers[first]};
    fix_new(&c->pki);
    make_certs(c);
    b->view.roster.officers = c->auditors;
    b->view.roster.officer_count = COPY_AUDITORS;
    snprintf(c->dir, sizeof c->dir, "%s", host_tmp_path(&b->tmp, "copy"));
    b->config.log_copy = c->dir;
    b->config.log_retention_ms = (uint64_t)(DAYS * DAY_S * 1000);
}

void copy_side_close(struct copy_side *c)
{
    fix_party_free(&c->alfa);
    fix_party_free(&c->bravo);
    cert_free(c->signing);
    fix_free(&c->pki);
}

/* ---- what is read ---- */

bool copy_reading_has(const struct copy_reading *r, const struct digest *entry)
{
    for (size_t i = 0; i < r->bodies; i++)
        if (digest_equal(&r->entries[i], entry))
            return true;
    return false;
}

static void take_body(struct copy_reading *r, struct aead *aead, const struct body_copy_record *record)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    OK(body_copy_open(aead, record, &body));
    r->records++;
    if (copy_reading_has(r, &record->entry))
        return;
    assert_true(r->bodies < ARRAY_LEN(r->entries));
    r->entries[r->bodies++] = record->entry;
}

static void read_segment(struct copy_reading *r, const char *name, struct bytes key)
{
    char file[64];
    CLEANUP(buf_free) struct buf segment = buf_new((size_t)64 << 20);
    CLEANUP(cleanup_secret_free) struct secret *secret = secret_new(key);
    CLEANUP(cleanup_aead_free) struct aead *aead = NULL;
    struct body_copy_record record;
    snprintf(file, sizeof file, "copy/%s.seg", name);
    OK(aead_new(secret, BODY_COPY_KEY_VERSION, &aead));
    enum err e = file_read(host_tmp_path(&r->side->bench->tmp, file), FILE_ANY, &segment, NULL);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    r->torn += e == ERR_NOT_FOUND;
    struct bytes rest = buf_bytes(&segment);
    while ((e = body_copy_next(&rest, &record)) == ERR_OK)
        take_body(r, aead, &record);
    assert_true(e == ERR_NOT_FOUND || e == ERR_TRUNCATED);
    r->torn += e == ERR_TRUNCATED;
}

static void take_filler(struct copy_reading *r, const char *name, struct bytes key)
{
    struct body_copy_name same;
    CLEANUP(cleanup_secret_free) struct secret *filler = secret_new(key);
    OK(filler_commitment(filler, &r->filler_commitment));
    body_copy_filler_name(&r->filler_commitment, &same);
    assert_string_equal(name, same.s);
    r->fillers++;
}

static enum err read_one(void *arg, const char *file)
{
    struct copy_reading *r = arg;
    char path[160];
    CLEANUP(buf_free) struct buf envelope = buf_new((size_t)64 << 10);
    CLEANUP(buf_free) struct buf plain = buf_new(SEAL_MAX_CONTENT);
    struct body_copy_content content;
    struct body_copy_name name;
    uint32_t day = 0;
    const bool is_filler = body_copy_filler_parse(file, &name) == ERR_OK;
    if (!is_filler)
        OK(body_copy_name_parse(file, &name, &day));
    if (strcmp(file + strlen(name.s), ".key") != 0)
        return ERR_OK;
    snprintf(path, sizeof path, "copy/%s", file);
    OK(file_read(host_tmp_path(&r->side->bench->tmp, path), FILE_PRIVATE, &envelope, NULL));
    const struct seal_open_params p = {r->by->key, r->by->cert, r->side->signing};
    if (seal_open(&p, buf_bytes(&envelope), &plain, NULL) != ERR_OK) {
        r->closed += !is_filler;
        return ERR_OK;
    }
    OK(body_copy_content_parse(buf_bytes(&plain), &content));
    assert_true(bytes_is(content.name, name.s) && bytes_is(content.origin, r->side->bench->config.origin));
    r->segments += !is_filler;
    if (is_filler)
        take_filler(r, name.s, content.key);
    else
        read_segment(r, name.s, content.key);
    return ERR_OK;
}

struct copy_reading copy_side_read(const struct copy_side *c, const struct fix_party *by)
{
    struct copy_reading r = {.side = c, .by = by};
    OK(file_list(c->dir, read_one, &r));
    return r;
}
