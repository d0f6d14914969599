/* How staged runs lie in the store; for stage.c and stage_merge.c. */
#ifndef SLUIS_IMPORT_STAGE_INTERNAL_H
#define SLUIS_IMPORT_STAGE_INTERNAL_H

#include "agent/import/stage.h"

#define STAGE_BLOCK_BYTES ((size_t)64 << 10) /* of content in one row of the store */
#define STAGE_BLOCK_KEYS 512u
#define STAGE_SLOT_BYTES 50u
#define STAGE_KEY_BYTES 12

struct bytes stage_key(struct stage_run run, uint32_t block, uint8_t room[static STAGE_KEY_BYTES]);
int stage_row_cmp(const struct stage_row *a, const struct stage_row *b);

#endif
