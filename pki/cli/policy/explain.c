/* explain: one decision in words. dump: the policy, or one rule, as stable text. */
#include <sysexits.h>

#include "pki/cli/policy/cli.h"
#include "proto/host/file.h"
#include "proto/json/json_writer.h"
#include "proto/policy/dump.h"
#include "proto/policy/evaluate.h"

#define FACTS_MAX_BYTES ((size_t)1 << 20)

static enum err read_facts(struct cli *c, struct facts *out, struct errmsg *why)
{
    struct buf text = buf_new(FACTS_MAX_BYTES);
    enum err e = file_read(c->options->facts, FILE_ANY, &text, why);
    if (e == ERR_OK)
        e = cli_data_error(policy_facts_load(buf_bytes(&text), c->options->facts, out, why));
    buf_free(&text);
    if (e == ERR_OK && c->options->has_at) {
        out->now.v = c->options->at_s;
        out->now.by = PROVENANCE_JUDGED;
    }
    return e;
}

static void put_set(struct json_writer *w, const char *key, uint64_t set)
{
    json_put_array(w, key);
    for (uint64_t left = set; left != 0; left &= left - 1)
        json_put_str(w, NULL, condition_id((enum condition)__builtin_ctzll(left)));
    json_put_end(w);
}

static void put_failure(struct json_writer *w, const struct failure *f)
{
    json_put_object(w, NULL);
    json_put_str(w, "condition", condition_id(f->condition));
    json_put_str(w, "nl", condition_nl(f->condition));
    json_put_str(w, "en", condition_en(f->condition));
    json_put_str(w, "detail", f->detail);
    if (f->cite != NULL) {
        json_put_str(w, "law", f->cite->law.s);
        json_put_str(w, "article", f->cite->article);
        json_put_str(w, "paragraph", f->cite->paragraph);
        json_put_str(w, "verified_by", f->cite->verified_by.s);
    }
    json_put_end(w);
}

static void put_json(struct cli *c, const struct decision *d)
{
    struct json_writer w = json_writer_of(&c->out);
    json_put_object(&w, NULL);
    json_put_bool(&w, "permit", d->permit);
    json_put_str(&w, "role", role_id(d->role));
    json_put_array(&w, "failures");
    for (uint32_t i = 0; i < d->failures_count; i++)
        put_failure(&w, &d->failures[i]);
    json_put_end(&w);
    put_set(&w, "judged", d->judged);
    put_set(&w, "asserted", d->asserted);
    put_set(&w, "unseen", d->unseen);
    json_put_array(&w, "fields");
    for (uint32_t i = 0; i < d->obligations.fields_count; i++)
        json_put_str(&w, NULL, d->obligations.fields[i].s);
    json_put_end(&w);
    json_put_end(&w);
    buf_put_str(&c->out, "\n");
}

int verb_explain(struct cli *c)
{
    struct errmsg why = {.text = ""};
    struct facts facts;
    struct decision d;
    struct name rule;
    if (c->options->argument == NULL || c->options->facts == NULL || c->options->role == ROLE_NONE)
        return cli_complain(EX_USAGE, "explain wants a rule, --role and --facts; see --help", "");
    if (name_parse(bytes_str(c->options->argument), &rule) != ERR_OK)
        return cli_complain(EX_USAGE, "not the id of a rule: ", c->options->argument);
    enum err e = read_facts(c, &facts, &why);
    if (e != ERR_OK)
        return cli_fail(e, &why);
    policy_evaluate(c->policy, &rule, c->options->role, &facts, &d);
    if (c->options->json)
        put_json(c, &d);
    else
        explain_decision(&c->out, c->policy, &d, c->options->language);
    return EX_OK;
}

static void put_rule_json(struct json_writer *w, const struct rule *r)
{
    json_put_object(w, NULL);
    json_put_str(w, "id", r->id.s);
    json_put_uint(w, "version", r->version);
    json_put_str(w, "status", rule_status_id(r->status));
    json_put_str(w, "process", process_id(r->process));
    json_put_str(w, "purpose", r->purpose.s);
    json_put_str(w, "from", r->valid.from);
    json_put_str(w, "until", r->valid.until);
    json_put_end(w);
}

static void put_policy_json(struct cli *c)
{
    struct json_writer w = json_writer_of(&c->out);
    json_put_object(&w, NULL);
    json_put_str(&w, "deployment", c->policy->deployment.s);
    json_put_uint(&w, "serial", c->policy->serial);
    json_put_bool(&w, "demonstration", c->policy->demonstration);
    json_put_array(&w, "rules");
    for (uint32_t i = 0; i < c->policy->rules_count; i++)
        put_rule_json(&w, &c->policy->rules[i]);
    json_put_end(&w);
    json_put_end(&w);
    buf_put_str(&c->out, "\n");
}

static int dump_one(struct cli *c)
{
    struct name id;
    const struct rule *r = NULL;
    if (name_parse(bytes_str(c->options->argument), &id) == ERR_OK)
        r = policy_rule(c->policy, &id);
    if (r == NULL)
        return cli_complain(EX_DATAERR, "the policy has no rule ", c->options->argument);
    if (c->options->json) {
        struct json_writer w = json_writer_of(&c->out);
        put_rule_json(&w, r);
        buf_put_str(&c->out, "\n");
        return EX_OK;
    }
    explain_basis(&c->out, c->policy, r, NULL, c->options->language);
    buf_put_str(&c->out, "\n");
    dump_rule(&c->out, r, "");
    return EX_OK;
}

int verb_dump(struct cli *c)
{
    if (c->options->argument != NULL)
        return dump_one(c);
    if (c->options->json)
        put_policy_json(c);
    else
        dump_policy(&c->out, c->policy);
    return EX_OK;
}
