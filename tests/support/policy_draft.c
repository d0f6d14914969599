#include "tests/support/policy_draft.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- chance ---- */

uint32_t chance_below(struct chance *c, uint32_t n)
{
    uint32_t v = 0;
    if (c->left >= 2) {
        v = (uint32_t)(c->data[0] << 8 | c->data[1]);
        c->data += 2;
        c->left -= 2;
    } else if (c->seed != 0) {
        c->seed ^= c->seed << 13;
        c->seed ^= c->seed >> 7;
        c->seed ^= c->seed << 17;
        v = (uint32_t)(c->seed >> 33);
    }
    return n > 0 ? v % n : 0;
}

/* ---- text ---- */

/* Values that a key may have besides those of the files. */
static const char *const words[] = {
    "status: draft",
    "status: withdrawn",
    "hit_visibility: direct",
    "kind: hit_no_hit",
    "kind: four_eyes",
    "kind: prosecutor",
    "kind: reasoned",
    "kind: sealed",
    "kind: officer",
    "kind: after_consent",
    "kind: forbidden",
    "duty: shall",
    "strength: weak",
    "strength: exact",
    "masking: present",
    "masking: year",
    "masking: last4",
    "sensitivity: special",
    "sensitivity: criminal",
    "minimum_state: work_up_3",
    "minimum_state: signal",
    "control_data: forbidden",
    "control_data: optional",
    "control_data: required",
    "proportionality: false",
    "subsidiarity: false",
    "concrete_signal: false",
    "concrete_signal: true",
    "suppression: false",
    "excluded: false",
    "destroy_at_close: false",
    "secondary_suppression: false",
    "region: elders",
    "sector_law: suwi",
    "sector_law: awr",
    "regime: wpg",
    "holder: uwv",
    "holder: belastingdienst",
    "holder: riec",
    "party: gemeente",
    "partnership: lsi",
    "law: uavg",
    "from: 2026-05-01",
    "from: 2026-07-01",
    "until: 2026-06-01",
    "until: 2036-01-01",
    "classification: geheim",
    "inform: inform",
    "purpose: voorbeeld",
};

/* Items for any list. */
static const char *const items[] = {"riec",
                                    "liec",
                                    "uwv",
                                    "belastingdienst",
                                    "gemeente",
                                    "bank",
                                    "elders",
                                    "protective",
                                    "enforcement",
                                    "privacy_officer",
                                    "case_worker",
                                    "prosecutor",
                                    "casus",
                                    "uitkering",
                                    "release_officer",
                                    "partner-demo",
                                    "postcode",
                                    "'00000099000000006000'",
                                    "'00000099000000005000'",
                                    "'00000099000000004000'",
                                    "complete.bibob"};

/* Blocks that a rule, or the file, may have. */
static const char *const blocks[] = {
    "region: regio-demo",
    "aims: [protective]",
    "aims: [enforcement, protective]",
    "phenomena: [ondermijning-buitengebied]",
    "minors: {excluded: true}",
    "excluded: [uwv]",
    "excluded: [gemeente]",
    "question_use: {own_task: false}",
    "feedback: {required: true, human_check: false, term: {working_days: 3}}",
    "handling: {classification: internal, code: intern, source: b, content: '2'}",
    "onward: {kind: after_consent, inform_partners: false}",
    "subject: {inform: inform, contact: loket}",
    "case: {minimum_state: signal, necessity_min_chars: 0, proportionality: false, "
    "subsidiarity: true, concrete_signal: false, control_data: forbidden}",
};
static const char *const file_blocks[] = {
    "closed_days: [2026-06-02]",
    "closed_days: [2026-06-01, 2026-06-02, 2026-06-03]",
};

/* Keys that decide who may do what: each is edited as often as another, however seldom it stands.
 */
static const char *const deciding[] = {"deadline_min",
                                       "deadline_max",
                                       "status",
                                       "region",
                                       "purpose",
                                       "process",
                                       "from",
                                       "until",
                                       "regime",
                                       "sector_law",
                                       "norm_version",
                                       "strength",
                                       "sensitivity",
                                       "masking",
                                       "hit_visibility",
                                       "kind",
                                       "minimum_state",
                                       "necessity_min_chars",
                                       "proportionality",
                                       "subsidiarity",
                                       "concrete_signal",
                                       "control_data",
                                       "identifiers_per_request",
                                       "requests_per_day_agency",
                                       "requests_per_day_officer",
                                       "unique_per_case",
                                       "unique_per_period",
                                       "additions_per_period",
                                       "min_set_size",
                                       "seconds",
                                       "hours",
                                       "working_days",
                                       "budget",
                                       "min_holders",
                                       "max_share_permille",
                                       "max_age_days",
                                       "suppression",
                                       "excluded",
                                       "holder",
                                       "party",
                                       "requesters",
                                       "holders",
                                       "functions",
                                       "areas",
                                       "aims",
                                       "phenomena",
                                       "destinations",
                                       "rules",
                                       "dimensions",
                                       "categories",
                                       "participants",
                                       "classes",
                                       "parties",
                                       "on_behalf_of"};

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof *(a)))

