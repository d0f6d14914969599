/* Configuration as a table: one row for each key, with its type, default, bounds and help. From the
 * table follow the loader, --check-config's list of effective values, and the commented example.
 * Every value is checked before any is used; an unknown or duplicate key is fatal. */
#ifndef SLUIS_CONF_CONFIG_H
#define SLUIS_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/conf/yaml_tree.h"

#define CONFIG_MAX_BYTES (1u << 20)

/* What a key holds, and the type of its struct member. */
enum conf_type {
    CONF_BOOL = 1,  /* bool: true or false */
    CONF_INT,       /* uint64_t: decimal */
    CONF_DURATION,  /* uint64_t milliseconds: 500ms, 2s, 5m, 1h, 7d */
    CONF_SIZE,      /* uint64_t bytes: 512, 4KiB, 64MiB, 64GiB */
    CONF_TEXT,      /* const char *: printable, min to max bytes */
    CONF_NAME,      /* struct name */
    CONF_OIN,       /* struct agency_id */
    CONF_PATH,      /* const char *: relative ones start at the configuration file's folder */
    CONF_ENDPOINT,  /* const char *: tcp://host:port */
    CONF_HOST_PORT, /* const char *: host:port */
    CONF_PIN,       /* struct conf_pin: sha256:<64 hex digits>, or the path of a certificate */
    CONF_CHOICE,    /* int: one of the row's words */
    CONF_ENDPOINTS, /* struct conf_texts, as all lists: min to max items */
    CONF_NAMES,     /* struct conf_names */
    CONF_PINS,      /* struct conf_pins */
    CONF_SOME_PINS, /* struct conf_pins: one pin by itself, or a list */
    CONF_STAFF,     /* struct conf_staff_list: items {uid, staff} */
    CONF_GROUPS,    /* struct conf_groups: a map of names to lists of staff ids */
};

/* A public key that this party pins: by the SHA-256 of its SubjectPublicKeyInfo, or by a file. */
struct conf_pin {
    const char *path;   /* NULL where the digest is given */
    uint8_t digest[32]; /* zero where the path is given */
};

/* A person at the control socket: the Unix user and the staff id in the roster. */
struct conf_staff {
    uint32_t uid;
    struct name staff;
};

/* Persons under one name. */
struct conf_group {
    struct name id;
    struct name *staff;
    size_t staff_count; /* from 1 */
};

struct conf_texts {
    const char **items;
    size_t count;
};
struct conf_names {
    struct name *items;
    size_t count;
};
struct conf_pins {
    struct conf_pin *items;
    size_t count;
};
struct conf_staff_list {
    struct conf_staff *items;
    size_t count;
};

struct conf_groups {
    struct conf_group *items;
    size_t count;
};

struct conf_word {
    const char *word;
    int value;
};

/* One key. def: its text where the file is silent; NULL: the file must say it; "": unset (NULL,
 * empty list). example: shown in the example file for a key without a default. */
struct conf_key {
    const char *path; /* "policy.file"; at most one dot */
    enum conf_type type;
    size_t offset; /* of the member in the struct */
    const char *def;
    const char *example;
    uint64_t min;
    uint64_t max;
    const struct conf_word *words; /* CONF_CHOICE: ends with a NULL word */
    const char *help;              /* one line */
    bool is_shown;                 /* stands uncommented in the example though it has a default */
};

struct conf_table {
    const char *title; /* first line of the example file */
    const struct conf_key *keys;
    size_t count;
    /* What no single row can say; may be NULL. Writes why and returns ERR_CONFIG. */
    enum err (*check)(const void *config, struct errmsg *why);
};

/* Where a configuration comes from. */
struct conf_source {
    struct bytes text;
    const char *path; /* the file, for messages and as the base of relative paths */
};

/* Fills the struct at config by table t; texts and lists live in a. config is undefined on failure.
 * ERR_CONFIG with file, line, column and what was expected; ERR_NOMEM. */
enum err config_load(const struct conf_table *t, const struct conf_source *src, struct arena *a,
                     void *config, struct errmsg *why) MUST_CHECK;

/* One effective value, as text; lists have one text for each item. */
struct conf_shown {
    const char *path;
    const char *help;
    bool is_list;
    bool is_map; /* a list of entries: each text is "key: value" */
    bool is_bare; /* a number or a bool: JSON needs no quotes */
    bool is_set;
    const char *const *texts;
    size_t count;
};

/* Calls show for each key in the table's order. A non-zero return of show stops. ERR_NOMEM. */
enum err config_show(const struct conf_table *t, const void *config,
                     enum err (*show)(void *ctx, const struct conf_shown *v), void *ctx) MUST_CHECK;

/* Appends the effective values as YAML that loads to the same configuration. */
enum err config_dump(const struct conf_table *t, const void *config, struct buf *out) MUST_CHECK;

/* Appends the commented example file: required keys with example values, others commented out. */
enum err config_example(const struct conf_table *t, struct buf *out) MUST_CHECK;

#endif
