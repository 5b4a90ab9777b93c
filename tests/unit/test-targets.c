/* The stream of targets: every one once, in an order that hangs on list and key alone; shards,
 * names, exclusions, bad lines, lists that trickle in and lists that are larger than what is held.
 * What looks up names is made here; nothing is asked of the network. */
#include "unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "targets/targets.h"
#include "net/privilege.h"
#include "targets/block.h"

enum {
    TEXT_MAX = 400,
    WAIT_MS = 5000 /* for what takes some ms */
};

/* ---- what the tests hand in ---- */

struct complaints {
    size_t n;
    char text[8][TEXT_MAX];
};

static void complain(void *arg, const char *line)
{
    struct complaints *c = arg;
    if (c->n < 8)
        (void)snprintf(c->text[c->n], TEXT_MAX, "%s", line);
    c->n++;
}

/* "nN.test" is 198.51.100.N at once, "sN.test" so after 20 ms, "in.test" 10.0.0.1, "multi.test"
 * 224.0.0.1; other names are unknown. */
static enum status look_up(const char *name, int family, struct in6_addr *ip, uint32_t *scope_id,
                           struct fault *fault)
{
    const struct timespec while_ = {0, 20 * CLOCK_MS};
    unsigned n = 0;
    (void)family;
    *scope_id = 0;
    if (name[0] == 's')
        (void)nanosleep(&while_, NULL);
    if (strcmp(name, "in.test") == 0)
        *ip = address_from_v4((const uint8_t[]){10, 0, 0, 1});
    else if (strcmp(name, "multi.test") == 0)
        *ip = address_from_v4((const uint8_t[]){224, 0, 0, 1});
    else if (sscanf(name, "%*1[ns]%u.test", &n) == 1)
        *ip = address_from_v4((const uint8_t[]){198, 51, 100, (uint8_t)n});
    else
        return fault_set(fault, STATUS_SYSTEM, "no such name");
    return STATUS_OK;
}

static const struct resolver_config lookups = {look_up, 2 * CLOCK_S};

static struct targets_config config_of(const char *const *words, size_t n)
{
    return (struct targets_config){.words = words,
                                   .word_count = n,
                                   .family = AF_UNSPEC,
                                   .key = hash_key_of_seed(1),
                                   .shards = 1,
                                   .resolver = &lookups};
}

/* A list in memory that can be opened by name. */
struct list {
    int fd;
    char path[64];
};

static struct list list_of(const char *text, size_t n)
{
    struct list l = {.fd = memfd_create("list", MFD_CLOEXEC)};
    assert_true(l.fd >= 0);
    for (size_t at = 0; at < n;) {
        ssize_t wrote = write(l.fd, text + at, n - at);
        assert_true(wrote > 0);
        at += (size_t)wrote;
    }
    (void)snprintf(l.path, sizeof(l.path), "/proc/self/fd/%d", l.fd);
    return l;
}

static struct targets *open_them(const struct targets_config *c)
{
    struct fault fault = {""};
    struct targets *t = targets_open(c, &fault);
    if (t == NULL)
        fail_msg("%s", fault.text);
    return t;
}

static enum targets_answer next(struct targets *t, struct target *out)
{
    struct fault fault = {""};
    for (;;) {
        enum targets_answer a = targets_next(t, out, &fault);
        if (a != TARGETS_LATER)
            return a;
        struct pollfd ready = {.fd = targets_fd(t), .events = POLLIN};
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    }
}

/* ---- what they compare ---- */

struct given {
    size_t n, cap;
    struct {
        uint64_t index;
        char text[TEXT_MAX / 4];
    } * all;
};

