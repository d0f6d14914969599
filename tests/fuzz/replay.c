/* Replays a corpus folder through a fuzz target, so that every seed is an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    static uint8_t data[8u << 20];
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    /* An exact heap copy, so that the sanitizer sees a read past the end. */
    uint8_t *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL)
        return 1;
    memcpy(copy, data, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 64;
    }
    DIR *dir = opendir(argv[1]);
    if (dir == NULL) {
        perror(argv[1]);
        return 66;
    }
    int replayed = 0;
    int failed = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.')
            continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        failed += replay_file(path);
        replayed++;
    }
    closedir(dir);
    printf("replayed %d inputs\n", replayed);
    return replayed > 0 && failed == 0 ? 0 : 1;
}
