/* The relay between two interfaces, with real frames in a network of our own: a0 - wa, wb - b0. */
#include "namespace.h"

#include <net/ethernet.h>
#include <poll.h>

#include "base/bytes.h"
#include "net/inject.h"
#include "net/privilege.h"
#include "net/relay.h"

enum {
    TYPE_OURS = 0x88b5, /* IEEE 802: for local experiments */
    HEADER = 14,
    PATIENCE_MS = 60000,
    FRAMES = 200,
    FLOOD = 6000
};

/* Frames of ours that were shown. */
struct shown {
    struct relay *onward; /* where they are sent on, NULL: nowhere */
    size_t count;
    enum end side;
    uint8_t last[RELAY_FRAME_MAX];
    size_t last_len;
    int64_t last_ns;
    unsigned out_of_order;
};

static void note(void *arg, const uint8_t *frame, size_t n, int64_t t_ns)
{
    struct shown *s = arg;
    struct fault fault = {""};
    if (n < HEADER || bytes_be16(frame + 12) != TYPE_OURS)
        return;
    assert_true(n <= sizeof(s->last));
    s->out_of_order += s->count != 0 && t_ns < s->last_ns;
    memcpy(s->last, frame, n);
    s->last_len = n;
    s->last_ns = t_ns;
    s->count++;
    if (s->onward != NULL)
        assert_int_equal(relay_send(s->onward, end_other(s->side), frame, n, &fault), STATUS_OK);
}

/* How many frames, ours or not, were there at that side, at most `max` (0: no bound). */
static int show(struct relay *r, enum end side, int max, struct shown *s)
{
    struct fault fault = {""};
    s->side = side;
    int n = capture_dispatch(relay_tap(r, side), max, note, s, &fault);
    if (n < 0)
        fail_msg("%s", fault.text);
    return n;
}

static uint64_t dropped(struct relay *r)
{
    return capture_dropped(relay_tap(r, END_A)) + capture_dropped(relay_tap(r, END_B));
}

static struct relay *open_relay(const char *a, const char *b)
{
    struct fault fault = {""};
    struct relay *r = relay_open(a, b, &fault);
    if (r == NULL)
        fail_msg("%s", fault.text);
    return r;
}

static size_t make_frame(uint8_t out[RELAY_FRAME_MAX], size_t n, uint8_t mark)
{
    static const uint8_t to[] = {2, 0, 0, 0, 0, 9}, from[] = {2, 0, 0, 0, 0, 8};
    memcpy(out, to, sizeof(to));
    memcpy(out + 6, from, sizeof(from));
    bytes_put16(out + 12, TYPE_OURS);
    for (size_t i = HEADER; i < n; i++)
        out[i] = (uint8_t)(i * 7 + mark);
    return n;
}

