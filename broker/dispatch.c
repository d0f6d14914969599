#include "broker/dispatch.h"

const struct turn_handler *const dispatch_handlers[] = {
    &agency_head_handler,
    &batch_chunk_handler,
    &batch_handler,
    &bodies_handler,
    &cosign_handler,
    &entries_handler,
    &exported_handler,
    &fetch_handler,
    &hello_handler,
    &mail_ack_handler,
    &renewal_handler,
    &request_handler,
    &settle_handler,
};
const size_t dispatch_count = ARRAY_LEN(dispatch_handlers);

const struct broker_part *const dispatch_parts[] = {
    &rekey_part,
    &aside_part,
    &contribute_part,
    &matcher_part,
    &epoch_end_part,
    &endings_part,
    &entries_part,
    &log_retention_part,
    &agency_heads_part,
    NULL, /* ends the table */
};
const size_t dispatch_part_count = ARRAY_LEN(dispatch_parts) - 1;
