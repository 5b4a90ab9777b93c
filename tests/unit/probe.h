/* What the tests of ping share: probes as the engine hands them in. */
#ifndef TCPSHAKE_UNIT_PROBE_H
#define TCPSHAKE_UNIT_PROBE_H

#include "unit.h"

#include "base/clock.h"
#include "measure/ping/ping.h"

#define PROBE_SENT (INT64_C(1763730000) * CLOCK_S + 123456789)

static inline struct endpoint probe_endpoint(uint8_t last, uint16_t port)
{
    const uint8_t octets[4] = {10, 99, 0, last};
    return (struct endpoint){address_from_v4(octets), port};
}

static inline struct facts probe_findings(int64_t rtt_ns)
{
    return (struct facts){.command = "ping",
                          .remote = probe_endpoint(2, 7),
                          .local = probe_endpoint(1, 40000),
                          .iss = seq_of(1000),
                          .rtt_ns = rtt_ns,
                          .kernel_quiet = true};
}

static inline struct ping probe_ping(uint64_t number, enum outcome outcome)
{
    struct ping p = {.number = number,
                     .outcome = outcome,
                     .sent_ns = PROBE_SENT + (int64_t)(number - 1) * CLOCK_S};
    if (outcome == OUTCOME_OPEN)
        p.answer = (struct segment){.flags = FLAG_SYN | FLAG_ACK,
                                    .win = 64240,
                                    .ttl = 64,
                                    .seq = seq_of(5000),
                                    .ack = seq_of(1001),
                                    .opt = {.has_mss = true,
                                            .mss = 1460,
                                            .has_wscale = true,
                                            .wscale = 7,
                                            .sack_permitted = true,
                                            .has_timestamps = true,
                                            .ts_val = 12,
                                            .ts_ecr = 34}};
    if (outcome == OUTCOME_CLOSED)
        p.answer = (struct segment){.flags = FLAG_RST | FLAG_ACK, .ttl = 63};
    if (outcome == OUTCOME_UNREACHABLE)
        p.icmp = (struct icmp_error){
            .ip_version = 4, .type = 3, .code = 1, .from = probe_endpoint(9, 0).ip};
    return p;
}

#endif
