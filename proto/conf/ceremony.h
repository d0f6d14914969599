/* The plan of a ceremony: the one file from which a register is opened (docs/trust.md, "Ceremony"). */
#ifndef SLUIS_CONF_CEREMONY_H
#define SLUIS_CONF_CEREMONY_H

#include <stdbool.h>

#include "proto/base/attr.h"
#include "proto/base/ids.h"

#define CEREMONY_SCHEMA 1u
#define CEREMONY_MAX_BYTES (64u << 10)
#define CEREMONY_OFFICERS 2u
#define CEREMONY_PATH_MAX 512u

/* Where a passphrase or PIN comes from: a file of mode 0600, an open descriptor, or, with neither, the
 * terminal. */
struct ceremony_unlock {
    char *file;          /* NULL: none */
    uint32_t descriptor; /* 0: none */
};

struct ceremony_officer {
    char *name; /* as it stands in the transcript */
    char *organisation;
    struct ceremony_unlock unlock;
};

/* Where a key lies: in a module under a PKCS#11 URI, or in an encrypted file. */
struct ceremony_place {
    char *file;   /* of the root key alone; the others lie in the register's folder */
    char *pkcs11; /* URI; NULL: a file */
    char *module; /* path of the PKCS#11 library */
    struct ceremony_unlock pin;
};

struct ceremony_key {
    char *name;    /* common name of its certificate */
    uint32_t days; /* life of its certificate */
    struct ceremony_place key;
};

struct ceremony_registrar {
    char *oin;
    char *name;
    char *host;                    /* NULL: itself */
    struct ceremony_unlock unlock; /* opens the working keys */
};

struct ceremony {
    uint32_t schema;
    char *deployment;
    char *folder; /* to be made: the registrar's */
    struct ceremony_registrar registrar;
    struct ceremony_officer *officers; /* CEREMONY_OFFICERS, of different names */
    uint32_t officers_count;
    struct ceremony_key root;
    struct ceremony_key issuing;
    struct ceremony_key roster_key;
};

/* Reads and checks a plan. ERR_CONFIG with file, line and column in why, ERR_NOMEM. */
enum err ceremony_load(struct bytes text, const char *name, struct ceremony **out,
                       struct errmsg *why) MUST_CHECK;

/* Puts the base in front of a path of the plan, which has its own memory; an absolute path and NULL stay. base ends in '/' or is
 * empty. ERR_NOMEM. */
enum err ceremony_put_under(const char *base, char **path, struct errmsg *why) MUST_CHECK;

/* ceremony_free(NULL) is a no-op. */
void ceremony_free(struct ceremony *c);
DEFINE_CLEANUP(struct ceremony, ceremony_free)

#endif