void policy_draft_read(struct policy_draft *d, const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    d->len = fread(d->text, 1, sizeof d->text - 1, f);
    fclose(f);
    d->text[d->len] = '\0';
}

/* Replaces n bytes at `at` where the result fits. */
static void splice(struct policy_draft *d, size_t at, size_t n, const char *with)
{
    size_t len = strlen(with);
    if (d->len - n + len + 1 > sizeof d->text)
        return;
    memmove(d->text + at + len, d->text + at + n, d->len - at - n + 1);
    memcpy(d->text + at, with, len);
    d->len = d->len - n + len;
}

static size_t before(const struct policy_draft *d, const char *mark)
{
    const char *at = strstr(d->text, mark);
    return at != NULL ? (size_t)(at - d->text) : d->len;
}

/* Where the rules begin, or the fixtures: what comes before is the policy itself. */
static size_t end_of(const struct policy_draft *d)
{
    return before(d, d->head_only ? "\nrules:" : "\nfixtures:");
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_' || c == '.' || c == '-' || c == '\'';
}

/* A `key: value` of which the value is one word; lengths in bytes. */
struct spot {
    size_t key;
    size_t key_len;
    size_t value;
    size_t value_len;
};

/* The spot at a colon, where there is one. */
static bool spot_at(const char *text, size_t colon, struct spot *out)
{
    size_t key = colon;
    size_t value = colon + 2;
    size_t end = value;
    while (key > 0 && in_word(text[key - 1]))
        key--;
    while (in_word(text[end]))
        end++;
    *out = (struct spot){key, colon - key, value, end - value};
    bool prose =
        out->key_len == 2 && (memcmp(text + key, "nl", 2) == 0 || memcmp(text + key, "en", 2) == 0);
    return out->key_len > 0 && out->value_len > 0 && !prose;
}

/* The n-th spot before `end`, or how many there are where n is UINT32_MAX. */
static uint32_t spots(const char *text, size_t end, uint32_t n, struct spot *out)
{
    uint32_t seen = 0;
    for (size_t i = 1; i + 2 < end; i++) {
        if (text[i] != ':' || text[i + 1] != ' ' || !spot_at(text, i, out))
            continue;
        if (seen++ == n)
            return seen;
    }
    return seen;
}

/* The n-th value or list before `end` that stands under this key: the place behind "key: ". */
static uint32_t places(const char *text, size_t end, const char *key, uint32_t n, size_t *out)
{
    size_t len = strlen(key);
    uint32_t seen = 0;
    const char *at = text;
    while ((at = strstr(at + 1, key)) != NULL && (size_t)(at - text) < end) {
        if (in_word(at[-1]) || strncmp(at + len, ": ", 2) != 0)
            continue;
        *out = (size_t)(at - text) + len + 2;
        if (seen++ == n)
            return seen;
    }
    return seen;
}

/* ---- edits ---- */

static void edit_number(struct policy_draft *d, const struct spot *s, struct chance *c)
{
    char text[32];
    long was = strtol(d->text + s->value, NULL, 10);
    const long to[] = {was + 1, was - 1, was * 2, was / 2, 0, 1, was + 100, 3};
    snprintf(text, sizeof text, "%ld", to[chance_below(c, COUNT(to))]);
    splice(d, s->value, s->value_len, text);
}

/* Another value that the same key has somewhere. */
static void edit_word(struct policy_draft *d, const struct spot *s, struct chance *c)
{
    uint32_t from = chance_below(c, COUNT(words));
    for (uint32_t i = 0; i < COUNT(words); i++) {
        const char *w = words[(from + i) % COUNT(words)];
        if (strncmp(w, d->text + s->key, s->key_len) == 0 && w[s->key_len] == ':') {
            splice(d, s->value, s->value_len, w + s->key_len + 2);
            return;
        }
    }
    splice(d, s->value, s->value_len, items[chance_below(c, COUNT(items))]);
}

/* Keys of citations and the like: who may do what does not hang on them. */
static bool is_dull(const struct policy_draft *d, const struct spot *s)
{
    static const char *const dull[] = {"law",  "article", "paragraph",     "verified_by", "advice",
                                       "dpia", "id",      "compatibility", "lawfulness",  "number"};
    for (uint32_t i = 0; i < COUNT(dull); i++) {
        if (strlen(dull[i]) == s->key_len && memcmp(d->text + s->key, dull[i], s->key_len) == 0)
            return true;
    }
    return false;
}

