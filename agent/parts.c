/* What sluis-agent is made of, in order of start. */
#include "agent/part.h"

const struct agent_part *const agent_parts[] = {
    &core_part,
    &log_part,
    &witness_part,
    &mirror_part,
    &successor_part,
    &import_part,
    &ask_part,
    &hold_part,
    &subject_part,
    &renew_part,
    NULL,
};