static void keep(struct given *g, const struct target *t)
{
    char text[ENDPOINT_TEXT_MAX];
    if (g->n == g->cap) {
        g->cap = g->cap != 0 ? 2 * g->cap : 256;
        g->all = reallocarray(g->all, g->cap, sizeof(*g->all));
        assert_non_null(g->all);
    }
    g->all[g->n].index = t->index;
    (void)snprintf(g->all[g->n].text, sizeof(g->all[g->n].text), "%s%s%s%s%s",
                   t->trouble != NULL ? "" : endpoint_format(&t->at, text),
                   t->name != NULL ? " " : "", t->name != NULL ? t->name : "",
                   t->trouble != NULL ? " " : "", t->trouble != NULL ? t->trouble : "");
    g->n++;
}

static int by_index(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* All of them, by index. */
static struct given all_of(const struct targets_config *c)
{
    struct given g = {0};
    struct target one;
    struct targets *t = open_them(c);
    while (next(t, &one) == TARGETS_NEXT)
        keep(&g, &one);
    assert_int_equal(next(t, &one), TARGETS_END);
    targets_free(t);
    if (g.n != 0)
        qsort(g.all, g.n, sizeof(g.all[0]), by_index);
    return g;
}

static void assert_same(const struct given *a, const struct given *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_true(a->all[i].index == b->all[i].index);
        assert_string_equal(a->all[i].text, b->all[i].text);
    }
}

static bool has(const struct given *g, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        n += strcmp(g->all[i].text, text) == 0;
    assert_in_range(n, 0, 1);
    return n == 1;
}

/* ---- the tests ---- */

UNIT_TEST(words_of_the_command_line)
{
    static const char *const words[] = {"192.0.2.1:443", "192.0.2.8/30", "[2001:db8::1]:22,25",
                                        "2001:db8::5-7"};
    struct targets_config c = config_of(words, 4);
    assert_int_equal(ports_parse(&c.ports, "80,8080", 7, NULL, NULL), STATUS_OK);
    struct given g = all_of(&c);
    assert_int_equal(g.n, 1 + 8 + 2 + 6);
    for (size_t i = 0; i < g.n; i++)
        assert_int_equal(g.all[i].index, i);
    assert_true(has(&g, "192.0.2.1:443") && has(&g, "192.0.2.8:80") && has(&g, "192.0.2.11:8080"));
    assert_true(has(&g, "[2001:db8::1]:25") && has(&g, "[2001:db8::7]:80"));
    assert_false(has(&g, "192.0.2.1:80"));
    free(g.all);

    struct target one;
    struct targets *t = open_them(&c);
    assert_int_equal(next(t, &one), TARGETS_NEXT);
    assert_int_equal(targets_total(t), 17);
    while (next(t, &one) == TARGETS_NEXT)
        assert_null(one.name);
    assert_int_equal(targets_counts(t)->given, 17);
    targets_free(t);
    ports_done(&c.ports);
}

UNIT_TEST(bad_words_open_nothing)
{
    static const struct {
        const char *word, *line;
        bool numeric;
        int family;
    } bad[] = {
        {"192.0.2.1", "'192.0.2.1' has no port: write HOST:PORT, or name the ports with -p", false,
         AF_UNSPEC},
        {"192.0.2.1/24:80",
         "'192.0.2.1/24' has bits set after its prefix: the network is "
         "192.0.2.0/24",
         false, AF_UNSPEC},
        {"", "a target is empty: write HOST:PORT", false, AF_UNSPEC},
        {"n1.test:80", "'n1.test:80' is no address (-n)", true, AF_UNSPEC},
        {"192.0.2.1:80", "'192.0.2.1:80' is not IPv6 (-6)", false, AF_INET6},
        {"[::1]:80", "'[::1]:80' is not IPv4 (-4)", false, AF_INET},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *const words[] = {"n2.test:1", bad[i].word};
        struct targets_config c = config_of(words + bad[i].numeric, 2u - bad[i].numeric);
        struct fault fault = {""};
        c.numeric = bad[i].numeric;
        c.family = bad[i].family;
        assert_null(targets_open(&c, &fault));
        assert_string_equal(fault.text, bad[i].line);
    }
    struct targets_config c = config_of(NULL, 0);
    struct fault fault = {""};
    c.file = "/nonexistent/list";
    assert_null(targets_open(&c, &fault));
    assert_string_equal(fault.text, "/nonexistent/list: No such file or directory");
    c.file = "/";
    assert_null(targets_open(&c, &fault));
    assert_string_equal(fault.text, "/: Is a directory");
}

