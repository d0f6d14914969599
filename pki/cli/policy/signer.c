#include "pki/cli/policy/signer.h"

#include <fcntl.h>
#include <unistd.h>

#include "pki/keyfile.h"
#include "pki/unlock.h"
#include "proto/host/file.h"

enum err signer_read_cert(const char *path, enum cert_use use, struct cert **out,
                          struct errmsg *why)
{
    struct buf pem = buf_new(CERT_PEM_MAX_BYTES);
    enum err e = file_read(path, FILE_ANY, &pem, why);
    if (e == ERR_OK) {
        e = cert_parse_pem(buf_bytes(&pem), use, out, why);
        if (e != ERR_OK)
            errmsg_wrap(why, e, "%s", path);
    }
    buf_free(&pem);
    return e;
}

static enum err read_passphrase(const char *path, struct secret **out, struct errmsg *why)
{
    if (path == NULL)
        return unlock_passphrase(STDIN_FILENO, out, why);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errmsg_set(why, ERR_NOT_FOUND, "cannot open the passphrase file %s", path);
    enum err e = unlock_check_private(fd, why);
    if (e == ERR_OK)
        e = unlock_passphrase(fd, out, why);
    close(fd);
    return e;
}

enum err signer_open_key(const struct options *o, struct key **out, struct errmsg *why)
{
    if (o->key == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "say which key signs: --key");
    CLEANUP(cleanup_secret_free) struct secret *passphrase = NULL;
    struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = file_read(o->key, FILE_PRIVATE, &file, why);
    if (e == ERR_OK)
        e = read_passphrase(o->passphrase_file, &passphrase, why);
    if (e == ERR_OK) {
        e = keyfile_open_key(buf_bytes(&file), passphrase, KEY_TYPE_P256, out);
        if (e != ERR_OK)
            errmsg_set(why, e, "%s: %s", o->key,
                       e == ERR_SIGNATURE ? "wrong passphrase, or a changed file" : err_text(e));
    }
    buf_free(&file);
    return e;
}