static void edit_value(struct policy_draft *d, struct chance *c)
{
    struct spot s;
    uint32_t n = spots(d->text, end_of(d), UINT32_MAX, &s);
    if (n == 0)
        return;
    (void)spots(d->text, end_of(d), chance_below(c, n), &s);
    for (unsigned left = 3; left > 0 && is_dull(d, &s); left--)
        (void)spots(d->text, end_of(d), chance_below(c, n), &s);
    if (isdigit((unsigned char)d->text[s.value]) != 0 && s.value_len < 8)
        edit_number(d, &s, c);
    else
        edit_word(d, &s, c);
}

static void change_list(struct policy_draft *d, size_t at, const char *key, struct chance *c);

/* The value, or the list, of one of the keys. */
static void edit_key(struct policy_draft *d, struct chance *c)
{
    const char *key = deciding[chance_below(c, COUNT(deciding))];
    size_t at = 0;
    uint32_t n = places(d->text, end_of(d), key, UINT32_MAX, &at);
    if (n == 0)
        return;
    (void)places(d->text, end_of(d), key, chance_below(c, n), &at);
    struct spot s;
    if (d->text[at] == '{') /* a term: its number */
        at += strcspn(d->text + at, ":") + 2;
    if (d->text[at] == '[')
        change_list(d, at + 1, key, c);
    else if (spot_at(d->text, at - 2, &s) && isdigit((unsigned char)d->text[at]) != 0 &&
             s.value_len < 8)
        edit_number(d, &s, c);
    else if (spot_at(d->text, at - 2, &s))
        edit_word(d, &s, c);
}

/* A case behind a rule that has none, with the limit that goes with it; the n-th such rule. */
static void add_case(struct policy_draft *d, struct chance *c)
{
    static const char *const ids[] = {"complete.signal", "complete.feedback", "complete.rights"};
    static const char limit[] = "unique_per_period";
    char id[64];
    snprintf(id, sizeof id, "- id: %s\n", ids[chance_below(c, COUNT(ids))]);
    const char *at = strstr(d->text, id);
    const char *period = at != NULL ? strstr(at, limit) : NULL;
    if (period == NULL)
        return;
    splice(d, (size_t)(period - d->text), 0, "unique_per_case: 9, ");
    splice(d, (size_t)(at - d->text) + strlen(id), 0,
           "    case: {minimum_state: exploration, necessity_min_chars: 40, proportionality: true, "
           "subsidiarity: true, concrete_signal: true, control_data: forbidden}\n");
}

/* One more rule whose releases may leave. */
static void add_origin(struct policy_draft *d)
{
    static const char id[] = "- id: complete.feedback\n";
    static const char list[] = "rules: [complete.bibob";
    const char *at = strstr(d->text, id);
    const char *rules = strstr(d->text, list);
    if (at == NULL || rules == NULL || rules > at)
        return;
    splice(d, (size_t)(at - d->text) + strlen(id), 0,
           "    onward: {kind: after_consent, inform_partners: false}\n");
    splice(d, (size_t)(rules - d->text) + strlen(list), 0, ", complete.feedback");
}

static void add_together(struct policy_draft *d, struct chance *c)
{
    if (chance_below(c, 2) == 0)
        add_case(d, c);
    else
        add_origin(d);
}

/* The n-th flow list without nesting: the place behind its bracket. */
static uint32_t lists(const char *text, size_t end, uint32_t n, size_t *out)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < end; i++) {
        if (text[i] != '[' || !in_word(text[i + 1]))
            continue;
        *out = i + 1;
        if (seen++ == n)
            return seen;
    }
    return seen;
}

/* Any item, or as often the first of some list under the same key. */
static void pick_item(const struct policy_draft *d, const char *key, struct chance *c, char out[48])
{
    size_t at = 0;
    uint32_t n = places(d->text, end_of(d), key, UINT32_MAX, &at);
    uint32_t which = chance_below(c, 2 * n + 1);
    snprintf(out, 48, "%s", items[chance_below(c, COUNT(items))]);
    if (which >= n)
        return;
    (void)places(d->text, end_of(d), key, which, &at);
    size_t len = d->text[at] == '[' ? strcspn(d->text + at + 1, ",]") : 0;
    if (len > 0 && len < 48)
        snprintf(out, 48, "%.*s", (int)len, d->text + at + 1);
}

/* Takes the first item away, puts one before it, or both. */
static void change_list(struct policy_draft *d, size_t at, const char *key, struct chance *c)
{
    uint32_t how = chance_below(c, 3);
    size_t item = strcspn(d->text + at, ",]");
    size_t comma = d->text[at + item] == ',' ? 2 : 0;
    char add[80];
    char picked[48];
    pick_item(d, key, c, picked);
    snprintf(add, sizeof add, "%s%s", picked, how == 0 || comma > 0 ? ", " : "");
    if (how > 0)
        splice(d, at, item + comma, "");
    if (how < 2)
        splice(d, at, 0, add);
}

