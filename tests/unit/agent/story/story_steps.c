/* The steps of the story: records, two questions and what becomes of one of them, up to the own log and its readers. */
#include "tests/unit/agent/story/story.h"

#include <stdio.h>

#include "agent/witness/witness.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define GROWS 4u

static bool import(struct story *s)
{
    char csv[128];
    snprintf(csv, sizeof csv, "nr;BSN;Soort\n%u;999990019;WW\n", s->run);
    const struct story_wish w = {.verb = "import", .officer = O_UWV_A, .act = STORY_ENDED, .input = csv};
    return story_calls(s, w,
                "{\"source\":\"bron\",\"mode\":\"delta\",\"mapping\":\"schema: 1\\n"
                "source: {format: csv, delimiter: ';', encoding: utf-8}\\nrecord_key: nr\\n"
                "category: {constant: uitkering}\\nidentifiers:\\n- {type: bsn, column: BSN}\\nfields:\\n"
                "- {name: soort_uitkering, column: Soort, kind: text, category: uitkering}\\nrules: [index.uwv]\\n\"}");
}

/* A lead that is checked and moved, and two cases in which something can be asked. */
static bool open_cases(struct story *s)
{
    char json[256];
    const struct story_wish w = {.verb = "case", .officer = O_RIEC, .act = STORY_CASE};
    if (!story_calls(s, w, "{\"action\":\"open\",\"title\":\"signaal\"}"))
        return false;
    story_keep_id(s, "case", s->lead);
    snprintf(json, sizeof json, "{\"action\":\"check\",\"case\":\"%s\",\"check\":\"check_1\",\"reason\":\"r\"}", s->lead);
    if (!story_calls(s, w, json))
        return false;
    snprintf(json, sizeof json, "{\"action\":\"move\",\"case\":\"%s\",\"state\":\"exploration\"}", s->lead);
    if (!story_calls(s, w, json) ||
        !story_calls(s, w, "{\"action\":\"open\",\"title\":\"dossier\",\"state\":\"work_up_1\"}"))
        return false;
    story_keep_id(s, "case", s->kept_case);
    if (!story_calls(s, w, "{\"action\":\"open\",\"title\":\"zaak\",\"state\":\"work_up_1\"}"))
        return false;
    story_keep_id(s, "case", s->ended_case);
    return true;
}

static bool ask_in(struct story *s, const char *dossier, const char *more, enum story_act act)
{
    char json[1536];
    const struct story_wish w = {.verb = "request", .officer = O_RIEC, .act = act};
    snprintf(json, sizeof json,
             "{\"rule\":\"riec.casus.verstrekking\",\"case\":\"%s\",\"holders\":[\"00000099000000005000\"],"
             "\"on_behalf_of\":\"00000099000000006000\",\"fields\":[\"soort_uitkering\"],\"deadline_s\":300,%s\"subjects\":"
             "[{\"label\":\"d\",\"identifiers\":[{\"type\":\"bsn\",\"value\":\"999990019\"}],\"necessity\":\"De uitkering "
             "bepaalt of de inkomsten legaal kunnen zijn.\",\"proportionality\":\"p\",\"subsidiarity\":\"s\","
             "\"concrete_signal\":\"c\",\"control\":{\"name\":\"P J\",\"birth_date\":\"1980-01-01\"}}]}",
             dossier, more);
    return story_calls(s, w, json);
}

/* One that stands, of which nothing more is heard, and one that is hit. */
static bool ask(struct story *s)
{
    if (!ask_in(s, s->kept_case, "\"standing\":{\"until\":\"2026-03-01\",\"every_days\":14},", STORY_STANDS))
        return false;
    story_keep_id(s, "request", s->kept);
    story_keep_id(s, "standing", s->standing);
    if (!ask_in(s, s->ended_case, "", STORY_ACTS))
        return false;
    story_keep_id(s, "request", s->asked);
    return true;
}

static bool sign(struct story *s, int officer, uint64_t item)
{
    char json[128];
    const struct story_wish w = {.verb = "decide", .officer = officer, .act = STORY_SIGNED};
    snprintf(json, sizeof json, "{\"item\":%llu,\"decision\":\"release\",\"fields\":[\"soort_uitkering\"]}",
             (unsigned long long)item);
    return story_calls(s, w, json);
}

