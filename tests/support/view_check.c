/* Reads the trust files of one party's folder as its daemon would, and says what it believes.
 * usage: view_check FOLDER DEPLOYMENT NOW-SECONDS [ROSTER-SERIAL-SEEN [TIME-SEEN]]
 * Exit 0: believed. Exit 1: refused, with the reason on standard error. */
#include <stdio.h>
#include <stdlib.h>

#include "pki/secret.h"
#include "pki/view/view.h"
#include "proto/host/file.h"

#define FILES_MAX 32

struct folder {
    const char *path;
    struct buf content[FILES_MAX];
    struct bytes views[FILES_MAX];
    size_t count;
};

static struct bytes slurp(struct buf *b, const char *folder, const char *name)
{
    char path[1024];
    struct errmsg why = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *b = buf_new((size_t)64 << 20);
    if (file_read(path, FILE_ANY, b, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(2);
    }
    return buf_bytes(b);
}

static enum err take_file(void *arg, const char *name)
{
    struct folder *f = arg;
    if (f->count == FILES_MAX)
        return ERR_LIMIT;
    f->views[f->count] = slurp(&f->content[f->count], f->path, name);
    f->count++;
    return ERR_OK;
}

static void slurp_folder(struct folder *f, char *path, size_t size, const char *base,
                         const char *name)
{
    snprintf(path, size, "%s/policy/%s", base, name);
    f->path = path;
    if (file_list(path, take_file, f) != ERR_OK)
        exit(2);
}

static void free_folder(struct folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        buf_free(&f->content[i]);
}

int main(int argc, char **argv)
{
    if (argc < 4 || secret_init() == ERR_NOMEM)
        return 64;
    static struct folder sigs, adoptions, deals;
    char paths[3][1024];
    struct buf root CLEANUP(buf_free) = {0};
    struct buf key CLEANUP(buf_free) = {0};
    struct buf roster CLEANUP(buf_free) = {0};
    struct buf policy CLEANUP(buf_free) = {0};
    struct buf pems[2] = {{0}, {0}};
    struct view_pins pins = {.demonstration = true};
    struct digest signers[2];
    struct errmsg why = {0};
    pins.root_ca = slurp(&root, argv[1], "root-ca.pem");
    pins.roster_key = slurp(&key, argv[1], "roster-key.pem");
    const char *const names[] = {"beleidseigenaar.pem", "jurist.pem"};
    for (size_t i = 0; i < 2; i++) {
        if (view_pin_of(slurp(&pems[i], argv[1], names[i]), &signers[i], &why) != ERR_OK)
            return 2;
        buf_free(&pems[i]);
    }
    if (name_parse(bytes_str(argv[2]), &pins.deployment) != ERR_OK)
        return 64;
    pins.signers = signers;
    pins.signer_count = 2;
    slurp_folder(&sigs, paths[0], sizeof paths[0], argv[1], "signatures");
    slurp_folder(&adoptions, paths[1], sizeof paths[1], argv[1], "adoptions");
    slurp_folder(&deals, paths[2], sizeof paths[2], argv[1], "deals");
    struct view_files files = {
        .roster = slurp(&roster, argv[1], "roster.signed"),
        .policy = slurp(&policy, argv[1], "policy.yaml"),
        .policy_signatures = sigs.views, .policy_signature_count = sigs.count,
        .adoptions = adoptions.views, .adoption_count = adoptions.count,
        .deals = deals.views, .deal_count = deals.count};
    static struct view_marks marks;
    marks.roster_serial = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    marks.time_s = argc > 5 ? strtoll(argv[5], NULL, 10) : 0;
    struct view *v CLEANUP(cleanup_view_free) = NULL;
    enum err e = view_new(&pins, &files, &marks, strtoll(argv[3], NULL, 10), &v, &why);
    if (e != ERR_OK) {
        fprintf(stderr, "%s: %s\n", err_text(e), why.text);
    } else {
        const struct agency_id uwv = {.oin = "00000099000000005000"};
        const struct name rule = {.s = "riec.casus.verstrekking"};
        printf("roster %llu, policy %llu, adopted %d, keys %zu\n",
               (unsigned long long)view_roster(v)->serial,
               (unsigned long long)view_policy(v)->serial,
               view_adoption(v, &uwv, &rule) == ADOPTION_ADOPTED, view_deal_count(v));
    }
    free_folder(&sigs);
    free_folder(&adoptions);
    free_folder(&deals);
    return e == ERR_OK ? 0 : 1;
}
