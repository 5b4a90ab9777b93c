/* The lab seen from inside it, with the kernel's own TCP as the client: what each app does, what
 * the truth says in every state, what is left when it is killed. lab_open moves its process for
 * good, so every test runs in a child. */
#include "lab.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void echo(bool v6)
{
    struct lab *lab = open_lab(NULL, v6);
    CHECK(lab_at(lab, END_B)->port == 7);
    int fd = dialled(lab);
    send_text(fd, "hello");
    char back[8];
    CHECK(recv(fd, back, 5, MSG_WAITALL) == 5 && memcmp(back, "hello", 5) == 0);
    CHECK(silent(fd));

    /* More than all buffers take: the peer cannot send, stops reading, and loses nothing. */
    size_t sent = fill(fd);
    CHECK(sent > 100000);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    size_t got = 0;
    static char block[65536];
    for (ssize_t n; (n = recv(fd, block, sizeof(block), 0)) != 0; got += (size_t)n)
        CHECK(n > 0);
    CHECK(got == sent);
    lab_close(lab);
}

static void discard(bool v6)
{
    struct lab *lab = open_lab("discard", v6);
    int fd = dialled(lab);
    static const char block[1 << 16] = {0};
    for (int i = 0; i < 256; i++) /* far more than buffers hold */
        CHECK(send(fd, block, sizeof(block), MSG_NOSIGNAL) == (ssize_t)sizeof(block));
    CHECK(silent(fd));
    CHECK(shutdown(fd, SHUT_WR) == 0);
    CHECK(at_end(fd));
    lab_close(lab);
}

static void hold(bool v6)
{
    struct lab *lab = open_lab("hold", v6);
    int fd = dialled(lab);
    CHECK(fill(fd) > 0); /* and it returns: the window closes */
    CHECK(shutdown(fd, SHUT_WR) == 0);
    CHECK(silent(fd));
    lab_close(lab);
}

static void close_at_once(bool v6)
{
    struct lab *lab = open_lab("close", v6);
    CHECK(at_end(dialled(lab)));
    lab_close(lab);
}

static void http(bool v6)
{
    struct lab *lab = open_lab("http", v6);
    char answer[1024];
    int fd = dialled(lab);
    send_text(fd, "GET / HTTP/1.1\r\nHost: lab\r\n");
    CHECK(silent(fd)); /* the head has not ended */
    send_text(fd, "\r\n");
    read_to_end(fd, answer, sizeof(answer));
    CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    const char *length = strstr(answer, "Content-Length: ");
    const char *body = strstr(answer, "\r\n\r\n");
    CHECK(length != NULL && body != NULL);
    CHECK(strtoul(length + 16, NULL, 10) == strlen(body + 4));

    fd = dialled(lab);
    send_text(fd, "HEAD / HTTP/1.0\n\n");
    read_to_end(fd, answer, sizeof(answer));
    CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    CHECK(strcmp(strstr(answer, "\r\n\r\n"), "\r\n\r\n") == 0);

    fd = dialled(lab);
    send_text(fd, "what?\r\n\r\n");
    read_to_end(fd, answer, sizeof(answer));
    CHECK(strncmp(answer, "HTTP/1.1 400 ", 13) == 0);
    lab_close(lab);
}

/* The handshake is complete on our side, and the kernel's entry becomes a connection with the first
 * octet. */
static void defer(bool v6)
{
    struct lab *lab = open_lab("defer", v6);
    int fd = client(lab, true);
    CHECK(dial(lab, fd) == 0);
    expect(lab, STATE_SYN_RECEIVED);
    send_text(fd, "x");
    expect(lab, STATE_ESTABLISHED);
    lab_close(lab);
}

static void closed(bool v6)
{
    struct lab *lab = open_lab("closed", v6);
    CHECK(dial(lab, client(lab, false)) == -1 && errno == ECONNREFUSED);
    lab_close(lab);
}

static void filtered(bool v6)
{
    struct lab *lab = open_lab("filtered", v6);
    int fd = client(lab, false);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(dial(lab, fd) == -1 && errno == EINPROGRESS);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    CHECK(poll(&p, 1, QUIET_MS) == 0);
    lab_close(lab);
}

