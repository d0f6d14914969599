/* Control data: what the requester says of name and date of birth, against the record. The officer
 * sees only whether they are equal. */
#ifndef SLUIS_AGENT_HOLD_COMPARE_H
#define SLUIS_AGENT_HOLD_COMPARE_H

#include "agent/hold/item.h"
#include "agent/records.h"

/* The record's name is what its identifier of type naam_geboortedatum has: family name and first
 * initial as proto/ident spells them. A given name is equal where some split into first names and family
 * name spells the same. Absent: not given, not readable as a name, or the record has no such
 * identifier. */
enum comparison compare_name(const struct record *record, struct bytes name);

/* date: YYYY-MM-DD. */
enum comparison compare_birth(const struct record *record, struct bytes date);

/* Whether an officer needs a second one: something was given and is not what the record says. */
bool compare_differs(const struct hold_item *item);

#endif