static void edit_list(struct policy_draft *d, struct chance *c)
{
    size_t at = 0;
    uint32_t n = lists(d->text, end_of(d), UINT32_MAX, &at);
    if (n == 0)
        return;
    (void)lists(d->text, end_of(d), chance_below(c, n), &at);
    change_list(d, at, "classes", c);
}

/* The n-th line start before `end`. */
static uint32_t line_starts(const char *text, size_t end, uint32_t n, size_t *out)
{
    uint32_t seen = 0;
    for (size_t i = 1; i < end; i++) {
        if (text[i - 1] != '\n')
            continue;
        *out = i;
        if (seen++ == n)
            return seen;
    }
    return seen;
}

static void remove_line(struct policy_draft *d, struct chance *c)
{
    size_t at = 0;
    uint32_t n = line_starts(d->text, end_of(d), UINT32_MAX, &at);
    if (n == 0)
        return;
    (void)line_starts(d->text, end_of(d), chance_below(c, n), &at);
    splice(d, at, strcspn(d->text + at, "\n") + 1, "");
}

/* A `key: value, ` of a flow mapping. */
static void remove_key(struct policy_draft *d, struct chance *c)
{
    struct spot s;
    uint32_t n = spots(d->text, end_of(d), UINT32_MAX, &s);
    if (n == 0)
        return;
    (void)spots(d->text, end_of(d), chance_below(c, n), &s);
    size_t behind = s.value + s.value_len;
    if (d->text[behind] == ',')
        splice(d, s.key, behind + 2 - s.key, "");
}

/* Before the n-th `purpose:` of a rule. */
static void add_block(struct policy_draft *d, struct chance *c)
{
    static const char anchor[] = "\n    purpose: ";
    char block[256];
    uint32_t skip = chance_below(c, 12);
    const char *at = strstr(d->text, anchor);
    for (; at != NULL && skip > 0; skip--)
        at = strstr(at + 1, anchor);
    if (at == NULL)
        return;
    snprintf(block, sizeof block, "\n    %s", blocks[chance_below(c, COUNT(blocks))]);
    splice(d, (size_t)(at - d->text), 0, block);
}

static void add_file_block(struct policy_draft *d, struct chance *c)
{
    const char *at = strstr(d->text, "\nsigners:");
    char block[128];
    snprintf(block, sizeof block, "\n%s", file_blocks[chance_below(c, COUNT(file_blocks))]);
    if (at != NULL)
        splice(d, (size_t)(at - d->text), 0, block);
}

/* One more key of some party. */
static void add_party_key(struct policy_draft *d, struct chance *c)
{
    static const char anchor[] = "regime: avg";
    static const char *const keys[] = {
        ", valid: {from: 2026-05-01, until: 2026-07-01}", ", region: elders",
        ", on_behalf_of: ['00000099000000006000', '00000099000000004000']", ", sector_law: awr",
        ", valid: {from: 2025-03-01, until: 2026-06-01}"};
    uint32_t skip = chance_below(c, 5);
    const char *at = strstr(d->text, anchor);
    for (; at != NULL && skip > 0; skip--)
        at = strstr(at + 1, anchor);
    if (at != NULL)
        splice(d, (size_t)(at - d->text) + strlen(anchor), 0, keys[chance_below(c, COUNT(keys))]);
}

static void remove_rule(struct policy_draft *d, struct chance *c)
{
    static const char anchor[] = "\n  - id: ";
    const char *at = strstr(d->text, "\nrules:");
    uint32_t skip = chance_below(c, 8);
    for (; at != NULL && skip > 0; skip--)
        at = strstr(at + 1, anchor);
    const char *next = at != NULL ? strstr(at + 1, anchor) : NULL;
    if (next != NULL && next < d->text + end_of(d) && strncmp(at, anchor, strlen(anchor)) == 0)
        splice(d, (size_t)(at - d->text), (size_t)(next - at), "");
}

void policy_draft_edit(struct policy_draft *d, struct chance *c)
{
    static void (*const edits[])(struct policy_draft *, struct chance *) = {
        edit_key,   edit_key,       edit_key,    edit_key,      edit_key,     edit_key,
        edit_key,   edit_key,       edit_value,  edit_list,     add_block,    remove_line,
        remove_key, add_file_block, remove_rule, add_party_key, add_together,
    };
    d->head_only = chance_below(c, 6) == 0;
    edits[chance_below(c, COUNT(edits))](d, c);
}
