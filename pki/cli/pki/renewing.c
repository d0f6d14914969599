#include "pki/cli/pki/renewing.h"

#include <stdio.h>

bool renewing_has(struct work *w, const char *id, const char *folder, const char *suffix)
{
    char name[WORK_PATH_MAX];
    char path[WORK_PATH_MAX];
    int n = snprintf(name, sizeof name, "%s%s", folder, id);
    return n > 0 && (size_t)n < sizeof name && work_path(w, path, name, suffix) == ERR_OK &&
           file_exists(path);
}

bool renewing_is_broker(struct work *w)
{
    return renewing_has(w, "log", "keys/", ".key") && !renewing_has(w, "sealing", "keys/", ".key");
}
