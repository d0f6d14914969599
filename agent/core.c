#include "agent/core.h"

#include "agent/part.h"
#include "agent/receipts.h"
#include "agent/session.h"

static const struct verb verbs[] = {
    {"status", 0, core_status},
    {"policy", 0, core_policy},
    {"bodies", 1u << FUNCTION_AUDITOR | 1u << FUNCTION_PRIVACY_OFFICER, core_bodies},
    {"exported", 1u << FUNCTION_AUDITOR | 1u << FUNCTION_PRIVACY_OFFICER, core_exported},
    {"open_copy", 1u << FUNCTION_AUDITOR, core_open_copy},
    {NULL, 0, NULL},
};

const struct agent_part core_part = {
    .name = "core",
    .verbs = verbs,
    .mail = {&receipts_proof_owner, &session_document_owner},
};
