/* What the program may do, and its promise not to do more than that. */
#include "net/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The sanitizers' runtimes need more than the filter leaves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif

#if defined(HAVE_SECCOMP) && !defined(UNDER_SANITIZER)
#define FILTERED 1
#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#endif

/* Whether a raw socket can be opened is asked of the kernel; only a refusal has to be explained. */
enum status privilege_check(struct fault *fault)
{
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
        return STATUS_OK;
    }
    if (capng_get_caps_process() != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot read this process's capabilities");
    if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW)) {
        char self[200] = "";
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        return fault_set(fault, STATUS_SYSTEM,
                         "raw sockets need CAP_NET_RAW: use sudo, or `tcpshake lab`, or once "
                         "`sudo setcap cap_net_raw+ep %s`",
                         n > 0 ? self : "tcpshake");
    }
    /* The capability only counts in the user namespace that owns this network. */
    return fault_set(fault, STATUS_SYSTEM,
                     "raw sockets are refused in spite of CAP_NET_RAW (%s): use it outside this "
                     "container, or `tcpshake lab`",
                     strerror(error));
}

#ifdef FILTERED

/* Allowed whatever the arguments: none of these reaches beyond what is open already. Names that
 * only other architectures have are passed over there by libseccomp. */
static const int allowed[] = {
    /* reading and writing */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(fsync),
    SCMP_SYS(close),
    /* stdio asks these about a descriptor */
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    /* sockets that are open, and the quiet ones */
    SCMP_SYS(recv),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    /* the loop */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_settime64),
    SCMP_SYS(pipe2),
    SCMP_SYS(restart_syscall),
    /* time, where the vDSO does not answer */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(getrandom),
    /* signals, children that are there already, the end */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(wait4),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Tried and done without: by glibc for time zones, locales and character sets; kill by the lab,
 * whose child dies with us anyway. */
static const int refused[] = {
    SCMP_SYS(kill),      SCMP_SYS(open),       SCMP_SYS(openat),   SCMP_SYS(stat),
    SCMP_SYS(stat64),    SCMP_SYS(lstat),      SCMP_SYS(lstat64),  SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
};

/* Besides what is allowed, by whatever nsswitch brings in: files and libraries, threads, sockets to
 * whoever answers. */
static const int of_lookups[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(stat64),
    SCMP_SYS(lstat),
    SCMP_SYS(lstat64),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(flock),
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe),
    SCMP_SYS(eventfd2),
    SCMP_SYS(mmap),
    SCMP_SYS(mmap2),
    SCMP_SYS(mprotect),
    SCMP_SYS(membarrier),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(getpeername),
    SCMP_SYS(shutdown),
    SCMP_SYS(select),
    SCMP_SYS(_newselect),
    SCMP_SYS(pselect6),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(rseq),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getppid),
    SCMP_SYS(capget),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(umask),
};

/* What no application of the lab's peer needs, whatever it does. */
static const int of_no_peer[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(keyctl),
    SCMP_SYS(truncate),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
};

/* Allowed when one argument, seen through a mask, has one value. */
struct condition {
    int call;
    unsigned arg;
    scmp_datum_t mask, value;
};

#define WORD UINT32_MAX

static const struct condition conditions[] = {
    {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
    {SCMP_SYS(mmap2), 2, PROT_EXEC, 0},
    {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    {SCMP_SYS(fcntl), 1, WORD, F_GETFD},
    {SCMP_SYS(fcntl), 1, WORD, F_SETFD},
    {SCMP_SYS(fcntl), 1, WORD, F_GETFL},
    {SCMP_SYS(fcntl), 1, WORD, F_SETFL},
    {SCMP_SYS(fcntl64), 1, WORD, F_GETFD},
    {SCMP_SYS(fcntl64), 1, WORD, F_SETFD},
    {SCMP_SYS(fcntl64), 1, WORD, F_GETFL},
    {SCMP_SYS(fcntl64), 1, WORD, F_SETFL},
    {SCMP_SYS(send), 3, MSG_FASTOPEN, 0}, /* which would connect a quiet socket */
    {SCMP_SYS(sendto), 3, MSG_FASTOPEN, 0},
    {SCMP_SYS(sendmsg), 2, MSG_FASTOPEN, 0},
    {SCMP_SYS(sendmmsg), 3, MSG_FASTOPEN, 0},
    {SCMP_SYS(ioctl), 1, WORD, TCGETS},
    {SCMP_SYS(ioctl), 1, WORD, TIOCGWINSZ},
    {SCMP_SYS(ioctl), 1, WORD, SIOCGIFINDEX}, /* libpcap: is the interface still there, */
    {SCMP_SYS(ioctl), 1, WORD, SIOCGIFFLAGS}, /* and up? */
};

static int add_condition(scmp_filter_ctx ctx, const struct condition *c)
{
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, c->call, 1,
                            SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value));
}

