/* The lab's peer acts on cue: what each cue does to a connection that came in, to one that the peer
 * opened, and to one that is not there; seen from our end and in the peer's kernel. */
#include "lab.h"

#include <netinet/tcp.h>
#include <signal.h>

#include "net/privilege.h"

static void give(struct lab *lab, enum call cue)
{
    struct fault fault = {{0}};
    struct endpoint ours = our_end(lab);
    if (lab_call(lab, END_B, cue, &ours, NULL, 0, &fault) != STATUS_OK) {
        fprintf(stderr, "# %s\n", fault.text);
        _exit(1);
    }
}

static void say(struct lab *lab, const void *data, size_t n)
{
    struct endpoint ours = our_end(lab);
    CHECK(lab_call(lab, END_B, CALL_SEND, &ours, data, n, NULL) == STATUS_OK);
}

/* Refused, with a line that has `part` in it. */
static void refused(struct lab *lab, enum call cue, const char *part)
{
    struct fault fault = {{0}};
    struct endpoint ours = our_end(lab);
    CHECK(lab_call(lab, END_B, cue, &ours, "x", 1, &fault) == STATUS_SYSTEM);
    if (strstr(fault.text, part) == NULL || strchr(fault.text, '\n') != NULL) {
        fprintf(stderr, "# expected '%s' in: %s\n", part, fault.text);
        _exit(1);
    }
}

/* A connection of ours from the port that the cues speak of. */
static int connected(struct lab *lab)
{
    int fd = client(lab, true);
    CHECK(dial(lab, fd) == 0);
    expect(lab, STATE_ESTABLISHED);
    return fd;
}

static int deaf_client(struct lab *lab)
{
    int fd = client(lab, true);
    deafen(fd);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(dial(lab, fd) == -1 && errno == EINPROGRESS);
    expect(lab, STATE_SYN_RECEIVED);
    return fd;
}

static void hear_again(int fd)
{
    CHECK(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)) == 0);
    CHECK(fcntl(fd, F_SETFL, 0) == 0);
}

/* Where the peer is to connect to. */
static int our_listener(const struct lab *lab, bool deaf)
{
    static const int on = 1;
    int fd = client(lab, false);
    struct endpoint ours = our_end(lab);
    struct sockaddr_storage at;
    socklen_t n = endpoint_to_sockaddr(&ours, &at);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
    CHECK(bind(fd, (const struct sockaddr *)&at, n) == 0);
    if (deaf)
        deafen(fd);
    CHECK(listen(fd, 1) == 0);
    return fd;
}

static bool was_reset(int fd)
{
    char octet;
    return recv(fd, &octet, 1, 0) == -1 && errno == ECONNRESET;
}

static void read_exactly(int fd, const char *text)
{
    char got[64];
    CHECK(recv(fd, got, strlen(text), MSG_WAITALL) == (ssize_t)strlen(text));
    CHECK(memcmp(got, text, strlen(text)) == 0);
}

static void still_serves(struct lab *lab)
{
    int fd = dialled(lab);
    send_text(fd, "x");
    read_exactly(fd, "x");
    close(fd);
}

/* --- A connection that came in --- */

static void close_first(bool v6)
{
    struct lab *lab = open_lab("echo", v6);
    int fd = connected(lab);
    give(lab, CALL_CLOSE);
    CHECK(at_end(fd));
    expect(lab, STATE_FIN_WAIT_2);
    send_text(fd, "still received, no longer echoed");
    sleep_ms(QUIET_MS);
    CHECK(at_end(fd)); /* it was read: no reset */
    expect(lab, STATE_FIN_WAIT_2);
    refused(lab, CALL_SEND, "cannot send on its connection with");
    refused(lab, CALL_CLOSE, "it already has");
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_TIME_WAIT);
    CHECK(at_end(fd));
    still_serves(lab);
    lab_close(lab);
}

