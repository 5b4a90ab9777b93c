/* Sockets of the peer's kernel and one loop over them: see server.h. */
#include "lab/server.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "lab/child.h"
#include "lab/ctl.h"
#include "lab/namespace.h"
#include "lab/truth.h"

enum {
    CONNS_MAX = 256,
    RETRY_MS = 100,
    EARLY_MAX = 8,
    SETTING_MAX = 160,
    DEFER_S = 5, /* for so long a client may say nothing after its ACK */
};

/* Where things stand in what is polled. */
enum {
    POLL_LISTENER,
    POLL_CUE,
    POLL_END,
    POLL_CONNS
};

/* A call for a connection that is still half-open. */
struct early {
    struct ctl_order order;
    char *data;
};

struct server {
    struct service service;
    int listener, ctl;
    size_t used;      /* slots that have been in use: the rest is untouched memory */
    bool full;        /* no slot or no memory for another connection */
    bool closed_door; /* the app accepts nobody yet */
    int last_error;   /* for lab_saw */
    uint64_t born;
    struct conn *conns;
    struct pollfd polls[POLL_CONNS + CONNS_MAX];
    struct early early[EARLY_MAX];
    size_t early_count;
    char data[LAB_CALL_DATA_MAX]; /* what came with a command */
};

/* --- Sockets --- */

/* A listener whose filter accepts nothing neither answers a SYN nor has the kernel reset it. */
static int accept_nothing(int fd)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog filter = {.len = 1, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

/* Before the address is there, so before anything can arrive unfiltered; and beside connections
 * that are left on the port, so that a listener can make room for an active open and come back. */
static int bind_early(int fd, const struct endpoint *at)
{
    struct sockaddr_storage address;
    socklen_t n = endpoint_to_sockaddr(at, &address);
    const int on = 1;
    int error = address.ss_family == AF_INET
                    ? setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on))
                    : setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
    if (error == 0)
        error = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return error != 0 ? error : bind(fd, (const struct sockaddr *)&address, n);
}

static int open_socket(const struct service *service)
{
    return socket(address_is_v4(&service->at.ip) ? AF_INET : AF_INET6,
                  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

static void close_keeping_errno(int fd)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
}

/* -1 with errno. */
static int open_listener(const struct service *service)
{
    int fd = open_socket(service);
    int error = fd < 0 ? -1 : 0;
    if (error == 0 && service->app->port == APP_PORT_SILENT)
        error = accept_nothing(fd);
    if (error == 0 && service->app->defers)
        error = setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &(int){DEFER_S}, sizeof(int));
    if (error == 0)
        error = bind_early(fd, &service->at);
    if (error == 0)
        error = listen(fd, service->backlog != 0 ? service->backlog : SOMAXCONN);
    if (error == 0)
        return fd;
    close_keeping_errno(fd);
    return -1;
}

enum status server_listen(const struct service *service, int *fd, struct fault *fault)
{
    *fd = -1;
    if (service->app->port == APP_PORT_CLOSED)
        return STATUS_OK;
    *fd = open_listener(service);
    if (*fd >= 0)
        return STATUS_OK;
    return fault_set(fault, STATUS_SYSTEM, "the lab's peer cannot listen: %s", strerror(errno));
}

/* --- Cues --- */

static struct conn *find(struct server *s, const struct endpoint *remote)
{
    struct conn *newest = NULL;
    for (size_t slot = 0; slot < s->used; slot++) {
        struct conn *c = &s->conns[slot];
        if (c->fd >= 0 && endpoint_equal(&c->remote, remote) &&
            (newest == NULL || c->born > newest->born))
            newest = c;
    }
    return newest;
}

/* NULL when there is no room. */
static struct conn *free_slot(struct server *s)
{
    size_t slot = 0;
    while (slot < s->used && s->conns[slot].fd >= 0)
        slot++;
    if (slot == CONNS_MAX)
        return NULL;
    if (slot == s->used)
        s->conns[s->used++].fd = -1;
    return &s->conns[slot];
}

