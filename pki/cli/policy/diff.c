/* diff: who may do more under a newer file, and who less. */
#include <sysexits.h>

#include "pki/cli/policy/cli.h"
#include "proto/host/file.h"
#include "proto/json/json_writer.h"
#include "proto/policy/diff.h"

struct changes {
    struct cli *cli;
    const struct policy *older;
    const struct policy *newer;
    struct json_writer json;
    char shown[NAME_MAX_BYTES + 1]; /* the rule that the last line was about; "" for the file */
    bool any;
    unsigned counts[EFFECT_CHANGED + 1];
};

static bool in_dutch(const struct changes *s)
{
    return s->cli->options->language == LANGUAGE_NL;
}

static const char *word_of(const struct changes *s, enum effect e)
{
    static const char *const nl[] = {"?", "MEER", "MINDER", "ANDERS"};
    static const char *const en[] = {"?", "MORE", "LESS", "CHANGED"};
    return (in_dutch(s) ? nl : en)[e];
}

/* Begins a rule, with its versions; a file that has no such rule has none. */
static void put_heading(struct changes *s, const struct name *rule)
{
    struct buf *out = &s->cli->out;
    const struct rule *was = rule != NULL ? policy_rule(s->older, rule) : NULL;
    const struct rule *is = rule != NULL ? policy_rule(s->newer, rule) : NULL;
    buf_put_str(out, "\n");
    if (rule == NULL)
        buf_put_str(out, in_dutch(s) ? "Het bestand" : "The file");
    else
        buf_printf(out, "%s %s", in_dutch(s) ? "Regel" : "Rule", rule->s);
    if (was != NULL && is != NULL)
        buf_printf(out, in_dutch(s) ? " (versie %u, was %u)" : " (version %u, was %u)", is->version,
                   was->version);
    buf_put_str(out, "\n");
}

static void put_line(struct changes *s, const struct change *c)
{
    const char *rule = c->rule != NULL ? c->rule->s : "";
    if (!s->any || strcmp(rule, s->shown) != 0)
        put_heading(s, c->rule);
    memcpy(s->shown, rule, strlen(rule) + 1);
    s->any = true;
    buf_printf(&s->cli->out, "  %-7s %s [%s]\n", word_of(s, c->effect), in_dutch(s) ? c->nl : c->en,
               c->path);
}

static void put_change(void *ctx, const struct change *c)
{
    struct changes *s = ctx;
    s->counts[c->effect]++;
    if (!s->cli->options->json) {
        put_line(s, c);
        return;
    }
    json_put_object(&s->json, NULL);
    json_put_str(&s->json, "effect", effect_id(c->effect));
    json_put_bool(&s->json, "narrows", c->narrows);
    json_put_str(&s->json, "rule", c->rule != NULL ? c->rule->s : "");
    json_put_str(&s->json, "path", c->path);
    if (c->requester != NULL)
        json_put_str(&s->json, "requester", c->requester->oin);
    if (c->holder != NULL)
        json_put_str(&s->json, "holder", c->holder->oin);
    json_put_str(&s->json, "nl", c->nl);
    json_put_str(&s->json, "en", c->en);
    json_put_end(&s->json);
}

static void put_file(struct json_writer *w, const char *key, const char *name,
                     const struct policy *p)
{
    json_put_object(w, key);
    json_put_str(w, "file", name);
    json_put_uint(w, "serial", p->serial);
    json_put_str(w, "from", p->valid.from);
    json_put_str(w, "until", p->valid.until);
    json_put_end(w);
}

static void put_head(struct changes *s)
{
    const struct options *o = s->cli->options;
    if (!o->json) {
        buf_printf(&s->cli->out,
                   in_dutch(s) ? "Volgnummer %llu (%s), was %llu (%s)\n"
                               : "Serial %llu (%s), was %llu (%s)\n",
                   (unsigned long long)s->newer->serial, o->argument,
                   (unsigned long long)s->older->serial, o->file);
        return;
    }
    json_put_object(&s->json, NULL);
    put_file(&s->json, "older", o->file, s->older);
    put_file(&s->json, "newer", o->argument, s->newer);
    json_put_array(&s->json, "changes");
}

static void put_end(struct changes *s)
{
    const unsigned *n = s->counts;
    if (s->cli->options->json) {
        json_put_end(&s->json);
        json_put_uint(&s->json, "more", n[EFFECT_MORE]);
        json_put_uint(&s->json, "less", n[EFFECT_LESS]);
        json_put_uint(&s->json, "changed", n[EFFECT_CHANGED]);
        json_put_end(&s->json);
        buf_put_str(&s->cli->out, "\n");
        return;
    }
    if (n[EFFECT_MORE] + n[EFFECT_LESS] == 0)
        buf_put_str(&s->cli->out, in_dutch(s) ? "\nNiemand mag iets meer of minder\n"
                                              : "\nNobody may do more or less\n");
    buf_printf(&s->cli->out,
               in_dutch(s) ? "\n%u meer, %u minder, %u anders\n"
                           : "\n%u more, %u less, %u changed\n",
               n[EFFECT_MORE], n[EFFECT_LESS], n[EFFECT_CHANGED]);
}

static enum err put_all(struct cli *c, const struct policy *newer)
{
    struct changes s = {
        .cli = c, .older = c->policy, .newer = newer, .json = json_writer_of(&c->out)};
    put_head(&s);
    enum err e = policy_diff(c->policy, newer, put_change, &s);
    put_end(&s);
    return e;
}

int verb_diff(struct cli *c)
{
    struct errmsg why = {.text = ""};
    const char *path = c->options->argument;
    if (path == NULL)
        return cli_complain(EX_USAGE, "diff wants the older file and the newer one; see --help",
                            "");
    struct buf text = buf_new(POLICY_MAX_BYTES);
    struct policy_file *newer = NULL;
    enum err e = file_read(path, FILE_ANY, &text, &why);
    if (e == ERR_OK)
        e = cli_data_error(policy_file_load(buf_bytes(&text), path, &newer, &why));
    if (e == ERR_OK)
        e = put_all(c, policy_file_policy(newer));
    policy_file_free(newer);
    buf_free(&text);
    return e == ERR_OK ? EX_OK : cli_fail(e, &why);
}
