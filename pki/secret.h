/* Bytes that must not leak: one type, one allocator, one wipe, one compare.
 *
 * A secret lives in OpenSSL's secure heap: locked pages between guard pages, excluded from core
 * dumps, wiped on release. What that does not cover: copies in registers and on the stack of
 * library code, expanded key schedules inside cipher and MAC contexts (ordinary heap, cleansed on
 * free), hibernation, and a debugger with the rights of the process.
 *
 * There is no function that prints or formats a secret. Inside pki/ its bytes are reachable
 * through pki/secret_internal.h; outside only through secret_lend(). */
#ifndef SLUIS_PKI_SECRET_H
#define SLUIS_PKI_SECRET_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define SECRET_MAX_BYTES 1088 /* room for the longest: a passphrase and its newline */

struct secret;

/* Sets up the secure heap; once, in main, before any other call into pki/. A second call is a
 * no-op. Every error is fatal to the caller: a process without the heap keeps no secret (secret_new
 * and its kin yield NULL then).
 * ERR_NOMEM: the heap cannot be mapped. ERR_PERMISSION: it is mapped and usable, but its pages are
 * not locked or not guarded (RLIMIT_MEMLOCK under 1 MiB), so they may reach swap. */
enum err secret_init(void) MUST_CHECK;

/* A copy of data, 1 to SECRET_MAX_BYTES. The caller wipes its own. NULL where the length is
 * outside the range, the heap is full or secret_init has not run. */
struct secret *secret_new(struct bytes data);

/* n random bytes from the private generator of OpenSSL; NULL as above or where that fails. */
struct secret *secret_random(size_t n);

/* An independent copy; NULL as above or where s is NULL. */
struct secret *secret_copy(const struct secret *s);

/* Wipes and frees; secret_free(NULL) is a no-op. */
void secret_free(struct secret *s);
DEFINE_CLEANUP(struct secret, secret_free)

/* Length in bytes. Lengths are not secret. */
size_t secret_len(const struct secret *s);

/* Whether two secrets are equal. Leaks their lengths and the answer, not where they differ. */
bool secret_equal(const struct secret *a, const struct secret *b) MUST_CHECK;

/* The same for plain memory that must be compared like a secret: MAC tags, one-time tokens. */
bool secret_equal_bytes(struct bytes a, struct bytes b) MUST_CHECK;

/* Overwrites n bytes in a way that the compiler keeps. p may be NULL where n is 0. */
void secret_wipe(void *p, size_t n);

/* Calls use(arg, view) with the bytes and returns its result. The view ends with the call; whoever
 * copies it (the transport's CURVE option) wipes the copy at once with secret_wipe. */
typedef enum err (*secret_use_fn)(void *arg, struct bytes view);
enum err secret_lend(const struct secret *s, secret_use_fn use, void *arg) MUST_CHECK;

#endif
