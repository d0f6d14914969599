/* An agent on a stage that keeps its own log: what its tests share. */
#ifndef SLUIS_TEST_AGENT_OWN_STAGE_H
#define SLUIS_TEST_AGENT_OWN_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/log/audit_event.h"
#include "tests/unit/agent/core/fake_broker.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define WAIT_MS 60000

/* On a deployment, with a broker that says nothing: no session is needed. */
int own_stage_set_up(void **state, const char *deployment, const struct agent_part *const *parts);
int own_stage_tear_down(void **state);

/* Whether neither the log nor the store thread has anything under way. */
bool is_quiet(struct stage *s);
/* One round of the own log. */
void publish(struct stage *s);

/* How many bodies of an event the own log has; the last one's text in *out, which may be NULL. */
size_t bodies_of(struct stage *s, enum audit_event event, struct buf *out);

/* One call on the control socket, from a thread of its own. */
struct talk {
    const char *path;
    const char *frame;
    char answer[16384];
    atomic_bool done;
};
void talk(struct stage *s, struct talk *t);

#endif
