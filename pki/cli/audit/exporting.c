#include "pki/cli/audit/exporting.h"

#include <stdio.h>

#include "proto/base/text.h"
#include "proto/json/json_writer.h"

/* The daemon whose log was read: the broker through the agent, or of the agency's own log the agent itself. */
static bool is_told(const struct exporting *t)
{
    return t->reading->bodies.socket != NULL;
}

enum err exporting_tell(void *arg, struct errmsg *why)
{
    struct exporting *t = arg;
    if (!is_told(t))
        return ERR_OK;
    return body_socket_exported(t->reading->bodies.socket, &t->export, &t->entry, why);
}

static void say_json(const struct exporting *t)
{
    CLEANUP(buf_free) struct buf out = buf_new(1024);
    struct json_writer w = json_writer_of(&out);
    json_put_object(&w, NULL);
    json_put_uint(&w, "rows", t->export.rows);
    json_put_uint(&w, "hidden", t->reading->hidden);
    json_put_hex(&w, "sha256", digest_bytes(&t->export.sha256));
    json_put_bool(&w, "recorded", is_told(t));
    if (!digest_equal(&t->entry, &(struct digest){{0}}))
        json_put_hex(&w, "entry", digest_bytes(&t->entry));
    json_put_end(&w);
    printf("%s\n", json_writer_done(&w) == ERR_OK ? buf_text(&out) : "{}");
}

static void say_text(const struct exporting *t)
{
    CLEANUP(buf_free) struct buf hex = buf_new(256);
    text_put_hex(&hex, digest_bytes(&t->export.sha256));
    if (!digest_equal(&t->entry, &(struct digest){{0}})) {
        buf_put_str(&hex, ", entry ");
        text_put_hex(&hex, digest_bytes(&t->entry));
    }
    printf("%s: %llu rows, SHA-256 %s\n", t->reading->o->output, (unsigned long long)t->export.rows,
           buf_text(&hex));
}

void exporting_say(const struct exporting *x)
{
    if (!is_told(x))
        fprintf(stderr, "sluis-audit: nobody recorded this export: its bodies came from a file\n");
    if (x->reading->o->json)
        say_json(x);
    else
        say_text(x);
}
