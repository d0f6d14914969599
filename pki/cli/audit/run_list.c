/* list: the entries that fit, page by page. A page begins behind an index, so that it stays what it was while the
 * log grows. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/reading.h"
#include "pki/cli/audit/row.h"

struct page {
    uint64_t shown;
    uint64_t last; /* index of the last one shown */
};

static enum err list_line(struct reading *r, const struct body_line *line,
                          const struct audit_body *b)
{
    struct page *p = r->arg;
    if (p->shown == r->o->limit) {
        fprintf(stderr, "sluis-audit: there is more: --after %llu\n", (unsigned long long)p->last);
        return ERR_CANCELLED;
    }
    if (p->shown == 0 && !r->o->json)
        row_print_head();
    if (b == NULL)
        row_print_gone(line, r->o->json);
    else if (r->o->json)
        row_print_json(line);
    else
        row_print(line, b);
    p->shown++;
    p->last = line->index;
    return ERR_OK;
}

int run_list(const struct options *o)
{
    struct page page = {.shown = 0};
    struct reading r = {.o = o, .show = list_line, .arg = &page, .is_filtered = true, .wants_gone = true};
    const int status = reading_pass(&r, o->after_text == NULL ? 0 : o->after + 1);
    if (status == EX_OK && page.shown == 0 && !o->json)
        printf("No entry fits.\n");
    reading_say_hidden(&r);
    reading_close(&r);
    return status;
}
