/* base/os_machine.c - what the machine is, and its random numbers.
 *
 * The number of CPUs is what this process may use: its affinity mask, lowered by the CPU quota of
 * its control group and of every group above (containers set a quota and leave the mask as wide as
 * the host).
 */
#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT, syscall */
#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROC_BYTES_MAX (4u << 20)

void os_random(void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        BUG_IF(got <= 0);
        at += got;
        len -= (size_t)got;
    }
}

/* A file of the kernel's; empty when it is not there. */
static void read_kernel_file(const char *path, struct buf *out)
{
    struct err ignored = {0};
    buf_clear(out);
    if (os_read_file(path, PROC_BYTES_MAX, out, &ignored)) buf_clear(out);
}

/* CPUs that a quota file allows, rounded up; 0 when it sets no bound. v2: "max 100000" or "150000
 * 100000". */
static int quota_cpus(const char *path, struct buf *scratch)
{
    long long quota, period;
    read_kernel_file(path, scratch);
    if (sscanf(scratch->data, "%lld %lld", &quota, &period) != 2) return 0;
    if (quota <= 0 || period <= 0) return 0;
    return (int)((quota + period - 1) / period);
}

static int quota_of_groups(void)
{
    struct buf text, scratch;
    char group[1024] = "", path[PATH_BYTES_MAX];
    int least = 0;
    buf_init(&text, PROC_BYTES_MAX);
    buf_init(&scratch, PROC_BYTES_MAX);
    read_kernel_file("/proc/self/cgroup", &text);
    const char *line = strstr(text.data, "0::/"); /* version 2 */
    if (line && sscanf(line, "0::%1023[^\n]", group) != 1) group[0] = '\0';
    for (;;) {
        char *slash = strrchr(group, '/');
        if (slash && slash[1] == '\0') *slash = '\0';
        if (str_format(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group)) {
            int cpus = quota_cpus(path, &scratch);
            if (cpus > 0 && (least == 0 || cpus < least)) least = cpus;
        }
        slash = strrchr(group, '/');
        if (!slash) break;
        *slash = '\0';
    }
    buf_release(&text);
    buf_release(&scratch);
    return least;
}

int os_cpu_count(void)
{
    cpu_set_t set;
    long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                             : sysconf(_SC_NPROCESSORS_ONLN);
    int quota = quota_of_groups();
    if (quota > 0 && quota < count) count = quota;
    return count < 1 ? 1 : (int)count;
}

void os_cpu_name(char out[64])
{
    struct buf text;
    buf_init(&text, PROC_BYTES_MAX);
    read_kernel_file("/proc/cpuinfo", &text);
    out[0] = '\0';
    const char *name = strstr(text.data, "model name");
    if (!name || sscanf(name, "model name%*[ \t]: %63[^\n]", out) != 1) {
        struct utsname host;
        if (uname(&host) == 0)
            snprintf(out, 64, "%.40s CPU", host.machine);
        else
            snprintf(out, 64, "unknown CPU");
    }
    buf_release(&text);
}

/* Numbers of Linux's arch_prctl for x86-64; state 18 is the data of tiles. */
bool os_tiles_permit(void)
{
#if defined(__x86_64__) && defined(SYS_arch_prctl)
    enum { GET_PERMITTED = 0x1022, REQUEST = 0x1023, TILE_DATA = 18 };
    uint64_t permitted = 0;
    if (syscall(SYS_arch_prctl, REQUEST, TILE_DATA) != 0) return false;
    if (syscall(SYS_arch_prctl, GET_PERMITTED, &permitted) != 0) return false;
    return (permitted >> TILE_DATA & 1u) != 0;
#else
    return false;
#endif
}

void os_thread_background(void)
{
    /* Linux counts niceness by thread; a refusal does not matter. */
    (void)!setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
}

int64_t os_peak_memory_bytes(void)
{
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 ? (int64_t)use.ru_maxrss * 1024 : 0;
}