/* In the middle of an answer: the end comes behind it, and is no reset. */
static void close_after_sending(bool v6)
{
    struct lab *lab = open_lab("echo", v6);
    int fd = connected(lab);
    CHECK(fill(fd) > 0);
    give(lab, CALL_CLOSE);
    static char block[65536];
    size_t got = 0;
    for (ssize_t n; (n = recv(fd, block, sizeof(block), 0)) != 0; got += (size_t)n)
        CHECK(n > 0);
    CHECK(got > 0);
    expect(lab, STATE_FIN_WAIT_2);
    lab_close(lab);
}

static void close_of_one_that_never_read(bool v6)
{
    struct lab *lab = open_lab("hold", v6);
    int fd = connected(lab);
    CHECK(fill(fd) > 0);
    give(lab, CALL_CLOSE);
    CHECK(at_end(fd));
    static const char block[1 << 20] = {0};
    CHECK(send(fd, block, sizeof(block), MSG_NOSIGNAL) ==
          (ssize_t)sizeof(block)); /* it reads now */
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_TIME_WAIT);
    lab_close(lab);
}

static void close_last(bool v6)
{
    struct lab *lab = open_lab("cue", v6);
    int fd = connected(lab);
    send_text(fd, "ignored");
    CHECK(shutdown(fd, SHUT_WR) == 0);
    CHECK(silent(fd)); /* not even the end comes before the cue */
    expect(lab, STATE_CLOSE_WAIT);
    say(lab, "half-closed", 11);
    read_exactly(fd, "half-closed");
    give(lab, CALL_CLOSE);
    CHECK(at_end(fd));
    expect(lab, STATE_LISTEN); /* LAST-ACK is over */
    lab_close(lab);
}

static void last_ack(bool v6)
{
    struct lab *lab = open_lab("cue", v6);
    int fd = connected(lab);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_CLOSE_WAIT);
    deafen(fd);
    give(lab, CALL_CLOSE);
    expect(lab, STATE_LAST_ACK);
    lab_close(lab);
}

static void abort_one(bool v6)
{
    struct lab *lab = open_lab("discard", v6);
    int fd = connected(lab);
    give(lab, CALL_ABORT);
    CHECK(was_reset(fd));
    expect(lab, STATE_LISTEN);
    close(fd);

    fd = connected(lab);
    give(lab, CALL_CLOSE);
    expect(lab, STATE_FIN_WAIT_2);
    give(lab, CALL_ABORT);
    expect(lab, STATE_LISTEN);
    sleep_ms(QUIET_MS);
    CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE); /* the reset is there */
    lab_close(lab);
}

/* More than the kernel takes at once, in the order it was said in. */
static void say_much(bool v6)
{
    static char block[LAB_CALL_DATA_MAX], got[LAB_CALL_DATA_MAX];
    enum {
        TIMES = 80
    };
    struct lab *lab = open_lab("hold", v6);
    int fd = connected(lab);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)(i % 251);
    say(lab, "first", 5);
    read_exactly(fd, "first");
    say(lab, NULL, 0);
    for (int i = 0; i < TIMES; i++)
        say(lab, block, sizeof(block));
    give(lab, CALL_CLOSE);
    for (int i = 0; i < TIMES; i++) {
        CHECK(recv(fd, got, sizeof(got), MSG_WAITALL) == (ssize_t)sizeof(got));
        CHECK(memcmp(got, block, sizeof(got)) == 0);
    }
    CHECK(at_end(fd));
    struct endpoint ours = our_end(lab);
    struct fault fault;
    CHECK(lab_call(lab, END_B, CALL_SEND, &ours, block, sizeof(block) + 1, &fault) != STATUS_OK);
    lab_close(lab);
}

static void crash(bool v6)
{
    struct lab *lab = open_lab("discard", v6);
    int fd = connected(lab);
    give(lab, CALL_CRASH);
    expect(lab, STATE_LISTEN);
    CHECK(silent(fd));
    send_text(fd, "is anybody there?");
    CHECK(was_reset(fd));
    lab_close(lab);
}

