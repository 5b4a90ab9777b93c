/* One request, one answer, but for what has to be counted: see truth.h. The kernel looks as it
 * would for a segment from `remote`: connections first, request sockets and TIME-WAIT included,
 * then listeners. It names a request socket SYN-RECEIVED, and a time-wait socket by the state it
 * stands for, which is FIN-WAIT-2 for a closed socket that still waits for the peer's FIN. */
#include "lab/truth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/namespace.h"

enum {
    DUMP_OCTETS = 32768,
    NETSTAT_MAX = 32768
};

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

/* One exact look-up. Answers in kind, or that there is no such socket. */
static enum status look_up(struct truth *t, const struct endpoint *local,
                           const struct endpoint *remote, struct answer *answer,
                           struct fault *fault)
{
    if (t->fd < 0)
        return fault_set(fault, STATUS_SYSTEM,
                         "this kernel does not report the state of TCP sockets; load tcp_diag");
    const struct request r = make_request(++t->seq, local, remote);
    if (send(t->fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
        return broken(fault, errno);
    ssize_t n;
    do {
        /* The kernel has answered before send returns, so this never waits. */
        n = recv(t->fd, answer, sizeof(*answer), MSG_DONTWAIT);
        if (n < 0)
            return broken(fault, errno);
        if ((size_t)n < sizeof(answer->head))
            return broken(fault, EBADMSG);
    } while (answer->head.nlmsg_seq != t->seq);
    size_t room = (size_t)n - sizeof(answer->head);
    bool whole = answer->head.nlmsg_type == NLMSG_ERROR           ? room >= sizeof(answer->error)
                 : answer->head.nlmsg_type == SOCK_DIAG_BY_FAMILY ? room >= sizeof(answer->found)
                                                                  : false;
    if (!whole)
        return broken(fault, EBADMSG);
    if (answer->head.nlmsg_type == NLMSG_ERROR && answer->error != -ENOENT)
        return broken(fault, -answer->error);
    return STATUS_OK;
}

enum status truth_read(struct truth *t, const struct endpoint *local, const struct endpoint *remote,
                       enum state *state, struct fault *fault)
{
    struct answer answer = {0};
    enum status s = look_up(t, local, remote, &answer, fault);
    if (s != STATUS_OK)
        return s;
    *state = STATE_CLOSED;
    if (answer.head.nlmsg_type == NLMSG_ERROR)
        return STATUS_OK;
    if (answer.found.idiag_state >= sizeof(states) / sizeof(states[0]) ||
        states[answer.found.idiag_state] == STATE_COUNT)
        return broken(fault, EBADMSG);
    *state = states[answer.found.idiag_state];
    return STATUS_OK;
}

/* A dump's answer, of which several stand in one message. */
static bool more(uint8_t *data, size_t n, uint32_t seq, uint32_t *count, bool *done)
{
    struct nlmsghdr *h = (void *)data;
    for (size_t left = n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_seq != seq)
            continue;
        if (h->nlmsg_type == NLMSG_ERROR)
            return false;
        *done = *done || h->nlmsg_type == NLMSG_DONE;
        *count += h->nlmsg_type == SOCK_DIAG_BY_FAMILY;
    }
    return true;
}

/* The half-open entries of a port: request sockets, which the kernel lists as SYN-RECEIVED. */
static enum status count_entries(struct truth *t, const struct endpoint *local, uint32_t *count,
                                 struct fault *fault)
{
    const struct endpoint anybody = {0};
    _Alignas(struct nlmsghdr) uint8_t data[DUMP_OCTETS];
    struct request r = make_request(++t->seq, local, &anybody);
    bool done = false;
    r.head.nlmsg_flags |= NLM_F_DUMP;
    r.what.idiag_states = 1u << TCP_SYN_RECV;
    *count = 0;
    if (send(t->fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
        return broken(fault, errno);
    while (!done) {
        ssize_t n =
            recv(t->fd, data, sizeof(data), MSG_DONTWAIT); /* answered before send returned */
        if (n < 0)
            return broken(fault, errno);
        if (!more(data, (size_t)n, t->seq, count, &done))
            return broken(fault, EBADMSG);
    }
    return STATUS_OK;
}

enum status truth_queues(struct truth *t, const struct endpoint *local, struct queues *q,
                         struct fault *fault)
{
    struct endpoint nobody = {.port = 0};
    struct answer answer = {0};
    if (address_is_v4(&local->ip))
        nobody.ip = address_from_v4((const uint8_t[4]){0});
    enum status s = look_up(t, local, &nobody, &answer, fault);
    if (s != STATUS_OK)
        return s;
    q->listens =
        answer.head.nlmsg_type == SOCK_DIAG_BY_FAMILY && answer.found.idiag_state == TCP_LISTEN;
    if (!q->listens)
        return STATUS_OK;
    q->accept_len = answer.found.idiag_rqueue;
    q->accept_max = answer.found.idiag_wqueue;
    return count_entries(t, local, &q->syn_len, fault);
}

/* --- Settings and counters: a file of /proc/sys/net and one of /proc/net speak of the network
 * namespace in which they were opened, whoever reads them from wherever later --- */

void truth_meter_init(struct truth_meter *m)
{
    m->netstat = -1;
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++)
        m->settings[s] = -1;
}

enum status truth_meter_open(struct truth_meter *m, struct fault *fault)
{
    m->netstat = open("/proc/self/net/netstat", O_RDONLY | O_CLOEXEC);
    if (m->netstat < 0)
        return fault_set(fault, STATUS_SYSTEM, "/proc/self/net/netstat: %s", strerror(errno));
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++) {
        const char *name = queues_setting_name(s);
        m->settings[s] = namespace_open_setting(name, strlen(name), O_RDONLY);
    }
    return STATUS_OK;
}

void truth_meter_close(struct truth_meter *m)
{
    if (m->netstat >= 0)
        close(m->netstat);
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++) {
        if (m->settings[s] >= 0)
            close(m->settings[s]);
    }
    truth_meter_init(m);
}

enum status truth_meter_read(struct truth_meter *m, struct queues *q, struct fault *fault)
{
    char text[NETSTAT_MAX];
    size_t have = 0;
    ssize_t n = 0;
    if (m->netstat < 0)
        return fault_set(fault, STATUS_SYSTEM,
                         "that app of the lab accepts at once: leave --app out");
    while (have < sizeof(text) &&
           (n = pread(m->netstat, text + have, sizeof(text) - have, (off_t)have)) > 0)
        have += (size_t)n;
    if (n < 0)
        return fault_set(fault, STATUS_SYSTEM, "/proc/self/net/netstat: %s", strerror(errno));
    queues_parse_netstat(q, text, have);
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++) {
        uint64_t value = 0;
        q->settings[s].known = namespace_read_number(m->settings[s], INT64_MAX, &value);
        q->settings[s].value = (int64_t)value;
    }
    return STATUS_OK;
}