/* 256 networks in sequence, from a file. */
static struct list networks(void)
{
    char text[256 * 32];
    size_t n = 0;
    for (unsigned i = 0; i < 256; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "11.%u.%u.0/24\n", i / 16, i % 16);
    return list_of(text, n);
}

UNIT_TEST(the_order_hangs_on_the_key)
{
    struct list l = networks();
    struct targets_config c = config_of(NULL, 0);
    c.file = l.path;
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    struct given a = all_of(&c), again = all_of(&c);
    assert_int_equal(a.n, 65536);
    assert_same(&a, &again);
    c.key = hash_key_of_seed(2);
    struct given other = all_of(&c);
    size_t equal = 0;
    for (size_t i = 0; i < a.n; i++)
        equal += strcmp(a.all[i].text, other.all[i].text) == 0;
    assert_in_range(equal, 0, 30);
    free(a.all);
    free(again.all);
    free(other.all);
    close(l.fd);
}

/* Two in a row of one /24 are the exception, and so are two in a row of one /16. */
UNIT_TEST(networks_are_mixed)
{
    struct list l = networks();
    struct targets_config c = config_of(NULL, 0);
    struct target one;
    struct in6_addr before = IN6ADDR_ANY_INIT;
    size_t together = 0, first = 0, n = 0;
    c.file = l.path;
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    struct targets *t = open_them(&c);
    bool seen[65536] = {false};
    for (; next(t, &one) == TARGETS_NEXT; n++) {
        const uint8_t *o = address_v4_octets(&one.at.ip);
        size_t at = (size_t)o[1] * 16 * 256 + (size_t)o[2] * 256 + o[3];
        assert_false(seen[at]);
        seen[at] = true;
        together += memcmp(before.s6_addr, one.at.ip.s6_addr, 15) == 0;
        first += n < 4096 && o[1] < 8;
        before = one.at.ip;
    }
    assert_int_equal(n, 65536);
    assert_in_range(together, 0, 65536 / 100);
    assert_in_range(first, 4096 * 4 / 10, 4096 * 6 / 10); /* from all over the list, too */
    targets_free(t);
    close(l.fd);
}

/* Nor does one network, with its ports, go by in sequence. */
UNIT_TEST(a_network_is_mixed)
{
    static const char *const words[] = {"12.0.0.0/16:80,81"};
    struct targets_config c = config_of(words, 1);
    struct target one, before = {0};
    size_t together = 0, ports = 0, follow = 0, n = 0;
    struct targets *t = open_them(&c);
    for (; next(t, &one) == TARGETS_NEXT; n++) {
        const uint8_t *a = address_v4_octets(&before.at.ip), *b = address_v4_octets(&one.at.ip);
        together += a[2] == b[2];
        follow += a[2] == b[2] && (uint8_t)(a[3] + 1) == b[3];
        ports += before.at.port == one.at.port;
        before = one;
    }
    targets_free(t);
    assert_int_equal(n, 131072);
    assert_in_range(together, 256, 131072 / 100);
    assert_in_range(follow, 0, 30);
    assert_in_range(ports, n * 4 / 10, n * 6 / 10);
}

/* As many as are asked for, then the end without a word, as a run that is killed. */
UNIT_TEST(an_index_stays_what_it_is)
{
    static const char *const words[] = {"12.0.0.0/22:1-3", "s1.test:5,7", "n2.test:9-40"};
    struct list excluded = list_of("12.0.1.0/24\n", 12);
    struct targets_config c = config_of(words, 3);
    struct given whole = all_of(&c);
    assert_int_equal(whole.n, 3 * 1024 + 2 + 32);
    c.exclude_file = excluded.path;
    struct given part = all_of(&c);
    assert_int_equal(part.n, whole.n - 3 * 256);
    for (size_t i = 0; i < part.n; i++)
        assert_string_equal(part.all[i].text, whole.all[part.all[i].index].text);
    free(whole.all);
    free(part.all);
    close(excluded.fd);
}

