/* Watches what reaches the disk before a word leaves the machine: loaded into the daemon by LD_PRELOAD, it writes one line for
   every sync of SQLite's log (F and the length that is on the disk), every HTTP answer of success (A), every DATA command (D) and
   every message (M), into the file named by POWER_LOG. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void note(const char *line) {
  static int log = -1;
  const char *path = getenv("POWER_LOG");
  if (log < 0 && path) log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log >= 0) syscall(SYS_write, log, line, strlen(line));
}

static void synced(int fd, int done) {
  char link[64], path[4096], line[64];
  struct stat now;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (done != 0 || length < 4 || memcmp(path + length - 4, "-wal", 4) != 0 || fstat(fd, &now) != 0) return;
  snprintf(line, sizeof line, "F %lld\n", (long long)now.st_size);
  note(line);
}

static void said(int fd, const void *words, size_t length) {
  struct stat what;
  if (length < 6 || fstat(fd, &what) != 0 || !S_ISSOCK(what.st_mode)) return;
  if (length >= 10 && memcmp(words, "HTTP/1.", 7) == 0 && memcmp((const char *)words + 8, " 2", 2) == 0) note("A\n");
  if (memmem(words, length, "DATA\r\n", 6)) note("D\n");
  if (memmem(words, length, "\r\n.\r\n", 5)) note("M\n");
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fsync");
  int done = real(fd);
  synced(fd, done);
  return done;
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
  int done = real(fd);
  synced(fd, done);
  return done;
}

ssize_t write(int fd, const void *words, size_t length) {
  said(fd, words, length);
  return syscall(SYS_write, fd, words, length);
}

ssize_t send(int fd, const void *words, size_t length, int flags) {
  said(fd, words, length);
  return syscall(SYS_sendto, fd, words, length, flags, NULL, 0);
}

static void said_in_parts(int fd, const struct iovec *parts, size_t count) {
  size_t length = 0;
  for (size_t part = 0; part < count; part++) length += parts[part].iov_len;
  char *words = malloc(length + 1), *end = words;
  for (size_t part = 0; words && part < count; part++) end = mempcpy(end, parts[part].iov_base, parts[part].iov_len);
  if (words) said(fd, words, length);
  free(words);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  said_in_parts(fd, parts, count < 0 ? 0 : (size_t)count);
  return syscall(SYS_writev, fd, parts, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  said_in_parts(fd, message->msg_iov, message->msg_iovlen);
  return syscall(SYS_sendmsg, fd, message, flags);
}
