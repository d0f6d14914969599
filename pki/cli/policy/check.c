/* check: what a jurist should change before signing. test: the file's own tests. */
#include <sysexits.h>

#include "pki/cli/policy/cli.h"
#include "proto/json/json_writer.h"
#include "proto/policy/findings.h"
#include "proto/policy/selftest.h"

struct report {
    struct cli *cli;
    struct json_writer json;
    unsigned errors;
    unsigned warnings;
};

static const char *severity_text(enum severity s)
{
    return s == SEVERITY_ERROR ? "error" : "warning";
}

static void put_finding(void *ctx, const struct finding *f)
{
    struct report *r = ctx;
    uint32_t line = policy_file_line(r->cli->file, f->path);
    if (f->severity == SEVERITY_ERROR)
        r->errors++;
    else
        r->warnings++;
    if (!r->cli->options->json) {
        buf_printf(&r->cli->out, "%s:%u: %s: %s: %s [%s]\n", r->cli->options->file, line,
                   severity_text(f->severity), f->path, f->text, f->code);
        return;
    }
    json_put_object(&r->json, NULL);
    json_put_str(&r->json, "severity", severity_text(f->severity));
    json_put_str(&r->json, "code", f->code);
    json_put_str(&r->json, "path", f->path);
    json_put_uint(&r->json, "line", line);
    json_put_str(&r->json, "text", f->text);
    json_put_end(&r->json);
}

int verb_check(struct cli *c)
{
    struct report r = {.cli = c, .json = json_writer_of(&c->out)};
    if (c->options->json) {
        json_put_object(&r.json, NULL);
        json_put_array(&r.json, "findings");
    }
    enum err e = policy_findings(c->policy, c->now_s, put_finding, &r);
    if (e != ERR_OK)
        return cli_complain(EX_OSERR, "cannot check", err_text(e));
    if (c->options->json) {
        json_put_end(&r.json);
        json_put_uint(&r.json, "errors", r.errors);
        json_put_uint(&r.json, "warnings", r.warnings);
        json_put_end(&r.json);
        buf_put_str(&c->out, "\n");
    } else {
        buf_printf(&c->out, "%u rules: %u errors, %u warnings\n", c->policy->rules_count, r.errors,
                   r.warnings);
    }
    return r.errors > 0 ? EX_DATAERR : EX_OK;
}

static void put_failed_test(struct report *r, const struct policy_test *t, const struct decision *d)
{
    r->errors++;
    if (!r->cli->options->json) {
        buf_printf(&r->cli->out, "FAILED %s\n  rule %s, expected %s:", t->name, t->rule.s,
                   expectation_id(t->expect));
        for (uint32_t i = 0; i < t->reasons_count; i++)
            buf_printf(&r->cli->out, " %s", t->reasons[i].s);
        buf_put_str(&r->cli->out, "\n  ");
        explain_decision(&r->cli->out, r->cli->policy, d, r->cli->options->language);
        return;
    }
    json_put_object(&r->json, NULL);
    json_put_str(&r->json, "test", t->name);
    json_put_str(&r->json, "rule", t->rule.s);
    json_put_str(&r->json, "expected", expectation_id(t->expect));
    json_put_bool(&r->json, "permit", d->permit);
    json_put_array(&r->json, "failed");
    for (uint32_t i = 0; i < d->failures_count; i++)
        json_put_str(&r->json, NULL, condition_id(d->failures[i].condition));
    json_put_end(&r->json);
    json_put_end(&r->json);
}

int verb_test(struct cli *c)
{
    struct report r = {.cli = c, .json = json_writer_of(&c->out)};
    struct decision d;
    if (c->options->json) {
        json_put_object(&r.json, NULL);
        json_put_array(&r.json, "failures");
    }
    for (uint32_t i = 0; i < c->policy->tests_count; i++) {
        if (!selftest_run(c->policy, &c->policy->tests[i], &d))
            put_failed_test(&r, &c->policy->tests[i], &d);
    }
    if (c->options->json) {
        json_put_end(&r.json);
        json_put_uint(&r.json, "tests", c->policy->tests_count);
        json_put_uint(&r.json, "failed", r.errors);
        json_put_end(&r.json);
        buf_put_str(&c->out, "\n");
    } else {
        buf_printf(&c->out, "%u tests: %u failed\n", c->policy->tests_count, r.errors);
    }
    return r.errors > 0 ? EX_DATAERR : EX_OK;
}