UNIT_TEST(shards_are_the_list)
{
    static const char *const words[] = {"12.0.0.0/22:1-3", "n3.test:1-50", "12.9.0.1:4"};
    struct targets_config c = config_of(words, 3);
    struct given whole = all_of(&c), parts = {0};
    for (c.shard = 0, c.shards = 10; c.shard < 10; c.shard++) {
        struct targets *t = open_them(&c);
        struct target one;
        size_t before = parts.n;
        while (next(t, &one) == TARGETS_NEXT) {
            assert_int_equal(one.index % 10, c.shard);
            keep(&parts, &one);
        }
        assert_int_equal(targets_total(t), parts.n - before);
        targets_free(t);
    }
    qsort(parts.all, parts.n, sizeof(parts.all[0]), by_index);
    assert_same(&whole, &parts);
    free(whole.all);
    free(parts.all);
}

UNIT_TEST(names_are_looked_up)
{
    static const char *const words[] = {"n7.test:80", "s8.test:80,81", "nobody:80-82",
                                        "12.0.0.1:80", "multi.test:80"};
    struct targets_config c = config_of(words, 5);
    struct given g = all_of(&c);
    assert_int_equal(g.n, 7);
    assert_true(has(&g, "198.51.100.7:80 n7.test") && has(&g, "198.51.100.8:81 s8.test"));
    assert_true(has(&g, "12.0.0.1:80"));
    size_t troubles = 0;
    for (size_t i = 0; i < g.n; i++)
        troubles += strcmp(g.all[i].text, " nobody no such name") == 0;
    assert_int_equal(troubles, 3);
    free(g.all);
}

/* Hundreds of slow ones: as many wait as may, what is known already is given meanwhile, and the
 * indices are those of any other run. */
UNIT_TEST(many_names)
{
    char text[300 * 16];
    size_t n = 0;
    for (unsigned i = 0; i < 300; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%c%u.test:80\n", "sn"[i % 3 == 0],
                              i % 256);
    struct list l = list_of(text, n);
    struct targets_config c = config_of(NULL, 0);
    c.file = l.path;
    c.special = true;
    struct given a = all_of(&c), b = all_of(&c);
    assert_int_equal(a.n, 300);
    assert_same(&a, &b);
    free(a.all);
    free(b.all);
    close(l.fd);
}

/* A list, unlike words, takes no special-purpose address, be it by name; some no one takes. */
UNIT_TEST(special_addresses)
{
    static const char text[] = "10.0.0.0/30\n12.0.0.1\n224.0.0.1\n0.0.0.0\n255.255.255.255\n::\n"
                               "in.test\nmulti.test\nff02::1\nfe80::1\n";
    static const char *const words[] = {"10.0.0.1", "224.0.0.5", "in.test", "127.0.0.1"};
    struct list l = list_of(text, sizeof(text) - 1);
    for (int special = 0; special <= 1; special++) {
        struct targets_config c = config_of(NULL, 0);
        struct target one;
        size_t n = 0;
        c.file = l.path;
        c.special = special != 0;
        assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
        struct targets *t = open_them(&c);
        for (; next(t, &one) == TARGETS_NEXT; n++) {
            const struct special *row = block_special(&one.at.ip);
            assert_true(row == NULL || (special != 0 && !row->never));
        }
        assert_int_equal(n, special != 0 ? 4 + 1 + 1 + 1 : 1);
        assert_int_equal(targets_counts(t)->special, 13 - n);
        assert_int_equal(targets_total(t), 13);
        targets_free(t);
    }
    struct targets_config c = config_of(words, 4);
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    struct given g = all_of(&c);
    assert_int_equal(g.n, 3);
    assert_true(has(&g, "10.0.0.1:80") && has(&g, "10.0.0.1:80 in.test"));
    free(g.all);
    close(l.fd);
}

