/* See path.h. */
#include "net/path.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/inject.h"
#include "net/port_filter.h"
#include "net/privilege.h"

#define NEIGHBOUR_WAIT (3 * CLOCK_S)

static enum status reserve_ports(struct path *p, struct fault *fault)
{
    const struct path_config *c = &p->config;
    struct driver_port wanted = {
        .source = {&p->route.source},
        .scope_id = c->scope_id,
        .key = &c->key,
        .remote = &c->remote,
    };
    p->locals = calloc(c->ports, sizeof(*p->locals));
    if (p->locals == NULL && c->ports > 0)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < c->ports; i++) {
        struct endpoint *local = &p->locals[i];
        wanted.fixed = i == 0 ? c->sport : 0; /* any other will do for a second connection */
        *local = (struct endpoint){p->route.source, wanted.fixed};
        if (endpoint_equal(local, &c->remote))
            return fault_set(fault, STATUS_MALFORMED,
                             "source and target are the same endpoint; choose another --sport");
        wanted.number = (uint32_t)i + 1;
        enum status s = driver_reserve(p->driver, &wanted, &local->port, fault);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Where routes are not symmetric, answers come by another interface than the SYN has left by. */
static enum status open_tap_beside(struct path *p, const char *filter, struct fault *fault)
{
    unsigned others[ROUTE_OTHERS_MAX];
    unsigned n = p->route.loopback || p->config.invented != NULL
                     ? 0
                     : route_others(p->route.ifindex, others);
    if (n == 0)
        return STATUS_OK;
    struct text text = {0};
    text_printf(&text, "(%s) and (", filter);
    for (unsigned i = 0; i < n; i++)
        text_printf(&text, "%sifindex %u", i != 0 ? " or " : "", others[i]);
    text_printf(&text, ")");
    p->taps[END_B].end = END_B;
    if (text.failed)
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    else
        p->taps[END_B].capture = capture_open_any(text.data, fault);
    text_done(&text);
    return p->taps[END_B].capture != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static enum status open_taps(struct path *p, struct fault *fault)
{
    struct text filter;
    enum status s = STATUS_SYSTEM;
    text_init(&filter);
    port_filter_flow(&filter, &p->config.remote, &p->route.source, p->locals, p->config.ports);
    if (filter.failed)
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    else
        p->taps[END_A].capture = capture_open(p->route.ifname, filter.data, fault);
    if (p->taps[END_A].capture != NULL)
        s = open_tap_beside(p, filter.data, fault);
    text_done(&filter);
    return s;
}

static enum status open_out(struct path *p, struct fault *fault)
{
    const struct path_config *c = &p->config;
    int family = address_is_v4(&c->remote.ip) ? AF_INET : AF_INET6;
    /* Among several next hops the kernel would choose anew, by other marks than it was asked by. */
    bool pinned = c->ifname != NULL || c->scope_id != 0 || c->invented != NULL || p->route.shared;
    bool resolved = true;
    p->inject = inject_open(family, pinned ? p->route.ifname : NULL, fault);
    if (p->inject == NULL)
        return STATUS_SYSTEM;
    enum status s =
        route_resolve_neighbour(&p->route, &c->remote.ip, NEIGHBOUR_WAIT, &resolved, fault);
    p->neighbour_silent = !resolved;
    return s;
}

enum status path_open(struct path *p, const struct path_config *config, struct fault *fault)
{
    *p = (struct path){.config = *config, .driver = driver_new(fault)};
    if (p->driver == NULL)
        return STATUS_NO_MEMORY;
    enum status s = route_find(&p->route, &config->remote.ip, config->scope_id, config->source,
                               config->ifname, fault);
    if (s == STATUS_OK)
        s = privilege_check(fault);
    if (config->invented != NULL)
        p->route.source = *config->invented;
    else if (s == STATUS_OK)
        s = reserve_ports(p, fault);
    if (s == STATUS_OK)
        s = open_taps(p, fault);
    return s == STATUS_OK ? open_out(p, fault) : s;
}

void path_close(struct path *p)
{
    driver_free(p->driver);
    inject_close(p->inject);
    capture_close(p->taps[END_B].capture);
    capture_close(p->taps[END_A].capture);
    free(p->locals);
}

const char *path_clock(const struct path *p)
{
    return capture_clock(p->taps[END_A].capture);
}

const struct icmp_error *path_unreachable(const struct path *p)
{
    static const struct icmp_error no_hop = {0};
    return p->neighbour_silent ? &no_hop : NULL;
}

static enum status send_packet(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    const struct path *p = arg;
    return inject_send(p->inject, ip, n, fault);
}

struct link path_link(struct path *p)
{
    return (struct link){.send = send_packet, .arg = p};
}
