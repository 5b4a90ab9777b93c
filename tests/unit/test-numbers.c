/* Initial sequence numbers, source ports and timestamp origins: different where they must be, the
 * same again for the same key. */
#include "unit.h"

#include <stdbool.h>

#include "base/clock.h"
#include "talk/numbers.h"

static struct endpoint endpoint(uint8_t last, uint16_t port)
{
    const uint8_t octets[4] = {192, 0, 2, last};
    return (struct endpoint){address_from_v4(octets), port};
}

static const struct hash_key key = {17, 42};

UNIT_TEST(each_connection_has_its_own_isn)
{
    const struct endpoint local = endpoint(1, 40000), remote = endpoint(2, 80);
    const struct endpoint locals[] = {endpoint(3, 40000), endpoint(1, 40001)};
    const struct endpoint remotes[] = {endpoint(3, 80), endpoint(2, 81)};
    seq_t isn = numbers_isn(&key, &local, &remote, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_false(seq_eq(isn, numbers_isn(&key, &locals[i], &remote, 0)));
        assert_false(seq_eq(isn, numbers_isn(&key, &local, &remotes[i], 0)));
    }
    assert_false(seq_eq(isn, numbers_isn(&key, &remote, &local, 0)));
    const struct hash_key other = {17, 43};
    assert_false(seq_eq(isn, numbers_isn(&other, &local, &remote, 0)));
}

UNIT_TEST(isns_repeat_without_the_clock)
{
    const struct endpoint local = endpoint(1, 40000), remote = endpoint(2, 80);
    assert_true(
        seq_eq(numbers_isn(&key, &local, &remote, 0), numbers_isn(&key, &local, &remote, 0)));
    assert_int_equal(numbers_ts_base(&key, &remote, 1), numbers_ts_base(&key, &remote, 1));
    assert_int_equal(numbers_port(&key, &remote, 1, 0), numbers_port(&key, &remote, 1, 0));
}

/* MUST-8: one every four microseconds, whatever the year. */
UNIT_TEST(isns_move_with_the_clock)
{
    const struct endpoint local = endpoint(1, 40000), remote = endpoint(2, 80);
    const int64_t starts[] = {0, 1700000000 * CLOCK_S, INT64_C(7000000000) * CLOCK_S};
    for (size_t i = 0; i < 3; i++) {
        seq_t isn = numbers_isn(&key, &local, &remote, starts[i]);
        assert_int_equal(
            seq_diff(numbers_isn(&key, &local, &remote, starts[i] + 4 * CLOCK_US), isn), 1);
        assert_int_equal(
            seq_diff(numbers_isn(&key, &local, &remote, starts[i] + 3 * CLOCK_US), isn), 0);
        assert_int_equal(seq_diff(numbers_isn(&key, &local, &remote, starts[i] + CLOCK_S), isn),
                         250000);
    }
}

UNIT_TEST(ports_are_ephemeral_and_differ)
{
    const struct endpoint remote = endpoint(2, 80);
    static bool taken[65536];
    size_t different = 0;
    for (uint32_t session = 1; session <= 40; session++) {
        for (uint32_t try = 0; try < 25; try++) {
            uint16_t port = numbers_port(&key, &remote, session, try);
            assert_in_range(port, 32768, 60999);
            different += !taken[port];
            taken[port] = true;
        }
    }
    assert_true(different > 950); /* of 1000 among 28232: some 17 meet by chance */
}

UNIT_TEST(purposes_do_not_share_numbers)
{
    const struct endpoint remote = endpoint(2, 80), nobody = {.port = 0};
    uint32_t base = numbers_ts_base(&key, &remote, 0);
    assert_true(base != numbers_isn(&key, &nobody, &remote, 0).v);
    assert_true(base != numbers_ts_base(&key, &remote, 1));
}