static void crowd(bool v6)
{
    enum {
        MANY = 300
    };
    static int fds[MANY];
    struct lab *lab = open_lab("echo", v6);
    for (int i = 0; i < MANY; i++) {
        fds[i] = dialled(lab);
        send_text(fds[i], "x");
    }
    /* More than it serves at once: the rest is served as the first leave. */
    for (int i = 0; i < MANY; i++) {
        char c;
        CHECK(recv(fds[i], &c, 1, 0) == 1 && c == 'x');
        close(fds[i]);
    }
    lab_close(lab);
}

IN_BOTH_FAMILIES(echo)
IN_BOTH_FAMILIES(discard)
IN_BOTH_FAMILIES(hold)

UNIT_TEST(test_close)
{
    in_both_families(close_at_once);
}

IN_BOTH_FAMILIES(http)
IN_BOTH_FAMILIES(defer)
IN_BOTH_FAMILIES(closed)
IN_BOTH_FAMILIES(filtered)

UNIT_TEST(test_crowd)
{
    in_child(crowd, false);
}

UNIT_TEST(test_table)
{
    size_t n = 0;
    for (const struct lab_app *app; (app = lab_app_at(n)) != NULL; n++) {
        assert_true(app->port != 0);
        for (size_t i = 0; i < n; i++) {
            assert_string_not_equal(lab_app_at(i)->name, app->name);
            assert_int_not_equal(lab_app_at(i)->port, app->port);
        }
    }
    assert_int_equal(n, 10);
}

/* Fails to open, with a line that has `part` in it. */
static void refused(const struct lab_options *options, const char *part)
{
    struct fault fault = {{0}};
    CHECK(lab_open(options, &fault) == NULL);
    if (strstr(fault.text, part) == NULL || strchr(fault.text, '\n') != NULL) {
        fprintf(stderr, "# expected '%s' in: %s\n", part, fault.text);
        _exit(1);
    }
}

static void refused_sysctl(const char *assignment, const char *part)
{
    refused(&(struct lab_options){.sysctls = &assignment, .sysctl_count = 1}, part);
}

static void bad_options(bool v6)
{
    (void)v6;
    refused(&(struct lab_options){.app = "ech"},
            "no app 'ech'; it has echo, discard, hold, close, cue, idle, defer, "
            "http, closed, filtered");
    refused_sysctl("net.ipv4.tcp_synack_retries", "not NAME=VALUE");
    refused_sysctl("net.ipv4.tcp_synack_retries=", "not NAME=VALUE");
    refused_sysctl("=3", "'' is no setting");
    refused_sysctl("kernel.hostname=x", "'kernel.hostname' is no setting");
    refused_sysctl("net..ipv4=1", "'net..ipv4' is no setting");
    refused_sysctl("net.=1", "'net.' is no setting");
    refused_sysctl("net./../kernel/hostname=x", "is no setting");
    refused_sysctl("net.ipv4.tcp_no_such=1", "no setting net.ipv4.tcp_no_such");
    refused_sysctl("net.ipv4=1", "net.ipv4 cannot be set");
    refused_sysctl("net.ipv4.tcp_synack_retries=many", "refuses 'many' for net.ipv4.tcp_syn");
    refused_sysctl("net.ipv4.tcp_synack_retries=1000", "refuses '1000' for net.ipv4.tcp_syn");
}

UNIT_TEST(test_bad_options)
{
    in_child(bad_options, false);
}

static int synack_retries(void)
{
    char digits[16] = "";
    int fd = open("/proc/sys/net/ipv4/tcp_synack_retries", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && read(fd, digits, sizeof(digits) - 1) > 0);
    close(fd);
    return (int)strtol(digits, NULL, 10);
}

static void sysctl_there(bool v6)
{
    static const char *const sysctls[] = {"net.ipv4.tcp_synack_retries=2",
                                          "net.ipv4.tcp_keepalive_time=7"};
    struct lab_options options = {.sysctls = sysctls, .sysctl_count = 2, .v6 = v6};
    CHECK(synack_retries() != 2);
    struct fault fault;
    struct lab *lab = lab_open(&options, &fault);
    CHECK(lab != NULL);
    CHECK(synack_retries() != 2);
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)only_child());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && setns(fd, CLONE_NEWNET) == 0);
    CHECK(synack_retries() == 2);
    lab_close(lab);
}

