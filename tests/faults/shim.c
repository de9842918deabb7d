/* Stands between the daemon and the C library (LD_PRELOAD). Below one folder it counts, traces, and on demand fails
 * what is written and flushed, shifts the wall clock, and kills the process at a named point.
 *
 * FAULTS_FOLDER: whose files are meant. FAULTS_CONTROL: a file of 64 numbers, shared with the test: orders and counts.
 * FAULTS_TRACE: every change of the files is appended to it, for the test to say what a power loss would leave. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The numbers of the control file. shim.rs has the same. */
enum {
  WRITES_FAIL_AFTER, WRITES_TO_FAIL, WRITE_ERROR, SYNCS_FAIL_AFTER, SYNCS_TO_FAIL, SYNC_ERROR,
  CLOCK_SHIFT_MS, KILL_AT, KILL_AFTER, LIES,
  WRITES = 16, SYNCS, RENAMES, UNLINKS, CREATIONS, CLOCK_LOOKS, WRITES_FAILED, SYNCS_FAILED, KILLS, SENDS, LIES_TOLD,
  NUMBERS = 64
};

/* Where a process can be killed. shim.rs has the same. */
enum {
  NOWHERE, BEFORE_LOG_WRITE, HALF_A_LOG_WRITE, AFTER_LOG_WRITE, BEFORE_LOG_SYNC, AFTER_LOG_SYNC, BEFORE_RENAME,
  AFTER_RENAME, BEFORE_SEND, AFTER_SEND, BEFORE_SOUND_WRITE
};

static volatile int64_t idle[NUMBERS];
static volatile int64_t *control = idle;
static char folder[4096];
static size_t folder_length;
static int trace = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static uint64_t syncs_begun;

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("FAULTS_FOLDER");
  if (!name) return;
  strncpy(folder, name, sizeof folder - 1);
  folder_length = strlen(folder);
  int fd = syscall(SYS_openat, AT_FDCWD, getenv("FAULTS_CONTROL"), O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) abort();
  void *page = mmap(NULL, NUMBERS * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) abort();
  control = page;
  syscall(SYS_close, fd);
  const char *path = getenv("FAULTS_TRACE");
  if (path) trace = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void count(int what) { __sync_fetch_and_add(&control[what], 1); }

