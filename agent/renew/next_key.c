#include "agent/renew/next_key.h"

#include <stdio.h>

#include "pki/keyfile.h"
#include "proto/host/file.h"

#define PATH_SIZE 4096

static enum key_type type_of(enum renewal_use use)
{
    return use == RENEWAL_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256;
}

static enum err open_file(const struct next_key_place *p, const char *path, enum renewal_use use,
                          struct key **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err bad = file_read(path, FILE_PRIVATE, &file, why);
    if (bad != ERR_OK)
        return bad;
    bad = keyfile_open_key(buf_bytes(&file), p->passphrase, type_of(use), out);
    return bad == ERR_OK ? ERR_OK
                         : errmsg_set(why, bad, "key file %s: %s", path,
                                      bad == ERR_SIGNATURE ? "wrong passphrase, or the file was changed"
                                                           : err_text(bad));
}

static enum err make_file(const struct next_key_place *p, const char *path, enum renewal_use use,
                          struct key **out, struct errmsg *why)
{
    struct keyfile header = {.cost = keyfile_cost_default(), .created_s = p->now_s};
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    CLEANUP(cleanup_key_free) struct key *made = NULL;
    enum err bad = name_parse(bytes_str(renewal_use_id(use)), &header.id); /* of the place that it will take */
    if (bad == ERR_OK)
        bad = key_generate(type_of(use), &made);
    if (bad == ERR_OK)
        bad = keyfile_seal_key(&header, p->passphrase, made, &file);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "%s: the next key cannot be made: %s", path, err_text(bad));
    bad = file_create(path, buf_bytes(&file), 0600, why);
    if (bad == ERR_OK)
        *out = take(made);
    return bad;
}

enum err next_key_get(const struct next_key_place *p, enum renewal_use use, struct key **out,
                      struct errmsg *why)
{
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/%s.next.key", p->service->keys, renewal_use_id(use));
    if (n < 0 || (size_t)n >= sizeof path)
        return errmsg_set(why, ERR_TOO_LARGE, "a path in the key folder is too long");
    return file_exists(path) ? open_file(p, path, use, out, why) : make_file(p, path, use, out, why);
}
