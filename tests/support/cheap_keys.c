/* Key files of a test deployment, sealed again at the least cost of a guess: a daemon that opens
 * eight of them at every start, and staff who sign hundreds of times, would spend most of a test in
 * scrypt.
 *
 * usage: cheap_keys PASSPHRASE_FILE FOLDER     every *.key in FOLDER */
#include <stdio.h>
#include <string.h>

#include "pki/keyfile.h"
#include "proto/host/file.h"
#include "tests/support/unlocked.h"

#define PATH_SIZE 4096

struct cheapening {
    const char *folder;
    const struct secret *passphrase;
};

static enum err make_cheap(void *arg, const char *name)
{
    const struct cheapening *c = arg;
    char path[PATH_SIZE];
    const size_t n = strlen(name);
    if (n < 4 || strcmp(name + n - 4, ".key") != 0)
        return ERR_OK;
    snprintf(path, sizeof path, "%s/%s", c->folder, name);
    struct keyfile about;
    CLEANUP(buf_free) struct buf sealed = unlocked_read(path);
    CLEANUP(buf_free) struct buf again = buf_new(KEYFILE_MAX_BYTES);
    CLEANUP(cleanup_secret_free) struct secret *payload = NULL;
    unlocked_must(path, keyfile_peek(buf_bytes(&sealed), &about));
    if (about.cost.log2_n == KEYFILE_COST_LEAST.log2_n)
        return ERR_OK;
    unlocked_must(path, keyfile_open(buf_bytes(&sealed), c->passphrase, &about, &payload));
    about.cost = KEYFILE_COST_LEAST;
    unlocked_must(path, keyfile_seal(&about, c->passphrase, payload, &again));
    unlocked_must(path, file_write(path, buf_bytes(&again), 0600, NULL));
    return ERR_OK;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: cheap_keys PASSPHRASE_FILE FOLDER\n");
        return 64;
    }
    if (secret_init() == ERR_NOMEM)
        return 70;
    CLEANUP(buf_free) struct buf text = unlocked_read(argv[1]);
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    CLEANUP(cleanup_secret_free) struct secret *passphrase = secret_new(buf_bytes(&text));
    struct cheapening c = {argv[2], passphrase};
    unlocked_must(argv[2], file_list(argv[2], make_cheap, &c));
    return 0;
}