static int act(struct conn *c, const struct ctl_order *order, const char *data)
{
    static int (*const acts[CALL_COUNT])(struct conn *) = {
        [CALL_CLOSE] = conn_close,
        [CALL_ABORT] = conn_abort,
        [CALL_CRASH] = conn_crash,
        [CALL_KILL] = conn_kill,
    };
    if (order->what == CALL_SEND)
        return conn_say(c, data, order->n);
    return order->what < CALL_COUNT && acts[order->what] != NULL ? acts[order->what](c) : EINVAL;
}

/* The application gets a connection that came in when it is established; what was asked of it
 * before that is done now. */
static void catch_up(struct server *s, struct conn *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->early_count; i++) {
        struct early *e = &s->early[i];
        if (!endpoint_equal(&e->order.remote, &c->remote)) {
            s->early[kept++] = *e;
            continue;
        }
        if (c->fd >= 0)
            (void)act(c, &e->order, e->data);
        free(e->data);
    }
    s->early_count = kept;
}

static int postpone(struct server *s, const struct ctl_order *order)
{
    if (order->what == CALL_CRASH || order->what == CALL_KILL)
        return EOPNOTSUPP;
    if (s->early_count == EARLY_MAX)
        return ENOBUFS;
    char *data = malloc(order->n + 1);
    if (data == NULL)
        return ENOMEM;
    memcpy(data, s->data, order->n);
    s->early[s->early_count++] = (struct early){.order = *order, .data = data};
    return 0;
}

static bool half_open(const struct server *s, const struct endpoint *remote)
{
    struct truth truth;
    enum state state = STATE_CLOSED;
    if (truth_open(&truth, NULL) != STATUS_OK)
        return false;
    enum status status = truth_read(&truth, &s->service.at, remote, &state, NULL);
    truth_close(&truth);
    return status == STATUS_OK && state == STATE_SYN_RECEIVED;
}

/* Accepts whoever waits. */
static void accept_one(struct server *s)
{
    for (;;) {
        struct sockaddr_storage from = {0};
        socklen_t n = sizeof(from);
        struct conn *c = free_slot(s);
        s->full = c == NULL;
        if (s->full)
            return;
        int fd = accept4(s->listener, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            s->full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
            return;
        }
        const struct endpoint remote = endpoint_of_sockaddr((const struct sockaddr *)&from);
        conn_init(c, fd, &remote, ++s->born);
        s->last_error = EAGAIN;
        catch_up(s, c);
        if (s->service.app->hangs_up && c->fd >= 0)
            conn_drop(c);
    }
}

static int stop_listening(struct server *s)
{
    if (s->listener < 0)
        return EALREADY;
    close(s->listener);
    s->listener = -1;
    s->full = false;
    return 0;
}

static int listen_again(struct server *s)
{
    if (s->listener >= 0)
        return EALREADY;
    s->listener = open_listener(&s->service);
    s->closed_door = s->service.app->waits;
    return s->listener >= 0 ? 0 : errno;
}

static int accept_waiting(struct server *s)
{
    if (!s->closed_door)
        return EALREADY;
    s->closed_door = false;
    accept_one(s);
    return 0;
}

/* `assignment` is NAME=VALUE, `n` octets. */
static int set(struct server *s, const char *assignment, size_t n)
{
    static const char backlog[] = "backlog=";
    char text[SETTING_MAX];
    uint64_t value;
    if (n >= sizeof(text))
        return EINVAL;
    memcpy(text, assignment, n);
    text[n] = '\0';
    if (strncmp(text, backlog, sizeof(backlog) - 1) == 0) {
        if (!text_to_number(text + sizeof(backlog) - 1, 1, SOMAXCONN, &value))
            return EINVAL;
        s->service.backlog = (int)value;
        return 0;
    }
    if (!child_administer(true))
        return errno;
    errno = EINVAL;
    int error = namespace_sysctl(text, NULL) == STATUS_OK ? 0 : errno;
    (void)child_administer(false);
    return error;
}

