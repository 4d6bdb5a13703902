// Runs a program whose system calls fail where a test wants it: the program itself, as it ships, and not a copy of it with
// a seam for tests. Linux, x86_64: ptrace(2), with a seccomp filter so that only the calls that matter stop the program.
#pragma once

#include <sys/types.h>

// What happens to a system call.
enum {
  FAULT_NONE = 0,
  // It is not made, and returns an error (value: errno).
  FAULT_ERROR = 1,
  // It is made for at most so many bytes (value).
  FAULT_SHORT = 2,
  // The process gets a signal before the call is made (value: its number).
  FAULT_SIGNAL = 3,
  // It is made later (value: milliseconds).
  FAULT_DELAY = 4,
};

enum { FAULT_CALLS = 512 };

// Of `call`, writes of messages apart.
enum { FAULT_ANY_CALL = -1, FAULT_MESSAGE = FAULT_CALLS };

struct fault_plan {
  // The number of a system call, FAULT_ANY_CALL, or FAULT_MESSAGE: write(2) to descriptor 2, which no other number means.
  int call;
  int action;
  long value;
  // Of the calls of this kind, counted from 1 in all threads together: the first and the last that it happens to.
  unsigned long first, last;
  // Calls before the program's first of this number are not counted: the loader's and the runtimes'. 0 counts from the start.
  int begin;
};

struct fault_outcome {
  // As waitpid(2) has it.
  int status;
  // Whether the program was killed because its time was up.
  int timed_out;
  // Calls that something happened to.
  unsigned long hits;
  // Calls by their numbers, [FAULT_MESSAGE] the messages; of a run with FAULT_ANY_CALL all of them.
  unsigned long counts[FAULT_CALLS + 1];
};

// The number of a system call; -1 for a name that is not known here.
int fault_call_number(const char *name);

// Whether this process may trace others, and filter their calls.
int fault_injection_works(void);

// Runs a program to its end, with three descriptors as its standard streams, in a folder.
//
// Returns 0, or an error number if it could not be started.
int fault_run(const char *path, char *const arguments[], const char *folder, const int streams[3],
              const struct fault_plan *plan, int seconds, struct fault_outcome *outcome);
