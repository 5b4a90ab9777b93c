/* What the tests of src/net share: a network of their own, so that nothing they do reaches the
 * machine's, and a child process for what cannot be undone. */
#ifndef TCPSHAKE_NAMESPACE_H
#define TCPSHAKE_NAMESPACE_H

#include "../ip.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* A command that must work, usually `ip`. */
static inline void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s: failed", command);
}

static inline int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

static inline void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* A network with nothing but lo. IPv6 without duplicate address detection: addresses are usable at
 * once. */
static inline void new_network(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        fail_msg("no network namespace: run this under unshare -mrun");
    run("ip link set lo up && "
        "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
}

/* Returns the wait status: 0, or what went wrong with the child. */
static inline int in_child(void (*body)(void))
{
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(300);
        body();
        _exit(0);
    }
    assert_true(pid > 0);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* For children: cmocka's assertions belong to the parent. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)dprintf(2, "# %s:%d: %s\n", __FILE__, __LINE__, #condition);                     \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#endif
