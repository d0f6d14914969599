#include "pki/cli/audit/officer.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "pki/cli/audit/body_socket.h"
#include "pki/keyfile.h"
#include "pki/unlock.h"
#include "proto/base/arena.h"
#include "proto/host/file.h"

static enum err read_passphrase(const char *file, struct secret **out, struct errmsg *why)
{
    const char *path = file != NULL ? file : "/dev/tty";
    int fd = open(path, (file != NULL ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errmsg_set(why, ERR_NOT_FOUND, "%s: cannot be opened for the passphrase", path);
    if (file == NULL)
        dprintf(fd, "Passphrase: ");
    enum err e = unlock_check_private(fd, why);
    if (e == ERR_OK)
        e = unlock_passphrase(fd, out, why);
    close(fd);
    return e;
}

enum err officer_key_open(const char *key, const char *passphrase_file, struct key **out,
                          struct errmsg *why)
{
    if (key == NULL)
        return errmsg_set(why, ERR_CONFIG, "this needs your signature: say which key with --key");
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    struct secret *passphrase CLEANUP(cleanup_secret_free) = NULL;
    enum err e = file_read(key, FILE_PRIVATE, &file, why);
    if (e == ERR_OK)
        e = read_passphrase(passphrase_file, &passphrase, why);
    if (e != ERR_OK)
        return e;
    e = keyfile_open_key(buf_bytes(&file), passphrase, KEY_TYPE_P256, out);
    if (e == ERR_SIGNATURE)
        return errmsg_set(why, e, "%s: wrong passphrase, or the file was changed", key);
    return e == ERR_OK ? e : errmsg_set(why, e, "%s: %s", key, err_text(e));
}

/* The service may leave the names out, and put no other in. */
static bool is_sought(const struct officer_meant *meant, const struct bodies_sought *said)
{
    return bodies_sought_is_empty(said) || (meant->sought != NULL && bodies_sought_equal(said, meant->sought));
}

static enum err check_query(const struct officer_meant *meant, struct bytes document,
                            struct arena *a)
{
    struct bodies_query q;
    const enum err e = bodies_query_decode(document, a, &q, NULL);
    if (e != ERR_OK)
        return e;
    return q.purpose == meant->purpose && q.from_index == meant->from && q.max_rows == meant->max &&
                   q.narrow == meant->narrow && is_sought(meant, &q.sought) &&
                   bodies_filter_equal(&q.filter, meant->filter)
               ? ERR_OK
               : ERR_MISMATCH;
}

static enum err check_export(const struct officer_meant *meant, struct bytes document,
                             struct arena *a)
{
    struct bodies_exported x;
    const enum err e = bodies_exported_decode(document, a, &x, NULL);
    if (e != ERR_OK)
        return e;
    return x.format == meant->export->format && x.rows == meant->export->rows &&
                   digest_equal(&x.sha256, &meant->export->sha256) &&
                   bodies_filter_equal(&x.filter, meant->filter)
               ? ERR_OK
               : ERR_MISMATCH;
}

enum err officer_sign(const struct key *key, const struct officer_meant *meant,
                      struct bytes document, struct signature *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(16384);
    if (a == NULL)
        return ERR_NOMEM;
    const enum err e = meant->kind == SIGN_EXPORT ? check_export(meant, document, a)
                                                  : check_query(meant, document, a);
    return e == ERR_OK ? sign_document(meant->kind, key, document, out) : e;
}
