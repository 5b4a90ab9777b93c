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

#include "base/text.h"
#include "lab/child.h"

/* --- The table of applications --- */

#define HTTP_PAGE "Hello from the lab.\n"
#define HTTP_HEAD                                                                                  \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\nConnection: "            \
    "close\r\n\r\n"
#define HTTP_BAD "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_Static_assert(sizeof(HTTP_PAGE) - 1 == 20, "Content-Length is that of the page");

static void say(struct app_conn *c, const char *out, size_t n)
{
    c->out = out;
    c->out_len = n;
    c->in_len = 0;
}

static void take_echo(struct app_conn *c)
{
    say(c, c->in, c->in_len);
}

static void take_discard(struct app_conn *c)
{
    c->in_len = 0;
}

/* RFC 9112 2.2: an empty line ends the head, and a bare LF may pass for CRLF. */
static void take_http(struct app_conn *c)
{
    static const char page[] = HTTP_HEAD HTTP_PAGE;
    bool whole = memmem(c->in, c->in_len, "\n\r\n", 3) != NULL ||
                 memmem(c->in, c->in_len, "\n\n", 2) != NULL;
    if (!whole && c->in_len < sizeof(c->in))
        return;
    const char *line_end = memchr(c->in, '\n', c->in_len);
    size_t line = line_end != NULL ? (size_t)(line_end - c->in) : 0;
    c->closing = true;
    if (!whole || memmem(c->in, line, " HTTP/1.", 8) == NULL)
        say(c, HTTP_BAD, sizeof(HTTP_BAD) - 1);
    else if (strncmp(c->in, "HEAD ", 5) == 0)
        say(c, page, sizeof(HTTP_HEAD) - 1);
    else
        say(c, page, sizeof(page) - 1);
}

const struct app *conn_app_at(size_t i)
{
    static const struct app apps[] = {
        {.shown = {"echo", "echoes; closes when the client does", 7}, .take = take_echo},
        {.shown = {"discard", "reads and ignores until the end", 9}, .take = take_discard},
        {.shown = {"hold", "accepts, never reads, never closes", 5001}},
        {.shown = {"close", "closes at once after accept", 5002}, .hangs_up = true},
        {.shown = {"cue", "reads and ignores, closes only when a figure says so", 5005},
         .on_cue = true,
         .take = take_discard},
        {.shown = {"idle", "listens, and accepts nobody until it is told to", 5007},
         .waits = true,
         .take = take_discard},
        {.shown = {"defer", "as cue, and accepts when data have come (TCP_DEFER_ACCEPT)", 5008},
         .on_cue = true,
         .defers = true,
         .take = take_discard},
        {.shown = {"http", "answers one HTTP request and closes", 80}, .take = take_http},
        {.shown = {"closed", "nothing listens", 5003}, .port = APP_PORT_CLOSED},
        {.shown = {"filtered", "drops what arrives without an answer", 5004},
         .port = APP_PORT_SILENT},
    };
    return i < sizeof(apps) / sizeof(apps[0]) ? &apps[i] : NULL;
}

static enum status unknown(const char *name, struct fault *fault)
{
    struct text names;
    text_init(&names);
    for (size_t i = 0; conn_app_at(i) != NULL; i++)
        text_printf(&names, "%s%s", i != 0 ? ", " : "", conn_app_at(i)->shown.name);
    enum status s = fault_set(fault, STATUS_MALFORMED, "the lab has no app '%s'; it has %s", name,
                              names.data != NULL ? names.data : "others");
    text_done(&names);
    return s;
}

enum status conn_app_find(const char *name, const struct app **app, struct fault *fault)
{
    if (name == NULL)
        name = "echo";
    for (size_t i = 0; (*app = conn_app_at(i)) != NULL; i++) {
        if (strcmp((*app)->shown.name, name) == 0)
            return STATUS_OK;
    }
    return unknown(name, fault);
}

/* --- A connection --- */

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
    if (!child_administer(true))
        return errno;
    int error = setsockopt(c->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) != 0 ? errno : 0;
    (void)child_administer(false);
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
