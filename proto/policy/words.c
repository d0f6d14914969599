#include "proto/policy/words.h"

/* Position in a table = enum value; position 0 is the unspecified one. */
static const char *const role_words[] = {"?", "requester", "broker", "holder"};
static const char *const provenance_words[] = {"unknown", "asserted", "judged"};
static const char *const rule_status_words[] = {"?", "draft", "adopted", "withdrawn"};
static const char *const partnership_words[] = {"?",    "fec",   "icov",     "riec", "zvh",
                                                "lsi",  "bibob", "mit",      "pps",  "municipal",
                                                "amlc", "track", "city_deal"};
static const char *const process_words[] = {
    "?",      "case_hit",   "case_release", "index",
    "signal", "phenomenon", "joint_target", "area_project",
    "bibob",  "export",     "feedback",     "subject_request"};
static const char *const case_state_words[] = {
    "?",         "signal", "exploration",  "work_up_1", "work_up_2",
    "work_up_3", "case",   "intervention", "closed",    "destroyed"};
static const char *const case_check_words[] = {"?", "check_1", "check_2a", "check_2b"};
static const char *const visibility_words[] = {"?", "holder_first", "direct", "never"};
static const char *const consent_kind_words[] = {"?", "officer", "four_eyes", "prosecutor",
                                                 "standing"};
static const char *const duty_words[] = {"?", "may", "shall"};
static const char *const sensitivity_words[] = {"?", "ordinary", "special", "criminal"};
static const char *const masking_words[] = {"none",      "present",  "year",
                                            "postcode4", "initials", "last4"};
static const char *const inform_words[] = {"?", "inform", "defer"};
static const char *const onward_words[] = {"?", "forbidden", "after_consent"};
static const char *const control_words[] = {"?", "forbidden", "optional", "required"};
static const char *const adoption_words[] = {"?", "absent", "adopted", "withdrawn"};
static const char *const expectation_words[] = {"?", "permit", "deny"};

static const char *word_of(const char *const *words, size_t count, unsigned value)
{
    return value < count ? words[value] : "?";
}

static enum err parse_word(const char *const *words, size_t count, struct bytes text, unsigned *out)
{
    for (unsigned i = 1; i < count; i++) {
        if (bytes_is(text, words[i])) {
            *out = i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

#define WORDS_DEFINE(type)                                                                         \
    const char *type##_id(enum type v)                                                             \
    {                                                                                              \
        return word_of(type##_words, ARRAY_LEN(type##_words), (unsigned)v);                        \
    }                                                                                              \
    enum err type##_parse(struct bytes text, enum type *out)                                       \
    {                                                                                              \
        unsigned v = 0;                                                                            \
        enum err e = parse_word(type##_words, ARRAY_LEN(type##_words), text, &v);                  \
        if (e == ERR_OK)                                                                           \
            *out = (enum type)v;                                                                   \
        return e;                                                                                  \
    }

WORDS_DEFINE(role)
WORDS_DEFINE(provenance)
WORDS_DEFINE(rule_status)
WORDS_DEFINE(partnership)
WORDS_DEFINE(process)
WORDS_DEFINE(case_state)
WORDS_DEFINE(case_check)
WORDS_DEFINE(visibility)
WORDS_DEFINE(consent_kind)
WORDS_DEFINE(duty)
WORDS_DEFINE(sensitivity)
WORDS_DEFINE(masking)
WORDS_DEFINE(inform)
WORDS_DEFINE(onward)
WORDS_DEFINE(control)
WORDS_DEFINE(adoption)
WORDS_DEFINE(expectation)
