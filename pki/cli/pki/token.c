#include "pki/cli/pki/token.h"

#include <stdio.h>

#include "pki/cli/pki/verbs.h"
#include "pki/mac.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/text.h"

#define TOKEN_BYTES 32
#define TOKEN_FILE_BYTES (2 * TOKEN_BYTES + 1)
#define TOKENS_MAX 1000 /* open at one time for one party */

enum err token_read(struct work *w, const char *path, struct secret **out)
{
    uint8_t raw[TOKEN_BYTES];
    char text[TOKEN_FILE_BYTES + 1];
    struct buf file = buf_fixed(text, sizeof text);
    enum err e = file_read(path, FILE_PRIVATE, &file, &w->why);
    if (e != ERR_OK)
        return e;
    size_t len = file.len > 0 && text[file.len - 1] == '\n' ? file.len - 1 : file.len;
    e = text_get_hex(bytes_of(text, len), raw, sizeof raw);
    secret_wipe(text, sizeof text);
    if (e != ERR_OK)
        return errmsg_set(&w->why, ERR_INVALID, "%s: not a token", path);
    struct secret *s = secret_new(BYTES_OF_ARRAY(raw));
    secret_wipe(raw, sizeof raw);
    if (s == NULL)
        return ERR_NOMEM;
    *out = s;
    return ERR_OK;
}

/* The MAC is over join(label, side, document). */
static enum err frame(enum token_side side, struct bytes document, struct buf *out)
{
    join_str(out, LABEL_ENROL_TOKEN);
    join_str(out, side == TOKEN_REQUEST ? "request" : "answer");
    join_part(out, document);
    return buf_err(out);
}

enum err token_shelter(const struct secret *token, enum token_side side, struct bytes document,
                       struct buf *out)
{
    struct sheltered s = {.document = document};
    struct buf framed CLEANUP(buf_free) = buf_new(document.len + 256);
    struct mac *m CLEANUP(cleanup_mac_free) = NULL;
    enum err e = frame(side, document, &framed);
    if (e == ERR_OK)
        e = mac_new(token, &m);
    struct bytes part = buf_bytes(&framed);
    if (e == ERR_OK)
        e = mac_compute(m, &part, 1, s.mac);
    return e != ERR_OK ? e : sheltered_encode(&s, out);
}

enum err token_check(const struct secret *token, enum token_side side, const struct sheltered *s)
{
    struct buf framed CLEANUP(buf_free) = buf_new(s->document.len + 256);
    struct mac *m CLEANUP(cleanup_mac_free) = NULL;
    enum err e = frame(side, s->document, &framed);
    if (e == ERR_OK)
        e = mac_new(token, &m);
    struct bytes part = buf_bytes(&framed);
    return e != ERR_OK ? e : mac_verify(m, &part, 1, BYTES_OF_ARRAY(s->mac));
}

static enum err token_path(struct work *w, const struct agency_id *oin, unsigned number,
                           char path[static WORK_PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof name, "tokens/%s-%03u", oin->oin, number);
    return work_path(w, path, name, ".token");
}

enum err token_find(struct work *w, const struct agency_id *oin, const struct sheltered *s,
                    struct secret **out, char path[static WORK_PATH_MAX])
{
    for (unsigned i = 0; i < TOKENS_MAX; i++) {
        struct secret *t CLEANUP(cleanup_secret_free) = NULL;
        enum err e = token_path(w, oin, i, path);
        if (e == ERR_OK && !file_exists(path))
            continue;
        if (e == ERR_OK)
            e = token_read(w, path, &t);
        if (e != ERR_OK)
            return e;
        if (token_check(t, TOKEN_REQUEST, s) == ERR_OK) {
            *out = take(t);
            return ERR_OK;
        }
    }
    return errmsg_set(&w->why, ERR_SIGNATURE,
                      "request: no open token of %s made its MAC; make one with: sluis-pki token",
                      oin->oin);
}

static enum err put_hex(void *out, struct bytes view)
{
    text_put_hex(out, view);
    return buf_err(out);
}

static enum err put_token(struct buf *out)
{
    struct secret *s CLEANUP(cleanup_secret_free) = secret_random(TOKEN_BYTES);
    if (s == NULL)
        return ERR_NOMEM;
    return secret_lend(s, put_hex, out);
}

enum err verb_token(struct work *w)
{
    const struct work_need needs[] = {
        {"dir", w->o->dir}, {"oin", w->o->oin}, {"out", w->o->out}, {NULL, NULL}};
    struct agency_id oin;
    char path[WORK_PATH_MAX];
    char text[TOKEN_FILE_BYTES];
    struct buf file = buf_fixed(text, sizeof text);
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &oin);
    if (e == ERR_OK)
        e = put_token(&file);
    buf_put_str(&file, "\n");
    unsigned number = 0;
    for (; e == ERR_OK && number < TOKENS_MAX; number++) {
        e = token_path(w, &oin, number, path);
        if (e == ERR_OK && !file_exists(path))
            break;
    }
    if (e == ERR_OK)
        e = file_create(path, buf_bytes(&file), 0600, &w->why);
    if (e == ERR_OK)
        e = file_create(w->o->out, buf_bytes(&file), 0600, &w->why);
    secret_wipe(text, sizeof text);
    if (e == ERR_OK && w->o->json)
        buf_printf(&w->out, "{\"oin\":\"%s\",\"token_file\":\"%s\"}\n", oin.oin, w->o->out);
    else if (e == ERR_OK)
        buf_printf(&w->out, "one-time token for %s in %s: hand it over outside this channel\n",
                   oin.oin, w->o->out);
    return e;
}
