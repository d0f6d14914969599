/* Room for the store: says when it is full and when there is room again. While it is full nothing that
 * must be kept is taken: calls that write are refused, mail stays at the broker. Reading goes on. */
#ifndef SLUIS_AGENT_SPACE_H
#define SLUIS_AGENT_SPACE_H

#include <stdbool.h>

#include "proto/base/err.h"

struct agent;
struct space;

/* Looks each second. A store that was full opens by itself when there is room again (kv_has_room) and
 * a small write succeeds. ERR_NOMEM. */
enum err space_new(struct agent *a, struct space **out) MUST_CHECK;
void space_free(struct space *s);
/* Loop thread. */
bool space_is_full(const struct space *s);
DEFINE_CLEANUP(struct space, space_free)

#endif