/* --- Before the application has it --- */

static void half_open(bool v6)
{
    struct lab *lab = open_lab("discard", v6);
    int fd = deaf_client(lab);
    refused(lab, CALL_CRASH, "half-open");
    say(lab, "late", 4);
    give(lab, CALL_CLOSE);
    expect(lab, STATE_SYN_RECEIVED);
    hear_again(fd);
    read_exactly(fd, "late");
    CHECK(at_end(fd));
    expect(lab, STATE_FIN_WAIT_2);
    lab_close(lab);
}

static void half_open_aborted(bool v6)
{
    struct lab *lab = open_lab("discard", v6);
    int fd = deaf_client(lab);
    give(lab, CALL_ABORT);
    hear_again(fd);
    CHECK(was_reset(fd));
    expect(lab, STATE_LISTEN);
    close(fd);
    fd = connected(lab); /* the cue was for the other one */
    CHECK(silent(fd));
    lab_close(lab);
}

static void listener(bool v6)
{
    struct lab *lab = open_lab("echo", v6);
    int old = connected(lab);
    refused(lab, CALL_LISTEN, "cannot listen again: it already has");
    give(lab, CALL_STOP_LISTENING);
    refused(lab, CALL_STOP_LISTENING, "cannot stop listening: it already has");
    CHECK(dial(lab, client(lab, false)) == -1 && errno == ECONNREFUSED);
    send_text(old, "old");
    read_exactly(old, "old");
    give(lab, CALL_LISTEN);
    still_serves(lab);
    send_text(old, "old");
    read_exactly(old, "old");
    lab_close(lab);

    lab = open_lab("closed", v6);
    give(lab, CALL_LISTEN);
    expect(lab, STATE_LISTEN);
    connected(lab);
    lab_close(lab);
}

/* --- A connection that the peer opens --- */

static void connects(bool v6)
{
    struct lab *lab = open_lab("echo", v6);
    int at = our_listener(lab, false);
    give(lab, CALL_CONNECT);
    struct sockaddr_storage from, peer;
    socklen_t n = sizeof(from);
    int fd = accept(at, (struct sockaddr *)&from, &n);
    CHECK(fd >= 0);
    CHECK(endpoint_to_sockaddr(lab_at(lab, END_B), &peer) == n && memcmp(&from, &peer, 8) == 0);
    expect(lab, STATE_ESTABLISHED);
    send_text(fd, "echoed");
    read_exactly(fd, "echoed");
    CHECK(dial(lab, client(lab, false)) == -1 && errno == ECONNREFUSED); /* it listens no more */
    give(lab, CALL_CLOSE);
    CHECK(at_end(fd));
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_TIME_WAIT);
    give(lab, CALL_LISTEN);
    still_serves(lab);
    lab_close(lab);

    lab = open_lab("closed", v6);
    give(lab, CALL_CONNECT); /* and nobody listens: it is reset */
    expect(lab, STATE_CLOSED);
    lab_close(lab);
}

static void connecting(bool v6)
{
    struct lab *lab = open_lab("cue", v6);
    int at = our_listener(lab, true);
    give(lab, CALL_CONNECT);
    expect(lab, STATE_SYN_SENT);
    refused(lab, CALL_CONNECT, "cannot connect to");
    give(lab, CALL_CLOSE);
    expect(lab, STATE_CLOSED);
    give(lab, CALL_CONNECT);
    expect(lab, STATE_SYN_SENT);
    give(lab, CALL_ABORT);
    expect(lab, STATE_CLOSED);
    give(lab, CALL_CONNECT);
    expect(lab, STATE_SYN_SENT);
    give(lab, CALL_CRASH);
    expect(lab, STATE_CLOSED);
    close(at);
    lab_close(lab);
}

