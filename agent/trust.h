/* Where the agent's view comes from: the pins of its configuration, the files of its operator, what the
 * broker handed over, and the store, which keeps the last accepted set and the marks in one
 * transaction. */
#ifndef SLUIS_AGENT_TRUST_H
#define SLUIS_AGENT_TRUST_H

#include "pki/view/view.h"
#include "proto/conf/config_agent.h"

struct agent;
struct agent_trust;
struct kv_txn;
struct store;

#define TRUST_ARENA_BYTES ((size_t)48 << 20)
#define TRUST_LIST_MAX 1024 /* signatures, adoptions, statements: of each */

/* Reads the pins. ERR_CONFIG, ERR_NOT_FOUND, ERR_CERT …; why names the file. */
enum err agent_trust_new(const struct config_agent *config, struct agent_trust **out,
                         struct errmsg *why) MUST_CHECK;
void agent_trust_free(struct agent_trust *t);
DEFINE_CLEANUP(struct agent_trust, agent_trust_free)

/* The configured files, verified against the marks in the store (NULL: no marks, for --check-config).
 * Where they do not hold and the set in the store does, that one (and a warning). */
enum err agent_trust_load(struct agent_trust *t, struct store *store, int64_t now_s,
                          struct view **out, struct errmsg *why) MUST_CHECK;

/* Verifies a set that came over the network, or once more the files of a view: then another version of
 * its policy may be in force. */
enum err agent_trust_judge(struct agent_trust *t, struct store *store,
                           const struct view_files *files, int64_t now_s, struct view **out,
                           struct errmsg *why) MUST_CHECK;

/* Why the configured files did not count when they were read last; "" where they did. */
const char *agent_trust_trouble(const struct agent_trust *t);

/* A version of the policy that was in force or announced here once, by its digest. Views in the arena.
 * ERR_NOT_FOUND, else as store_get. */
enum err agent_trust_version(struct store *store, struct kv_txn *txn, const struct digest *digest,
                             struct arena *a, struct bytes *out) MUST_CHECK;

/* Store thread: the set of a view and the marks that it raises, durable. */
enum err agent_trust_keep(struct store *store, struct kv_txn *txn, const struct view *view,
                          int64_t now_s) MUST_CHECK;

/* Store thread: raises the high-water mark of time. */
enum err agent_trust_raise_time(struct store *store, struct kv_txn *txn,
                                int64_t time_s) MUST_CHECK;

/* Writes the set of a view over the configured files, each whole; after agent_trust_keep. A failure is
 * a log line: the store has the set. */
void agent_trust_export(const struct agent_trust *t, const struct view *view);

/* Whether two views stand on the same documents. */
bool agent_trust_same(const struct view *a, const struct view *b);

#endif
