/* The peer's process, from its start to its end: see host.h. */
#include "lab/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Keeps what cues need, and nothing in this process can reach a network but the lab's: to bind a
 * low port again, and to be allowed what a crash takes (conn_crash makes it effective for that). */
static bool drop_privileges(void)
{
    const uint32_t bind_service = UINT32_C(1) << CAP_NET_BIND_SERVICE;
    const uint32_t net_admin = UINT32_C(1) << CAP_NET_ADMIN;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, have) != 0)
        return false;
    const struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = have[0].effective & bind_service,
         .permitted = have[0].permitted & (bind_service | net_admin)}};
    return syscall(SYS_capset, &head, kept) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* Leaves open only the listener and the socket of the cues, as the first descriptors, and nothing
 * of the caller's terminal, pipes and files: they must not outlive their use in the caller by a
 * descriptor forgotten here. */
static void shed_descriptors(int *listener, int *cue)
{
    enum {
        CUE = STDERR_FILENO + 1,
        LISTENER,
        FIRST_FREE
    };
    int listener_copy = fcntl(*listener, F_DUPFD, FIRST_FREE); /* out of each other's way */
    int cue_copy = fcntl(*cue, F_DUPFD, FIRST_FREE);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    *cue = dup2(cue_copy, CUE);
    *listener = dup2(listener_copy, LISTENER); /* -1 stays -1 */
    (void)close_range(*listener >= 0 ? FIRST_FREE : LISTENER, ~0u, 0);
}

/* Our parent has died or has done with us. What our kernel still has to get through to the other
 * end, which may be gone, keeps this namespace for up to 100 s if it is a socket that was closed:
 * tcp(7), tcp_orphan_retries. Now it gives up within a second. */
__attribute__((noreturn)) static void leave(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3] = {{0}};
    /* Root by name alone may not write where root is an ordinary user's user namespace's. */
    if (syscall(SYS_capget, &head, have) == 0) {
        have[0].effective = have[0].permitted;
        (void)syscall(SYS_capset, &head, have);
    }
    int fd = open("/proc/sys/net/ipv4/tcp_orphan_retries", O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, "1", 1); /* it was worth a try: without it, the 100 s remain */
    _exit(0);
}

/* From now on the signal waits for whom it was sent to to look, whatever our caller did with it. */
static bool hold_signal(sigset_t *leaving)
{
    return sigemptyset(leaving) == 0 && sigaddset(leaving, SIGTERM) == 0 &&
           signal(SIGTERM, SIG_DFL) != SIG_ERR && sigprocmask(SIG_BLOCK, leaving, NULL) == 0;
}

/* `ready` is written to when all that can fail is done. If our parent died before it was sure to
 * take us along, the other end of `ready` is closed and the write says so. */
__attribute__((noreturn)) static void live(const struct host_config *config, int ready)
{
    static const char byte = 1;
    int listener = config->listener, cue = config->cue;
    sigset_t leaving;
    struct server *server = server_new(&config->service);
    /* A session of its own: a Ctrl-C is for the caller, whose death is what ends us. */
    if (server == NULL || setsid() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        setns(config->namespace_fd, CLONE_NEWNET) != 0 || chdir("/") != 0 || !drop_privileges() ||
        !hold_signal(&leaving) || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 ||
        write(ready, &byte, 1) != 1)
        _exit(1);
    (void)prctl(PR_SET_NAME, "tcpshake-peer", 0, 0, 0);
    shed_descriptors(&listener, &cue);
    int told = signalfd(-1, &leaving, SFD_CLOEXEC);
    if (told < 0) /* then it ends us without a last act */
        (void)sigprocmask(SIG_UNBLOCK, &leaving, NULL);
    server_run(server, listener, cue, told);
    leave();
}

static ssize_t read_byte(int fd)
{
    char byte;
    ssize_t n;
    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n;
}

enum status host_start(const struct host_config *config, pid_t *pid, struct fault *fault)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        return fault_set(fault, STATUS_SYSTEM, "pipe: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0) {
        close(ready[0]);
        live(config, ready[1]);
    }
    int error = errno;
    close(ready[1]);
    bool started = *pid > 0 && read_byte(ready[0]) == 1;
    close(ready[0]);
    if (started)
        return STATUS_OK;
    if (*pid < 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot start the lab's peer: %s", strerror(error));
    (void)waitpid(*pid, NULL, 0);
    return fault_set(fault, STATUS_SYSTEM, "the lab's peer ended before it was ready");
}