/* Far more is passed over than one call may take. */
UNIT_TEST(much_to_pass_over)
{
    static const char *const words[] = {"224.0.0.0/10:80", "12.0.0.1:80"};
    struct targets_config c = config_of(words, 2);
    struct given g = all_of(&c);
    assert_int_equal(g.n, 1);
    free(g.all);
    struct targets *t = open_them(&c);
    struct target one;
    struct fault fault;
    size_t later = 0;
    enum targets_answer a;
    while ((a = targets_next(t, &one, &fault)) != TARGETS_END) {
        struct pollfd ready = {.fd = targets_fd(t), .events = POLLIN};
        later += a == TARGETS_LATER;
        assert_int_equal(poll(&ready, 1, 0), a == TARGETS_LATER);
    }
    assert_in_range(later, 2, 1000);
    assert_int_equal(targets_counts(t)->special, 1 << 22);
    targets_free(t);
}

UNIT_TEST(bad_lines_are_told)
{
    static const char text[] = "\xef\xbb\xbf"
                               "12.0.0.1\r\n"
                               "\n"
                               "# all of it\n"
                               "12.0.0.2/24 # no\n"
                               "  12.0.0.3  # yes\n"
                               "12.0.0.4:http\n"
                               "a\0b\n"
                               "12.0.0.5\t\n"
                               "12.0.0.6 12.0.0.7\n"
                               "12.0.0.8";
    struct list l = list_of(text, sizeof(text) - 1);
    struct complaints told = {0};
    struct targets_config c = config_of(NULL, 0);
    char want[TEXT_MAX];
    c.file = l.path;
    c.complain = complain;
    c.arg = &told;
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    struct given g = all_of(&c);
    assert_int_equal(g.n, 4);
    assert_true(has(&g, "12.0.0.1:80") && has(&g, "12.0.0.3:80") && has(&g, "12.0.0.5:80") &&
                has(&g, "12.0.0.8:80"));
    free(g.all);
    assert_int_equal(told.n, 4);
    static const char *const lines[] = {
        "4: '12.0.0.2/24' has bits set after its prefix: the network is 12.0.0.0/24",
        "6: 'http' is no port number (1 to 65535)",
        "7: 'a?b' is no host name or address",
        "9: '12.0.0.6 12.0.0.7': one target a line, without blanks",
    };
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(want, sizeof(want), "%s:%s", l.path, lines[i]);
        assert_string_equal(told.text[i], want);
    }
    told.n = 0;
    c.strict = true;
    struct targets *t = open_them(&c);
    struct target one;
    struct fault fault = {""};
    (void)snprintf(want, sizeof(want), "%s:%s", l.path, lines[0]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(targets_next(t, &one, &fault), TARGETS_FAILED);
        assert_string_equal(fault.text, want);
    }
    assert_int_equal(told.n, 0);
    targets_free(t);
    close(l.fd);
}

UNIT_TEST(long_lines_are_bad_lines)
{
    enum {
        LONG = 300000
    };
    char *text = malloc(LONG + 6000);
    struct complaints told = {0};
    assert_non_null(text);
    memset(text, '7', LONG);
    size_t n = LONG;
    n += (size_t)sprintf(text + n, "\n12.0.0.1:80\n");
    n += (size_t)sprintf(text + n, "12.0.0.2:80 # the comment is long %5000d\n", 1);
    memset(text + n, 'x', 20);
    n += 20;
    struct list l = list_of(text, n);
    struct targets_config c = config_of(NULL, 0);
    c.file = l.path;
    c.complain = complain;
    c.arg = &told;
    struct given g = all_of(&c);
    assert_int_equal(g.n, 2);
    assert_int_equal(told.n, 2);
    assert_non_null(strstr(told.text[0], ":1: more than 4096 characters"));
    assert_non_null(strstr(told.text[1], ":4: 'xxxxxxxxxxxxxxxxxxxx' has no port: "));
    free(g.all);
    free(text);
    close(l.fd);
}

