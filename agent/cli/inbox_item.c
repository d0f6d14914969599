#include "agent/cli/inbox_item.h"

#include "proto/base/text.h"

#define TEXT_MAX ((size_t)16384)

bool inbox_item_number(const char *text, int64_t *out)
{
    uint64_t n = 0;
    if (text_get_u64(bytes_str(text), INT64_MAX, &n) != ERR_OK || n == 0)
        return false;
    *out = (int64_t)n;
    return true;
}

int inbox_item_get(struct cli *c, int64_t number, struct doc **ok)
{
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    if (args != NULL)
        doc_put_int(&b, "item", number);
    if (args == NULL || doc_build_done(&b) != ERR_OK) {
        doc_free(args);
        return cli_error(c, EX_OSERR, "out of memory");
    }
    struct cli_call call = {.verb = "item", .args = args};
    return cli_call(c, &call, ok);
}

/* A text on lines of its own, under a heading; nothing where it is absent or empty. */
static void print_text(struct cli *c, const char *heading, const struct doc *item, const char *key)
{
    struct bytes text;
    if (doc_get_text(item, key, TEXT_MAX, &text, NULL) != ERR_OK || text.len == 0)
        return;
    cli_line(c, "%s:", heading);
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t n = end != NULL ? (size_t)(end - text.ptr) : text.len;
        cli_line(c, "  %.*s", (int)n, (const char *)text.ptr);
        n += end != NULL;
        text = bytes_of(text.ptr + n, text.len - n);
    }
}

static void print_table(struct cli *c, const struct doc *item, const char *key,
                        const struct cli_column *columns, size_t count)
{
    const struct doc *rows = NULL;
    if (doc_get_array(item, key, &rows, NULL) != ERR_OK || doc_count(rows) == 0)
        return;
    cli_line(c, "%s", "");
    (void)cli_table(c, rows, columns, count);
}

void inbox_item_print(struct cli *c, const struct doc *item)
{
    static const struct cli_column fields[] = {
        {"field asked for", "name"}, {"can be released", "open"}, {"own record", "value"}};
    static const struct cli_column grounds[] = {
        {"code", "code"}, {"ground of refusal", "text"},
        {"requester may know", "requester_may_know"}};
    static const struct cli_column signatures[] = {
        {"signed", "decision"}, {"code", "code"}, {"fields", "fields"},
        {"function", "function"}, {"staff", "staff"}, {"at", "signed_at"}};
    static const struct {
        const char *label;
        const char *key;
    } head[] = {
        {"item", "item"}, {"state", "state"}, {"requester", "requester_name"},
        {"requester OIN", "requester"}, {"on behalf of", "on_behalf_of_name"},
        {"asked by", "function"}, {"case", "case_state"}, {"checks recorded", "checks"}, {"rule", "rule"},
        {"rule version", "rule_version"}, {"duty", "duty"}, {"decided by", "consent"},
        {"standing consent since", "standing_since"}, {"outcome", "outcome"},
        {"arrived", "arrived"}, {"decide by", "decide_by"}, {"deadline", "deadline"},
        {"term is over", "late"}, {"overdue", "overdue"}, {"you decide as", "seat"},
        {"claimed by", "claimed_by"}, {"matched on", "matched"}, {"category", "category"},
        {"control: name", "control_name"}, {"control: date of birth", "control_birth_date"},
        {"signatures", "signed"}, {"signatures needed", "needed"}, {"refused", "refusal"},
    };
    for (size_t i = 0; i < ARRAY_LEN(head); i++)
        cli_field(c, head[i].label, item, head[i].key);
    print_text(c, "rule says", item, "rule_text");
    cli_lines(c, "legal basis", item, "basis");
    cli_lines(c, "duties", item, "duties");
    print_text(c, "necessity", item, "necessity");
    print_text(c, "concrete signal", item, "concrete_signal");
    print_text(c, "proportionality", item, "proportionality");
    print_text(c, "subsidiarity", item, "subsidiarity");
    print_text(c, "aim", item, "aim");
    print_text(c, "phenomenon", item, "phenomenon");
    cli_lines(c, "not permitted now", item, "conditions");
    print_table(c, item, "asked", fields, ARRAY_LEN(fields));
    print_table(c, item, "grounds", grounds, ARRAY_LEN(grounds));
    print_table(c, item, "signatures", signatures, ARRAY_LEN(signatures));
}
