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
    policy_text_edit_behind(t, NULL, from, to);
}

void policy_text_edit_behind(struct policy_text *t, const char *behind, const char *from,
                             const char *to)
{
    char *start = behind != NULL ? strstr(t->text, behind) : t->text;
    if (start == NULL)
        give_up("not in the policy", behind);
    char *at = strstr(start, from);
    if (at == NULL)
        give_up("not in the policy", from);
    size_t n_from = strlen(from);
    size_t n_to = strlen(to);
    if (t->len - n_from + n_to + 1 > sizeof t->text)
        give_up("too long", to);
    size_t rest = t->len - (size_t)(at - t->text) - n_from;
    memmove(at + n_to, at + n_from, rest + 1);
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

/* Copies the lines of [from, until) into out, the id of the rule replaced where it stands. */
static size_t copy_renamed(char *out, const char *from, const char *until, const char *const ids[2])
{
    const size_t n = strlen(ids[0]);
    size_t len = 0;
    while (from < until) {
        if (strncmp(from, ids[0], n) == 0 && strchr(",\n", from[n]) != NULL) {
            memcpy(out + len, ids[1], strlen(ids[1]));
            len += strlen(ids[1]);
            from += n;
        } else {
            out[len++] = *from++;
        }
    }
    out[len] = '\0';
    return len;
}

/* The place where the line that holds `at` begins. */
static const char *line_of(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    return at;
}

static void copy_tests(struct policy_text *t, const char *id, const char *copy)
{
    static char more[POLICY_TEXT_MAX];
    char key[128];
    const char *const ids[2] = {id, copy};
    const size_t end = t->len;
    snprintf(key, sizeof key, "rule: %s,", id);
    const char *at = strstr(t->text, "\ntests:");
    while (at != NULL && (at = strstr(at, key)) != NULL && at < t->text + end) {
        const char *until = strchr(at, '\n') + 1;
        copy_renamed(more, line_of(t->text, at), until, ids);
        policy_text_append(t, more);
        at = until;
    }
}

void policy_text_copy_rule(struct policy_text *t, const char *id, const char *copy)
{
    static char more[POLICY_TEXT_MAX];
    char key[128];
    const char *const ids[2] = {id, copy};
    snprintf(key, sizeof key, "\n  - id: %s\n", id);
    const char *at = strstr(t->text, key);
    if (at == NULL)
        give_up("no such rule", id);
    const char *until = strstr(at + 1, "\n  - id: ");
    const char *fixtures = strstr(at, "\n\nfixtures:");
    if (fixtures < until)
        until = fixtures;
    size_t len = copy_renamed(more, at, until, ids);
    memcpy(more + len, "\n\nfixtures:", sizeof "\n\nfixtures:");
    policy_text_edit(t, "\n\nfixtures:", more);
    copy_tests(t, id, copy);
}