UNIT_TEST(exclusions)
{
    static const char *const words[] = {"12.0.0.0/24:80,81", "n7.test:80", "n8.test:80"};
    static const char text[] = "# not these\n12.0.0.0/25\n12.0.0.255 # nor this\n198.51.100.7\n";
    struct list l = list_of(text, sizeof(text) - 1);
    struct targets_config c = config_of(words, 3);
    struct target one;
    c.exclude_file = l.path;
    struct targets *t = open_them(&c);
    size_t n = 0;
    for (; next(t, &one) == TARGETS_NEXT; n++)
        assert_true(one.name != NULL || address_v4_octets(&one.at.ip)[3] >= 128);
    assert_int_equal(n, 2 * 127 + 1);
    assert_int_equal(targets_counts(t)->excluded, 2 * 129 + 1);
    assert_int_equal(targets_total(t), 514);
    targets_free(t);
    close(l.fd);

    struct fault fault = {""};
    char want[TEXT_MAX];
    l = list_of("12.0.0.0/25\nlocalhost\n", 22);
    c.exclude_file = l.path;
    assert_null(targets_open(&c, &fault));
    (void)snprintf(want, sizeof(want),
                   "%s:2: 'localhost' is no address, network (ADDRESS/LENGTH) or range "
                   "(FIRST-LAST)",
                   l.path);
    assert_string_equal(fault.text, want);
    close(l.fd);
}

/* A pipe that brings one octet now and then: nothing is given before it ends, the call never waits,
 * and what comes is what a file would bring. */
UNIT_TEST(a_pipe_that_trickles)
{
    static const char text[] = "12.0.0.0/28\nn1.test:7\n# x\nbad line\n12.1.0.1:5";
    struct list l = list_of(text, sizeof(text) - 1);
    struct targets_config c = config_of(NULL, 0);
    struct target one;
    struct fault fault = {""};
    char path[64];
    int ends[2];
    c.file = l.path;
    c.special = true;
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    struct given want = all_of(&c), got = {0};
    assert_int_equal(want.n, 18);
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    c.file = path;
    struct targets *t = open_them(&c);
    close(ends[0]);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        struct pollfd ready = {.fd = targets_fd(t), .events = POLLIN};
        assert_int_equal(targets_next(t, &one, &fault), TARGETS_LATER);
        assert_int_equal(poll(&ready, 1, 0), 0);
        assert_int_equal(write(ends[1], text + i, 1), 1);
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        assert_int_equal(targets_total(t), 0);
    }
    close(ends[1]);
    while (next(t, &one) == TARGETS_NEXT)
        keep(&got, &one);
    assert_int_equal(targets_counts(t)->bad_lines, 1);
    targets_free(t);
    qsort(got.all, got.n, sizeof(got.all[0]), by_index);
    assert_same(&want, &got);
    free(want.all);
    free(got.all);
    close(l.fd);
}

UNIT_TEST(standard_input)
{
    int saved = dup(STDIN_FILENO);
    struct list l = list_of("12.0.0.1:80\nx y\n", 16);
    struct complaints told = {0};
    struct targets_config c = config_of(NULL, 0);
    assert_true(dup2(l.fd, STDIN_FILENO) == STDIN_FILENO);
    assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_SET), 0);
    c.file = "-";
    c.complain = complain;
    c.arg = &told;
    struct given g = all_of(&c);
    assert_int_equal(g.n, 1);
    assert_int_equal(told.n, 1);
    assert_string_equal(told.text[0], "stdin:2: 'x y': one target a line, without blanks");
    if (saved >= 0)
        assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    free(g.all);
    close(saved);
    close(l.fd);
}

