/* See measure.h. The measurements that there are, made from the list in Makefile.am. */
#include "measure/measure.h"

#include <string.h>

#define COMMAND(name)
#define MEASURE(name) extern const struct measure name##_measure;
#include "measure/commands.def"
#undef MEASURE

static const struct measure *const table[] = {
#define MEASURE(name) &name##_measure,
#include "measure/commands.def"
#undef MEASURE
#undef COMMAND
};

/* What a result may have whatever was measured; "*" stands for the measurement's own keys. */
static const struct measure_key common[] = {
    {"session", "session>=1", NULL, "", NULL},
    {"command", "string", NULL, "", NULL},
    {"target", "string", NULL, "", "target"},
    {"name", "word", "under survey and ping: what the target was called, where that is a name",
     NULL, "name"},
    {"local", "endpoint", NULL, NULL, NULL},
    {"outcome", "outcome", NULL, NULL, "outcome"},
    {"rtt_us", "microseconds?",
     "SYN to SYN-ACK by two stamps of one tap; null when there is none that no retransmission "
     "spoils",
     NULL, "rtt_us"},
    {"rtt_slack_us", "microseconds",
     "by how much `rtt_us` may be too long, when our SYN was not seen leaving: it left within this "
     "time",
     NULL, "rtt_slack_us"},
    {"*", NULL, NULL, NULL, NULL},
    {"peer_ttl", "u8", "of the segment that answered, a reset too", NULL, "peer_ttl"},
    {"peer_win", "u16", NULL, NULL, "peer_win"},
    {"peer_options", "options", "of its SYN-ACK", NULL, NULL},
    {"peer_options.mss", NULL, NULL, NULL, "mss"},
    {"peer_options.wscale", NULL, NULL, NULL, "wscale"},
    {"peer_options.sack_permitted", "there", NULL, NULL, "sack_permitted"},
    {"peer_options.ts_val", "there", NULL, NULL, "timestamps"},
    {"iss", "u32", "our initial sequence number", NULL, "iss"},
    {"irs", "u32", "the peer's", NULL, "irs"},
    {"syns", "count", "under survey: SYNs that this target was sent", NULL, "syns"},
    {"segments_back", "count", "under survey: packets that came back for them", NULL,
     "segments_back"},
    {"octets_back", "count", "of those packets, IP headers and all", NULL, "octets_back"},
    {"icmp", "icmp", "version, type, code, text, from", NULL, NULL},
    {"reason", "word",
     "without an ICMP error: why there was no probe at all, such as a name that does not resolve, "
     "or why it never left this host",
     NULL, "reason"},
    {"middlebox", "[ttl|rst-ttl|win-0|wscale|timestamps|ts-clock|ack-twice|isn]+",
     "signs that not all segments came from one sender: they differ in this", NULL, NULL},
    {"kernel_quiet", "boolean",
     "false: this host's kernel answered on the connection, and the result is worth nothing; not "
     "there where both ends are kernels (lab --a kernel --b kernel)",
     NULL, NULL},
    {"capture_dropped", "count", "packets the capture lost", NULL, NULL},
    {"failure", "string", "what of this host's kept the measurement from its end; exit status 2",
     NULL, NULL},
    {"wire", "wire",
     "in the lab with a wire: how many packets fared how by its rules; overrun: lost because it "
     "could not keep up",
     NULL, NULL},
    {0},
};

const struct measure_key *measure_common_keys(void)
{
    return common;
}

const struct measure *measure_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}

const struct measure *measure_find(const char *name)
{
    for (size_t i = 0; measure_at(i) != NULL; i++) {
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    }
    return NULL;
}

void measure_store(const struct measure_field *field, void *base, uint64_t value)
{
    if (field->size == 0) /* no field, and there may be no base */
        return;
    uint8_t *to = (uint8_t *)base + field->at;
    const uint8_t octet = (uint8_t)value;
    const uint16_t pair = (uint16_t)value;
    const uint32_t four = (uint32_t)value;
    switch (field->size) {
    case sizeof(octet):
        memcpy(to, &octet, sizeof(octet));
        break;
    case sizeof(pair):
        memcpy(to, &pair, sizeof(pair));
        break;
    case sizeof(four):
        memcpy(to, &four, sizeof(four));
        break;
    case sizeof(value):
        memcpy(to, &value, sizeof(value));
        break;
    default:
        break;
    }
}

uint64_t measure_load(const struct measure_field *field, const void *base)
{
    const uint8_t *from = (const uint8_t *)base + field->at;
    uint32_t four;
    uint64_t eight = 0;
    if (field->size == sizeof(eight))
        memcpy(&eight, from, sizeof(eight));
    if (field->size != sizeof(four))
        return eight;
    memcpy(&four, from, sizeof(four));
    return four;
}

void measure_begin(const struct measure *m, void *state, const struct measure_run *run)
{
    if (m->state != NULL)
        memcpy(state, m->state, m->size);
    measure_store(&m->wait, state, (uint64_t)run->wait_ns);
}