/* The peer is in SYN-SENT, then in SYN-RECEIVED by our SYN, whose answer we do not hear yet. */
static int crossing(struct lab *lab)
{
    static const int on = 1;
    int at = our_listener(lab, true);
    give(lab, CALL_CONNECT);
    expect(lab, STATE_SYN_SENT);
    close(at);
    int fd = client(lab, false);
    struct endpoint ours = our_end(lab);
    struct sockaddr_storage own;
    socklen_t n = endpoint_to_sockaddr(&ours, &own);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
    CHECK(bind(fd, (const struct sockaddr *)&own, n) == 0);
    deafen(fd);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(dial(lab, fd) == -1 && errno == EINPROGRESS);
    expect(lab, STATE_SYN_RECEIVED);
    return fd;
}

static void simultaneous_open(bool v6)
{
    struct lab *lab = open_lab("cue", v6);
    int fd = crossing(lab);
    say(lab, "both", 4);
    hear_again(fd);
    read_exactly(fd, "both");
    expect(lab, STATE_ESTABLISHED);
    give(lab, CALL_CLOSE);
    CHECK(at_end(fd));
    lab_close(lab);

    lab = open_lab("cue", v6);
    fd = crossing(lab);
    give(lab, CALL_CLOSE);
    hear_again(fd);
    CHECK(at_end(fd));
    expect(lab, STATE_FIN_WAIT_2);
    lab_close(lab);

    lab = open_lab("cue", v6);
    fd = crossing(lab);
    give(lab, CALL_ABORT);
    expect(lab, STATE_CLOSED);
    lab_close(lab);
}

/* --- What cannot be --- */

static void senseless(bool v6)
{
    struct lab *lab = open_lab("echo", v6);
    refused(lab, CALL_CLOSE, "cannot close its connection with");
    refused(lab, CALL_ABORT, "it has none");
    refused(lab, CALL_SEND, "it has none");
    refused(lab, CALL_CRASH, "it has none");
    int fd = connected(lab);
    refused(lab, CALL_CONNECT, "cannot connect to"); /* these two are connected already */
    send_text(fd, "on");
    read_exactly(fd, "on");
    still_serves(lab); /* and it listens as before */
    close(fd);
    expect(lab, STATE_LISTEN);
    refused(lab, CALL_CLOSE, "it has none");
    CHECK(kill(only_child(), SIGKILL) == 0);
    refused(lab, CALL_STOP_LISTENING, "the lab's peer cannot stop listening: ");
    lab_close(lab);
}

/* As a figure's player gives them. */
static void unprivileged(bool v6)
{
    struct lab *lab = open_lab("cue", v6);
    int fd = connected(lab);
    struct fault fault = {{0}};
    CHECK(privilege_drop(PRIVILEGE_OF_RUN, &fault) == STATUS_OK);
    say(lab, "cue", 3);
    read_exactly(fd, "cue");
    give(lab, CALL_CLOSE);
    CHECK(at_end(fd));
    give(lab, CALL_CRASH);
    give(lab, CALL_STOP_LISTENING);
    give(lab, CALL_LISTEN);
    refused(lab, CALL_ABORT, "it has none");
    expect(lab, STATE_LISTEN);
    _exit(0);
}

IN_BOTH_FAMILIES(close_first)
IN_BOTH_FAMILIES(close_after_sending)
IN_BOTH_FAMILIES(close_of_one_that_never_read)
IN_BOTH_FAMILIES(close_last)
IN_BOTH_FAMILIES(last_ack)
IN_BOTH_FAMILIES(abort_one)
IN_BOTH_FAMILIES(say_much)
IN_BOTH_FAMILIES(crash)
IN_BOTH_FAMILIES(half_open)
IN_BOTH_FAMILIES(half_open_aborted)
IN_BOTH_FAMILIES(listener)
IN_BOTH_FAMILIES(connects)
IN_BOTH_FAMILIES(connecting)
IN_BOTH_FAMILIES(simultaneous_open)
IN_BOTH_FAMILIES(senseless)
IN_BOTH_FAMILIES(unprivileged)

/* --- An app that waits --- */

