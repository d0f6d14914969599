/* What every verb of sluis-pki works with: options, time, passphrase, files of a party's folder.
 *
 * DIR/deployment      one line: the deployment
 * DIR/keys/ID.key     key files, 0600 (pki/keyfile)
 * DIR/ID.pem          certificates
 * DIR/…               see docs/operations.md, "Keys and enrolment" */
#ifndef SLUIS_CLI_PKI_WORK_H
#define SLUIS_CLI_PKI_WORK_H

#include "pki/cert.h"
#include "pki/cli/pki/opts.h"
#include "pki/keyfile.h"
#include "pki/secret.h"
#include "proto/base/arena.h"
#include "proto/host/file.h"
#include "proto/msg/roster.h"

#define WORK_PATH_MAX 1024

struct hsm;

struct work {
    const struct opts *o;
    int64_t now_s;
    struct secret *passphrase; /* NULL until work_unlock */
    struct hsm *hsm;           /* the module in use; NULL until a key of it is opened */
    struct arena *arena;       /* lives as long as the run */
    struct buf out;            /* goes to standard output where the verb succeeds */
    struct errmsg why;
    int lock; /* of DIR/lock; -1: not held */
};

/* A verb. On failure why says what and what to do next. */
typedef enum err (*verb_fn)(struct work *w);

enum err work_init(struct work *w, const struct opts *o) MUST_CHECK;
void work_end(struct work *w);

/* ERR_CONFIG naming the first option that is missing. Ends with a NULL name. */
struct work_need {
    const char *name;
    const void *value;
};
enum err work_needs(struct work *w, const struct work_need *needs) MUST_CHECK;

/* Holds DIR until the run ends, so that no other command changes it meanwhile; waits, and says so, while one does. A
 * folder that is not there yet is nobody's. ERR_PERMISSION, ERR_IO. */
enum err work_lock(struct work *w) MUST_CHECK;

/* Reads the passphrase once: from the file, the descriptor, or the terminal. */
enum err work_unlock(struct work *w) MUST_CHECK;

/* DIR/a b into path. ERR_TOO_LARGE. */
enum err work_path(struct work *w, char path[static WORK_PATH_MAX], const char *a,
                   const char *b) MUST_CHECK;

/* A whole file into the arena, at most max bytes. */
enum err work_read(struct work *w, const char *path, size_t max, struct bytes *out) MUST_CHECK;

/* The same of DIR/name. */
enum err work_read_in(struct work *w, const char *name, size_t max, struct bytes *out) MUST_CHECK;
enum err work_write_in(struct work *w, const char *name, struct bytes data,
                       mode_t mode) MUST_CHECK;

/* Makes DIR (its parent must exist) and DIR/keys. */
enum err work_make_dirs(struct work *w) MUST_CHECK;

/* DIR/keys/ID.key. Saving never overwrites: ERR_EXISTS. purpose NULL where the kind has none. */
struct work_key {
    const char *id; /* file name without .key, and id in the header */
    enum keyfile_kind kind;
    const char *purpose;
    uint32_t epoch;
};
enum err work_save_secret(struct work *w, const struct work_key *k,
                          const struct secret *payload) MUST_CHECK;
enum err work_load_secret(struct work *w, const struct work_key *k, struct secret **out) MUST_CHECK;
enum err work_load_key(struct work *w, const char *id, enum key_type type,
                       struct key **out) MUST_CHECK;

/* A fresh key, saved. The second names the file apart from the id in its header: a key that is to take the
 * place of another carries the id of that place from the start. */
enum err work_new_key(struct work *w, const char *id, enum key_type type,
                      struct key **out) MUST_CHECK;
enum err work_new_key_as(struct work *w, const char *file, const char *id, enum key_type type,
                         struct key **out) MUST_CHECK;

/* DIR/keys/ID.key into path. ERR_TOO_LARGE. */
enum err work_key_path(struct work *w, const char *id, char path[static WORK_PATH_MAX]) MUST_CHECK;

/* DIR/ID.pem */
enum err work_save_cert(struct work *w, const char *id, const struct cert *c) MUST_CHECK;
enum err work_load_cert(struct work *w, const char *id, enum cert_use use,
                        struct cert **out) MUST_CHECK;
/* The P-256 key of that id with its certificate, which must be of that key: an agent takes its renewed keys by itself,
 * and leaves the certificate files to 'renew --take'. ERR_MISMATCH, else as the two above. */
enum err work_load_signer(struct work *w, const char *id, enum cert_use use, struct key **key,
                          struct cert **own) MUST_CHECK;

/* Parses an option's text, naming the option where it is wrong. */
enum err work_oin(struct work *w, const char *option, const char *text,
                  struct agency_id *out) MUST_CHECK;
enum err work_name(struct work *w, const char *option, const char *text,
                   struct name *out) MUST_CHECK;

/* The option's list as names in ascending order, none twice. */
enum err work_names(struct work *w, const char *option, const struct opts_list *list,
                    struct name_list *out) MUST_CHECK;

/* The deployment of DIR. */
enum err work_deployment(struct work *w, struct name *out) MUST_CHECK;

/* Appends "sha256:…" of a fingerprint. */
void work_put_fingerprint(struct buf *out, const struct digest *d);

#endif
