/* Orders and answers, a packet each: see ctl.h. */
#include "lab/ctl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"

/* The peer answers within microseconds, or after what else it is just serving. */
#define ANSWER_WITHIN CLOCK_S

struct answer {
    uint32_t number;
    int error;
};

enum status ctl_open(struct ctl *c, int *peer_fd, struct fault *fault)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_set(fault, STATUS_SYSTEM, "socketpair: %s", strerror(errno));
    *c = (struct ctl){.fd = pair[0]};
    *peer_fd = pair[1];
    return STATUS_OK;
}

void ctl_close(struct ctl *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* What happened in words; those of the kernel where we have none of our own. */
static const char *reason(int error)
{
    switch (error) {
    case ENOTCONN:
        return "it has none";
    case EPIPE:
        return "it has closed";
    case EALREADY:
        return "it already has";
    case EOPNOTSUPP:
        return "it is half-open, which only its kernel knows of";
    case ETIMEDOUT:
        return "it does not answer";
    default:
        return strerror(error);
    }
}

bool ctl_is_general(enum call what)
{
    return what == CALL_STOP_LISTENING || what == CALL_LISTEN || what == CALL_ACCEPT ||
           what == CALL_SET;
}

static enum status refused(const struct ctl_order *order, int error, struct fault *fault)
{
    static const char *const acts[] = {
        [CALL_CONNECT] = "connect to",
        [CALL_CLOSE] = "close its connection with",
        [CALL_ABORT] = "abort its connection with",
        [CALL_SEND] = "send on its connection with",
        [CALL_STOP_LISTENING] = "stop listening",
        [CALL_LISTEN] = "listen again",
        [CALL_CRASH] = "forget its connection with",
        [CALL_KILL] = "be killed at its connection with",
        [CALL_STATUS] = "tell what it saw",
        [CALL_ACCEPT] = "accept",
        [CALL_SET] = "change a setting",
    };
    char with[ENDPOINT_TEXT_MAX] = "";
    bool general = ctl_is_general(order->what);
    return fault_set(fault, STATUS_SYSTEM, "the lab's peer cannot %s%s%s: %s", acts[order->what],
                     general ? "" : " ", general ? "" : endpoint_format(&order->remote, with),
                     reason(error));
}

/* The error in the answer, or why there is none. */
static int await(const struct ctl *c)
{
    const int64_t until = loop_clock(CLOCK_MONOTONIC) + ANSWER_WITHIN;
    for (int64_t left; (left = until - loop_clock(CLOCK_MONOTONIC)) > 0;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (poll(&p, 1, (int)(left / CLOCK_MS) + 1) <= 0)
            continue; /* a signal, or time is up */
        struct answer answer;
        ssize_t n = recv(c->fd, &answer, sizeof(answer), MSG_DONTWAIT);
        if (n == 0)
            return ECONNRESET;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return errno;
        if (n == (ssize_t)sizeof(answer) && answer.number == c->number) /* none that came late */
            return answer.error;
    }
    return ETIMEDOUT;
}

int ctl_ask(struct ctl *c, struct ctl_order order, const void *data)
{
    struct iovec parts[] = {{.iov_base = &order, .iov_len = sizeof(order)},
                            {.iov_base = (void *)(uintptr_t)data, .iov_len = order.n}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = order.n != 0 ? 2 : 1};
    order.number = ++c->number;
    if (order.n > LAB_CALL_DATA_MAX)
        return EMSGSIZE;
    return sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : await(c);
}

enum status ctl_give(struct ctl *c, struct ctl_order order, const void *data, struct fault *fault)
{
    int error = ctl_ask(c, order, data);
    return error == 0 ? STATUS_OK : refused(&order, error, fault);
}

bool ctl_take(int fd, struct ctl_order *order, char data[LAB_CALL_DATA_MAX])
{
    struct iovec parts[] = {{.iov_base = order, .iov_len = sizeof(*order)},
                            {.iov_base = data, .iov_len = LAB_CALL_DATA_MAX}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t n;
    do
        n = recvmsg(fd, &message, 0);
    while (n < 0 && errno == EINTR);
    return n >= (ssize_t)sizeof(*order) && order->n == (size_t)n - sizeof(*order);
}

void ctl_answer(int fd, const struct ctl_order *order, int error)
{
    const struct answer answer = {.number = order->number, .error = error};
    /* It may have given up waiting, or be gone. */
    (void)send(fd, &answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
}
