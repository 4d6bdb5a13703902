// The Linux and C library interfaces that the Swift sources use. One header instead of the Glibc
// module: the Embedded build has no such module, and Glibc's lacks getopt_long, SEEK_DATA and elf.h.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

// errno is a macro around a thread-local address, which the importer cannot see.
static inline int clinux_errno(void) { return errno; }

// The arguments of main(), kept by a constructor: an Embedded program has no CommandLine.
int clinux_argument_count(void);
char **clinux_argument_vector(void);

// open(2) is variadic.
int clinux_open(const char *path, int flags, mode_t mode);

// fcntl(2) is variadic: F_GETFL, and -1 for a descriptor that is not open.
static inline int clinux_file_flags(int descriptor) { return fcntl(descriptor, F_GETFL); }

// fallocate(2), mode 0; ENOSYS and EOPNOTSUPP come back as they are.
int clinux_allocate(int descriptor, off_t offset, off_t length);

// copy_file_range(2), Linux 4.5.
ssize_t clinux_copy_range(int from, off_t from_offset, int to, off_t to_offset, size_t length);

// lseek(2) with SEEK_DATA and SEEK_HOLE; they move the descriptor's own position.
off_t clinux_next_data(int descriptor, off_t offset);
off_t clinux_next_hole(int descriptor, off_t offset);

// madvise(MADV_POPULATE_READ), Linux 5.14: maps every page of the range now, and says EFAULT where a
// later access would have raised SIGBUS.
int clinux_populate_for_reading(void *start, size_t length);

// MAP_FAILED and SIG_IGN are casts, which are not imported. Null where mmap(2) failed.
static inline void *clinux_mmap(size_t length, int protection, int flags, int descriptor, off_t offset) {
  void *start = mmap(NULL, length, protection, flags, descriptor, offset);
  return start == MAP_FAILED ? NULL : start;
}
static inline void clinux_ignore_signal(int number) { signal(number, SIG_IGN); }

// Processors in this thread's affinity mask; 1 if the kernel will not say.
int clinux_usable_processors(void);

// getopt_long(3) reports through globals, which Swift 6 takes for shared mutable state.
static inline char *clinux_optarg(void) { return optarg; }
static inline int clinux_optind(void) { return optind; }
static inline int clinux_optopt(void) { return optopt; }
static inline void clinux_reset_getopt(void) { optind = 0; }
