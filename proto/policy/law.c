#include "proto/policy/law.h"

static const struct known_law known[] = {
    {"BWBR0002320", "Algemene wet inzake rijksbelastingen", true},
    {"BWBR0013060", "Wet structuur uitvoeringsorganisatie werk en inkomen", true},
    {"BWBR0022463", "Wet politiegegevens", true},
    {"BWBR0024282", "Wet ter voorkoming van witwassen en financieren van terrorisme", true},
    {"BWBR0013798", "Wet Bibob", true},
    {"BWBR0040940", "Uitvoeringswet AVG", false},
    {"BWBR0022428", "Wet algemene bepalingen burgerservicenummer", false},
    {"Stb. 2024, 198", "Wet gegevensverwerking door samenwerkingsverbanden", false},
    {"Stb. 2024, 380", "Besluit gegevensverwerking door samenwerkingsverbanden", false},
};

const struct known_law *law_known(const char *source)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i].source, source) == 0)
            return &known[i];
    }
    return NULL;
}

bool law_is_gdpr(const struct law *law)
{
    static const char *const sources[] = {"BWBR0040940", "32016R0679", "CELEX 32016R0679",
                                          "Verordening (EU) 2016/679"};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (strcmp(law->source, sources[i]) == 0)
            return true;
    }
    return strcmp(law->id.s, "avg") == 0 || strcmp(law->id.s, "uavg") == 0;
}

const char *law_bsn_refused(const struct law *law, bool for_private)
{
    if (law_is_gdpr(law))
        return "UAVG 46 wants another law that says so";
    if (for_private && strcmp(law->source, "BWBR0022428") == 0)
        return "Wabb 10 is for public bodies";
    return NULL;
}

/* An article number, alone or as the start of "65(1)" or "65 lid 1". */
static bool is_article(const char *article, const char *number)
{
    size_t n = strlen(number);
    if (strncmp(article, number, n) != 0)
        return false;
    char next = article[n];
    return (next < '0' || next > '9') && (next < 'a' || next > 'z');
}

const char *law_refused(const struct law *law, const struct citation *c)
{
    if (strcmp(law->source, "BWBR0013060") == 0 && is_article(c->article, "65"))
        return "Wet SUWI art. 65 gives no ground for a release (ECLI:NL:RBDHA:2020:865)";
    return NULL;
}