/* A million lines: all of them once, while little is held. */
UNIT_TEST(a_million_lines)
{
    enum {
        LINES = 1000000
    };
    char *text = malloc((size_t)LINES * 20);
    uint8_t *seen = calloc(LINES, 1);
    size_t n = 0, together = 0, most = 0, k = 0;
    assert_non_null(text);
    assert_non_null(seen);
    for (unsigned i = 0; i < LINES; i++)
        n += (size_t)sprintf(text + n, "12.%u.%u.%u\n", i >> 16, i >> 8 & 255, i & 255);
    struct list l = list_of(text, n);
    free(text);
    struct targets_config c = config_of(NULL, 0);
    struct target one;
    uint32_t before = 0;
    c.file = l.path;
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    struct mallinfo2 start = mallinfo2();
    struct targets *t = open_them(&c);
    for (; next(t, &one) == TARGETS_NEXT; k++) {
        const uint8_t *o = address_v4_octets(&one.at.ip);
        uint32_t at = (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
        assert_int_equal(seen[at]++, 0);
        assert_int_equal(one.index, k);
        together += at >> 8 == before >> 8;
        before = at;
        if (k % 10000 == 0) {
            struct mallinfo2 now = mallinfo2();
            size_t held = now.uordblks + now.hblkhd - start.uordblks - start.hblkhd;
            most = held > most ? held : most;
        }
    }
    assert_int_equal(k, LINES);
    assert_int_equal(targets_total(t), LINES);
    assert_in_range(together, 0, LINES / 50);
    assert_in_range(most, 0, 4500 * 1024);
    targets_free(t);
    free(seen);
    close(l.fd);
}

/* As many names, and as many with ports of their own, are held to the same. */
UNIT_TEST(long_names_are_bounded_too)
{
    enum {
        LINES = 30000
    };
    char *text = malloc((size_t)LINES * 300);
    size_t n = 0;
    struct targets_config c = config_of(NULL, 0);
    struct target one;
    struct fault fault = {""};
    assert_non_null(text);
    for (unsigned i = 0; i < LINES; i++) {
        n += (size_t)sprintf(text + n, "n%06u", i);
        memset(text + n, 'x', 200);
        n += 200;
        n += (size_t)sprintf(text + n, ":80,82,84,86\n");
    }
    struct list l = list_of(text, n);
    free(text);
    c.file = l.path;
    struct mallinfo2 start = mallinfo2();
    struct targets *t = open_them(&c);
    for (int i = 0; i < 100; i++)
        (void)targets_next(t, &one, &fault);
    struct mallinfo2 now = mallinfo2();
    assert_in_range(now.uordblks + now.hblkhd - start.uordblks - start.hblkhd, 0, 2048 * 1024);
    targets_free(t);
    close(l.fd);
}

/* All of a run with the filter loaded that a real one has: a list through a pipe, names, the end.
 */
static int run_filtered(const struct targets_config *c, int bring)
{
    struct fault fault = {""};
    struct target one;
    enum targets_answer a;
    int n = 0;
    struct targets *t = targets_open(c, &fault);
    if (t == NULL || privilege_drop(PRIVILEGE_OF_RUN, &fault) != STATUS_OK)
        return 100;
    if (targets_next(t, &one, &fault) != TARGETS_LATER ||
        write(bring, "n1.test:80\nnone:80\n12.0.0.0/28\n", 32) != 32)
        return 101;
    (void)close(bring);
    while ((a = targets_next(t, &one, &fault)) != TARGETS_END) {
        struct pollfd ready = {.fd = targets_fd(t), .events = POLLIN};
        if (a == TARGETS_FAILED || (a == TARGETS_LATER && poll(&ready, 1, WAIT_MS) != 1))
            return 102;
        n += a == TARGETS_NEXT;
    }
    targets_free(t);
    return n;
}

UNIT_TEST(after_privileges_are_dropped)
{
    struct targets_config c = config_of(NULL, 0);
    char path[64];
    int ends[2], status = 0;
    c.special = true;
    c.file = path;
    assert_int_equal(ports_parse(&c.ports, "80", 2, NULL, NULL), STATUS_OK);
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(run_filtered(&c, ends[1]));
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 18);
}
