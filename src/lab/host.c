/* The peer's process and its loop: see host.h. */
#include "lab/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CONNS_MAX = 256,
    RETRY_MS = 100
};

struct host {
    const struct app *app;
    int listener;
    size_t used; /* slots that have been in use: the rest is untouched memory */
    bool full;   /* no slot or no memory for another connection */
    struct app_conn *conns;
    struct pollfd polls[1 + CONNS_MAX]; /* the listener, then one for each of conns; fd -1: free */
};

static socklen_t to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){0};
    if (address_is_v4(&e->ip)) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(e->port);
        memcpy(&in->sin_addr, address_v4_octets(&e->ip), sizeof(in->sin_addr));
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(e->port);
    in6->sin6_addr = e->ip;
    return sizeof(*in6);
}

/* A listener whose filter accepts nothing neither answers a SYN nor has the kernel reset it. */
static int accept_nothing(int fd)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog filter = {.len = 1, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

/* Before the address is there, so before anything can arrive unfiltered. */
static int bind_early(int fd, const struct endpoint *at)
{
    struct sockaddr_storage address;
    socklen_t n = to_sockaddr(at, &address);
    const int on = 1;
    int error = address.ss_family == AF_INET
                    ? setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on))
                    : setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
    return error != 0 ? error : bind(fd, (const struct sockaddr *)&address, n);
}

enum status host_listen(const struct app *app, const struct endpoint *at, int backlog, int *fd,
                        struct fault *fault)
{
    *fd = -1;
    if (app->port == APP_PORT_CLOSED)
        return STATUS_OK;
    *fd = socket(address_is_v4(&at->ip) ? AF_INET : AF_INET6,
                 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    int error = *fd < 0 ? -1 : 0;
    if (error == 0 && app->port == APP_PORT_SILENT)
        error = accept_nothing(*fd);
    if (error == 0)
        error = bind_early(*fd, at);
    if (error == 0)
        error = listen(*fd, backlog != 0 ? backlog : SOMAXCONN);
    if (error == 0)
        return STATUS_OK;
    enum status s =
        fault_set(fault, STATUS_SYSTEM, "the lab's peer cannot listen: %s", strerror(errno));
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return s;
}

static void drop(struct host *h, size_t slot)
{
    struct pollfd *p = &h->polls[1 + slot];
    close(p->fd);
    p->fd = -1;
}

/* False when the connection is broken. */
static bool send_some(struct app_conn *c, int fd)
{
    while (c->out_len != 0) {
        ssize_t n = send(fd, c->out, c->out_len, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        c->out += n;
        c->out_len -= (size_t)n;
    }
    return true;
}

static bool receive_some(const struct app *app, struct app_conn *c, int fd)
{
    ssize_t n = recv(fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
        c->closing = true;
        return true;
    }
    c->in_len += (size_t)n;
    app->take(c);
    return send_some(c, fd);
}

static void serve(struct host *h, size_t slot)
{
    struct pollfd *p = &h->polls[1 + slot];
    struct app_conn *c = &h->conns[slot];
    bool alive;
    if (h->app->take == NULL)
        alive = false; /* nobody reads: all that poll can report is that the connection is gone */
    else if (c->out_len != 0)
        alive = send_some(c, p->fd);
    else
        alive = receive_some(h->app, c, p->fd);
    if (!alive || (c->closing && c->out_len == 0))
        drop(h, slot);
    else
        p->events = c->out_len != 0 ? POLLOUT : POLLIN;
}

static size_t free_slot(const struct host *h)
{
    size_t slot = 0;
    while (slot < h->used && h->polls[1 + slot].fd >= 0)
        slot++;
    return slot;
}

static void welcome(struct host *h)
{
    for (;;) {
        size_t slot = free_slot(h);
        h->full = slot == CONNS_MAX;
        if (h->full)
            return;
        int fd = accept4(h->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            h->full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
            return;
        }
        if (h->app->hangs_up) {
            close(fd);
            continue;
        }
        struct app_conn *c = &h->conns[slot];
        c->in_len = c->out_len = 0;
        c->closing = false;
        h->polls[1 + slot] = (struct pollfd){.fd = fd, .events = h->app->take != NULL ? POLLIN : 0};
        if (slot == h->used)
            h->used++;
    }
}

__attribute__((noreturn)) static void run(struct host *h)
{
    for (;;) {
        h->polls[0] = (struct pollfd){.fd = h->full ? -1 : h->listener, .events = POLLIN};
        if (poll(h->polls, (nfds_t)(1 + h->used), h->full ? RETRY_MS : -1) < 0)
            continue;
        for (size_t slot = 0; slot < h->used; slot++) {
            if (h->polls[1 + slot].fd >= 0 && h->polls[1 + slot].revents != 0)
                serve(h, slot);
        }
        if (h->listener >= 0)
            welcome(h);
    }
}

static const char orphan_retries[] = "/proc/sys/net/ipv4/tcp_orphan_retries";

static bool set_capabilities(uint32_t permitted, uint32_t effective)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {.permitted = permitted, .effective = effective}};
    return syscall(SYS_capset, &head, data) == 0;
}