/* 0: there is none, or the store fails just now. */
static uint64_t newest_item(struct story *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t number = 0;
    return kv_read_begin(s->w.agent.kv, &txn) == ERR_OK &&
                   store_get_number(s->w.agent.store, txn, "hold_item", &number) == ERR_OK
               ? number
               : 0;
}

/* It is looked at, claimed and released. */
static bool decide(struct story *s)
{
    char json[64];
    const uint64_t item = newest_item(s);
    const struct story_wish look = {.verb = "item", .officer = O_UWV_A, .act = STORY_LOOKED};
    const struct story_wish claim = {.verb = "claim", .officer = O_UWV_A, .act = STORY_CLAIMED};
    snprintf(json, sizeof json, "{\"item\":%llu}", (unsigned long long)item);
    return item > 0 && story_calls(s, look, json) && story_calls(s, claim, json) && sign(s, O_UWV_A, item) &&
           sign(s, O_UWV_B, item);
}

static bool results(struct story *s)
{
    char json[64];
    const struct story_wish w = {.verb = "results", .officer = O_RIEC, .act = STORY_READ};
    snprintf(json, sizeof json, "{\"request\":\"%s\"}", s->asked);
    return story_calls(s, w, json);
}

static bool protect(struct story *s)
{
    char json[128];
    const struct story_wish w = {.verb = "protect", .officer = O_UWV_A, .act = STORY_PROTECTED};
    snprintf(json, sizeof json, "{\"action\":\"add\",\"type\":\"telefoon\",\"value\":\"+3161234567%u\"}", s->run % 10);
    return story_calls(s, w, json);
}

static bool cosign(struct story *s)
{
    CLEANUP(buf_free) struct buf request = buf_new(GROWN_BYTES);
    const uint64_t from = s->w.agent.witness->row.state.size;
    const struct grown_head head = {from + GROWS, 0, s->w.log, WORLD_ORIGIN};
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    OK(grown_log_request(&s->grown, &(struct grown_step){from, false}, &head, &request));
    doc_put_text(&b, "request", buf_bytes(&request));
    OK(doc_build_done(&b));
    const struct story_wish w = {
        .verb = "witness", .officer = O_UWV_A, .act = STORY_ACTS, .args = args, .cosigns = from + GROWS};
    return story_call(s, &w)->is_ok;
}

static bool leave_for_a_while(struct story *s)
{
    char json[64];
    const struct story_wish w = {.verb = "witness", .officer = O_RIEC, .act = STORY_AWAY};
    snprintf(json, sizeof json, "{\"away_until\":%lld}", (long long)s->w.now_s + 3600);
    return story_calls(s, w, json);
}

/* Each is done by one party or the other. */
static const struct {
    int party;
    bool (*step)(struct story *s);
    const char *what;
} steps[] = {
    {P_UWV, import, "import"},
    {P_RIEC, open_cases, "cases"},
    {P_RIEC, ask, "questions"},
    {P_UWV, story_broker_hit, "hit"},
    {P_UWV, decide, "decision"},
    {P_RIEC, story_broker_settled, "settlement"},
    {P_RIEC, results, "results"},
    {P_UWV, story_keep, "keeping"},
    {P_RIEC, story_end, "end of a standing request and of cases"},
    {P_UWV, story_destroy, "destruction"},
    {P_UWV, protect, "protected person"},
    {P_UWV, story_search, "search"},
    {P_UWV, cosign, "cosignature"},
    {P_UWV, story_mirror, "mirror"},
    {P_RIEC, leave_for_a_while, "leave of a witness"},
    {P_UWV, story_publish, "own log"},
    {P_UWV, story_read_log, "reading of the own log"},
};

bool story_run(struct story *s)
{
    s->run++;
    s->w.now_s++;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        story_be(s, steps[i].party);
        s->step = steps[i].what;
        const bool went_well = steps[i].step(s);
        story_settle(s);
        if (!went_well) {
            story_be(s, P_UWV);
            return false;
        }
    }
    story_be(s, P_UWV);
    return true;
}
