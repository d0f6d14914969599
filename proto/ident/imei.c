/* IMEI: 14 digits name the device. A fifteenth is a Luhn digit, or 15 and 16 are the software
 * version (IMEISV, which has no check digit); both are left out, so that the two forms match. */
#include "proto/ident/check.h"
#include "proto/ident/fold.h"

#define IMEI_DEVICE 14
#define IMEI_LUHN 15
#define IMEI_SV 16

static const struct fold_number imei_digits = {.digits = IMEI_SV, .shortest = IMEI_DEVICE};

enum ident_reason imei_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    fold_strip(t, FOLD_SEPARATORS "/");
    size_t given = t->len;
    enum ident_reason why = fold_to_number(job, t, &imei_digits);
    if (why != IDENT_REASON_NONE)
        return why;
    /* Zeros are never put back in front of an IMEI: fewer than 16 digits is another form of it. */
    job->warnings &= ~(uint32_t)IDENT_WARN_PADDED;
    const char *digits = t->s + (IMEI_SV - given);
    if (given == IMEI_LUHN && !check_luhn(digits, IMEI_LUHN))
        return IDENT_REASON_CHECK_FAILED;
    if (strspn(digits, "0") >= IMEI_DEVICE)
        return IDENT_REASON_ALL_ZERO;
    if (given != IMEI_LUHN)
        job->warnings |= IDENT_WARN_UNCHECKED;
    buf_put(&job->out, bytes_of(digits, IMEI_DEVICE));
    return IDENT_REASON_NONE;
}