static void put(struct relay *r, enum end side, size_t n, uint8_t mark)
{
    struct fault fault = {""};
    uint8_t frame[RELAY_FRAME_MAX];
    if (relay_send(r, side, frame, make_frame(frame, n, mark), &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
}

/* Until `count` frames of ours were shown at that side, within reason. */
static void look(struct relay *r, enum end side, struct shown *s, size_t count)
{
    for (int waited = 0; s->count < count && waited < PATIENCE_MS; waited++) {
        (void)show(r, side, 0, s);
        if (s->count < count) {
            struct pollfd p = {.fd = capture_fd(relay_tap(r, side)), .events = POLLIN};
            (void)poll(&p, 1, 1);
        }
    }
    assert_int_equal(s->count, count);
}

/* From one end to the other, both ways, octet for octet, at every size. */
UNIT_TEST(hands_on)
{
    struct relay *ends = open_relay("a0", "b0"), *wire = open_relay("wa", "wb");
    for (enum end from = END_A; from <= END_B; from++) {
        struct shown in = {.onward = wire}, out = {0};
        uint8_t frame[RELAY_FRAME_MAX];
        for (size_t i = 0; i < FRAMES; i++) {
            size_t n = HEADER + 46 + i * (1514 - HEADER - 46) / (FRAMES - 1);
            put(ends, from, n, (uint8_t)i);
            look(wire, from, &in, i + 1);
            look(ends, end_other(from), &out, i + 1);
            assert_int_equal(out.last_len, make_frame(frame, n, (uint8_t)i));
            assert_memory_equal(out.last, frame, n);
            assert_true(out.last_ns >= in.last_ns);
        }
        assert_int_equal(in.out_of_order + out.out_of_order, 0);
    }
    assert_int_equal(dropped(wire), 0);
    relay_close(wire);
    relay_close(ends);
}

/* What is sent out is not shown at the side where it left; at most `max` frames are. */
UNIT_TEST(only_what_comes_in)
{
    struct relay *ends = open_relay("a0", "b0"), *wire = open_relay("wa", "wb");
    struct shown s = {0}, left = {0};
    for (int i = 0; i < 10; i++)
        put(ends, END_A, 100, 0);
    look(wire, END_A, &s, 10);
    assert_int_equal(show(ends, END_A, 0, &left), 0);
    s.onward = wire;
    s.count = 0;
    for (int i = 0; i < 10; i++)
        put(ends, END_A, 100, 0);
    pause_ms(20);
    assert_int_equal(show(wire, END_A, 4, &s), 4);
    assert_int_equal(s.count, 4);
    look(wire, END_A, &s, 10);
    assert_int_equal(show(wire, END_B, 0, &left), 0);
    assert_int_equal(left.count, 0);
    relay_close(wire);
    relay_close(ends);
}

/* What the ring cannot hold, or is larger than a slot, is counted and not shown. */
UNIT_TEST(counts_what_is_lost)
{
    struct relay *ends = open_relay("a0", "b0"), *wire = open_relay("wa", "wb");
    struct shown s = {0};
    struct fault fault = {""};
    run("ip link set a0 mtu 3000 && ip link set wa mtu 3000");
    uint8_t large[2500];
    (void)make_frame(large, RELAY_FRAME_MAX, 0);
    assert_int_equal(relay_send(ends, END_A, large, sizeof(large), &fault), STATUS_OK);
    run("ip link set a0 mtu 1500 && ip link set wa mtu 1500");
    pause_ms(20);
    assert_true(show(wire, END_A, 0, &s) >= 1);
    assert_int_equal(s.count, 0);
    assert_int_equal(dropped(wire), 1);
    for (int i = 0; i < FLOOD; i++)
        put(ends, END_A, 60, 0);
    pause_ms(20);
    assert_true(show(wire, END_A, 0, &s) > 0);
    assert_true(s.count >= 2048 && s.count < FLOOD);
    assert_int_equal(dropped(wire), 1 + FLOOD - s.count);
    relay_close(wire);
    relay_close(ends);
}

UNIT_TEST(refuses)
{
    struct fault fault = {""};
    assert_null(relay_open("wa", "none9", &fault));
    assert_string_equal(fault.text, "no interface named 'none9'");
    assert_null(relay_open("d0", "wb", &fault));
    assert_string_equal(fault.text, "interface d0 is down: ip link set d0 up");
    struct relay *ends = open_relay("a0", "b0");
    uint8_t frame[RELAY_FRAME_MAX];
    size_t n = make_frame(frame, RELAY_FRAME_MAX, 0);
    assert_int_equal(relay_send(ends, END_A, frame, n, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "1900 octets do not fit the interface's MTU");
    relay_close(ends);
}

/* Opened in one network, used from another and without privileges, until an interface goes away. */
static void elsewhere(void)
{
    struct fault fault = {""};
    struct relay *ends = open_relay("a0", "b0"), *wire = open_relay("wa", "wb");
    struct shown in = {.onward = wire}, out = {0};
    CHECK(unshare(CLONE_NEWNET) == 0);
    CHECK(privilege_drop(PRIVILEGE_OF_RUN, &fault) == STATUS_OK);
    put(ends, END_B, 60, 1);
    look(wire, END_B, &in, 1);
    look(ends, END_A, &out, 1);
    CHECK(dropped(wire) == 0);
    relay_close(wire);
    relay_close(ends);
}

UNIT_TEST(without_privileges)
{
    assert_int_equal(in_child(elsewhere), 0);
}

static int set_up(void **state)
{
    (void)state;
    new_network();
    run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && "
        "ip link add a0 type veth peer name wa && ip link add wb type veth peer name b0 && "
        "ip link add d0 type veth peer name d1 && "
        "for i in a0 wa wb b0; do ip link set $i up || exit; done");
    return 0;
}

UNIT_GROUP(set_up, NULL)