UNIT_TEST(test_sysctl)
{
    in_child(sysctl_there, false);
}

/* As on a machine without IPv6: the lab does without, unless it was asked for. */
static void no_v6(bool v6)
{
    static const char *const sysctls[] = {"net.ipv6.conf.default.disable_ipv6=1"};
    struct lab_options options = {.sysctls = sysctls, .sysctl_count = 1, .v6 = v6};
    if (v6) {
        refused(&options, "is IPv6 switched off");
        return;
    }
    struct fault fault;
    struct lab *lab = lab_open(&options, &fault);
    CHECK(lab != NULL);
    close(dialled(lab));
    lab_close(lab);
}

IN_BOTH_FAMILIES(no_v6)

static void truth_peer_closes(bool v6)
{
    struct lab *lab = open_lab("close", v6);
    expect(lab, STATE_LISTEN);
    int fd = client(lab, true);
    CHECK(dial(lab, fd) == 0);
    expect(lab, STATE_FIN_WAIT_2);
    CHECK(at_end(fd));
    close(fd);
    expect(lab, STATE_TIME_WAIT);
    lab_close(lab);
}

static void truth_we_close(bool v6)
{
    struct lab *lab = open_lab("hold", v6);
    int fd = client(lab, true);
    CHECK(dial(lab, fd) == 0);
    expect(lab, STATE_ESTABLISHED);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_CLOSE_WAIT);
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
    close(fd);
    expect(lab, STATE_LISTEN); /* the reset connection is gone */
    lab_close(lab);
}

static void truth_syn_received(bool v6)
{
    struct lab *lab = open_lab("echo", v6);
    int fd = client(lab, true);
    deafen(fd);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(dial(lab, fd) == -1 && errno == EINPROGRESS);
    expect(lab, STATE_SYN_RECEIVED);
    lab_close(lab);
}

static void truth_last_ack(bool v6)
{
    struct lab *lab = open_lab("discard", v6);
    int fd = client(lab, true);
    CHECK(dial(lab, fd) == 0);
    expect(lab, STATE_ESTABLISHED);
    deafen(fd);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_LAST_ACK);
    lab_close(lab);
}

static void truth_closing(bool v6)
{
    struct lab *lab = open_lab("http", v6);
    int fd = client(lab, true);
    CHECK(dial(lab, fd) == 0);
    send_text(fd, "GET / HTTP/1.0\r\n");
    expect(lab, STATE_ESTABLISHED);
    deafen(fd);
    send_text(fd, "\r\n");
    expect(lab, STATE_FIN_WAIT_1);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    expect(lab, STATE_CLOSING);
    lab_close(lab);
}

static void truth_no_socket(bool v6)
{
    struct lab *lab = open_lab("closed", v6);
    expect(lab, STATE_CLOSED);
    lab_close(lab);
    lab = open_lab("filtered", v6); /* a lab in a lab's place */
    expect(lab, STATE_LISTEN);
    lab_close(lab);
}

UNIT_TEST(test_truth)
{
    in_both_families(truth_peer_closes);
    in_both_families(truth_we_close);
    in_both_families(truth_syn_received);
    in_both_families(truth_last_ack);
    in_both_families(truth_closing);
    in_both_families(truth_no_socket);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* Makes an ordinary user of us. A process that runs as user 0 keeps the one capability without
 * which the kernel lets no user namespace have a user 0 mapped into it. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (geteuid() == 0)
        kept[0].effective = kept[0].permitted = UINT32_C(1) << CAP_SETFCAP;
    CHECK(syscall(SYS_capset, &head, kept) == 0);
}

/* A user namespace of our own: its limits are ours to set, and nobody else counts against them. */
static void own_user_namespace(void)
{
    char uid_map[32], gid_map[32];
    snprintf(uid_map, sizeof(uid_map), "0 %u 1", geteuid());
    snprintf(gid_map, sizeof(gid_map), "0 %u 1", getegid());
    CHECK(unshare(CLONE_NEWUSER) == 0);
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", uid_map);
    write_file("/proc/self/gid_map", gid_map);
}

