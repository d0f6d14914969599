#include "pki/cli/audit/row.h"

#include <stdio.h>

#include "proto/base/when.h"

void row_print_json(const struct body_line *line)
{
    printf("{\"index\":%llu,\"body\":%.*s}\n", (unsigned long long)line->index,
           (int)line->body.len, (const char *)line->body.ptr);
}

void row_print_gone(const struct body_line *line, bool as_json)
{
    static const char *const gone[BODY_STATE_COUNT] = {
        [BODY_ERASED] = "erased at the end of its term",
        [BODY_UNREADABLE] = "unreadable where it is kept",
        [BODY_LOST] = "lost with a store that was restored",
    };
    const unsigned long long index = line->index;
    if (as_json)
        printf("{\"index\":%llu,\"state\":\"%s\"}\n", index, body_state_id(line->state));
    else
        printf("%8llu  %s\n", index, gone[line->state]);
}

void row_print_head(void)
{
    printf("%8s  %-20s  %-24s %-7s %-20s %-20s %s\n", "index", "time", "event", "decided", "actor",
           "other", "rule  reasons");
}

void row_print(const struct body_line *line, const struct audit_body *b)
{
    char ts[WHEN_TEXT_SIZE];
    when_text(b->ts, ts);
    printf("%8llu  %s  %-24s %-7s %-20s %-20s %s", (unsigned long long)line->index, ts,
           audit_event_id(b->event),
           b->decision == AUDIT_DECISION_NONE ? "-" : audit_decision_id(b->decision),
           b->actor.oin[0] != '\0' ? b->actor.oin : "-", b->peer.oin[0] != '\0' ? b->peer.oin : "-",
           b->rule.s[0] != '\0' ? b->rule.s : "-");
    for (size_t i = 0; i < b->reasons_count; i++)
        printf("%s%.*s", i == 0 ? "  " : ",", (int)b->reasons[i].len,
               (const char *)b->reasons[i].ptr);
    printf("\n");
}
