/* A published log with its head believed under the reader's own audit policy. */
#ifndef SLUIS_CLI_AUDIT_LOG_DIR_H
#define SLUIS_CLI_AUDIT_LOG_DIR_H

#include "pki/note.h"
#include "proto/host/tiles.h"

struct log_dir;

/* Reads an audit policy file. ERR_NOT_FOUND, ERR_IO, ERR_CONFIG (not usable; why has the line). */
enum err log_policy_read(const char *path, struct audit_policy **out, struct errmsg *why) MUST_CHECK;

/* Opens the tiles folder and judges its checkpoint. policy must outlive the result. Errors as
 * head_verify and tiles_checkpoint. */
enum err log_dir_open(const char *dir, const struct audit_policy *policy, struct log_dir **out,
                      struct errmsg *why) MUST_CHECK;
void log_dir_close(struct log_dir *l);
DEFINE_CLEANUP(struct log_dir, log_dir_close)

const struct head *log_dir_head(const struct log_dir *l);
/* The signed note of the head. */
struct bytes log_dir_note(const struct log_dir *l);
const char *log_dir_path(const struct log_dir *l);
struct tiles *log_dir_tiles(struct log_dir *l);

/* Subtree hashes from the hash tiles, of the head's size. */
struct node_reader log_dir_nodes(struct log_dir *l);

/* Entry index as its bundle has it. ERR_RANGE, ERR_INVALID (not 32 bytes), or as tiles_read. */
enum err log_dir_entry(struct log_dir *l, uint64_t index, struct digest *out) MUST_CHECK;

#endif
