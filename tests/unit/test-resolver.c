/* The resolver beside: bounded, in any order, and every question is answered, even when look-ups
 * hang or the process dies. What looks up is made here; nothing is asked of the network. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/resolver.h"
#include "wire/address.h"

/* Told by the other process. */
struct ledger {
    atomic_int running, most;
    pid_t pid;
    int fds;
    bool no_new_privs, capable, dumpable, root;
};

/* The one piece of memory that both processes see. */
static struct ledger *ledger(void)
{
    static struct ledger *shared;
    if (shared == NULL) {
        void *at =
            mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(at != MAP_FAILED);
        shared = at;
    }
    return shared;
}

static void doze(int64_t ns)
{
    const struct timespec t = {ns / CLOCK_S, ns % CLOCK_S};
    (void)nanosleep(&t, NULL);
}

static int open_fds(void)
{
    int n = 0;
    for (int fd = 3; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static bool is_capable(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capget, &head, data) != 0 || data[0].effective != 0 ||
           data[1].effective != 0 || data[0].permitted != 0 || data[1].permitted != 0;
}

/* "N" is 192.0.2.N, "slow-N" after 50 ms, "hang" never, "none" has no address, "die" is the end,
 * "link" is link local. */
static enum status look_up(const char *name, int family, struct in6_addr *ip, uint32_t *scope_id,
                           struct fault *fault)
{
    struct ledger *l = ledger();
    int running = atomic_fetch_add(&l->running, 1) + 1;
    for (int most = l->most; running > most;) {
        if (atomic_compare_exchange_weak(&l->most, &most, running))
            break;
    }
    l->pid = getpid();
    l->fds = open_fds();
    l->capable = is_capable();
    l->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    l->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
    l->root = geteuid() == 0;
    if (strcmp(name, "hang") == 0)
        doze(1000 * CLOCK_S);
    if (strcmp(name, "die") == 0)
        _exit(3);
    if (strncmp(name, "slow-", 5) == 0) {
        doze(50 * CLOCK_MS);
        name += 5;
    }
    atomic_fetch_sub(&l->running, 1);
    if (strcmp(name, "none") == 0)
        return fault_set(fault, STATUS_SYSTEM, "no such name");
    if (strcmp(name, "link") == 0)
        *scope_id = 2;
    *ip = address_from_v4(
        (const uint8_t[]){192, 0, (uint8_t)(family == AF_INET6 ? 6 : 2), (uint8_t)atoi(name)});
    return STATUS_OK;
}

static bool nobody_is_mapped(void)
{
    unsigned inside, outside, n;
    bool mapped = false;
    FILE *f = fopen("/proc/self/uid_map", "re");
    while (f != NULL && fscanf(f, "%u %u %u", &inside, &outside, &n) == 3)
        mapped = mapped || (65534 >= inside && 65534 - inside < n);
    if (f != NULL)
        (void)fclose(f);
    return mapped;
}

static const struct resolver_config config = {look_up, 300 * CLOCK_MS};

static struct resolver *open_it(void)
{
    memset(ledger(), 0, sizeof(*ledger()));
    struct fault fault = {""};
    struct resolver *r = resolver_open(&config, &fault);
    assert_non_null(r);
    return r;
}

/* Waits for one, five seconds at most. */
static uint64_t take(struct resolver *r, struct in6_addr *ip, char reason[RESOLVER_REASON_MAX])
{
    uint64_t id;
    for (int i = 0; i < 500; i++) {
        if (resolver_take(r, &id, ip, reason))
            return id;
        struct pollfd ready = {.fd = resolver_fd(r), .events = POLLIN};
        (void)poll(&ready, 1, 10);
    }
    fail_msg("no answer");
    return 0;
}

UNIT_TEST(names_become_addresses)
{
    struct resolver *r = open_it();
    struct in6_addr ip;
    char reason[RESOLVER_REASON_MAX], text[ADDRESS_TEXT_MAX];
    uint64_t id;
    assert_false(resolver_take(r, &id, &ip, reason));
    assert_true(resolver_ask(r, UINT64_MAX, "7", AF_UNSPEC));
    assert_true(take(r, &ip, reason) == UINT64_MAX);
    assert_string_equal(reason, "");
    assert_string_equal(address_format(&ip, text), "192.0.2.7");
    assert_true(resolver_ask(r, 1, "7", AF_INET6));
    assert_int_equal(take(r, &ip, reason), 1);
    assert_string_equal(address_format(&ip, text), "192.0.6.7");
    assert_true(resolver_ask(r, 2, "none", AF_UNSPEC));
    assert_int_equal(take(r, &ip, reason), 2);
    assert_string_equal(reason, "no such name");
    assert_true(resolver_ask(r, 3, "link", AF_UNSPEC));
    assert_int_equal(take(r, &ip, reason), 3);
    assert_string_equal(reason, "its address is link local");
    assert_false(resolver_take(r, &id, &ip, reason));
    resolver_close(r);
}

/* The system's own way; an address needs no more than itself to be looked up. */
UNIT_TEST(as_the_system_does)
{
    struct fault fault = {""};
    struct resolver *r = resolver_open(NULL, &fault);
    char reason[RESOLVER_REASON_MAX], text[ADDRESS_TEXT_MAX];
    struct in6_addr ip;
    assert_non_null(r);
    assert_true(resolver_ask(r, 5, "192.0.2.77", AF_INET));
    assert_int_equal(take(r, &ip, reason), 5);
    assert_string_equal(reason, "");
    assert_string_equal(address_format(&ip, text), "192.0.2.77");
    assert_true(resolver_ask(r, 6, "2001:db8::1", AF_INET));
    assert_int_equal(take(r, &ip, reason), 6);
    assert_string_not_equal(reason, "");
    resolver_close(r);
}

/* 64 outstanding, 16 at a time, each answered once. */
UNIT_TEST(bounded)
{
    struct resolver *r = open_it();
    bool seen[2 * RESOLVER_OUTSTANDING] = {false};
    uint64_t asked = 0, taken = 0;
    char name[16], reason[RESOLVER_REASON_MAX], text[ADDRESS_TEXT_MAX], want[ADDRESS_TEXT_MAX];
    struct in6_addr ip;
    while (taken < 2 * RESOLVER_OUTSTANDING) {
        while (asked < 2 * RESOLVER_OUTSTANDING) {
            (void)snprintf(name, sizeof(name), "slow-%u", (unsigned)asked);
            if (!resolver_ask(r, asked, name, AF_UNSPEC))
                break;
            asked++;
        }
        assert_in_range(asked - taken, 0, RESOLVER_OUTSTANDING);
        assert_true(asked == 2 * RESOLVER_OUTSTANDING || asked - taken == RESOLVER_OUTSTANDING);
        uint64_t id = take(r, &ip, reason);
        assert_true(id < asked && !seen[id]);
        (void)snprintf(want, sizeof(want), "192.0.2.%u", (unsigned)id);
        assert_string_equal(address_format(&ip, text), want);
        seen[id] = true;
        taken++;
    }
    assert_in_range(ledger()->most, 2, RESOLVER_AT_ONCE);
    resolver_close(r);
}

/* All threads hang, and there are more questions than threads: patience ends, for those that wait
 * in the queue too. */
UNIT_TEST(hanging_lookups)
{
    struct resolver *r = open_it();
    char reason[RESOLVER_REASON_MAX];
    struct in6_addr ip;
    size_t in_time = 0, stuck = 0;
    for (uint64_t id = 0; id < RESOLVER_AT_ONCE + 4; id++)
        assert_true(resolver_ask(r, id, "hang", AF_UNSPEC));
    for (size_t i = 0; i < RESOLVER_AT_ONCE + 4; i++) {
        uint64_t id = take(r, &ip, reason);
        assert_true(id < RESOLVER_AT_ONCE + 4);
        in_time += strcmp(reason, "no answer in time") == 0;
        stuck += strcmp(reason, "the resolver is stuck") == 0;
    }
    assert_int_equal(in_time, RESOLVER_AT_ONCE);
    assert_int_equal(stuck, 4);
    resolver_close(r); /* though sixteen threads hang */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

UNIT_TEST(its_death_is_an_answer)
{
    struct resolver *r = open_it();
    char reason[RESOLVER_REASON_MAX];
    struct in6_addr ip;
    bool seen[3] = {false};
    assert_true(resolver_ask(r, 0, "hang", AF_UNSPEC));
    assert_true(resolver_ask(r, 1, "die", AF_UNSPEC));
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t id = take(r, &ip, reason);
        assert_string_equal(reason, "the resolver has died");
        assert_true(id < 2 && !seen[id]);
        seen[id] = true;
    }
    assert_true(resolver_ask(r, 2, "7", AF_UNSPEC));
    assert_int_equal(take(r, &ip, reason), 2);
    assert_string_equal(reason, "the resolver has died");
    resolver_close(r);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* It has one descriptor besides the standard ones, no privileges, and ends with its asker. */
UNIT_TEST(it_has_nothing_and_ends)
{
    int extra = open("/dev/null", O_RDONLY);
    struct resolver *r = open_it();
    char reason[RESOLVER_REASON_MAX];
    struct in6_addr ip;
    assert_true(resolver_ask(r, 1, "1", AF_UNSPEC));
    (void)take(r, &ip, reason);
    assert_int_equal(ledger()->fds, 1);
    assert_true(ledger()->no_new_privs);
    assert_false(ledger()->capable);
    assert_false(ledger()->dumpable);
    /* In a namespace without nobody root stays what it is: an ordinary user. */
    assert_true(!ledger()->root || geteuid() != 0 || !nobody_is_mapped());
    pid_t pid = ledger()->pid;
    assert_int_not_equal(pid, getpid());
    resolver_close(r);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    (void)close(extra);
}

/* Killed without a word, the asker takes it along. */
UNIT_TEST(it_dies_with_its_asker)
{
    pid_t asker = fork();
    if (asker == 0) {
        struct resolver *r = open_it();
        (void)resolver_ask(r, 1, "hang", AF_UNSPEC);
        while (ledger()->pid == 0)
            doze(CLOCK_MS);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(asker, NULL, 0), asker);
    pid_t pid = ledger()->pid;
    assert_true(pid > 1);
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++) {
        (void)waitpid(pid, NULL, WNOHANG); /* where this test is who inherits it */
        char path[64], state_of = 0;
        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        FILE *f = fopen(path, "re");
        if (f != NULL) {
            if (fscanf(f, "%*d %*s %c", &state_of) != 1)
                state_of = 0;
            (void)fclose(f);
        }
        if (state_of == 'Z') /* dead, and whoever reaps here is slow */
            break;
        assert_true(i < 499);
        doze(10 * CLOCK_MS);
    }
}
