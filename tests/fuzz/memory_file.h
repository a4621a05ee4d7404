/* memory_file.h - bytes as a file with a path, for readers that open their files themselves. */
#ifndef TESTS_FUZZ_MEMORY_FILE_H
#define TESTS_FUZZ_MEMORY_FILE_H

#include "common/slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct memory_file {
    int fd;
    char path[32];
};

static inline void memory_file_make(struct memory_file *f, struct slice bytes)
{
    f->fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (f->fd < 0) abort();
    while (bytes.size) {
        ssize_t put = write(f->fd, bytes.data, bytes.size);

        if (put <= 0) abort();
        bytes = slice_of(bytes.data + put, bytes.size - (size_t)put);
    }
    snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
}

static inline void memory_file_end(struct memory_file *f)
{
    close(f->fd);
}

#endif
