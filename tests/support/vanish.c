#include "tests/support/vanish.h"

#include <unistd.h>

#include "proto/host/file.h"

const char *vanish_next;
unsigned vanish_reads;

enum err __real_file_read(const char *path, enum file_trust trust, struct buf *out, struct errmsg *why);
enum err __wrap_file_read(const char *path, enum file_trust trust, struct buf *out, struct errmsg *why);

enum err __wrap_file_read(const char *path, enum file_trust trust, struct buf *out, struct errmsg *why)
{
    vanish_reads++;
    if (vanish_next != NULL && bytes_ends(bytes_str(path), vanish_next) && unlink(path) == 0)
        vanish_next = NULL;
    return __real_file_read(path, trust, out, why);
}
