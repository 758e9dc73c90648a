/* The wall clock as a test wants it: preloaded, it reads from a file that is mapped, so that a process that runs can
   have its clock stepped, slewed or unset. The monotonic clocks stay what they are.

   The file's name is in FAULTING_CLOCK; it begins with a `struct control`. With FAULTING_BOOT the kernel's boot id is
   read from that file, so that a restart can be another boot. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t offset_ns;    /* the wall is ahead of the truth by so much ... */
    int64_t since_ns;     /* ... when the monotonic clock showed this, */
    int64_t ppm;          /* and gets ahead by so many millionths from then on */
    int64_t synchronised; /* what NTP says: 0 or 1 */
    volatile int64_t version; /* odd while it is being written */
};

static struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAULTING_CLOCK");
    int file = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *where = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, file, 0);
    if (where != MAP_FAILED) control = where;
    syscall(SYS_close, file);
}

static struct control now_wanted(void) {
    struct control found;
    int64_t before;
    do {
        before = control->version;
        __sync_synchronize();
        memcpy(&found, (const void *)control, sizeof found);
        __sync_synchronize();
    } while (before & 1 || before != control->version);
    return found;
}

static int is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    int failed = syscall(SYS_clock_gettime, clock, out);
    if (failed || !control || !is_wall(clock)) return failed;
    struct control wanted = now_wanted();
    struct timespec monotonic;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &monotonic);
    int64_t passed = monotonic.tv_sec * 1000000000LL + monotonic.tv_nsec - wanted.since_ns;
    int64_t off = wanted.offset_ns + passed / 1000000 * wanted.ppm;
    int64_t wall = out->tv_sec * 1000000000LL + out->tv_nsec + off;
    out->tv_sec = wall / 1000000000LL;
    out->tv_nsec = wall % 1000000000LL;
    if (out->tv_nsec < 0) {
        out->tv_sec--;
        out->tv_nsec += 1000000000LL;
    }
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

static int adjusted(struct timex *out) {
    if (!control) return syscall(SYS_adjtimex, out);
    memset(out, 0, sizeof *out);
    if (now_wanted().synchronised) return TIME_OK;
    out->status = STA_UNSYNC;
    return TIME_ERROR;
}

int adjtimex(struct timex *out) { return adjusted(out); }
int ntp_adjtime(struct timex *out) { return adjusted(out); }

/* ------------------------------------------------------------ which boot it is */

static const char *instead(const char *path) {
    const char *boot = getenv("FAULTING_BOOT");
    return boot && path && !strcmp(path, "/proc/sys/kernel/random/boot_id") ? boot : path;
}

#define OPENING(folder)                                                                                                \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                                             \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = va_arg(more, mode_t);                                                                                   \
        va_end(more);                                                                                                  \
    }                                                                                                                  \
    return syscall(SYS_openat, folder, instead(path), flags | O_LARGEFILE, mode)

int open(const char *path, int flags, ...) { OPENING(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPENING(AT_FDCWD); }
