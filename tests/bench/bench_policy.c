/* Time of a decision with 1,000 rules, and of loading 10,000 rules against a bare libyaml parse of
 * the same bytes. argv[1]: number of rules (10000); prints one line for each figure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/host/clock.h"
#include "proto/policy/evaluate.h"

#define PATH TEST_DATA "/../docs/policies/demonstration.yaml"
#define DECISIONS 20000

static char source[1 << 18];

static struct bytes part(const char *from, const char *until)
{
    const char *a = strstr(source, from);
    const char *b = a != NULL ? strstr(a + 1, until) : NULL;
    if (b == NULL)
        abort();
    return bytes_of(a, (size_t)(b - a));
}

/* The demonstration policy, its hit rule repeated under other ids until there are `rules`. */
static struct buf make_policy(unsigned rules)
{
    struct buf out = buf_new((size_t)64 << 20);
    struct bytes rule = part("  - id: riec.casus.hitnohit", "  - id: index.riec");
    size_t id = strcspn((const char *)rule.ptr, "\n");
    buf_put(&out, bytes_of(source, (size_t)((const char *)rule.ptr - source)));
    for (unsigned i = 0; i + 1 < rules; i++) {
        buf_printf(&out, "  - id: rule.%u", (i * 7919u) % rules);
        buf_put(&out, bytes_of(rule.ptr + id, rule.len - id));
    }
    buf_put(&out, bytes_of("\n", 1));
    buf_put_str(&out, strstr(source, "fixtures:\n"));
    return out;
}

static double bare_parse_ms(struct bytes text)
{
    int64_t start = clock_mono_ns();
    yaml_parser_t parser;
    yaml_event_t event;
    bool done = false;
    if (yaml_parser_initialize(&parser) == 0)
        abort();
    yaml_parser_set_input_string(&parser, text.ptr, text.len);
    while (!done) {
        if (yaml_parser_parse(&parser, &event) == 0)
            abort();
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return (double)(clock_mono_ns() - start) / 1e6;
}

static struct policy_file *load(struct bytes text, double *ms)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    int64_t start = clock_mono_ns();
    if (policy_file_load(text, "bench", &f, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    *ms = (double)(clock_mono_ns() - start) / 1e6;
    return f;
}

static void bench_load(unsigned rules)
{
    struct buf text = make_policy(rules);
    double bare = bare_parse_ms(buf_bytes(&text));
    double ms = 0;
    struct policy_file *f = load(buf_bytes(&text), &ms);
    printf("policy-load rules=%u bytes=%zu bare_ms=%.0f load_ms=%.0f ratio=%.2f\n",
           policy_file_policy(f)->rules_count, text.len, bare, ms, ms / bare);
    policy_file_free(f);
    buf_free(&text);
}

static void bench_decide(unsigned rules)
{
    struct buf text = make_policy(rules);
    double ms = 0;
    struct policy_file *f = load(buf_bytes(&text), &ms);
    const struct policy *p = policy_file_policy(f);
    static struct decision d;
    unsigned permits = 0;
    int64_t start = clock_mono_ns();
    for (unsigned i = 0; i < DECISIONS; i++) {
        policy_evaluate(p, &p->rules[1 + i % (rules - 1)].id, ROLE_REQUESTER,
                        p->fixtures[i % 2 + 2].facts, &d);
        permits += d.permit ? 1 : 0;
    }
    double us = (double)(clock_mono_ns() - start) / 1e3 / DECISIONS;
    printf("policy-decide rules=%u decisions=%d permits=%u us=%.2f\n", p->rules_count, DECISIONS,
           permits, us);
    policy_file_free(f);
    buf_free(&text);
}

int main(int argc, char **argv)
{
    unsigned rules = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    FILE *in = fopen(PATH, "rb");
    if (in == NULL || rules < 2)
        return 1;
    size_t n = fread(source, 1, sizeof source - 1, in);
    fclose(in);
    source[n] = '\0';
    bench_decide(rules < 1000 ? rules : 1000);
    bench_load(rules);
    return 0;
}
