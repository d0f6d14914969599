/* Whether texts stand in folders: in every file at every offset, and in every value that a folder's own keys open.
 * usage: leak_scan [--skip NAME] FOLDER...
 * Standard input: lines of name, tab, text in UTF-8. Out: name, encoding, form, where; each once. Texts are looked
 * for in UTF-8 and Latin-1, as they are, in hex of both cases and in base64 at each alignment. Never prints a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/forms.h"
#include "tests/support/haystack.h"
#include "tests/support/opened.h"
#include "tests/support/unlocked.h"

#define LINE_MAX_BYTES 4096u

struct marker {
    char *name;
    const char *encoding;
    const char *form;
    size_t len; /* of a number, which within a longer number is not it; 0: no number */
    bool is_found;
};

struct scan {
    struct haystack *h;
    struct marker *markers;
    size_t count;
    size_t room;
    struct marker now;
};

static void ask(void *ctx, const char *form, struct bytes spelled)
{
    struct scan *s = ctx;
    if (!haystack_ask(s->h, spelled, s->count))
        return;
    if (s->count == s->room) {
        s->room = s->room == 0 ? 1024 : 2 * s->room;
        s->markers = realloc(s->markers, s->room * sizeof *s->markers);
        if (s->markers == NULL)
            unlocked_must("memory", ERR_NOMEM);
    }
    s->markers[s->count] = s->now;
    s->markers[s->count].form = form;
    s->markers[s->count++].name = strdup(s->now.name);
}

/* The text in Latin-1; 0 where it has no such spelling, or the same. */
static size_t latin1(const char *text, uint8_t *out)
{
    size_t n = 0;
    bool differs = false;
    for (const uint8_t *p = (const uint8_t *)text; *p != 0; p++) {
        if (*p < 0x80) {
            out[n++] = *p;
            continue;
        }
        if ((*p & 0xfe) != 0xc2)
            return 0;
        out[n++] = (uint8_t)((p[0] & 3) << 6 | (p[1] & 0x3f));
        p++;
        differs = true;
    }
    return differs ? n : 0;
}

static void ask_text(struct scan *s, char *name, const char *text)
{
    uint8_t room[LINE_MAX_BYTES];
    const bool is_number = strspn(text, "0123456789") == strlen(text);
    s->now = (struct marker){.name = name, .encoding = "utf-8", .len = is_number ? strlen(text) : 0};
    forms_each(bytes_str(text), ask, s);
    const size_t n = latin1(text, room);
    s->now.encoding = "latin-1";
    if (n > 0)
        forms_each(bytes_of(room, n), ask, s);
}

static void ask_all(struct scan *s)
{
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            unlocked_must("a line without a tab", ERR_INVALID);
        *tab = '\0';
        ask_text(s, line, tab + 1);
    }
}

static bool is_digit_at(struct bytes d, size_t i)
{
    return i < d.len && d.ptr[i] >= '0' && d.ptr[i] <= '9';
}

static void print_found(void *ctx, size_t id, const struct hay_piece *piece, size_t offset)
{
    const struct scan *s = ctx;
    struct marker *m = &s->markers[id];
    const bool is_longer =
        m->len > 0 && strcmp(m->form, "raw") == 0 &&
        (is_digit_at(piece->data, offset - 1) || is_digit_at(piece->data, offset + m->len));
    if (m->is_found || is_longer)
        return;
    m->is_found = true;
    printf("%s\t%s\t%s\t%s\n", m->name, m->encoding, m->form, piece->where);
}

int main(int argc, char **argv)
{
    struct scan s = {.h = haystack_new()};
    const char *skip = argc > 2 && strcmp(argv[1], "--skip") == 0 ? argv[2] : NULL;
    if (argc < 2 || secret_init() == ERR_NOMEM)
        return 64;
    for (int i = skip != NULL ? 3 : 1; i < argc; i++) {
        struct key_ring ring = {.count = 0};
        const size_t first = haystack_count(s.h);
        haystack_add_tree(s.h, argv[i], skip);
        ring_add_folder(&ring, argv[i]);
        opened_add(s.h, first, &ring);
        ring_free(&ring);
    }
    haystack_index(s.h);
    ask_all(&s);
    haystack_answer(s.h, print_found, &s);
    for (size_t i = 0; i < s.count; i++)
        free(s.markers[i].name);
    free(s.markers);
    haystack_free(s.h);
    return ferror(stdin) || fflush(stdout) != 0 ? 74 : 0;
}
