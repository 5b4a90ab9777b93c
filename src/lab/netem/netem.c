/* The wire's process and its line to ours: see wire.h. */
#include "lab/netem/netem.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/child.h"
#include "lab/namespace.h"
#include "lab/netem/netem_forward.h"

/* What the child is given. */
struct start {
    const struct netem_config *config;
    const char *ifname_a, *ifname_b;
    int namespace_fd, told;
    int ready; /* -1: it has been said */
};

static enum status is_ready(void *arg, struct fault *fault)
{
    struct start *s = arg;
    int ready = s->ready;
    s->ready = -1;
    return child_is_ready(ready) ? STATUS_OK
                                 : fault_set(fault, STATUS_SYSTEM, "nobody waits for the wire");
}

static void serve(void *arg, int ready)
{
    struct start *s = arg;
    struct fault fault = {""};
    if (namespace_enter(s->namespace_fd, &fault) != STATUS_OK)
        child_failed(ready, &fault);
    child_shed((int *const[]){&ready, &s->told}, 2);
    (void)prctl(PR_SET_NAME, "tcpshake-wire", 0, 0, 0);
    struct relay *relay = relay_open(s->ifname_a, s->ifname_b, &fault);
    struct netem_forward *forward =
        relay != NULL
            ? netem_forward_new(relay, &s->config->rules, s->config->seed, s->told, &fault)
            : NULL;
    s->ready = ready;
    enum status status =
        forward != NULL ? netem_forward_run(forward, is_ready, s, &fault) : STATUS_SYSTEM;
    if (s->ready >= 0)
        child_failed(ready, &fault);
    _exit(status == STATUS_OK ? 0 : 1);
}

enum status netem_start(struct netem *w, const struct netem_config *config, int namespace_fd,
                        const char *ifname_a, const char *ifname_b, struct fault *fault)
{
    int ends[2];
    *w = (struct netem){.config = *config, .child = -1, .fd = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return fault_set(fault, STATUS_SYSTEM, "socketpair: %s", strerror(errno));
    struct start start = {.config = &w->config,
                          .ifname_a = ifname_a,
                          .ifname_b = ifname_b,
                          .namespace_fd = namespace_fd,
                          .told = ends[1]};
    enum status s = child_start(serve, &start, "the lab's wire", &w->child, fault);
    (void)close(ends[1]);
    w->fd = ends[0];
    if (s != STATUS_OK)
        netem_close(w);
    return s;
}

void netem_close(struct netem *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    if (w->child > 0 && kill(w->child, SIGTERM) == 0) {
        while (waitpid(w->child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    w->child = -1;
}

static bool shut_down(struct netem *w, const char *why)
{
    w->ended = true;
    (void)fault_set(&w->why, STATUS_SYSTEM, "the lab's wire has broken: %s", why);
    return false;
}

static void count(struct netem *w, const struct netem_report *r)
{
    if (r->event == NETEM_EVENT_MISSED)
        w->missed = r->count;
    else if (r->event != NETEM_EVENT_RULE)
        w->unable++;
    else if (r->rule < w->config.rules.count)
        w->hits[w->config.rules.rule[r->rule].action]++;
}

bool netem_next(struct netem *w, struct netem_report *r)
{
    if (w->fd < 0 || w->ended)
        return false;
    *r = (struct netem_report){.event = NETEM_EVENT_RULE};
    ssize_t n = recv(w->fd, r, sizeof(*r), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0)
        return shut_down(w, "its process has ended");
    r->text[sizeof(r->text) - 1] = '\0';
    if (r->event == NETEM_EVENT_BROKE)
        return shut_down(w, r->text);
    count(w, r);
    return true;
}

enum status netem_state(const struct netem *w, struct fault *fault)
{
    return w->ended ? fault_set(fault, STATUS_SYSTEM, "%s", w->why.text) : STATUS_OK;
}
