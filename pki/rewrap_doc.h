/* What `status` of a daemon says of its storage key, and `sluis-pki` of a store. */
#ifndef SLUIS_PKI_REWRAP_DOC_H
#define SLUIS_PKI_REWRAP_DOC_H

#include "pki/rewrap.h"
#include "proto/json/doc.h"

/* {version, versions, in_use, state, values, renewed, percent, begun_at, ended_at, next}: under which version
 * values are sealed, which ones are at hand, under which ones values may lie, and what an operator does next.
 * The caller's; NULL without memory. */
struct doc *rewrap_doc(const struct rewrap *r, const struct storage_keys *keys);

/* The lowest version at hand that may go; 0: none. */
uint32_t rewrap_idle_version(const struct rewrap *r, const struct storage_keys *keys);

#endif
