/* A set of ports. */
#ifndef TCPSHAKE_TARGETS_PORTS_H
#define TCPSHAKE_TARGETS_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct ports_run {
    uint16_t first, last;
    uint32_t before; /* how many ports of the set come before it */
};

/* Runs in order, none next to another. All zero: the empty set. */
struct ports {
    uint32_t count, len;    /* of ports, of runs */
    struct ports_run one;   /* the run, if there is but one */
    struct ports_run *more; /* else all of them, owned */
};

/* The number of a service ("https"); false: there is no such service. */
typedef bool ports_service_fn(const char *name, uint16_t *port);

/* The `n` octets at `text` are ports and ranges of ports, 1 to 65535, between commas:
 * "22,80,8000-8010"; a port that comes twice counts once. Names of services are handed to `service`
 * (NULL: they are refused). The caller ends it with ports_done. STATUS_MALFORMED with the reason
 * and the empty set otherwise. */
enum status ports_parse(struct ports *p, const char *text, size_t n, ports_service_fn *service,
                        struct fault *fault);
void ports_done(struct ports *p);

/* The port at place i, i < count, in rising order. */
uint16_t ports_at(const struct ports *p, uint32_t i);

#endif
