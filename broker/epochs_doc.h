/* The epochs of every purpose as an operator reads them in status: state, age, who has contributed how
 * much, and what to do next. */
#ifndef SLUIS_BROKER_EPOCHS_DOC_H
#define SLUIS_BROKER_EPOCHS_DOC_H

#include "broker/broker.h"

struct doc;

/* The caller's, a list; NULL: out of memory, or the store cannot be read. Numbers are of live records: what
 * is exposed where the epoch is compromised. Loop thread. */
struct doc *epochs_doc(struct broker *b) MUST_CHECK;

#endif