static int add_conditions(scmp_filter_ctx ctx)
{
    const struct condition ourselves = {SCMP_SYS(tgkill), 0, WORD, (scmp_datum_t)getpid()};
    int error = add_condition(ctx, &ourselves); /* abort, raise */
    for (size_t i = 0; error == 0 && i < sizeof(conditions) / sizeof(conditions[0]); i++)
        error = add_condition(ctx, &conditions[i]);
    return error;
}

/* Quiet sockets: TCP and nothing else, which is what protocol 0 is for such a socket. */
static int add_socket(scmp_filter_ctx ctx, scmp_datum_t family)
{
    const scmp_datum_t kind = ~(scmp_datum_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) & WORD;
    return seccomp_rule_add(
        ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, SCMP_A0(SCMP_CMP_MASKED_EQ, WORD, family),
        SCMP_A1(SCMP_CMP_MASKED_EQ, kind, SOCK_STREAM), SCMP_A2(SCMP_CMP_MASKED_EQ, WORD, 0));
}

static int add_each(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < n; i++)
        error = seccomp_rule_add(ctx, action, calls[i], 0);
    return error;
}

#define ADD_EACH(ctx, action, calls)                                                               \
    add_each(ctx, action, calls, sizeof(calls) / sizeof((calls)[0]))

static int add_run(scmp_filter_ctx ctx)
{
    int error = ADD_EACH(ctx, SCMP_ACT_ALLOW, allowed);
    if (error == 0)
        error = ADD_EACH(ctx, SCMP_ACT_ERRNO(EACCES), refused);
    if (error == 0)
        error = add_conditions(ctx);
    if (error == 0)
        error = add_socket(ctx, AF_INET);
    return error != 0 ? error : add_socket(ctx, AF_INET6);
}

static int add_lookups(scmp_filter_ctx ctx)
{
    int error = ADD_EACH(ctx, SCMP_ACT_ALLOW, allowed);
    if (error == 0)
        error = ADD_EACH(ctx, SCMP_ACT_ALLOW, of_lookups);
    return error != 0 ? error : add_conditions(ctx);
}

static int add_peer(scmp_filter_ctx ctx)
{
    return ADD_EACH(ctx, SCMP_ACT_ERRNO(EPERM), of_no_peer);
}

/* In a run, a call that is not listed is a bug or an attack, and ends the process. A library that
 * looks names up does without it, as on a kernel that has no such call. */
static enum status load_filter(enum privilege_of whose, struct fault *fault)
{
    static const struct {
        uint32_t otherwise;
        int (*add)(scmp_filter_ctx ctx);
    } filters[] = {
        [PRIVILEGE_OF_RUN] = {SCMP_ACT_KILL_PROCESS, add_run},
        [PRIVILEGE_OF_LOOKUPS] = {SCMP_ACT_ERRNO(ENOSYS), add_lookups},
        [PRIVILEGE_OF_PEER] = {SCMP_ACT_ALLOW, add_peer},
    };
    scmp_filter_ctx ctx = seccomp_init(filters[whose].otherwise);
    if (ctx == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    int error = filters[whose].add(ctx);
    if (error == 0)
        error = seccomp_load(ctx);
    seccomp_release(ctx);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot load the seccomp filter: %s",
                         strerror(-error));
    return STATUS_OK;
}

#else

static enum status load_filter(enum privilege_of whose, struct fault *fault)
{
    (void)whose;
    (void)fault;
    return STATUS_OK;
}

#endif

void privilege_become_nobody(void)
{
    const gid_t group = 65534;
    const uid_t user = 65534;
    if (geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(group, group, group) == 0)
        (void)!setresuid(user, user, user);
}

static enum status give_up_capabilities(struct fault *fault)
{
    capng_clear(CAPNG_SELECT_BOTH);
    (void)capng_apply(CAPNG_SELECT_BOUNDS); /* needs CAP_SETPCAP; without it nothing is lost, as
                                               nothing can be executed afterwards */
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot give up capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot set no_new_privs: %s", strerror(errno));
    /* The raw sockets stay open: no other process of this user is to reach in for them. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return STATUS_OK;
}

enum status privilege_drop(enum privilege_of whose, struct fault *fault)
{
    enum status s = whose == PRIVILEGE_OF_PEER ? STATUS_OK : give_up_capabilities(fault);
    return s == STATUS_OK ? load_filter(whose, fault) : s;
}
