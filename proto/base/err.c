#include "proto/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[] = {
    "success",
    "out of memory",
    "not valid",
    "truncated",
    "too large",
    "out of range",
    "stands twice",
    "unknown value",
    "not found",
    "exists already",
    "same id with other content",
    "not possible in this state",
    "signature does not verify",
    "certificate not acceptable",
    "expired",
    "behind the version in force",
    "does not match",
    "crypto library failure",
    "input/output failure",
    "no space left",
    "not now",
    "closed",
    "unreachable",
    "configuration not usable",
    "no permission",
    "version not supported",
    "limit reached",
    "not supported here",
    "cancelled",
};

const char *err_text(enum err e)
{
    if ((int)e > 0 || (int)e <= -(int)ARRAY_LEN(texts))
        return "unknown error";
    return texts[-(int)e];
}

enum err errmsg_set(struct errmsg *why, enum err e, const char *fmt, ...)
{
    if (why == NULL)
        return e;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    va_end(ap);
    return e;
}

enum err errmsg_wrap(struct errmsg *why, enum err e, const char *fmt, ...)
{
    if (why == NULL)
        return e;
    struct errmsg old = *why;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    va_end(ap);
    size_t used = strlen(why->text);
    size_t left = sizeof why->text - used;
    if (left > 3) {
        memcpy(why->text + used, ": ", 3);
        size_t n = strnlen(old.text, sizeof old.text);
        if (n > left - 3)
            n = left - 3;
        memcpy(why->text + used + 2, old.text, n);
        why->text[used + 2 + n] = '\0';
    }
    return e;
}
