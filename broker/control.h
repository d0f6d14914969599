/* The control socket at the broker's host: status for its operator, bodies for an auditor
 * (docs/control.md has the frames). */
#ifndef SLUIS_BROKER_CONTROL_H
#define SLUIS_BROKER_CONTROL_H

#include "broker/broker.h"

struct broker_control;

/* ERR_EXISTS: another broker answers there; ERR_IO, ERR_NOMEM; why tells. */
enum err broker_control_new(struct broker *b, struct broker_control **out, struct errmsg *why) MUST_CHECK;
void broker_control_free(struct broker_control *c);
DEFINE_CLEANUP(struct broker_control, broker_control_free)

#endif
