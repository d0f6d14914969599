#include "agent/core.h"

#include "agent/bodies_ask.h"
#include "agent/part.h"
#include "agent/receipts.h"
#include "agent/session.h"

static const struct verb verbs[] = {
    {"status", 0, core_status},
    {"policy", 0, core_policy},
    {"bodies", BODIES_READERS, core_bodies},
    {"exported", BODIES_READERS, core_exported},
    {"open_copy", 1u << FUNCTION_AUDITOR, core_open_copy},
    {NULL, 0, NULL},
};

const struct agent_part core_part = {
    .name = "core",
    .verbs = verbs,
    .mail = {&receipts_proof_owner, &session_document_owner},
};
