// copy FROM TO: copies /proc/vmcore to a disk, each page by whatever way it can be had: read, or else mapped.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { piece = 1 << 20, page = 4096 };

static char buffer[piece];

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int write_all(int to, const char *bytes, size_t count, off_t at) {
  while (count > 0) {
    ssize_t done = pwrite(to, bytes, count, at);
    if (done <= 0) return -1;
    bytes += done, count -= done, at += done;
  }
  return 0;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int from = open(arguments[1], O_RDONLY), to = open(arguments[2], O_WRONLY);
  struct stat status;
  if (from < 0 || to < 0 || fstat(from, &status) != 0) return fail("open");
  for (off_t at = 0; at < status.st_size; at += piece) {
    size_t wanted = status.st_size - at < piece ? status.st_size - at : piece;
    if (pread(from, buffer, wanted, at) == (ssize_t)wanted) {
      if (write_all(to, buffer, wanted, at) != 0) return fail(arguments[2]);
      continue;
    }
    for (size_t done = 0; done < wanted; done += page) {
      size_t part = wanted - done < page ? wanted - done : page;
      const char *bytes = buffer;
      if (pread(from, buffer, part, at + done) != (ssize_t)part) {
        bytes = mmap(NULL, part, PROT_READ, MAP_PRIVATE, from, at + done);
        if (bytes == MAP_FAILED) return fail(arguments[1]);
      }
      if (write_all(to, bytes, part, at + done) != 0) return fail(arguments[2]);
      if (bytes != buffer) munmap((void *)bytes, part);
    }
  }
  return fsync(to) == 0 ? 0 : fail(arguments[2]);
}
