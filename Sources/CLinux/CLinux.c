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

struct clinux_guard clinux_guards[CLINUX_GUARDS];

// Kept by clinux_guard_mapping, read in a signal handler.
static _Atomic int guards_in_use;
// Of this machine: 4 KiB, and on arm64 up to 64 KiB.
static size_t page_size;

// Puts a page of zeros where one could not be read, and says so in the mapping's guard; the read that stumbled then goes
// on. mmap(2) is not among the functions that POSIX lets a handler call, but on Linux it is one system call.
static void on_bus_error(int number, siginfo_t *info, void *context) {
  (void)context;
  int error = errno;
  // Memory that nobody has touched yet has failed: who touches it will hear of it.
  if (info->si_code == BUS_MCEERR_AO) return;
  uintptr_t at = (uintptr_t)info->si_addr;
  // Only the kernel's own have an address.
  int count = info->si_code > 0 ? atomic_load(&guards_in_use) : 0;
  for (int slot = 0; slot < count; slot++) {
    uintptr_t start = atomic_load(&clinux_guards[slot].start);
    if (start == 0 || at - start >= atomic_load(&clinux_guards[slot].length)) continue;
    void *page = (void *)(at & ~(uintptr_t)(page_size - 1));
    if (mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page) break;
    atomic_store(&clinux_guards[slot].fault, info->si_code == BUS_MCEERR_AR ? CLINUX_HARDWARE_FAULT : CLINUX_ADDRESS_FAULT);
    errno = error;
    return;
  }
  // Not one of the mappings: the read happens again, and ends the program.
  signal(number, SIG_DFL);
  errno = error;
}

static void catch_bus_errors(void) {
  page_size = clinux_page_size();
  struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}

int clinux_guard_mapping(void *start, size_t length) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, catch_bus_errors);
  for (int slot = 0; slot < CLINUX_GUARDS; slot++) {
    struct clinux_guard *guard = &clinux_guards[slot];
    int expected = 0;
    if (atomic_load(&guard->taken) || !atomic_compare_exchange_strong(&guard->taken, &expected, 1)) continue;
    atomic_store(&guard->fault, 0);
    atomic_store(&guard->length, length);
    atomic_store(&guard->start, (uintptr_t)start);
    int known = atomic_load(&guards_in_use);
    while (known <= slot && !atomic_compare_exchange_weak(&guards_in_use, &known, slot + 1)) {}
    return slot;
  }
  return -1;
}

void clinux_release_mapping(int slot) {
  atomic_store(&clinux_guards[slot].start, 0);
  atomic_store(&clinux_guards[slot].taken, 0);
}
