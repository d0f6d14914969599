/* list: the key files and certificates of a folder, and what the registrar did. */
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/verbs.h"
#include "pki/cli/pki/version.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

#include <stdio.h>
#include <string.h>

/* The certificates that a folder may hold. */
static const struct {
    const char *id;
    enum cert_use use;
} certs[] = {
    {"root-ca", CERT_ROOT},      {"issuing-ca", CERT_ISSUER}, {"roster-key", CERT_PINNED},
    {"signing", CERT_SIGNING},   {"sealing", CERT_SEALING},   {"transport", CERT_TRANSPORT},
    {"officer", CERT_OFFICER},   {"signer", CERT_PINNED},
};

struct listing {
    struct work *w;
    const char *folder;
    bool any;
};

static void separate(struct listing *l)
{
    if (l->w->o->json && l->any)
        buf_put_str(&l->w->out, ",");
    l->any = true;
}

static enum err list_key(void *arg, const char *name)
{
    struct listing *l = arg;
    struct work *w = l->w;
    struct keyfile k;
    struct bytes file = {NULL, 0};
    char path[WORK_PATH_MAX];
    char when[WHEN_TEXT_SIZE];
    if (!bytes_ends(bytes_str(name), ".key"))
        return ERR_OK;
    snprintf(path, sizeof path, "keys/%s", name);
    enum err e = work_read_in(w, path, KEYFILE_MAX_BYTES, &file);
    if (e == ERR_OK)
        e = keyfile_peek(file, &k);
    if (e != ERR_OK)
        return errmsg_set(&w->why, e, "%s/%s: %s", w->o->dir, path, err_text(e));
    separate(l);
    when_text(k.created_s, when);
    buf_printf(&w->out,
               w->o->json ? "{\"key\":\"%s\",\"kind\":\"%s\",\"purpose\":\"%s\",\"epoch\":%u,"
                            "\"created\":\"%s\"}"
                          : "key   %-28s %-12s %-16s %4u  made %s\n",
               k.id.s, keyfile_kind_id(k.kind), k.purpose.s, k.epoch, when);
    return ERR_OK;
}

static void put_cert(struct listing *l, const char *id, const struct cert *c)
{
    struct work *w = l->w;
    char when[WHEN_TEXT_SIZE];
    const bool is_over = cert_not_after(c) < w->now_s;
    separate(l);
    when_text(cert_not_after(c), when);
    buf_printf(&w->out,
               w->o->json ? "{\"certificate\":\"%s\",\"oin\":\"%s\",\"name\":\"%s\","
                            "\"not_after\":\"%s\",\"fingerprint\":\""
                          : "cert  %-10s %s %-24s until %s ",
               id, cert_oin(c)->oin, cert_name(c), when);
    work_put_fingerprint(&w->out, cert_fingerprint(c));
    buf_put_str(&w->out, w->o->json ? "\"}" : is_over ? " ENDED\n" : "\n");
}

/* Each version of one certificate that is there. */
static enum err list_versions(struct listing *l, const char *id, enum cert_use use)
{
    char path[WORK_PATH_MAX];
    for (unsigned n = 1; n <= VERSION_MAX; n++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        struct version_id v = version_id_of(id, n);
        enum err e = work_path(l->w, path, v.s, ".pem");
        if (e == ERR_OK && !file_exists(path))
            continue;
        if (e == ERR_OK)
            e = work_load_cert(l->w, v.s, use, &c);
        if (e != ERR_OK)
            return e;
        put_cert(l, v.s, c);
    }
    return ERR_OK;
}

static enum err list_certs(struct listing *l)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(certs); i++)
        e = list_versions(l, certs[i].id, certs[i].use);
    return e;
}

/* A line of the registrar's journal: what was issued, refused, revoked. */
static void journal_json(struct listing *l, const struct journal_line *j)
{
    struct json_writer o = json_writer_of(&l->w->out);
    char when[WHEN_TEXT_SIZE];
    json_put_object(&o, NULL);
    json_put_str(&o, "act", journal_act_id(j->act));
    when_text(j->at_s, when);
    json_put_str(&o, "at", when);
    if (j->oin.oin[0] != '\0')
        json_put_str(&o, "oin", j->oin.oin);
    json_put_str(&o, "what", j->what);
    if (j->fingerprint != NULL)
        json_put_hex(&o, "fingerprint", digest_bytes(j->fingerprint));
    if (j->lineage != NULL)
        json_put_hex(&o, "lineage", digest_bytes(j->lineage));
    when_text(j->until, when);
    if (j->until != 0)
        json_put_str(&o, "until", when);
    json_put_str(&o, "detail", j->detail);
    json_put_end(&o);
}

static void journal_text(struct listing *l, const struct journal_line *j)
{
    struct buf *out = &l->w->out;
    char when[WHEN_TEXT_SIZE];
    when_text(j->at_s, when);
    buf_printf(out, "%-11s %s %-20s %-24s ", journal_act_id(j->act), when,
               j->oin.oin[0] != '\0' ? j->oin.oin : "-", j->what);
    when_text(j->until, when);
    if (j->until != 0)
        buf_printf(out, "%s %s ", j->until > l->w->now_s ? "until" : "ENDED", when);
    if (j->fingerprint != NULL)
        work_put_fingerprint(out, j->fingerprint);
    buf_printf(out, "%s%s\n", j->act == JOURNAL_REJECTED ? " because " : " ", j->detail);
}

static enum err list_journal(void *arg, const struct journal_line *j)
{
    struct listing *l = arg;
    separate(l);
    if (l->w->o->json)
        journal_json(l, j);
    else
        journal_text(l, j);
    return buf_err(&l->w->out);
}

static enum err each_in(struct listing *l, const char *folder, file_name_fn fn)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(l->w, path, folder, "");
    if (e != ERR_OK || !file_exists(path))
        return e;
    return file_list(path, fn, l);
}

enum err verb_list(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct listing l = {.w = w};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && w->o->json)
        buf_put_str(&w->out, "[");
    if (e == ERR_OK)
        e = each_in(&l, "keys", list_key);
    if (e == ERR_OK)
        e = list_certs(&l);
    if (e == ERR_OK)
        e = journal_each(w, list_journal, &l);
    if (e == ERR_OK && w->o->json)
        buf_put_str(&w->out, "]\n");
    return e != ERR_OK ? e : buf_err(&w->out);
}
