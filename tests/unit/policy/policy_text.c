#include "tests/unit/policy/policy_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s\n", what, detail);
    exit(1);
}

void policy_text_read(struct policy_text *t)
{
    policy_text_read_file(t, "demonstration.yaml");
}

void policy_text_read_file(struct policy_text *t, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/../docs/policies/%s", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        give_up("cannot read", path);
    t->len = fread(t->text, 1, sizeof t->text - 1, f);
    fclose(f);
    t->text[t->len] = '\0';
}

void policy_text_edit(struct policy_text *t, const char *from, const char *to)
{
    char *at = strstr(t->text, from);
    if (at == NULL)
        give_up("not in the policy", from);
    size_t n_from = strlen(from);
    size_t n_to = strlen(to);
    if (t->len - n_from + n_to + 1 > sizeof t->text)
        give_up("too long", to);
    size_t behind = t->len - (size_t)(at - t->text) - n_from;
    memmove(at + n_to, at + n_from, behind + 1);
    memcpy(at, to, n_to);
    t->len = t->len - n_from + n_to;
}

void policy_text_append(struct policy_text *t, const char *more)
{
    size_t n = strlen(more);
    if (t->len + n + 1 > sizeof t->text)
        give_up("too long", more);
    memcpy(t->text + t->len, more, n + 1);
    t->len += n;
}
