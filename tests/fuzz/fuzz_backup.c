/* A backup comes from a medium that others may have written. Whatever is read is within every cap,
 * in order, and of kinds that a backup may hold. */
#include <stdlib.h>

#include "pki/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_entry(const struct backup_entry *e)
{
    check(e->kind == BACKUP_KEY || e->kind == BACKUP_FILE);
    check(e->name.len > 0 && e->name.len <= BACKUP_NAME_MAX);
    check(e->head.ptr + e->head.len + 4 == e->sealed.ptr);
    check((e->header.kind == KEYFILE_NONE) == (e->kind == BACKUP_FILE));
    check(e->header.kind != KEYFILE_SHARE && e->header.kind != KEYFILE_WRAPPING);
    check(keyfile_has_purpose(e->header.kind) == (e->header.purpose.s[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct backup b;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    if (a == NULL || backup_read(bytes_of(data, size), a, &b) != ERR_OK)
        return 0;
    check(b.head.ptr == data && b.count <= BACKUP_ENTRIES_MAX && b.created_s >= 0);
    for (size_t i = 0; i < b.count; i++)
        check_entry(&b.entries[i]);
    check(b.end.ptr + b.end.len == data + size);
    return 0;
}
