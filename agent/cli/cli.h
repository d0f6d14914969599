/* `sluis`: what every verb shares. A verb is one file with one row of the table in verbs.c; its run
 * function parses its own arguments with argp, makes one or more calls to the agent, and prints. */
#ifndef SLUIS_AGENT_CLI_CLI_H
#define SLUIS_AGENT_CLI_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "proto/json/doc.h"
#include "proto/msg/bodies.h"
#include "proto/msg/consent.h"
#include "proto/msg/log_vouch.h"
#include "proto/msg/request.h"

struct control_client;
struct key;
struct secret;

/* One run of the program. */
struct cli {
    const char *socket;          /* --socket */
    const char *config;          /* --config: the agent's, for its socket */
    bool json;                   /* --json */
    const char *key;             /* --key: the officer's key file */
    const char *passphrase_file; /* --passphrase-file; NULL: the terminal */
    bool yes;                    /* --yes: no question before signing */
    FILE *out;
    FILE *err;
    struct control_client *client; /* once connected */
    struct key *officer;           /* once unlocked */
    struct doc *signed_documents;  /* what was signed in this run, for --json; NULL: nothing */
    char path[256];                /* the socket in use */
};

struct cli_verb {
    const char *name;
    const char *summary; /* one line for `sluis --help` */
    /* argv[0] is "sluis NAME". Returns an exit code of sysexits. */
    int (*run)(struct cli *c, int argc, char **argv);
};

/* Ended by a row with name NULL. */
extern const struct cli_verb cli_verbs[];

/* Parses a verb's arguments; --json, --socket and the other global options are understood here too.
 * argp->doc must end with examples. Ends the program with 64 on wrong usage and 0 after --help. */
void cli_parse(struct cli *c, const struct argp *argp, int argc, char **argv, void *input);

/* A document that the agent asks the officer to sign, taken apart. */
struct cli_document {
    const char *kind; /* "request", "consent", "bodies", "log-vouch" */
    struct bytes document;
    const struct doc *shown; /* what the agent says about it; only for texts that are not in it */
    const struct request_header *request; /* by kind; the others are NULL */
    const struct consent *consent;
    const struct bodies_query *bodies;
    const struct log_vouch *vouch;
};

/* Compares a document with what the user asked. Anything but ERR_OK stops: nothing is signed, and why
 * goes to the user. */
typedef enum err (*cli_check_fn)(void *arg, const struct cli_document *d, struct errmsg *why);

/* Whether a time in a document to sign is this machine's now, give or take five minutes. */
bool cli_is_now(int64_t at_s);

/* Fills chunk (at most CLI_CHUNK_BYTES) with the next input; leaves it empty at the end. */
typedef enum err (*cli_source_fn)(void *arg, struct buf *chunk, struct errmsg *why);
#define CLI_CHUNK_BYTES (256u << 10)

struct cli_call {
    const char *verb;
    struct doc *args; /* taken; NULL: none */
    const char *unit; /* of progress: "records", … */
    cli_check_fn check;   /* NULL: a call that asks for a signature is refused */
    cli_source_fn source; /* NULL: a call that asks for input is refused */
    void *arg;
    bool is_answered;     /* out: by the agent, which takes another call on the connection now */
};

/* Makes a call: connects where needed, shows progress on a terminal, signs and sends input where the
 * agent asks. 0 and *ok (owned by the caller); otherwise the exit code, and what went wrong has been
 * printed (as JSON with --json). */
int cli_call(struct cli *c, struct cli_call *call, struct doc **ok);

/* Prints a failure and returns its exit code: what, where, what to do next. */
int cli_error(struct cli *c, int exit_code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The exit code that fits an error of this program itself. */
int cli_exit_of(enum err e);

/* With --json: the document, indented, and true. Otherwise false: the verb prints for people. */
bool cli_json(struct cli *c, const struct doc *ok);

/* Prints an array of objects as a table: one column for each heading, its cell the member of that
 * key. Texts as they are, numbers and yes/no as words, arrays joined by ", "; absent: "". */
struct cli_column {
    const char *heading; /* '>' in front aligns right */
    const char *key;
};
int cli_table(struct cli *c, const struct doc *rows, const struct cli_column *columns, size_t count);

/* "Label: value" of one member of an object, for people; nothing where it is absent. */
void cli_field(struct cli *c, const char *label, const struct doc *object, const char *key);
/* A list of texts, each on a line of its own under a heading; nothing where it is absent or empty. */
void cli_lines(struct cli *c, const char *heading, const struct doc *item, const char *key);
/* A line of text from data: control characters cannot drive the terminal. */
void cli_line(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Asks on the terminal and waits for "yes"/"ja". True with --yes; false where there is no terminal. */
bool cli_confirm(struct cli *c, const char *question);

/* The passphrase of the officer's key: --passphrase-file, or the terminal. ERR_NOT_FOUND, ERR_PERMISSION, or as
 * unlock_passphrase. */
enum err cli_passphrase(struct cli *c, struct secret **out, struct errmsg *why) MUST_CHECK;

/* A list in one argument: "a,b,c" as a JSON array of texts; NULL without memory or for an empty item. */
struct doc *cli_list(const char *text);

/* Reads a whole file (or standard input for "-") of at most out->max bytes. */
enum err cli_read(const char *path, struct buf *out, struct errmsg *why) MUST_CHECK;

#endif
