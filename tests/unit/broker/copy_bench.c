#include "tests/unit/broker/copy_bench.h"

#include <stdlib.h>
#include <string.h>

#include "broker/audit.h"
#include "pki/body_copy_seal.h"
#include "pki/filler.h"
#include "pki/seal.h"
#include "proto/host/file.h"
#include "proto/host/writer.h"

struct copy_bench copy;

void copy_bench_auditor(size_t i, enum bench_member of)
{
    struct roster_officer *o = &copy.bench.view.officers[i];
    o->agency = copy.bench.view.members[of].id;
    o->functions = UINT32_C(1) << FUNCTION_AUDITOR;
    memset(o->cert.fingerprint.b, 0x70 + (int)i, sizeof o->cert.fingerprint.b);
}

static void make_certs(void)
{
    struct errmsg why = {""};
    const struct ca_request r = fix_request(CERT_SIGNING, '1', "broker");
    const struct ca_issuer issuer = {copy.pki.issuer.cert, copy.pki.issuer.key};
    copy.alfa = fix_leaf(&copy.pki, CERT_SEALING, '2');
    copy.bravo = fix_leaf(&copy.pki, CERT_SEALING, '3');
    OK(ca_issue(&r, &issuer, copy.bench.view.keys[BENCH_BROKER], &copy.signing, &why));
    copy.bench.view.members[BENCH_BROKER].signing.der = cert_der(copy.signing);
    copy.bench.view.members[BENCH_ALFA].sealing.der = cert_der(copy.alfa.cert);
    copy.bench.view.members[BENCH_BRAVO].sealing.der = cert_der(copy.bravo.cert);
}

int copy_bench_set_up(void **state)
{
    (void)state;
    bench_open(&copy.bench, NULL, 0);
    fix_new(&copy.pki);
    make_certs();
    copy.bench.view.roster.officers = copy.bench.view.officers;
    copy.bench.view.roster.officer_count = 1;
    copy_bench_auditor(0, BENCH_ALFA);
    snprintf(copy.dir, sizeof copy.dir, "%s", host_tmp_path(&copy.bench.tmp, "copy"));
    copy.bench.config.log_copy = copy.dir;
    copy.bench.config.log_retention_ms = (uint64_t)(DAYS * DAY_S * 1000);
    bench_restart(&copy.bench);
    return 0;
}

int copy_bench_tear_down(void **state)
{
    (void)state;
    bench_close(&copy.bench);
    fix_party_free(&copy.alfa);
    fix_party_free(&copy.bravo);
    cert_free(copy.signing);
    fix_free(&copy.pki);
    return 0;
}

enum err copy_bench_add_job(struct kv_txn *txn, void *arg)
{
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_CLOSED};
    return audit_append(copy.bench.broker.audit, txn, &what, &copy.bench.view.members[BENCH_ALFA].id, NULL,
                        copy.bench.now_ms / 1000, arg);
}

void copy_bench_add(size_t n)
{
    struct digest entry;
    for (size_t i = 0; i < n; i++)
        OK(writer_run(copy.bench.broker.writer, copy_bench_add_job, &entry));
}

static void take_body(struct copy_reading *r, struct aead *aead, const struct body_copy_record *record)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    OK(body_copy_open(aead, record, &body));
    r->records++;
    for (size_t i = 0; i < r->bodies; i++)
        if (digest_equal(&r->entries[i], &record->entry))
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
    OK(file_read(host_tmp_path(&copy.bench.tmp, file), FILE_ANY, &segment, NULL));
    struct bytes rest = buf_bytes(&segment);
    enum err e = ERR_OK;
    while ((e = body_copy_next(&rest, &record)) == ERR_OK)
        take_body(r, aead, &record);
    assert_int_equal(e, ERR_NOT_FOUND);
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
    OK(file_read(host_tmp_path(&copy.bench.tmp, path), FILE_PRIVATE, &envelope, NULL));
    const struct seal_open_params p = {r->by->key, r->by->cert, copy.signing};
    if (seal_open(&p, buf_bytes(&envelope), &plain, NULL) != ERR_OK) {
        r->closed += !is_filler;
        return ERR_OK;
    }
    OK(body_copy_content_parse(buf_bytes(&plain), &content));
    assert_true(bytes_is(content.name, name.s) && bytes_is(content.origin, copy.bench.config.origin));
    r->segments += !is_filler;
    if (is_filler)
        take_filler(r, name.s, content.key);
    else
        read_segment(r, name.s, content.key);
    return ERR_OK;
}

struct copy_reading copy_bench_read(const struct fix_party *by)
{
    struct copy_reading r = {.by = by};
    OK(file_list(copy.dir, read_one, &r));
    return r;
}
