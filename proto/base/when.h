/* Points in time. The clock itself is in proto/host/clock; everything else gets time as argument. */
#ifndef SLUIS_BASE_WHEN_H
#define SLUIS_BASE_WHEN_H

#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define WHEN_TEXT_SIZE 24

/* "2026-11-23T22:20:00Z" of seconds since 1970 UTC; years 1970 to 9999, clamped outside. */
void when_text(int64_t unix_s, char out[static WHEN_TEXT_SIZE]);

/* The reverse: exactly YYYY-MM-DDTHH:MM:SSZ, or YYYY-MM-DD (midnight UTC). ERR_INVALID, ERR_RANGE. */
enum err when_parse(struct bytes text, int64_t *unix_s) MUST_CHECK;

/* Days since 1970-01-01 of a proleptic Gregorian date; the date must exist (when_date_exists). */
int32_t when_day_of_date(int year, int month, int day);
bool when_date_exists(int year, int month, int day);
void when_date_of_day(int32_t day, int *year, int *month, int *day_of_month);

/* Days since 1970-01-01 UTC of a time (floor), clamped to the range of the type. */
int32_t when_day(int64_t unix_s);

#endif
