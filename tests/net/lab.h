/* What the tests of the lab share: each runs in a child, since lab_open moves its process for good,
 * and plays the client with the kernel's own TCP. */
#ifndef TCPSHAKE_TEST_LAB_H
#define TCPSHAKE_TEST_LAB_H

#include "../unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab/lab.h"

enum {
    OUR_PORT = 40000,
    QUIET_MS = 200,
    LIMIT_S = 300 /* what takes longer hangs */
};

/* cmocka's assertions belong to the parent; a child says what it found and dies of it. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "# %s:%d: %s (errno: %s)\n", __FILE__, __LINE__, #condition,           \
                    strerror(errno));                                                              \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

typedef void body_fn(bool v6);

static inline void in_child(body_fn *body, bool v6)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(LIMIT_S);
        body(v6);
        _exit(0);
    }
    assert_true(pid > 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static inline void in_both_families(body_fn *body)
{
    in_child(body, false);
    in_child(body, true);
}

/* The test test_BODY. */
#define IN_BOTH_FAMILIES(body)                                                                     \
    UNIT_TEST(test_##body)                                                                         \
    {                                                                                              \
        in_both_families(body);                                                                    \
    }

static inline struct lab *open_lab(const char *app, bool v6)
{
    struct fault fault = {{0}};
    struct lab *lab = lab_open(&(struct lab_options){.app = app, .v6 = v6}, &fault);
    if (lab == NULL)
        fprintf(stderr, "# %s\n", fault.text);
    CHECK(lab != NULL);
    return lab;
}

static inline void sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Our end, as the lab promises it: the peer's address with a last octet of 1. */
static inline struct endpoint our_end(const struct lab *lab)
{
    struct endpoint e = *lab_at(lab, END_B);
    e.ip.s6_addr[15] = 1;
    e.port = OUR_PORT;
    return e;
}

/* A client socket, bound unless `bound` is false, with a time limit on every read. */
static inline int client(const struct lab *lab, bool bound)
{
    struct endpoint ours = our_end(lab);
    struct sockaddr_storage at;
    socklen_t n = endpoint_to_sockaddr(&ours, &at);
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK(!bound || bind(fd, (const struct sockaddr *)&at, n) == 0);
    const struct timeval limit = {.tv_sec = LIMIT_S / 2};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
    return fd;
}

static inline int dial(const struct lab *lab, int fd)
{
    struct sockaddr_storage to;
    socklen_t n = endpoint_to_sockaddr(lab_at(lab, END_B), &to);
    return connect(fd, (const struct sockaddr *)&to, n);
}

static inline int dialled(const struct lab *lab)
{
    int fd = client(lab, false);
    CHECK(dial(lab, fd) == 0);
    return fd;
}

static inline void send_text(int fd, const char *text)
{
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* Nothing comes, not even the end of the stream. */
static inline bool silent(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, QUIET_MS) == 0;
}

static inline bool at_end(int fd)
{
    char octet;
    return recv(fd, &octet, 1, 0) == 0;
}

static inline size_t read_to_end(int fd, char *out, size_t cap)
{
    size_t n = 0;
    for (ssize_t got; (got = recv(fd, out + n, cap - 1 - n, 0)) != 0; n += (size_t)got)
        CHECK(got > 0);
    out[n] = '\0';
    return n;
}

/* Writes until nothing more is taken for a while; returns how much went. */
static inline size_t fill(int fd)
{
    static const char block[8192] = {0};
    size_t sent = 0;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    while (poll(&p, 1, QUIET_MS) == 1) {
        ssize_t n = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
        CHECK(n > 0);
        sent += (size_t)n;
    }
    return sent;
}

/* The lab's process: our only child. */
static inline pid_t only_child(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "re");
    CHECK(f != NULL);
    char line[64] = "";
    CHECK(fgets(line, sizeof(line), f) != NULL);
    fclose(f);
    char *end;
    pid_t pid = (pid_t)strtol(line, &end, 10);
    CHECK(pid > 0 && end[strspn(end, " \n")] == '\0');
    return pid;
}

/* Waits a little for the state, since the peer's applications take their time. */
static inline void expect(struct lab *lab, enum state wanted)
{
    struct endpoint ours = our_end(lab);
    enum state found = STATE_COUNT;
    struct fault fault = {{0}};
    for (int waited = 0; waited < LIMIT_S / 2 * 1000 && found != wanted; waited++) {
        if (waited != 0)
            sleep_ms(1);
        CHECK(lab_truth(lab, END_B, &ours, &found, &fault) == STATUS_OK);
    }
    if (found != wanted) {
        fprintf(stderr, "# wanted %s, the kernel says %s\n", state_name(wanted), state_name(found));
        _exit(1);
    }
}

/* From here on our kernel's end hears nothing. */
static inline void deafen(int fd)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog filter = {.len = 1, .filter = code};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0);
}

#endif
