/* Which packets are missed on purpose: a share of the peer's, the same ones for the same key, and
 * never one of ours. */
#include "unit.h"

#include <stdbool.h>

#include "net/live.h"

enum {
    MANY = 20000
};

static struct in6_addr v4(uint8_t last)
{
    return address_from_v4((const uint8_t[4]){192, 0, 2, last});
}

/* No more than a packet's headers need: 192.0.2.FROM, port 7 or 40000, to 192.0.2.TO. */
static bool misses(struct live_rx_loss *d, uint8_t from, uint8_t to, uint16_t port)
{
    const struct in6_addr local = v4(1);
    const struct endpoint remote = {.ip = from == to ? local : v4(2), .port = 7};
    uint8_t ip[40] = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, from, 192, 0, 2, to};
    ip[20] = (uint8_t)(port >> 8);
    ip[21] = (uint8_t)port;
    uint8_t *packet = unit_copy(ip, sizeof(ip));
    bool missed = live_misses(d, &local, &remote, packet, sizeof(ip));
    free(packet);
    return missed;
}

static struct live_rx_loss rx_loss(uint64_t seed, unsigned percent)
{
    return (struct live_rx_loss){.key = hash_key_of_seed(seed), .percent = percent};
}

UNIT_TEST(the_share_is_as_asked)
{
    static const unsigned percents[] = {0, 1, 20, 50, LIVE_RX_LOSS_MAX};
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        struct live_rx_loss d = rx_loss(7, percents[i]);
        unsigned missed = 0;
        for (int n = 0; n < MANY; n++)
            missed += misses(&d, 2, 1, 7);
        assert_int_equal(missed, d.missed);
        assert_in_range(missed + 1, percents[i] * (MANY / 100) * 9 / 10,
                        percents[i] * (MANY / 100) * 11 / 10 + 1);
    }
}

UNIT_TEST(a_seed_repeats_it)
{
    struct live_rx_loss a = rx_loss(7, 50), b = rx_loss(7, 50), c = rx_loss(8, 50);
    unsigned differ = 0;
    for (int n = 0; n < 100; n++) {
        bool missed = misses(&a, 2, 1, 7);
        assert_int_equal(missed, misses(&b, 2, 1, 7));
        (void)misses(&b, 1, 2, 40000); /* ours between them change nothing */
        differ += missed != misses(&c, 2, 1, 7);
    }
    assert_in_range(differ, 20, 80);
}

UNIT_TEST(ours_are_always_seen)
{
    struct live_rx_loss d = rx_loss(7, LIVE_RX_LOSS_MAX);
    for (int n = 0; n < 1000; n++) {
        assert_false(misses(&d, 1, 2, 40000));
        assert_false(misses(&d, 1, 1, 40000));
    }
    assert_int_equal(d.missed, 0);
    unsigned missed = 0;
    for (int n = 0; n < 1000; n++)
        missed += misses(&d, 1, 1, 7); /* the peer's, from our own address */
    assert_true(missed > 800);
}

/* Who knows where it came from: the share is lost of these too, and they are not read beyond. */
UNIT_TEST(rubbish_is_the_peers)
{
    struct live_rx_loss d = rx_loss(7, LIVE_RX_LOSS_MAX);
    const struct in6_addr local = v4(1);
    const struct endpoint remote = {.ip = v4(2), .port = 7};
    static const uint8_t octets[20] = {0x45, 0, 0, 20, [9] = 6, [12] = 192, 0, 2, 1, 192, 0, 2, 2};
    unsigned missed = 0;
    for (size_t n = 0; n < sizeof(octets); n++) {
        uint8_t *packet = unit_copy(octets, n);
        missed += live_misses(&d, &local, &remote, packet, n);
        free(packet);
    }
    assert_true(missed > 10);
    uint8_t *packet = unit_copy(octets, sizeof(octets));
    const struct endpoint same = {.ip = local, .port = 7};
    (void)live_misses(&d, &local, &same, packet, sizeof(octets)); /* no port to read */
    free(packet);
}
