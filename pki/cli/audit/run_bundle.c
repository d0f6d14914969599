/* export --format bundle: a folder of evidence, signed by the officer; verify --bundle: whether one holds. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/bundle.h"
#include "pki/cli/audit/bundle_check.h"
#include "pki/cli/audit/exporting.h"
#include "pki/cli/audit/officer.h"
#include "proto/host/file.h"

static enum err add_row(struct reading *r, const struct body_line *line, const struct audit_body *b)
{
    return bundle_add(r->arg, r, line, b);
}

static enum err read_cert(const char *path, struct cert **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf pem = buf_new(CERT_PEM_MAX_BYTES);
    enum err e = file_read(path, FILE_ANY, &pem, why);
    if (e == ERR_OK)
        e = cert_parse_pem(buf_bytes(&pem), CERT_OFFICER, out, why);
    return e == ERR_OK ? e : errmsg_wrap(why, e, "--certificate %s", path);
}

/* With the key that signed the queries, or the one of --key. */
static enum err sign(struct reading *r, struct bundle *b)
{
    CLEANUP(cleanup_cert_free) struct cert *cert = NULL;
    CLEANUP(cleanup_key_free) struct key *opened = NULL;
    const struct key *key = NULL;
    enum err e = read_cert(r->o->certificate, &cert, &r->why);
    if (e == ERR_OK && r->bodies.socket != NULL)
        e = body_socket_key(r->bodies.socket, &key, &r->why);
    else if (e == ERR_OK)
        e = officer_key_open(r->o->key, r->o->passphrase_file, &opened, &r->why);
    return e == ERR_OK ? bundle_sign(b, key != NULL ? key : opened, cert, &r->why) : e;
}

/* Signed, told, and only then named. */
static enum err finish(struct reading *r, struct bundle *b, struct exporting *x,
                       struct bundle_made *made)
{
    enum err e = bundle_finish(b, r, made);
    if (e == ERR_OK)
        e = sign(r, b);
    if (e != ERR_OK)
        return e;
    x->export.rows = made->rows;
    x->export.sha256 = made->sha256;
    e = exporting_tell(x, &r->why);
    return e == ERR_OK ? bundle_place(b, &r->why) : e;
}

static int make(struct reading *r, struct bundle *b)
{
    struct bundle_made made;
    struct exporting x = {.reading = r, .export = {.format = BODIES_BUNDLE}};
    const int status = reading_pass(r, 0);
    if (status != EX_OK)
        return status;
    const enum err e = finish(r, b, &x, &made);
    if (e != ERR_OK)
        return options_fail("export", (int)e, &r->why);
    exporting_say(&x);
    if (made.policies_missing > 0)
        fprintf(stderr, "sluis-audit: %llu versions of the policy were not at hand\n",
                (unsigned long long)made.policies_missing);
    return EX_OK;
}

int run_bundle(const struct options *o)
{
    if (o->log == NULL || o->audit_policy == NULL || o->key == NULL || o->certificate == NULL) {
        fprintf(stderr, "sluis-audit: a bundle needs --log, --audit-policy, --key and --certificate\n");
        return EX_USAGE;
    }
    struct errmsg why = {""};
    CLEANUP(cleanup_bundle_free) struct bundle *b = NULL;
    const enum err e = bundle_new(o->output, &b, &why);
    if (e != ERR_OK)
        return options_fail("export", (int)e, &why);
    struct reading r = {.o = o, .show = add_row, .arg = b, .is_filtered = true};
    const int status = make(&r, b);
    reading_say_hidden(&r);
    reading_close(&r);
    return status;
}

static void print_checked(const struct options *o, struct bundle_found *f)
{
    printf("The bundle verifies: %llu rows of the log %s, at a head of %llu\n",
           (unsigned long long)f->rows, buf_text(&f->origin), (unsigned long long)f->size);
    printf("  signed by                          %s of %s\n", cert_name(f->signer),
           cert_oin(f->signer)->oin);
    printf("  policy versions                    %llu\n", (unsigned long long)f->policies);
    if (o->certificate == NULL)
        printf("  not checked: whether that is an officer's certificate; give --certificate\n");
    if (f->policies_missing > 0)
        printf("  not checked: %llu policy versions that were not at hand\n",
               (unsigned long long)f->policies_missing);
    if (f->has_refs)
        printf("  not checked: whether the rows are of the case or question that the filter names\n");
    printf("  not checked: whether rows were left out\n");
}

int run_verify_bundle(const struct options *o, const struct audit_policy *policy)
{
    struct errmsg why = {""};
    CLEANUP(cleanup_cert_free) struct cert *cert = NULL;
    struct bundle_found found CLEANUP(bundle_found_clear) = {.rows = 0};
    enum err e = o->certificate != NULL ? read_cert(o->certificate, &cert, &why) : ERR_OK;
    const struct bundle_check c = {o->bundle, policy, cert};
    if (e == ERR_OK)
        e = bundle_check(&c, &found, &why);
    if (e != ERR_OK)
        return options_fail("the bundle does not verify", (int)e, &why);
    print_checked(o, &found);
    return EX_OK;
}
