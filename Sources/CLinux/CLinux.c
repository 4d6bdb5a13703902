#define _GNU_SOURCE
#include "CLinux.h"

#include <sched.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static int argument_count;
static char **argument_vector;

// glibc hands main()'s arguments to every constructor, in static programs too.
__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
  argument_count = argc;
  argument_vector = argv;
}

// The Swift runtime looks itself up in /proc before main() and aborts where there is none, as in a bare initramfs or a
// chroot. It does not look where it is told, whatever it is told: a static program has no such files. 101 is the first
// priority that programs may use, and comes before the runtime's own constructors.
__attribute__((constructor(101))) static void do_without_proc(void) {
  if (access("/proc/self/exe", F_OK) != 0) setenv("SWIFT_ROOT", "/", 0);
}

int clinux_argument_count(void) { return argument_count; }
char **clinux_argument_vector(void) { return argument_vector; }

int clinux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int clinux_allocate(int descriptor, off_t offset, off_t length) {
  return fallocate(descriptor, 0, offset, length);
}

int clinux_populate_for_reading(void *start, size_t length) {
  return madvise(start, length, MADV_POPULATE_READ);
}

int clinux_usable_processors(void) {
  // A set of 1024 processors is too small for the largest machines, and the call then says EINVAL.
  for (int processors = 1024; processors <= 1 << 20; processors *= 2) {
    cpu_set_t *set = CPU_ALLOC(processors);
    if (!set) return 1;
    size_t size = CPU_ALLOC_SIZE(processors);
    int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : -errno;
    CPU_FREE(set);
    if (count > 0) return count;
    if (count != -EINVAL) return 1;
  }
  return 1;
}

ssize_t clinux_copy_range(int from, off_t from_offset, int to, off_t to_offset, size_t length) {
  return copy_file_range(from, &from_offset, to, &to_offset, length, 0);
}

off_t clinux_next_data(int descriptor, off_t offset) { return lseek(descriptor, offset, SEEK_DATA); }
off_t clinux_next_hole(int descriptor, off_t offset) { return lseek(descriptor, offset, SEEK_HOLE); }
