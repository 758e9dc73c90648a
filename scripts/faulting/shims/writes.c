/* Remembers everything that a process does to the files below one folder, in the order in which it happened.

   Preloaded; sleeps until `faulting_record(root, log, notes)` is called. Each call that changes a file or a folder
   becomes one record behind it, under one lock, so that no two records are in another order than their effects.
   A sync is recorded when it has returned, with the number of records there were when it was begun: only what was
   done by then is promised to be durable. Writes to the file `notes` are recorded as they are (the promise log).
   What is not understood (a shared mapping, a splice into a file) is recorded as such, for the reader to refuse. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, RESIZE, RENAME, UNLINK, MAKE_FOLDER, REMOVE_FOLDER, SYNC, SYNC_ALL, NOTE, STRANGE };
enum { FOREIGN = 0, OURS, NOTES };
enum { FILES = 65536 };

struct record {
    uint32_t magic, operation;
    uint64_t file, place, size, begun;
    uint32_t name_bytes, name2_bytes, data_bytes, zero;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], notes[PATH_MAX];
static size_t root_bytes;
static int out = -1;
static uint64_t records;
static unsigned char kinds[FILES];

#define REAL(name) ((__typeof__(&name)) real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static ssize_t real_writev(int file, const struct iovec *parts, int count) {
    return syscall(SYS_writev, file, parts, count);
}

static void put(uint32_t operation, uint64_t file, uint64_t place, uint64_t size, uint64_t begun, const char *name,
                const char *name2, const void *data, size_t data_bytes) {
    struct record head = {0x46415554, operation, file, place, size, begun, name ? strlen(name) : 0,
                          name2 ? strlen(name2) : 0, (uint32_t)data_bytes, 0};
    struct iovec parts[4] = {{&head, sizeof head},
                             {(void *)name, head.name_bytes},
                             {(void *)name2, head.name2_bytes},
                             {(void *)data, data_bytes}};
    int kept = errno;
    size_t whole = sizeof head + head.name_bytes + head.name2_bytes + data_bytes;
    if (real_writev(out, parts, 4) != (ssize_t)whole) abort();
    records++;
    errno = kept;
}

static uint64_t number_of(int file, uint64_t *size) {
    struct stat found;
    if (fstat(file, &found)) return 0;
    if (size) *size = found.st_size;
    return found.st_ino;
}

static uint64_t number_at(const char *path) {
    struct stat found;
    return lstat(path, &found) ? 0 : found.st_ino;
}

/* The absolute name of what is meant, when it lies below the root; NULL otherwise. */
static const char *ours(int folder, const char *path, char *whole) {
    if (out < 0 || !path) return NULL;
    if (path[0] == '/') {
        if (snprintf(whole, PATH_MAX, "%s", path) >= PATH_MAX) return NULL;
    } else {
        char base[PATH_MAX];
        if (folder == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return NULL;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t bytes = readlink(link, base, sizeof base - 1);
            if (bytes < 0) return NULL;
            base[bytes] = 0;
        }
        if (snprintf(whole, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
    }
    if (strncmp(whole, root, root_bytes) || (whole[root_bytes] && whole[root_bytes] != '/')) return NULL;
    return whole;
}

int faulting_record(const char *new_root, const char *log, const char *new_notes) {
    snprintf(root, sizeof root, "%s", new_root);
    snprintf(notes, sizeof notes, "%s", new_notes);
    root_bytes = strlen(root);
    int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    out = fcntl(file, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, file);
    return out < 0 ? -1 : 0;
}

/* ------------------------------------------------------------ opening and closing */

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = ours(folder, path, whole);
    int is_notes = out >= 0 && path && !strcmp(path, notes);
    if (!name) {
        int file = syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
        if (file >= 0 && file < FILES) kinds[file] = is_notes ? NOTES : FOREIGN;
        return file;
    }
    pthread_mutex_lock(&turn);
    uint64_t before = number_at(name);
    int file = syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
    if (file >= FILES) abort();
    if (file >= 0) {
        kinds[file] = OURS;
        if (!before && flags & O_CREAT) put(CREATE, number_of(file, NULL), 0, 0, 0, name, NULL, NULL, 0);
        else if (flags & O_TRUNC) put(RESIZE, number_of(file, NULL), 0, 0, 0, NULL, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    return file;
}

#define OPENING(name, folder)                                                                                          \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                                             \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = va_arg(more, mode_t);                                                                                   \
        va_end(more);                                                                                                  \
    }                                                                                                                  \
    return opened(folder, path, flags, mode)

int open(const char *path, int flags, ...) { OPENING(open, AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPENING(open64, AT_FDCWD); }
int openat(int folder, const char *path, int flags, ...) { OPENING(openat, folder); }
int openat64(int folder, const char *path, int flags, ...) { OPENING(openat64, folder); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int file) {
    if (file >= 0 && file < FILES) kinds[file] = FOREIGN;
    return REAL(close)(file);
}

static int doubled(int from, int to) {
    if (from >= 0 && from < FILES && to >= 0 && to < FILES) kinds[to] = kinds[from];
    return to;
}

int dup(int file) { return doubled(file, REAL(dup)(file)); }
int dup2(int file, int wanted) { return doubled(file, REAL(dup2)(file, wanted)); }
int dup3(int file, int wanted, int flags) { return doubled(file, REAL(dup3)(file, wanted, flags)); }

static int kind_of(int file) { return out >= 0 && file >= 0 && file < FILES ? kinds[file] : FOREIGN; }

/* ------------------------------------------------------------ writing */

static ssize_t written(int file, const void *data, size_t bytes, int64_t place) {
    uint64_t size = 0;
    pthread_mutex_lock(&turn);
    uint64_t number = number_of(file, &size);
    int64_t from = place;
    if (from < 0) from = fcntl(file, F_GETFL) & O_APPEND ? (int64_t)size : lseek(file, 0, SEEK_CUR);
    ssize_t done = place < 0 ? syscall(SYS_write, file, data, bytes) : syscall(SYS_pwrite64, file, data, bytes, place);
    if (done > 0) put(kinds[file] == NOTES ? NOTE : WRITE, number, from, 0, 0, NULL, NULL, data, done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t write(int file, const void *data, size_t bytes) {
    return kind_of(file) ? written(file, data, bytes, -1) : syscall(SYS_write, file, data, bytes);
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t place) {
    return kind_of(file) ? written(file, data, bytes, place) : syscall(SYS_pwrite64, file, data, bytes, place);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t place) { return pwrite64(file, data, bytes, place); }

static ssize_t gathered(int file, const struct iovec *parts, int count, int64_t place) {
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        ssize_t done = written(file, parts[part].iov_base, parts[part].iov_len, place < 0 ? -1 : place + all);
        if (done < 0) return all ? all : -1;
        all += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    return all;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    return kind_of(file) ? gathered(file, parts, count, -1) : real_writev(file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t place) {
    return kind_of(file) ? gathered(file, parts, count, place) : REAL(pwritev)(file, parts, count, place);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t place) {
    return pwritev(file, parts, count, place);
}

int ftruncate64(int file, off64_t size) {
    if (!kind_of(file)) return syscall(SYS_ftruncate, file, size);
    pthread_mutex_lock(&turn);
    int failed = syscall(SYS_ftruncate, file, size);
    if (!failed) put(RESIZE, number_of(file, NULL), 0, size, 0, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

/* ------------------------------------------------------------ names */

static int moved(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char whole_from[PATH_MAX], whole_to[PATH_MAX];
    const char *a = ours(from_folder, from, whole_from), *b = ours(to_folder, to, whole_to);
    if (!a && !b) return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&turn);
    uint64_t number = a ? number_at(a) : 0;
    int failed = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (!failed) put(a && b && !flags ? RENAME : STRANGE, number, 0, 0, 0, a ? a : from, b ? b : to, NULL, 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return moved(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return moved(a, from, b, to, flags); }

static int removed(int folder, const char *path, int flags) {
    char whole[PATH_MAX];
    const char *name = ours(folder, path, whole);
    if (!name) return syscall(SYS_unlinkat, folder, path, flags);
    pthread_mutex_lock(&turn);
    uint64_t number = number_at(name);
    int failed = syscall(SYS_unlinkat, folder, path, flags);
    if (!failed) put(flags & AT_REMOVEDIR ? REMOVE_FOLDER : UNLINK, number, 0, 0, 0, name, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = ours(folder, path, whole);
    if (!name) return syscall(SYS_mkdirat, folder, path, mode);
    pthread_mutex_lock(&turn);
    int failed = syscall(SYS_mkdirat, folder, path, mode);
    if (!failed) put(MAKE_FOLDER, number_at(name), 0, 0, 0, name, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* ------------------------------------------------------------ making durable */

static int synced(int file, long call) {
    if (kind_of(file) != OURS) return syscall(call, file);
    pthread_mutex_lock(&turn);
    uint64_t begun = records, number = number_of(file, NULL);
    pthread_mutex_unlock(&turn);
    int failed = syscall(call, file);
    if (failed) return failed;
    pthread_mutex_lock(&turn);
    put(SYNC, number, 0, 0, begun, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    return 0;
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

static void synced_all(void) {
    if (out < 0) return;
    pthread_mutex_lock(&turn);
    put(SYNC_ALL, 0, 0, 0, records, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
}

void sync(void) {
    syscall(SYS_sync);
    synced_all();
}

int syncfs(int file) {
    int failed = syscall(SYS_syncfs, file);
    if (!failed) synced_all();
    return failed;
}

/* ------------------------------------------------------------ what would go past us */

static void strange(const char *what) {
    pthread_mutex_lock(&turn);
    put(STRANGE, 0, 0, 0, 0, what, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
}

void *mmap64(void *where, size_t bytes, int rights, int flags, int file, off64_t place) {
    if (kind_of(file) == OURS && rights & PROT_WRITE && (flags & MAP_TYPE) != MAP_PRIVATE) {
        char link[64], name[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t length = readlink(link, name, sizeof name - 1);
        name[length < 0 ? 0 : length] = 0;
        if (length < 4 || strcmp(name + length - 4, "-shm")) strange("a shared mapping"); /* SQLite's needs no disk */
    }
    return (void *)syscall(SYS_mmap, where, bytes, rights, flags, file, place);
}

void *mmap(void *where, size_t bytes, int rights, int flags, int file, off_t place) {
    return mmap64(where, bytes, rights, flags, file, place);
}

static int allocated(int file, int mode, off64_t place, off64_t bytes) {
    if (kind_of(file) != OURS) return syscall(SYS_fallocate, file, mode, place, bytes);
    if (mode) strange("fallocate that does more than lengthen");
    pthread_mutex_lock(&turn);
    uint64_t size = 0, number = 0;
    int failed = syscall(SYS_fallocate, file, mode, place, bytes);
    if (!failed) {
        number = number_of(file, &size);
        put(RESIZE, number, 0, size, 0, NULL, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    return failed;
}

int fallocate64(int file, int mode, off64_t place, off64_t bytes) { return allocated(file, mode, place, bytes); }
int fallocate(int file, int mode, off_t place, off_t bytes) { return allocated(file, mode, place, bytes); }

int posix_fallocate64(int file, off64_t place, off64_t bytes) {
    return allocated(file, 0, place, bytes) ? errno : 0;
}

int posix_fallocate(int file, off_t place, off_t bytes) { return posix_fallocate64(file, place, bytes); }

int truncate64(const char *path, off64_t size) {
    char whole[PATH_MAX];
    if (ours(AT_FDCWD, path, whole)) strange("truncate by name");
    return syscall(SYS_truncate, path, size);
}

int truncate(const char *path, off_t size) { return truncate64(path, size); }

ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t bytes, unsigned flags) {
    if (kind_of(to) == OURS) strange("copy_file_range");
    return syscall(SYS_copy_file_range, from, a, to, b, bytes, flags);
}

ssize_t sendfile64(int to, int from, off64_t *place, size_t bytes) {
    if (kind_of(to) == OURS) strange("sendfile");
    return syscall(SYS_sendfile, to, from, place, bytes);
}

ssize_t sendfile(int to, int from, off_t *place, size_t bytes) { return sendfile64(to, from, place, bytes); }

int linkat(int a, const char *from, int b, const char *to, int flags) {
    char whole[PATH_MAX];
    if (ours(b, to, whole)) strange("a second name");
    return syscall(SYS_linkat, a, from, b, to, flags);
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
