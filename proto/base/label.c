#include "proto/base/label.h"

#include <stddef.h>

const char *label_of_sign_kind(enum sign_kind kind)
{
    switch (kind) {
#define LABEL_CASE(constant, text)                                                                 \
    case SIGN_##constant:                                                                          \
        return "sluis/sig/" text "/1";
        SIGN_KINDS(LABEL_CASE)
#undef LABEL_CASE
    case SIGN_NONE:
    case SIGN_KIND_COUNT:
        break;
    }
    return NULL;
}

const char *word_of_sign_kind(enum sign_kind kind)
{
    switch (kind) {
#define LABEL_WORD(constant, text)                                                                 \
    case SIGN_##constant:                                                                          \
        return text;
        SIGN_KINDS(LABEL_WORD)
#undef LABEL_WORD
    case SIGN_NONE:
    case SIGN_KIND_COUNT:
        break;
    }
    return NULL;
}
