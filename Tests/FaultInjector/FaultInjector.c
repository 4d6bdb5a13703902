#define _GNU_SOURCE
#include "FaultInjector.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const struct {
  const char *name;
  int number;
} known_calls[] = {
#define CALL(name) {#name, SYS_##name}
    CALL(access),       CALL(brk),       CALL(clone),     CALL(clone3),      CALL(close),      CALL(copy_file_range),
    CALL(dup),          CALL(fallocate), CALL(fchmod),    CALL(fcntl),       CALL(fdatasync),  CALL(fstat),
    CALL(fstatfs),      CALL(fsync),     CALL(ftruncate), CALL(futex),       CALL(getdents64), CALL(getrandom),
    CALL(ioctl),        CALL(lseek),     CALL(lstat),     CALL(madvise),     CALL(mmap),       CALL(mprotect),
    CALL(munmap),       CALL(newfstatat), CALL(open),     CALL(openat),      CALL(poll),       CALL(pread64),
    CALL(pwrite64),     CALL(read),      CALL(readlink),  CALL(rename),      CALL(rt_sigaction), CALL(sched_getaffinity),
    CALL(stat),         CALL(sysinfo),   CALL(unlink),    CALL(write),
#undef CALL
};

int fault_call_number(const char *name) {
  for (size_t index = 0; index < sizeof known_calls / sizeof *known_calls; index++) {
    if (strcmp(known_calls[index].name, name) == 0) return known_calls[index].number;
  }
  return -1;
}

// A call that is made with another argument: who made it wants to find its own in the register when it returns.
struct changed_call {
  pid_t thread;
  size_t place;
  unsigned long long argument;
};

struct run {
  const char *path;
  char *const *arguments;
  const char *folder;
  const int *streams;
  const struct fault_plan *plan;
  struct fault_outcome *outcome;
  int error;
  pid_t pid;
  int is_over;
  struct changed_call changed_calls[64];
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

// The number that a filter looks for: messages are writes.
static int filtered_call(const struct fault_plan *plan) {
  return plan->call == FAULT_MESSAGE ? SYS_write : plan->call;
}

// Stops the calls of the plan, and the one that counting begins with; all but execve, where all are wanted.
static int install_filter(const struct fault_plan *plan) {
  int wants_all = plan->call == FAULT_ANY_CALL;
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)filtered_call(plan), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)plan->begin, 0, wants_all ? 0 : 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// In the child of vfork(2), which shares the parent's memory: system calls only.
static void become_program(struct run *run) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  int copies[3];
  for (int stream = 0; stream < 3; stream++) {
    copies[stream] = fcntl(run->streams[stream], F_DUPFD, 10);
    if (copies[stream] < 0) goto failed;
  }
  for (int stream = 0; stream < 3; stream++) {
    if (dup2(copies[stream], stream) < 0) goto failed;
  }
  syscall(SYS_close_range, 3U, ~0U, 0U);
  if (run->folder != NULL && chdir(run->folder) != 0) goto failed;
  if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || install_filter(run->plan) != 0) goto failed;
  execve(run->path, run->arguments, environ);
failed:
  run->error = errno;
  _exit(127);
}

static unsigned long long *register_at(struct user_regs_struct *registers, size_t place) {
  return (unsigned long long *)((char *)registers + place);
}

// Changes an argument until the call returns.
static void change(struct run *run, pid_t thread, struct user_regs_struct *registers, size_t place, unsigned long long value) {
  for (size_t slot = 0; slot < sizeof run->changed_calls / sizeof *run->changed_calls; slot++) {
    struct changed_call *changed = &run->changed_calls[slot];
    if (changed->thread != 0) continue;
    *changed = (struct changed_call){thread, place, *register_at(registers, place)};
    *register_at(registers, place) = value;
    return;
  }
}

static struct changed_call *changed_call(struct run *run, pid_t thread) {
  for (size_t slot = 0; slot < sizeof run->changed_calls / sizeof *run->changed_calls; slot++) {
    if (run->changed_calls[slot].thread == thread) return &run->changed_calls[slot];
  }
  return NULL;
}

static void leave(struct run *run, pid_t thread) {
  struct changed_call *changed = changed_call(run, thread);
  struct user_regs_struct registers;
  if (changed == NULL || ptrace(PTRACE_GETREGS, thread, 0, &registers) != 0) return;
  *register_at(&registers, changed->place) = changed->argument;
  ptrace(PTRACE_SETREGS, thread, 0, &registers);
  changed->thread = 0;
}

