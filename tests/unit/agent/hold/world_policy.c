#include "tests/unit/agent/hold/world.h"

#include "proto/host/file.h"

/* The text with every `from` replaced. */
static struct buf edited(struct buf *text, const struct policy_edit *e)
{
    struct buf out = buf_new((size_t)1 << 20);
    const char *at = buf_text(text);
    const char *found = NULL;
    size_t n = 0;
    while ((found = strstr(at, e->from)) != NULL) {
        buf_put(&out, bytes_of(at, (size_t)(found - at)));
        buf_put_str(&out, e->to);
        at = found + strlen(e->from);
        n++;
    }
    buf_put_str(&out, at);
    if (n == 0)
        fail_msg("not in the policy: %s", e->from);
    buf_free(text);
    return out;
}

struct buf world_policy_text(const struct policy_edit *edits)
{
    struct buf text = buf_new((size_t)1 << 20);
    assert_int_equal(file_read(TEST_DATA "/../docs/policies/demonstration.yaml", FILE_ANY, &text,
                               NULL),
                     ERR_OK);
    for (const struct policy_edit *e = edits; e != NULL && e->from != NULL; e++)
        text = edited(&text, e);
    return text;
}
