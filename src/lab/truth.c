/* One request, one answer: see truth.h. The kernel looks as it would for a segment from `remote`:
 * connections first, request sockets and TIME-WAIT included, then listeners. It names a request
 * socket SYN-RECEIVED, and a time-wait socket by the state it stands for, which is FIN-WAIT-2 for a
 * closed socket that still waits for the peer's FIN. */
#include "lab/truth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr head;
    struct inet_diag_req_v2 what;
};

/* Attributes that follow are of no interest and are cut off. */
struct answer {
    struct nlmsghdr head;
    union {
        int error;
        struct inet_diag_msg found;
    };
};

/* By the kernel's numbers (include/net/tcp_states.h); they start at 1. */
static const enum state states[] = {
    STATE_COUNT,
    [TCP_ESTABLISHED] = STATE_ESTABLISHED,
    [TCP_SYN_SENT] = STATE_SYN_SENT,
    [TCP_SYN_RECV] = STATE_SYN_RECEIVED,
    [TCP_FIN_WAIT1] = STATE_FIN_WAIT_1,
    [TCP_FIN_WAIT2] = STATE_FIN_WAIT_2,
    [TCP_TIME_WAIT] = STATE_TIME_WAIT,
    [TCP_CLOSE] = STATE_CLOSED,
    [TCP_CLOSE_WAIT] = STATE_CLOSE_WAIT,
    [TCP_LAST_ACK] = STATE_LAST_ACK,
    [TCP_LISTEN] = STATE_LISTEN,
    [TCP_CLOSING] = STATE_CLOSING,
};

enum status truth_open(struct truth *t, struct fault *fault)
{
    t->seq = 0;
    t->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (t->fd < 0)
        return fault_set(fault, STATUS_SYSTEM, "sock_diag: %s", strerror(errno));
    return STATUS_OK;
}

void truth_close(struct truth *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

static void put_address(__be32 out[4], const struct in6_addr *ip)
{
    if (address_is_v4(ip))
        memcpy(out, address_v4_octets(ip), 4);
    else
        memcpy(out, ip, sizeof(*ip));
}

static struct request make_request(uint32_t seq, const struct endpoint *local,
                                   const struct endpoint *remote)
{
    struct request r = {
        .head = {.nlmsg_len = sizeof(r),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST,
                 .nlmsg_seq = seq},
        .what = {.sdiag_family = address_is_v4(&local->ip) ? AF_INET : AF_INET6,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = ~0u,
                 .id = {.idiag_sport = htons(local->port),
                        .idiag_dport = htons(remote->port),
                        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    put_address(r.what.id.idiag_src, &local->ip);
    put_address(r.what.id.idiag_dst, &remote->ip);
    return r;
}

static enum status broken(struct fault *fault, int error)
{
    return fault_set(fault, STATUS_SYSTEM, "sock_diag: %s", strerror(error));
}

static enum status parse_answer(const struct answer *answer, size_t n, enum state *state,
                                struct fault *fault)
{
    size_t room = n - sizeof(answer->head);
    if (answer->head.nlmsg_type == NLMSG_ERROR && room >= sizeof(answer->error)) {
        if (answer->error != -ENOENT)
            return broken(fault, -answer->error);
        *state = STATE_CLOSED;
        return STATUS_OK;
    }
    if (answer->head.nlmsg_type != SOCK_DIAG_BY_FAMILY || room < sizeof(answer->found) ||
        answer->found.idiag_state >= sizeof(states) / sizeof(states[0]) ||
        states[answer->found.idiag_state] == STATE_COUNT)
        return broken(fault, EBADMSG);
    *state = states[answer->found.idiag_state];
    return STATUS_OK;
}

enum status truth_read(struct truth *t, const struct endpoint *local, const struct endpoint *remote,
                       enum state *state, struct fault *fault)
{
    if (t->fd < 0)
        return fault_set(fault, STATUS_SYSTEM,
                         "this kernel does not report the state of TCP sockets; load tcp_diag");
    const struct request r = make_request(++t->seq, local, remote);
    if (send(t->fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
        return broken(fault, errno);
    struct answer answer;
    ssize_t n;
    do {
        /* The kernel has answered before send returns, so this never waits. */
        n = recv(t->fd, &answer, sizeof(answer), MSG_DONTWAIT);
        if (n < 0)
            return broken(fault, errno);
        if ((size_t)n < sizeof(answer.head))
            return broken(fault, EBADMSG);
    } while (answer.head.nlmsg_seq != t->seq);
    return parse_answer(&answer, (size_t)n, state, fault);
}
