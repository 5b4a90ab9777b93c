/* libevent behind a few calls: descriptors, one deadline, four signals. */
#include "net/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum {
    LOOP_SIGNALS = 4,
    LOOP_GUESTS = 3
};

/* A descriptor beside the first. */
struct guest {
    struct event *event; /* NULL: a free place */
    void (*readable)(void *arg);
    void *arg;
};

struct loop {
    struct loop_handlers handlers;
    struct event_base *base;
    struct event *reader, *timer, *signals[LOOP_SIGNALS];
    struct guest guests[LOOP_GUESTS];
    int64_t epoch_ns; /* real time less monotonic time when the loop was made */
    int64_t deadline;
    bool watched, stopping;
};

int64_t loop_clock(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t); /* cannot fail for these two clocks */
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

int64_t loop_now(const struct loop *l)
{
    return l->epoch_ns + loop_clock(CLOCK_MONOTONIC);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    (void)fd;
    (void)what;
    l->handlers.readable(l->handlers.arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    (void)fd;
    (void)what;
    l->deadline = CLOCK_NEVER;
    l->handlers.wake(l->handlers.arg, loop_now(l));
}

/* Called from the loop, not in signal context: libevent's own handler only notes the number. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct loop *l = arg;
    (void)what;
    if (number == SIGQUIT) {
        l->handlers.signal(l->handlers.arg, LOOP_REPORT);
        return;
    }
    if (l->stopping) {
        loop_stop(l);
        return;
    }
    l->stopping = true;
    l->handlers.signal(l->handlers.arg, LOOP_STOP);
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    struct event_base *base = NULL;
    /* No cached time: a deadline set late in a handler must not count from its start. */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

/* Arming the timer allocates a place for it the first time; made here, nothing can fail later. */
static bool reserve_timer(struct loop *l)
{
    const struct timeval far = {.tv_sec = 3600};
    return event_add(l->timer, &far) == 0 && event_del(l->timer) == 0;
}

/* A signal that was ignored when the program started (nohup, a shell's background job) stays so. */
static bool watch_signals(struct loop *l)
{
    static const int numbers[LOOP_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < LOOP_SIGNALS; i++) {
        struct sigaction old;
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue;
        l->signals[i] = evsignal_new(l->base, numbers[i], on_signal, l);
        if (l->signals[i] == NULL || event_add(l->signals[i], NULL) != 0)
            return false;
    }
    return true;
}

struct loop *loop_new(int fd, const struct loop_handlers *h, struct fault *fault)
{
    struct loop *l = fault_alloc(sizeof(*l), fault);
    if (l == NULL)
        return NULL;
    l->handlers = *h;
    l->epoch_ns = loop_clock(CLOCK_REALTIME) - loop_clock(CLOCK_MONOTONIC);
    l->deadline = CLOCK_NEVER;
    l->base = new_base();
    if (l->base != NULL) {
        l->reader = event_new(l->base, fd, EV_READ | EV_PERSIST, on_readable, l);
        l->timer = evtimer_new(l->base, on_timer, l);
    }
    if (l->reader == NULL || l->timer == NULL || !reserve_timer(l) ||
        event_add(l->reader, NULL) != 0 || !watch_signals(l)) {
        (void)fault_set(fault, STATUS_SYSTEM, "event loop: %s", strerror(errno));
        loop_free(l);
        return NULL;
    }
    l->watched = true;
    return l;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < LOOP_SIGNALS; i++)
        if (l->signals[i] != NULL)
            event_free(l->signals[i]);
    for (size_t i = 0; i < LOOP_GUESTS; i++)
        if (l->guests[i].event != NULL)
            event_free(l->guests[i].event);
    if (l->timer != NULL)
        event_free(l->timer);
    if (l->reader != NULL)
        event_free(l->reader);
    if (l->base != NULL)
        event_base_free(l->base);
    free(l);
}

static void on_guest(evutil_socket_t fd, short what, void *arg)
{
    const struct guest *g = arg;
    (void)fd;
    (void)what;
    g->readable(g->arg);
}

enum status loop_join(struct loop *l, int fd, void (*readable)(void *arg), void *arg,
                      struct fault *fault)
{
    for (size_t i = 0; i < LOOP_GUESTS; i++) {
        struct guest *g = &l->guests[i];
        if (g->event != NULL)
            continue;
        g->event = event_new(l->base, fd, EV_READ | EV_PERSIST, on_guest, g);
        if (g->event == NULL || event_add(g->event, NULL) != 0)
            return fault_set(fault, STATUS_SYSTEM, "event loop: %s", strerror(errno));
        g->readable = readable;
        g->arg = arg;
        return STATUS_OK;
    }
    return fault_set(fault, STATUS_SYSTEM, "event loop: more than %d descriptors", LOOP_GUESTS + 1);
}

void loop_watch(struct loop *l, bool on)
{
    if (on == l->watched)
        return;
    l->watched = on;
    if (on)
        (void)event_add(l->reader, NULL); /* its place was made in loop_new */
    else
        (void)event_del(l->reader);
}

void loop_set_deadline(struct loop *l, int64_t when_ns)
{
    if (when_ns == l->deadline)
        return;
    l->deadline = when_ns;
    if (when_ns == CLOCK_NEVER) {
        (void)event_del(l->timer);
        return;
    }
    int64_t now = loop_now(l);
    int64_t us = when_ns > now ? (when_ns - now) / CLOCK_US + 1 : 0; /* up: never wake too early */
    struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    (void)event_add(l->timer, &tv); /* replaces the old one; its place was made in loop_new */
}

enum status loop_run(struct loop *l, struct fault *fault)
{
    if (event_base_dispatch(l->base) < 0)
        return fault_set(fault, STATUS_SYSTEM, "event loop: %s", strerror(errno));
    return STATUS_OK;
}

void loop_stop(struct loop *l)
{
    (void)event_base_loopbreak(l->base);
}