static struct queues queues_of(struct lab *lab)
{
    struct queues q;
    struct fault fault = {{0}};
    if (lab_queues(lab, &q, &fault) != STATUS_OK)
        fprintf(stderr, "# %s\n", fault.text);
    CHECK(q.listens);
    return q;
}

static void assign(struct lab *lab, const char *assignment)
{
    CHECK(lab_call(lab, END_B, CALL_SET, NULL, assignment, strlen(assignment), NULL) == STATUS_OK);
}

static void waits(bool v6)
{
    struct lab *lab = open_lab("idle", v6);
    assign(lab, "backlog=3");
    give(lab, CALL_STOP_LISTENING);
    give(lab, CALL_LISTEN);
    CHECK(queues_of(lab).accept_max == 3 && queues_of(lab).accept_len == 0);
    int first = dialled(lab), second = dialled(lab);
    sleep_ms(QUIET_MS);
    CHECK(queues_of(lab).accept_len == 2); /* nobody accepts */
    give(lab, CALL_ACCEPT);
    CHECK(queues_of(lab).accept_len == 0);
    refused(lab, CALL_ACCEPT, "it already has");
    int third = dialled(lab);
    sleep_ms(QUIET_MS);
    for (int waited = 0; queues_of(lab).accept_len != 0; waited++) {
        CHECK(waited < LIMIT_S / 2 * 1000);
        sleep_ms(1);
    }
    give(lab, CALL_STOP_LISTENING);
    give(lab, CALL_LISTEN); /* and waits again */
    int fourth = dialled(lab);
    sleep_ms(QUIET_MS);
    CHECK(queues_of(lab).accept_len == 1);
    close(first);
    close(second);
    close(third);
    close(fourth);
    lab_close(lab);
}

UNIT_TEST(test_waits)
{
    in_both_families(waits);
}

/* One half-open entry, a setting that was changed, and what the kernel has counted. */
static void queues(bool v6)
{
    struct lab *lab = open_lab("idle", v6);
    CHECK(queues_of(lab).syn_len == 0);
    int fd = deaf_client(lab);
    CHECK(queues_of(lab).syn_len == 1);
    CHECK(queues_of(lab).settings[QUEUES_SYNCOOKIES].known);
    CHECK(queues_of(lab).settings[QUEUES_SYNCOOKIES].value == 1);
    CHECK(queues_of(lab).counters[QUEUES_COOKIES_SENT].known);
    CHECK(queues_of(lab).counters[QUEUES_COOKIES_SENT].value == 0);
    close(fd);
    assign(lab, "net.ipv4.tcp_syncookies=2");
    CHECK(queues_of(lab).settings[QUEUES_SYNCOOKIES].value == 2);
    fd = dialled(lab);
    CHECK(queues_of(lab).counters[QUEUES_COOKIES_SENT].value == 1);
    CHECK(queues_of(lab).counters[QUEUES_COOKIES_RECEIVED].value == 1);
    close(fd);
    lab_close(lab);
}

UNIT_TEST(test_queues)
{
    in_both_families(queues);
}

static void bad_settings(bool v6)
{
    static const char *const bad[] = {"backlog=0",
                                      "backlog=",
                                      "backlog=4097",
                                      "backlog=x",
                                      "net.ipv4.tcp_syncookies=many",
                                      "kernel.hostname=x",
                                      ""};
    struct lab *lab = open_lab("idle", v6);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fault fault = {{0}};
        CHECK(lab_call(lab, END_B, CALL_SET, NULL, bad[i], strlen(bad[i]), &fault) ==
              STATUS_SYSTEM);
        CHECK(strstr(fault.text, "cannot change a setting") != NULL);
    }
    lab_close(lab);
    lab = open_lab("echo", v6); /* which has nothing to wait for */
    struct queues q;
    CHECK(lab_queues(lab, &q, NULL) == STATUS_SYSTEM);
    refused(lab, CALL_ACCEPT, "it already has");
    lab_close(lab);
}

UNIT_TEST(test_bad_settings)
{
    in_child(bad_settings, false);
}