static void unprivileged(bool v6)
{
    drop_capabilities();
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* as a program with file capabilities starts */
    struct lab *lab = open_lab("echo", v6);
    close(dialled(lab));
    lab_close(lab);
}

IN_BOTH_FAMILIES(unprivileged)

static void forbidden(bool v6)
{
    (void)v6;
    own_user_namespace();
    write_file("/proc/sys/user/max_user_namespaces", "0");
    drop_capabilities();
    refused(&(struct lab_options){0}, "`sysctl user.max_user_namespaces=");
}

UNIT_TEST(test_forbidden)
{
    in_child(forbidden, false);
}

static size_t count_descriptors(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    CHECK(dir != NULL);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* What `lab sh` relies on: the lab outlives exec, its descriptors do not. */
static void through_exec(bool v6)
{
    char descriptors[16];
    snprintf(descriptors, sizeof(descriptors), "%zu", count_descriptors(getpid()));
    open_lab("echo", v6);
    execl("/proc/self/exe", "test-lab", "after-exec", descriptors, (char *)NULL);
    CHECK(errno == 0); /* exec does not return */
}

/* The same process after exec; `descriptors` is how many it had before the lab. */
static int after_exec(size_t descriptors)
{
    CHECK(count_descriptors(getpid()) == descriptors);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7)};
    CHECK(inet_pton(AF_INET, "192.0.2.2", &to.sin_addr) == 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
    send_text(fd, "x");
    char c;
    CHECK(recv(fd, &c, 1, 0) == 1 && c == 'x');
    close(fd);
    pid_t peer = only_child();
    CHECK(getsid(peer) == peer); /* no Ctrl-C reaches it */
    /* /dev/null thrice, a listener, the signal that ends it */
    for (int waited = 0; count_descriptors(peer) != 5; waited++) {
        CHECK(waited < LIMIT_S / 2 * 1000);
        sleep_ms(1);
    }
    return 0;
}

UNIT_TEST(test_exec)
{
    in_child(through_exec, false);
}

/* Every process reaped, and every network namespace freed by the kernel itself. */
static void nothing_left(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    CHECK(errno == ECHILD);
    write_file("/proc/sys/user/max_net_namespaces", "1");
    for (int waited = 0; unshare(CLONE_NEWNET) != 0; waited++) {
        CHECK(errno == ENOSPC && waited < LIMIT_S / 2 * 10); /* one is still counted */
        sleep_ms(100);
    }
}

static void killed(bool v6)
{
    enum {
        ROUNDS = 200,
        WHOLE_US = 4000
    };
    own_user_namespace();
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    unsigned random = 1;
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            open_lab("echo", v6);
            pause();
        }
        random = random * 1103515245 + 12345;
        const struct timespec moment = {.tv_nsec = (long)(random >> 8) % WHOLE_US * 1000};
        nanosleep(&moment, NULL);
        CHECK(kill(pid, SIGKILL) == 0);
    }
    nothing_left();
}

UNIT_TEST(test_killed)
{
    in_child(killed, false);
}

/* Killed while the peer's kernel waits for the acknowledgement of a FIN: nobody will send it. Nor
 * is there a last word from our own kernel, whose socket a tcpshake would not have. */
static void killed_before_the_last_ack(bool v6)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog filter = {.len = 1, .filter = nothing};
    own_user_namespace();
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int fd = dialled(open_lab("echo", v6));
        CHECK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0);
        CHECK(shutdown(fd, SHUT_WR) == 0);
        sleep_ms(50);
        CHECK(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &(int){TCP_REPAIR_ON}, sizeof(int)) == 0);
        raise(SIGKILL);
    }
    nothing_left();
}

IN_BOTH_FAMILIES(killed_before_the_last_ack)

static void closed_orderly(bool v6)
{
    own_user_namespace();
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        lab_close(open_lab("echo", v6));
        CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD); /* reaped it itself */
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    nothing_left();
}

IN_BOTH_FAMILIES(closed_orderly)

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "after-exec") == 0)
        return after_exec(strtoul(argv[2], NULL, 10));
    return unit_run();
}
