/* A strict look at protobuf wire bytes before protobuf-c sees them.
 *
 * protobuf-c accepts unknown fields, unknown enum values, repeated scalars (the last one wins),
 * bad UTF-8 and NUL inside a string, and recurses as deep as the input says. This scan walks the
 * bytes without recursion and refuses all of that, so that two readers of the same bytes can never
 * see two different messages. */
#ifndef SLUIS_MSG_SCAN_H
#define SLUIS_MSG_SCAN_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define MSG_MAX_DEPTH 6

/* Checks that wire is one message of the kind desc in the form that this project writes:
 * fields in ascending order of number, each known and of its own wire type; a field that is not
 * repeated at most once, at most one member of a oneof; minimal varints in the range of their type;
 * enum values that the schema knows, never 0; strings valid UTF-8 without NUL; no groups; at most
 * MSG_MAX_DEPTH messages inside each other; a repeated number packed exactly where the schema says
 * so, and not empty; a default value (0, "") left out, not written. Takes time linear in wire.len and no heap.
 *
 * ERR_TRUNCATED where the bytes end inside a value, ERR_UNKNOWN for an unknown field or enum value,
 * ERR_DUPLICATE for a second copy or fields out of order, ERR_RANGE for a number outside its type,
 * ERR_TOO_LARGE where messages nest too deep, ERR_INVALID for the rest. why (may be NULL) names the
 * message and field, never a value. */
enum err msg_scan(const ProtobufCMessageDescriptor *desc, struct bytes wire, struct errmsg *why)
    MUST_CHECK;

/* A field at the top level of bytes that msg_scan accepted, without unpacking them: for the few words
 * of a document whose signature does not count. Bytes and text as a view; a number as it stands. False
 * where the field is absent or of the other kind. */
bool msg_peek_bytes(struct bytes scanned, uint32_t field, struct bytes *out);
bool msg_peek_number(struct bytes scanned, uint32_t field, uint64_t *out);

#endif
