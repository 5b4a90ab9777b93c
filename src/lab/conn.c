/* See conn.h. */
#include "lab/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/caps.h"

void conn_init(struct conn *c, int fd, const struct endpoint *remote, uint64_t born)
{
    c->fd = fd;
    c->remote = *remote;
    c->born = born;
    c->heard_all = c->closed = c->shut = c->app.closing = false;
    c->said = NULL;
    c->say_len = c->app.in_len = c->app.out_len = 0;
    /* Until the kernel is told otherwise, after two hours of silence (tcp(7), tcp_keepalive_time).
     */
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
}

void conn_drop(struct conn *c)
{
    close(c->fd);
    c->fd = -1;
    free(c->said);
    c->said = NULL;
}

static bool has_to_send(const struct conn *c)
{
    return c->app.out_len != 0 || c->say_len != 0;
}

/* Not while the app has an answer on its way: it may lie where we would read to. */
static bool reads(const struct conn *c, const struct app *app)
{
    return (app->take != NULL || c->closed) && !c->heard_all && c->app.out_len == 0;
}

short conn_wants(const struct conn *c, const struct app *app)
{
    return (short)((has_to_send(c) ? POLLOUT : 0) | (reads(c, app) ? POLLIN : 0));
}

/* False, with errno, when the connection is broken. */
static bool send_some(int fd, const char **data, size_t *len)
{
    while (*len != 0) {
        ssize_t n = send(fd, *data, *len, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        *data += n;
        *len -= (size_t)n;
    }
    return true;
}

/* RFC 9293 3.10.4: CLOSE waits until everything before it is sent. */
static bool flush(struct conn *c)
{
    if (!send_some(c->fd, &c->app.out, &c->app.out_len))
        return false;
    if (c->app.out_len == 0 && !send_some(c->fd, &c->say, &c->say_len))
        return false;
    if (!c->closed || c->shut || has_to_send(c))
        return true;
    c->shut = true;
    return shutdown(c->fd, SHUT_WR) == 0;
}

static bool receive(struct conn *c, const struct app *app)
{
    struct app_conn *a = &c->app;
    ssize_t n = recv(c->fd, a->in + a->in_len, sizeof(a->in) - a->in_len, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
        c->heard_all = true;
        a->closing |= c->closed || !app->on_cue;
        return true;
    }
    a->in_len += (size_t)n;
    if (c->closed)
        a->in_len = 0;
    else
        app->take(a);
    return flush(c);
}

/* Nobody reads, so nothing else would tell. */
static bool look_for_error(const struct conn *c)
{
    int error = 0;
    socklen_t n = sizeof(error);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    errno = error;
    return false;
}

int conn_serve(struct conn *c, const struct app *app, short reported)
{
    bool had_heard_all = c->heard_all;
    bool alive = (reported & POLLOUT) == 0 || flush(c);
    if (alive && reads(c, app))
        alive = receive(c, app);
    else if ((reported & (POLLERR | POLLHUP)) != 0)
        alive = look_for_error(c);
    int learnt = !alive ? errno : c->heard_all && !had_heard_all ? 0 : -1;
    if (!alive || (c->app.closing && !has_to_send(c)))
        conn_drop(c);
    return learnt;
}

int conn_say(struct conn *c, const void *data, size_t n)
{
    if (c->closed || c->app.closing)
        return EPIPE;
    char *all = malloc(c->say_len + n + 1);
    if (all == NULL)
        return ENOMEM;
    if (c->say_len != 0)
        memcpy(all, c->say, c->say_len);
    if (n != 0)
        memcpy(all + c->say_len, data, n);
    free(c->said);
    c->say = c->said = all;
    c->say_len += n;
    return flush(c) ? 0 : errno;
}

/* In SYN-SENT the kernel deletes the connection, in a simultaneous open's SYN-RECEIVED it keeps the
 * FIN until the handshake is complete, both as RFC 9293 3.10.4 has it. */
int conn_close(struct conn *c)
{
    if (c->closed)
        return EALREADY;
    c->closed = true;
    c->app.closing |= c->heard_all;
    if (c->app.out_len == 0)
        c->app.in_len = 0;
    if (!flush(c))
        return errno;
    if (c->app.closing && !has_to_send(c))
        conn_drop(c);
    return 0;
}

int conn_abort(struct conn *c)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) != 0)
        return errno;
    conn_drop(c);
    return 0;
}

/* A socket in repair mode, by which a connection is moved from one machine to another, is closed
 * without a segment: Linux's TCP_REPAIR. */
int conn_crash(struct conn *c)
{
    static const int on = TCP_REPAIR_ON;
    if (!caps_administer(true))
        return errno;
    int error = setsockopt(c->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) != 0 ? errno : 0;
    (void)caps_administer(false);
    if (error == 0)
        conn_drop(c);
    return error;
}

int conn_kill(struct conn *c)
{
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent)
            (void)pause();
        _exit(0);
    }
    if (child < 0)
        return errno;
    close(c->fd); /* the child has it still */
    c->fd = -1;
    free(c->said);
    c->said = NULL;
    (void)kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}
