/* See self_socket.h. On Linux the segments of such a connection are exchanged within the system
 * call that causes them, so the kernel can be asked for the socket's state before, between and
 * after the calls but not while they are made. */
#include "lab/self_socket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lab/truth.h"
#include "net/loop.h"

enum {
    LOOK_EVERY = 64, /* attempts between two looks at signals and the clock */
    CALL_WAIT_S = 1, /* for a system call that ought to return at once */
};

static const char words[] = "to itself";

struct trial {
    const struct self_socket_config *config;
    struct self_connect_doings *doings;
    struct sockaddr_storage to;
    socklen_t to_len;
    struct truth truth;
    sigset_t signals;
    int64_t start_ns;
    int fd; /* of the attempt that goes on; -1: none */
};

enum status self_socket_ports(uint16_t *low, uint16_t *high, struct fault *fault)
{
    static const char path[] = "/proc/sys/net/ipv4/ip_local_port_range";
    FILE *f = fopen(path, "re");
    int got = f != NULL ? fscanf(f, "%hu %hu", low, high) : 0;
    if (f != NULL)
        (void)fclose(f);
    if (got != 2 || *low == 0 || *low > *high)
        return fault_set(fault, STATUS_SYSTEM, "%s cannot be read", path);
    return STATUS_OK;
}

static enum state ask_kernel(struct trial *t)
{
    const struct endpoint *at = &t->config->at;
    enum state state = STATE_CLOSED;
    if (truth_read(&t->truth, at, at, &state, NULL) != STATUS_OK)
        t->doings->kernel_known = false;
    return state;
}

/* Nobody hears of it for longer than a second, whatever the kernel does. */
static int open_socket(const struct trial *t)
{
    const struct timeval wait = {.tv_sec = CALL_WAIT_S};
    int fd = socket(t->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Whether both ends of a connected socket are the same. */
static bool is_itself(int fd)
{
    struct sockaddr_storage ours = {0}, theirs = {0};
    socklen_t ours_len = sizeof(ours), theirs_len = sizeof(theirs);
    if (getsockname(fd, (struct sockaddr *)&ours, &ours_len) != 0 ||
        getpeername(fd, (struct sockaddr *)&theirs, &theirs_len) != 0)
        return false;
    const struct endpoint a = endpoint_of_sockaddr((const struct sockaddr *)&ours);
    const struct endpoint b = endpoint_of_sockaddr((const struct sockaddr *)&theirs);
    return endpoint_equal(&a, &b);
}

/* One attempt. */
static enum status attempt(struct trial *t, bool *happened, struct fault *fault)
{
    *happened = false;
    t->fd = open_socket(t);
    if (t->fd < 0)
        return fault_set(fault, STATUS_SYSTEM, "socket: %s", strerror(errno));
    t->doings->attempts++;
    t->doings->open_ns = loop_clock(CLOCK_REALTIME); /* that of the capture's stamps */
    int failed = connect(t->fd, (const struct sockaddr *)&t->to, t->to_len);
    int error = errno;
    if (failed == 0 && is_itself(t->fd)) {
        *happened = true;
        return STATUS_OK;
    }
    close(t->fd);
    t->fd = -1;
    if (failed == 0)
        return fault_set(fault, STATUS_SYSTEM, "somebody listens on port %u: choose another --port",
                         (unsigned)t->config->at.port);
    if (error != ECONNREFUSED)
        return fault_set(fault, STATUS_SYSTEM, "connect: %s", strerror(error));
    t->doings->refused++;
    return STATUS_OK;
}

/* Whether there is a reason to give up. */
static bool enough(struct trial *t)
{
    const struct timespec at_once = {0};
    struct self_connect_doings *d = t->doings;
    if (d->attempts >= t->config->attempts) {
        d->end = SELF_CONNECT_EXHAUSTED;
        return true;
    }
    if (d->attempts % LOOK_EVERY != 0)
        return false;
    int signal = sigtimedwait(&t->signals, NULL, &at_once);
    if (t->config->progress != NULL)
        t->config->progress(t->config->arg, d->attempts, signal == SIGQUIT);
    d->end = signal > 0 && signal != SIGQUIT ? SELF_CONNECT_INTERRUPTED : SELF_CONNECT_DEADLINE;
    return (signal > 0 && signal != SIGQUIT) ||
           loop_clock(CLOCK_MONOTONIC) - t->start_ns >= t->config->within_ns;
}

static enum status try_until(struct trial *t, struct fault *fault)
{
    bool happened = false;
    enum status s = STATUS_OK;
    while (s == STATUS_OK && !happened && !enough(t))
        s = attempt(t, &happened, fault);
    t->doings->elapsed_ns = loop_clock(CLOCK_MONOTONIC) - t->start_ns;
    if (happened)
        t->doings->end = SELF_CONNECT_HAPPENED;
    return s;
}

/* What is written to the socket is to be read from it; its FIN is the end of what it reads. */
static enum status converse(struct trial *t, struct fault *fault)
{
    struct self_connect_doings *d = t->doings;
    char heard[sizeof(words)] = "";
    d->connected = ask_kernel(t);
    ssize_t said = send(t->fd, words, sizeof(words) - 1, MSG_NOSIGNAL);
    ssize_t n = said > 0 ? recv(t->fd, heard, (size_t)said, MSG_WAITALL) : -1;
    if (said < 0 || n < 0)
        return fault_set(fault, STATUS_SYSTEM, "the connection with itself: %s", strerror(errno));
    d->said = (size_t)said;
    d->heard = memcmp(words, heard, (size_t)n) == 0 ? (size_t)n : 0;
    d->close_ns = loop_clock(CLOCK_REALTIME);
    if (shutdown(t->fd, SHUT_WR) != 0 || recv(t->fd, heard, 1, 0) != 0)
        return fault_set(fault, STATUS_SYSTEM, "it did not read its own FIN");
    d->closed = ask_kernel(t);
    return STATUS_OK;
}

static bool hold_signals(struct trial *t)
{
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    (void)sigemptyset(&t->signals);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        (void)sigaddset(&t->signals, held[i]);
    return sigprocmask(SIG_BLOCK, &t->signals, NULL) == 0;
}

enum status self_socket_run(const struct self_socket_config *config, struct self_connect_doings *d,
                            struct fault *fault)
{
    struct trial t = {
        .config = config, .doings = d, .fd = -1, .start_ns = loop_clock(CLOCK_MONOTONIC)};
    *d = (struct self_connect_doings){.end = SELF_CONNECT_DEADLINE};
    t.to_len = endpoint_to_sockaddr(&config->at, &t.to);
    if (!hold_signals(&t))
        return fault_set(fault, STATUS_SYSTEM, "sigprocmask: %s", strerror(errno));
    d->kernel_known = truth_open(&t.truth, NULL) == STATUS_OK;
    d->before = ask_kernel(&t);
    enum status s = try_until(&t, fault);
    if (s == STATUS_OK && d->end == SELF_CONNECT_HAPPENED)
        s = converse(&t, fault);
    if (t.fd >= 0)
        close(t.fd);
    truth_close(&t.truth);
    return s;
}
