/* What comes after a question: it is kept longer, its case ends, somebody asks what touched him; and who reads the own log. */
#include "tests/unit/agent/story/story.h"

#include <stdio.h>

#include "proto/json/audit_body.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define SUBJECT "\"subject\":{\"identifiers\":[{\"type\":\"bsn\",\"value\":\"999990019\"}]}"
#define FILTER "\"filter\":{\"salt\":\"09090909090909090909090909090909\"}"

static const struct doc *last_answer(const struct story *s)
{
    return s->calls[s->call_count - 1].answer;
}

/* ---- keeping longer ---- */

bool story_keep(struct story *s)
{
    char json[128];
    struct story_wish w = {.verb = "keep", .officer = O_UWV_PF, .act = STORY_KEPT};
    snprintf(json, sizeof json, "{\"request\":\"%s\",\"days\":30,\"reason\":\"r\"}", s->kept);
    if (!story_calls(s, w, json))
        return false;
    w.officer = O_UWV_A;
    snprintf(json, sizeof json, "{\"request\":\"%s\",\"days\":30}", s->kept);
    return story_calls(s, w, json);
}

/* ---- the end of a standing request and of cases ---- */

static bool is_destroyed(struct story *s, const char *dossier)
{
    char json[128];
    struct bytes state;
    const struct story_wish w = {.verb = "case", .officer = O_RIEC, .act = STORY_ACTS};
    snprintf(json, sizeof json, "{\"action\":\"show\",\"case\":\"%s\"}", dossier);
    return story_calls(s, w, json) && doc_get_text(last_answer(s), "state", 16, &state, NULL) == ERR_OK &&
           bytes_is(state, "destroyed");
}

static bool close_case(struct story *s, const char *dossier, const char *codes)
{
    char json[160];
    const struct story_wish w = {.verb = "case", .officer = O_RIEC, .act = STORY_CASE};
    snprintf(json, sizeof json, "{\"action\":\"close\",\"case\":\"%s\"%s}", dossier, codes);
    return story_calls(s, w, json);
}

/* The rule wants the case in which it was asked destroyed at once; the one that is kept stays. */
bool story_end(struct story *s)
{
    char json[128];
    const struct story_wish w = {.verb = "standing", .officer = O_RIEC, .act = STORY_STOOD};
    snprintf(json, sizeof json, "{\"action\":\"end\",\"standing\":\"%s\"}", s->standing);
    return story_calls(s, w, json) && story_broker_closed(s) && close_case(s, s->lead, "") &&
           close_case(s, s->ended_case, ",\"intervention\":\"geen\",\"result\":\"onbekend\"") &&
           is_destroyed(s, s->ended_case);
}

/* A lead that asked nothing waits for somebody. */
bool story_destroy(struct story *s)
{
    char json[128];
    const struct story_wish w = {.verb = "case", .officer = O_UWV_PF, .act = STORY_CASE};
    snprintf(json, sizeof json, "{\"action\":\"destroy\",\"case\":\"%s\"}", s->lead);
    return story_calls(s, w, json);
}

/* ---- what touched a subject ---- */

/* Both are shown rows of the index, and the data set that has him. */
static bool finds(const struct story *s)
{
    const struct doc *rows = NULL;
    const struct doc *sets = NULL;
    OK(doc_get_array(last_answer(s), "rows", &rows, NULL));
    OK(doc_get_array(last_answer(s), "data_sets", &sets, NULL));
    return doc_count(rows) > 0 && doc_count(sets) == 1;
}

/* The broker is not asked and learns nothing. */
bool story_search(struct story *s)
{
    const size_t letters = s->letter_count;
    char json[256];
    struct story_wish w = {.verb = "search_ask", .officer = O_UWV_PF, .act = STORY_SOUGHT};
    if (!story_calls(s, w, "{\"ground\":\"avg15\",\"reference\":\"inzage-1\",\"received\":\"2026-02-01\"," SUBJECT "}"))
        return false;
    story_keep_id(s, "search", s->search);
    w = (struct story_wish){.verb = "search_confirm", .officer = O_UWV_A, .act = STORY_CONFIRMED};
    snprintf(json, sizeof json, "{\"search\":\"%s\"," SUBJECT "}", s->search);
    if (!story_calls(s, w, json) || !finds(s))
        return false;
    w = (struct story_wish){.verb = "search_show", .officer = O_UWV_PF, .act = STORY_SHOWN};
    snprintf(json, sizeof json, "{\"search\":\"%s\"}", s->search);
    if (!story_calls(s, w, json) || !finds(s))
        return false;
    story_settle(s);
    if (s->letter_count != letters)
        fail_msg("a search for a data subject sends %zu messages", s->letter_count - letters);
    return true;
}

/* ---- who reads the own log ---- */

/* The first row of the last answer whose digests somebody may ask about; NULL: none. */
static const struct doc *row_of_request(const struct story *s, struct bytes *body)
{
    const struct doc *rows = NULL;
    OK(doc_get_array(last_answer(s), "rows", &rows, NULL));
    for (size_t i = 0; i < doc_count(rows); i++)
        if (doc_get_text(doc_at(rows, i), "body", AUDIT_BODY_MAX, body, NULL) == ERR_OK &&
            memmem(body->ptr, body->len, "\"request\":", strlen("\"request\":")) != NULL)
            return doc_at(rows, i);
    return NULL;
}

static bool open_entry(struct story *s)
{
    struct bytes body;
    struct bytes entry;
    int64_t index = 0;
    const struct doc *row = row_of_request(s, &body);
    if (row == NULL)
        return false;
    struct story_wish w = {
        .verb = "open", .officer = O_UWV_PF, .act = STORY_OPENED, .args = doc_new_object()};
    struct doc_build b = doc_build_of(w.args);
    OK(doc_get_text(row, "entry", 64, &entry, NULL));
    OK(doc_get_int(row, "index", 0, INT64_MAX, &index, NULL));
    doc_put_text(&b, "entry", entry);
    doc_put_int(&b, "index", index);
    doc_put_text(&b, "body", body);
    OK(doc_build_done(&b));
    return story_call(s, &w)->is_ok;
}

bool story_read_log(struct story *s)
{
    const struct story_wish look = {.verb = "own_bodies", .officer = O_UWV_PF, .act = STORY_BODIES};
    static const struct {
        const char *verb;
        enum story_act act;
        const char *args;
    } others[] = {
        {"own_ldv", STORY_BODIES, "{" FILTER "}"},
        {"own_filler_key", STORY_BODIES, "{}"},
        {"own_exported", STORY_EXPORTED,
         "{\"format\":\"csv\",\"rows\":2,\"sha256\":\"abababababababababababababababababababababababababababababababab\"," FILTER "}"},
        {"staff_names", STORY_NAMES, "{\"month\":\"2026-02\"}"},
        {"receipt", STORY_RECEIPTS, "{}"},
    };
    if (!story_calls(s, look, "{\"from\":0,\"max\":200,\"purpose\":\"list\"," FILTER "}") || !open_entry(s))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const struct story_wish w = {.verb = others[i].verb, .officer = O_UWV_PF, .act = others[i].act};
        if (!story_calls(s, w, others[i].args))
            return false;
    }
    return true;
}
