/* Who is the subject of a search: by a number of a person, or by two things of different types;
 * what a household shares says "perhaps", and another's BSN "no". */
#include "tests/unit/pki/test_core.h"

#include "agent/subject/likeness.h"

/* A letter for the type, a digit for the value. */
static struct named_list of(const char *text, struct touch_named *room)
{
    static const struct {
        char letter;
        enum ident_type type;
    } types[] = {{'b', IDENT_BSN},
                 {'r', IDENT_REISDOCUMENT},
                 {'i', IDENT_IBAN},
                 {'t', IDENT_TELEFOON},
                 {'k', IDENT_KVK}};
    size_t n = 0;
    for (; text[2 * n] != '\0'; n++) {
        room[n] = (struct touch_named){.group = 7};
        memset(room[n].mark.b, text[2 * n + 1], sizeof room[n].mark.b);
        room[n].mark.b[0] = (uint8_t)text[2 * n];
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
            if (types[i].letter == text[2 * n])
                room[n].type = types[i].type;
    }
    return (struct named_list){room, n};
}

static void one_shared_thing_makes_nobody_the_subject(void **state)
{
    (void)state;
    static const struct {
        const char *sought;
        const char *has;
        enum likeness is;
    } cases[] = {
        {"b1", "b1", LIKE_SUBJECT},
        {"b1i1", "b1", LIKE_SUBJECT},
        {"b1", "b1i9t9", LIKE_SUBJECT},
        {"b1", "b2", LIKE_NOBODY},
        {"b1i1", "b2i1", LIKE_NOBODY}, /* the partner */
        {"b1i1t1", "b2i1t1", LIKE_NOBODY},
        {"i1", "b2i1", LIKE_PERHAPS},
        {"i1t1", "b2i1t1", LIKE_PERHAPS}, /* who has a BSN is searched by it */
        {"b1i1", "i1", LIKE_PERHAPS},
        {"b1i1t1", "i1t1", LIKE_SUBJECT},
        {"i1t1", "i1t1", LIKE_SUBJECT},
        {"i1i2", "i1i2", LIKE_PERHAPS}, /* of one type */
        {"i1t1", "i1t2", LIKE_PERHAPS},
        {"k1", "k1", LIKE_PERHAPS},
        {"r1", "r1b2", LIKE_SUBJECT},
        {"b1r1", "b2r1", LIKE_PERHAPS}, /* one of the two is wrong */
        {"b1r1", "b1r2", LIKE_PERHAPS},
        {"r1i1", "r2i1", LIKE_PERHAPS}, /* a document is replaced */
        {"b1", "b1b2", LIKE_PERHAPS},
        {"b1", "", LIKE_NOBODY},
        {"", "b1", LIKE_NOBODY},
        {"i1", "t1", LIKE_NOBODY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct touch_named a[8];
        struct touch_named b[8];
        if (likeness_of(of(cases[i].sought, a), of(cases[i].has, b)) != cases[i].is)
            fail_msg("%s against %s", cases[i].sought, cases[i].has);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_shared_thing_makes_nobody_the_subject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