/* -1 with errno. */
static int dial(const struct service *service, const struct endpoint *remote)
{
    struct sockaddr_storage to;
    socklen_t n = endpoint_to_sockaddr(remote, &to);
    int fd = open_socket(service);
    int error = fd < 0 ? -1 : bind_early(fd, &service->at);
    if (error == 0)
        error = connect(fd, (const struct sockaddr *)&to, n);
    if (error == 0 || (fd >= 0 && errno == EINPROGRESS))
        return fd;
    close_keeping_errno(fd);
    return -1;
}

/* The port cannot be listened on and bound by another socket at once, so a dial that fails brings
 * the listener back. */
static int connect_to(struct server *s, const struct endpoint *remote)
{
    struct conn *c = free_slot(s);
    if (c == NULL)
        return ENOBUFS;
    bool listened = stop_listening(s) == 0;
    int fd = dial(&s->service, remote);
    int error = errno;
    if (fd >= 0) {
        conn_init(c, fd, remote, ++s->born);
        s->last_error = EAGAIN;
        return 0;
    }
    if (listened)
        (void)listen_again(s);
    return error;
}

static int run_command(struct server *s, const struct ctl_order *order)
{
    if (order->what == CALL_CONNECT)
        return connect_to(s, &order->remote);
    if (order->what == CALL_STOP_LISTENING)
        return stop_listening(s);
    if (order->what == CALL_LISTEN)
        return listen_again(s);
    if (order->what == CALL_STATUS)
        return s->last_error;
    if (order->what == CALL_ACCEPT)
        return accept_waiting(s);
    if (order->what == CALL_SET)
        return set(s, s->data, order->n);
    struct conn *c = find(s, &order->remote);
    if (c != NULL)
        return act(c, order, s->data);
    return half_open(s, &order->remote) ? postpone(s, order) : ENOTCONN;
}

static void read_command(struct server *s)
{
    struct ctl_order order;
    if (ctl_take(s->ctl, &order, s->data)) {
        ctl_answer(s->ctl, &order, run_command(s, &order));
        return;
    }
    close(s->ctl);
    s->ctl = -1;
}

/* --- The loop --- */

static void plan(struct server *s)
{
    s->polls[POLL_LISTENER] =
        (struct pollfd){.fd = s->full || s->closed_door ? -1 : s->listener, .events = POLLIN};
    s->polls[POLL_CUE] = (struct pollfd){.fd = s->ctl, .events = POLLIN};
    for (size_t slot = 0; slot < s->used; slot++) {
        const struct conn *c = &s->conns[slot];
        s->polls[POLL_CONNS + slot] =
            (struct pollfd){.fd = c->fd, .events = conn_wants(c, s->service.app)};
    }
}

struct server *server_new(const struct service *service)
{
    struct server *s = calloc(1, sizeof(*s));
    struct conn *conns = calloc(CONNS_MAX, sizeof(*conns));
    if (s == NULL || conns == NULL) {
        free(s);
        free(conns);
        return NULL;
    }
    s->service = *service;
    s->last_error = EAGAIN;
    s->closed_door = service->app->waits;
    s->conns = conns;
    return s;
}

void server_run(struct server *s, int listener, int ctl, int end)
{
    s->listener = listener;
    s->ctl = ctl;
    s->polls[POLL_END] = (struct pollfd){.fd = end, .events = POLLIN};
    for (;;) {
        plan(s);
        if (poll(s->polls, (nfds_t)(POLL_CONNS + s->used), s->full ? RETRY_MS : -1) < 0)
            continue;
        if (s->polls[POLL_END].revents != 0)
            return;
        for (size_t slot = 0; slot < s->used; slot++) {
            short reported = s->polls[POLL_CONNS + slot].revents;
            int learnt = reported != 0 ? conn_serve(&s->conns[slot], s->service.app, reported) : -1;
            if (learnt >= 0)
                s->last_error = learnt;
        }
        if (s->listener >= 0 && !s->closed_door)
            accept_one(s);
        if (s->polls[POLL_CUE].revents != 0)
            read_command(s);
    }
}
