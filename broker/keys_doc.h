/* The broker's own keys for the status: which sign and serve, and what of a rotation remains. */
#ifndef SLUIS_BROKER_KEYS_DOC_H
#define SLUIS_BROKER_KEYS_DOC_H

struct broker;
struct doc;

/* The endpoints that are open, with their key and how many sessions are there; NULL without memory. The caller owns
 * the result. */
struct doc *keys_endpoints_doc(const struct broker *b);

/* The verifier keys that sign the log's heads now; as above. */
struct doc *keys_logs_doc(const struct broker *b);

#endif