static void die_at(int point) {
  if (control[KILL_AT] != point) return;
  if (__sync_sub_and_fetch(&control[KILL_AFTER], 1) > 0) return;
  count(KILLS);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Whether this one fails: after so many, so many (or, below zero, all). */
static int fails(int after, int left) {
  if (control[left] == 0) return 0;
  if (control[after] > 1) { __sync_fetch_and_sub(&control[after], 1); return 0; }
  if (control[left] > 0) __sync_fetch_and_sub(&control[left], 1);
  return 1;
}

static int is_ours(const char *path) {
  return folder_length && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

/* The path of an open file of ours, into a buffer; else 0. */
static int path_of(int fd, char *path) {
  char link[64] = "/proc/self/fd/";
  if (!folder_length) return 0;
  char digits[16]; int n = 0, at = 14;
  unsigned number = fd;
  do { digits[n++] = '0' + number % 10; number /= 10; } while (number);
  while (n) link[at++] = digits[--n];
  link[at] = 0;
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, 4095);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

static int ends_with(const char *path, const char *end) {
  size_t a = strlen(path), b = strlen(end);
  return a >= b && strcmp(path + a - b, end) == 0;
}

static int is_shared_memory(const char *path) { return ends_with(path, "-shm"); }

static uint64_t inode_of(int fd) {
  struct stat about;
  int saved = errno;
  uint64_t inode = fstat(fd, &about) == 0 ? about.st_ino : 0;
  errno = saved;
  return inode;
}

/* One record: kind, inode, two numbers, two texts. */
static void note(char kind, uint64_t inode, uint64_t number, const void *one, size_t one_length, const char *two) {
  if (trace < 0) return;
  uint64_t two_length = two ? strlen(two) : 0;
  uint64_t head[5] = { (uint64_t)kind, inode, number, one_length, two_length };
  struct iovec parts[3] = { { head, sizeof head }, { (void *)one, one_length }, { (void *)two, two_length } };
  syscall(SYS_writev, trace, parts, two ? 3 : 2);
}

static ssize_t guarded_write(int fd, const void *bytes, size_t length, off_t offset, const char *path) {
  int is_log = ends_with(path, "-wal"), is_sound = strstr(path, "/voicemail/") != NULL;
  int error = 0;
  ssize_t done;
  count(WRITES);
  if (is_sound) die_at(BEFORE_SOUND_WRITE);
  if (is_log) die_at(BEFORE_LOG_WRITE);
  pthread_mutex_lock(&order);
  if (fails(WRITES_FAIL_AFTER, WRITES_TO_FAIL)) {
    count(WRITES_FAILED);
    error = (int)control[WRITE_ERROR];
    done = -1;
  } else {
    int halved = is_log && control[KILL_AT] == HALF_A_LOG_WRITE && control[KILL_AFTER] <= 1;
    size_t now = halved ? length / 2 : length;
    off_t from = offset;
    if (offset < 0) {
      done = syscall(SYS_write, fd, bytes, now);
      if (done > 0) from = syscall(SYS_lseek, fd, 0, SEEK_CUR) - done;
    } else {
      done = syscall(SYS_pwrite64, fd, bytes, now, offset);
    }
    error = errno;
    if (done > 0) note('W', inode_of(fd), from, bytes, done, NULL);
  }
  pthread_mutex_unlock(&order);
  if (is_log) { die_at(HALF_A_LOG_WRITE); die_at(AFTER_LOG_WRITE); }
  errno = error;
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  char path[4096];
  if (!path_of(fd, path) || is_shared_memory(path)) return syscall(SYS_write, fd, bytes, length);
  return guarded_write(fd, bytes, length, -1, path);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  char path[4096];
  if (!path_of(fd, path) || is_shared_memory(path)) return syscall(SYS_pwrite64, fd, bytes, length, offset);
  return guarded_write(fd, bytes, length, offset, path);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return pwrite(fd, bytes, length, offset);
}

static int guarded_sync(int fd, long call) {
  char path[4096];
  if (!path_of(fd, path)) return syscall(call, fd);
  int is_log = ends_with(path, "-wal"), done = 0, error;
  count(SYNCS);
  if (is_log) die_at(BEFORE_LOG_SYNC);
  if (control[LIES]) { count(LIES_TOLD); return 0; }
  uint64_t inode = inode_of(fd);
  pthread_mutex_lock(&order);
  uint64_t number = ++syncs_begun;
  int is_to_fail = fails(SYNCS_FAIL_AFTER, SYNCS_TO_FAIL);
  note('B', inode, number, path, strlen(path), NULL);
  pthread_mutex_unlock(&order);
  if (is_to_fail) { count(SYNCS_FAILED); done = -1; error = (int)control[SYNC_ERROR]; }
  else { done = syscall(call, fd); error = errno; }
  pthread_mutex_lock(&order);
  note(done == 0 ? 'S' : 'F', inode, number, path, strlen(path), NULL);
  pthread_mutex_unlock(&order);
  if (is_log) die_at(AFTER_LOG_SYNC);
  errno = error;
  return done;
}

int fsync(int fd) { return guarded_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return guarded_sync(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t length) {
  char path[4096];
  if (!path_of(fd, path) || is_shared_memory(path)) return syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&order);
  int done = syscall(SYS_ftruncate, fd, length), error = errno;
  if (done == 0) note('T', inode_of(fd), length, NULL, 0, NULL);
  pthread_mutex_unlock(&order);
  errno = error;
  return done;
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

static int guarded_open(int at, const char *path, int flags, mode_t mode) {
  if (!(flags & (O_CREAT | O_TRUNC)) || !is_ours(path) || is_shared_memory(path))
    return syscall(SYS_openat, at, path, flags, mode);
  pthread_mutex_lock(&order);
  struct stat about;
  int was_there = stat(path, &about) == 0, fd, error = 0;
  /* A full disk has no room for a new name either. */
  if (!was_there && control[WRITES_TO_FAIL] < 0 && control[WRITES_FAIL_AFTER] <= 1) {
    count(WRITES_FAILED);
    fd = -1;
    error = (int)control[WRITE_ERROR];
  } else {
    fd = syscall(SYS_openat, at, path, flags, mode);
    error = errno;
  }
  if (fd >= 0 && !was_there) { count(CREATIONS); note('C', inode_of(fd), 0, path, strlen(path), NULL); }
  else if (fd >= 0 && (flags & O_TRUNC)) note('T', inode_of(fd), 0, NULL, 0, NULL);
  pthread_mutex_unlock(&order);
  errno = error;
  return fd;
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { \
  va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE return guarded_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return guarded_open(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return guarded_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return guarded_open(at, path, flags, mode); }

int rename(const char *from, const char *to) {
  REAL(rename);
  if (!is_ours(from) && !is_ours(to)) return real(from, to);
  die_at(BEFORE_RENAME);
  pthread_mutex_lock(&order);
  int done = real(from, to), error = errno;
  count(RENAMES);
  if (done == 0) note('R', 0, 0, from, strlen(from), to);
  pthread_mutex_unlock(&order);
  die_at(AFTER_RENAME);
  errno = error;
  return done;
}

int unlink(const char *path) {
  REAL(unlink);
  if (!is_ours(path)) return real(path);
  pthread_mutex_lock(&order);
  int done = real(path), error = errno;
  count(UNLINKS);
  if (done == 0) note('U', 0, 0, path, strlen(path), NULL);
  pthread_mutex_unlock(&order);
  errno = error;
  return done;
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (!is_ours(path)) return real(path, mode);
  pthread_mutex_lock(&order);
  int done = real(path, mode), error = errno;
  if (done == 0) note('M', 0, 0, path, strlen(path), NULL);
  pthread_mutex_unlock(&order);
  errno = error;
  return done;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  if (folder_length) { count(SENDS); die_at(BEFORE_SEND); }
  ssize_t done = syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
  int error = errno;
  if (folder_length) die_at(AFTER_SEND);
  errno = error;
  return done;
}

ssize_t writev(int fd, const struct iovec *parts, int number) {
  char path[4096];
  if (path_of(fd, path) && number > 0) return write(fd, parts[0].iov_base, parts[0].iov_len);
  if (folder_length) { count(SENDS); die_at(BEFORE_SEND); }
  ssize_t done = syscall(SYS_writev, fd, parts, number);
  int error = errno;
  if (folder_length) die_at(AFTER_SEND);
  errno = error;
  return done;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int done = real(clock, now);
  if (done != 0 || clock != CLOCK_REALTIME || !folder_length) return done;
  count(CLOCK_LOOKS);
  int64_t shift = control[CLOCK_SHIFT_MS], ns = now->tv_nsec + shift % 1000 * 1000000;
  now->tv_sec += shift / 1000;
  if (ns < 0) { ns += 1000000000; now->tv_sec--; }
  if (ns >= 1000000000) { ns -= 1000000000; now->tv_sec++; }
  now->tv_nsec = ns;
  return done;
}
