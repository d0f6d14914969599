/* Errors are values: one enum, one text for each, and a small owned message for detail. */
#ifndef SLUIS_BASE_ERR_H
#define SLUIS_BASE_ERR_H

#include "proto/base/attr.h"

/* 0 is success, every error is negative. "Denied" by policy is a decision, not an error. */
enum err {
    ERR_OK = 0,
    ERR_NOMEM = -1,        /* an allocation failed or an arena reached its cap */
    ERR_INVALID = -2,      /* well-formed bytes that break a rule of the format */
    ERR_TRUNCATED = -3,    /* the bytes end before the value does */
    ERR_TOO_LARGE = -4,    /* over a size cap */
    ERR_RANGE = -5,        /* a number outside its range */
    ERR_DUPLICATE = -6,    /* a key, id or field that may stand once stands twice */
    ERR_UNKNOWN = -7,      /* an unknown enum value, key, kind or name */
    ERR_NOT_FOUND = -8,    /* no such thing */
    ERR_EXISTS = -9,       /* there already is one */
    ERR_CONFLICT = -10,    /* same id, other content */
    ERR_STATE = -11,       /* not in this state */
    ERR_SIGNATURE = -12,   /* a signature, MAC or tag does not verify */
    ERR_CERT = -13,        /* a certificate is not acceptable */
    ERR_EXPIRED = -14,     /* its time is over */
    ERR_BEHIND = -15,      /* an older serial or version than the one in force */
    ERR_MISMATCH = -16,    /* two things that must be equal differ */
    ERR_CRYPTO = -17,      /* the crypto library failed */
    ERR_IO = -18,          /* the operating system failed */
    ERR_NO_SPACE = -19,    /* disk or map full */
    ERR_AGAIN = -20,       /* not now; try again on the next event */
    ERR_CLOSED = -21,      /* the other side, or the gate, is closed */
    ERR_UNREACHABLE = -22, /* no connection to the named party */
    ERR_CONFIG = -23,      /* a configuration or policy file is not usable */
    ERR_PERMISSION = -24,  /* file mode or owner, or an actor without the function */
    ERR_VERSION = -25,     /* a protocol, schema or file version that is not supported */
    ERR_LIMIT = -26,       /* a counted limit is reached */
    ERR_UNSUPPORTED = -27, /* a named feature that this build or suite lacks */
    ERR_CANCELLED = -28,   /* stopped by a person or by shutdown */
};

/* One short English sentence fragment for e; a static string, never NULL. */
const char *err_text(enum err e);

/* Detail of one failure: what, where, and what was expected. Never a secret, never personal data. */
struct errmsg {
    char text[320];
};

/* Writes the detail and returns e, so that a caller can `return errmsg_set(why, ERR_RANGE, …)`.
 * why may be NULL. */
enum err errmsg_set(struct errmsg *why, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the detail (cutting at the end if it grows too long). Returns e. */
enum err errmsg_wrap(struct errmsg *why, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