static void hit(struct run *run, pid_t thread, struct user_regs_struct *registers) {
  const struct fault_plan *plan = run->plan;
  int call = (int)registers->orig_rax;
  switch (plan->action) {
  case FAULT_ERROR:
    if (call == SYS_brk) {
      // It has no errors, but returns where the heap ends still, as it does for 0.
      change(run, thread, registers, offsetof(struct user_regs_struct, rdi), 0);
      break;
    }
    // A call of number -1 is skipped, and returns what is in rax: seccomp(2), SECCOMP_RET_TRACE.
    registers->orig_rax = (unsigned long long)-1;
    registers->rax = (unsigned long long)-plan->value;
    break;
  case FAULT_SHORT: {
    size_t place = call == SYS_copy_file_range ? offsetof(struct user_regs_struct, r8) : offsetof(struct user_regs_struct, rdx);
    if (*register_at(registers, place) <= (unsigned long long)plan->value) return;
    change(run, thread, registers, place, (unsigned long long)plan->value);
    break;
  }
  case FAULT_SIGNAL:
    run->outcome->hits++;
    kill(run->pid, (int)plan->value);
    return;
  case FAULT_DELAY: {
    struct timespec time = {plan->value / 1000, plan->value % 1000 * 1000000};
    run->outcome->hits++;
    nanosleep(&time, NULL);
    return;
  }
  default:
    return;
  }
  if (ptrace(PTRACE_SETREGS, thread, 0, registers) == 0) run->outcome->hits++;
}

// Looks at a call that is about to be made.
static void enter(struct run *run, pid_t thread, int *has_begun) {
  const struct fault_plan *plan = run->plan;
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, thread, 0, &registers) != 0) return;
  int call = (int)registers.orig_rax;
  if (call == plan->begin) *has_begun = 1;
  if (!*has_begun || call < 0 || call >= FAULT_CALLS) return;
  int kind = call == SYS_write && registers.rdi == 2 ? FAULT_MESSAGE : call;
  unsigned long number = ++run->outcome->counts[kind];
  if (plan->call == FAULT_ANY_CALL) {
    number = 0;
    for (int other = 0; other <= FAULT_CALLS; other++) number += run->outcome->counts[other];
  } else if (kind != plan->call) {
    return;
  }
  if (number >= plan->first && number <= plan->last) hit(run, thread, &registers);
}

static void follow(struct run *run) {
  int has_begun = run->plan->begin == 0;
  for (;;) {
    int status;
    // Only what this thread has started: the process may have other children, and other such threads.
    pid_t thread = waitpid(-1, &status, __WALL | __WNOTHREAD);
    if (thread < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (!WIFSTOPPED(status)) {
      if (thread != run->pid) continue;
      run->outcome->status = status;
      return;
    }
    int event = status >> 16;
    int signal_number = 0;
    if (event == PTRACE_EVENT_SECCOMP) {
      enter(run, thread, &has_begun);
    } else if (event == 0 && WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      leave(run, thread);
    } else if (event == 0 && WSTOPSIG(status) != SIGSTOP) {
      // SIGSTOP is how a new thread begins.
      signal_number = WSTOPSIG(status);
    }
    // A call that was changed stops once more, when it returns.
    ptrace(changed_call(run, thread) != NULL ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, signal_number);
  }
}

static void *trace(void *argument) {
  struct run *run = argument;
  pid_t pid = vfork();
  if (pid == 0) become_program(run);
  int status = 0;
  // execve(2) stops a traced program.
  while (pid > 0 && waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {}
  if (pid < 0) {
    run->error = errno;
  } else if (WIFSTOPPED(status)) {
    pthread_mutex_lock(&run->mutex);
    run->pid = pid;
    pthread_mutex_unlock(&run->mutex);
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;
    if (ptrace(PTRACE_SETOPTIONS, pid, 0, options) != 0) {
      run->error = errno;
      kill(pid, SIGKILL);
    }
    ptrace(PTRACE_CONT, pid, 0, 0);
    follow(run);
  } else if (run->error == 0) {
    run->error = ECHILD;
  }
  pthread_mutex_lock(&run->mutex);
  run->is_over = 1;
  pthread_cond_signal(&run->changed);
  pthread_mutex_unlock(&run->mutex);
  return NULL;
}

int fault_run(const char *path, char *const arguments[], const char *folder, const int streams[3],
              const struct fault_plan *plan, int seconds, struct fault_outcome *outcome) {
  struct run run = {.path = path, .arguments = arguments, .folder = folder, .streams = streams, .plan = plan,
                    .outcome = outcome, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  memset(outcome, 0, sizeof *outcome);
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += seconds;
  // A thread of its own: a tracer is a thread, and must wait for no child of another.
  pthread_t thread;
  int error = pthread_create(&thread, NULL, trace, &run);
  if (error != 0) return error;
  pthread_mutex_lock(&run.mutex);
  while (!run.is_over) {
    if (pthread_cond_timedwait(&run.changed, &run.mutex, &end) != ETIMEDOUT) continue;
    outcome->timed_out = 1;
    if (run.pid > 0) kill(run.pid, SIGKILL);
    end.tv_sec += 1;
  }
  pthread_mutex_unlock(&run.mutex);
  pthread_join(thread, NULL);
  return run.error;
}

int fault_injection_works(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return 0;
  const int streams[3] = {null, null, null};
  char *const arguments[] = {"true", NULL};
  const struct fault_plan plan = {.call = FAULT_ANY_CALL, .action = FAULT_NONE};
  struct fault_outcome outcome;
  int error = fault_run("/bin/true", arguments, NULL, streams, &plan, 10, &outcome);
  close(null);
  return error == 0 && WIFEXITED(outcome.status) && outcome.counts[SYS_exit_group] == 1;
}