/* The one setting that we change at our end is root's by its owner; where root is only that of our
 * user namespace it needs CAP_NET_ADMIN there, which is then put aside until the end. */
static bool drop_privileges(void)
{
    const uint32_t admin = 1u << CAP_NET_ADMIN;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    bool aside = set_capabilities(admin, 0);
    int fd = open(orphan_retries, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return (aside && fd < 0) || set_capabilities(0, 0);
}

/* Leaves open only the listener, as descriptor 3, and nothing of the caller's terminal, pipes and
 * files: they must not outlive their use in the caller by a descriptor forgotten here. */
static void shed_descriptors(struct host *h)
{
    unsigned first = STDERR_FILENO + 1;
    if (h->listener >= 0)
        h->listener = dup2(h->listener, (int)first++);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    (void)close_range(first, ~0u, 0);
}

/* Our parent has died or has done with us. What our kernel still has to get through to the other
 * end, which may be gone, keeps this namespace for up to 100 s if it is a socket that was closed:
 * tcp(7), tcp_orphan_retries. Now it gives up within a second. */
static void leave(int signal_number)
{
    const uint32_t admin = 1u << CAP_NET_ADMIN;
    (void)signal_number;
    (void)set_capabilities(admin, admin); /* refused where it was not kept, and then not needed */
    int fd = open(orphan_retries, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, "1", 1); /* it was worth a try: without it, the 100 s remain */
    _exit(0);
}

/* Also if our caller ignores or blocks the signal. */
static bool leave_when_told(void)
{
    sigset_t leaving;
    return sigemptyset(&leaving) == 0 && sigaddset(&leaving, SIGTERM) == 0 &&
           signal(SIGTERM, leave) != SIG_ERR && sigprocmask(SIG_UNBLOCK, &leaving, NULL) == 0;
}

/* `ready` is written to when all that can fail is done. If our parent died before it was sure to
 * take us along, the other end of `ready` is closed and the write says so. */
__attribute__((noreturn)) static void live(const struct app *app, int listener, int namespace_fd,
                                           int ready)
{
    static const char byte = 1;
    struct host *h = calloc(1, sizeof(*h));
    struct app_conn *conns = calloc(CONNS_MAX, sizeof(*conns));
    /* A session of its own: a Ctrl-C is for the caller, whose death is what ends us. */
    if (h == NULL || conns == NULL || setsid() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        setns(namespace_fd, CLONE_NEWNET) != 0 || chdir("/") != 0 || !drop_privileges() ||
        !leave_when_told() || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 ||
        write(ready, &byte, 1) != 1)
        _exit(1);
    (void)prctl(PR_SET_NAME, "tcpshake-peer", 0, 0, 0);
    h->app = app;
    h->listener = listener;
    h->conns = conns;
    shed_descriptors(h);
    run(h);
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

enum status host_start(const struct app *app, int listener, int namespace_fd, pid_t *pid,
                       struct fault *fault)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        return fault_set(fault, STATUS_SYSTEM, "pipe: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0) {
        close(ready[0]);
        live(app, listener, namespace_fd, ready[1]);
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
