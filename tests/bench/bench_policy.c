/* Processor time of a decision with 1,000 rules, and of loading 10,000 rules against a bare libyaml
 * parse of the same bytes, before and after. argv[1]: number of rules (10000); argv[2]: --assert
 * holds both to their bars. Prints one line for each figure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/evaluate.h"

#define PATH TEST_DATA "/../docs/policies/demonstration.yaml"
#define DECISIONS 20000
#define BAR_US 10.0
#define BAR_RATIO 3.0

static char source[1 << 18];

/* What this process used: whoever else is at work on the machine does not count. */
static double used_ms(void)
{
    return (double)clock() * 1e3 / CLOCKS_PER_SEC;
}

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
    double start = used_ms();
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
    return used_ms() - start;
}

static struct policy_file *load(struct bytes text, double *ms)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    double start = used_ms();
    if (policy_file_load(text, "bench", &f, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    *ms = used_ms() - start;
    return f;
}

static bool bench_load(unsigned rules)
{
    struct buf text = make_policy(rules);
    double bare = bare_parse_ms(buf_bytes(&text));
    double ms = 0;
    struct policy_file *f = load(buf_bytes(&text), &ms);
    bare = (bare + bare_parse_ms(buf_bytes(&text))) / 2;
    printf("policy-load rules=%u bytes=%zu bare_ms=%.0f load_ms=%.0f ratio=%.2f\n",
           policy_file_policy(f)->rules_count, text.len, bare, ms, ms / bare);
    policy_file_free(f);
    buf_free(&text);
    return ms <= bare * BAR_RATIO;
}

static bool bench_decide(unsigned rules)
{
    struct buf text = make_policy(rules);
    double ms = 0;
    struct policy_file *f = load(buf_bytes(&text), &ms);
    const struct policy *p = policy_file_policy(f);
    static struct decision d;
    unsigned permits = 0;
    double start = used_ms();
    for (unsigned i = 0; i < DECISIONS; i++) {
        policy_evaluate(p, &p->rules[1 + i % (rules - 1)].id, ROLE_REQUESTER,
                        p->fixtures[i % 2 + 2].facts, &d);
        permits += d.permit ? 1 : 0;
    }
    double us = (used_ms() - start) * 1e3 / DECISIONS;
    printf("policy-decide rules=%u decisions=%d permits=%u us=%.2f\n", p->rules_count, DECISIONS,
           permits, us);
    policy_file_free(f);
    buf_free(&text);
    return us < BAR_US;
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
    bool held = bench_decide(rules < 1000 ? rules : 1000);
    held = bench_load(rules) && held;
    if (!held)
        fprintf(stderr, "over the bar: %.0f us, %.1f bare parses\n", BAR_US, BAR_RATIO);
    return held || argc < 3 || strcmp(argv[2], "--assert") != 0 ? 0 : 1;
}
