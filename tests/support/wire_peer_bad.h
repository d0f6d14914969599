/* Cases of wire_peer that send what is wrong. Each prints its steps. */
#ifndef SLUIS_TESTS_WIRE_PEER_BAD_H
#define SLUIS_TESTS_WIRE_PEER_BAD_H

#include "tests/support/wire_peer.h"

void bad_other_agency(struct peer *p);
void bad_bodies(struct peer *p);
void bad_headers(struct peer *p);
void bad_envelopes(struct peer *p);
void bad_sizes(struct peer *p);

#endif
