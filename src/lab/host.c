/* The peer's process, from its start to its end: see host.h. */
#include "lab/host.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/child.h"

/* Keeps what commands need, and nothing in this process can reach a network but the lab's: to bind
 * a low port again, and to be allowed what a crash takes (conn_crash makes it effective for that).
 */
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
           sigprocmask(SIG_BLOCK, leaving, NULL) == 0;
}

static void serve(void *arg, int ready)
{
    const struct host_config *config = arg;
    const struct fault nothing_to_say = {""};
    int listener = config->listener, ctl = config->ctl;
    sigset_t leaving;
    struct server *server = server_new(&config->service);
    if (server == NULL || setns(config->namespace_fd, CLONE_NEWNET) != 0 || !drop_privileges() ||
        !hold_signal(&leaving) || !child_is_ready(ready))
        child_failed(ready, &nothing_to_say);
    (void)prctl(PR_SET_NAME, "tcpshake-peer", 0, 0, 0);
    child_shed((int *const[]){&ctl, &listener}, 2);
    int told = signalfd(-1, &leaving, SFD_CLOEXEC);
    if (told < 0) /* then it ends us without a last act */
        (void)sigprocmask(SIG_UNBLOCK, &leaving, NULL);
    server_run(server, listener, ctl, told);
    leave();
}

enum status host_start(const struct host_config *config, pid_t *pid, struct fault *fault)
{
    struct host_config own = *config;
    return child_start(serve, &own, "the lab's peer", pid, fault);
}
