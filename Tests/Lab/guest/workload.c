// Fills the memory of the first kernel with the kinds of pages that a shell cannot make.
// Prints one line for each kind; "ready" when all is there. Then it sleeps until the crash.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

enum { page = 4096, mib = 1 << 20 };

static unsigned char *map(const char *what, size_t size, int flags) {
  unsigned char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (p == MAP_FAILED) {
    perror(what);
    return 0;
  }
  printf("%s: %zu pages\n", what, size / page);
  return p;
}

// Half of each page compresses and half does not; no two pages are alike.
static void fill(unsigned char *p, size_t size) {
  static unsigned long state = 88172645463325252ul;
  for (size_t at = 0; at < size; at += page) {
    unsigned long *word = (unsigned long *)(p + at);
    for (int i = 0; i < page / 8; i++) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      word[i] = i < page / 16 ? state : at;
    }
  }
}

static void advise(const char *what, void *p, size_t size, int advice) {
  if (madvise(p, size, advice)) perror(what);
  else printf("%s: %zu pages\n", what, size / page);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  prctl(PR_SET_NAME, "lab-workload");
  unsigned char *p;

  if ((p = map("anonymous", 24 * mib, 0))) {
    madvise(p, 24 * mib, MADV_NOHUGEPAGE);
    fill(p, 20 * mib);
    for (size_t at = 20 * mib; at < 24 * mib; at += page) p[at] = 0;  // anonymous and zero
    // Every other page goes back: free blocks of order 0.
    for (size_t at = 8 * mib; at < 12 * mib; at += 2 * page) madvise(p + at, page, MADV_DONTNEED);
    printf("freed one by one: %d pages\n", 4 * mib / page / 2);
    advise("paged out", p + 14 * mib, 4 * mib, MADV_PAGEOUT);
    unsigned sum = 0;
    for (size_t at = 14 * mib; at < 16 * mib; at += page) sum += p[at];
    printf("swapped in: %d pages (%u)\n", 2 * mib / page, sum);
  }
  if ((p = map("transparent huge", 10 * mib, 0))) {
    unsigned char *aligned = (unsigned char *)(((unsigned long)p + 2 * mib - 1) & -(2ul * mib));
    madvise(aligned, 8 * mib, MADV_HUGEPAGE);
    fill(aligned, 8 * mib);
  }
  if ((p = map("hugetlb", 12 * mib, MAP_HUGETLB))) fill(p, 8 * mib);  // the rest stays free in the pool
  if ((p = map("locked", mib, MAP_LOCKED))) fill(p, mib);
  if ((p = mmap(0, 4 * mib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED) fill(p, 4 * mib);

  for (int i = 0; i < 5; i++) {
    if (fork() == 0) {
      char name[16];
      snprintf(name, sizeof name, "lab-child-%d", i);
      prctl(PR_SET_NAME, name);
      if ((p = map(name, mib, 0))) fill(p, mib);
      pause();
    }
  }
  if (fork() == 0) {  // on its own: newer kernels kill who holds a poisoned page
    if ((p = map("to be poisoned", mib, 0))) {
      madvise(p, mib, MADV_NOHUGEPAGE);
      fill(p, mib);
      advise("soft-offlined", p, 2 * page, MADV_SOFT_OFFLINE);
      advise("poisoned", p + mib / 2, 3 * page, MADV_HWPOISON);
    }
    pause();
  }
  sleep(1);
  printf("ready\n");
  for (;;) pause();
}
