/* replay.c - feed every file of a folder to a fuzz target, where libFuzzer is not at hand.
 *
 * Each file is copied to memory of exactly its size, so that a sanitizer sees one byte read too far.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_BYTES = 1024, FILE_BYTES = 1024 * 1024 };

static int feed(const char *path)
{
    static uint8_t bytes[FILE_BYTES];
    FILE *in = fopen(path, "rb");
    uint8_t *copy;
    size_t size, i;

    if (!in) {
        fprintf(stderr, "cannot open %s\n", path);
        return -1;
    }
    size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    copy = malloc(size ? size : 1);
    if (!copy) return -1;
    for (i = 0; i < size; i++)
        copy[i] = bytes[i];
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    char path[PATH_BYTES];
    const struct dirent *entry;
    unsigned files = 0;
    int failed = 0;
    DIR *folder;

    folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (feed(path)) failed = 1;
        files++;
    }
    closedir(folder);
    printf("%u files\n", files);
    return failed || files == 0; /* an empty corpus is a mistake in the build */
}
