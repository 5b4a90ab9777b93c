/* What the program may do, and its promise not to do more than that. */
#include "net/privilege.h"

#include <cap-ng.h>
#include <errno.h>
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
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
    /* stdio asks these about a descriptor */
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    /* sockets that are open, and the quiet ones */
    SCMP_SYS(send),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
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

/* Allowed when one argument, seen through a mask, has one value. */
static int add_conditional(scmp_filter_ctx ctx)
{
    const scmp_datum_t word = UINT32_MAX;
    const struct {
        int call;
        unsigned arg;
        scmp_datum_t mask, value;
    } rules[] = {
        {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
        {SCMP_SYS(mmap2), 2, PROT_EXEC, 0},
        {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
        {SCMP_SYS(tgkill), 0, word, (scmp_datum_t)getpid()}, /* abort, raise */
        {SCMP_SYS(ioctl), 1, word, TCGETS},
        {SCMP_SYS(ioctl), 1, word, TIOCGWINSZ},
        {SCMP_SYS(ioctl), 1, word, SIOCGIFINDEX}, /* libpcap: is the interface still there, */
        {SCMP_SYS(ioctl), 1, word, SIOCGIFFLAGS}, /* and up? */
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof(rules) / sizeof(rules[0]); i++)
        error = seccomp_rule_add(
            ctx, SCMP_ACT_ALLOW, rules[i].call, 1,
            SCMP_CMP(rules[i].arg, SCMP_CMP_MASKED_EQ, rules[i].mask, rules[i].value));
    return error;
}

/* Quiet sockets: TCP and nothing else. */
static int add_socket(scmp_filter_ctx ctx, scmp_datum_t family)
{
    const scmp_datum_t kind = ~(scmp_datum_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) & UINT32_MAX;
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, family),
                            SCMP_A1(SCMP_CMP_MASKED_EQ, kind, SOCK_STREAM));
}

static int add_each(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < n; i++)
        error = seccomp_rule_add(ctx, action, calls[i], 0);
    return error;
}

static int add_all(scmp_filter_ctx ctx)
{
    int error = add_each(ctx, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
    if (error == 0)
        error =
            add_each(ctx, SCMP_ACT_ERRNO(EACCES), refused, sizeof(refused) / sizeof(refused[0]));
    if (error == 0)
        error = add_conditional(ctx);
    if (error == 0)
        error = add_socket(ctx, AF_INET);
    return error != 0 ? error : add_socket(ctx, AF_INET6);
}

/* What a look-up of names never needs, whatever nsswitch brings in. */
static const int of_no_lookup[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(kill),
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

static int add_lookups(scmp_filter_ctx ctx)
{
    return add_each(ctx, SCMP_ACT_ERRNO(EPERM), of_no_lookup,
                    sizeof(of_no_lookup) / sizeof(of_no_lookup[0]));
}

/* A process that looks names up (`lookups`) is refused a few calls. In any other, a call that is
 * not listed is a bug or an attack, and ends the process. */
static enum status load_filter(bool lookups, struct fault *fault)
{
    scmp_filter_ctx ctx = seccomp_init(lookups ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    int error = lookups ? add_lookups(ctx) : add_all(ctx);
    if (error == 0)
        error = seccomp_load(ctx);
    seccomp_release(ctx);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot load the seccomp filter: %s",
                         strerror(-error));
    return STATUS_OK;
}

#else

static enum status load_filter(bool lookups, struct fault *fault)
{
    (void)lookups;
    (void)fault;
    return STATUS_OK;
}

#endif

static enum status give_up_capabilities(struct fault *fault)
{
    capng_clear(CAPNG_SELECT_BOTH);
    (void)capng_apply(CAPNG_SELECT_BOUNDS); /* needs CAP_SETPCAP; without it nothing is lost, as
                                               nothing can be executed afterwards */
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot give up capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot set no_new_privs: %s", strerror(errno));
    return STATUS_OK;
}

enum status privilege_drop(struct fault *fault)
{
    enum status s = give_up_capabilities(fault);
    return s == STATUS_OK ? load_filter(false, fault) : s;
}

enum status privilege_drop_but_lookups(struct fault *fault)
{
    enum status s = give_up_capabilities(fault);
    return s == STATUS_OK ? load_filter(true, fault) : s;
}
