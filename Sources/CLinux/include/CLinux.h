// The Linux and C library interfaces that the Swift sources use. One header instead of the Glibc
// module: the Embedded build has no such module, and Glibc's lacks getopt_long, SEEK_DATA and elf.h.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

// poll(2) for one descriptor, without a limit of time. Returns below 0 where that fails.
static inline int clinux_wait_until_ready(int descriptor, short events) {
  struct pollfd wanted = {descriptor, events, 0};
  int count;
  do count = poll(&wanted, 1, -1);
  while (count < 0 && errno == EINTR);
  return count;
}

// fcntl(2) is variadic: F_GETFL, and -1 for a descriptor that is not open.
static inline int clinux_file_flags(int descriptor) { return fcntl(descriptor, F_GETFL); }

// fcntl(2), F_DUPFD_CLOEXEC.
static inline int clinux_duplicate(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 0); }

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

// Mappings whose pages may turn out to be unreadable when they are read (SIGBUS): memory that fails in the capture
// kernel, a disk that does, a file that is cut meanwhile. Such a page is replaced by one of zeros, and its mapping's guard
// keeps the fault until the mapping is released. A table, so that the signal handler finds them without a lock.
enum { CLINUX_GUARDS = 4096 };
enum { CLINUX_ADDRESS_FAULT = 1, CLINUX_HARDWARE_FAULT = 2 };
struct clinux_guard {
  _Atomic uintptr_t start;
  _Atomic size_t length;
  _Atomic int fault;
  _Atomic int taken;
};
extern struct clinux_guard clinux_guards[CLINUX_GUARDS];

// The number of a mapping's guard; -1 if there are too many. The first call installs the handler of SIGBUS.
int clinux_guard_mapping(void *start, size_t length);
void clinux_release_mapping(int slot);

// Reads a byte of each cache line, the unit in which memory fails, so that the fault comes now. Returns the mapping's.
static inline int clinux_probe(int slot, const void *start, size_t length) {
  const volatile char *at = (const volatile char *)start, *end = at + length;
  for (; at < end; at += 64) (void)*at;
  if (length > 0) (void)end[-1];
  atomic_signal_fence(memory_order_seq_cst);
  return atomic_load_explicit(&clinux_guards[slot].fault, memory_order_relaxed);
}

static inline void clinux_ignore_signal(int number) { signal(number, SIG_IGN); }

// Bytes of a page of this machine.
static inline size_t clinux_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

// Processors in this thread's affinity mask; 1 if the kernel will not say.
int clinux_usable_processors(void);

// getopt_long(3) reports through globals, which Swift 6 takes for shared mutable state.
static inline char *clinux_optarg(void) { return optarg; }
static inline int clinux_optind(void) { return optind; }
static inline int clinux_optopt(void) { return optopt; }
static inline void clinux_reset_getopt(void) { optind = 0; }
