/* See path.h. */
#include "net/path.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/inject.h"
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

/* Our flows, and the ICMP errors that may be about them. */
static void filter_text(const struct path *p, struct text *t)
{
    const struct path_config *c = &p->config;
    char remote[ADDRESS_TEXT_MAX], local[ADDRESS_TEXT_MAX];
    bool v4 = address_is_v4(&c->remote.ip);
    address_format(&c->remote.ip, remote);
    address_format(&p->route.source, local);
    text_printf(t, "(host %s and host %s", remote, local);
    if (c->remote.port != 0)
        text_printf(t, " and tcp port %u", c->remote.port);
    for (size_t i = 0; i < c->ports; i++)
        text_printf(t, "%stcp port %u", i != 0 ? " or " : " and (", p->locals[i].port);
    text_printf(t, "%s) or (%s and dst host %s)", c->ports > 0 ? ")" : "",
                v4 ? "(icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12)"
                   : "(icmp6 and ip6[40] < 128)",
                local);
}

static enum status open_tap(struct path *p, struct fault *fault)
{
    struct text filter;
    text_init(&filter);
    filter_text(p, &filter);
    if (filter.failed)
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    else
        p->tap.capture = capture_open(p->route.ifname, filter.data, fault);
    text_done(&filter);
    return p->tap.capture != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static enum status open_out(struct path *p, struct fault *fault)
{
    const struct path_config *c = &p->config;
    int family = address_is_v4(&c->remote.ip) ? AF_INET : AF_INET6;
    bool pinned = c->ifname != NULL || c->scope_id != 0 || c->invented != NULL;
    bool resolved = true;
    p->inject = inject_open(family, pinned ? p->route.ifname : NULL, fault);
    if (p->inject == NULL)
        return STATUS_SYSTEM;
    enum status s =
        route_resolve_neighbour(&p->route, &c->remote.ip, NEIGHBOUR_WAIT, &resolved, fault);
    p->neighbour_silent = !resolved;
    const struct endpoint local = {.ip = p->route.source};
    p->unreachable = icmp_no_hop(&local, &c->remote, seq_of(0));
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
        s = open_tap(p, fault);
    return s == STATUS_OK ? open_out(p, fault) : s;
}

void path_close(struct path *p)
{
    driver_free(p->driver);
    inject_close(p->inject);
    capture_close(p->tap.capture);
    free(p->locals);
}

const char *path_clock(const struct path *p)
{
    return capture_clock(p->tap.capture);
}

const struct icmp_error *path_unreachable(const struct path *p)
{
    return p->neighbour_silent ? &p->unreachable : NULL;
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
