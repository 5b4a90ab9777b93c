/* The retransmission timer against values worked out from RFC 6298 2. */
#include "unit.h"

#include "base/clock.h"
#include "tcp/rto.h"

UNIT_TEST(before_any_measurement)
{
    struct rto r;
    rto_init(&r);
    assert_int_equal(r.rto_ns, CLOCK_S); /* 2.1 */
    for (int64_t expected = 2; expected <= 32; expected *= 2) {
        rto_back_off(&r); /* 5.5 */
        assert_int_equal(r.rto_ns, expected * CLOCK_S);
    }
    for (int i = 0; i < 100; i++) {
        rto_back_off(&r);
        assert_int_equal(r.rto_ns, 60 * CLOCK_S); /* 2.5 */
    }
    rto_restore(&r);
    assert_int_equal(r.rto_ns, CLOCK_S);
}

UNIT_TEST(first_measurement)
{
    struct rto r;
    rto_init(&r);
    rto_measure(&r, 800 * CLOCK_MS); /* 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR */
    assert_int_equal(r.srtt_ns, 800 * CLOCK_MS);
    assert_int_equal(r.rttvar_ns, 400 * CLOCK_MS);
    assert_int_equal(r.rto_ns, 2400 * CLOCK_MS);
}

UNIT_TEST(later_measurements)
{
    struct rto r;
    rto_init(&r);
    rto_measure(&r, 800 * CLOCK_MS);
    /* 2.3: RTTVAR = 3/4 400 + 1/4 |800 - 1200| = 400; SRTT = 7/8 800 + 1/8 1200 = 850 */
    rto_measure(&r, 1200 * CLOCK_MS);
    assert_int_equal(r.rttvar_ns, 400 * CLOCK_MS);
    assert_int_equal(r.srtt_ns, 850 * CLOCK_MS);
    assert_int_equal(r.rto_ns, 2450 * CLOCK_MS);
    /* RTTVAR = 300 + 850/4 - 50/4 = 500 with R = 50; SRTT = 743.75 + 6.25 = 750 */
    rto_measure(&r, 50 * CLOCK_MS);
    assert_int_equal(r.rttvar_ns, 500 * CLOCK_MS);
    assert_int_equal(r.srtt_ns, 750 * CLOCK_MS);
    assert_int_equal(r.rto_ns, 2750 * CLOCK_MS);
}

UNIT_TEST(never_below_a_second)
{
    struct rto r;
    rto_init(&r);
    for (int i = 0; i < 50; i++) {
        rto_measure(&r, 30 * CLOCK_US);
        assert_int_equal(r.rto_ns, CLOCK_S); /* 2.4 */
    }
    assert_int_equal(r.srtt_ns, 30 * CLOCK_US);
}

UNIT_TEST(never_above_a_minute)
{
    struct rto r;
    rto_init(&r);
    rto_measure(&r, 59 * CLOCK_S);
    assert_int_equal(r.rto_ns, 60 * CLOCK_S);
    rto_back_off(&r);
    assert_int_equal(r.rto_ns, 60 * CLOCK_S);
}

/* 5.7 and 5.3: after new data is acknowledged the backed-off value is forgotten. */
UNIT_TEST(backing_off_does_not_last)
{
    struct rto r;
    rto_init(&r);
    rto_measure(&r, 500 * CLOCK_MS);
    assert_int_equal(r.rto_ns, 1500 * CLOCK_MS);
    rto_back_off(&r);
    rto_back_off(&r);
    assert_int_equal(r.rto_ns, 6 * CLOCK_S);
    rto_restore(&r);
    assert_int_equal(r.rto_ns, 1500 * CLOCK_MS);
}

/* 5.7: who had to send a SYN again begins with 3 s, unless a measurement says better. */
UNIT_TEST(after_a_syn_that_expired)
{
    struct rto r;
    rto_init(&r);
    rto_back_off(&r);
    rto_syn_expired(&r);
    assert_int_equal(r.rto_ns, 2 * CLOCK_S);
    rto_restore(&r);
    assert_int_equal(r.rto_ns, 3 * CLOCK_S);
    rto_measure(&r, 500 * CLOCK_MS);
    assert_int_equal(r.rto_ns, 1500 * CLOCK_MS);
}
