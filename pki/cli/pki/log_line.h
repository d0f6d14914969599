/* The line by which others know a key of a log: who signs it, or who cosigns one. */
#ifndef SLUIS_CLI_PKI_LOG_LINE_H
#define SLUIS_CLI_PKI_LOG_LINE_H

#include "pki/cli/pki/work.h"
#include "pki/note.h"

/* A key of a log and how it is named: DEPLOYMENT/ID/OIN of whose folder it is, or --name. */
struct log_line {
    const char *id;
    enum vkey_type type;
};

/* Appends the line of key to out, without its end. ERR_CONFIG (--name), or as the certificate of the folder and note_vkey. */
enum err log_line_put(struct work *w, const struct log_line *l, const struct key *key, struct buf *out) MUST_CHECK;

#endif
